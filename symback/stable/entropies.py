"""Products of a number and a logarithm that is infinite where the number is 0, and log odds."""

from __future__ import annotations

import sympy as sp
from sympy import Add, Eq, Expr, Mul, Piecewise, S
from sympy.codegen.cfunctions import hypot, log1p

from symback.operations import arrays
from symback.operations.functions import sigma
from symback.operations.special import (
    kl_div,
    log_ratio,
    logit,
    powlog,
    rel_entr,
    weighed,
    xlog1py,
    xlogx,
    xlogx1p,
    xlogy,
)
from symback.stable.matching import (
    SHORT,
    See,
    argument,
    base_and_power,
    constant_and_terms,
    flat_terms,
    others_of,
    quotient,
    split,
    terms_looked_at,
    terms_of,
    through_names,
)
from symback.stable.quotients import root_of


def times_log(see: See, product: Expr) -> Expr | None:
    """xᵏ·log(v) where v is x, or 0 where x is; x·log(x/y); x·(log(x) + …)."""
    factors = Mul.make_args(product)
    for factor in factors:
        inner = see(factor)
        if isinstance(inner, sp.log) and (found := _of_product(see, factors, factor)):
            return found
        if inner.is_Add:
            parts = [t for t in terms_looked_at(inner) if isinstance(see(split(t)[1]), sp.log)]
        elif isinstance(inner, sp.log | log1p | log_ratio):
            parts = [inner]
        else:
            continue
        for other in factors:
            base, power = base_and_power(other)
            if other is factor or base.is_number or not (power.is_Rational and power > 0):
                continue
            for part in parts:
                number, log = split(part)
                found = _vanishing(see, base, power, see(log))
                if found is None:
                    continue
                rest = others_of(factors, factor, other)
                if part is inner:
                    return rest * found
                if rest.is_number or base.is_Symbol:
                    return rest * number * found + rest * other * (inner - part)
    return None


def _of_product(see: See, factors: tuple[Expr, ...], log: Expr) -> Expr | None:
    """c·v·log(v) where v is a product."""
    v = argument(see(log))
    inside = {b: n for b, n in map(base_and_power, Mul.make_args(v)) if not b.is_number}
    rest = others_of(factors, log)
    outside = {b: n for b, n in map(base_and_power, Mul.make_args(rest))}
    if len(inside) < 2 or any(not (n.is_Rational and n > 0) for n in inside.values()):
        return None
    return rest / v * xlogx(v) if all(outside.get(b) == n for b, n in inside.items()) else None


def difference_of_entropies(see: See, total: Expr) -> Expr | None:
    """c·x·log(x) − c·x·log(y)."""
    terms = terms_looked_at(total)
    found = [(t, f, see(f)) for t in terms for f in Mul.make_args(t) if isinstance(see(f), xlogx)]
    for term, factor, inner in found:
        x = argument(inner)
        weight = others_of(Mul.make_args(term), factor)
        for other in terms:
            log = sp.cancel(-other / (weight * x)) if other is not term and other.has(x) else other
            if isinstance(see(log), sp.log):
                rest = Add(*(t for t in terms if t is not term and t is not other))
                return rest + weight * rel_entr(x, argument(see(log)))
    return None


def divergence(see: See, total: Expr) -> Expr | None:
    """c·x·log(x/y) − c·x + c·y, with y = 1 for c·x·log(x) − c·x + c, and c·u − c − c·log(u)."""
    flat = Add(*flat_terms(see, total)) if total.is_Add and len(total.args) <= SHORT else total
    found = (_divergence(see, whole) for whole in dict.fromkeys((total, flat)))
    return next((f for f in found if f is not None), None)


def _divergence(see: See, total: Expr) -> Expr | None:
    terms = terms_looked_at(total)
    number = constant_and_terms(total)[0]
    for term in terms:
        factors = Mul.make_args(see(term))
        for factor in factors:
            inner = see(factor)
            if not isinstance(inner, rel_entr | xlogx | log_ratio | sp.log):
                continue
            weight = others_of(factors, factor)
            if isinstance(inner, rel_entr):
                x, y = inner.args
            elif isinstance(inner, xlogx):
                x, y = argument(inner), S.One
                changed = _from_power_of_e(see, total, term, weight, x)
                if changed is not None:
                    return changed
            elif isinstance(inner, log_ratio):
                weight, x, y = -weight, S.One, inner.args[0] / inner.args[1]
            else:
                weight, x, y = -weight, S.One, argument(inner)
            needed = (-weight * x, weight * y)
            if all(n in terms for n in needed):
                rest = Add(*(t for t in terms if t is not term and t not in needed))
                return rest + weight * kl_div(x, y)
            constant = next((n for n in needed if n.is_Rational), None)
            other = next((n for n in needed if n in terms), None)
            if constant is not None and other is not None and number * constant > 0:
                rest = Add(*(t for t in terms if t is not term and t != other))
                return rest - constant + weight * kl_div(x, y)
    return None


def _from_power_of_e(see: See, total: Expr, term: Expr, weight: Expr, x: Expr) -> Expr | None:
    """c·x·log(x) − c·x·u − c·x + c·exp(u), where exp(u) may have a name."""
    terms = total.args
    if -weight * x not in terms or len(terms) > SHORT:
        return None
    for other in terms:
        power = quotient(other, weight) if not weight.is_number else other / weight
        inner = None if power is None else see(power)
        if not isinstance(inner, sp.exp) or power is None:
            continue
        left = sp.expand(through_names(see, total - term + weight * x - other))
        rest = sp.expand(left + weight * x * through_names(see, argument(inner)))
        if terms_of(rest) < terms_of(left):
            return rest + weight * kl_div(x, power)
    return None


