/* Kernels of the functions of symback.operations.special: in double what
   symback/codegen/numpy/special_kernels.py explains. They call the library. */

/* (exp(-d) - 1 + d)/d^2 for d >= 0; below 2 exp(-d)/2 times a series of positive terms. */
static inline double symback_exp_rest(double d)
{
    double series = 1.0;
    int k;
    if (d >= 2.0) {
        return (exp(-d) / d + (1.0 - 1.0 / d)) / d;
    }
    for (k = 24; k >= 0; k--) {
        series = 1.0 + (double)(k + 2) / (double)((k + 1) * (k + 3)) * d * series;
    }
    return 0.5 * exp(-d) * series;
}

/* (1 - exp(-d)*(1 + d))/d^2 for d >= 0; below 2 exp(-d) times the sum of d^k/(k + 2)!. */
static inline double symback_exp_start(double d)
{
    const double end = (d > 800.0) ? 800.0 : d;
    double series = 0.0;
    int k;
    if (d >= 2.0) {
        return (1.0 - exp(-end) * (1.0 + end)) / d / d;
    }
    for (k = 24; k >= 0; k--) {
        series = (1.0 + d * series) / (double)(k + 2);
    }
    return exp(-d) * series;
}

/* exp(m)*factor, where exp(m) may overflow and the product does not. */
static inline double symback_scaled_exp(double m, double factor)
{
    if (m > 700.0) {
        const double half = exp(0.5 * m);
        return factor * half * half;
    }
    return exp(m) * factor;
}

/* (exp(z) - 1)/z for z <= 0, and 1 at 0. */
static inline double symback_expm1_over(double z)
{
    return (z == 0.0) ? 1.0 : expm1(z) / ((z < -1e300) ? -1e300 : z);
}

/* (exp(z) - 1)/z, and 1 at 0, within 2.0 ULP. */
static inline double symback_exprel(double z)
{
    return symback_scaled_exp((z < 0.0) ? 0.0 : z, symback_expm1_over(-fabs(z)));
}

/* Its slope, within 2.5 ULP. */
static inline double symback_exprel_slope(double z)
{
    return (z < 0.0) ? symback_exp_start(-z) : symback_scaled_exp(z, symback_exp_rest(z));
}

/* z/(exp(z) - 1), and 1 at 0, within 2.0 ULP. */
static inline double symback_inv_exprel(double z)
{
    return exp((z < 0.0) ? 0.0 : -z) / symback_expm1_over(-fabs(z));
}

/* Its slope, within 3.0 ULP. */
static inline double symback_inv_exprel_slope(double z)
{
    const double below = symback_expm1_over(-fabs(z));
    const double above = (z < 0.0) ? symback_exp_start(-z) : exp(-z) * symback_exp_rest(z);
    if (z < -2.0) {
        const double end = (z < -800.0) ? -800.0 : z;
        const double other = expm1(end);
        return -(1.0 - exp(end) * (1.0 - end)) / (other * other);
    }
    return -(above / below) / below;
}

/* (exp(k*u) - 1)/k, and u for k = 0. */
static inline double symback_expm1over(double k, double u)
{
    return u * symback_exprel(k * u);
}

/* x/(exp(r*x) - 1), and 1/r for x = 0. */
static inline double symback_overexpm1(double x, double r)
{
    return symback_inv_exprel(r * x) / r;
}

/* Its derivative by x. */
static inline double symback_overexpm1_slope(double x, double r)
{
    return symback_inv_exprel_slope(r * x);
}

/* 1/(exp(z) - 1), within 2.0 ULP. */
static inline double symback_inv_expm1(double z)
{
    return (z < 0.0) ? 1.0 / expm1(z) : exp(-z) / -expm1(-z);
}

/* 1/(a + b*exp(u)): exp(-u)/(a*exp(-u) + b) for u > 0. */
static inline double symback_inv_add_exp(double a, double b, double u)
{
    const double e = exp(-fabs(u));
    if (u > 0.0) {
        return (b == 0.0) ? 1.0 / a : e / (a * e + b);
    }
    return 1.0 / (a + b * e);
}

/* a/(a + b*exp(u)): a*exp(-u)/(a*exp(-u) + b) for u > 0. */
static inline double symback_expshare(double a, double b, double u)
{
    const double e = exp(-fabs(u));
    if (b == 0.0 && a != 0.0) {
        return 1.0;
    }
    return (u > 0.0) ? a * e / (a * e + b) : a / (a + b * e);
}

