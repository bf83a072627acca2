# mypy: disable-error-code="no-untyped-def, no-untyped-call, call-overload"
"""Kernels of h(z) - z and h(z)/z.

As in `symback.codegen.numpy.exponential_kernels`. Near 0 both are series in which nothing cancels:
`_atan_rest` and its like are (h(z) - z)/z³. Those of inverse functions converge fast after the
argument is halved: atan(z) = 2·atan(t) for t = z/(1 + √(1 + z²)), asinh(z) = 2·asinh(s) for
s = z/√(2·(1 + √(1 + z²))), and likewise atanh and asin. Beyond, the plain difference keeps its
digits.
"""

import numpy as np

from symback.codegen.numpy.exponential_kernels import (
    _exp_rest,
    _exp_start,
    _in_float64,
    _scaled_exp,
)
from symback.codegen.numpy.special_kernels import _sinh_rest


def _log1p_rest(x):
    """(log(1 + x) - x)/x² for -0.6 ≤ x ≤ 1: log(1 + x) = 2·atanh(s), s = x/(2 + x) = r·x."""
    r = 1.0 / (2.0 + x)
    square = (r * x) ** 2
    series = 0.0
    for k in range(24, 0, -1):
        series = 1.0 / (2 * k + 1) + square * series
    return 2.0 * r * r * r * x * series - r


def _log1pmx(z):
    """log(1 + z) - z, within 3.0 ULP."""

    def wide(z):
        near = np.where((z > -0.6) & (z < 1.0), z, 0.0)
        far = np.where((z > -0.6) & (z < 1.0), 1.0, z)
        inner = near * near * _log1p_rest(near)
        return np.where((z > -0.6) & (z < 1.0), inner, np.log1p(far) - far)

    return _in_float64(wide, z)


def _log1prel(z):
    """log(1 + z)/z, and 1 at 0, within 2.0 ULP."""

    def wide(z):
        return np.where(z == 0.0, 1.0, np.log1p(z) / np.where(z == 0.0, 1.0, z))

    return _in_float64(wide, z)


def _log1prel_slope(z):
    """Its slope (z/(1 + z) - log(1 + z))/z², and -1/2 at 0, within 4.5 ULP.

    It is -1/(1 + z) - (log(1 + z) - z)/z² or, for z > 1/4, the numerator log(1 + w) - w, w being
    -z/(1 + z).
    """

    def wide(z):
        close = (z > -0.5) & (z < 1.5)
        small = np.clip(z, -0.5, 0.25)
        inner = -1.0 / (1.0 + small) - _log1p_rest(small)
        near = np.clip(z, 0.25, 1.5)
        middle = _log1p_rest(-near / (1.0 + near)) / (1.0 + near) ** 2
        far = np.where(close, 2.0, z)
        outer = (1.0 / (1.0 + far) - np.log1p(far) / far) / far
        return np.where(close, np.where(z < 0.25, inner, middle), outer)

    return _in_float64(wide, z)


def _log1prel_and_slope(z):
    """Both, as they are by themselves."""
    return _log1prel(z), _log1prel_slope(z)


def _expm1mx(z):
    """exp(z) - 1 - z, within 3.0 ULP."""

    def wide(z):
        low, high = np.clip(z, -2.0, 0.0), np.maximum(z, 0.0)
        below = np.where(z < -2.0, np.expm1(np.minimum(z, 0.0)) - z, low * low * _exp_rest(-low))
        return np.where(z < 0.0, below, _scaled_exp(high, high * (high * _exp_start(high))))

    return _in_float64(wide, z)


def _sin_rest(z):
    """6·(z - sin(z))/z³ = 1 - z²/20·(1 - z²/42·(…)), for |z| ≤ 3."""
    square = z * z
    series = 1.0
    for k in range(15, 1, -1):
        series = 1.0 - square / (2 * k * (2 * k + 1)) * series
    return series


def _sinmx(z):
    """sin(z) - z, within 2.5 ULP."""

    def wide(z):
        near = np.clip(z, -2.0, 2.0)
        inner = near * near * near / -6.0 * _sin_rest(near)
        return np.where(np.abs(z) < 2.0, inner, np.sin(z) - z)

    return _in_float64(wide, z)


def _sinhmx(z):
    """sinh(z) - z, within 2.5 ULP."""

    def wide(z):
        near = np.clip(z, -3.0, 3.0)
        inner = near * near * near / 6.0 * _sinh_rest(near)
        return np.where(np.abs(z) < 3.0, inner, np.sinh(z) - z)

    return _in_float64(wide, z)


def _sine_rest(z, sign):
    """3·(sin(z) - z·cos(z))/z³ for the sign -1, 3·(z·cosh(z) - sinh(z))/z³ for 1; |z| ≤ 2."""
    square = sign * z * z
    series = 1.0
    for k in range(12, 0, -1):
        series = 1.0 + square / (2 * k * (2 * k + 3)) * series
    return series


