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
MOST_ALONG = 12  # where a part with a larger index is taken
_DEFINITIONS = definitions(SYMPY)


def holds_for_arrays(
    before: Expr,
    after: Expr,
    behind: Sequence[tuple[Symbol, Expr]],
    shapes: Mapping[str, Shape],
    became: Callable[[Any], Any],
    covered: tuple[Any, ...] = COVERED,
) -> bool:
    """Whether both forms are proven equal, with three entries along each axis, or more.

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
        along = _length(one, two)
        forms = (_entries(form, known, covered, along) for form in (one, two))
        pairs = zip(*(entries.flat for entries in forms), strict=True)
        if not all(holds(a, b, ()) for a, b in pairs):
            return False
    except (ValueError, IndexError):  # shapes that fit only where some axis has another length
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
        bounds = [b for index in part.args[1] for b in (index if index.args else (index,))]
        if not all(b == sp.oo or (b.is_Integer and 0 <= b < MOST_ALONG) for b in bounds):
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


def _length(*forms: Expr) -> int:
    """Of the axes: so that the parts that are taken are there."""
    parts = [p for form in forms for p in postorder(form) if isinstance(p, arrays.slice_)]
    ends = [int(n) for part in parts for n in part.args[1].atoms(sp.Integer)]
    return min(MOST_ALONG, max([ALONG, *(n + 1 for n in ends)]))


def _entries(
    expr: Expr, shapes: Mapping[str, Shape], covered: tuple[Any, ...], along: int
) -> Entries:
    """The entries of a formula over arrays whose axes all have this length."""
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
            done[part] = _any_entries(part, rank, along)
        elif type(part) in covered:
            of = [done[o] for o in part.operands]
            if isinstance(part, arrays.take):  # one index is as good as another
                of[1] = Entries(of[1].shape, (sp.Integer(i % along) for i in range(of[1].size)))
            done[part] = _DEFINITIONS[part.func](*of, *part.options)
        else:
            args = broadcast(*(done[a] for a in part.args))
            done[part] = Entries(args[0].shape, map(part.func, *(x.flat for x in args)))
    return done[expr]


def _any_entries(part: Any, rank: int, along: int) -> Entries:
    if rank == 0:
        return boxed(part)
    return Entries.of((along,) * rank, lambda index: real_symbol(f"{part} {index}"))


__all__ = ["holds_for_arrays"]
