"""Two relative entropies with weights that balance: their first orders cancel where all is close.

c·x·log(x/m) + d·y·log(y/m) with c·x + d·y = (c + d)·m is that of Jensen and Shannon. Each is one
of Kullback and Leibler, which is x·log(x/m) - x + m and never negative: what is added is 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import sympy as sp
from sympy import Add, Expr, Mul, S

from symback.operations import arrays
from symback.operations.special import kl_div, rel_entr, xlogx
from symback.stable.matching import SHORT, See, others_of, terms_looked_at, terms_of, through_names


class Entropy(NamedTuple):
    """weight·x·log(x/y) as a term, or the sum of it along axes of an array."""

    term: Expr
    weight: Expr
    x: Expr
    y: Expr
    axes: tuple[Expr, ...] | None

    def less_first_order(self, y: Expr) -> Expr:
        whole = kl_div(self.x, y)
        return self.weight * (whole if self.axes is None else arrays.reduce_sum(whole, *self.axes))


def balanced(see: See, total: Expr) -> Expr | None:
    """c·x·log(x/p) + d·y·log(y/q) with c·(x - p) + d·(y - q) = 0."""
    terms = terms_looked_at(total)
    if len(terms) > SHORT:
        return None
    found = [e for term in terms for e in _entropies(see, term)]
    relative = [e for e in found if e.y != 1]
    for one, two in combinations(relative, 2):
        if _same_sums(one, two) and _is_zero(see, *((e.weight, e.x - e.y) for e in (one, two))):
            changed = one.less_first_order(one.y) + two.less_first_order(two.y)
            return Add(*(t for t in terms if t not in (one.term, two.term)), changed)
    plain = [e for e in found if e.y == 1]
    return _of_mean(see, terms, plain) if len(plain) > 2 else None


def _of_mean(see: See, terms: tuple[Expr, ...], plain: list[Entropy]) -> Expr | None:
    """c·x·log(x) + d·y·log(y) - (c + d)·m·log(m) for the mean m."""
    for one, two in combinations(plain, 2):
        for mean in plain:
            is_sum = terms_of(through_names(see, mean.x)) > 1
            if (
                not is_sum
                or mean in (one, two)
                or not (_same_sums(one, two) and _same_sums(one, mean))
            ):
                continue
            if not _is_zero(see, *((e.weight, e.x) for e in (one, two, mean))):
                continue
            if sp.expand(one.weight + two.weight + mean.weight) != 0:
                continue
            changed = one.less_first_order(mean.x) + two.less_first_order(mean.x)
            taken = (one.term, two.term, mean.term)
            return Add(*(t for t in terms if t not in taken), changed)
    return None


def _same_sums(one: Entropy, two: Entropy) -> bool:
    return one.axes == two.axes


def _is_zero(see: See, *products: tuple[Expr, Expr]) -> bool:
    """Whether c·u + d·v + … is 0, with names looked through."""
    whole = Add(*(c * u for c, u in products))
    return bool(sp.expand(through_names(see, whole)) == 0)


def _entropies(see: See, term: Expr) -> Iterator[Entropy]:
    factors = Mul.make_args(term)
    for factor in factors:
        number, seen = _times_number(see(factor))
        axes: tuple[Expr, ...] | None = None
        if isinstance(seen, arrays.reduce_sum):
            summed, *named = seen.args
            inside, seen = _times_number(see(summed))
            number, axes = number * inside, tuple(named)
        seen = see(seen)
        if isinstance(seen, rel_entr | xlogx):
            x, y = seen.args if isinstance(seen, rel_entr) else (seen.args[0], S.One)
            yield Entropy(term, number * others_of(factors, factor), x, y, axes)


def _times_number(expr: Expr) -> tuple[Expr, Expr]:
    """(c, u) of c·u, c being all numbers of a product."""
    if not expr.is_Mul:
        return S.One, expr
    number, rest = expr.as_independent(*expr.free_symbols, as_Add=False)
    return number, rest


__all__ = ["balanced"]
