"""Tails of the normal distribution."""

from __future__ import annotations

import sympy as sp
from sympy import Expr

from symback.operations.functions import Elementary, Slope


def erfc_of(u: Expr) -> Expr:
    """SymPy's erfc, not 2 - erfc(u) for erfc(-u)."""
    return sp.erfc(u, evaluate=False)


class erfcx(Elementary):
    """erfcx(u) = exp(u**2)*erfc(u)."""

    is_positive = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return sp.exp(u**2) * erfc_of(u)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return erfcx_prime.expanded(u, erfcx(u))


class erfcx_prime(Slope):
    """erfcx'(u) = 2*u*erfcx(u) - 2/sqrt(pi)."""

    of = erfcx
    is_negative = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return 2 * u * sp.exp(u**2) * erfc_of(u) - 2 / sp.sqrt(sp.pi)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return 2 * erfcx(u) + 2 * u * erfcx_prime(u)

    @classmethod
    def expanded(cls, u: Expr, value: Expr) -> Expr:
        return 2 * u * value - 2 / sp.sqrt(sp.pi)


class log_erfc(Elementary):
    """log_erfc(u) = log(erfc(u))."""

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return sp.log(erfc_of(u))

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return -2 / sp.sqrt(sp.pi) / erfcx(u)


class log_ndtr(Elementary):
    """log_ndtr(u), the log of the standard normal distribution function, (1 + erf(u/sqrt(2)))/2."""

    is_negative = True

    @classmethod
    def eval(cls, u: Expr) -> Expr | None:
        return None

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return sp.log(erfc_of(-u / sp.sqrt(2)) / 2)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return sp.sqrt(2 / sp.pi) / erfcx(-u / sp.sqrt(2))


__all__ = ["erfc_of", "erfcx", "erfcx_prime", "log_erfc", "log_ndtr"]
