"""Merge terms of a sum under one guard: 0 where c, else A, and 0 where c, else B, are A + B there.

A node that is read under a condition has contributions with the same guard, one an edge.
"""

from __future__ import annotations

from dataclasses import replace

from sympy import Add, Expr, Piecewise

from symback.autodiff.names import Names
from symback.circuits.program import Program


def merge_guards(program: Program, names: Names) -> Program:
    """Each line's sum with one choice for each guard."""
    lines = []
    for line in program.lines:
        merged = _merged(line.expr) if line.expr.is_Add else line.expr
        lines.append(line if merged is line.expr else replace(line, expr=merged))
    return program.with_lines(lines)


def _merged(total: Expr) -> Expr:
    """The sum; itself where no guard stands before two of its terms.

    >>> from sympy import Eq, symbols
    >>> a, b, c = symbols("a b c")
    >>> _merged(c + Piecewise((0, Eq(c, 0)), (a, True)) + Piecewise((0, Eq(c, 0)), (b, True)))
    c + Piecewise((0, Eq(c, 0)), (a + b, True))
    """
    guarded: dict[Expr, list[Expr]] = {}
    others = []
    for term in total.args:
        if isinstance(term, Piecewise) and len(term.args) == 2 and term.args[0].expr == 0:
            guarded.setdefault(term.args[0].cond, []).append(term.args[1].expr)
        else:
            others.append(term)
    if all(len(terms) == 1 for terms in guarded.values()):
        return total
    choices = (Piecewise((0, c), (Add(*terms), True)) for c, terms in guarded.items())
    return Add(*others, *choices)


__all__ = ["merge_guards"]
