"""The gamma function and what is made of it."""

from __future__ import annotations

from sympy import S

from symback.operations.balls import gammas as balls
from symback.operations.elementwise.row import Op
from symback.operations.special.gammas import (
    beta,
    betaln,
    binomial,
    digamma,
    digamma_rise,
    factorial,
    gamma,
    loggamma,
    loggamma_rise,
    polygamma,
    trigamma,
    trigamma_rise,
)

ROWS = (
    Op(
        "gamma",
        gamma,
        "Γ′(u) = Γ(u)·ψ(u)",
        partials=lambda v, u: (v * digamma(u),),
        sign="Γ",
        aliases=("tgamma", "Gamma"),
        enclosure=balls.gamma,
        singular=True,
    ),
    Op(
        "loggamma",
        loggamma,
        "log(|Γ(u)|)′ = ψ(u)",
        aliases=("lgamma", "gammaln", "lngamma"),
        enclosure=balls.loggamma,
        singular=True,
    ),
    Op(
        "digamma",
        digamma,
        "ψ′ = trigamma",
        sign="ψ",
        aliases=("psi",),
        enclosure=balls.digamma,
        singular=True,
    ),
    Op(
        "trigamma",
        trigamma,
        "trigamma′(u) = polygamma(2, u)",
        enclosure=balls.trigamma,
        singular=True,
    ),
    Op(
        "polygamma",
        polygamma,
        "∂u: polygamma(n + 1, u)",
        (2, 2),
        partials=lambda v, n, u: (polygamma(n + 1, u),),
        given=1,
        enclosure=balls.polygamma,
        singular=True,
    ),
    Op(
        "beta",
        beta,
        "∂a: beta(a, b)·(ψ(a) − ψ(a + b)), ∂b: beta(a, b)·(ψ(b) − ψ(a + b))",
        (2, 2),
        partials=lambda v, a, b: (-v * digamma_rise(a, b), -v * digamma_rise(b, a)),
        enclosure=balls.beta,
        singular=True,
    ),
    Op(
        "betaln",
        betaln,
        "∂a: ψ(a) − ψ(a + b), ∂b: ψ(b) − ψ(a + b)",
        (2, 2),
        partials=lambda v, a, b: (-digamma_rise(a, b), -digamma_rise(b, a)),
        aliases=("lbeta", "logbeta"),
        enclosure=balls.betaln,
        singular=True,
    ),
    Op(
        "factorial",
        factorial,
        "factorial′(u) = factorial(u)·ψ(1 + u)",
        partials=lambda v, u: (v * digamma(1 + u),),
        enclosure=balls.factorial,
        singular=True,
    ),
    Op(
        "binomial",
        binomial,
        "∂n: v·(ψ(n + 1) − ψ(n − k + 1)), ∂k: v·(ψ(n − k + 1) − ψ(k + 1))",
        (2, 2),
        partials=lambda v, n, k: (
            v * digamma_rise(n - k + 1, k),
            v * digamma_rise(k + 1, n - 2 * k),
        ),
        aliases=("binom",),
        enclosure=balls.binomial,
        singular=True,
    ),
    Op(
        "loggamma_rise",
        loggamma_rise,
        "∂u: ψ(u + k) − ψ(u), ∂k: ψ(u + k)",
        (2, 2),
        partials=lambda v, u, k: (digamma_rise(u, k), digamma(u + k)),
        enclosure=balls.loggamma_rise,
        singular=True,
    ),
    Op(
        "digamma_rise",
        digamma_rise,
        "∂u: ψ′(u + k) − ψ′(u), ∂k: ψ′(u + k)",
        (2, 2),
        partials=lambda v, u, k: (trigamma_rise(u, k), trigamma(u + k)),
        enclosure=balls.digamma_rise,
        singular=True,
    ),
    Op(
        "trigamma_rise",
        trigamma_rise,
        "∂u: ψ″(u + k) − ψ″(u), ∂k: ψ″(u + k)",
        (2, 2),
        partials=lambda v, u, k: (
            polygamma(S(2), u + k) - polygamma(S(2), u),
            polygamma(S(2), u + k),
        ),
        enclosure=balls.trigamma_rise,
        singular=True,
    ),
)
