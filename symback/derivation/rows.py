"""The steps of several derivations in turn, those that they share once: the rows of a Jacobian."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from symback.derivation.record import Derivation
from symback.derivation.steps import Step

_PLACES = {
    "forward": 0,
    "seed": 1,
    "edge": 2,
    "differential": 3,
    "define": 5,
    "rewrite": 6,
    "stable": 7,
}
_RESULTS = 4


@dataclass(frozen=True, slots=True)
class InTurn:
    """The steps in turn, and for each row the numbers that its own steps have among them."""

    steps: tuple[Step, ...]
    numbers: tuple[Mapping[int, int], ...]


def in_turn(rows: Sequence[Derivation]) -> InTurn:
    """Values, seeds and local partials of all rows, results row by row, then stable forms."""
    steps: list[Step] = []
    numbers: list[dict[int, int]] = [{} for _ in rows]
    known: dict[Any, int] = {}
    every = [(row, step) for row, one in enumerate(rows) for step in one.steps]
    for row, step in sorted(every, key=lambda found: _PLACES.get(found[1].kind, _RESULTS)):
        key = (step.kind, step.left, step.right, step.before)
        if key not in known:
            known[key] = len(steps) + 1
            depends = tuple(dict.fromkeys(numbers[row][d] for d in step.depends))
            steps.append(replace(step, id=known[key], depends=depends))
        numbers[row][step.id] = known[key]
    return InTurn(tuple(steps), tuple(numbers))


__all__ = ["InTurn", "in_turn"]
