"""The numbers of a derivation at its point: what it gives, and what each of its steps has.

A step about the formulas as typed has the number of these, evaluated in balls and rounded once.
What is given, nodes and results, has that of the stable form where there is one; a step whose own
number is not finite, or differs from it, is marked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from symback.circuits.program import symbols
from symback.derivation.numbers.arrays import array_numbers
from symback.derivation.numbers.scalars import Numbers, numbers_at, refuse_unknown
from symback.derivation.numbers.second import computed_numbers, numbers_along
from symback.derivation.record import Derivation, Step
from symback.derivation.rows import in_turn
from symback.derivation.steps import Left
from symback.errors import CircuitError, DataError
from symback.operations.entries import Entries

NOT_KNOWN = "—"  # a number that nobody has asked for is not a zero
CLOSE = 1e-9  # relative difference of two numbers up to which they count as the same


@dataclass(frozen=True)
class DerivationNumbers:
    """Values of `nodes` and of the asked `partials`, those of matrices by (of, wrt, …); the number
    of each step, by its id.

    `off` has the typed steps whose number is not finite, or not that of the stable form, each
    with the latter: None where the stable form has no such step.
    """

    nodes: Mapping[str, Any] = field(default_factory=dict)
    partials: Mapping[Any, Any] = field(default_factory=dict)
    steps: Mapping[int, Any] = field(default_factory=dict)
    off: Mapping[int, Any] = field(default_factory=dict)

    def partials_of(self, derivation: Derivation) -> dict[Left, Any]:
        """The asked partials by (of, wrt, …), in their order."""
        key = {left: left if derivation.is_matrix else left[1] for left in derivation.asked}
        return {left: self.partials[k] for left, k in key.items() if k in self.partials}

    def remark(self, step: Step, text: Callable[[Any], str]) -> str:
        """What a step's number is as typed and in the stable form, where it is marked, else ""."""
        if step.id not in self.off:
            return ""
        own, stable = self.steps.get(step.id), self.off[step.id]
        typed = f"as typed: {NOT_KNOWN if own is None else text(own)}"
        return typed if stable is None else f"{typed}; stable form: {text(stable)}"

    def typed(self, step: Step, text: Callable[[Any], str]) -> str:
        """The same beside the number that is given, which is not said again."""
        whole, _, stable = self.remark(step, text).partition("; ")
        return whole if stable or not whole else "as typed"


@dataclass(frozen=True)
class _Known:
    """Values and adjoints along one walk, the numbers of its steps, and those of the forms of
    its results alone: 1/3 where the chain that they simplify is 0·∞."""

    values: Mapping[str, Any] = field(default_factory=dict)
    adjoints: Mapping[Any, Any] = field(default_factory=dict)
    steps: Mapping[int, Any] = field(default_factory=dict)
    forms: Mapping[int, Any] = field(default_factory=dict)


def numbers_of(derivation: Derivation) -> DerivationNumbers:
    """The numbers at the derivation's point, as far as its numbers reach.

    Raises CircuitError where a branch can't be chosen or a matrix has no inverse, TooLarge.
    """
    if derivation.rows:
        return _of_rows(derivation)
    refuse_unknown(derivation.walk, derivation.values)
    forms = [(form, _along(form, derivation.values)) for form in derivation.stable]
    try:
        typed = _along(derivation, derivation.values)
    except CircuitError:  # on a kink that the stable form has not, or at a matrix without inverse
        if not forms:
            raise
        typed = _Known()
    values = dict(typed.values)
    partials = {n: typed.adjoints.get(n) for n in _keys(derivation)}
    for form, known in reversed(forms):
        values |= known.values
        partials |= {n: known.adjoints.get(n) for n in _keys(form)}
    by_paths = derivation.order > 1 and derivation.view == "paths"
    if by_paths:
        partials |= computed_numbers(derivation, derivation.values)
    steps = dict(typed.steps)
    for step in derivation.stable_steps:
        number = (
            values.get(step.left)
            if isinstance(step.left, str)
            else partials.get(_key(derivation, step.left))
        )
        if number is not None:
            steps[step.id] = number
    off: dict[int, Any] = {}
    if by_paths:  # slopes of inner nodes have no stable form
        ends = [s for s in derivation.typed_steps if s.left in partials]
        off = {s.id: partials[s.left] for s in ends if _is_off(steps.get(s.id), partials[s.left])}
    elif forms:
        stable = {s.id: _stable_number(s, derivation.of, forms) for s in derivation.typed_steps}
        steps |= {i: n for i, n in typed.forms.items() if _is_off(steps.get(i), stable[i])}
        off = {i: n for i, n in stable.items() if _is_off(steps.get(i), n)}
    nodes = {s.node for s in derivation.steps if s.kind == "forward"}
    return DerivationNumbers(
        {name: value for name, value in values.items() if name in nodes},
        {name: value for name, value in partials.items() if value is not None},
        steps,
        off,
    )


