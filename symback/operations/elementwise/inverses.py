"""Inverse functions that are not elementary."""

from __future__ import annotations

import sympy as sp
from flint import arb

from symback.operations.balls import inverses as balls
from symback.operations.elementwise.row import Op
from symback.operations.special.inverses import erfcinv, erfinv, lambertw, lambertwm1, ndtri
from symback.operations.special.normal import erfcx

ROWS = (
    Op(
        "erfinv",
        erfinv,
        "erfinv′(u) = √π/2·exp(erfinv(u)²)",
        partials=lambda v, u: (sp.sqrt(sp.pi) * sp.exp(v**2) / 2,),
        enclosure=arb.erfinv,
        singular=True,
    ),
    Op(
        "erfcinv",
        erfcinv,
        "erfcinv′(u) = −√π/2·exp(erfcinv(u)²)",
        partials=lambda v, u: (-sp.sqrt(sp.pi) * erfcx(v) / (2 * u),),
        enclosure=arb.erfcinv,
        singular=True,
    ),
    Op(
        "ndtri",
        ndtri,
        "ndtri′(p) = √(2π)·exp(ndtri(p)²/2)",
        partials=lambda v, p: (sp.sqrt(sp.pi / 2) * erfcx(-v / sp.sqrt(2)) / p,),
        aliases=("norm_ppf", "probit"),
        enclosure=balls.ndtri,
        singular=True,
    ),
    Op(
        "lambertw",
        lambertw,
        "W′(u) = 1/(u + exp(W(u)))",
        partials=lambda v, u: (1 / (u + sp.exp(v)),),
        aliases=("LambertW",),
        enclosure=balls.lambertw,
        singular=True,
    ),
    Op(
        "lambertwm1",
        lambertwm1,
        "W₋₁′(u) = W₋₁(u)/(u·(1 + W₋₁(u)))",
        partials=lambda v, u: (v / (u * (1 + v)),),
        enclosure=balls.lambertwm1,
        singular=True,
    ),
)
