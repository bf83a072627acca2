"""Derivations of circuits whose loops are kept: each turn's steps once, over h[t] and δh[t].

What is derived, and verified step by step, is the circuit with its loops written out in three
turns. Shown are the steps of the one in the middle, which has a turn before it and one behind, and
those of all that is outside. A parameter that the turns share gets the sum over all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sympy import Add, Expr, Symbol

from symback.autodiff.gates import gates
from symback.circuits.circuit import Circuit, Node, computed, leaf, size
from symback.circuits.loops import entry_of, has_loops, with_sizes
from symback.derivation.accumulation import adjoint_names
from symback.derivation.record import Derivation
from symback.derivation.steps import Step
from symback.errors import SymbackError
from symback.operations.arrays import broadcast_like, shape_of, slice_
from symback.operations.arrays.loops import Turn, loop
from symback.operations.expressions import postorder, real_symbol
from symback.operations.shapes import Shape, is_size

TURNS = 3
MIDDLE = 1

Derive = Callable[[Circuit, str, Sequence[str]], Derivation]


@dataclass(frozen=True, slots=True)
class ShownTurns:
    """The circuit in three turns: by the names of nodes in turns the number of theirs, what the
    entries of sequences belong to, the new names of others, and how loops begin.
    """

    circuit: Circuit
    turn_of: dict[str, int]
    entries: dict[str, str]
    renamed: dict[str, str]
    heads: dict[str, str]


def in_turns(circuit: Circuit) -> ShownTurns | None:
    """The circuit in three turns; None where it reads values of other turns than the last."""
    if not has_loops(circuit):
        return None
    try:
        return _Shortened(circuit).found()
    except (SymbackError, LookupError, NotImplementedError):
        return None


class _Shortened:
    def __init__(self, circuit: Circuit) -> None:
        self._typed = circuit
        self._circuit = _of_three_turns(circuit)
        self._nodes: dict[str, Node] = {}
        self._shapes: dict[str, Shape] = {}
        self._turn_of: dict[str, int] = {}
        self._entries: dict[str, str] = {}
        self._heads: dict[str, str] = {}
        self._renamed: dict[Any, Any] = {}
        self._stacks: dict[str, list[str]] = {}  # of a loop's node, the names of its three values

    def found(self) -> ShownTurns:
        initial = self._initial_names()
        for node, typed in zip(self._circuit.nodes, self._typed_nodes(), strict=True):
            formula: Any = node.formula
            if node.is_leaf:
                self._keep(node, node.name)
            elif isinstance(formula, loop):
                self._write_turns(formula, typed)
            elif self._is_step(formula):
                stack = self._stacks[formula.args[0].name]
                if formula.args[1][0] not in (-1, self._count(typed.formula) - 1):
                    raise LookupError(node.name)
                self._renamed[node.symbol] = real_symbol(stack[-1])
            else:
                self._add(initial.get(node.name, node.name), formula, node)
                if node.name in initial:
                    self._renamed[node.symbol] = real_symbol(initial[node.name])
        names = {old.name: new.name for old, new in self._renamed.items()}
        nodes = tuple(self._nodes.values())
        circuit = replace(
            self._circuit,
            output=self._nodes[names.get(self._circuit.output.name, self._circuit.output.name)],
            nodes=nodes,
            loss=None if self._circuit.loss is None else self._nodes[self._circuit.loss.name],
            stacked=(),
        )
        return ShownTurns(circuit, self._turn_of, self._entries, names, self._heads)

    def _typed_nodes(self) -> list[Node]:
        kept = {node.name for node in self._circuit.nodes}
        return [node for node in self._typed.nodes if node.name in kept]

    def _count(self, formula: Any) -> Expr:
        of: Any = self._typed[formula.args[0].name].formula
        count: Expr = of.turn.count
        return count

    def _is_step(self, formula: Any) -> bool:
        return isinstance(formula, slice_) and str(formula.args[0]) in self._stacks

    def _initial_names(self) -> dict[str, str]:
        """h[0] for h_0, where it is computed."""
        found = {}
        for node in self._circuit.computed:
            formula: Any = node.formula
            if isinstance(formula, loop):
                family = {s: (name, first) for s, name, first in formula.turn.steps}
                pairs = zip(formula.turn.carried, formula.operands, strict=False)
                for (_, after), operand in pairs:
                    name, first = family[after.name]
                    if not self._circuit[operand.name].is_leaf:
                        found[operand.name] = f"{name}[{first - 1}]"
        return found

    def _keep(self, node: Node, name: str) -> None:
        self._nodes[name] = node
        if node.shape:
            self._shapes[name] = node.shape

    def _add(self, name: str, formula: Expr, like: Node | None = None) -> None:
        formula = formula.xreplace(self._renamed)
        names = [s.name for s in postorder(formula) if s.is_Symbol]
        shape = shape_of(formula, self._shapes)
        place = None if like is None else like.place
        self._keep(computed(name, formula, names, place, shapes=self._shapes, shape=shape), name)

    # -- three turns -----------------------------------------------------------------------------

    def _write_turns(self, of: Any, typed: Node) -> None:
        turn: Turn = of.turn
        if any(family in self._stacks for _, family, _ in turn.steps):
            return
        kept: Any = typed.formula
        lines = _gates_of(turn)
        labels = dict(turn.labels)
        stop = kept.turn.start + kept.turn.count
        bounds = f"{stop}" if turn.start == 0 else f"{turn.start}, {stop}"
        head = f"for {turn.variable} in range({bounds})"
        before = {s: o for (s, _), o in zip(turn.carried, of.operands, strict=False)}
        for number in range(TURNS):
            values: dict[Any, Any] = {s: o.xreplace(self._renamed) for s, o in before.items()}
            values |= self._given(of, labels, number)
            last = stop if number == TURNS - 1 else None
            for symbol, line in lines:
                name = _shifted(labels.get(symbol.name), symbol.name, turn, number, last)
                self._add(name, line.xreplace(values))
                self._turn_of[name] = number
                self._heads[name] = head
                values[symbol] = real_symbol(name)
            before = {s: values[after] for s, after in turn.carried}
            for symbol_name, family, _ in turn.steps:
                self._stacks.setdefault(family, []).append(values[real_symbol(symbol_name)].name)

    def _given(self, of: Any, labels: dict[str, str], number: int) -> dict[Any, Any]:
        """What stands for sequences and for what is shared in a turn."""
        turn: Turn = of.turn
        found: dict[Any, Any] = {}
        start = len(turn.carried)
        stop = start + len(turn.sequences)
        for symbol, operand in zip(turn.sequences, of.operands[start:stop], strict=True):
            entry = entry_of(operand, number)
            array, index = entry.args
            if str(array) in self._stacks:
                if len(index) > 1 or not 0 <= index[0] < TURNS:
                    raise LookupError(str(array))
                found[symbol] = real_symbol(self._stacks[str(array)][int(index[0])])
                continue
            name = _shifted(labels[symbol.name], symbol.name, turn, number, None)
            if name not in self._nodes:
                self._add(name, entry)
                self._turn_of[name] = number
                self._entries[name] = str(array)
            found[symbol] = real_symbol(name)
        shared = zip(turn.shared, of.operands[stop:], strict=True)
        return found | {s: o.xreplace(self._renamed) for s, o in shared}


def _of_three_turns(circuit: Circuit) -> Circuit:
    """The circuit whose loops have three turns, their sequences as long as they are."""
    formulas: list[Any] = [node.formula for node in circuit.computed]
    counts = {f.turn.count for f in formulas if isinstance(f, loop)}
    sizes = {str(s): TURNS - int(c - s) for c in counts for s in c.free_symbols}
    return with_sizes(circuit, sizes) if sizes else circuit


def _gates_of(turn: Turn) -> list[tuple[Symbol, Expr]]:
    """The lines of a turn, each one gate, as they are typed."""
    shapes = dict(turn.shapes)
    nodes: list[Node] = []
    for name in turn.operands:
        is_number = is_size(name)
        shape = shapes.get(name.name, ())
        nodes.append(size(name.name) if is_number else leaf(name.name, "input", shape=shape))
    for name, line in turn.lines:
        names = [s.name for s in postorder(line) if s.is_Symbol]
        shape = shapes.get(name.name, ())
        nodes.append(computed(name.name, line, names, shapes=shapes, shape=shape))
    made = gates(Circuit(tuple(nodes), nodes[-1], is_literal=True), keep_loops=True)
    return [(node.symbol, node.formula) for node in made.computed]


def _shifted(label: str | None, name: str, turn: Turn, number: int, stop: Expr | None) -> str:
    """What a name of the turn is called in one of three turns; `stop` is the bound of the last."""
    family = next((f for s, f, _ in turn.steps if s == name), None)
    base, _, index = (label or f"{name}[{turn.variable}]").partition("[")
    if family is not None and stop is not None:
        first = next(f for s, _, f in turn.steps if s == name)
        return f"{family}[{stop - 1 + first - turn.start}]"
    words = index.rstrip("]").split()
    more = int(words[1] + words[2]) if len(words) == 3 else 0
    more += number - MIDDLE
    sign = f" {'-' if more < 0 else '+'} {abs(more)}" if more else ""
    return f"{base}[{turn.variable}{sign}]"


# -- the derivation ------------------------------------------------------------------------------


def in_the_middle(
    circuit: Circuit, shown: ShownTurns, of: str, asked: Sequence[str] | None, derive: Derive
) -> Derivation:
    """The derivation of the circuit, each turn's steps once."""
    start = shown.renamed.get(of, of)
    names = None if asked is None else [shown.renamed.get(name, name) for name in asked]
    whole = derive(shown.circuit, start, names)  # type: ignore[arg-type]
    return replace(_Shown(whole, shown).derivation(), circuit=circuit, heads=shown.heads)


