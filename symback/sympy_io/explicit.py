"""Matrices that are given entry by entry: SymPy's Matrix and its kin, and lists of expressions."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy import Expr, ImmutableDenseMatrix

from symback.errors import CircuitError

_Entry = Expr | int | float


def explicit(value: Any) -> Any:
    """An immutable matrix in place of a matrix or list of expressions; other values as they are.

    Nothing is made an expression here: what is not an entry is left to the reader of nodes.

    >>> x = sp.Symbol("x")
    >>> explicit([x, x**2]).shape, explicit(sp.Matrix([[x, 1]])).shape, explicit(x)
    ((2, 1), (1, 2), x)
    """
    if isinstance(value, sp.MatrixBase):
        found = ImmutableDenseMatrix(value)
    elif isinstance(value, sp.NDimArray) and value.rank() in (1, 2):
        found = ImmutableDenseMatrix(value.tolist())
    elif isinstance(value, list | tuple | sp.Tuple) and _is_table(value):
        found = ImmutableDenseMatrix(value)
    else:
        return value
    if not found.rows or not found.cols:
        raise CircuitError("a matrix without entries; give it some, or leave it out")
    return found


def _is_table(value: Any) -> bool:
    """Whether it lists numbers and expressions, or lists of them, all of one length.

    A tuple in a list, or a list of a symbol and an expression, is a name with its expression.
    """
    if all(_is_entry(entry) for entry in value):
        return bool(value)
    rows = all(isinstance(row, list | sp.Tuple) and row for row in value)
    if not rows or not all(_is_entry(entry) for row in value for entry in row):
        return False
    pairs = all(isinstance(row[0], sp.Symbol) and len(row) == 2 for row in value)
    return len({len(row) for row in value}) == 1 and not pairs


def _is_entry(value: Any) -> bool:
    is_number = isinstance(value, _Entry) and not isinstance(value, bool)
    return is_number and not isinstance(value, sp.MatrixExpr)


__all__ = ["explicit"]