def _tanmx(z):
    """tan(z) - z, within 4.0 ULP; below 1.2 it is (sin(z) - z·cos(z))/cos(z)."""

    def wide(z):
        near = np.clip(z, -1.2, 1.2)
        inner = near * near * near / 3.0 * _sine_rest(near, -1.0) / np.cos(near)
        return np.where(np.abs(z) < 1.2, inner, np.tan(z) - z)

    return _in_float64(wide, z)


def _tanc(z):
    """tan(z)/z, and 1 at 0, within 2.0 ULP."""

    def wide(z):
        return np.where(z == 0.0, 1.0, np.tan(z) / np.where(z == 0.0, 1.0, z))

    return _in_float64(wide, z)


def _tanc_slope(z):
    """Its slope, and 0 at 0, within 4.0 ULP; below 1.5 it is (z - sin(2·z)/2)/(z·cos(z))²."""

    def wide(z):
        near = np.clip(z, -1.5, 1.5)
        inner = near / 1.5 * _sin_rest(2.0 * near) / np.cos(near) ** 2
        far = np.where(np.abs(z) < 1.5, 1.5, z)
        tangent = np.tan(far)
        return np.where(np.abs(z) < 1.5, inner, (1.0 + tangent * tangent - tangent / far) / far)

    return _in_float64(wide, z)


def _tanc_and_slope(z):
    """Both, as they are by themselves."""
    return _tanc(z), _tanc_slope(z)


def _tanhmx(z):
    """tanh(z) - z, within 3.0 ULP; below 1.5 it is (sinh(z) - z·cosh(z))/cosh(z)."""

    def wide(z):
        near = np.clip(z, -1.5, 1.5)
        inner = near * near * near / -3.0 * _sine_rest(near, 1.0) / np.cosh(near)
        return np.where(np.abs(z) < 1.5, inner, np.tanh(z) - z)

    return _in_float64(wide, z)


def _atan_rest(z):
    """(z - atan(z))/z³ for |z| ≤ 1.4: with t = q·z it is q² + 2·q³·(1/3 - t²/5 + t⁴/7 - …)."""
    q = 1.0 / (1.0 + np.sqrt(1.0 + z * z))
    square = (q * z) ** 2
    series = 0.0
    for k in range(29, 0, -1):
        series = 1.0 / (2 * k + 1) - square * series
    return q * q + 2.0 * q * q * q * series


def _atanmx(z):
    """atan(z) - z, within 5.0 ULP."""

    def wide(z):
        near = np.clip(z, -1.4, 1.4)
        inner = -near * near * near * _atan_rest(near)
        return np.where(np.abs(z) < 1.4, inner, np.arctan(z) - z)

    return _in_float64(wide, z)


def _atanc(z):
    """atan(z)/z, and 1 at 0, within 2.0 ULP."""

    def wide(z):
        return np.where(z == 0.0, 1.0, np.arctan(z) / np.where(z == 0.0, 1.0, z))

    return _in_float64(wide, z)


def _atanc_slope(z):
    """Its slope, and 0 at 0, within 4.0 ULP; below 1.2 it is z·((z - atan(z))/z³ - 1/(1 + z²))."""

    def wide(z):
        near = np.clip(z, -1.2, 1.2)
        inner = near * (_atan_rest(near) - 1.0 / (1.0 + near * near))
        far = np.where(np.abs(z) < 1.2, 1.2, z)
        outer = (1.0 / (1.0 + far * far) - np.arctan(far) / far) / far
        return np.where(np.abs(z) < 1.2, inner, outer)

    return _in_float64(wide, z)


def _atanc_and_slope(z):
    """Both, as they are by themselves."""
    return _atanc(z), _atanc_slope(z)


def _atanh_half(z):
    """q and (atanh(z) - z)/z³ for t = q·z, the argument halved once."""
    q = 1.0 / (1.0 + np.sqrt((1.0 - z) * (1.0 + z)))
    square = (q * z) ** 2
    series = 0.0
    for k in range(24, 0, -1):
        series = 1.0 / (2 * k + 1) + square * series
    return q * q + 2.0 * q * q * q * series


def _atanh_rest(z):
    """(atanh(z) - z)/z³ for |z| ≤ 0.9, the argument halved twice."""
    q = 1.0 / (1.0 + np.sqrt((1.0 - z) * (1.0 + z)))
    return q * q + 2.0 * q * q * q * _atanh_half(q * z)


def _atanhmx(z):
    """atanh(z) - z, within 5.5 ULP."""

    def wide(z):
        near = np.clip(z, -0.9, 0.9)
        inner = near * near * near * _atanh_rest(near)
        return np.where(np.abs(z) < 0.9, inner, np.arctanh(z) - z)

    return _in_float64(wide, z)


def _atanhc(z):
    """atanh(z)/z, and 1 at 0, within 2.0 ULP."""

    def wide(z):
        return np.where(z == 0.0, 1.0, np.arctanh(z) / np.where(z == 0.0, 1.0, z))

    return _in_float64(wide, z)


