"""Formulas of arrays made from formulas: products for any ranks, and what broadcasting needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import Expr, Integer, S

from symback.operations.arrays import (
    concat,
    dot,
    expand_dims,
    matmul,
    matvec,
    outer,
    reduce_sum,
    transpose,
)
from symback.operations.shapes import Shape, ShapeError


def matrix_product(a: Expr, b: Expr, ranks: tuple[int, int]) -> Expr:
    """a @ b for the ranks of a and b, as NumPy has it; a chain with a vector is done from it."""
    if ranks == (1, 1):
        return dot(a, b)
    if ranks == (1, 2):
        return matrix_product(transpose(b), a, (2, 1))
    if ranks == (2, 1):
        if isinstance(a, matmul):  # (A·B)·x costs a product of matrices more than A·(B·x)
            return matrix_product(a.args[0], matrix_product(a.args[1], b, (2, 1)), (2, 1))
        if isinstance(a, transpose) and isinstance(a.args[0], matmul):
            left, right = a.args[0].args
            return matrix_product(
                transpose(right), matrix_product(transpose(left), b, (2, 1)), (2, 1)
            )
        return matvec(a, b)
    return matmul(a, b)


def transposed(expr: Expr) -> Expr:
    """Aᵀ without a transpose of a product: (A·B)ᵀ is Bᵀ·Aᵀ, (u·vᵀ)ᵀ is v·uᵀ."""
    number, rest = expr.as_coeff_Mul()
    if isinstance(rest, matmul):
        return number * matmul(transposed(rest.args[1]), transposed(rest.args[0]))
    if isinstance(rest, outer):
        return number * outer(rest.args[1], rest.args[0])
    return transpose(expr)


def stacked(entries: Sequence[Expr], rank: int) -> Expr:
    """Numbers as a vector, or vectors as the rows of a matrix."""
    if rank == 0:
        return concat(S.Zero, *entries)
    if rank > 1:
        raise ShapeError("a list holds numbers or vectors; join matrices with concat(…)")
    rows = [transpose(expand_dims(entry)) for entry in entries]
    return rows[0] if len(rows) == 1 else concat(S.Zero, *rows)


def expand_reduced(value: Expr, shape: Shape, axis: int | None) -> Expr:
    """What was reduced along an axis, ready to be broadcast along that axis again."""
    if not axis:  # a number, or what lacks the first axis only, is broadcast as it is
        return value
    return _with_axis(value, len(shape) - 1, axis)


def reduce_last_axis(head: Any, expr: Expr, shape: Shape) -> Expr:
    """A reduction along the last axis, ready to be broadcast along it."""
    if len(shape) == 1:
        return head(expr)
    last = len(shape) - 1
    return expand_reduced(head(expr, Integer(last)), shape, last)


def unbroadcast(expr: Expr, shape: Shape, to: Shape) -> Expr:
    """The sum over the axes along which something of shape `to` was broadcast to `shape`."""
    if shape == to:
        return expr
    if not to:
        return reduce_sum(expr)
    lead = len(shape) - len(to)
    for _ in range(lead):
        expr = reduce_sum(expr, S.Zero)
    stretched = [i for i, size in enumerate(to) if size == 1 != shape[lead + i]]
    if len(stretched) == len(to):
        expr = reduce_sum(expr)
        for rank in range(len(to)):
            expr = _with_axis(expr, rank, rank)
        return expr
    for axis in stretched:
        expr = _with_axis(reduce_sum(expr, Integer(axis)), len(to) - 1, axis)
    return expr


def _with_axis(expr: Expr, rank: int, axis: int) -> Expr:
    """An array of that rank with one axis of one element more."""
    if rank == 0:
        return concat(S.Zero, expr)
    if axis == rank:
        return expand_dims(expr)
    return transpose(expand_dims(expr)) if rank == 1 else expand_dims(expr, Integer(axis))


__all__ = [
    "expand_reduced",
    "matrix_product",
    "reduce_last_axis",
    "stacked",
    "transposed",
    "unbroadcast",
]
