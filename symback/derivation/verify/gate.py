"""One gate alone: what its operands get from a random adjoint, by SymPy's diff entry by entry.

The gate becomes a circuit of its own at small sizes that all differ. Where sizes are numbers that
indices name, and so can't be made small, a central difference in balls along a random direction
stands in for SymPy: it tests all entries at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random
from typing import Any

from flint import arb
from sympy import Expr, Symbol

from symback.circuits.circuit import Circuit, Node, computed, leaf, size
from symback.derivation.verify.scalars import CALM
from symback.errors import Unsupported
from symback.operations.arrays import dot
from symback.operations.balls.arrays import Singular, evaluate_entries
from symback.operations.balls.comparison import BITS, CLOSE, SEED, TINY, draw_point, equal
from symback.operations.balls.functions import Undecided
from symback.operations.balls.scalars import precision
from symback.operations.entries import Entries, boxed
from symback.operations.expressions import real_symbol
from symback.operations.shapes import Shape, is_size, size_symbol
from symback.truth.entries import EntryMap
from symback.truth.explicit import explicit, explicit_leaves
from symback.truth.reference import Reference

MOST_KEPT = 2**10  # truths
MOST_ENTRIES = 100_000  # of a gate at sizes that can't be made small
POINTS = 40  # tried until one lies inside the domain
CALM_POINTS = 12  # tried before, until all values at one are calm
STEP_WIDTH = arb(2) ** -120  # of a central difference in BITS, which leaves its square
VALUE, ADJOINT = real_symbol("v"), real_symbol("v_adjoint")


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate with its names put away, and one of its operands."""

    formula: Expr
    shape: Shape
    operands: tuple[tuple[Symbol, Shape], ...]
    sizes: tuple[Symbol, ...]
    operand: Symbol
    any_sum: bool  # whether a target need not add up to 1

    @classmethod
    def of(cls, node: Node, operand: str, any_sum: bool) -> tuple[Gate, dict[Expr, Expr]]:
        """The gate, and what stands for the names of the node and of its operands."""
        shapes = node.shapes
        free = node.formula.free_symbols
        arrays = [o for o in node.operands if real_symbol(o) in free]
        known = {o: real_symbol(f"a{i}") for i, o in enumerate(arrays)}
        in_shapes = {s for shape in shapes.values() for size in shape for s in size.free_symbols}
        names: dict[Expr, Expr] = {real_symbol(o): symbol for o, symbol in known.items()}
        gate = cls(
            node.formula.xreplace(names),
            node.shape,
            tuple((symbol, shapes[o]) for o, symbol in known.items()),
            tuple(sorted(in_shapes | {s for s in free if is_size(s)}, key=str)),
            known[operand],
            any_sum,
        )
        return gate, {**names, node.symbol: VALUE}


@dataclass(frozen=True, slots=True)
class GateReference:
    """What an operand gets, at a point: its entries, or its product with a direction."""

    values: Mapping[Expr, Entries]
    sizes: Mapping[Any, int]
    expected: Entries
    direction: Entries | None = None

    def verify(self, right: Expr, *, times_adjoint: bool) -> bool | None:
        """Whether a formula over the gate's names gives the truth; None where neither is proven."""
        with precision(BITS):
            try:
                found = evaluate_entries(right, self.values, self.sizes)
                found = found * self.values[ADJOINT] if times_adjoint else found
                found = found.broadcast_to(self.shape)
            except (Undecided, Singular, Unsupported):
                return None
            except ValueError:  # shapes that don't fit
                return False
            if self.direction is None:
                return entries_equal(self.expected, found)
            return self._is_slope(found * self.direction)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the operand."""
        entries = self.expected if self.direction is None else self.direction
        return entries.shape

    def _is_slope(self, products: Entries) -> bool | None:
        """The central difference is off by more than its ball: near is as good as equal."""
        parts, slope = products.flat, self.expected.item()
        off = abs(sum(parts, arb(0)) - slope)
        room = CLOSE * sum((abs(p) for p in parts), abs(slope)) + TINY
        return False if off > room else True if off <= room else None


def entries_equal(expected: Entries, found: Entries) -> bool | None:
    """Whether two arrays are equal; None where neither is proven."""
    pairs = list(zip(expected.flat, found.broadcast_to(expected.shape).flat, strict=True))
    if not all(a.is_finite() and b.is_finite() for a, b in pairs):
        return None
    largest = arb(0)
    for a, _ in pairs:
        largest = largest.max(abs(a))
    answers = {equal(a, b, largest) for a, b in pairs}
    return False if False in answers else None if None in answers else True


# -- finding it ----------------------------------------------------------------------------------


@lru_cache(maxsize=MOST_KEPT)
def gate_reference(gate: Gate) -> GateReference | None:
    """The truth at a point inside the gate's domain, calm where one is found; None without one."""
    circuit = _alone(gate)
    try:
        numbers, layout = explicit(circuit)
    except Unsupported:
        return _moved_reference(gate, circuit)
    if not layout.has_arrays:
        layout = explicit_leaves(circuit)[1]
    reference = Reference(numbers, numbers.output.name)
    layout = replace(layout, distributions=()) if gate.any_sum else layout
    for most, calm in ((CALM_POINTS, True), (POINTS, False)):
        for point in points_of(numbers, layout, most):
            values = _values(gate, circuit, layout, point, calm)
            truth = None if values is None else reference.at(point)
            if values is not None and truth is not None:
                names = layout.entries[str(gate.operand)]
                expected = Entries(names.shape, [truth.partials.get(n, arb(0)) for n in names.flat])
                return GateReference(values, _named(layout), expected)
    return None


