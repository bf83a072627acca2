# mypy: disable-error-code="no-untyped-def, no-untyped-call, call-overload"
"""Kernels of differences of one function at two places, and of quotients of differences.

As in `symback.codegen.numpy.exponential_kernels`.
"""

import numpy as np

from symback.codegen.numpy.entropy_kernels import _log_ratio
from symback.codegen.numpy.exponential_kernels import (
    _expdivdiff,
    _expdivdiff2,
    _exprel,
    _exprel_slope,
    _in_float64,
    _inv_expm1,
    _pow1pm1,
    _scaled_exp,
)
from symback.codegen.numpy.kernels import _erf, _erfc
from symback.codegen.numpy.remainder_kernels import _log1pmx, _log1prel, _log1prel_slope
from symback.codegen.numpy.special_kernels import _langevin


def _sigmadiff(a, b):
    """σ(a) - σ(b) = (1 - exp(b - a))·σ(a)·σ(-b) for a > b, its powers of e below 1."""

    def wide(a, b):
        apart = np.where(a == b, 0.0, a - np.where(a == b, 0.0, b))
        larger, smaller = np.maximum(a, b), np.minimum(a, b)
        above = np.sign(apart) * -np.expm1(-np.abs(apart))
        above = above * np.exp(np.minimum(larger, 0.0) - np.maximum(smaller, 0.0))
        return above / ((1.0 + np.exp(-np.abs(larger))) * (1.0 + np.exp(-np.abs(smaller))))

    return _in_float64(wide, a, b)


def _softplusdiff(a, b):
    """softplus(a) - softplus(b) = log(1 + σ(b)·(exp(a - b) - 1)), the plain one for a far b."""

    def wide(a, b):
        apart = a - b
        close = np.abs(apart) < 1.0
        near = np.log1p(np.expm1(np.where(close, apart, 0.0)) / (1.0 + np.exp(-b)))
        plain = np.maximum(a, 0.0) - np.maximum(b, 0.0)
        plain = plain + (np.log1p(np.exp(-np.abs(a))) - np.log1p(np.exp(-np.abs(b))))
        return np.where(close, near, plain)

    return _in_float64(wide, a, b)


def _atandiff(a, b):
    """atan(a) - atan(b) = atan((a - b)/(1 + a·b)) where a and b have one sign."""

    def wide(a, b):
        alike = ((a > 0.0) == (b > 0.0)) & (np.abs(a - b) < np.inf)
        large = np.abs(a) > 1.0
        safe = np.where(large, a, 1.0)
        above = np.where(large, (a - b) / safe, a - b)
        below = np.where(large, 1.0 / safe + b, 1.0 + np.where(large, 0.0, a) * b)
        below = np.where(alike, below, 1.0)
        return np.where(alike, np.arctan(above / below), np.arctan(a) - np.arctan(b))

    return _in_float64(wide, a, b)


def _erfdiff(a, b):
    """erf(a) - erf(b), of erfc where both are beyond 1/2 on one side."""

    def wide(a, b):
        far = (np.minimum(np.abs(a), np.abs(b)) > 0.5) & ((a > 0.0) == (b > 0.0))
        x, y = np.where(far, 0.0, a), np.where(far, 0.0, b)
        u, v = np.where(far, np.abs(a), 1.0), np.where(far, np.abs(b), 1.0)
        return _erf(x) - _erf(y) + np.where(a > 0.0, 1.0, -1.0) * (_erfc(v) - _erfc(u))

    return _in_float64(wide, a, b)


def _invdiff(a, b):
    """1/a - 1/b = (b - a)/x/y where y is the smaller of the two and x the larger."""

    def wide(a, b):
        larger = np.abs(a) > np.abs(b)
        x, y = np.where(larger, a, b), np.where(larger, b, a)
        value = (b - a) / x / y
        infinite = np.isinf(b - a)
        return np.where(infinite, 1.0 / a - 1.0 / b, value) if np.any(infinite) else value

    return _in_float64(wide, a, b)


