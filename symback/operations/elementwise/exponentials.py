"""Exponentials and logarithms, of sums of exponentials too."""

from __future__ import annotations

import sympy as sp
from flint import arb
from sympy.codegen.cfunctions import expm1, log1p, log2, log10

from symback.operations.balls import functions as balls
from symback.operations.edges import exp_share
from symback.operations.elementwise.row import Op
from symback.operations.functions import log1mexp, log1psq, log1psq_prime, logaddexp, logcosh
from symback.operations.special import langevin, log_sinhc, logwsumexp, logwsumexp_partials

ROWS = (
    Op(
        "exp",
        sp.exp,
        "exp′ = exp",
        partials=lambda v, u: (v,),
        enclosure=arb.exp,
        singular=True,
    ),
    Op(
        "log",
        sp.log,
        "log′(u) = 1/u",
        aliases=("ln",),
        enclosure=balls.log,
        singular=True,
    ),
    Op(
        "log1p",
        log1p,
        "log1p′(u) = 1/(1 + u)",
        definition=lambda u: sp.log(1 + u),
        singular=True,
    ),
    Op(
        "expm1",
        expm1,
        "expm1′(u) = exp(u)",
        partials=lambda v, u: (sp.exp(u),),
        definition=lambda u: sp.exp(u) - 1,
        singular=True,
    ),
    Op(
        "log10",
        log10,
        "log10′(u) = 1/(u·log(10))",
        partials=lambda v, u: (1 / (u * sp.log(10)),),
        definition=lambda u: sp.log(u) / sp.log(10),
        singular=True,
    ),
    Op(
        "log2",
        log2,
        "log2′(u) = 1/(u·log(2))",
        partials=lambda v, u: (1 / (u * sp.log(2)),),
        definition=lambda u: sp.log(u) / sp.log(2),
        singular=True,
    ),
    Op("log1psq", log1psq, "log(1 + u²)′ = 2·u/(1 + u²)", slope=log1psq_prime),
    Op(
        "log1mexp",
        log1mexp,
        "log(1 − exp(u))′ = exp(u)/expm1(u)",
        singular=True,
    ),
    Op("logcosh", logcosh, "log(cosh(u))′ = tanh(u)"),
    Op(
        "logaddexp",
        logaddexp,
        "∂logaddexp(a, b)/∂a = σ(a − b)",
        (2, 2),
        partials=lambda v, a, b: (exp_share(a, b), exp_share(b, a)),
    ),
    Op(
        "logwsumexp",
        logwsumexp,
        "∂log(Σ w·exp(u)) = Σ exp(u)·(∂w + w·∂u)/Σ w·exp(u)",
        (4, None),
        in_pairs=True,
        partials=logwsumexp_partials,
        singular=True,
    ),
    Op(
        "log_sinhc",
        log_sinhc,
        "log(sinh(u)/u)′ = coth(u) − 1/u",
        partials=lambda v, u: (langevin(u),),
    ),
)
