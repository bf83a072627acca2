"""Sums in which Stirling's formula takes away all but the last digits of log Γ and its slope."""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp
from sympy import Add, Expr, Mul, Piecewise, Rational, S
from sympy.codegen.cfunctions import log1p

from symback.operations.special import (
    betaln,
    digamma,
    digammamlog,
    log_wallis,
    loggamma,
    loggamma_rise,
    stirlerr,
    xlogx,
)
from symback.stable.matching import (
    SHORT,
    See,
    argument,
    base_and_power,
    inside_log,
    others_of,
    terms_looked_at,
    terms_of,
    through_names,
)

LEAST = Rational(1, 8)  # v for which log Γ(v + 1) is taken apart; below, v·log(v) is small


def digamma_less_log(see: See, total: Expr) -> Expr | None:
    """c·digamma(u) - c·log(u)."""
    terms = terms_looked_at(total)
    if len(terms) > SHORT:
        return None
    parts = [(t, f, others_of(Mul.make_args(t), f)) for t in terms for f in Mul.make_args(t)]
    for term, factor, weight in parts:
        slope = see(factor)
        if not isinstance(slope, digamma):
            continue
        u = argument(slope)
        inside = through_names(see, u)
        for other, log, opposite in parts:
            seen = see(log)
            if opposite != -weight or not isinstance(seen, sp.log | log1p):
                continue
            if through_names(see, inside_log(see, seen)) == inside:
                kept = (t for t in terms if t is not term and t is not other)
                return Add(*kept, weight * digammamlog(u))
    return None


def loggamma_less_stirling(see: See, total: Expr) -> Expr | None:
    """c·log Γ(v) - c·(v + k)·log(v) + …, and with Γ(v + 1), as n! has it."""
    terms = terms_looked_at(total)
    if len(terms) > SHORT:
        return None
    for term in terms:
        factors = Mul.make_args(see(term))
        for factor in factors:
            if not isinstance(see(factor), loggamma):
                continue
            u, weight = argument(see(factor)), others_of(factors, factor)
            others = [t for t in terms if t is not term]
            for v in dict.fromkeys(_in_logs(see, others)):
                step = sp.expand(through_names(see, u) - through_names(see, v))
                found = _less_stirling(see, weight, v, others) if step in (0, 1) else None
                if found is None:
                    continue
                changed, over = found
                if step == 0:
                    return changed - weight / 2 * over
                changed += weight / 2 * over
                return Piecewise((changed, v > LEAST), (total, True), evaluate=False)
    return None


def _in_logs(see: See, terms: list[Expr]) -> Iterator[Expr]:
    """What multiples of logarithms are taken of."""
    for term in terms:
        for factor in Mul.make_args(see(term)):
            if isinstance(see(factor), sp.log | xlogx):
                yield argument(see(factor))


def _less_stirling(see: See, weight: Expr, v: Expr, others: list[Expr]) -> tuple[Expr, Expr] | None:
    """The sum with Stirling's error of v in place of c·log Γ, but for c/2·log(v), and log(v)."""
    times, kept = S.Zero, []
    for term in others:
        found = _times_log(see, term, v)
        if found is None:
            kept.append(term)
        else:
            times += found[0]
            kept.append(found[1])
    whole = through_names(see, times + weight * v)
    left = sp.expand(whole) if terms_of(whole) <= SHORT else whole
    if times == 0 or (not left.is_number and not left.free_symbols.isdisjoint(v.free_symbols)):
        return None
    if times.free_symbols.isdisjoint(through_names(see, weight * v).free_symbols | v.free_symbols):
        return None
    rest = Add(weight * stirlerr(v), -weight * v, weight * sp.log(2 * sp.pi) / 2, *kept)
    return _without_number(rest) + left * sp.log(v), sp.log(v)


def _times_log(see: See, term: Expr, v: Expr) -> tuple[Expr, Expr] | None:
    """(c, d) where the term is c·log(v) + d; also where it has a multiple or a root of v inside."""
    factors = Mul.make_args(see(term))
    for factor in factors:
        seen, rest = see(factor), others_of(factors, factor)
        if isinstance(seen, xlogx) and argument(seen) == v:
            return rest * v, S.Zero
        if not isinstance(seen, sp.log):
            continue
        inside = through_names(see, see(argument(seen)))
        power = next((n for b, n in map(base_and_power, Mul.make_args(inside)) if b == v), None)
        left = inside if power is None else inside / v**power
        if argument(seen) == v:
            return rest, S.Zero
        if power is not None and left.is_number and left.is_positive:
            return rest * power, rest * sp.log(left)
    return None


def _without_number(total: Expr) -> Expr:
    """The sum without its numbers where these cancel, such as log(2π) - log(2) - log(π)."""
    number, rest = total.as_independent(*total.free_symbols, as_Add=True)
    return rest if sp.expand_log(number, force=True) == 0 else total


def wallis(see: See, total: Expr) -> Expr | None:
    """c·log(Γ(u + 1/2)/Γ(u)) - c/2·log(w·u), as Student's distribution has it; or -c·betaln."""
    terms = terms_looked_at(total)
    for term in terms if len(terms) <= SHORT else ():
        factors = Mul.make_args(term)
        for factor in factors:
            seen, weight = see(factor), others_of(factors, factor)
            if isinstance(seen, loggamma_rise) and seen.args[1] == S.Half:
                u, left = seen.args[0], S.Zero
            elif isinstance(seen, betaln) and S.Half in seen.args:
                u = seen.args[0] if seen.args[1] == S.Half else seen.args[1]
                weight, left = -weight, weight * sp.log(sp.pi) / 2
            else:
                continue
            for other in terms:
                rest = None if other is term else _half_log(see, other, u, weight)
                if rest is not None:
                    kept = (t for t in terms if t is not term and t is not other)
                    return Add(*kept, weight * log_wallis(u), left, rest)
    return None


def _half_log(see: See, term: Expr, u: Expr, weight: Expr) -> Expr | None:
    """The term and c/2·log(u), where it is -c·p·log(w·uⁿ) with p·n = 1/2 but for w."""
    factors = Mul.make_args(term)
    name = through_names(see, u)
    bases = {b: n for b, n in map(base_and_power, Mul.make_args(name)) if not b.is_number}
    for factor in factors:
        seen, times = see(factor), others_of(factors, factor)
        if not isinstance(seen, sp.log) or len(bases) != 1:
            continue
        ((v, n),) = bases.items()
        inside = through_names(see, see(argument(seen)))
        power = dict(map(base_and_power, Mul.make_args(inside))).get(v, S.Zero) / n
        if power != 0 and sp.expand(2 * times * power + weight) == 0:
            left = inside / name**power
            return times * sp.log(left)
    return None


__all__ = ["digamma_less_log", "loggamma_less_stirling", "wallis"]
