# mypy: disable-error-code="no-untyped-def, no-untyped-call, call-overload"
"""Kernels of the Bessel functions, of whole and half order from 0 to 52.

As in `symback.codegen.numpy.exponential_kernels`. The method is that of recurrences in the
direction in which they are stable (NIST Digital Library of Mathematical Functions, 10.74):
downwards by quotients of neighbours, with the sums that fix their size (10.12.4, 10.35.5),
upwards from the two lowest orders, and far out the expansions of Hankel (10.17, 10.40).
Orders are counted from 0, or from -1/2 where they are half: `low` is the one, `place` the distance
from it.
"""

import numpy as np

from symback.codegen.numpy.exponential_kernels import _in_float64
from symback.codegen.numpy.gamma_kernels import _horner


def _is_whole(x):
    """Whether a number is whole."""
    return x == np.rint(x)


def _hankel_even(order, z):
    """The sum of even terms in the expansion of Hankel, 10.17.3."""
    square = 4.0 * order * order
    w = 1.0 / (64.0 * z * z)
    total = 1.0 + 0.0 * z
    for k in range(9, 0, -1):
        total = 1.0 - total * w * (
            (square - (4 * k - 3) ** 2) * (square - (4 * k - 1) ** 2) / ((2 * k - 1) * (2 * k))
        )
    return total


def _hankel_odd(order, z):
    """The sum of odd terms in the expansion of Hankel, 10.17.3."""
    square = 4.0 * order * order
    w = 1.0 / (64.0 * z * z)
    total = 1.0 + 0.0 * z
    for k in range(9, 0, -1):
        total = 1.0 - total * w * (
            (square - (4 * k - 1) ** 2) * (square - (4 * k + 1) ** 2) / ((2 * k) * (2 * k + 1))
        )
    return (square - 1.0) / (8.0 * z) * total


def _upwards(n, low, even, odd, z):
    """The function of order n from its two lowest ones: f(v + 1) = 2·v/z·f(v) - f(v - 1)."""
    place, twice = n - low, 2.0 / z
    for k in range(1, 53, 2):
        even = np.where(k < place, twice * (k + low) * odd - even, even)
        odd = np.where(k + 1 < place, twice * (k + 1 + low) * even - odd, odd)
    return np.where(_is_whole(0.5 * place), even, odd)


def _besselj_far(n, z):
    """J(n, z) far out."""
    size = 0.7978845608028654 / np.sqrt(z)
    sine, cosine = np.sin(z), np.cos(z)
    both, less = 0.7071067811865476 * (sine + cosine), 0.7071067811865476 * (sine - cosine)
    zero = _hankel_even(0.0, z) * both - _hankel_odd(0.0, z) * less
    one = _hankel_even(1.0, z) * less + _hankel_odd(1.0, z) * both
    whole = _is_whole(n)
    low = np.where(whole, 0.0, -0.5)
    first, second = np.where(whole, zero, cosine), np.where(whole, one, sine)
    return size * _upwards(n, low, first, second, z)


def _besselj_near(n, z):
    """J(n, z) for 0 ≤ z ≤ 52."""
    low = np.where(_is_whole(n), 0.0, -0.5)
    place = n - low
    ratio, share, total = 0.0 * z, 1.0 + 0.0 * z, 2.0 + 0.0 * z
    for k in range(116, 0, -2):
        ratio = z / (2.0 * (k + low) - z * ratio + 1e-300)
        share = np.where(k > place, share, share * ratio)
        total = total * ratio
        ratio = z / (2.0 * (k - 1 + low) - z * ratio + 1e-300)
        share = np.where(k - 1 > place, share, share * ratio)
        total = 2.0 + total * ratio
    size = 0.7978845608028654 / np.sqrt(np.maximum(z, 1e-300))
    half = size * (ratio * np.sin(z) + np.cos(z)) / (ratio * ratio + 1.0)
    return np.where(_is_whole(n), share / (total - 1.0), share * half)


