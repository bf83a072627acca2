"""Rational functions whose value is a float where a part of them is infinite.

As n/(1 + n) of n = 1/x at 0, where the typed form is ∞/∞, ∞ - ∞ or 0·∞: the cancelled quotient
stands at that place alone. And as x³/(1 + x³) at 1e200, where both parts overflow: they are divided
by the power of the largest number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp
from sympy import Add, Eq, Expr, Mul, Piecewise, S

from symback.operations.elementwise import elementary
from symback.operations.expressions import real_symbol, written_size
from symback.operations.polynomials import horner
from symback.operations.special import diffshare, sumshare
from symback.stable.matching import See, base_and_power
from symback.stable.named_parts import parts_outside_choices, with_wanted, without_choices

LARGEST = 40  # written parts of the cancelled quotient
MOST_GROWING = 2  # names whose powers overflow
_DIVISOR = real_symbol("divisor")


def finite_at_pole(see: See, expr: Expr) -> Expr | None:
    """What is rational in d and finite where d is 0, though 1/d is a part of it."""
    whole = with_wanted(see, expr, _divides)
    if whole is None:
        return None
    if expr.is_Mul and whole != expr and _divisors(whole) < _divisors_of_factors(see, expr):
        return whole  # as n·x of n = 1/x
    own = expr.args if expr.is_Mul else ()  # of a factor 1/d it is 0/0
    poles = (p for p in parts_outside_choices(whole) if _divides(p) and p not in own)
    for d in dict.fromkeys(p.base for p in poles):
        for name in sorted(d.free_symbols, key=str):
            found = _quotient(see, expr, d, name)
            if found is not None and any(
                _quotient(see, a, d, name) is None for a in _operands(expr)
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


def _quotient(see: See, expr: Expr, d: Expr, name: Expr) -> Expr | None:
    """p/q in d for a name in which d is linear, without a common factor; None where q is 0 at 0."""
    slope = d.diff(name)
    divided = with_wanted(see, expr, _divides)
    whole = divided and with_wanted(see, without_choices(divided), d.free_symbols.__contains__)
    if whole is None or not slope.is_number:
        return None
    inside = elementary(whole).xreplace({name: (_DIVISOR - d + slope * name) / slope})
    if not inside.is_rational_function(_DIVISOR):
        return None
    above, below = sp.fraction(sp.cancel(sp.together(inside), _DIVISOR))
    found = above / below
    is_pole = sp.expand(below.xreplace({_DIVISOR: sp.S.Zero})) == 0
    return None if is_pole or written_size(found) > LARGEST else found


def over_largest(see: See, expr: Expr) -> Expr | None:
    """N/D of polynomials, N's degree being D's or more: both over a power of the largest number.

    Of the numbers, those count by which D has the second degree or more. With x alone both are over
    xⁿ where |x| > 1; where both are homogeneous, as xⁿ + yⁿ is, over that of the larger number.
    """
    whole = with_wanted(see, expr, _grows)
    if whole is None:
        return None
    above, below = _factors(whole)
    names = _growing(below)
    if not 0 < len(names) <= MOST_GROWING:
        return None
    named = {b: see(b) for b, _ in above if b.is_Symbol and b not in names}
    named = {b: f for b, f in named.items() if f.is_Mul and f.free_symbols & set(names)}
    if named:
        whole = whole.xreplace(named)
        above, below = _factors(whole)
    degrees = [[_degree(t, names) for t in Add.make_args(b)] for b, _ in (*above, *below)]
    powers = [max(of) * n for of, (_, n) in zip(degrees, (*above, *below), strict=True)]
    lower = sum(powers[len(above) :])
    if sum(powers[: len(above)]) < lower:
        return None
    forms = [_over(whole, above, below, names, s) for s in names]
    sizes = [sp.Abs(s) for s in names]
    found = forms[-1]
    if len(names) > 1:
        found = Piecewise((forms[0], sizes[0] >= sizes[1]), (found, True), evaluate=False)
    if any(min(of) < max(of) for of in degrees):
        is_large = sp.Or(*(size > 1 for size in sizes))
        found = Piecewise((found, is_large), (expr, True), evaluate=False)
    return found


Factors = Sequence[tuple[Expr, int]]


def _grows(part: Any) -> bool:
    """Whether it is a whole power of a name or a sum, by which terms grow faster than it."""
    if not (part.is_Pow and part.exp.is_Integer and abs(part.exp) > 1):
        return False
    return bool(part.base.is_Symbol or part.base.is_Add)


def _factors(whole: Expr) -> tuple[Factors, Factors]:
    """The factors of N and the sums that are those of D, with their powers."""
    if isinstance(whole, sumshare | diffshare):
        total = Add(*whole.args)
        return [(whole.args[0] if isinstance(whole, sumshare) else total, 1)], [(total, 1)]
    found = [_whole_power(f) for f in Mul.make_args(whole)]
    below = [(b, -n) for b, n in found if n < 0 and b.is_Add]
    return [(b, n) for b, n in found if n > 0 or not b.is_Add], below


def _whole_power(factor: Expr) -> tuple[Expr, int]:
    base, power = base_and_power(factor)
    return (base, int(power)) if power.is_Integer else (factor, 1)


def _growing(below: Factors) -> list[Expr]:
    """The names and sums of whose powers D has the second or a higher one."""
    highest: dict[Expr, int] = {}
    for total, n in below:
        own: dict[Expr, int] = {}
        for term in Add.make_args(total):
            for base, power in map(_whole_power, Mul.make_args(term)):
                if base.is_Symbol or (base.is_Add and power > 1):
                    own[base] = max(power, own.get(base, 0))
        for base, power in own.items():
            highest[base] = highest.get(base, 0) + n * power
    return [base for base, power in highest.items() if power > 1]


def _degree(term: Expr, names: Sequence[Expr]) -> int:
    return sum(n for b, n in map(_whole_power, Mul.make_args(term)) if b in names)


def _over(whole: Expr, above: Factors, below: Factors, names: Sequence[Expr], s: Expr) -> Expr:
    """N/D with each factor over its own power of s."""

    def scaled(total: Expr, degree: int) -> Expr:
        return Add(*(_scaled(t, names, s, degree) for t in Add.make_args(total)))

    def degree_of(total: Expr) -> int:
        return max(_degree(t, names) for t in Add.make_args(total))

    if isinstance(whole, sumshare | diffshare):
        degree = degree_of(Add(*whole.args))
        return whole.func(*(scaled(a, degree) for a in whole.args))
    left, made = 0, S.One
    for base, n in (*above, *((b, -n) for b, n in below)):
        left += n * degree_of(base)
        made *= scaled(base, degree_of(base)) ** n
    return s**left * made


def _scaled(term: Expr, names: Sequence[Expr], s: Expr, degree: int) -> Expr:
    """c·sⁱ·yʲ/sⁿ = c·(y/s)ʲ·(1/s)^(n - i - j)."""
    made = S.One
    for base, n in map(_whole_power, Mul.make_args(term)):
        if base not in names:
            made *= base**n
        elif base != s:
            made *= _power(base / s, n)
        degree -= n if base in names else 0
    return made * _power(1 / s, degree)


def _power(ratio: Expr, n: int) -> Expr:
    """(y/s)ⁿ; SymPy would take it apart, and floats hold no such yⁿ and sⁿ."""
    if abs(n) < 2:
        return ratio**n
    return horner(ratio ** sp.sign(n), *[S.Zero] * abs(n), S.One)


__all__ = ["finite_at_pole", "over_largest"]
