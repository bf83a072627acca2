"""Sums and products of tangents, of which None is that of what does not move."""

from __future__ import annotations

from typing import Any

from sympy import Add, Eq, Expr, Min, Piecewise, S, Symbol

from symback.autodiff.partials import times
from symback.operations.functions import min_at
from symback.operations.number_slopes import Tangent


def is_below(factor: Expr) -> bool:
    """Whether a factor is a power with a negative number."""
    return bool(factor.is_Pow and factor.exp.is_number and factor.exp.is_negative)


def multiplied(dot: Tangent, rate: Expr) -> Tangent:
    """partial × tangent, taken into the branches of a choice."""
    if dot is None or rate == 0:
        return None
    return times(rate, dot) if isinstance(dot, Piecewise) else times(dot, rate)


def negative(dot: Tangent) -> Tangent:
    """The tangent of -u."""
    return None if dot is None else -dot


def sum_of_tangents(dots: list[Tangent]) -> Tangent:
    """The tangent of a sum."""
    moving = [d for d in dots if d is not None]
    total = Add(*moving) if moving else S.Zero
    return total if total != 0 else None


def of_taken(extreme: Expr, dots: list[Any], value: Symbol) -> Expr:
    """Of max and min the tangent of the operand that is taken, and of shares where they tie.

    The value is NaN where an operand is.
    """
    a, b, *stated = extreme.args
    share = stated[0] if stated else S.Half
    shares = [k * dot for k, dot in zip((share, 1 - share), dots, strict=True) if k != 0]
    taken = dots[::-1] if isinstance(extreme, Min | min_at) else dots
    branches = [*zip(taken, (a > b, a < b), strict=True), (Add(*shares), Eq(a, b)), (value, True)]
    return Piecewise(*branches, evaluate=False)


__all__ = ["is_below", "multiplied", "negative", "of_taken", "sum_of_tangents"]
