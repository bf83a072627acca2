/* Functions of numbers of type float, for arrays of them: by the steps of kernels.c, with as many
   terms and bits as float has. */

/* a*b + c, rounded once where the processor does that fast. */
static inline float symback_fma_f32(float a, float b, float c)
{
#if defined(FP_FAST_FMAF) || defined(__FMA__)
    return fmaf(a, b, c);
#else
    return a * b + c;
#endif
}

/* The float with these bits: 2^k where they are k + 127 + 1.5*2^23 as a float, whose last bits are
   those of k + 127, for whole k from -126 to 127. */
static inline float symback_power_of_two_f32(float shifted)
{
    uint32_t bits;
    float power;
    memcpy(&bits, &shifted, sizeof bits);
    bits <<= 23;
    memcpy(&power, &bits, sizeof power);
    return power;
}

/* exp(r) - 1 for |r| <= log(2)/2, as r + r^2*p(r): p through 6 Chebyshev nodes, the error that
   remains is 1.6e-9 of r. */
static inline float symback_expm1_part_f32(float r)
{
    const float r2 = r * r;
    const float p01 = symback_fma_f32(0.16666667F, r, 0.5F);
    const float p23 = symback_fma_f32(0.0083333105F, r, 0.041666456F);
    const float p45 = symback_fma_f32(0.0001989198F, r, 0.0013934541F);
    const float p = symback_fma_f32(symback_fma_f32(p45, r2, p23), r2, p01);
    return symback_fma_f32(p, r2, r);
}

/* z - k*log(2) for whole |k| < 2000: the first product is exact, the second small. */
static inline float symback_rest_f32(float z, float k)
{
    return symback_fma_f32(k, 0.00021219444F, symback_fma_f32(k, -0.693359375F, z));
}

/* exp(z) for z <= 0, within 1.0 ULP. */
static inline float symback_exp_low_f32(float z)
{
    const float shift = 12583039.0F; /* 1.5*2^23 + 127: what is added to it is rounded */
    const float x = (z < -104.0F) ? -104.0F : z;
    const float shifted = symback_fma_f32(x, 1.442695F, shift);
    const float part = symback_expm1_part_f32(symback_rest_f32(x, shifted - shift));
    const float most = (shifted < shift - 100.0F) ? shift - 100.0F : shifted;
    const float other = (shifted - most) + shift;
    return (1.0F + part) * symback_power_of_two_f32(most) * symback_power_of_two_f32(other);
}

/* exp(z) - 1 for z <= 1.5, within 1.9 ULP. */
static inline float symback_expm1_low_f32(float z)
{
    const float shift = 12583039.0F;
    const float x = (z < -104.0F) ? -104.0F : z;
    const float shifted = symback_fma_f32(x, 1.442695F, shift);
    const float part = symback_expm1_part_f32(symback_rest_f32(x, shifted - shift));
    const float most = (shifted < shift - 100.0F) ? shift - 100.0F : shifted;
    const float power = symback_power_of_two_f32(most);
    return symback_fma_f32(part, power, power - 1.0F);
}

/* z - shift, and 0 where they are equal, also where both are infinite. */
static inline float symback_below_f32(float z, float shift)
{
    return (z == shift) ? 0.0F : z - shift;
}

/* The sum of exp(z - shift), 256 terms at a time. Short rows fill registers of eight numbers. */
static inline double symback_sum_of_exp_f32(const float *z, double shift, size_t n)
{
    double sum = 0.0;
    for (size_t start = 0; start < n; start += 256) {
        const size_t stop = (n - start > 256) ? start + 256 : n;
        float part = 0.0F;
#pragma omp simd reduction(+ : part) safelen(8)
        for (size_t i = start; i < stop; i++) {
            part += symback_exp_low_f32(symback_below_f32(z[i], (float)shift));
        }
        sum += part;
    }
    return sum;
}

/* exp(z)/sum(exp(z)), shifted by the largest, so that exp can't overflow. */
static inline void symback_softmax_f32(const float *z, float *to, size_t n)
{
    const float shift = (float)symback_largest_f32(z, n);
    const float sum = (float)symback_sum_of_exp_f32(z, shift, n);
#pragma omp simd safelen(8)
    for (size_t i = 0; i < n; i++) {
        to[i] = symback_exp_low_f32(symback_below_f32(z[i], shift)) / sum;
    }
}

/* -sum(t*log_softmax(z)), where a t of 0 leaves out an infinite log. Calls log. */
static inline double symback_cross_entropy_f32(const float *z, const float *t, size_t n)
{
    const float shift = (float)symback_largest_f32(z, n);
    const float rest = (float)log(symback_sum_of_exp_f32(z, shift, n));
    double sum = 0.0;
    for (size_t start = 0; start < n; start += 256) {
        const size_t stop = (n - start > 256) ? start + 256 : n;
        float part = 0.0F;
#pragma omp simd reduction(+ : part) safelen(8)
        for (size_t i = start; i < stop; i++) {
            const float term = t[i] * (symback_below_f32(z[i], shift) - rest);
            part -= (t[i] == 0.0F) ? 0.0F : term;
        }
        sum += part;
    }
    return sum;
}