def _atanhc_slope(z):
    """Its slope, and 0 at 0, within 4.5 ULP; below 0.9 z·(1/(1 - z²) - (atanh(z) - z)/z³)."""

    def wide(z):
        near = np.clip(z, -0.9, 0.9)
        inner = near * (1.0 / ((1.0 - near) * (1.0 + near)) - _atanh_rest(near))
        far = np.where(np.abs(z) < 0.9, 0.9, z)
        outer = (1.0 / ((1.0 - far) * (1.0 + far)) - np.arctanh(far) / far) / far
        return np.where(np.abs(z) < 0.9, inner, outer)

    return _in_float64(wide, z)


def _atanhc_and_slope(z):
    """Both, as they are by themselves."""
    return _atanhc(z), _atanhc_slope(z)


def _asin_series(square):
    """(asin(s) - s)/s³ for s² = square ≤ 0.19; the series of asinh for a negative square."""
    series = 1.0
    for k in range(23, 0, -1):
        series = 1.0 + square * ((2 * k + 1) ** 2 / ((2 * k + 2) * (2 * k + 3))) * series
    return series / 6.0


def _asin_rest(z):
    """(asin(z) - z)/z³, the argument halved twice: s = p·z with p = 1/√(2·(1 + √(1 - z²)))."""
    p = 0.5 / (1.0 + np.sqrt((1.0 - z) * (1.0 + z)))  # p²
    inner = np.sqrt(1.0 - p * z * z)
    r = 0.5 / (1.0 + inner)  # of the second halving
    t = r * p * z * z
    rest = 2.0 * r * np.sqrt(r) * (1.0 / (1.0 + np.sqrt(1.0 - t)) + _asin_series(t))
    return 2.0 * p * np.sqrt(p) * (2.0 * r + rest)


def _asinmx(z):
    """asin(z) - z, within 5.5 ULP."""

    def wide(z):
        return z * z * z * _asin_rest(z)

    return _in_float64(wide, z)


def _asinc(z):
    """asin(z)/z, and 1 at 0, within 2.0 ULP."""

    def wide(z):
        return np.where(z == 0.0, 1.0, np.arcsin(z) / np.where(z == 0.0, 1.0, z))

    return _in_float64(wide, z)


def _asinc_slope(z):
    """Its slope z·(1/(r·(1 + r)) - (asin(z) - z)/z³) with r = √(1 - z²), within 5.5 ULP."""

    def wide(z):
        root = np.sqrt((1.0 - z) * (1.0 + z))
        return z * (1.0 / (root * (1.0 + root)) - _asin_rest(z))

    return _in_float64(wide, z)


def _asinc_and_slope(z):
    """Both, as they are by themselves."""
    return _asinc(z), _asinc_slope(z)


def _asinh_rest(z):
    """(z - asinh(z))/z³ for |z| ≤ 2.5, the argument halved twice."""
    p = 0.5 / (1.0 + np.sqrt(1.0 + z * z))  # p²
    inner = np.sqrt(1.0 + p * z * z)
    r = 0.5 / (1.0 + inner)  # of the second halving
    t = r * p * z * z
    rest = 2.0 * r * np.sqrt(r) * (1.0 / (1.0 + np.sqrt(1.0 + t)) + _asin_series(-t))
    return 2.0 * p * np.sqrt(p) * (2.0 * r + rest)


def _asinhmx(z):
    """asinh(z) - z, within 5.5 ULP."""

    def wide(z):
        near = np.clip(z, -2.5, 2.5)
        inner = -near * near * near * _asinh_rest(near)
        return np.where(np.abs(z) < 2.5, inner, np.arcsinh(z) - z)

    return _in_float64(wide, z)


def _asinhc(z):
    """asinh(z)/z, and 1 at 0, within 2.0 ULP."""

    def wide(z):
        return np.where(z == 0.0, 1.0, np.arcsinh(z) / np.where(z == 0.0, 1.0, z))

    return _in_float64(wide, z)


def _asinhc_slope(z):
    """Its slope, and 0 at 0, within 6.5 ULP; below 2.5 z·((z - asinh(z))/z³ - 1/(r·(r + 1))) with
    r = √(1 + z²)."""

    def wide(z):
        near = np.clip(z, -2.5, 2.5)
        root = np.sqrt(1.0 + near * near)
        inner = near * (_asinh_rest(near) - 1.0 / (root * (root + 1.0)))
        far = np.where(np.abs(z) < 2.5, 2.5, z)
        outer = (1.0 / np.hypot(1.0, far) - np.arcsinh(far) / far) / far
        return np.where(np.abs(z) < 2.5, inner, outer)

    return _in_float64(wide, z)


def _asinhc_and_slope(z):
    """Both, as they are by themselves."""
    return _asinhc(z), _asinhc_slope(z)
