"""A power of a power, and a function of its own inverse, also where a name cuts it in two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp
from sympy import Add, Expr, Mul, Pow, S
from sympy.codegen.cfunctions import expm1, hypot, log1p

from symback.operations import arrays
from symback.operations.functions import cbrt, erfc, sigma
from symback.operations.special import erfcinv, erfinv, logit, ndtri
from symback.stable.matching import See, argument, others_of, split


def power_of_power(see: See, expr: Expr) -> Expr | None:
    """r² where r = √u, and (1/n)⁻¹: u itself, whose slope at 0 is not 0·∞; √(x³) = x^1.5 and
    √(1/x) = 1/√x, a factor of other powers of x.
    """
    inner = see(expr.base)
    if not inner.is_Pow or not expr.exp.is_Rational:
        return None
    if (
        inner.exp.is_Integer
        and inner.exp.is_odd
        and not (expr.exp.is_Integer and inner.exp.is_negative)
    ):
        return None if expr.exp.is_Integer else Pow(inner.base, inner.exp * expr.exp)
    if inner is expr.base:
        return None
    if not inner.exp.is_Rational or (inner.exp.is_Integer and inner.exp.is_positive):
        return None
    whole = inner.exp * expr.exp
    found = Pow(inner, expr.exp)  # SymPy joins the exponents where that holds
    return found if whole.is_Integer and found == Pow(inner.base, whole) else None


def power_of_root(see: See, expr: Expr) -> Expr | None:
    """n² where n = |u|, hypot(u, v) or norm(u): the sum of squares, whose second partials at 0
    are not those of a kink; and r³ where r = cbrt(u).
    """
    inner = see(expr.base)
    degree = 3 if isinstance(inner, cbrt) else 2
    if not (expr.exp.is_Integer and expr.exp % degree == 0):
        return None
    if isinstance(inner, cbrt):
        base = argument(inner)
    elif isinstance(inner, sp.Abs | hypot):
        base = Add(*(a**2 for a in inner.args))
    elif isinstance(inner, arrays.norm):
        u, *axes = inner.args
        base = arrays.reduce_sum(u**2, *axes)
    else:
        return None
    return Pow(base, expr.exp / degree)


def exp_of_log(see: See, expr: Expr) -> Expr | None:
    """exp(c·log(u)): u**c, whose slope at 0 is not 0·∞."""
    factors = Mul.make_args(argument(expr))
    logs = [factor for factor in factors if isinstance(see(factor), sp.log)]
    if len(logs) != 1:
        return None
    return Pow(argument(see(logs[0])), others_of(factors, *logs))


def log_of_exp(see: See, expr: Expr) -> Expr | None:
    """log(e) where e = exp(u): u."""
    inside = argument(expr)
    inner = see(inside)
    return argument(inner) if isinstance(inner, sp.exp) and inner is not inside else None


_INVERSE_OF: Mapping[Any, Any] = {
    sp.atanh: sp.tanh,
    sp.asinh: sp.sinh,
    sp.acosh: sp.cosh,
    erfinv: sp.erf,
    erfcinv: erfc,
    logit: sigma,
    log1p: expm1,
}
INVERSES = (*_INVERSE_OF, ndtri)


def inverse_of_function(see: See, expr: Expr) -> Expr | None:
    """atanh(tanh(u)) = u, acosh(cosh(u)) = |u| and the like, where h(u) saturates or overflows."""
    inner = see(argument(expr))
    if isinstance(expr, ndtri):  # of erfc(-u/√2)/2, a normal distribution
        coefficient, rest = split(inner)
        tail = see(rest)
        is_normal = coefficient == S.Half and isinstance(tail, erfc)
        return -sp.sqrt(2) * argument(tail) if is_normal else None
    if not isinstance(inner, _INVERSE_OF[expr.func]):
        return None
    u = argument(inner)
    return sp.Abs(u) if isinstance(expr, sp.acosh) else u


__all__ = [
    "INVERSES",
    "exp_of_log",
    "inverse_of_function",
    "log_of_exp",
    "power_of_power",
    "power_of_root",
]
