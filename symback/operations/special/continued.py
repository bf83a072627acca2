"""What holds at a removable singularity."""

from __future__ import annotations

import sympy as sp
from sympy import Expr, Piecewise


def unless_zero(u: Expr, whole: Expr, near: Expr) -> Expr:
    """The whole formula, but `near` where u = 0."""
    return Piecewise((whole, sp.Ne(u, 0)), (near, True))


__all__ = ["unless_zero"]
