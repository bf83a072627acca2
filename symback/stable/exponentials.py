"""Quotients, products and differences of powers of e with named factors."""

from __future__ import annotations

import sympy as sp
from sympy import Add, Expr, Mul, S
from sympy.codegen.cfunctions import expm1

from symback.operations.functions import logsigmoid, sigma
from symback.operations.special import (
    expdiff,
    expdivdiff,
    expexp,
    expm1exp,
    expm1over,
    exprel,
    expshare,
    inv_add_exp,
    inv_expm1,
    inv_exprel,
    log_sinhc,
    logwsumexp,
    overexpm1,
)
from symback.stable.matching import (
    See,
    argument,
    base_and_power,
    exponent,
    half,
    joined,
    of_powers,
    others_of,
    powers_of_e,
    quotient,
    terms_looked_at,
    through_names,
    weighted_power,
)

# -- quotients ------------------------------------------------------------------------------------


def reciprocal_of_expm1(see: See, expr: Expr) -> Expr | None:
    """1/(exp(u) - 1)ⁿ."""
    inner = see(expr.base)
    if isinstance(inner, expm1) and expr.exp.is_Integer and expr.exp.is_negative:
        return inv_expm1(argument(inner)) ** -expr.exp
    return None


def reciprocal_of_sum(see: See, expr: Expr) -> Expr | None:
    """1/(a + b·exp(u))ⁿ, where the sum has one power of e; b·(exp(u) - 1) is -b + b·exp(u)."""
    total = see(expr.base)
    if not (expr.exp.is_Integer and expr.exp.is_negative):
        return None
    rest, found = [], []
    for term in terms_looked_at(total):
        weight, u = weighted_power(see, term)
        if u == 0:
            weight, u = _weighted_expm1(see, term)
            rest += [-weight] if u != 0 else [term]
        found += [(weight, u)] if u != 0 else []
    if len(found) != 1 or not rest:
        return None
    ((weight, u),) = found
    return inv_add_exp(Add(*rest), weight, u) ** -expr.exp


def _weighted_expm1(see: See, term: Expr) -> tuple[Expr, Expr]:
    """(b, u) of b·(exp(u) - 1); u = 0 where the term is none."""
    factors = Mul.make_args(term)
    for factor in factors:
        inner = see(factor)
        if isinstance(inner, expm1):
            return others_of(factors, factor), argument(inner)
    return term, S.Zero


def exp_times_reciprocal(see: See, product: Expr) -> Expr | None:
    """exp(u)/(exp(u) - 1) and exp(u)/(a + b·exp(u)): the same functions of -u."""
    factors = Mul.make_args(product)
    powers = [(f, u) for f in factors if (u := exponent(see, f)) is not None]
    if len(powers) != 1:
        return None
    ((power, total),) = powers
    for factor in factors:
        base, times = base_and_power(factor)
        inner = see(base)
        if not (isinstance(inner, inv_expm1 | inv_add_exp) and times.is_Integer and times > 0):
            continue
        count = quotient(total, inner.args[-1])
        if count is None or not count.is_Integer or not 0 < count <= times:
            continue
        if isinstance(inner, inv_expm1):
            turned: Expr = -inv_expm1(-argument(inner))
        else:
            a, b, u = inner.args
            turned = inv_add_exp(b, a, -u)
        return others_of(factors, factor, power) * turned**count * inner ** (times - count)
    return None


def share_of_two(see: See, product: Expr) -> Expr | None:
    """exp(u)/(a·exp(u) + b·exp(v)) = 1/(a + b·exp(v - u))."""
    factors = Mul.make_args(product)
    powers = [(f, u) for f in factors if (u := exponent(see, f)) is not None]
    if len(powers) != 1:
        return None
    ((power, total),) = powers
    for factor in factors:
        if not (factor.is_Pow and factor.exp == -1):
            continue
        below = see(factor.base)
        if not (below.is_Add and len(below.args) == 2):
            continue
        first, second = (weighted_power(see, t) for t in below.args)
        for (a, u), (b, v) in ((first, second), (second, first)):
            if u == total and v != 0:
                return others_of(factors, factor, power) * inv_add_exp(a, b, v - u)
    return None


