"""Where each node of a reverse pass is read.

The branch of where(…) that is not taken, the smaller operand of max and an entry that no slice
takes are not read: their adjoint is 0 and must stay 0, though a partial there may be infinite or
NaN, as that of √u at 0. So a contribution is chosen, not multiplied, where the gate may not be
read and the partial may not be finite; in a product of arrays, which adds up entries that are read
and others, the other operand is taken as 0 where it is not read. What is read is found from the
output to the leaves, as adjoints are: a mask, positive where the node is read, goes back along the
edges. A node that is read whatever the numbers has none, and costs nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from sympy import Add, Eq, Expr, Piecewise, S, Symbol

from symback.autodiff.entries_read import cover, is_product, part_of_product
from symback.autodiff.gates import Gates
from symback.autodiff.names import Names
from symback.autodiff.partials import Guard, guarded, is_choice
from symback.autodiff.reverse import Edge, ReversePass
from symback.autodiff.steep import (
    Weightless,
    entry_by_entry,
    may_be_infinite,
    steep_bases,
    unless_zero,
)
from symback.circuits.circuit import Node
from symback.circuits.program import batch_sum, symbols
from symback.operations.arrays import ArrayFunction, broadcast_like, eye_like, reduce_sum, slice_
from symback.operations.construction import expand_reduced, reduce_along, unbroadcast
from symback.operations.edges import plainly
from symback.operations.shapes import Shape


@dataclass(frozen=True, slots=True)
class Read:
    """Where a node is read: `mask` is positive there, 0 elsewhere.

    `may_be_missing` says that what is not read may be any number, NaN included, which a branch or
    a slice passes by, and max does not; `certain` that at least one entry is read whatever the
    numbers.
    """

    mask: Expr  # a choice between 0 and 1, or the name of a mask
    may_be_missing: bool
    certain: bool


class Reads:
    """The masks of the nodes of one reverse pass, named by `names`.

    A node outside `varying` that a node inside it reads is read where any sample reads it; with
    `in_turn`, where samples are computed one after the other, as a factor where the sample does.
    """

    def __init__(
        self,
        record: ReversePass,
        names: Names,
        varying: Collection[Symbol] = (),
        in_turn: bool = False,
    ) -> None:
        self._record, self.circuit = record, record.circuit
        self._names, self._varying, self._in_turn = names, varying, in_turn
        self.lines: dict[Symbol, Expr] = {}  # masks and what is read, in the order of computation
        self._shown: set[Symbol] = set()
        self._some: dict[str, Symbol] = {}
        self._parts: dict[tuple[ArrayFunction, Symbol], Expr | None] = {}
        self._safe: dict[tuple[ArrayFunction, Symbol], Symbol] = {}
        self._of: dict[str, Read] = {}
        if any(self._starts(e) for e in record.curved):
            for name in record.order[1:]:
                if not self.circuit[name].is_leaf:
                    self._add(name)

    def __bool__(self) -> bool:
        return bool(self._of)

    def may_be_unread(self, name: str) -> bool:
        """Whether numbers may be such that no entry of the node is read."""
        read = self._of.get(name)
        return read is not None and not read.certain

    def guard(self, edge: Edge) -> Guard | None:
        """What an edge's product is passed through; None where 0 × the partial is 0."""
        read, steep = self._of.get(edge.node), edge.node in self._steep
        if read is None and not steep and edge.node not in self._weightless.nodes:
            return None  # as of nearly all edges
        if read is not None and not self._risky(edge, read):
            read = None
        weightless = self._weightless.is_so(edge)
        if read is None and not (steep or weightless):
            return None
        partial = edge.local.elementwise
        chosen = isinstance(partial, Piecewise)
        still = partial if steep and partial.free_symbols and not chosen else None
        gate, operand = self.circuit[edge.node], self.circuit[edge.operand]
        return _Where(self, gate, operand, read, still, steep, weightless)

    @cached_property
    def _steep(self) -> frozenset[str]:
        return steep_bases(self._record)

    @cached_property
    def _weightless(self) -> Weightless:
        return Weightless(self._record, self._names)

    def any_read(self, edge: Edge) -> Expr | None:
        """A number that is not 0 where any entry of the edge's gate is read."""
        read = self._of.get(edge.node)
        return None if read is None else self._some_mask(edge.node, read)

    def new_in(self, expr: Expr) -> list[tuple[Symbol, Expr]]:
        """The lines that an expression reads, and those that they read, each given once."""
        needed: set[Symbol] = set()
        reading = [expr] if self.lines else []
        while reading:
            new = (symbols(reading.pop()) & self.lines.keys()) - needed - self._shown
            needed |= new
            reading += [self.lines[mask] for mask in new]
        self._shown |= needed
        return [(mask, self.lines[mask]) for mask in self.lines if mask in needed] if needed else []

    # -- from the output to the leaves ----------------------------------------------------------

    def _starts(self, edge: Edge) -> bool:
        return is_choice(edge.local.elementwise) or any(op.chooses for _, op in edge.local.terms)

    def _add(self, name: str) -> None:
        if self._is_covered(name):
            return
        parts: list[Read] = []
        for edge in self._record.into[name]:
            through = self._through(edge)
            if through is None:
                return
            parts += [p for p in through if p not in parts]
        masks = [p.mask for p in parts]
        mask = _united(masks)
        if mask is None:
            return
        if not (mask.is_Symbol or is_choice(mask)):
            mask = self._named(name, mask)
        may_be_missing = any(p.may_be_missing for p in parts)
        self._of[name] = Read(mask, may_be_missing, any(p.certain for p in parts))

    def _is_covered(self, name: str) -> bool:
        """Whether slices that are read for certain take every entry of a node."""
        certain = [e.local for e in self._record.into[name] if e.node not in self._of]
        slices = [op for local in certain for _, op in local.terms if isinstance(op, slice_)]
        return bool(slices) and cover(slices, self.circuit[name].shape)

    def _through(self, edge: Edge) -> list[Read] | None:
        """Where an edge reads its operand; None where it reads all of it."""
        upper, local = self._of.get(edge.node), edge.local
        found: list[Read] = []
        if local.elementwise != 0:
            read = self._chosen(edge, upper)
            if read is None:
                return None
            found.append(read)
        for _, op in local.terms:
            read = self._mixed(edge, op, upper)
            if read is None:
                return None
            found.append(read)
        return found

    def _chosen(self, edge: Edge, upper: Read | None) -> Read | None:
        """Through an elementwise gate: where the gate is read and chooses the operand."""
        gate, operand = self.circuit[edge.node], self.circuit[edge.operand]
        own, may_be_missing = edge.local.elementwise, isinstance(gate.formula, Piecewise)
        if not is_choice(own):
            if upper is None:
                return None
            mask, may_be_missing = upper.mask, upper.may_be_missing
        elif upper is None or upper.mask == _flags(own):
            mask = _flags(own)
        else:
            may_be_missing = may_be_missing or upper.may_be_missing
            inner = upper.mask
            inner = inner if inner.is_Symbol else self._named(gate.name, inner)
            mask = guarded(inner, own)
            if plainly(own) != own:  # NaN stays where the gate is read only
                mask = Piecewise((S.Zero, Eq(inner, 0)), *mask.args, evaluate=False)
        gathered = self._gathered(mask, gate, operand.shape)
        return Read(self._over_batch(gathered, gate, operand), may_be_missing, False)

    def _gathered(self, mask: Expr, gate: Node, to: Shape) -> Expr:
        """The mask of what is broadcast to a gate, whose mask is given."""
        shape = self._names.shape_of(mask)
        if not shape or to == gate.shape:
            return mask
        return unbroadcast(mask, gate.shape, to) if shape == gate.shape else reduce_sum(mask)

    def _over_batch(self, mask: Expr, gate: Node, operand: Node) -> Expr:
        if gate.symbol in self._varying and operand.symbol not in self._varying:
            return batch_sum(mask)
        return mask

    def _mixed(self, edge: Edge, op: ArrayFunction, upper: Read | None) -> Read | None:
        """Through an operation on arrays: entry by entry if it only moves, sums or chooses them,
        else all entries wherever any is read.
        """
        gate, operand = self.circuit[edge.node], self.circuit[edge.operand]
        if upper is None and not op.chooses:
            return None
        if op.moves:
            whole: Expr = S.One if upper is None else upper.mask
            mask: Expr | None = edge.local.moved(op, self._as_gate(whole, gate))
            rows = self.of_operand(gate, op, operand, upper) if upper and op.keeps_nan else None
            if mask is not None and rows is not None:
                mask = guarded(mask, rows)
        else:
            assert upper is not None
            mask = self.of_operand(gate, op, operand, upper)
            if mask is not None and self._names.shape_of(mask) not in ((), operand.shape):
                mask = broadcast_like(mask, operand.symbol)
        if mask is None:
            return None
        passes_by = op.chooses and not op.keeps_nan
        return Read(
            self._over_batch(mask, gate, operand),
            passes_by or (upper is not None and upper.may_be_missing),
            upper is None or upper.certain,
        )

    def _as_gate(self, mask: Expr, gate: Node) -> Expr:
        if gate.shape and self._names.shape_of(mask) != gate.shape:
            return broadcast_like(mask, gate.symbol)
        return mask

    def of_operand(self, gate: Node, op: ArrayFunction, operand: Node, read: Read) -> Expr | None:
        """Where an operation's operand is read, to be broadcast over it; None: for certain."""
        key = op, operand.symbol
        if key not in self._parts:
            parts = [
                self._part(gate, op, place, read)
                for place, other in enumerate(op.operands)
                if other.has(operand.symbol)
            ]
            known = list(dict.fromkeys(parts))
            whole = None if None in known else known[0]
            if whole is not None and len(known) > 1:
                whole = self._named(gate.name, Add(*known))
            self._parts[key] = whole
        return self._parts[key]

    def _part(self, gate: Node, op: ArrayFunction, place: int, read: Read) -> Expr | None:
        """By row, or along an axis of a product, else all of it wherever any entry is read."""
        names, mask, array = self._names, read.mask, op.operands[place]
        shape, of_value = names.shape_of(array), names.shape_of(op)
        some = None if read.certain else self._some_mask(gate.name, read)
        if not (of_value and names.shape_of(mask)):
            return some
        if isinstance(self.lines.get(mask), eye_like) and of_value == gate.shape:
            return None  # each row has an entry on the diagonal
        if is_product(op):
            mask = self._gathered(self._as_gate(mask, gate), gate, of_value)
            part = part_of_product(op, place, mask, len(shape))
            return some if part is None else self._named(gate.name, part)
        if not op.by_row or len(shape) < 2 or of_value != gate.shape:
            return some
        mask = self._as_gate(mask, gate)
        axes = [int(axis) for axis in op.options] or [len(shape) - 1]
        if gate.shape == shape:
            rows = reduce_along(reduce_sum, mask, shape, axes)
        else:
            rows = expand_reduced(mask, shape, axes)
        return self._named(gate.name, rows)

    # -- what contributions are passed through ---------------------------------------------------

    def is_shared(self, gate: Node, operand: Symbol) -> bool:
        """Whether an operand is one for all samples of a gate that has a value for each."""
        return gate.symbol in self._varying and operand not in self._varying

    def operand_where_read(self, gate: Node, op: ArrayFunction, operand: Node, read: Read) -> Expr:
        """An operand of a product, and 0 where it is not read and may not be a number."""
        symbol = operand.symbol
        if not (read.may_be_missing or operand.name in self._wild):
            return symbol
        mask, shared = self.of_operand(gate, op, operand, read), self.is_shared(gate, symbol)
        if mask is None or (shared and not self._names.shape_of(mask)):  # then the product is 0
            return symbol
        if (op, symbol) not in self._safe:
            if shared and not self._in_turn:
                mask = batch_sum(mask)
            if not (mask.is_Symbol or is_choice(mask)):
                mask = self._named(gate.name, mask)
            safe = self._names.part(operand.name, guarded(symbol, mask))
            self.lines[safe] = guarded(symbol, mask)
            self._safe[op, symbol] = safe
        return self._safe[op, symbol]

    def _some_mask(self, name: str, read: Read) -> Expr:
        """A number that is positive where any entry of the node is read."""
        if not self._names.shape_of(read.mask):
            return read.mask
        if name not in self._some:
            self._some[name] = self._named(name, reduce_sum(read.mask))
        return self._some[name]

    def _named(self, node: str, mask: Expr) -> Symbol:
        symbol = self._names.mask(node, mask)
        self.lines[symbol] = mask
        return symbol

    # -- where 0 × the partial may be NaN -------------------------------------------------------

    def _risky(self, edge: Edge, read: Read) -> bool:
        local = edge.local
        if local.elementwise == 0:
            return any(not op.moves or op.keeps_nan for _, op in local.terms) and self._reads_wild(
                edge, read
            )
        partial = local.elementwise
        if is_choice(partial):  # for NaN it may be NaN
            return partial != plainly(partial) and self._reads_wild(edge, read)
        if not partial.free_symbols:
            return False
        return may_be_infinite(self.circuit[edge.node].formula) or self._reads_wild(edge, read)

    def _reads_wild(self, edge: Edge, read: Read) -> bool:
        names = {s.name for s in edge.partial.free_symbols} | {edge.node}
        return read.may_be_missing or bool(names & self._wild)

    @cached_property
    def _wild(self) -> frozenset[str]:
        return wild(self.circuit)


