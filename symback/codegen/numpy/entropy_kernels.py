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


def _xlogy(x, y):
    """x·log(y), and 0 where x is 0."""

    def wide(x, y):
        return x * np.log(np.where((x == 0.0) & (y == y), 1.0, y))

    return _in_float64(wide, x, y)


def _xlog1py(x, y):
    """x·log(1 + y), and 0 where x is 0."""

    def wide(x, y):
        return x * np.log1p(np.where((x == 0.0) & (y == y), 0.0, y))

    return _in_float64(wide, x, y)


def _log_ratio(a, b):
    """log(a/b) through log(1 + (a - b)/b) where the two are close, log(a) - log(b) where a/b is no
    normal number."""

    def wide(a, b):
        ratio = a / b
        close = (ratio > 0.5) & (ratio < 2.0)
        near = np.log1p(np.where(close, a - b, 0.0) / np.where(close, b, 1.0))
        normal = (ratio != ratio) | ((np.abs(ratio) > 1e-300) & (np.abs(ratio) < np.inf))
        if np.all(normal):
            return np.where(close, near, np.log(ratio))
        apart = np.log(np.where(normal, 1.0, np.abs(a))) - np.log(np.where(normal, 1.0, np.abs(b)))
        return np.where(close, near, np.where(normal, np.log(np.where(normal, ratio, 1.0)), apart))

    return _in_float64(wide, a, b)


def _rel_entr(x, y):
    """x·log(x/y), and 0 where x is 0."""

    def wide(x, y):
        least = (x == 0.0) & (y == y)
        return x * _log_ratio(np.where(least, 1.0, x), np.where(least, 1.0, y))

    return _in_float64(wide, x, y)


def _logit(z):
    """log(z/(1 - z)), and 2·atanh(2·z - 1) between 1/4 and 3/4."""

    def wide(z):
        close = (z > 0.25) & (z < 0.75)
        near = 2.0 * np.arctanh(np.where(close, 2.0 * z - 1.0, 0.0))
        far = np.where(close, 0.25, z)
        return np.where(close, near, np.log(far / (1.0 - far)))

    return _in_float64(wide, z)
