# mypy: disable-error-code="no-untyped-def, no-untyped-call, call-overload"
"""Kernels of quotients, products and differences of powers of e, and of powers beside 1.

As in `symback.codegen.numpy.series_kernels`: float32 is computed in float64, which leaves it nearly
exact. Operands may be plain numbers; the result has the dtype that the arrays have. Where the exact
value is beyond the largest float the result is infinite, without a warning.
"""

import numpy as np


def _in_float64(kernel, *operands):
    """The kernel of the operands in float64, in the dtype that they have together.

    Of long arrays it takes blocks that stay in the cache: half the time.
    """
    dtype = np.result_type(*operands, 0.5)
    wide = [np.asarray(o, np.float64) for o in operands]
    with np.errstate(over="ignore"):
        if max(o.size for o in wide) <= 16384:
            return kernel(*wide).astype(dtype)[()]
        shape = np.broadcast_shapes(*(o.shape for o in wide))
        flat = [np.broadcast_to(o, shape).ravel() if o.ndim else o for o in wide]
        values = np.empty(shape, dtype)
        long = values.reshape(-1)
        for i in range(0, long.size, 8192):
            long[i : i + 8192] = kernel(*(o[i : i + 8192] if o.ndim else o for o in flat))
        return values


# -- quotients and differences of powers of e ----------------------------------------------------


def _exp_rest(d):
    """(exp(-d) - 1 + d)/d² for d ≥ 0; below 2 it is exp(-d)/2 times a series of positive terms."""
    near = np.minimum(d, 2.0)
    far = np.maximum(d, 2.0)
    series = 1.0
    for k in range(24, -1, -1):
        series = 1.0 + (k + 2) / ((k + 1) * (k + 3)) * near * series
    tail = (np.exp(-far) / far + (1.0 - 1.0 / far)) / far
    return np.where(d < 2.0, 0.5 * np.exp(-near) * series, tail)


def _exp_start(d):
    """(1 - exp(-d)·(1 + d))/d² for d ≥ 0; below 2 it is exp(-d)·Σ dᵏ/(k + 2)!."""
    near = np.minimum(d, 2.0)
    far = np.maximum(d, 2.0)
    series = 0.0
    for k in range(24, -1, -1):
        series = (1.0 + near * series) / (k + 2)
    end = np.minimum(far, 800.0)  # exp(-800) is 0
    tail = (1.0 - np.exp(-end) * (1.0 + end)) / far / far
    return np.where(d < 2.0, np.exp(-near) * series, tail)


def _scaled_exp(m, factor):
    """exp(m)·factor, where exp(m) is beyond the floats and the product is not; 0 for m = -∞."""
    half = np.exp(0.5 * m)
    factor = np.where(m == -np.inf, 0.0, factor)
    return np.where(np.abs(m) > 700.0, factor * half * half, np.exp(np.minimum(m, 700.0)) * factor)


def _expm1_over(z):
    """(exp(z) - 1)/z for z ≤ 0, and 1 at 0."""
    below = np.maximum(np.where(z == 0.0, 1.0, z), -1e300)
    return np.where(z == 0.0, 1.0, np.expm1(z) / below)


def _exprel(z):
    """(exp(z) - 1)/z, and 1 at 0, within 2.0 ULP."""

    def wide(z):
        return _scaled_exp(np.maximum(z, 0.0), _expm1_over(-np.abs(z)))

    return _in_float64(wide, z)


def _exprel_slope(z):
    """Its slope (exp(z)·(z - 1) + 1)/z², and 1/2 at 0, within 2.5 ULP."""

    def wide(z):
        d = np.abs(z)
        return np.where(z < 0.0, _exp_start(d), _scaled_exp(np.maximum(z, 0.0), _exp_rest(d)))

    return _in_float64(wide, z)


def _exprel_and_slope(z):
    """Both, as they are by themselves."""
    return _exprel(z), _exprel_slope(z)


def _expm1over(k, u):
    """(exp(k·u) - 1)/k, and u for k = 0."""

    def wide(k, u):
        return u * _exprel(k * u)

    return _in_float64(wide, k, u)


def _overexpm1(x, r):
    """x/(exp(r·x) - 1), and 1/r for x = 0."""

    def wide(x, r):
        return _inv_exprel(r * x) / r

    return _in_float64(wide, x, r)


def _overexpm1_slope(x, r):
    """Its derivative by x."""

    def wide(x, r):
        return _inv_exprel_slope(r * x)

    return _in_float64(wide, x, r)


def _overexpm1_and_slope(x, r):
    """Both, as they are by themselves."""
    return _overexpm1(x, r), _overexpm1_slope(x, r)


def _inv_exprel(z):
    """z/(exp(z) - 1), and 1 at 0, within 2.0 ULP: exp(-z)·z/(1 - exp(-z)) for z > 0."""

    def wide(z):
        return _scaled_exp(-np.maximum(z, 0.0), 1.0 / _expm1_over(-np.abs(z)))

    return _in_float64(wide, z)


