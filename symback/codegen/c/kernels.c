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
