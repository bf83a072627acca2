"""Jacobians of lists of numbers: entry by entry, without an array for each column."""

from __future__ import annotations

from dataclasses import replace

from sympy import Expr, Symbol

from symback.autodiff.function import Function
from symback.autodiff.lower import Lowered
from symback.autodiff.names import Names
from symback.autodiff.passes.drop_dead import drop_dead
from symback.circuits.program import Assign
from symback.operations.arrays import concat, scatter

EntriesByPlace = dict[int, Expr]


def by_entries(lowered: Lowered, function: Function) -> tuple[Function, list[str]] | None:
    """The function without its columns, and the lines that put their entries into rows.

    None where a column is not known as a list of numbers.
    """
    program, names = function.program, lowered.names
    defined = {line.target: line.expr for line in program.lines}
    columns = [_entries(defined.get(column, column), names) for column in program.results]
    size = function.of.shape[0] if len(function.of.shape) == 1 else None
    known = [column for column in columns if column is not None]
    if len(known) < len(columns) or size is None or not size.is_Integer:
        return None
    given = {*defined, *program.arguments}
    lines, results, put = list(program.lines), list[Symbol](), list[str]()
    for j, (column, entries) in enumerate(zip(program.results, known, strict=True)):
        for i, entry in sorted(entries.items()):
            symbol = entry if entry in given else names.part(column.name, entry)
            lines += [] if entry in given else [Assign(symbol, entry)]
            results.append(symbol)
            put.append(f"_rows[:, {i}, {j}] = {symbol}")
    if len(put) < int(size) * len(known):
        put.insert(0, "_rows[...] = 0")
    made = replace(program, lines=tuple(lines), results=tuple(results))
    return replace(function, program=drop_dead(made, names)), put


def _entries(expr: Expr, names: Names) -> EntriesByPlace | None:
    """The entries of a vector other than 0, by their places."""
    if isinstance(expr, concat) and all(names.shape_of(part) == () for part in expr.args[1:]):
        return dict(enumerate(expr.args[1:]))
    if isinstance(expr, scatter):
        value, _, place = expr.args
        if len(place) == 1 and place[0].is_Integer and names.shape_of(value) == ():
            return {int(place[0]): value}
    if expr.is_Add:
        found: EntriesByPlace = {}
        for term in expr.args:
            entries = _entries(term, names)
            if entries is None or found.keys() & entries.keys():
                return None
            found |= entries
        return found
    return None


__all__ = ["by_entries"]
