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

/* yes where is is 1, and no where it is 0, by their bits: compilers make no branch of it. */
static inline double symback_either(uint64_t is, double yes, double no)
{
    uint64_t bits;
    uint64_t other;
    double value;
    memcpy(&bits, &yes, sizeof bits);
    memcpy(&other, &no, sizeof other);
    bits = (bits & (UINT64_C(0) - is)) | (other & (is - UINT64_C(1)));
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* pow(x, y), within 1.5 ULP: exp(y*log|x|) with the logarithm and the product in two parts; log|x|
   is k*log(2) + 2s + 2s^3/3 + ... with s = f/(2 + f), as in symback_log. */
static inline double symback_pow(double x, double y)
{
#ifdef __AVX512F__
    const double most = 1.7976931348623157e308;
    const double size = fabs(x);
    const uint64_t is_small = size < 2.2250738585072014e-308;
    const double scaled = size * symback_either(is_small, 18014398509481984.0, 1.0); /* 2^54 */
    uint64_t bits;
    uint64_t power;
    double k;
    double m;
    memcpy(&bits, &scaled, sizeof bits);
    power = (bits - UINT64_C(0x3fe6a09e667f3bcd) + (UINT64_C(1024) << 52)) >> 52; /* k + 1024 */
    bits = bits - (power << 52) + (UINT64_C(1024) << 52);
    memcpy(&m, &bits, sizeof m);
    power |= UINT64_C(0x4330000000000000); /* 2^52 and that number */
    memcpy(&k, &power, sizeof k);
    k -= symback_either(is_small, 4503599627371574.0, 4503599627371520.0);
    const double f = m - 1.0;
    const double below = 2.0 + f;
    const double inverse = 1.0 / below;
    const double s = f * inverse; /* f/(2 + f) is s + rest */
    const double rest = (symback_fma(-s, below, f) - s * (f - (below - 2.0))) * inverse;
    const double t = s * s;
    const double t_low = symback_fma(s, s, -t) + 2.0 * s * rest;
    double r = 0.08;
    r = symback_fma(r, t, 0.08695652173913043);
    r = symback_fma(r, t, 0.09523809523809523);
    r = symback_fma(r, t, 0.10526315789473684);
    r = symback_fma(r, t, 0.11764705882352941);
    r = symback_fma(r, t, 0.13333333333333333);
    r = symback_fma(r, t, 0.15384615384615385);
    r = symback_fma(r, t, 0.18181818181818182);
    r = symback_fma(r, t, 0.2222222222222222);
    r = symback_fma(r, t, 0.2857142857142857);
    r = symback_fma(r, t, 0.4) * t;
    const double factor = 0.6666666666666666 + r; /* factor + factor_low is 2/3 + r */
    const double factor_low = (0.6666666666666666 - factor) + r + 3.700743415417188e-17;
    const double cube = t * s;
    const double cube_low = symback_fma(t, s, -cube) + t * rest + t_low * s;
    const double third = cube * factor;
    const double third_low =
        symback_fma(cube, factor, -third) + cube * factor_low + cube_low * factor;
    const double whole = k * 0.6931471803691238; /* exact */
    const double twice = 2.0 * s;
    const double first = whole + twice;
    const double first_low = (whole - first) + twice;
    const double both = first + third;
    const double both_low = (first - both) + third;
    const double low =
        both_low + first_low + (2.0 * rest + third_low) + k * 1.9082149292705877e-10;
    const double high = both + low; /* log(size) is high + lower */
    const double lower = (both - high) + low;
    const uint64_t is_usual = (uint64_t)(size > 0.0) & (uint64_t)(size <= most);
    const double end = symback_either(size == 0.0, -(double)INFINITY, (double)INFINITY);
    const double product = y * symback_either(is_usual, high, end);
    const double least = symback_either(product < -800.0, -800.0, product);
    const double value = symback_exp(symback_either(least > 800.0, 800.0, least));
    const double correction = symback_fma(y, high, -product) + y * lower;
    const uint64_t has_rest =
        is_usual & (uint64_t)(fabs(product) < 750.0) & (uint64_t)(value <= most);
    const double exact = symback_fma(value, symback_either(has_rest, correction, 0.0), value);
    const double found = symback_either(has_rest, exact, value);
    const uint64_t is_whole = rint(y) == y;
    const uint64_t is_odd = is_whole & (uint64_t)(rint(0.5 * y) != 0.5 * y);
    const uint64_t is_real = (uint64_t)(x >= 0.0) | (uint64_t)(size > most) | is_whole;
    const double turned = symback_either(is_odd, copysign(found, x), found);
    const double real = symback_either(is_real, turned, (double)NAN);
    const double with_nan = symback_either((uint64_t)(x == x) & (uint64_t)(y == y), real, x + y);
    const uint64_t is_one = (uint64_t)(y == 0.0) | (uint64_t)(x == 1.0)
        | ((uint64_t)(x == -1.0) & (uint64_t)(fabs(y) > most));
    return symback_either(is_one, 1.0, with_nan);
#else
    return pow(x, y);
#endif
}