def _besselj(n, z):
    """The Bessel function of the first kind."""

    def wide(n, z):
        x = np.abs(z)
        near = _besselj_near(n, np.minimum(x, 52.0))
        far = _besselj_far(n, np.minimum(np.maximum(x, 52.0), 1e300))
        value = np.where(x > 52.0, far, near)
        value = np.where(x == np.inf, 0.0, value)
        odd = np.where(_is_whole(0.5 * n), 1.0, np.where(_is_whole(n), -1.0, np.nan))
        return np.where(z < 0.0, odd * value, np.where(np.isnan(z), z, value))

    with np.errstate(all="ignore"):
        return _in_float64(wide, n, z)


def _bessely_far(n, z):
    """Y(n, z) far out, and anywhere for half orders."""
    size = 0.7978845608028654 / np.sqrt(z)
    sine, cosine = np.sin(z), np.cos(z)
    both, less = 0.7071067811865476 * (sine + cosine), 0.7071067811865476 * (sine - cosine)
    zero = _hankel_even(0.0, z) * less + _hankel_odd(0.0, z) * both
    one = _hankel_odd(1.0, z) * less - _hankel_even(1.0, z) * both
    whole = _is_whole(n)
    low = np.where(whole, 0.0, -0.5)
    first, second = np.where(whole, zero, sine), np.where(whole, one, -cosine)
    return _upwards(n, low, size * first, size * second, z)


def _bessely_near(n, z):
    """Y(n, z) for a whole number n and 0 < z ≤ 52, by sums over J: 10.23.16 and its derivative."""
    ratio, total, even, odd = 0.0 * z, 2.0 + 0.0 * z, 0.0 * z, 0.0 * z
    for k in range(116, 2, -2):
        ratio = z / (2.0 * k - z * ratio + 1e-300)
        total = total * ratio
        even = (2.0 / k - even) * ratio
        odd = odd * ratio
        ratio = z / (2.0 * (k - 1) - z * ratio + 1e-300)
        total = 2.0 + total * ratio
        even = even * ratio
        odd = (4.0 * (k - 1) / (k * (k - 2)) - odd) * ratio
    second = z / (4.0 - z * ratio + 1e-300)
    part, below = z * second, 2.0 - z * second  # J(0) is below/(below + total·part)
    size = 0.6366197723675814 / (below + total * part)
    log = np.log(0.5 * z) + 0.5772156649015329
    start = size * (below * log + 2.0 * (1.0 - even) * part)
    following = size * (z * (log - 1.0) + odd * part) - size * below / z
    return _upwards(n, 0.0, start, following, z)


def _bessely(n, z):
    """The Bessel function of the second kind."""

    def wide(n, z):
        whole = _is_whole(n)
        near = _bessely_near(n, np.minimum(z, 52.0))
        far = _bessely_far(n, np.minimum(np.maximum(z, np.where(whole, 52.0, 0.0)), 1e300))
        value = np.where(whole & (z <= 52.0), near, far)
        value = np.where((z < 1.0) & np.isnan(value), -np.inf, value)
        value = np.where(z == 0.0, -np.inf, np.where(z == np.inf, 0.0, value))
        return np.where(z < 0.0, np.nan, np.where(np.isnan(z), z, value))

    with np.errstate(all="ignore"):
        return _in_float64(wide, n, z)


# -- modified -------------------------------------------------------------------------------------


def _besseli_near(n, z):
    """exp(-z)·I(n, z) for 0 ≤ z ≤ 500."""
    low = np.where(_is_whole(n), 0.0, -0.5)
    place = n - low
    ratio, share, total = 0.0 * z, 1.0 + 0.0 * z, 2.0 + 0.0 * z
    for k in range(212, 0, -1):
        ratio = z / (2.0 * (k + low) + z * ratio)
        share = np.where(k > place, share, share * ratio)
        total = 2.0 + total * ratio
    size = 0.3989422804014327 / np.sqrt(np.maximum(z, 1e-300))
    half = share * size * (1.0 + np.exp(-2.0 * z))
    return np.where(_is_whole(n), share / (total - 1.0), half)


def _besseli_far(n, z):
    """exp(-z)·I(n, z) for z ≥ 500, by 10.40.1."""
    square = 4.0 * n * n
    w = 0.125 / z
    total = 1.0 + 0.0 * z
    for k in range(48, 0, -1):
        total = 1.0 - total * w * ((square - (2 * k - 1) ** 2) / k)
    return 0.3989422804014327 / np.sqrt(z) * total


