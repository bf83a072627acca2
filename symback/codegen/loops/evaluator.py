"""Formulas as loops over elements and operations that mix elements.

An elementwise formula is one nest of loops over the elements of its value. What mixes elements is
computed into memory first, or into a number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from sympy import Expr, Symbol

from symback.circuits.program import Assign, Program
from symback.codegen.loops.elements import MOVED, ElementPrinter, read_operands
from symback.codegen.loops.factors import DIVIDING, factors, lu
from symback.codegen.loops.heads import (
    ADDING,
    BY_ROW,
    HEADS,
    IN_MEMORY,
    INLINE,
    MOVING,
    with_rows_last,
)
from symback.codegen.loops.loops import Loops
from symback.codegen.loops.spectra import DECOMPOSED, rotated, spectrum
from symback.codegen.loops.tree import Declare, Storage, Tree
from symback.errors import Unsupported
from symback.operations import arrays as a
from symback.operations.arrays import ArrayFunction
from symback.operations.arrays.loops import loop
from symback.operations.expressions import postorder


def refuse_unknown(programs: Iterable[Program], language: str) -> None:
    """Raise Unsupported for an operation without loops."""
    lines = (line.expr for program in programs for line in program.lines)
    parts = [part for line in lines for part in postorder(line)]
    turns = {part.turn for part in parts if isinstance(part, loop)}
    parts += [part for turn in turns for _, line in turn.lines for part in postorder(line)]
    for expr in parts:
        if not isinstance(expr, ArrayFunction) or isinstance(expr, loop):
            continue
        if expr.func not in MOVED and expr.func not in HEADS:
            name = expr.func.__name__
            raise Unsupported(
                f"{language} has no '{name}' of arrays; generate the circuit with the target numpy"
            )


def without_unread(program: Program) -> Program:
    """The program without lines of which others ask no more than the shape."""
    needed = set(program.results)
    kept: list[Assign] = []
    for line in reversed(program.lines):
        if line.target in needed:
            kept.append(line)
            needed |= values_read(line.expr)
    return program.with_lines(reversed(kept))


def values_read(expr: Expr) -> set[Symbol]:
    """The names whose elements the code of a formula reads."""
    seen: set[Expr] = set()
    parts = [expr]
    while parts:
        part = parts.pop()
        if part in seen:
            continue
        seen.add(part)
        if isinstance(part, loop):
            needed = part.turn.needed([part.name])
            given = zip(part.turn.operands, part.operands, strict=True)
            parts += [operand for name, operand in given if name in needed]
        else:
            parts += read_operands(part) if isinstance(part, ArrayFunction) else part.args
    return {part for part in seen if part.is_Symbol}


class Evaluator:
    """Splits formulas so that every part is a loop over elements or one operation of HEADS.

    `store` gives a new symbol for a part, computed where the part may be.
    """

    def __init__(self, printer: ElementPrinter, store: Callable[[Expr], Symbol]) -> None:
        self.printer = printer
        self.loops = Loops(printer)
        self._store = store

    def assigned(self, to: Symbol, expr: Expr, sign: str = "=") -> Tree:
        """The statements of `to = expr`, or of `to += expr` for an array."""
        shape = self.loops.shape(to)
        if isinstance(expr, BY_ROW):
            expr = with_rows_last(expr, len(self.loops.shape(expr.args[0])))
        if isinstance(expr, lu):
            return factors(self.loops, to, self._operand(expr, expr.args[0]))
        if isinstance(expr, spectrum):
            return rotated(self.loops, to, self._operand(expr, expr.args[0]))
        fits = shape == self.loops.shape(expr) and (sign == "=" or isinstance(expr, ADDING))
        if isinstance(expr, ArrayFunction) and expr.func in HEADS and fits:
            read = len(read_operands(expr))  # of the others only the shape
            operands = [self._operand(expr, o) for o in expr.operands[:read]]
            operands += expr.operands[read:]
            return HEADS[expr.func](self.loops, to, sign, *operands, *expr.options)
        expr = self.prepared(expr)
        if shape:
            return self.loops.elementwise(to, shape, sign, expr)
        return [Declare(Storage.NUMBER, self.printer.print(to), self.printer.print(expr))]

    def prepared(self, expr: Expr) -> Expr:
        """The formula with stored values for what mixes elements."""
        parts = sorted({*_to_store(expr)}, key=self.printer.term_key)
        found = {part: self._store(part) for part in parts}
        return expr.xreplace(found) if found else expr

    def _operand(self, op: ArrayFunction, operand: Expr) -> Expr:
        if op.func in DIVIDING and operand is op.args[0]:
            return self._store(lu(operand))
        if op.func in DECOMPOSED:
            return self._store(spectrum(operand))
        if isinstance(op, INLINE):
            return self.prepared(operand)
        inner = operand.args[0] if isinstance(operand, a.transpose) else operand
        if operand.is_Symbol or (isinstance(op, MOVING) and inner.is_Symbol):
            return operand
        if isinstance(op, MOVING) and inner is not operand:
            return a.transpose(self._store(inner))
        return self._store(operand)


def _to_store(expr: Expr) -> Iterator[Expr]:
    """The outermost parts of an elementwise formula that are computed into memory first."""
    parts = [expr]
    while parts:
        part = parts.pop()
        if not isinstance(part, ArrayFunction):
            parts += [arg for arg in part.args if isinstance(arg, Expr) or arg.args]
        elif part.func in HEADS:
            yield part
        elif isinstance(part, IN_MEMORY):
            if not part.args[0].is_Symbol:
                yield part.args[0]
        else:
            for operand in read_operands(part):
                if isinstance(operand, ArrayFunction):
                    parts.append(operand)
                elif not operand.is_Symbol and not operand.is_number:
                    yield operand


__all__ = ["Evaluator", "refuse_unknown", "values_read", "without_unread"]
