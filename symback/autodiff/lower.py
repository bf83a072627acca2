"""Circuit → programs: forward, backward, and both fused to the loss and its gradient.

Each is a list of single assignments: node by node forward, adjoint by adjoint backward. Where a
parameter, shared by all samples, gets a contribution from a node that varies by sample, the
contributions are summed over the batch; that is the only place where samples meet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sympy import Add, Expr, S, Symbol

from symback.autodiff.gates import Gates, gates
from symback.autodiff.partials import Guard, Local
from symback.autodiff.reads import Reads
from symback.autodiff.reverse import Edge, ReversePass, walk
from symback.circuits.circuit import Circuit, Node
from symback.circuits.names import fresh_name
from symback.circuits.program import Assign, Program, batch_sum
from symback.operations.arrays import ArrayFunction, broadcast_like, shape_of
from symback.operations.expressions import real_symbol
from symback.operations.shapes import Shape, is_size


class Names:
    """The names of adjoints and slopes, each made once and free of the user's names.

    `shapes` tells those of all arrays, the user's and the ones named here.
    """

    def __init__(self, circuit: Circuit) -> None:
        self._taken = {n.name for n in circuit.nodes} | {str(s) for s in circuit.size_names}
        self._made: dict[tuple[str, str], Symbol] = {}
        self.shapes: dict[str, Shape] = circuit.shapes

    def _name(self, kind: str, node: str, shape: Shape) -> Symbol:
        key = (kind, node)
        if key not in self._made:
            name = fresh_name([f"{node}_{kind}", f"{node}_{kind}_"], self._taken)
            self._made[key] = self._new(name, shape)
        return self._made[key]

    def _new(self, name: str, shape: Shape) -> Symbol:
        self._taken.add(name)
        if shape:
            self.shapes[name] = shape
        return real_symbol(name)

    def adjoint(self, node: str) -> Symbol:
        return self._name("bar", node, self.shapes.get(node, ()))

    def tangent(self, name: str) -> Symbol:
        """How fast a value moves: of a node, or of what another line computes."""
        return self._name("dot", name, self.shapes.get(name, ()))

    def slope(self, node: str, slope: Expr | None = None) -> Symbol:
        """The name of what forward computes beside the node's value."""
        shape = self.shapes.get(node, ())
        if isinstance(slope, ArrayFunction):
            shape = self.shape_of(slope)
        return self._name("slope", node, shape)

    def set_shape(self, symbol: Symbol, shape: Shape) -> None:
        self.shapes[symbol.name] = shape

    def total(self, node: str) -> Symbol:
        return self._name("sum", node, ())

    def mask(self, node: str, expr: Expr) -> Symbol:
        """A new name for where the node is read."""
        return self._new(fresh_name([f"{node}_read"], self._taken), self.shape_of(expr))

    def part(self, node: str, expr: Expr) -> Symbol:
        """A new name for a part of the line that computes `node`."""
        return self._new(fresh_name([f"{node}_part"], self._taken), self.shape_of(expr))

    def shape_of(self, expr: Expr) -> Shape:
        return shape_of(expr, self.shapes) if self.shapes else ()


@dataclass(frozen=True, slots=True)
class Lowered:
    """The programs of one module, and the names they share."""

    circuit: Gates
    names: Names
    forward: Program  # → output, then the cache
    backward: Program  # seed → adjoints of parameters, then of inputs
    objective: Program  # → Σ loss, then Σ of its partial by each parameter
    cache: tuple[Symbol, ...]
    seed: Symbol
    total: Symbol
    per_sample_output: bool
    per_sample_objective: bool
    has_guards: bool  # a line may compute what is not read, outside of a domain

    @property
    def has_objective(self) -> bool:
        """Whether there is one number to make small: not where an array is the output."""
        return not self.circuit.objective.shape


