"""The options of a circuit: which names are parameters or inputs, and which node is the loss."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Any

from symback.circuits.arguments import names_read, shown
from symback.circuits.assembly import Automatic
from symback.circuits.circuit import Node
from symback.errors import (
    CircuitError,
    clip,
)

PARAM_LETTERS = ("w", "W", "b", "B", "theta")
"""Names that begin so are parameters where no role is declared; θ is read as theta."""


def names_in(names: Iterable[Any] | None) -> tuple[str, ...]:
    """The names that an option lists: texts or nodes, or one text with commas between."""
    if isinstance(names, str):
        names = names.replace(",", " ").split()
    try:
        return () if names is None else names_read(names)
    except TypeError:
        raise CircuitError(f"a list of names was expected, not {shown(names)}") from None


def check_loss(loss: Any) -> str | Automatic | None:
    """The option, if it is one: the name of a node, a formula, None or AUTOMATIC."""
    loss = loss.name if isinstance(loss, Node) else loss
    if loss is not None and not isinstance(loss, str | Automatic):
        raise CircuitError(f"the loss is a name or a formula, not {type(loss).__name__[:40]}")
    return loss


def roles_given(params: Iterable[str], inputs: Iterable[str]) -> dict[str, str]:
    """The roles that the options `params` and `inputs` give to names."""
    roles = dict.fromkeys(params, "param")
    for name in inputs:
        if roles.setdefault(name, "input") != "input":
            raise CircuitError(f"'{clip(name, 40)}' is named both a parameter and an input")
    return roles


def in_given_order(leaves: Sequence[Node], *lists: Sequence[str]) -> list[Node]:
    """The leaves; those of each list of names take their places in the order of the list."""
    found = list(leaves)
    for names in lists:
        order = {name: at for at, name in enumerate(dict.fromkeys(names))}
        places = [at for at, node in enumerate(found) if node.name in order]
        listed = sorted((found[at] for at in places), key=lambda node: order[node.name])
        for at, node in zip(places, listed, strict=True):
            found[at] = node
    return found


def inferred_role(name: str, only_in_loss: Container[str]) -> str:
    """The role that a name suggests: a target if no node but the loss reads it."""
    if name.startswith(PARAM_LETTERS):
        return "param"
    return "target" if name in only_in_loss else "input"


def only_in_loss(nodes: Sequence[Node], loss: object) -> set[str]:
    """The names that the loss reads and no other node; none where the loss is the only node."""
    others = {name for n in nodes if n.name != loss for name in n.operands}
    return {name for n in nodes if n.name == loss for name in n.operands if others} - others


__all__ = [
    "check_loss",
    "in_given_order",
    "inferred_role",
    "names_in",
    "only_in_loss",
    "roles_given",
]
