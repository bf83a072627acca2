"""The numbers on the wires of a picture: values, adjoints and contributions, also of arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from symback.autodiff.reverse import ReversePass
from symback.circuits.circuit import Circuit
from symback.derivation.numbers.arrays import array_numbers
from symback.derivation.numbers.links import below
from symback.derivation.numbers.scalars import Numbers, all_numbers, given_numbers
from symback.derivation.record import Derivation
from symback.derivation.steps import Step


def wire_numbers(derivation: Derivation) -> Numbers:
    """Those at the derivation's point, as far as its numbers reach.

    Raises CircuitError where a branch can't be chosen or a matrix has no inverse, TooLarge.
    """
    if derivation.rows and not derivation.walk.circuit.has_arrays:
        rows = (replace(row, values=derivation.values) for row in derivation.rows)
        return all_numbers([wire_numbers(row) for row in rows])
    if not derivation.walk.circuit.has_arrays:
        form = derivation.stable_of_leaves
        stable = None if form is None else form.walk
        return given_numbers(derivation.walk, stable, derivation.values)
    found = array_numbers(derivation)
    edges = [s for s in derivation.typed_steps if s.kind == "edge" and s.id in found.steps]
    numbers = Numbers(
        {**derivation.values, **found.values},
        found.adjoints,
        {(s.left[0], s.left[1]): found.steps[s.id] for s in edges},
    )
    return replace(numbers, has_stable_form=bool(derivation.stable))


def values_at(circuit: Circuit, walks: Sequence[ReversePass], values: Mapping[str, Any]) -> Numbers:
    """The values alone of all nodes that lead to some, among arrays."""
    found: dict[str, Any] = {**values}
    for walk in walks:
        nodes = enumerate(below(walk.circuit, walk.of), start=1)
        steps = tuple(Step(i, "forward", n.name, n.formula, "definition", ()) for i, n in nodes)
        forward = Derivation(circuit, walk, (), steps, {}, values, view="accumulation")
        found |= array_numbers(forward).values
    return Numbers(found)


__all__ = ["values_at", "wire_numbers"]
