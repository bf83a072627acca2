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
