"""Roots of sums of powers, which leave what floats hold where the root does not."""

from __future__ import annotations

import sympy as sp
from sympy import Expr, Integer, Mul, Piecewise, Pow, Rational, S

from symback.operations import arrays
from symback.operations.polynomials import horner
from symback.stable.matching import See, base_and_power, see_product, sum_of

LARGEST_DEGREE = 16
SMALL, LARGE = Rational(1, 10**20), Integer(10) ** 20


def root_of_powers(see: See, expr: Expr) -> Expr | None:
    """(Σ|x|ᵖ)^(1/p) = m·(Σ|x/m|ᵖ)^(1/p) with the largest |x| as m, where the sum is far from 1."""
    whole = see(expr.base)
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
    inside = sp.And(expr.base > SMALL, expr.base < LARGE)
    return Piecewise(
        (expr, inside),
        (largest * Pow(scaled, expr.exp), largest > 0),
        (expr, True),
        evaluate=False,
    )


def _is_looked_at(degree: Expr) -> bool:
    return not degree.is_number or bool(1 < degree <= LARGEST_DEGREE)


def _scaled(summed: Expr, x: Expr, degree: Expr, largest: Expr) -> Expr:
    """The summed power of x over the largest; SymPy would take (x/m)ⁿ apart for a whole n."""
    if not degree.is_Integer:
        return summed.xreplace({x: x / largest})
    size = sp.Abs(x) if summed.has(sp.Abs) else x
    number = summed / size**degree
    return number * horner(size / largest, *[S.Zero] * int(degree), S.One)


def _homogeneous(product: Expr) -> tuple[Expr, Expr] | None:
    """(x, p) where the product is c·|x|ᵖ, as x²·|x| is for p = 3."""
    x, degree = None, S.Zero
    for factor in Mul.make_args(product):
        if factor.is_number:
            continue
        base, power = base_and_power(factor)
        inner = base.args[0] if isinstance(base, sp.Abs) else base
        if x not in (None, inner) or not inner.is_Symbol:
            return None
        x, degree = inner, degree + power
    return None if x is None or degree == 1 else (x, degree)


__all__ = ["root_of_powers"]
