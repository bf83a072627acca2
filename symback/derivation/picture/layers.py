"""Layered layout: the order of vertices within their columns, with few crossings of wires.

Plain Python, as pictures are also drawn where there is no compiled library, such as in a browser.
"""

from __future__ import annotations

import random
from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Sequence

_STARTS, _FEW_STARTS, _QUICK_STARTS = 16, 4, 1  # orders from which sweeps start
_SMALL, _LARGE = 80, 600  # vertices up to which there are many starts, and a few
_PATIENCE = 4  # sweeps without fewer crossings, after which a start is given up
_EXCHANGES = 20  # rounds in which neighbours change places

_Order = list[list[int]]


def fewest_crossings(
    columns: Sequence[int], edges: Sequence[tuple[int, int]], *, quick: bool = False
) -> Sequence[int]:
    """The place of each vertex in its column, from the start that leads to the fewest crossings.

    Sweeps to the right and to the left sort every column by the mean places of the neighbours on
    one side, and neighbours change places where that undoes crossings (Sugiyama, Tagawa and Toda
    1981; Gansner et al. 1993). Which of equally good orders is found depends on where the sweeps
    start: first the order given, then some shuffles, always the same. Of equally good orders that
    one wins that keeps most of the order given, upside down or not. `quick`: from one start.

    >>> fewest_crossings([0, 0, 1, 1], [(0, 3), (1, 2)])
    [0, 1, 1, 0]
    """
    graph = _Graph(columns, edges)
    shuffle = random.Random(0).shuffle
    order = list(range(len(columns)))
    best: tuple[int, int, list[int]] | None = None
    starts = _STARTS if len(order) <= _SMALL else _FEW_STARTS if len(order) <= _LARGE else 1
    for _ in range(min(starts, _QUICK_STARTS) if quick else starts):
        crossings, found = graph.swept(graph.in_columns(order))
        for turned in (found, [members[::-1] for members in found]):
            rated = crossings, _disorder(turned), graph.places(turned)
            best = rated if best is None or rated[:2] < best[:2] else best
        shuffle(order)
    assert best is not None
    return best[2]


class _Graph:
    """Vertices in columns, and edges that lead from one column to the next."""

    def __init__(self, columns: Sequence[int], edges: Sequence[tuple[int, int]]) -> None:
        self._columns = columns
        self._before: _Order = [[] for _ in columns]
        self._after: _Order = [[] for _ in columns]
        for tail, head in edges:
            self._after[tail].append(head)
            self._before[head].append(tail)

    def in_columns(self, order: Iterable[int]) -> _Order:
        members: _Order = [[] for _ in range(max(self._columns) + 1)]
        for vertex in order:
            members[self._columns[vertex]].append(vertex)
        return members

    def places(self, members: _Order) -> list[int]:
        """The place of each vertex within its column."""
        places = [0] * len(self._columns)
        for column in members:
            for place, vertex in enumerate(column):
                places[vertex] = place
        return places

    def swept(self, members: _Order) -> tuple[int, _Order]:
        """The best order that sweeps find, and its crossings."""
        best = self._crossings(members), [list(column) for column in members]
        idle = 0
        while best[0] and idle < _PATIENCE:
            rightwards = idle % 2 == 0
            self._sort(members, rightwards)
            self._exchange(members)
            crossings = self._crossings(members)
            idle += 1
            if crossings < best[0]:
                best, idle = (crossings, [list(column) for column in members]), 0
        return best

    def _sort(self, members: _Order, rightwards: bool) -> None:
        """Sort every column by the mean places of the neighbours where the sweep comes from."""
        places = self.places(members)
        near = self._before if rightwards else self._after
        for column in members if rightwards else reversed(members):
            size = max(1, len(column))
            wanted = {
                v: sum(_share(places[n], self._columns[n], members) for n in near[v]) / len(near[v])
                if near[v]
                else (places[v] + 0.5) / size
                for v in column
            }
            column.sort(key=wanted.__getitem__)
            for place, vertex in enumerate(column):
                places[vertex] = place

    def _exchange(self, members: _Order) -> None:
        """Let neighbours in a column change places where fewer edges cross then."""
        places = self.places(members)
        at: Callable[[int], int] = places.__getitem__
        changed = True
        for _ in range(_EXCHANGES):
            if not changed:
                return
            changed = False
            for column in members:
                for i in range(len(column) - 1):
                    upper, lower = column[i : i + 2]
                    sides = [
                        (sorted(map(at, side[upper])), sorted(map(at, side[lower])))
                        for side in (self._before, self._after)
                    ]
                    gain = sum(_inverted(a, b) - _inverted(b, a) for a, b in sides)
                    if gain > 0:
                        column[i], column[i + 1] = lower, upper
                        places[lower], places[upper] = i, i + 1
                        changed = True

    def _crossings(self, members: _Order) -> int:
        """How many pairs of edges between the same two columns cross."""
        places = self.places(members)
        return sum(
            _turned([(float(i), float(places[n])) for i, v in enumerate(column)
                     for n in self._after[v]])
            for column in members
        )  # fmt: skip


def _share(place: int, column: int, members: _Order) -> float:
    """How far down its column a vertex stands, from 0 to 1."""
    return (place + 0.5) / len(members[column])


def _inverted(above: Sequence[int], below: Sequence[int]) -> int:
    """How many pairs of places of one vertex and of the vertex below it cross; both are sorted."""
    return sum(len(above) - bisect_right(above, place) for place in below)


def _disorder(members: _Order) -> int:
    """How many pairs of vertices of one column stand against the order given."""
    return sum(
        _turned([(float(v), float(place)) for place, v in enumerate(column)]) for column in members
    )


def _turned(pairs: Sequence[tuple[float, float]]) -> int:
    """How many pairs of pairs are in opposite orders."""
    turned = 0
    before: list[float] = []
    for _, right in sorted(pairs):
        turned += len(before) - bisect_right(before, right)
        insort(before, right)
    return turned


def nearest_rising(wanted: Iterable[float]) -> list[float]:
    """The non-decreasing sequence nearest to the wanted one; what disagrees is pooled."""
    pools: list[tuple[float, int]] = []
    for value in wanted:
        total, count = value, 1
        while pools and pools[-1][0] / pools[-1][1] > total / count:
            before = pools.pop()
            total, count = total + before[0], count + before[1]
        pools.append((total, count))
    return [mean for total, count in pools for mean in [total / count] * count]


__all__ = ["fewest_crossings", "nearest_rising"]
