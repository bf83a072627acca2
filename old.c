#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* Functions that C lacks or computes badly, or that compilers don't vectorise. A generated file
   has copies of those that its lines call, and of those that these call.

   Each takes and returns double, holds no state and, unless it says so, calls no library, so that
   loops over it become vector code. NaN gives NaN. Accuracies are the largest errors met, in
   units in the last place (ULP), at points of all magnitudes, with and without fused
   multiply-add. */

/* a*b + c, rounded once where the processor does that fast: inside polynomials only. */
static inline double symback_fma(double a, double b, double c)
{
#ifdef FP_FAST_FMA
    return fma(a, b, c);
#else
    return a * b + c;
#endif
}

/* The double with these bits: 2^k where they are k + 1023 + 1.5*2^52 as a double, whose last bits
   are those of k + 1023, for whole k from -1022 to 1023. */
static inline double symback_power_of_two(double shifted)
{
    uint64_t bits;
    double power;
    memcpy(&bits, &shifted, sizeof bits);
    bits <<= 52;
    memcpy(&power, &bits, sizeof power);
    return power;
}

/* exp(r) - 1 for |r| <= log(2)/2, as r + r^2/2 + r^3*p(r): p through 10 Chebyshev nodes, the error
   that remains is 5e-19 of exp(r). */
static inline double symback_expm1_part(double r)
{
    double p = 2.091123100592285e-09;
    p = symback_fma(p, r, 2.5100377619606372e-08);
    p = symback_fma(p, r, 2.75572829813734e-07);
    p = symback_fma(p, r, 2.7557268476553695e-06);
    p = symback_fma(p, r, 2.4801587317136892e-05);
    p = symback_fma(p, r, 0.00019841269863042963);
    p = symback_fma(p, r, 0.0013888888888886554);
    p = symback_fma(p, r, 0.008333333333330063);
    p = symback_fma(p, r, 0.041666666666666664);
    p = symback_fma(p, r, 0.16666666666666669);
    p = symback_fma(p, r, 0.5);
    return symback_fma(p, r * r, r);
}

/* z - k*log(2) for whole |k| < 2000: the first product is exact, the second small. */
static inline double symback_rest(double z, double k)
{
    return symback_fma(k, -1.9082149292705877e-10, z - k * 0.6931471803691238);
}

/* exp(z), within 1.0 ULP: 2^k*exp(r) with z = k*log(2) + r. The power comes in two factors, as it
   may be subnormal or beyond the largest number. */
static inline double symback_exp(double z)
{
    const double shift = 6755399441056767.0; /* 1.5*2^52 + 1023: what is added to it is rounded */
    const double above = (z < -746.0) ? -746.0 : z;
    const double x = (above > 710.0) ? 710.0 : above;
    const double shifted = symback_fma(x, 1.4426950408889634, shift);
    const double part = symback_expm1_part(symback_rest(x, shifted - shift));
    const double most = (shifted < shift - 1000.0) ? shift - 1000.0 : shifted;
    const double half = (most > shift + 1000.0) ? shift + 1000.0 : most;
    const double other = (shifted - half) + shift;
    return (1.0 + part) * symback_power_of_two(half) * symback_power_of_two(other);
}

/* The same for z <= 0, in fewer steps. */
static inline double symback_exp_low(double z)
{
    const double shift = 6755399441056767.0;
    const double x = (z < -746.0) ? -746.0 : z;
    const double shifted = symback_fma(x, 1.4426950408889634, shift);
    const double part = symback_expm1_part(symback_rest(x, shifted - shift));
    const double most = (shifted < shift - 1000.0) ? shift - 1000.0 : shifted;
    const double other = (shifted - most) + shift;
    return (1.0 + part) * symback_power_of_two(most) * symback_power_of_two(other);
}

/* exp(z) - 1 for z <= 1.5, within 1.9 ULP: 2^k*(exp(r) - 1) + (2^k - 1). */
static inline double symback_expm1_low(double z)
{
    const double shift = 6755399441056767.0;
    const double x = (z < -80.0) ? -80.0 : z;
    const double shifted = symback_fma(x, 1.4426950408889634, shift);
    const double power = symback_power_of_two(shifted);
    const double part = symback_expm1_part(symback_rest(x, shifted - shift));
    return symback_fma(part, power, power - 1.0);
}

