# mypy: disable-error-code="no-untyped-def, no-untyped-call"
"""Vectorised functions of partials at the edges of powers, quotients and shares.

They are as those of `symback.codegen.numpy.kernels` in all else. Powers and logarithms are NumPy's,
with its accuracy; each function rounds at most twice more.
"""

import numpy as np

from symback.codegen.numpy.kernels import _largest, _sigma


def _nonzero(v):
    """v, and infinity where v is 0: what is divided by it is 0 there."""
    return np.where(v == 0.0, np.inf, v)[()]


def _nonvanishing(v):
    """v, and 1 where v is 0."""
    return v + (v == 0.0)


def _zero_over(a, b):
    """a/b, and 0 where a is 0."""
    return (a / np.where(a == 0.0, 1.0, b))[()]


def _power_slope(a, b):
    """b·a^(b−1), and 0 where b is 0; for a subnormal a, whose 1/a overflows, b·a^b/a."""
    slope = b * a ** np.where(b == 0.0, 0.0, b - 1.0)[()]
    if abs(slope.sum()) < np.inf:
        return slope
    tiny = np.isinf(slope) & (a != 0.0) & np.isfinite(a)
    return np.where(tiny, b * a**b / np.where(tiny, a, 1.0), slope)[()]


def _root_slope(a, b):
    """b·a^(b−1) for a ≥ 0, and 0 where b is 0, or where a is 0 and 0 < b < 1."""
    least = (a == 0.0) & (b >= 0.0) & (b < 1.0)
    return np.where(least, 0.0, _power_slope(np.where(least, 1.0, a)[()], b))[()]


def _power_log(v, a):
    """v·log(a), and 0 where v is 0."""
    return v * np.log(np.where(v == 0.0, 1.0, a))[()]


def _exp_share(a, b):
    """σ(a − b), the share of exp(a) in exp(a) + exp(b); 1/2 where they are equal, if infinite."""
    with np.errstate(invalid="ignore"):
        z = a - b
    largest = _largest(z)
    return _sigma(z if largest <= np.inf else np.where(a == b, 0.0, z)[()])