def _of_rows(derivation: Derivation) -> DerivationNumbers:
    """The numbers of a Jacobian: those of its rows, by the numbers of its own steps."""
    numbers = in_turn(derivation.rows).numbers
    nodes: dict[str, Any] = {}
    partials: dict[Left, Any] = {}
    steps: dict[int, Any] = {}
    off: dict[int, Any] = {}
    for row, number in zip(derivation.rows, numbers, strict=True):
        found = numbers_of(replace(row, values=derivation.values))
        nodes |= found.nodes
        partials |= found.partials_of(row)
        steps |= {number[i]: value for i, value in found.steps.items()}
        off |= {number[i]: value for i, value in found.off.items()}
    return DerivationNumbers(nodes, partials, steps, off)


def _key(derivation: Derivation, left: Left) -> Any:
    """What a partial is known by."""
    return left if derivation.is_matrix else left[1]


def _keys(derivation: Derivation) -> list[Any]:
    return [_key(derivation, left) for left in derivation.asked]


def evaluated(derivation: Derivation) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values of the nodes and of the asked partials, floats or arrays of them; those of
    matrices by (of, wrt, …).

    Raises DataError where a leaf that is needed has no number.
    """
    found = complete_numbers_of(derivation)
    return dict(found.nodes), dict(found.partials)


def complete_numbers_of(derivation: Derivation) -> DerivationNumbers:
    """The same as `numbers_of`; raises DataError where a leaf that is needed has no number."""
    refuse_unknown(derivation.walk, derivation.values)
    if missing := missing_values(derivation):
        raise _missing(missing)
    return numbers_of(derivation)


def known_numbers_of(derivation: Derivation) -> DerivationNumbers:
    """The same, as far as the leaves that have a number determine nodes or partials.

    Raises DataError where they determine none.
    """
    found = numbers_of(derivation)
    if missing := missing_values(derivation):
        about = (derivation.last_step_about(left) for left in found.partials_of(derivation))
        if not found.nodes and all(symbols(step.right) == set() for step in about):
            raise _missing(missing)
    return found


def missing_values(derivation: Derivation) -> list[str]:
    """The leaves that the derivation reads and that have no number."""
    circuit, given = derivation.walk.circuit, derivation.values
    needed = {o for s in derivation.steps if s.kind == "forward" for o in circuit[s.node].operands}
    return [n.name for n in circuit.leaves if n.name in needed and n.name not in given]


def _missing(names: Sequence[str]) -> DataError:
    return DataError(
        f"missing values: {', '.join(names[:5])} (every input and parameter needs one)"
    )


def _along(derivation: Derivation, given: Mapping[str, Any]) -> _Known:
    """The numbers along the derivation's own walk."""
    if derivation.walk.circuit.has_arrays:
        found = array_numbers(replace(derivation, values=given))
        return _Known(found.values, found.adjoints, found.steps)
    if derivation.order > 1:
        values, partials, numbers = numbers_along(derivation, given)
        return _Known(values, partials, numbers)
    results = [s for s in derivation.typed_steps if s.kind in ("simplify", "expand")]
    forms = {s.id: s.right for s in results} if derivation.stable else {}
    known = numbers_at(derivation.walk, given, forms)
    unreached = {n: 0.0 for n in derivation.wrt if n not in derivation.walk.into}
    steps = {s.id: _number(s, derivation, known) for s in derivation.typed_steps}
    reached = {i: number for i, number in steps.items() if number is not None}
    return _Known(known.values, {**unreached, **known.adjoints}, reached, known.forms)


def _number(step: Step, derivation: Derivation, known: Numbers) -> float | None:
    if isinstance(step.left, str):
        return known.values.get(step.left)
    if step.kind == "edge":
        of_edges = known.partials if derivation.view == "paths" else known.contributions
        return of_edges.get((step.left[0], step.left[1]))
    return known.adjoints.get(step.left[1])


def _stable_number(step: Step, of: str, forms: Sequence[tuple[Derivation, _Known]]) -> Any:
    """The number that the stable form has for a node or a result; None of anything else."""
    for form, known in forms:
        if isinstance(step.left, str):
            if step.left in known.values:
                return known.values[step.left]
        elif step.kind not in ("edge", "seed") and step.left[0] == of and step.left[1] in form.wrt:
            return known.adjoints.get(step.left[1])
    return None


def _is_off(typed: Any, stable: Any) -> bool:
    """Whether the number of a typed step is not finite, or not that of the stable form."""
    if typed is None:
        return stable is not None
    if stable is None:
        return not all(map(math.isfinite, _entries(typed)))
    pairs = zip(_entries(typed), _entries(stable), strict=True)
    return any(not is_close(one, two) for one, two in pairs)


def is_close(one: float, two: float) -> bool:
    """Whether two numbers count as the same; NaN is NaN."""
    if math.isnan(one) or math.isnan(two):
        return math.isnan(one) and math.isnan(two)
    return math.isclose(one, two, rel_tol=CLOSE, abs_tol=10 * math.ulp(0.0))


def _entries(value: Any) -> Iterator[float]:
    yield from value.flat if isinstance(value, Entries) else (value,)


def numbers_of_steps(derivation: Derivation) -> dict[int, Any]:
    """The value of each step, as far as the point's numbers reach."""
    return dict(numbers_of(derivation).steps)


__all__ = [
    "NOT_KNOWN",
    "DerivationNumbers",
    "complete_numbers_of",
    "evaluated",
    "is_close",
    "known_numbers_of",
    "missing_values",
    "numbers_of",
    "numbers_of_steps",
]
