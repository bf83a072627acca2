# mypy: disable-error-code="no-untyped-def, no-untyped-call, call-overload"
"""Kernels of hyperbolic and inverse functions, of roots, and of tails of the normal distribution.

As in `symback.codegen.numpy.exponential_kernels`.
"""

import numpy as np

from symback.codegen.numpy.exponential_kernels import _in_float64
from symback.codegen.numpy.kernels import (
    _erf,
    _erfc,
    _polynomial,
    _tail,
    _tail_powers,
    _tanh_slope,
)

# -- hyperbolic and inverse trigonometric functions ----------------------------------------------


def _sinh_rest(z):
    """6·(sinh(z) - z)/z³ = 1 + z²/20·(1 + z²/42·(…)), for |z| ≤ 3."""
    square = z * z
    series = 1.0
    for k in range(15, 1, -1):
        series = 1.0 + square / (2 * k * (2 * k + 1)) * series
    return series


def _log_sinhc(z):
    """log(sinh(z)/z), and 0 at 0, within 2.0 ULP.

    For |z| > 3 it is |z| - log(2·|z|) + log(1 - exp(-2·|z|)).
    """

    def wide(z):
        x = np.abs(z)
        near = np.minimum(x, 3.0)
        far = np.maximum(x, 3.0)
        inner = np.log1p(near * near / 6.0 * _sinh_rest(near))
        end = np.minimum(far, 400.0)
        outer = far - (np.log(far) + 0.6931471805599453) + np.log1p(-np.exp(-2.0 * end))
        return np.where(x == np.inf, x, np.where(x < 3.0, inner, outer))

    with np.errstate(invalid="ignore"):  # inf - inf, which is not used
        return _in_float64(wide, z)


def _langevin(z):
    """coth(z) - 1/z, and 0 at 0, within 2.0 ULP.

    Below 3 it is z/3·S/T with sinh(z) = z·T and z·cosh(z) - sinh(z) = z³/3·S, whose series have
    positive terms only.
    """

    def wide(z):
        x = np.abs(z)
        near = np.minimum(x, 3.0)
        far = np.maximum(x, 3.0)
        square = near * near
        above = 1.0
        for k in range(15, 0, -1):
            above = 1.0 + square / (2 * k * (2 * k + 3)) * above
        inner = near / 3.0 * above / (1.0 + square / 6.0 * _sinh_rest(near))
        return np.copysign(np.where(x < 3.0, inner, 1.0 / np.tanh(far) - 1.0 / far), z)

    return _in_float64(wide, z)


def _langevin_slope(z):
    """Its slope 1/z² - 1/sinh(z)², and 1/3 at 0, within 2.5 ULP."""

    def wide(z):
        x = np.abs(z)
        near = np.minimum(x, 3.0)
        far = np.maximum(x, 3.0)
        rest = _sinh_rest(near)
        quotient = 1.0 + near * near / 6.0 * rest  # sinh(z)/z
        inner = rest * (quotient + 1.0) / (6.0 * quotient * quotient)
        outer = (1.0 / far) ** 2 - (1.0 / np.sinh(np.minimum(far, 350.0))) ** 2
        return np.where(x < 3.0, inner, np.where(x > 300.0, (1.0 / far) ** 2, outer))

    return _in_float64(wide, z)


def _langevin_and_slope(z):
    """Both, as they are by themselves."""
    return _langevin(z), _langevin_slope(z)


def _tanhc(z):
    """tanh(z)/z, and 1 at 0, within 2.0 ULP."""

    def wide(z):
        return np.where(z == 0.0, 1.0, np.tanh(z) / np.where(z == 0.0, 1.0, z))

    return _in_float64(wide, z)


def _tanhc_slope(z):
    """Its slope, and 0 at 0, within 3.0 ULP: below 1.5 it is (z - sinh(2·z)/2)/(z·cosh(z))²."""

    def wide(z):
        x = np.abs(z)
        near = np.minimum(x, 1.5)
        far = np.maximum(x, 1.5)
        inner = near / -1.5 * _sinh_rest(2.0 * near) / np.cosh(near) ** 2
        outer = (_tanh_slope(far) - np.tanh(far) / far) / far
        return np.copysign(np.where(x < 1.5, inner, outer), -z)

    return _in_float64(wide, z)


def _tanhc_and_slope(z):
    """Both, as they are by themselves."""
    return _tanhc(z), _tanhc_slope(z)


def _acosc(w):
    """acos(w)/√(1 - w²), and 1 at 1, within 2.5 ULP; above 1/2 a series in (1 - w)/2."""

    def wide(w):
        y = 0.5 * (1.0 - np.maximum(w, 0.5))
        series = 1.0
        for k in range(30, -1, -1):
            series = 1.0 + (k + 1) / (k + 1.5) * y * series
        near = np.where(w > 1.0, np.nan, series)
        x = np.minimum(w, 0.5)
        return np.where(w > 0.5, near, np.arccos(x) / np.sqrt((1.0 - x) * (1.0 + x)))

    return _in_float64(wide, w)


def _acosc_slope(w):
    """Its slope (w·acosc(w) - 1)/(1 - w²), and -1/3 at 1, within 2.5 ULP."""

    def wide(w):
        y = 0.5 * (1.0 - np.maximum(w, 0.5))
        series = 1.0
        for k in range(33, -1, -1):
            series = 1.0 + (k + 2) / (k + 1) * ((k + 2) / (k + 2.5)) * y * series
        near = np.where(w > 1.0, np.nan, series / -3.0)
        x = np.minimum(w, 0.5)
        below = (1.0 - x) * (1.0 + x)
        return np.where(w > 0.5, near, (x * np.arccos(x) / np.sqrt(below) - 1.0) / below)

    return _in_float64(wide, w)