/* log(1 + u) for 0 <= u <= 1, within 1.2 ULP: 2*atanh(s/2) with s = 2u/(2 + u), as s + s*t*q(t)
   with t = (s/2)^2: q through 10 Chebyshev nodes, the relative error that remains is 5e-18. What
   2 + u has lost in rounding is put back. */
static inline double symback_log1p_unit(double u)
{
    const double below = 2.0 + u;
    const double s = (u + u) / below;
    const double lost = (u - (below - 2.0)) * (0.5 - 0.25 * s); /* over below */
    const double t = 0.25 * s * s;
    double q = 0.08082022805971766;
    q = symback_fma(q, t, 0.04400369243072337);
    q = symback_fma(q, t, 0.06000536404795356);
    q = symback_fma(q, t, 0.06657072104827468);
    q = symback_fma(q, t, 0.07692785032479312);
    q = symback_fma(q, t, 0.09090894718066429);
    q = symback_fma(q, t, 0.11111111358713932);
    q = symback_fma(q, t, 0.1428571428355438);
    q = symback_fma(q, t, 0.20000000000007292);
    q = symback_fma(q, t, 0.3333333333333333);
    return s + s * (t * q - lost);
}

/* v, and infinity where v is 0: what is divided by it is 0 there. */
static inline double symback_nonzero(double v)
{
    return (v == 0.0) ? (double)INFINITY : v;
}

/* v, and 1 where v is 0. */
static inline double symback_nonvanishing(double v)
{
    return (v == 0.0) ? 1.0 : v;
}

/* a/b, and 0 where a is 0. */
static inline double symback_zero_over(double a, double b)
{
    return a / ((a == 0.0) ? 1.0 : b);
}

/* b*a^(b - 1), and 0 where b is 0; for a subnormal a, whose 1/a overflows, b*a^b/a. Calls pow. */
static inline double symback_power_slope(double a, double b)
{
    const double slope = b * pow(a, (b == 0.0) ? 0.0 : b - 1.0);
    const int tiny = fabs(slope) == (double)INFINITY && a != 0.0 && isfinite(a);
    return tiny ? b * pow(a, b) / a : slope;
}

/* The same for a >= 0, and 0 also where a is 0 and 0 < b < 1. */
static inline double symback_root_slope(double a, double b)
{
    return (a == 0.0 && b >= 0.0 && b < 1.0) ? 0.0 : symback_power_slope(a, b);
}

/* v*log(a), and 0 where v is 0. Calls log. */
static inline double symback_power_log(double v, double a)
{
    return v * log((v == 0.0) ? 1.0 : a);
}

/* The logistic function 1/(1 + exp(-z)), within 3.6 ULP. */
static inline double symback_sigma(double z)
{
    const double e = symback_exp_low(-fabs(z));
    const double inverse = 1.0 / symback_fma(e, 2.0 + e, 1.0);
    return ((z < 0.0) ? e * inverse : inverse) * (1.0 + e);
}

/* The share of exp(a) in exp(a) + exp(b); 1/2 where they are equal, also where both are infinite. */
static inline double symback_exp_share(double a, double b)
{
    return symback_sigma((a == b) ? 0.0 : a - b);
}

/* Its slope e/(1 + e)^2 with e = exp(-|z|), within 2.8 ULP. */
static inline double symback_sigma_slope(double z)
{
    const double e = symback_exp_low(-fabs(z));
    const double inverse = 1.0 / symback_fma(e, 2.0 + e, 1.0);
    return e * inverse;
}

/* tanh(z), within 2.6 ULP: -m/(2 + m) with m = exp(-2|z|) - 1, and the sign of z. */
static inline double symback_tanh(double z)
{
    const double m = symback_expm1_low(-2.0 * fabs(z));
    return copysign(m / (2.0 + m), z);
}

/* Its slope 4e/(1 + e)^2 with e = exp(-2|z|), within 2.4 ULP. */
static inline double symback_tanh_slope(double z)
{
    const double e = symback_exp_low(-2.0 * fabs(z));
    return 4.0 * e / (1.0 + e * (2.0 + e));
}

