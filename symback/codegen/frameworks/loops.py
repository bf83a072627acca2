"""Loops that are kept, in frameworks: a loop of Python, or a scan where the framework has one.

Both are written in NumPy's words, as all lines are, and translated as a whole.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sympy import Expr, Symbol

from symback.circuits.names import fresh_name
from symback.circuits.program import Assign, batch_sum, loop_of, varying_in_turn
from symback.codegen.frameworks.words import Words
from symback.codegen.lines import WIDTH, names_in, tuple_of, wrapped
from symback.codegen.numpy.arrays import ArrayPrinter
from symback.codegen.numpy.statements import is_constant
from symback.operations.arrays.loops import LAST, STACKED, SUMMED, Turn
from symback.operations.shapes import is_size


def framework_loop(lines: Sequence[Assign], printer: ArrayPrinter, words: Words) -> list[str]:
    """One loop for all lines that it gives."""
    kind = _Scan if words.scans else _PythonLoop
    return list(_translated(kind(lines, printer).text(), words))


@dataclass(frozen=True, slots=True)
class _Left:
    """What a loop leaves under a name."""

    target: Symbol
    kind: Any
    name: Symbol
    in_batch: bool  # whether it is summed over the samples


class _Loop:
    """One loop, as text in NumPy's words."""

    def __init__(self, lines: Sequence[Assign], printer: ArrayPrinter) -> None:
        of = loop_of(lines[0])
        self._outer = printer
        self._turn: Turn = of.turn
        self._operands = of.operands
        self._given = dict(zip(self._turn.operands, of.operands, strict=True))
        self._made = dict(self._turn.lines)
        self._left = [
            _Left(line.target, loop_of(line).kind, loop_of(line).name, line.expr != loop_of(line))
            for line in lines
        ]
        self._needed = self._turn.needed([left.name for left in self._left])
        self._carried = [pair for pair in self._turn.carried if pair[0] in self._needed]
        self._is_of_samples = any(map(printer.varies, self._operands))
        self._varying = varying_in_turn(
            self._turn, {name for name, of in self._given.items() if self._outer.varies(of)}
        )
        self._order = [*self._turn.operands, *self._made]
        self._inner = printer.inside(self._varying, self._order)
        self._at_once = [left for left in self._left if self._is_summed_at_once(left)]
        self._added = [
            left for left in self._left if left.kind == SUMMED and left not in self._at_once
        ]
        read = dict.fromkeys(s for left in self._at_once for s in self._read(left))
        taken = {str(name) for name in (*printer.names, *self._order)}
        self._joined = list(read)
        self._rows_of = {
            s: fresh_name([f"{s}_rows"], taken) for s in read if s not in self._turn.sequences
        }

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
        return sorted(found, key=self._order.index)

    def _count(self) -> str:
        """The code for the number of turns."""
        count = self._turn.count
        if count.is_Integer:
            return str(count)
        array = self._given[self._turn.sequences[0]]
        return f"{self._outer.whole(array)}.shape[{int(self._outer.varies(array))}]"

    def _initial(self, name: Symbol) -> str:
        operand = self._given[name]
        constant = is_constant(operand)
        text = self._outer.constant(operand) if constant else self._outer.whole(operand)
        if name not in self._varying or self._outer.varies(operand):
            return text
        return self._spread(text)

    def _spread(self, text: str) -> str:
        """The code for a value of all samples, as one that each of them has."""
        rows = self._outer.rows_of(next(o for o in self._operands if self._outer.varies(o)))
        return f"np.broadcast_to({text}, ({rows}, *np.shape({text})))"

    def _aliases(self) -> Iterator[str]:
        """Names of the turn for what all turns share under another one."""
        for name in self._turn.shared:
            if name in self._needed and name != self._given[name] and not is_size(name):
                yield f"{name} = {self._outer.whole(self._given[name])}"

    def _lines(self) -> list[str]:
        """What a turn computes, but those of sums, which are added where they are made."""
        own = {left.name for left in self._left if left.kind == SUMMED}
        made = self._made
        read = {s for name, line in made.items() if name in self._needed for s in line.free_symbols}
        return [
            f"{name} = {_printed(line, self._inner)}"
            for name, line in made.items()
            if name in self._needed and (name not in own or name in read)
        ]

    def _contribution(self, left: _Left) -> str:
        text = self._inner.print(_of_samples(left, self._made[left.name]))
        return f"({text})" if text.startswith("-") else text

    def _behind(self) -> list[str]:
        """Values of the last turn, and sums over all turns at once."""
        lines = []
        for left in self._left:
            if left.kind == LAST:
                before = next(b for b, after in self._turn.carried if after == left.name)
                text = self._inner.print(_of_samples(left, before))
                lines.append(f"{left.target} = {text}")
            elif left.kind == STACKED and self._is_of_samples and left.name not in self._varying:
                lines.append(f"{left.target} = {self._spread(str(left.target))}")
        lines += [f"{name} = {self._all_turns(name)}" for name in self._joined]
        for left in self._at_once:
            lines.append(f"{left.target} = {self._inner.print(batch_sum(self._made[left.name]))}")
        return lines

    def _all_turns(self, name: Symbol) -> str:
        """The code for the values of all turns, a row a turn and sample."""
        if name in self._rows_of:
            return self._as_rows(self._rows_of[name])
        operand = self._given[name]
        text = self._outer.whole(operand)
        axes = ", ".join(["-1", f"*{text}.shape[2:]"]) if self._outer.ndim(operand) > 1 else "-1"
        return f"{text}.swapaxes(0, 1).reshape({axes})"

    def _as_rows(self, turns: str) -> str:
        """The code for values of turns end to end."""
        raise NotImplementedError


