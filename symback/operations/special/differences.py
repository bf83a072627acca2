"""Differences of one function at two places, which may be close or both far out."""

from __future__ import annotations

import sympy as sp
from sympy import Expr, Rational

from symback.operations.functions import Elementary, sigma, softplus
from symback.operations.special.continued import unless_zero


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


class erfdivdiff(Elementary):
    """erfdivdiff(a, b) = (erf(a) - erf(b))/(a - b), and erf'(a) where a = b."""

    nargs = 2
    is_positive = True

    @staticmethod
    def elementary(a: Expr, b: Expr) -> Expr:
        d = a - b
        near = erf_slope(b) * (1 - b * d + (2 * b**2 - 1) * d**2 / 3)
        return unless_zero(d, (sp.erf(a) - sp.erf(b)) / d, near)

    def fdiff(self, argindex: int = 1) -> Expr:
        a, b = self.args
        return erfdivdiff2(a, b) if argindex == 1 else erfdivdiff2(b, a)


class erfdivdiff2(Elementary):
    """erfdivdiff2(a, b), the derivative of (erf(a) - erf(b))/(a - b) by a."""

    nargs = 2

    @staticmethod
    def elementary(a: Expr, b: Expr) -> Expr:
        d = a - b
        inner = (erf_slope(a) * d - sp.erf(a) + sp.erf(b)) / d**2
        return unless_zero(d, inner, erf_slope(b) * (2 * (2 * b**2 - 1) * d / 3 - b))

    @staticmethod
    def terms_size(a: Expr, b: Expr) -> Expr:
        largest = sp.Max(sp.Abs(a), sp.Abs(b))
        return (1 + largest) * erfdivdiff(a, b) + (1 + a**2) * erf_slope(a)

    def fdiff(self, argindex: int = 1) -> Expr:
        a, b = self.args
        if argindex == 1:
            inner, mean, times = -2 * a * erf_slope(a) - 2 * self, (3 * a + b) / 4, Rational(1, 3)
        else:  # the slopes of these means are right as well where a = b
            inner, mean, times = self - erfdivdiff2(b, a), (a + b) / 2, Rational(1, 6)
        near = times * (4 * mean**2 - 2) * erf_slope(mean)
        return unless_zero(a - b, inner / (a - b), near)


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


__all__ = [
    "atandiff",
    "erf_slope",
    "erfdiff",
    "erfdivdiff",
    "erfdivdiff2",
    "invdiff",
    "sigmadiff",
    "softplusdiff",
]
