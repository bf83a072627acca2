"""Sums whose terms nearly cancel: what they are without the difference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp
from sympy import Add, Expr, Mul, S
from sympy.codegen.cfunctions import expm1, hypot

from symback.operations.functions import (
    binary_cross_entropy,
    erfc,
    logaddexp,
    logsigmoid,
    sigma,
    softplus,
    tanh_prime,
)
from symback.stable.entropies import logit_of, ratio_of_leaves
from symback.stable.logs import log_of_ratio
from symback.stable.matching import (
    Matcher,
    See,
    argument,
    constant_and_terms,
    half,
    inside_log,
    log_sum_exp,
    positive,
    shorter_difference,
    split,
    summands,
    terms_of,
)

# -- sums: a constant and a term that nearly cancel ------------------------------------------------

_BESIDE_ONE: dict[Any, Callable[[Expr], Expr]] = {
    sp.exp: lambda u: -expm1(u),
    sp.cos: lambda u: 2 * sp.sin(half(u)) ** 2,
    sp.cosh: lambda u: -2 * sp.sinh(half(u)) ** 2,
    sigma: lambda u: sigma(-u),
    sp.tanh: lambda u: 2 * sigma(-2 * u),
    sp.erf: erfc,
    erfc: sp.erf,
}
"""1 - h(u), without the difference."""

_SQUARE_BESIDE_ONE: dict[Any, Callable[[Expr], Expr]] = {
    sp.tanh: tanh_prime,
    sp.cos: lambda u: sp.sin(u) ** 2,
    sp.sin: lambda u: sp.cos(u) ** 2,
}
"""1 - h(u)², without the difference."""

_ODD: dict[Any, Callable[[Expr], Expr]] = {
    sp.tanh: lambda u: 2 * sigma(2 * u),
    sp.erf: lambda u: erfc(-u),
}
"""1 + h(u) for odd h, which cancels where u is negative."""

_BESIDE_TWO: dict[Any, Callable[[Expr], Expr]] = {erfc: lambda u: erfc(-u)}
"""2 - h(u), without the difference."""


def one_minus(*heads: Any) -> Matcher:
    """c - c·h(u); c + c·h(u) for an odd h; 2c - c·erfc(u)."""

    def match(see: See, total: Expr) -> Expr | None:
        number, terms = constant_and_terms(total)
        for term in terms:
            coefficient, rest = split(term)
            factor, rest = split(see(rest))  # p = erfc(u)/2
            coefficient, inner = coefficient * factor, see(rest)
            if inner.func not in heads:
                continue
            if coefficient == -number:
                changed = _BESIDE_ONE[inner.func](argument(inner))
            elif coefficient == number and inner.func in _ODD:
                changed = _ODD[inner.func](argument(inner))
            elif 2 * coefficient == -number and inner.func in _BESIDE_TWO:
                changed = _BESIDE_TWO[inner.func](argument(inner)) / 2
            else:
                continue
            return Add(*(t for t in terms if t is not term), number * changed)
        return None

    return match


def one_minus_square(*heads: Any) -> Matcher:
    """c - c·h(u)²."""

    def match(see: See, total: Expr) -> Expr | None:
        number, terms = constant_and_terms(total)
        for term in terms:
            coefficient, rest = split(term)
            rest = see(rest)
            if coefficient != -number or not (rest.is_Pow and rest.exp == 2):
                continue
            inner = see(rest.base)
            if inner.func in heads:
                changed = _SQUARE_BESIDE_ONE[inner.func](argument(inner))
                return Add(*(t for t in terms if t is not term), number * changed)
        return None

    return match


def root_minus_number(see: See, total: Expr) -> Expr | None:
    """√a - r = (a - r²)/(√a + r), and √(u² + r²) - r = u·tanh(asinh(u/r)/2)."""
    number, terms = constant_and_terms(total)
    for term in terms:
        coefficient, rest = split(term)
        root, inner = -number / coefficient, see(rest)
        if not root.is_positive:
            continue
        if isinstance(inner, hypot) and abs(inner.args[1]) == root:
            u = inner.args[0]  # the quotient u²/(√(u² + r²) + r) would overflow
            changed = u * sp.tanh(half(sp.asinh(u / root)))
        elif inner.is_Pow and inner.exp == S.Half:
            difference = shorter_difference(see(inner.base), root**2)
            if difference is None:
                continue
            changed = difference / (inner + root)
        else:
            continue
        return Add(*(t for t in terms if t is not term), coefficient * changed)
    return None


# -- sums: two terms that nearly cancel ------------------------------------------------------------


def pair(heads: tuple[Any, ...], change: Callable[[See, Expr, Expr], Expr | None]) -> Matcher:
    """c·h(a) - c·h(b); `change` gives h(a) - h(b) without the difference."""

    def match(see: See, total: Expr) -> Expr | None:
        number, terms = constant_and_terms(total)
        waiting: dict[Expr, list[tuple[Expr, Expr]]] = {}
        for term in terms:
            coefficient, rest = split(term)
            inner = see(rest)
            if inner.func not in heads or (inner.is_Pow and inner.exp != S.Half):
                continue
            for other, before in waiting.get(-coefficient, []):
                changed = change(see, before, inner)
                if changed is not None:
                    kept = (t for t in terms if t is not term and t is not other)
                    return Add(number, *kept, -coefficient * changed)
            waiting.setdefault(coefficient, []).append((term, inner))
        return None

    return match


def difference_of_roots(see: See, a: Expr, b: Expr) -> Expr | None:
    """(a - b)/(√a + √b), where the roots are not 0 together."""
    first, second = see(a.base), see(b.base)
    difference = shorter_difference(first, second)
    if difference is None:
        return None
    positive = difference.is_number or first.is_positive or second.is_positive
    return difference / (a + b) if positive else None


def difference_of_logs(see: See, a: Expr, b: Expr) -> Expr | None:
    """log(a) - log(b), which is log1p((a - b)/b) or the like."""
    above, below = inside_log(see, a), inside_log(see, b)
    found = logit_of(see, above, below) or log_of_ratio(above, below)
    return found or ratio_of_leaves(see, above, below)


def difference_of_waves(see: See, a: Expr, b: Expr) -> Expr | None:
    """sin(a) - sin(b) = 2·sin((a - b)/2)·cos((a + b)/2), and the like for cos, sinh and cosh."""
    u, v = argument(a), argument(b)
    difference = shorter_difference(u, v)
    if difference is None or a.func is not b.func:
        return None
    odd, even = (sp.sin, sp.cos) if isinstance(a, sp.sin | sp.cos) else (sp.sinh, sp.cosh)
    if a.func is odd:
        return 2 * odd(half(difference)) * even(half(u + v))
    sign = -1 if even is sp.cos else 1
    return sign * 2 * odd(half(difference)) * odd(half(u + v))


def log_sum_exp_minus_member(see: See, total: Expr) -> Expr | None:
    """log(exp(a) + exp(b) + …) - a = softplus(log(exp(b) + …) - a)."""
    _, terms = constant_and_terms(total)
    for term in terms:
        coefficient, rest = split(term)
        inner = see(rest)
        if not isinstance(inner, softplus | logaddexp):
            continue
        others = total - term
        members = summands(inner)
        for member in members:
            left = others + coefficient * member
            if member != 0 and terms_of(others) - terms_of(left) == terms_of(member):
                members.remove(member)
                return left + coefficient * softplus(log_sum_exp(members) - member)
    return None


def cross_entropy_of_sigma(see: See, total: Expr) -> Expr | None:
    """-t·log σ(z) - (1 - t)·log σ(-z), with a number before both."""
    number, terms = constant_and_terms(total)
    waiting: dict[tuple[Expr, Expr], tuple[Expr, Expr]] = {}
    for term in terms:
        coefficient, rest = split(term)
        for factor in Mul.make_args(rest):
            inner = see(factor)
            if not isinstance(inner, logsigmoid):
                continue
            z, t = argument(inner), rest / factor
            opposite = coefficient, -z
            if opposite in waiting and t + waiting[opposite][1] == 1:
                other, before = waiting[opposite]
                of_plain = t if positive(z) == z else before
                kept = (e for e in terms if e is not term and e is not other)
                changed = -coefficient * binary_cross_entropy(positive(z), of_plain)
                return Add(number, *kept, changed)
            waiting[coefficient, z] = term, t
    return None