class _PythonLoop(_Loop):
    """Turn by turn, in lists whose order is changed by a copy."""

    def text(self) -> list[str]:
        taken = {str(s) for s in (*self._outer.names, *self._order)}
        lists = {
            left.target: fresh_name([f"{left.target}_turns"], taken)
            for left in self._left
            if left.kind == STACKED
        }
        starts = [f"{before} = {self._initial(before)}" for before, _ in self._carried]
        starts += [f"{name} = []" for name in (*lists.values(), *self._rows_of.values())]
        starts += [f"{left.target} = 0.0" for left in self._added]
        count = f"range({self._count()})"
        count = f"reversed({count})" if self._turn.is_backwards else count
        variable = f"turn_{self._turn.variable}"
        inner = [*self._aliases(), *self._lines()]
        inner += [f"{rows}.append({name})" for name, rows in self._rows_of.items()]
        inner += [f"{lists[x.target]}.append({x.name})" for x in self._left if x.target in lists]
        inner += [f"{x.target} = {x.target} + {self._contribution(x)}" for x in self._added]
        if self._carried:
            before, after = (", ".join(map(str, part)) for part in zip(*self._carried, strict=True))
            inner.append(f"{before} = {after}")
        read = names_in(inner)
        entries = [n for n in self._turn.sequences if n.name in read]
        inner[:0] = [f"{n} = {self._entry(n, variable)}" for n in entries]
        loop = [f"for {variable} in {count}:", *(f"    {line}" for line in inner)] if inner else []
        stacks = [
            f"{x.target} = {self._stacked(x, lists[x.target])}"
            for x in self._left
            if x.target in lists
        ]
        return [*starts, *loop, *stacks, *self._behind()]

    def _entry(self, name: Symbol, variable: str) -> str:
        array = self._given[name]
        axes = ":, " if self._outer.varies(array) else ""
        return f"{self._outer.whole(array)}[{axes}{variable}]"

    def _stacked(self, left: _Left, turns: str) -> str:
        axis = int(left.name in self._varying)
        sum_ = ".sum(axis=0)" * (left.in_batch and axis)
        return f"np.stack({self._in_order(turns)}, axis={axis}){sum_}"

    def _as_rows(self, turns: str) -> str:
        return f"np.concatenate({self._in_order(turns)})"

    def _in_order(self, turns: str) -> str:
        return f"list(reversed({turns}))" if self._turn.is_backwards else turns


