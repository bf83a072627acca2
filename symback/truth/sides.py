"""The derivative at a point where SymPy's `diff` has no value: from both sides, in balls.

The slope of x**p by p at x = 0 is 0·log(0), that of sqrt(x**2 + y**2) at the origin 0/0, and yet
the one is 0 and the other a kink. Here the difference quotients of two steps far below all
rounding say what the slope is on each side:

- both sides have one slope: that is the derivative;
- the function is defined on one side only: the slope on that side, as x**1.5 has at 0;
- opposite slopes: a kink or cusp of even form such as |x|, whose slope is 0 by convention;
- anything else, or quotients that don't converge: there is no derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from flint import arb
from sympy import Expr, Piecewise, Symbol

from symback.operations.balls.functions import NOT_A_NUMBER, Undecided
from symback.operations.balls.scalars import evaluate, order, precision, taken
from symback.operations.forms import place

STEPS = (3000, 3600)  # widths 2^-k
BITS = 9000
SMALL = arb(2) ** -1140  # far below the smallest float64
ALIKE = arb(2) ** -200  # relative, of the quotients of both steps and of both sides


def slope_from_sides(
    value: Callable[[arb], arb], at: arb, inside: bool = False, even: bool = True
) -> arb:
    """The slope of a function at a number, NaN where it has none.

    `inside` accepts the slope of one side where the function is not defined on the other; without
    `even` a kink of even form has none.
    """
    with precision(BITS):
        try:
            middle = value(at)
            right, left = (_quotients(value, at, middle, sign) for sign in (1, -1))
        except Undecided:
            return NOT_A_NUMBER
        if right and left and all(_alike(r, -q) for r, q in zip(right, left, strict=True)):
            return arb(0) if even or _alike(*map(_limit, (right, left))) else NOT_A_NUMBER
        if not (right and left):
            return _limit(right or left) if inside else NOT_A_NUMBER
        slope = _limit(right)
        return slope if _alike(slope, _limit(left)) else NOT_A_NUMBER


def _quotients(value: Callable[[arb], arb], at: arb, middle: arb, sign: int) -> list[arb]:
    """The difference quotients on one side; none where the function is not defined."""
    quotients = []
    for exponent in STEPS:
        step = sign * arb(2) ** -exponent
        beside = value(at + step)
        if beside.is_nan():
            return []
        quotients.append((beside - middle) / step)
    return quotients


def _limit(quotients: list[arb]) -> arb:
    """What the quotients converge to, NaN where they diverge."""
    if not quotients:
        return NOT_A_NUMBER
    first, second = quotients
    if all(abs(q).abs_upper() < SMALL for q in quotients):
        return arb(0)
    if not _alike(first, second):
        return NOT_A_NUMBER
    return second + arb(0, abs(first - second).abs_upper())


def _alike(a: arb, b: arb) -> bool:
    if not (a.is_finite() and b.is_finite()):
        return False
    return bool(abs(a - b).abs_upper() <= ALIKE * abs(a).abs_upper() + SMALL)


def slope_by_operations(expr: Expr, symbol: Symbol, values: Mapping[Any, arb]) -> arb:
    """The slope of an expression by the chain rule over its own operations.

    `values` has all its parts. The slope of an operation that `diff` leaves undefined is that of
    both sides: k*max(u, 0)**p has one at u = 0 and p = 1 although SymPy's form of it is 0/0.
    """
    slopes: dict[Expr, arb] = {symbol: arb(1)}
    for part in order(expr):
        branch = taken(part, values) if isinstance(part, Piecewise) else None
        operands = [branch] if isinstance(part, Piecewise) else part.args
        moving = [i for i, operand in enumerate(operands) if operand in slopes]
        if not moving or part == symbol:
            continue
        if branch is not None:
            slopes[part] = slopes[branch]
            continue
        of_operands = _slopes_of(part.func, len(operands))
        places = {place(i): values[operand] for i, operand in enumerate(operands)}
        total = arb(0)
        for i in moving:
            total += _local(part.func, of_operands[i], places, place(i)) * slopes[operands[i]]
        slopes[part] = total
    return slopes.get(expr, arb(0))


def _local(head: Any, slope: Expr, places: Mapping[Any, arb], moved: Symbol) -> arb:
    found = evaluate(slope, dict(places))
    if not found.is_nan():
        return found
    applied = head(*places)

    def value(at: arb) -> arb:
        return evaluate(applied, {**places, moved: at})

    return slope_from_sides(value, places[moved], inside=True)


@lru_cache(maxsize=2**8)
def _slopes_of(head: Any, count: int) -> list[Expr]:
    places = [place(i) for i in range(count)]
    applied = head(*places)
    return [applied.diff(p) for p in places]


__all__ = ["slope_by_operations", "slope_from_sides"]
