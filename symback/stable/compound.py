"""Powers of 1 + p/v, and functions of p/v, beside a multiple of v: the slope by v cancels for a
large v.

(1 + x/n)ⁿ is nearly exp(x), and Student's t nearly normal.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import sympy as sp
from sympy import Add, Expr, Mul, Piecewise, S
from sympy.codegen.cfunctions import expm1, log1p

from symback.operations.special import (
    asinc,
    asinhc,
    atanc,
    atanhc,
    exprel,
    inv_expm1,
    log1prel,
    log_sinhc,
    pow1p,
    pow1pm1,
    pow1prel,
    powm1,
    tanc,
    tanhc,
)
from symback.stable.growth import less_one_over_sum
from symback.stable.matching import (
    SHORT,
    See,
    argument,
    base_and_power,
    constant_and_terms,
    others_of,
    quotient,
    shorter_difference,
    split,
    terms_of,
    through_names,
)

LEAST_POWER = 8  # up to which (1 + u)ⁿ loses no more digits than a power does


def compounded(see: See, power: Expr) -> Expr | None:
    """(1 + p/v)^(c·v + d) = exp(c·p·log(1 + p/v)/(p/v))·(1 + p/v)^d."""
    number, terms = constant_and_terms(see(power.base))
    if number != 1 or len(terms) != 1:
        return None
    ratio = through_names(see, terms[0])
    found = _beside(see, ratio, power.exp)
    if found is None:
        return None
    p, c, d = found
    near = sp.exp(c * p * log1prel(ratio)) * (pow1p(ratio, d) if d != 0 else S.One)
    return _where_small(ratio, near, pow1p(ratio, power.exp))


def power_beside_one(see: See, power: Expr) -> Expr | None:
    """(1 + u)ⁿ for an n that has a name or is large; that by n is log(1 + u), where 1 + u is 1."""
    number, terms = constant_and_terms(see(power.base))
    if number != 1 or (power.exp.is_number and abs(power.exp) <= LEAST_POWER):
        return None
    return pow1p(Add(*terms), power.exp)


def growth_over_growth_less_one(see: See, product: Expr) -> Expr | None:
    """(1 + r)ⁿ/((1 + r)ⁿ - 1) = -1/((1 + r)⁻ⁿ - 1) for r > -1, as a loan is paid off."""
    factors = Mul.make_args(product)
    for factor in factors:
        base, times = base_and_power(factor)
        less_one = see(base)
        if times != -1 or not isinstance(less_one, pow1pm1 | pow1prel):
            continue
        r, n = less_one.args
        for other in factors:
            power = see(other)
            if power.is_Pow and power.exp == n and see(power.base) == 1 + r:
                whole = Piecewise((-1 / less_one.func(r, -n), r > -1), (other * factor, True))
                return others_of(factors, factor, other) * whole
    return None


def compounded_less_one(see: See, power: Expr) -> Expr | None:
    """(1 + p/v)^(c·v + d) - 1."""
    base, exponent = power.args
    ratio = through_names(see, base)
    found = _beside(see, ratio, exponent)
    if found is None:
        return None
    p, c, d = found
    return _where_small(ratio, expm1(c * p * log1prel(ratio) + d * log1p(ratio)), power)


def growth_over_difference(see: See, product: Expr) -> Expr | None:
    """((p/q)ⁿ - 1)/(p - q) = ((1 + u)ⁿ - 1)/u/q with u = (p - q)/q, as an annuity grows."""
    factors = Mul.make_args(product)
    for factor in factors:
        number, power = split(see(factor))
        found = _growth(see, power) if isinstance(power, powm1) else None
        if found is None:
            continue
        apart, q = found
        for other in factors:
            below, times = base_and_power(other)
            over = quotient(apart, through_names(see, below)) if times == -1 else None
            if over is not None and over.is_number:
                u = apart / q
                around = others_of(factors, factor, other) * over * number
                near = around * pow1prel(u, power.args[1]) / q
                return _where_small(u, near, product)
    return None


def growth_less_one(see: See, power: Expr) -> Expr | None:
    """(p/q)ⁿ - 1 = (1 + (p - q)/q)ⁿ - 1 where p - q has fewer terms than both."""
    found = _growth(see, power)
    if found is None:
        return None
    apart, q = found
    return _where_small(apart / q, pow1pm1(apart / q, power.args[1]), power)


def _growth(see: See, power: Expr) -> tuple[Expr, Expr] | None:
    """(p - q, q) of (p/q)ⁿ - 1."""
    p, q = see(power.args[0]).as_numer_denom()
    apart = shorter_difference(through_names(see, p), through_names(see, q))
    return None if apart is None else (apart, q)


_OVER_ARGUMENT: dict[Any, Callable[..., Expr]] = {
    pow1pm1: pow1prel,
    log1p: log1prel,
    expm1: exprel,
    sp.sin: sp.sinc,
    sp.sinh: lambda u: sp.exp(log_sinhc(u)),
    sp.tan: tanc,
    sp.tanh: tanhc,
    sp.asin: asinc,
    sp.asinh: asinhc,
    sp.atan: atanc,
    sp.atanh: atanhc,
}
"""h(u)/u, or h(u, n)/u."""


def beside_divisor(see: See, product: Expr) -> Expr | None:
    """(c·v + d)·h(p/v) = c·p·h(p/v)/(p/v) + d·h(p/v), for log(1 + p/v), asinh(p/v) and the like.

    v may be a power of a name.
    """
    factors = Mul.make_args(product)
    for factor in factors:
        function = see(factor)
        if function.func not in _OVER_ARGUMENT:
            continue
        ratio = through_names(see, argument(function))
        for other in factors:
            found = None if other is factor else _beside(see, ratio, other)
            if found is None:
                continue
            p, c, d = found
            over = _OVER_ARGUMENT[function.func](ratio, *function.args[1:])
            near = c * p * over + d * factor
            return _where_small(ratio, others_of(factors, factor, other) * near, product)
    return None


def quotient_of_vanishing(see: See, product: Expr) -> Expr | None:
    """(h(u)/k(v))ⁿ = (u/v·(h(u)/u)/(k(v)/v))ⁿ, where u and v are 0 together, as N·x and x are."""
    factors = Mul.make_args(product)
    found = []
    for factor in factors:
        base, power = base_and_power(factor)
        call = see(base)
        if isinstance(call, inv_expm1):
            call, power = expm1(argument(call)), -power
        if call.func in _OVER_ARGUMENT and len(call.args) == 1:
            found.append((factor, call, power))
    for (above, h, n), (below, k, m) in permutations(found, 2) if len(found) <= SHORT else ():
        if not n.is_number or n + m != 0 or m >= 0:
            continue
        u, v = (through_names(see, argument(call)) for call in (h, k))
        ratio = u / v
        if ratio.free_symbols and not v.free_symbols <= ratio.free_symbols:
            others = others_of(factors, above, below)
            if isinstance(h, sp.sinh) and isinstance(k, sp.sinh):
                logs = log_sinhc(argument(h)) - log_sinhc(argument(k))
                return others * ratio**n * sp.exp(n * logs)
            of_h, of_k = (_OVER_ARGUMENT[call.func](argument(call)) for call in (h, k))
            near = others * (ratio * of_h / of_k) ** n
            far = less_one_over_sum(see, product)
            beyond = ((product, True),) if far is None else far.args
            return Piecewise((near, sp.Abs(v) < 1), *beyond, evaluate=False)
    return None


def _where_small(ratio: Expr, near: Expr, far: Expr) -> Expr:
    size = Mul(*map(_without_sign, Mul.make_args(sp.Abs(ratio))))
    return Piecewise((near, size < S.Half), (far, True), evaluate=False)


def _without_sign(size: Expr) -> Expr:
    """c⁻² of |c⁻²|, of which SymPy does not say that it is positive."""
    inner = size.args[0] if isinstance(size, sp.Abs) else size
    return inner if base_and_power(inner)[1].is_even else size


def _beside(see: See, ratio: Expr, multiple: Expr) -> tuple[Expr, Expr, Expr] | None:
    """(p, c, d) where the ratio is p/v and the multiple c·v + d, for a power or a root v."""
    if terms_of(ratio) > 1:
        return None
    whole = through_names(see, see(multiple))
    if terms_of(whole) > SHORT:
        return None
    for factor in Mul.make_args(ratio):
        name, power = base_and_power(factor)
        is_root = not name.is_number and 2 * power in (1, -1)
        if not (power.is_Integer and name.is_Symbol) and not is_root:
            continue
        v = 1 / factor
        terms = Add.make_args(sp.expand(whole))
        over = Add(*(t / v for t in terms if t.has(name)))
        if over != 0 and name.free_symbols.isdisjoint(over.free_symbols):
            return ratio * v, over, Add(*(t for t in terms if not t.has(name)))
    return None


__all__ = [
    "beside_divisor",
    "compounded",
    "compounded_less_one",
    "growth_less_one",
    "growth_over_difference",
    "growth_over_growth_less_one",
    "power_beside_one",
    "quotient_of_vanishing",
]