class _Scan(_Loop):
    """A turn as a function of what is carried and of its entries, which `_scan` calls."""

    def text(self) -> list[str]:
        befores, afters = ([str(pair[side]) for pair in self._carried] for side in (0, 1))
        starts = [self._initial(before) for before, _ in self._carried]
        for added in self._added:
            befores.append(str(added.target))
            afters.append(f"{added.target} + {self._contribution(added)}")
            starts.append("0.0")
        left = {str(x.target): str(x.name) for x in self._left if x.kind == STACKED}
        left |= {rows: str(name) for name, rows in self._rows_of.items()}
        inner = [*self._aliases(), *self._lines()]
        read = names_in([*inner, *left.values(), *afters])
        entries = [name for name in self._turn.sequences if name.name in read]
        name = f"_turn_of_{self._left[0].target}"
        given = [name, _tuple(starts), _tuple(map(self._by_turns, entries)), self._count()]
        given += ["True"] * self._turn.is_backwards
        return [
            f"def {name}(_carry: Any, _entries: Any) -> Any:",
            *([f"    {_tuple(befores)} = _carry"] if befores else []),
            *([f"    {_tuple(map(str, entries))} = _entries"] if entries else []),
            *(f"    {line}" for line in inner),
            f"    return {_tuple(afters)}, {_tuple(left.values())}",
            f"{_tuple(befores, '_')}, {_tuple(left, '_')} = _scan({', '.join(given)})",
            *self._samples_first(),
            *self._behind(),
        ]

    def _by_turns(self, name: Symbol) -> str:
        """The code for a sequence whose first axis is that of the turns."""
        array = self._given[name]
        text = self._outer.whole(array)
        return f"({text}).swapaxes(0, 1)" if self._outer.varies(array) else text

    def _samples_first(self) -> Iterator[str]:
        for left in self._left:
            if left.kind == STACKED and left.name in self._varying:
                sum_ = ".sum(axis=0)" * left.in_batch
                yield f"{left.target} = {left.target}.swapaxes(0, 1){sum_}"

    def _as_rows(self, turns: str) -> str:
        return f"{turns}.reshape(-1, *{turns}.shape[2:])"


def _printed(expr: Expr, printer: ArrayPrinter) -> str:
    return printer.constant(expr) if is_constant(expr) else printer.print(expr)


def _of_samples(left: _Left, value: Expr) -> Expr:
    return batch_sum(value) if left.in_batch else value


def _tuple(names: Iterable[str], none: str = "()") -> str:
    found = [*names]
    return tuple_of(found) if len(found) > 1 else f"({found[0]},)" if found else none


def _translated(lines: Sequence[str], words: Words) -> Iterator[str]:
    """The lines in a framework's words, long ones broken."""
    tree = ast.fix_missing_locations(words.visit(ast.parse("\n".join(lines))))
    for line in ast.unparse(tree).splitlines():
        text = line.lstrip()
        indent = line[: len(line) - len(text)]
        yield from (f"{indent}{part}" for part in _broken(text, 4 + len(indent)))


def _broken(text: str, depth: int) -> list[str]:
    """A statement that stands that deep, in lines of its own where it is long."""
    if len(text) + depth <= WIDTH or text.startswith(("for ", "def ")):
        return [text] if text else []
    match ast.parse(text if not text.startswith("return ") else text.removeprefix("return ")).body:
        case [ast.Assign(targets=[ast.Name(name)], value=value)]:
            return wrapped(f"{name} =", ast.unparse(value), depth)
        case [ast.Assign(targets=[target], value=ast.Call() as call)]:
            start = f"{ast.unparse(target)[1:-1]} = {ast.unparse(call.func)}("
            return [start, *_each(call.args), ")"]
        case [ast.Expr(ast.Tuple(parts))]:
            return ["return (", *_each(parts), ")"]
    return [text]


def _each(parts: Iterable[ast.expr]) -> list[str]:
    return [f"    {ast.unparse(part)}," for part in parts]


__all__ = ["framework_loop"]
