"""The numbers on the wires of a picture: values, adjoints and contributions, also of arrays."""

from __future__ import annotations

from dataclasses import replace

from symback.derivation.numbers.arrays import array_numbers
from symback.derivation.numbers.scalars import Numbers, given_numbers
from symback.derivation.record import Derivation


def wire_numbers(derivation: Derivation) -> Numbers:
    """Those at the derivation's point, as far as its numbers reach.

    Raises CircuitError where a branch can't be chosen or a matrix has no inverse, TooLarge.
    """
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


__all__ = ["wire_numbers"]