def share_of_sum(see: See, product: Expr) -> Expr | None:
    """a/(a + b·exp(u)), whose slope by a cancels where it is nearly 1."""
    factors = Mul.make_args(product)
    for factor in factors:
        inner = see(factor)
        if not isinstance(inner, inv_add_exp):
            continue
        a, b, u = inner.args
        rest = others_of(factors, factor)
        left = None if a.is_number else quotient(rest, a)
        if left is not None:
            return left * expshare(a, b, u)
    return None


def over_its_argument(see: See, product: Expr) -> Expr | None:
    """(exp(u) - 1)/k and (exp(u) - exp(v))/k, where u or u - v is k times something."""
    factors = Mul.make_args(product)
    for factor in factors:
        base, times = base_and_power(factor)
        inner = see(base)
        if not (isinstance(inner, expm1 | expdiff) and times.is_Integer and times > 0):
            continue
        exponents = [through_names(see, u) for u in inner.args]
        u = exponents[0] - exponents[1] if len(exponents) == 2 else exponents[0]
        if isinstance(inner, expm1) and (parts := joined(see, factors, u, -1)):
            ratio = quotient(u, through_names(see, 1 / Mul(*parts)))
            left = base ** (times - 1)
            return others_of(factors, factor, *parts) * left * (ratio or 1) * exprel(*inner.args)
        for other in factors:
            below, power = base_and_power(other)
            if other is factor or not power.is_Integer:
                continue
            if power < 0:
                below = through_names(see, see_sum(see, below))
                ratio = quotient(u, below)
            else:  # x·(exp(1/x) - 1)
                below, power, ratio = 1 / below, -power, u * below
                ratio = ratio if ratio.is_number else None
            if ratio is None:
                continue
            both = min(times, -power)
            left = base ** (times - both) * below ** (power + both)
            whole = _divided(inner.func(*exponents), below, ratio)
            return others_of(factors, factor, other) * left * whole**both
    return None


def _divided(inner: Expr, k: Expr, ratio: Expr) -> Expr:
    """(exp(k·r) - 1)/k, or (exp(u) - exp(v))/k where u - v = k·r."""
    if isinstance(inner, expm1):
        return ratio * exprel(argument(inner)) if ratio.is_number else expm1over(k, ratio)
    a, b = (quotient(u, ratio) if not ratio.is_number else u / ratio for u in inner.args)
    if a is None or b is None or sp.expand(a - b - k) != 0:
        return ratio * expdivdiff(*inner.args, 1)
    return expdivdiff(a, b, ratio)


def see_sum(see: See, expr: Expr) -> Expr:
    """Behind the name of a sum, such as k = a - b; any other expression as it is."""
    inner = see(expr)
    return inner if inner.is_Add else expr


def argument_over_expm1(see: See, product: Expr) -> Expr | None:
    """u/(exp(u) - 1), with any factor between the two."""
    factors = Mul.make_args(product)
    for factor in factors:
        base, times = base_and_power(factor)
        inner = see(base)
        if not (isinstance(inner, inv_expm1) and times.is_Integer and times > 0):
            continue
        u = through_names(see, argument(inner))
        if parts := joined(see, factors, u, 1):
            ratio = quotient(u, through_names(see, Mul(*parts)))
            left = inner ** (times - 1)
            return others_of(factors, factor, *parts) * left * inv_exprel(u) / (ratio or 1)
        for other in factors:
            above, power = base_and_power(other)
            if other is factor or not (power.is_Integer and power > 0):
                continue
            above = through_names(see, see_sum(see, above))
            ratio = quotient(u, above)
            if ratio is None or isinstance(above, sp.exp):
                continue
            both = min(times, power)
            left = inner ** (times - both) * above ** (power - both)
            whole = inv_exprel(u) / ratio if ratio.is_number else overexpm1(above, ratio)
            return others_of(factors, factor, other) * left * whole**both
    return None


def even_product(see: See, product: Expr) -> Expr | None:
    """u/(exp(u) - 1)·u/(1 - exp(-u)) = (u/2/sinh(u/2))²."""
    found: dict[Expr, tuple[Expr, Expr]] = {}
    for factor in Mul.make_args(product):
        base, power = base_and_power(factor)
        inner = see(base)
        if isinstance(inner, inv_exprel) and power.is_Integer and power.is_positive:
            found[argument(inner)] = factor, power
    for u, (factor, power) in found.items():
        if -u not in found:
            continue
        other, times = found[-u]
        both = min(power, times)
        left = inv_exprel(u) ** (power - both) * inv_exprel(-u) ** (times - both)
        rest = others_of(Mul.make_args(product), factor, other)
        return rest * left * sp.exp(-2 * both * log_sinhc(half(u)))
    return None


