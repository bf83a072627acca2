"""Quotients and products of powers of e, of sines and of roots that leave the range of floats."""

from __future__ import annotations

import sympy as sp
from sympy import Add, Expr, Mul, Pow, S

from symback import arrays
from symback.ops import (
    expm1,
    hypot,
    logaddexp,
    logcosh,
    sigma,
    sigma_prime,
    softplus,
    tanh_prime,
)
from symback.stable.patterns import (
    See,
    constant_and_terms,
    exponent,
    half,
    of_powers,
    positive,
    powers_of_e,
    root_of_square,
    share,
    split,
    summands,
    summed_powers,
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
        (c, u), (d, v) = powers[0], powers[-1]
        if len(powers) == 2 and c == d and u == -v:
            return (2 * c) ** expr.exp * _over_cosh(u, -expr.exp)
        return sp.exp(expr.exp * of_powers(powers))
    others = [(c, u) for c, u in powers if u != 0]
    number = Add(*numbers)
    return (sigma(sp.log(number) - of_powers(others)) / number) ** -expr.exp


def power_of_cosh(see: See, expr: Expr) -> Expr | None:
    inner = see(expr.base)
    if not (isinstance(inner, sp.cosh) and expr.exp.is_Integer and expr.exp.is_negative):
        return None
    return _over_cosh(inner.args[0], -expr.exp)


def _over_cosh(u: Expr, times: Expr) -> Expr:
    """1/cosh(u)ⁿ, whose slope keeps its digits as that of cosh, and no other form, is one term."""
    u = positive(u)
    single = sp.exp(-logcosh(u)) if times % 2 else S.One
    return tanh_prime(u) ** (times // 2) * single


def exp_of_difference(see: See, expr: Expr) -> Expr | None:
    """exp(a - log(exp(a) + …)) is a share, σ(a - log(…))."""
    inside = expr.args[0]
    for term in Add.make_args(inside):
        coefficient, rest = split(term)
        if coefficient != -1 or not isinstance(rest, softplus | logaddexp):
            continue
        members, numerator = summands(rest), inside - term
        if numerator in members:
            return share(numerator, members)
    return None


def exp_times_share(see: See, product: Expr) -> Expr | None:
    """exp(m·a)·σ(d)ᵏ where 1/σ(d) is a sum of powers and exp(a) one of them."""
    factors = list(Mul.make_args(product))
    found = [(f, u) for f in factors if (u := exponent(see, f)) is not None]
    if not found:
        return None
    total = Add(*(u for _, u in found))
    rest = [f for f in factors if all(f is not g for g, _ in found)]
    if len(found) > 1 or not isinstance(found[0][0], sp.exp):
        joined = sp.exp(total)  # names of powers that meet another one: their exponents add up
        if len(found) > 1 or exp_of_difference(see, joined) is not None:
            return Mul(joined, *rest)
    for factor in rest:
        base, power = (factor.base, factor.exp) if factor.is_Pow else (factor, S.One)
        inner = see(base)
        if not (isinstance(inner, sigma) and power.is_Integer and 0 < power <= 8):
            continue
        members = [S.Zero, *summands(-inner.args[0])]
        for member in members[1:]:
            for times in range(1, int(power) + 1):
                if total == times * member:
                    others = Mul(*(f for f in rest if f is not factor))
                    return others * share(member, members) ** times * inner ** (power - times)
    return None


def quotient_is_tanh(see: See, product: Expr) -> Expr | None:
    """(exp(u) - exp(v))/(exp(u) + exp(v)) = tanh((u - v)/2), its parts rewritten already."""
    factors = list(Mul.make_args(product))
    for factor in factors:
        seen = see(factor)
        if not isinstance(seen, sp.sinh | expm1):
            continue
        u = seen.args[0]
        for other in factors:
            below = see(other)
            rest = Mul(*(f for f in factors if f is not factor and f is not other))
            if isinstance(seen, expm1) and isinstance(below, sigma) and below.args[0] == -u:
                return rest * sp.tanh(half(u))
            if isinstance(seen, sp.sinh) and isinstance(below, sp.exp):
                for term in Add.make_args(below.args[0]):
                    if term in (-logcosh(u), -logcosh(-u)):
                        return rest * sp.exp(below.args[0] - term) * sp.tanh(u)
    return None


def sigma_times_one_minus_sigma(see: See, product: Expr) -> Expr | None:
    """σ(u)·σ(-u) = σ′(u)."""
    powers: dict[Expr, tuple[Expr, Expr]] = {}
    for factor in Mul.make_args(product):
        base, power = (factor.base, factor.exp) if factor.is_Pow else (factor, S.One)
        inner = see(base)
        if isinstance(inner, sigma) and power.is_Integer and power.is_positive:
            powers[inner.args[0]] = factor, power
    for u, (factor, power) in powers.items():
        if -u not in powers or u == 0:
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
        base, power = (factor.base, factor.exp) if factor.is_Pow else (factor, S.One)
        inner = see(base)
        if isinstance(inner, sp.sin) and power.is_Integer and power.is_positive:
            waves.append((factor, inner, power))
    for factor, wave, power in waves:
        for other in factors:
            if not (other.is_Pow and other.exp.is_Integer and other.exp.is_negative):
                continue
            ratio = wave.args[0] / other.base
            if not ratio.is_number:
                continue
            both = min(power, -other.exp)
            kept = (f for f in factors if f is not factor and f is not other)
            left = wave ** (power - both) * other.base ** (other.exp + both)
            return Mul(*kept) * left * (ratio * sp.sinc(wave.args[0])) ** both
    return None


def share_of_sum(see: See, product: Expr) -> Expr | None:
    """exp(z)/sum(exp(z)) for a vector z: softmax(z)."""
    factors = Mul.make_args(product)
    for below in factors:
        if not (below.is_Pow and below.exp == -1):
            continue
        z = summed_powers(see, see(below.base))
        for factor in factors if z is not None else ():
            if exponent(see, factor) == z:
                return Mul(
                    *(f for f in factors if f is not factor and f is not below)
                ) * arrays.softmax(z)
    return None


# -- roots -----------------------------------------------------------------------------------------


def root_of_squares(see: See, expr: Expr) -> Expr | None:
    """√(u² + v² + …) = hypot(u, v), by pairs; to any odd power."""
    inside = see(expr.base)
    if not (expr.exp.is_Rational and expr.exp.q == 2 and inside.is_Add):
        return None
    number, terms = constant_and_terms(inside)
    roots = [root_of_square(see(t)) for t in terms]
    if number < 0 or not roots or None in roots:
        return None
    found: list[Expr] = [r for r in roots if r is not None]
    found += [sp.sqrt(number)] if number else []
    while len(found) > 1:
        pairs = [found[i : i + 2] for i in range(0, len(found), 2)]
        found = [hypot(*pair) if len(pair) == 2 else pair[0] for pair in pairs]
    return Pow(found[0], 2 * expr.exp)
