"""What a function of a module is, and what the functions of one module share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from sympy import Add, Expr, S, Symbol

from symback.autodiff.gates import Gates
from symback.autodiff.loops import KeptLoops
from symback.autodiff.names import Names
from symback.autodiff.origins import Origins, shared_origins
from symback.autodiff.partials import Guard, Local
from symback.autodiff.passes import PASSES, Pass
from symback.autodiff.reads import Reads
from symback.autodiff.reverse import Edge, ReversePass, walk
from symback.autodiff.still import Still, still
from symback.circuits.circuit import Circuit, Node, carriers
from symback.circuits.loops import can_unroll
from symback.circuits.program import Assign, Program, batch_sum
from symback.operations.arrays import broadcast_like
from symback.operations.arrays.loops import loop, loops_in
from symback.operations.shapes import is_size

MOST_AT_KINKS = 300  # lines of a loop that is written out for second partials at its kinks


class Port(Enum):
    """What values are that a function takes beside the leaves, or gives."""

    OUTPUT = "output"  # the value of the output
    CACHE = "cache"  # what backward needs from forward
    SEED = "output_bar"  # the adjoint of the output
    TOTAL = "total"  # the objective, summed over the batch
    PARAM_BARS = "param_bars"  # adjoints of the parameters, summed over the batch
    INPUT_BARS = "input_bars"  # adjoints of the inputs
    PARAM_DOTS = "param_dots"  # tangents of the parameters
    INPUT_DOTS = "input_dots"  # tangents of the inputs
    OUTPUT_DOT = "output_dot"  # the tangent of the output
    PARAM_BAR_DOTS = "param_bar_dots"  # tangents of the adjoints of the parameters
    RESIDUALS = "residuals"  # the output less its target
    ROWS = "rows"  # adjoints of the parameters, a sample each
    COLUMNS = "columns"  # tangents of the output, along one parameter each
    SECOND = "second"  # second partials of the objective by "row column", summed over the batch


Ports = Mapping[Port, Mapping[str, Symbol]]
"""The values at each port, by the names of what they belong to."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function of a module: its program, and what its arguments and results are.

    Leaves are arguments of every function; `given` are the others. What varies by sample among
    the results has one value a sample, anything else is a sum over the batch or shared.
    """

    summary: str  # in words, {of} in place of the node
    of: Node  # what it gives the value or the adjoints of
    varies: bool  # whether that node has one value a sample
    program: Program
    given: Ports
    results: Ports  # in the order of the program's results
    passes: Sequence[Pass] = PASSES
    in_blocks: bool = False  # its results are sums, which a module adds up block by block

    def with_results(self, results: Ports) -> Function:
        """The same with some of its results."""
        program = replace(self.program, results=_symbols(results))
        return replace(self, program=program, results=results)


def _symbols(ports: Ports) -> tuple[Symbol, ...]:
    return tuple(symbol for values in ports.values() for symbol in values.values())


class Lowering:
    """Gates, names, walks and adjoints, each made once for all functions of a module.

    The adjoint of an array that is one number for all entries is kept as a number, but not those
    of the nodes in `full_shape`.
    """

    def __init__(
        self,
        circuit: Gates,
        builders: Mapping[str, FunctionBuilder],
        full_shape: frozenset[str],
        in_turn: bool,
    ) -> None:
        self.circuit = circuit
        self.names = Names(circuit)
        self.varying = _varying(circuit)
        self.has_guards = False
        self.is_moved = False  # tangents of adjoints are asked for
        self.origins = Origins()  # where second partials are not those of conventions
        self._builders = builders
        self._full_shape = full_shape
        self._in_turn = in_turn
        self._functions: dict[str, Function] = {}
        self._partials: dict[str, dict[str, Local]] = {}
        self._walks: dict[str, ReversePass] = {}
        self._adjoints: dict[tuple[str, Expr, frozenset[Symbol]], list[Assign]] = {}
        self._products: dict[tuple[str, str, frozenset[Symbol]], Expr] = {}  # of numbers, by edge
        self._numbers: set[str] = set()  # nodes with shapes whose adjoint is of a lower rank
        self._arrays: set[str] = set()  # those whose adjoint has their own shape
        of_turn = lambda gates: Lowering(gates, {}, frozenset(), in_turn)  # noqa: E731
        self.loops = KeptLoops(circuit, self.names, of_turn)

    def function(self, name: str) -> Function:
        """The function of that name, for `lower` and for builders of others that go with it."""
        if name not in self._functions:
            self._functions[name] = self._builders[name](self)
        return self._functions[name]

    @property
    def of_two_shapes(self) -> frozenset[str]:
        """Nodes whose adjoint is a number in one function and an array in another."""
        return frozenset(self._numbers & self._arrays)

    @property
    def has_conventions(self) -> bool:
        """Whether second partials at kinks in turns are those of conventions, whatever the whole
        is there.
        """
        return self.is_moved and self.loops.has_origins

    def unrolls(self, circuit: Circuit) -> bool:
        """Whether the loops are to be written out, as what a turn computes depends on what later
        turns read of it; for second partials at kinks alone only loops of few lines.
        """
        if self.loops.has_guards:
            return can_unroll(circuit)
        return self.has_conventions and can_unroll(circuit, MOST_AT_KINKS)

    # -- what programs consist of ----------------------------------------------------------------

    def values(self, of: Node) -> list[Assign]:
        """The lines that compute a node: one a node below it, and one a slope of the way back."""
        needed = self._below(of)
        slopes = {e.node: e.local.slope for e in self._walk(of).edges if e.local.slope is not None}
        lines = []
        loops: set[Any] = set()
        for node in self.circuit.computed:
            if node.name in needed and isinstance(node.formula, loop):
                lines += self.loops.values(node, self._walk(of), loops)
            elif node.name in needed:
                lines.append(Assign(node.symbol, node.formula))
                if node.name in slopes:
                    slope = slopes[node.name]
                    lines.append(Assign(self.names.slope(node.name, slope), slope))
        return lines

    def adjoints(self, of: Node, seed: Expr, *, summed: bool = True) -> list[Assign]:
        """One line an adjoint: the sum of its contributions, each upstream × local partial.

        Unless `summed` over the batch, those of the parameters are of one sample each.
        """
        return self._of_samples(of, seed, frozenset(self.varying if summed else ()))

    def adjoints_to_move(self, of: Node) -> list[Assign]:
        """Those of a node whose tangents are asked for. Where samples are computed one after the
        other, the adjoint at an origin is that of one sample, as tangents of values ask for it.
        """
        self.is_moved = True
        varying = frozenset(self.varying)
        if self._in_turn:
            varying |= shared_origins(self.circuit, varying)
        return self._of_samples(of, S.One, varying)

    def _of_samples(self, of: Node, seed: Expr, varying: frozenset[Symbol]) -> list[Assign]:
        """The adjoints, where those of what samples share are sums over what varies."""
        key = (of.name, seed, varying)
        if key not in self._adjoints:
            if seed == self.names.adjoint(of.name) and of.shape:
                self._arrays.add(of.name)
            self._adjoints[key] = self._lines(self._walk(of), seed, varying)
        return self._adjoints[key]

    def leaves(self, of: Node) -> list[Symbol]:
        """The leaves that a node depends on, parameters first, and those of which it needs a size.

        What training makes small needs data for more than a size.
        """
        needed, c = self._below(of), self.circuit
        if of.symbol in self.varying or of.shape or of != c.objective:
            needed |= carriers(c.nodes, needed)
        order = (*c.sizes, *c.params, *c.columns)
        return [n.symbol for n in order if n.name in needed]

    def still(self, of: Node) -> Still:
        """Where the tangents of a node's values are chosen, not multiplied."""
        return still(self._walk(of), self.names).joined(self.loops.still)

    def bars(self, nodes: Iterable[Node]) -> dict[str, Symbol]:
        """The adjoints of nodes, by their names."""
        return {node.name: self.names.adjoint(node.name) for node in nodes}

    def program(
        self,
        arguments: Sequence[Symbol],
        lines: Sequence[Assign],
        results: Ports,
        varying: Iterable[Symbol],
    ) -> Program:
        """The program of these lines, the sizes that only they read among its arguments."""
        marked = frozenset(varying).intersection(arguments)
        used = {s for s in set().union(*(line.reads for line in lines)) if is_size(s)}
        sizes = sorted(used - {*arguments}, key=str)
        return Program((*sizes, *arguments), tuple(lines), _symbols(results), marked).check()

    def _walk(self, of: Node) -> ReversePass:
        if of.name not in self._walks:
            self._walks[of.name] = walk(self.circuit, of, self._partials)
        return self._walks[of.name]

    def _below(self, of: Node) -> set[str]:
        """All nodes below `of`, those included that only a condition reads."""
        needed = {of.name}
        for node in reversed(self.circuit.nodes):
            if node.name in needed:
                needed.update(node.operands)
        return needed

    # -- adjoints --------------------------------------------------------------------------------

    def _lines(self, record: ReversePass, seed: Expr, varying: frozenset[Symbol]) -> list[Assign]:
        circuit, names = self.circuit, self.names
        reads = Reads(record, names, varying, self._in_turn)
        lines: list[Assign] = []
        loops = {n.name for n in circuit.computed if isinstance(n.formula, loop)}
        for name in record.order[1:]:
            node = circuit[name]
            edges = record.into[name]
            terms: list[Expr] = []
            for e in edges:
                if e.node in loops:
                    terms += self._of_loop(e, record, seed, varying)
                else:
                    of = seed if e.node == record.of else None
                    terms.append(self._contribution(e, reads, of, varying))
            lines += self._apart(name, terms) if loops else []
            chains = tuple(
                ((record.of, e.node), (e.node, name))
                if e.node != record.of
                else ((record.of, name),)
                for e in edges
            )
            total = terms[0] if len(terms) == 1 else Add(*terms)
            if node.shape and names.shape_of(total) != node.shape:
                if node.is_leaf or name in self._full_shape:
                    total = broadcast_like(total, node.symbol)
                else:  # the adjoint of h in sum(h) is one number: it is spread where it must be
                    names.set_shape(names.adjoint(name), names.shape_of(total))
                    self._numbers.add(name)
            elif node.shape:
                self._arrays.add(name)
            lines += [Assign(mask, expr) for mask, expr in reads.new_in(total)]
            lines.append(Assign(names.adjoint(node.name), total, chains, (record.of, name)))
        reached = {line.target for line in lines}
        for node in (*circuit.params, *circuit.inputs):
            if names.adjoint(node.name) not in reached and node.name != record.of:
                zero = Assign(names.adjoint(node.name), S.Zero, (), (record.of, node.name))
                lines.append(zero)  # no path leads there, so exactly zero
        return lines

    def _contribution(
        self, edge: Edge, reads: Reads, seed: Expr | None, varying: frozenset[Symbol]
    ) -> Expr:
        upstream = self.names.adjoint(edge.node) if seed is None else seed
        guard = reads.guard(edge)
        self.has_guards |= guard is not None
        if guard or seed is not None or self.circuit[edge.node].has_arrays:
            return self._product(edge, upstream, varying, guard)
        key = edge.node, edge.operand, varying
        if key not in self._products:
            self._products[key] = self._product(edge, upstream, varying)
        return self._products[key]

    def _of_loop(
        self, edge: Edge, record: ReversePass, seed: Expr, varying: frozenset[Symbol]
    ) -> list[Expr]:
        """What a loop gives to the operand of an edge: that of each turn, that of all turns."""

        def upstream(node: Node) -> Expr:
            found = seed if node.name == record.of else self.names.adjoint(node.name)
            whole = self.names.shape_of(found) == node.shape
            return found if whole else broadcast_like(found, node.symbol)

        gate, operand = self.circuit[edge.node], self.circuit[edge.operand].symbol
        product = self.loops.contribution(gate, operand, record, upstream)
        self.has_guards |= self.loops.has_guards
        in_batch = gate.symbol in varying and operand not in varying
        parts = Add.make_args(product)
        return [batch_sum(part) for part in parts] if in_batch else [*parts]

    def _apart(self, name: str, terms: list[Expr]) -> list[Assign]:
        """Lines for what loops leave among several terms, whose names take their places."""
        lines = []
        for place, term in enumerate(terms if len(terms) > 1 else ()):
            if loops_in(term):
                symbol = self.names.part(self.names.adjoint(name).name, term)
                lines.append(Assign(symbol, term))
                terms[place] = symbol
        return lines

    def _product(
        self,
        edge: Edge,
        upstream: Expr,
        varying: frozenset[Symbol],
        guard: Guard | None = None,
    ) -> Expr:
        gate, names = self.circuit[edge.node], self.names
        operand = self.circuit[edge.operand].symbol
        if gate.shape and edge.local.needs_whole and names.shape_of(upstream) != gate.shape:
            upstream = broadcast_like(upstream, gate.symbol)
        slope = edge.local.slope
        kept = None if slope is None else names.slope(edge.node, slope)
        product = edge.local.contribution(upstream, kept, guard=guard)
        self.origins.add(gate, edge.local, upstream, guard, gate.symbol in self.circuit.least)
        if gate.symbol in varying and operand not in varying:
            return batch_sum(product)
        return product


FunctionBuilder = Callable[[Lowering], Function]
"""Makes a function of a circuit; Unsupported where the circuit has no such function."""


def _varying(circuit: Gates) -> set[Symbol]:
    """Symbols of the nodes that have one value a sample, as what is given once is repeated."""
    found: set[Symbol] = set()
    for node in circuit.nodes:
        if (node.is_leaf and node.role not in ("param", "size")) or any(
            circuit[o].symbol in found for o in node.operands
        ):
            found.add(node.symbol)
    return found


__all__ = ["Function", "FunctionBuilder", "Lowering", "Port", "Ports"]