/* exp(a) - exp(b) = exp(a)*(1 - exp(b - a)) for a > b. */
static inline double symback_expdiff(double a, double b)
{
    const double apart = a - b;
    if (a == b) {
        return 0.0;
    }
    return (a > b) ? symback_scaled_exp(a, -expm1(-apart)) : symback_scaled_exp(b, expm1(apart));
}

/* (exp(a*t) - exp(b*t))/(a - b), and t*exp(a*t) for a = b: t*exp(u)*(1 - exp(-d))/d, u being the
   larger of a*t and b*t, and d = |a - b|*|t|. */
static inline double symback_expdivdiff(double a, double b, double t)
{
    const double d = fabs(a - b) * fabs(t);
    const double u = a * t, v = b * t;
    return symback_scaled_exp((u > v) ? u : v, t * symback_expm1_over(-d));
}

/* The derivative of (exp(a) - exp(b))/(a - b) by a. */
static inline double symback_expdivdiff2(double a, double b)
{
    const double d = fabs(a - b);
    return (a < b) ? symback_scaled_exp(b, symback_exp_start(d))
                   : symback_scaled_exp(a, symback_exp_rest(d));
}

/* exp(a + b*exp(u)), also where exp(u) overflows and the value is 0. */
static inline double symback_expexp(double a, double b, double u)
{
    return exp(a + b * exp((u > 709.0) ? 709.0 : u));
}

/* exp(b*exp(u)) - 1. */
static inline double symback_expm1exp(double b, double u)
{
    return expm1(b * exp((u > 709.0) ? 709.0 : u));
}

/* log(w1*exp(u1) + w2*exp(u2) + ...) of pairs w, u, weights of any sign. The largest term is taken
   out: it is u + log(w) + log(1 + rest/w), if w is positive. Where all u are small and the weights
   add up to about 1, it is log(1 + w1*expm1(u1) + ...). */
static inline double symback_logwsumexp(size_t pairs, const double *operands)
{
    double largest = log(fabs(operands[0])) + operands[1];
    double widest = 0.0, rest = 0.0, w, u;
    size_t place = 0;
    size_t k;
    for (k = 0; k < pairs; k++) {
        const double size = log(fabs(operands[2 * k])) + operands[2 * k + 1];
        const double apart = fabs(operands[2 * k + 1]);
        widest = (apart > widest || apart != apart) ? apart : widest;
        if (size > largest) {
            largest = size;
            place = k;
        }
    }
    w = operands[2 * place];
    u = isfinite(operands[2 * place + 1]) ? operands[2 * place + 1] : 0.0;
    for (k = 0; k < pairs; k++) {
        rest += (k == place) ? 0.0 : operands[2 * k] * exp(operands[2 * k + 1] - u);
    }
    if (widest < 0.5) {
        double moved = 0.0, total = 0.0, others = 0.0, excess;
        for (k = 0; k < pairs; k++) {
            moved += operands[2 * k] * expm1(operands[2 * k + 1]);
            total += operands[2 * k];
            others += (k == place) ? 0.0 : operands[2 * k];
        }
        /* p and 1 - p, which was rounded, add up to 1 */
        excess = moved + ((total == 1.0 && w != 1.0) ? 0.0 : (w - 1.0) + others);
        if (fabs(excess) < 0.5) {
            return log1p(excess);
        }
    }
    if (w > 0.0 && fabs(rest) < 0.5 * w) {
        rest = log(w) + log1p(rest / w);
    } else {
        rest = log(w + rest);
    }
    return ((largest > 1.7976931348623157e308) ? largest : u) + rest;
}

/* x^k - 1, through the log where it is small. */
static inline double symback_powm1(double x, double k)
{
    const double z = (x > 0.0) ? k * log(x) : 1.0;
    return (fabs(z) < 1.0) ? expm1(z) : pow(x, k) - 1.0;
}

/* (1 + x)^k - 1, through the log where it or x is small. */
static inline double symback_pow1pm1(double x, double k)
{
    const double z = (x > -1.0) ? k * log1p(x) : 1.0;
    return (fabs(z) < 1.0 || fabs(x) < 0.5) ? expm1(z) : pow(1.0 + x, k) - 1.0;
}

/* (1 + x)^k, through the log where x is small. */
static inline double symback_pow1p(double x, double k)
{
    return (fabs(x) < 0.5) ? exp(k * log1p(x)) : pow(1.0 + x, k);
}

