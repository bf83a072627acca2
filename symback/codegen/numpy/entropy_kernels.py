# mypy: disable-error-code="no-untyped-def, no-untyped-call, call-overload"
"""Kernels of products of a number and a logarithm, and of logarithms of quotients.

As in `symback.codegen.numpy.exponential_kernels`. Logarithms are NumPy's, with its accuracy.
"""

import numpy as np

from symback.codegen.numpy.exponential_kernels import _in_float64


def _xlogx(z):
    """z·log(z), and 0 at 0."""

    def wide(z):
        return z * np.log(np.where(z == 0.0, 1.0, z))

    return _in_float64(wide, z)


def _xlogx1p(z):
    """(1 + z)·log(1 + z), and 0 at -1."""

    def wide(z):
        return (1.0 + z) * np.log1p(np.where(z == -1.0, 0.0, z))

    return _in_float64(wide, z)


def _powlog(x, k):
    """xᵏ·log(x), and 0 at 0 for k > 0."""

    def wide(x, k):
        least = (x == 0.0) & (k > 0.0)
        safe = np.where(least, 1.0, x)
        return safe**k * np.log(safe)

    return _in_float64(wide, x, k)


def _weighed(w, u):
    """w·u, and 0 where w is 0 and u is -∞."""
    return w * np.where((w == 0.0) & (u == -np.inf), 0.0, u)


def _xlogy(x, y):
    """x·log(y), and 0 where x is 0."""

    def wide(x, y):
        return x * np.log(np.where((x == 0.0) & ~np.isnan(y), 1.0, y))

    return _in_float64(wide, x, y)


def _xlog1py(x, y):
    """x·log(1 + y), and 0 where x is 0."""

    def wide(x, y):
        return x * np.log1p(np.where((x == 0.0) & ~np.isnan(y), 0.0, y))

    return _in_float64(wide, x, y)


def _log_ratio(a, b):
    """log(a/b) = log(q)·((a - b)/b)/(q - 1) for the rounded quotient q, within 3 ULP.

    log(1 + t)/t changes as little as its argument, so that the digits of a - b are kept.
    """

    def wide(a, b):
        quotient = a / b
        apart = (a - b) / b
        value = np.log(quotient) * (apart / (quotient - 1.0))
        same = quotient == 1.0
        beyond = (quotient >= 0.0) & ((quotient < 2.3e-308) | (quotient > 1.7e308))
        if np.any(same | beyond):
            value = np.where(same, apart, value)
            value = np.where(beyond, np.log(np.abs(a)) - np.log(np.abs(b)), value)
        return value

    with np.errstate(divide="ignore", invalid="ignore"):
        return _in_float64(wide, a, b)


def _rel_entr(x, y):
    """x·log(x/y), and 0 where x is 0."""

    def wide(x, y):
        least = (x == 0.0) & ~np.isnan(y)
        return x * _log_ratio(np.where(least, 1.0, x), np.where(least, 1.0, y))

    return _in_float64(wide, x, y)


def _logit(z):
    """log(z/(1 - z)), ±log(1 + (1 - 2·y)/y) where y is the smaller of z and 1 - z."""

    def wide(z):
        y = np.minimum(z, 1.0 - z)
        apart = (1.0 - 2.0 * y) / y
        if np.any(np.isinf(apart)):  # 0, or a subnormal number
            far = np.isinf(apart)
            size = np.where(far, -np.log(y), np.log1p(np.where(far, 0.0, apart)))
        else:
            size = np.log1p(apart)
        return np.where(z > 0.5, size, -size)

    return _in_float64(wide, z)
