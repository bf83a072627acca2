"""The reverse pass: one walk from a node back to its leaves, and the record it leaves.

Closed forms, derivations, pictures and generated code all read this record; nothing else
differentiates. Edges are visited in reverse topological order, so the adjoint of a node is
complete, the sum over all edges that lead back to it, before it is passed on.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from sympy import Expr, S

from symback.autodiff.gates import Gates, gates
from symback.autodiff.partials import Local, local_partials
from symback.circuits.circuit import SHARED_DATA, Circuit, Node

NOT_MOVED = ("size", *SHARED_DATA)
"""Roles of leaves by which nothing is differentiated."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One edge node → operand with its local partial ∂node/∂operand."""

    node: str
    operand: str
    local: Local

    @property
    def partial(self) -> Expr:
        return self.local.partial


@dataclass(frozen=True, slots=True)
class ReversePass:
    """What the walk from `of` leaves.

    `order` lists the visited nodes, `of` first, then each after all nodes that use it; `edges`
    are in the order visited; `into[u]` are the edges whose contributions add up to the adjoint
    of u. `curved` are the edges of gates that are neither a sum nor a product, which are few in a
    large circuit.
    """

    circuit: Gates
    of: str
    order: tuple[str, ...]
    edges: tuple[Edge, ...]
    into: dict[str, tuple[Edge, ...]] = field(repr=False)
    curved: tuple[Edge, ...] = field(repr=False)
    opaque: frozenset[str] = frozenset()  # nodes that no rewriting has passed by

    def node(self, name: str) -> Node:
        return self.circuit[name]


def reverse_pass(
    circuit: Circuit, of: str | None = None, *, opaque: Collection[str] = ()
) -> ReversePass:
    """Walk back from a node of the circuit's gates: from the output where none is named, or from
    the loss where the output is an array.

    A formula that is rewritten may pass by a node, as log(s) does where s = σ(z); those named in
    `opaque` are not passed by, so that partials by them are what the typed circuit has.

    >>> import symback as sb
    >>> r = reverse_pass(sb.circuit("f = x1 - x2, x2 = w*x3"))
    >>> [(e.node, e.operand, str(e.partial)) for e in r.edges]
    [('f', 'x1', '1'), ('f', 'x2', '-1'), ('x2', 'w', 'x3'), ('x2', 'x3', 'w')]
    """
    split = circuit if isinstance(circuit, Gates) else gates(circuit, opaque=opaque)
    found = walk(split, split[of] if of is not None else _first_number(split))
    return replace(found, opaque=frozenset(opaque))


def seen_from(circuit: Circuit, of: object | None) -> tuple[Circuit, str]:
    """The circuit that a walk back from a node is over, and the name of the node.

    It is the output where none is named, or the loss where the output is an array.
    """
    start = str(of) if of is not None else _first_number(circuit).name
    return circuit.of_numbers(start), start


def _first_number(circuit: Circuit) -> Node:
    """The output, or the loss where the output is an array."""
    return circuit.objective if circuit.output.shape else circuit.output


def walk(
    circuit: Gates, start: Node, known: dict[str, dict[str, Local]] | None = None
) -> ReversePass:
    """The reverse pass over a circuit that consists of gates.

    `known` keeps the local partials of gates from one walk over a circuit to the next.
    """
    known = {} if known is None else known
    into: dict[str, list[Edge]] = {start.name: []}
    order: list[str] = []
    edges: list[Edge] = []
    curved: list[Edge] = []
    for node in (*reversed(circuit.computed), *circuit.leaves):
        if node.name not in into:
            continue
        order.append(node.name)
        if node.is_leaf:
            continue
        if node.name not in known:
            known[node.name] = local_partials(node, circuit.least)
        is_curved = not (node.formula.is_Add or node.formula.is_Mul)
        for operand, local in known[node.name].items():
            if local.partial is S.Zero or circuit[operand].role in NOT_MOVED:
                continue
            edge = Edge(node.name, operand, local)
            edges.append(edge)
            if is_curved:
                curved.append(edge)
            into.setdefault(operand, []).append(edge)
    into_each = {u: tuple(e) for u, e in into.items()}
    return ReversePass(circuit, start.name, tuple(order), tuple(edges), into_each, tuple(curved))
