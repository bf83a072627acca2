/* Functions that C lacks or computes badly, or that compilers don't vectorise. A generated file
   has copies of those that its lines call, and of those that these call. kernels.py says why these
   are written by hand; the others are translated from those for NumPy.

   Each takes and returns double, holds no state and, unless it says so, calls no library, so that
   loops over it become vector code. NaN gives NaN. Accuracies are the largest errors met, in
   units in the last place (ULP), at points of all magnitudes, with and without fused
   multiply-add. */

/* a*b + c, rounded once where the processor does that fast: in polynomials and products of
   matrices only. */
static inline double symback_fma(double a, double b, double c)
{
#if defined(FP_FAST_FMA) || defined(__FMA__) /* which clang defines */
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
   that remains is 5e-19 of exp(r). Terms in pairs, and pairs of pairs, don't wait for each other. */
static inline double symback_expm1_part(double r)
{
    const double r2 = r * r;
    const double r4 = r2 * r2;
    const double p01 = symback_fma(0.16666666666666669, r, 0.5);
    const double p23 = symback_fma(0.008333333333330063, r, 0.041666666666666664);
    const double p45 = symback_fma(0.00019841269863042963, r, 0.0013888888888886554);
    const double p67 = symback_fma(2.7557268476553695e-06, r, 2.4801587317136892e-05);
    const double p89 = symback_fma(2.5100377619606372e-08, r, 2.75572829813734e-07);
    const double low = symback_fma(p23, r2, p01);
    const double middle = symback_fma(p67, r2, p45);
    const double high = symback_fma(2.091123100592285e-09, r2, p89);
    const double p = symback_fma(symback_fma(high, r4, middle), r4, low);
    return symback_fma(p, r2, r);
}

/* z - k*log(2) for whole |k| < 2000: the first product is exact, the second small. */
static inline double symback_rest(double z, double k)
{
    return symback_fma(k, -1.9082149292705877e-10, symback_fma(k, -0.6931471803691238, z));
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

/* exp(z) - 1 for z <= 1.5, within 1.9 ULP: 2^k*(exp(r) - 1) + (2^k - 1). Its steps are those of
   exp_low as far as they go, which a compiler takes once where a loop needs both. */
static inline double symback_expm1_low(double z)
{
    const double shift = 6755399441056767.0;
    const double x = (z < -746.0) ? -746.0 : z;
    const double shifted = symback_fma(x, 1.4426950408889634, shift);
    const double part = symback_expm1_part(symback_rest(x, shifted - shift));
    const double most = (shifted < shift - 1000.0) ? shift - 1000.0 : shifted;
    const double power = symback_power_of_two(most);
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

/* tanh(z), within 3.6 ULP: -m/(2 + m) with m = exp(-2|z|) - 1, and the sign of z; by the quotient
   that its slope has, which a compiler makes once where a loop needs both. */
static inline double symback_tanh(double z)
{
    const double m = symback_expm1_low(-2.0 * fabs(z));
    const double e = symback_exp_low(-2.0 * fabs(z));
    const double inverse = 1.0 / symback_fma(e, 2.0 + e, 1.0);
    return copysign(m * (2.0 + m) * inverse, z);
}

/* Its slope 4e/(1 + e)^2 with e = exp(-2|z|), within 2.8 ULP. */
static inline double symback_tanh_slope(double z)
{
    const double e = symback_exp_low(-2.0 * fabs(z));
    const double inverse = 1.0 / symback_fma(e, 2.0 + e, 1.0);
    return 4.0 * e * inverse;
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

/* Its slope, within 3.6 ULP, also next to its zero -z0: (d + K*(exp(d) - 1))*e/(1 + e)^2 with
   n = -|z|, e = exp(n), d = n + z0 and K = exp(-z0), whose terms have one sign; slope(-z) is
   1 - slope(z). */
static inline double symback_silu_slope(double z)
{
    const double size = fabs(z);
    const double n = (size > 700.0) ? -700.0 : -size;
    const double d = n + 1.2784645427610737;
    const double lost = 1.3995343912896686e-16; /* as z0 is no float64 */
    const double above = (symback_expm1_low(d) * 0.27846454276107385 + lost) + d;
    const double e = symback_exp_low(n);
    const double slope = above * e / symback_fma(e, 2.0 + e, 1.0);
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

/* gelu(z) = z*Phi(z) = max(z, 0) - |z|*Phi(-|z|), within 2.9 ULP. */
static inline double symback_gelu(double z)
{
    const double size = fabs(z);
    const double x = (size > 40.0) ? 40.0 : size; /* gelu(-40) rounds to 0 */
    const double e = symback_gaussian(x);
    const double below = 0.875 + x;
    const double lost = (below - 0.875 - x) / below;
    const double w = symback_tail(x / (x + 5.5) - 0.46285882114615007);
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
    const double k = symback_slope_tail(x / (x + 5.5) - 0.46285882114615007);
    const double m = symback_gaussian_rest(x);
    const double factor = symback_gaussian(x) * (0.7517915246935645 - x - 1.4956759177009883e-17);
    const double slope = (k + (0.015625 + k) * m) * factor + 0.015625 * factor;
    return (z < 0.0) ? slope : 1.0 - slope;
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

/* u - v*floor(u/v), exactly where it has the sign of u; of the sign of v otherwise. */
static inline double symback_mod(double u, double v)
{
    const double rest = fmod(u, v);
    return (rest != 0.0 && (rest < 0.0) != (v < 0.0)) ? rest + v : rest;
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

/* 1/(exp(z) - 1), within 2.0 ULP. */
static inline double symback_inv_expm1(double z)
{
    const double m = expm1(-fabs(z));
    const double e = exp(-fabs(z));
    return ((z < 0.0) ? 1.0 : -e) / m;
}

/* exp(a) - exp(b) = exp(a)*(1 - exp(b - a)) for a > b. */
static inline double symback_expdiff(double a, double b)
{
    const double apart = a - b;
    if (a == b) {
        return (a > 709.0) ? apart : 0.0; /* no number where both are infinite */
    }
    return (a > b) ? symback_scaled_exp(a, -expm1(-apart)) : symback_scaled_exp(b, expm1(apart));
}

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

/* 1/a - 1/b = (b - a)/x/y where y is the smaller of the two and x the larger. */
static inline double symback_invdiff(double a, double b)
{
    if (fabs(b - a) > 1.7976931348623157e308) {
        return 1.0 / a - 1.0 / b;
    }
    return (fabs(a) > fabs(b)) ? (b - a) / a / b : (b - a) / b / a;
}

/* erf(a) - erf(b), of erfc where both are beyond 1/2 on one side. */
static inline double symback_erfdiff(double a, double b)
{
    if (a > 0.5 && b > 0.5) {
        return erfc(b) - erfc(a);
    }
    return (a < -0.5 && b < -0.5) ? erfc(-a) - erfc(-b) : erf(a) - erf(b);
}

/* log(a/b), also where the two are close, and where a/b is no normal number. */
static inline double symback_log_ratio(double a, double b)
{
    const double ratio = a / b;
    const int is_usual = fabs(ratio) > 1e-300 && fabs(ratio) <= 1.7976931348623157e308;
    return (ratio > 0.5 && ratio < 2.0)   ? log1p((a - b) / b)
           : (is_usual || ratio != ratio) ? log(ratio)
                                          : log(fabs(a)) - log(fabs(b));
}

/* log(z/(1 - z)), and 2*atanh(2*z - 1) between 1/4 and 3/4. */
static inline double symback_logit(double z)
{
    return (z > 0.25 && z < 0.75) ? 2.0 * atanh(2.0 * z - 1.0) : log(z / (1.0 - z));
}

/* x^k*log(x), and 0 at 0 for k > 0. */
static inline double symback_powlog(double x, double k)
{
    return (x == 0.0 && k > 0.0) ? 0.0 : pow(x, k) * log(x);
}

/* x^n/(x^n + k^n), by the power of the smaller of x and k over the larger: it never overflows. */
static inline double symback_powshare(double x, double k, double n)
{
    const uint64_t low = fabs(x) <= fabs(k);
    const double power = pow(symback_either(low, x, k) / symback_either(low, k, x), fabs(n));
    return symback_either(low == (n > 0.0), power, 1.0) / (1.0 + power);
}

/* Its slope n*x^(n - 1)*k^n/(x^n + k^n)^2 by x. */
static inline double symback_powshare_slope(double x, double k, double n)
{
    const uint64_t low = fabs(x) <= fabs(k);
    const double large = symback_either(low, k, x);
    const double ratio = symback_either(low, x, k) / large;
    const double power = pow(ratio, fabs(n));
    const double of_low = pow(ratio, fabs(n) - symback_either(n == 0.0, 0.0, 1.0));
    const double whole = 1.0 + power;
    return n * (symback_either(low, of_low, power) / large) / (whole * whole);
}

/* x*log(x/y), and 0 where x is 0. */
static inline double symback_rel_entr(double x, double y)
{
    return (x == 0.0 && y == y) ? 0.0 : x * symback_log_ratio(x, y);
}
