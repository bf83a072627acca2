"""A program as the statements of a function, chain-rule lines with their terms above them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from typing import Any

from sympy import Expr, Function, S, Symbol

from symback.circuits.program import Assign, Program, batch_sum, loop_lines
from symback.codegen.lines import chain_comment, wrapped
from symback.codegen.numpy.arrays import VIEWS, ArrayPrinter
from symback.codegen.numpy.loops import Rows, loop_statements, read_by_loops_alone
from symback.codegen.numpy.printer import VALUE_AND_SLOPE, NumpyPrinter
from symback.operations.arrays import (
    ArrayFunction,
    cross_entropy,
    eigvalsh,
    logsumexp,
    size,
    sparse_cross_entropy,
)
from symback.operations.properties import companion
from symback.operations.shapes import is_size

TOGETHER: dict[Any, str] = {
    **{slope.of: name for slope, name in VALUE_AND_SLOPE.items()},
    cross_entropy: "_cross_entropy_and_softmax",
    eigvalsh: "_eigvalsh_and_eigenvectors",
    logsumexp: "_logsumexp_and_softmax",
    sparse_cross_entropy: "_sparse_cross_entropy_and_softmax",
}
"""Kernels that compute an operation and what backward needs of it, by the operation."""

IN_PLACE = frozenset({"_tanh_and_slope"})
"""Kernels that can put the value in the memory of the operand."""


def statements(
    program: Program,
    printer: NumpyPrinter,
    copies: bool = False,
    notes: Mapping[str, str] | None = None,
) -> list[str]:
    """The lines of a program, each chain-rule line with its terms above it.

    With `copies`, a result that equals another value is copied, so that results share no memory.
    `notes` are comments above the lines that compute nodes, by their names.
    """
    notes = notes or {}
    lines: list[str] = []
    slopes = _slopes_by_value(program)
    values = {slopes[line.target].target: line for line in program.lines if line.target in slopes}
    loops = loop_lines(program)
    rows = Rows(read_by_loops_alone(program) if loops else set())
    done: set[Symbol] = {line.target for lines_of in loops.values() for line in lines_of[1:]}
    returned = program.returned
    for line in program.lines:
        if line.target in loops and isinstance(printer, ArrayPrinter):
            lines += loop_statements(loops[line.target], printer, statements, rows)
            continue
        line = values.get(line.target, line)  # a slope comes with its value, wherever it stands
        if line.target in done:
            continue
        done.add(line.target)
        if line.chains and line.of:
            lines += chain_comment(line.of, line.chains)
        elif line.target.name in notes:
            lines.append(notes[line.target.name])
        if line.target in slopes:
            kernel = TOGETHER[line.expr.func]
            operands = printer.arguments(line.expr)
            if kernel in IN_PLACE and printer.is_free(line.expr.args[0], line, program):
                operands += f", out={operands}"
            lines.append(f"{line.target}, {slopes[line.target].target} = {kernel}({operands})")
            continue
        steps = printer.steps(line.target, line.expr)
        if steps:
            lines += [part for start, text in steps for part in wrapped(start, text)]
            continue
        text = printer.print(line.expr)
        if line.expr is S.Zero and line.of:
            text = f"np.zeros_like({line.of[1]})"
        elif is_constant(line.expr):
            text = printer.constant(line.expr)
        is_copied = copies and line.target in returned
        if is_copied and (isinstance(line.expr, VIEWS) or _is_spread(text)):
            text += ".copy()"
        lines += wrapped(f"{line.target.name} =", text)
    return lines


def _is_spread(text: str) -> bool:
    """Whether it is one call of np.broadcast_to, whose value shares memory."""
    if not text.startswith("np.broadcast_to("):
        return False
    depth = accumulate((c in "([{") - (c in ")]}") for c in text)
    return all(level > 0 for level in list(depth)[len("np.broadcast_to(") - 1 : -1])


def is_constant(expr: Expr) -> bool:
    """Whether it is a number made of numbers and sizes, which the data give no dtype."""
    parts = [expr]
    while parts:
        part = parts.pop()
        if part.is_Symbol and not is_size(part):
            return False
        if isinstance(part, ArrayFunction | batch_sum) and not isinstance(part, size):
            return False
        parts += [] if isinstance(part, size) else part.args
    return True


def _slopes_by_value(program: Program) -> dict[Symbol, Assign]:
    """For each line v = h(u), the line s = h'(u), where one kernel computes both."""
    lines = {line.expr: line for line in program.lines}
    found: dict[Symbol, Assign] = {}
    for line in program.lines:
        if isinstance(line.expr, Function) and line.expr.func in TOGETHER:
            slope = lines.get(companion(line.expr))
            if slope is not None:
                found[line.target] = slope
    return found


__all__ = ["is_constant", "statements"]
