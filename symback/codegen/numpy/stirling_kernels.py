# mypy: disable-error-code="no-untyped-def, no-untyped-call, call-overload, operator"
"""Kernels of what Stirling's formula leaves of log Γ, of ψ, and of log Γ(z + 1/2) - log Γ(z).

As in `symback.codegen.numpy.gamma_kernels`. Below 4 the operand moves up by 4; what makes up for
that has one sign, so that no digits cancel: with t = 1/(2·x + 1) it is atanh(t)/t - 1 a step
(Stirling's error in C. Loader, "Fast and accurate computation of binomial probabilities", 2000).
The tails of the third are polynomials in 1/z², fitted at Chebyshev nodes (mpmath, 80 digits).
"""

import numpy as np

from symback.codegen.numpy.exponential_kernels import _in_float64
from symback.codegen.numpy.gamma_kernels import (
    _digamma_rest,
    _horner,
    _stirling_rest,
    _trigamma_rest,
)
from symback.codegen.numpy.remainder_kernels import _atanh_rest, _log1p_rest


def _log_of_step(x):
    """log((x + 1)/x), finite also where 1/x overflows, so that it is less than 1/x at 0."""
    return np.where(x < 1e-17, -np.log(np.maximum(x, 5e-324)), np.log1p(1.0 / np.maximum(x, 1e-17)))


def _step(x):
    """The difference of Stirling's errors of x and x + 1, for x ≥ 1."""
    t = 1.0 / (2.0 * x + 1.0)
    return t * t * _atanh_rest(t)


def _step_slope(x):
    """Its slope with the other sign."""
    t = 1.0 / (2.0 * x + 1.0)
    return 2.0 * t * (0.25 / (x * (x + 1.0)) - t * t * _atanh_rest(t))


def _step_of_digamma(x):
    """log((x + 1)/x) - 1/x for x ≥ 1."""
    t = 1.0 / x
    return t * t * _log1p_rest(t)


def _stirlerr(z):
    """log Γ(z) - (z - 1/2)·log(z) + z - log(2π)/2, within 4.0 ULP."""

    def wide(z):
        x = np.where(z >= 0.0, z, np.nan)
        low = x < 4.0
        near = np.where(low, x, 1.0)
        t = 1.0 / (2.0 * np.maximum(near, 0.2) + 1.0)
        log = _log_of_step(near)
        steps = np.where(near < 0.2, near * log + (0.5 * log - 1.0), t * t * _atanh_rest(t))
        for j in range(1, 4):
            steps = steps + _step(near + j)
        inverse = 1.0 / np.where(low, x + 4.0, x)
        value = _stirling_rest(inverse * inverse) * inverse
        return np.where(low, np.where(x == 0.0, np.inf, value + steps), value)

    with np.errstate(divide="ignore", invalid="ignore"):
        return _in_float64(wide, z)


def _stirlerr_slope(z):
    """Its slope ψ(z) - log(z) + 1/(2·z), within 4.0 ULP."""

    def wide(z):
        x = np.where(z >= 0.0, z, np.nan)
        low = x < 4.0
        near = np.where(low, x, 1.0)
        t = 1.0 / (2.0 * np.maximum(near, 0.06) + 1.0)
        rest = np.where(
            near < 0.06,
            0.5 * _log_of_step(near) - 1.0 / (2.0 * near + 1.0),
            t * t * t * _atanh_rest(t),
        )
        steps = 0.5 / (2.0 * near + 1.0) / (near + 1.0) / near - 2.0 * rest
        for j in range(1, 4):
            steps = steps + _step_slope(near + j)
        inverse = 1.0 / np.where(low, x + 4.0, x)
        value = -(_digamma_rest(inverse * inverse) * inverse) * inverse
        return np.where(low, np.where(x == 0.0, -np.inf, value - steps), value)

    with np.errstate(divide="ignore", invalid="ignore"):
        return _in_float64(wide, z)


def _stirlerr_and_slope(z):
    """Both, as they are by themselves."""
    return _stirlerr(z), _stirlerr_slope(z)


