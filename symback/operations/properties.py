"""Properties of operations on numbers and on arrays alike, read from their rows."""

from __future__ import annotations

from sympy import Expr, Piecewise

from symback.operations.arrays import ARRAY_FUNCTIONS, ArrayFunction
from symback.operations.elementwise import BY_HEAD, OPS

_KINKED = (
    Piecewise,
    *(op.head for op in OPS.values() if op.kink),
    *(head for head in ARRAY_FUNCTIONS if head.kink),
)


def has_kink(expr: Expr) -> bool:
    """Whether an expression has a place where its derivative jumps."""
    return bool(expr.has(*_KINKED))


def companion(value: Expr) -> Expr | None:
    """What backward needs of an operation and one kernel computes together with it.

    It is the slope of an operation on numbers, and the softmax of a cross-entropy.
    """
    if isinstance(value, ArrayFunction):
        return value.companion
    op = BY_HEAD.get(value.func)
    return op.slope(*value.args) if op and op.slope else None


__all__ = ["companion", "has_kink"]
