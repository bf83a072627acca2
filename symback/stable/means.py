"""Means of powers, as a CES function has them, whose exponent may be 0, and logs beside 1."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy import Add, Expr, Mul, Piecewise, S

from symback.operations import arrays
from symback.operations.elementwise import elementary
from symback.operations.expressions import written_size
from symback.operations.special import boxcox, log1prel, log_ratio, log_sinhc, powm1, xlogx
from symback.stable.matching import (
    See,
    argument,
    base_and_power,
    others_of,
    quotient,
    see_product,
    terms_looked_at,
    through_names,
)

MOST_TERMS = 4  # of a mean
LARGEST = 30  # written parts of two exponents that are multiplied


def mean_of_powers(see: See, power: Expr) -> Expr | None:
    """(a·xʳ + b·yʳ)^(1/r) with a + b = 1, which is x^a·y^b at r = 0.

    It is x·exp(log(1 + v)/v·b·((y/x)ʳ - 1)/r), v being b·((y/x)ʳ - 1).
    """
    if power.exp.is_number:
        return None
    whole = see(power.base)
    if isinstance(whole, arrays.mean):
        return _mean_of_array(see, power, whole)
    exponent = elementary(through_names(see, power.exp))
    terms = terms_looked_at(whole) if len(whole.args) <= MOST_TERMS else ()
    found = [_weighted(see, term, exponent) for term in terms]
    exponents = {r for _, _, r in found if r is not None}
    times = _times(see, exponent, exponents.pop()) if len(exponents) == 1 else None
    if times is None or sp.expand(Add(*(w for w, _, _ in found)) - 1) != 0:
        return None
    powers = [part for part in found if part[2] is not None]
    scale = S.One if len(powers) < len(found) else powers.pop(0)[1]
    ratios = [(w, x / scale, r) for w, x, r in powers]
    v = Add(*(w * powm1(x, r) for w, x, r in ratios))
    log = log1prel(v) * Add(*(w * boxcox(x, r) for w, x, r in ratios))
    conditions: list[Any] = [x > 0 for x in (scale, *(x for _, x, _ in powers)) if not x.is_number]
    near = scale**times * sp.exp(times * log)
    return Piecewise((near, sp.And(sp.Abs(v) < S.Half, *conditions)), (power, True), evaluate=False)


def _times(see: See, exponent: Expr, r: Expr) -> Expr | None:
    """c of an exponent c/r, if c is without r."""
    own = elementary(through_names(see, r))
    product = exponent * own
    if written_size(product) > LARGEST:
        return None
    times = sp.cancel(product)
    return None if times.has(*own.free_symbols) else times


def _weighted(see: See, term: Expr, exponent: Expr) -> tuple[Expr, Expr, Expr | None]:
    """(w, x, r) of w·xʳ for an r that the exponent has, and (w, 1, None) of any other term."""
    whole = see_product(see, term)
    factors = Mul.make_args(whole)
    for factor in factors:
        x, r = base_and_power(see(factor) if factor.is_Symbol else factor)
        if not r.is_number and through_names(see, r).free_symbols & exponent.free_symbols:
            return others_of(factors, factor), x, r
    return whole, S.One, None


def _mean_of_array(see: See, power: Expr, whole: Expr) -> Expr | None:
    x, r = base_and_power(see(whole.args[0]))
    exponent = elementary(through_names(see, power.exp))
    times = None if r.is_number or len(whole.args) > 1 else _times(see, exponent, r)
    if times is None or not see.shape_of(x) or see.shape_of(r):
        return None
    v = arrays.mean(powm1(x, r))
    near = sp.exp(times * log1prel(v) * arrays.mean(boxcox(x, r)))
    inside = sp.And(sp.Abs(v) < S.Half, arrays.reduce_min(x) > 0)
    return Piecewise((near, inside), (power, True), evaluate=False)


def log_over_polynomial(see: See, product: Expr) -> Expr | None:
    """log(x)/(x² - 1) = log(1 + u)/u/(x + 1) with u = x - 1, and its inverse; so x·log(x)."""
    factors = Mul.make_args(product)
    for factor in factors:
        base, times = base_and_power(factor)
        log = see(base)
        x = argument(log) if isinstance(log, sp.log | xlogx) else S.One
        for other in factors if x.is_Symbol else ():
            total, power = base_and_power(other)
            p = see(total)
            if power != -times or not (p.is_Add and p.has(x) and p.is_polynomial(x)):
                continue
            q, rest = sp.div(p, x - 1, x)
            if rest != 0 or written_size(q) > LARGEST:
                continue
            weight = x if isinstance(log, xlogx) else S.One
            near = others_of(factors, factor, other) * (weight * log1prel(x - 1) / q) ** times
            return Piecewise((near, sp.Abs(x - 1) < S.Half), (product, True), evaluate=False)
    return None


def power_less_power(see: See, product: Expr) -> Expr | None:
    """(xᵏ - yᵏ)/k = log(x/y)·(x·y)^(k/2)·sinh(u)/u with u = k·log(x/y)/2, for a small u."""
    factors = Mul.make_args(product)
    for total in factors:
        terms = terms_looked_at(see(total))
        parts = [_weighted(see, t, t) for t in terms] if len(terms) == 2 else []
        if len(parts) != 2 or parts[0][0] != -parts[1][0]:
            continue
        (weight, x, k), (_, y, m) = parts
        if k is None or m is None or (m not in (k, -k)):
            continue
        y = y if m == k else 1 / y
        log = 2 * sp.log(x) if y == 1 / x else log_ratio(x, y)
        both = S.Zero if y == 1 / x else sp.log(x) + sp.log(y)
        for other in factors:
            ratio = quotient(k, other.base) if other.is_Pow and other.exp == -1 else None
            if ratio is not None and ratio.is_number:
                whole = log * sp.exp(k * both / 2 + log_sinhc(k * log / 2))
                near = others_of(factors, total, other) * weight * ratio * whole
                inside = sp.And(sp.Abs(k * log) < 1, x > 0)
                return Piecewise((near, inside), (product, True), evaluate=False)
    return None


__all__ = ["log_over_polynomial", "mean_of_powers", "power_less_power"]