/* log(1 + exp(z)) = max(z, 0) + log(1 + exp(-|z|)), within 1.9 ULP. */
static inline double symback_softplus(double z)
{
    const double rest = symback_log1p_unit(symback_exp_low(-fabs(z)));
    return (z > 0.0) ? z + rest : rest;
}

/* log(1/(1 + exp(-z))) = -log(1 + exp(-z)), within 1.9 ULP. */
static inline double symback_logsigmoid(double z)
{
    return -symback_softplus(-z);
}

/* z/(1 + exp(-z)), within 2.9 ULP: for z < 0 it is z*e/(1 + e) with e = exp(z), beyond -700, where
   e is soon subnormal, z*h*h with h = exp(z/2). */
static inline double symback_silu(double z)
{
    const double size = fabs(z);
    const double e = symback_exp_low(-size);
    const double h = symback_exp_low((size > 1600.0) ? -800.0 : -0.5 * size);
    const double tail = ((size > 1600.0) ? 1600.0 : size) * h * h;
    const double far = (size > 700.0) ? tail : size * e / (1.0 + e);
    return (z < 0.0) ? -far : z / (1.0 + e);
}

/* Its slope, within 3.2 ULP, also next to its zero -z0: (d + K*(exp(d) - 1))/(2 + 2*cosh(n)) with
   n = -|z|, d = n + z0 and K = exp(-z0), whose terms have one sign; slope(-z) = 1 - slope(z).
   Calls cosh. */
static inline double symback_silu_slope(double z)
{
    const double size = fabs(z);
    const double n = (size > 700.0) ? -700.0 : -size;
    const double d = n + 1.2784645427610737;
    const double lost = 1.3995343912896686e-16; /* as z0 is no float64 */
    const double above = (symback_expm1_low(d) * 0.27846454276107385 + lost) + d;
    const double slope = 0.5 * above / (1.0 + cosh(n));
    const double h = symback_exp(-0.5 * ((size > 1600.0) ? 1600.0 : size));
    const double tail = (size > 1600.0) ? 0.0 : (1.0 - size) * h * h;
    const double low = (size > 700.0) ? tail : slope;
    return (z < 0.0) ? low : 1.0 - low;
}

/* c[0] + c[1]*t + ... + c[23]*t^23. */
static inline double symback_polynomial(const double c[24], double t)
{
    double value = c[23];
    int k;
    for (k = 22; k >= 0; k--) {
        value = symback_fma(value, t, c[k]);
    }
    return value;
}

/* exp(shift + rest - x^2/2) as e*(1 + m): with h = x rounded to 1/512, shift - h^2/2 is exact, e
   is its exp and m is small (W. J. Cody, Math. Comp. 23 (1969) 631). This is e. */
static inline double symback_gaussian(double x)
{
    const double shift = 13194139533312.0; /* 1.5*2^43 */
    const double h = (x + shift) - shift;
    return symback_exp(3.369140625 - 0.5 * (h * h));
}

/* The m of symback_gaussian. */
static inline double symback_gaussian_rest(double x)
{
    const double shift = 13194139533312.0;
    const double h = (x + shift) - shift;
    const double r = 0.5 * ((h - x) * (h + x)) - 0.0001749796694417636;
    return symback_expm1_part(r);
}

/* c*F(x) - 1/64, where Phi(-x) = phi(x)*F(x)/(7/8 + x), x >= 0: the polynomial in
   t = x/(x + 11/2) - 0.46... through 23 Chebyshev nodes for 0 <= x <= 40, the relative error that
   remains is 5e-18 (M. M. Shepherd and J. G. Laframboise, Math. Comp. 36 (1981) 249). */
static inline double symback_tail(double x)
{
    static const double c[24] = {
        0.0, -0.005151255622958841, 0.002544856923507817,
        0.0062054977495094275, -0.022192283302951293, 0.04219719883288985,
        -0.05811989351026588, 0.060665293930441865, -0.046188841645893215,
        0.021265853297725946, 0.0006062706078947431, -0.00913467173416728,
        0.005223648666211658, 0.0015095321358787695, -0.0031802518573841847,
        0.00039349457839491756, 0.0015554216498220182, -0.0005734111736659294,
        -0.0007686454666656526, 0.00040320998230168863, 0.00038963285003277263,
        -0.00019470684710475215, -0.00014848657300165082, 3.8018997996592154e-05
    };
    return symback_polynomial(c, x / (x + 5.5) - 0.46285882114615007);
}

