/* Kernels of differences of one function at two places: in double what
   symback/codegen/numpy/difference_kernels.py explains. They call the library. */

/* sigma(a) - sigma(b) = (1 - exp(b - a))*sigma(a)*sigma(-b) for a > b. */
static inline double symback_sigmadiff(double a, double b)
{
    const double large = (a > b) ? a : b, small = (a > b) ? b : a;
    const double apart = expm1(small - large);
    const double least = ((large < 0.0) ? large : 0.0) - ((small > 0.0) ? small : 0.0);
    const double below = (1.0 + exp(-fabs(large))) * (1.0 + exp(-fabs(small)));
    if (a == b) {
        return 0.0;
    }
    return ((a > b) ? -apart : apart) * exp(least) / below;
}

/* erf(a) - erf(b), of erfc where both are beyond 1/2 on one side. */
static inline double symback_erfdiff(double a, double b)
{
    if (a > 0.5 && b > 0.5) {
        return erfc(b) - erfc(a);
    }
    return (a < -0.5 && b < -0.5) ? erfc(-a) - erfc(-b) : erf(a) - erf(b);
}

/* 1/a - 1/b, and (b - a)/a/b where the two are close. */
static inline double symback_invdiff(double a, double b)
{
    return (fabs(b - a) < 0.5 * fabs(a)) ? (b - a) / a / b : 1.0 / a - 1.0 / b;
}
