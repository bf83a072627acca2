"""Where a number that is not finite comes from: the first formulas that make it of finite ones."""

from __future__ import annotations

import math
from collections.abc import Mapping

from symback.derivation.numbers.steps import DerivationNumbers
from symback.derivation.record import Derivation, Step


def causes(
    derivation: Derivation, found: DerivationNumbers
) -> list[tuple[Step, Mapping[str, float]]]:
    """Steps of values, else of edges, that are not finite while all that they read is, and that.

    >>> import symback as sb
    >>> from symback.derivation.numbers.steps import numbers_of
    >>> d = sb.circuit("f = 1/x").derive().at(x=0)
    >>> [(step.left, read) for step, read in causes(d, numbers_of(d))]
    [('f', {'x': 0.0})]
    """
    circuit = derivation.walk.circuit
    numbers = {**derivation.values, **found.nodes}
    for kinds in (("forward",), ("edge", "curvature")):
        made: list[tuple[Step, Mapping[str, float]]] = []
        for step in derivation.typed_steps:
            if step.kind not in kinds:
                continue
            node = step.left if isinstance(step.left, str) else step.left[0]
            read = {name: numbers.get(name, math.nan) for name in circuit[node].operands}
            value = found.nodes.get(node) if step.kind == "forward" else found.steps.get(step.id)
            if value is not None and not math.isfinite(value) and all(map(_finite, read.values())):
                made.append((step, read))
        if made:
            return made
    return []


def _finite(value: object) -> bool:
    return isinstance(value, float | int) and math.isfinite(value)


__all__ = ["causes"]