/* (x^k - 1)/k, and log(x) for k = 0. */
static inline double symback_boxcox(double x, double k)
{
    const double z = (x > 0.0) ? k * log(x) : 1.0;
    if (fabs(z) < 1.0) {
        return log(x) * symback_exprel(z);
    }
    return (k == 0.0) ? log(x) : (pow(x, k) - 1.0) / k;
}

/* Its derivative by k, log(x)^2*(exp(z)*(z - 1) + 1)/z^2 with z = k*log(x). */
static inline double symback_boxcox_slope(double x, double k)
{
    const double logarithm = log(x);
    const double z = k * logarithm;
    if (fabs(z) < 2.0) {
        return logarithm * logarithm * symback_exprel_slope(z);
    }
    if (x == 0.0 && k > 0.0) {
        return 1.0 / k / k;
    }
    return (pow(x, k) * (z - 1.0) + 1.0) / k / k;
}

/* 6*(sinh(z) - z)/z^3 = 1 + z^2/20*(1 + z^2/42*(...)), for |z| <= 3. */
static inline double symback_sinh_rest(double z)
{
    double series = 1.0;
    int k;
    for (k = 15; k > 1; k--) {
        series = 1.0 + z * z / (double)(2 * k * (2 * k + 1)) * series;
    }
    return series;
}

/* log(sinh(z)/z), and 0 at 0, within 2.0 ULP. */
static inline double symback_log_sinhc(double z)
{
    const double x = fabs(z);
    if (x < 3.0) {
        return log1p(x * x / 6.0 * symback_sinh_rest(x));
    }
    if (x > 1.7976931348623157e308) {
        return x;
    }
    return x - (log(x) + 0.6931471805599453) + log1p(-exp(-2.0 * x));
}

/* coth(z) - 1/z, and 0 at 0, within 2.5 ULP. */
static inline double symback_langevin(double z)
{
    const double x = fabs(z);
    const double square = x * x;
    double above = 1.0;
    int k;
    if (x >= 3.0) {
        return copysign(1.0 / tanh(x) - 1.0 / x, z);
    }
    for (k = 15; k > 0; k--) {
        above = 1.0 + square / (double)(2 * k * (2 * k + 3)) * above;
    }
    return z / 3.0 * above / (1.0 + square / 6.0 * symback_sinh_rest(x));
}

/* Its slope 1/z^2 - 1/sinh(z)^2, and 1/3 at 0, within 2.0 ULP. */
static inline double symback_langevin_slope(double z)
{
    const double x = fabs(z);
    if (x < 3.0) {
        const double rest = symback_sinh_rest(x);
        const double quotient = 1.0 + x * x / 6.0 * rest;
        return rest * (quotient + 1.0) / (6.0 * quotient * quotient);
    } else {
        const double inverse = 1.0 / x;
        const double other = 1.0 / sinh((x > 350.0) ? 350.0 : x);
        return inverse * inverse - ((x > 300.0) ? 0.0 : other * other);
    }
}

/* tanh(z)/z, and 1 at 0, within 3.0 ULP. */
static inline double symback_tanhc(double z)
{
    return (z == 0.0) ? 1.0 : tanh(z) / z;
}

/* Its slope, and 0 at 0, within 2.5 ULP. */
static inline double symback_tanhc_slope(double z)
{
    const double x = fabs(z);
    if (x < 1.5) {
        const double below = cosh(x);
        return z / -1.5 * symback_sinh_rest(2.0 * x) / (below * below);
    }
    return copysign((symback_tanh_slope(x) - tanh(x) / x) / x, -z);
}

/* acos(w)/sqrt(1 - w^2), and 1 at 1, within 2.5 ULP. */
static inline double symback_acosc(double w)
{
    const double y = 0.5 * (1.0 - w);
    double series = 1.0;
    int k;
    if (!(w > 0.5 && w <= 1.0)) {
        return acos(w) / sqrt((1.0 - w) * (1.0 + w));
    }
    for (k = 30; k >= 0; k--) {
        series = 1.0 + (double)(k + 1) / ((double)k + 1.5) * y * series;
    }
    return series;
}

/* Its slope (w*acosc(w) - 1)/(1 - w^2), and -1/3 at 1, within 2.0 ULP. */
static inline double symback_acosc_slope(double w)
{
    const double y = 0.5 * (1.0 - w);
    const double below = (1.0 - w) * (1.0 + w);
    double series = 1.0;
    int k;
    if (!(w > 0.5 && w <= 1.0)) {
        return (w * acos(w) / sqrt(below) - 1.0) / below;
    }
    for (k = 33; k >= 0; k--) {
        const double ratio = (double)(k + 2) / (double)(k + 1);
        series = 1.0 + ratio * ((double)(k + 2) / ((double)k + 2.5)) * y * series;
    }
    return series / -3.0;
}

