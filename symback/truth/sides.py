"""The derivative at a point where SymPy's `diff` has no value: from both sides, in balls.

The slope of x**p by p at x = 0 is 0·log(0), that of sqrt(x**2 + y**2) at the origin 0/0, and yet
the one is 0 and the other a kink. Here the difference quotients of two steps far below all
rounding say what the slope is on each side:

- both sides have one slope: that is the derivative;
- the function is defined on one side only: the slope on that side, as x**1.5 has at 0;
- opposite slopes: a kink of even form such as |x|, whose slope is 0 by convention;
- anything else, or quotients that don't converge: there is no derivative.
"""

from __future__ import annotations

from collections.abc import Callable

from flint import arb

from symback.operations.balls.functions import NOT_A_NUMBER, Undecided
from symback.operations.balls.scalars import precision

STEPS = (3000, 3600)  # widths 2^-k
BITS = 9000
SMALL = arb(2) ** -1140  # far below the smallest float64
ALIKE = arb(2) ** -200  # relative, of the quotients of both steps and of both sides


def slope_from_sides(value: Callable[[arb], arb], at: arb, inside: bool = False) -> arb:
    """The slope of a function at a number, NaN where it has none.

    `inside` accepts the slope of one side where the function is not defined on the other.
    """
    with precision(BITS):
        try:
            middle = value(at)
            right, left = (_slope(value, at, middle, sign) for sign in (1, -1))
        except Undecided:
            return NOT_A_NUMBER
        if right is None or left is None:
            only = left if right is None else right
            return only if inside and only is not None else NOT_A_NUMBER
        if not right.is_finite() or not left.is_finite():
            return NOT_A_NUMBER
        if _alike(right, left):
            return right
        return arb(0) if _alike(right, -left) else NOT_A_NUMBER


def _slope(value: Callable[[arb], arb], at: arb, middle: arb, sign: int) -> arb | None:
    """The slope on one side: None where the function is not defined, NaN where it diverges."""
    quotients = []
    for exponent in STEPS:
        step = sign * arb(2) ** -exponent
        beside = value(at + step)
        if beside.is_nan():
            return None
        quotients.append((beside - middle) / step)
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


__all__ = ["slope_from_sides"]
