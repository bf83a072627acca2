"""Fold lines that only copy or negate: x2_bar = -f_bar goes into the one line that reads it.

So do adjoints that are 0, 1 or -1 in every sample: no product with them is left.

A negation would cost a pass over the batch. The chain of the folded line goes in front of the
reader's own, so the comment still shows the whole product.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from sympy import Expr, S, Symbol

from symback.autodiff.gates import split_number
from symback.autodiff.names import Names
from symback.circuits.program import Assign, Chain, Program, batch_sum
from symback.operations.expressions import product


def fold_copies(program: Program, names: Names) -> Program:
    """Inline copies, 0 and ±1 everywhere, and multiples c·v where one product reads them."""
    readers = Counter(s for line in program.lines for s in line.reads)
    folded: dict[Symbol, Assign] = {}
    lines: list[Assign] = []
    for line in program.lines:
        line = substituted(line, folded)
        if line.of is not None and line.target not in program.returned:
            number, rest = split_number(line.expr)
            copies = rest.is_Symbol and (number == 1 or readers[line.target] == 1)
            if copies or (line.expr.is_Integer and abs(line.expr) <= 1):  # cancelled
                folded[line.target] = line
                continue
        lines.append(line)
    return program.with_lines(_negated_where_made(program, lines))


def _negated_where_made(program: Program, lines: list[Assign]) -> list[Assign]:
    """The lines; a result that is -v and alone reads v is the product that v was, with its sign."""
    readers = Counter(s for line in lines for s in line.reads)
    made = {line.target: line for line in lines}
    merged: dict[Symbol, Assign] = {}
    gone: set[Symbol] = set()
    for line in lines:
        if not line.expr.is_Mul:
            continue
        number, rest = split_number(line.expr)
        before = made.get(rest) if number == -1 and readers[rest] == 1 else None
        if before is None or before.of is None or line.of is None or not before.expr.is_Mul:
            continue
        if line.target in program.returned and rest not in program.returned:
            merged[line.target] = substituted(line, {rest: before})
            gone.add(rest)
    return [merged.get(line.target, line) for line in lines if line.target not in gone]


def substituted(line: Assign, folded: dict[Symbol, Assign]) -> Assign:
    """The line with folded lines in place of their names, and their chains before its own."""
    found = {s: folded[s].expr for s in line.reads if s in folded}
    if not found:
        return line
    before = {f.of: f.chains for f in (folded[s] for s in found) if f.of is not None}
    chains = tuple(longer for chain in line.chains for longer in _extend(chain, before))
    expr = _replaced(line.expr, found)
    if isinstance(expr, batch_sum):  # Σ -v·x is -Σ v·x: one negation instead of one a sample
        number, rest = split_number(expr.args[0])
        expr = expr if number is S.One else number * batch_sum(rest)
    return replace(line, expr=expr, chains=chains)


def _replaced(expr: Expr, found: dict[Symbol, Expr]) -> Expr:
    if isinstance(expr, batch_sum):
        return batch_sum(_replaced(expr.args[0], found))
    if expr.is_Mul and all(f.is_Symbol for f in expr.args):  # most lines of a large circuit
        return product(*(found.get(f, f) for f in expr.args))
    return expr.xreplace(found)


def _extend(chain: Chain, before: dict[tuple[str, str], tuple[Chain, ...]]) -> tuple[Chain, ...]:
    """The chain with its first factor, ∂l/∂f, replaced by the product that made it."""
    made = before.get(chain[0])
    if not made:
        return (chain,)
    return tuple((*first, *chain[1:]) for first in made)