def _pow1prel(r, n):
    """((1 + r)ⁿ - 1)/r, and n for r = 0."""

    def wide(r, n):
        tiny = np.abs(r) < 1e-290  # n·r may be subnormal
        return np.where(tiny, n, _pow1pm1(r, n) / np.where(tiny, 1.0, r))

    return _in_float64(wide, r, n)


def _pow_rise(x, h, k):
    """(x + h)ᵏ - xᵏ, which is xᵏ·((1 + h/x)ᵏ - 1) where x + h is not far from x.

    Where it is far, it is xᵏ·(exp(z) - 1) for a small z = k·log((x + h)/x).
    """

    def wide(x, h, k):
        near = (np.abs(2.0 * h - 3.0 * x) < 4.5 * np.abs(x)) & (np.abs(x) > 0.0)
        base = np.where(near, x, 1.0)
        inner = base**k * _pow1pm1(np.where(near, h, 0.0) / base, k)
        total, start = x + h, np.where(near, 1.0, x)
        ratio = total / np.where(x > 0.0, x, 1.0)
        z = k * np.log(np.where((x > 0.0) & (ratio > 0.0), ratio, 1.0))
        slight = (x > 0.0) & (ratio > 0.0) & (np.abs(z) < 1.0)
        power = start**k
        plain = total**k - power
        outer = np.where(slight, power * np.expm1(np.where(slight, z, 0.0)), plain)
        return np.where(near, inner, outer)

    return _in_float64(wide, x, h, k)


def _pow1prel_slope(r, n):
    """Its derivative by r, where r is small that of n·exprel(z)·log(1 + r)/r, z = n·log(1 + r)."""

    def wide(r, n):
        close = (r > -0.9) & (r < 5.0)
        near = np.where(close, r, 0.0)
        over = _log1prel(near)
        z = n * over * near
        inner = n * n * _exprel_slope(z) * over / (1.0 + near)
        inner = inner + n * _exprel(z) * _log1prel_slope(near)
        far = np.where(close, 1.0, r)
        outer = (n * (1.0 + far) ** (n - 1.0) - _pow1pm1(far, n) / far) / far
        return np.where(close, inner, outer)

    return _in_float64(wide, r, n)


def _pow1prel_and_slope(r, n):
    """Both, as they are by themselves."""
    return _pow1prel(r, n), _pow1prel_slope(r, n)


def _inv_expm1sub(z):
    """1/(exp(z) - 1) - 1/z, and -1/2 at 0: (langevin(z/2) - 1)/2 below 2."""

    def wide(z):
        far = np.where(np.abs(z) < 2.0, 2.0, z)
        inner = 0.5 * _langevin(0.5 * np.clip(z, -2.0, 2.0)) - 0.5
        return np.where(np.abs(z) < 2.0, inner, _inv_expm1(far) - 1.0 / far)

    return _in_float64(wide, z)


def _quadroot(a, b, c):
    """(√(b² - 4·a·c) - b)/(2·a), which is -2·c/(b + √(b² - 4·a·c)) for b > 0."""

    def wide(a, b, c):
        root = np.sqrt(b * b - 4.0 * a * c)
        below = np.where(b > 0.0, root + np.abs(b), 2.0 * a)
        return np.where(b > 0.0, -2.0 * c, root - np.minimum(b, 0.0)) / below

    return _in_float64(wide, a, b, c)


def _bateman(k, m, t):
    """k·(exp(-m·t) - exp(-k·t))/(k - m), and k·t·exp(-k·t) for k = m."""

    def wide(k, m, t):
        return k * _expdivdiff(-m, -k, t)

    return _in_float64(wide, k, m, t)


def _bateman_slope(k, m, t):
    """Its derivative by k, of the two products where k and m are close, else of the quotient."""

    def wide(k, m, t):
        whole = _expdivdiff(-m, -k, t)
        close = np.abs(k - m) < 0.5 * np.maximum(np.abs(k), np.abs(m))
        end = np.minimum(np.maximum(t, -1e150), 1e150)  # the product is 0 there
        inner = whole - (k * end) * (end * _expdivdiff2(-k * end, -m * end))
        apart = np.where(close | (k == m), 1.0, k - m)
        outer = (_scaled_exp(-k * end, k * end) - m * whole) / apart
        return np.where(close | (k == m), inner, outer)

    return _in_float64(wide, k, m, t)


