"""Quotients of differences by what they vanish with, and squares of neighbours."""

from __future__ import annotations

from functools import lru_cache
from itertools import product as product_of
from typing import Any

import sympy as sp
from sympy import Add, Expr, Mul, Piecewise, S

from symback.operations.expressions import written_size
from symback.operations.special import (
    bateman,
    expdivdiff,
    inv_expm1,
    inv_expm1sub,
    pow1pm1,
    pow1prel,
    powm1,
    quadroot,
    sqrtsub,
)
from symback.stable.exponentials import see_sum
from symback.stable.matching import (
    SHORT,
    See,
    argument,
    base_and_power,
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
from symback.stable.named_parts import entries_of, has_wanted, with_wanted

LARGEST_DEGREE = 16  # up to which a quotient of polynomials is divided out
LARGEST = 40  # written parts of it
PLACES = (S(3), S(7), S(11), S(19), S(23), S(31))  # of other names where it is looked for


def power_over_argument(see: See, product: Expr) -> Expr | None:
    """((1 + x)ⁿ - 1)/x and x/((1 + x)ⁿ - 1)."""
    factors = Mul.make_args(product)
    for factor in factors:
        base, times = base_and_power(factor)
        inner = see(base)
        if not isinstance(inner, pow1pm1) or times not in (1, -1):
            continue
        x = through_names(see, inner.args[0])
        if parts := joined(see, factors, x, -int(times)):
            ratio = quotient(x, through_names(see, Mul(*parts) ** -times))
            whole = ((ratio or 1) * pow1prel(*inner.args)) ** times
            return others_of(factors, factor, *parts) * whole
        outside = dict(map(base_and_power, factors))
        parts = [(b, n) for b, n in map(base_and_power, Mul.make_args(x)) if not b.is_number]
        if len(parts) > 1 and all(outside.get(b) == -times * n for b, n in parts):
            around = Mul(*(b ** (-times * n) for b, n in parts))  # r/m of (1 + r/m)
            whole = (pow1prel(*inner.args) * x / Mul(*(b**n for b, n in parts))) ** times
            return others_of(factors, factor) / around * whole
        for other in factors:
            below, power = base_and_power(other)
            if other is factor or power != -times:
                continue
            ratio = quotient(x, see_sum(see, below))
            if ratio is not None and ratio.is_number:
                whole = (ratio * pow1prel(*inner.args)) ** times
                return others_of(factors, factor, other) * whole
    return None


def geometric_sum(see: See, product: Expr) -> Expr | None:
    """(xⁿ - 1)/(x - 1) and (1 - xⁿ)/(1 - x), which is n at x = 1."""
    factors = Mul.make_args(product)
    for factor in factors:
        found = _power_less_one(see(factor))
        if found is None:
            continue
        x, n, sign = found
        for other in factors:
            below, power = base_and_power(other)
            ratio = quotient(see_sum(see, below), x - 1) if power == -1 else None
            if ratio not in (1, -1):
                continue
            near = sign * pow1prel(x - 1, n) / ratio
            whole = Piecewise((near, sp.Abs(x - 1) < S.Half), (factor * other, True))
            return others_of(factors, factor, other) * whole
    return None


def _power_less_one(expr: Expr) -> tuple[Expr, Expr, int] | None:
    """(x, n, ±1) of ±(xⁿ - 1), but for a small whole number n."""
    if isinstance(expr, powm1):
        return *expr.args, 1
    terms = expr.args if expr.is_Add and len(expr.args) == 2 else ()
    for one, power in (terms, terms[::-1]) if terms else ():
        if abs(one) == 1 and one.is_number:
            x, n = base_and_power(-one * power)
            if n.is_number and not (n.is_Integer and n <= LARGEST_DEGREE):
                return x, n, int(-one)
    return None


def common_factor(see: See, product: Expr) -> Expr | None:
    """(x³ - 1)/(x - 1) = x² + x + 1, and other quotients of polynomials with a linear factor."""
    if not has_wanted(see, product, _is_below):
        return None
    whole = with_wanted(see, product, _is_of_polynomials)
    if whole is None or not whole.is_Mul:
        return None
    sums = [(b, n) for b, n in map(base_and_power, whole.args) if b.is_Add and n.is_Integer]
    above = [b for b, n in sums if n > 0]
    below = [b for b, n in sums if n < 0]
    for a, b in product_of(above, below):
        for p, q, sign in ((a, b, 1), (b, a, -1)):
            found = _divided(p, q)
            if found is not None:
                return whole * q**sign / p**sign * found**sign
    return None


def _is_below(part: Any) -> bool:
    """Whether it is 1 over a whole power."""
    return bool(part.is_Pow and part.exp.is_Integer and part.exp.is_negative)


def _is_of_polynomials(part: Any) -> bool:
    """Whether it is a sum, or a whole power."""
    return bool(part.is_Add or (part.is_Pow and part.exp.is_Integer))


@lru_cache(maxsize=2**12)
def _divided(p: Expr, q: Expr) -> Expr | None:
    """p/q of polynomials, q having the first degree in a name; None where it is none."""
    named = entries_of(q, p)
    found = _divided_names(p.xreplace(named), q.xreplace(named))
    return None if found is None else found.xreplace({s: part for part, s in named.items()})


def _divided_names(p: Expr, q: Expr) -> Expr | None:
    for s in sorted(q.free_symbols & p.free_symbols, key=str):
        slope = q.diff(s)
        if slope.has(s) or not p.is_polynomial(*p.free_symbols):
            continue
        others = sorted((p.free_symbols | q.free_symbols) - {s}, key=str)
        at = dict(zip(others, PLACES, strict=False))
        root = (s - q / slope).xreplace({s: S.Zero, **at})
        if len(at) < len(others) or p.xreplace({**at, s: root}) != 0:
            return None
        ratio, rest = sp.div(p, q, s)
        return ratio if rest == 0 and written_size(ratio) <= LARGEST else None
    return None


def expm1_pole(see: See, total: Expr) -> Expr | None:
    """c/(exp(u) - 1) - c/u with any factor c."""
    terms = terms_looked_at(total)
    for term in terms if len(terms) <= SHORT else ():
        coefficient, rest = split(term)
        factors = Mul.make_args(see(rest) if see(rest).is_Mul else rest)
        for factor in factors:
            inner = see(factor)
            if not isinstance(inner, inv_expm1):
                continue
            u, weight = argument(inner), coefficient * others_of(factors, factor)
            for pole in dict.fromkeys((weight / u, weight / through_names(see, u))):
                if -pole in terms:
                    left = Add(*(t for t in terms if t is not term and t != -pole))
                    return left + weight * inv_expm1sub(u)
    return None


def root_less_root_over_argument(see: See, product: Expr) -> Expr | None:
    """d/x, where d = c·x/(√a + √b) has a name: the factor x goes, as it does in one line."""
    factors = Mul.make_args(product)
    outside = dict(map(base_and_power, factors))
    for factor in factors if len(factors) <= SHORT else ():
        inner = see_product(see, factor)
        if inner is factor or not factor.is_Symbol:
            continue
        inside = dict(map(base_and_power, Mul.make_args(inner)))
        is_over_roots = any(n == -1 and _has_root(b) for b, n in inside.items())
        if is_over_roots and any(n * outside.get(b, 0) < 0 for b, n in inside.items()):
            return others_of(factors, factor) * inner
    return None


def _has_root(total: Expr) -> bool:
    return total.is_Add and any(base_and_power(t)[1] == S.Half for t in total.args)


def root_of_quadratic(see: See, product: Expr) -> Expr | None:
    """(√(b² - 4·a·c) - b)/a, whose slope by a would cancel."""
    factors = Mul.make_args(product)
    for factor in factors:
        inner = see(factor)
        if not isinstance(inner, sqrtsub):
            continue
        b, d = inner.args
        for other in factors:
            a, power = base_and_power(other)
            c = None if power != -1 or a.is_number else quotient(d, a)
            if c is not None and not c.has(a):
                return others_of(factors, factor, other) * 2 * quadroot(a, b, -c / 4)
    return None


def root_of_quadratic_below(see: See, product: Expr) -> Expr | None:
    """2·c/(-b - √(b² - 4·a·c)), which is the same root as (√(b² - 4·a·c) - b)/(2·a)."""
    factors = Mul.make_args(product)
    for factor in factors:
        base, times = base_and_power(factor)
        inner = see(base)
        if times != -1 or not isinstance(inner, sqrtsub):
            continue
        b, d = inner.args
        for c in factors:
            a = None if c is factor or c.is_number else quotient(d, c)
            if a is not None and not a.has(c):
                return -others_of(factors, factor, c) * quadroot(-a / 4, -b, c) / 2
    return None


def root_over_own_member(see: See, root: Expr) -> Expr | None:
    """√(b² + b·e) - b = e·(√(1 + u) - 1)/u with u = e/b for b > 0; and this over 2·a."""
    if isinstance(root, sqrtsub):
        b, d = root.args
        over: Expr = S.One
    else:
        a, b, c = root.args
        d, over = -4 * a * c, 2 * a
    e = None if b.is_number else quotient(through_names(see, d), through_names(see, b))
    if e is None or e.has(b):
        return None
    near = e / over * pow1prel(e / b, S.Half)
    return Piecewise((near, b > 0), (root, True), evaluate=False)


def between_decays(see: See, product: Expr) -> Expr | None:
    """k·(exp(-m·t) - exp(-k·t))/(k - m), whose slope by k would cancel."""
    factors = Mul.make_args(product)
    for factor in factors:
        inner = see(factor)
        if not isinstance(inner, expdivdiff):
            continue
        first, second, t = inner.args
        for a, b in ((first, second), (second, first)):
            if -a in factors:
                return others_of(factors, factor, -a) * bateman(-a, -b, t)
    return None


def squares_of_neighbours(see: See, total: Expr) -> Expr | None:
    """c·(x + h)² - c·x² = c·h·(2·x + h) with any factor c."""
    terms = terms_looked_at(total)
    waiting: dict[Expr, list[tuple[Expr, Expr]]] = {}
    for term in terms if len(terms) <= SHORT else ():
        coefficient, rest = split(term)
        factors = Mul.make_args(see_product(see, rest))
        for factor in factors:
            base, power = base_and_power(see(factor) if factor.is_Symbol else factor)
            if power != 2:
                continue
            weight = coefficient * others_of(factors, factor)
            for other, before in waiting.get(-weight, []):
                difference = shorter_difference(see(base), see(before))
                if difference is None or terms_of(difference) != 1:
                    continue
                left = Add(*(t for t in terms if t is not term and t is not other))
                whole = see_sum(see, base) + see_sum(see, before)
                return left + weight * difference * sp.expand_mul(whole)
            waiting.setdefault(weight, []).append((term, base))
    return None


__all__ = [
    "between_decays",
    "common_factor",
    "expm1_pole",
    "geometric_sum",
    "power_over_argument",
    "root_less_root_over_argument",
    "root_of_quadratic",
    "root_of_quadratic_below",
    "root_over_own_member",
    "squares_of_neighbours",
]
