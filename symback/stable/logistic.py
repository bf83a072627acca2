"""Smooth logistic losses whose parts have kinks: max(z, 0) − z·t + log(1 + exp(−|z|)).

At z = 0 the slope of each part is a convention; that of the whole is σ(z) − t.
"""

from __future__ import annotations

import sympy as sp
from sympy import Add, Expr, Mul, Piecewise, S
from sympy.core.relational import (
    GreaterThan,
    LessThan,
    Relational,
    StrictGreaterThan,
    StrictLessThan,
)

from symback.operations.functions import (
    abs_at,
    binary_cross_entropy,
    logsigmoid,
    max_at,
    min_at,
    relu,
    relu_at,
    softplus,
)
from symback.stable.matching import (
    SHORT,
    See,
    argument,
    constant_and_terms,
    positive,
    split,
    terms_of,
)

_UP, _DOWN = (GreaterThan, StrictGreaterThan), (LessThan, StrictLessThan)


def cross_entropy_of_parts(see: See, total: Expr) -> Expr | None:
    """c·max(u, 0) + c·log(1 + exp(−|u|)) − c·t·u, its kinks spelled as they may be."""
    number, terms = constant_and_terms(total)
    opened = [e for term in terms for e in _opened(see, term)]
    for candidates in (terms, opened) if len(opened) > len(terms) else (terms,):
        for i, term in enumerate(candidates):
            below = _softplus_below(see, term)
            others = [*candidates[:i], *candidates[i + 1 :]]
            found = None if below is None else _whole(see, *below, others)
            if found is not None:
                return Add(number, found)
    return None


def _opened(see: See, term: Expr) -> list[Expr]:
    """The terms of a short sum behind the name of a node."""
    coefficient, rest = split(term)
    inner = see(rest)
    if not inner.is_Add or len(inner.args) > SHORT:
        return [term]
    return [coefficient * e for e in inner.args]


def _whole(see: See, coefficient: Expr, u: Expr, terms: list[Expr]) -> Expr | None:
    """The terms and c·log(1 + exp(−|u|)), where the kinks of the two cancel."""
    kinked, linear, kept = _split_terms(see, u, terms)
    if kinked == 0 or sp.expand(kinked - coefficient) != 0:
        return None
    t = -linear / coefficient
    return Add(*kept, coefficient * _cross_entropy(u, t))


def _cross_entropy(u: Expr, t: Expr) -> Expr:
    """That of u and t, u without a minus sign in front."""
    if t in (0, 1):
        return softplus(u) if t == 0 else softplus(-u)
    return binary_cross_entropy(u, t) if positive(u) == u else binary_cross_entropy(-u, 1 - t)


def _split_terms(see: See, u: Expr, terms: list[Expr]) -> tuple[Expr, Expr, list[Expr]]:
    """k, l and the rest of k·max(u, 0) + l·u + …"""
    kinked, linear, kept = S.Zero, S.Zero, []
    for term in terms:
        parts = _kinked(see, u, term)
        if parts is None:
            kept.append(term)
            continue
        kinked, linear = kinked + parts[0], linear + parts[1]
    if u.is_Add:  # u itself among the terms
        rest = Add(*kept)
        for sign in (1, -1):
            if terms_of(rest) - terms_of(rest - sign * u) == terms_of(u):
                return kinked, linear + sign, list(Add.make_args(rest - sign * u))
    return kinked, linear, kept


def _kinked(see: See, u: Expr, term: Expr) -> tuple[Expr, Expr] | None:
    """k and l of the term k·max(u, 0) + l·u."""
    factors = Mul.make_args(term)
    if u.is_Mul and set(Mul.make_args(split(u)[1])) <= set(factors):
        return S.Zero, term / u
    for i, factor in enumerate(factors):
        others = Mul(*factors[:i], *factors[i + 1 :])
        ratio = _ratio(factor, u)
        if ratio is not None:
            return S.Zero, ratio * others
        size = _size(see, factor)
        ratio = None if size is None else _ratio(size, u)
        if ratio is not None:
            return 2 * abs(ratio) * others, -abs(ratio) * others
        sign, part = _positive_part(see, factor)
        ratio = None if part is None else _ratio(part, u)
        if ratio is not None:
            return sign * abs(ratio) * others, S.Zero if ratio > 0 else sign * ratio * others
    return None


def _ratio(v: Expr, u: Expr) -> Expr | None:
    """v/u where it is a rational number."""
    if v == u or v == -u:
        return S.One if v == u else S.NegativeOne
    (one, rest), (two, same) = split(v), split(u)
    return one / two if rest == same and rest != 1 else None


def _softplus_below(see: See, term: Expr) -> tuple[Expr, Expr] | None:
    """c and u of c·log(1 + exp(−|u|))."""
    factors = Mul.make_args(term)
    for i, factor in enumerate(factors):
        coefficient = Mul(*factors[:i], *factors[i + 1 :])
        inner = see(factor)
        if isinstance(inner, logsigmoid):
            coefficient, inner = -coefficient, softplus(-argument(inner))
        if not isinstance(inner, softplus):
            continue
        times, size = split(argument(inner))
        u = _size(see, size)
        if u is None:
            times, u = -times, _size(see, -size)  # min(z, −z) is −|z|
        if u is not None and times < 0:
            return coefficient, -times * u
    return None


def _size(see: See, expr: Expr) -> Expr | None:
    """u where the expression is |u|."""
    seen = see(expr)
    if isinstance(seen, sp.Abs | abs_at):
        return argument(seen)
    if isinstance(seen, sp.Max | max_at) and len(seen.args) <= 3 and seen.args[0] == -seen.args[1]:
        return argument(seen)
    if isinstance(-seen, sp.Min | min_at) and (-seen).args[0] == -(-seen).args[1]:
        return argument(-seen)
    choice = _choice(seen)
    return choice[0] if choice is not None and choice[1:] == (choice[0], -choice[0]) else None


def _positive_part(see: See, expr: Expr) -> tuple[Expr, Expr | None]:
    """s and u where the expression is s·max(u, 0)."""
    seen = see(expr)
    if isinstance(seen, relu | relu_at):
        return S.One, argument(seen)
    if isinstance(seen, sp.Max | max_at | sp.Min | min_at):
        pair = seen.args[:2] if isinstance(seen, max_at | min_at) else seen.args
        if len(pair) == 2 and S.Zero in pair:
            u = Add(*pair)
            return (S.NegativeOne, -u) if isinstance(seen, sp.Min | min_at) else (S.One, u)
    choice = _choice(seen)
    if choice is not None:
        u, above, below = choice
        if (above, below) == (u, 0):
            return S.One, u
        if (above, below) == (0, u):
            return S.NegativeOne, -u
    return S.One, None


def _choice(expr: Expr) -> tuple[Expr, Expr, Expr] | None:
    """d, a and b of where(d > 0, a, b)."""
    if not isinstance(expr, Piecewise) or len(expr.args) != 2:
        return None
    (first, condition), (second, _) = expr.args
    if not isinstance(condition, Relational) or not isinstance(condition, (*_UP, *_DOWN)):
        return None
    difference = condition.lhs - condition.rhs
    return (
        (difference, first, second)
        if isinstance(condition, _UP)
        else (
            difference,
            second,
            first,
        )
    )


__all__ = ["cross_entropy_of_parts"]
