"""Products of SymPy's matrices → products over vectors and matrices, done from the vectors.

A chain of factors falls apart where two meet in a size of 1: u·vᵀ·w is the number vᵀ·w times u.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp
from sympy import Expr, S, Tuple

from symback.operations import arrays as a
from symback.operations.construction import matrix_product
from symback.operations.shapes import Shape, ShapeError, shown

ALL = Tuple(S.Zero, S.Infinity)
Shapes = Callable[[Expr], Shape]


@dataclass(frozen=True, slots=True)
class MatrixValue:
    """What a part of a matrix expression is here.

    `dims` are the two sizes that SymPy gives it, (1, 1) for a number. The formula broadcasts to
    them: of rank 1 it is a column where there is one column, else a row. An element of a matrix,
    for which a scalar formula is written, has no dims.
    """

    formula: Any
    dims: Any  # a pair of sizes, or None


def full(value: MatrixValue, shape_of: Shapes) -> Expr:
    """The formula in full size, of rank 1 where the matrix has one row or column."""
    formula, dims = value.formula, value.dims
    assert dims is not None
    shape = shape_of(formula)
    rows, columns = dims
    if dims == (1, 1) or shape == dims:
        return formula
    if 1 in dims and shape == ((rows,) if columns == 1 else (columns,)):
        return formula
    sizes = (rows,) if columns == 1 else dims
    if shape and columns == 1:
        formula = _first(formula, shape)
    return a.full(formula, *sizes) if formula in (0, 1) else formula * a.full(S.One, *sizes)


def _first(formula: Expr, shape: Shape) -> Expr:
    """The one element of an array."""
    return a.slice_(formula, Tuple(*[S.Zero] * len(shape))) if shape else formula


def as_number(value: MatrixValue, shape_of: Shapes) -> Any:
    """The number that a matrix of 1 × 1 is; what is an element or a condition stays."""
    if value.dims is None or not isinstance(value.formula, Expr):
        return value.formula
    return _first(value.formula, shape_of(value.formula))


def as_matrix(value: MatrixValue, shape_of: Shapes) -> Expr:
    """The formula of rank 2."""
    assert value.dims is not None
    formula = full(value, shape_of)
    rank = len(shape_of(formula))
    if rank == 0:
        return formula * a.full(S.One, S.One, S.One)
    if rank == 2:
        return formula
    column = a.expand_dims(formula)
    return column if value.dims[1] == 1 else a.transpose(column)


def as_vector(value: MatrixValue, shape_of: Shapes) -> Expr:
    """The formula of rank 1, of a matrix of one row or column."""
    assert value.dims is not None
    if 1 not in value.dims:
        raise ShapeError(f"a vector is needed, not {shown(value.dims)}")
    formula = full(value, shape_of)
    rank = len(shape_of(formula))
    if rank == 0:
        return a.concat(S.Zero, formula)
    if rank == 1:
        return formula
    return a.slice_(formula, Tuple(ALL, S.Zero) if value.dims[1] == 1 else Tuple(S.Zero))


def chained(values: Sequence[MatrixValue], inverses: Sequence[bool], shape_of: Shapes) -> Expr:
    """The product of matrices, of which `inverses` has the inverses that can be solved with."""
    if len(values) == 1:
        found: Expr = values[0].formula
        return found
    segments: list[list[int]] = [[0]]
    for i in range(1, len(values)):
        if values[i - 1].dims[1] != values[i].dims[0]:
            raise ShapeError(
                f"MatMul: {shown(values[i - 1].dims)} and {shown(values[i].dims)} don't fit; "
                "Trace makes a number of a 1 × 1 product"
            )
        meets_in_one = values[i].dims[0] == 1
        if meets_in_one and not all(_is_rank_two(v, shape_of) for v in values[i - 1 : i + 1]):
            segments.append([i])
        else:
            segments[-1].append(i)
    done = [
        _segment([values[i] for i in part], [inverses[i] for i in part], shape_of)
        for part in segments
    ]
    first, last = done[0], done[-1]
    if len(done) == 1 and first.dims != (1, 1):
        return first.formula
    vectors = [as_vector(v, shape_of) for v in (first, last) if v.dims != (1, 1)]
    numbers = [as_number(v, shape_of) for v in done if v.dims == (1, 1)]
    return sp.Mul(*numbers, a.outer(*vectors) if len(vectors) == 2 else sp.Mul(*vectors))


def _is_rank_two(value: MatrixValue, shape_of: Shapes) -> bool:
    return len(shape_of(value.formula)) == 2


def _segment(values: list[MatrixValue], inverses: list[bool], shape_of: Shapes) -> MatrixValue:
    """A product without a size of 1 inside: vectors stand at its ends only."""
    if len(values) == 1:
        return values[0]
    factors = [full(v, shape_of) for v in values]
    starts, ends = (len(shape_of(f)) == 1 for f in (factors[0], factors[-1]))
    dims = values[0].dims[0], values[-1].dims[1]
    if ends:
        found = factors[-1]
        for i in range(len(factors) - 2, 0 if starts else -1, -1):
            system = _system(factors[i], inverses[i])
            solved = system is not None
            found = a.solve(system, found) if solved else matrix_product(factors[i], found, (2, 1))
        return MatrixValue(a.dot(factors[0], found) if starts else found, dims)
    if starts:
        found = factors[0]
        for factor, is_inverse in zip(factors[1:], inverses[1:], strict=True):
            system = _system(factor, is_inverse)
            solved = system is not None
            found = (
                a.solve(a.transpose(system), found)
                if solved
                else matrix_product(found, factor, (1, 2))
            )
        return MatrixValue(found, dims)
    for i in range(len(factors) - 2, -1, -1):
        system = _system(factors[i], inverses[i])
        if system is not None:
            factors[i : i + 2] = [a.solve(system, factors[i + 1])]
    found = factors[0]
    for factor in factors[1:]:
        found = a.matmul(found, factor)
    return MatrixValue(found, dims)


def _system(factor: Expr, is_inverse: bool) -> Expr | None:
    """The A of a factor A⁻¹: A⁻¹·b is solve(A, b), which is more accurate than the inverse."""
    return factor.args[0] if is_inverse and isinstance(factor, a.inv) else None


__all__ = ["ALL", "MatrixValue", "as_matrix", "as_number", "as_vector", "chained", "full"]
