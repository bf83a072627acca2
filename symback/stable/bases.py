"""Logarithms to the bases 2 and 10: what the rules make of the natural one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sympy as sp
from sympy import Add, Expr, Integer, Mul
from sympy.codegen.cfunctions import log2, log10

from symback.stable.matching import Matcher, See, argument, terms_looked_at

BASES: Mapping[Any, Integer] = {log2: Integer(2), log10: Integer(10)}


def of_log(natural: Sequence[Matcher]) -> Matcher:
    """log2(u) and log10(u)."""

    def match(see: See, expr: Expr) -> Expr | None:
        found = _first(natural, see, sp.log(argument(expr)))
        return None if found is None else found / sp.log(BASES[expr.func])

    return match


def of_product(natural: Sequence[Matcher]) -> Matcher:
    """A product with one of them, such as x·log2(x)."""

    def match(see: See, product: Expr) -> Expr | None:
        changed = _natural(see, product, None)
        if changed is None:
            return None
        base, whole = changed
        found = _first(natural, see, whole)
        return None if found is None else found / sp.log(base)

    return match


def of_sum(natural: Sequence[Matcher]) -> Matcher:
    """The terms of a sum that have one base, such as log2(a) - log2(b)."""

    def match(see: See, total: Expr) -> Expr | None:
        terms = terms_looked_at(total)
        for base in BASES.values():
            changed = {t: found[1] for t in terms if (found := _natural(see, t, base))}
            if len(changed) < 2:
                continue
            found = _first(natural, see, Add(*changed.values()))
            if found is not None:
                return Add(*(t for t in terms if t not in changed), found / sp.log(base))
        return None

    return match


def _natural(see: See, term: Expr, base: Integer | None) -> tuple[Integer, Expr] | None:
    """The base of the logarithm that is a factor, and the product with the natural one."""
    factors = Mul.make_args(term)
    for place, factor in enumerate(factors):
        seen = see(factor)
        own = BASES.get(seen.func)
        if own is not None and base in (None, own):
            return own, Mul(*factors[:place], sp.log(argument(seen)), *factors[place + 1 :])
    return None


def _first(natural: Sequence[Matcher], see: See, expr: Expr) -> Expr | None:
    found = (match(see, expr) for match in natural)
    return next((f for f in found if f is not None and f != expr), None)


__all__ = ["BASES", "of_log", "of_product", "of_sum"]
