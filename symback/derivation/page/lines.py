"""The lines of a step that hold numbers, as texts with slots that the page's script fills in."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from sympy import Expr

from symback.circuits.circuit import Circuit
from symback.derivation.numbers.links import Link
from symback.derivation.numbers.steps import DerivationNumbers, numbers_of
from symback.derivation.page.live import Known
from symback.derivation.page.steps import is_too_long
from symback.derivation.paths import count_paths, is_listed
from symback.derivation.record import Derivation, Step
from symback.derivation.steps import STABLE_FORM
from symback.derivation.text.adjoints import printer_along
from symback.derivation.text.numbers import value_text
from symback.printing.text import TextPrinter

MOST_SLOTS = 24  # numbers that are put in place in one line; beyond, the result alone is shown
LONGEST_VALUE = 200  # letters of an array
_SLOT = re.compile("\x01([^\x02]*)\x02")

Pieces = list[str | list[str]]
"""A line with numbers: texts, and slots as [slot]; a slot that starts with "=" is a result."""


def _pair(step: Step) -> Link:
    """The two names of a step that is not a forward one."""
    assert isinstance(step.left, tuple)
    return step.left[0], step.left[1]


class _SlotPrinter(TextPrinter):
    """Prints expressions with a slot for every name."""

    nodes: frozenset[str] = frozenset()
    form = ""  # "stable " in the last section

    def symbol(self, symbol: Any) -> str:
        name = str(symbol.name)
        if name not in self.nodes:  # a partial too large to write out keeps adjoints by name
            return f"\x01{self.form}adjoint {name.removesuffix('_bar')}\x02"
        return f"\x01{self.form}value {name}\x02"


class PageLines:
    """Writes the lines of a step that hold numbers."""

    def __init__(self, derivation: Derivation, known: Known, is_large: bool) -> None:
        self._known = known
        self._is_large = is_large
        self._walk = derivation.walk
        self._plain = printer_along(TextPrinter, self._walk)
        self._slots, self._stable = (_SlotPrinter.of(self._walk.circuit) for _ in range(2))
        for printer in (self._slots, self._stable):
            printer.nodes = frozenset(n.name for n in self._walk.circuit.nodes)
        self._stable.form = "stable "
        self._paths = count_paths(self._walk)

    def numbers(self, step: Step) -> list[Pieces]:
        """The step's line again with numbers in place, and what the edge contributes."""
        if step.kind == "forward":
            if self._is_large:
                return [["= ", [f"=value {step.node}"]]]
            return [self._line(self._slots.print(step.right), f"value {step.node}")]
        if step.kind == "seed":
            return []
        if step.kind in STABLE_FORM:
            return [self._in_stable_form(step)]
        name = _pair(step)[1]
        if step.kind == "edge":
            return self._edge(step)
        result = f"adjoint {name}"
        if self._is_large or is_too_long(step):
            return [["= ", [f"={result}"]]]
        if step.kind == "sum":
            return [self._line(self._chains(step), result)]
        if step.kind == "substitute":
            return [self._line(self._slots.products(step.right), result)]
        return [self._line(self._slots.print(step.right), result)]

    def _in_stable_form(self, step: Step) -> Pieces:
        about = f"value {step.left}" if isinstance(step.left, str) else f"adjoint {step.left[1]}"
        result = f"stable {about}"
        if self._is_large or is_too_long(step):
            return ["= ", [f"={result}"]]
        return self._line(self._stable.print(step.right), result)

    def _edge(self, step: Step) -> list[Pieces]:
        """Local partial, upstream × local = contribution, and the sum where the last path meets."""
        of, (node, name) = self._walk.of, _pair(step)
        link = f"{node} {name}"
        lines: list[Pieces] = []
        if not step.right.is_number:
            if self._is_large:
                lines.append(["= ", [f"=local {link}"]])
            else:
                lines.append(self._line(self._slots.print(step.right), f"local {link}"))
        if node == of:
            product: Pieces = ["Contribution: 1 · ", [f"local {link}"]]
        else:
            chain = f"{self._plain.partial(of, node)} · {self._plain.edge(node, name)}"
            product = [f"Contribution: {chain} = ", [f"adjoint {node}"], " · ", [f"local {link}"]]
        lines.append([*product, " = ", [f"=contribution {link}"]])
        parts = self._known.contributions(name)
        if len(parts) > 1 and parts[-1] == (node, name):
            lines.append(self._meeting(name, parts))
        return lines

    def _meeting(self, name: str, parts: Sequence[Link]) -> Pieces:
        left = f"Sum over paths: {self._plain.partial(self._walk.of, name)} = "
        if len(parts) > MOST_SLOTS:
            return [f"{left}sum of {len(parts)} contributions = ", [f"=adjoint {name}"]]
        terms: Pieces = []
        for a, b in parts:
            terms += [" + ", [f"contribution {a} {b}"]]
        return [left, *terms[1:], " = ", [f"=adjoint {name}"]]

    def _chains(self, step: Step) -> str:
        """Products of local partials; over the last edges alone, of adjoint and local partial."""
        many = not is_listed(self._paths.get(step.left[1], (0, 0)))
        texts = []
        for chain in step.right:
            slots = [f"local {a} {b}" for a, b in chain]
            if many:
                slots[0] = f"adjoint {chain[0][1]}"
            texts.append(" · ".join(f"\x01{slot}\x02" for slot in slots))
        return " + ".join(texts)

    def _line(self, text: str, result: str) -> Pieces:
        """= text = result, without the text where it says no more than the result."""
        parts = _SLOT.split(text)
        slots = parts[1::2]
        if not slots or text == f"\x01{slots[0]}\x02" or len(slots) > MOST_SLOTS:
            return ["= ", [f"={result}"]]
        pieces: Pieces = ["= "]
        for i, part in enumerate(parts):
            if part:
                pieces.append([part] if i % 2 else part)
        return [*pieces, " = ", [f"={result}"]]


def slots_of(circuit: Circuit) -> Callable[[Expr], Pieces]:
    """What writes formulas with slots for the values of nodes."""
    printer = _SlotPrinter.of(circuit)
    printer.nodes = frozenset(n.name for n in circuit.nodes)

    def pieces(expr: Expr) -> Pieces:
        parts = _SLOT.split(printer.print(expr))
        return [[part] if i % 2 else part for i, part in enumerate(parts) if part]

    return pieces


class StillLines:
    """The lines of a derivation by adjoints: the value of each step at the point, as it is."""

    def __init__(self, derivation: Derivation, numbers: DerivationNumbers | None = None) -> None:
        if numbers is None:
            numbers = numbers_of(derivation) if derivation.values else DerivationNumbers()
        self._numbers = numbers

    def numbers(self, step: Step) -> list[Pieces]:
        text = self.text(step)
        return [[text]] if text else []

    def text(self, step: Step) -> str:
        """The one line; empty without a number."""
        value = self._numbers.steps.get(step.id)
        if value is None or step.kind == "seed":
            return ""
        return f"= {self._numbers.remark(step, self._value_text) or self._value_text(value)}"

    @staticmethod
    def _value_text(value: Any) -> str:
        return value_text(value, LONGEST_VALUE).replace("-", TextPrinter.negative)


__all__ = ["PageLines", "Pieces", "StillLines", "slots_of"]
