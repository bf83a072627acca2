"""Programs: straight-line lists of single assignments (Wengert lists) that targets print.

A program says what is computed, not for how many samples: symbols that vary by sample are
marked, and `batch_sum` is the one place where samples meet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cached_property
from operator import is_
from typing import Any, TypeAlias, cast

from sympy import Expr, Function, S, Symbol

from symback.errors import SymbackError
from symback.operations.arrays import eye_like, size
from symback.operations.arrays.loops import Turn, loop, loops_in
from symback.operations.expressions import compounds, is_shallow
from symback.operations.special import diffshare, powshare, sumshare

Chain = tuple[tuple[str, str], ...]
"""A product of partials in the lecture's order: (("f", "x2"), ("x2", "w3")) is ∂f/∂x2·∂x2/∂w3."""

Link: TypeAlias = Any
"""A factor of a product of partials: one, a second one by two names, or how often it counts."""


class Whole(tuple[str, ...]):
    """(of, node) in a chain where it stands for the whole partial, not for one edge."""

    __slots__ = ()


class batch_sum(Function):
    """The sum of a per-sample value over the samples of a batch."""

    nargs = 1
    is_extended_real = True
    is_number = False  # also of a number: it depends on how many samples there are

    def __new__(cls, value: Expr) -> Expr:
        if value is S.Zero:
            return value
        return cast(Expr, Expr.__new__(cls, value))  # nothing else to evaluate: there are many


@dataclass(frozen=True)
class Assign:
    """One assignment. `chains` are the chain-rule products whose sum the line computes."""

    target: Symbol
    expr: Expr
    chains: tuple[Chain, ...] = ()
    of: tuple[str, str] | None = None  # (output, node): the line computes ∂output/∂node

    @cached_property
    def reads(self) -> frozenset[Symbol]:
        """The names that the line reads; every pass asks for them."""
        return frozenset(symbols(self.expr))

    @cached_property
    def operations(self) -> int:
        """How many operations the line counts, a sum over the batch not among them."""
        return operations(self.expr)

    @cached_property
    def loops(self) -> list[loop]:
        """The loops of which the line is given what they leave."""
        return loops_in(self.expr)

    def __str__(self) -> str:
        return f"{self.target} = {self.expr}"


@dataclass(frozen=True)
class Program:
    """Assignments from arguments to results."""

    arguments: tuple[Symbol, ...]
    lines: tuple[Assign, ...]
    results: tuple[Symbol, ...]
    per_sample: frozenset[Symbol]  # of the arguments

    def __str__(self) -> str:
        head = ", ".join(map(str, self.arguments))
        body = "\n".join(f"    {line}" for line in self.lines)
        return f"({head}):\n{body}\n    return {', '.join(map(str, self.results))}"

    def check(self) -> Program:
        """The program itself, if every name is assigned once and before it is used."""
        known = set(self.arguments)
        for line in self.lines:
            if not line.reads <= known or line.target in known:
                missing = line.reads - known
                what = f"uses {min(map(str, missing))}" if missing else "assigns twice"
                raise SymbackError(f"internal: the line {line} {what}")
            known.add(line.target)
        if not self.returned <= known:
            raise SymbackError("internal: a result is not assigned")
        return self

    def with_lines(self, lines: Iterable[Assign]) -> Program:
        """The program with other lines; itself where they are the same objects."""
        made = tuple(lines)
        same = len(made) == len(self.lines) and all(map(is_, made, self.lines))
        return self if same else replace(self, lines=made)

    def varying(self) -> set[Symbol]:
        """Every symbol that has one value a sample."""
        found = set(self.per_sample)
        for line in self.lines:
            if varies(line.expr, found):
                found.add(line.target)
        return found

    def live(self, counted: AbstractSet[Symbol]) -> int:
        """The most of these values that are made and still to be read at one time."""
        last = {s: i for i, line in enumerate(self.lines) for s in line.reads}
        last |= dict.fromkeys(self.results, len(self.lines))
        now = most = len(counted & set(self.arguments))
        ends = Counter(last.get(s) for s in counted & set(self.arguments))
        for i, line in enumerate(self.lines):
            if line.target in counted:
                now += 1
                ends[last.get(line.target, i)] += 1
            most = max(most, now)
            now -= ends[i]
        return most

    @cached_property
    def returned(self) -> frozenset[Symbol]:
        return frozenset(self.results)

    @property
    def operations(self) -> int:
        """How many operations the lines count, a sum over the batch not among them; those of a
        turn once where only data know how many turns there are.
        """
        left: dict[Any, list[Symbol]] = {}
        for line in self.lines:
            for of in line.loops:
                left.setdefault((of.turn, of.operands), []).append(of.name)
        found = sum(line.operations for line in self.lines)
        for (turn, _), names in left.items():
            needed = turn.needed(names)
            once = sum(operations(line) for name, line in turn.lines if name in needed)
            found += once * (int(turn.count) if turn.count.is_Integer else 1)
        return found


