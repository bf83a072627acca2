"""Divided differences (h(a) - h(b))/(a - b), 0/0 where a = b: their limit there is h′(a).

Addition theorems have a - b as a factor, which goes. Those that hold, or keep their digits, only
near a = b stand there alone, and beyond it the quotient as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import sympy as sp
from sympy import Add, Expr, Mul, Piecewise, Pow, Rational, S
from sympy.codegen.cfunctions import expm1, hypot, log2, log10
from sympy.logic.boolalg import Boolean

from symback.operations.functions import cbrt, erfc, logcosh, logsigmoid, sigma, softplus
from symback.operations.special import (
    asinhc,
    atanc,
    atandiff,
    atanhc,
    erfdiff,
    erfdivdiff,
    expdivdiff,
    exprel,
    invdiff,
    log1prel,
    log_ratio,
    log_sinhc,
    pow1prel,
    pow_rise,
    sigmadiff,
    softplusdiff,
)
from symback.stable.exponentials import see_sum
from symback.stable.matching import (
    SHORT,
    See,
    argument,
    base_and_power,
    half,
    others_of,
    quotient,
    split,
    terms_of,
    through_names,
)

MOST_OF_POWER = 8  # the largest numerator of an exponent whose quotient is written out
MOST_OF_ROOT = 3  # the largest denominator


class Divided(NamedTuple):
    """(h(a) - h(b))/(a - b) where the condition holds; everywhere, if it is true."""

    form: Expr
    near: Boolean = sp.true


def _sinhc(u: Expr) -> Expr:
    return sp.exp(log_sinhc(u))


def _apart(a: Expr, b: Expr) -> Expr:
    return sp.Abs(a - b)


def _sigma(a: Expr, b: Expr) -> Divided:
    """sinh((a - b)/2)/((a - b)/2)/(4·cosh(a/2)·cosh(b/2))."""
    log = log_sinhc(half(a - b)) - logcosh(half(a)) - logcosh(half(b))
    return Divided(sp.exp(log) / 4, _apart(a, b) < 4)


def _tanh(a: Expr, b: Expr) -> Divided:
    form, near = _sigma(2 * a, 2 * b)
    return Divided(4 * form, near)


def _softplus(a: Expr, b: Expr) -> Divided:
    """With 1 less its mirror image where that is the smaller, whose slopes don't cancel there."""

    def smaller(a: Expr, b: Expr) -> Expr:
        share = sigma(b)
        close = share * exprel(a - b) * log1prel(share * expm1(a - b))
        return Piecewise((close, _apart(a, b) < 4), (softplusdiff(a, b) / (a - b), True))

    return Divided(Piecewise((1 - smaller(-a, -b), a + b > 0), *smaller(a, b).args))


def _logsigmoid(a: Expr, b: Expr) -> Divided:
    return _softplus(-a, -b)


def log_mean(a: Expr, b: Expr, power: int = 1) -> Expr:
    """(a - b)/log(a/b) or its reciprocal, by the larger number.

    It is smooth where a = b: one branch holds there, not half of each.
    """
    by_a, by_b = ((x * exprel(log_ratio(y, x))) ** power for x, y in ((a, b), (b, a)))
    return Piecewise((by_a, sp.Abs(a) >= sp.Abs(b)), (by_b, True))


def _log(a: Expr, b: Expr) -> Divided:
    return Divided(log_mean(a, b, -1))


def _log_to(base: int) -> Callable[[Expr, Expr], Divided]:
    return lambda a, b: Divided(_log(a, b).form / sp.log(base))


def _atan(a: Expr, b: Expr) -> Divided:
    below = 1 + a * b
    return Divided(atanc((a - b) / below) / below, 2 * _apart(a, b) < below)


def _atanh(a: Expr, b: Expr) -> Divided:
    below = 1 - a * b
    return Divided(atanhc((a - b) / below) / below, 2 * _apart(a, b) < below)


def _asinh(a: Expr, b: Expr) -> Divided:
    """sinh(A - B)/(a - b) = (1 + √(1 + a²)·√(1 + b²) - a·b)/(√(1 + a²) + √(1 + b²))."""
    p, q = hypot(1, a), hypot(1, b)
    over = (1 + (p / q + q / p - 1 / (p * q)) / (1 + a / p * (b / q))) / (p + q)
    return Divided(asinhc((a - b) * over) * over, _apart(a, b) < sp.Max(2, sp.Abs(b)))


