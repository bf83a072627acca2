"""Logarithms, angles and quotients near the ends of what floats hold, and logarithmic means."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy import Add, Expr, Mul
from sympy.codegen.cfunctions import log1p

from symback.operations.functions import erfc, log1mexp, sigma, softplus
from symback.operations.special import (
    expm1exp,
    log_erfc,
    log_ratio,
    log_sinhc,
)
from symback.stable.divided import log_mean
from symback.stable.matching import (
    SHORT,
    See,
    argument,
    base_and_power,
    constant_and_terms,
    half,
    others_of,
    split,
    terms_looked_at,
    terms_of,
    through_names,
)


def log_of_hyperbolic(see: See, expr: Expr) -> Expr | None:
    """log(sinh(u)) = u + log(1 - exp(-2u)) - log(2), log(tanh(u)) without the first and last."""
    coefficient, rest = split(see(argument(expr)))
    inner = see(rest)
    if not (isinstance(inner, sp.sinh | sp.tanh) and coefficient.is_positive):
        return None
    u = argument(inner)
    if isinstance(inner, sp.sinh):
        return u + log1mexp(-2 * u) + sp.log(coefficient / 2)
    return log1mexp(-2 * u) - softplus(-2 * u) + sp.log(coefficient)


def log_of_expm1_of_exp(see: See, expr: Expr) -> Expr | None:
    """log(1 - exp(-e)) with e = exp(u): also u - e/2 + log(sinh(e/2)/(e/2))."""
    coefficient, rest = split(see(argument(expr)))
    inner = see(rest)
    if not (isinstance(inner, expm1exp) and coefficient.is_negative):
        return None
    b, u = inner.args
    if not (b.is_number and b.is_negative):
        return None
    u += sp.log(-b)
    small = u - half(sp.exp(u)) + log_sinhc(half(sp.exp(u)))
    large = log1mexp(-sp.exp(u))
    return sp.Piecewise((small, u < 0), (large, True)) + sp.log(-coefficient)


def ratio_of_tails(see: See, product: Expr) -> Expr | None:
    """erfc(a)/erfc(b), both of which may underflow."""
    factors = Mul.make_args(product)
    tails = [(f, see(base_and_power(f)[0]), base_and_power(f)[1]) for f in factors]
    above = [(f, argument(t)) for f, t, n in tails if isinstance(t, erfc) and n == 1]
    below = [(f, argument(t)) for f, t, n in tails if isinstance(t, erfc) and n == -1]
    if not (above and below):
        return None
    (one, a), (other, b) = above[0], below[0]
    return others_of(factors, one, other) * sp.exp(log_erfc(a) - log_erfc(b))


def sigma_minus_half(see: See, total: Expr) -> Expr | None:
    """c·σ(u) - c/2 = c/2·tanh(u/2)."""
    number, terms = constant_and_terms(total)
    for term in terms if number else ():
        coefficient, rest = split(term)
        inner = see(rest)
        if isinstance(inner, sigma) and coefficient == -2 * number:
            others = (t for t in terms if t is not term)
            return Add(*others, coefficient * sp.tanh(argument(inner) / 2) / 2)
    return None


_REST_OF_RIGHT_ANGLE: dict[Any, Any] = {
    sp.atan: lambda u: sp.atan2(1, u),
    sp.asin: sp.acos,
    sp.acos: sp.asin,
}


def rest_of_right_angle(see: See, total: Expr) -> Expr | None:
    """c·π/2 - c·atan(u), and the same of asin and acos."""
    terms = terms_looked_at(total)
    for term in terms:
        factors = Mul.make_args(see(term))
        for factor in factors:
            inner = see(factor)
            weight = -others_of(factors, factor)
            if inner.func not in _REST_OF_RIGHT_ANGLE or weight * sp.pi / 2 not in terms:
                continue
            rest = Add(*(t for t in terms if t is not term and t != weight * sp.pi / 2))
            return rest + weight * _REST_OF_RIGHT_ANGLE[inner.func](argument(inner))
    return None


def inverse_beside_one(see: See, expr: Expr) -> Expr | None:
    """acosh(1 + u) = 2·asinh(√(u/2)), and acos(1 - u) = 2·asin(√(u/2))."""
    number, terms = constant_and_terms(see(argument(expr)))
    if number != 1 or not terms or len(terms) > SHORT:
        return None
    if isinstance(expr, sp.acosh):
        return 2 * sp.asinh(sp.sqrt(Add(*terms) / 2))
    return 2 * sp.asin(sp.sqrt(-Add(*terms) / 2))


def logarithmic_mean(see: See, product: Expr) -> Expr | None:
    """(a - b)/log(a/b) = a·(1 - exp(-t))/t for t = log(a/b) > 0, and its reciprocal.

    a and b have one sign, as the logarithm says.
    """
    factors = Mul.make_args(product)
    for factor in factors:
        base, power = base_and_power(factor)
        ends = _ends_of_log(see, see(base))
        if power not in (1, -1) or ends is None:
            continue
        a, b = ends
        apart = through_names(see, a) - through_names(see, b)
        for other in factors:
            difference, opposite = base_and_power(other)
            seen = through_names(see, see(difference))
            if opposite != -power or not seen.is_Add or terms_of(seen) > SHORT:
                continue
            ratio = sp.expand(seen - apart) == 0, sp.expand(seen + apart) == 0
            if not any(ratio):
                continue
            sign = 1 if ratio[0] else -1
            return others_of(factors, factor, other) * sign * log_mean(a, b, -power)
    return None


def _ends_of_log(see: See, log: Expr) -> tuple[Expr, Expr] | None:
    """(a, b) of log(a/b), which may have become log(1 + (a - b)/b)."""
    number, log = split(log)
    if number not in (1, -1):
        return None
    if isinstance(log, log_ratio):
        above, below = log.args
    elif isinstance(log, sp.log | log1p):
        inside = through_names(see, see(argument(log)))
        if terms_of(inside) > SHORT:
            return None
        whole = sp.together(1 + inside) if isinstance(log, log1p) else inside
        above, below = map(sp.expand, whole.as_numer_denom())
    else:
        return None
    if max(terms_of(above), terms_of(below)) > SHORT:
        return None
    return (above, below) if number == 1 else (below, above)


__all__ = [
    "inverse_beside_one",
    "log_of_expm1_of_exp",
    "log_of_hyperbolic",
    "logarithmic_mean",
    "ratio_of_tails",
    "rest_of_right_angle",
    "sigma_minus_half",
]
