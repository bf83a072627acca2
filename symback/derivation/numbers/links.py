"""What numbers of scalars and of arrays share: edges by their names, and which nodes depend."""

from __future__ import annotations

from collections.abc import Sequence

from symback.circuits.circuit import Circuit, Node

KINK = "the point lies on a kink too close to call; move it a little"
Link = tuple[str, str]  # (node, operand): an edge by its names


def below(circuit: Circuit, of: str) -> Sequence[Node]:
    """The computed nodes that the value of `of` depends on, in topological order."""
    return [n for n in reaching(circuit, of) if not n.is_leaf]


def reaching(circuit: Circuit, *of: str) -> Sequence[Node]:
    """All nodes that the values of some depend on, leaves and these included, in order."""
    needed = {*of}
    for node in reversed(circuit.nodes):
        if node.name in needed:
            needed.update(node.operands)
    return [n for n in circuit.nodes if n.name in needed]


__all__ = ["KINK", "Link", "below", "reaching"]
