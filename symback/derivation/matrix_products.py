"""Products of matrices as lists of factors, put together and written as formulas."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Literal

from sympy import Add, Expr, Mul, S

from symback.operations import arrays as a
from symback.operations.arrays import shape_of
from symback.operations.shapes import Shape

Kind = Literal["identity", "matrix", "diagonal", "column", "row", "kron"]


@dataclass(frozen=True, slots=True)
class Factor:
    """One factor of a product of matrices: the size of an identity, a matrix, the vector of a
    diagonal matrix, of a column or of a row, or a Kronecker product of two products."""

    kind: Kind
    expr: Expr = S.Zero
    parts: tuple[FactorChain, FactorChain] = ((), ())


FactorChain = tuple[Factor, ...]
"""A product, from left to right; the empty one is the identity."""

ScaledChain = tuple[Expr, FactorChain]
"""A number times a product."""


class NotOne(Exception):
    """No product of matrices writes the map."""


def kron_of(left: FactorChain, right: FactorChain) -> Factor:
    return Factor("kron", parts=(left, right))


def identity(size: Expr) -> FactorChain:
    return (Factor("identity", size),)


def ones(size: Expr) -> Expr:
    return a.full(S.One, size)


class ProductSum:
    """Writes a sum of products; terms with one factor of a Kronecker product are put together."""

    def __init__(self, shapes: Mapping[str, Shape], moved: Shape, shape: Shape) -> None:
        self._shapes, self._moved, self._shape = shapes, moved, shape

    def _shape_of(self, expr: Expr) -> Shape:
        return shape_of(expr, self._shapes)

    def written(self, terms: Sequence[ScaledChain]) -> Expr:
        plain: list[ScaledChain] = []
        by_right: dict[FactorChain, list[ScaledChain]] = {}
        for number, chain in terms:
            absorbed = self._joined(chain, self._into_kron)[1]
            if len(absorbed) == 1 and absorbed[0].kind == "kron" and self._shape:
                left, right = absorbed[0].parts
                factor, reduced = self._reduced(right)
                reduced = reduced or identity(self._rows(right))
                by_right.setdefault(reduced, []).append((number * factor, left))
            elif any(f.kind == "kron" for f in absorbed) and len(absorbed) > 1:
                raise NotOne
            else:
                plain.append((number, absorbed))
        found = [self._total(plain)] if plain else []
        for right, lefts in by_right.items():
            total = self._total(lefts, self._columns(lefts[0][1]))
            numbers = [f for f in Mul.make_args(total) if not self._shape_of(f)]
            rest = Mul(*(f for f in Mul.make_args(total) if f not in numbers))
            found.append(Mul(*numbers) * a.kron(rest, self._factor_of_kron(right)))
        return Add(*found)

    def _total(self, terms: Sequence[ScaledChain], size: Expr | None = None) -> Expr:
        """A sum of products; what all begin or end with stands before or behind it once."""
        whole = [(n, tuple(f for f in chain if f.kind != "identity")) for n, chain in terms]
        before: FactorChain = ()
        after: FactorChain = ()
        if len(whole) > 1:
            whole, before = _without_common(whole, 0, ("matrix",))
            whole, after = _without_common(whole, -1, ("matrix", "diagonal"))
        added: dict[FactorChain, Expr] = {}
        for number, chain in whole:
            factor, reduced = self._reduced(chain)
            added[reduced] = added.get(reduced, S.Zero) + number * factor
        kept = {chain: number for chain, number in added.items() if number != 0}
        inner = self._rows(after) if after else size
        parts = [
            number * (self._factor_of_kron(chain) if size and chain else self._matrix(chain, inner))
            for chain, number in kept.items()
        ]
        total = Add(*parts)
        for factor in reversed(before):
            total = a.matmul(self._factor(factor), total)
        for factor in after:
            total = a.matmul(total, self._factor(factor))
        return total

    def _joined(
        self, chain: FactorChain, joins: Callable[[Factor, Factor], ScaledChain | None]
    ) -> ScaledChain:
        """The product with neighbours put together where one factor writes both."""
        number, factors = S.One, [f for f in chain if f.kind != "identity"]
        place = len(factors) - 2
        while place >= 0:
            found = joins(factors[place], factors[place + 1])
            if found is None:
                place -= 1
                continue
            number, factors[place : place + 2] = number * found[0], found[1]
            place = len(factors) - 2
        return number, tuple(factors)

    def _reduced(self, chain: FactorChain) -> ScaledChain:
        """The product of a chain, as few factors as there are."""
        number: Expr = S.One
        for joins in (self._into_kron, self._beside_vectors, self._any_pair):
            factor, chain = self._joined(chain, joins)
            number = number * factor
        reduced: list[Factor] = []
        for part in chain:
            if part.kind == "kron":
                one, left = self._reduced(part.parts[0])
                two, right = self._reduced(part.parts[1])
                number = number * one * two
                sizes = [identity(self._rows(each)) for each in part.parts]
                reduced += [kron_of(left or sizes[0], right or sizes[1])] if left or right else []
            else:
                reduced.append(part)
        return number, tuple(reduced)

    def _rows(self, chain: FactorChain) -> Expr:
        return self._size(chain[0], 0)

    def _columns(self, chain: FactorChain) -> Expr:
        return self._size(chain[-1], 1)

    def _size(self, factor: Factor, axis: int) -> Expr:
        """How many rows (axis 0) or columns a factor has."""
        if factor.kind == "kron":
            left, right = ((self._rows, self._columns)[axis](part) for part in factor.parts)
            return left * right
        if factor.kind == "identity":
            return factor.expr
        shape = self._shape_of(factor.expr)
        if factor.kind == "matrix":
            return shape[axis]
        is_one = factor.kind == ("row", "column")[axis]
        return S.One if is_one else shape[0]

    def _into_kron(self, x: Factor, y: Factor) -> ScaledChain | None:
        """A product with a Kronecker product, where that is one again."""
        if x.kind == y.kind == "kron":
            both = list(zip(x.parts, y.parts, strict=True))
            if any(self._columns(one) != self._rows(two) for one, two in both):
                return None
            left, right = ((*one, *two) for one, two in both)
            return S.One, (kron_of(left, right),)
        if y.kind == "kron" and S.One in (sizes := [self._rows(part) for part in y.parts]):
            left, right = y.parts
            made = ((x, *left), right) if sizes[1] == 1 else (left, (x, *right))
            return S.One, (kron_of(*made),)
        if x.kind == "kron" and S.One in (sizes := [self._columns(part) for part in x.parts]):
            left, right = x.parts
            made = ((*left, y), right) if sizes[1] == 1 else (left, (*right, y))
            return S.One, (kron_of(*made),)
        return None

    def _beside_vectors(self, x: Factor, y: Factor) -> ScaledChain | None:
        """A row times a matrix, or a matrix times a column."""
        if x.kind == "row" and y.kind in ("matrix", "diagonal"):
            return S.One, (Factor("row", _vector(transposed((y,))[0], x.expr)),)
        if y.kind == "column" and x.kind in ("matrix", "diagonal"):
            return S.One, (Factor("column", _vector(x, y.expr)),)
        if x.kind == "row" and y.kind == "column":
            return _number(x.expr, y.expr), ()
        return None

    def _any_pair(self, x: Factor, y: Factor) -> ScaledChain | None:
        if x.kind == "column" and y.kind == "row":
            return S.One, (Factor("matrix", a.outer(x.expr, y.expr)),)
        if x.kind == y.kind == "diagonal":
            return S.One, (Factor("diagonal", x.expr * y.expr),)
        return None

    def _matrix(self, chain: FactorChain, size: Expr | None = None) -> Expr:
        """A reduced product as a formula, an identity of a size; that of a number is an array of
        what moved."""
        if not chain and not self._moved:
            return S.One
        if not chain:
            return a.eye(prod(self._moved) if size is None else size)
        if len(chain) == 1 and chain[0].kind in ("row", "column"):
            return chain[0].expr
        if len(chain) == 1 and chain[0].kind == "kron" and not self._shape:
            rows = [part[0] for part in chain[0].parts if len(part) == 1]
            if [row.kind for row in rows] != ["row", "row"]:
                raise NotOne
            return a.outer(*(row.expr for row in rows))
        factors = [self._factor(f) for f in chain]
        total = factors[0]
        for factor in factors[1:]:
            total = a.matmul(total, factor)
        return total

    def _factor(self, factor: Factor) -> Expr:
        if factor.kind == "kron":
            return a.kron(*map(self._factor_of_kron, factor.parts))
        if factor.kind == "diagonal":
            return a.diag(factor.expr)
        if factor.kind == "identity":
            return a.eye(factor.expr)
        column = a.expand_dims(factor.expr, S.One)
        if factor.kind == "column":
            return column
        return a.transpose(column) if factor.kind == "row" else factor.expr

    def _factor_of_kron(self, chain: FactorChain) -> Expr:
        return self._factor(chain[0]) if len(chain) == 1 else self._matrix(chain)


def _without_common(
    terms: Sequence[ScaledChain], end: Literal[0, -1], kinds: Sequence[Kind]
) -> tuple[list[ScaledChain], FactorChain]:
    """The terms without the factors that all begin (0) or end (-1) with, and these."""
    rest, common = list(terms), tuple[Factor, ...]()
    while all(chain and chain[end] == rest[0][1][end] for _, chain in rest):
        factor = rest[0][1][end]
        if factor.kind not in kinds or any(_is_row_of_ones(chain[-2:-1]) for _, chain in rest):
            break
        rest = [(number, chain[1:] if end == 0 else chain[:-1]) for number, chain in rest]
        common = (*common, factor) if end == 0 else (factor, *common)
    return rest, common


def _is_row_of_ones(chain: FactorChain) -> bool:
    """Whether a product is 1ᵀ, which turns a diagonal matrix behind it into a row."""
    return bool(chain) and chain[0].kind == "row" and _is_ones(chain[0].expr)


def _number(u: Expr, v: Expr) -> Expr:
    """uᵀ·v."""
    if _is_ones(u) and _is_ones(v):
        size: Expr = u.args[1]
        return size
    if _is_ones(u) or _is_ones(v):
        return a.reduce_sum(v if _is_ones(u) else u)
    return a.dot(u, v)


def transposed(chain: FactorChain) -> FactorChain:
    (factor,) = chain
    if factor.kind == "diagonal":
        return chain
    inner = factor.expr
    turned = inner.args[0] if isinstance(inner, a.transpose) else a.transpose(inner)
    return (Factor("matrix", turned),)


def _vector(matrix: Factor, vector: Expr) -> Expr:
    if matrix.kind == "matrix":
        return a.matvec(matrix.expr, vector)
    return matrix.expr if _is_ones(vector) else matrix.expr * vector


def _is_ones(vector: Expr) -> bool:
    return isinstance(vector, a.full) and vector.args[0] == 1


__all__ = [
    "Factor",
    "FactorChain",
    "NotOne",
    "ProductSum",
    "ScaledChain",
    "identity",
    "kron_of",
    "ones",
    "transposed",
]
