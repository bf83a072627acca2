"""Hyperbolic functions and their inverses."""

from __future__ import annotations

import sympy as sp
from flint import arb
from sympy.codegen.cfunctions import hypot

from symback.operations.elementwise.row import Op
from symback.operations.functions import tanh_prime
from symback.operations.special import langevin, langevin_prime, tanhc, tanhc_prime

ROWS = (
    Op(
        "sinh",
        sp.sinh,
        "sinh′ = cosh",
        enclosure=arb.sinh,
        singular=True,
    ),
    Op(
        "cosh",
        sp.cosh,
        "cosh′ = sinh",
        enclosure=arb.cosh,
        singular=True,
    ),
    Op(
        "tanh",
        sp.tanh,
        "tanh′ = 1 − tanh²",
        slope=tanh_prime,
        activation=True,
        enclosure=arb.tanh,
    ),
    Op(
        "tanh_prime",
        tanh_prime,
        "(tanh′)′ = −2·tanh·tanh′",
        sign="tanh′",
        partials=lambda v, u: (-2 * v * sp.tanh(u),),
    ),
    Op(
        "asinh",
        sp.asinh,
        "asinh′(u) = 1/√(1 + u²)",
        partials=lambda v, u: (1 / hypot(1, u),),
        aliases=("arcsinh",),
        enclosure=arb.asinh,
    ),
    Op(
        "acosh",
        sp.acosh,
        "acosh′(u) = 1/√(u² − 1)",
        partials=lambda v, u: (1 / sp.sqrt((u - 1) * (u + 1)),),
        aliases=("arccosh",),
        enclosure=arb.acosh,
        singular=True,
    ),
    Op(
        "atanh",
        sp.atanh,
        "atanh′(u) = 1/(1 − u²)",
        partials=lambda v, u: (1 / ((1 - u) * (1 + u)),),
        aliases=("arctanh",),
        enclosure=arb.atanh,
        singular=True,
    ),
    Op("langevin", langevin, "(coth(u) − 1/u)′ = 1/u² − 1/sinh²(u)", slope=langevin_prime),
    Op("tanhc", tanhc, "(tanh(u)/u)′ = (tanh′(u) − tanh(u)/u)/u", slope=tanhc_prime),
)
