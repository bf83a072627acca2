"""A derivation as JSON: the step record for other programs; docs/derivation.schema.json says how.

Fields are only ever added to a version of the schema; a change of meaning gets a new number.
"""

from __future__ import annotations

import json
import math
from typing import Any

from sympy import Expr

from symback.derivation.numbers.steps import DerivationNumbers, known_numbers_of, numbers_of
from symback.derivation.record import LEFT_OUT, Derivation, Step
from symback.derivation.steps import Left, partial_text
from symback.derivation.text.adjoints import printer_of
from symback.printing.circuit_text import NotationPrinter, circuit_text
from symback.printing.text import TextPrinter

SCHEMA = "symback-derivation/1"


def to_json(derivation: Derivation) -> str:
    """Circuit, asked partials, steps and values; expressions in circuit text and in print."""
    printers = _Printers(derivation)
    given = derivation.values
    numbers = numbers_of(derivation) if given else DerivationNumbers()
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "circuit": circuit_text(derivation.circuit),
        "of": derivation.of,
        "wrt": list(derivation.wrt),
        "steps": [_step(printers, s, numbers) for s in derivation.steps],
        "results": {_name(key): printers.both(e) for key, e in _results(derivation).items()},
    }
    if derivation.is_matrix:
        content |= {"matrix": derivation.matrix_name, "rows": list(derivation.row_names)}
        left_out = [left for left in derivation.asked if derivation.is_left_out(left)]
        if left_out:
            content["left_out"] = {
                _name(left): f"{partial_text(left)} {LEFT_OUT}" for left in left_out
            }
    if given:
        found = known_numbers_of(derivation)
        known = (given, found.nodes, found.partials)
        for key, numbers_by_name in zip(("at", "values", "partials"), known, strict=True):
            content[key] = {_name(name): _plain(value) for name, value in numbers_by_name.items()}
    return json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _name(key: str | Left) -> str:
    """The name of a result: of a matrix its names, with a space between."""
    return key if isinstance(key, str) else " ".join(key)


def _plain(value: Any) -> Any:
    """A number, an array as nested lists, or the word for what JSON has no number for."""
    listed = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(listed, list | tuple):
        return [_plain(part) for part in listed]
    return listed if listed is None or math.isfinite(listed) else str(listed)


def _results(derivation: Derivation) -> dict[Any, Expr]:
    """The closed forms; those by arrays as formulas over elements, which is what text prints."""
    last = {step.left: step.right for step in derivation.steps}
    if derivation.view == "matrices":
        return {k: last[k] for k in derivation.asked if k in derivation.closed}
    if derivation.is_matrix:
        return {k: derivation.closed[k] for k in derivation.asked if k in derivation.closed}
    if derivation.view == "paths":
        return dict(derivation.closed)
    return {name: last[derivation.of, name] for name in derivation.wrt}


def _step(printers: _Printers, step: Step, numbers: DerivationNumbers) -> dict[str, Any]:
    edge = step.edge
    content: dict[str, Any] = {
        "id": step.id,
        "kind": step.kind,
        "node": step.node,
        "edge": None if edge is None else list(edge),
        "left": step.left if isinstance(step.left, str) else list(step.left),
        "before": None if step.before is None else printers.form(step.before),
        "right": printers.form(step.right),
        "rule": step.rule,
        "why": step.why,
        "depends": list(step.depends),
    }
    if step.id in numbers.steps:
        content["value"] = _plain(numbers.steps[step.id])
    if step.id in numbers.off:
        content["stable_value"] = _plain(numbers.off[step.id])
    return content


class _Printers:
    """Prints expressions as circuit text and as text for people; each is printed once."""

    def __init__(self, derivation: Derivation) -> None:
        walk = derivation.walk
        if derivation.view == "paths":
            self._notation = NotationPrinter.of(walk.circuit)
            self._text = TextPrinter.of(walk.circuit)
        else:
            self._notation = printer_of(NotationPrinter, derivation, adjoints=True)
            self._text = printer_of(TextPrinter, derivation, adjoints=True)
        self._printed: dict[Expr, dict[str, str]] = {}

    def form(self, form: Any) -> Any:
        """An expression, a sum of chains of partials, or a sum of products of expressions; a number
        in a chain is an expression."""
        if isinstance(form, Expr):
            return self.both(form)
        return [[list(p) if isinstance(p, tuple) else self.both(p) for p in row] for row in form]

    def both(self, expr: Expr) -> dict[str, str]:
        if expr not in self._printed:
            text, printed = self._notation.print(expr), self._text.print(expr)
            self._printed[expr] = {"text": text, "print": printed}
        return self._printed[expr]
