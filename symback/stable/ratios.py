"""Functions over their argument or another function of it, where 0/0 or ∞/∞ stands as typed."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy import Add, Expr, Mul, Piecewise, S
from sympy.codegen.cfunctions import hypot, log1p

from symback.operations import arrays
from symback.operations.functions import erfc
from symback.operations.special import (
    acosc,
    asinc,
    asinhc,
    atanc,
    atanhc,
    erfcx,
    langevin,
    log1prel,
    log_sinhc,
    tanc,
    tanhc,
)
from symback.stable.exponentials import see_sum
from symback.stable.matching import (
    SHORT,
    See,
    argument,
    base_and_power,
    exponent,
    joined,
    others_of,
    positive,
    powers_of_e,
    quotient,
    terms_of,
    through_names,
    twice_cosh,
)


def _sinhc(u: Expr, times: Expr) -> Expr:
    return sp.exp(times * log_sinhc(u))


OVER_ARGUMENT: dict[Any, Any] = {
    sp.sinh: _sinhc,
    sp.tanh: lambda u, times: tanhc(u) ** times,
    sp.sin: lambda u, times: sp.sinc(u) ** times,
    log1p: lambda u, times: log1prel(u) ** times,
    sp.tan: lambda u, times: tanc(u) ** times,
    sp.asin: lambda u, times: asinc(u) ** times,
    sp.asinh: lambda u, times: asinhc(u) ** times,
    sp.atan: lambda u, times: atanc(u) ** times,
    sp.atanh: lambda u, times: atanhc(u) ** times,
}
"""(h(u)/u)ⁿ."""


def has_opposite(factor: Expr, times: Expr) -> bool:
    """Whether the factor is a power with an integer of the other sign, a divisor of base**times."""
    power = base_and_power(factor)[1]
    return bool(power.is_Integer and power * times < 0)


def odd_over_argument(see: See, product: Expr) -> Expr | None:
    """h(u)ⁿ/uⁿ and uⁿ/h(u)ⁿ for h = sinh and tanh, and for h = sin below, with a factor between."""
    factors = Mul.make_args(product)
    for factor in factors:
        base, times = base_and_power(factor)
        inner = see(base)
        if inner.func not in OVER_ARGUMENT or not (times.is_Integer and times != 0):
            continue
        if not any(has_opposite(other, times) for other in factors):
            continue
        u = argument(inner)
        if parts := joined(see, factors, through_names(see, u), -int(sp.sign(times))):
            one = sp.sign(times)
            ratio = quotient(through_names(see, u), through_names(see, Mul(*parts) ** -one))
            changed = (ratio or 1) ** one * OVER_ARGUMENT[inner.func](u, one)
            return others_of(factors, factor, *parts) * base ** (times - one) * changed
        if inner.func is sp.sin and times > 0:
            continue  # a rule of its own, where the ratio is a number
        for other in factors:
            if not has_opposite(other, times):
                continue
            below, power = base_and_power(other)
            below_seen = see_sum(see, below)
            ratio = quotient(u, below_seen) or quotient(through_names(see, u), below_seen)
            if ratio is None or not (ratio.is_number or inner.func in (sp.sin, sp.sinh)):
                continue  # the slope of tanh(a·x)/x by a would cancel where tanh is 1
            both = min(abs(times), abs(power)) * sp.sign(times)
            left = base ** (times - both) * below ** (power + both)
            changed = ratio**both * OVER_ARGUMENT[inner.func](u, both)
            return others_of(factors, factor, other) * left * changed
    return None


def power_over_square(see: See, product: Expr) -> Expr | None:
    """h(u)²/v and h(u)/√v where u is a number times √v, such as (1 - cos(θ))/θ² with θ² a name."""
    factors = Mul.make_args(product)
    for factor in factors:
        base, times = base_and_power(factor)
        inner = see(base)
        if inner.func not in OVER_ARGUMENT or not (times.is_Integer and times > 0):
            continue
        root = _root(see, argument(inner))
        if root is None:
            continue
        number, square = root
        for other in factors:
            below, power = base_and_power(other)
            if not (power.is_negative and (2 * power).is_Integer) or other is factor:
                continue
            if sp.expand(through_names(see, see(below)) - square) != 0:
                continue
            both = min(times, -2 * power)
            both -= both % 2 if power.is_Integer else 0
            if both:
                left = base ** (times - both) * below ** (power + both / 2)
                changed = number**both * OVER_ARGUMENT[inner.func](argument(inner), S.One) ** both
                return others_of(factors, factor, other) * left * changed
    return None


def _root(see: See, u: Expr) -> tuple[Expr, Expr] | None:
    """(c, v) of u = c·√v: of a root, a length, the hypotenuse, or a name of one of these."""
    number, root = u.as_coeff_Mul()
    inner = see(root)
    while inner.is_Symbol and inner != root:
        root, inner = inner, see(inner)
    if isinstance(inner, hypot):
        square: Expr = Add(*(_square(see, part) for part in inner.args))
    elif isinstance(inner, arrays.norm) and len(inner.args) == 1:
        square = arrays.dot(inner.args[0], inner.args[0])
    elif inner.is_Pow and inner.exp == S.Half:
        square = inner.base
    else:
        return None
    return None if terms_of(square) > SHORT else (number, through_names(see, square))


def _square(see: See, part: Expr) -> Expr:
    """u²; of a named hypotenuse the squares that it is the root of."""
    found = _root(see, part)
    return part**2 if found is None else found[0] ** 2 * found[1]


def cosh_over_sinh(see: See, product: Expr) -> Expr | None:
    """cosh(u)/sinh(u) = 1/tanh(u), and (exp(u) + exp(-u))/sinh(u) = 2/tanh(u)."""
    factors = Mul.make_args(product)
    for factor in factors:
        if not (factor.is_Pow and factor.exp == -1):
            continue
        below = see(factor.base)
        if not isinstance(below, sp.sinh):
            continue
        u = argument(below)
        for other in factors:
            seen = see(other)
            if isinstance(seen, sp.cosh) and argument(seen) in (u, -u):
                return others_of(factors, factor, other) / sp.tanh(u)
            both = twice_cosh([(c, through_names(see, v)) for c, v in powers_of_e(see, seen) or []])
            if both is not None and both == (1, positive(through_names(see, u))):
                return others_of(factors, factor, other) * 2 / sp.tanh(u)
    return None


def coth_minus_inverse(see: See, total: Expr) -> Expr | None:
    """c·coth(u) - c/u, and the difference of two c·coth(u) whose c/u are equal."""
    terms = Add.make_args(total)
    if not 1 < len(terms) <= SHORT:
        return None
    waiting: dict[Expr, tuple[Expr, Expr, Expr]] = {}
    for term in terms:
        found = _coth(see, term)
        if found is None:
            continue
        weight, u = found
        pole = weight / through_names(see, u)
        if -pole in terms:
            rest = Add(*(t for t in terms if t is not term and t != -pole))
            return rest + weight * langevin(u)
        if -pole in waiting:
            other, before, v = waiting[-pole]
            rest = Add(*(t for t in terms if t is not term and t is not other))
            return rest + weight * langevin(u) + before * langevin(v)
        waiting[pole] = term, weight, u
    return None


def _coth(see: See, term: Expr) -> tuple[Expr, Expr] | None:
    """(c, u) of c·coth(u) = c/tanh(u) or c/u·(u/tanh(u)), a name of which is looked through."""
    factors = Mul.make_args(see(term) if term.is_Symbol else term)
    for factor in factors:
        seen = see(factor)
        for inner in Mul.make_args(seen):
            base, power = base_and_power(inner)
            below = see(base)
            if power == -1 and isinstance(below, sp.tanh | tanhc):
                u = argument(below)
                weight = others_of(factors, factor) * others_of(Mul.make_args(seen), inner)
                return (weight if isinstance(below, sp.tanh) else weight * u), u
    return None


def angle_over_sine(see: See, product: Expr) -> Expr | None:
    """acos(w)/√(1 - w²)."""
    factors = Mul.make_args(product)
    for factor in factors:
        angle = see(factor)
        if not isinstance(angle, sp.acos):
            continue
        w = argument(angle)
        for other in factors:
            base, power = base_and_power(other)
            inner = see(base)
            if inner.is_Pow and inner.exp == S.Half:  # the root has a name
                base, power = inner.base, power / 2
            if power != -S.Half:
                continue
            if _is_one_minus_square(see(base), w):
                return others_of(factors, factor, other) * acosc(w)
    return None


def _is_one_minus_square(total: Expr, w: Expr) -> bool:
    if max(terms_of(f) for f in Mul.make_args(total)) > SHORT or terms_of(w) > SHORT:
        return False
    return bool(sp.expand(total - (1 - w**2)) == 0)


def inverse_sinc_of_acos(see: See, expr: Expr) -> Expr | None:
    """θ/sin(θ) where θ = acos(w)."""
    inner = see(expr.base)
    if not (isinstance(inner, sp.sinc) and expr.exp.is_Integer and expr.exp.is_negative):
        return None
    angle = see(argument(inner))
    return acosc(argument(angle)) ** -expr.exp if isinstance(angle, sp.acos) else None


def exp_of_square_times_erfc(see: See, product: Expr) -> Expr | None:
    """exp(u²)·erfc(u), and exp(-u²)/erfc(u); other terms of the exponent are kept."""
    factors = Mul.make_args(product)
    powers = [(f, u) for f in factors if (u := exponent(see, f)) is not None]
    if len(powers) != 1:
        return None
    ((power, total),) = powers
    for factor in factors:
        base, times = base_and_power(factor)
        inner = see(base)
        if not (isinstance(inner, erfc) and times in (1, -1)):
            continue
        u, total = argument(inner), through_names(see, total)
        if terms_of(u) > SHORT or terms_of(total) > SHORT:
            continue
        left = sp.expand(total - times * through_names(see, u) ** 2)
        if terms_of(left) < terms_of(sp.expand(total)):
            return others_of(factors, factor, power) * sp.exp(left) * erfcx(u) ** times
    return None


def exp_times_erfc(see: See, product: Expr) -> Expr | None:
    """exp(u)·erfc(v) where v² has all terms of u: exp(u − v²)·erfcx(v) for v > 0.

    As in a normal distribution convolved with an exponential one.
    """
    factors = Mul.make_args(product)
    powers = [(f, u) for f in factors if (u := exponent(see, f)) is not None]
    tails = [(f, see(f)) for f in factors if isinstance(see(f), erfc)]
    if len(powers) != 1 or len(tails) != 1:
        return None
    (power, exponential), (tail, inner) = powers[0], tails[0]
    total, v = (through_names(see, u) for u in (exponential, argument(inner)))
    if max(terms_of(total), terms_of(v)) > 3:
        return None
    total, square = sp.expand(total), sp.expand(v**2)
    left = total - square
    if terms_of(left) != terms_of(square) - terms_of(total):
        return None
    far = sp.exp(sp.factor(left)) * erfcx(v)
    both = Piecewise((far, argument(inner) > 0), (power * tail, True), evaluate=False)
    return others_of(factors, power, tail) * both


__all__ = [
    "OVER_ARGUMENT",
    "angle_over_sine",
    "cosh_over_sinh",
    "coth_minus_inverse",
    "exp_of_square_times_erfc",
    "exp_times_erfc",
    "inverse_sinc_of_acos",
    "odd_over_argument",
    "power_over_square",
]
