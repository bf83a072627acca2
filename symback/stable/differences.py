"""Differences of roots, of powers, and of what is nearly the whole: what they are without them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import sympy as sp
from sympy import Add, Expr, Mul, Piecewise, S
from sympy.codegen.cfunctions import expm1, hypot, log1p

from symback.operations.functions import erfc, sigma, softplus
from symback.operations.polynomials import horner
from symback.operations.special import (
    asinhmx,
    asinmx,
    atandiff,
    atanhmx,
    atanmx,
    boxcox,
    erfdiff,
    expm1mx,
    expm1over,
    hypotsub,
    invdiff,
    log1pmx,
    pow1pm1,
    pow_rise,
    powm1,
    sigmadiff,
    sinhmx,
    sinmx,
    softplusdiff,
    sqrtsub,
    tanhmx,
    tanmx,
)
from symback.stable.matching import (
    SHORT,
    See,
    argument,
    base_and_power,
    flat_terms,
    joined,
    others_of,
    quotient,
    see_product,
    shorter_difference,
    split,
    terms_looked_at,
    terms_of,
    through_names,
)


def root_minus_member(see: See, total: Expr) -> Expr | None:
    """√(a² + c²) ± a, and √(b² + d) ± b, with any factor before both."""
    terms = terms_looked_at(total)
    by_value = set(terms)
    for term in terms:
        factors = Mul.make_args(term)
        for factor in factors:
            inner = see(factor)
            if isinstance(inner, hypot):
                members = [(m, other) for m, other in (inner.args, inner.args[::-1])]
            elif inner.is_Pow and inner.exp == S.Half:
                members = [(m, None) for m in _roots_of_terms(see, inner.base)]
            else:
                continue
            weight = others_of(factors, factor)
            for member, other in members:
                for sign in (1, -1):
                    against = -sign * weight * member
                    if against not in by_value:
                        continue
                    rest = Add(*(t for t in terms if t is not term and t != against))
                    if other is not None:
                        return rest + weight * hypotsub(sign * member, other)
                    left = see(inner.base) - member**2
                    return rest + weight * sqrtsub(sign * member, left)
    return None


def _roots_of_terms(see: See, inside: Expr) -> list[Expr]:
    """b for each term b² of a sum."""
    total = see(inside)
    if not total.is_Add or len(total.args) > SHORT:
        return []
    found = []
    for term in total.args:
        coefficient, rest = split(term)
        root = sp.sqrt(coefficient) if coefficient > 0 else S.Zero
        factors = [base_and_power(see(f)) for f in Mul.make_args(rest)]
        if root.is_Rational and root != 0 and all(n.is_Integer and n % 2 == 0 for _, n in factors):
            found.append(root * Mul(*(b ** (n / 2) for b, n in factors)))
    return found


def difference_of_any_roots(see: See, total: Expr) -> Expr | None:
    """√a - √b with a - b of fewer terms, where both may be 0 together."""
    terms = terms_looked_at(total)
    waiting: dict[Expr, list[tuple[Expr, Expr]]] = {}
    for term in terms:
        factors = Mul.make_args(term)
        for factor in factors:
            inner = see(factor)
            if not (inner.is_Pow and inner.exp == S.Half):
                continue
            weight = others_of(factors, factor)
            for other, before in waiting.get(-weight, []):
                left = shorter_difference(see(inner.base), see(before.base))
                if left is None:
                    continue
                rest = Add(*(t for t in terms if t is not term and t is not other))
                if terms_of(see(inner.base)) < terms_of(see(before.base)):
                    return rest - weight * sqrtsub(inner, -left)
                return rest + weight * sqrtsub(before, left)
            waiting.setdefault(weight, []).append((term, inner))
    return None


def power_minus_one(see: See, total: Expr) -> Expr | None:
    """c·(1 + x)ⁿ - c, c·xᵏ - c where k is not a number, c·(p/q)ⁿ - c, and c·expm1(u)² - c."""
    terms = terms_looked_at(total)
    by_value = set(terms)
    for term in terms:
        coefficient, named = split(term)
        factors = Mul.make_args(see_product(see, named))
        for factor in factors:
            power = see(factor)
            if not power.is_Pow:
                continue
            weight = coefficient * others_of(factors, factor)
            changed = _less_one(see, power) if -weight in by_value else None
            if changed is not None:
                rest = Add(*(t for t in terms if t is not term and t != -weight))
                return rest + weight * changed
        for above, below in permutations(factors, 2) if len(factors) <= SHORT else ():
            (p, n), (q, m) = base_and_power(above), base_and_power(below)
            if not n.is_number or n != -m or abs(n) == 1:
                continue
            weight = coefficient * others_of(factors, above, below)
            if -weight in by_value:
                p, q = (p, q) if n > 0 else (q, p)
                if _is_growth(see, p / q):
                    rest = Add(*(t for t in terms if t is not term and t != -weight))
                    return rest + weight * powm1(p / q, abs(n))
    return None


def _less_one(see: See, power: Expr) -> Expr | None:
    """xᵏ - 1, where it has a form that keeps its digits."""
    if power.exp == S.Half:
        return None
    base = see(power.base)
    inner = split(base)[1]
    if isinstance(inner, expm1) and base in (inner, -inner) and power.exp == 2:
        e = sp.exp(argument(inner))  # the square is nearly 1 where this is small
        return Piecewise((e * (e - 2), argument(inner) < -1), (horner(inner, -1, 0, 1), True))
    if base.is_Add and base.args[0] == 1:
        return pow1pm1(base - 1, power.exp)
    if not base.is_number and (not power.exp.is_number or _is_growth(see, base)):
        return powm1(power.base, power.exp)
    return None


def _is_growth(see: See, ratio: Expr) -> bool:
    """Whether it is p/q where p - q has fewer terms than both."""
    p, q = ratio.as_numer_denom()
    return shorter_difference(see(p), see(q)) is not None


def power_minus_one_over_exponent(see: See, product: Expr) -> Expr | None:
    """(xᵏ - 1)/k, and for k = c·b that by b, and the same of (1 + x)ᵏ - 1."""
    factors = Mul.make_args(product)
    for factor in factors:
        inner = see(factor)
        if not isinstance(inner, powm1 | pow1pm1):
            continue
        x, k = inner.args
        if k.is_number:
            continue
        whole = through_names(see, k)
        below = joined(see, factors, whole, -1) or [f for f in factors if f.is_Pow and f.exp == -1]
        for parts in (below, *([f] for f in below)):
            b = 1 / Mul(*parts)
            ratio = quotient(k, b) or quotient(whole, through_names(see, b))
            if ratio is None:
                continue
            left = others_of(factors, factor, *parts)
            if isinstance(inner, powm1) and ratio.is_number:
                return left * ratio * boxcox(x, k)
            log, least = (sp.log(x), 0) if isinstance(inner, powm1) else (log1p(x), -1)
            near = expm1over(b, ratio * log)
            return left * Piecewise((near, x > least), (factor / b, True), evaluate=False)
    return None


_AT_TWO_PLACES: dict[Any, Callable[[Expr, Expr], Expr]] = {
    sigma: sigmadiff,
    sp.tanh: lambda a, b: 2 * sigmadiff(2 * a, 2 * b),
    sp.erf: erfdiff,
    erfc: lambda a, b: erfdiff(b, a),
    softplus: softplusdiff,
    sp.atan: atandiff,
}
"""h(a) - h(b)."""


def at_two_places(see: See, total: Expr) -> Expr | None:
    """c·h(a) - c·h(b) with any factor c, for functions that are more than their slope times the
    argument somewhere.
    """
    terms = terms_looked_at(total)
    waiting: dict[tuple[Any, Expr], tuple[Expr, Expr]] = {}
    for term in terms:
        for factor, inner, weight in _weighted(see, term, tuple(_AT_TWO_PLACES)):
            if factor.is_number:
                continue
            key = inner.func, -weight
            if key in waiting:
                other, before = waiting[key]
                rest = Add(*(t for t in terms if t is not term and t is not other))
                a, b = argument(inner), argument(before)
                if weight.could_extract_minus_sign():
                    a, b, weight = b, a, -weight
                return rest + weight * _AT_TWO_PLACES[inner.func](a, b)
            waiting[inner.func, weight] = term, inner
    return None


def _weighted(see: See, term: Expr, heads: tuple[Any, ...]) -> list[tuple[Expr, Expr, Expr]]:
    """(f, h(u), c) for each way to see the term as c·h(u), f being the factor that is h(u)."""
    coefficient, rest = split(term)
    factors = Mul.make_args(see_product(see, rest))
    found = []
    for factor in factors:
        inner = see(factor)
        number, inner = split(inner)
        if isinstance(inner, heads):
            found.append((factor, inner, coefficient * number * others_of(factors, factor)))
    return found


_LESS_ARGUMENT: dict[Any, Callable[[Expr], Expr]] = {
    log1p: log1pmx,
    expm1: expm1mx,
    sp.sin: sinmx,
    sp.sinh: sinhmx,
    sp.tan: tanmx,
    sp.tanh: tanhmx,
    sp.asin: asinmx,
    sp.asinh: asinhmx,
    sp.atan: atanmx,
    sp.atanh: atanhmx,
}
"""h(u) - u."""


def less_argument(see: See, total: Expr) -> Expr | None:
    """c·h(u) - c·u with any factor c, for h(u) = u + … at 0."""
    terms = set(Add.make_args(total))
    for term in terms_looked_at(total):
        for factor, inner, weight in _weighted(see, term, (*_LESS_ARGUMENT, sp.exp)):
            u = argument(inner)
            if factor.is_number or u.is_number:
                continue
            more = 1 if isinstance(inner, sp.exp) else 0
            short = terms_of(see(u)) < len(terms)
            wide = dict.fromkeys((more + u, more + through_names(see, u) if short else more + u))
            firsts = [weight * v for v in wide if terms_of(v) < len(terms)]
            for named in dict.fromkeys((*firsts, *map(sp.expand_mul, firsts))):
                others = {-t for t in Add.make_args(named)}
                if others <= terms - {term}:
                    h = _LESS_ARGUMENT.get(inner.func, expm1mx)
                    return total - term + named + weight * h(u)
    return None


def difference_of_reciprocals(see: See, total: Expr) -> Expr | None:
    """c/a - c/b of two numbers as they are given."""
    terms = terms_looked_at(total)
    waiting: dict[Expr, Expr] = {}
    for term in terms if len(terms) == 2 else ():
        factors = Mul.make_args(term)
        for factor in factors:
            base, power = base_and_power(factor)
            if power != -1 or not base.is_Symbol or see(base) is not base:
                continue
            weight = others_of(factors, factor)
            if -weight in waiting:
                before = waiting[-weight]
                if weight.could_extract_minus_sign():
                    return -weight * invdiff(before, base)
                return weight * invdiff(base, before)
            waiting[weight] = base
    return None


def powers_of_neighbours(see: See, total: Expr) -> Expr | None:
    """c·aⁿ - c·bⁿ with any factor c and a number n, where a - b has fewer terms than both."""
    terms = terms_looked_at(total)
    waiting: dict[tuple[Expr, Expr], list[tuple[Expr, Expr]]] = {}
    for term in terms if len(terms) <= SHORT else ():
        coefficient, rest = split(term)
        factors = Mul.make_args(see_product(see, rest))
        for factor in factors:
            base, n = base_and_power(see(factor) if factor.is_Symbol else factor)
            if not n.is_number or base.is_number or n in (S.Half, S.One, 2):
                continue
            weight = coefficient * others_of(factors, factor)
            for other, before in waiting.get((-weight, n), []):
                rise = _rise_of_power(see, base, before, n)
                if rise is not None:
                    left = Add(*(t for t in terms if t is not term and t is not other))
                    return left + weight * rise
            waiting.setdefault((weight, n), []).append((term, base))
    return None


def _rise_of_power(see: See, a: Expr, b: Expr, n: Expr) -> Expr | None:
    """aⁿ - bⁿ from the place that the difference of the two does not move, if there is one."""
    upper, lower = see(a), see(b)
    step = shorter_difference(upper, lower)
    if step is None:
        return None
    from_a, from_b = -pow_rise(a, -step, n), pow_rise(b, step, n)
    if step.free_symbols.isdisjoint(lower.free_symbols):
        return from_b
    if step.free_symbols.isdisjoint(upper.free_symbols):
        return from_a
    middle = sp.expand(upper + lower) / 2
    if step.free_symbols.isdisjoint(middle.free_symbols):
        if not n.is_Integer or n % 2:
            return from_b
        swapped = pow_rise(step / 2 - middle, 2 * middle, n)
        return Piecewise((from_b, sp.Abs(step) < sp.Abs(2 * middle)), (swapped, True))
    larger = sp.Abs(a) > sp.Abs(b)
    return Piecewise(
        (from_b, larger) if n < 1 else (from_a, larger), (from_a if n < 1 else from_b, True)
    )


_COMPLEMENTS: dict[Any, tuple[int, Callable[[Expr], Expr]]] = {
    sigma: (1, lambda u: sigma(-u)),
    erfc: (2, lambda u: erfc(-u)),
    expm1: (-1, lambda u: -sp.exp(u)),
}
"""c and c - h(u), which is small where h(u) is nearly c."""


def whole_minus_part(see: See, total: Expr) -> Expr | None:
    """a - b·σ(u) = (a - b) + b·σ(-u) where a - b has fewer terms than a; so for Φ and 1 - exp."""
    terms = flat_terms(see, total)
    if not 1 < len(terms) <= SHORT:
        return None
    for head, (whole, complement) in _COMPLEMENTS.items():
        weights: dict[Expr, Expr] = {}
        others = []
        for term in terms:
            found = _part(see, term, head)
            if found is None:
                others.append(term)
            else:
                weights[found[1]] = weights.get(found[1], S.Zero) + found[0]
        rest = Add(*others) if weights else S.Zero
        for u, weight in weights.items():
            left = sp.expand(rest + whole * weight)
            if sp.expand(weight).is_number or terms_of(left) >= terms_of(sp.expand(rest)):
                continue
            parts = Add(*(w * head(v) for v, w in weights.items() if v != u))
            return left + parts - sp.factor_terms(weight) * complement(u)
    return None


def _part(see: See, term: Expr, head: type) -> tuple[Expr, Expr] | None:
    """(b, u) of b·h(u)."""
    factors = Mul.make_args(term)
    for factor in factors:
        inner = see(factor)
        if not isinstance(inner, head | Mul):
            continue
        coefficient, rest = split(inner)
        if isinstance(rest, head):
            return coefficient * others_of(factors, factor), argument(rest)
    return None


__all__ = [
    "at_two_places",
    "difference_of_any_roots",
    "difference_of_reciprocals",
    "less_argument",
    "power_minus_one",
    "power_minus_one_over_exponent",
    "powers_of_neighbours",
    "root_minus_member",
    "whole_minus_part",
]