/* c*K(x) - 1/64, where gelu'(-x) = phi(x)*(x0 - x)*K(x), x >= 0, and gelu'(-x0) = 0: as
   symback_tail (relative error 1e-18). */
static inline double symback_slope_tail(double x)
{
    static const double c[24] = {
        0.0, -0.006441713401803126, 0.009432965199663029,
        -0.012220653318091993, 0.013815611532691617, -0.013345406575477116,
        0.010625518493685687, -0.006479094182266088, 0.002434386127465324,
        0.00014031048199369535, -0.0008615393512706349, 0.0004244737075909573,
        0.00012021876498922165, -0.00021987331779352908, 2.5219913012450562e-05,
        9.190808519997494e-05, -3.3395240821883615e-05, -4.0142043478596445e-05,
        2.3036401895141672e-05, 2.1611233724718263e-05, -1.4618756407607942e-05,
        -1.5639055305808778e-05, 7.177563135069572e-06, 9.67923370511828e-06
    };
    return symback_polynomial(c, x / (x + 5.5) - 0.46285882114615007);
}

/* gelu(z) = z*Phi(z) = max(z, 0) - |z|*Phi(-|z|), within 2.9 ULP. */
static inline double symback_gelu(double z)
{
    const double size = fabs(z);
    const double x = (size > 40.0) ? 40.0 : size; /* gelu(-40) rounds to 0 */
    const double e = symback_gaussian(x);
    const double below = 0.875 + x;
    const double lost = (below - 0.875 - x) / below;
    const double w = symback_tail(x);
    const double m = symback_gaussian_rest(x) + lost;
    const double factor = e * (x / below);
    const double part = (w + (0.015625 + w) * m) * factor + 0.015625 * factor;
    return (z > 0.0) ? z - part : -part;
}

/* gelu'(z) = Phi(z) + z*phi(z), within 2.9 ULP, also next to its zero; gelu'(-z) = 1 - gelu'(z). */
static inline double symback_gelu_slope(double z)
{
    const double size = fabs(z);
    const double x = (size > 40.0) ? 40.0 : size;
    const double k = symback_slope_tail(x);
    const double m = symback_gaussian_rest(x);
    const double factor = symback_gaussian(x) * (0.7517915246935645 - x - 1.4956759177009883e-17);
    const double slope = (k + (0.015625 + k) * m) * factor + 0.015625 * factor;
    return (z < 0.0) ? slope : 1.0 - slope;
}

/* sin(z)/z, and 1 at 0, within 1.5 ULP. Calls sin. */
static inline double symback_sinc(double z)
{
    const double x = fabs(z);
    const double y = (x > 1e300) ? 1e300 : x;
    const double value = (x < 1e-8) ? 1.0 : sin(y) / y;
    return (x > 1.7976931348623157e308) ? 0.0 : (x == x) ? value : z;
}

/* Its slope (cos(z) - sinc(z))/z; below 2, where both terms lose what they share, the series of
   Taylor -z/3*(1 - z^2/10*(1 - z^2/28*(...))); within 3.9 ULP but next to its zeros beyond 4.4.
   Calls sin and cos, and has a loop. */
static inline double symback_sinc_slope(double z)
{
    const double x = fabs(z);
    const double square = (x < 2.0) ? z * z : 4.0;
    const double y = (x < 2.0) ? 2.0 : z;
    double series = 1.0;
    int k;
    for (k = 12; k > 0; k--) {
        series = 1.0 - square / (double)((2 * k + 3) * 2 * k) * series;
    }
    if (x > 1.7976931348623157e308) {
        return 0.0;
    }
    return (x < 2.0) ? series * (z / -3.0) : (cos(y) - sin(y) / y) / y;
}

/* log(1 + z^2), within 2.1 ULP: for |z| > 1 it is 2*log|z| + log(1 + 1/z^2). Calls log. */
static inline double symback_log1psq(double z)
{
    const double x = fabs(z);
    const double inverse = 1.0 / x;
    const double inner = (x > 1.0) ? inverse * inverse : x * x;
    const double rest = symback_log1p_unit(inner);
    return (x > 1.0) ? 2.0 * log(x) + rest : rest;
}

