"""Every operation on arrays by its definition over entries, for entries of any kind.

A product of matrices is a sum of products, an inverse the adjugate over the determinant. The
entries may be SymPy expressions, which can be differentiated, or balls, which are numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import sympy as sp
from sympy import Expr, Piecewise, Rational, S, Tuple

from symback.operations import arrays as a

EPSILON = Rational(1, 100_000)  # of layer_norm

Entries = Any  # a NumPy array of names or of SymPy expressions, 0-dimensional for a number
Definitions = dict[Any, Callable[..., Any]]


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


def boxed(value: Any) -> Entries:
    """One entry as an array without axes."""
    made = np.empty((), dtype=object)
    made[()] = value
    return made


def reduced(combine: Callable[[list[Any]], Any]) -> Callable[..., Entries]:
    """A reduction of all entries, or along one axis."""

    def reduce(x: Entries, axis: int | None = None) -> Entries:
        if axis is None:
            return boxed(combine(list(x.flat)))
        lanes = np.moveaxis(x, axis, -1)
        made = np.empty(lanes.shape[:-1], dtype=object)
        for index in np.ndindex(made.shape):
            made[index] = combine(list(lanes[index]))
        return made

    return reduce


def by_row(transform: Callable[[list[Any]], list[Any]]) -> Callable[[Entries], Entries]:
    """An operation along the last axis that keeps the shape."""

    def apply(x: Entries) -> Entries:
        made = np.empty(x.shape, dtype=object)
        for index in np.ndindex(x.shape[:-1]):
            made[index] = transform(list(x[index]))
        return made

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
        a.logsumexp: lambda z: reduced(log_sum_exp)(z, z.ndim - 1),
        a.cross_entropy: cross_entropy,
        a.sparse_cross_entropy: lambda z, t: -n.chosen(t.item(), log_softmax(list(z))),
        a.layer_norm: by_row(layer_norm),
    }


def deviation(n: Arithmetic, x: list[Any]) -> Any:
    """√(variance + ε), as layer_norm has it."""
    mean = n.sum(x) / len(x)
    return n.sqrt(n.sum([(u - mean) ** 2 for u in x]) / len(x) + n.number(EPSILON))


def diagonal_matrix(n: Arithmetic, v: Entries) -> Entries:
    made = np.full((len(v), len(v)), n.number(S.Zero), dtype=object)
    np.fill_diagonal(made, v)
    return made


def identity(n: Arithmetic, size: int) -> Entries:
    return diagonal_matrix(n, np.full(size, n.number(S.One), dtype=object))


def _concat(*arrays_and_axis: Any) -> Entries:
    *arrays, axis = arrays_and_axis
    if arrays[0].ndim == 0:
        return np.array([x.item() for x in arrays], dtype=object)
    return np.concatenate(arrays, axis=axis)


def index_of(parts: Tuple) -> tuple[Any, ...]:
    """The index of NumPy's that names a part of an array."""
    index: list[Any] = []
    for part in parts:
        if isinstance(part, Tuple):
            start, stop = part
            index.append(slice(int(start), None if stop is S.Infinity else int(stop)))
        else:
            index.append(int(part))
    return tuple(index)


def _slice(x: Entries, parts: Tuple) -> Entries:
    part_of_x = x[index_of(parts)]
    return part_of_x if isinstance(part_of_x, np.ndarray) else boxed(part_of_x)


def definitions(n: Arithmetic) -> Definitions:
    """Every operation that a circuit can have, by its definition."""
    return {
        a.matmul: lambda x, y: x.dot(y),
        a.matvec: lambda x, y: x.dot(y),
        a.outer: np.multiply.outer,
        a.dot: lambda x, y: n.sum(list((x * y).flat)),
        a.transpose: lambda x: x.T,
        a.reduce_sum: reduced(n.sum),
        a.mean: reduced(lambda v: n.sum(v) / len(v)),
        a.reduce_max: reduced(n.largest),
        a.reduce_min: reduced(n.smallest),
        a.norm: lambda x: n.sqrt(n.sum([u**2 for u in x.flat])),
        a.trace: lambda x: n.sum(list(np.diagonal(x))),
        a.diag: lambda v: diagonal_matrix(n, v),
        a.diagonal: lambda x: np.diagonal(x).copy(),
        a.inv: n.inverse,
        a.det: n.determinant,
        a.logdet: lambda x: n.log(n.determinant(x)),
        a.solve: lambda x, b: n.inverse(x).dot(b),
        **_along_rows(n),
        a.concat: _concat,
        a.slice_: _slice,
        a.expand_dims: lambda v, axis=-1: np.expand_dims(v, axis),
        a.eye: lambda size: identity(n, size),
        a.full: lambda value, *sizes: np.full(sizes, n.number(value), dtype=object),
    }


# -- entries that are SymPy expressions ----------------------------------------------------------


def _chosen(index: Expr, terms: list[Any]) -> Expr:
    parts = (Piecewise((u, sp.Eq(index, i)), (S.Zero, True)) for i, u in enumerate(terms))
    return sp.Add(*parts)


def _determinant(x: Entries) -> Expr:
    """Leibniz's sum over permutations."""
    size = len(x)
    if size == 1:
        return x[0, 0]
    minors = (np.delete(np.delete(x, 0, 0), j, 1) for j in range(size))
    return sp.Add(*((-1) ** j * x[0, j] * _determinant(m) for j, m in enumerate(minors)))


def _inverse(x: Entries) -> Entries:
    """The adjugate over the determinant."""
    size = len(x)
    determinant = _determinant(x)
    made = np.empty((size, size), dtype=object)
    for i, j in product(range(size), repeat=2):
        minor = np.delete(np.delete(x, j, 0), i, 1)
        cofactor = _determinant(minor) if size > 1 else S.One
        made[i, j] = (-1) ** (i + j) * cofactor / determinant
    return made


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
)
"""SymPy's own functions."""

__all__ = [
    "SYMPY",
    "Arithmetic",
    "Definitions",
    "Entries",
    "boxed",
    "by_row",
    "definitions",
    "deviation",
    "diagonal_matrix",
    "identity",
    "index_of",
    "reduced",
]
