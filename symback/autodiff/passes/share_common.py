"""Compute a subexpression that occurs twice once, under a name."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from sympy import Expr, Symbol
from sympy.logic.boolalg import Boolean

from symback.autodiff.names import Names
from symback.circuits.program import Assign, Program, symbols
from symback.operations.arrays import size, transpose
from symback.operations.edges import Careful
from symback.operations.expressions import compounds, is_shallow, postorder
from symback.operations.shapes import is_size


def share_common(program: Program, names: Names) -> Program:
    """Name what occurs twice; where a later line computes just that, its name serves.

    l = (f - y)**2/2, f_bar = f - y becomes f_bar = f - y, l = f_bar**2/2.
    """
    repeated = _repeated(program)
    if not repeated:
        return program
    return program.with_lines(_Sharing(program, names, repeated).lines())


def _repeated(program: Program) -> set[Expr]:
    """Parts worth a name that two lines, or two different parts, read."""
    readers = Counter([line.expr for line in program.lines])
    inner: set[Expr] = set()  # parts with operands other than names
    for expr in readers:
        if not is_shallow(expr) or expr.is_Pow:
            inner |= compounds(expr)
    readers.update([operand for part in inner for operand in part.args if operand.args])
    for part in inner:
        if _is_reciprocal(part):  # the quotients by it read what is below
            readers[part.base] += readers[part] - 1
    return {part for part, count in readers.items() if count > 1 and not _is_trivial(part)}


def _is_trivial(part: Expr) -> bool:
    if part.is_Symbol or isinstance(part, Boolean) or not isinstance(part, Expr) or part.is_number:
        return True
    if isinstance(part, transpose | size) and part.args[0].is_Symbol:  # a view, a number at hand
        return True
    if _is_of_sizes(part):  # a bound or a size, such as n + 1
        return True
    if part.is_Mul and len(part.args) == 2:  # -v, v/2
        return bool(part.args[0].is_Rational and part.args[1].is_Symbol)
    return _is_reciprocal(part)


def _is_of_sizes(part: Expr) -> bool:
    """Whether it is a sum or product of sizes and whole numbers."""
    if part.is_Add or part.is_Mul or (part.is_Pow and part.exp.is_Integer and part.exp > 0):
        return all(map(_is_of_sizes, part.args))
    return bool(part.is_Integer or (part.is_Symbol and is_size(part)))


def _is_reciprocal(part: Expr) -> bool:
    """Whether it is 1/v, or 1/v kept from 0: a quotient by v keeps the range, a product with 1/v
    does not.
    """
    base = part.base if part.is_Pow and part.exp == -1 else part
    return base is not part and bool(base.is_Symbol or isinstance(base, Careful))


class _Sharing:
    def __init__(self, program: Program, names: Names, repeated: set[Expr]) -> None:
        self._program = program
        self._names = names
        self._repeated = repeated
        self._known: dict[Expr, Symbol] = {}
        self._assigned = set(program.arguments)
        self._later = {line.expr: line for line in reversed(program.lines)}
        self._out: list[Assign] = []
        self._done: set[Symbol] = set()

    def lines(self) -> list[Assign]:
        for line in self._program.lines:
            if line.target in self._done:
                continue
            same = self._known.get(line.expr)
            expr = same if same is not None else self._rewrite(line.expr, line)
            self._emit(line, expr)
        return self._out

    def _emit(self, line: Assign, expr: Expr) -> None:
        self._out.append(line if expr is line.expr else replace(line, expr=expr))
        self._assigned.add(line.target)
        self._done.add(line.target)
        if not _is_trivial(line.expr):
            self._known.setdefault(line.expr, line.target)

    def _rewrite(self, expr: Expr, line: Assign) -> Expr:
        """The line's expression over the names given so far; names what is repeated in it."""
        if is_shallow(expr) or self._repeated.isdisjoint(compounds(expr) - {expr}):
            return expr  # so are the lines before it
        done: dict[Expr, Expr] = {}
        for part in postorder(expr):
            if part in self._known and part != expr:
                done[part] = self._known[part]
                continue
            args = [done[a] for a in part.args]
            changed = part.func(*args) if args and tuple(args) != part.args else part
            if part in self._repeated and part != expr:
                changed = self._name(part, changed, line)
            done[part] = changed
        return done[expr]

    def _name(self, part: Expr, expr: Expr, line: Assign) -> Expr:
        later = self._later.get(part)
        waiting = later is not None and later.target not in self._done
        if later is not None and waiting and symbols(part) <= self._assigned:
            self._emit(later, expr)
            return later.target
        name = self._names.part(str(line.target), part)
        self._emit(Assign(name, part), expr)
        return name