def _inv_exprel_slope(z):
    """Its slope, and -1/2 at 0, within 3.0 ULP."""

    def wide(z):
        d = np.abs(z)
        below = _expm1_over(-d)
        above = np.where(z < 0.0, _exp_start(d), _exp_rest(d)) / below / below
        end = np.minimum(np.maximum(d, 2.0), 800.0)
        left = (1.0 - np.exp(-end) * (1.0 + end)) / np.expm1(-end) ** 2
        right = _scaled_exp(-np.maximum(z, 0.0), above)
        return np.where(z < -2.0, -left, -right)

    return _in_float64(wide, z)


def _inv_exprel_and_slope(z):
    """Both, as they are by themselves."""
    return _inv_exprel(z), _inv_exprel_slope(z)


def _inv_expm1(z):
    """1/(exp(z) - 1), within 2.0 ULP: exp(-z)/(1 - exp(-z)) for z > 0."""

    def wide(z):
        return np.exp(-np.maximum(z, 0.0)) / (np.sign(z) * -np.expm1(-np.abs(z)))

    return _in_float64(wide, z)


def _inv_add_exp(a, b, u):
    """1/(a + b·exp(u)): exp(-u)/(a·exp(-u) + b) for u > 0."""

    def wide(a, b, u):
        e = np.exp(-np.abs(u))
        above = np.where(u > 0.0, e, 1.0)
        below = np.where(u > 0.0, a * e + b, a + b * e)
        alone = (b == 0.0) & (u > 0.0)
        return np.where(alone, 1.0, above) / np.where(alone, a, below)

    return _in_float64(wide, a, b, u)


def _expshare(a, b, u):
    """a/(a + b·exp(u)): a·exp(-u)/(a·exp(-u) + b) for u > 0."""

    def wide(a, b, u):
        e = np.exp(-np.abs(u))
        first = np.where(u > 0.0, a * e, a)
        below = first + np.where(u > 0.0, b, b * e)
        alone = (b == 0.0) & (a != 0.0)
        return np.where(alone, 1.0, first) / np.where(alone, 1.0, below)

    return _in_float64(wide, a, b, u)


def _expdiff(a, b):
    """exp(a) - exp(b) = exp(a)·(1 - exp(b - a)) for a > b."""

    def wide(a, b):
        apart = np.where(a == b, 0.0, a - np.where(a == b, 0.0, b))
        return _scaled_exp(np.maximum(a, b), np.sign(apart) * -np.expm1(-np.abs(apart)))

    return _in_float64(wide, a, b)


def _expdivdiff(a, b, t):
    """(exp(a·t) - exp(b·t))/(a - b), and t·exp(a·t) for a = b.

    It is t·exp(u)·(1 - exp(-d))/d, u being the larger of a·t and b·t, and d = |a - b|·|t|.
    """

    def wide(a, b, t):
        apart = np.abs(np.where(a == b, 0.0, a) - np.where(a == b, 0.0, b))
        d = apart * np.where(apart == 0.0, 0.0, np.abs(t))
        far = np.copysign(-np.expm1(-d), t) / np.where(d > 1.0, apart, 1.0)
        u = np.maximum(a * np.where(a == 0.0, 0.0, t), b * np.where(b == 0.0, 0.0, t))
        return _scaled_exp(u, np.where(d > 1.0, far, t * _expm1_over(-d)))

    return _in_float64(wide, a, b, t)


def _expdivdiff2(a, b):
    """The derivative of (exp(a) - exp(b))/(a - b) by a."""

    def wide(a, b):
        d = np.abs(a - b)
        return _scaled_exp(np.maximum(a, b), np.where(a < b, _exp_start(d), _exp_rest(d)))

    return _in_float64(wide, a, b)


def _expexp(a, b, u):
    """exp(a + b·exp(u)), also where exp(u) overflows and the value is 0."""

    def wide(a, b, u):
        return np.exp(a + b * np.exp(np.minimum(u, 709.0)))

    return _in_float64(wide, a, b, u)


def _expm1exp(b, u):
    """exp(b·exp(u)) - 1."""

    def wide(b, u):
        return np.expm1(b * np.exp(np.minimum(u, 709.0)))

    return _in_float64(wide, b, u)


