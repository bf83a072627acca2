"""Sums of powers of e over sums of such, of which both overflow."""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp
from sympy import Add, Expr, Mul, Piecewise, S
from sympy.codegen.cfunctions import expm1

from symback.operations.functions import logaddexp, logcosh, sigma, softplus
from symback.operations.special import (
    expdiff,
    expshare,
    inv_add_exp,
    inv_expm1,
    inv_exprel,
    logwsumexp,
    overexpm1,
)
from symback.stable.matching import (
    See,
    argument,
    base_and_power,
    exponent,
    others_of,
    quotient,
    summands,
    terms_looked_at,
    terms_of,
    through_names,
    weighted_power,
)

MOST_TERMS = 4  # of a sum that is multiplied out


def sum_over_sum(see: See, product: Expr) -> Expr | None:
    """(a·exp(u) + b·exp(v))·h = a·exp(u)·h + b·exp(v)·h for an h that fades as exp(-u) grows."""
    factors = Mul.make_args(product)
    for total in factors:
        base, times = base_and_power(total)
        powers, parts = _powers_in(see, see(base))
        for fading in factors if powers and times.is_Integer and times > 0 else ():
            one, count = (fading, S.One) if times == 1 else base_and_power(fading)
            if fading is total or (times > 1 and not count >= times):
                continue
            if all(_is_met(see, u, one) for u in powers):
                rest = others_of(factors, total, fading) * one ** (count - times)
                if times > 1:
                    return rest * _multiplied(parts, _unfaded(one)) ** times
                return _multiplied(parts, rest * _unfaded(one))
    return None


def _powers_in(see: See, total: Expr) -> tuple[list[Expr], Expr]:
    """The exponents of a short sum of powers of e, and the sum in these; none of anything else."""
    if isinstance(total, expdiff):
        return list(total.args), _difference(*total.args)
    if isinstance(total, sp.sinh):
        u = argument(total)
        return [u, -u], _multiplied(_difference(u, -u), S.Half)
    terms = terms_looked_at(total) if terms_of(total) <= MOST_TERMS else ()
    powers = [u for t in terms if (u := weighted_power(see, t)[1]) != 0]
    return powers, Add(*(_open(see, t) for t in terms))


def _difference(u: Expr, v: Expr) -> Expr:
    """exp(u) - exp(v) as a multiple of the larger of the two."""
    above, below = -expm1(v - u) * sp.exp(u), expm1(u - v) * sp.exp(v)
    return Piecewise((above, u > v), (below, True), evaluate=False)


def _multiplied(parts: Expr, factor: Expr) -> Expr:
    if isinstance(parts, Piecewise):
        return Piecewise(*((factor * part, c) for part, c in parts.args), evaluate=False)
    return Add(*(factor * part for part in Add.make_args(parts)))


def _open(see: See, term: Expr) -> Expr:
    weight, u = weighted_power(see, term)
    return weight * sp.exp(u) if u != 0 else term


def _unfaded(factor: Expr) -> Expr:
    """h of a choice between 0 and h."""
    is_made = isinstance(factor, Piecewise) and len(factor.args) == 2 and factor.args[0].expr == 0
    return factor.args[1].expr if is_made else factor


def _is_met(see: See, u: Expr, fading: Expr) -> bool:
    """Whether exp(u) times what fades is bounded, by the exponents that this has."""
    base, power = base_and_power(fading)
    inner = _unfaded(see(base))
    if isinstance(inner, sp.exp):
        return bool(power == 1 and argument(inner).has(logaddexp, softplus, logcosh))
    if power == -1:
        exponents: Iterable[Expr] = (weighted_power(see, t)[1] for t in terms_looked_at(inner))
        return any(v == u for v in exponents if v != 0)
    if not (power.is_Integer and power > 0):
        return False
    if isinstance(inner, sigma):
        return any(u == n * v for v in summands(-argument(inner)) for n in range(1, power + 1))
    w = _growing(inner)
    count = None if w is None else quotient(through_names(see, u), through_names(see, w))
    return count is not None and bool(count.is_Integer) and bool(0 < count <= power)


