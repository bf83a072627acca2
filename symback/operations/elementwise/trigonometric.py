"""Trigonometric functions and their inverses."""

from __future__ import annotations

import sympy as sp
from flint import arb
from sympy import Piecewise
from sympy.codegen.cfunctions import hypot

from symback.operations.balls import functions as balls
from symback.operations.edges import over_square
from symback.operations.elementwise.row import Op
from symback.operations.functions import sinc_prime
from symback.operations.special import acosc, acosc_prime, atandiff

ROWS = (
    Op(
        "sin",
        sp.sin,
        "sin′ = cos",
        enclosure=arb.sin,
    ),
    Op(
        "cos",
        sp.cos,
        "cos′ = −sin",
        enclosure=arb.cos,
    ),
    Op(
        "tan",
        sp.tan,
        "tan′ = 1 + tan²",
        partials=lambda v, u: (1 + v**2,),
        enclosure=arb.tan,
        singular=True,
    ),
    Op(
        "asin",
        sp.asin,
        "asin′(u) = 1/√(1 − u²)",
        partials=lambda v, u: (1 / sp.sqrt((1 - u) * (1 + u)),),
        aliases=("arcsin",),
        enclosure=arb.asin,
        singular=True,
    ),
    Op(
        "acos",
        sp.acos,
        "acos′(u) = −1/√(1 − u²)",
        partials=lambda v, u: (-1 / sp.sqrt((1 - u) * (1 + u)),),
        aliases=("arccos",),
        enclosure=arb.acos,
        singular=True,
    ),
    Op(
        "atan",
        sp.atan,
        "atan′(u) = 1/(1 + u²)",
        aliases=("arctan",),
        enclosure=arb.atan,
    ),
    Op(
        "atan2",
        sp.atan2,
        "∂atan2(y, x) = (x·∂y − y·∂x)/(x² + y²)",
        (2, 2),
        partials=lambda v, y, x: (
            over_square(x, hypot(x, y)),
            -over_square(y, hypot(x, y)),
        ),
        aliases=("arctan2",),
        enclosure=balls.atan2,
        singular=True,
    ),
    Op(
        "atandiff",
        atandiff,
        "∂(atan(a) − atan(b)) = ∂a/(1 + a²) − ∂b/(1 + b²)",
        (2, 2),
        partials=lambda v, a, b: (hypot(1, a) ** -2, -(hypot(1, b) ** -2)),
    ),
    Op(
        "sinc",
        sp.sinc,
        "sinc′(u) = (cos(u) − sinc(u))/u",
        slope=sinc_prime,
        definition=lambda u: Piecewise((sp.sin(u) / u, sp.Ne(u, 0)), (1, True)),
    ),
    Op(
        "acosc",
        acosc,
        "(acos(w)/√(1 − w²))′ = (w·acos(w)/√(1 − w²) − 1)/(1 − w²)",
        slope=acosc_prime,
        singular=True,
    ),
)
