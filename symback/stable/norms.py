"""Roots of sums of powers, which leave what floats hold where the root does not."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy import Add, Expr, Integer, Mul, Piecewise, Pow, Rational, S

from symback.operations import arrays
from symback.operations.polynomials import horner
from symback.stable.matching import See, base_and_power, see_product, sum_of

LARGEST_DEGREE = 16
MOST_NUMBERS = 3  # of a root that is of numbers
SMALL, LARGE = Rational(1, 10**20), Integer(10) ** 20


def root_of_powers(see: See, expr: Expr) -> Expr | None:
    """(Σ|x|ᵖ)^(1/p) = m·(Σ|x/m|ᵖ)^(1/p) with the largest |x| as m, where the sum is far from 1."""
    whole = see(expr.base)
    if whole.is_Add:
        return _of_numbers(see, expr, whole)
    total = sum_of(see, whole)
    if total is None or not total.rank or len(total.axes) != total.rank:
        return None
    found = _homogeneous(see_product(see, total.summed))
    if found is None:
        return None
    x, degree = found
    if (
        degree == 2
        or not _is_looked_at(degree)
        or sp.expand(degree * expr.exp) != 1
        or not see.shape_of(x)
    ):
        return None
    largest = arrays.reduce_max(sp.Abs(x))
    scaled = whole.xreplace({total.summed: _scaled(total.summed, x, degree, largest)})
    return _beside(expr, (largest * Pow(scaled, expr.exp), largest > 0))


def _beside(expr: Expr, *choices: tuple[Expr, Any]) -> Expr:
    """The root as it is where the sum is not far from 1, else what holds there."""
    inside = sp.And(expr.base > SMALL, expr.base < LARGE)
    return Piecewise((expr, inside), *choices, (expr, True), evaluate=False)


def _of_numbers(see: See, expr: Expr, total: Expr) -> Expr | None:
    """(a·|x|ᵖ + b·|y|ᵖ)^(1/p) = |x|·(a + b·|y/x|ᵖ)^(1/p) with the larger |x|."""
    terms = [see_product(see, t) for t in total.args] if len(total.args) <= MOST_NUMBERS else ()
    found = [_homogeneous(_power(see, t), True) for t in terms]
    members = [f for f in found if f is not None]
    degrees = {degree for _, degree in members}
    if len(members) < 2 or len(members) < len(total.args) or len(degrees) != 1:
        return None
    degree = degrees.pop()
    if degree == 2 or not _is_looked_at(degree) or sp.expand(degree * expr.exp) != 1:
        return None
    sizes = [sp.Abs(x) for x, _ in members]
    weights = [
        _power(see, t) / (s if t.has(sp.Abs) else x) ** degree
        for t, s, (x, _) in zip(terms, sizes, members, strict=True)
    ]
    if any(w.free_symbols for w in weights) or (degree.is_odd and not total.has(sp.Abs)):
        return None
    choices = []
    for i, size in enumerate(sizes):
        ratios = [
            S.One if j == i else _to_degree(sp.Abs(x / members[i][0]), degree)
            for j, (x, _) in enumerate(members)
        ]
        scaled = Add(*(w * r for w, r in zip(weights, ratios, strict=True)))
        is_largest = sp.And(size > 0, *(size >= other for other in sizes[i + 1 :]))
        choices.append((size * Pow(scaled, expr.exp), is_largest))
    return _beside(expr, *choices)


def _power(see: See, term: Expr) -> Expr:
    """A power behind its name, if it is one."""
    seen = see(term)
    return seen if seen.is_Pow else term


def _to_degree(ratio: Expr, degree: Expr) -> Expr:
    """The power of a ratio; SymPy would take (x/m)ⁿ apart for a whole n."""
    return horner(ratio, *[S.Zero] * int(degree), S.One) if degree.is_Integer else ratio**degree


def _is_looked_at(degree: Expr) -> bool:
    return not degree.is_number or bool(1 < degree <= LARGEST_DEGREE)


def _scaled(summed: Expr, x: Expr, degree: Expr, largest: Expr) -> Expr:
    """The summed power of x over the largest; SymPy would take (x/m)ⁿ apart for a whole n."""
    if not degree.is_Integer:
        return summed.xreplace({x: x / largest})
    size = sp.Abs(x) if summed.has(sp.Abs) else x
    number = summed / size**degree
    return number * _to_degree(size / largest, degree)


def _homogeneous(product: Expr, of_sums: bool = False) -> tuple[Expr, Expr] | None:
    """(x, p) where the product is c·|x|ᵖ, as x²·|x| is for p = 3; x may be a sum as well."""
    x, degree = None, S.Zero
    for factor in Mul.make_args(product):
        if factor.is_number:
            continue
        base, power = base_and_power(factor)
        inner = base.args[0] if isinstance(base, sp.Abs) else base
        if x not in (None, inner) or not (inner.is_Symbol or (of_sums and inner.is_Add)):
            return None
        x, degree = inner, degree + power
    return None if x is None or degree == 1 else (x, degree)


def trace_of_square(see: See, expr: Expr) -> Expr | None:
    """tr(Xᵀ·X) and tr(X·Xᵀ) are Σ X², of whose root norm keeps the range."""
    product = see(expr.args[0])
    if not isinstance(product, arrays.matmul):
        return None
    for x, other in (product.args, product.args[::-1]):
        turned = see(other)
        if isinstance(turned, arrays.transpose) and turned.args == (x,):
            return arrays.reduce_sum(x**2)
    return None


__all__ = ["root_of_powers", "trace_of_square"]
