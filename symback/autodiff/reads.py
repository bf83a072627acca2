"""Where each node of a reverse pass is read.

The branch of where(…) that is not taken, the smaller operand of max and an entry that no slice
takes are not read: their adjoint is 0 and must stay 0, though a partial there may be infinite or
NaN, as that of √u at 0. So a contribution is chosen, not multiplied, where the gate may not be
read and the partial may not be finite. What is read is found from the output to the leaves, as
adjoints are: a mask, positive where the node is read, goes back along the edges. A node that is
read whatever the numbers has none, and costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from sympy import Add, Eq, Expr, Piecewise, S, Symbol

from symback.autodiff.gates import Gates
from symback.autodiff.partials import Guard, guarded, is_choice
from symback.autodiff.reverse import Edge, ReversePass
from symback.circuits.circuit import Node
from symback.circuits.program import batch_sum, symbols
from symback.operations.arrays import ArrayFunction, broadcast_like, reduce_sum, shape_of
from symback.operations.construction import expand_reduced, reduce_last_axis, unbroadcast
from symback.operations.edges import plainly
from symback.operations.elementwise import BY_HEAD
from symback.operations.expressions import postorder
from symback.operations.shapes import Shape


@dataclass(frozen=True, slots=True)
class Read:
    """Where a node is read: `mask` is positive there, 0 elsewhere.

    `by_condition` says that a branch of where(…) reads it, whose data may be missing where it is
    not taken; `certain` that at least one entry is read whatever the numbers.
    """

    mask: Expr  # a choice between 0 and 1, or the name of a mask
    by_condition: bool
    certain: bool


class Reads:
    """The masks of the nodes of one reverse pass.

    `name_mask(node, expr)` gives a new name for a mask, `shapes` has those of all names. A node
    outside `varying` that a node inside it reads is read where any sample reads it.
    """

    def __init__(
        self,
        record: ReversePass,
        name_mask: Callable[[str, Expr], Symbol],
        shapes: Mapping[str, Shape],
        varying: Collection[Symbol] = (),
    ) -> None:
        self._record, self._circuit = record, record.circuit
        self._name_mask, self._shapes, self._varying = name_mask, shapes, varying
        self.lines: dict[Symbol, Expr] = {}  # named masks, those that they read before them
        self._shown: set[Symbol] = set()
        self._some: dict[str, Symbol] = {}
        self._rows: dict[ArrayFunction, Symbol] = {}
        self._of: dict[str, Read] = {}
        if any(self._starts(e) for e in record.edges):
            for name in record.order[1:]:
                if not self._circuit[name].is_leaf:
                    self._add(name)

    def __bool__(self) -> bool:
        return bool(self._of)

    def may_be_unread(self, name: str) -> bool:
        """Whether numbers may be such that no entry of the node is read."""
        read = self._of.get(name)
        return read is not None and not read.certain

    def guard(self, edge: Edge) -> Guard | None:
        """What an edge's product is passed through; None where 0 × the partial is 0."""
        read = self._of.get(edge.node)
        if read is None or not self._risky(edge, read):
            return None
        gate = self._circuit[edge.node]
        return lambda product, op: guarded(
            product, read.mask if op is None else self._operand_mask(gate, op, read)
        )

    def any_read(self, edge: Edge) -> Expr | None:
        """A number that is not 0 where any entry of the edge's gate is read."""
        read = self._of.get(edge.node)
        return None if read is None else self._some_mask(edge.node, read)

    def new_in(self, expr: Expr) -> list[tuple[Symbol, Expr]]:
        """The masks that an expression reads, and those that they read, each given once."""
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
        by_condition = any(p.by_condition for p in parts)
        self._of[name] = Read(mask, by_condition, any(p.certain for p in parts))

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
        gate, operand = self._circuit[edge.node], self._circuit[edge.operand]
        own, by_condition = edge.local.elementwise, isinstance(gate.formula, Piecewise)
        if not is_choice(own):
            if upper is None:
                return None
            mask, by_condition = upper.mask, upper.by_condition
        elif upper is None or upper.mask == _flags(own):
            mask = _flags(own)
        else:
            by_condition = by_condition or upper.by_condition
            inner = upper.mask
            inner = inner if inner.is_Symbol else self._named(gate.name, inner)
            mask = guarded(inner, own)
            if plainly(own) != own:  # NaN stays where the gate is read only
                mask = Piecewise((S.Zero, Eq(inner, 0)), *mask.args, evaluate=False)
        return Read(self._gathered(mask, gate, operand), by_condition, False)

    def _gathered(self, mask: Expr, gate: Node, operand: Node) -> Expr:
        """The mask of an operand, that of a gate which it is broadcast to being given."""
        shape = self._shape(mask)
        if shape and operand.shape != gate.shape:
            if shape == gate.shape:
                mask = unbroadcast(mask, gate.shape, operand.shape)
            else:
                mask = reduce_sum(mask)
        return self._over_batch(mask, gate, operand)

    def _over_batch(self, mask: Expr, gate: Node, operand: Node) -> Expr:
        if gate.symbol in self._varying and operand.symbol not in self._varying:
            return batch_sum(mask)
        return mask

    def _mixed(self, edge: Edge, op: ArrayFunction, upper: Read | None) -> Read | None:
        """Through an operation on arrays: entry by entry if it only moves, sums or chooses them,
        else all entries wherever any is read.
        """
        gate, operand = self._circuit[edge.node], self._circuit[edge.operand]
        if upper is None and not op.chooses:
            return None
        if not op.moves:
            assert upper is not None
            if upper.certain and not op.by_row:
                return None
            mask = self._operand_mask(gate, op, upper)
        else:
            whole: Expr = S.One if upper is None else upper.mask
            if gate.shape and self._shape(whole) != gate.shape:
                whole = broadcast_like(whole, gate.symbol)
            mask = edge.local.moved(op, whole)
            if op.keeps_nan and upper is not None:
                mask = guarded(mask, self._operand_mask(gate, op, upper))
        return Read(
            self._over_batch(mask, gate, operand),
            upper is not None and upper.by_condition,
            upper is None or upper.certain,
        )

    def _operand_mask(self, gate: Node, op: ArrayFunction, read: Read) -> Expr:
        """Where an operation's operand is read: by row, or all of it wherever any entry is."""
        shape, mask = self._shape(op.operands[0]), read.mask
        by_row = op.by_row and len(shape) > 1 and self._shape(op) == gate.shape
        if not (by_row and gate.shape and self._shape(mask)):
            return self._some_mask(gate.name, read)
        if op not in self._rows:
            if self._shape(mask) != gate.shape:
                mask = broadcast_like(mask, gate.symbol)
            if gate.shape == shape:
                rows = reduce_last_axis(reduce_sum, mask, shape)
            else:
                axis = int(op.options[0]) if op.options else len(shape) - 1
                rows = expand_reduced(mask, shape, axis)
            self._rows[op] = self._named(gate.name, rows)
        return self._rows[op]

    def _some_mask(self, name: str, read: Read) -> Expr:
        """A number that is positive where any entry of the node is read."""
        if not self._shape(read.mask):
            return read.mask
        if name not in self._some:
            self._some[name] = self._named(name, reduce_sum(read.mask))
        return self._some[name]

    def _named(self, node: str, mask: Expr) -> Symbol:
        symbol = self._name_mask(node, mask)
        self.lines[symbol] = mask
        return symbol

    def _shape(self, expr: Expr) -> Shape:
        return shape_of(expr, self._shapes) if self._shapes else ()

    # -- where 0 × the partial may be NaN -------------------------------------------------------

    def _risky(self, edge: Edge, read: Read) -> bool:
        local = edge.local
        if mixing := [op for _, op in local.terms if not op.moves or op.keeps_nan]:
            partly = not read.certain or any(op.by_row for op in mixing)
            return partly and self._reads_wild(edge, read)
        partial = local.elementwise
        if is_choice(partial):  # for NaN it may be NaN: that of missing data, where a branch reads
            return partial != plainly(partial) and self._reads_wild(edge, read)
        if not partial.free_symbols:
            return False
        return _is_singular(self._circuit[edge.node]) or self._reads_wild(edge, read)

    def _reads_wild(self, edge: Edge, read: Read) -> bool:
        gate = self._circuit[edge.node]
        names = {s.name for s in edge.partial.free_symbols} | {gate.name}
        return bool(names & self._wild) or (read.by_condition and bool(names & self._data))

    @cached_property
    def _wild(self) -> set[str]:
        """Nodes that finite leaves may make infinite or NaN."""
        return _depending(self._circuit, lambda node: _is_singular(node))

    @cached_property
    def _data(self) -> set[str]:
        """Nodes that depend on inputs or targets, of which some rows may be missing."""
        return _depending(self._circuit, lambda node: node.role in ("input", "target"))


def _depending(circuit: Gates, begins: Callable[[Node], bool]) -> set[str]:
    found: set[str] = set()
    for node in circuit.nodes:
        if begins(node) or not found.isdisjoint(node.operands):
            found.add(node.name)
    return found


def _is_singular(gate: Node) -> bool:
    """Whether the gate or its slope may be infinite where its operands are finite."""
    for part in postorder(gate.formula):
        if part.is_Pow and not (part.exp.is_Integer and part.exp.is_positive):
            return True
        row = BY_HEAD.get(part.func)
        if row is not None and row.singular:
            return True
        if isinstance(part, ArrayFunction) and part.singular:
            return True
    return False


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


__all__ = ["Read", "Reads"]
