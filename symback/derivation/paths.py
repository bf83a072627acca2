"""The paths from the node of a walk to others: how many there are, and which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from symback.autodiff.reverse import Edge, ReversePass

MOST_PATHS = 12
"""Beyond so many paths a sum is written over the last edges, as the reverse pass adds them up."""

MOST_LINKS = 400
"""Edges of all paths together up to which the paths are listed."""

MANY = object()


def paths(walk: ReversePass, name: str, count: Mapping[str, tuple[int, int]] | None = None) -> Any:
    """All paths from the node of a walk to another, or MANY where there are too many to list.

    `count` is what `count_paths` gives, where many names are asked for.
    """
    count = count_paths(walk) if count is None else count
    if name not in count or name == walk.of:
        return ()
    return tuple(_list_paths(walk, name)) if is_listed(count[name]) else MANY


def listed_paths(walk: ReversePass, name: str) -> list[tuple[Edge, ...]] | None:
    """All paths to a name, edge by edge; None where there are too many to list."""
    found = paths(walk, name)
    return None if found is MANY else list(found)


def direct_edges(walk: ReversePass) -> frozenset[tuple[str, str]]:
    """The edges from the node of a walk to names that other paths lead to as well.

    The local partial of such an edge is not the whole partial, which has the same names: it is
    written ∂⁺f/∂x, f being held to be a function of its operands alone.
    """
    return frozenset(
        (e.node, name)
        for name, edges in walk.into.items()
        for e in edges
        if e.node == walk.of and len(edges) > 1
    )


def parallel_edges(walk: ReversePass) -> frozenset[tuple[str, str]]:
    """The same of every node: edges to a name that another operand of the node leads to as well."""
    out: dict[str, list[str]] = {}
    for edge in walk.edges:
        out.setdefault(edge.node, []).append(edge.operand)
    reach: dict[str, set[str]] = {}
    found = set()
    for name in reversed(walk.order):
        operands = out.get(name, [])
        behind = Counter(n for o in operands for n in reach[o])
        found |= {(name, o) for o in operands if behind[o] > 1}
        reach[name] = {name, *behind}
    return frozenset(found)


def is_listed(count: tuple[int, int]) -> bool:
    """Whether so many paths, with so many edges together, are listed one by one."""
    return count[0] <= MOST_PATHS and count[1] <= MOST_LINKS


def count_paths(walk: ReversePass) -> dict[str, tuple[int, int]]:
    """For each node how many paths lead to it, and how many edges they have together."""
    count: dict[str, tuple[int, int]] = {walk.of: (1, 0)}
    for node in walk.order[1:]:
        before = [count[e.node] for e in walk.into[node]]
        number = sum(n for n, _ in before)
        count[node] = (number, sum(links for _, links in before) + number)
    return count


def _list_paths(walk: ReversePass, name: str) -> list[tuple[Edge, ...]]:
    if name == walk.of:
        return [()]
    return [(*before, edge) for edge in walk.into[name] for before in _list_paths(walk, edge.node)]


__all__ = [
    "MANY",
    "MOST_LINKS",
    "MOST_PATHS",
    "count_paths",
    "direct_edges",
    "is_listed",
    "listed_paths",
    "parallel_edges",
    "paths",
]
