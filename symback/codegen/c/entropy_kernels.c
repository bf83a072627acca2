/* Kernels of products of a number and a logarithm: in double what
   symback/codegen/numpy/entropy_kernels.py explains. They call the library. */

/* z*log(z), and 0 at 0. */
static inline double symback_xlogx(double z)
{
    return z * log((z == 0.0) ? 1.0 : z);
}

/* (1 + z)*log(1 + z), and 0 at -1. */
static inline double symback_xlogx1p(double z)
{
    return (1.0 + z) * log1p((z == -1.0) ? 0.0 : z);
}

/* x^k*log(x), and 0 at 0 for k > 0. */
static inline double symback_powlog(double x, double k)
{
    return (x == 0.0 && k > 0.0) ? 0.0 : pow(x, k) * log(x);
}

/* x*log(y), and 0 where x is 0. */
static inline double symback_xlogy(double x, double y)
{
    return (x == 0.0 && y == y) ? 0.0 : x * log(y);
}

/* x*log(1 + y), and 0 where x is 0. */
static inline double symback_xlog1py(double x, double y)
{
    return (x == 0.0 && y == y) ? 0.0 : x * log1p(y);
}

/* log(a/b), also where the two are close, and where a/b is no normal number. */
static inline double symback_log_ratio(double a, double b)
{
    const double ratio = a / b;
    if (ratio > 0.5 && ratio < 2.0) {
        return log1p((a - b) / b);
    }
    if (fabs(ratio) <= 1e-300 || fabs(ratio) > 1.7976931348623157e308) {
        return log(fabs(a)) - log(fabs(b));
    }
    return log(ratio);
}

/* x*log(x/y), and 0 where x is 0. */
static inline double symback_rel_entr(double x, double y)
{
    return (x == 0.0 && y == y) ? 0.0 : x * symback_log_ratio(x, y);
}

/* log(z/(1 - z)), and 2*atanh(2*z - 1) between 1/4 and 3/4. */
static inline double symback_logit(double z)
{
    return (z > 0.25 && z < 0.75) ? 2.0 * atanh(2.0 * z - 1.0) : log(z / (1.0 - z));
}