def root_of_powers(see: See, expr: Expr) -> Expr | None:
    """(exp(u) + exp(v) + …)ʳ for no whole number r, through the log of the positive sum.

    Weights may have names where r has some: by these the power has the digits of the log.
    """
    if expr.exp.is_Integer:
        return None
    powers = powers_of_e(see, expr.base)
    if powers is not None:
        return sp.exp(expr.exp * of_powers(powers))
    terms = () if expr.exp.is_number else terms_looked_at(see(expr.base))
    weighted = [weighted_power(see, term) for term in terms]
    if len({u for _, u in weighted}) < max(2, len(weighted)):
        return None
    return sp.exp(expr.exp * logwsumexp(*(part for w, u in weighted for part in (w, u))))


# -- differences ----------------------------------------------------------------------------------


def difference_of_powers(see: See, total: Expr) -> Expr | None:
    """c·exp(u) - c·exp(v) with any factor c; 2c·sinh(u) where v = -u."""
    waiting: dict[Expr, tuple[Expr, Expr]] = {}
    for term in terms_looked_at(total):
        weight, u = weighted_power(see, term)
        if u == 0:
            continue
        if -weight in waiting:
            other, v = waiting[-weight]
            rest = Add(*(t for t in total.args if t is not term and t is not other))
            if through_names(see, u + v) == 0:
                return rest + 2 * weight * sp.sinh(u)
            return rest + (
                weight * expdiff(u, v) if not _is_negative(weight) else -weight * expdiff(v, u)
            )
        waiting[weight] = term, u
    return None


def _is_negative(weight: Expr) -> bool:
    return bool(weight.could_extract_minus_sign())


# -- an exponential in an exponent ----------------------------------------------------------------


def exp_of_exp(see: See, expr: Expr) -> Expr | None:
    """exp(a + b·exp(u)), whose slope is 0·∞ where exp(u) overflows."""
    inside = see_sum(see, argument(expr))
    found = []
    for term in Add.make_args(inside):
        weight, u = weighted_power(see, term)
        if u != 0:
            found.append((term, weight, u))
    if len(found) != 1:
        return None
    ((term, weight, u),) = found
    rest = Add(*(t for t in Add.make_args(inside) if t is not term))
    return expexp(rest, weight, u)


def one_minus_exp_of_exp(see: See, total: Expr) -> Expr | None:
    """c - c·exp(b·exp(u)) with any factor c."""
    terms = terms_looked_at(total)
    by_value = set(terms)
    for term in terms:
        factors = Mul.make_args(term)
        for factor in factors:
            inner = see(factor)
            weight = others_of(factors, factor)
            if isinstance(inner, expexp) and inner.args[0] == 0 and -weight in by_value:
                rest = Add(*(t for t in terms if t is not term and t != -weight))
                return rest + weight * expm1exp(*inner.args[1:])
    return None


def expm1_of_exp(see: See, expr: Expr) -> Expr | None:
    """exp(b·exp(u)) - 1."""
    weight, u = weighted_power(see, argument(expr))
    return None if u == 0 else expm1exp(weight, u)


def power_of_sigma(see: See, power: Expr) -> Expr | None:
    """σ(z)ᵍ = exp(g·log σ(z)) for a g that has a name: by it, the slope of a σ that rounds to 1."""
    inner = see(power.base)
    if not isinstance(inner, sigma) or power.exp.is_number:
        return None
    return sp.exp(power.exp * logsigmoid(argument(inner)))


__all__ = [
    "argument_over_expm1",
    "difference_of_powers",
    "even_product",
    "exp_of_exp",
    "exp_times_reciprocal",
    "expm1_of_exp",
    "one_minus_exp_of_exp",
    "over_its_argument",
    "power_of_sigma",
    "reciprocal_of_expm1",
    "reciprocal_of_sum",
    "root_of_powers",
    "see_sum",
    "share_of_sum",
    "share_of_two",
]
