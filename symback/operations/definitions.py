"""Every operation on arrays by its definition over entries, for entries of any kind.

A product of matrices is a sum of products, an inverse the adjugate over the determinant. The
entries may be SymPy expressions, which can be differentiated, or balls, which are numbers.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import sympy as sp
from sympy import Expr, Piecewise, Rational, S, Tuple

from symback.errors import Unsupported
from symback.operations import arrays as a
from symback.operations.entries import (
    Entries,
    Index,
    boxed,
    concatenate,
    contract,
    full,
    indices,
    outer,
    vector,
)

EPSILON = Rational(1, 100_000)  # of layer_norm
MOST_ROOTS = 3  # eigenvalues of a matrix that have a formula over its entries

Definitions = dict[Any, Callable[..., Entries]]


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """What entries of one kind are added up with, and put into."""

    number: Callable[[Any], Any]  # from a SymPy number
    sum: Callable[[list[Any]], Any]
    exp: Callable[[Any], Any]
    log: Callable[[Any], Any]
    sqrt: Callable[[Any], Any]
    largest: Callable[[list[Any]], Any]
    smallest: Callable[[list[Any]], Any]
    chosen: Callable[[Any, list[Any]], Any]  # the entry at an index
    determinant: Callable[[Entries], Any]
    inverse: Callable[[Entries], Entries]
    eigenvalues: Callable[[Entries], list[Any]]  # of a symmetric matrix, in ascending order


def reduced(combine: Callable[[list[Any]], Any]) -> Callable[..., Entries]:
    """A reduction of all entries, or along axes."""

    def reduce(x: Entries, *axes: int) -> Entries:
        if not axes:
            return boxed(combine(x.flat))
        lanes = x.lanes(axes)
        return Entries(lanes.shape[:-1], map(combine, lanes.rows()))

    return reduce


def by_row(transform: Callable[[list[Any]], list[Any]]) -> Callable[..., Entries]:
    """An operation along the last axis, or along axes, that keeps the shape."""

    def apply(x: Entries, *axes: int) -> Entries:
        lanes = x.lanes(axes or [-1])
        made = Entries(lanes.shape, [entry for row in lanes.rows() for entry in transform(row)])
        return made.from_lanes(x.shape, axes or [-1])

    return apply


def _along_rows(n: Arithmetic) -> Definitions:
    """What normalises along the last axis."""

    def softmax(z: list[Any]) -> list[Any]:
        powers = [n.exp(u) for u in z]
        total = n.sum(powers)
        return [e / total for e in powers]

    def log_sum_exp(z: list[Any]) -> Any:
        return n.log(n.sum([n.exp(u) for u in z]))

    def log_softmax(z: list[Any]) -> list[Any]:
        total = log_sum_exp(z)
        return [u - total for u in z]

    def layer_norm(x: list[Any]) -> list[Any]:
        mean = n.sum(x) / len(x)
        rate = deviation(n, x)
        return [(u - mean) / rate for u in x]

    def cross_entropy(z: Entries, t: Entries) -> Entries:
        return -reduced(n.sum)(t * by_row(log_softmax)(z), z.ndim - 1)

    return {
        a.softmax: by_row(softmax),
        a.log_softmax: by_row(log_softmax),
        a.logsumexp: lambda z, *axes: reduced(log_sum_exp)(z, *(axes or [-1])),
        a.cross_entropy: cross_entropy,
        a.sparse_cross_entropy: lambda z, t: boxed(-n.chosen(t.item(), log_softmax(z.flat))),
        a.layer_norm: by_row(layer_norm),
    }


def deviation(n: Arithmetic, x: list[Any]) -> Any:
    """√(variance + ε), as layer_norm has it."""
    mean = n.sum(x) / len(x)
    return n.sqrt(n.sum([(u - mean) ** 2 for u in x]) / len(x) + n.number(EPSILON))


def diagonal_matrix(n: Arithmetic, v: Entries) -> Entries:
    zero = n.number(S.Zero)
    return Entries.of((len(v), len(v)), lambda at: v[at[0]] if at[0] == at[1] else zero)


def identity(n: Arithmetic, size: int) -> Entries:
    return diagonal_matrix(n, full([size], n.number(S.One)))


def _concat(*arrays_and_axis: Any) -> Entries:
    *arrays, axis = arrays_and_axis
    if arrays[0].ndim == 0:
        return vector(x.item() for x in arrays)
    return concatenate(arrays, axis)


def _explicit_matrix(*numbers_and_columns: Any) -> Entries:
    *numbers, columns = numbers_and_columns
    return vector(x.item() for x in numbers).reshape((len(numbers) // columns, columns))


def _rows(*arrays: Any) -> Entries:
    return concatenate([x.reshape((1, *x.shape)) for x in arrays], 0)


def index_of(parts: Tuple) -> tuple[Any, ...]:
    """The index of NumPy's that names a part of an array."""
    index: list[Any] = []
    for part in parts:
        if isinstance(part, Tuple):
            index.append(slice(*(None if bound.is_infinite else int(bound) for bound in part)))
        else:
            index.append(int(part))
    return tuple(index)


