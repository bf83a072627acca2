"""What two bind of each other, the root of a quadratic whose terms cancel if little is bound.

With s = a + b + k it is (s - √(s² - 4·a·b))/2, in Morrison's equation and that of a ligand that is
depleted.
"""

from __future__ import annotations

from itertools import permutations

import sympy as sp
from sympy import Add, Expr, Mul, S

from symback.operations.special import bound, boundshare, unbound, unboundshare
from symback.stable.matching import (
    SHORT,
    See,
    base_and_power,
    others_of,
    quotient,
    see_product,
    split,
    terms_looked_at,
    through_names,
)


def bound_of_two(see: See, total: Expr) -> Expr | None:
    """What is bound, or free, of a and b, with any factor, by the root that both are written with.

    √(s² - 4·a·b) and √((a - b - k)² + 4·a·k) are one.
    """
    terms = terms_looked_at(total)
    if not 1 < len(terms) <= SHORT:
        return None
    for term in terms:
        coefficient, rest = split(term)
        factors = Mul.make_args(see_product(see, rest))
        for factor in factors:
            root = see(factor)
            parts = _parts(see, root.base) if root.is_Pow and root.exp == S.Half else None
            if parts is not None:
                weight = coefficient * others_of(factors, factor)
                return _beside_root(see, set(terms) - {term}, weight, *parts)
    return None


def _beside_root(
    see: See, terms: set[Expr], weight: Expr, a: Expr, b: Expr, k: Expr
) -> Expr | None:
    """The terms and the weight times the root, where what is bound or free of a, b and k is there.

    A sum with a name is looked through.
    """
    wide = {t: through_names(see, t) for t in terms}
    for whole, made in (
        (-a - b - k, -2 * bound(a, b, k)),
        (a - b - k, 2 * unbound(a, b, k)),
        (b - a - k, 2 * unbound(b, a, k)),
    ):
        wanted = set(Add.make_args(sp.expand_mul(weight * whole)))
        named = {t for t in terms if set(Add.make_args(sp.expand_mul(wide[t]))) <= wanted}
        if set(Add.make_args(sp.expand_mul(Add(*(wide[t] for t in named))))) == wanted:
            return Add(*(terms - named)) + weight * made
    return None


def _parts(see: See, inside: Expr) -> tuple[Expr, Expr, Expr] | None:
    """a, b and k of (a + b + k)² - 4·a·b or (a - b - k)² + 4·a·k."""
    terms = see(inside).args if see(inside).is_Add else ()
    for square, product in permutations(terms) if len(terms) == 2 else ():
        power = see(square)
        if not (power.is_Pow and power.exp == 2):
            continue
        whole = through_names(see, see(power.base))
        product = through_names(see, product)
        members = Add.make_args(whole)
        for a, b in permutations(members, 2) if 2 < len(members) <= SHORT else ():
            if product + 4 * a * b == 0 and not a.could_extract_minus_sign():
                other = whole - a - b
                return (a, -other, -b) if b.could_extract_minus_sign() else (a, b, other)
    return None


_SHARES = {bound: boundshare, unbound: unboundshare}


def share_of_one(see: See, product: Expr) -> Expr | None:
    """bound(a, b, k)/a, which is symmetric in a and b, and unbound(a, b, k)/a."""
    factors = Mul.make_args(product)
    for factor in factors:
        number, inner = split(see(factor))
        if inner.func not in _SHARES:
            continue
        a, b, k = inner.args
        ways = [(a, b), (b, a)] if isinstance(inner, bound) else [(a, b)]
        for below in factors:
            base, times = base_and_power(below)
            for one, other in ways if times == -1 else ():
                ratio = quotient(through_names(see, base), one)
                if ratio is not None and ratio.is_number:
                    around = others_of(factors, factor, below) * number / ratio
                    return around * _SHARES[inner.func](one, other, k)
    return None


def rest_of_one(see: See, total: Expr) -> Expr | None:
    """c - c·boundshare(a, b, k), c·a - c·bound(a, b, k), and the same of what is not bound."""
    terms = terms_looked_at(total)
    for term in terms:
        coefficient, rest = split(term)
        factors = Mul.make_args(see_product(see, rest))
        for factor in factors:
            inner = see(factor)
            if not isinstance(inner, bound | unbound | boundshare | unboundshare):
                continue
            weight = coefficient * others_of(factors, factor)
            a, b, k = inner.args
            wholes: list[tuple[Expr, Expr]] = {
                bound: [(a, unbound(a, b, k)), (b, unbound(b, a, k))],
                unbound: [(a, bound(a, b, k))],
                boundshare: [(S.One, unboundshare(a, b, k))],
                unboundshare: [(S.One, boundshare(a, b, k))],
            }[inner.func]
            for whole, other in wholes:
                if -weight * whole in terms:
                    left = Add(*(t for t in terms if t is not term and t != -weight * whole))
                    return left - weight * other
    return None


__all__ = ["bound_of_two", "rest_of_one", "share_of_one"]
