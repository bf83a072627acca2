"""Loops of circuit text that are kept as loops: which ones, and their turns as formulas.

A loop is kept where its bounds come from data, or where it has many turns and its turn computes
arrays. Its lines are then read once. A turn reads what it has computed, what the turn before it
has, entries of arrays by its variable, and what no turn changes; a loop that reads otherwise is
unrolled, or refused where only data know the number of its turns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sympy import Expr, Integer, S, Symbol, Tuple
from sympy.core.symbol import Str

from symback.circuits.circuit import Node, computed
from symback.circuits.names import check_name, fresh_name
from symback.errors import CircuitError, CircuitSyntaxError, Place, SymbackError
from symback.language.arrays import ArrayBuilder
from symback.language.scalars import Builder
from symback.language.syntax import Equation, Loop, SourceText
from symback.language.terms import Term, make_term
from symback.operations.arrays import slice_
from symback.operations.arrays.loops import STACKED, Turn, TurnOf, loop
from symback.operations.expressions import real_symbol
from symback.operations.shapes import Shape, shown, size_symbol

FEWEST_TURNS = 8
"""Of a loop with constant bounds that is kept; one with fewer is unrolled."""


class NotKept(Exception):
    """The loop at a place is unrolled; `why` is for one that can't be."""

    def __init__(self, at: tuple[int, int], why: str) -> None:
        super().__init__(why)
        self.at = at
        self.why = why


@dataclass(frozen=True, slots=True)
class KeptLoop:
    """A loop as it was typed: its bounds, and the equations of its turn by the names they define.

    `firsts` has the index of each name in the first turn.
    """

    typed: Loop
    start: int
    count: Expr
    equations: Mapping[str, Equation]
    firsts: Mapping[str, int]

    @property
    def variable(self) -> str:
        return self.typed.variable.text

    @property
    def at(self) -> tuple[int, int]:
        return self.typed.variable.place

    def entry(self, name: str, index: Expr) -> Expr | None:
        """Where among the values of a name that with an index is; from the end where only data
        know; None where there is none.
        """
        place = index - self.firsts[name]
        if place.is_Integer and place >= 0 and not self.count.is_Integer:
            return place
        if place.is_Integer and 0 <= place < self.count:
            return place
        place -= self.count
        return place if place.is_Integer and place < 0 and not self.count.is_Integer else None


def kept_loop(source: SourceText, sizes: Any, typed: Loop) -> KeptLoop | None:
    """The loop, if its bounds and the left sides of its turn are those of one that is kept.

    A loop with bounds from data that can't be raises NotKept.
    """
    start, stop = S.Zero, _bound(source, sizes, typed.stop)
    if typed.start is not None:
        start = _bound(source, sizes, typed.start)
    if start is None or stop is None:
        return None
    count = stop - start
    if count.is_Integer and count < FEWEST_TURNS:
        return None
    equations: dict[str, Equation] = {}
    firsts: dict[str, int] = {}
    for statement in typed.body:
        left = statement.left if isinstance(statement, Equation) else None
        is_step = left is not None and left.kind == "index" and len(left.args) == 2
        offset = None
        if left is not None and is_step and left.args[0].kind == "name":
            offset = _offset(source, left.args[1], typed.variable.text)
        if offset is None or left is None or left.args[0].text in equations:
            if count.is_Integer:
                return None
            raise NotKept(typed.variable.place, "each of its lines is one name: h[t] = …")
        name = left.args[0].text
        equations[check_name(name, source.place(left.place))] = statement  # type: ignore[assignment]
        firsts[name] = int(start) + offset if start.is_Integer else 0
    if not start.is_Integer or min(firsts.values(), default=0) < 0:
        if count.is_Integer:
            return None
        raise NotKept(typed.variable.place, "its first bound is a whole number from 0")
    return KeptLoop(typed, int(start), count, equations, firsts)


def _bound(source: SourceText, sizes: Any, term: Term) -> Expr | None:
    """A bound over numbers and sizes; None where it is another expression."""
    builder = Builder(source, sizes.__contains__, is_size=sizes.__contains__)
    try:
        made = builder.build(term)
    except SymbackError:
        return None
    names = made.free_symbols
    linear = len(names) <= 1 and all((made - name).is_Integer for name in names)
    return made if linear and (names or made.is_Integer) and names == _sizes(builder) else None


def _sizes(builder: Builder) -> set[Symbol]:
    return {size_symbol(name) for name in builder.used}


def _offset(source: SourceText, term: Term, variable: str) -> int | None:
    """What is added to the variable in an index; None where the index is not of that form."""
    found = []
    for value in (0, 1):
        builder = Builder(source, lambda _: False, bound={variable: Integer(value)})
        try:
            found.append(builder.build(term))
        except SymbackError:
            return None
        if builder.used:
            return None
    return int(found[0]) if found[0].is_Integer and found[1] - found[0] == 1 else None