def lower(circuit: Circuit, whole: frozenset[str] = frozenset()) -> Lowered:
    """The programs of a circuit, not yet optimised.

    The adjoint of an array that is one number for all entries is kept as a number, but not those
    of the nodes in `whole`.

    >>> import symback as sb
    >>> print(lower(sb.circuit("f = w*x", loss=None)).backward)
    (w, x, f_bar):
        w_bar = batch_sum(f_bar*x)
        x_bar = f_bar*w
        return w_bar, x_bar
    """
    split = circuit if isinstance(circuit, Gates) else gates(circuit)
    names = Names(split)
    varying = _varying(split)
    partials: dict[str, dict[str, Local]] = {}
    of_output = walk(split, split.output, partials)
    of_objective = walk(split, split.objective, partials)
    seed = names.adjoint(split.output.name)
    total = names.total(split.objective.name)
    backwards = _Backward(split, names, varying, whole)
    backward = backwards.lines(of_output, seed)
    forward, cache = _forward_program(split, of_output, names, varying, backward)
    fused: list[Assign] = []
    if not split.objective.shape:
        fused = [
            *_forward(split, of_objective, names),
            *backwards.lines(of_objective, S.One),
            Assign(total, _over_batch(split.objective, varying)),
        ]
    if unlike := backwards.numbers & {*backwards.arrays, split.output.name}:
        return lower(circuit, whole | unlike)  # a name has one shape in all programs
    needed = {s for line in backward for s in line.reads}
    read_again = needed & {n.symbol for n in (*split.sizes, *split.leaves)}
    return Lowered(
        split,
        names,
        forward,
        _program(
            [*(s for s in forward.arguments if s in read_again), *cache, seed],
            backward,
            [names.adjoint(n.name) for n in (*split.params, *split.inputs)],
            forward.varying() | ({seed} if split.output.symbol in varying else set()),
        ),
        _program(
            _arguments(split, split.objective),
            fused,
            [total, *(names.adjoint(p.name) for p in split.params)] if fused else [],
            varying,
        ),
        cache,
        seed,
        total,
        split.output.symbol in varying,
        split.objective.symbol in varying,
        backwards.has_guards,
    )


def _forward_program(
    circuit: Gates,
    record: ReversePass,
    names: Names,
    varying: set[Symbol],
    backward: Sequence[Assign],
) -> tuple[Program, tuple[Symbol, ...]]:
    """Leaves → the output and what backward needs, and the names of that."""
    needed = {s for line in backward for s in line.reads}
    lines = _forward(circuit, record, names)
    cache = tuple(line.target for line in lines if line.target in needed)
    arguments = _arguments(circuit, circuit.output)
    return _program(arguments, lines, [circuit.output.symbol, *cache], varying), cache


def _program(
    arguments: list[Symbol], lines: list[Assign], results: list[Symbol], varying: set[Symbol]
) -> Program:
    marked = frozenset(a for a in arguments if a in varying)
    used = {s for s in set().union(*(line.reads for line in lines)) if is_size(s)}
    arguments = [*sorted(used - {*arguments}, key=str), *arguments]  # of adjoints only
    return Program(tuple(arguments), tuple(lines), tuple(results), marked).check()


def _varying(circuit: Gates) -> set[Symbol]:
    """Symbols of the nodes that have one value a sample."""
    found: set[Symbol] = set()
    for node in circuit.nodes:
        if node.role in ("input", "target") or any(
            circuit[o].symbol in found for o in node.operands
        ):
            found.add(node.symbol)
    return found


def _arguments(circuit: Circuit, of: Node) -> list[Symbol]:
    """The leaves that a node depends on, parameters first."""
    needed = _read_by(circuit, of.name)
    order = (*circuit.sizes, *circuit.params, *circuit.inputs, *circuit.targets)
    return [n.symbol for n in order if n.name in needed]


def _forward(circuit: Gates, record: ReversePass, names: Names) -> list[Assign]:
    """One line a node, and one a slope that backward may use."""
    needed = _read_by(circuit, record.of)
    slopes = {e.node: e.local.slope for e in record.edges if e.local.slope is not None}
    lines = []
    for node in circuit.computed:
        if node.name in needed:
            lines.append(Assign(node.symbol, node.formula))
            if node.name in slopes:
                slope = slopes[node.name]
                lines.append(Assign(names.slope(node.name, slope), slope))
    return lines


