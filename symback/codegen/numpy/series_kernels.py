# mypy: disable-error-code="no-untyped-def, no-untyped-call, call-overload"
"""Kernels of functions that lose their digits where two parts of them are nearly equal.

As in `symback.codegen.numpy.kernels`: each takes a float32 or float64 array or scalar, returns its
dtype and shape, needs NumPy and other kernels only and warns of nothing inside its domain. float32
is computed in float64, which leaves it nearly exact.
"""

import numpy as np

# -- sin(z)/z ------------------------------------------------------------------------------------


def _sinc(z):
    """sinc(z) = sin(z)/z, and 1 at 0, within 2.0 ULP (float32 0.6)."""
    if z.dtype == np.float32:
        return _sinc(z.astype(np.float64)).astype(np.float32)
    x = np.maximum(np.abs(z), 1e-300)  # sinc is even, and 1 below 1e-8
    far = x == np.inf
    return np.sin(np.where(far, 0.0, x)) / x


def _sinc_slope(z):
    """sinc'(z) = (cos(z) - sinc(z))/z, within 4 ULP but next to its zeros beyond 4.4 (float32 0.6).

    Below 2 both terms lose what they share: there it is -z/3·(1 - z²/10·(1 - z²/28·(…))), the
    series of Taylor with the ratio z²/((2k + 3)·2k) of one term to the next. Next to a zero the
    error is below one rounding of z.
    """
    if z.dtype == np.float32:
        return _sinc_slope(z.astype(np.float64)).astype(np.float32)
    x = np.minimum(np.abs(z), 2.0)
    square = x * x
    series = 1.0
    for k in range(12, 0, -1):
        series = 1.0 - square / ((2 * k + 3) * 2 * k) * series
    series = series * (z / -3.0)
    far = np.isinf(z)
    y = np.where(far | (np.abs(z) < 2.0), 2.0, z)
    slope = np.where(np.abs(z) < 2.0, series, (np.cos(y) - np.sin(y) / y) / y)
    return np.where(far, 0.0, slope)[()]


def _sinc_and_slope(z):
    """sinc(z) and sinc'(z), as they are by themselves."""
    return _sinc(z), _sinc_slope(z)


# -- log(1 + z²) ---------------------------------------------------------------------------------


def _log1psq(z):
    """log(1 + z²), within 2.0 ULP (float32 0.6): for |z| > 1 it is 2·log|z| + log(1 + 1/z²)."""
    if z.dtype == np.float32:
        return _log1psq(z.astype(np.float64)).astype(np.float32)
    x = np.abs(z)
    near = np.minimum(x, 1.0)
    far = np.maximum(x, 1.0)
    inverse = 1.0 / far
    return np.where(x > 1.0, 2.0 * np.log(far) + np.log1p(inverse**2), np.log1p(near**2))[()]


def _log1psq_slope(z):
    """2z/(1 + z²), within 2.0 ULP (float32 0.6): for |z| > 1 it is 2/(z + 1/z)."""
    if z.dtype == np.float32:
        return _log1psq_slope(z.astype(np.float64)).astype(np.float32)
    x = np.abs(z)
    near = np.minimum(x, 1.0)
    far = np.maximum(x, 1.0)
    slope = np.where(x > 1.0, 2.0 / (far + 1.0 / far), 2.0 * near / (1.0 + near**2))
    return np.copysign(slope, z)[()]


def _log1psq_and_slope(z):
    """log(1 + z²) and its slope, as they are by themselves."""
    return _log1psq(z), _log1psq_slope(z)


# -- logarithms of exponentials ------------------------------------------------------------------


def _log1mexp(z):
    """log(1 - exp(z)) for z < 0, within 1.3 ULP (float32 0.6).

    The branch at -log 2 is that of M. Mächler, "Accurately computing log(1 - exp(-|a|))" (2012).
    """
    if z.dtype == np.float32:
        return _log1mexp(z.astype(np.float64)).astype(np.float32)
    near = np.log(-np.expm1(np.maximum(z, -1.0)))
    far = np.log1p(-np.exp(np.minimum(z, -0.5)))
    return np.where(z > -0.6931471805599453, near, far)[()]


def _logcosh(z):
    """log(cosh(z)), within 2.2 ULP (float32 0.6).

    For |z| > 1 it is |z| - log 2 + log(1 + exp(-2|z|)); below, cosh(z) - 1 is z²/2 times the
    series of Taylor, 1 + z²/12·(1 + z²/30·(…)).
    """
    if z.dtype == np.float32:
        return _logcosh(z.astype(np.float64)).astype(np.float32)
    x = np.abs(z)
    square = np.minimum(x, 1.0) ** 2
    series = 1.0
    for k in range(9, 0, -1):
        series = 1.0 + square / ((2 * k + 1) * (2 * k + 2)) * series
    far = np.maximum(x, 1.0)
    tail = np.log1p(np.exp(-2.0 * np.minimum(far, 400.0)))
    return np.where(x > 1.0, far - 0.6931471805599453 + tail, np.log1p(0.5 * square * series))[()]


# -- the cross entropy of σ(z) and a target t ----------------------------------------------------


def _binary_cross_entropy(z, t):
    """-t·log σ(z) - (1 - t)·log(1 - σ(z)) for 0 ≤ t ≤ 1, within 2.5 ULP (float32 4.0).

    It is log(1 + exp(-|z|)) + |z|·(1 - t) for z > 0 and … + |z|·t elsewhere: no part cancels.
    """
    x = np.abs(z)
    return np.log1p(np.exp(-x)) + x * np.where(z > 0.0, 1.0 - t, t).astype(x.dtype)


def _binary_cross_entropy_slope(z, t):
    """σ(z) - t, within 3.0 ULP (float32 4.0) for t = 0 and 1, and within 3 roundings of its parts.

    With the share e/(1 + e), e = exp(-|z|), it is 1 - t - share for z > 0 and share - t elsewhere.
    """
    e = np.exp(-np.abs(z))
    e = e / (1.0 + e)
    return np.where(z > 0.0, (1.0 - t) - e, e - t).astype(e.dtype)[()]


def _binary_cross_entropy_and_slope(z, t):
    """The cross entropy and its slope; one exp serves both."""
    x = np.abs(z)
    e = np.exp(-x)
    rest = np.where(z > 0.0, 1.0 - t, t).astype(x.dtype)  # t may be a plain number
    value = np.log1p(e) + x * rest
    e /= 1.0 + e
    return value, (np.where(z > 0.0, 1.0, -1.0).astype(x.dtype) * (rest - e))[()]