def _mentions(term: Term, name: str) -> bool:
    return (term.kind == "name" and term.text == name) or any(
        _mentions(part, name) for part in term.args
    )


@dataclass(slots=True)
class TurnBuilder(ArrayBuilder):
    """Builds the formulas of a turn."""

    reader: Any = None

    def _index(self, term: Term) -> Expr:
        found: Expr | None = self.reader.indexed(self, term)
        return ArrayBuilder._index(self, term) if found is None else found


@dataclass(slots=True)
class TurnReader:
    """Reads the turn of one loop. `shape` gives the shape of a node that no turn changes, `stack`
    the node of another loop's values, with that loop, and `settings` are those of builders.
    """

    source: SourceText
    kept: KeptLoop
    settings: Mapping[str, Any]
    taken: set[str]
    shape: Callable[[str], Shape]
    stack: Callable[[str], tuple[KeptLoop, Shape] | None]
    used: dict[str, Place] = field(default_factory=dict)  # from outside
    shapes: dict[str, Shape] = field(default_factory=dict)  # of the names of the turn
    labels: dict[str, str] = field(default_factory=dict)
    now: dict[str, Symbol] = field(default_factory=dict)
    before: dict[str, Symbol] = field(default_factory=dict)
    sequences: dict[tuple[str, Expr], tuple[Symbol, Expr]] = field(default_factory=dict)
    of_stacks: dict[str, Shape] = field(default_factory=dict)

    def read(self) -> tuple[Turn, tuple[Expr, ...], Mapping[str, Shape]]:
        """The turn, the operands of its loop, and by their names those and what they are of."""
        variable, kept = self.kept.variable, self.kept
        lines: list[tuple[Symbol, Expr]] = []
        for name, equation in kept.equations.items():
            if equation.right is None:
                raise NotKept(kept.at, "each of its lines is one name: h[t] = …")
            builder = self._builder()
            formula, shape = builder.whole(equation.right)
            if variable in builder.used:
                raise NotKept(kept.at, f"it reads {variable} otherwise than as an index")
            for read, place in builder.used.items():
                if read not in self.labels:
                    self.used.setdefault(read, place)
            symbol = self._local(f"{name}_{variable}", shape, self._label(name, kept.firsts[name]))
            self.now[name] = symbol
            lines.append((symbol, formula))
        return self._turn(lines)

    def _turn(
        self, lines: list[tuple[Symbol, Expr]]
    ) -> tuple[Turn, tuple[Expr, ...], Mapping[str, Shape]]:
        kept = self.kept
        operands: list[Expr] = []
        read: dict[str, Shape] = {}
        before = {name: self.before[name] for name in self.now if name in self.before}
        sequences = sorted(self.sequences.items(), key=str)  # however the text orders its terms
        for name, symbol in before.items():
            shape, after = self.shapes.get(symbol.name, ()), self.now[name]
            if shape != self.shapes.get(after.name, ()):
                first, second = shown(shape), shown(self.shapes.get(after.name, ()))
                index = kept.firsts[name]
                why = f"{name}[{index - 1}] is {first}, but {name}[{index}] {second}"
                raise NotKept(kept.at, why)
            initial = f"{name}_{kept.firsts[name] - 1}"
            operands.append(real_symbol(initial))
            read[initial] = shape
        for (base, _), (_, operand) in sequences:
            operands.append(operand)
            read[base] = self.of_stacks.get(base) or self.shape(base)
        free = {s.name for _, line in lines for s in line.free_symbols}
        read_whole = (n for n in self.used if n not in read or n in free)
        shared = sorted(n for n in read_whole if n not in self.labels)
        is_size = self.settings["is_size"]
        symbols = [size_symbol(n) if is_size(n) else real_symbol(n) for n in shared]
        read |= {n: self.shape(n) for n in shared}
        steps = tuple((s.name, n, kept.firsts[n]) for n, s in self.now.items())
        turn = Turn(
            kept.variable,
            Integer(kept.start),
            kept.count,
            tuple(lines),
            tuple((symbol, self.now[name]) for name, symbol in before.items()),
            tuple(symbol for _, (symbol, _) in sequences),
            tuple(symbols),
            tuple(sorted({**self.shapes, **{n: read[n] for n in shared if read[n]}}.items())),
            tuple(sorted(self.labels.items())),
            steps,
        )
        return turn, (*operands, *symbols), read

    def _builder(self) -> TurnBuilder:
        known = self.settings["is_known"]
        rest = {k: v for k, v in self.settings.items() if k not in ("is_known", "functions")}
        return TurnBuilder(
            self.source,
            lambda name: name in self.labels or known(name),
            self.settings["functions"],
            **rest,
            shape=lambda name: (
                self.shapes.get(name, ()) if name in self.labels else self.shape(name)
            ),
            reader=self,
        )

    def _local(self, wanted: str, shape: Shape, label: str) -> Symbol:
        name = fresh_name([wanted], self.taken)
        self.taken.add(name)
        self.labels[name] = label
        if shape:
            self.shapes[name] = shape
        return real_symbol(name)

    def _label(self, name: str, first: int) -> str:
        """h[t - 1], of a name that has an index in the first turn."""
        more = first - self.kept.start
        sign = f" {'-' if more < 0 else '+'} {abs(more)}" if more else ""
        return f"{name}[{self.kept.variable}{sign}]"

    def indexed(self, builder: TurnBuilder, term: Term) -> Expr | None:
        """What stands for an index by the variable of the loop; None for another index."""
        base, first, *rest = term.args
        if not _mentions(first, self.kept.variable):
            return None
        offset = _offset(self.source, first, self.kept.variable)
        if offset is None or base.kind != "name":
            why = f"an index is {self.kept.variable} and a whole number, as in x[t - 1]"
            raise NotKept(self.kept.at, why)
        index = self.kept.start + offset
        symbol = self._step(base.text, index) if base.text in self.kept.equations else None
        if symbol is None:
            symbol = self._entry(builder, base, index)
        name = make_term("name", base.place, [], symbol.name)
        if not rest:
            return builder.build(name)
        return ArrayBuilder._index(builder, make_term("index", term.place, [name, *rest]))

    def _step(self, name: str, index: int) -> Symbol:
        """The value of a name of the loop, in this turn or the one before."""
        first = self.kept.firsts[name]
        if index == first and name in self.now:
            return self.now[name]
        if index != first - 1:
            why = f"a turn reads its own values and those of the turn before: {name}[t - 1]"
            raise NotKept(self.kept.at, why)
        if name not in self.before:
            initial = f"{name}_{first - 1}"
            if not self.settings["is_known"](initial):
                raise NotKept(self.kept.at, f"'{name}[{first - 1}]' is not defined")
            self.used.setdefault(initial, self.source.place(self.kept.at))
            shape = self.shape(initial)
            label = self._label(name, first - 1)
            self.before[name] = self._local(f"{name}_before", shape, label)
        return self.before[name]

    def _entry(self, builder: TurnBuilder, base: Term, index: int) -> Symbol:
        """The entry of an array, or of another loop's values, that a turn reads."""
        name, kept = base.text, self.kept
        other = self.stack(name)
        if other is not None:
            of, shape = other
            start: Expr = Integer(index - of.firsts[name])
            self.of_stacks[name] = shape
        elif self.settings["is_known"](name):
            shape, start = self.shape(name), Integer(index)
        else:
            raise NotKept(kept.at, f"'{name}' is not an array")
        behind = shape[0] - start - kept.count if shape else None
        if behind is None or start < 0 or not behind.is_Integer or behind < 0:
            raise NotKept(kept.at, f"'{name}' does not have an entry for each turn")
        if (name, start) not in self.sequences:
            stop = S.Infinity if behind == 0 else start + kept.count
            stop = stop if stop is S.Infinity or stop.is_Integer else -behind
            whole = start == 0 and behind == 0
            operand = real_symbol(name)
            if not whole:
                operand = slice_(operand, Tuple(Tuple(start, stop)))
            if other is None:
                self.used.setdefault(name, self.source.place(base.place))
            label = self._label(name, index)
            symbol = self._local(f"{name}_{kept.variable}", shape[1:], label)
            self.sequences[name, start] = symbol, operand
        return self.sequences[name, start][0]


