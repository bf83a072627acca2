"""Sums and products of tangents, of which None is that of what does not move."""

from __future__ import annotations

from sympy import Add, Expr, Piecewise, S

from symback.autodiff.partials import times
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


__all__ = ["is_below", "multiplied", "negative", "sum_of_tangents"]