def _logwsumexp(*operands):
    """log(w₁·exp(u₁) + w₂·exp(u₂) + …), weights of any sign.

    The largest term is taken out: it is u + log(w) + log(1 + rest/w), if w is positive. Where all
    u are small and the weights add up to about 1, it is log(1 + w₁·expm1(u₁) + …).
    """

    def wide(*operands):
        pairs = list(zip(operands[::2], operands[1::2], strict=True))
        with np.errstate(divide="ignore", invalid="ignore"):
            sizes = [np.log(np.abs(w)) + u for w, u in pairs]
            place, largest = np.zeros((), int), sizes[0]
            for k, size in enumerate(sizes):
                place = np.where(size > largest, k, place)
                largest = np.maximum(size, largest)
            w = u = rest = excess = widest = np.zeros(())
            for k, (v, x) in enumerate(pairs):
                w = np.where(place == k, v, w)
                u = np.where((place == k) & np.isfinite(x), x, u)
            for k, (v, x) in enumerate(pairs):
                rest = rest + np.where(place == k, 0.0, v * np.exp(x - u))
                widest = np.maximum(widest, np.abs(x))
            others = total = np.zeros(())
            for k, (v, x) in enumerate(pairs):
                excess = excess + np.where(widest < 0.5, v * np.expm1(x), 0.0)
                others = others + np.where(place == k, 0.0, v)
                total = total + v
            shares = (total == 1.0) & (w != 1.0)  # p and 1 - p, which was rounded
            excess = excess + np.where(shares, 0.0, (w - 1.0) + others)
            value = np.where(largest == np.inf, largest, u) + np.where(
                (w > 0.0) & (np.abs(rest) < 0.5 * w),
                np.log(w) + np.log1p(rest / w),
                np.log(w + rest),
            )
            near = (widest < 0.5) & (np.abs(excess) < 0.5)
            return np.where(near, np.log1p(np.where(near, excess, 0.0)), value)

    return _in_float64(wide, *operands)


# -- powers beside 1 -----------------------------------------------------------------------------


def _powm1(x, k):
    """xᵏ - 1, through the log where it is small."""

    def wide(x, k):
        z = k * np.log(np.where(x > 0.0, x, 1.0))
        near = (x > 0.0) & (np.abs(z) < 1.0)
        far = np.where(near, 1.0, x) ** k - 1.0
        return np.where(near, np.expm1(np.where(near, z, 0.0)), far)

    return _in_float64(wide, x, k)


def _pow1pm1(x, k):
    """(1 + x)ᵏ - 1, through the log where it or x is small."""

    def wide(x, k):
        z = k * np.log1p(np.where(x > -1.0, x, 0.0))
        near = (x > -1.0) & ((np.abs(x) < 0.5) | (np.abs(z) < 1.0))
        far = (1.0 + np.where(near, 0.0, x)) ** k - 1.0
        return np.where(near, np.expm1(np.where(near, z, 0.0)), far)

    return _in_float64(wide, x, k)


def _pow1p(x, k):
    """(1 + x)ᵏ, through the log where x is small."""

    def wide(x, k):
        near = np.abs(x) < 0.5
        small = np.where(near, x, 0.0)
        return np.where(near, np.exp(k * np.log1p(small)), (1.0 + np.where(near, 0.0, x)) ** k)

    return _in_float64(wide, x, k)


def _boxcox(x, k):
    """(xᵏ - 1)/k, and log(x) for k = 0; log(x)·(exp(z) - 1)/z for a small z = k·log(x)."""

    def wide(x, k):
        log = np.log(np.where(x > 0.0, x, 1.0))
        z = k * log
        near = (x > 0.0) & (np.abs(z) < 1.0)
        small = np.where(near, z, 0.0)
        far = (np.where(near, 1.0, x) ** k - 1.0) / np.where(k == 0.0, 1.0, k)
        at_zero = np.where(x == 0.0, -np.inf, np.nan)
        far = np.where((k == 0.0) & ~near, at_zero, far)
        return np.where(
            near, log * _scaled_exp(np.maximum(small, 0.0), _expm1_over(-np.abs(small))), far
        )

    return _in_float64(wide, x, k)


def _boxcox_slope(x, k):
    """Its derivative by k, log(x)²·(exp(z)·(z - 1) + 1)/z² with z = k·log(x)."""

    def wide(x, k):
        log = np.log(np.where(x > 0.0, x, 1.0))
        z = k * log
        far = (x**k * (z - 1.0) + 1.0) / np.where(k == 0.0, 1.0, k) ** 2
        far = np.where((x == 0.0) & (k > 0.0), 1.0 / np.where(k == 0.0, 1.0, k) ** 2, far)
        far = np.where((x < 0.0) | ((x == 0.0) & (k <= 0.0)), np.nan, far)
        small = np.where(np.abs(z) < 2.0, z, 0.0)
        d = np.abs(small)
        near = np.where(small < 0.0, _exp_start(d), np.exp(d) * _exp_rest(d))
        return np.where((np.abs(z) < 2.0) & (x > 0.0), log * log * near, far)

    return _in_float64(wide, x, k)


def _boxcox_and_slope(x, k):
    """Both, as they are by themselves."""
    return _boxcox(x, k), _boxcox_slope(x, k)
