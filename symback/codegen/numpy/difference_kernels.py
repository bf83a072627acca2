# mypy: disable-error-code="no-untyped-def, no-untyped-call, call-overload"
"""Kernels of differences of one function at two places.

As in `symback.codegen.numpy.exponential_kernels`.
"""

import numpy as np

from symback.codegen.numpy.exponential_kernels import _in_float64
from symback.codegen.numpy.kernels import _erf, _erfc


def _sigmadiff(a, b):
    """σ(a) - σ(b) = (1 - exp(b - a))·σ(a)·σ(-b) for a > b, its powers of e below 1."""

    def wide(a, b):
        apart = np.where(a == b, 0.0, a - np.where(a == b, 0.0, b))
        larger, smaller = np.maximum(a, b), np.minimum(a, b)
        above = np.sign(apart) * -np.expm1(-np.abs(apart))
        above = above * np.exp(np.minimum(larger, 0.0) - np.maximum(smaller, 0.0))
        return above / ((1.0 + np.exp(-np.abs(larger))) * (1.0 + np.exp(-np.abs(smaller))))

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
    """1/a - 1/b, and (b - a)/a/b where the two are close."""

    def wide(a, b):
        close = np.abs(b - a) < 0.5 * np.abs(a)
        near = np.where(close, b - a, 0.0) / np.where(close, a, 1.0) / np.where(close, b, 1.0)
        return np.where(close, near, 1.0 / np.where(close, 1.0, a) - 1.0 / np.where(close, 1.0, b))

    return _in_float64(wide, a, b)
