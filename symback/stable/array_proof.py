"""A rewriting of a formula of arrays, proven entry by entry: each entry is a formula of numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sympy as sp
from sympy import Expr, Symbol

from symback.operations import arrays
from symback.operations.arrays import ArrayFunction, shape_of
from symback.operations.definitions import SYMPY, definitions
from symback.operations.entries import Entries, boxed, broadcast
from symback.operations.expressions import postorder, real_symbol
from symback.operations.shapes import Shape
from symback.stable.proof import holds
from symback.stable.rules import COVERED

ALONG = 3  # entries along an axis
_DEFINITIONS = definitions(SYMPY)


def holds_for_arrays(
    before: Expr,
    after: Expr,
    behind: Sequence[tuple[Symbol, Expr]],
    shapes: Mapping[str, Shape],
    became: Callable[[Any], Any],
    covered: tuple[Any, ...] = COVERED,
) -> bool:
    """Whether both forms are proven equal, with three entries along each axis.

    `became` gives the rewritten form of a part. An operation that is not covered is unknown
    in both forms, whatever it does: its operands must be proven equal to their rewritten forms.
    """
    before, after = (_means_as_sums(expr, shapes) for expr in (before, after))
    behind = [(s, _means_as_sums(f, shapes)) for s, f in behind]
    unknowns: dict[Any, Symbol] = {}
    known = dict(shapes)
    typed: list[Any] = []

    def over_unknowns(expr: Expr) -> Expr:
        found = _unspoken_of(expr, covered)
        typed.extend(found)
        for part in found:
            whole = became(part)
            if whole not in unknowns:
                unknowns[whole] = real_symbol(f"part {len(unknowns)}")
                known[unknowns[whole].name] = shape_of(part, shapes)
        return expr.xreplace({p: unknowns[became(p)] for p in found}) if found else expr

    one, two = over_unknowns(before), over_unknowns(after)
    for symbol, formula in [(s, over_unknowns(f)) for s, f in reversed(behind)]:
        one, two = (e.xreplace({symbol: formula}) for e in (one, two))
    try:
        pairs = zip(*(_entries(form, known, covered).flat for form in (one, two)), strict=True)
        if not all(holds(a, b, ()) for a, b in pairs):
            return False
    except ValueError:  # shapes that fit only where some axis has another length
        return False
    return all(
        _same_but_for_operands(part, became(part))
        and all(
            holds_for_arrays(a, b, behind, shapes, became, covered)
            for a, b in zip(part.operands, became(part).operands, strict=True)
            if a != b
        )
        for part in dict.fromkeys(typed)
        if became(part) != part
    )


def _means_as_sums(expr: Expr, shapes: Mapping[str, Shape]) -> Expr:
    """The expression with Σu/n for the mean of u: the proof has other sizes."""
    sums: dict[Any, Expr] = {}
    for part in postorder(expr):
        if isinstance(part, arrays.mean):
            (summed,), axis = part.operands, part.options
            shape = shape_of(summed, shapes)
            count = sp.Mul(*(shape if not axis else (shape[int(axis[0])],)))
            sums[part] = arrays.reduce_sum(summed.xreplace(sums), *axis) / count
    return expr.xreplace(sums) if sums else expr


def _same_but_for_operands(part: Any, whole: Any) -> bool:
    return isinstance(whole, part.func) and part.with_operands(whole.operands) == whole


def _is_covered(part: ArrayFunction, covered: tuple[Any, ...]) -> bool:
    """Whether the proof looks into it; of parts of arrays only into entries that it has."""
    if isinstance(part, arrays.slice_):
        entries = part.args[1]
        if not all(index.is_Integer and 0 <= index < ALONG for index in entries):
            return False
    return type(part) in covered


def _unspoken_of(expr: Any, covered: tuple[Any, ...]) -> list[Any]:
    """The outermost operations that mix elements and that are not covered."""
    found: dict[Any, None] = {}
    seen: set[Any] = set()
    stack = [expr]
    while stack:
        part = stack.pop()
        if part in seen:
            continue
        seen.add(part)
        if isinstance(part, ArrayFunction) and not _is_covered(part, covered):
            found[part] = None
        else:
            stack.extend(reversed(part.args))
    return list(found)


def _entries(expr: Expr, shapes: Mapping[str, Shape], covered: tuple[Any, ...]) -> Entries:
    """The entries of a formula over arrays whose axes all have the length ALONG."""
    done: dict[Any, Entries] = {}
    stack = [expr]
    while stack:
        part = stack[-1]
        inner = [a for a in part.args if a not in done]
        if inner:
            stack += inner
            continue
        stack.pop()
        if part in done:
            continue
        if not part.args:
            rank = len(shape_of(part, shapes)) if isinstance(part, Expr) else 0
            done[part] = _any_entries(part, rank)
        elif type(part) in covered:
            done[part] = _DEFINITIONS[part.func](*(done[o] for o in part.operands), *part.options)
        else:
            args = broadcast(*(done[a] for a in part.args))
            done[part] = Entries(args[0].shape, map(part.func, *(x.flat for x in args)))
    return done[expr]


def _any_entries(part: Any, rank: int) -> Entries:
    if rank == 0:
        return boxed(part)
    return Entries.of((ALONG,) * rank, lambda index: real_symbol(f"{part} {index}"))


__all__ = ["holds_for_arrays"]
