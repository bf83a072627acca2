"""Inverse functions: of erf and erfc, of the normal distribution function, and of w·exp(w)."""

from __future__ import annotations

import sympy as sp
from sympy import Expr

from symback.operations.special.named import NamedFunction
from symback.operations.special.normal import erfcx


class erfinv(NamedFunction):
    """erfinv(u), the inverse of erf."""

    exactly = staticmethod(sp.erfinv)

    def fdiff(self, argindex: int = 1) -> Expr:
        return sp.sqrt(sp.pi) * sp.exp(self**2) / 2


class erfcinv(NamedFunction):
    """erfcinv(u), the inverse of erfc."""

    exactly = staticmethod(lambda u: sp.erfinv(1 - u))

    def fdiff(self, argindex: int = 1) -> Expr:
        return -sp.sqrt(sp.pi) * erfcx(self) / (2 * self.args[0])


class ndtri(NamedFunction):
    """ndtri(p), the quantile of the standard normal distribution: -sqrt(2)*erfcinv(2*p)."""

    exactly = staticmethod(lambda p: sp.sqrt(2) * sp.erfinv(2 * p - 1))

    def fdiff(self, argindex: int = 1) -> Expr:
        return sp.sqrt(sp.pi / 2) * erfcx(-self / sp.sqrt(2)) / self.args[0]


class lambertw(NamedFunction):
    """lambertw(u), the w >= -1 with w*exp(w) = u."""

    exactly = staticmethod(sp.LambertW)

    def fdiff(self, argindex: int = 1) -> Expr:
        return 1 / (self.args[0] + sp.exp(self))

    @classmethod
    def terms_size(cls, u: Expr) -> Expr:
        """Next to -1/e, where both branches meet, the rounding of u counts."""
        return sp.Abs(u / (u + sp.exp(cls(u))))


class lambertwm1(lambertw):
    """lambertwm1(u), the w <= -1 with w*exp(w) = u < 0."""

    exactly = staticmethod(lambda u: sp.LambertW(u, -1))

    def fdiff(self, argindex: int = 1) -> Expr:
        return self / (self.args[0] * (1 + self))


__all__ = ["erfcinv", "erfinv", "lambertw", "lambertwm1", "ndtri"]
