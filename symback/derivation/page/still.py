"""The numbers that a page shows before its script runs, or where none does: those at its start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from symback.derivation.numbers.steps import DerivationNumbers, numbers_of
from symback.derivation.numbers.wires import wire_numbers
from symback.derivation.page.lines import LONGEST_VALUE, StillLines
from symback.derivation.picture.labels import NOT_COMPUTED, short_number
from symback.derivation.record import Derivation, Step
from symback.derivation.text.numbers import value_text
from symback.errors import CircuitError
from symback.printing.text import TextPrinter


class StillNumbers:
    """The texts of all numbers at a point; of none where the formulas have no values there."""

    def __init__(self, derivation: Derivation, values: Mapping[str, Any]) -> None:
        self._values = values
        self._at = replace(derivation, values=values)
        try:
            self._numbers = numbers_of(self._at)
            self._slots = self._on_wires()
        except CircuitError:
            self._numbers, self._slots = DerivationNumbers(), {}
        self._lines = StillLines(self._at, self._numbers)

    def _on_wires(self) -> dict[str, Any]:
        """The numbers of a picture by their slots."""
        numbers = wire_numbers(self._at)
        found: dict[str, Any] = {f"adjoint {self._at.walk.of}": 1.0}
        found |= {f"value {name}": value for name, value in numbers.values.items()}
        found |= {f"local {a} {b}": value for (a, b), value in numbers.partials.items()}
        found |= {f"adjoint {name}": value for name, value in numbers.adjoints.items()}
        links = numbers.contributions.items()
        return found | {f"contribution {a} {b}": value for (a, b), value in links}

    def slot(self, slot: str) -> str:
        """What stands in a slot of the picture; 0 where no path leads."""
        kind, *names = slot.split(" ")
        edges = {e.node for walk in self._at.walks for e in walk.into.get(names[-1], ())}
        may_be_0 = kind != "value" and bool(self._slots)
        if self._at.walk.circuit.has_arrays:  # whose targets have adjoints that nobody asks for
            may_be_0 &= names[-1] in self._at.wrt
        is_reached = bool(edges) if kind == "adjoint" else names[0] in edges
        return short_number(self._slots.get(slot, 0.0 if may_be_0 and not is_reached else None))

    def lines(self, step: Step) -> str:
        """Those below a step."""
        return self._lines.text(step)

    def value(self, name: str) -> str:
        """That of a node."""
        return value_of(self._values.get(name, self._numbers.nodes.get(name)))

    def partial(self, name: str, of: str = "") -> str:
        """That of the partial by a node, of the first node that is derived or of another."""
        partials = self._numbers.partials
        if of:
            return value_of(partials.get((of, name)))
        left = (self._at.of, name)
        of_order_1 = self._slots.get(f"adjoint {name}")  # a Hessian's partials are by two names
        return value_of(partials.get(name, partials.get(left, of_order_1)))

    def entries(self, name: str) -> tuple[Any, Any]:
        """The value of a node and the partial by it, as numbers; None where there is none."""
        return self._values.get(name), self._numbers.partials.get(name)


def value_of(value: Any) -> str:
    """A number or an array as the page writes it."""
    if value is None:
        return NOT_COMPUTED
    return value_text(value, LONGEST_VALUE).replace("-", TextPrinter.negative)


__all__ = ["StillNumbers", "value_of"]
