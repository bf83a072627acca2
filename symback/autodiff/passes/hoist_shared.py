"""Give what does not vary by sample a line of its own: computed once, not once a sample.

Denominators are named themselves, not their reciprocals: a quotient stays one division.
"""

from __future__ import annotations

from dataclasses import replace

from sympy import Add, Expr, Mul, Pow, S, Symbol

from symback.autodiff.gates import split_number
from symback.autodiff.names import Names
from symback.circuits.program import Assign, Program, varies


def hoist_shared(program: Program, names: Names) -> Program:
    """Name the largest parts of varying lines that are the same for all samples."""
    hoisting = _Hoisting(names, program.varying())
    lines: list[Assign] = []
    for line in program.lines:
        hoisting.target = line.target
        expr = hoisting.of(line.expr) if varies(line.expr, hoisting.varying) else line.expr
        lines += hoisting.new
        hoisting.new = []
        lines.append(replace(line, expr=expr))
    return program.with_lines(lines)


class _Hoisting:
    def __init__(self, names: Names, varying: set[Symbol]) -> None:
        self._names = names
        self.varying = varying
        self._known: dict[Expr, Symbol] = {}
        self.target: Symbol | None = None
        self.new: list[Assign] = []

    def of(self, expr: Expr) -> Expr:
        """The expression with its shared parts replaced by names."""
        if not varies(expr, self.varying):
            return self._named(expr)
        if expr.is_Add or expr.is_Mul:
            return self._of_operands(expr)
        args = [self.of(a) if isinstance(a, Expr) else a for a in expr.args]
        return expr.func(*args) if tuple(args) != expr.args else expr

    def _of_operands(self, expr: Add | Mul) -> Expr:
        """The shared operands of a sum or product are one part, their denominators another."""
        number, rest = split_number(expr) if expr.is_Mul else (S.Zero, expr)
        same = [a for a in expr.func.make_args(rest) if not varies(a, self.varying)]
        moving = [self.of(a) for a in expr.func.make_args(rest) if varies(a, self.varying)]
        below = [a for a in same if a.is_Pow and a.exp == -1]
        above = expr.func(*(a for a in same if a not in below))
        shared = [self._named(above), *(Pow(self._named(1 / a), -1) for a in below)]
        found = expr.func(*shared, *moving)
        return number * found if expr.is_Mul else found

    def _named(self, part: Expr) -> Expr:
        _, rest = split_number(part)
        if rest.is_Symbol or rest.is_number:
            return part
        if part not in self._known:
            name = self._names.part(str(self.target), part)
            self._known[part] = name
            self.new.append(Assign(name, part))
        return self._known[part]