def _digammamlog(z):
    """ψ(z) - log(z), within 4.0 ULP."""

    def wide(z):
        x = np.where(z >= 0.0, z, np.nan)
        low = x < 4.0
        near = np.where(low, x, 1.0)
        first = np.minimum(1.0 / near, 1.0)
        steps = np.where(
            near < 1.0, _log_of_step(near) - 1.0 / near, first * first * _log1p_rest(first)
        )
        for j in range(1, 4):
            steps = steps + _step_of_digamma(near + j)
        far = np.where(low, x + 4.0, x)
        inverse = 1.0 / far
        value = -(0.5 * inverse + _digamma_rest(inverse * inverse) * inverse * inverse)
        return np.where(low, value + steps, value)

    with np.errstate(divide="ignore", invalid="ignore"):
        return _in_float64(wide, z)


def _digammamlog_slope(z):
    """Its slope ψ'(z) - 1/z, within 4.0 ULP; below 1 it is that of z + 1 and 1/(z²·(z + 1))."""

    def wide(z):
        x = np.where(z >= 0.0, z, np.nan)
        shifted = np.where(x < 1.0, x + 1.0, x)
        inverse = 1.0 / shifted
        value = inverse * (inverse * (0.5 + inverse * _trigamma_rest(shifted)))
        return np.where(x < 1.0, value + 1.0 / (x + 1.0) / x / x, value)

    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return _in_float64(wide, z)


def _digammamlog_and_slope(z):
    """Both, as they are by themselves."""
    return _digammamlog(z), _digammamlog_slope(z)


def _log_wallis(z):
    """log Γ(z + 1/2) - log Γ(z) - log(z)/2, within 4.0 ULP."""

    def wide(z):
        x = np.where(z >= 0.0, z, np.nan)
        low = x < 4.0
        near = np.where(low, x, 1.0)
        double = 2.0 * np.maximum(near, 0.2) + 1.0
        tiny = np.log(4.0 * near) + np.log1p(near) - 2.0 * np.log1p(2.0 * near)
        steps = np.where(near < 0.2, tiny, np.log1p(-1.0 / (double * double)))
        for j in range(1, 4):
            steps = steps + np.log1p(-1.0 / (2.0 * (near + j) + 1.0) ** 2)
        inverse = 1.0 / np.where(low, x + 4.0, x)
        # fmt: off
        value = inverse * _horner((
            -0.125, 0.005208333333333129, -0.0015624999998427784, 0.0011858258448995398,
            -0.0016818499922037985, 0.0038333869639429878, -0.012774492426838386,
            0.05719252092349107, -0.302474410799526, 1.5469416908200515, -5.941322906481313,
            11.710307578967397,
        ), inverse * inverse)
        # fmt: on
        return np.where(low, value + 0.5 * steps, value)

    with np.errstate(divide="ignore", invalid="ignore"):
        return _in_float64(wide, z)


def _log_wallis_slope(z):
    """Its slope ψ(z + 1/2) - ψ(z) - 1/(2·z), within 4.0 ULP."""

    def wide(z):
        x = np.where(z >= 0.0, z, np.nan)
        low = x < 4.0
        near = np.where(low, x, 1.0)
        steps = 0.0
        for j in range(4):
            steps = steps + 0.5 / (2.0 * (near + j) + 1.0) / (near + j + 1.0) / (near + j)
        inverse = 1.0 / np.where(low, x + 4.0, x)
        # fmt: off
        value = inverse * inverse * _horner((
            0.125, -0.015624999999995953, 0.007812499996875545, -0.00830078029544765,
            0.015136566172893865, -0.0421606612481358, 0.16574544284916579, -0.847755169845623,
            4.938285122883339, -26.85215923019284, 106.9129534825537, -215.22447001801498,
        ), inverse * inverse)
        # fmt: on
        return np.where(low, value + steps, value)

    with np.errstate(divide="ignore", invalid="ignore"):
        return _in_float64(wide, z)


def _log_wallis_and_slope(z):
    """Both, as they are by themselves."""
    return _log_wallis(z), _log_wallis_slope(z)
