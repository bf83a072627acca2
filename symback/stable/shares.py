"""Shares of a sum and contrasts, whose slopes cancel, and curves of Hill, 0·∞ at the dose 0.

Tried last: other rules read quotients as they are typed.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp
from sympy import Add, Expr, Mul, Piecewise, S
from sympy.codegen.cfunctions import hypot

from symback.operations.special import (
    diffshare,
    hypotshare,
    hypotsub,
    log_ratio,
    powshare,
    softsign,
    sumshare,
)
from symback.stable.matching import (
    SHORT,
    See,
    argument,
    base_and_power,
    others_of,
    quotient,
    terms_looked_at,
    terms_of,
    through_names,
)


def part_of_sum(see: See, product: Expr) -> Expr | None:
    """a/(a + b), and xⁿ/(xⁿ + kⁿ) for an n that is even or no whole number."""
    factors = Mul.make_args(product)
    for factor in factors:
        terms = _divided_by(see, factor)
        rest = others_of(factors, factor)
        for term in terms:
            if term.is_number or term.could_extract_minus_sign():
                continue
            left = quotient(rest, term)
            if left is None:
                continue
            others = Add(*(t for t in terms if t is not term))
            base, power = base_and_power(see(term))
            other = None if power.is_odd else _base_of_power(see, others, power)
            if other is not None and not _is_steep_beside(see, left, base, power):
                return left * powshare(base, other, power)
            if other is not None:
                return None
            return left * sumshare(term, others) if power.is_Integer else None
    return None


def _is_steep_beside(see: See, left: Expr, base: Expr, power: Expr) -> bool:
    """Whether two powers of one base below 1 would be factors, as √x·√x/(√x + 1) of x/(√x + 1).

    Each is infinitely steep at 0, where the product need not be.
    """
    powers = [base_and_power(see(f)) for f in Mul.make_args(left)]
    below = [p for b, p in powers if b == base and not (p.is_number and p >= 1)]
    return bool(below) and not (power.is_number and power >= 1)


def other_part_of_sum(see: See, product: Expr) -> Expr | None:
    """p/q·1/(1 + p/q), whose second factor has become q/(q + p), and the same of powers."""
    factors = Mul.make_args(product)
    for factor in factors:
        inner = see(factor)
        if not isinstance(inner, sumshare | powshare):
            continue
        q, p, *power = inner.args
        rest = others_of(factors, factor)
        for ratio in (p / q, (p / q) ** Mul(*power), p ** Mul(*power) * q ** -Mul(*power)):
            left = quotient(rest, ratio)
            if left is not None and not left.has(q):
                return left * inner.func(p, q, *power)
    return None


def _below(see: See, factor: Expr) -> Expr | None:
    """What is divided by once, also where 1/(a + b) has a name."""
    base, power = base_and_power(see(factor))
    return see(base) if power == -1 else None


def _divided_by(see: See, factor: Expr) -> tuple[Expr, ...]:
    """The terms of a sum that is divided by once; none of anything else."""
    total = _below(see, factor)
    if total is None:
        return ()
    return terms_looked_at(total) if terms_of(total) <= SHORT else ()


def _base_of_power(see: See, expr: Expr, power: Expr) -> Expr | None:
    """k of kⁿ, and 1 of 1."""
    base, own = base_and_power(see(expr))
    if own == power:
        return base
    return S.One if expr == 1 else None


def contrast(see: See, product: Expr) -> Expr | None:
    """(a - b)/(a + b)."""
    factors = Mul.make_args(product)
    for factor in factors:
        terms = _divided_by(see, factor)
        if len(terms) != 2 or any(t.could_extract_minus_sign() for t in terms):
            continue
        for other in factors:
            above = see(other)
            for a, b in (terms, terms[::-1]):
                if above.is_Add and above == a - b:
                    return others_of(factors, factor, other) * diffshare(a, b)
    return None


def reciprocal_of_one_and_ratio(see: See, expr: Expr) -> Expr | None:
    """1/(1 + p/q) and 1/(1 + (p/q)ⁿ), which are 0 where q is."""
    terms = _divided_by(see, expr)
    if len(terms) != 2 or S.One not in terms:
        return None
    ratio = see(Add(*(t for t in terms if t != 1)))
    whole = through_names(see, ratio)
    ratio = whole if all(_is_short(base_and_power(f)[0]) for f in Mul.make_args(whole)) else ratio
    found = _ratio_to_power(ratio)
    if found is None:
        return None
    p, q, n = found
    return sumshare(q, p) if n == 1 else powshare(q, p, n)


def _is_short(base: Expr) -> bool:
    """A name or a number, or a quotient of two."""
    return all(part.is_Symbol or part.is_number for part in base.as_numer_denom())


def _ratio_to_power(ratio: Expr) -> tuple[Expr, Expr, Expr] | None:
    """(p, q, n) of (p/q)ⁿ, with n = 1 where the powers in p and q differ."""
    signed = [base_and_power(factor) for factor in Mul.make_args(ratio)]
    turned = [power.could_extract_minus_sign() for _, power in signed]
    sizes = {-power if t else power for (_, power), t in zip(signed, turned, strict=True)}
    n = sizes.pop() if len(sizes) == 1 else S.One
    p = q = S.One
    for (base, power), t in zip(signed, turned, strict=True):
        above, below = (base if n != 1 else base ** (-power if t else power)).as_numer_denom()
        p, q = (p * below, q * above) if t else (p * above, q * below)
    if q.is_number or (n.is_Integer and n > 1 and not _is_short(p / q)):
        return None  # never 0, or the square of a distance by its width
    return p, q, n


def logistic_of_log(see: See, expr: Expr) -> Expr | None:
    """σ(n·log(x/k)) = xⁿ/(xⁿ + kⁿ)."""
    factors = Mul.make_args(see(argument(expr)))
    logs = [f for f in factors if isinstance(see(f), sp.log | log_ratio)]
    if len(logs) != 1:
        return None
    log = see(logs[0])
    x, k = log.args if isinstance(log, log_ratio) else argument(log).as_numer_denom()
    return powshare(x, k, others_of(factors, *logs))


def rest_of_whole(see: See, total: Expr) -> Expr | None:
    """c - c·a/(a + b) = c·b/(a + b)."""
    terms = terms_looked_at(total)
    for term in terms:
        factors = Mul.make_args(see(term))
        for factor in factors:
            inner = see(factor)
            if not isinstance(inner, sumshare | powshare):
                continue
            weight = others_of(factors, factor)
            if -weight not in terms:
                continue
            a, b, *power = inner.args
            rest = Add(*(t for t in terms if t is not term and t != -weight))
            return rest - weight * inner.func(b, a, *power)
    return None


def over_length(see: See, product: Expr) -> Expr | None:
    """x/√(x² + y²), x/√(x² + c), and x/(c + |x|)."""
    factors = Mul.make_args(product)
    for factor in factors:
        changed = _over_root(see, factors, factor)
        if changed is not None:
            return changed
        below = _below(see, factor)
        if below is None:
            continue
        rest = others_of(factors, factor)
        if isinstance(below, hypot):
            for x, y in (below.args, below.args[::-1]):
                left = None if x.is_number else quotient(rest, x)
                if left is not None:
                    return left * hypotshare(x, y)
        for term in terms_looked_at(below) if terms_of(below) <= SHORT else ():
            size = see(term)
            left = quotient(rest, size.args[0]) if isinstance(size, sp.Abs) else None
            if left is not None:
                others = Add(*(t for t in below.args if t is not term))
                return left * softsign(size.args[0], others)
    return None


def _over_root(see: See, factors: Sequence[Expr], factor: Expr) -> Expr | None:
    """x/√(x² + c) with a c of its own, which is positive."""
    base, power = base_and_power(see(factor))
    if power == -1:
        base, power = base_and_power(see(base))
        power = -power
    if power != -S.Half:
        return None
    total, rest = see(base), others_of(factors, factor)
    for term in terms_looked_at(total) if terms_of(total) == 2 else ():
        x, square = base_and_power(see(term))
        other = total - term
        left = quotient(rest, x) if square == 2 else None
        if left is None or not other.is_Symbol:
            continue
        share = hypotshare(x, sp.sqrt(other))
        return left * Piecewise((share, other > 0), (x * factor, True), evaluate=False)
    return None


def rest_of_length(see: See, total: Expr) -> Expr | None:
    """c - c·x/√(x² + y²) = c·(√(x² + y²) - x)/√(x² + y²), as a solid angle has it."""
    terms = terms_looked_at(total)
    for term in terms:
        factors = Mul.make_args(term)
        for factor in factors:
            inner, weight = see(factor), others_of(factors, factor)
            if not isinstance(inner, hypotshare):
                continue
            for sign in (1, -1):
                if sign * weight in terms:
                    x, y = inner.args
                    kept = (t for t in terms if t is not term and t != sign * weight)
                    near = hypotsub(-sign * x, y) / hypot(x, y)
                    whole = Piecewise((near, -sign * x > 0), (1 + sign * inner, True))
                    return Add(*kept, sign * weight * whole)
    return None


def blend(see: See, total: Expr) -> Expr | None:
    """a + (b - a)·s = a·(1 - s) + b·s for a share s."""
    terms = terms_looked_at(total)
    if len(terms) > SHORT:
        return None
    for term in terms:
        factors = Mul.make_args(see(term))
        for factor in factors:
            inner = see(factor)
            if not isinstance(inner, sumshare | powshare):
                continue
            for other in factors:
                apart = see(other)
                weight = others_of(factors, factor, other)
                for a in terms_looked_at(apart) if other is not factor else ():
                    if -a * weight not in terms:
                        continue
                    rest = Add(*(t for t in terms if t is not term and t != -a * weight))
                    p, q, *power = inner.args
                    whole = -a * weight * inner.func(q, p, *power)
                    return rest + whole + (apart - a) * weight * inner
    return None


__all__ = [
    "blend",
    "contrast",
    "logistic_of_log",
    "other_part_of_sum",
    "over_length",
    "part_of_sum",
    "reciprocal_of_one_and_ratio",
    "rest_of_length",
    "rest_of_whole",
]
