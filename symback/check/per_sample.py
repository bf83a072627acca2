"""The comparison of the partials of nodes, of each sample, where a module has these.

Every entry of a node is a number of the explicit circuit, with a truth of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

from flint import arb
from sympy import Symbol

from symback.autodiff.function import Function, Lowering, Port
from symback.autodiff.gates import gates
from symback.autodiff.per_sample import differentiated, partials_of
from symback.check.derivatives import Compare, as_expected
from symback.circuits.program import Program
from symback.operations.balls.scalars import precision
from symback.truth.oracle import BITS, Oracle
from symback.truth.packing import with_constants
from symback.truth.points import Point, PointBatch
from symback.truth.reference import Reference, Truth
from symback.truth.rounding import OutOfRange, enclosures

MOST_ENTRIES = 48  # of all nodes together, whose partials are compared
MOST_BATCHES = 3
COMPARED = (0, -1)  # of the samples of a batch


@dataclass(frozen=True, slots=True)
class NodeEntry:
    """An entry of a node: its row among the partials, and its names in two explicit circuits."""

    node: str
    row: int
    typed: str  # where the truth comes from
    made: str  # where what rounding does comes from


class EntryPartials:
    """The truths of entries of nodes, and how far rounding may take them from these."""

    def __init__(self, oracle: Oracle) -> None:
        self._oracle = oracle
        self._lowering = Lowering(oracle.lowered.circuit, {}, frozenset(), False)
        self._made: dict[str, list[Function]] = {}

    def entries(self, nodes: Iterable[str]) -> list[NodeEntry]:
        oracle = self._oracle
        if not oracle.layout.has_arrays:
            return [NodeEntry(node, 0, node, node) for node in nodes]
        typed, made = oracle.entries_of, oracle.layout.computed
        return [
            NodeEntry(node, row, *names)
            for node in nodes
            if node in typed and node in made
            for row, names in enumerate(zip(typed[node].flat, made[node].flat, strict=True))
        ]

    def reference(self, entries: Iterable[NodeEntry]) -> Reference:
        return Reference(self._oracle.circuit, *(e.typed for e in entries))

    def allowed(self, node: str, point: Point) -> dict[str, arb]:
        """The radii of the partials of a node by leaf; none where there is no float64."""
        found: dict[str, arb] = {}
        for function in self._functions(node):
            balls = self._enclosed(function.program, point)
            if balls is None:
                return {}
            for values in function.results.values():
                found |= {leaf: arb(balls[s].rad()) for leaf, s in values.items()}
        return found

    def allowed_value(self, node: str, point: Point) -> arb | None:
        """The radius of the value of a node; None where there is no float64."""
        lowering = self._lowering
        of = lowering.circuit[node]
        results = {Port.OUTPUT: {node: of.symbol}}
        program = lowering.program(lowering.leaves(of), lowering.values(of), results, frozenset())
        balls = self._enclosed(program, point)
        return None if balls is None else arb(balls[of.symbol].rad())

    def _enclosed(self, program: Program, point: Point) -> dict[Symbol, arb] | None:
        oracle = self._oracle
        known = {s: point[s.name] for s in program.arguments}
        try:
            with precision(BITS):
                return enclosures(program, known, oracle.unlimited, oracle.factorised)
        except (OutOfRange, ArithmeticError):
            return None

    def _functions(self, node: str) -> list[Function]:
        if node not in self._made:
            circuit = self._lowering.circuit
            kinds = ([n.name for n in nodes] for nodes in (circuit.params, circuit.inputs))
            self._made[node] = [partials_of(self._lowering, node, by) for by in kinds if by]
        return self._made[node]


class PerSampleCheck:
    """Compares ∂of/∂wrt entry by entry, each node by each leaf."""

    def __init__(self, oracle: Oracle, module: ModuleType, compare: Compare) -> None:
        self._oracle, self._module, self._compare = oracle, module, compare
        self._partials = EntryPartials(oracle)

    def run(self, batches: Sequence[PointBatch]) -> str:
        """Compare at the first batches; a remark where nodes have more entries than that."""
        for batch in batches[:MOST_BATCHES]:
            self._check(batch)
        left = len(self._entries) - MOST_ENTRIES
        return f"per_sample is not compared for {left} entries of nodes" if left > 0 else ""

    @cached_property
    def _entries(self) -> list[NodeEntry]:
        nodes = [found.node for found in differentiated(gates(self._oracle.typed))]
        return self._partials.entries(nodes)

    @cached_property
    def _reference(self) -> Reference:
        return self._partials.reference(self._entries[:MOST_ENTRIES])

    @cached_property
    def _leaves(self) -> list[str]:
        """The entries of the parameters and inputs, as the columns have them."""
        circuit, entries = self._oracle.typed, self._oracle.layout.entries
        found = [n.name for n in (*circuit.params, *circuit.inputs)]
        return [entry for name in found for entry in (entries[name].flat if entries else [name])]

    def _check(self, batch: PointBatch) -> None:
        """The first and last sample among all, the two alone and one alone, whole and in blocks.

        A node with more entries than there are samples takes another way through the blocks.
        """
        params, points = batch.params(self._module), batch.points
        circuit = self._oracle.typed
        names = [n.name for n in (*circuit.params, *circuit.inputs)]
        entries = self._entries[:MOST_ENTRIES]
        of = dict.fromkeys(e.node for e in entries)
        ends = tuple(points[i] for i in COMPARED)[: len(points)]
        found = []
        for some in (points, ends, ends[:1]):
            inputs = batch.with_points(some).batch(self._module)
            for constants in ({}, {"BLOCK_ROWS": 2}):
                with with_constants(self._module, **constants):
                    partials = self._module.per_sample
                    found.append((some, {n: partials(params, inputs, of=n, wrt=names) for n in of}))
        for place, point in zip(COMPARED, ends, strict=False):
            truths = self._reference.all_at(batch.merged(point))
            for entry, truth in zip(entries, truths or (), strict=False):
                nodes = [by_node[entry.node] for some, by_node in found if point in some]
                rows = [n[entry.row] if n.ndim == 2 else n[place, entry.row] for n in nodes]
                self._compare_rows(rows, entry, truth, batch, point)

    def _compare_rows(
        self, rows: Iterable[Any], entry: NodeEntry, truth: Truth, batch: PointBatch, point: Point
    ) -> None:
        allowed = self._partials.allowed(entry.made, batch.merged(point))
        for leaf, *values in zip(self._leaves, *rows, strict=True):
            if leaf in allowed:
                room = 2 * allowed[leaf] + self._oracle.underflow
                expected = as_expected(truth.partials.get(leaf, arb(0)), room)
                at = f"∂{entry.typed}/∂{leaf}, {batch.describe(point)}"
                for got in values:
                    self._compare("per_sample", got, expected, at)


__all__ = ["EntryPartials", "NodeEntry", "PerSampleCheck"]