/* sqrt(a^2 + c^2) - a, which is c^2/(sqrt(a^2 + c^2) + a) for a > 0. */
static inline double symback_hypotsub(double a, double c)
{
    const double root = hypot(a, c);
    return (a > 0.0) ? c * (c / (root + a)) : root - a;
}

/* sqrt(b^2 + d) - b, which is d/(sqrt(b^2 + d) + b) for b > 0. */
static inline double symback_sqrtsub(double b, double d)
{
    const double root = sqrt(b * b + d);
    return (b > 0.0) ? d / (root + b) : root - b;
}

/* 1 - (2*first - 1)*t*(1 - (2*first + 1)*t*(...)) with t = 1/(2*x^2), for x >= 28. */
static inline double symback_gaussian_series(double x, int first)
{
    const double t = 0.5 / x / x;
    double series = 1.0;
    int k;
    for (k = first + 8; k >= first; k--) {
        series = 1.0 - (double)(2 * k - 1) * t * series;
    }
    return series;
}

/* exp(rate*x^2), rate 1 or -1/2: with h = x rounded to 1/512, h^2 is exact and the rest small. */
static inline double symback_exp_square(double x, double rate)
{
    const double h = rint(x * 512.0) * (1.0 / 512.0);
    return exp(rate * (h * h)) * exp(rate * ((x - h) * (x + h)));
}

/* exp(z^2)*erfc(z), within 3.5 ULP. */
static inline double symback_erfcx(double z)
{
    const double x = fabs(z);
    const double near = 41.08073330714607 * (symback_tail(1.4142135623730951 * x) + 0.015625);
    const double far = 0.5641895835477563 / x * symback_gaussian_series(x, 1);
    const double value = (x < 28.0) ? near / (0.6187184335382291 + x) : far;
    return (z < 0.0) ? 2.0 * symback_exp_square((x > 40.0) ? 40.0 : x, 1.0) - value : value;
}

/* Its slope 2*z*erfcx(z) - 2/sqrt(pi), within 4.0 ULP for z > 0. */
static inline double symback_erfcx_slope(double z)
{
    static const double c[24] = {
        1.2481838547782675, -0.520474704735554, -0.49353415450083565,
        2.798139451859103, -5.6252117582210746, 6.600021061350322,
        -2.8736606856787485, -6.022721279639374, 15.934219909519067,
        -19.860019883374296, 13.960561343101519, -2.345142711138877,
        -5.751901808386042, 5.04100683534146, 0.5301260294103807,
        -3.1906600549447033, 0.8589232116609983, 1.7165246965089735,
        -0.9134695851761474, -0.9570108239151827, 0.6291502426281729,
        0.5652144183806298, -0.26329675610991754, -0.25342857008523156
    };
    const double y = 1.4142135623730951 * z;
    const double below = 0.875 + y;
    if (z < 0.0) {
        return 2.0 * z * symback_erfcx(z) - 1.1283791670955126;
    }
    if (z >= 28.0) {
        return -0.5641895835477563 / z / z * symback_gaussian_series(z, 2);
    }
    return -1.1283791670955126 * symback_polynomial(c, y / (y + 5.5) - 0.46285882114615007)
           / (below * below);
}

/* log(erfc(z)), within 2.0 ULP: log(erfcx(z)) - z^2 above 1/2, log(1 - erf(z)) below. */
static inline double symback_log_erfc(double z)
{
    return (z > 0.5) ? log(symback_erfcx(z)) - z * z : log1p(-erf(z));
}

/* log Phi(z), within 4.0 ULP: log(erfcx(-z/sqrt(2))/2) - z^2/2 below -1/2, log(1 - Phi(-z)) above. */
static inline double symback_log_ndtr(double z)
{
    const double x = 0.7071067811865476 * z;
    const double end = (z > 40.0) ? 40.0 : z;
    if (z < -0.5) {
        return log(0.5 * symback_erfcx(-x)) - 0.5 * z * z;
    }
    if (z > 0.0) {
        return log1p(-0.5 * symback_exp_square(end, -0.5) * symback_erfcx(x));
    }
    return log1p(-0.5 * erfc(x));
}
