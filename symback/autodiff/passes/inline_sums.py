"""Put a value that only a batch sum reads into the sum: Σ f_bar²/2 is then one dot product."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from sympy import Symbol

from symback.autodiff.gates import split_number
from symback.autodiff.names import Names
from symback.circuits.program import Assign, Program, batch_sum
from symback.operations.properties import companion


def inline_sums(program: Program, names: Names) -> Program:
    """Inline what one batch sum reads and nothing else, constant factors before the sum.

    What a kernel computes together with what backward needs stays a line.
    """
    readers = Counter(s for line in program.lines for s in line.reads)
    values = {line.target: line for line in program.lines}
    inlined: set[Symbol] = set()
    lines: list[Assign] = []
    for line in program.lines:
        if isinstance(line.expr, batch_sum):
            value = line.expr.args[0]
            once = readers[value] == 1 and value not in program.returned
            if value in values and once and companion(values[value].expr) is None:
                inlined.add(value)
                number, rest = split_number(values[value].expr)
                line = replace(line, expr=number * batch_sum(rest))
        lines.append(line)
    return program.with_lines(line for line in lines if line.target not in inlined)
