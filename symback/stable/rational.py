"""Rational functions that are finite where a part of them is infinite, as n/(1 + n) of n = 1/x.

There the typed form is ∞/∞, ∞ - ∞ or 0·∞. The cancelled quotient stands at that place alone.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sympy as sp
from sympy import Eq, Expr, Piecewise

from symback.operations.elementwise import elementary
from symback.operations.expressions import real_symbol, written_size
from symback.stable.matching import See
from symback.stable.named_parts import (
    Wanted,
    may_have_wanted,
    parts_outside_choices,
    slopes_of,
    with_wanted,
    without_choices,
)

LARGEST = 40  # written parts of the cancelled quotient
_DIVISOR = real_symbol("divisor")


def finite_at_pole(see: See, expr: Expr) -> Expr | None:
    """What is rational in d and finite where d is 0, though 1/d is a part of it."""
    if not may_have_wanted(see, expr, _divides):
        return None
    whole = with_wanted(see, expr, _divides)
    if whole is None:
        return None
    if expr.is_Mul and whole != expr and _divisors(whole) < _divisors_of_factors(see, expr):
        return whole  # as n·x of n = 1/x
    own = expr.args if expr.is_Mul else ()  # of a factor 1/d it is 0/0
    poles = (p for p in parts_outside_choices(whole) if _divides(p) and p not in own)
    for d in dict.fromkeys(p.base for p in poles):
        for name, slope in slopes_of(d):
            found = _quotient(see, expr, d, name, slope)
            if found is not None and any(
                _quotient(see, a, d, name, slope) is None for a in _operands(expr)
            ):
                there = found.xreplace({_DIVISOR: d})
                return Piecewise((there, Eq(d, 0)), (expr, True), evaluate=False)
    return None


def _divisors(whole: Expr) -> set[Expr]:
    return {p.base for p in parts_outside_choices(whole) if _divides(p)}


def _divisors_of_factors(see: See, product: Expr) -> set[Expr]:
    """Those of factors that have names."""
    seen = [with_wanted(see, factor, _divides) for factor in product.args]
    return {d for whole in seen if whole is not None for d in _divisors(whole)}


def _operands(expr: Expr) -> list[Expr]:
    """Those of an expression, and what they divide by."""
    return [*expr.args, *(a.base for a in expr.args if a.is_Pow and a.exp.is_negative)]


def _divides(part: Any) -> bool:
    """Whether it is 1 over a name, or over a sum with one, to a whole power."""
    if not (part.is_Pow and part.exp.is_Integer and part.exp.is_negative):
        return False
    return bool(part.base.is_Symbol or part.base.is_Add)


def _quotient(see: See, expr: Expr, d: Expr, name: Expr, slope: Expr) -> Expr | None:
    """p/q in d for a name in which d is linear, without a common factor; None where q is 0 at 0."""
    divided = with_wanted(see, expr, _divides)
    whole = divided and with_wanted(see, without_choices(divided), _is_name_of(d))
    if whole is None or not slope.is_number:
        return None
    inside = elementary(whole).xreplace({name: (_DIVISOR - d + slope * name) / slope})
    if not inside.is_rational_function(_DIVISOR):
        return None
    names: dict[Expr, Expr] = {}
    inside = _over_names(inside, names)
    if _grows_at_zero(inside):
        return None
    above, below = sp.fraction(sp.cancel(sp.together(inside), _DIVISOR))
    found = (above / below).xreplace({s: part for part, s in names.items()})
    is_pole = sp.expand(below.xreplace({_DIVISOR: sp.S.Zero})) == 0
    return None if is_pole or written_size(found) > LARGEST else found


def _grows_at_zero(inside: Expr) -> bool:
    """Whether it has a pole at 0 for some numbers, which costs less than to cancel for all."""
    names = sorted(inside.free_symbols - {_DIVISOR}, key=str)
    numbers = {s: sp.Rational(sp.prime(i + 5), 7) for i, s in enumerate(names)}
    far, near = (
        abs(inside.xreplace({**numbers, _DIVISOR: sp.Rational(1, 10**digits)}))
        for digits in (40, 60)
    )
    return bool(near.is_Rational and far.is_Rational and near > 10**10 * far)


@lru_cache(maxsize=2**10)  # one function for each d, by which what was searched is known
def _is_name_of(d: Expr) -> Wanted:
    names = {name for name, _ in slopes_of(d)}
    return lambda part: part in names


def _over_names(expr: Expr, names: dict[Expr, Expr]) -> Expr:
    """The formula with names for parts that are not rational, at which `cancel` takes minutes."""
    if expr.is_Symbol or expr.is_Rational:
        return expr
    if expr.is_Add or expr.is_Mul or (expr.is_Pow and expr.exp.is_Integer):
        return expr.func(*(_over_names(a, names) for a in expr.args))
    return names.setdefault(expr, real_symbol(f"part_{len(names)}"))


__all__ = ["finite_at_pole"]
