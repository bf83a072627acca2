"""A rewriting, proven at points when it is made: both forms evaluated in ball arithmetic.

The names that a form uses get numbers of their own; the nodes that the rules have looked through
get their values by their formulas. Where the typed form is defined the other one must be as well,
and equal, else the formula stays as typed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from random import Random
from typing import Any

import numpy as np
from flint import arb
from sympy import Expr, Symbol

from symback.errors import Unsupported
from symback.operations import arrays
from symback.operations.arrays import ArrayFunction, shape_of
from symback.operations.balls.functions import Undecided
from symback.operations.balls.scalars import evaluate, precision
from symback.operations.definitions import SYMPY, boxed, definitions
from symback.operations.elementwise import elementary
from symback.operations.expressions import postorder, real_symbol
from symback.operations.forms import Numbering, form_of
from symback.operations.shapes import Shape

BITS = 400
CLOSE = arb(2) ** -60
SEED = 1729
SIZES = (0.3, 1.0, 3.0, 0.01, 30.0)
POINTS = 30
"""Points that are tried: in turn all positive, and of both signs."""
ENOUGH = 3  # points inside the domain
ALONG = 3  # entries along an axis
SPOKEN_OF = (arrays.reduce_sum, arrays.softmax, arrays.log_softmax, arrays.logsumexp)
_DEFINITIONS = definitions(SYMPY)
MOST_KEPT = 2**12
_PROVEN: dict[Hashable, bool] = {}  # by form: rewritings that differ in their names only
LARGEST = arb(10) ** 40  # of a value whose exp is still taken


def holds(before: Expr, after: Expr, behind: Sequence[tuple[Symbol, Expr]]) -> bool:
    """Whether both forms are proven equal at points; False where no point inside is found.

    `behind` are the nodes looked through with their formulas, in the circuit's order.
    """
    numbers: Numbering = {}
    form = (
        form_of(before, numbers),
        form_of(after, numbers),
        *((form_of(s, numbers), form_of(f, numbers)) for s, f in behind),
    )
    if form not in _PROVEN:
        if len(_PROVEN) >= MOST_KEPT:
            _PROVEN.clear()
        _PROVEN[form] = _hold(before, after, behind)
    return _PROVEN[form]


def _hold(before: Expr, after: Expr, behind: Sequence[tuple[Symbol, Expr]]) -> bool:
    before, after = elementary(before), elementary(after)
    inner = [(symbol, elementary(formula)) for symbol, formula in behind]
    forms = (before, after, *(formula for _, formula in inner))
    names = {s for form in forms for s in postorder(form) if s.is_Symbol}
    free = sorted(names - {symbol for symbol, _ in inner}, key=str)
    rng = Random(SEED)
    proven = 0
    with precision(BITS):
        at_zero = dict.fromkeys(free, arb(0))  # where quotients are 0/0
        if _equal_at(before, after, inner, at_zero) is None:
            return False
        for number in range(POINTS):
            point = {s: _draw(rng, number) for s in free}
            equal = _equal_at(before, after, inner, point)
            if equal is None:
                return False
            proven += equal
            if proven == ENOUGH:
                return True
    return proven > 0


def holds_for_arrays(
    before: Expr,
    after: Expr,
    behind: Sequence[tuple[Symbol, Expr]],
    shapes: Mapping[str, Shape],
    became: Callable[[Any], Any],
) -> bool:
    """The same for formulas of arrays, entry by entry, with three entries along each axis.

    `became` gives the rewritten form of a part. An operation that no rule speaks of is unknown
    in both forms, whatever it does: its operands must be proven equal to their rewritten forms.
    """
    unknowns: dict[Any, Symbol] = {}
    known = dict(shapes)
    typed: list[Any] = []

    def over_unknowns(expr: Expr) -> Expr:
        found = _unspoken_of(expr)
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
        pairs = zip(np.ravel(_entries(one, known)), np.ravel(_entries(two, known)), strict=True)
        if not all(holds(a, b, ()) for a, b in pairs):
            return False
    except ValueError:  # shapes that fit only where some axis has another length
        return False
    return all(
        _same_but_for_operands(part, became(part))
        and all(
            holds_for_arrays(a, b, behind, shapes, became)
            for a, b in zip(part.operands, became(part).operands, strict=True)
            if a != b
        )
        for part in dict.fromkeys(typed)
        if became(part) != part
    )


def _same_but_for_operands(part: Any, whole: Any) -> bool:
    return isinstance(whole, part.func) and part.with_operands(whole.operands) == whole


def _unspoken_of(expr: Any) -> list[Any]:
    """The outermost operations that mix elements and that no rule speaks of."""
    found: dict[Any, None] = {}
    seen: set[Any] = set()
    stack = [expr]
    while stack:
        part = stack.pop()
        if part in seen:
            continue
        seen.add(part)
        if isinstance(part, ArrayFunction) and type(part) not in SPOKEN_OF:
            found[part] = None
        else:
            stack.extend(reversed(part.args))
    return list(found)


def _entries(expr: Expr, shapes: Mapping[str, Shape]) -> Any:
    """The entries of a formula over arrays whose axes all have the length ALONG."""
    done: dict[Any, Any] = {}
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
        elif type(part) in SPOKEN_OF:
            done[part] = _DEFINITIONS[part.func](*(done[o] for o in part.operands), *part.options)
        else:
            args = [done[a] for a in part.args]
            done[part] = np.frompyfunc(part.func, len(args), 1)(*args)
    return done[expr]


def _any_entries(part: Any, rank: int) -> Any:
    if rank == 0:
        return boxed(part)
    made = np.empty((ALONG,) * rank, dtype=object)
    for index in np.ndindex(made.shape):
        made[index] = real_symbol(f"{part} {index}")
    return made


def _draw(rng: Random, number: int) -> arb:
    size = SIZES[number % len(SIZES)] * 2 ** rng.uniform(-1.5, 1.5)
    return arb(size if number % 2 == 0 or rng.random() < 0.5 else -size)


def _equal_at(
    before: Expr, after: Expr, inner: Sequence[tuple[Symbol, Expr]], point: Mapping[Any, arb]
) -> bool | None:
    """Whether both are defined and proven equal at the point; None where the second is not defined
    there, or differs."""
    values: dict[Any, arb] = dict(point)
    try:
        for symbol, formula in inner:
            values[symbol] = evaluate(formula, values)
            if not values[symbol].is_finite() or abs(values[symbol]) > LARGEST:
                return False
        one = evaluate(before, values)
        if not one.is_finite():
            return False
        two = evaluate(after, values)
    except (Undecided, Unsupported):
        return False
    if not two.is_finite() or not one.overlaps(two):
        return None
    return bool(abs(one - two) <= CLOSE * (abs(one) + abs(two)))


__all__ = ["holds", "holds_for_arrays"]
