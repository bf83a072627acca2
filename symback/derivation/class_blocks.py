"""The Hessian of a matrix class by class: Xᵀ·diag(p_k ∘ (1 − p_k))·X/b for the columns of W.

Where no product of matrices writes what a differential is multiplied by, as in softmax regression
over a batch, the columns of W (or its rows, one a class) may still mix by sums over the classes
alone. Then column k of the result is a sum over l of products of matrices with column l of dW: one
product for k = l, and one for k ≠ l.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from sympy import Expr, Mul, S, Symbol, Tuple, exp, factor, oo

from symback.derivation.matrix_products import (
    Factor,
    FactorChain,
    NotOne,
    ProductSum,
    ScaledChain,
    ones,
    transposed,
)
from symback.operations import arrays as a
from symback.operations.arrays import ArrayFunction, shape_of
from symback.operations.shapes import Shape

LETTERS = ("kl", "ij", "pq", "rs")
"""Pairs of indices of two classes."""


@dataclass(frozen=True, slots=True)
class ClassBlocks:
    """The blocks of two classes, the same one and different ones.

    `axes` are those of the classes, in the partials' array and in the one that moves.
    """

    same: Expr
    other: Expr
    axes: tuple[int, int]
    indices: tuple[Symbol, Symbol]


def class_part(name: str, axis: int, index: Symbol) -> str:
    """W[:, k], the part of a leaf that belongs to a class."""
    return f"{name}[:, {index}]" if axis == 1 else f"{name}[{index}]"


def class_blocks(
    expr: Expr, moved: Symbol, shapes: Mapping[str, Shape], taken: frozenset[str]
) -> ClassBlocks | None:
    """The blocks of a formula that is linear in `moved`; None where it has none.

    Both have classes along an axis, in which they have the same length: columns of matrices, rows
    of them, or entries of vectors. Indices are letters that are not `taken`.
    """
    free = [pair for pair in LETTERS if taken.isdisjoint(pair)]
    shape, moved_shape = shape_of(expr, shapes), shape_of(moved, shapes)
    if not free or not {len(shape), len(moved_shape)} <= {1, 2}:
        return None
    k, l = (Symbol(letter, integer=True) for letter in free[0])  # noqa: E741
    for axis, moved_axis in product((1, 0), repeat=2):
        if shape[axis:][:1] != moved_shape[moved_axis:][:1] or axis >= len(shape):
            continue
        try:
            terms = _Reader(moved, shapes, moved_axis, (k, l)).terms(expr, axis)
            sums = ProductSum(shapes, _without(moved_shape, moved_axis), _without(shape, axis))
            written = _Written(sums, shapes)
            same = [*terms.same, *_with_index(terms.cross, l, k)]
            return ClassBlocks(written(same), written(terms.cross), (axis, moved_axis), (k, l))
        except NotOne:
            continue
    return None


def _without(shape: Shape, axis: int | None) -> Shape:
    """The shape of one class."""
    return shape if axis is None else (*shape[:axis], *shape[axis + 1 :])


def _with_index(terms: Sequence[ScaledChain], old: Symbol, new: Symbol) -> list[ScaledChain]:
    return [
        (n.xreplace({old: new}), tuple(Factor(f.kind, f.expr.xreplace({old: new})) for f in chain))
        for n, chain in terms
    ]


@dataclass(frozen=True, slots=True)
class _Terms:
    """Class k gets Σ same·dw_k and Σ over l of Σ cross·dw_l."""

    same: list[ScaledChain] = field(default_factory=list)
    cross: list[ScaledChain] = field(default_factory=list)

    def behind(self, number: Expr, chain: FactorChain) -> _Terms:
        """The same terms with a number and factors in front."""
        return _Terms(
            *([(number * n, (*chain, *c)) for n, c in part] for part in (self.same, self.cross))
        )


class _Reader:
    """Reads a formula that is linear in a matrix class by class."""

    def __init__(
        self, moved: Symbol, shapes: Mapping[str, Shape], axis: int, indices: tuple[Symbol, Symbol]
    ) -> None:
        self._moved, self._shapes, self._axis = moved, shapes, axis
        self._k, self._l = indices

    def terms(self, expr: Expr, axis: int | None) -> _Terms:
        """Those of a formula whose classes are along an axis; None where they are summed."""
        if self._moved not in expr.free_symbols:
            raise NotOne
        if expr == self._moved and axis == self._axis:
            return _Terms([(S.One, ())])
        if expr.is_Add:
            parts = [self._broadcast(part, expr, axis) for part in expr.args]
            return _Terms([t for p in parts for t in p.same], [t for p in parts for t in p.cross])
        if expr.is_Mul:
            return self._product(expr, axis)
        if isinstance(expr, a.transpose):
            return self.terms(expr.args[0], None if axis is None else 1 - axis)
        if isinstance(expr, a.matmul):
            return self._matmul(expr, axis)
        if isinstance(expr, a.reduce_sum | a.mean):
            return self._sum(expr, axis)
        if isinstance(expr, a.broadcast_like):
            return self._broadcast(expr.args[0], expr, axis)
        if isinstance(expr, a.outer):
            return self._outer(expr, axis)
        if isinstance(expr, a.dot):
            return self._sum(a.reduce_sum(Mul(*expr.args)), axis)
        if isinstance(expr, a.matvec):
            return self._matvec(expr, axis)
        raise NotOne

    def _product(self, expr: Expr, axis: int | None) -> _Terms:
        moving = [f for f in expr.args if self._moved in f.free_symbols]
        if len(moving) != 1:
            raise NotOne
        terms = self._broadcast(moving[0], expr, axis)
        shape = shape_of(expr, self._shapes)
        for other in expr.args:
            if other is moving[0]:
                continue
            part = other if axis is None else self._part(other, shape, axis)
            rank = len(shape_of(part, self._shapes))
            if rank > 1:
                raise NotOne
            chain = (Factor("diagonal", part),) if rank else ()
            terms = terms.behind(S.One if rank else part, chain)
        return terms

    def _broadcast(self, part: Expr, whole: Expr, axis: int | None) -> _Terms:
        """The terms of a part of a formula, in the shape of the whole."""
        shape = shape_of(whole, self._shapes)
        part, place = self._along(part, shape, axis)
        own = shape_of(part, self._shapes)
        terms = self.terms(part, place)
        wanted = _without(shape, axis)
        if _without(own, place) == wanted:
            return terms
        if len(own) > (place is not None) or len(wanted) != 1:
            raise NotOne
        return terms.behind(S.One, (Factor("column", ones(wanted[0])),))

    def _part(self, expr: Expr, shape: Shape, axis: int) -> Expr:
        """What an array of a shape has of a part for class k, written as far inside as it goes."""
        if expr.func is exp and isinstance(expr.args[0], a.log_softmax):
            return self._part(a.softmax(*expr.args[0].args), shape, axis)
        if isinstance(expr, a.broadcast_like | a.full) and not shape_of(expr.args[0], self._shapes):
            return expr.args[0]
        if not isinstance(expr, ArrayFunction) and expr.args:
            return expr.func(*(self._part(arg, shape, axis) for arg in expr.args))
        expr, place = self._along(expr, shape, axis)
        own = shape_of(expr, self._shapes)
        if place is None:
            return expr
        if isinstance(expr, a.broadcast_like):
            return self._part(expr.args[0], own, place)
        if len(own) > 2:
            raise NotOne
        every = Tuple(S.Zero, oo)
        return a.slice_(expr, Tuple(every, self._k) if place == 1 else Tuple(self._k))

    def _along(self, part: Expr, shape: Shape, axis: int | None) -> tuple[Expr, int | None]:
        """A part of an array without an axis that it repeats, and its axis that has the classes:
        None where it is the same for all, as it has none or repeats that one.
        """
        own = shape_of(part, self._shapes)
        if axis is None or not own:
            return part, None
        if len(own) == len(shape) == 2 and own != shape:
            place = None if own[axis] == 1 else 0
            if isinstance(part, a.expand_dims):
                return part.args[0], place
            if isinstance(part, ArrayFunction) or not part.args:
                raise NotOne
            return part.func(*(self._along(arg, shape, axis)[0] for arg in part.args)), place
        if own != shape[-len(own) :]:
            raise NotOne
        place = axis - (len(shape) - len(own))
        return part, place if place >= 0 else None

    def _matmul(self, expr: Expr, axis: int | None) -> _Terms:
        left, right = expr.args
        is_right = self._moved in right.free_symbols
        if self._moved in left.free_symbols and is_right:
            raise NotOne
        if is_right and axis == 1:
            return self.terms(right, 1).behind(S.One, (Factor("matrix", left),))
        if not is_right and axis == 0:
            return self.terms(left, 0).behind(S.One, transposed((Factor("matrix", right),)))
        raise NotOne

    def _matvec(self, expr: Expr, axis: int | None) -> _Terms:
        matrix, vector = expr.args
        try:
            return self._sum(a.reduce_sum(matrix * vector, S.One), axis)
        except NotOne:
            if axis is not None or self._moved in matrix.free_symbols:
                raise
        return self.terms(vector, None).behind(S.One, (Factor("matrix", matrix),))

    def _outer(self, expr: Expr, axis: int | None) -> _Terms:
        """A column times a row, one of which moves, classes along one of them."""
        if axis is None:
            raise NotOne
        along, other = (expr.args[axis], expr.args[1 - axis])
        if self._moved in along.free_symbols:
            return self.terms(along, 0).behind(S.One, (Factor("column", other),))
        number = self._part(along, shape_of(along, self._shapes), 0)
        return self.terms(other, None).behind(number, ())

    def _sum(self, expr: ArrayFunction, axis: int | None) -> _Terms:
        """A sum of the parts of each class, or over the classes."""
        inner = expr.args[0]
        shape = shape_of(inner, self._shapes)
        along = [int(each) % len(shape) for each in expr.options] or [*range(len(shape))]
        if len(shape) > 2:
            raise NotOne
        number = S.One / Mul(*(shape[i] for i in along)) if isinstance(expr, a.mean) else S.One
        if axis is not None:
            kept = next(i for i in range(len(shape)) if i not in along)
            return self.terms(inner, kept).behind(number, (Factor("row", ones(shape[along[0]])),))
        for classes in along:
            try:
                terms = self._over_classes(self.terms(inner, classes), shape[classes])
            except NotOne:
                continue
            rows = [Factor("row", ones(shape[i])) for i in along if i != classes]
            return terms.behind(number, tuple(rows))
        raise NotOne

    def _over_classes(self, terms: _Terms, count: Expr) -> _Terms:
        """A sum over the classes: what class k has of itself class l adds; the rest is summed."""
        summed = _with_index(terms.same, self._k, self._l)
        for number, chain in terms.cross:
            places = [i for i, f in enumerate(chain) if self._k in f.expr.free_symbols]
            first = min(places, default=0)
            last = max(places, default=-1) + 1
            if any(f.kind != "diagonal" for f in chain[first:last]):
                raise NotOne
            weights = Mul(number, *(f.expr for f in chain[first:last]))
            total = self._sum_of(weights, count)
            rank = len(shape_of(total, self._shapes))
            diagonal = (Factor("diagonal", total),) if rank else ()
            chain = (*chain[:first], *diagonal, *chain[last:])
            summed.append((S.One if rank else total, chain))
        return _Terms(cross=summed)

    def _sum_of(self, weights: Expr, count: Expr) -> Expr:
        """Σ over the classes k of numbers, or of vectors."""
        fixed, moving = weights.as_independent(self._k, as_Add=False)
        if moving is S.One:
            return weights * count
        every = self._every_class(moving)
        axes = (S.One,) if len(shape_of(every, self._shapes)) == 2 else ()
        return fixed * a.reduce_sum(every, *axes)

    def _every_class(self, expr: Expr) -> Expr:
        """The array whose part for class k this is, its classes along the last axis."""
        if self._k not in expr.free_symbols:
            return a.expand_dims(expr, S.One) if shape_of(expr, self._shapes) else expr
        if isinstance(expr, a.slice_):
            whole = expr.args[0]
            is_row = len(expr.args) == 2 and len(shape_of(whole, self._shapes)) == 2
            return a.transpose(whole) if is_row and expr.args[1] == Tuple(self._k) else whole
        if isinstance(expr, ArrayFunction) or not expr.args:
            raise NotOne
        return expr.func(*map(self._every_class, expr.args))


def softmax_of(expr: Expr) -> Expr:
    """The same with softmax(Z)[:, k] for exp(log_softmax(Z)[:, k])."""

    def written(logarithm: Expr) -> Expr:
        if isinstance(logarithm, a.slice_) and isinstance(logarithm.args[0], a.log_softmax):
            return a.slice_(a.softmax(*logarithm.args[0].args), *logarithm.args[1:])
        return exp(logarithm)

    return expr.replace(exp, written)


class _Written:
    """Writes terms; those that differ in a diagonal alone have one."""

    def __init__(self, products: ProductSum, shapes: Mapping[str, Shape]) -> None:
        self._products, self._shapes = products, shapes

    def __call__(self, terms: Sequence[ScaledChain]) -> Expr:
        vectors: dict[tuple[FactorChain, FactorChain], Expr] = {}
        plain: list[ScaledChain] = []
        for number, chain in terms:
            places = [i for i, f in enumerate(chain) if f.kind == "diagonal"]
            if not places or places[-1] - places[0] + 1 != len(places):
                plain.append((number, chain))
                continue
            around = chain[: places[0]], chain[places[-1] + 1 :]
            product = number * Mul(*(chain[i].expr for i in places))
            vectors[around] = vectors.get(around, S.Zero) + product
        for (before, after), vector in vectors.items():
            numbers, others = factor(vector).as_independent(*self._arrays(vector), as_Add=False)
            numbers, others = _turned(numbers, others)
            if others != 0:
                plain.append((numbers, (*before, Factor("diagonal", others), *after)))
        if not plain:
            return S.Zero
        return self._products.written(plain)

    def _arrays(self, vector: Expr) -> list[Expr]:
        """The parts of a vector that are arrays."""
        found = {s for s in vector.free_symbols if self._shapes.get(s.name)}
        return [*found, *vector.atoms(ArrayFunction)]


def _turned(number: Expr, vector: Expr) -> tuple[Expr, Expr]:
    """−1 times p·(p − 1) as 1 times p·(1 − p)."""
    parts = list(Mul.make_args(vector))
    for place, part in enumerate(parts):
        if part.is_Add and number.could_extract_minus_sign() and part.as_coeff_Add()[0] < 0:
            parts[place] = -part
            return -number, Mul(*parts)
    return number, vector


__all__ = ["ClassBlocks", "class_blocks", "class_part", "softmax_of"]
