"""Operations that only adjoints have, written by those that circuits have.

A gradient of arrays speaks of a part that is placed among zeros, of the mask of a largest element
or of a number of elements. As part of a circuit, which is differentiated again, each of these is
the formula that it stands for; so it has a derivative, and circuit text can write it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp
from sympy import Expr, Integer, Piecewise, S, Tuple

from symback.operations import arrays as a
from symback.operations.construction import (
    expand_reduced,
    index_leaf,
    matrix_product,
    permuted,
    reduce_last_axis,
    sum_of_products,
    with_axis,
)
from symback.operations.definitions import EPSILON
from symback.operations.shapes import Shape, ShapeError, shown, slice_shape
from symback.sympy_io.matrix_products import ALL, Shapes


def _size(shape_of: Shapes, x: Expr, *axes: Expr) -> Expr:
    shape = shape_of(x)
    return sp.Mul(*(shape[int(axis)] for axis in axes)) if axes else sp.Mul(*shape)


def _expanded(shape_of: Shapes, value: Expr, x: Expr, *axes: Expr) -> Expr:
    shape = shape_of(x)
    return expand_reduced(value, shape, [int(axis) for axis in axes] or range(len(shape)))


def _argmax_mask(shape_of: Shapes, x: Expr, extreme: Expr, *axes: Expr) -> Expr:
    met = Piecewise((1, sp.Eq(x, _expanded(shape_of, extreme, x, *axes))), (0, True))
    return met / _expanded(shape_of, a.reduce_sum(met, *axes), x, *axes)


def _normalized(shape_of: Shapes, x: Expr, norm: Expr, *axes: Expr) -> Expr:
    length = _expanded(shape_of, norm, x, *axes)
    return Piecewise((0, sp.Eq(length, 0)), (x / length, True))


def _rsqrt_variance(shape_of: Shapes, x: Expr) -> Expr:
    shape = shape_of(x)
    square = sp.Pow(x - reduce_last_axis(a.mean, x, shape), 2)
    mean = a.mean(square) if len(shape) == 1 else a.mean(square, Integer(len(shape) - 1))
    return 1 / sp.sqrt(mean + sp.Rational(EPSILON))


def _scatter(shape_of: Shapes, part: Expr, like: Expr, parts: Tuple) -> Expr:
    """The part, multiplied by rows and columns of identity matrices."""
    shape = shape_of(like)
    wanted = slice_shape([shape], [parts])
    if shape_of(part) not in ((), wanted):
        raise ShapeError(f"{shown(shape_of(part))} in the place of {shown(wanted)}")
    if shape_of(part) != wanted:
        part = part * a.full(S.One, *wanted)
    bounds = [*parts, *[ALL] * (len(shape) - len(parts))]
    chosen = [
        None if bound == ALL else a.slice_(a.eye(size), Tuple(ALL, bound))
        for size, bound in zip(shape, bounds, strict=True)
    ]
    if len(shape) == 1:
        return _along(shape_of, chosen[0], part)
    rows, columns = chosen
    if rows is not None and len(shape_of(rows)) == 1:  # one row
        return a.outer(rows, _along(shape_of, columns, part))
    if columns is not None and len(shape_of(columns)) == 1:  # one column
        return a.outer(_along(shape_of, rows, part), columns)
    part = part if rows is None else a.matmul(rows, part)
    return part if columns is None else a.matmul(part, a.transpose(columns))


def _along(shape_of: Shapes, chosen: Expr | None, part: Expr) -> Expr:
    """A number or vector placed in a vector."""
    if chosen is None:
        return part
    if len(shape_of(chosen)) == 1:
        return chosen * part
    return matrix_product(chosen, part, (2, 1))


def _broadcast_like(shape_of: Shapes, value: Expr, like: Expr) -> Expr:
    return value * a.full(S.One, *shape_of(like))


def _eye_like(shape_of: Shapes, like: Expr) -> Expr:
    return a.eye(shape_of(like)[0])


def _fold(shape_of: Shapes, value: Expr, like: Expr, sizes: Tuple, steps: Tuple) -> Expr:
    """The columns of windows of a vector, each in its places among zeros."""
    if len(shape_of(like)) != 1:
        raise ShapeError("the windows of a matrix have four axes; SymPy's expressions have two")
    (window,), (step,), places = sizes, steps, shape_of(value)[0]
    total: Expr = S.Zero
    for j in range(int(window)):
        behind = int(window) - 1 - j
        stop = S.Infinity if not behind else Integer(-behind)
        bounds = Tuple(Integer(j), stop)
        if step != 1:
            bounds = Tuple(Integer(j), Integer(j + (int(places) - 1) * int(step) + 1), step)
        total += _scatter(shape_of, a.slice_(value, Tuple(ALL, Integer(j))), like, Tuple(bounds))
    return total


def _along_last(write: Callable[..., Expr]) -> Callable[..., Expr]:
    """What goes along an axis, by what goes along the last one."""

    def of_axis(shape_of: Shapes, *args: Expr) -> Expr:
        arrays = [o for o in args if not o.is_Integer]
        rank = len(shape_of(arrays[0]))
        axis = int(args[-1]) if len(args) > len(arrays) else rank - 1
        order = [*(i for i in range(rank) if i != axis), axis]
        made = write(shape_of, *(permuted(o, tuple(order)) for o in arrays))
        return permuted(made, tuple(order.index(i) for i in range(rank)))

    return of_axis


def _in_rows(x: Expr, rank: int, is_read: Expr) -> Expr:
    """The elements along the last axis in rows, with 1 for those that a row does not read."""
    return Piecewise((with_axis(x, rank, rank - 1), sp.Eq(is_read, 1)), (1, True))


def _of_others(shape_of: Shapes, x: Expr) -> Expr:
    rank, n = len(shape_of(x)), shape_of(x)[-1]
    return a.prod(_in_rows(x, rank, 1 - a.eye(n)), Integer(rank))


def _before(shape_of: Shapes, x: Expr) -> Expr:
    rank, n = len(shape_of(x)), shape_of(x)[-1]
    below = a.tril(a.full(S.One, n, n), S.NegativeOne)
    return a.prod(_in_rows(x, rank, below), Integer(rank))


def _scan_back(shape_of: Shapes, factors: Expr, b: Expr) -> Expr:
    """Σ of b_j with the products of the factors behind i up to j, which stand in row i."""
    rank, n = len(shape_of(b)), shape_of(b)[-1]
    behind = a.triu(a.full(S.One, n, n), S.One)
    products = a.triu(a.cumprod(_in_rows(factors, rank, behind), Integer(rank)))
    return a.reduce_sum(products * with_axis(b, rank, rank - 1), Integer(rank))


def _added_along(shape_of: Shapes, part: Expr, index: Expr, shape: Shape, axis: int) -> Expr:
    """The sum along an axis of the parts times rows of an identity matrix, which become it."""
    if shape_of(part) != shape_of(index):
        part *= a.full(S.One, *shape_of(index))
    places = tuple(range(len(shape)))
    new = len(shape)
    leaf = index_leaf(index)
    chosen = a.take(a.eye(shape[axis]), leaf)
    if leaf != index:  # a vector with an axis of one: an index in text is a name
        chosen = a.reshape(chosen, *shape_of(index), shape[axis])
    result = tuple(new if place == axis else place for place in places)
    return sum_of_products([(part, places), (chosen, (*places, new))], result)


def _segment_sum(shape_of: Shapes, part: Expr, index: Expr, like: Expr, *axis: Expr) -> Expr:
    """The sums with their size, or along an axis products with rows of an identity matrix."""
    shape = shape_of(like)
    if axis:
        return _added_along(shape_of, part, index, shape, int(*axis))
    own = (*shape_of(index), *shape[1:])
    if shape_of(part) != own:
        part *= a.full(S.One, *own)
    return a.segment_sum(part, index, a.full(S.Zero, *shape))


def _inverse_gaps(shape_of: Shapes, values: Expr) -> Expr:
    unit = a.eye(shape_of(values)[0])
    return 1 / (values - a.expand_dims(values) + unit) - unit


WRITTEN: dict[Any, Callable[..., Expr]] = {
    a.argmax_mask: _argmax_mask,
    a.broadcast_like: _broadcast_like,
    a.products_of_others: _along_last(_of_others),
    a.products_before: _along_last(_before),
    a.scan_back: _along_last(_scan_back),
    a.fold: _fold,
    a.reshape_like: lambda shape_of, value, like: a.reshape(value, *shape_of(like)),
    a.eye_like: _eye_like,
    a.normalized: _normalized,
    a.rsqrt_variance: _rsqrt_variance,
    a.scatter: _scatter,
    a.segment_sum: _segment_sum,
    a.size: _size,
    a.inverse_gaps: _inverse_gaps,
}
"""The formulas, by operation; tests compare the table with the operations of adjoints."""


__all__ = ["WRITTEN"]
