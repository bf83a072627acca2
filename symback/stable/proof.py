"""A rewriting, proven at points when it is made: both forms evaluated in ball arithmetic.

The names that a form uses get numbers of their own; the nodes that the rules have looked through
get their values by their formulas. Where the typed form is defined the other one must be as well,
else the formula stays as typed; a value that differs is an error.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from random import Random
from typing import Any

import numpy as np
from flint import arb
from sympy import Expr, Symbol

from symback.errors import SymbackError, Unsupported
from symback.operations import arrays
from symback.operations.arrays import ArrayFunction, Shape, shape_of
from symback.operations.balls.scalars import Undecided, evaluate, precision
from symback.operations.definitions import SYMPY, boxed, definitions
from symback.operations.elementwise import elementary
from symback.operations.expressions import postorder, real_symbol
from symback.operations.simplify import Numbering, form_of

BITS = 400
CLOSE = arb(2) ** -60
SEED = 1729
SIZES = (0.3, 1.0, 3.0, 0.01, 30.0)
POINTS = 30
"""Points that are tried: in turn all positive, and of both signs."""
ENOUGH = 3  # points inside the domain
ALONG = 3  # entries along an axis
SPOKEN_OF = (arrays.total, arrays.softmax, arrays.log_softmax, arrays.logsumexp)
_DEFINITIONS = definitions(SYMPY)
MOST_KEPT = 2**12
_PROVEN: dict[Hashable, bool] = {}  # by form: rewritings that differ in their names only
LARGEST = arb(10) ** 40  # of a value whose exp is still taken


class RewriteRefused(SymbackError):
    """A rewriting that does not hold: a fault of symback, not of the input."""


def holds(before: Expr, after: Expr, behind: Sequence[tuple[Symbol, Expr]]) -> bool:
    """Whether both forms are proven equal at points; False where no point inside is found.

    `behind` are the nodes looked through with their formulas, in the circuit's order. Raises
    RewriteRefused where the forms differ.
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
) -> bool:
    """The same for formulas of arrays, entry by entry, with three entries along each axis."""
    for symbol, formula in reversed(behind):
        before, after = (e.xreplace({symbol: formula}) for e in (before, after))
    try:
        one, two = (_entries(e, shapes) for e in (before, after))
    except ValueError:  # shapes that fit only where some axis has another length
        return False
    pairs = zip(np.ravel(one), np.ravel(two), strict=True)
    return all(holds(a, b, ()) for a, b in pairs)


def _entries(expr: Expr, shapes: Mapping[str, Shape]) -> Any:
    """The entries of a formula over arrays whose axes all have the length ALONG.

    Operations that the rules do not speak of are arrays of any numbers.
    """
    done: dict[Any, Any] = {}
    stack = [expr]
    while stack:
        part = stack[-1]
        inner = [] if _is_leaf(part) else [a for a in part.args if a not in done]
        if inner:
            stack += inner
            continue
        stack.pop()
        if part in done:
            continue
        if _is_leaf(part):
            rank = len(shape_of(part, shapes)) if isinstance(part, Expr) else 0
            done[part] = _any_entries(part, rank)
        elif type(part) in SPOKEN_OF:
            done[part] = _DEFINITIONS[part.func](*(done[o] for o in part.operands), *part.options)
        else:
            args = [done[a] for a in part.args]
            done[part] = np.frompyfunc(part.func, len(args), 1)(*args)
    return done[expr]


def _is_leaf(part: Any) -> bool:
    return not part.args or (isinstance(part, ArrayFunction) and type(part) not in SPOKEN_OF)


def _any_entries(part: Any, rank: int) -> Any:
    if rank == 0:
        return boxed(part if part.is_Symbol or not part.args else real_symbol(f"part {part}"))
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
    """Whether both are defined and proven equal at the point; None where only the first is
    defined there."""
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
    if not two.is_finite():
        return None
    if not one.overlaps(two):
        raise RewriteRefused(f"internal: {before} was rewritten to {after}, which differs")
    return bool(abs(one - two) <= CLOSE * (abs(one) + abs(two)))


__all__ = ["RewriteRefused", "holds", "holds_for_arrays"]
