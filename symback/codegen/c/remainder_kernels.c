/* Kernels of h(z) - z and h(z)/z: in double what symback/codegen/numpy/remainder_kernels.py
   explains. They call the library. */

/* (log(1 + x) - x)/x^2 for -0.6 <= x <= 1. */
static inline double symback_log1p_rest(double x)
{
    const double r = 1.0 / (2.0 + x);
    const double square = (r * x) * (r * x);
    double series = 0.0;
    int k;
    for (k = 24; k > 0; k--) {
        series = 1.0 / (double)(2 * k + 1) + square * series;
    }
    return 2.0 * r * r * r * x * series - r;
}

/* log(1 + z) - z, within 3.0 ULP. */
static inline double symback_log1pmx(double z)
{
    return (z > -0.6 && z < 1.0) ? z * z * symback_log1p_rest(z) : log1p(z) - z;
}

/* log(1 + z)/z, and 1 at 0, within 2.0 ULP. */
static inline double symback_log1prel(double z)
{
    return (z == 0.0) ? 1.0 : log1p(z) / z;
}

/* Its slope, and -1/2 at 0, within 4.5 ULP. */
static inline double symback_log1prel_slope(double z)
{
    if (z > -0.5 && z < 0.25) {
        return -1.0 / (1.0 + z) - symback_log1p_rest(z);
    }
    if (z > -0.5 && z < 1.5) {
        return symback_log1p_rest(-z / (1.0 + z)) / ((1.0 + z) * (1.0 + z));
    }
    return (1.0 / (1.0 + z) - log1p(z) / z) / z;
}

/* exp(z) - 1 - z, within 3.0 ULP. */
static inline double symback_expm1mx(double z)
{
    if (z < -2.0) {
        return expm1(z) - z;
    }
    if (z < 0.0) {
        return z * z * symback_exp_rest(-z);
    }
    return symback_scaled_exp(z, z * (z * symback_exp_start(z)));
}

/* 6*(z - sin(z))/z^3 for |z| <= 3. */
static inline double symback_sin_rest(double z)
{
    const double square = z * z;
    double series = 1.0;
    int k;
    for (k = 15; k > 1; k--) {
        series = 1.0 - square / (double)(2 * k * (2 * k + 1)) * series;
    }
    return series;
}

/* sin(z) - z, within 2.5 ULP. */
static inline double symback_sinmx(double z)
{
    return (fabs(z) < 2.0) ? z * z * z / -6.0 * symback_sin_rest(z) : sin(z) - z;
}

/* sinh(z) - z, within 3.0 ULP. */
static inline double symback_sinhmx(double z)
{
    return (fabs(z) < 3.0) ? z * z * z / 6.0 * symback_sinh_rest(z) : sinh(z) - z;
}

/* 3*(sin(z) - z*cos(z))/z^3 for the sign -1, 3*(z*cosh(z) - sinh(z))/z^3 for 1; |z| <= 2. */
static inline double symback_sine_rest(double z, double sign)
{
    const double square = sign * z * z;
    double series = 1.0;
    int k;
    for (k = 12; k > 0; k--) {
        series = 1.0 + square / (double)(2 * k * (2 * k + 3)) * series;
    }
    return series;
}

/* tan(z) - z, within 4.0 ULP. */
static inline double symback_tanmx(double z)
{
    if (fabs(z) < 1.2) {
        return z * z * z / 3.0 * symback_sine_rest(z, -1.0) / cos(z);
    }
    return tan(z) - z;
}

/* tan(z)/z, and 1 at 0, within 2.0 ULP. */
static inline double symback_tanc(double z)
{
    return (z == 0.0) ? 1.0 : tan(z) / z;
}

/* Its slope, and 0 at 0, within 4.0 ULP. */
static inline double symback_tanc_slope(double z)
{
    if (fabs(z) < 1.5) {
        return z / 1.5 * symback_sin_rest(2.0 * z) / (cos(z) * cos(z));
    }
    return (1.0 + tan(z) * tan(z) - tan(z) / z) / z;
}

/* tanh(z) - z, within 4.0 ULP. */
static inline double symback_tanhmx(double z)
{
    if (fabs(z) < 1.5) {
        return z * z * z / -3.0 * symback_sine_rest(z, 1.0) / cosh(z);
    }
    return tanh(z) - z;
}

/* (z - atan(z))/z^3 for |z| <= 1.4. */
static inline double symback_atan_rest(double z)
{
    const double q = 1.0 / (1.0 + sqrt(1.0 + z * z));
    const double square = (q * z) * (q * z);
    double series = 0.0;
    int k;
    for (k = 29; k > 0; k--) {
        series = 1.0 / (double)(2 * k + 1) - square * series;
    }
    return q * q + 2.0 * q * q * q * series;
}

