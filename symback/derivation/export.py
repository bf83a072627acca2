"""A derivation as JSON: the step record for other programs."""

from __future__ import annotations

import json
from typing import Any

from symback.derivation.record import Derivation, Step
from symback.targets.notation import NotationPrinter
from symback.targets.text import TextPrinter

SCHEMA = "symback-derivation/1"


def to_json(derivation: Derivation) -> str:
    """Circuit, asked partials, steps and values; expressions in circuit text and in print."""
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "circuit": derivation.circuit.source,
        "of": derivation.of,
        "wrt": list(derivation.wrt),
        "steps": [_step(derivation, s) for s in derivation.steps],
        "results": {name: _expr(derivation, e) for name, e in derivation.closed.items()},
    }
    if derivation.values:
        nodes, partials = derivation.evaluated()
        content["at"] = dict(derivation.values)
        content["values"] = nodes
        content["partials"] = partials
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _step(derivation: Derivation, step: Step) -> dict[str, Any]:
    left = step.left if isinstance(step.left, str) else list(step.left)
    return {
        "id": step.id,
        "kind": step.kind,
        "left": left,
        "right": _right(derivation, step),
        "rule": step.rule,
        "depends": list(step.depends),
    }


def _right(derivation: Derivation, step: Step) -> Any:
    if step.kind == "sum":
        return [[list(link) for link in chain] for chain in step.right]
    if step.kind == "substitute":
        return [[_expr(derivation, f) for f in product] for product in step.right]
    return _expr(derivation, step.right)


def _expr(derivation: Derivation, expr: Any) -> dict[str, str]:
    circuit = derivation.walk.circuit
    return {
        "text": NotationPrinter.of(circuit).print(expr),
        "print": TextPrinter.of(circuit).print(expr),
    }