def _vanishing(see: See, x: Expr, power: Expr, log: Expr) -> Expr | None:
    """x**power·log, which is 0 where x is 0."""
    if isinstance(log, log_ratio):
        a, b = log.args
        found = rel_entr(x, b) if a == x else -rel_entr(x, a)
        return found if x in (a, b) and power == 1 else None
    inside = argument(log)
    if isinstance(log, log1p):
        return _vanishing_beside_one(see(x), inside) if power == 1 else None
    if _same(see, inside, x):
        return xlogx(x) if power == 1 else powlog(x, power)
    multiple = _multiple(through_names(see, inside), through_names(see, x)) if power == 1 else None
    if multiple is not None:
        return xlogx(inside) / multiple
    if isinstance(see(inside), hypot | arrays.norm) and root_of(see, see(x)) == see(inside):
        return powlog(inside, 2 * power)
    ratio = through_names(see, see(inside)) if see(inside).is_Mul else inside
    factors = {b: n for b, n in map(base_and_power, Mul.make_args(ratio))}
    times = factors.get(x, S.Zero)
    if not (times.is_Rational and times > 0):
        return None
    left = ratio / x**times
    if times == 1 and power == 1:
        over = left.as_numer_denom()[0]
        relative = over == 1 or (over.is_positive and not left.is_number)
        return rel_entr(x, 1 / left) if relative else xlogy(x, ratio)
    if left == 1 and times % 2 == 0 and (power == 1 or power % 2 == 0):
        return times * (xlogy(x, abs(x)) if power == 1 else powlog(abs(x), power))
    if left.is_number and left.is_positive and times == 1:
        return powlog(left * x, power) / left**power
    return xlogy(x**power, ratio) if power <= 1 else None


def _multiple(a: Expr, b: Expr) -> Expr | None:
    """a/b of two sums, where it is a positive number."""
    ratio = quotient(a, b) if a.is_Add and b.is_Add else None
    return ratio if ratio is not None and ratio.is_number and ratio.is_positive else None


def _vanishing_beside_one(x: Expr, u: Expr) -> Expr | None:
    """x·log(1 + u) where 1 + u is a multiple of x."""
    if max(terms_of(x), *(terms_of(f) for f in u.as_numer_denom())) > SHORT:
        return None
    if sp.expand(x - u) == 1:
        return xlogx1p(u)
    above = sp.expand(sp.together(1 + u).as_numer_denom()[0])
    if not x.is_Add or above != sp.expand(x):
        return None
    left = sp.cancel(x / (1 + u))  # of x/y it is y, by which the form below 0/0 would have no slope
    return Piecewise((rel_entr(x, left), Eq(x, 0)), (xlog1py(x, u), True), evaluate=False)


def _same(see: See, a: Expr, b: Expr) -> bool:
    return a == b or (max(terms_of(a), terms_of(b)) <= SHORT and see(a) == see(b))


def dot_with_log(see: See, dot: Expr) -> Expr | None:
    """Σ x·log(x) written as a dot product."""
    a, b = dot.args
    found = times_log(see, a * b)
    return None if found is None else arrays.reduce_sum(found)


def times_log_softmax(see: See, product: Expr) -> Expr | None:
    """t·log(p) of a softmax p, whose log is -∞ where an entry is masked."""
    factors = Mul.make_args(product)
    for factor in factors:
        if isinstance(see(factor), arrays.log_softmax):
            weight = others_of(factors, factor)
            return None if weight.is_number else weighed(weight, factor)
    return None


def dot_with_log_softmax(see: See, dot: Expr) -> Expr | None:
    """Σ t·log(p) written as a dot product."""
    a, b = dot.args
    found = times_log_softmax(see, a * b)
    return None if found is None else arrays.reduce_sum(found)


def log_of_odds(see: See, expr: Expr) -> Expr | None:
    """log(p/(1 - p)), log((1 - p)/p) and log(1/p - 1)."""
    inside = see(argument(expr))
    number, terms = constant_and_terms(inside)
    if number == -1 and len(terms) == 1 and base_and_power(terms[0])[1] == -1:
        return -logit(1 / terms[0])
    above, below = inside.as_numer_denom() if inside.is_Mul else (S.One, S.One)
    return None if below == 1 else logit_of(see, above, below)


def logit_of(see: See, a: Expr, b: Expr) -> Expr | None:
    """log(a/b) where a + b = 1."""
    first, second = see(a), see(b)
    if max(terms_of(first), terms_of(second)) > SHORT:
        return None
    if isinstance(first, sigma) and isinstance(second, sigma):
        z = argument(first)
        return z if through_names(see, z + argument(second)) == 0 else None
    if sp.expand(a + b) == 1 or sp.expand(a + second) == 1 or sp.expand(first + b) == 1:
        return logit(a) if terms_of(first) <= terms_of(second) else -logit(b)
    return None


def ratio_of_leaves(see: See, a: Expr, b: Expr) -> Expr | None:
    """log(a/b) of two numbers as they are given, which may be close."""
    leaves = a.is_Symbol and b.is_Symbol and a != b and see(a) is a and see(b) is b
    return log_ratio(a, b) if leaves else None


__all__ = [
    "difference_of_entropies",
    "divergence",
    "dot_with_log",
    "dot_with_log_softmax",
    "log_of_odds",
    "logit_of",
    "ratio_of_leaves",
    "times_log",
    "times_log_softmax",
]
