"""Loops that are kept: recurrences as loops of Python, what needs no turn before at once.

Values of all turns are rows: one a turn and sample, those of a turn side by side, so that whatever
is printed for the samples of a batch serves for all turns of all samples. Where no value varies by
sample, a row is a turn.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from sympy import Expr, Symbol

from symback.circuits.names import fresh_name
from symback.circuits.program import Assign, Program, batch_sum, loop_of, varying_in_turn
from symback.codegen.lines import WIDTH, names_in, wrapped
from symback.codegen.numpy.arrays import VIEWS, ArrayPrinter
from symback.operations.arrays.loops import LAST, STACKED, SUMMED, Turn, loop
from symback.operations.expressions import real_symbol
from symback.operations.shapes import is_size

Statements = Callable[[Program, ArrayPrinter], list[str]]


@dataclass(slots=True)
class Rows:
    """Which values of all turns a function has as rows."""

    only: Set[Symbol]  # those that loops alone read
    known: dict[Expr, str] = field(default_factory=dict)  # the names of others' rows
    turns: str = ""  # the list of what is left of each turn, once there is one


def loop_statements(
    lines: Sequence[Assign], printer: ArrayPrinter, statements: Statements, rows: Rows
) -> list[str]:
    """The statements for all that one loop leaves."""
    kind = _AtOnce if loop_of(lines[0]).turn.is_at_once else _TurnByTurn
    return kind(lines, printer, statements, rows).text()


def read_by_loops_alone(program: Program) -> set[Symbol]:
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
        self, lines: Sequence[Assign], printer: ArrayPrinter, statements: Statements, rows: Rows
    ) -> None:
        of = loop_of(lines[0])
        self._rows, self._outer, self._statements = rows, printer, statements
        self._turn: Turn = of.turn
        self._operands = of.operands
        self._given = dict(zip(self._turn.operands, of.operands, strict=True))
        self._left = [
            _Left(line.target, loop_of(line).kind, loop_of(line).name, line.expr != loop_of(line))
            for line in lines
        ]
        self._needed = self._turn.needed([left.name for left in self._left])
        self._made = {name: line for name, line in self._turn.lines if name in self._needed}
        self._order = [*self._turn.operands, *(name for name, _ in self._turn.lines)]
        self._taken = {str(name) for name in (*printer.names, *self._order)}
        self._taken |= {*rows.known.values()}
        self._count = printer.print(self._turn.count)
        self._of_samples = any(map(printer.varies, of.operands))

    def _fresh(self, name: str) -> str:
        found = fresh_name([name], self._taken)
        self._taken.add(found)
        return found

    def _is_rows(self, operand: Expr) -> bool:
        """Whether an operand is at hand as rows."""
        return operand in self._rows.only or not self._outer.varies(operand)

    def _whole(self, rows: str, left: _Left) -> str:
        """The code for an array with the samples along its first axis, the turns behind it, or for
        the sum over the samples.
        """
        if not self._of_samples:
            return rows
        end = ".sum(axis=1)" if left.in_batch else ".swapaxes(0, 1)"
        return f"_turns({rows}, {self._count}){end}"

    def _program(
        self, lines: Sequence[Assign], left: Iterable[Symbol], varying: Set[Symbol]
    ) -> Program:
        """What a turn computes of what stands outside of it."""
        read = set().union(*(line.reads for line in lines)) - {line.target for line in lines}
        arguments = tuple(sorted(read, key=str))
        marked = frozenset(varying).intersection(arguments)
        return Program(arguments, tuple(lines), tuple(dict.fromkeys(left)), marked)

    def _lines(self) -> list[Assign]:
        """The needed lines of the turn, without those of sums that no other line reads."""
        summed = {left.name for left in self._left if left.kind == SUMMED}
        kept = {left.name for left in self._left if left.kind != SUMMED or not self._is_added(left)}
        read = {s for line in self._made.values() for s in line.free_symbols}
        return [
            Assign(name, line)
            for name, line in self._made.items()
            if name not in summed or name in read or name in kept
        ]

    def _is_added(self, left: _Left) -> bool:
        """Whether a sum is over the samples as well, or over what these share."""
        return left.in_batch or not self._of_samples


class _AtOnce(_LoopText):
    """A loop without anything carried: its turn over the rows of all turns."""

    def text(self) -> list[str]:
        stacked = [left for left in self._left if left.kind == STACKED]
        self._names = {x.name: x.target for x in stacked if x.target in self._rows.only}
        lines = self._reading()
        order = [self._named(n) for n in self._order]
        shapes = {str(self._named(n)): self._turn.shape(n) for n in self._order}
        varying = {self._named(n) for n in (*self._turn.sequences, *self._made)}
        self._inner = self._outer.inside(varying, order, shapes, self._row_count())
        made = [Assign(self._named(x.target), x.expr.xreplace(self._names)) for x in self._lines()]
        left = [x.name for x in self._left if x.kind == STACKED or not self._is_added(x)]
        program = self._program(made, map(self._named, left), varying)
        lines += self._statements(program, self._inner)
        for x in stacked:
            rows = str(self._named(x.name))
            if x.target not in self._rows.only:
                copy = ".copy()" * isinstance(self._made[x.name], VIEWS)
                lines.append(f"{x.target} = {self._whole(rows, x)}{copy}")
                self._rows.known |= {} if x.in_batch else {x.target: rows}
            elif rows != str(x.target):
                lines.append(f"{x.target} = {rows}")
        return [*lines, *self._sums()]

    def _named(self, name: Symbol) -> Symbol:
        """The name that the rows of a name of the turn have."""
        return self._names.get(name, name)

    def _reading(self) -> list[str]:
        """The rows of what the turn reads, under names that are at hand where there are some."""
        lines = []
        for name in self._turn.sequences:
            operand = self._given[name]
            if self._is_rows(operand) and operand.is_Symbol:
                self._names[name] = operand
                continue
            if operand not in self._rows.known:
                self._rows.known[operand] = rows = self._fresh(f"{name}_rows")
                text = self._outer.whole(operand)
                text = text if self._is_rows(operand) else f"_rows_of_turns({text})"
                lines.append(f"{rows} = {text}")
            self._names[name] = real_symbol(self._rows.known[operand])
        for name in self._turn.shared:
            operand = self._given[name]
            if operand.is_Symbol:
                self._names[name] = operand
            elif not is_size(name):
                lines.append(f"{name} = {self._outer.whole(operand)}")
        return lines

    def _row_count(self) -> str:
        """The code for the number of rows, in the dtype of the others."""
        return f"{self._outer.dtype()}.type(len({self._named(self._turn.sequences[0])}))"

    def _sums(self) -> list[str]:
        lines = []
        for left in self._left:
            if left.kind != SUMMED:
                continue
            if self._is_added(left):
                value = batch_sum(self._made[left.name].xreplace(self._names))
                text = self._inner.print(value)
            else:
                text = f"_turns({self._named(left.name)}, {self._count}).sum(axis=0)"
            lines += wrapped(f"{left.target} =", text)
        return lines


class _TurnByTurn(_LoopText):
    """A loop of Python, in which what is left of each turn is gathered in lists."""

    def text(self) -> list[str]:
        self._varying = varying_in_turn(
            self._turn, {name for name, of in self._given.items() if self._outer.varies(of)}
        )
        self._inner = self._outer.inside(self._varying, self._order)
        self._carried = [(a, b) for a, b in self._turn.carried if a in self._needed]
        stacked = (left.name for left in self._left if left.kind == STACKED)
        self._stacked = [*dict.fromkeys(stacked)]
        lines, body = self._before(), self._body()
        if body:
            lines += self._header(names_in(body))
        return [*lines, *(f"    {line}" for line in body), *self._after()]

    # -- in front of the loop --------------------------------------------------------------------

    def _before(self) -> list[str]:
        """Initial values, and what takes up the values of the turns."""
        lines = []
        for name, _ in self._carried:
            lines += wrapped(f"{name} =", self._initial(name))
        for name in self._turn.shared:
            if name in self._needed and name != self._given[name] and not is_size(name):
                lines.append(f"{name} = {self._outer.whole(self._given[name])}")
        if self._stacked:
            is_new = not self._rows.turns
            self._rows.turns = self._rows.turns or self._fresh("turns")
            lines.append(f"{self._rows.turns}{': list[Any]' * is_new} = []")
        summed = [left.target.name for left in self._left if left.kind == SUMMED]
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
        operands = (o for o in self._operands if self._outer.varies(o))
        like = min(operands, key=self._rows.only.__contains__)
        count = self._outer.rows_of(like)
        if like in self._rows.only:
            count += f" // ({self._count})" if " " in self._count else f" // {self._count}"
        return f"np.broadcast_to({text}, ({count}, *np.shape({text})))"

    def _header(self, used: Set[str]) -> list[str]:
        """The statement that begins the loop, with the names of what a turn reads of each array."""
        read = [name for name in self._turn.sequences if name.name in used]
        if not read:
            text = f"range({self._count})"
            text = f"reversed({text})" if self._turn.is_backwards else text
            return [f"for turn_{self._turn.variable} in {text}:"]
        end = "[::-1]" if self._turn.is_backwards else ""
        arrays = [self._by_turn(self._given[name]) + end for name in read]
        names = ", ".join(name.name for name in read)
        if len(read) == 1:
            return [f"for {names} in {arrays[0]}:"]
        line = f"for {names} in zip({', '.join(arrays)}, strict=True):"
        if len(line) <= WIDTH - 4:
            return [line]
        return [f"for {names} in zip(", *(f"    {a}," for a in arrays), "    strict=True,", "):"]

    def _by_turn(self, operand: Expr) -> str:
        """The code for an array with the turns along its first axis."""
        text = self._outer.whole(operand)
        if not self._outer.varies(operand):
            return text
        if operand in self._rows.only:
            return f"_turns({text}, {self._count})"
        return f"{text}.swapaxes(0, 1)"

    # -- a turn ----------------------------------------------------------------------------------

    def _body(self) -> list[str]:
        """What a turn computes and leaves, and what it hands on to the next."""
        left = [left.name for left in self._left if left.kind != SUMMED]
        left += [after for _, after in self._carried]
        lines = self._statements(self._program(self._lines(), left, self._varying), self._inner)
        if self._stacked:
            values = ", ".join(map(self._listed, self._stacked))
            values = values if len(self._stacked) == 1 else f"({values})"
            lines += _filled(f"{self._rows.turns}.append(", values, ")")
        for x in self._left:
            if x.kind == SUMMED:
                value = self._made[x.name]
                summed = batch_sum(value) if x.in_batch else value
                lines += wrapped(f"{x.target} +=", self._inner.print(summed))
        if self._carried:
            before, after = zip(*((a.name, b.name) for a, b in self._carried), strict=True)
            lines.append(f"{', '.join(before)} = {', '.join(after)}")
        return lines

    def _listed(self, name: Symbol) -> str:
        """The code for a turn's value in a list: one value a sample, where the loop has such."""
        is_shared = self._of_samples and name not in self._varying
        return self._spread(str(name)) if is_shared else str(name)

    # -- behind the loop -------------------------------------------------------------------------

    def _after(self) -> list[str]:
        lines = self._joined()
        for left in self._left:
            if left.kind == LAST:
                before = next(b for b, after in self._turn.carried if after == left.name)
                summed = batch_sum(before) if left.in_batch else before
                lines.append(f"{left.target} = {self._inner.print(summed)}")
        return lines

    def _joined(self) -> list[str]:
        """The values of all turns as rows, the first turn first, and as arrays where one reads
        them so.
        """
        rows: dict[Symbol, str] = {}
        ends: list[str] = []
        for left in self._left:
            if left.kind != STACKED:
                continue
            alone = left.target in self._rows.only
            if alone and left.name not in rows:
                rows[left.name] = left.target.name
                continue
            known = rows.setdefault(left.name, self._fresh(f"{left.name}_rows"))
            ends.append(f"{left.target} = {known if alone else self._whole(known, left)}")
        if not rows:
            return []
        join = "np.concatenate" if self._of_samples else "np.stack"
        turns = self._rows.turns + "[::-1]" * self._turn.is_backwards
        names = [rows[name] for name in self._stacked]
        if len(names) == 1:
            return [f"{names[0]} = {join}({turns})", *ends]
        value = f" = map({join}, zip(*{turns}, strict=True))"
        line = ", ".join(names)
        if len(line) + len(value) <= WIDTH - 4:
            return [f"{line}{value}", *ends]
        return [*_filled("(", line, f"){value}"), *ends]


def _filled(start: str, text: str, end: str) -> list[str]:
    """A statement whose inner part has lines of its own where all is wider than a line."""
    if len(start) + len(text) + len(end) <= WIDTH - 8:
        return [f"{start}{text}{end}"]
    inner = textwrap.wrap(text, WIDTH - 12, break_long_words=False, break_on_hyphens=False)
    return [start, *(f"    {line}" for line in inner), end]


def _in_parts(names: Sequence[str], most: int = 6) -> Iterable[Sequence[str]]:
    for start in range(0, len(names), most):
        yield names[start : start + most]


__all__ = ["Rows", "loop_statements", "read_by_loops_alone"]
