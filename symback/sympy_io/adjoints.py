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
from symback.operations.construction import expand_reduced, matrix_product, reduce_last_axis
from symback.operations.definitions import EPSILON
from symback.operations.shapes import ShapeError, shown, slice_shape
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


WRITTEN: dict[Any, Callable[..., Expr]] = {
    a.argmax_mask: _argmax_mask,
    a.broadcast_like: _broadcast_like,
    a.reshape_like: lambda shape_of, value, like: a.reshape(value, *shape_of(like)),
    a.eye_like: _eye_like,
    a.normalized: _normalized,
    a.rsqrt_variance: _rsqrt_variance,
    a.scatter: _scatter,
    a.size: _size,
}
"""The formulas, by operation; tests compare the table with the operations of adjoints."""


__all__ = ["WRITTEN"]
