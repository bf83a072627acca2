"""Powers and logarithms of 1 + p/v beside a multiple of v, whose slope by v cancels for a large v.

(1 + x/n)ⁿ is nearly exp(x), and Student's t nearly normal.
"""

from __future__ import annotations

import sympy as sp
from sympy import Add, Expr, Mul, Piecewise, S
from sympy.codegen.cfunctions import expm1, log1p

from symback.operations.special import log1prel, pow1p
from symback.stable.matching import (
    SHORT,
    See,
    argument,
    base_and_power,
    constant_and_terms,
    others_of,
    terms_of,
    through_names,
)


def compounded(see: See, power: Expr) -> Expr | None:
    """(1 + p/v)^(c·v + d) = exp(c·p·log(1 + p/v)/(p/v))·(1 + p/v)^d."""
    number, terms = constant_and_terms(see(power.base))
    if number != 1 or len(terms) != 1:
        return None
    ratio = through_names(see, terms[0])
    found = _beside(see, ratio, power.exp)
    if found is None:
        return None
    p, c, d = found
    near = sp.exp(c * p * log1prel(ratio)) * (pow1p(ratio, d) if d != 0 else S.One)
    return _where_small(ratio, near, pow1p(ratio, power.exp))


def compounded_less_one(see: See, power: Expr) -> Expr | None:
    """(1 + p/v)^(c·v + d) - 1."""
    base, exponent = power.args
    ratio = through_names(see, base)
    found = _beside(see, ratio, exponent)
    if found is None:
        return None
    p, c, d = found
    return _where_small(ratio, expm1(c * p * log1prel(ratio) + d * log1p(ratio)), power)


def log_beside_divisor(see: See, product: Expr) -> Expr | None:
    """(c·v + d)·log(1 + p/v) = c·p·log(1 + p/v)/(p/v) + d·log(1 + p/v)."""
    factors = Mul.make_args(product)
    for factor in factors:
        log = see(factor)
        if not isinstance(log, log1p):
            continue
        ratio = through_names(see, argument(log))
        for other in factors:
            found = None if other is factor else _beside(see, ratio, other)
            if found is None:
                continue
            p, c, d = found
            near = c * p * log1prel(ratio) + d * factor
            return _where_small(ratio, others_of(factors, factor, other) * near, product)
    return None


def _where_small(ratio: Expr, near: Expr, far: Expr) -> Expr:
    return Piecewise((near, sp.Abs(ratio) < S.Half), (far, True), evaluate=False)


def _beside(see: See, ratio: Expr, multiple: Expr) -> tuple[Expr, Expr, Expr] | None:
    """(p, c, d) where the ratio is p/v and the multiple c·v + d, for a name v."""
    if terms_of(ratio) > 1:
        return None
    whole = through_names(see, see(multiple))
    if terms_of(whole) > SHORT:
        return None
    for factor in Mul.make_args(ratio):
        v, power = base_and_power(factor)
        if power != -1 or not v.is_Symbol:
            continue
        terms = Add.make_args(sp.expand(whole))
        over = Add(*(t / v for t in terms if t.has(v)))
        if over != 0 and not over.has(v):
            return ratio * v, over, Add(*(t for t in terms if not t.has(v)))
    return None


__all__ = ["compounded", "compounded_less_one", "log_beside_divisor"]
