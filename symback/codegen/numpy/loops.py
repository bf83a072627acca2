"""Loops that are kept, as loops of Python: one for all that a loop leaves.

What is stacked is gathered turn by turn, then made one array behind the batch axis; what another
loop alone reads, turn by turn, stays a list. What is summed
over the turns is summed over the samples as well where the program says so: one product of matrices
behind the loop, of the values of all turns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Any

from sympy import Symbol

from symback.circuits.names import fresh_name
from symback.circuits.program import Assign, Program, batch_sum, loop_of, varies
from symback.codegen.lines import names_in, wrapped
from symback.codegen.numpy.arrays import ArrayPrinter
from symback.operations.arrays.loops import LAST, STACKED, SUMMED, Turn, loop
from symback.operations.shapes import is_size

Statements = Callable[[Program, ArrayPrinter], list[str]]


def loop_statements(
    lines: Sequence[Assign], printer: ArrayPrinter, statements: Statements, lists: Set[Symbol]
) -> list[str]:
    """One loop for all lines that it gives; those in `lists` stay lists of the turns' values."""
    return _LoopText(lines, printer, statements, lists).text()


def only_turn_by_turn(program: Program) -> set[Symbol]:
    """The values that a loop leaves of all turns and that other loops alone read, turn by turn."""
    found = {
        line.target
        for line in program.lines
        if isinstance(line.expr, loop) and line.expr.kind == STACKED
    }
    found -= program.returned
    for line in program.lines:
        of = loop_of(line)
        if of is None:
            found -= line.reads
            continue
        start = len(of.turn.carried)
        stop = start + len(of.turn.sequences)
        parts = [o for o in of.operands[start:stop] if not o.is_Symbol]
        others = (*of.operands[:start], *of.operands[stop:], *parts)
        found -= {s for o in others for s in o.free_symbols}
    return found


@dataclass(frozen=True, slots=True)
class _Left:
    """What a loop leaves under a name."""

    target: Symbol
    kind: Any
    name: Symbol
    in_batch: bool  # whether it is summed over the samples


