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

/* 1/a - 1/b = (b - a)/x/y where y is the smaller of the two and x the larger. */
static inline double symback_invdiff(double a, double b)
{
    if (fabs(b - a) > 1.7976931348623157e308) {
        return 1.0 / a - 1.0 / b;
    }
    return (fabs(a) > fabs(b)) ? (b - a) / a / b : (b - a) / b / a;
}

/* ((1 + r)^n - 1)/r, and n for r = 0. */
static inline double symback_pow1prel(double r, double n)
{
    return (fabs(r) < 1e-290) ? n : symback_pow1pm1(r, n) / r;
}

/* Its derivative by r. */
static inline double symback_pow1prel_slope(double r, double n)
{
    if (r > -0.9 && r < 5.0) {
        const double over = symback_log1prel(r);
        const double z = n * over * r;
        const double first = n * n * symback_exprel_slope(z) * over / (1.0 + r);
        return first + n * symback_exprel(z) * symback_log1prel_slope(r);
    }
    return (n * pow(1.0 + r, n - 1.0) - symback_pow1pm1(r, n) / r) / r;
}

/* 1/(exp(z) - 1) - 1/z, and -1/2 at 0: (langevin(z/2) - 1)/2 below 2. */
static inline double symback_inv_expm1sub(double z)
{
    if (fabs(z) < 2.0) {
        return 0.5 * symback_langevin(0.5 * z) - 0.5;
    }
    return symback_inv_expm1(z) - 1.0 / z;
}

/* (sqrt(b^2 - 4*a*c) - b)/(2*a), which is -2*c/(b + sqrt(b^2 - 4*a*c)) for b > 0. */
static inline double symback_quadroot(double a, double b, double c)
{
    const double root = sqrt(b * b - 4.0 * a * c);
    return (b > 0.0) ? -2.0 * c / (b + root) : (root - b) / (2.0 * a);
}

/* k*(exp(-m*t) - exp(-k*t))/(k - m), and k*t*exp(-k*t) for k = m. */
static inline double symback_bateman(double k, double m, double t)
{
    return k * symback_expdivdiff(-m, -k, t);
}

/* Its derivative by k, of the two products where k and m are close, else of the quotient. */
static inline double symback_bateman_slope(double k, double m, double t)
{
    const double whole = symback_expdivdiff(-m, -k, t);
    const double size = (fabs(k) > fabs(m)) ? fabs(k) : fabs(m);
    if (k == m || fabs(k - m) < 0.5 * size) {
        return whole - k * t * t * symback_expdivdiff2(-k * t, -m * t);
    }
    return (k * t * exp(-k * t) - m * whole) / (k - m);
}
