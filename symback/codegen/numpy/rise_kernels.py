# mypy: disable-error-code="no-untyped-def, no-untyped-call, call-overload"
"""Kernels of differences of log Γ, ψ and ψ', and of what follows: beta, binomial coefficients.

As in `symback.codegen.numpy.gamma_kernels`. At large numbers the terms of Stirling's series are
subtracted one by one, 1/z³ - 1/x³ as (1/z - 1/x)·(1/z² + 1/(z·x) + 1/x²): the way of
A. R. DiDonato and A. H. Morris, ACM Trans. Math. Softw. 18 (1992) 360.
"""

import numpy as np

from symback.codegen.numpy.exponential_kernels import _in_float64
from symback.codegen.numpy.gamma_kernels import (
    _digamma,
    _gamma_sign,
    _loggamma,
    _stirling_rest,
    _trigamma,
)


def _rise_far(x, k):
    """log Γ(x + k) - log Γ(x) for x ≥ 8 and x + k ≥ 8, by the differences of Stirling's terms.

    1/z³ - 1/x³ is (1/z - 1/x)·(1/z² + 1/(z·x) + 1/x²), and so on: the way of A. R. DiDonato and
    A. H. Morris, ACM Trans. Math. Softw. 18 (1992) 360.
    """
    z = x + k
    p = 1.0 / z
    q = 1.0 / x
    both = p + q
    p2 = p * p
    q2 = q * q
    power = p * both
    third = q2 + power
    power = power * p2
    fifth = q2 * third + power
    power = power * p2
    seventh = q2 * fifth + power
    power = power * p2
    ninth = q2 * seventh + power
    power = power * p2
    eleventh = q2 * ninth + power
    power = power * p2
    thirteenth = q2 * eleventh + power
    rest = 0.005065830821990134 * thirteenth - 0.0018903792026145536 * eleventh
    rest = rest + 0.0008414700110573563 * ninth - 0.0005952365838084739 * seventh
    rest = rest + 0.0007936507897492187 * fifth - 0.002777777777773982 * third
    rest = k * p * q * (0.08333333333333333 + rest)
    return (z - 0.5) * np.log1p(k / x) + (k * (np.log(x) - 1.0) - rest)


def _loggamma_rise(x, k):
    """log |Γ(x + k)/Γ(x)|; where x or x + k is below 8, both move up by 8 and factors make up.

    Where the two are far apart, as beside 0, it is the difference as it stands.
    """

    def wide(x, k):
        z = x + k
        apart = ((x <= 4.0) & (k > 0.5)) | ((x < 8.0) & (k > 1e15))
        apart = apart | ((x > 1.0) & (z < 8.0) & (z < 0.5 * x))
        beside = (x <= 0.0) | (z <= 0.0) | apart
        lower = np.where(beside, 8.0, x)
        step = np.where(beside, 0.0, k)
        low = np.minimum(lower, lower + step) < 8.0
        value = _rise_far(np.where(low, lower + 8.0, lower), step)
        factors = 0.0
        for j in range(1, 8):
            factors = factors + (1.0 + factors) * (step / (lower + j))
        ratio = step / lower
        first = np.where(
            ratio > 1e300, np.log(lower + step) - np.log(lower), np.log1p(np.minimum(ratio, 1e300))
        )
        value = np.where(low, value - (np.log1p(factors) + first), value)
        if np.any(beside):
            value = np.where(beside, _loggamma(z) - _loggamma(x), value)
        return value

    with np.errstate(divide="ignore", invalid="ignore"):
        return _in_float64(wide, x, k)


def _digamma_rise(x, k):
    """ψ(x + k) - ψ(x); where x or x + k is below 8, both move up by 8 and fractions make up."""

    def wide(x, k):
        beside = (x <= 0.0) | (x + k <= 0.0)
        lower = np.where(beside, 8.0, x)
        step = np.where(beside, 0.0, k)
        upper = lower + step
        fractions = 0.0
        for j in range(8):
            fractions = fractions + (step / (lower + j)) / (upper + j)
        low = np.minimum(lower, upper) < 8.0
        far = np.where(low, lower + 8.0, lower)
        z = far + step
        p = 1.0 / z
        q = 1.0 / far
        p2 = p * p
        q2 = q * q
        power = p2
        second = q2 + power
        power = power * p2
        fourth = q2 * second + power
        power = power * p2
        sixth = q2 * fourth + power
        power = power * p2
        eighth = q2 * sixth + power
        power = power * p2
        tenth = q2 * eighth + power
        power = power * p2
        twelfth = q2 * tenth + power
        rest = 0.06362043296372914 * twelfth - 0.020697932789646125 * tenth
        rest = rest + 0.0075716885518819456 * eighth - 0.004166644813006459 * sixth
        rest = rest + 0.003968253911907783 * fourth - 0.008333333333278545 * second
        rest = 0.5 + (p + q) * (0.08333333333333333 + rest)
        value = np.log1p(step / far) + step * p * q * rest
        value = np.where(low, value + fractions, value)
        if np.any(beside):
            value = np.where(beside, _digamma(x + k) - _digamma(x), value)
        return value

    with np.errstate(divide="ignore", invalid="ignore"):
        return _in_float64(wide, x, k)


