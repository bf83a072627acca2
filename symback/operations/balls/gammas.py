"""The gamma function and what is made of it in balls; at a pole there is no number."""

from __future__ import annotations

from flint import acb, arb

from symback.operations.balls.functions import NOT_A_NUMBER


def gamma(u: arb) -> arb:
    return arb.gamma(u) if u.is_finite() else NOT_A_NUMBER


def loggamma(u: arb) -> arb:
    """log |Γ(u)|; arb's own is defined for u > 0 alone."""
    if not u.is_finite():
        return NOT_A_NUMBER
    if u > 0:
        return arb.lgamma(u)
    return -abs(arb.rgamma(u)).log()


def digamma(u: arb) -> arb:
    return arb.digamma(u) if u.is_finite() else NOT_A_NUMBER


def trigamma(u: arb) -> arb:
    return polygamma(arb(1), u)


def polygamma(n: arb, u: arb) -> arb:
    """ψ⁽ⁿ⁾(u) for a whole number n ≥ 0."""
    if not (u.is_finite() and n.is_exact() and n.is_integer() and n >= 0):
        return NOT_A_NUMBER
    if n == 0:
        return digamma(u)
    value: arb = acb(u).polygamma(acb(n)).real
    return value


def betaln(a: arb, b: arb) -> arb:
    return loggamma(a) + loggamma(b) - loggamma(a + b)


def beta(a: arb, b: arb) -> arb:
    if not (a.is_finite() and b.is_finite()):
        return NOT_A_NUMBER
    if a > 0 and b > 0:
        return betaln(a, b).exp()
    return gamma(a) * gamma(b) * arb.rgamma(a + b)


def factorial(u: arb) -> arb:
    return gamma(u + 1)


def binomial(n: arb, k: arb) -> arb:
    if not (n.is_finite() and k.is_finite()):
        return NOT_A_NUMBER
    if n > 0 and k > 0 and n - k > 0:
        return (loggamma(n + 1) - loggamma(k + 1) - loggamma(n - k + 1)).exp()
    return gamma(n + 1) * arb.rgamma(k + 1) * arb.rgamma(n - k + 1)


def loggamma_rise(u: arb, k: arb) -> arb:
    return loggamma(u + k) - loggamma(u)


def digamma_rise(u: arb, k: arb) -> arb:
    return digamma(u + k) - digamma(u)


def trigamma_rise(u: arb, k: arb) -> arb:
    return trigamma(u + k) - trigamma(u)


__all__ = [
    "beta",
    "betaln",
    "binomial",
    "digamma",
    "digamma_rise",
    "factorial",
    "gamma",
    "loggamma",
    "loggamma_rise",
    "polygamma",
    "trigamma",
    "trigamma_rise",
]