/* Its slope 2z/(1 + z^2), within 1.8 ULP: for |z| > 1 it is 2/(z + 1/z). */
static inline double symback_log1psq_slope(double z)
{
    const double x = fabs(z);
    const double far = 2.0 / (x + 1.0 / x);
    const double near = 2.0 * x / (1.0 + x * x);
    return copysign((x > 1.0) ? far : near, z);
}

/* log(1 - exp(z)) for z < 0, within 2.2 ULP; the branch at -log(2) is that of M. Maechler,
   "Accurately computing log(1 - exp(-|a|))" (2012). Calls log, log1p and expm1. */
static inline double symback_log1mexp(double z)
{
    return (z > -0.6931471805599453) ? log(-expm1(z)) : log1p(-symback_exp(z));
}

/* log(cosh(z)), within 3.1 ULP: for |z| > 1 it is |z| - log(2) + log(1 + exp(-2|z|)); below,
   cosh(z) - 1 is z^2/2*(1 + z^2/12*(1 + z^2/30*(...))), the series of Taylor. */
static inline double symback_logcosh(double z)
{
    const double x = fabs(z);
    const double square = (x > 1.0) ? 1.0 : z * z;
    double series = 1.0;
    int k;
    for (k = 9; k > 0; k--) {
        series = 1.0 + square / (double)((2 * k + 1) * (2 * k + 2)) * series;
    }
    return (x > 1.0) ? x - 0.6931471805599453 + symback_log1p_unit(symback_exp_low(-2.0 * x))
                     : symback_log1p_unit(0.5 * square * series);
}

/* log(exp(a) + exp(b)) = max(a, b) + log(1 + exp(-|a - b|)), within 2 roundings of its parts. */
static inline double symback_logaddexp(double a, double b)
{
    const double apart = (a == b) ? 0.0 : fabs(a - b); /* also where both are infinite */
    const double larger = (a > b) ? a : b;
    return ((a != a) ? a : larger) + symback_log1p_unit(symback_exp_low(-apart));
}

/* -t*log(sigma(z)) - (1 - t)*log(1 - sigma(z)) for 0 <= t <= 1, within 2.2 ULP:
   log(1 + exp(-|z|)) + |z|*(1 - t) for z > 0 and ... + |z|*t elsewhere; no part cancels. */
static inline double symback_binary_cross_entropy(double z, double t)
{
    const double x = fabs(z);
    return symback_log1p_unit(symback_exp_low(-x)) + x * ((z > 0.0) ? 1.0 - t : t);
}

/* Its slope sigma(z) - t, within 3 roundings of its parts: with the share e/(1 + e),
   e = exp(-|z|), it is 1 - t - share for z > 0 and share - t elsewhere. */
static inline double symback_binary_cross_entropy_slope(double z, double t)
{
    const double e = symback_exp_low(-fabs(z));
    const double share = e / (1.0 + e);
    return (z > 0.0) ? (1.0 - t) - share : share - t;
}

/* The larger of two numbers, exactly; fmax would hide a NaN. */
static inline double symback_max(double a, double b)
{
    return ((a > b) || (a != a)) ? a : b;
}

/* The smaller of two numbers, exactly; fmin would hide a NaN. */
static inline double symback_min(double a, double b)
{
    return ((a < b) || (a != a)) ? a : b;
}

/* -1, 0 or 1, exactly. */
static inline double symback_sign(double z)
{
    return (z > 0.0) ? 1.0 : (z < 0.0) ? -1.0 : z;
}

/* z^2, rounded once. */
static inline double symback_square(double z)
{
    return z * z;
}

/* z^3, rounded twice. */
static inline double symback_cube(double z)
{
    return z * (z * z);
}

/* z^4, rounded twice. */
static inline double symback_fourth(double z)
{
    const double square = z * z;
    return square * square;
}

/* A sum and the digits that its roundings have lost. */
static inline void symback_add(double sum[2], double part)
{
    const double whole = sum[0] + part;
    const double before = whole - part;
    sum[1] += (sum[0] - before) + (part - (whole - before));
    sum[0] = whole;
}

