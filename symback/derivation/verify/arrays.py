"""Steps among arrays, verified when they are made.

What an edge gives to its operand is compared with SymPy's derivatives of the gate's entries
(`symback.derivation.verify.gate`). Sums and results are evaluated at a point of the whole circuit,
its sizes small, and must equal the adjoint that the edges give. A step that is proven not to hold
raises; gates of one form are verified once. Nothing here knows the rules of
`symback.operations.vjp`.
"""

from __future__ import annotations

import math
from functools import lru_cache

from sympy import Expr, Symbol

from symback.autodiff.reverse import ReversePass
from symback.derivation.accumulation import ANY_SUM, ONE, adjoint_names
from symback.derivation.numbers.arrays import Accumulated
from symback.derivation.numbers.links import below
from symback.derivation.steps import Step
from symback.derivation.verify.gate import (
    ADJOINT,
    CALM_POINTS,
    POINTS,
    Gate,
    entries_equal,
    gate_reference,
    is_inside,
    leaf_entries,
    points_of,
)
from symback.derivation.verify.scalars import held
from symback.errors import Unsupported
from symback.operations.balls.arrays import Singular
from symback.operations.balls.comparison import BITS
from symback.operations.balls.functions import Undecided
from symback.operations.balls.scalars import precision
from symback.operations.entries import Entries
from symback.operations.shapes import size_symbol
from symback.truth.explicit import explicit_leaves
from symback.truth.small_sizes import small_sizes

MOST_ENTRIES = 20_000  # of all arrays, where sizes can't be made small


class ArrayVerifier:
    """Verifies the steps of one walk, in their order."""

    def __init__(self, walk: ReversePass) -> None:
        self._walk = walk
        self._adjoints: dict[str, Symbol] = {n: s for s, n in adjoint_names(walk)[0].items()}
        self._all_held = True
        self._point = _point_of(walk, CALM_POINTS, calm=True) or _point_of(walk, POINTS, calm=False)

    @property
    def verified(self) -> bool:
        """Whether every step was proven to hold."""
        return self._point is not None and self._all_held

    def step(self, step: Step) -> None:
        """Refuse a step that does not hold; forward steps are definitions."""
        if isinstance(step.left, str):
            if step.kind == "define" and self._point is not None:
                with precision(BITS):
                    self._point.keep_value(self._walk.node(step.left))
            return
        if len(step.left) > 2:  # of a matrix, which DifferentialVerifier verifies
            return
        left = (step.left[0], step.left[1])
        is_edge = step.kind == "edge" or step.rule == ONE
        if is_edge:
            self._edge(*left, step)
        if self._point is None:
            return
        with precision(BITS):
            try:
                expected = self._point.add(step)
                if not is_edge:
                    self._result(step, left, expected)
            except (Undecided, Singular, Unsupported):
                self._all_held = False
            except ValueError:  # shapes that don't fit
                held(False, _what(left))

    def _edge(self, name: str, operand: str, step: Step) -> None:
        node = self._walk.node(name)
        gate, names = Gate.of(node, operand, step.rule == ANY_SUM)
        right = step.right.xreplace({**names, self._adjoints[name]: ADJOINT})
        is_output = name == self._walk.of  # whose adjoint is 1
        what = f"what '{operand}' gets from '{name}'"
        self._all_held &= held(gives_the_truth(gate, right, is_output), what)

    def _result(self, step: Step, left: tuple[str, str], expected: Entries | None) -> None:
        """A sum, or a form of a result: what the edges give, added up."""
        assert self._point is not None
        found = self._point.evaluated(step.right, left[1])
        holds = False
        if expected is not None and found is not None:
            holds = held(entries_equal(expected, found), _what(left))
        self._all_held &= holds


@lru_cache(maxsize=2**12)
def gives_the_truth(gate: Gate, right: Expr, is_output: bool) -> bool | None:
    """Whether an operand of a gate gets what it should; None where neither is proven."""
    reference = gate_reference(gate)
    return None if reference is None else reference.verify(right, times_adjoint=is_output)


def _what(left: tuple[str, str]) -> str:
    return f"∂{left[0]}/∂{left[1]}"


def _point_of(walk: ReversePass, most: int, *, calm: bool) -> Accumulated | None:
    """The values of all nodes at a point inside the domain, the circuit's sizes small."""
    circuit = walk.circuit
    sizes = small_sizes(circuit)
    counts = [math.prod(sizes.length(size) for size in n.shape) for n in circuit]
    if sum(counts) > MOST_ENTRIES:
        return None
    numbers, layout = explicit_leaves(circuit)
    named = {size_symbol(name): length for name, length in layout.sizes.items()}
    for point in points_of(numbers, layout, most):
        found = Accumulated(walk, leaf_entries(layout, point), named, sizes.length)
        if _are_inside(walk, found, calm):
            return found
    return None


def _are_inside(walk: ReversePass, found: Accumulated, calm: bool) -> bool:
    """Evaluate all nodes; whether they are inside the domain."""
    with precision(BITS):
        for node in below(walk.circuit, walk.of):
            try:
                entries = found.keep_value(node)
            except (Undecided, Singular, Unsupported):
                return False
            if entries is None or not is_inside(entries, calm):
                return False
    return True


__all__ = ["ArrayVerifier", "gives_the_truth"]
