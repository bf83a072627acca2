"""The numbers that a page or a quiz starts with: given ones, initial values, else examples.

Each entry of an array has a name of its own, W.1.2, by which sliders know it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from symback.autodiff.reverse import ReversePass
from symback.circuits.circuit import Node
from symback.circuits.requirements import distributions, index_leaves
from symback.derivation.numbers.links import reaching
from symback.derivation.numbers.point import Value
from symback.derivation.numbers.scalars import numbers_at
from symback.derivation.numbers.steps import numbers_of
from symback.derivation.record import Derivation
from symback.errors import CircuitError
from symback.operations.entries import Entries, nested

_EXAMPLES = (
    (0.5, -1.5, 2.0, 0.8, 0.3, -0.7, 1.2),
    (0.5, 0.7, 0.3, 0.9, 0.4, 0.8, 0.6),
    (1.5, 2.5, 1.2, 2.0, 1.8, 3.0, 1.4),
    (-0.5, -0.7, -0.3, -0.9, -0.4, -0.8, -0.6),
)
"""Numbers for leaves that have none, in turn; some formulas are defined for positive ones only."""


@dataclass(frozen=True, slots=True)
class Start:
    """The numbers that a page starts with; `examples` are leaves that the user gave none."""

    values: Mapping[str, Any]
    examples: tuple[str, ...]


def start(derivation: Derivation) -> Start:
    """The derivation's numbers, else initial values, else examples inside the domain."""
    walk = derivation.walk
    leaves = leaves_below(derivation)
    fixed = {n.name: n.initial for n in leaves if n.initial is not None} | dict(derivation.values)
    given = {n.name: float(fixed[n.name]) for n in leaves if n.name in fixed}
    missing = tuple(n.name for n in leaves if n.name not in given)
    tried = [
        given | {name: _example(numbers, i) for i, name in enumerate(missing)}
        for numbers in _EXAMPLES
    ]
    finite = (values for values in tried if _is_finite(walk, values))
    return Start(next(finite, tried[0]), missing)


def _example(numbers: Sequence[float], place: int) -> float:
    """The numbers in turn, each round shifted by one: neurons next to each other should differ."""
    return numbers[(place + place // len(numbers)) % len(numbers)]


def _is_finite(walk: ReversePass, values: Mapping[str, float]) -> bool:
    try:
        found = numbers_at(walk, values)
    except CircuitError:
        return False
    return all(map(math.isfinite, (*found.values.values(), *found.adjoints.values())))


def leaves_below(derivation: Derivation) -> list[Node]:
    """The leaves that the value of `of`, or of any row, depends on, in order."""
    circuit = derivation.walk.circuit
    names = {n.name for of in derivation.row_names for n in reaching(circuit, of) if n.is_leaf}
    return [n for n in circuit.nodes if n.name in names]


# -- arrays ----------------------------------------------------------------------------------------


def entries_of(leaf: Node) -> list[str]:
    """The names of a leaf's entries, row by row; a number has its own."""
    return [".".join([leaf.name, *map(str, place)]) for place in places_of(leaf)]


def places_of(leaf: Node) -> Iterator[tuple[int, ...]]:
    """The places of a leaf's entries, counted from 1."""
    yield from product(*(range(1, int(size) + 1) for size in leaf.shape))


def array_start(derivation: Derivation) -> Start:
    """The derivation's numbers, else initial values, else examples; targets that add up to 1 have
    it at their first entry."""
    given: dict[str, Any] = dict(derivation.values)
    whole = {*distributions(derivation.circuit)}
    missing = [n for n in leaves_below(derivation) if n.name not in given]
    least = index_leaves(derivation.circuit)
    tried = []
    for numbers in _EXAMPLES:
        place, found = 0, dict(given)
        for leaf in missing:
            count = len(entries_of(leaf))
            flat = [_example(numbers, place + i) for i in range(count)]
            if leaf.initial is not None:
                flat = [float(leaf.initial)] * count
            elif leaf.name in least:
                flat = [0.0] * count
            elif leaf.name in whole:
                last = int(leaf.shape[-1])
                flat = [float(i % last == 0) for i in range(count)]
            place += count
            found[leaf.name] = rows_of(flat, [int(size) for size in leaf.shape])
        tried.append(found)
    examples = tuple(n.name for n in missing if n.initial is None)
    finite = (values for values in tried if _are_finite(derivation, values))
    return Start(next(finite, tried[0]), examples)


def rows_of(flat: Sequence[float], shape: Sequence[int]) -> Value:
    """Nested tuples of entries that are given row by row."""
    if not shape:
        return flat[0]
    size = len(flat) // shape[0]
    return tuple(rows_of(flat[i * size : (i + 1) * size], shape[1:]) for i in range(shape[0]))


def flat_of(value: Any) -> list[float]:
    """The entries of a number, of nested rows or of an array, row by row."""
    found: list[float] = value.flat if isinstance(value, Entries) else nested(value).flat
    return found


def by_entry(values: Mapping[str, Any], leaves: Sequence[Node]) -> dict[str, float]:
    """The numbers by the names of the entries."""
    found: dict[str, float] = {}
    for leaf in leaves:
        if leaf.name in values:
            flat = flat_of(values[leaf.name])
            found |= dict(zip(entries_of(leaf), flat, strict=True))
    return found


def _are_finite(derivation: Derivation, values: Mapping[str, Any]) -> bool:
    try:
        found = numbers_of(replace(derivation, values=values))
    except CircuitError:
        return False
    numbers = [*found.nodes.values(), *found.partials.values()]
    return all(math.isfinite(x) for number in numbers for x in flat_of(number))


__all__ = [
    "Start",
    "array_start",
    "by_entry",
    "entries_of",
    "flat_of",
    "leaves_below",
    "places_of",
    "rows_of",
    "start",
]
