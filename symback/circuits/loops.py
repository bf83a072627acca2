"""Loops written out: the same circuit with the nodes of each turn in place of its loops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sympy import Expr, Integer, Symbol, Tuple

from symback.circuits.circuit import Circuit, Node, computed
from symback.errors import TooLarge, Unsupported
from symback.operations.arrays import shape_of, slice_
from symback.operations.arrays.loops import Turn, TurnOf, loop
from symback.operations.construction import stacked_along
from symback.operations.expressions import postorder, real_symbol
from symback.operations.shapes import Shape, ShapeError, size_symbol

MOST_WRITTEN = 50_000  # lines of one loop


def has_loops(circuit: Circuit) -> bool:
    """Whether loops of the circuit are kept."""
    return circuit.once(_has_loops)


def _has_loops(circuit: Circuit) -> bool:
    return any(isinstance(node.formula, loop) for node in circuit.computed)


def can_unroll(circuit: Circuit, most: int = MOST_WRITTEN) -> bool:
    """Whether the loops have as many turns as the text says, each at most so many lines in all."""
    formulas: list[Any] = [node.formula for node in circuit.computed]
    turns = (formula.turn for formula in formulas if isinstance(formula, loop))
    return all(t.count.is_Integer and t.count * len(t.lines) <= most for t in turns)


def unrolled(circuit: Circuit) -> Circuit:
    """The circuit with its loops written out; itself where it has none.

    Unsupported where only data know the number of turns.

    >>> import symback as sb
    >>> c = sb.circuit("x: input[9, n]; a[0] = zeros(n)\\nfor t in range(9):\\n"
    ...                "    a[t + 1] = a[t] + x[t]\\nf = sum(a[9])")
    >>> print(*c.computed, "|", *unrolled(c).computed)
    a_0 a a_9 f | a_0 a_1 a_2 a_3 a_4 a_5 a_6 a_7 a_8 a_9 f
    """
    return circuit.once(_unrolled) if has_loops(circuit) else circuit


def _unrolled(circuit: Circuit) -> Circuit:
    return _Unrolling(circuit).circuit()


def turns_of(circuit: Circuit, name: str) -> list[str]:
    """What a node is once the loops are written out: itself, or the value of each turn.

    >>> import symback as sb
    >>> c = sb.circuit("x: input[9, n]; a[0] = zeros(n)\\nfor t in range(9):\\n"
    ...                "    a[t + 1] = a[t] + x[t]\\nf = sum(a[9])")
    >>> turns_of(c, "f"), turns_of(c, "a")[::4]
    (['f'], ['a_1', 'a_5', 'a_9'])
    """
    formula: Any = circuit[name].formula if name in circuit else None
    if not isinstance(formula, loop):
        return [name]
    first = next((first for _, family, first in formula.turn.steps if family == name), None)
    if first is None or not formula.turn.count.is_Integer:
        return [name]
    return [f"{name}_{first + turn}" for turn in range(int(formula.turn.count))]


def refuse_all_turns(circuit: Circuit, name: str) -> None:
    """Unsupported for the values of all turns of a loop, where one node is asked for."""
    if name not in circuit or not isinstance(circuit[name].formula, loop):
        return
    read = [n.name for n in circuit.computed if _reads_a_turn(n.formula, name)]
    known = turns_of(circuit, name)
    raise Unsupported(
        f"'{name}' has the values of all turns of a loop; name that of one turn, such as "
        f"'{(read or known)[-1]}'"
        + ("" if known == [name] else ", or derive the Jacobian, --jacobian, which has them all")
    )


def _reads_a_turn(formula: Any, name: str) -> bool:
    return isinstance(formula, slice_) and str(formula.args[0]) == name


LEAST_TURNS = 3
MOST_TRIED = 64


def loops_written_out(circuit: Circuit) -> Circuit:
    """The circuit with its loops written out; small numbers stand for sizes that say how many
    turns these have.
    """
    return circuit.once(_loops_written_out) if has_loops(circuit) else circuit


def _loops_written_out(circuit: Circuit) -> Circuit:
    counts = [
        node.formula.turn.count for node in circuit.computed if isinstance(node.formula, loop)
    ]
    names = sorted({str(s) for count in counts for s in count.free_symbols})
    taken = {int(s) for node in circuit.leaves for s in node.shape if s.is_Integer}
    chosen: dict[str, int] = {}
    for name in names:
        for number in range(LEAST_TURNS, MOST_TRIED):
            sizes = {**chosen, name: number}
            few = [c.xreplace({size_symbol(name): Integer(number)}) for c in counts]
            if number not in taken and not any(c.is_Integer and c < LEAST_TURNS - 1 for c in few):
                try:
                    with_sizes(circuit, sizes)
                    break
                except ShapeError:  # a constant index is larger
                    continue
        chosen = sizes
        taken.add(number)
    return unrolled(with_sizes(circuit, chosen) if chosen else circuit)


def with_sizes(circuit: Circuit, sizes: Mapping[str, int]) -> Circuit:
    """The circuit where some sizes with a name are numbers."""
    numbers: dict[Any, Any] = {size_symbol(name): Integer(n) for name, n in sizes.items()}

    def shape(given: Shape) -> Shape:
        return tuple(size.xreplace(numbers) for size in given)

    all_shapes = {name: shape(given) for name, given in circuit.shapes.items()}

    def node(given: Node) -> Node:
        shapes = tuple(map(shape, given.operand_shapes))
        operands = given.operands
        if any(name in sizes for name in operands):
            kept = [i for i, name in enumerate(operands) if name not in sizes]
            operands = tuple(operands[i] for i in kept)
            shapes = tuple(shapes[i] for i in kept) if shapes else ()
        formula = given.formula.xreplace(numbers)
        if not given.is_leaf and not isinstance(formula, loop):
            shape_of(formula, all_shapes)
        if isinstance(formula, loop):
            formula = _with_sizes(formula, numbers, shape)
        return replace(
            given,
            formula=formula,
            operands=operands,
            shape=shape(given.shape),
            operand_shapes=shapes,
        )

    nodes = tuple(node(n) for n in circuit.nodes if not (n.role == "size" and n.name in sizes))
    return with_nodes(circuit, nodes)


def _with_sizes(formula: loop, numbers: Mapping[Any, Any], shape: Any) -> Expr:
    """A loop whose turn has numbers for sizes; what was shared as such a size is none any more."""
    turn, operands = formula.turn, list(formula.operands)
    shared = [s for s in turn.shared if s not in numbers]
    given = len(operands) - len(turn.shared)
    operands = operands[:given] + [o for o in operands[given:] if not o.is_Integer]
    made = replace(
        turn,
        count=turn.count.xreplace(numbers),
        lines=tuple((name, line.xreplace(numbers)) for name, line in turn.lines),
        shared=tuple(shared),
        shapes=tuple((name, shape(size)) for name, size in turn.shapes),
    )
    found: Expr = loop(*operands, TurnOf(made), *formula.args[-2:])
    return found


def with_nodes(circuit: Circuit, nodes: tuple[Node, ...]) -> Circuit:
    """The circuit with other nodes, those of its output and loss among them by their names."""
    by_name = {node.name: node for node in nodes}
    loss = None if circuit.loss is None else by_name[circuit.loss.name]
    return replace(circuit, nodes=nodes, output=by_name[circuit.output.name], loss=loss)


class _Unrolling:
    def __init__(self, circuit: Circuit) -> None:
        self._circuit = circuit
        self._nodes: dict[str, Node] = {}
        self._shapes: dict[str, Shape] = circuit.shapes
        self._steps: dict[str, list[str]] = {}  # the nodes of all turns, by that of their values
        self._copies: dict[Any, Any] = {}  # names that are another's

    def circuit(self) -> Circuit:
        circuit = self._circuit
        ends = {circuit.output.name, *(n.name for n in circuit.outputs)}
        ends |= {circuit.loss.name} if circuit.loss else set()
        for node in circuit.nodes:
            if isinstance(node.formula, loop):
                self._write_out(node.formula)
            elif not node.is_leaf:
                formula = self._without_stacks(node.formula)
                if formula == node.symbol:  # the value of a turn, which has a node
                    continue
                if formula.is_Symbol and node.name not in ends and self._is_step(node.formula):
                    self._copies[node.symbol] = formula
                else:
                    self._add(node.name, formula, node)
            else:
                self._nodes[node.name] = node
        return with_nodes(circuit, self._needed(ends))

    def _needed(self, ends: set[str]) -> tuple[Node, ...]:
        """The nodes, without those of the last turns that no other reads."""
        needed = ends | {n.name for n in self._circuit.nodes}
        for node in reversed(self._nodes.values()):
            if node.name in needed:
                needed.update(node.operands)
        return tuple(node for node in self._nodes.values() if node.name in needed)

    def _is_step(self, formula: Expr) -> bool:
        return isinstance(formula, slice_) and formula.args[0].name in self._steps

    def _add(self, name: str, formula: Expr, like: Node | None = None) -> None:
        names = [s.name for s in postorder(formula) if s.is_Symbol]
        shape = shape_of(formula, self._shapes)
        place = like.place if like else None
        generated = like is not None and like.generated
        if shape:
            self._shapes[name] = shape
        self._nodes[name] = computed(
            name, formula, names, place, generated, shapes=self._shapes, shape=shape
        )

    def _without_stacks(self, formula: Expr) -> Expr:
        """A formula over the nodes of turns, in place of all turns' values."""
        found: dict[Any, Any] = {}
        for part in postorder(formula):
            if isinstance(part, slice_) and str(part.args[0]) in self._steps:
                index = part.args[1]
                if len(index) == 1 and index[0].is_Integer:
                    found[part] = real_symbol(self._steps[str(part.args[0])][int(index[0])])
        made: Expr = formula.xreplace(found).xreplace(self._copies)
        for symbol in sorted(made.free_symbols, key=str):
            if symbol.name in self._steps and symbol.name not in self._nodes:
                steps = [real_symbol(step) for step in self._steps[symbol.name]]
                rank = len(self._shapes.get(steps[0].name, ()))
                self._add(symbol.name, stacked_along(steps, rank, 0))
        return made

    def _write_out(self, of: loop) -> None:
        """Add the nodes of all turns, once for all that the loop leaves."""
        turn = of.turn
        if not turn.count.is_Integer:
            raise Unsupported(
                f"the loop over '{turn.variable}' has {turn.count} turns, which data give; "
                "declare a number for that size"
            )
        if any(family in self._steps for _, family, _ in turn.steps):
            return
        if turn.count * len(turn.lines) > MOST_WRITTEN:
            raise TooLarge(
                f"the loop over '{turn.variable}' would be written out in more than "
                f"{MOST_WRITTEN:,} lines"
            )
        for _, family, _ in turn.steps:
            self._steps[family] = []
        before = {s: o for (s, _), o in zip(turn.carried, of.operands, strict=False)}
        for number in range(int(turn.count)):
            values = {**before, **dict(self._fixed(of, number))}
            names = {s: f"{family}_{first + number}" for s, family, first in turn.steps}
            for symbol, line in turn.lines:
                made = _merged(line.xreplace(values))
                name = names[symbol.name]
                self._add(name, self._without_stacks(made))
                values[symbol] = real_symbol(name)
                self._steps[self._family(turn, symbol)].append(name)
            before = {s: values[after] for s, after in turn.carried}

    @staticmethod
    def _family(turn: Turn, symbol: Symbol) -> str:
        return next(family for s, family, _ in turn.steps if s == symbol.name)

    @staticmethod
    def _fixed(of: loop, number: int) -> Iterator[tuple[Symbol, Expr]]:
        """What the names of sequences and of what is shared stand for in a turn."""
        turn = of.turn
        start = len(turn.carried)
        stop = start + len(turn.sequences)
        for symbol, operand in zip(turn.sequences, of.operands[start:stop], strict=True):
            yield symbol, entry_of(operand, number)
        yield from zip(turn.shared, of.operands[stop:], strict=True)


def entry_of(operand: Expr, number: int) -> Expr:
    """One entry of a sequence, which may be a part of an array."""
    if isinstance(operand, slice_):
        array, parts = operand.args
        if len(parts) == 1 and isinstance(parts[0], Tuple) and parts[0][0] >= 0:
            found: Expr = slice_(array, Tuple(parts[0][0] + number))
            return found
    made: Expr = slice_(operand, Tuple(Integer(number)))
    return made


def _merged(formula: Expr) -> Expr:
    """A part of an entry is one part: x[2][1:3] is x[2, 1:3]."""
    found: dict[Any, Any] = {}
    for part in postorder(formula):
        if isinstance(part, slice_) and isinstance(part.args[0], slice_):
            array, parts = part.args[0].args
            if len(parts) == 1 and parts[0].is_Integer:
                found[part] = slice_(array, Tuple(*parts, *part.args[1]))
    made: Expr = formula.xreplace(found)
    return made


__all__ = [
    "can_unroll",
    "entry_of",
    "has_loops",
    "loops_written_out",
    "refuse_all_turns",
    "turns_of",
    "unrolled",
    "with_nodes",
    "with_sizes",
]
