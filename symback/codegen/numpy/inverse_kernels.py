# mypy: disable-error-code="no-untyped-def, no-untyped-call, call-overload"
"""Kernels of inverse functions: of the error function, of the normal distribution, of w·exp(w).

As in `symback.codegen.numpy.gamma_kernels`, with quotients of polynomials that interpolate at
Chebyshev nodes (mpmath, 50 digits; remaining relative errors below 1e-16).
"""

import numpy as np

from symback.codegen.numpy.exponential_kernels import _in_float64
from symback.codegen.numpy.gamma_kernels import _horner


def _erfinv_near(x):
    """The inverse of erf for |x| ≤ 1/2, x times a function of x²."""
    square = x * x
    # fmt: off
    above = _horner((
        -0.020023074547241986, 0.29564614180545495, -0.6875368355959015,
        0.627863872955229, -0.25620394254930307, 0.043090413316570195,
        -0.0020412113144975884,
    ), square)
    below = _horner((
        1.0, -3.1779572672851746, 3.8836939374491015,
        -2.277859365684476, 0.6492126659991622, -0.07915161008772695,
        0.002729511681224213,
    ), square)
    # fmt: on
    return x * (0.90625 + above / below)


def _erfcinv_far(q):
    """The inverse of erfc for 0 < q ≤ 1/2: t = √(-log(q)) times a function of t, in three parts.

    The variable is that of J. M. Blair, C. A. Edwards and J. H. Johnson, Math. Comp. 30 (1976) 827.
    """
    t = np.sqrt(-np.log(q))
    u = np.minimum(t, 2.5) - 0.83
    v = np.minimum(np.maximum(t, 2.5), 7.0) - 2.5
    w = np.minimum(np.maximum(t, 7.0), 27.5) - 7.0
    # fmt: off
    above = _horner((
        -0.17822741841930062, -0.40937475149105534, -0.09798314034465665,
        0.7849126058357193, 1.3545334462582328, 1.0988687930372674,
        0.5007679408675461, 0.12412513778210968, 0.014310192351861685,
        0.0005354402989138512,
    ), u)
    below = _horner((
        1.0, 4.68671327680238, 10.193851339468308,
        13.299471067467158, 11.305987809582305, 6.388636398604925,
        2.3424825776434415, 0.5164046584129939, 0.0573335034667071,
        0.0021409419459004295,
    ), u)
    first = 0.75 + above / below
    above = _horner((
        0.0020183687247650865, 0.0712323626479072, 0.08245167681416077,
        0.03781240442237402, 0.008392571632167108, 0.0009119892288892841,
        4.390483824935678e-05, 6.807013226749905e-07,
    ), v)
    below = _horner((
        1.0, 1.608357864581289, 1.0700274947766804,
        0.3742825514274904, 0.07234471544661539, 0.007416038642484453,
        0.00035143857154405, 5.444843418399101e-06,
    ), v)
    second = 0.875 + above / below
    above = _horner((
        0.0366292059350768, 0.026785981907405335, 0.007148343281259191,
        0.0009406341113253229, 6.708806044946444e-05, 2.6255996965446575e-06,
        5.3634645383342653e-08, 4.999891206129237e-10, 1.5141011499379409e-12,
    ), w)
    below = _horner((
        1.0, 0.5685306784043659, 0.13197080225081276,
        0.016079613492626578, 0.0011021014440605649, 4.235768355026655e-05,
        8.595438975860992e-07, 8.00017014664487e-09, 2.4225357757514933e-11,
    ), w)
    # fmt: on
    third = 0.9375 + above / below
    return t * np.where(t < 2.5, first, np.where(t < 7.0, second, third))


def _erfinv(z):
    """The inverse of erf, within 4.0 ULP."""

    def wide(z):
        x = np.abs(z)
        near = _erfinv_near(np.minimum(x, 0.5))
        far = _erfcinv_far(np.where(x > 0.5, 1.0 - x, 0.5))
        return np.copysign(np.where(x > 0.5, far, near), z)

    with np.errstate(divide="ignore", invalid="ignore"):
        return _in_float64(wide, z)


def _erfcinv(z):
    """The inverse of erfc, within 4.0 ULP."""

    def wide(z):
        beside = np.where(z > 1.0, 2.0 - z, z)
        near = _erfinv_near(1.0 - np.maximum(beside, 0.5))
        value = np.where(beside < 0.5, _erfcinv_far(np.minimum(beside, 0.5)), near)
        return value * np.where(z > 1.0, -1.0, 1.0)

    with np.errstate(divide="ignore", invalid="ignore"):
        return _in_float64(wide, z)


def _ndtri(z):
    """The quantile of the normal distribution, -√2·erfcinv(2·z), within 4.0 ULP."""

    def wide(z):
        return -1.4142135623730951 * _erfcinv(2.0 * z)

    return _in_float64(wide, z)


def _lambert_step(x, w):
    """The next value on the way to w·exp(w) = x, by F. N. Fritsch, R. E. Shafer and W. P. Crowley,
    Comm. ACM 16 (1973) 123: each step has four times the digits.
    """
    beside = 1.0 + w
    z = np.log(x / w) - w
    q = 2.0 * beside * (beside + 0.6666666666666666 * z)
    return w * (1.0 + z / beside * ((q - z) / (q - 2.0 * z)))


def _lambert_start(p):
    """Both branches next to -1/e, where ±p is the root of 2·(1 + e·x): R. M. Corless et al.,
    Adv. Comput. Math. 5 (1996) 329.
    """
    series = 0.1527777777777778 + p * (-0.07962962962962963 + p * (0.04450228 - 0.0259847 * p))
    return -1.0 + p * (1.0 + p * (-0.3333333333333333 + p * series))


def _lambert_root(x):
    """√(2·(1 + e·x)), which is 0 at -1/e."""
    above = x + 0.36787944117144233 - 1.2428753672788363e-17
    return np.sqrt(5.43656365691809 * above)


def _lambertw(z):
    """The w ≥ -1 with w·exp(w) = z, for z ≥ -1/e."""

    def wide(z):
        root = _lambert_root(z)
        beside = _lambert_start(root)
        log = np.log1p(np.maximum(z, 0.0))
        start = log * (1.0 - np.log1p(log) / (2.0 + log))
        low = (z == 0.0) | (root < 0.001)
        x = np.where(low, 1.0, np.minimum(z, 1e308))
        w = np.where(x < -0.25, beside, np.where(x < 0.3, x / (1.0 + x), start))
        w = np.where(low, 0.6, w)
        for _k in range(3):
            w = _lambert_step(x, w)
        w = np.where(z == 0.0, z, np.where(root < 0.001, beside, w))
        return np.where(z == np.inf, z, w)

    with np.errstate(divide="ignore", invalid="ignore"):
        return _in_float64(wide, z)


def _lambertwm1(z):
    """The w ≤ -1 with w·exp(w) = z, for -1/e ≤ z < 0."""

    def wide(z):
        root = _lambert_root(z)
        beside = _lambert_start(-root)
        inside = (z < 0.0) & (root >= 0.001)
        x = np.where(inside, z, -0.2)
        log = np.log(-x)
        deep = np.log(-log)
        w = np.where(x < -0.25, _lambert_start(-_lambert_root(x)), log - deep + deep / log)
        for _k in range(4):
            w = _lambert_step(x, w)
        w = np.where(root < 0.001, beside, w)
        return np.where(z == 0.0, -np.inf, np.where(z > 0.0, np.nan, w))

    with np.errstate(divide="ignore", invalid="ignore"):
        return _in_float64(wide, z)