def _bateman_and_slope(k, m, t):
    """Both, as they are by themselves."""
    return _bateman(k, m, t), _bateman_slope(k, m, t)


def _kl_div(x, y):
    """x·log(x/y) - x + y = y·d² + x·(log(1 + d) - d), d = (x - y)/y, where the two are close."""

    def wide(x, y):
        apart = (x - y) / y
        close = (apart > -0.7) & (apart < 2.0)
        d = np.where(close, apart, 0.0)
        near = y * d * d + x * _log1pmx(d)
        far = np.where(close | (x == 0.0), 1.0, x)
        value = far * _log_ratio(far, np.where(close, 1.0, y)) - far + y
        return np.where(x == 0.0, y, np.where(close, near, value))

    with np.errstate(divide="ignore", invalid="ignore"):
        return _in_float64(wide, x, y)


# -- shares of a sum -----------------------------------------------------------------------------


def _sumshare(a, b):
    """a/(a + b), within 1 ULP where a and b have one sign."""
    return a / (a + b)


def _softsign(x, c):
    """x/(c + |x|), within 1 ULP."""

    def wide(x, c):
        return x / (c + np.abs(x))

    return _in_float64(wide, x, c)


def _hypotshare(x, y):
    """x/√(x² + y²), within 1.5 ULP."""
    return x / np.hypot(x, y)


def _diffshare(a, b):
    """(a - b)/(a + b), within 1.5 ULP where a and b have one sign."""
    return (a - b) / (a + b)


def _binding_root(a, b, k):
    """√((a + b + k)² - 4·a·b), whose terms are positive where the three are."""
    return np.sqrt((a - b) * (a - b) + k * (k + 2.0 * (a + b)))


def _bound(a, b, k):
    """What is bound of a and b: 2·a·b/(s + √(s² - 4·a·b)) with s = a + b + k."""

    def wide(a, b, k):
        total = a + b + k
        root = _binding_root(a, b, k)
        below = np.where(total > 0.0, total + root, 1.0)
        return np.where(total > 0.0, 2.0 * a * (b / below), 0.5 * (total - root))

    return _in_float64(wide, a, b, k)


def _unbound(a, b, k):
    """What is left of a, (d + √)/2 with d = a - b - k, which is 2·a·k/(√ - d) for d < 0."""

    def wide(a, b, k):
        root = _binding_root(a, b, k)
        apart = a - b - k
        below = np.where(apart < 0.0, root - apart, 1.0)
        return np.where(apart < 0.0, 2.0 * a * (k / below), 0.5 * (apart + root))

    return _in_float64(wide, a, b, k)


def _boundshare(a, b, k):
    """The same over a, and b/(b + k) for a = 0."""

    def wide(a, b, k):
        total = a + b + k
        root = _binding_root(a, b, k)
        below = np.where(total > 0.0, total + root, np.where(a == 0.0, 1.0, 2.0 * a))
        value = np.where(total > 0.0, 2.0 * b, total - root) / below
        plain = (total <= 0.0) & (a == 0.0)
        return np.where(plain, b / np.where(plain, b + k, 1.0), value)

    return _in_float64(wide, a, b, k)


def _unboundshare(a, b, k):
    """What is left of 1, (d + √)/(s + √) with d = a + k - b, d + √ = 4·b·k/(√ - d) for d < 0."""

    def wide(a, b, k):
        total = a + b + k
        root = _binding_root(a, b, k)
        apart = a + k - b
        positive = total > 0.0
        below = np.where(positive, total + root, 1.0)
        beyond = np.where(apart < 0.0, root - apart, 1.0)
        value = np.where(apart < 0.0, 4.0 * b * (k / beyond), apart + root) / below
        return np.where(positive, value, 1.0 - _boundshare(a, b, k))

    return _in_float64(wide, a, b, k)


