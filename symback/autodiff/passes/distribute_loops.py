"""Split a loop that is kept: what does not depend on the turn before leaves it.

What a turn computes from sequences alone stands in front of the loop or behind it, as a loop
without anything carried: a target computes that for all turns at once. What is left are
recurrences, each with no more than it needs from turn to turn; one that reads another's values
comes behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

from sympy import Expr, Symbol
from sympy.core.symbol import Str

from symback.autodiff.names import Names
from symback.autodiff.passes.recurrences import read_by, recurrences, with_parts
from symback.circuits.program import Assign, Program, batch_sum, loop_lines, loop_of, varies
from symback.operations.arrays.loops import LAST, STACKED, Turn, TurnOf, loop
from symback.operations.expressions import real_symbol
from symback.operations.shapes import is_size


def distribute_loops(program: Program, names: Names) -> Program:
    """The program with loops over recurrences alone."""
    loops = loop_lines(program)
    if not loops:
        return program
    behind = {line.target for lines in loops.values() for line in lines[1:]}
    varying = program.varying()
    made: list[Assign] = []
    for line in program.lines:
        if line.target in loops:
            done = {other.target for other in made}  # the way back has what all turns share as well
            found = _Distribution(loops[line.target], varying, names).lines()
            made += [other for other in found if other.target not in done]
        elif line.target not in behind:
            made.append(line)
    return program.with_lines(made)


class _Distribution:
    """The names of a turn by stages: even ones for all turns at once, odd ones turn by turn."""

    def __init__(self, lines: Sequence[Assign], varying: AbstractSet[Symbol], names: Names) -> None:
        of = loop_of(lines[0])
        self._lines, self._names = lines, names
        self._turn: Turn = with_parts(of.turn, names)
        self._given = dict(zip(self._turn.operands, of.operands, strict=True))
        self._left = [loop_of(line).name for line in lines]
        needed = self._turn.needed(self._left)
        self._after = {b: after for b, after in self._turn.carried if b in needed}
        self._made = {name: line for name, line in self._turn.lines if name in needed}
        self._reads = {name: read_by(line) for name, line in self._made.items()}
        self._reads |= {b: [after] for b, after in self._after.items()}
        self._varying = self._find_varying({*varying})
        self._same = self._same_in_all_turns()
        self._of_recurrence = recurrences(self._reads, self._after)
        self._by_turn = {n for n in self._reads if n not in self._same and not self._at_once(n)}
        self._stages = self._find_stages()
        self._given_lines: set[Symbol] = set()

    # -- what names of the turn are --------------------------------------------------------------

    def _find_varying(self, varying: set[Symbol]) -> set[Symbol]:
        """The names of the turn that have one value a sample."""
        found = {name for name, operand in self._given.items() if varies(operand, varying)}
        while True:
            more = {n for n, line in self._made.items() if n not in found and varies(line, found)}
            more |= {b for b, after in self._after.items() if b not in found and after in found}
            if not more:
                return found
            found |= more

    def _same_in_all_turns(self) -> set[Symbol]:
        """What turns compute from shared operands alone, unless the loop leaves or carries it."""
        found = {*self._turn.shared}
        kept = {*self._left, *self._after.values()}
        for name, reads in self._reads.items():
            if name in self._made and name not in kept and found.issuperset(reads):
                found.add(name)
        return found.difference(self._turn.shared)

    def _at_once(self, name: Symbol) -> bool:
        """Whether all turns' values can be computed at once, a row a turn and sample."""
        if name in self._of_recurrence or name in self._after:
            return False
        own, reads = name in self._varying, self._reads[name]
        of_turns = [s for s in reads if s not in self._turn.shared and s not in self._same]
        shared = [s for s in reads if s not in of_turns]
        return (
            bool(of_turns)
            and all((s in self._varying) == own for s in of_turns)
            and self._varying.isdisjoint(shared)
        )

    # -- stages ----------------------------------------------------------------------------------

    def _find_stages(self) -> dict[Symbol, int]:
        """The first stage that has all that a name reads; that of a recurrence is one."""
        stages = {n: int(n in self._by_turn) for n in self._reads if n not in self._same}
        while True:
            before = dict(stages)
            for name in stages:
                least = [self._least(name, s, stages) for s in self._reads[name] if s in stages]
                stages[name] = max([stages[name], *least])
            together: dict[Symbol, int] = {}
            for name, b in self._of_recurrence.items():
                together[b] = max(together.get(b, 0), stages[name])
            stages |= {name: together[b] for name, b in self._of_recurrence.items()}
            if stages == before:
                return stages

    def _least(self, name: Symbol, read: Symbol, stages: dict[Symbol, int]) -> int:
        """The first stage in which a name can read another one."""
        stage, alike = stages[read], (name in self._varying) == (read in self._varying)
        if (name in self._by_turn) != (read in self._by_turn):
            return stage + 1
        return stage if alike else stage + 2

    # -- the loops that are left -----------------------------------------------------------------

    def lines(self) -> list[Assign]:
        """What the loops give, stage by stage; the lines as they were where nothing leaves one."""
        kinds = {(stage, name in self._varying) for name, stage in self._stages.items()}
        is_one = not self._same and len(kinds) == 1 and min(kinds)[0] == 1
        if is_one or not self._is_alike():
            return [*self._lines]
        found = [Assign(n, self._outside(self._made[n])) for n in self._made if n in self._same]
        for stage, own in sorted(kinds):
            found += self._of_stage(stage, own)
        return found

    def _is_alike(self) -> bool:
        """Whether each stage gives what it did: a value a sample where the whole loop had any."""
        known = self._stages.keys() | self._after.values()
        of_samples = not self._varying.isdisjoint(self._given)
        return known >= {*self._left} and (not of_samples or self._varying >= {*self._left})

    def _outside(self, line: Expr) -> Expr:
        return line.xreplace({s: o for s, o in self._given.items() if s in self._turn.shared})

    def _of_stage(self, stage: int, own: bool) -> list[Assign]:
        inside = [
            n for n, at in self._stages.items() if at == stage and (n in self._varying) == own
        ]
        lines = tuple((n, self._made[n]) for n in inside if n in self._made)
        carried = tuple((b, after) for b, after in self._after.items() if b in inside)
        read = dict.fromkeys(s for n in inside for s in self._reads[n] if s not in inside)
        shared = tuple(s for s in read if s in self._turn.shared or s in self._same)
        sequences = tuple(s for s in read if s not in shared)
        used = {*inside, *read}
        turn = replace(
            self._turn,
            lines=lines,
            carried=carried,
            sequences=sequences,
            shared=(*shared, *self._sizes(lines)),
            shapes=tuple((n, s) for n, s in self._turn.shapes if real_symbol(n) in used),
            is_at_once=stage % 2 == 0,
        )
        starts = (self._given[b] for b, _ in carried)
        operands = (*starts, *map(self._all, sequences), *map(self._whole, turn.shared))
        made = self._wanted(inside, carried)
        return [
            replace(line, expr=self._rewrapped(line, loop(*operands, TurnOf(turn), kind, name)))
            for line, kind, name in made
        ]

    def _sizes(self, lines: Iterable[tuple[Symbol, Expr]]) -> list[Symbol]:
        found = {s for _, line in lines for s in line.free_symbols if is_size(s)}
        return sorted(found, key=str)

    def _whole(self, name: Symbol) -> Expr:
        """The operand of what is shared by all turns."""
        return name if name in self._same or is_size(name) else self._given[name]

    def _all(self, name: Symbol) -> Expr:
        """The values of all turns of what a stage reads."""
        return self._given[name] if name in self._turn.sequences else self._kept(name)

    def _kept(self, name: Symbol) -> Symbol:
        return self._names.kept(name, self._turn.count)

    def _wanted(
        self, inside: Sequence[Symbol], carried: Sequence[tuple[Symbol, Symbol]]
    ) -> list[tuple[Assign, Any, Str]]:
        """The lines that a stage gives: those of the program, and what later stages read."""
        ends = {after for _, after in carried}
        found: list[tuple[Assign, Any, Str]] = []
        for line in self._lines:
            of = loop_of(line)
            here = ends if of.kind == LAST else inside
            if of.name in here and line.target not in self._given_lines:
                self._given_lines.add(line.target)
                found.append((line, of.kind, Str(of.name.name)))
        given = {line.target for line, _, _ in found}
        stages = self._stages
        for name in inside:
            readers = (n for n in stages if name in self._reads[n] and n not in inside)
            if any(readers) and self._kept(name) not in given:
                line = Assign(self._kept(name), name)
                found.append((line, STACKED, Str(name.name)))
        return found

    @staticmethod
    def _rewrapped(line: Assign, value: Expr) -> Expr:
        return batch_sum(value) if isinstance(line.expr, batch_sum) else value


__all__ = ["distribute_loops"]
