"""Formulas of arrays in ball arithmetic: every entry comes with a proven error bound.

Operations are those of `symback.operations.definitions`, over balls in place of SymPy expressions;
what stands in adjoints only is defined here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from flint import acb_mat, arb, arb_mat
from sympy import Expr, Integer, Tuple

from symback.operations import arrays as a
from symback.operations.arrays import ArrayFunction, parts_of
from symback.operations.balls.functions import NOT_A_NUMBER, Undecided, larger, log, nonzero
from symback.operations.balls.scalars import evaluate, rational
from symback.operations.definitions import (
    Arithmetic,
    Definitions,
    by_row,
    definitions,
    deviation,
    identity,
    index_of,
    products_before,
    products_of_others,
    reduced,
    symmetric,
)
from symback.operations.elementwise import elementary
from symback.operations.entries import Entries, Index, boxed, broadcast, indices, vector
from symback.operations.forms import place

SizeValues = Mapping[Any, int]
"""The values of sizes with a name, by their symbols."""


class Singular(ArithmeticError):
    """A matrix that has no inverse, or none at this precision."""


class Coinciding(Singular):
    """A matrix two of whose eigenvalues no precision tells apart: they have no eigenvectors."""


def _sum(balls: list[arb]) -> arb:
    return sum(balls[1:], balls[0])


def _matrix(x: Entries) -> arb_mat:
    return arb_mat(x.tolist())


def _inverse(x: Entries) -> Entries:
    try:
        return _entries(_matrix(x).inv())
    except ZeroDivisionError:
        raise Singular from None


def _eigenvalues(x: Entries) -> list[arb]:
    if not all(u.is_finite() for u in x.flat):
        return [NOT_A_NUMBER] * len(x)
    try:
        found = acb_mat(_matrix(x)).eig(multiple=True)
    except ValueError:
        raise Undecided from None
    return sorted((value.real for value in found), key=lambda value: value.mid())


def _entries(matrix: arb_mat) -> Entries:
    return Entries((matrix.nrows(), matrix.ncols()), matrix.entries())


def _place_of(index: arb) -> int:
    whole: Any = index.unique_fmpz() if index.is_exact() and index.is_integer() else None
    return -1 if whole is None else int(whole)


def _chosen(index: arb, terms: list[arb]) -> arb:
    at = _place_of(index)
    return terms[at] if 0 <= at < len(terms) else NOT_A_NUMBER


BALLS = Arithmetic(
    number=rational,
    sum=_sum,
    exp=arb.exp,
    log=log,
    sqrt=arb.sqrt,
    largest=lambda v: larger(*v),
    smallest=lambda v: -larger(*(-u for u in v)),
    chosen=_chosen,
    determinant=lambda x: _matrix(x).det(),
    inverse=_inverse,
    eigenvalues=_eigenvalues,
)


# -- what stands in adjoints only ----------------------------------------------------------------


def _softmax(z: list[arb]) -> list[arb]:
    """exp(z)/Σ exp(z), equal parts where entries are ∞, or all are −∞."""
    highest = [u for u in z if u > 0 and not u.is_finite()]
    lowest = [u for u in z if u < 0 and not u.is_finite()]
    if highest or len(lowest) == len(z):
        met = [not u.is_finite() and (bool(u > 0) or not highest) for u in z]
        return [arb(int(is_met)) / sum(met) for is_met in met]
    powers = [u.exp() for u in z]
    total = _sum(powers)
    return [e / total for e in powers]


def _argmax_mask(x: Entries, extreme: Entries, *axes: int) -> Entries:
    """1 where an entry is the extreme, equal parts where several are, else 0."""
    over = axes or range(x.ndim)
    lanes = x.lanes(over)
    pairs = zip(lanes.rows(), extreme.flat, strict=True)
    shares = [share for row, of_row in pairs for share in _shares(row, of_row)]
    return Entries(lanes.shape, shares).from_lanes(x.shape, over)


def _shares(lane: list[arb], extreme: arb) -> list[arb]:
    if extreme.is_nan():
        return [NOT_A_NUMBER if u.is_nan() else arb(0) for u in lane]
    met = [u.overlaps(extreme) for u in lane]
    count = sum(met)
    if count > 1 and not all(u.is_exact() for u, is_met in zip(lane, met, strict=True) if is_met):
        raise Undecided
    return [arb(1) / count if is_met else arb(0) for is_met in met]


def _normalized(x: Entries, norm: Entries, *axes: int) -> Entries:
    """A/‖A‖, where A = 0 is 0."""
    over = axes or range(x.ndim)
    kept = norm.reshape(1 if i in over else n for i, n in enumerate(x.shape))
    return x / kept.map(nonzero)


def _one_hot(index: Entries, z: Entries) -> Entries:
    at = _place_of(index.item())
    return vector(arb(int(i == at)) for i in range(len(z)))


def _rsqrt_variance(x: Entries) -> Entries:
    return reduced(lambda row: 1 / deviation(BALLS, row))(x, x.ndim - 1)


def _scatter(part: Entries, whole: Entries, parts: Tuple) -> Entries:
    shape, places = whole.places(index_of(parts))
    flat = [arb(0)] * whole.size
    for place_of_entry, entry in zip(places, part.broadcast_to(shape).flat, strict=True):
        flat[place_of_entry] = entry
    return Entries(whole.shape, flat)


def _segment_sum(g: Entries, index: Entries, x: Entries, axis: int | None = None) -> Entries:
    if axis is not None:
        return _add_along(g, index, x, int(axis))
    width = x.size // len(x)
    flat = [arb(0)] * x.size
    values = list(g.broadcast_to((*index.shape, *x.shape[1:])).flat)
    for number, at in enumerate(map(_place_of, index.flat)):
        for i in range(width):
            flat[at * width + i] += values[number * width + i]
    return Entries(x.shape, flat)


def _add_along(g: Entries, index: Entries, x: Entries, axis: int) -> Entries:
    added = {place: arb(0) for place in indices(x.shape)}
    for at, value in zip(indices(index.shape), g.broadcast_to(index.shape).flat, strict=True):
        added[(*at[:axis], _place_of(index[at]), *at[axis + 1 :])] += value
    return Entries(x.shape, added.values())


def _fold(g: Entries, x: Entries, sizes: Tuple, steps: Tuple) -> Entries:
    shape, places = x.window_places(tuple(map(int, sizes)), tuple(map(int, steps)))
    flat = [arb(0)] * x.size
    for place_of_entry, entry in zip(places, g.broadcast_to(shape).flat, strict=True):
        flat[place_of_entry] += entry
    return Entries(x.shape, flat)


def _size(x: Entries, *axes: int) -> Entries:
    return boxed(arb(math.prod(x.shape[i] for i in axes or range(x.ndim))))


def _scan_back(a: Entries, b: Entries, axis: int = -1) -> Entries:
    """s_i = a_(i+1)·s_(i+1) + b_i along an axis."""
    factors, terms = a.broadcast_to(b.shape).lanes([axis]), b.lanes([axis])
    made: list[Any] = []
    for of_row, row in zip(factors.rows(), terms.rows(), strict=True):
        found = [row[-1]]
        for factor, term in zip(of_row[:0:-1], row[-2::-1], strict=True):
            found.append(factor * found[-1] + term)
        made += reversed(found)
    return Entries(terms.shape, made).from_lanes(b.shape, [axis])


def _eigenvectors(x: Entries) -> Entries:
    """Each by the column of its projection whose own entry is the largest, so that it is not 0."""
    values, size = DEFINED[a.eigvalsh](x).flat, len(x)
    matrix, unit = symmetric(x), identity(BALLS, size)
    columns = []
    for k, own in enumerate(values):
        projection = _matrix(unit)
        for other in (*values[:k], *values[k + 1 :]):
            gap = own - other
            if gap.contains(0):
                raise Coinciding
            projection *= _matrix((matrix - unit * boxed(other)) / boxed(gap))
        at = max(range(size), key=lambda i: projection[i, i].mid())
        root = projection[at, at].sqrt()
        root = -root if projection[size - 1, at] < 0 else root
        columns.append([projection[i, at] / root for i in range(size)])
    return Entries.of(x.shape, lambda at: columns[at[1]][at[0]])


def _inverse_gaps(values: Entries) -> Entries:
    def entry(at: Index) -> Any:
        i, j = at
        return arb(0) if i == j else 1 / (values[j] - values[i])

    return Entries.of((len(values),) * 2, entry)


def _kron(x: Entries, y: Entries) -> Entries:
    rows, columns = y.shape
    shape = (x.shape[0] * rows, x.shape[1] * columns)

    def entry(index: Index) -> Any:
        i, j = index
        return x[i // rows, j // columns] * y[i % rows, j % columns]

    return Entries.of(shape, entry)


DEFINED: Definitions = {
    **definitions(BALLS),
    a.softmax: by_row(_softmax),
    a.argmax_mask: _argmax_mask,
    a.normalized: _normalized,
    a.one_hot: _one_hot,
    a.rsqrt_variance: _rsqrt_variance,
    a.scatter: _scatter,
    a.products_before: by_row(products_before(BALLS)),
    a.products_of_others: by_row(products_of_others(BALLS)),
    a.scan_back: _scan_back,
    a.fold: _fold,
    a.segment_sum: _segment_sum,
    a.reshape_like: lambda value, whole: value.reshape(whole.shape),
    a.broadcast_like: lambda value, whole: value.broadcast_to(whole.shape),
    a.size: _size,
    a.eigenvectors: _eigenvectors,
    a.inverse_gaps: _inverse_gaps,
    a.eye_like: lambda x: identity(BALLS, len(x)),
    a.kron: _kron,
}
"""Every operation that a circuit, an adjoint or a derivation can have."""


# -- formulas ------------------------------------------------------------------------------------


def evaluate_entries(expr: Expr, values: Mapping[Expr, Entries], sizes: SizeValues) -> Entries:
    """The entries of a formula over the symbols in `values`, which are arrays of balls.

    Raises Undecided, Singular, and Unsupported as `symback.operations.balls.scalars.evaluate` does.
    """
    return _Formula(values, sizes).entries(expr)


class _Formula:
    def __init__(self, values: Mapping[Expr, Entries], sizes: SizeValues) -> None:
        self._values = values
        self._sizes = {symbol: Integer(size) for symbol, size in sizes.items()}
        self._found: dict[Expr, Entries] = {}

    def entries(self, expr: Expr) -> Entries:
        if expr.is_Symbol:
            known = self._values.get(expr)
            return boxed(arb(int(self._sizes[expr]))) if known is None else known
        if expr not in self._found:
            if isinstance(expr, ArrayFunction):
                operands = [self.entries(o) for o in expr.operands]
                self._found[expr] = DEFINED[expr.func](*operands, *self._options(expr))
            else:
                self._found[expr] = self._elementwise(expr)
        return self._found[expr]

    def _options(self, expr: ArrayFunction) -> list[Any]:
        """Axes, bounds and sizes, their names put away."""
        leading = [_bound(o, self._sizes) for o in expr.options]
        if isinstance(expr, a.concat):  # its axis comes last in the definition
            return [int(leading[0])]
        if isinstance(expr, a.full):
            return [leading[0], *map(int, leading[1:])]
        return [o if isinstance(o, Tuple) else int(o) for o in leading]

    def _elementwise(self, expr: Expr) -> Entries:
        parts, meaning = _meaning(expr)
        if not parts:
            return boxed(evaluate(meaning, {}))
        spread = broadcast(*(self.entries(part) for part in parts))
        places = [place(i) for i in range(len(parts))]
        rows = zip(*(x.flat for x in spread), strict=True)
        values = [evaluate(meaning, dict(zip(places, row, strict=True))) for row in rows]
        return Entries(spread[0].shape, values)


def _bound(option: Any, sizes: Mapping[Any, Integer]) -> Any:
    return option.xreplace(sizes) if isinstance(option, Expr | Tuple) else option


@lru_cache(maxsize=2**12)
def _meaning(expr: Expr) -> tuple[tuple[Expr, ...], Expr]:
    """What an elementwise formula is over, and its meaning over numbered places."""
    parts = tuple(parts_of(expr))
    over_places = expr.xreplace({part: place(i) for i, part in enumerate(parts)})
    return parts, elementary(over_places)


__all__ = ["DEFINED", "Coinciding", "Singular", "SizeValues", "evaluate_entries"]
