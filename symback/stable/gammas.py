"""Sums of values of log Γ and its slope, whose digits cancel at large operands."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import sympy as sp
from sympy import Add, Expr, Mul, Piecewise, S, expand

from symback.operations.special import (
    beta,
    betaln,
    binomial,
    digamma_rise,
    factorial,
    gamma,
    log_wallis,
    loggamma,
    loggamma_rise,
    trigamma_rise,
)
from symback.stable.matching import (
    See,
    argument,
    base_and_power,
    constant_and_terms,
    others_of,
    split,
    through_names,
)

MOST_FACTORS = 8  # of Γ(x + n)/Γ(x) = x·(x + 1)·… that are written out
MOST_LOGS = 12  # terms of a sum among which three are looked for


def rise_of_loggamma(see: See, a: Expr, b: Expr) -> Expr | None:
    """loggamma(a) - loggamma(b), where one operand is the other one and more."""
    return _rise(see, a, b, loggamma_rise)


def rise_of_digamma(see: See, a: Expr, b: Expr) -> Expr | None:
    """digamma(a) - digamma(b), where one operand is the other one and more."""
    return _rise(see, a, b, digamma_rise)


def rise_of_trigamma(see: See, a: Expr, b: Expr) -> Expr | None:
    """trigamma(a) - trigamma(b), where one operand is the other one and more."""
    return _rise(see, a, b, trigamma_rise)


def _rise(see: See, a: Expr, b: Expr, rise: Callable[[Expr, Expr], Expr]) -> Expr | None:
    upper, lower = argument(a), argument(b)
    above, below = through_names(see, see(upper)), through_names(see, see(lower))
    step = _more(above, below)
    if step is None:
        step = _more(below, above)
        return None if step is None else -rise(upper, step)
    return rise(lower, step)


def _more(whole: Expr, part: Expr) -> Expr | None:
    """whole - part, where the terms of the part are some of the whole's."""
    terms, own = Add.make_args(whole), Add.make_args(part)
    if len(own) >= len(terms) or not set(own) <= set(terms):
        return None
    return Add(*(t for t in terms if t not in own))


def loggamma_to_betaln(see: See, total: Expr) -> Expr | None:
    """c·loggamma(a) + c·loggamma(b) - c·loggamma(a + b), as densities on (0, 1) have it."""
    number, terms = constant_and_terms(total)
    found = [(t, *split(t)) for t in terms]
    logs = [(t, c, argument(see(u))) for t, c, u in found if isinstance(see(u), loggamma)]
    if not 3 <= len(logs) <= MOST_LOGS:
        return None
    for whole, coefficient, of in logs:
        others = [part for part in logs if part[1] == -coefficient]
        for (first, _, a), (second, _, b) in combinations(others, 2):
            if expand(through_names(see, a + b - of)) == S.Zero:
                kept = (t for t in terms if t is not whole and t is not first and t is not second)
                return Add(number, *kept, -coefficient * betaln(a, b))
    return None


def quotient_of_gammas(see: See, product: Expr) -> Expr | None:
    """Γ(x + a)/Γ(x) by its log where one of them may overflow."""
    factors = Mul.make_args(product)
    for factor in factors:
        base, power = base_and_power(factor)
        below = see(base)
        if power != -1 or not isinstance(below, gamma | factorial):
            continue
        for other in factors:
            above = see(other)
            if not isinstance(above, gamma | factorial):
                continue
            u, v = map(_of_gamma, (above, below))
            rise = _rise(see, loggamma(u), loggamma(v), loggamma_rise)
            if rise is None:
                continue
            rest = others_of(factors, factor, other)
            step = rise.args[1] if isinstance(rise, loggamma_rise) else S.Zero
            if step.is_Integer and 0 < step <= MOST_FACTORS:
                return rest * Mul(*(v + k for k in range(step)))
            if step == S.Half and (over_root := _over_root_of(see, rest, v)) is not None:
                return over_root * sp.exp(log_wallis(v))
            positive = sp.Min(u, v) > 0
            return rest * Piecewise((sp.exp(rise), positive), (other * factor, True))
    return None


def _over_root_of(see: See, rest: Expr, v: Expr) -> Expr | None:
    """√v times a product that has 1/√v, as Student's density has it."""
    name = through_names(see, v)
    for factor in Mul.make_args(rest):
        seen = through_names(see, factor)
        found = seen * sp.sqrt(name)
        if seen.has(*name.free_symbols) and found.free_symbols.isdisjoint(name.free_symbols):
            return others_of(Mul.make_args(rest), factor) * found
    return None


def _of_gamma(value: Expr) -> Expr:
    """u of Γ(u), which n! has as well."""
    return argument(value) + 1 if isinstance(value, factorial) else argument(value)


def log_of_gamma(see: See, log: Expr) -> Expr | None:
    """log(gamma(u)), log(factorial(u)), log(beta(a, b)) and log(binomial(n, k))."""
    inner = see(argument(log))
    if isinstance(inner, gamma):
        return loggamma(argument(inner))
    if isinstance(inner, factorial):
        return loggamma(1 + argument(inner))
    if isinstance(inner, binomial):
        n, k = inner.args
        return -loggamma(1 + k) - loggamma_rise(1 + n, -k)
    return betaln(*inner.args) if isinstance(inner, beta) else None


__all__ = [
    "log_of_gamma",
    "loggamma_to_betaln",
    "quotient_of_gammas",
    "rise_of_digamma",
    "rise_of_loggamma",
    "rise_of_trigamma",
]
