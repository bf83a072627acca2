"""Layered layout: the order of vertices within their columns, and places far enough apart."""

from __future__ import annotations

import random
from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence

from symback.errors import NotInstalled

_STARTS, _FEW_STARTS, _QUICK_STARTS = 48, 8, 2  # orders from which igraph's layout starts
_SMALL = 80  # vertices up to which there are many starts


def fewest_crossings(
    columns: Sequence[int], edges: Sequence[tuple[int, int]], *, quick: bool = False
) -> Sequence[float]:
    """Places within the columns by igraph, from the start that leads to the fewest crossings.

    igraph keeps what it finds in its way where two orders look equally good, so the order that
    it starts from matters: first the order given, then some shuffles, always the same. Of
    equally good places those win that keep most of the order given, upside down or not. With
    `quick` there are few starts.
    """
    shuffle = random.Random(0).shuffle
    order = list(range(len(columns)))
    best: tuple[int, int, list[float]] | None = None
    starts = _STARTS if len(columns) <= _SMALL else _FEW_STARTS
    for _ in range(min(starts, _QUICK_STARTS) if quick else starts):
        places = _sugiyama(columns, edges, order)
        crossings = _crossings(columns, edges, places)
        for turned in (places, [-p for p in places]):
            found = crossings, _disorder(columns, turned), turned
            best = found if best is None or found[:2] < best[:2] else best
        shuffle(order)
    assert best is not None
    return best[2]


def _sugiyama(
    columns: Sequence[int], edges: Sequence[tuple[int, int]], order: Sequence[int]
) -> list[float]:
    """The place of each vertex in its column, igraph being given the vertices in that order."""
    try:
        import igraph  # kept out of start-up
    except ImportError:
        raise NotInstalled("pictures need igraph: pip install igraph") from None
    number = {vertex: i for i, vertex in enumerate(order)}
    graph = igraph.Graph(len(order), [(number[a], number[b]) for a, b in edges], directed=True)
    ranks = [columns[vertex] for vertex in order]
    found = graph.layout_sugiyama(layers=ranks, hgap=1, vgap=1, maxiter=200).coords
    return [round(found[number[vertex]][0], 6) for vertex in range(len(order))]


def _crossings(
    columns: Sequence[int], edges: Sequence[tuple[int, int]], places: Sequence[float]
) -> int:
    """How many pairs of edges between the same two columns cross."""
    between: dict[int, list[tuple[float, float]]] = {}
    for tail, head in edges:
        between.setdefault(columns[tail], []).append((places[tail], places[head]))
    return sum(_turned(pairs) for pairs in between.values())


def _disorder(columns: Sequence[int], places: Sequence[float]) -> int:
    """How many pairs of vertices of one column stand against the order given."""
    within: dict[int, list[tuple[float, float]]] = {}
    for number, (column, place) in enumerate(zip(columns, places, strict=True)):
        within.setdefault(column, []).append((float(number), place))
    return sum(_turned(pairs) for pairs in within.values())


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