/* The sum with its lost digits, within 1 ULP of what was added. */
static inline double symback_sum(const double sum[2])
{
    const double whole = sum[0] + sum[1];
    return (whole == whole) ? whole : sum[0]; /* an infinite sum has no digits to lose */
}
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
/* Functions on the n numbers of a row, n > 0, for generated files of arrays. They are as those of
   kernels.c in all else; what they compute is that of array_kernels.py. */

/* The dot products of the rows of a matrix with v, each of n numbers. Four at a time, which do not
   wait for each other's sums. */
static inline void symback_dots(const double *rows, const double *v, double *to, size_t count,
    size_t n)
{
    size_t row = 0;
    for (; row + 4 <= count; row += 4) {
        const double *const first = rows + row * n;
        const double *const second = first + n;
        const double *const third = second + n;
        const double *const fourth = third + n;
        double sum0 = 0.0;
        double sum1 = 0.0;
        double sum2 = 0.0;
        double sum3 = 0.0;
#pragma omp simd reduction(+ : sum0, sum1, sum2, sum3)
        for (size_t i = 0; i < n; i++) {
            sum0 += first[i] * v[i];
            sum1 += second[i] * v[i];
            sum2 += third[i] * v[i];
            sum3 += fourth[i] * v[i];
        }
        to[row] = sum0;
        to[row + 1] = sum1;
        to[row + 2] = sum2;
        to[row + 3] = sum3;
    }
    for (; row < count; row++) {
        double sum = 0.0;
#pragma omp simd reduction(+ : sum)
        for (size_t i = 0; i < n; i++) {
            sum += rows[row * n + i] * v[i];
        }
        to[row] = sum;
    }
}

/* What brings numbers back into the range of squares, by a sum of theirs; 1 where all are in it. */
static inline double symback_scale_of_squares(double sum)
{
    if (sum > 1e300) {
        return 2.409919865102884e-181;
    }
    return (sum < 1e-280) ? 4.149515568880993e180 : 1.0;
}

/* The largest of n numbers, NaN where there is one. */
static inline double symback_largest(const double *z, size_t n)
{
    double largest = z[0];
    for (size_t i = 1; i < n; i++) {
        largest = ((largest > z[i]) || (largest != largest)) ? largest : z[i];
    }
    return largest;
}

/* z - shift, and 0 where they are equal, also where both are infinite. */
static inline double symback_below(double z, double shift)
{
    return (z == shift) ? 0.0 : z - shift;
}

/* The sum of exp(z - shift). */
static inline double symback_sum_of_exp(const double *z, double shift, size_t n)
{
    double sum = 0.0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++) {
        sum += symback_exp_low(symback_below(z[i], shift));
    }
    return sum;
}

/* exp(z)/sum(exp(z)), shifted by the largest, so that exp can't overflow. */
static inline void symback_softmax(const double *z, double *to, size_t n)
{
    const double shift = symback_largest(z, n);
    double sum = 0.0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++) {
        to[i] = symback_exp_low(symback_below(z[i], shift));
        sum += to[i];
    }
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        to[i] /= sum;
    }
}

/* z - log(sum(exp(z))). Calls log. */
static inline void symback_log_softmax(const double *z, double *to, size_t n)
{
    const double shift = symback_largest(z, n);
    const double rest = log(symback_sum_of_exp(z, shift, n));
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        to[i] = symback_below(z[i], shift) - rest;
    }
}

/* log(sum(exp(z))). Calls log. */
static inline double symback_logsumexp(const double *z, size_t n)
{
    const double shift = symback_largest(z, n);
    return log(symback_sum_of_exp(z, shift, n)) + shift;
}

/* -sum(t*log_softmax(z)), where a t of 0 leaves out an infinite log. Calls log. */
static inline double symback_cross_entropy(const double *z, const double *t, size_t n)
{
    const double shift = symback_largest(z, n);
    const double rest = log(symback_sum_of_exp(z, shift, n));
    double sum = 0.0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++) {
        sum -= (t[i] == 0.0) ? 0.0 : t[i] * (symback_below(z[i], shift) - rest);
    }
    return sum;
}