def _acosh(a: Expr, b: Expr) -> Divided:
    p, q = (sp.sqrt(u - 1) * sp.sqrt(u + 1) / u for u in (a, b))
    over = (1 / a + 1 / b) / (p + q)
    return Divided(asinhc((a - b) * over) * over)


def _asin(a: Expr, b: Expr) -> Divided:
    u, v = sp.asin(a), sp.asin(b)
    return Divided(1 / (sp.cos(half(u + v)) * sp.sinc(half(u - v))))


def _cbrt(a: Expr, b: Expr) -> Divided:
    u, v = cbrt(a), cbrt(b)
    return Divided(1 / (u**2 + u * v + v**2))


_OF_FUNCTION: Mapping[Any, Callable[[Expr, Expr], Divided]] = {
    sp.sin: lambda a, b: Divided(sp.cos(half(a + b)) * sp.sinc(half(a - b))),
    sp.cos: lambda a, b: Divided(-sp.sin(half(a + b)) * sp.sinc(half(a - b))),
    sp.tan: lambda a, b: Divided(sp.sinc(a - b) / (sp.cos(a) * sp.cos(b))),
    sp.sinh: lambda a, b: Divided(sp.cosh(half(a + b)) * _sinhc(half(a - b))),
    sp.cosh: lambda a, b: Divided(sp.sinh(half(a + b)) * _sinhc(half(a - b))),
    expm1: lambda a, b: Divided(expdivdiff(a, b, 1)),
    sp.erf: lambda a, b: Divided(erfdivdiff(a, b)),
    erfc: lambda a, b: Divided(-erfdivdiff(a, b)),
    sigma: _sigma,
    sp.tanh: _tanh,
    softplus: _softplus,
    logsigmoid: _logsigmoid,
    sp.atan: _atan,
    sp.atanh: _atanh,
    sp.asinh: _asinh,
    sp.acosh: _acosh,
    sp.asin: _asin,
    sp.acos: lambda a, b: Divided(-_asin(a, b).form),
    sp.log: _log,
    log10: _log_to(10),
    log2: _log_to(2),
    cbrt: _cbrt,
}

_EVEN = (sp.cos, sp.cosh)
_ODD = (sp.sin, sp.tan, sp.sinh, sp.tanh, sp.atan, sp.asin, sp.asinh, sp.atanh, cbrt, sp.erf)

_OF_DIFFERENCE: Mapping[Any, Any] = {
    sigmadiff: sigma,
    softplusdiff: softplus,
    atandiff: sp.atan,
    erfdiff: sp.erf,
}
"""What the rules for differences have made of h(a) - h(b)."""


def _of_power(a: Expr, b: Expr, n: Expr) -> Divided | None:
    """(aⁿ - bⁿ)/(a - b), for a fraction n with roots u and v of a and b.

    Far from a = b roots have slopes that the quotient has not, as at b = 0.
    """
    near, limit = 9 * _apart(a, b) <= 8 * sp.Abs(a + b), n * half(a + b) ** (n - 1)
    if not n.is_Rational:
        larger, smaller = (Piecewise((u, a >= b), (v, True)) for u, v in ((a, b), (b, a)))
        form = larger ** (n - 1) * pow1prel((smaller - larger) / larger, n)
        return Divided(_but_at_zero(form, limit, a + b), near)
    above, below = abs(n.p), n.q
    if not 0 < above <= MOST_OF_POWER or below > MOST_OF_ROOT:
        return None
    u, v = (Pow(x, Rational(sp.sign(n), below)) for x in (a, b))
    form = _of_whole_power(u, v, above) / _of_whole_power(u, v, below)
    if n < 0:
        form = -form * u**below * v**below
    if below > 1 and n > 1:
        return Divided(_but_at_zero(form, limit, a + b), near)
    return Divided(form)


def _but_at_zero(form: Expr, limit: Expr, total: Expr) -> Expr:
    """The limit where both numbers are 0, and so their sum."""
    return Piecewise((form, sp.Abs(total) > 0), (limit, True))