def _product(v: list[Any], n: Arithmetic) -> Any:
    return reduce(operator.mul, v) if v else n.number(S.One)


def products_before(n: Arithmetic) -> Callable[[list[Any]], list[Any]]:
    return lambda v: [_product(v[:i], n) for i in range(len(v))]


def products_of_others(n: Arithmetic) -> Callable[[list[Any]], list[Any]]:
    return lambda v: [_product([*v[:i], *v[i + 1 :]], n) for i in range(len(v))]


def _einsum(n: Arithmetic) -> Callable[[Entries, Entries, Tuple], Entries]:
    """The sum of products by its definition: one term for each place of the axes that vanish."""

    def apply(x: Entries, y: Entries, subscripts: Tuple) -> Entries:
        first, second, result = (tuple(map(int, letters)) for letters in subscripts)
        sizes = dict(zip((*first, *second), (*x.shape, *y.shape), strict=True))
        summed = [letter for letter in sizes if letter not in result]

        def entry(index: Index) -> Any:
            terms = []
            for inner in indices(sizes[letter] for letter in summed):
                at = dict(zip((*result, *summed), (*index, *inner), strict=True))
                left = x.part(tuple(at[i] for i in first)).item()
                terms.append(left * y.part(tuple(at[i] for i in second)).item())
            return n.sum(terms)

        return Entries.of((sizes[letter] for letter in result), entry)

    return apply


def _windows(x: Entries, sizes: Tuple, steps: Tuple) -> Entries:
    shape, places = x.window_places(tuple(map(int, sizes)), tuple(map(int, steps)))
    return Entries(shape, [x.flat[i] for i in places])


def _triangle(n: Arithmetic, is_kept: Callable[[int], bool]) -> Callable[..., Entries]:
    """Matrices whose entries are kept by how far they are right of a diagonal."""

    def apply(x: Entries, diagonal: int = 0) -> Entries:
        zero = n.number(S.Zero)
        where = indices(x.shape)
        kept = (is_kept(at[-1] - at[-2] - diagonal) for at in where)
        flat = [u if is_here else zero for u, is_here in zip(x.flat, kept, strict=True)]
        return Entries(x.shape, flat)

    return apply


def _cholesky(n: Arithmetic) -> Callable[[Entries], Entries]:
    """Row by row: l_ij = (a_ij - Σ l_ik·l_jk)/l_jj below the diagonal, roots on it."""

    def factor(x: Entries) -> Entries:
        rows: list[list[Any]] = []
        for i in range(len(x)):
            rows.append([n.number(S.Zero)] * len(x))
            for j in range(i + 1):
                known = [rows[i][k] * rows[j][k] for k in range(j)]
                rest = x[i, j] - n.sum(known) if known else x[i, j]
                rows[i][j] = n.sqrt(rest) if i == j else rest / rows[j][j]
        return Entries(x.shape, [entry for row in rows for entry in row])

    return factor


def symmetric(x: Entries) -> Entries:
    """The matrix whose lower triangle is that of another."""
    return Entries.of(x.shape, lambda at: x[max(at), min(at)])


Naming = Callable[[Any], Any]
"""What may give a long part a name."""


def _as_it_is(part: Any) -> Any:
    return part