/* -log_softmax(z)[t], t being the index of a class; NaN where it is none. Calls log. */
static inline double symback_sparse_cross_entropy(const double *z, double t, size_t n)
{
    const double shift = symback_largest(z, n);
    const double rest = log(symback_sum_of_exp(z, shift, n));
    double value = (double)NAN;
    for (size_t i = 0; i < n; i++) {
        if ((double)i == t) {
            value = rest - symback_below(z[i], shift);
        }
    }
    return value;
}

/* 1/sqrt(variance + 1e-5). */
static inline double symback_rsqrt_variance(const double *z, size_t n)
{
    double mean = 0.0;
    double squares = 0.0;
#pragma omp simd reduction(+ : mean)
    for (size_t i = 0; i < n; i++) {
        mean += z[i];
    }
    mean /= (double)n;
#pragma omp simd reduction(+ : squares)
    for (size_t i = 0; i < n; i++) {
        squares += (z[i] - mean) * (z[i] - mean);
    }
    return 1.0 / sqrt(squares / (double)n + 1e-5);
}

/* (z - mean)/sqrt(variance + 1e-5). */
static inline void symback_layer_norm(const double *z, double *to, size_t n)
{
    const double rate = symback_rsqrt_variance(z, n);
    double mean = 0.0;
#pragma omp simd reduction(+ : mean)
    for (size_t i = 0; i < n; i++) {
        mean += z[i];
    }
    mean /= (double)n;
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        to[i] = (z[i] - mean) * rate;
    }
}
void all_exprel(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_exprel(x0[i]); }
void all_exprel_slope(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_exprel_slope(x0[i]); }
void all_inv_exprel(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_inv_exprel(x0[i]); }
void all_inv_exprel_slope(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_inv_exprel_slope(x0[i]); }
void all_inv_expm1(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_inv_expm1(x0[i]); }
void all_inv_add_exp(const double *restrict x0, const double *restrict x1, const double *restrict x2, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_inv_add_exp(x0[i], x1[i], x2[i]); }
void all_expshare(const double *restrict x0, const double *restrict x1, const double *restrict x2, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_expshare(x0[i], x1[i], x2[i]); }
void all_expdiff(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_expdiff(x0[i], x1[i]); }
void all_expm1over(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_expm1over(x0[i], x1[i]); }
void all_overexpm1(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_overexpm1(x0[i], x1[i]); }
void all_overexpm1_slope(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_overexpm1_slope(x0[i], x1[i]); }
void all_expdivdiff(const double *restrict x0, const double *restrict x1, const double *restrict x2, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_expdivdiff(x0[i], x1[i], x2[i]); }
void all_expdivdiff2(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_expdivdiff2(x0[i], x1[i]); }
void all_expexp(const double *restrict x0, const double *restrict x1, const double *restrict x2, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_expexp(x0[i], x1[i], x2[i]); }
void all_expm1exp(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_expm1exp(x0[i], x1[i]); }
void all_powm1(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_powm1(x0[i], x1[i]); }
void all_pow1p(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_pow1p(x0[i], x1[i]); }
void all_pow1pm1(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_pow1pm1(x0[i], x1[i]); }
void all_boxcox(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_boxcox(x0[i], x1[i]); }
void all_boxcox_slope(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_boxcox_slope(x0[i], x1[i]); }
void all_log_sinhc(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_log_sinhc(x0[i]); }
void all_langevin(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_langevin(x0[i]); }
void all_langevin_slope(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_langevin_slope(x0[i]); }
void all_tanhc(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_tanhc(x0[i]); }
void all_tanhc_slope(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_tanhc_slope(x0[i]); }
void all_acosc(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_acosc(x0[i]); }
void all_acosc_slope(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_acosc_slope(x0[i]); }
void all_hypotsub(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_hypotsub(x0[i], x1[i]); }
void all_sqrtsub(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_sqrtsub(x0[i], x1[i]); }
void all_erfcx(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_erfcx(x0[i]); }
void all_erfcx_slope(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_erfcx_slope(x0[i]); }
void all_log_erfc(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_log_erfc(x0[i]); }
void all_log_ndtr(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_log_ndtr(x0[i]); }
void all_xlogx(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_xlogx(x0[i]); }
void all_xlogx1p(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_xlogx1p(x0[i]); }
void all_powlog(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_powlog(x0[i], x1[i]); }
void all_xlogy(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_xlogy(x0[i], x1[i]); }
void all_xlog1py(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_xlog1py(x0[i], x1[i]); }
void all_rel_entr(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_rel_entr(x0[i], x1[i]); }
void all_log_ratio(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_log_ratio(x0[i], x1[i]); }
void all_logit(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_logit(x0[i]); }
void all_sigmadiff(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_sigmadiff(x0[i], x1[i]); }
void all_erfdiff(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_erfdiff(x0[i], x1[i]); }
void all_invdiff(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_invdiff(x0[i], x1[i]); }
void all_sumshare(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_sumshare(x0[i], x1[i]); }
void all_diffshare(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_diffshare(x0[i], x1[i]); }
void all_powshare(const double *restrict x0, const double *restrict x1, const double *restrict x2, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_powshare(x0[i], x1[i], x2[i]); }
void all_powshare_slope(const double *restrict x0, const double *restrict x1, const double *restrict x2, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_powshare_slope(x0[i], x1[i], x2[i]); }
void all_pow1prel(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_pow1prel(x0[i], x1[i]); }
void all_pow1prel_slope(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_pow1prel_slope(x0[i], x1[i]); }
void all_inv_expm1sub(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_inv_expm1sub(x0[i]); }
void all_quadroot(const double *restrict x0, const double *restrict x1, const double *restrict x2, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_quadroot(x0[i], x1[i], x2[i]); }
void all_bateman(const double *restrict x0, const double *restrict x1, const double *restrict x2, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_bateman(x0[i], x1[i], x2[i]); }
void all_bateman_slope(const double *restrict x0, const double *restrict x1, const double *restrict x2, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_bateman_slope(x0[i], x1[i], x2[i]); }
void all_log1pmx(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_log1pmx(x0[i]); }
void all_expm1mx(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_expm1mx(x0[i]); }
void all_sinmx(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_sinmx(x0[i]); }
void all_sinhmx(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_sinhmx(x0[i]); }
void all_tanmx(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_tanmx(x0[i]); }
void all_tanhmx(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_tanhmx(x0[i]); }
void all_asinmx(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_asinmx(x0[i]); }
void all_asinhmx(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_asinhmx(x0[i]); }
void all_atanmx(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_atanmx(x0[i]); }
void all_atanhmx(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_atanhmx(x0[i]); }
void all_log1prel(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_log1prel(x0[i]); }
void all_tanc(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_tanc(x0[i]); }
void all_asinc(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_asinc(x0[i]); }
void all_asinhc(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_asinhc(x0[i]); }
void all_atanc(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_atanc(x0[i]); }
void all_atanhc(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_atanhc(x0[i]); }
void all_log1prel_slope(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_log1prel_slope(x0[i]); }
void all_tanc_slope(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_tanc_slope(x0[i]); }
void all_asinc_slope(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_asinc_slope(x0[i]); }
void all_asinhc_slope(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_asinhc_slope(x0[i]); }
void all_atanc_slope(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_atanc_slope(x0[i]); }
void all_atanhc_slope(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_atanhc_slope(x0[i]); }
void all_sigma_slope(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_sigma_slope(x0[i]); }
void all_softplus(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_softplus(x0[i]); }
void all_silu(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_silu(x0[i]); }
void all_gelu(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_gelu(x0[i]); }
void all_gelu_slope(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_gelu_slope(x0[i]); }
void all_logaddexp(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_logaddexp(x0[i], x1[i]); }
void all_binary_cross_entropy(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_binary_cross_entropy(x0[i], x1[i]); }
void all_sinc(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_sinc(x0[i]); }
void all_sinc_slope(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_sinc_slope(x0[i]); }
void all_log1mexp(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_log1mexp(x0[i]); }
void all_power_slope(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_power_slope(x0[i], x1[i]); }
void all_root_slope(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_root_slope(x0[i], x1[i]); }
void all_power_log(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_power_log(x0[i], x1[i]); }
void all_exp_share(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_exp_share(x0[i], x1[i]); }
void all_nonzero(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_nonzero(x0[i]); }
void all_nonvanishing(const double *restrict x0, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_nonvanishing(x0[i]); }
void all_zero_over(const double *restrict x0, const double *restrict x1, double *restrict y, size_t n)
{ for (size_t i = 0; i < n; i++) y[i] = symback_zero_over(x0[i], x1[i]); }