/* atan(z) - z, within 5.0 ULP. */
static inline double symback_atanmx(double z)
{
    return (fabs(z) < 1.4) ? -z * z * z * symback_atan_rest(z) : atan(z) - z;
}

/* atan(z)/z, and 1 at 0, within 2.0 ULP. */
static inline double symback_atanc(double z)
{
    return (z == 0.0) ? 1.0 : atan(z) / z;
}

/* Its slope, and 0 at 0, within 4.0 ULP. */
static inline double symback_atanc_slope(double z)
{
    if (fabs(z) < 1.2) {
        return z * (symback_atan_rest(z) - 1.0 / (1.0 + z * z));
    }
    return (1.0 / (1.0 + z * z) - atan(z) / z) / z;
}

/* (atanh(z) - z)/z^3, the argument halved once. */
static inline double symback_atanh_half(double z)
{
    const double q = 1.0 / (1.0 + sqrt((1.0 - z) * (1.0 + z)));
    const double square = (q * z) * (q * z);
    double series = 0.0;
    int k;
    for (k = 24; k > 0; k--) {
        series = 1.0 / (double)(2 * k + 1) + square * series;
    }
    return q * q + 2.0 * q * q * q * series;
}

/* The same for |z| <= 0.9, the argument halved twice. */
static inline double symback_atanh_rest(double z)
{
    const double q = 1.0 / (1.0 + sqrt((1.0 - z) * (1.0 + z)));
    return q * q + 2.0 * q * q * q * symback_atanh_half(q * z);
}

/* atanh(z) - z, within 5.5 ULP. */
static inline double symback_atanhmx(double z)
{
    return (fabs(z) < 0.9) ? z * z * z * symback_atanh_rest(z) : atanh(z) - z;
}

/* atanh(z)/z, and 1 at 0, within 2.0 ULP. */
static inline double symback_atanhc(double z)
{
    return (z == 0.0) ? 1.0 : atanh(z) / z;
}

/* Its slope, and 0 at 0, within 4.5 ULP. */
static inline double symback_atanhc_slope(double z)
{
    const double first = 1.0 / ((1.0 - z) * (1.0 + z));
    if (fabs(z) < 0.9) {
        return z * (first - symback_atanh_rest(z));
    }
    return (first - atanh(z) / z) / z;
}

/* (asin(s) - s)/s^3 for s^2 = square <= 0.19; that of asinh for a negative square. */
static inline double symback_asin_series(double square)
{
    double series = 1.0;
    int k;
    for (k = 23; k > 0; k--) {
        const double odd = (double)(2 * k + 1);
        series = 1.0 + square * (odd * odd / (double)((2 * k + 2) * (2 * k + 3))) * series;
    }
    return series / 6.0;
}

/* (asin(z) - z)/z^3 for the sign -1, (z - asinh(z))/z^3 for 1 and |z| <= 2.5. */
static inline double symback_asin_rest(double z, double sign)
{
    const double p = 0.5 / (1.0 + sqrt((sign < 0.0) ? (1.0 - z) * (1.0 + z) : 1.0 + z * z));
    const double r = 0.5 / (1.0 + sqrt(1.0 + sign * p * z * z));
    const double t = r * p * z * z;
    const double rest = 1.0 / (1.0 + sqrt(1.0 + sign * t)) + symback_asin_series(-sign * t);
    return 2.0 * p * sqrt(p) * (2.0 * r + 2.0 * r * sqrt(r) * rest);
}

/* asin(z) - z, within 5.5 ULP. */
static inline double symback_asinmx(double z)
{
    return z * z * z * symback_asin_rest(z, -1.0);
}

/* asin(z)/z, and 1 at 0, within 2.0 ULP. */
static inline double symback_asinc(double z)
{
    return (z == 0.0) ? 1.0 : asin(z) / z;
}

/* Its slope, and 0 at 0, within 5.5 ULP. */
static inline double symback_asinc_slope(double z)
{
    const double root = sqrt((1.0 - z) * (1.0 + z));
    return z * (1.0 / (root * (1.0 + root)) - symback_asin_rest(z, -1.0));
}

/* asinh(z) - z, within 5.5 ULP. */
static inline double symback_asinhmx(double z)
{
    return (fabs(z) < 2.5) ? -z * z * z * symback_asin_rest(z, 1.0) : asinh(z) - z;
}

/* asinh(z)/z, and 1 at 0, within 2.0 ULP. */
static inline double symback_asinhc(double z)
{
    return (z == 0.0) ? 1.0 : asinh(z) / z;
}

/* Its slope, and 0 at 0, within 6.5 ULP. */
static inline double symback_asinhc_slope(double z)
{
    if (fabs(z) < 2.5) {
        const double root = sqrt(1.0 + z * z);
        return z * (symback_asin_rest(z, 1.0) - 1.0 / (root * (root + 1.0)));
    }
    return (1.0 / hypot(1.0, z) - asinh(z) / z) / z;
}
