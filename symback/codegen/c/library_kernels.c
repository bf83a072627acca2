/* Functions of <math.h> without branches, for loops of which compilers make vector code where the
   processor computes some lanes of a register at a time; elsewhere those of the library are faster. */

/* log(z), within 1.0 ULP: k*log(2) + log(1 + f) with z = 2^k*(1 + f) and 1 + f from sqrt(1/2) to
   sqrt(2); with s = f/(2 + f) the latter is f - f^2/2 + s*(f^2/2 + r(s^2)), with the polynomial r
   of FreeBSD's e_log.c. */
static inline double symback_log(double z)
{
#ifdef __AVX512F__
    const double x = (z < 2.2250738585072014e-308) ? z * 18014398509481984.0 : z; /* 2^54 */
    uint64_t bits;
    uint64_t power;
    double k;
    double m;
    memcpy(&bits, &x, sizeof bits);
    power = (bits - UINT64_C(0x3fe6a09e667f3bcd) + (UINT64_C(1024) << 52)) >> 52; /* k + 1024 */
    bits = bits - (power << 52) + (UINT64_C(1024) << 52);
    memcpy(&m, &bits, sizeof m);
    power |= UINT64_C(0x4330000000000000); /* 2^52 and that number */
    memcpy(&k, &power, sizeof k);
    k -= (z < 2.2250738585072014e-308) ? 4503599627371574.0 : 4503599627371520.0;
    const double f = m - 1.0;
    const double s = f / (2.0 + f);
    const double t = s * s;
    const double half = 0.5 * f * f;
    double r = 0.14798198605116586;
    r = symback_fma(r, t, 0.15313837699209373);
    r = symback_fma(r, t, 0.1818357216161805);
    r = symback_fma(r, t, 0.22222198432149784);
    r = symback_fma(r, t, 0.2857142874366239);
    r = symback_fma(r, t, 0.3999999999940942);
    r = symback_fma(r, t, 0.6666666666666735) * t;
    const double low = s * (half + r) + k * 1.9082149292705877e-10;
    const double value = k * 0.6931471803691238 - ((half - low) - f);
    const double ended = (z <= 1.7976931348623157e308) ? value : z; /* infinite, or NaN */
    const double below = (z == 0.0) ? -(double)INFINITY : (z < 0.0) ? (double)NAN : z;
    return (z > 0.0) ? ended : below;
#else
    return log(z);
#endif
}

/* log(1 + z), within 2.0 ULP: what 1 + z has lost in rounding is put back. */
static inline double symback_log1p(double z)
{
#ifdef __AVX512F__
    const double x = 1.0 + z;
    const double lost = (z - (x - 1.0)) / x;
    const double value = symback_log(x);
    const double whole = (z == -1.0) ? value : value + lost;
    const double ended = (z <= 1.7976931348623157e308) ? whole : value;
    return (z == 0.0) ? z : ended;
#else
    return log1p(z);
#endif
}

/* exp(z) - 1, within 2.5 ULP. */
static inline double symback_expm1(double z)
{
#ifdef __AVX512F__
    const double low = symback_expm1_low((z > 1.5) ? 1.5 : z);
    return (z > 1.5) ? symback_exp(z) - 1.0 : (z == 0.0) ? z : low;
#else
    return expm1(z);
#endif
}

/* sinh(z), within 3.5 ULP: (m + m/(1 + m))/2 with m = exp(|z|) - 1; where that is large it is
   h^2/2 with h = exp(|z|/2). */
static inline double symback_sinh(double z)
{
#ifdef __AVX512F__
    const double size = fabs(z);
    const double m = symback_expm1((size > 22.0) ? 22.0 : size);
    const double h = symback_exp(0.5 * size);
    const double value = (size > 22.0) ? 0.5 * h * h : 0.5 * (m + m / (1.0 + m));
    return copysign(value, z);
#else
    return sinh(z);
#endif
}

/* cosh(z), within 3.5 ULP: (e + 1/e)/2 with e = exp(|z|); where that is large it is h^2/2 with
   h = exp(|z|/2). */
static inline double symback_cosh(double z)
{
#ifdef __AVX512F__
    const double size = fabs(z);
    const double e = symback_exp((size > 22.0) ? 22.0 : size);
    const double h = symback_exp(0.5 * size);
    return (size > 22.0) ? 0.5 * h * h : 0.5 * (e + 1.0 / e);
#else
    return cosh(z);
#endif
}