def _alone(gate: Gate) -> Circuit:
    """The circuit Σ g∘gate, its sizes given by leaves of their own."""
    leaves = [leaf(str(symbol), "input", shape=shape) for symbol, shape in gate.operands]
    leaves.append(leaf(str(ADJOINT), "input", shape=gate.shape))
    leaves += [leaf(f"axis{i}", "input", shape=(s,)) for i, s in enumerate(gate.sizes)]
    used = [size(str(s)) for s in gate.sizes if s in gate.formula.free_symbols]
    shapes = {n.name: n.shape for n in leaves if n.shape}
    names = [n.name for n in (*used, *leaves)]
    value = computed(str(VALUE), gate.formula, names, shapes=shapes, shape=gate.shape)
    whole = dot(ADJOINT, VALUE) if gate.shape else ADJOINT * VALUE
    both = [str(ADJOINT), str(VALUE)]
    output = computed("f", whole, both, shapes=dict.fromkeys(both, gate.shape))
    return Circuit((*used, *leaves, value, output), output)


def points_of(numbers: Circuit, layout: EntryMap, most: int) -> Iterator[dict[str, float]]:
    """Values of the entries of the leaves, targets being what they must be."""
    rng = Random(SEED)
    names = [leaf.name for leaf in numbers.leaves]
    for number in range(most):
        point = draw_point(names, rng, number)
        layout.constrain(point, rng.randrange)
        yield point


def _named(layout: EntryMap) -> dict[Any, int]:
    return {size_symbol(name): length for name, length in layout.sizes.items()}


def _values(
    gate: Gate, circuit: Circuit, layout: EntryMap, point: Mapping[str, float], calm: bool
) -> dict[Expr, Entries] | None:
    """The entries of operands, adjoint and value; None outside the domain."""
    values = leaf_entries(layout, point)
    found = {circuit[name].symbol: entries for name, entries in values.items()}
    with precision(BITS):
        try:
            value = evaluate_entries(gate.formula, found, _named(layout))
        except (Undecided, Singular, Unsupported):
            return None
        if not is_inside(value, calm):
            return None
    found[VALUE] = value.broadcast_to(found[ADJOINT].shape)
    return found


def is_inside(entries: Entries, calm: bool) -> bool:
    """Whether all entries are numbers, and not far out where that is asked for."""
    return all(v.is_finite() and (not calm or abs(v) < CALM) for v in entries.flat)


def leaf_entries(layout: EntryMap, point: Mapping[str, float]) -> dict[str, Entries]:
    """The leaves of a point, as arrays of exact balls."""
    return {
        name: names.map(lambda entry: arb(point[entry])) for name, names in layout.entries.items()
    }


# -- sizes that can't be made small --------------------------------------------------------------


def _moved_reference(gate: Gate, circuit: Circuit) -> GateReference | None:
    """The slope of Σ g∘gate along a random direction of the operand."""
    numbers, layout = explicit_leaves(circuit)
    if len(numbers.nodes) > MOST_ENTRIES:
        return None
    layout = replace(layout, distributions=()) if gate.any_sum else layout
    for point in points_of(numbers, layout, CALM_POINTS):
        values = _values(gate, circuit, layout, point, False)
        if values is None:
            continue
        direction = _direction(values[gate.operand].shape)
        sizes = _named(layout)
        try:
            slope = _slope(gate, values, sizes, direction)
        except (Undecided, Singular, Unsupported):
            continue
        if slope.is_finite():
            return GateReference(values, sizes, boxed(slope), direction)
    return None


def _direction(shape: tuple[int, ...]) -> Entries:
    rng = Random(SEED)
    return Entries.of(shape, lambda _: arb(rng.uniform(0.5, 1.5)))


def _slope(
    gate: Gate, values: Mapping[Expr, Entries], sizes: Mapping[Any, int], direction: Entries
) -> arb:
    with precision(BITS):
        totals = []
        for sign in (1, -1):
            moved = values[gate.operand] + direction * (sign * STEP_WIDTH)
            found = evaluate_entries(gate.formula, {**values, gate.operand: moved}, sizes)
            totals.append(sum((found * values[ADJOINT]).flat, arb(0)))
        return (totals[0] - totals[1]) / (2 * STEP_WIDTH)


__all__ = [
    "ADJOINT",
    "Gate",
    "GateReference",
    "entries_equal",
    "gate_reference",
    "is_inside",
    "leaf_entries",
    "points_of",
]
