"""Loops that are kept: one turn as lines over names, and the values that all turns leave.

A loop is a scan. Names that are carried have an initial value and, after a turn, a new one; a
sequence has one entry a turn along its first axis; all else is the same in every turn. What a
loop leaves is one array a name: `stacked` its values of all turns, `last` the one after the last
turn, `summed` their sum. A loop differentiated is a loop backwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

from sympy import Atom, Expr, Symbol
from sympy.core.symbol import Str

from symback.operations.arrays.base import ArrayFunction
from symback.operations.expressions import is_shallow, postorder
from symback.operations.shapes import Shape

STACKED, LAST, SUMMED = map(Str, ("stacked", "last", "summed"))


@dataclass(frozen=True)
class Turn:
    """One turn of a loop: lines in order, each over names of the turn.

    The operands of a loop are the initial values of what is carried, then the sequences, then what
    is shared, in the order that stands here.
    """

    variable: str  # t, where people read of it
    start: Expr  # its first value
    count: Expr  # of turns
    lines: tuple[tuple[Symbol, Expr], ...]
    carried: tuple[tuple[Symbol, Symbol], ...]  # the value before a turn, and that after it
    sequences: tuple[Symbol, ...]
    shared: tuple[Symbol, ...]
    shapes: tuple[tuple[str, Shape], ...]  # of all names of the turn that are arrays
    labels: tuple[tuple[str, str], ...] = ()  # what names of the turn are in circuit text
    steps: tuple[tuple[str, str, int], ...] = ()  # name of a line, what is typed, its first index
    is_backwards: bool = False
    small: frozenset[Symbol] = frozenset()  # of sequences: those of numbers no larger than about 1
    is_at_once: bool = False  # no turn reads what another one computes

    def __hash__(self) -> int:
        return self._hash

    def __lt__(self, other: Turn) -> bool:  # SymPy orders the terms of sums
        return self._text < other._text

    def __gt__(self, other: Turn) -> bool:
        return self._text > other._text

    @cached_property
    def _text(self) -> str:
        return "; ".join(f"{name} = {line}" for name, line in self.lines)

    @cached_property
    def _hash(self) -> int:
        return hash((self.variable, self.start, self.count, self.lines, self.carried))

    @property
    def operands(self) -> tuple[Symbol, ...]:
        """The names of the turn that the operands of the loop give their first or only value."""
        return (*(before for before, _ in self.carried), *self.sequences, *self.shared)

    @property
    def names(self) -> tuple[Symbol, ...]:
        """All names of the turn."""
        return (*self.operands, *(name for name, _ in self.lines))

    def shape(self, name: Symbol) -> Shape:
        """The shape that a name has in a turn."""
        return dict(self.shapes).get(name.name, ())

    def renamed(self, names: Mapping[Symbol, Symbol], lines: Any) -> Turn:
        """The same turn with other names and lines."""
        return replace(
            self,
            lines=lines,
            carried=tuple((names.get(a, a), names.get(b, b)) for a, b in self.carried),
            sequences=tuple(names.get(s, s) for s in self.sequences),
            shared=tuple(names.get(s, s) for s in self.shared),
        )

    def needed(self, results: Sequence[Symbol]) -> set[Symbol]:
        """The names that results depend on, through all turns."""
        made, after = dict(self.lines), dict(self.carried)
        found: set[Symbol] = set()
        waiting = [*results]
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            found.add(name)
            if name in made:
                waiting += [part for part in postorder(made[name]) if part.is_Symbol]
            if name in after:
                waiting.append(after[name])
        return found


class TurnOf(Atom):
    """A turn inside an expression, where it is one piece."""

    __slots__ = ("turn",)
    turn: Turn

    def __new__(cls, turn: Turn) -> Self:
        made: Self = Atom.__new__(cls)
        made.turn = turn
        return made

    def __getnewargs__(self) -> tuple[Turn]:
        return (self.turn,)

    def _hashable_content(self) -> tuple[Turn]:
        return (self.turn,)

    def _sympystr(self, printer: Any) -> str:
        return "; ".join(f"{name} = {formula}" for name, formula in self.turn.lines)


class loop(ArrayFunction):
    """What a loop over its operands leaves of one name: (*operands, turn, kind, name)."""

    arrays = None
    rule = "the turns in reverse, each with the adjoint of the one behind it"

    @property
    def operands(self) -> tuple[Expr, ...]:
        found: tuple[Expr, ...] = self.args[:-3]
        return found

    @property
    def options(self) -> tuple[Any, ...]:
        return tuple(self.args[-3:])

    @property
    def turn(self) -> Turn:
        found: Turn = self.args[-3].turn
        return found

    @property
    def kind(self) -> Str:
        """STACKED, LAST or SUMMED."""
        return self.args[-2]

    @property
    def name(self) -> Symbol:
        """The name of the turn whose values are left."""
        return Symbol(self.args[-1].name, real=True)

    def moving(self, dots: Set[Symbol]) -> set[Symbol]:
        """The names of the turn that move where these do: given, carried or computed."""
        pairs = zip(self.turn.operands, self.operands, strict=True)
        found = {name for name, operand in pairs if not dots.isdisjoint(operand.free_symbols)}
        size = -1
        while size != len(found):
            size = len(found)
            found |= {n for n, line in self.turn.lines if not found.isdisjoint(line.free_symbols)}
            found |= {before for before, after in self.turn.carried if after in found}
        return found

    @property
    def group(self) -> tuple[Any, ...]:
        """What is equal for all that one loop leaves."""
        return tuple(self.args[:-2])

    @staticmethod
    def shape_rule(operands: Sequence[Shape], options: Any) -> Shape:
        """That of the name, with the turns along the first axis where they are stacked."""
        of, kind, name = options
        shape = of.turn.shape(name)
        return (of.turn.count, *shape) if kind == STACKED else shape


def loops_in(expr: Expr) -> list[loop]:
    """The loops in an expression."""
    while len(expr.args) == 1:  # as Σ over samples: most lines of a large circuit have no loop
        expr = expr.args[0]
    if is_shallow(expr) and not isinstance(expr, loop):
        return []
    return [part for part in postorder(expr) if isinstance(part, loop)]


__all__ = ["LAST", "STACKED", "SUMMED", "Turn", "TurnOf", "loop", "loops_in"]
