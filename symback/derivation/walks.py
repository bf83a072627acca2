"""The reverse passes that people see: over the formulas as typed, and over the stable form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from symback.autodiff.gates import gates, typed_gates
from symback.autodiff.reverse import ReversePass, reverse_pass, seen_from
from symback.circuits.circuit import Circuit
from symback.derivation.numbers.links import below


def typed_walk(circuit: Circuit, of: str) -> ReversePass:
    """The reverse pass over the formulas as typed; from a part that only the stable form has,
    over that form.
    """
    typed = typed_gates(circuit)
    return reverse_pass(typed if of in typed else gates(circuit), of)


def walks_to(circuit: Circuit, of: str | None) -> list[ReversePass]:
    """The walk from a node, or from each of several outputs where none is named."""
    seen, start = seen_from(circuit, of)
    if seen.stack is None or start != seen.stack.name:
        return [typed_walk(seen, start)]
    seen = circuit.of_numbers(circuit.stacked[0])
    return [typed_walk(seen, name) for name in circuit.stacked]


def joined(walks: Sequence[ReversePass]) -> ReversePass:
    """The first of several walks, with the nodes and the edges of all."""
    nodes = {node.name: node for walk in walks for node in walk.circuit.nodes}
    edges = {(edge.node, edge.operand): edge for walk in walks for edge in walk.edges}
    first = walks[0]
    whole = replace(first.circuit, nodes=tuple(nodes.values()))
    return replace(first, circuit=whole, edges=tuple(edges.values()))


def stable_walk(circuit: Circuit, of: str, opaque: Sequence[str] = ()) -> ReversePass | None:
    """The reverse pass over what is computed, where formulas below the node are rewritten."""
    made = gates(circuit, opaque=opaque)
    if not made.rewrites or of not in made or of not in typed_gates(circuit):
        return None
    rewritten = {rewrite.node for rewrite in made.rewrites}
    is_computed = any(node.name in rewritten for node in below(made, of))
    return reverse_pass(circuit, of, opaque=opaque) if is_computed else None


__all__ = ["joined", "stable_walk", "typed_walk", "walks_to"]
