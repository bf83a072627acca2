"""Nodes → circuit: their order, the output and the loss."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, product
from typing import Any

from sympy import Expr, Integer, Mul, S, Symbol, Tuple

from symback.circuits.circuit import LEAF_ROLES, Circuit, Node, Role, carriers, computed, leaf
from symback.circuits.names import fresh_name
from symback.errors import CircuitError, UnknownName, nearest
from symback.operations.arrays import concat, reshape, shape_of, slice_
from symback.operations.arrays.loops import loop
from symback.operations.shapes import ShapeError, shown

_LOSS_NAMES = ("l", "loss", "loss_l")
_STACK_NAMES = ("outputs", "all_outputs")
_TARGET_NAMES = ("y", "target", "target_y")


class Automatic:
    """Stands for 'let symback choose' where None means 'none'."""

    def __repr__(self) -> str:
        return "AUTOMATIC"


AUTOMATIC = Automatic()


def assemble(
    nodes: Sequence[Node],
    *,
    outputs: Sequence[str] = (),
    loss: str | Automatic | None = AUTOMATIC,
    inferred: Iterable[str] = (),
) -> Circuit:
    """A circuit from its nodes in order of first appearance.

    Orders them topologically, finds cycles, undefined and unused nodes, chooses the output or
    stacks several, and adds the lecture's loss l = (f - y)**2/2 where a circuit with parameters
    declares none and its one output is a number that reads no target.
    """
    table = {n.name: n for n in nodes}
    _refuse_undefined(table)
    ordered = _topological(table)
    if [n.name for n in ordered if n.name in outputs] != [*outputs]:  # print and read alike
        ordered = _topological({**{name: table[name] for name in outputs}, **table})
    if not any(n.role in LEAF_ROLES for n in ordered):
        raise CircuitError(
            "the circuit has no inputs and no parameters: it is a constant; write names in it, as "
            "in f = w*x"
        )
    if not any(n.role == "computed" for n in ordered):
        raise CircuitError("the circuit computes nothing; add a line such as f = w*x")
    loss_node = table[loss] if isinstance(loss, str) else None
    if loss_node is not None and loss_node.shape:
        raise CircuitError(
            f"the loss '{loss_node.name}' is an array {shown(loss_node.shape)}; a loss is one "
            "number, such as its sum or mean",
            loss_node.place,
        )
    if len(outputs) > 1:
        output_node = stack_of([table[name] for name in outputs], table)
        ordered.append(output_node)
    else:
        output_node = _choose_output(ordered, table, outputs, loss_node)
    _refuse_unused(ordered, output_node, loss_node, set(inferred))
    trainable = any(n.role in ("param", "target") for n in ordered)
    compares = _reads_all_targets(ordered, output_node)
    if loss is AUTOMATIC and trainable and not output_node.shape and not compares:
        ordered, loss_node = _with_squared_loss(ordered, output_node)
    stacked = tuple(outputs) if len(outputs) > 1 else ()
    return Circuit(tuple(ordered), output_node, loss_node, tuple(inferred), stacked=stacked)


def stack_of(outputs: Sequence[Node], table: Mapping[str, Node]) -> Node:
    """One vector of several outputs: their entries one behind the other, matrices row by row."""
    parts: list[Expr] = []
    for is_number, run in groupby(outputs, lambda node: not node.shape):
        if is_number:
            parts.append(concat(S.Zero, *(node.symbol for node in run)))
        else:
            parts += [part for node in run for part in _rows(node)]
    formula = parts[0] if len(parts) == 1 else concat(S.Zero, *parts)
    shapes = {node.name: node.shape for node in outputs}
    sizes = {str(size) for node in table.values() for size in node.shape}
    name = fresh_name(_STACK_NAMES, {*table, *sizes})
    shape = shape_of(formula, shapes)
    return computed(name, formula, [*shapes], outputs[-1].place, shapes=shapes, shape=shape)


def _rows(node: Node) -> list[Expr]:
    if len(node.shape) == 1:
        return [node.symbol]
    lead = node.shape[:-1]
    named = next((size for size in lead if not size.is_Integer), None)
    if named is not None:
        raise ShapeError(
            f"the output '{node.name}' is {shown(node.shape)}; beside other outputs a matrix needs "
            f"a whole number of rows: declare a number for {named}, or make it the only output",
            node.place,
        )
    if len(lead) > 1 and node.shape[-1].is_Integer:
        return [reshape(node.symbol, Mul(*node.shape))]
    places = product(*(range(int(size)) for size in lead))
    return [slice_(node.symbol, Tuple(*map(Integer, place))) for place in places]


def _refuse_undefined(table: Mapping[str, Node]) -> None:
    for node in table.values():
        for operand in node.operands:
            if operand not in table:
                hint = nearest(operand, table)
                raise UnknownName(f"'{operand}' is not defined{hint}", node.place)


def _topological(table: Mapping[str, Node]) -> list[Node]:
    """Leaves first, then computed nodes, each in order of first appearance where possible."""
    ordered = [n for n in table.values() if n.is_leaf]
    done = {n.name for n in ordered}
    for start in table.values():
        path: list[tuple[Node, Iterator[str]]] = []
        if start.name not in done:
            path.append((start, iter(start.operands)))
        open_names = {start.name}
        while path:
            node, rest = path[-1]
            following = next((o for o in rest if o not in done), None)
            if following is None:
                path.pop()
                open_names.discard(node.name)
                done.add(node.name)
                ordered.append(node)
            elif following in open_names:
                names = [n.name for n, _ in path]
                cycle = " → ".join([*names[names.index(following) :], following])
                raise CircuitError(
                    f"a cycle: {cycle}; a node may use earlier nodes only", node.place
                )
            else:
                open_names.add(following)
                path.append((table[following], iter(table[following].operands)))
    return ordered


def _choose_output(
    ordered: Sequence[Node], table: Mapping[str, Node], outputs: Sequence[str], loss: Node | None
) -> Node:
    """The declared output, or the one node that no other uses (the loss left aside)."""
    if outputs:
        return table[outputs[0]]
    sinks = unused_nodes(ordered, loss)
    if not sinks and loss is not None:
        return loss
    if len(sinks) > 1:
        names = ", ".join(f"'{n.name}'" for n in sinks[:4])
        raise CircuitError(
            f"no other node uses {names}: which is the output? Declare it, or each of them, "
            f"as in {sinks[-1].name}: output = …, or remove what is unused",
            sinks[0].place,
        )
    return sinks[0]


def unused_nodes(ordered: Sequence[Node], loss: Node | None) -> list[Node]:
    """The computed nodes that no other uses, the loss left aside; those that read inputs first."""
    candidates = [n for n in ordered if n.role == "computed" and n is not loss]
    used = {o for n in candidates for o in n.operands}
    inner = _inner_turns(candidates)
    sinks = [n for n in candidates if n.name not in used and n.name not in inner]
    if loss is not None:
        depends = _dependence_on(ordered, "input")
        sinks = [n for n in sinks if n.name in depends] or sinks
    return sinks


def _inner_turns(nodes: Sequence[Node]) -> set[str]:
    """The values of turns of a loop before the last one, which a turn behind them reads."""
    formulas: dict[Symbol, Any] = {node.symbol: node.formula for node in nodes}
    found = set()
    for node in nodes:
        of = formulas.get(node.formula.args[0]) if isinstance(node.formula, slice_) else None
        if isinstance(of, loop):
            last = {S.NegativeOne, of.turn.count - 1}
            found |= {node.name} if node.formula.args[1][0] not in last else set()
    return found


def _dependence_on(ordered: Sequence[Node], role: Role) -> set[str]:
    """Names of the nodes that depend on a leaf of that role."""
    found: set[str] = set()
    for node in ordered:
        if node.role == role or any(o in found for o in node.operands):
            found.add(node.name)
    return found


def _reads_all_targets(ordered: Sequence[Node], output: Node) -> bool:
    """Whether the output compares with every target itself: then it is what training minimises."""
    needed = {output.name}
    for node in reversed(ordered):
        if node.name in needed:
            needed.update(node.operands)
    targets = [n.name for n in ordered if n.role == "target"]
    return bool(targets) and needed.issuperset(targets)


def _refuse_unused(
    ordered: Sequence[Node], output: Node, loss: Node | None, inferred: set[str]
) -> None:
    needed = {output.name} | ({loss.name} if loss else set())
    for node in reversed(ordered):
        if node.name in needed:
            needed.update(node.operands)
    data = {n.name for n in ordered if n.role in ("input", "target")}
    for_sizes = carriers(ordered, needed)
    is_constant = not (loss or output).shape and needed.isdisjoint(data)
    needed |= for_sizes - data if is_constant else for_sizes  # what is trained reads data's numbers
    for node in sorted(ordered, key=lambda n: n.is_leaf):  # a leaf may have that use alone
        if node.name in needed or (node.role == "target" and loss is None):
            continue
        if node.name in inferred:
            raise CircuitError(f"'{node.name}' cancels out; remove it", node.place)
        made = "declared" if node.is_leaf else "computed"
        raise CircuitError(
            f"'{node.name}' is {made} but never used; use it or remove the line", node.place
        )


def _with_squared_loss(ordered: Sequence[Node], output: Node) -> tuple[list[Node], Node]:
    """The lecture's loss, l = (f - y)**2/2, with the declared target or a new one."""
    taken = {n.name for n in ordered}
    targets = [n for n in ordered if n.role == "target"]
    nodes = list(ordered)
    if len(targets) > 1:
        raise CircuitError(
            f"'{targets[0].name}' and '{targets[1].name}' are targets, but no loss uses them; "
            "declare one, as in l: loss = …"
        )
    if targets:
        target = targets[0]
        if target.shape:
            raise CircuitError(
                f"the target '{target.name}' is an array {shown(target.shape)}, the output "
                f"'{output.name}' a number; declare a loss",
                target.place,
            )
    else:
        target = leaf(fresh_name(_TARGET_NAMES, taken), "target")
        position = sum(n.is_leaf for n in nodes)
        nodes.insert(position, target)
    name = fresh_name(_LOSS_NAMES, taken | {target.name})
    expr = (output.symbol - target.symbol) ** 2 / 2
    loss = computed(name, expr, [output.name, target.name])
    return [*nodes, loss], loss


__all__ = ["AUTOMATIC", "assemble", "stack_of", "unused_nodes"]
