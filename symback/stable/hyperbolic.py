"""Quotients, products and logs with cosh and sinh, which overflow far out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import sympy as sp
from sympy import Add, Expr, Mul, Piecewise, Pow, S

from symback.operations.functions import logcosh, sigma, tanh_prime
from symback.operations.special import inv_add_exp, log_sinhc, logwsumexp
from symback.stable.matching import (
    See,
    argument,
    base_and_power,
    half,
    inside_log,
    others_of,
    positive,
    split,
    terms_looked_at,
)

MOST_TERMS = 4  # of a sum
NEAR = 1  # |u| up to which the product is as typed


class _Grown(NamedTuple):
    """left·exp(exponent), where `left` neither overflows nor vanishes far out."""

    left: Expr
    exponent: Expr


def far_out(see: See, product: Expr) -> Expr | None:
    """A product with 1/(a + b·cosh(u) + c·sinh(u))ⁿ, or of cosh(u) and exp(v), where |u| is large.

    Other factors are such sums, cosh(k·u), sinh(k·u), σ(k·u), exp(v), and what has no power of e.
    """
    factors = [_as_typed(f) for f in Mul.make_args(product)]
    argument_of_sum = next((u for f in factors if (u := _below(see, f)) is not None), None)
    if argument_of_sum is None:
        argument_of_sum = _over_one(see, factors) or _beside_power(see, factors)
    if argument_of_sum is None:
        return None
    u = positive(argument_of_sum)
    found = [_grown(see, f, u) or _Grown(f, S.Zero) for f in factors]
    far = Mul(*(g.left for g in found), sp.exp(Add(*(g.exponent for g in found))))
    return Piecewise((far, sp.Abs(u) > NEAR), (Mul(*factors), True), evaluate=False)


def _as_typed(factor: Expr) -> Expr:
    """What this rule has made of a factor alone, before that."""
    if not (isinstance(factor, Piecewise) and len(factor.args) == 2):
        return factor
    (_, condition), (typed, _) = factor.args
    is_far = isinstance(condition, sp.Gt) and isinstance(condition.lhs, sp.Abs)
    return typed if is_far and condition.rhs == NEAR else factor


def _below(see: See, factor: Expr) -> Expr | None:
    """u of a factor 1/(a + b·cosh(u) + …)ⁿ."""
    base, power = base_and_power(factor)
    if not power.is_negative:
        return None
    found = _arguments(see, terms_looked_at(see(base)))
    return min(found, key=lambda u: abs(split(u)[0])) if found else None


def _arguments(see: See, terms: Sequence[Expr]) -> list[Expr]:
    """u of each term that has cosh(u) or sinh(u); none of a long sum."""
    few = terms if len(terms) <= MOST_TERMS else ()
    return [argument(h) for t in few if (h := _hyperbolic(see, t)[1]) is not None]


def _over_one(see: See, factors: Sequence[Expr]) -> Expr | None:
    """u of a sum or a power of cosh(u) and sinh(u) over one of them."""
    if len(factors) < 2 or not any(_divisor(see, f) for f in factors):
        return None
    found = [u for f in factors for u in _arguments(see, Add.make_args(see(f)))]
    return min(found, key=lambda u: abs(split(u)[0])) if found else None


def _beside_power(see: See, factors: Sequence[Expr]) -> Expr | None:
    """u of cosh(u)·exp(v) and cosh(u)·σ(k·u)."""
    found = [argument(h) for f in factors if (h := _hyperbolic(see, f)[1]) is not None]
    seen = [see(f) for f in factors] if found else []
    if any(isinstance(f, sp.exp) and not f.has(logcosh, log_sinhc) for f in seen):
        return found[0]
    faded = [f for f in seen if isinstance(f, sigma)]
    return next((u for u in found if any(_times(f, u) for f in faded)), None)


def _hyperbolic(see: See, term: Expr) -> tuple[Expr, Expr | None, Expr]:
    """(w, h(u), n) of a term w·h(u)ⁿ with cosh or sinh; (term, None, 0) of any other."""
    factors = Mul.make_args(term)
    for i, factor in enumerate(factors):
        base, power = base_and_power(see(factor))
        inner = see(base)
        if isinstance(inner, sp.cosh | sp.sinh) and power.is_Integer and power > 0:
            return Mul(*factors[:i], *factors[i + 1 :]), inner, power
    return term, None, S.Zero


def _grown(see: See, factor: Expr, u: Expr) -> _Grown | None:
    """What a factor is far out; None where it does not grow or fade as a power of exp(|u|)."""
    base, power = base_and_power(factor)
    inner = see(base)
    if isinstance(inner, sp.exp):
        times, log = split(argument(inner))
        if not isinstance(log, logcosh):
            return _Grown(S.One, power * argument(inner))
        inner, power = sp.cosh(argument(log)), power * times
    if isinstance(inner, tanh_prime):
        inner, power = sp.cosh(argument(inner)), -2 * power
    if isinstance(inner, sigma) and (times := _times(inner, u)):
        size = abs(times) * sp.Abs(u)
        return _Grown((1 + sp.exp(-size)) ** -power, power * (argument(inner) - size) / 2)
    terms = Add.make_args(inner)
    if not power.is_number or len(terms) > MOST_TERMS:
        return None
    parts = [_grown_term(see, t, u) for t in terms]
    growth = max(times for _, times in parts)
    if growth == 0:
        return None
    left = Add(*(part * sp.exp((times - growth) * sp.Abs(u)) for part, times in parts))
    return _Grown(Pow(left, power), growth * power * sp.Abs(u))


def _times(call: Expr, u: Expr) -> Expr | None:
    """k of h(k·u)."""
    times = argument(call) / u
    return times if times.is_Rational else None


def _grown_term(see: See, term: Expr, u: Expr) -> tuple[Expr, Expr]:
    """(w·(1 ± exp(-2·k·|u|))ⁿ/2ⁿ, n·k) of w·h(k·u)ⁿ, which is that times exp(n·k·|u|)."""
    weight, inner, power = _hyperbolic(see, term)
    times = None if inner is None else _times(inner, u)
    if inner is None or times is None:
        return term, S.Zero
    fading = sp.exp(-2 * abs(times) * sp.Abs(u))
    if isinstance(inner, sp.cosh):
        left = (1 + fading) / 2
    else:
        left = sp.sign(times) * sp.sign(u) * (1 - fading) / 2
    return weight * left**power, power * abs(times)


def quotient_by_logs(see: See, product: Expr) -> Expr | None:
    """cosh(u)/sinh(v), and the like, through the logs of cosh and of sinh(v)/v; sinh(2·u) has the
    factor sinh(u).
    """
    factors = Mul.make_args(product)
    for factor in factors:
        base, power = base_and_power(factor)
        above = see(base)
        if not isinstance(above, sp.cosh | sp.sinh):
            continue
        for other in factors:
            below = _divisor(see, other)
            if below is None or below.args == above.args:
                continue
            others = others_of(factors, factor, other)
            is_twice = above.func is below.func is sp.sinh and argument(below) == 2 * argument(
                above
            )
            if power.is_positive and is_twice:
                u = argument(above)
                tanh = sp.tanh(u) * base ** (power - 2)
                return others * (tanh if power > 1 else 1 / sp.cosh(u)) / 2
            if power == 1:
                (p, log), (q, less) = _by_log(above), _by_log(below)
                return others * p / q * sp.exp(log - less)
    return None


def sum_over_cosh(see: See, product: Expr) -> Expr | None:
    """(a·cosh(u) + b·sinh(u) + c)/cosh(u) = a + b·tanh(u) + c/cosh(u)."""
    factors = Mul.make_args(product)
    divisors = [(f, d) for f in factors if isinstance(d := _divisor(see, f), sp.cosh)]
    for fading, below in divisors:
        for factor in factors:
            terms = terms_looked_at(see(factor))
            if not 1 < len(terms) <= MOST_TERMS or argument(below) not in _arguments(see, terms):
                continue
            parts = []
            for term in terms:
                weight, inner, power = _hyperbolic(see, term)
                met = inner is not None and power == 1 and inner.args == below.args
                over = sp.tanh(argument(below)) if isinstance(inner, sp.sinh) else S.One
                parts.append(weight * over if met else term * fading)
            return others_of(factors, factor, fading) * Add(*parts)
    return None


def over_two_arguments(see: See, product: Expr) -> Expr | None:
    """1/(a·cosh(u) + b·cosh(v)) = exp(-logcosh(u))/(a + b·exp(logcosh(v) - logcosh(u))); beside
    cosh(u) or sinh(u) the first factor is 1 or tanh(u).
    """
    factors = Mul.make_args(product)
    for factor in factors:
        base, power = base_and_power(see(factor))
        terms = terms_looked_at(see(base)) if power == -1 else ()
        found = [_hyperbolic(see, t) for t in terms] if len(terms) == 2 else []
        if not found or not all(isinstance(inner, sp.cosh) for _, inner, _ in found):
            continue
        (a, first, n), (b, second, m) = found
        if first is None or second is None or _times(first, argument(second)) is not None:
            continue
        k, logs = n * logcosh(argument(first)), m * logcosh(argument(second))
        for inner, own, share in (
            (first**n, first, inv_add_exp(a, b, logs - k)),
            (second**m, second, inv_add_exp(b, a, k - logs)),
        ):
            u = argument(own)
            for met, left in ((inner, S.One), (sp.sinh(u), sp.tanh(u))):
                beside = next((f for f in factors if see(f) == met), None)
                if beside is not None and (left == 1 or inner == own):
                    return others_of(factors, factor, beside) * left * share
        if product.is_Pow:
            return sp.exp(-k) * inv_add_exp(a, b, logs - k)
    return None


def _divisor(see: See, factor: Expr) -> Expr | None:
    """cosh(v) of exp(-log(cosh(v))), and sinh(v) of 1/sinh(v)."""
    base, power = base_and_power(factor)
    inner = see(base)
    if isinstance(inner, sp.sinh) and power == -1:
        return inner
    if isinstance(inner, sp.exp) and power == 1 and isinstance(-argument(inner), logcosh):
        return sp.cosh(argument(-argument(inner)))
    return None


def _by_log(call: Expr) -> tuple[Expr, Expr]:
    """(w, l) with w·exp(l) = h(u)."""
    u = argument(call)
    return (S.One, logcosh(u)) if isinstance(call, sp.cosh) else (u, log_sinhc(u))


def log_far_out(see: See, expr: Expr) -> Expr | None:
    """log(a + b·cosh(u) + c·sinh(v)), where |u| is large."""
    parts: list[Expr] = []
    arguments: list[Expr] = []
    for term in terms_looked_at(inside_log(see, expr)):
        weight, inner, power = _hyperbolic(see, term)
        if inner is None or power != 1:
            parts += (term, S.Zero)
            continue
        u, sign = argument(inner), 1 if isinstance(inner, sp.cosh) else -1
        parts += (weight / 2, u, sign * weight / 2, -u)
        arguments.append(u)
    if not arguments or len(parts) > 4 * MOST_TERMS:
        return None
    return Piecewise(
        (logwsumexp(*parts), sp.Abs(arguments[0]) > NEAR), (expr, True), evaluate=False
    )


def angle(see: See, expr: Expr) -> Expr | None:
    """atan(sinh(u)) = asin(tanh(u)) = 2·atan(tanh(u/2))."""
    inner = see(argument(expr))
    is_met = isinstance(inner, sp.sinh if isinstance(expr, sp.atan) else sp.tanh)
    return 2 * sp.atan(sp.tanh(half(argument(inner)))) if is_met else None


def square_beside_one(see: See, total: Expr) -> Expr | None:
    """c + c·sinh(u)² = c·cosh(u)², c·cosh(u)² - c = c·sinh(u)², c·cosh(u)² - c·sinh(u)² = c."""
    terms = terms_looked_at(total)
    for term in terms:
        weight, inner, power = _hyperbolic(see, term)
        if inner is None or power != 2:
            continue
        u = argument(inner)
        other, sign = (sp.cosh(u), 1) if isinstance(inner, sp.sinh) else (sp.sinh(u), -1)
        for beside in terms:
            kept = Add(*(t for t in terms if t is not term and t is not beside))
            if beside == sign * weight:
                return kept + weight * other**2
            if _hyperbolic(see, beside) == (-weight, other, 2):
                return kept - sign * weight
    return None


def cosh_minus_sinh(see: See, total: Expr) -> Expr | None:
    """c·cosh(u) - c·sinh(u) = c·exp(-u), and c·cosh(u) + c·sinh(u) = c·exp(u)."""
    waiting: dict[tuple[Expr, Expr], list[tuple[Expr, bool, Expr]]] = {}
    terms = terms_looked_at(total)
    for term in terms:
        weight, inner, power = _hyperbolic(see, term)
        if inner is None or power != 1:
            continue
        is_cosh = isinstance(inner, sp.cosh)
        for sign in (1, -1):
            for other, of_cosh, of_other in waiting.get((sign * weight, argument(inner)), []):
                if of_cosh is not is_cosh:
                    kept = Add(*(t for t in terms if t is not term and t is not other))
                    c = weight if is_cosh else of_other
                    return kept + c * sp.exp(sign * argument(inner))
        waiting.setdefault((weight, argument(inner)), []).append((term, is_cosh, weight))
    return None


__all__ = [
    "angle",
    "cosh_minus_sinh",
    "far_out",
    "log_far_out",
    "over_two_arguments",
    "quotient_by_logs",
    "square_beside_one",
    "sum_over_cosh",
]
