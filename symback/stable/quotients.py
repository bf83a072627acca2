"""Quotients and products of powers of e, of sines and of roots that leave the range of floats."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp
from sympy import Add, Expr, Integer, Mul, Pow, S
from sympy.codegen.cfunctions import expm1, hypot

from symback.operations import arrays
from symback.operations.construction import expand_reduced
from symback.operations.functions import logcosh, sigma, sigma_prime, softplus, tanh_prime
from symback.stable.matching import (
    See,
    argument,
    base_and_power,
    by_pairs,
    constant_and_terms,
    exponent,
    half,
    of_powers,
    others_of,
    positive,
    powers_of_e,
    root_of_square,
    see_product,
    share,
    split,
    sum_of,
    summands,
    twice_cosh,
)

# -- quotients and products of powers of e ---------------------------------------------------------


def reciprocal(see: See, expr: Expr) -> Expr | None:
    """1/(c + exp(u) + …)ᵏ through σ, and 1/(exp(u) + exp(v) + …)ᵏ through logaddexp."""
    if not (expr.exp.is_Integer and expr.exp.is_negative):
        return None
    powers = powers_of_e(see, expr.base)
    if powers is None:
        return None
    numbers = [c for c, u in powers if u == 0]
    if not numbers:
        both = twice_cosh(powers)
        if both is not None:
            c, u = both
            return (2 * c) ** expr.exp * _over_cosh(u, -expr.exp)
        return sp.exp(expr.exp * of_powers(powers))
    others = [(c, u) for c, u in powers if u != 0]
    number = Add(*numbers)
    return (sigma(sp.log(number) - of_powers(others)) / number) ** -expr.exp


def power_of_cosh(see: See, expr: Expr) -> Expr | None:
    inner = see(expr.base)
    if not (isinstance(inner, sp.cosh) and expr.exp.is_Integer and expr.exp.is_negative):
        return None
    return _over_cosh(argument(inner), -expr.exp)


def _over_cosh(u: Expr, times: Expr) -> Expr:
    """1/cosh(u)ⁿ, whose slope keeps its digits as that of cosh, and no other form, is one term."""
    single = sp.exp(-logcosh(u)) if times % 2 else S.One
    return tanh_prime(u) ** (times // 2) * single


def exp_of_softplus(see: See, expr: Expr) -> Expr | None:
    """exp(-log(1 + exp(u))) = σ(-u); a - log(exp(a) + …) is such an exponent by its own rule."""
    coefficient, rest = split(argument(expr))
    if coefficient == -1 and isinstance(rest, softplus):
        return sigma(-argument(rest))
    return None


def exp_times_share(see: See, product: Expr) -> Expr | None:
    """exp(m·a)·σ(d)ᵏ where 1/σ(d) is a sum of powers and exp(a) one of them."""
    factors = Mul.make_args(product)
    found = [(f, u) for f in factors if (u := exponent(see, f)) is not None]
    if not found:
        return None
    total = Add(*(u for _, u in found))
    rest = [f for f in factors if all(f is not g for g, _ in found)]
    if len(found) > 1:  # names of powers that meet another one: their exponents add up
        return Mul(sp.exp(total), *rest)
    for factor in rest:
        base, power = base_and_power(factor)
        inner = see(base)
        if not (isinstance(inner, sigma) and power.is_Integer and power <= 8):
            continue
        members = summands(-argument(inner))
        for member in members:
            for times in range(1, power + 1):
                if total == times * member:
                    others = Mul(*(f for f in rest if f is not factor))
                    part = share(member, [S.Zero, *members])
                    return others * part**times * inner ** (power - times)
    return None


def quotient_is_tanh(see: See, product: Expr) -> Expr | None:
    """(exp(u) - exp(v))/(exp(u) + exp(v)) = tanh((u - v)/2), its parts rewritten already."""
    factors = Mul.make_args(product)
    for factor in factors:
        seen = see(factor)
        if not isinstance(seen, sp.sinh | expm1):
            continue
        u = argument(seen)
        for other in factors:
            below = see(other)
            rest = Mul(*(f for f in factors if f is not factor and f is not other))
            if isinstance(seen, expm1) and isinstance(below, sigma) and argument(below) == -u:
                return rest * sp.tanh(half(u))
            above = argument(below) if isinstance(below, sp.exp) else S.Zero
            if isinstance(seen, sp.sinh) and -logcosh(u) in Add.make_args(above):
                return rest * sp.exp(above + logcosh(u)) * sp.tanh(u)
    return None


def sigma_times_one_minus_sigma(see: See, product: Expr) -> Expr | None:
    """σ(u)·σ(-u) = σ′(u)."""
    powers: dict[Expr, tuple[Expr, Expr]] = {}
    for factor in Mul.make_args(product):
        base, power = base_and_power(factor)
        inner = see(base)
        if isinstance(inner, sigma) and power.is_Integer and power.is_positive:
            powers[argument(inner)] = factor, power
    for u, (factor, power) in powers.items():
        if -u not in powers:
            continue
        other, times = powers[-u]
        both = min(power, times)
        kept = (f for f in Mul.make_args(product) if f is not factor and f is not other)
        left = sigma(u) ** (power - both) * sigma(-u) ** (times - both)
        return Mul(*kept) * left * sigma_prime(positive(u)) ** both
    return None


def sine_over_argument(see: See, product: Expr) -> Expr | None:
    """sin(u)ⁿ/vⁿ = sinc(u)ⁿ·(u/v)ⁿ where u/v is a number."""
    factors = Mul.make_args(product)
    waves = []
    for factor in factors:
        base, power = base_and_power(factor)
        inner = see(base)
        if isinstance(inner, sp.sin) and power.is_Integer and power.is_positive:
            waves.append((factor, inner, power))
    for factor, wave, power in waves:
        for other in factors:
            if not (other.is_Pow and other.exp.is_Integer and other.exp.is_negative):
                continue
            ratio = argument(wave) / other.base
            if not ratio.is_number:
                continue
            both = min(power, -other.exp)
            kept = (f for f in factors if f is not factor and f is not other)
            left = wave ** (power - both) * other.base ** (other.exp + both)
            return Mul(*kept) * left * (ratio * sp.sinc(argument(wave))) ** both
    return None


def share_of_sum(see: See, product: Expr) -> Expr | None:
    """exp(z)/sum(exp(z)) along the axes of an array that the sum is over: softmax(z)."""
    factors = Mul.make_args(product)
    for below in factors:
        if not (below.is_Pow and below.exp == -1):
            continue
        seen = see(below.base)
        kept = isinstance(seen, arrays.expand_dims)
        summed = seen.args[0] if kept else below.base
        total = sum_of(see, see(summed))
        z = exponent(see, total.summed) if total and total.count == 1 else None
        if total is None or z is None:
            continue
        shape = see.shape_of(total.summed)
        if expand_reduced(summed, shape, total.axes) != (seen if kept else below.base):
            continue
        for factor in factors:
            if exponent(see, factor) == z:
                named = () if total.axes == (total.rank - 1,) else map(Integer, total.axes)
                return others_of(factors, factor, below) * arrays.softmax(z, *named)
    return None


def mean_by_softmax(see: See, product: Expr) -> Expr | None:
    """Σ v·exp(z)/Σ exp(z) of a vector: Σ v·softmax(z)."""
    factors = Mul.make_args(product)
    for below in factors:
        total = sum_of(see, see(below.base)) if below.is_Pow and below.exp == -1 else None
        z = exponent(see, total.summed) if total is not None and total.rank == 1 else None
        if total is None or z is None or total.count != 1:
            continue
        for above in factors:
            whole = sum_of(see, see(above)) if above is not below else None
            if whole is None or whole.rank != 1 or whole.count != 1:
                continue
            parts = Mul.make_args(see_product(see, whole.summed))
            for part in parts:
                if exponent(see, part) == z:
                    shares = others_of(parts, part) * arrays.softmax(z)
                    return others_of(factors, above, below) * arrays.reduce_sum(shares)
    return None


def cosine(see: See, product: Expr) -> Expr | None:
    """x·y/(‖x‖·‖y‖) of vectors, as x·(y/‖y‖)/‖x‖: x·y overflows or is lost where neither is."""
    factors = Mul.make_args(product)
    for factor in factors:
        total = sum_of(see, see(factor))
        if total is None or total.rank != 1 or total.count != 1:
            continue
        parts = Mul.make_args(see_product(see, total.summed))
        for other in factors:
            base, power = base_and_power(other)
            norm = see(base)
            if power != -1 or not isinstance(norm, arrays.norm) or len(norm.args) != 1:
                continue
            y = norm.args[0]
            if y not in parts or not any(_is_norm_of(see, f, parts, y) for f in factors):
                continue
            rest = others_of(parts, y)
            if see.shape_of(rest) == see.shape_of(y):
                return others_of(factors, factor, other) * arrays.dot(rest, y / base)
    return None


def _is_norm_of(see: See, factor: Expr, parts: Sequence[Expr], y: Expr) -> bool:
    """Whether it is 1/‖x‖ for another one of the parts."""
    base, power = base_and_power(factor)
    norm = see(base)
    if power != -1 or not isinstance(norm, arrays.norm):
        return False
    return norm.args[0] != y and norm.args[0] in parts


# -- roots -----------------------------------------------------------------------------------------


def root_of_squares(see: See, expr: Expr) -> Expr | None:
    """√(u² + v² + …) = hypot(u, v), by pairs, and √Σu² = ‖u‖; to any odd power."""
    inside = see(expr.base)
    if not (expr.exp.is_Rational and expr.exp.q == 2):
        return None
    root = root_of(see, inside)
    return None if root is None else Pow(root, 2 * expr.exp)


def root_of(see: See, inside: Expr) -> Expr | None:
    """The root of a sum of squares: one factor that all terms have may be no square."""
    number, terms = constant_and_terms(inside)
    if not terms:
        return norm_of(see, inside) or scaled_norm(see, inside)
    scale, shared = S.One, {split(t)[0] for t in terms}
    if not number and len(shared) == 1 and not sp.sqrt(min(shared)).is_Rational:
        scale = min(shared)
        terms = tuple(t / scale for t in terms)
    roots = [root_of_square(see(t)) or norm_of(see, see(t)) for t in terms]
    if number < 0 or scale < 0 or None in roots:
        return None
    found: list[Expr] = [r for r in roots if r is not None]
    found += [sp.sqrt(number)] if number else []
    return sp.sqrt(scale) * by_pairs(hypot, found)


def scaled_norm(see: See, term: Expr) -> Expr | None:
    """√c·‖u‖ where the term is c·Σu², or the mean of u², c any number."""
    factors = Mul.make_args(term)
    for factor in factors:
        total = see(factor)
        if isinstance(total, arrays.mean):
            summed, *axis = total.args
            shape = see.shape_of(summed)
            count = Mul(*(shape if not axis else (shape[int(axis[0])],)))
            norm = norm_of(see, arrays.reduce_sum(summed, *axis))
        elif len(factors) > 1:
            count, norm = S.One, norm_of(see, total)
        else:
            continue
        others = Mul(*(f for f in factors if f is not factor))
        if norm is not None and not see.shape_of(others):
            return norm * sp.sqrt(others / count)
    return None


def norm_of(see: See, term: Expr) -> Expr | None:
    """c·‖u‖ where the term is c²·Σu², over all elements or along an axis."""
    coefficient, rest = split(term)
    total = see(rest)
    scale = sp.sqrt(coefficient)
    if not scale.is_Rational or not isinstance(total, arrays.reduce_sum | arrays.dot):
        return None
    if isinstance(total, arrays.dot):
        summed, axis = total.args[0] * total.args[1], ()
    else:
        summed, *axis = total.args
    root = root_of_square(see(summed))
    if root is None or not see.shape_of(root):
        return None
    return scale * arrays.norm(root, *axis)