def _betaln(a, b):
    """log |B(a, b)|.

    From 8 on it is Stirling's formula with its terms put together (A. R. DiDonato and A. H. Morris,
    ACM Trans. Math. Softw. 18 (1992) 360), else log Γ of the smaller one less the rise by it.
    """

    def wide(a, b):
        small = np.minimum(a, b)
        large = np.maximum(a, b)
        x = np.maximum(small, 8.0)
        y = np.maximum(large, 8.0)
        p, q, r = 1.0 / x, 1.0 / y, 1.0 / (x + y)
        rest = _stirling_rest(p * p) * p + _stirling_rest(q * q) * q - _stirling_rest(r * r) * r
        rest = rest + 0.9189385332046727 - 0.5 * np.log(y)
        ratio = x / y
        value = rest - (x - 0.5) * (np.log1p(ratio) - np.log(ratio)) - y * np.log1p(ratio)
        if np.any(small < 8.0):
            alone = _loggamma(small)
            far = (large >= 3.0) & (small + large > 0.0)
            near = alone + _loggamma(large) - _loggamma(small + large)
            near = np.where(
                far,
                alone - _loggamma_rise(np.where(far, large, 8.0), np.where(far, small, 1.0)),
                near,
            )
            value = np.where(small < 8.0, near, value)
        return value

    with np.errstate(divide="ignore", invalid="ignore"):
        return _in_float64(wide, a, b)


def _beta(a, b):
    """B(a, b) = Γ(a)·Γ(b)/Γ(a + b), by its logarithm, or that of a·B(a, b) for 0 < a < 1, a < b."""

    def wide(a, b):
        small = np.minimum(a, b)
        large = np.maximum(a, b)
        near = (small > 0.0) & (small < 1.0)
        low = np.where(near, small, 1.0)
        value = np.exp(_loggamma(1.0 + low) - _loggamma_rise(np.where(near, large, 1.0), low)) / low
        sign = _gamma_sign(a) * _gamma_sign(b) * _gamma_sign(a + b)
        return np.where(near, value, sign * np.exp(_betaln(a, b)))

    return _in_float64(wide, a, b)


def _binomial(n, k):
    """Γ(n + 1)/(Γ(k + 1)·Γ(n - k + 1)), a whole number of whole numbers.

    It is the rise by k over Γ(k + 1), k being the smaller of k and n - k; from 8 on 1/B.
    """

    def wide(n, k):
        least = np.minimum(k, n - k)
        first = n - least + 1.0
        value = np.exp(_loggamma_rise(first, least) - _loggamma(least + 1.0))
        far = np.exp(-_betaln(first, np.maximum(least, 8.0) + 1.0) - np.log(n + 1.0))
        value = np.where(least >= 8.0, far, value)
        value = value * _gamma_sign(n + 1.0) * _gamma_sign(k + 1.0) * _gamma_sign(n - k + 1.0)
        whole = (n == np.rint(n)) & (k == np.rint(k)) & (np.abs(value) < 1e13)
        return np.where(whole, np.rint(value), value)

    with np.errstate(divide="ignore", invalid="ignore"):
        return _in_float64(wide, n, k)


def _trigamma_rise(x, k):
    """ψ'(x + k) - ψ'(x); where x or x + k is below 8, both move up by 8 and fractions make up."""

    def wide(x, k):
        beside = (x <= 0.0) | (x + k <= 0.0)
        lower = np.where(beside, 8.0, x)
        step = np.where(beside, 0.0, k)
        upper = lower + step
        fractions = 0.0
        for j in range(8):
            fractions = fractions + (step / (lower + j)) / (upper + j) * (
                1.0 / (lower + j) + 1.0 / (upper + j)
            )
        low = np.minimum(lower, upper) < 8.0
        far = np.where(low, lower + 8.0, lower)
        p = 1.0 / (far + step)
        q = 1.0 / far
        both = p + q
        p2 = p * p
        q2 = q * q
        power = p * both
        third = q2 + power
        power = power * p2
        fifth = q2 * third + power
        power = power * p2
        seventh = q2 * fifth + power
        power = power * p2
        ninth = q2 * seventh + power
        power = power * p2
        eleventh = q2 * ninth + power
        power = power * p2
        thirteenth = q2 * eleventh + power
        power = power * p2
        last = q2 * thirteenth + power
        rest = 0.8586715717721535 * last - 0.24699657306551928 * thirteenth
        rest = rest + 0.0756947967251632 * eleventh - 0.03333299690971581 * ninth
        rest = rest + 0.023809522943188756 * seventh - 0.03333333333249149 * fifth
        rest = rest + 0.16666666666666652 * third
        value = -(step * p * q * (1.0 + (0.5 * both + rest)))
        value = np.where(low, value - fractions, value)
        if np.any(beside):
            value = np.where(beside, _trigamma(x + k) - _trigamma(x), value)
        return value

    with np.errstate(divide="ignore", invalid="ignore"):
        return _in_float64(wide, x, k)
