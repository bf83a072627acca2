"""Fold a product of matrices into the one elementwise product that reads it.

h1_bar = W2ᵀ·z_bar, net_bar = h1_bar∘slope becomes net_bar = (W2ᵀ·z_bar)∘slope, which a target can
compute in one array. The chain of the folded line goes in front of the reader's own.
"""

from __future__ import annotations

from collections import Counter

from sympy import Mul, Symbol

from symback.autodiff.names import Names
from symback.autodiff.passes.fold_copies import substituted
from symback.circuits.program import Assign, Program
from symback.operations.arrays import matmul, matvec


def fold_products(program: Program, names: Names) -> Program:
    """Inline products of matrices that one elementwise product of the same shape reads."""
    readers = Counter(s for line in program.lines for s in line.reads)
    waiting: dict[Symbol, Assign] = {}
    lines: list[Assign] = []
    for line in program.lines:
        found = [s for s in waiting if s in line.reads]  # in the order of the lines
        fits = [s for s in found if s in Mul.make_args(line.expr) and _same_shape(s, line, names)]
        if line.of is not None and len(fits) == 1 == len(found):
            line = substituted(line, {fits[0]: waiting.pop(fits[0])})
        for symbol in found:
            if symbol in waiting:
                lines.append(waiting.pop(symbol))
        whole = line.of is not None and isinstance(line.expr, matmul | matvec)
        if whole and readers[line.target] == 1 and line.target not in program.returned:
            waiting[line.target] = line
        else:
            lines.append(line)
    return program.with_lines([*lines, *waiting.values()])


def _same_shape(symbol: Symbol, line: Assign, names: Names) -> bool:
    return names.shape_of(line.expr) == names.shape_of(symbol)
