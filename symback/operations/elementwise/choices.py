"""Signs, comparisons and rounding: what jumps, and what has a kink."""

from __future__ import annotations

import sympy as sp
from sympy import Expr, Piecewise, Rational, S

from symback.operations.balls import functions as balls
from symback.operations.edges import unless_nan
from symback.operations.elementwise.row import Op
from symback.operations.functions import abs_at, max_at, min_at
from symback.operations.steps import ceil, floor, mod, round

_half = Rational(1, 2)


def _larger(a: Expr, b: Expr, k: Expr = _half) -> Expr:
    return Piecewise((1, a > b), (k, sp.Eq(a, b)), (unless_nan(S.Zero, a), True))


def _smaller(a: Expr, b: Expr, k: Expr = _half) -> Expr:
    return Piecewise((1, a < b), (k, sp.Eq(a, b)), (unless_nan(S.Zero, a), True))


ROWS = (
    Op(
        "abs",
        sp.Abs,
        "abs′ = sign",
        partials=lambda v, u: (sp.sign(u),),
        enclosure=abs,
        kink="0",
        at_kink=abs_at,
        exact=True,
    ),
    Op(
        "abs_at",
        abs_at,
        "abs′(u) = sign(u), k at 0",
        (2, 2),
        partials=lambda v, u, k: (
            Piecewise((1, u > 0), (k, sp.Eq(u, 0)), (unless_nan(S.NegativeOne, u), True)),
            S.Zero,
        ),
        kink="0",
        exact=True,
    ),
    Op(
        "sign",
        sp.sign,
        "sign′ = 0",
        partials=lambda v, u: (S.Zero,),
        enclosure=balls.sign,
        kink="0",
        exact=True,
    ),
    Op("floor", floor, "floor′ = 0", enclosure=balls.floor, exact=True),
    Op("ceil", ceil, "ceil′ = 0", enclosure=balls.ceil, exact=True),
    Op("round", round, "round′ = 0", enclosure=balls.nearest, exact=True),
    Op(
        "mod",
        mod,
        "∂mod(u, v)/∂u = 1, ∂v: −floor(u/v)",
        (2, 2),
        partials=lambda v, u, w: (S.One, -round((u - v) / w)),
        enclosure=balls.mod,
        singular=True,
    ),
    Op(
        "min",
        sp.Min,
        "1 for the smaller, ½ each where equal",
        (2, None),
        partials=lambda v, a, b: (_smaller(a, b), _smaller(b, a)),
        aliases=("minimum",),
        enclosure=balls.smaller,
        kink="tie",
        at_kink=min_at,
        exact=True,
    ),
    Op(
        "min_at",
        min_at,
        "1 for the smaller, k for the first and 1 − k for the second where equal",
        (3, 3),
        partials=lambda v, a, b, k: (_smaller(a, b, k), _smaller(b, a, 1 - k), S.Zero),
        kink="tie",
        exact=True,
    ),
    Op(
        "max",
        sp.Max,
        "1 for the larger, ½ each where equal",
        (2, None),
        partials=lambda v, a, b: (_larger(a, b), _larger(b, a)),
        aliases=("maximum",),
        enclosure=balls.larger,
        kink="tie",
        at_kink=max_at,
        exact=True,
    ),
    Op(
        "max_at",
        max_at,
        "1 for the larger, k for the first and 1 − k for the second where equal",
        (3, 3),
        partials=lambda v, a, b, k: (_larger(a, b, k), _larger(b, a, 1 - k), S.Zero),
        kink="tie",
        exact=True,
    ),
)