def _besseli(n, z):
    """The modified Bessel function of the first kind."""

    def wide(n, z):
        x = np.abs(z)
        near = _besseli_near(n, np.minimum(x, 500.0))
        far = _besseli_far(n, np.minimum(np.maximum(x, 500.0), 1e300))
        root = np.exp(0.5 * np.minimum(x, 1400.0))
        value = np.where(x > 500.0, far, near) * root * root
        odd = np.where(_is_whole(0.5 * n), 1.0, np.where(_is_whole(n), -1.0, np.nan))
        return np.where(z < 0.0, odd * value, np.where(np.isnan(z), z, value))

    with np.errstate(all="ignore"):
        return _in_float64(wide, n, z)


def _besselk_series(n, z):
    """K(0, z), or K(1, z) for n = 1, of 0 < z ≤ 1, by 10.31.1."""
    square = z * z
    log = np.log(0.5 * z)
    # fmt: off
    zero = _horner((
        -0.5772156649015329, 0.10569608377461678, 0.014418505235913549,
        0.0005451899602568578, 1.0214014135957849e-05, 1.1570350941513404e-07,
        8.819883064451181e-10, 4.843198560366338e-12, 2.009199025022224e-14,
    ), square) - log * _horner((
        1.0, 0.25, 0.015625,
        0.00043402777777777775, 6.781684027777777e-06, 6.781684027777778e-08,
        4.709502797067901e-10, 2.4028075495244395e-12, 9.385966990329842e-15,
    ), square)
    one = _horner((
        0.03860783245076643, -0.042049020943654196, -0.002837111983763369,
        -7.493042905988501e-05, -1.0892182538735626e-06, -1.0112909397634626e-08,
        -6.54019722956043e-11, -3.12085877013226e-13, -1.1451907144886734e-15,
    ), square) + log * _horner((
        0.5, 0.0625, 0.0026041666666666665,
        5.425347222222222e-05, 6.781684027777778e-07, 5.651403356481481e-09,
        3.363930569334215e-11, 1.5017547184527747e-13, 5.214426105738801e-16,
    ), square)
    # fmt: on
    return np.where(n == 0.0, zero, 1.0 / z + z * one)


def _besselk_far(n, z):
    """exp(z)·K(n, z) for z ≥ 1: the integral 10.32.9 by the trapezoidal rule, exact for such a one
    but for a part of 1e-18 (L. N. Trefethen and J. A. C. Weideman, SIAM Review 56 (2014) 385).
    """
    w = 42.0 / z
    step = np.log1p(w + np.sqrt(w * (w + 2.0))) / 24.0
    total = 0.5 + 0.0 * z
    for k in range(1, 25):
        total = total + np.exp(-2.0 * z * np.sinh(0.5 * k * step) ** 2) * np.cosh(n * k * step)
    return step * total


def _besselk(n, z):
    """The modified Bessel function of the second kind."""

    def wide(n, z):
        near = np.minimum(z, 1.0)
        far = np.minimum(np.maximum(z, 1.0), 1e300)
        decay = np.exp(-far)
        zero = np.where(z > 1.0, decay * _besselk_far(0.0, far), _besselk_series(0.0, near))
        one = np.where(z > 1.0, decay * _besselk_far(1.0, far), _besselk_series(1.0, near))
        half = 1.2533141373155003 / np.sqrt(z) * np.exp(-z)
        whole = _is_whole(n)
        low = np.where(whole, 0.0, -0.5)
        even, odd = np.where(whole, zero, half), np.where(whole, one, half)
        place, twice = n - low, 2.0 / z
        for k in range(1, 53, 2):
            even = np.where(k < place, twice * (k + low) * odd + even, even)
            odd = np.where(k + 1 < place, twice * (k + 1 + low) * even + odd, odd)
        value = np.where(_is_whole(0.5 * place), even, odd)
        value = np.where(z == 0.0, np.inf, np.where(z == np.inf, 0.0, value))
        return np.where(z < 0.0, np.nan, np.where(np.isnan(z), z, value))

    with np.errstate(all="ignore"):
        return _in_float64(wide, n, z)