def eigenvectors(
    n: Arithmetic, x: Entries, values: Sequence[Any], named: Naming = _as_it_is
) -> Entries:
    """Columns of Π (A - λ_j·I)/(λ_k - λ_j) over j ≠ k, the projections (Sylvester), made units."""
    matrix, size = symmetric(x), len(x)
    columns = []
    for k, own in enumerate(values):
        column = identity(n, size)[size - 1]
        for other in (*values[:k], *values[k + 1 :]):
            moved = contract(matrix, column, n.sum) - column * boxed(other)
            column = (moved / boxed(own - other)).map(named)
        columns.append(column / boxed(named(n.sqrt(column[size - 1]))))
    return Entries.of(x.shape, lambda at: columns[at[1]][at[0]])


def _lane(at: tuple[int, ...], axis: int) -> tuple[int | slice, ...]:
    """Where the elements stand along an axis that passes a place."""
    return (*at[:axis], slice(None), *at[axis + 1 :])


def _take(n: Arithmetic) -> Callable[..., Entries]:
    def take(x: Entries, index: Entries, axis: int | None = None) -> Entries:
        if axis is not None:
            lanes = {at: x[_lane(at, int(axis))].flat for at in indices(index.shape)}
            return Entries.of(index.shape, lambda at: n.chosen(index[at], lanes[at]))
        rows = [list(x[i].flat) if x.ndim > 1 else [x[i]] for i in range(len(x))]
        columns = [list(column) for column in zip(*rows, strict=True)]
        flat = [n.chosen(at, column) for at in index.flat for column in columns]
        return Entries((*index.shape, *x.shape[1:]), flat)

    return take


def _segment_sum(n: Arithmetic) -> Callable[..., Entries]:
    def segment_sum(values: Entries, index: Entries, like: Entries) -> Entries:
        zero, count = n.number(S.Zero), len(like)
        whole = values.broadcast_to((*index.shape, *like.shape[1:])).flat
        width = like.size // count
        flat = [
            n.sum(
                [
                    n.chosen(at, [value if j == k else zero for j in range(count)])
                    for at, value in zip(index.flat, whole[column::width], strict=True)
                ]
            )
            for k in range(count)
            for column in range(width)
        ]
        return Entries(like.shape, flat)

    return segment_sum


def definitions(n: Arithmetic) -> Definitions:
    """Every operation that a circuit can have, by its definition."""
    return {
        a.matmul: lambda x, y: contract(x, y, n.sum),
        a.matvec: lambda x, y: contract(x, y, n.sum),
        a.outer: outer,
        a.dot: lambda x, y: boxed(n.sum((x * y).flat)),
        a.transpose: lambda x: x.T,
        a.permute: lambda x, *axes: x.permuted(axes),
        a.reshape: lambda x, *sizes: x.reshape(sizes),
        a.windows: _windows,
        a.tril: _triangle(n, lambda right: right <= 0),
        a.triu: _triangle(n, lambda right: right >= 0),
        a.einsum: _einsum(n),
        a.reduce_sum: reduced(n.sum),
        a.mean: reduced(lambda v: n.sum(v) / len(v)),
        a.prod: lambda x, axis=-1: reduced(lambda v: _product(v, n))(x, axis),
        a.cumsum: by_row(lambda v: [n.sum(v[: i + 1]) for i in range(len(v))]),
        a.cumprod: by_row(lambda v: [_product(v[: i + 1], n) for i in range(len(v))]),
        a.reduce_max: reduced(n.largest),
        a.reduce_min: reduced(n.smallest),
        a.norm: reduced(lambda v: n.sqrt(n.sum([u**2 for u in v]))),
        a.trace: lambda x: boxed(n.sum(x.diagonal().flat)),
        a.diag: lambda v: diagonal_matrix(n, v),
        a.diagonal: Entries.diagonal,
        a.inv: n.inverse,
        a.det: lambda x: boxed(n.determinant(x)),
        a.logdet: lambda x: boxed(n.log(n.determinant(x))),
        a.cholesky: _cholesky(n),
        a.eigvalsh: lambda x: vector(n.eigenvalues(symmetric(x))),
        a.eigenvectors: lambda x: eigenvectors(n, x, n.eigenvalues(symmetric(x))),
        a.solve: lambda x, b: contract(n.inverse(x), b, n.sum),
        **_along_rows(n),
        a.one_hot: lambda t, z: vector(n.chosen(t.item(), row.flat) for row in identity(n, len(z))),
        a.take: _take(n),
        a.segment_sum: _segment_sum(n),
        a.concat: _concat,
        a.explicit_matrix: _explicit_matrix,
        a.rows: _rows,
        a.slice_: lambda x, parts: x.part(index_of(parts)),
        a.expand_dims: lambda v, axis=-1: v.expand_dims(axis),
        a.eye: lambda size: identity(n, size),
        a.full: lambda value, *sizes: full(sizes, n.number(value)),
    }


