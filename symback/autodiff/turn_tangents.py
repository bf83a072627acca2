"""Loops that are kept, carried along tangents: each turn computes how its values move as well.

What is carried has a tangent that is carried, what is read of each turn and what all turns share
has one that is given; the loop that leaves values leaves their tangents too, in one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sympy import Expr, S, Symbol
from sympy.core.symbol import Str

from symback.autodiff.names import Names
from symback.autodiff.passes import TANGENT_PASSES, optimise
from symback.circuits.program import Assign, Program
from symback.operations.arrays import broadcast_like
from symback.operations.arrays.loops import Turn, TurnOf, loop
from symback.operations.jvp import Tangent


@dataclass(frozen=True, slots=True)
class MovedLoop:
    """A loop whose turns have tangents, and the names of these by those of the values."""

    operands: tuple[Expr, ...]
    turn: Turn
    dots: Mapping[Symbol, Symbol]

    def left(self, kind: Any, name: Symbol) -> Expr:
        """What the loop leaves of a name."""
        found: Expr = loop(*self.operands, TurnOf(self.turn), kind, Str(name.name))
        return found


def moved_loop(
    of: Any, left: Collection[Symbol], names: Names, lines: Any, named: Callable[[Expr], Symbol]
) -> MovedLoop | None:
    """A loop with the tangents of what it leaves of the names in `left`; None where none moves.

    `lines` has the tangents of the program so far, a `TangentLines`; `named` gives the name of an
    expression.
    """
    turn: Turn = of.turn
    given: dict[Symbol, Tangent] = {}
    for name, operand in zip(turn.operands, of.operands, strict=True):
        dot = lines.tangent_of(operand)
        if dot is not None and names.shape_of(dot) != names.shape_of(operand):
            dot = broadcast_like(dot, operand)
        given[name] = dot
    if all(dot is None for dot in given.values()):
        return None
    return _Moving(turn, of.operands, given, names, lines, named).moved(left)


class _Moving:
    def __init__(
        self,
        turn: Turn,
        operands: tuple[Expr, ...],
        given: Mapping[Symbol, Tangent],
        names: Names,
        lines: Any,
        named: Callable[[Expr], Symbol],
    ) -> None:
        self._turn, self._operands, self._given = turn, operands, given
        self._names, self._lines, self._named = names, lines, named
        self._carried = self._moving_carried()

    def _moving_carried(self) -> set[Symbol]:
        """What is carried and moves, at first or because of what a turn reads."""
        turn, moving = self._turn, {n for n, dot in self._given.items() if dot is not None}
        size = -1
        while size != len(moving):
            size = len(moving)
            for name, line in turn.lines:
                if not moving.isdisjoint(line.free_symbols):
                    moving.add(name)
            moving |= {before for before, after in turn.carried if after in moving}
        return moving.intersection(before for before, _ in turn.carried)

    def moved(self, left: Collection[Symbol]) -> MovedLoop:
        turn = self._turn
        own = dict(self._leaves())
        inner = self._lines.inside({name: dot for name, (dot, _) in own.items()})
        for name, line in turn.lines:
            inner.add(Assign(name, line))
        pairs = [(b, a) for b, a in turn.carried if b in self._carried]
        after = {a: inner.result(a) for _, a in pairs}
        dots = {name: inner.result(name) for name in left if inner.dots.get(name) is not None}
        carried = (*turn.carried, *((own[b][0], after[a]) for b, a in pairs))
        wanted = (*(a for pair in carried for a in pair[1:]), *left, *dots.values())
        made = self._optimised(inner.lines, wanted, own)
        sequences = self._given_to(turn.sequences, own)
        shared = self._given_to(turn.shared, own)
        starts = [own[b] for b, _ in pairs]
        operands = [
            *(*self._operands[: len(turn.carried)], *(value for _, value in starts)),
            *(*self._of(turn.sequences), *(value for _, value in sequences)),
            *(*self._of(turn.shared), *(value for _, value in shared)),
        ]
        more = replace(
            turn,
            lines=tuple((line.target, line.expr) for line in made),
            carried=tuple(carried),
            sequences=(*turn.sequences, *(name for name, _ in sequences)),
            shared=(*turn.shared, *(name for name, _ in shared)),
        )
        return MovedLoop(tuple(operands), replace(more, shapes=self._shapes(more)), dots)

    def _leaves(self) -> Iterator[tuple[Symbol, tuple[Expr, Expr]]]:
        """The tangents of what a turn is given: their names in the turn, and what they are."""
        names, turn, along = self._names, self._turn, self._lines.along
        for before, start in zip((b for b, _ in turn.carried), self._operands, strict=False):
            if before in self._carried:
                dot = self._given[before]
                if dot is None:
                    dot = broadcast_like(S.Zero, start) if names.shape_of(start) else S.Zero
                yield before, (names.tangent(before.name, along), dot)
        for name in turn.sequences:
            dot = self._given[name]
            if dot is not None:
                yield name, (names.tangent(name.name, along), self._name(dot))
        for name in turn.shared:
            dot = self._given[name]
            if dot is not None:
                found = dot if dot.is_number else self._name(dot)
                yield name, (found, found)

    def _name(self, dot: Expr) -> Symbol:
        return dot if dot.is_Symbol else self._named(dot)

    def _of(self, names: Collection[Symbol]) -> Iterator[Expr]:
        operands = dict(zip(self._turn.operands, self._operands, strict=True))
        return (operands[name] for name in names)

    @staticmethod
    def _given_to(
        names: Collection[Symbol], own: Mapping[Symbol, tuple[Expr, Expr]]
    ) -> list[tuple[Symbol, Expr]]:
        """The tangents of sequences, or of what is shared, each once."""
        found = [own[name] for name in names if name in own]
        return [pair for pair in dict.fromkeys(found) if pair[0].is_Symbol]

    def _optimised(
        self, lines: Any, wanted: tuple[Symbol, ...], own: Mapping[Symbol, tuple[Expr, Expr]]
    ) -> tuple[Assign, ...]:
        targets = {line.target for line in lines}
        read = set().union(*(line.reads for line in lines), wanted) - targets
        results = tuple(dict.fromkeys(wanted))
        program = Program(tuple(sorted(read, key=str)), tuple(lines), results, frozenset())
        return optimise(program, self._names, TANGENT_PASSES).lines

    def _shapes(self, turn: Turn) -> tuple[tuple[str, Any], ...]:
        names = {s.name for name, line in turn.lines for s in (name, *line.free_symbols)}
        names |= {s.name for s in turn.operands} | {s.name for pair in turn.carried for s in pair}
        shapes = dict(turn.shapes) | {n: self._names.shapes.get(n, ()) for n in names}
        return tuple((n, shape) for n, shape in shapes.items() if n in names and shape)


__all__ = ["MovedLoop", "moved_loop"]