def wild(circuit: Gates) -> frozenset[str]:
    """Nodes that finite leaves may make infinite or NaN."""
    found: set[str] = set()
    for node in circuit.nodes:
        if may_be_infinite(node.formula) or not found.isdisjoint(node.operands):
            found.add(node.name)
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class _Where(Guard):
    """Keeps what a gate does not read out of the contribution to an operand."""

    reads: Reads
    gate: Node
    operand: Node
    read: Read | None
    still: Expr | None  # a partial that leaves the operand still where it is 0
    is_steep: bool  # the same for each entry of a product of arrays
    is_weightless: bool  # an adjoint of 0 stays 0

    def product(self, product: Expr, upstream: Expr, op: ArrayFunction | None = None) -> Expr:
        if op is None and self.is_weightless:
            product = unless_zero(upstream, product)
        if op is None and self.still is not None:
            product = unless_zero(self.still, product)
        if self.is_steep and op is not None and is_product(op):
            product = entry_by_entry(op, self.operand.symbol, product)
        if self.read is None:
            return product
        if op is None:
            return guarded(product, self.read.mask)
        if (op.moves and not op.keeps_nan) or (is_product(op) and not self._others_are_shared(op)):
            return product
        mask = self.reads.of_operand(self.gate, op, self.operand, self.read)
        return product if mask is None else guarded(product, mask)

    def _others_are_shared(self, op: ArrayFunction) -> bool:
        """Whether what is 0 in the other operand is so for all samples together."""
        others = {s for o in op.operands for s in o.free_symbols} - {self.operand.symbol}
        return any(self.reads.is_shared(self.gate, other) for other in others)

    def operands(self, op: ArrayFunction) -> Expr:
        if self.read is None or not is_product(op):
            return op
        own = self.operand.symbol
        twice = all(o.has(own) for o in op.operands)
        circuit = self.reads.circuit
        safe = []
        for operand in op.operands:
            (symbol,) = operand.free_symbols
            if twice or symbol != own:
                other = circuit[symbol.name]
                read = self.reads.operand_where_read(self.gate, op, other, self.read)
                operand = operand.xreplace({symbol: read})
            safe.append(operand)
        return op.with_operands(safe)


def _flags(choice: Expr) -> Expr:
    return guarded(S.One, choice)


def _united(masks: list[Expr]) -> Expr | None:
    """Where any of the masks is positive; None where one always is."""
    if len(masks) > 1 and all(isinstance(m, Piecewise) for m in masks):
        conditions = [tuple(c for _, c in m.args) for m in masks]
        if len(set(conditions)) == 1:
            flags = zip(*([plainly(v) for v, _ in m.args] for m in masks), strict=True)
            if all(S.One in of_branch for of_branch in flags):
                return None
    return masks[0] if len(masks) == 1 else Add(*masks)


__all__ = ["Read", "Reads", "wild"]