def _growing(fading: Expr) -> Expr | None:
    """w of what is nearly exp(-w) where that is small."""
    if isinstance(fading, inv_expm1 | inv_exprel):
        return argument(fading)
    if isinstance(fading, overexpm1):
        return Mul(*fading.args)
    return fading.args[-1] if isinstance(fading, inv_add_exp | expshare) else None


def _times_power(fading: Expr) -> Expr:
    """What fades as exp(-w), times exp(w)."""
    if isinstance(fading, inv_expm1):
        return -inv_expm1(-argument(fading))
    if isinstance(fading, inv_exprel):
        return inv_exprel(-argument(fading))
    if isinstance(fading, overexpm1):
        x, r = fading.args
        return overexpm1(-x, r)
    a, b, u = fading.args
    weight = a if isinstance(fading, expshare) else S.One
    return weight * inv_add_exp(b, a, -u)


def power_times_fading(see: See, product: Expr) -> Expr | None:
    """exp(w)·w/(exp(w) - 1) = w/(1 - exp(-w)), and the same of x/(exp(r·x) - 1)."""
    factors = Mul.make_args(product)
    for power in factors:
        u = exponent(see, power)
        for factor in factors if u is not None else ():
            inner = _unfaded(see(factor))
            if isinstance(inner, inv_exprel | overexpm1 | expshare) and _is_same(see, u, inner):
                return others_of(factors, power, factor) * _times_power(inner)
    return None


def _is_same(see: See, u: Expr, fading: Expr) -> bool:
    w = _growing(fading)
    return w is not None and sp.expand(through_names(see, u) - through_names(see, w)) == 0


def power_over_cosh(see: See, power: Expr) -> Expr | None:
    """exp(u - log(cosh(u))) = 2·σ(2·u)."""
    terms = Add.make_args(argument(power))
    for term in terms if len(terms) > 1 else ():
        log = -term
        for u in (argument(log), -argument(log)) if isinstance(log, logcosh) else ():
            if u in terms:
                rest = Add(*(t for t in terms if t is not term and t != u))
                return 2 * sigma(2 * u) * sp.exp(rest)
    return None


def less_one_over_sum(see: See, product: Expr) -> Expr | None:
    """(exp(u) - 1)·h = (1 - exp(-u))·exp(u - w)·(exp(w)·h), where u and w are large.

    Not for a -u with its sign in front, which is what this makes.
    """
    factors = Mul.make_args(product)
    for factor in factors:
        above = see(factor)
        for fading in factors if isinstance(above, expm1) else ():
            inner = _unfaded(see(fading))
            w, u = _growing(inner), argument(above)
            if w is None or fading is factor or u.could_extract_minus_sign():
                continue
            left = sp.exp(sp.expand(through_names(see, u) - through_names(see, w)))
            far = -expm1(-u) * left * _times_power(inner)
            far *= others_of(factors, factor, fading)
            return Piecewise((far, sp.And(u > 1, w > 1)), (product, True), evaluate=False)
    return None


def share_of_weighted(see: See, product: Expr) -> Expr | None:
    """p·exp(u)/(p·exp(u) + q·exp(v) + …) through the log of the others' sum."""
    factors = Mul.make_args(product)
    for factor in factors:
        base, power = base_and_power(see(factor))
        terms = terms_looked_at(see(base)) if power == -1 else ()
        found = [weighted_power(see, t) for t in terms] if 2 < len(terms) <= MOST_TERMS else []
        found = [(t, S.Zero) if u == 0 else (t, u) for t, u in found]
        if sum(u != 0 for _, u in found) < 2:
            continue
        rest, growing = weighted_power(see, others_of(factors, factor))
        for i, (weight, u) in enumerate(found):
            if growing == u != 0:
                others = [part for j, pair in enumerate(found) if j != i for part in pair]
                left = quotient(rest, weight)
                share = expshare if left is not None else inv_add_exp
                return (rest if left is None else left) * share(
                    weight, S.One, logwsumexp(*others) - u
                )
    return None


__all__ = [
    "less_one_over_sum",
    "power_over_cosh",
    "power_times_fading",
    "share_of_weighted",
    "sum_over_sum",
]
