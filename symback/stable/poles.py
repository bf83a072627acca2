"""Functions of a logarithm or a quotient that is infinite at 0, where the whole has a limit.

There the slope as typed is 0·∞. The typed form is kept wherever it has one, and a form without
the infinite number stands at 0 alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import sympy as sp
from sympy import Add, Eq, Expr, Mul, Piecewise, Pow, S
from sympy.codegen.cfunctions import hypot

from symback.operations import arrays
from symback.operations.elementwise import BY_HEAD
from symback.operations.functions import (
    erfc,
    logcosh,
    sigma,
    sigma_prime,
    softplus,
    tanh_prime,
)
from symback.operations.special import (
    diffshare,
    inv_expm1,
    inv_exprel,
    log_ratio,
    log_sinhc,
    logwsumexp,
    overexpm1,
    sumshare,
)
from symback.stable.matching import (
    SHORT,
    See,
    argument,
    base_and_power,
    exponent,
    others_of,
    see_product,
    sum_of,
    terms_looked_at,
    through_names,
)

MOST_POLES = 3  # of one sum
LONGEST_EXPONENT = 40  # whose exp is a float of either size, and so that of its double
LOG_OF_FLOATS = 750  # of the largest and of the smallest, without its sign, rounded up


class LogTerm(NamedTuple):
    """b·log(x), and the other terms of a sum."""

    x: Expr
    b: Expr
    rest: Expr


def log_term(see: See, total: Expr) -> LogTerm | None:
    """The term b·log(x) of a sum of two terms or more, or of a product; the first of several."""
    seen = through_names(see, see(total) if total.is_Symbol else total)
    terms = Add.make_args(seen)
    if len(terms) > SHORT:
        return None
    for term in terms:
        factors = Mul.make_args(term)
        logs = [f for f in factors if isinstance(see(f), sp.log | log_ratio)]
        if len(logs) != 1:
            continue
        log = see(logs[0])
        x = log.args[0] / log.args[1] if isinstance(log, log_ratio) else argument(log)
        if x.free_symbols:
            return LogTerm(x, others_of(factors, *logs), seen - term)
    return None


def at_zero(x: Expr, there: Expr, elsewhere: Expr) -> Expr:
    """What holds where x is 0, and the formula as it is everywhere else."""
    return Piecewise((there, Eq(x, 0)), (elsewhere, True), evaluate=False)


def _power(found: LogTerm) -> Expr:
    """exp(b·log(x) + rest)."""
    return Pow(found.x, found.b) * sp.exp(found.rest)


def _logistic(found: LogTerm) -> Expr:
    """σ(b·log(x) + rest) = x^b/(x^b + exp(-rest)), and with 1/x for a b below 0."""
    x, b, rest = found
    grows = sumshare(Pow(x, b), sp.exp(-rest))
    falls = sumshare(sp.exp(rest), Pow(x, -b))
    if b.is_number:
        return grows if b.is_positive else falls
    return Piecewise((grows, b > 0), (falls, True))


_OF_LOG: dict[Any, Any] = {
    sp.exp: _power,
    sigma: _logistic,
    sp.tanh: lambda f: 2 * _logistic(LogTerm(f.x, 2 * f.b, 2 * f.rest)) - 1,
    softplus: lambda f: logwsumexp(S.One, S.Zero, Pow(f.x, f.b), f.rest),
}
"""h(b·log(x) + rest) as a power of x."""

_OF_SHARES: dict[Any, Any] = {sigma: sumshare, sp.tanh: diffshare}
"""The same of x^b and exp(-rest), of both twice for tanh."""


def function_of_log(see: See, expr: Expr) -> Expr | None:
    """h(b·log(x) + …) for h = exp, σ, tanh and softplus, at x = 0 a function of x^b.

    With a number b those of σ and tanh are so elsewhere too, where a rounded log costs digits.
    """
    found = log_term(see, argument(expr))
    if found is None:
        return None
    elsewhere = at_zero(found.x, _OF_LOG[expr.func](found), expr)
    if not (expr.func in _OF_SHARES and found.b.is_number and found.b.is_real and found.b != 0):
        return elsewhere
    twice = 2 if expr.func is sp.tanh else 1
    share, x, b, rest = _OF_SHARES[expr.func], found.x, twice * found.b, twice * found.rest
    low, high = share(Pow(x, b), sp.exp(-rest)), share(S.One, sp.exp(-rest) * Pow(x, -b))
    low, high = (low, high) if b > 0 else (high, low)
    is_short, size, positive = sp.Abs(rest) < LONGEST_EXPONENT, x, x >= 0
    if b.is_Integer:  # a whole power is real, and below 0 the logarithm is not
        is_short, size, positive = sp.Or(is_short, x < 0), sp.Abs(x), sp.true
    return Piecewise(
        (low, sp.And(positive, size < 1, is_short)),
        (high, sp.And(size >= 1, is_short)),
        (elsewhere, True),
        evaluate=False,
    )


_FADING: dict[Any, Any] = {
    inv_expm1: lambda v: -v,
    inv_exprel: lambda v: -v,
    overexpm1: lambda x, r: -r * x,
    sigma: lambda v: v,
    erfc: lambda v: -v,
    tanh_prime: lambda v: -sp.Abs(v),
    sigma_prime: lambda v: -sp.Abs(v),
}
"""h below exp(w) where w is far below 0, and nowhere large: w of its operands."""


_FAST = frozenset(BY_HEAD) - {sp.log, log_ratio, Pow}


def fading_over_pole(see: See, product: Expr) -> Expr | None:
    """exp(u)/xⁿ for a u that has 1/x or log(x): 0 where exp(u) is smaller than any float by xⁿ.

    So for what is nearly exp(u) there, alone too, and a power of x that has a name.
    """
    factors = [_unfaded(f) for f in Mul.make_args(product)]
    powers = [f for f in factors if f.is_Pow and _may_be_below(f.exp)]
    exponents = {f: _exponent_of(see, f) for f in factors} if powers else {}
    found = {f: of for f, of in exponents.items() if of is not None}
    poles = {p for of in found.values() for p in _poles(see, through_names(see, of.exponent))}
    shared = [
        f for f in powers if f not in found and not poles.isdisjoint({f.base, *f.base.free_symbols})
    ]
    if not shared:
        return None
    others = [through_names(see, f) for f in factors if f not in found]
    others += [a for of in found.values() for a in of.beside]
    if any(_has_function_of(see, f, poles) for f in others):
        return None
    times = Add(*map(_size, (f.exp for f in shared)))
    grows = [of.exponent for of in found.values() if not of.fades]
    fades = [of.exponent for of in found.values() if of.fades]
    if grows:
        fades = [Add(*grows, *(sp.Min(w, 0) for w in fades))]
    return _unless_faded(fades, times, Mul(*factors))


def fading_at_pole(see: See, call: Expr) -> Expr | None:
    """Such a function alone, whose slope is 0·∞ where it is 0.

    Of erfc and the slopes of σ and tanh a named operand is not looked through, as d of an option
    priced by Black and Scholes: it is seldom a pole.
    """
    found = _exponent_of(see, call)
    if found is None or any(f.free_symbols for f in found.beside if not f.is_Symbol):
        return None
    is_common = isinstance(call, erfc | sigma_prime | tanh_prime)
    u = found.exponent if is_common else through_names(see, found.exponent)
    poles = _poles(see, u)
    if not poles or not (found.fades or u.has(logcosh, log_sinhc)):
        return None
    return _unless_faded([found.exponent], S(2), call)


def _unless_faded(exponents: Sequence[Expr], times: Expr, expr: Expr) -> Expr:
    least = -LOG_OF_FLOATS * (times + 2)
    return Piecewise((S.Zero, sp.Or(*(w < least for w in exponents))), (expr, True), evaluate=False)


def _may_be_below(power: Expr) -> bool:
    return bool(not power.is_number or power.could_extract_minus_sign())


def _size(power: Expr) -> Expr:
    return -power if power.is_number else sp.Abs(power)


def _unfaded(factor: Expr) -> Expr:
    """h of a choice between 0 and h."""
    is_made = isinstance(factor, Piecewise) and len(factor.args) == 2 and factor.args[0].expr == 0
    return factor.args[1].expr if is_made else factor


class _Exponent(NamedTuple):
    """u of exp(u), or of what fades as that does, and is bounded for other u."""

    exponent: Expr
    fades: bool
    beside: Sequence[Expr] = ()  # what it is a multiple of


def _exponent_of(see: See, factor: Expr) -> _Exponent | None:
    u = exponent(see, factor)
    if u is not None:
        return _Exponent(u, False)
    base, power = base_and_power(factor)
    inner = _unfaded(see(base))
    of = _FADING.get(inner.func)
    if of is None or not power.is_number:
        return None
    w, beside = of(*inner.args), inner.args[:1] if isinstance(inner, overexpm1) else ()
    if power > 0:
        return _Exponent(w, True, beside)
    return _Exponent(power * sp.Min(w, 0), False, beside)


def _has_function_of(see: See, factor: Expr, poles: set[Expr]) -> bool:
    """Whether a function in it, which may grow faster than any power, is infinite at a pole."""
    functions = (p for p in sp.preorder_traversal(factor) if p.func in _FAST)
    return any(not poles.isdisjoint(_poles(see, p)) for p in functions)


def _poles(see: See, u: Expr) -> set[Expr]:
    """The names by which an expression divides, or whose logarithm it has.

    Not those by whose square it does, as a normal density by its width.
    """
    found: set[Expr] = set()
    for part in sp.preorder_traversal(u):
        if part.is_Pow and part.exp.could_extract_minus_sign() and not part.exp.is_even:
            found |= {part.base, *part.base.free_symbols}
        elif isinstance(see(part), sp.log | log_ratio):
            found |= see(part).args[0].free_symbols
    return found


def reciprocal_of_poles(see: See, expr: Expr) -> Expr | None:
    """1/(p/x + q)ⁿ: (x/p·p/(p + x·q))ⁿ where p is the larger part; and 1/√((p/x)² + …)ⁿ at 0."""
    total = see(expr.base)
    if not (expr.exp.is_number and expr.exp.is_negative):
        return None
    root = isinstance(total, hypot)
    parts = total.args if root else terms_looked_at(total)
    if len(parts) > SHORT:
        return None
    terms = tuple(_seen_term(see, t) for t in parts)
    poles = dict.fromkeys(x for term in terms for x in _divisors(term))
    if not 0 < len(poles) <= MOST_POLES or any(len({*_divisors(t)}) > 1 for t in terms):
        return None  # in a term over several, each branch would have poles again
    times = len(poles) - S.Half if len(poles) > 1 else S.One  # so that one is, and equal ones are
    found = expr
    for x in reversed(poles):
        if root:
            over = hypot(*(t * x for t in terms)) / sp.Abs(x)
            one = sp.And(Eq(x, 0), *(sp.Ne(other, 0) for other in poles if other != x))
            found = Piecewise((Pow(over, expr.exp), one), (found, True), evaluate=False)
            continue
        p = Add(*(t * x for t in terms if x in _divisors(t)))
        rest = Add(*(x * t for t in terms if x not in _divisors(t)))
        share = Pow(x * sumshare(p, rest) / p, -expr.exp)
        larger = times * sp.Abs(p) > sp.Abs(rest)
        found = Piecewise((share, larger), (found, True), evaluate=False)
    return found


def _seen_term(see: See, term: Expr) -> Expr:
    """A term behind its name, if it is a quotient, and over what it divides by behind its own."""
    seen = see(term)
    if not (seen.is_Mul or seen.is_Pow):
        return term
    named = {x: see(x) for x in _divisors(seen)}
    return seen.xreplace({x: f for x, f in named.items() if _divisors(f)})


def _divisors(term: Expr) -> list[Expr]:
    """The names that a term is divided by once."""
    return [f.base for f in Mul.make_args(term) if f.is_Pow and f.exp == -1 and f.base.is_Symbol]


def angle_of_pole(see: See, expr: Expr) -> Expr | None:
    """atan(p/x): where x is the smaller, ±π/2 less atan(x/p)."""
    inside = through_names(see, see(argument(expr)))
    divisors = _divisors(inside)
    if len(divisors) != 1:
        return None
    (x,) = divisors
    p = inside * x
    rest = sp.atan2(x * sp.sign(p), sp.Abs(p))
    there = sp.sign(inside) * sp.pi / 2 - rest
    return Piecewise((there, sp.Abs(inside) > 1), (expr, True), evaluate=False)


def logsumexp_of_log(see: See, expr: Expr) -> Expr | None:
    """log Σ exp(z + log(w)) = log Σ w·exp(z), whose slope by a w of 0 is not 0/0."""
    z, *axes = expr.args
    found = log_term(see, z)
    if found is None or found.b != 1 or axes or see.shape_of(found.x) != see.shape_of(z):
        return None
    if len(see.shape_of(z)) != 1 or see.shape_of(found.rest) != see.shape_of(z):
        return None
    weights, z = found.x, found.rest
    top = arrays.reduce_max(z)
    plain = top + sp.log(arrays.reduce_sum(weights * sp.exp(z - top)))
    return Piecewise((expr, arrays.reduce_min(weights) > 0), (plain, True), evaluate=False)


def reciprocal_of_sum_of_poles(see: See, expr: Expr) -> Expr | None:
    """1/Σ(w/x) of arrays: where entries of x are 0, z/(1 + z·Σ(w/x) of the others), z = Σ x/w."""
    total = sum_of(see, see(expr.base))
    if expr.exp != -1 or total is None or not total.rank or len(total.axes) != total.rank:
        return None
    summed = see_product(see, total.summed)
    for x in _divisors(summed):
        if see.shape_of(x) == see.shape_of(summed):
            zeros = arrays.reduce_sum(Piecewise((x / (summed * x), Eq(x, 0)), (S.Zero, True)))
            others = arrays.reduce_sum(Piecewise((S.Zero, Eq(x, 0)), (summed, True)))
            there = total.count * zeros / (1 + zeros * others)
            return _where_any_zero(sp.Abs(x), there, expr)
    return None


def power_of_mean_log(see: See, expr: Expr) -> Expr | None:
    """exp(Σ w·log(x)) of an array: where entries of x are 0, the product of x^w."""
    total = sum_of(see, see(argument(expr)))
    if total is None or not total.rank or len(total.axes) != total.rank:
        return None
    factors = Mul.make_args(see_product(see, total.summed))
    logs = [f for f in factors if isinstance(see(f), sp.log)]
    if len(logs) != 1:
        return None
    x = argument(see(logs[0]))
    if see.shape_of(x) != see.shape_of(total.summed):
        return None
    powers = Pow(x, others_of(factors, *logs) / total.count)
    return _where_any_zero(x, arrays.prod(powers), expr)


def _where_any_zero(x: Expr, there: Expr, elsewhere: Expr) -> Expr:
    return Piecewise((there, arrays.reduce_min(x) <= 0), (elsewhere, True), evaluate=False)


__all__ = [
    "angle_of_pole",
    "fading_at_pole",
    "fading_over_pole",
    "function_of_log",
    "logsumexp_of_log",
    "power_of_mean_log",
    "reciprocal_of_poles",
    "reciprocal_of_sum_of_poles",
]