# -- entries that are SymPy expressions ----------------------------------------------------------


def _chosen(index: Expr, terms: list[Any]) -> Expr:
    parts = (Piecewise((u, sp.Eq(index, i)), (S.Zero, True)) for i, u in enumerate(terms))
    return sp.Add(*parts)


def _determinant(x: Entries) -> Expr:
    """Leibniz's sum over permutations."""
    if x.size == 1:
        return x.item()
    return sp.Add(*((-1) ** j * u * _determinant(_minor(x, 0, j)) for j, u in enumerate(x[0])))


def _minor(x: Entries, row: int, column: int) -> Entries:
    """The matrix without a row and a column."""
    size = len(x) - 1
    return Entries.of((size, size), lambda at: x[at[0] + (at[0] >= row), at[1] + (at[1] >= column)])


def _inverse(x: Entries) -> Entries:
    """The adjugate over the determinant."""
    determinant = _determinant(x)

    def entry(at: tuple[int, ...]) -> Expr:
        i, j = at
        cofactor = _determinant(_minor(x, j, i)) if len(x) > 1 else S.One
        return (-1) ** (i + j) * cofactor / determinant

    return Entries.of(x.shape, entry)


def eigenvalues(x: Entries, named: Naming = _as_it_is) -> list[Expr]:
    """In closed form, of three rows by the cosine (Smith 1961, "Eigenvalues of a symmetric 3 × 3
    matrix"); `named` may give long parts a name.
    """
    size = len(x)
    if size > MOST_ROOTS:
        raise Unsupported(
            f"eigenvalues of {size} rows have no formula over the entries here, those of "
            f"{MOST_ROOTS} have; give the size a name, as in A: param[n, n]"
        )
    mean = sp.Add(*x.diagonal().flat) / size
    if size == 1:
        return [mean]
    if size == 2:
        distance = sp.sqrt(((x[0, 0] - x[1, 1]) / 2) ** 2 + x[1, 0] ** 2)
        return [mean - distance, mean + distance]
    mean = named(mean)
    rest = [named(x[i, i] - mean) for i in range(size)]
    centred = Entries.of(x.shape, lambda at: rest[at[0]] if at[0] == at[1] else x[at])
    spread = named(sp.sqrt(sp.Add(*(u**2 for u in centred.flat)) / 6))
    angle = named(sp.acos(named(_determinant(centred)) / (2 * spread**3)) / 3)
    third = 2 * sp.pi / 3
    return [mean + 2 * spread * sp.cos(angle + turn) for turn in (third, -third, S.Zero)]


SYMPY = Arithmetic(
    number=sp.sympify,
    sum=lambda v: sp.Add(*v),
    exp=sp.exp,
    log=sp.log,
    sqrt=sp.sqrt,
    largest=lambda v: sp.Max(*v),
    smallest=lambda v: sp.Min(*v),
    chosen=_chosen,
    determinant=_determinant,
    inverse=_inverse,
    eigenvalues=eigenvalues,
)
"""SymPy's own functions."""

__all__ = [
    "MOST_ROOTS",
    "SYMPY",
    "Arithmetic",
    "Definitions",
    "by_row",
    "definitions",
    "deviation",
    "diagonal_matrix",
    "eigenvalues",
    "eigenvectors",
    "identity",
    "index_of",
    "products_before",
    "products_of_others",
    "reduced",
    "symmetric",
]
