"""A rewriting, proven at points when it is made: both forms evaluated in ball arithmetic.

The names that a form uses get numbers of their own; the nodes that the rules have looked through
get their values by their formulas. Where the typed form is defined the other one must be as well,
and equal, else the formula stays as typed.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from random import Random
from typing import Any

from flint import arb
from sympy import Expr, Symbol

from symback.errors import Unsupported
from symback.operations.balls.functions import Undecided
from symback.operations.balls.scalars import evaluate, precision
from symback.operations.elementwise import elementary
from symback.operations.expressions import postorder
from symback.operations.forms import Numbering, form_of

BITS = 400
CLOSE = arb(2) ** -60
SEED = 1729
SIZES = (0.3, 1.0, 3.0, 0.01, 30.0)
POINTS = 30
"""Points that are tried: in turn all positive, and of both signs."""
ENOUGH = 3  # points inside the domain
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


__all__ = ["holds"]