def stacked_node(
    name: str, turn: Turn, operands: tuple[Expr, ...], read: Mapping[str, Shape], place: Place
) -> Node:
    """The node of the values that a loop leaves of a name, one a turn."""
    symbol = next(s for s, of, _ in turn.steps if of == name)
    formula = loop(*operands, TurnOf(turn), STACKED, Str(symbol))
    shapes = {n: shape for n, shape in read.items() if shape}
    shape = (turn.count, *turn.shape(real_symbol(symbol)))
    return computed(name, formula, [*read], place, shapes=shapes, shape=shape)


def step_node(name: str, of: Node, entry: Expr, place: Place) -> Node:
    """The node of one turn's value."""
    formula = slice_(of.symbol, Tuple(entry))
    return computed(name, formula, [of.name], place, shapes={of.name: of.shape}, shape=of.shape[1:])


def refusal(error: NotKept, source: SourceText) -> CircuitError:
    """Why a loop whose bounds are sizes can't be."""
    return CircuitSyntaxError(
        f"the bounds of this loop are sizes, so it is kept as a loop, but {error.why}",
        source.place(error.at),
    )


__all__ = [
    "FEWEST_TURNS",
    "KeptLoop",
    "NotKept",
    "TurnReader",
    "kept_loop",
    "refusal",
    "stacked_node",
    "step_node",
]
