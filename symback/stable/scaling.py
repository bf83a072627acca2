"""Formulas of several numbers that are a product of powers times a function of one quotient.

(1 - exp(-k·T))/k - T is k·T² times a function of k·T. The powers are found by doubling one number
after the other, and the whole is proven at points of each sign.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import sympy as sp
from flint import arb, fmpq
from sympy import Expr, Mul, Rational, S, Symbol

from symback.errors import Unsupported
from symback.operations.balls.functions import Undecided
from symback.operations.balls.scalars import evaluate, precision
from symback.operations.elementwise import elementary
from symback.operations.expressions import postorder

MOST_NAMES = 6
MOST_QUOTIENTS = 4
BITS = 400
PLACES = ((3, 2), (7, 5), (5, 4), (9, 7), (11, 8), (13, 9))
"""One of each name where powers are found and the whole is proven."""


class Scaled(NamedTuple):
    """c·g(u): the quotient u and the one of its names that g stands for with the others at 1."""

    factor: Expr
    quotient: Expr
    form: Expr
    positive: tuple[Symbol, ...]  # the names for which it holds where they are above 0 alone


def scaled(part: Expr, argument: Symbol) -> Iterator[Scaled]:
    """The ways to write a part as c·g(u), g with `argument` for u."""
    names = sorted(part.free_symbols, key=str)
    if len(names) > MOST_NAMES:
        return
    meaning = elementary(part)
    with precision(BITS):
        for quotient in _quotients(meaning):
            for at, by in _powers_of(quotient).items():
                if abs(by) != 1:
                    continue
                found = _over(part, meaning, names, quotient, at, by, argument)
                if found is not None:
                    yield found


def _over(
    part: Expr,
    meaning: Expr,
    names: Sequence[Symbol],
    quotient: Expr,
    at: Symbol,
    by: Expr,
    argument: Symbol,
) -> Scaled | None:
    others = [s for s in names if s != at]
    start = {s: _number(place) for s, place in zip(names, PLACES, strict=False)}
    factor: Expr = S.One
    for s in others:
        power = _power(meaning, start, quotient, s, at, by)
        if power is None:
            return None
        factor *= s**power
    form = part.xreplace({at: argument**by}).xreplace(dict.fromkeys(others, S.One))
    one = elementary(form)

    def holds(signs: Mapping[Any, int]) -> bool:
        point = {s: signs.get(s, 1) * x for s, x in start.items()}
        u = value_at(quotient, point)
        whole = value_at(factor, point) * value_at(one, {argument: u})
        return bool(abs(whole - value_at(meaning, point)) < abs(whole) * arb(2) ** -(BITS // 2))

    if not holds({}):
        return None
    positive = tuple(s for s in names if not holds({s: -1}))
    free = [s for s in names if s not in positive]
    if not holds(dict.fromkeys(free, -1)):
        return None
    return Scaled(factor, quotient, form, positive)


def _power(
    meaning: Expr, start: Mapping[Any, arb], quotient: Expr, s: Symbol, at: Symbol, by: Expr
) -> Rational | None:
    """n where the formula is doubled n times as s is doubled and `at` keeps the quotient."""
    moved = {**start, s: 2 * start[s]}
    change = value_at(quotient, start) / value_at(quotient, moved)
    moved[at] = start[at] * change ** int(by)
    growth = value_at(meaning, moved) / value_at(meaning, start)
    if not growth > 0:
        return None
    power = 2 * growth.log() / arb(2).log()
    whole = round(float(power))
    return Rational(whole, 2) if abs(power - whole) < arb(2) ** -(BITS // 2) else None


def _number(place: tuple[int, int]) -> arb:
    return arb(fmpq(*place))


def value_at(form: Expr, at: Mapping[Any, arb]) -> arb:
    """A formula in SymPy's own functions at numbers, NaN where it has no value."""
    try:
        return evaluate(form, dict(at))
    except (Undecided, Unsupported, ZeroDivisionError):
        return arb("nan")


def _quotients(meaning: Expr) -> list[Expr]:
    """Products of powers of names that functions are taken of, and quotients of two terms."""
    found: dict[Expr, None] = {}
    for part in postorder(meaning):
        if not isinstance(part, Expr) or not part.args or part.is_Add or part.is_Mul:
            continue
        if part.is_Pow and part.exp.is_Integer:
            continue
        inside = part.args[0]
        terms = inside.args if inside.is_Add else (inside,)
        if len(terms) > 3:
            continue
        monomials = [t for t in terms if t.free_symbols]
        ratios = [monomials[0] / m for m in monomials[1:]] or monomials
        for ratio in ratios:
            powers = _powers_of(ratio)
            if len(powers) > 1:
                u = _simplest(powers)
                found[u] = None
                found[1 / u] = None
    return list(found)[: 2 * MOST_QUOTIENTS]


def _simplest(powers: Mapping[Symbol, Expr]) -> Expr:
    """The product whose smallest power is 1 or -1."""
    least = min((abs(p) for p in powers.values()), default=S.One)
    return Mul(*(s ** (p / least) for s, p in powers.items()))


def _powers_of(product: Expr) -> dict[Symbol, Expr]:
    """The powers of names of a product; none of anything else."""
    found: dict[Symbol, Expr] = {}
    factors = Mul.make_args(product)
    if not all(map(_is_plain, factors)):
        if not _has_powers_alone(product):
            return {}
        factors = Mul.make_args(sp.powdenest(product, force=True))
    for factor in factors:
        base, power = (factor.base, factor.exp) if factor.is_Pow else (factor, S.One)
        if base.is_number:
            continue
        if not (base.is_Symbol and power.is_Rational):
            return {}
        found[base] = found.get(base, S.Zero) + power
    return {s: p for s, p in found.items() if p != 0}


def _has_powers_alone(product: Expr) -> bool:
    """Whether it is products of powers of products and so on, without a sum or a function."""
    stack = [product]
    while stack:
        part = stack.pop()
        if part.is_Mul:
            stack.extend(part.args)
        elif part.is_Pow:
            stack.append(part.base)
        elif not (part.is_Symbol or part.is_number):
            return False
    return True


def _is_plain(factor: Expr) -> bool:
    """Whether it is a rational number, a name or a whole power of one, as most factors are."""
    base = factor.base if factor.is_Pow and factor.exp.is_Integer else factor
    return bool(base.is_Symbol or factor.is_Rational)


__all__ = ["Scaled", "scaled", "value_at"]