class _LoopText:
    def __init__(
        self,
        lines: Sequence[Assign],
        printer: ArrayPrinter,
        statements: Statements,
        lists: Set[Symbol],
    ) -> None:
        of = loop_of(lines[0])
        self._lists = lists
        self._turn: Turn = of.turn
        self._operands = of.operands
        self._left = [
            _Left(line.target, loop_of(line).kind, loop_of(line).name, line.expr != loop_of(line))
            for line in lines
        ]
        self._needed = self._turn.needed([left.name for left in self._left])
        self._statements = statements
        self._outer = printer
        names = self._turn.operands
        self._given = dict(zip(names, self._operands, strict=True))
        self._varying = self._find_varying()
        self._inner = printer.inside(self._varying, self._order())
        self._made = dict(self._turn.lines)
        self._at_once = [left for left in self._left if self._is_summed_at_once(left)]
        read = dict.fromkeys(s for left in self._at_once for s in self._read(left))
        taken = {str(name) for name in (*printer.names, *self._order())}
        computed = [s for s in read if s not in self._turn.sequences]
        self._rows_of = {s: fresh_name([f"{s}_rows"], taken) for s in computed}
        self._turns_of = {
            left.target: str(left.target)
            if left.target in lists
            else fresh_name([f"{left.target}_turns"], taken)
            for left in self._left
            if left.kind == STACKED
        }
        self._joined = list(read)

    def _find_varying(self) -> set[Symbol]:
        """The names of a turn that have one value a sample: where any operand has, all that is
        carried, so that all that a loop leaves has one.
        """
        found = {name for name, operand in self._given.items() if self._outer.varies(operand)}
        if found:
            found |= {name for name, _ in self._turn.carried}
        for name, line in self._turn.lines:
            if varies(line, found):
                found.add(name)
        return found

    @property
    def _is_of_samples(self) -> bool:
        """Whether what the loop leaves has one value a sample."""
        return any(map(self._outer.varies, self._operands))

    def _is_summed_at_once(self, left: _Left) -> bool:
        """Whether a sum over turns and samples is one over the rows of all turns' values."""
        if left.kind != SUMMED or not left.in_batch or self._made[left.name].is_number:
            return False
        shared = set(self._turn.shared)
        return all(
            (s in self._varying) != (s in shared) for s in self._made[left.name].free_symbols
        )

    def _read(self, left: _Left) -> list[Symbol]:
        """The values of turns that a sum is over."""
        found = self._made[left.name].free_symbols.difference(self._turn.shared)
        return sorted(found, key=self._order().index)

    def _order(self) -> list[Symbol]:
        return [*self._turn.operands, *(name for name, _ in self._turn.lines)]

    def text(self) -> list[str]:
        lines, body = self._before(), self._body()
        if body:  # all may be done at once behind it
            lines.append(f"for {self._variable} in {self._range()}:")
        lines += [f"    {line}" for line in body]
        return [*lines, *self._after()]

    @property
    def _variable(self) -> str:
        return f"turn_{self._turn.variable}"

    def _range(self) -> str:
        count = self._turn.count
        if count.is_Integer:
            text = f"range({count})"
        else:
            array = min(
                (self._given[n] for n in self._turn.sequences), key=self._lists.__contains__
            )
            axis = 1 if self._outer.varies(array) else 0
            name = self._outer.whole(array)
            text = f"range(len({name}))" if array in self._lists else f"range({name}.shape[{axis}])"
        return f"reversed({text})" if self._turn.is_backwards else text

    def _before(self) -> list[str]:
        """Initial values, and what takes up the values of the turns."""
        lines = []
        for name, _ in self._turn.carried:
            if name in self._needed:
                lines += wrapped(f"{name} =", self._initial(name))
        lines += [f"{name} = []" for name in (*self._turns_of.values(), *self._rows_of.values())]
        added = [left for left in self._left if left not in self._at_once]
        summed = [left.target.name for left in added if left.kind == SUMMED]
        lines += [f"{' = '.join(part)} = 0.0" for part in _in_parts(summed)]
        return lines

    def _initial(self, name: Symbol) -> str:
        operand = self._given[name]
        text = self._outer.whole(operand)
        if name not in self._varying or self._outer.varies(operand):
            return text
        return self._spread(text)

    def _spread(self, text: str) -> str:
        """The code for a value of all samples, as one that each of them has."""
        varying = (o for o in self._operands if self._outer.varies(o))
        like = min(varying, key=self._lists.__contains__)
        rows = f"len({like}[0])" if like in self._lists else self._outer.rows_of(like)
        return f"np.broadcast_to({text}, ({rows}, *np.shape({text})))"

    def _body(self) -> list[str]:
        turn = self._turn
        inner = self._turns_own_lines()
        lines, used = [], names_in(inner)
        for name in turn.sequences:
            if name.name in used:
                is_list = self._given[name] in self._lists
                axes = ":, " if self._outer.varies(self._given[name]) and not is_list else ""
                array = self._outer.whole(self._given[name])
                lines.append(f"{name} = {array}[{axes}{self._variable}]")
        for name in turn.shared:
            if name in self._needed and name != self._given[name] and not is_size(name):
                lines.append(f"{name} = {self._outer.whole(self._given[name])}")
        return [*lines, *inner]

    def _turns_own_lines(self) -> list[str]:
        """What a turn computes and leaves, and what it hands on to the next."""
        lines = self._stacked_before()
        lines += self._statements(self._program(), self._inner)
        lines += self._leaving()
        moved = [(a.name, b.name) for a, b in self._turn.carried if a in self._needed]
        if moved:
            before, after = (", ".join(part) for part in zip(*moved, strict=True))
            lines.append(f"{before} = {after}")
        return lines

    def _stacked_before(self) -> list[str]:
        """What is kept of values before the turn, taken up before the turn has others."""
        before = {name for name, _ in self._turn.carried}
        return [
            f"{self._turns_of[left.target]}.append({self._listed(left)})"
            for left in self._left
            if left.kind == STACKED and left.name in before
        ]

    def _program(self) -> Program:
        """The lines of a turn, but those of sums, which are added where they are made."""
        own = {left.name for left in self._left if left.kind == SUMMED}
        made = self._made
        read = {s for name, line in made.items() if name in self._needed for s in line.free_symbols}
        lines = tuple(
            Assign(name, line)
            for name, line in self._turn.lines
            if name in self._needed and (name not in own or name in read)
        )
        kept = [left.name for left in self._left if left.kind != SUMMED]
        kept += self._rows_of
        kept += [after for before, after in self._turn.carried if before in self._needed]
        arguments = tuple(dict.fromkeys((*self._turn.operands, *self._sizes())))
        results = tuple(dict.fromkeys(kept))
        return Program(arguments, lines, results, frozenset(self._varying.intersection(arguments)))

    def _sizes(self) -> set[Symbol]:
        return {s for _, line in self._turn.lines for s in line.free_symbols if is_size(s)}

    def _listed(self, left: _Left) -> str:
        """The code for a turn's value in a list: one value a sample, where the loop has such."""
        is_shared = self._is_of_samples and left.name not in self._varying
        text = str(left.name)
        return self._spread(text) if is_shared and left.target in self._lists else text

    def _leaving(self) -> list[str]:
        """What is taken up of a turn's values."""
        before = {name for name, _ in self._turn.carried}
        lines = [f"{rows}.append({name})" for name, rows in self._rows_of.items()]
        for left in self._left:
            if left.kind == STACKED and left.name not in before:
                lines.append(f"{self._turns_of[left.target]}.append({self._listed(left)})")
            elif left.kind == SUMMED and left not in self._at_once:
                value = self._made[left.name]
                summed = batch_sum(value) if left.in_batch else value
                lines += wrapped(f"{left.target} +=", self._inner.print(summed))
        return lines

    def _after(self) -> list[str]:
        lines = []
        for left in self._left:
            if left.kind == STACKED and left.target in self._lists:
                lines += [f"{left.target}.reverse()"] * self._turn.is_backwards
            elif left.kind == STACKED:
                order = self._turns_of[left.target] + "[::-1]" * self._turn.is_backwards
                axis = 1 if left.name in self._varying else 0
                text = f"np.stack({order}, axis={axis})"
                text += ".sum(axis=0)" * (left.in_batch and axis)
                lines.append(f"{left.target} = {text}")
                if self._is_of_samples and not axis:
                    lines.append(f"{left.target} = {self._spread(str(left.target))}")
            elif left.kind == LAST:
                before = next(b for b, after in self._turn.carried if after == left.name)
                summed = batch_sum(before) if left.in_batch else before
                lines.append(f"{left.target} = {self._inner.print(summed)}")
        lines += [f"{name} = {self._all_turns(name)}" for name in self._joined]
        for left in self._at_once:
            text = self._inner.print(batch_sum(self._made[left.name]))
            lines += wrapped(f"{left.target} =", text)
        return lines

    def _all_turns(self, name: Symbol) -> str:
        """The code for the values of all turns, a row a turn and sample."""
        if name in self._rows_of:
            order = "[::-1]" if self._turn.is_backwards else ""
            return f"np.concatenate({self._rows_of[name]}{order})"
        operand = self._given[name]
        text = self._outer.whole(operand)
        if operand in self._lists:
            return f"np.concatenate({text})"
        axes = ", ".join(["-1", f"*{text}.shape[2:]"]) if self._outer.ndim(operand) > 1 else "-1"
        return f"{text}.swapaxes(0, 1).reshape({axes})"


def _in_parts(names: Sequence[str], most: int = 6) -> Iterable[Sequence[str]]:
    for start in range(0, len(names), most):
        yield names[start : start + most]


__all__ = ["loop_statements", "only_turn_by_turn"]
