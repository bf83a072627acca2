"""A function of its own inverse, cut in two by a name: what SymPy makes of it in one line."""

from __future__ import annotations

import sympy as sp
from sympy import Expr, Pow

from symback.stable.matching import See, argument


def power_of_power(see: See, expr: Expr) -> Expr | None:
    """r² where r = √u, and (1/n)⁻¹: u itself, whose slope at 0 is not 0·∞."""
    inner = see(expr.base)
    if inner is expr.base or not inner.is_Pow or not expr.exp.is_Rational:
        return None
    if not inner.exp.is_Rational or (inner.exp.is_Integer and inner.exp.is_positive):
        return None
    whole = inner.exp * expr.exp
    found = Pow(inner, expr.exp)  # SymPy joins the exponents where that holds
    return found if whole.is_Integer and found == Pow(inner.base, whole) else None


def exp_of_log(see: See, expr: Expr) -> Expr | None:
    """exp(c·l) where l = log(u): u**c, for a number c."""
    coefficient, rest = argument(expr).as_coeff_Mul()
    inner = see(rest)
    if isinstance(inner, sp.log) and inner is not rest and coefficient.is_Rational:
        return Pow(argument(inner), coefficient)
    return None


def log_of_exp(see: See, expr: Expr) -> Expr | None:
    """log(e) where e = exp(u): u."""
    inside = argument(expr)
    inner = see(inside)
    return argument(inner) if isinstance(inner, sp.exp) and inner is not inside else None


__all__ = ["exp_of_log", "log_of_exp", "power_of_power"]
