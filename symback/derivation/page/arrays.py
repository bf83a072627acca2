"""What a page of arrays computes again: one JavaScript function of all values and adjoints."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sympy import Expr, S

from symback.autodiff.function import Lowering, Port
from symback.autodiff.lower import Lowered
from symback.autodiff.passes import optimise
from symback.autodiff.reads import Reads
from symback.circuits.circuit import Node
from symback.circuits.names import fresh_name
from symback.circuits.program import Assign
from symback.circuits.requirements import distributions, index_leaves
from symback.codegen.bare.functions import BareFunction
from symback.codegen.javascript.bare import javascript_code
from symback.derivation.accumulation import ONE
from symback.derivation.numbers.links import Link
from symback.derivation.page.lines import Pieces
from symback.derivation.record import Derivation, Step
from symback.derivation.starts import entries_of, leaves_below
from symback.errors import Unsupported
from symback.operations.arrays import broadcast_like, einsum, kron, reshape, shape_of
from symback.operations.expressions import real_symbol
from symback.operations.shapes import Shape
from symback.operations.subscripts import subscripts

MOST_ENTRIES = 120  # of all leaves: rows with a slider each
MOST_COMPUTED = 20_000  # entries of all nodes, at each move of a slider
MOST_OF_A_MATRIX = 64  # entries of a block of a Hessian that a step shows
FUNCTION = "allNumbers"


@dataclass(frozen=True, slots=True)
class ArrayPage:
    """The function as JavaScript, what it takes, and the slots that its results fill."""

    code: str
    arguments: Sequence[tuple[str, Sequence[str]]]  # leaves, each with the names of its entries
    slots: Sequence[tuple[str, Sequence[int]]]  # each with the shape of its value
    fixed: frozenset[str]  # leaves without sliders: what is derived holds for some values only


def array_page(derivation: Derivation) -> ArrayPage | None:
    """None where sizes have names, there are too many entries, or an operation has no loops."""
    leaves = leaves_below(derivation)
    nodes = [*derivation.walk.circuit.nodes]
    if any(not size.is_Integer for n in nodes for size in n.shape):
        return None
    if sum(len(entries_of(n)) for n in leaves) > MOST_ENTRIES:
        return None
    if sum(math.prod(map(int, n.shape)) for n in nodes) > MOST_COMPUTED:
        return None
    try:
        return _page(derivation, leaves)
    except Unsupported:
        return None


# -- the function ----------------------------------------------------------------------------------


def _page(derivation: Derivation, leaves: Sequence[Node]) -> ArrayPage:
    walk = derivation.walk
    rows = [walk.circuit[name] for name in derivation.row_names]
    circuit = replace(walk.circuit, output=rows[0], loss=None)
    lowering = Lowering(circuit, {}, frozenset(n.name for n in circuit.nodes), in_turn=False)
    names, read = lowering.names, {symbol for of in rows for symbol in lowering.leaves(of)}
    own = [node for node in leaves if node.symbol in read]
    lines = [*{line.target: line for of in rows for line in lowering.values(of)}.values()]
    if not derivation.rows:
        lines += lowering.adjoints(rows[0], S.One, summed=False)
    made = {line.target for line in lines}
    slots = {f"value {n.name}": n.symbol for n in circuit.computed if n.symbol in made}
    if not derivation.rows:
        slots |= {f"adjoint {name}": names.adjoint(name) for name in walk.order[1:]}
    taken = {symbol.name for symbol in slots.values()}
    for (node, name), expr in () if derivation.rows else _contributions(derivation, lowering):
        symbol = real_symbol(fresh_name([f"{name}_from_{node}"], taken))
        taken.add(symbol.name)
        names.set_shape(symbol, circuit[name].shape)
        lines.append(Assign(symbol, expr))
        slots[f"contribution {node} {name}"] = symbol
    known = {*(line.target for line in lines), *(n.symbol for n in own)}
    for step in _blocks(derivation):
        shape = shape_of(step.right, names.shapes)
        if step.right.free_symbols <= known and math.prod(map(int, shape)) <= MOST_OF_A_MATRIX:
            symbol = real_symbol(fresh_name([f"block_{step.id}"], taken))
            taken.add(symbol.name)
            names.set_shape(symbol, shape)
            lines.append(Assign(symbol, _without_kron(step.right, names.shapes)))
            slots[_block(step)] = symbol
    program = lowering.program(
        [n.symbol for n in own], lines, {Port.OUTPUT: {s.name: s for s in slots.values()}}, ()
    )
    lowered = Lowered(circuit, names, {}, lowering.has_guards)
    optimised = optimise(program, names)
    function = BareFunction(FUNCTION, "", "numbers", [], own, [], optimised, lowered)
    source = derivation.circuit
    return ArrayPage(
        javascript_code([function]),
        [(node.name, entries_of(node)) for node in own],
        [
            (slot, [int(size) for size in names.shapes.get(symbol.name, ())])
            for slot, symbol in slots.items()
        ],
        frozenset(distributions(source)) | frozenset(index_leaves(source)),
    )


def _blocks(derivation: Derivation) -> Iterator[Step]:
    """The steps with a block of the matrix."""
    for step in derivation.steps:
        if _is_of_block(derivation, step) and step.kind in ("simplify", "expand", "stable"):
            yield step


def _is_of_block(derivation: Derivation, step: Step) -> bool:
    """Whether a step is about a block of the Jacobian or Hessian."""
    is_partial = not isinstance(step.left, str) and step.kind != "seed"
    return is_partial and derivation.is_matrix and len(step.left) == derivation.order + 1


def _without_kron(expr: Expr, shapes: Mapping[str, Shape]) -> Expr:
    """The same with each A ⊗ B as A_ij·B_kl at row (i, k) and column (j, l), as loops have it."""

    def written(left: Expr, right: Expr) -> Expr:
        (m, n), (p, q) = shape_of(left, shapes), shape_of(right, shapes)
        product = einsum(left, right, subscripts((0, 1), (2, 3), (0, 2, 1, 3)))
        return reshape(product, m * p, n * q)

    return expr.replace(kron, written)


def _block(step: Step) -> str:
    return f"block {step.id}"


def _contributions(derivation: Derivation, lowering: Lowering) -> Iterator[tuple[Link, Expr]]:
    """What each edge gives where several lead into a node, but for edges that are guarded."""
    walk, names = derivation.walk, lowering.names
    reads = Reads(walk, names)
    for name, edges in walk.into.items():
        for edge in edges if len(edges) > 1 else ():
            gate, operand = walk.node(edge.node), walk.node(name)
            upstream = S.One if edge.node == walk.of else names.adjoint(edge.node)
            if reads.guard(edge) is not None:
                continue
            if gate.shape and names.shape_of(upstream) != gate.shape:
                upstream = broadcast_like(upstream, gate.symbol)
            expr = edge.local.contribution(upstream)
            if operand.shape and names.shape_of(expr) != operand.shape:
                expr = broadcast_like(expr, operand.symbol)
            yield (edge.node, name), expr


# -- lines -----------------------------------------------------------------------------------------


class ArrayLines:
    """The line with the number of each step: of a node, of what an edge gives, of an adjoint, of a
    block; none of a differential, which is of any direction.
    """

    def __init__(self, derivation: Derivation, page: ArrayPage) -> None:
        self._slots = {slot for slot, _ in page.slots}
        self._derivation, self._walk = derivation, derivation.walk

    def numbers(self, step: Step) -> list[Pieces]:
        """The step's value in the place of a slot."""
        slot = self._slot(step)
        return [["= ", [f"={slot}"]]] if slot in self._slots else []

    def _slot(self, step: Step) -> str:
        if isinstance(step.left, str):
            return f"value {step.left}"
        if _is_of_block(self._derivation, step):
            return _block(step)
        node, name = step.left
        own = f"contribution {node} {name}"
        is_edge = step.kind == "edge" or step.rule == ONE
        if is_edge and len(self._walk.into[name]) > 1:
            return own
        return f"adjoint {name}"


__all__ = [
    "ArrayLines",
    "ArrayPage",
    "array_page",
]
