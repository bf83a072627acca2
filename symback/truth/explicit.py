"""A circuit of arrays, written out entry by entry: the road that the check takes.

Every array becomes numbers with names such as W1_0_2, every operation its definition over
entries: a product of matrices is a sum of products, an inverse the adjugate over the determinant.
Nothing here knows of adjoints, so SymPy's `diff` of these numbers is a second opinion.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sympy as sp
from sympy import Expr, Integer

from symback.circuits.assembly import stack_of
from symback.circuits.circuit import Circuit, Node, computed, leaf
from symback.circuits.loops import loops_written_out
from symback.circuits.names import fresh_name
from symback.circuits.requirements import EXPONENTIAL, distributions, index_leaves, uses_of
from symback.errors import Unsupported
from symback.operations import arrays as a
from symback.operations.arrays import ArrayFunction, parts_of, shape_of
from symback.operations.definitions import SYMPY, definitions, eigenvalues, eigenvectors, symmetric
from symback.operations.entries import Entries, Index, boxed, broadcast, indices, vector
from symback.operations.expressions import real_symbol
from symback.operations.shapes import Shape
from symback.truth.entries import EntryMap
from symback.truth.small_sizes import SPECTRAL, SQUARE, SmallSizes, small_sizes

FACTORISING = (a.inv, a.solve, a.det, a.logdet)
"""Computed from a factorisation, exact for a matrix that is some units away from the given one."""

WEIGHTS = (0.5, -1.0, 2.0)  # of the entries of an array, in turn, in the number that stands for it
MOST_ENTRIES = 2000  # of all arrays together
MOST_PARTIALS = 2_000_000  # a leaf's entry by an operand of an entry: one product at each point
MOST_ROWS = 6  # of a determinant, whose terms are the permutations of its rows
TOO_MANY = (
    "{} are too many to check one by one; give large sizes a name, as in x: input[d], and let no "
    "index reach far: the check then makes them small"
)


def explicit(circuit: Circuit, sizes_of: Circuit | None = None) -> tuple[Circuit, EntryMap]:
    """The circuit over entries at small sizes, its own or another's, and how the two correspond;
    loops are written out.
    """
    if not circuit.has_arrays:
        return circuit, EntryMap()
    sizes_of = None if sizes_of is None else loops_written_out(sizes_of)
    return _EntryWriter(loops_written_out(circuit), sizes_of).written()


def explicit_leaves(circuit: Circuit) -> tuple[Circuit, EntryMap]:
    """The entries of the leaves alone, however many: enough to draw points of arrays.

    The output of the circuit that is returned says nothing.
    """
    return _EntryWriter(circuit).leaves()


def written_out(circuit: Circuit) -> tuple[Circuit, dict[str, list[str]]]:
    """A circuit whose sizes are all numbers, over the entries of what was typed, and by node the
    names of its entries.
    """
    made, entries = _EntryWriter(circuit, sizes=SmallSizes({}, {})).written()
    found = {
        name: list(e.flat) for name, e in (*entries.entries.items(), *entries.computed.items())
    }
    names = [e for node in circuit.outputs for e in found[node.name]]
    if circuit.stack is not None and not _is_read(circuit, circuit.stack):
        found[circuit.stack.name] = names
    kept = set().union(*found.values())
    parts: dict[Expr, Expr] = {}
    nodes: list[Node] = []
    for node in made.nodes:
        formula = node.formula.xreplace(parts) if parts and not node.is_leaf else node.formula
        if node.name not in kept:
            parts[node.symbol] = formula
        elif node.is_leaf:
            nodes.append(node)
        else:
            nodes.append(computed(node.name, formula, sorted(s.name for s in formula.free_symbols)))
    by_name = {n.name: n for n in nodes}
    loss = None if made.loss is None else by_name[made.loss.name]
    outputs = [by_name[name] for name in names]
    if len(outputs) == 1:
        return replace(made, nodes=tuple(nodes), output=outputs[0], loss=loss), found
    output = stack_of(outputs, by_name)
    return Circuit((*nodes, output), output, loss, stacked=tuple(names)), found


def _is_read(circuit: Circuit, node: Node) -> bool:
    return any(node.name in other.operands for other in circuit.nodes)


class _EntryWriter:
    def __init__(
        self,
        circuit: Circuit,
        sizes_of: Circuit | None = None,
        sizes: SmallSizes | None = None,
    ) -> None:
        self._circuit = circuit
        self._sizes = sizes or small_sizes(sizes_of or circuit)
        self._taken = {n.name for n in circuit.nodes}
        self._values: dict[Expr, Entries] = {}
        self._nodes: list[Node] = []
        self._exponential: list[str] = []
        self._scaled: list[str] = []
        self._factorised: list[Entries] = []
        self._symmetric: dict[Expr, Entries] = {}  # matrices by what they are of
        self._computed: dict[str, Entries] = {}
        self._owner = ""

    def written(self) -> tuple[Circuit, EntryMap]:
        circuit = self._circuit
        self._refuse_many()
        for node in circuit.sizes:
            self._values[node.symbol] = _number(Integer(self._sizes.named[node.name]))
        entries = {node.name: self._leaf(node) for node in circuit.leaves}
        for node in circuit.computed:
            self._owner = node.name
            self._values[node.symbol] = self._named(self._spread(node), node.name)
            self._computed[node.name] = self._values[node.symbol].map(lambda s: s.name)
        output, weights = self._output()
        objective = circuit.objective
        loss = None
        if objective.shape == ():
            loss = self._node(self._values[objective.symbol])
        made = Circuit(tuple(self._nodes), output, loss if circuit.loss else None)
        if len(made.leaves) * sum(len(n.operands) for n in made.computed) > MOST_PARTIALS:
            raise Unsupported(TOO_MANY.format(f"{len(made):,} entries with all their partials"))
        return made, self._layout(entries, weights)

    def leaves(self) -> tuple[Circuit, EntryMap]:
        entries = {node.name: self._leaf(node) for node in self._circuit.leaves}
        return Circuit(tuple(self._nodes), self._nodes[-1]), self._layout(entries, None)

    def _layout(self, entries: Mapping[str, Entries], weights: Entries | None) -> EntryMap:
        circuit = self._circuit
        counts = {name: self._length(size) for name, size in index_leaves(circuit).items()}
        shapes = {
            n.name: tuple(self._length(s) if s.is_Integer else str(s) for s in n.shape)
            for n in circuit.leaves
        }
        sums = tuple(distributions(circuit))
        return EntryMap(
            entries,
            self._sizes.named,
            shapes,
            sums,
            counts,
            weights,
            tuple(self._exponential),
            tuple(self._factorised),
            self._computed,
            tuple(self._scaled),
        )

    # -- nodes ------------------------------------------------------------------------------

    def _length(self, size: Expr) -> int:
        return self._sizes.length(size)

    def _shape(self, shape: Shape) -> tuple[int, ...]:
        return tuple(self._length(size) for size in shape)

    def _refuse_many(self) -> None:
        """Before anything is written out: all arrays, and what grows faster than its entries."""
        counts = {n.name: math.prod(self._shape(n.shape)) for n in self._circuit.nodes}
        largest = max(counts, key=lambda name: counts[name])
        if sum(counts.values()) > MOST_ENTRIES:
            raise Unsupported(TOO_MANY.format(f"{counts[largest]:,} entries of '{largest}'"))
        for op in uses_of(self._circuit, *SQUARE):
            rows = self._length(shape_of(op.args[0], self._circuit.shapes)[0])
            if rows > MOST_ROWS:
                what = f"the {math.factorial(rows):,} terms of a determinant of {rows} rows"
                raise Unsupported(TOO_MANY.format(what))

    def _leaf(self, node: Node) -> Entries:
        shape = self._shape(node.shape)
        names = Entries.of(shape, lambda index: self._entry_name(node.name, index))
        self._nodes += [leaf(name, node.role, node.initial) for name in names.flat]
        self._values[node.symbol] = names.map(real_symbol)
        return names

    def _entry_name(self, name: str, index: Index) -> str:
        """A name such as W_0_2; a number keeps its own."""
        return self._fresh("_".join([name, *map(str, index)])) if index else name

    def _fresh(self, name: str) -> str:
        name = fresh_name([name], self._taken)
        self._taken.add(name)
        return name

    def _named(self, values: Entries, name: str) -> Entries:
        """Symbols for entries, each a node of its own."""
        pairs = zip(indices(values.shape), values.flat, strict=True)
        symbols = [self._add(self._entry_name(name, index), expr) for index, expr in pairs]
        return Entries(values.shape, symbols)

    def _add(self, name: str, expr: Expr) -> Expr:
        names = sorted(s.name for s in expr.free_symbols)
        self._nodes.append(computed(name, sp.sympify(expr), names))
        return real_symbol(name)

    def _node(self, values: Entries) -> Node:
        name = values.item().name
        return next(n for n in self._nodes if n.name == name)

    def _output(self) -> tuple[Node, Entries | None]:
        """The output; of an array, the sum of its entries with weights that are exact."""
        values = self._values[self._circuit.output.symbol]
        if values.shape == ():
            return self._node(values), None
        numbers = [WEIGHTS[i % len(WEIGHTS)] for i in range(values.size)]
        total = sum(sp.Rational(w) * v for w, v in zip(numbers, values.flat, strict=True))
        self._add(self._fresh("weighted_output"), total)
        return self._nodes[-1], Entries(values.shape, numbers)

    # -- formulas ---------------------------------------------------------------------------

    def _spread(self, node: Node) -> Entries:
        return self._entries(node.formula).broadcast_to(self._shape(node.shape))

    def _entries(self, expr: Expr) -> Entries:
        """The entries of a formula. What mixes elements gets nodes of its own, to stay small."""
        if expr not in self._values:
            if isinstance(expr, ArrayFunction):
                operands = [self._operand(expr, i) for i in range(len(expr.operands))]
                made = self._made(expr, operands)
                exponential = isinstance(expr, EXPONENTIAL)
                name = self._fresh(f"{self._owner}_{'shifted' if exponential else 'part'}")
                if exponential:
                    self._exponential.append(name)
                elif isinstance(expr, a.norm):
                    self._scaled.append(name)
                self._values[expr] = self._named(made, name)
            else:
                self._values[expr] = self._elementwise(expr)
        return self._values[expr]

    def _made(self, expr: ArrayFunction, operands: Sequence[Entries]) -> Entries:
        """The entries of an operation by its definition, long parts of which get nodes."""
        if isinstance(expr, a.eigvalsh):
            return vector(eigenvalues(operands[0], self._part))
        if isinstance(expr, a.eigenvectors):
            values = self._entries(a.eigvalsh(*expr.args)).flat
            return eigenvectors(SYMPY, operands[0], values, self._part)
        return EXPLICIT[expr.func](*operands, *self._options(expr))

    def _part(self, expr: Expr) -> Expr:
        """A node for a part of a long formula."""
        return self._add(self._fresh(f"{self._owner}_part"), expr)

    def _operand(self, expr: ArrayFunction, number: int) -> Entries:
        """The entries of an operand, as nodes of their own where rounding treats them apart."""
        values = self._entries(expr.operands[number])
        if isinstance(expr, SPECTRAL):
            operand = expr.operands[0]
            if operand not in self._symmetric:
                self._symmetric[operand] = self._matrix(values, symmetric)
            return self._symmetric[operand]
        if isinstance(expr, FACTORISING) and number == 0:
            return self._matrix(values)
        named = (
            *EXPONENTIAL,
            a.one_hot,
            a.take,
            a.segment_sum,
        )  # an index is compared: no choice stands in a condition
        if isinstance(expr, named) and not all(v.is_Symbol for v in values.flat):
            return self._named(values, self._fresh(f"{self._owner}_operand"))
        return values

    def _matrix(self, values: Entries, read: Callable[[Entries], Entries] = lambda x: x) -> Entries:
        """The entries of a matrix that is decomposed, those that are read."""
        symbols = read(self._named(values, self._fresh(f"{self._owner}_matrix")))
        self._factorised.append(symbols.map(lambda s: s.name))
        return symbols

    def _options(self, expr: ArrayFunction) -> list[Any]:
        if isinstance(expr, a.reshape):
            return [self._length(size) for size in expr.options]
        if isinstance(expr, a.eye | a.full):
            sizes = expr.args if isinstance(expr, a.eye) else expr.args[1:]
            lead = [] if isinstance(expr, a.eye) else [expr.args[0]]
            return [*lead, *(self._length(s) for s in sizes)]
        return [int(o) if isinstance(o, Expr) else o for o in expr.options]

    def _elementwise(self, expr: Expr) -> Entries:
        parts = parts_of(expr)
        if not parts:
            return _number(expr)
        spread = broadcast(*(self._entries(part) for part in parts))
        rows = zip(*(x.flat for x in spread), strict=True)
        values = [expr.xreplace(dict(zip(parts, row, strict=True))) for row in rows]
        return Entries(spread[0].shape, values)


def _number(value: Any) -> Entries:
    return boxed(sp.sympify(value))


EXPLICIT = definitions(SYMPY)
"""Every operation that a circuit can have, by its definition."""

__all__ = ["EXPLICIT", "TOO_MANY", "WEIGHTS", "explicit", "explicit_leaves", "written_out"]