class _Shown:
    def __init__(self, whole: Derivation, shown: ShownTurns) -> None:
        self._whole, self._shown = whole, shown
        self._adjoints = {name: s for s, name in adjoint_names(whole.walk)[0].items()}
        self._shapes = adjoint_names(whole.walk)[1]
        self._below = self._find_below()
        self._ids: dict[int, int] = {}
        self._steps: list[Step] = []

    def _find_below(self) -> set[str]:
        """The names whose adjoints go through a turn."""
        found = set(self._shown.turn_of)
        for edge in self._whole.walk.edges:
            if edge.node in found:
                found.add(edge.operand)
        return found

    def derivation(self) -> Derivation:
        closed = dict(self._whole.closed)
        for step in self._whole.steps:
            if self._is_shown(step):
                self._enter(step)
        for name in self._whole.wrt:
            if name in self._below and name not in self._shown.turn_of:
                right, rule = self._total(name)
                left = (self._whole.of, name)
                self._enter(Step(0, "simplify", left, right, rule))
                closed[name] = right
        return replace(self._whole, steps=tuple(self._steps), closed=closed, stable=())

    def _enter(self, step: Step) -> None:
        number = len(self._steps) + 1
        depends = tuple(self._ids[i] for i in step.depends if i in self._ids)
        self._ids[step.id] = number
        self._steps.append(replace(step, id=number, depends=depends))

    def _is_shown(self, step: Step) -> bool:
        turn_of, entries = self._shown.turn_of, self._shown.entries
        if step.kind in ("define", "rewrite", "stable"):
            return False
        if isinstance(step.left, str):
            return step.left not in entries and turn_of.get(step.left, MIDDLE) == MIDDLE
        node, name = step.left[0], step.left[1]
        if step.edge is not None or step.rule.startswith("the rows of t"):
            return node not in entries and turn_of.get(node, MIDDLE) == MIDDLE
        if turn_of.get(name, MIDDLE) != MIDDLE or (name in self._below and name not in turn_of):
            return False
        others = {n for n, number in turn_of.items() if number > MIDDLE}  # a recurrence
        read = {s.name for s in step.right.free_symbols}
        return name not in turn_of or others.isdisjoint(read)

    def _total(self, name: str) -> tuple[Expr, str]:
        """What a name gets from a turn and from outside, over the names of adjoints."""
        turn_of, entries = self._shown.turn_of, self._shown.entries
        walk = self._whole.walk
        own = [e for e, of in entries.items() if of == name and turn_of[e] == MIDDLE]
        entry = next((e for e in own if e in self._adjoints), None)
        if entry is not None:
            head = next(iter(self._shown.heads.values()))
            return self._adjoints[entry], f"its entry {entry}, {head}"
        edges = [e for e in walk.into[name] if turn_of.get(e.node, MIDDLE) == MIDDLE]
        right = Add(*(edge.local.contribution(self._upstream(edge.node)) for edge in edges))
        heads = {self._shown.heads[e.node] for e in edges if e.node in self._shown.heads}
        words = " and ".join(sorted(heads)).replace("for ", "")
        if all(edge.node in self._shown.heads for edge in edges):
            return right, f"summed over {words}"
        return right, f"terms of turns summed over {words}" if heads else "sum of all contributions"

    def _upstream(self, node: str) -> Expr:
        found: Expr = self._adjoints[node]
        of = self._whole.walk.node(node)
        if of.shape and shape_of(found, self._shapes) != of.shape:
            return broadcast_like(found, of.symbol)
        return found


__all__ = ["ShownTurns", "in_the_middle", "in_turns"]
