"""A rewriting, proven at points when it is made: both forms evaluated in ball arithmetic.

The names that a form uses get numbers of their own; the nodes that the rules have looked through
get their values by their formulas. Where the typed form is defined the other one must be as well,
and equal, else the formula stays as typed.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from random import Random
from typing import Any

from flint import arb
from sympy import Eq, Expr, Piecewise, Symbol

from symback.errors import Unsupported
from symback.operations.balls.comparison import BITS, SEED, draw_point, equal
from symback.operations.balls.functions import Undecided
from symback.operations.balls.scalars import evaluate, precision
from symback.operations.elementwise import elementary
from symback.operations.expressions import postorder
from symback.operations.forms import Numbering, expression_of, form_of
from symback.operations.polynomials import horner

RANGES = ((0.1, 1.0), (0.3, 3.0), (1.0, 10.0), (3e-3, 0.03), (10.0, 90.0))
"""Magnitudes, in turn."""
POINTS = 30  # that are tried
ENOUGH = 3  # points inside the domain
LARGEST = arb(10) ** 40  # of a value whose exp is still taken
UNDERFLOWN = arb(10) ** -330  # below all floats: what is 0 in code, and may be 0 in a form


def holds(before: Expr, after: Expr, behind: Sequence[tuple[Symbol, Expr]]) -> bool:
    """Whether both forms are proven equal at points; False where no point inside is found.

    What `after` says of the points where a number is 0 must be equal beside these as well; a series
    near 0 is proven when it is made. Points where both are below all floats are left out. `behind`
    are the nodes looked through with their formulas, in the circuit's order.
    """
    after = beyond_series(after)
    return all(_hold(before, form, behind) for form in (after, *_at_zeros(after, before)))


def beyond_series(form: Expr) -> Expr:
    """The form with what holds beyond the radius of each series in place of both."""
    done: dict[Any, Any] = {}
    for part in postorder(form) if form.has(horner) else ():
        args = [done.get(a, a) for a in part.args]
        if isinstance(part, Piecewise) and part.args[0].expr.has(horner):
            done[part] = args[1].args[0]
        elif args != list(part.args):
            done[part] = part.func(*args)
    return done.get(form, form)


def _at_zeros(form: Expr, typed: Expr) -> list[Expr]:
    """The form with one choice after the other replaced by what it is where a number is 0.

    Choices of `typed` itself are left alone.
    """
    found = []
    for choice in (p for p in postorder(form) if isinstance(p, Piecewise)):
        there, condition = choice.args[0].args
        if condition.has(Eq) and there.free_symbols and not typed.has(condition):
            found.append(form.xreplace({choice: there}))
    return found


def _hold(before: Expr, after: Expr, behind: Sequence[tuple[Symbol, Expr]]) -> bool:
    numbers: Numbering = {}
    forms = form_of(before, numbers), form_of(after, numbers)
    inner = tuple((form_of(s, numbers), form_of(f, numbers)) for s, f in behind)
    return _are_equal(*forms, inner)


@lru_cache(maxsize=2**12)
def _are_equal(one: Hashable, two: Hashable, behind: tuple[tuple[Hashable, Hashable], ...]) -> bool:
    """The same of forms: many rewritings differ in their names only."""
    before, after = (elementary(expression_of(form)) for form in (one, two))
    inner = [(expression_of(s), elementary(expression_of(f))) for s, f in behind]
    formulas = (before, after, *(formula for _, formula in inner))
    names = {s for formula in formulas for s in postorder(formula) if s.is_Symbol}
    free = sorted(names - {symbol for symbol, _ in inner}, key=str)
    rng = Random(SEED)
    proven = 0
    with precision(BITS):
        at_zero = dict.fromkeys(free, arb(0))  # where quotients are 0/0
        if _equal_at(before, after, inner, at_zero) is None:
            return False
        for number in range(POINTS):
            point = {s: arb(x) for s, x in draw_point(free, rng, number, RANGES).items()}
            equal = _equal_at(before, after, inner, point)
            if equal is None:
                return False
            proven += equal
            if proven == ENOUGH:
                return True
    return proven > 0


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
    if abs(one) < UNDERFLOWN and abs(two) < UNDERFLOWN:
        return False
    is_equal = equal(one, two)
    return None if not two.is_finite() or is_equal is False else bool(is_equal)


__all__ = ["beyond_series", "holds"]
