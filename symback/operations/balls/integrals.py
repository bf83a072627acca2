"""The Bessel functions and the incomplete gamma and beta functions in balls.

Sums that cancel widen their balls by more bits than precision has, so they get more.
"""

from __future__ import annotations

from collections.abc import Callable

from flint import arb, ctx

from symback.operations.balls.functions import MISSING, power
from symback.operations.balls.gammas import beta

MOST_BITS = 1 << 14
"""More than sums are ever given beyond precision."""


def _with_bits_for(size: arb, value: Callable[[], arb], most: float = MOST_BITS) -> arb:
    """The value by as many more bits as sums of terms up to exp(size) cancel."""
    more = 3 * float(abs(size).upper()) + 64
    if not more < most:
        return value()
    with ctx.workprec(ctx.prec + int(more)):
        found = value()
    return +found


def _bessel(u: arb, value: Callable[[], arb]) -> arb:
    """Far out, which precision decides, expansions without cancellation take the place of sums."""
    return _with_bits_for(u, value, 1.2 * ctx.prec + 64)


def besselj(n: arb, u: arb) -> arb:
    if u < 0 and not n.is_integer():
        return MISSING
    return _bessel(u, lambda: u.bessel_j(n))


def bessely(n: arb, u: arb) -> arb:
    """Y in the middle, and its largest slope times the width, of which Arb's sums lose all digits.

    |Y'| is at most (M(n-1) + M(n+1))/2 with M = sqrt(J² + Y²), which falls with u by Nicholson's
    integral (DLMF 10.9.30).
    """
    if not u.lower() > 0:
        return MISSING
    middle = u.mid()
    found = _bessely_at(n, middle)
    if u.is_exact():
        return found
    steepest = sum((_modulus_at(k, u.lower()) for k in (n - 1, n + 1)), arb(0)) / 2
    return found + steepest * (u - middle)


def _bessely_at(n: arb, u: arb) -> arb:
    return _bessel(u, lambda: u.bessel_y(n))


def _modulus_at(n: arb, u: arb) -> arb:
    return (_bessel(u, lambda: u.bessel_j(n)) ** 2 + _bessely_at(n, u) ** 2).sqrt()


def besseli(n: arb, u: arb) -> arb:
    if u < 0 and not n.is_integer():
        return MISSING
    return _bessel(u, lambda: u.bessel_i(n))


def besselk(n: arb, u: arb) -> arb:
    if u <= 0:
        return MISSING
    return _besselk_at(n, u.lower()).union(_besselk_at(n, u.upper()))  # it falls with u


def _besselk_at(n: arb, u: arb) -> arb:
    """K at a number without a width, of which Arb takes minutes at high precision.

    From 2 to 6 bits of precision for each unit of u it takes up to seconds, beyond them 1 ms.
    """
    return _with_bits_for(3 * u, lambda: u.bessel_k(n), 6.3 * ctx.prec + 64)


def gammainc(a: arb, u: arb) -> arb:
    if u < 0:
        return MISSING
    return _with_bits_for(u + a, lambda: u.gamma_lower(a, 1))


def gammaincc(a: arb, u: arb) -> arb:
    if u < 0:
        return MISSING
    if not a > 0:
        return _gammaincc_at(a, u)
    # it rises with a and falls with u
    return _gammaincc_at(a.lower(), u.upper()).union(_gammaincc_at(a.upper(), u.lower()))


def _gammaincc_at(a: arb, u: arb) -> arb:
    """Q at numbers without a width: with one of 1 ULP Arb takes minutes at u = 2000."""
    return _with_bits_for(u + a, lambda: u.gamma_upper(a, 1))


def betainc(a: arb, b: arb, u: arb) -> arb:
    if u < 0 or u > 1:
        return MISSING
    return _with_bits_for(a + b, lambda: u.beta_lower(a, b, 1))


def gamma_pdf(a: arb, u: arb) -> arb:
    if u < 0:
        return MISSING
    return power(u, a - 1) * (-u).exp() * arb.rgamma(a)


def beta_pdf(a: arb, b: arb, u: arb) -> arb:
    if u < 0 or u > 1:
        return MISSING
    return power(u, a - 1) * power(1 - u, b - 1) / beta(a, b)


__all__ = [
    "besseli",
    "besselj",
    "besselk",
    "bessely",
    "beta_pdf",
    "betainc",
    "gamma_pdf",
    "gammainc",
    "gammaincc",
]
