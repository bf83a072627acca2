"""A derivation as JSON: the step record for other programs."""

from __future__ import annotations

import json
from typing import Any

from sympy import Expr

from symback.derivation.adjoints import with_adjoints
from symback.derivation.record import Derivation, Step
from symback.targets.notation import NotationPrinter
from symback.targets.text import TextPrinter

SCHEMA = "symback-derivation/1"


def to_json(derivation: Derivation) -> str:
    """Circuit, asked partials, steps and values; expressions in circuit text and in print."""
    printers = _Printers(derivation)
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "circuit": derivation.circuit.source,
        "of": derivation.of,
        "wrt": list(derivation.wrt),
        "steps": [_step(printers, s) for s in derivation.steps],
        "results": {name: printers.both(e) for name, e in _results(derivation).items()},
    }
    if derivation.values:
        nodes, partials = derivation.evaluated()
        content["at"] = dict(derivation.values)
        content["values"] = nodes
        content["partials"] = partials
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _results(derivation: Derivation) -> dict[str, Expr]:
    """The closed forms; those by arrays as formulas over elements, which is what text prints."""
    if derivation.view == "paths":
        return dict(derivation.closed)
    last = {step.left: step.right for step in derivation.steps}
    return {name: last[derivation.of, name] for name in derivation.wrt}


def _step(printers: _Printers, step: Step) -> dict[str, Any]:
    left = step.left if isinstance(step.left, str) else list(step.left)
    return {
        "id": step.id,
        "kind": step.kind,
        "left": left,
        "right": _right(printers, step),
        "rule": step.rule,
        "depends": list(step.depends),
    }


def _right(printers: _Printers, step: Step) -> Any:
    if isinstance(step.right, Expr):
        return printers.both(step.right)
    if step.kind == "sum":
        return [[list(link) for link in chain] for chain in step.right]
    return [[printers.both(f) for f in product] for product in step.right]


class _Printers:
    """Prints expressions as circuit text and as text for people; each is printed once."""

    def __init__(self, derivation: Derivation) -> None:
        walk = derivation.walk
        if derivation.view == "paths":
            self._notation = NotationPrinter.of(walk.circuit)
            self._text = TextPrinter.of(walk.circuit)
        else:
            self._notation = with_adjoints(NotationPrinter, walk)
            self._text = with_adjoints(TextPrinter, walk)
        self._printed: dict[Expr, dict[str, str]] = {}

    def both(self, expr: Expr) -> dict[str, str]:
        if expr not in self._printed:
            text, printed = self._notation.print(expr), self._text.print(expr)
            self._printed[expr] = {"text": text, "print": printed}
        return self._printed[expr]
