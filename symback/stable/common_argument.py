"""Formulas of several numbers that are a factor times a function of one number made of them."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

import sympy as sp
from flint import arb, fmpq
from sympy import Add, Basic, Expr, Mul, S, Symbol

from symback.operations import steps
from symback.operations.balls.scalars import precision
from symback.operations.elementwise import BY_HEAD, elementary
from symback.operations.expressions import postorder
from symback.stable.scaling import value_at

_STEPS = (steps.floor, steps.ceil, steps.round, steps.mod, sp.sign, sp.atan2)
BITS = 128  # that show whether a formula may be one of a common argument


def over_common_argument(part: Expr, argument: Symbol) -> tuple[Expr, Expr, Expr] | None:
    """(c, a, g) of a part c·g(a), where functions in it have the argument a of several symbols."""
    calls = [p for p in postorder(part) if is_analytic(p) and len(p.free_symbols) > 1]
    if not calls:
        return None
    a = calls[0].args[0]
    if any(_is_mixed(p, calls[0], a.free_symbols) for p in _sums_multiplied(part)):
        return None
    for s in sorted(a.free_symbols, key=str):
        slope = _slope(a, s)
        if slope is None or not _may_be_of(part, a, slope, s):
            continue
        whole = sp.factor_terms(part.xreplace({s: (argument - a + slope * s) / slope}))
        factor, form = whole.as_independent(argument, as_Add=False)
        if form.free_symbols == {argument}:
            return factor, a, form
    return None


def _slope(a: Expr, s: Expr) -> Expr | None:
    """That of what is linear in a name; None of anything else."""
    if a == s:
        return S.One
    inner = [x for x in a.args if s in x.free_symbols]
    slopes = [_slope(x, s) for x in inner] if a.is_Add or (a.is_Mul and len(inner) == 1) else []
    found = [slope for slope in slopes if slope is not None]
    if not found or len(found) < len(slopes):
        return None
    return Add(*found) if a.is_Add else Mul(*found, *(x for x in a.args if x is not inner[0]))


def _may_be_of(part: Expr, a: Expr, slope: Expr, s: Expr) -> bool:
    """Whether a part may be c·g(a) with a c without s: then g(a)/g(b) is one number for a and b,
    whatever the other names are.
    """
    others = sorted(part.free_symbols - {s}, key=str)
    meaning, rest = elementary(part), elementary(a.xreplace({s: S.Zero}))
    ratios = []
    with precision(BITS):
        for step in (3, 5):
            at = {x: arb(fmpq(step * i + 7, 11)) for i, x in enumerate(others)}
            apart = [(arb(fmpq(n, 8)) - value_at(rest, at)) / value_at(slope, at) for n in (3, 5)]
            values = [value_at(meaning, {**at, s: x}) for x in apart]
            ratios.append(values[0] / values[1])
    return not all(r.is_finite() for r in ratios) or bool(ratios[0].overlaps(ratios[1]))


def _sums_multiplied(part: Expr) -> Iterator[Expr]:
    """The sums that are factors of a part, or bases of factors."""
    for factor in Mul.make_args(part):
        base = factor.base if factor.is_Pow else factor
        if base.is_Add:
            yield base


def _is_mixed(total: Expr, call: Expr, inside: AbstractSet[Basic]) -> bool:
    """Whether a sum such as y + σ(a) has a name beside the call that no factor takes out of it."""
    others = [t.free_symbols for t in total.args if inside.isdisjoint(t.free_symbols)]
    called = [t.free_symbols for t in total.args if t.has(call)]
    return any(of - own for of in others for own in called)


def is_analytic(part: Expr) -> bool:
    """Whether it is a function that is not in pieces, or a power with a number."""
    if part.is_Pow:
        return bool(part.exp.is_Rational and (2 * part.exp).is_Integer)
    row = BY_HEAD.get(part.func)
    return row is not None and not row.kink and row.head not in _STEPS


__all__ = ["is_analytic", "over_common_argument"]
