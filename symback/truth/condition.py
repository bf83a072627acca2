"""Condition numbers: how much the rounding of each line counts in a result.

For a result y of a program and a line v, |∂y/∂v · v| / |y| is by how many units in its last place
y moves where v is off by one (Bauer 1974, "Computational graphs and rounding error"). Over the
arguments these add up to the condition number of the problem, which no formula can better; over
the lines, to that of the formula. Where a line counts far more than the arguments do, the formula
loses digits there; where the arguments count as much, the point is to blame.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flint import arb
from sympy import Expr, Piecewise, Symbol

from symback.circuits.program import Assign, batch_sum
from symback.operations.balls.scalars import evaluate, nearest_float
from symback.operations.elementwise import EXACT
from symback.operations.expressions import postorder, real_symbol
from symback.operations.forms import Numbering, expression_of, form_of, place
from symback.truth.rounding import meaning_of_line

INNER = "."  # between a line's name and the number of an operation inside it
BLAME = 16.0
"""A formula is to blame where it is so many times worse conditioned than its problem."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Of one result at one point: of the problem, of the formula, and the line that counts most."""

    problem: float
    formula: float
    line: str
    share: float  # of the line: units of the result for one unit of it

    @property
    def formula_is_to_blame(self) -> bool:
        """Whether digits are lost by how the result is computed, not by what it is."""
        return self.share > BLAME * max(1.0, self.problem)


class Conditions:
    """The condition numbers of a program's results at one point.

    `lines` compute from the numbers of `point` and from `seed`, which is 1, the batch being one
    sample. Call it within a precision (`symback.operations.balls.scalars.precision`) that leaves
    digits after all cancellation.
    """

    def __init__(
        self, lines: Iterable[Assign], point: Mapping[Symbol, arb], seed: Symbol | None = None
    ) -> None:
        self._lines = tuple(part for line in lines for part in _operations(line.target, line.expr))
        self._arguments = tuple(point)
        self._values: dict[Any, arb] = dict(point)
        if seed is not None:
            self._values[seed] = arb(1)
        self._locals: list[dict[Symbol, arb]] = []
        for line in self._lines:
            operands: dict[Any, arb] = {p: self._values[s] for s, p, _ in line.operands}
            self._values[line.target] = evaluate(line.meaning, operands)
            self._locals.append({s: evaluate(slope, operands) for s, _, slope in line.operands})

    def of(self, result: Symbol) -> Condition:
        """The condition of a result; infinite where the result is 0 and what leads to it is not."""
        bars: dict[Symbol, arb] = {result: arb(1)}
        counts: list[tuple[float, str]] = []
        for line, slopes in zip(reversed(self._lines), reversed(self._locals), strict=True):
            bar = bars.get(line.target)
            if bar is None:
                continue
            if line.rounds:
                name = line.target.name.partition(INNER)[0]
                counts.append((self._count(bar, line.target, result), name))
            for operand, slope in slopes.items():
                bars[operand] = bars.get(operand, arb(0)) + bar * slope
        own = [self._count(bars[s], s, result) for s in self._arguments if s in bars]
        share, name = max(counts, default=(0.0, ""))
        return Condition(sum(own), sum(own) + sum(c for c, _ in counts), name, share)

    def knows(self, symbol: Symbol) -> bool:
        return symbol in self._values

    def _count(self, bar: arb, symbol: Symbol, result: Symbol) -> float:
        part = abs(bar * self._values[symbol])
        if part == 0:
            return 0.0
        whole = abs(self._values[result])
        return float("inf") if whole == 0 else nearest_float((part / whole).mid())


@dataclass(frozen=True, slots=True)
class _Operation:
    """One operation of a line: its meaning over places, and its slope by each operand."""

    target: Symbol
    rounds: bool
    meaning: Expr
    operands: tuple[tuple[Symbol, Symbol, Expr], ...]  # with place and slope

    @classmethod
    def of(cls, target: Symbol, expr: Expr) -> _Operation:
        numbers: Numbering = {}
        meaning, slopes = _meaning_and_slopes(form_of(expr, numbers), len(numbers))
        operands = tuple((s, place(i), slopes[i]) for s, i in numbers.items())
        return cls(target, _rounds(expr), meaning, operands)


@lru_cache(maxsize=2**14)
def _operations(target: Symbol, expr: Expr) -> tuple[_Operation, ...]:
    """A line as single operations: a product inside a sum rounds as well."""
    if isinstance(expr, Piecewise):  # which branch it takes hangs together with its values
        return (_Operation.of(target, expr),)
    inner: dict[Expr, Symbol] = {}
    found = []
    for part in postorder(expr):
        if not part.args or part.is_number or not isinstance(part, Expr):
            continue
        name = real_symbol(f"{target.name}{INNER}{len(inner)}")
        to = target if part == expr else inner.setdefault(part, name)
        found.append(_Operation.of(to, part.func(*[inner.get(a, a) for a in part.args])))
    return tuple(found) or (_Operation.of(target, expr),)


def _rounds(expr: Expr) -> bool:
    """Whether the line's operation rounds: not where it copies, chooses or turns the sign."""
    if expr.is_Mul and expr.args[0] == -1 and len(expr.args) == 2:
        expr = expr.args[1]
    return bool(expr.args) and not isinstance(expr, (*EXACT, batch_sum))


@lru_cache(maxsize=2**14)
def _meaning_and_slopes(form: Hashable, names: int) -> tuple[Expr, list[Expr]]:
    """A line of so many names in SymPy's own functions, and its slope by each of them."""
    meaning = meaning_of_line(expression_of(form))
    return meaning, [meaning.diff(place(i)) for i in range(names)]


__all__ = ["BLAME", "Condition", "Conditions"]
