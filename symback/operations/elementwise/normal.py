"""The error function and what goes with the normal distribution."""

from __future__ import annotations

import sympy as sp

from symback.operations.balls import functions as balls
from symback.operations.elementwise.row import Op
from symback.operations.functions import erfc
from symback.operations.special import (
    erf_slope,
    erfcx,
    erfcx_prime,
    erfdiff,
    erfdivdiff,
    erfdivdiff2,
    log_erfc,
    log_ndtr,
)

ROWS = (
    Op(
        "erf",
        sp.erf,
        "erf′(u) = 2·exp(−u²)/√π",
        enclosure=balls.erf,
    ),
    Op(
        "erfc",
        erfc,
        "erfc′(u) = −2·exp(−u²)/√π",
        definition=sp.erfc,
    ),
    Op("erfcx", erfcx, "erfcx′(u) = 2·u·erfcx(u) − 2/√π", slope=erfcx_prime, singular=True),
    Op(
        "log_erfc",
        log_erfc,
        "log(erfc(u))′ = −2·exp(−u²)/(√π·erfc(u))",
        partials=lambda v, u: (-2 / sp.sqrt(sp.pi) / erfcx(u),),
    ),
    Op(
        "log_ndtr",
        log_ndtr,
        "log_ndtr′(u) = exp(−u²/2)/(√(2π)·ndtr(u))",
        partials=lambda v, u: (sp.sqrt(2 / sp.pi) / erfcx(-u / sp.sqrt(2)),),
    ),
    Op(
        "erfdiff",
        erfdiff,
        "∂(erf(a) − erf(b)) = 2/√π·(exp(−a²)·∂a − exp(−b²)·∂b)",
        (2, 2),
        partials=lambda v, a, b: (erf_slope(a), -erf_slope(b)),
    ),
    Op(
        "erfdivdiff",
        erfdivdiff,
        "∂a((erf(a) − erf(b))/(a − b)) = (2·exp(−a²)/√π − v)/(a − b), v the value",
        (2, 2),
        partials=lambda v, a, b: (erfdivdiff2(a, b), erfdivdiff2(b, a)),
    ),
    Op(
        "erfdivdiff2",
        erfdivdiff2,
        "∂a: (erf″(a) − 2·v)/(a − b), ∂b: (v − erfdivdiff2(b, a))/(a − b), v = erfdivdiff2(a, b)",
        (2, 2),
    ),
)
