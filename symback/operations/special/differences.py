"""Differences of one function at two places, which may be close or both far out."""

from __future__ import annotations

import sympy as sp
from sympy import Expr

from symback.operations.functions import Elementary, sigma, softplus


class sigmadiff(Elementary):
    """sigmadiff(a, b) = sigma(a) - sigma(b)."""

    nargs = 2

    @staticmethod
    def elementary(a: Expr, b: Expr) -> Expr:
        return sigma.elementary(a) - sigma.elementary(b)

    def fdiff(self, argindex: int = 1) -> Expr:
        a, b = self.args
        return sigma(a) * sigma(-a) if argindex == 1 else -sigma(b) * sigma(-b)


class erfdiff(Elementary):
    """erfdiff(a, b) = erf(a) - erf(b)."""

    nargs = 2

    @staticmethod
    def elementary(a: Expr, b: Expr) -> Expr:
        return sp.erf(a) - sp.erf(b)

    @staticmethod
    def terms_size(a: Expr, b: Expr) -> Expr:
        return sp.Abs(a) * sp.exp(-(a**2)) + sp.Abs(b) * sp.exp(-(b**2))

    def fdiff(self, argindex: int = 1) -> Expr:
        a, b = self.args
        return erf_slope(a) if argindex == 1 else -erf_slope(b)


def erf_slope(u: Expr) -> Expr:
    return 2 * sp.exp(-(u**2)) / sp.sqrt(sp.pi)


class invdiff(Elementary):
    """invdiff(a, b) = 1/a - 1/b."""

    nargs = 2

    @staticmethod
    def elementary(a: Expr, b: Expr) -> Expr:
        return 1 / a - 1 / b

    def fdiff(self, argindex: int = 1) -> Expr:
        a, b = self.args
        return -1 / a**2 if argindex == 1 else 1 / b**2


class softplusdiff(Elementary):
    """softplusdiff(a, b) = softplus(a) - softplus(b)."""

    nargs = 2

    @staticmethod
    def elementary(a: Expr, b: Expr) -> Expr:
        return softplus.elementary(a) - softplus.elementary(b)

    def fdiff(self, argindex: int = 1) -> Expr:
        a, b = self.args
        return sigma(a) if argindex == 1 else -sigma(b)


class atandiff(Elementary):
    """atandiff(a, b) = atan(a) - atan(b)."""

    nargs = 2

    @staticmethod
    def elementary(a: Expr, b: Expr) -> Expr:
        return sp.atan(a) - sp.atan(b)

    def fdiff(self, argindex: int = 1) -> Expr:
        a, b = self.args
        return 1 / (1 + a**2) if argindex == 1 else -1 / (1 + b**2)


__all__ = ["atandiff", "erf_slope", "erfdiff", "invdiff", "sigmadiff", "softplusdiff"]