def _read_by(circuit: Circuit, of: str) -> set[str]:
    """All nodes below `of`, those included that only a condition reads."""
    needed = {of}
    for node in reversed(circuit.nodes):
        if node.name in needed:
            needed.update(node.operands)
    return needed


class _Backward:
    """The lines of backward passes; what two of them have in common is made once."""

    def __init__(
        self, circuit: Gates, names: Names, varying: set[Symbol], whole: frozenset[str]
    ) -> None:
        self._circuit = circuit
        self._names = names
        self._varying = varying
        self._whole = whole
        self.numbers: set[str] = set()  # nodes with shapes whose adjoint is of a lower rank
        self.arrays: set[str] = set()  # those whose adjoint has their own shape
        self.has_guards = False
        self._made: dict[tuple[str, str], Expr] = {}  # contributions of numbers, by edge

    def lines(self, record: ReversePass, seed: Expr) -> list[Assign]:
        """One line an adjoint: the sum of its contributions, each upstream × local partial."""
        circuit, names = self._circuit, self._names
        reads = Reads(record, names.mask, names.shapes, self._varying)
        lines: list[Assign] = []
        for name in record.order[1:]:
            node = circuit[name]
            edges = record.into[name]
            terms = [
                self._contribution(e, reads, seed if e.node == record.of else None) for e in edges
            ]
            chains = tuple(
                ((record.of, e.node), (e.node, name))
                if e.node != record.of
                else ((record.of, name),)
                for e in edges
            )
            total = terms[0] if len(terms) == 1 else Add(*terms)
            if node.shape and names.shape_of(total) != node.shape:
                if node.is_leaf or name in self._whole:
                    total = broadcast_like(total, node.symbol)
                else:  # the adjoint of h in sum(h) is one number: it is spread where it must be
                    names.set_shape(names.adjoint(name), names.shape_of(total))
                    self.numbers.add(name)
            elif node.shape:
                self.arrays.add(name)
            lines += [Assign(mask, expr) for mask, expr in reads.new_in(total)]
            lines.append(Assign(names.adjoint(node.name), total, chains, (record.of, name)))
        reached = {line.target for line in lines}
        for node in (*circuit.params, *circuit.inputs):
            if names.adjoint(node.name) not in reached and node.name != record.of:
                zero = Assign(names.adjoint(node.name), S.Zero, (), (record.of, node.name))
                lines.append(zero)  # no path leads there, so exactly zero
        return lines

    def _contribution(self, edge: Edge, reads: Reads, seed: Expr | None) -> Expr:
        upstream = self._names.adjoint(edge.node) if seed is None else seed
        guard = reads.guard(edge)
        self.has_guards |= guard is not None
        if guard or seed is not None or self._circuit[edge.node].has_arrays:
            return self._product(edge, upstream, guard)
        key = edge.node, edge.operand
        if key not in self._made:
            self._made[key] = self._product(edge, upstream)
        return self._made[key]

    def _product(self, edge: Edge, upstream: Expr, guard: Guard | None = None) -> Expr:
        gate, names = self._circuit[edge.node], self._names
        if gate.shape and edge.local.needs_whole and names.shape_of(upstream) != gate.shape:
            upstream = broadcast_like(upstream, gate.symbol)
        slope = edge.local.slope
        kept = None if slope is None else names.slope(edge.node, slope)
        product = edge.local.contribution(upstream, kept, guard=guard)
        operand = self._circuit[edge.operand].symbol
        if gate.symbol in self._varying and operand not in self._varying:
            return batch_sum(product)
        return product


def _over_batch(node: Node, varying: set[Symbol]) -> Expr:
    return batch_sum(node.symbol) if node.symbol in varying else node.symbol


__all__ = ["Lowered", "Names", "lower"]