def _of_whole_power(a: Expr, b: Expr, n: int) -> Expr:
    """Σ aⁱ·bⁿ⁻¹⁻ⁱ, and a + b as a factor where n is even."""
    if n % 2 == 0:
        return (a + b) * _of_whole_power(a**2, b**2, n // 2)
    return Add(*(a**i * b ** (n - 1 - i) for i in range(n)))


def _of_reciprocal(a: Expr, b: Expr) -> Divided:
    return Divided(-1 / (a * b))


class Difference(NamedTuple):
    """weight·(h(a) - h(b))."""

    weight: Expr
    a: Expr
    b: Expr
    divided: Callable[[Expr, Expr], Divided | None]


def divided_difference(see: See, product: Expr) -> Expr | None:
    """(h(a) - h(b))/(a - b) and its reciprocal, with any factor common to a and b."""
    factors = Mul.make_args(product)
    for factor in factors:
        base, power = base_and_power(factor)
        if power not in (1, -1):
            continue
        for weight, a, b, divided in _differences(see, see(base)):
            first, second = through_names(see, a), through_names(see, b)
            if max(terms_of(first), terms_of(second)) > SHORT:
                continue
            if terms_of(sp.expand(first - second)) < terms_of(first) + terms_of(second):
                a, b = first, second  # as x + h and x - h
            for other in factors:
                below, opposite = base_and_power(other)
                if opposite != -power or below.is_number:
                    continue
                seen = through_names(see, see_sum(see, below))
                ratio = None if terms_of(seen) > SHORT else _ratio(first - second, seen)
                found = None if ratio is None else divided(a, b)
                if ratio is not None and found is not None:
                    whole = _whole(weight * ratio, found, base / below)
                    return others_of(factors, factor, other) * whole**power
    return None


def _whole(times: Expr, found: Divided, typed: Expr) -> Expr:
    """The form where it is near, and what is typed beyond."""
    form = times * found.form
    if found.near is sp.true:
        return form
    return Piecewise((form, found.near), (typed, True), evaluate=False)


def _ratio(apart: Expr, below: Expr) -> Expr | None:
    """c where the first is c times the second, in either sign."""
    below, apart = sp.factor_terms(below), sp.expand(apart)
    for sign in (1, -1):
        found = quotient(sp.factor_terms(sign * apart), below)
        if found is not None:
            return sign * found
    return None


def _differences(see: See, base: Expr) -> Iterator[Difference]:
    """The ways to see an expression as weight·(h(a) - h(b))."""
    factors = Mul.make_args(base)
    for factor in factors:
        rise = factor.args[0].expr if isinstance(factor, Piecewise) else factor
        number, rise = split(rise)
        if isinstance(rise, pow_rise):
            x, h, n = rise.args
            weight = number * others_of(factors, factor)
            yield Difference(weight, x + h, x, partial(_of_power, n=n))
            continue
        if factor.func in _OF_DIFFERENCE:
            divided = _OF_FUNCTION[_OF_DIFFERENCE[factor.func]]
        elif isinstance(factor, invdiff):
            divided = _of_reciprocal
        else:
            continue
        a, b = factor.args
        yield Difference(others_of(factors, factor), a, b, divided)
    if base.is_Add and len(base.args) == 2:
        first, second = (list(_weighted(see, t)) for t in base.args)
        for weight, head, a, exponent in first:
            for opposite, other, b, same in second:
                if head is not other or exponent != same:
                    continue
                if head is Pow and weight == -opposite:
                    yield Difference(weight, a, b, partial(_of_power, n=exponent))
                elif weight == -opposite:
                    yield Difference(weight, a, b, _OF_FUNCTION[head])
                if (head in _EVEN and weight == -opposite) or (head in _ODD and weight == opposite):
                    yield Difference(weight, a, -b, _OF_FUNCTION[head])


def _weighted(see: See, term: Expr) -> Iterator[tuple[Expr, Any, Expr, Expr]]:
    """(c, h, a, n) for each way to see a term as c·h(a), or as c·aⁿ."""
    factors = Mul.make_args(term)
    for factor in factors:
        inner = see(factor)
        if inner.func in _OF_FUNCTION:
            yield others_of(factors, factor), inner.func, argument(inner), S.One
        elif inner.is_Pow and not inner.base.is_number:
            yield others_of(factors, factor), Pow, inner.base, inner.exp


__all__ = ["divided_difference", "log_mean"]
