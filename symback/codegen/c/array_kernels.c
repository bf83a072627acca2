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
        to[i] = to[i] / sum;
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

/* The most samples of a tile, each of which has so many numbers: as many as stay in the cache, and
   whole blocks. */
static inline size_t symback_largest_tile(size_t numbers)
{
    const size_t most = SYMBACK_CACHED / (numbers + 1) / SYMBACK_ROWS * SYMBACK_ROWS;
    const size_t least = 4 * SYMBACK_ROWS;
    return (most < least) ? least : (most > 256) ? 256 / SYMBACK_ROWS * SYMBACK_ROWS : most;
}

/* The samples of each tile, so that the last one is not much smaller than the others. */
static inline size_t symback_tile(size_t count, size_t numbers)
{
    const size_t most = symback_largest_tile(numbers);
    const size_t tiles = (count + most - 1) / most;
    const size_t even = (count + tiles - 1) / ((tiles == 0) ? 1 : tiles);
    return (count <= most) ? count : (even + SYMBACK_ROWS - 1) / SYMBACK_ROWS * SYMBACK_ROWS;
}

/* A block of a product: rows of a, of which each begins at its own place, times n rows of b. All
   sums of the block stay in registers, each goes through its terms in their order. */
static inline void symback_block(const double *const a[SYMBACK_ROWS], size_t a_column,
    const double *b, size_t b_row, double *to, size_t to_row, size_t n, int adds)
{
    double sums[SYMBACK_ROWS][SYMBACK_COLUMNS] = {{0.0}};
    const double *rows[SYMBACK_ROWS];
    for (size_t i = 0; i < SYMBACK_ROWS; i++) {
        rows[i] = a[i];
    }
    for (size_t p = 0; p < n; p++) {
        for (size_t i = 0; i < SYMBACK_ROWS; i++) {
            const double factor = rows[i][p * a_column];
#pragma omp simd
            for (size_t j = 0; j < SYMBACK_COLUMNS; j++) {
                sums[i][j] = symback_fma(factor, b[p * b_row + j], sums[i][j]);
            }
        }
    }
    for (size_t i = 0; i < SYMBACK_ROWS; i++) {
#pragma omp simd
        for (size_t j = 0; j < SYMBACK_COLUMNS; j++) {
            to[i * to_row + j] = (adds ? to[i * to_row + j] : 0.0) + sums[i][j];
        }
    }
}

/* The same for half as many columns. */
static inline void symback_narrow_block(const double *const a[SYMBACK_ROWS], size_t a_column,
    const double *b, size_t b_row, double *to, size_t to_row, size_t n)
{
    double sums[SYMBACK_ROWS][SYMBACK_COLUMNS / 2] = {{0.0}};
    const double *rows[SYMBACK_ROWS];
    for (size_t i = 0; i < SYMBACK_ROWS; i++) {
        rows[i] = a[i];
    }
    for (size_t p = 0; p < n; p++) {
        for (size_t i = 0; i < SYMBACK_ROWS; i++) {
            const double factor = rows[i][p * a_column];
#pragma omp simd
            for (size_t j = 0; j < SYMBACK_COLUMNS / 2; j++) {
                sums[i][j] = symback_fma(factor, b[p * b_row + j], sums[i][j]);
            }
        }
    }
    for (size_t i = 0; i < SYMBACK_ROWS; i++) {
#pragma omp simd
        for (size_t j = 0; j < SYMBACK_COLUMNS / 2; j++) {
            to[i * to_row + j] = sums[i][j];
        }
    }
}

/* All rows of a times so many columns of b, not more than a block has; what a block has beyond the
   edges is computed and left out. */
