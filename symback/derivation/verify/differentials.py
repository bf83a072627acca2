"""Steps about differentials, verified when they are made.

At a point, its sizes small, all values, adjoints and their differentials are known by SymPy's own
second derivatives of the entries (`symback.truth.differentials`). Each differential must have its
value, and each matrix entry by entry.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import prod
from random import Random
from typing import Any

from flint import arb
from sympy import Expr, Integer, Symbol

from symback.autodiff.reverse import ReversePass
from symback.derivation.accumulation import differential_names
from symback.derivation.steps import Left, partial_text
from symback.derivation.verify.gate import (
    CALM_POINTS,
    POINTS,
    entries_equal,
    is_inside,
    leaf_entries,
    points_of,
)
from symback.derivation.verify.scalars import held
from symback.errors import Unsupported
from symback.operations.balls.arrays import Singular, evaluate_entries
from symback.operations.balls.comparison import BITS, SEED
from symback.operations.balls.functions import Undecided
from symback.operations.balls.scalars import precision
from symback.operations.entries import Entries
from symback.operations.shapes import size_symbol
from symback.truth.differentials import Carried, DifferentialReference
from symback.truth.explicit import explicit

_NOT_KNOWN = (Undecided, Singular, Unsupported)


class DifferentialVerifier:
    """Verifies differentials of a walk along random directions of some leaves, and matrices."""

    def __init__(self, walk: ReversePass, wrt: Sequence[str], *, second: bool) -> None:
        self._walk, self._wrt, self._second = walk, tuple(wrt), second
        self._names = differential_names(walk)[1]
        self._all_held = True
        self._known: dict[Expr, Entries] = {}
        self._columns: dict[str, list[Carried]] = {}
        try:
            self._numbers, self._layout = explicit(walk.circuit)
        except Unsupported:  # sizes that can't be made small
            return
        self._reference = DifferentialReference(self._numbers)
        self._sizes = {size_symbol(n): length for n, length in self._layout.sizes.items()}
        with precision(BITS):
            self._find_point()

    @property
    def verified(self) -> bool:
        """Whether every step was proven to hold."""
        return bool(self._known) and self._all_held

    def differential(self, left: str, right: Expr) -> None:
        """Refuse a differential that is not the truth's."""
        if self._known:
            with precision(BITS):
                self._holds(f"'{left}'", right, lambda shape: self._differential(left))

    def result(self, left: Left, right: Expr) -> None:
        """Refuse a matrix whose entries are not SymPy's partials."""
        if right == 0:
            self.zero(left)
        elif self._known:
            with precision(BITS):
                self._holds(partial_text(left), right, lambda shape: self._block(left, shape))

    def zero(self, left: Left) -> None:
        """Refuse a matrix of zeros where an entry is another number."""
        if self._known:
            with precision(BITS):
                entries = [entry for _, column in self._rows(left) for entry in column]
                held(all(entry.contains(0) for entry in entries), partial_text(left))

    def block(
        self,
        left: Left,
        right: Expr,
        axes: tuple[int, int],
        indices: tuple[Symbol, Symbol],
        *,
        same: bool,
    ) -> None:
        """Refuse a formula that is not the block of two classes, for all pairs of classes."""
        if not self._known:
            return
        truth = self._known_block(left)
        rows, columns = (
            _classes(self._entries(n).shape, x) for n, x in zip(left[1:], axes, strict=True)
        )
        for (i, row), (j, column) in product(enumerate(rows), enumerate(columns)):
            if (i == j) != same:
                continue
            entries = [truth[r][c] for r in row for c in column]
            if right == 0:
                held(all(entry.contains(0) for entry in entries), partial_text(left))
                continue
            formula = right.xreplace({s: Integer(n) for s, n in zip(indices, (i, j), strict=True)})
            with precision(BITS):
                self._holds(
                    partial_text(left), formula, lambda shape, known=entries: Entries(shape, known)
                )

    def _known_block(self, left: Left) -> list[list[arb]]:
        """All entries of a block of the Hessian, row by row."""
        with precision(BITS):
            columns = [column for _, column in self._rows(left)]
        return [list(row) for row in zip(*columns, strict=True)]

    def product(self, left: Left, right: Expr) -> None:
        """Refuse what is not a matrix times the differential of its columns' name."""
        if self._known:
            with precision(BITS):
                self._holds(partial_text(left), right, lambda shape: self._times(left, shape))

    def _holds(self, what: str, right: Expr, truth: Any) -> None:
        try:
            found = evaluate_entries(right, self._known, self._sizes)
            expected = truth(found.shape)
            self._all_held &= held(entries_equal(expected, found), what)
        except _NOT_KNOWN:
            self._all_held = False
        except ValueError:  # shapes that don't fit
            held(False, what)

    # -- the truth ------------------------------------------------------------------------------

    def _find_point(self) -> None:
        for most, calm in ((CALM_POINTS, True), (POINTS, False)):
            for point in points_of(self._numbers, self._layout, most):
                try:
                    if self._keep(point, calm):
                        return
                except _NOT_KNOWN:
                    continue

    def _keep(self, point: Mapping[str, float], calm: bool) -> bool:
        """Values, adjoints and differentials there; whether all are inside the domain."""
        self._point = {name: arb(number) for name, number in point.items()}
        rng = Random(SEED)
        entries = [n for name in self._wrt for n in self._layout.entries[name].flat]
        along = {name: arb(rng.randint(1, 16)) / 16 for name in entries}
        of = self._layout.computed[self._walk.of].item() if self._second else ""
        found = self._reference.at(self._point, along, of)
        leaves = leaf_entries(self._layout, point)
        known: dict[Expr, Entries] = {}
        for node in self._walk.circuit:
            if node.name in leaves:
                names, values = self._layout.entries[node.name], leaves[node.name]
            elif node.name in self._layout.computed:
                names = self._layout.computed[node.name]
                values = names.map(lambda n: found.values[self._numbers[n].symbol])
                if not is_inside(values, calm):
                    return False
            else:
                continue
            known[node.symbol] = values
            known[self._names.tangent(node.name)] = _of(found.moved, names)
            if self._second and node.name in self._walk.order:
                bar = self._names.adjoint(node.name)
                known[bar] = _of(found.adjoints, names)
                known[self._names.tangent(bar.name)] = _of(found.moved_adjoints, names)
        self._known = known
        return True

    def _differential(self, left: str) -> Entries:
        return next(e for s, e in self._known.items() if str(s) == left)

    def _entries(self, name: str) -> Entries:
        names = self._layout.entries.get(name)
        return self._layout.computed[name] if names is None else names

    def _by(self, name: str) -> list[Carried]:
        """What is carried along each entry of a leaf alone."""
        if name not in self._columns:
            of = self._layout.computed[self._walk.of].item() if self._second else ""
            self._columns[name] = [
                self._reference.at(self._point, {entry: arb(1)}, of)
                for entry in self._layout.entries[name].flat
            ]
        return self._columns[name]

    def _rows(self, left: Left) -> Iterator[tuple[Carried, list[arb]]]:
        """Along each entry of the last name, how the partials, or the values, move."""
        about = self._entries(left[1] if self._second else left[0])
        for carried in self._by(left[-1]):
            moved = carried.moved_adjoints if self._second else carried.moved
            yield carried, [moved.get(name, arb(0)) for name in about.flat]

    def _block(self, left: Left, shape: tuple[int, ...]) -> Entries:
        columns = [column for _, column in self._rows(left)]
        return Entries(shape, [entry for row in zip(*columns, strict=True) for entry in row])

    def _times(self, left: Left, shape: tuple[int, ...]) -> Entries:
        speeds = self._known[self._names.tangent(left[-1])].flat
        columns = [[e * v for e in c] for (_, c), v in zip(self._rows(left), speeds, strict=True)]
        return Entries(shape, [sum(row, arb(0)) for row in zip(*columns, strict=True)])


def _classes(shape: tuple[int, ...], axis: int) -> list[list[int]]:
    """The places of the entries of each class, row by row.

    >>> _classes((2, 3), 1)
    [[0, 3], [1, 4], [2, 5]]
    """
    places = Entries(shape, range(prod(shape)))
    flat, size = (places.T if axis else places).flat, prod(shape) // shape[axis]
    return [flat[start : start + size] for start in range(0, len(flat), size)]


def _of(balls: Mapping[str, arb], names: Entries) -> Entries:
    return names.map(lambda name: balls.get(name, arb(0)))


__all__ = ["DifferentialVerifier"]
