"""Drop lines whose value nobody reads."""

from __future__ import annotations

from symback.autodiff.names import Names
from symback.circuits.program import Assign, Program


def drop_dead(program: Program, names: Names) -> Program:
    """Keep the lines that a result depends on."""
    needed = set(program.results)
    kept: list[Assign] = []
    for line in reversed(program.lines):
        if line.target in needed:
            kept.append(line)
            needed |= line.reads
    return program.with_lines(reversed(kept))