def _acosc_and_slope(w):
    """Both, as they are by themselves."""
    return _acosc(w), _acosc_slope(w)


def _hypotsub(a, c):
    """√(a² + c²) - a, which is c²/(√(a² + c²) + a) for a > 0."""

    def wide(a, c):
        root = np.hypot(a, c)
        below = np.where(a > 0.0, root + np.abs(a), 1.0)
        return np.where(a > 0.0, c * (c / below), root - np.minimum(a, 0.0))

    return _in_float64(wide, a, c)


def _sqrtsub(b, d):
    """√(b² + d) - b, which is d/(√(b² + d) + b) for b > 0."""

    def wide(b, d):
        root = np.sqrt(b * b + d)
        below = np.where(b > 0.0, root + np.abs(b), 1.0)
        return np.where(b > 0.0, d / below, root - np.minimum(b, 0.0))

    return _in_float64(wide, b, d)


# -- the normal distribution ---------------------------------------------------------------------


def _exp_square(x):
    """exp(x²) for |x| ≤ 40: with h = x rounded to 1/512, h² is exact and the rest small."""
    h = np.rint(x * 512.0) * (1.0 / 512.0)
    return np.exp(h * h) * np.exp((x - h) * (x + h))


def _erfcx(z):
    """exp(z²)·erfc(z), within 3.5 ULP.

    For x = |z| it is F(√2·x)/(7/8 + √2·x) with the smooth F of `_tail`, beyond 28 the asymptotic
    series, and erfcx(-x) = 2·exp(x²) - erfcx(x).
    """

    def wide(z):
        x = np.abs(z)
        y = 1.4142135623730951 * np.minimum(x, 28.0)
        near = _tail(_tail_powers(y)).reshape(x.shape) + 0.015625
        near = 41.08073330714607 * near / (0.6187184335382291 + np.minimum(x, 28.0))
        inverse = 1.0 / np.maximum(x, 28.0)
        t = 0.5 * inverse * inverse
        series = 1.0
        for k in range(9, 0, -1):
            series = 1.0 - (2 * k - 1) * t * series
        tail = np.where(x < 28.0, near, 0.5641895835477563 * inverse * series)
        return np.where(z < 0.0, 2.0 * _exp_square(np.minimum(x, 40.0)) - tail, tail)

    return _in_float64(wide, z)


def _erfcx_slope(z):
    """Its slope 2·z·erfcx(z) - 2/√π, within 4.0 ULP for z > 0.

    For z > 0 it is -2/√π·G(√2·z)/(7/8 + √2·z)² with the smooth G whose polynomial was fitted as
    that of `_tail` was (remaining relative error 5e-17), beyond 28 the asymptotic series.
    """

    def wide(z):
        x = np.maximum(z, 0.0)
        y = 1.4142135623730951 * np.minimum(x, 28.0)
        # fmt: off
        near = _polynomial((
            1.2481838547782675, -0.520474704735554, -0.49353415450083565,
            2.798139451859103, -5.6252117582210746, 6.600021061350322,
            -2.8736606856787485, -6.022721279639374, 15.934219909519067,
            -19.860019883374296, 13.960561343101519, -2.345142711138877,
            -5.751901808386042, 5.04100683534146, 0.5301260294103807,
            -3.1906600549447033, 0.8589232116609983, 1.7165246965089735,
            -0.9134695851761474, -0.9570108239151827, 0.6291502426281729,
            0.5652144183806298, -0.26329675610991754, -0.25342857008523156,
        ), _tail_powers(y)).reshape(x.shape)
        # fmt: on
        near = -1.1283791670955126 * near / (0.875 + y) ** 2
        inverse = 1.0 / np.maximum(x, 28.0)
        t = 0.5 * inverse * inverse
        series = 1.0
        for k in range(9, 0, -1):
            series = 1.0 - (2 * k + 1) * t * series
        far = -0.5641895835477563 * inverse * inverse * series
        left = np.minimum(z, 0.0)
        below = 2.0 * left * _erfcx(left) - 1.1283791670955126
        return np.where(z < 0.0, below, np.where(x < 28.0, near, far))

    return _in_float64(wide, z)


def _erfcx_and_slope(z):
    """Both, as they are by themselves."""
    return _erfcx(z), _erfcx_slope(z)


def _log_erfc(z):
    """log(erfc(z)), within 2.0 ULP: log(erfcx(z)) - z² above 1/2, log(1 - erf(z)) below."""

    def wide(z):
        far = np.maximum(z, 0.5)
        near = np.log1p(-_erf(np.minimum(z, 0.5)))
        return np.where(z > 0.5, np.log(_erfcx(far)) - far * far, near)

    return _in_float64(wide, z)


def _log_ndtr(z):
    """log Φ(z), within 4.0 ULP: log(erfcx(-z/√2)/2) - z²/2 below -1/2, log(1 - Φ(-z)) above.

    Φ(-z) is exp(-z²/2)·erfcx(z/√2)/2 for z > 0, its exponent split as in `_exp_square`.
    """

    def wide(z):
        far = np.minimum(z, -0.5)
        below = np.log(0.5 * _erfcx(-0.7071067811865476 * far)) - 0.5 * far * far
        x = np.clip(z, 0.0, 40.0)
        h = np.rint(x * 512.0) * (1.0 / 512.0)
        tail = np.exp(-0.5 * h * h) * np.exp(-0.5 * (x - h) * (x + h))
        tail = 0.5 * tail * _erfcx(0.7071067811865476 * x)
        middle = 0.5 * _erfc(0.7071067811865476 * np.clip(z, -0.5, 0.0))
        return np.where(z < -0.5, below, np.log1p(-np.where(z > 0.0, tail, middle)))

    return _in_float64(wide, z)