def _powshare(x, k, n):
    """xⁿ/(xⁿ + kⁿ), by the power of the smaller of x and k over the larger: it never overflows."""

    def wide(x, k, n):
        low = np.abs(x) <= np.abs(k)
        power = np.where(low, x / k, k / x) ** np.abs(n)
        return np.where(low == (n > 0.0), power, 1.0) / (1.0 + power)

    with np.errstate(divide="ignore", invalid="ignore"):
        return _in_float64(wide, x, k, n)


def _powshare_slope(x, k, n):
    """Its slope n·xⁿ⁻¹·kⁿ/(xⁿ + kⁿ)² by x."""

    def wide(x, k, n):
        low = np.abs(x) <= np.abs(k)
        power = np.where(low, x / k, k / x) ** np.abs(n)
        of_low = np.where(low & (n != 0.0), x / k, 1.0) ** (np.abs(n) - 1.0) / k
        return n * np.where(low, of_low, power / x) / (1.0 + power) ** 2

    with np.errstate(divide="ignore", invalid="ignore"):
        return _in_float64(wide, x, k, n)


def _powshare_and_slope(x, k, n):
    """Both at once."""
    return _powshare(x, k, n), _powshare_slope(x, k, n)


def _erf_pair(w, s, m, r):
    """w/2 times the sum of exp(m² - (m + r·s)²) and the same of -s."""
    return w * np.exp(-((r * s) ** 2)) * np.cosh(2.0 * m * r * s)


def _erf_pair_slope(w, s, m, r):
    """The same weighed by (1 + s)·(m + r·s)."""
    v = 2.0 * m * r * s
    return w * np.exp(-((r * s) ** 2)) * ((m + r * s * s) * np.cosh(v) - s * (r + m) * np.sinh(v))


def _is_near_of_erf(a, b):
    """Whether exp(-x²) changes little between a and b."""
    return np.abs(a - b) * (1.0 + np.abs(a + b)) < 1.0


def _erfdivdiff(a, b):
    """(erf(a) - erf(b))/(a - b), and 2·exp(-a²)/√π for a = b: the mean of the slope.

    Where a and b are close, by ten points of Gauss and Legendre.
    """

    def wide(a, b):
        near = _is_near_of_erf(a, b)
        m = np.where(near, 0.5 * (a + b), 0.0)
        r = np.where(near, 0.5 * (a - b), 0.0)
        mean = _erf_pair(0.29552422471475287, 0.14887433898163122, m, r)
        mean = mean + _erf_pair(0.26926671930999635, 0.4333953941292472, m, r)
        mean = mean + _erf_pair(0.21908636251598204, 0.6794095682990244, m, r)
        mean = mean + _erf_pair(0.1494513491505806, 0.8650633666889845, m, r)
        mean = mean + _erf_pair(0.06667134430868814, 0.9739065285171717, m, r)
        inner = 1.1283791670955126 * np.exp(-m * m) * mean
        return np.where(near, inner, _erfdiff(a, b) / np.where(near, 1.0, a - b))

    return _in_float64(wide, a, b)


def _erfdivdiff2(a, b):
    """Its slope by a, (2·exp(-a²)/√π - erfdivdiff(a, b))/(a - b), and -2·a·exp(-a²)/√π for a = b.

    Where a and b are close, by ten points of Gauss and Legendre.
    """

    def wide(a, b):
        near = _is_near_of_erf(a, b)
        m = np.where(near, 0.5 * (a + b), 0.0)
        r = np.where(near, 0.5 * (a - b), 0.0)
        mean = _erf_pair_slope(0.29552422471475287, 0.14887433898163122, m, r)
        mean = mean + _erf_pair_slope(0.26926671930999635, 0.4333953941292472, m, r)
        mean = mean + _erf_pair_slope(0.21908636251598204, 0.6794095682990244, m, r)
        mean = mean + _erf_pair_slope(0.1494513491505806, 0.8650633666889845, m, r)
        mean = mean + _erf_pair_slope(0.06667134430868814, 0.9739065285171717, m, r)
        inner = -1.1283791670955126 * np.exp(-m * m) * mean
        apart = np.where(near, 1.0, a - b)
        slope = 1.1283791670955126 * np.exp(-a * a)
        return np.where(near, inner, (slope - _erfdiff(a, b) / apart) / apart)

    return _in_float64(wide, a, b)
