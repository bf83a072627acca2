"""The matrix of a linear map of arrays: Xᵀ·X/b for what Xᵀ·(X·v)/b does to v.

Arrays count row by row, as `ravel` has them, so that of A·V·B by the entries of V is A ⊗ Bᵀ. Where
no product of matrices, diagonals and Kronecker products writes a map there is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from sympy import Expr, Mul, S, Symbol

from symback.derivation.matrix_products import (
    Factor,
    FactorChain,
    NotOne,
    ProductSum,
    ScaledChain,
    identity,
    kron_of,
    ones,
    transposed,
)
from symback.operations import arrays as a
from symback.operations.arrays import ArrayFunction, shape_of
from symback.operations.shapes import Shape


def matrix_of(expr: Expr, moved: Symbol, shapes: Mapping[str, Shape]) -> Expr | None:
    """The matrix of a formula that is linear in `moved`; None where no product writes it.

    It has a row for each entry of the formula and a column for each of `moved`, without the axis of
    what is a number; of a number by a matrix it has the matrix's shape.

    >>> from symback.operations.shapes import size_symbol
    >>> n = size_symbol("n")
    >>> x, v = (Symbol(name, real=True) for name in "xv")
    >>> matrix_of(a.dot(x, v) * x, v, {"x": (n,), "v": (n,)})
    outer(x, x)
    """
    reader = _Reader(moved, shapes)
    if not reader.shape(moved):
        return expr.xreplace({moved: S.One})
    try:
        products = ProductSum(shapes, reader.shape(moved), reader.shape(expr))
        return products.written(reader.terms(expr))
    except NotOne:
        return None


class _Reader:
    """Reads a formula that is linear in one name as sums of products."""

    def __init__(self, moved: Symbol, shapes: Mapping[str, Shape]) -> None:
        self.moved, self.shapes = moved, shapes

    def shape(self, expr: Expr) -> Shape:
        return shape_of(expr, self.shapes)

    def moves(self, expr: Expr) -> bool:
        return self.moved in expr.free_symbols

    def terms(self, expr: Expr) -> list[ScaledChain]:
        shape = self.shape(expr)
        if expr == self.moved:
            return [(S.One, ())]
        if expr.is_Add:
            return [t for part in expr.args for t in self.spread(part, shape)]
        if expr.is_Mul:
            return self._product(expr, shape)
        if isinstance(expr, ArrayFunction):
            return self._array(expr, shape)
        raise NotOne

    def spread(self, expr: Expr, shape: Shape) -> list[ScaledChain]:
        """The terms of what is broadcast to a shape."""
        own = self.shape(expr)
        return _after(() if own == shape else (_broadcast(own, shape),), self.terms(expr))

    def _product(self, expr: Expr, shape: Shape) -> list[ScaledChain]:
        moving = [f for f in expr.args if self.moves(f)]
        if len(moving) != 1:
            raise NotOne
        numbers = [f for f in expr.args if f is not moving[0] and not self.shape(f)]
        others = [f for f in expr.args if f is not moving[0] and self.shape(f)]
        terms = self.spread(moving[0], shape)
        for other in others:
            if isinstance(other, a.full) and not self.shape(other.args[0]):
                numbers.append(other.args[0])
            else:
                terms = _after((self._entries_times(other, shape),), terms)
        return [(Mul(number, *numbers), chain) for number, chain in terms]

    def _entries_times(self, other: Expr, shape: Shape) -> Factor:
        """The product with another array, entry by entry."""
        own = self.shape(other)
        if len(shape) == 1 and own == shape:
            return Factor("diagonal", other)
        if len(shape) != 2:
            raise NotOne
        if isinstance(other, a.outer) and own == shape:
            return kron_of(*((Factor("diagonal", v),) for v in other.args))
        if own == shape[1:]:
            return kron_of(identity(shape[0]), (Factor("diagonal", other),))
        if isinstance(other, a.expand_dims) and own[0] == shape[0]:
            return kron_of((Factor("diagonal", other.args[0]),), identity(shape[1]))
        if own == shape:
            return Factor("diagonal", a.reshape(other, prod(shape)))
        raise NotOne

    def _array(self, op: ArrayFunction, shape: Shape) -> list[ScaledChain]:
        rule = _RULES.get(op.func)
        if rule is None:
            raise NotOne
        moving = [i for i, operand in enumerate(op.operands) if self.moves(operand)]
        found: list[ScaledChain] = []
        if len(moving) != 1 and not isinstance(op, a.concat):
            raise NotOne
        number, chain = rule(self, op, moving[0])
        inner = op.operands[moving[0]]
        if isinstance(inner, a.transpose) and isinstance(op, a.matvec):
            inner = inner.args[0]
        found += [(number * n, (*chain, *c)) for n, c in self.terms(inner)]
        return found


def _after(chain: FactorChain, terms: Sequence[ScaledChain]) -> list[ScaledChain]:
    return [(number, (*chain, *inner)) for number, inner in terms]


def _broadcast(own: Shape, shape: Shape) -> Factor:
    columns = [(Factor("column", ones(size)),) for size in shape]
    if own == () and len(shape) == 1:
        return columns[0][0]
    if len(shape) != 2:
        raise NotOne
    if own == ():
        return kron_of(*columns)
    if own == shape[1:]:
        return kron_of(columns[0], identity(shape[1]))
    if len(own) == 2 and own[0] == shape[0] and own[1] == 1:
        return kron_of(identity(shape[0]), columns[1])
    raise NotOne


# -- one operation each --------------------------------------------------------------------------


def _matvec(r: _Reader, op: ArrayFunction, place: int) -> ScaledChain:
    matrix, vector = op.args
    if place == 1:
        return S.One, (Factor("matrix", matrix),)
    row, rows = (Factor("row", vector),), identity(r.shape(matrix)[0])
    return S.One, (kron_of(row, rows) if isinstance(matrix, a.transpose) else kron_of(rows, row),)


def _matmul(r: _Reader, op: ArrayFunction, place: int) -> ScaledChain:
    other = (Factor("matrix", op.args[1 - place]),)
    size = r.shape(op.args[place])[place]
    if place == 1:
        return S.One, (kron_of(other, identity(size)),)
    return S.One, (kron_of(identity(size), transposed(other)),)


def _outer(r: _Reader, op: ArrayFunction, place: int) -> ScaledChain:
    other = (Factor("column", op.args[1 - place]),)
    own = identity(r.shape(op.args[place])[0])
    return S.One, (kron_of(other, own) if place == 1 else kron_of(own, other),)


def _dot(r: _Reader, op: ArrayFunction, place: int) -> ScaledChain:
    other = op.args[1 - place]
    return S.One, _row_of(other, r.shape(other))


def _row_of(array: Expr, shape: Shape) -> FactorChain:
    """Σ of the product of its entries with others."""
    if len(shape) == 1:
        return (Factor("row", array),)
    if isinstance(array, a.outer):
        return (kron_of(*((Factor("row", v),) for v in array.args)),)
    return (Factor("row", a.reshape(array, prod(shape))),)


def _sum(r: _Reader, op: ArrayFunction, place: int) -> ScaledChain:
    shape = r.shape(op.args[0])
    axes = [int(axis) % len(shape) for axis in op.options] or range(len(shape))
    rows: list[FactorChain] = [
        (Factor("row", ones(size)),) if axis in axes else identity(size)
        for axis, size in enumerate(shape)
    ]
    if len(shape) > 2:
        raise NotOne
    return S.One, rows[0] if len(shape) == 1 else (kron_of(*rows),)


def _mean(r: _Reader, op: ArrayFunction, place: int) -> ScaledChain:
    shape = r.shape(op.args[0])
    axes = [int(axis) % len(shape) for axis in op.options] or range(len(shape))
    _, chain = _sum(r, op, place)
    return 1 / Mul(*(shape[axis] for axis in axes)), chain


def _spread(r: _Reader, op: ArrayFunction, place: int) -> ScaledChain:
    own, shape = r.shape(op.args[0]), r.shape(op)
    return S.One, () if own == shape else (_broadcast(own, shape),)


def _same(r: _Reader, op: ArrayFunction, place: int) -> ScaledChain:
    """What keeps the order of the entries."""
    if isinstance(op, a.expand_dims) and len(r.shape(op)) > 2:
        raise NotOne
    return S.One, ()


def _solve(r: _Reader, op: ArrayFunction, place: int) -> ScaledChain:
    if place != 1:
        raise NotOne
    inverse, shape = (Factor("matrix", a.inv(op.args[0])),), r.shape(op.args[1])
    return S.One, inverse if len(shape) == 1 else (kron_of(inverse, identity(shape[1])),)


_RULES = {
    a.matvec: _matvec,
    a.matmul: _matmul,
    a.outer: _outer,
    a.dot: _dot,
    a.reduce_sum: _sum,
    a.mean: _mean,
    a.broadcast_like: _spread,
    a.expand_dims: _same,
    a.reshape: _same,
    a.reshape_like: _same,
    a.solve: _solve,
}
"""The operations whose matrix is a product."""

__all__ = ["matrix_of"]
