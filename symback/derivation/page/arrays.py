"""What a page of arrays computes again: one JavaScript function of all values and adjoints."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
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
from symback.operations.arrays import broadcast_like
from symback.operations.expressions import real_symbol

MOST_ENTRIES = 120  # of all leaves: rows with a slider each
MOST_COMPUTED = 20_000  # entries of all nodes, at each move of a slider
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
    if derivation.is_matrix or any(not size.is_Integer for n in nodes for size in n.shape):
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
    of = walk.circuit[walk.of]
    circuit = replace(walk.circuit, output=of, loss=None)
    lowering = Lowering(circuit, {}, frozenset(n.name for n in circuit.nodes), in_turn=False)
    names, read = lowering.names, set(lowering.leaves(of))
    own = [node for node in leaves if node.symbol in read]
    lines = [*lowering.values(of), *lowering.adjoints(of, S.One, summed=False)]
    made = {line.target for line in lines}
    slots = {f"value {n.name}": n.symbol for n in circuit.computed if n.symbol in made}
    slots |= {f"adjoint {name}": names.adjoint(name) for name in walk.order[1:]}
    taken = {symbol.name for symbol in slots.values()}
    for (node, name), expr in _contributions(derivation, lowering):
        symbol = real_symbol(fresh_name([f"{name}_from_{node}"], taken))
        taken.add(symbol.name)
        names.set_shape(symbol, circuit[name].shape)
        lines.append(Assign(symbol, expr))
        slots[f"contribution {node} {name}"] = symbol
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
    """The line with the number of each step: of a node, of what an edge gives, of an adjoint."""

    def __init__(self, derivation: Derivation, page: ArrayPage) -> None:
        self._slots = {slot for slot, _ in page.slots}
        self._walk = derivation.walk

    def numbers(self, step: Step) -> list[Pieces]:
        """The step's value in the place of a slot."""
        slot = self._slot(step)
        return [["= ", [f"={slot}"]]] if slot in self._slots else []

    def _slot(self, step: Step) -> str:
        if isinstance(step.left, str):
            return f"value {step.left}"
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
