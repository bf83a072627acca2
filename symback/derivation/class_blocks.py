"""The Hessian of a matrix class by class: Xᵀ·diag(p_k ∘ (1 − p_k))·X/b for the columns of W.

Where no product of matrices writes what a differential is multiplied by, as in softmax regression
over a batch, the columns of W (or its rows, one a class) may still mix by sums over the classes
alone. Then column k of the result is a sum over l of products of matrices with column l of dW: one
product for k = l, and one for k ≠ l.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sympy import Expr, Mul, S, Symbol, Tuple, exp, factor, oo

from symback.derivation.matrix_products import (
    Factor,
    FactorChain,
    NotOne,
    ProductSum,
    ScaledChain,
    transposed,
)
from symback.operations import arrays as a
from symback.operations.arrays import ArrayFunction, shape_of
from symback.operations.shapes import Shape

LETTERS = ("kl", "ij", "pq", "rs")
"""Pairs of indices of two classes."""


@dataclass(frozen=True, slots=True)
class ClassBlocks:
    """The blocks of two classes, the same one and different ones; each is a slice along `axis`."""

    same: Expr
    other: Expr
    axis: int
    indices: tuple[Symbol, Symbol]

    def part(self, name: str, index: int) -> str:
        """W[:, k], the part of a leaf that belongs to a class."""
        letter = str(self.indices[index])
        return f"{name}[:, {letter}]" if self.axis == 1 else f"{name}[{letter}]"


def class_blocks(
    expr: Expr, moved: Symbol, shapes: Mapping[str, Shape], taken: frozenset[str]
) -> ClassBlocks | None:
    """The blocks of a formula of `moved`'s shape that is linear in it; None where it has none.

    Indices are letters that are not `taken`.
    """
    free = [pair for pair in LETTERS if taken.isdisjoint(pair)]
    if not free or len(shape_of(moved, shapes)) != 2:
        return None
    k, l = (Symbol(letter, integer=True) for letter in free[0])  # noqa: E741
    for axis in (1, 0):
        reader = _Reader(moved, shapes, axis, (k, l))
        try:
            terms = reader.terms(expr, axis)
            size = shape_of(moved, shapes)[1 - axis]
            written = _Written(ProductSum(shapes, (size,), (size,)), shapes)
            same = [*terms.same, *_with_index(terms.cross, l, k)]
            return ClassBlocks(written(same), written(terms.cross), axis, (k, l))
        except NotOne:
            continue
    return None


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
            parts = [self.terms(part, axis) for part in expr.args]
            return _Terms([t for p in parts for t in p.same], [t for p in parts for t in p.cross])
        if expr.is_Mul:
            return self._product(expr, axis)
        if isinstance(expr, a.transpose):
            return self.terms(expr.args[0], None if axis is None else 1 - axis)
        if isinstance(expr, a.matmul):
            return self._matmul(expr, axis)
        if isinstance(expr, a.reduce_sum):
            return self._sum(expr, axis)
        if self._is_spread(expr, axis):
            return self.terms(expr.args[0], None)
        raise NotOne

    def _product(self, expr: Expr, axis: int | None) -> _Terms:
        moving = [f for f in expr.args if self._moved in f.free_symbols]
        if len(moving) != 1:
            raise NotOne
        terms = self.terms(moving[0], axis)
        for other in expr.args:
            if other is moving[0]:
                continue
            part = other if axis is None else self._part(other, axis)
            rank = len(shape_of(part, self._shapes))
            if rank > 1:
                raise NotOne
            chain = (Factor("diagonal", part),) if rank else ()
            terms = terms.behind(S.One if rank else part, chain)
        return terms

    def _is_spread(self, expr: Expr, axis: int | None) -> bool:
        """Whether a vector is repeated for each class."""
        shape = shape_of(expr, self._shapes)
        is_new = isinstance(expr, a.expand_dims) and len(shape) == 2
        return is_new and axis is not None and shape[axis] == 1 and shape[1 - axis] != 1

    def _part(self, expr: Expr, axis: int) -> Expr:
        """What an array has for class k, written as far inside as it goes."""
        shape = shape_of(expr, self._shapes)
        if not shape:
            return expr
        if expr.func is exp and isinstance(expr.args[0], a.log_softmax):
            return self._part(a.softmax(*expr.args[0].args), axis)
        if self._is_spread(expr, axis):
            return self._part(expr.args[0], axis)
        if isinstance(expr, a.broadcast_like | a.full) and not shape_of(expr.args[0], self._shapes):
            return expr.args[0]
        if len(shape) == 1:
            return expr
        if not isinstance(expr, ArrayFunction) and expr.args:
            return expr.func(*(self._part(arg, axis) for arg in expr.args))
        if len(shape) != 2:
            raise NotOne
        every = Tuple(S.Zero, oo)
        return a.slice_(expr, Tuple(every, self._k) if axis == 1 else Tuple(self._k))

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

    def _sum(self, expr: ArrayFunction, axis: int | None) -> _Terms:
        """A sum over the classes: whatever class k has, class l adds."""
        inner = expr.args[0]
        along = [int(each) % 2 for each in expr.options]
        if axis is not None or len(shape_of(inner, self._shapes)) != 2 or len(along) != 1:
            raise NotOne
        terms = self.terms(inner, along[0])
        if terms.cross:
            raise NotOne
        return _Terms(cross=_with_index(terms.same, self._k, self._l))


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


__all__ = ["ClassBlocks", "class_blocks"]