def loop_of(line: Assign) -> Any:
    """The loop of which a line is given what it leaves; None for other lines."""
    value = line.expr.args[0] if isinstance(line.expr, batch_sum) else line.expr
    return value if isinstance(value, loop) else None


def loop_lines(program: Program) -> dict[Symbol, list[Assign]]:
    """For the first line of each loop all lines that it gives."""
    found: dict[Any, list[Assign]] = {}
    for line in program.lines:
        of = loop_of(line)
        if of is not None:
            found.setdefault(of.group, []).append(line)
    return {lines[0].target: lines for lines in found.values()}


def symbols(expr: Expr) -> set[Symbol]:
    if isinstance(expr, batch_sum):
        return symbols(expr.args[0])
    if expr.is_Symbol:
        return {expr}
    if is_shallow(expr):
        return {a for a in expr.args if a.is_Symbol}
    return {a for part in compounds(expr) for a in part.args if a.is_Symbol}


_OF_ALL_SAMPLES = (batch_sum, eye_like, size)


def varies(expr: Expr, varying: set[Symbol]) -> bool:
    """Whether the expression has one value a sample."""
    if isinstance(expr, _OF_ALL_SAMPLES):
        return False
    if expr.is_Symbol:
        return expr in varying
    return any(varies(a, varying) for a in expr.args)


def varying_in_turn(turn: Turn, given: Iterable[Symbol]) -> set[Symbol]:
    """The names of a turn that have one value a sample, where these of its operands have.

    Where any has, all that is carried has, so that all that a loop leaves has one.
    """
    found = {*given}
    if found:
        found |= {name for name, _ in turn.carried}
    for name, line in turn.lines:
        if varies(line, found):
            found.add(name)
    return found


def operations(expr: Expr) -> int:
    """Operations of one expression, as code computes it: a - b/c are two."""
    if isinstance(expr, batch_sum):
        return operations(expr.args[0])
    if is_shallow(expr):  # most lines of a large circuit: w*x
        return _operations(expr)
    parts = compounds(expr)
    free = {operand for part in parts for operand in _taken_in(part)}
    return sum(_operations(part) for part in parts if part not in free)


def _taken_in(part: Expr) -> list[Expr]:
    """Operands that need no operation of their own: -b in a - b, 1/b in a/b."""
    if part.is_Add:
        return [a for a in part.args if a.is_Mul and len(a.args) == 2 and a.args[0] == -1]
    if part.is_Mul:
        return [a for a in part.args if a.is_Pow and a.exp == -1]
    return []


def _operations(part: Expr) -> int:
    if part.is_Mul and all(f.is_Symbol for f in part.args):  # most parts of a large circuit
        return len(part.args) - 1
    if part.is_number or part.is_Symbol or isinstance(part, batch_sum | loop):
        return 0
    if part.is_Add:
        return len(part.args) - 1
    if part.is_Mul:  # a sign in front of a product costs nothing
        return len(part.args) - 1 - (1 if part.args[0] == -1 and len(part.args) > 2 else 0)
    if isinstance(part, sumshare | diffshare):
        return len(part.args) + isinstance(part, diffshare)  # sums and a quotient
    if isinstance(part, powshare):
        return 4  # a quotient, its power, a sum and a quotient
    return 1 if part.args and isinstance(part, Expr) else 0