static inline void symback_blocks(size_t count, size_t columns, size_t n, const double *a,
    size_t a_row, size_t a_column, const double *b, size_t b_row, double *to, size_t to_row, int adds)
{
    const double *at[SYMBACK_ROWS];
    double part[SYMBACK_ROWS * SYMBACK_COLUMNS];
    for (size_t first = 0; first < count; first += SYMBACK_ROWS) {
        const size_t rows = (count - first < SYMBACK_ROWS) ? count - first : SYMBACK_ROWS;
        double *const place = to + first * to_row;
        for (size_t i = 0; i < SYMBACK_ROWS; i++) {
            at[i] = a + (first + ((i < rows) ? i : 0)) * a_row;
        }
        if (rows == SYMBACK_ROWS && columns == SYMBACK_COLUMNS) {
            symback_block(at, a_column, b, b_row, place, to_row, n, adds);
            continue;
        }
        if (columns <= SYMBACK_COLUMNS / 2) {
            symback_narrow_block(at, a_column, b, b_row, part, SYMBACK_COLUMNS, n);
        } else {
            symback_block(at, a_column, b, b_row, part, SYMBACK_COLUMNS, n, 0);
        }
        for (size_t i = 0; i < rows; i++) {
            for (size_t j = 0; j < columns; j++) {
                const double sum = part[i * SYMBACK_COLUMNS + j];
                place[i * to_row + j] = (adds ? place[i * to_row + j] : 0.0) + sum;
            }
        }
    }
}

/* Copies so many columns of b, of n terms each, to lie side by side, and zeros behind them. */
static inline void symback_panel(size_t columns, size_t n, const double *b, size_t b_row,
    size_t b_column, double *panel)
{
    if (columns == SYMBACK_COLUMNS && b_column == 1) {
        for (size_t p = 0; p < n; p++) {
            memcpy(panel + p * SYMBACK_COLUMNS, b + p * b_row, SYMBACK_COLUMNS * sizeof *b);
        }
        return;
    }
    for (size_t j = 0; j < SYMBACK_COLUMNS; j++) {
        for (size_t p = 0; p < n; p++) {
            panel[p * SYMBACK_COLUMNS + j] = (j < columns) ? b[p * b_row + j * b_column] : 0.0;
        }
    }
}

/* A matrix of so many rows and n columns times one of n rows and so many columns. What lies in
   memory row by row has its number of columns as the distance of its rows and 1 as that of its
   columns; a transposed one the other way round. Every entry is the sum of its terms in their
   order, 256 at a time, whatever the block; that of few rows times a transposed matrix is made of
   dot products, whose terms are added side by side. */
static inline void symback_product(size_t count, size_t columns, size_t n, const double *a,
    size_t a_row, size_t a_column, const double *b, size_t b_row, size_t b_column, double *to,
    size_t to_row, int adds)
{
    double panel[SYMBACK_TERMS * SYMBACK_COLUMNS];
    if (count * columns * n <= 64) { /* too little for blocks */
        for (size_t i = 0; i < count; i++) {
            for (size_t j = 0; j < columns; j++) {
                double sum = 0.0;
                for (size_t p = 0; p < n; p++) {
                    sum = symback_fma(a[i * a_row + p * a_column], b[p * b_row + j * b_column], sum);
                }
                to[i * to_row + j] = (adds ? to[i * to_row + j] : 0.0) + sum;
            }
        }
        return;
    }
    if (count < 4 && a_column == 1 && b_row == 1 && b_column == n && !adds) {
        for (size_t i = 0; i < count; i++) {
            symback_dots(b, a + i * a_row, to + i * to_row, columns, n);
        }
        return;
    }
    if (n == 1 && b_column == 1 && adds) {
        for (size_t i = 0; i < count; i++) {
            const double factor = a[i * a_row];
#pragma omp simd
            for (size_t j = 0; j < columns; j++) {
                to[i * to_row + j] = symback_fma(factor, b[j], to[i * to_row + j]);
            }
        }
        return;
    }
    for (size_t p = 0; p == 0 || p < n; p += SYMBACK_TERMS) {
        const size_t terms = (n - p < SYMBACK_TERMS) ? n - p : SYMBACK_TERMS;
        for (size_t j = 0; j < columns; j += SYMBACK_COLUMNS) {
            const size_t some = (columns - j < SYMBACK_COLUMNS) ? columns - j : SYMBACK_COLUMNS;
            const double *const first = b + p * b_row + j * b_column;
            const int reused = count > SYMBACK_ROWS || some < SYMBACK_COLUMNS || b_column != 1;
            if (reused) {
                symback_panel(some, terms, first, b_row, b_column, panel);
            }
            symback_blocks(count, some, terms, a + p * a_column, a_row, a_column,
                reused ? panel : first, reused ? SYMBACK_COLUMNS : b_row, to + j, to_row,
                adds || p > 0);
        }
    }
}
