"""What the rules look at: coefficients, powers of e, squares, and nodes behind their names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import sympy as sp
from sympy import Add, Expr, Integer, Mul, Pow, Rational, S
from sympy.codegen.cfunctions import log1p

from symback.operations import arrays
from symback.operations.expressions import written_size
from symback.operations.functions import logaddexp, logcosh, sigma, softplus
from symback.operations.shapes import Shape
from symback.operations.special import expexp, logwsumexp

Power = tuple[Expr, Expr]
"""A coefficient c > 0 and an exponent u of c·exp(u)."""

MOST_TERMS = 256  # of a sum that the rules look through
DEEPEST = 4  # names behind names that are looked through
MOST_WRITTEN = 100  # parts of an expression whose names are looked through
SHORT = 12  # terms of two sums whose difference is looked at


class See(Protocol):
    """Looks behind names: from that of a node to its formula; anything else stays as it is."""

    searched: dict[tuple[Callable[[Any], bool], Expr], tuple[int, int | None]]
    """How many names deep a part that is looked for was searched in a formula, and found."""
    through: dict[Expr, tuple[Expr, list[Expr]]]
    """What formulas are with names looked through, and these names, as far as is known."""

    def __call__(self, expr: Expr, /) -> Expr: ...

    def shape_of(self, expr: Expr, /) -> Shape: ...


Matcher = Callable[[See, Expr], Expr | None]


def split(term: Expr) -> tuple[Expr, Expr]:
    """The rational factor of a term, and the rest."""
    coefficient, rest = term.as_coeff_Mul()
    return coefficient, rest


def argument(call: Expr) -> Expr:
    """u of h(u)."""
    return call.args[0]


def constant_and_terms(total: Expr) -> tuple[Expr, tuple[Expr, ...]]:
    """The rational number of a sum, and its other terms."""
    if not total.is_Add or len(total.args) > MOST_TERMS:
        return S.Zero, ()
    first = total.args[0]
    return (first, total.args[1:]) if first.is_Rational else (S.Zero, total.args)


def terms_looked_at(total: Expr) -> tuple[Expr, ...]:
    """The terms of a sum; none of anything else, nor of a sum of too many."""
    return total.args if total.is_Add and len(total.args) <= MOST_TERMS else ()


def flat_terms(see: See, total: Expr, deep: int = DEEPEST) -> list[Expr]:
    """The terms, those of a named sum and of a number times a sum among them."""
    found: list[Expr] = []
    for term in Add.make_args(total):
        coefficient, rest = split(term)
        inner = see(rest)
        multiple = inner.is_Mul and split(inner)[0] != 1
        if deep and (multiple or (inner.is_Add and len(inner.args) <= SHORT)):
            found += [coefficient * t for t in flat_terms(see, inner, deep - 1)]
        else:
            found.append(term)
    return found


def exponent(see: See, factor: Expr) -> Expr | None:
    """u where the factor is exp(u), its own name or a power of it looked through."""
    seen = see(factor)
    if isinstance(seen, sp.exp):
        return argument(seen)
    if isinstance(seen, expexp):
        a, b, u = seen.args
        return a + b * sp.exp(u)
    if factor.is_Pow:
        inner = see(factor.base)
        if isinstance(inner, sp.exp):
            return factor.exp * argument(inner)
    return None


def power_of_e(see: See, term: Expr) -> Power | None:
    """(c, u) where the term is c·exp(u) with a number c > 0; a number is c·exp(0)."""
    numbers, total = [], S.Zero
    for factor in Mul.make_args(term):
        if factor.is_number:
            numbers.append(factor)
            continue
        found = exponent(see, factor)
        if found is None:
            return None
        total += found
    coefficient = Mul(*numbers)
    return (coefficient, total) if coefficient.is_positive else None


def inside_log(see: See, expr: Expr) -> Expr:
    """What a logarithm is taken of: 1 + u for log1p(u)."""
    if isinstance(expr, logwsumexp):
        return Add(*(w * sp.exp(u) for w, u in zip(expr.args[::2], expr.args[1::2], strict=True)))
    inside = see(argument(expr))
    return 1 + inside if isinstance(expr, log1p) else inside


def powers_of_e(see: See, total: Expr) -> list[Power] | None:
    """All terms of a sum as c·exp(u), where all are and one at least is not a number."""
    total = see(total)
    if not total.is_Add or len(total.args) > MOST_TERMS:
        return None
    found = []
    for term in total.args:
        power = power_of_e(see, term)
        if power is None:
            return None
        found.append(power)
    return found if any(u != 0 for _, u in found) else None


def log_sum_exp(exponents: Sequence[Expr]) -> Expr:
    """log(exp(u1) + exp(u2) + …), a softplus where one of them is 1."""
    found = sorted(exponents, key=lambda u: u != 0)
    if len(found) > 1 and found[0] == 0:
        return softplus(log_sum_exp(found[1:]))
    return by_pairs(logaddexp, found)


def by_pairs(head: Callable[[Expr, Expr], Expr], found: list[Expr]) -> Expr:
    """h(h(a, b), h(c, d)) for more than two, so that no nest is deep."""
    while len(found) > 1:
        last = found[len(found) // 2 * 2 :]
        found = [head(a, b) for a, b in zip(found[::2], found[1::2], strict=False)] + last
    (whole,) = found
    return whole


def of_powers(powers: Sequence[Power]) -> Expr:
    """log(c1·exp(u1) + …), the coefficients taken into the exponents."""
    both = twice_cosh(powers)
    if both is not None:
        c, u = both
        return logcosh(u) + sp.log(2 * c)
    return log_sum_exp([u + sp.log(c) for c, u in powers])


def twice_cosh(powers: Sequence[Power]) -> Power | None:
    """(c, u) of c·exp(u) + c·exp(-u), where the powers are these two."""
    if len(powers) != 2:
        return None
    (c, u), (d, v) = powers
    return (c, positive(u)) if c == d and u == -v else None


def positive(u: Expr) -> Expr:
    """u or -u, the one without a minus sign in front: for even functions."""
    return -u if u.could_extract_minus_sign() else u


def summands(expr: Expr) -> list[Expr]:
    """u1, u2, … where the expression is log(exp(u1) + exp(u2) + …); itself alone elsewhere."""
    if isinstance(expr, softplus):
        return [S.Zero, *summands(argument(expr))]
    if isinstance(expr, logaddexp):
        return [u for part in expr.args for u in summands(part)]
    return [expr]


def base_and_power(factor: Expr) -> tuple[Expr, Expr]:
    """(b, n) of bⁿ; anything else to the first power."""
    return (factor.base, factor.exp) if factor.is_Pow else (factor, S.One)


def share(member: Expr, members: Sequence[Expr]) -> Expr:
    """exp(member) over the sum of exp(u) for all members, one of which it is."""
    place = members.index(member)
    others = [*members[:place], *members[place + 1 :]]
    return sigma(member - log_sum_exp(others))


def root_of_square(term: Expr) -> Expr | None:
    """u where the term is u² with a rational coefficient that is a square, or None."""
    coefficient, rest = split(term)
    root = sp.sqrt(coefficient)
    if not root.is_Rational:
        return None
    factors = []
    for factor in Mul.make_args(rest):
        base, power = base_and_power(factor)
        if power % 2 != 0:
            return None
        factors.append(Pow(base, power / 2))
    return root * Mul(*factors)


def shorter_difference(a: Expr, b: Expr) -> Expr | None:
    """a - b where terms of the two cancel; None where none do."""
    terms = terms_of(a) + terms_of(b)
    if terms > SHORT:
        return None
    difference = a - b
    return difference if 0 < terms_of(difference) < terms - 1 else None


class Sum(NamedTuple):
    """Σ of an array along axes, or a mean of so many entries."""

    summed: Expr
    axes: tuple[int, ...]
    rank: int
    count: Expr

    def log_sum_exp(self, z: Expr) -> Expr:
        """log Σ exp(z) along the axes, or the log of the mean of exp(z)."""
        along = () if self.axes == (self.rank - 1,) else map(Integer, self.axes)
        return arrays.logsumexp(z, *along) - sp.log(self.count)


def sum_of(see: See, expr: Expr) -> Sum | None:
    """The sum, mean or dot product that an expression is."""
    if isinstance(expr, arrays.dot):
        return Sum(Mul(*expr.args), (0,), 1, S.One)
    if not isinstance(expr, arrays.reduce_sum | arrays.mean):
        return None
    summed, *named = expr.args
    shape = see.shape_of(summed)
    axes = tuple(map(int, named)) or tuple(range(len(shape)))
    count = Mul(*(shape[a] for a in axes)) if isinstance(expr, arrays.mean) else S.One
    return Sum(summed, axes, len(shape), count)


def weighted_power(see: See, term: Expr) -> tuple[Expr, Expr]:
    """(w, u) where the term is w·exp(u) with any factor w; (term, 0) where it has no power of e."""
    factors = Mul.make_args(see_product(see, term))
    exponents = [exponent(see, factor) for factor in factors]
    total = Add(*(u for u in exponents if u is not None))
    if total == 0:
        return term, S.Zero
    return Mul(*(f for f, u in zip(factors, exponents, strict=True) if u is None)), total


def see_product(see: See, expr: Expr) -> Expr:
    """Behind the name of a product, such as p = w·exp(a); any other expression as it is."""
    inner = see(expr)
    return inner if inner.is_Mul else expr


def through_names(see: See, expr: Expr) -> Expr:
    """The expression with named sums, products and powers, such as u = -a·t, looked through."""
    known = see.through.get(expr)
    if known is None:
        known = see.through[expr] = _through_names(see, expr)
    for name in known[1]:
        see(name)
    return known[0]


def _through_names(see: See, expr: Expr) -> tuple[Expr, list[Expr]]:
    looked: list[Expr] = []
    for _ in range(DEEPEST):
        looked += expr.free_symbols
        names = {s: see(s) for s in expr.free_symbols}
        names = {s: f for s, f in names.items() if f.is_Add or f.is_Mul or f.is_Pow}
        if not names or any(len(f.args) > MOST_WRITTEN for f in names.values()):
            break
        sizes = {s: written_size(f) for s, f in names.items()}
        if written_size(expr, sizes) > MOST_WRITTEN:
            break
        wider = expr.xreplace(names)
        if len(wider.free_symbols) > SHORT or terms_of(wider) > SHORT:
            break
        expr = wider
    return expr, looked


def others_of(factors: Sequence[Expr], *taken: Expr) -> Expr:
    """The product of the factors that are not taken."""
    return Mul(*(f for f in factors if all(f is not g for g in taken)))


def joined(see: See, factors: Sequence[Expr], u: Expr, sign: int) -> list[Expr]:
    """Factors that are powers of names, such as 1/a and 1/x, together a number times u or 1/u.

    Empty where one of them alone is, or no such are there.
    """
    found: list[Expr] = []
    product: Expr = S.One
    for factor in factors:
        base, power = base_and_power(factor)
        if power == sign and not base.is_number:
            ratio = quotient(u, through_names(see, product * base))
            if ratio is not None:
                found.append(factor)
                product *= base
                if ratio.is_number:
                    return found if len(found) > 1 else []
    return []


def quotient(a: Expr, b: Expr) -> Expr | None:
    """a/b where the two have the whole of b in common, such as (k·x + k·y)/k; else None."""
    if b.is_number:
        return None
    if b.is_Add and a.is_Add:
        if len(a.args) != len(b.args) or len(a.args) > SHORT:
            return None
        for term in b.args:
            ratio = a.args[0] / term
            if sp.expand(ratio * b - a) == 0:
                return ratio
        return None
    parts = a.args if a.is_Add and len(a.args) <= SHORT else (a,)
    found = [part / b for part in parts]
    bases = {base_and_power(f)[0] for f in Mul.make_args(b)}
    for ratio in found:
        for factor in Mul.make_args(ratio):
            base, power = base_and_power(factor)
            if base in bases and power.could_extract_minus_sign():
                return None
            if isinstance(base, sp.exp) and _is_against(argument(base), b):
                return None
    return Add(*found)


def _is_against(u: Expr, product: Expr) -> bool:
    """Whether exp(u) undoes a power of e of the product, as exp(2·x) undoes exp(-2·x)."""
    powers = (argument(f) for f in Mul.make_args(product) if isinstance(f, sp.exp))
    within = [split(term) for v in powers for term in Add.make_args(v)]
    return any(k * w < 0 for k, t in map(split, Add.make_args(u)) for w, v in within if v == t)


def terms_of(expr: Expr) -> int:
    """How many terms a sum has."""
    return 0 if expr == 0 else len(Add.make_args(expr))


def half(u: Expr) -> Expr:
    return Rational(1, 2) * u


__all__ = [
    "Matcher",
    "See",
    "argument",
    "base_and_power",
    "by_pairs",
    "constant_and_terms",
    "exponent",
    "flat_terms",
    "half",
    "inside_log",
    "log_sum_exp",
    "of_powers",
    "others_of",
    "positive",
    "power_of_e",
    "powers_of_e",
    "quotient",
    "root_of_square",
    "see_product",
    "share",
    "shorter_difference",
    "split",
    "sum_of",
    "summands",
    "terms_looked_at",
    "terms_of",
    "through_names",
    "twice_cosh",
    "weighted_power",
]
