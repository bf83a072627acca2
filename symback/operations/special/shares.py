"""Shares of a sum, whose slopes cancel where the share is nearly 1."""

from __future__ import annotations

import sympy as sp
from sympy import Expr, Piecewise, S
from sympy.codegen.cfunctions import hypot

from symback.operations.functions import Elementary, Slope
from symback.operations.special.continued import unless_zero
from symback.operations.special.entropies import xlogy


class sumshare(Elementary):
    """sumshare(a, b) = a/(a + b), as a rate of Michaelis and Menten: c/(c + K)."""

    nargs = 2

    @staticmethod
    def elementary(a: Expr, b: Expr) -> Expr:
        return a / (a + b)

    def fdiff(self, argindex: int = 1) -> Expr:
        a, b = self.args
        return sumshare(b, a) / (a + b) if argindex == 1 else -self / (a + b)


class diffshare(Elementary):
    """diffshare(a, b) = (a - b)/(a + b), a contrast."""

    nargs = 2

    @staticmethod
    def elementary(a: Expr, b: Expr) -> Expr:
        return (a - b) / (a + b)

    def fdiff(self, argindex: int = 1) -> Expr:
        a, b = self.args
        return 2 * sumshare(b, a) / (a + b) if argindex == 1 else -2 * sumshare(a, b) / (a + b)


class softsign(Elementary):
    """softsign(x, c) = x/(c + |x|)."""

    nargs = 2

    @staticmethod
    def elementary(x: Expr, c: Expr) -> Expr:
        return x / (c + sp.Abs(x))

    def fdiff(self, argindex: int = 1) -> Expr:
        x, c = self.args
        whole = c + sp.Abs(x)
        return c / whole**2 if argindex == 1 else -self / whole


class hypotshare(Elementary):
    """hypotshare(x, y) = x/sqrt(x**2 + y**2), the cosine of the angle of (x, y)."""

    nargs = 2

    @staticmethod
    def elementary(x: Expr, y: Expr) -> Expr:
        return x / sp.sqrt(x**2 + y**2)

    def fdiff(self, argindex: int = 1) -> Expr:
        return hypotshare_partials(self, *self.args)[argindex - 1]


def hypotshare_partials(v: Expr, x: Expr, y: Expr) -> tuple[Expr, Expr]:
    sine, length = hypotshare(y, x), hypot(x, y)
    return sine**2 / length, -v * sine / length


class powshare(Elementary):
    """powshare(x, k, n) = x**n/(x**n + k**n), the curve of Hill of a dose x.

    Signs of x and k count in x/k alone; for x = k = 0 it is 1/2.
    """

    nargs = 3

    @staticmethod
    def elementary(x: Expr, k: Expr, n: Expr) -> Expr:
        whole = (x / k) ** n / (1 + (x / k) ** n)
        beside = Piecewise((S.Half, sp.Eq(x * n, 0)), (S.One, n > 0), (S.Zero, True))
        return unless_zero(k, whole, beside)

    @staticmethod
    def terms_size(x: Expr, k: Expr, n: Expr) -> Expr:
        return sp.Abs(n) * (x / k) ** n / (1 + (x / k) ** n) ** 2

    def fdiff(self, argindex: int = 1) -> Expr:
        x, k, n = self.args
        both = self * (1 - self)
        if argindex == 3:
            return xlogy(both, x / k)
        return n * both / x if argindex == 1 else -n * both / k


class powshare_prime(Slope):
    """The derivative of powshare(x, k, n) by x: n*x**(n - 1)*k**n/(x**n + k**n)**2."""

    nargs = 3
    of = powshare

    @staticmethod
    def elementary(x: Expr, k: Expr, n: Expr) -> Expr:
        whole = n * (x / k) ** (n - 1) / (k * (1 + (x / k) ** n) ** 2)
        return unless_zero(k, whole, S.Zero)

    @staticmethod
    def terms_size(x: Expr, k: Expr, n: Expr) -> Expr:
        return (sp.Abs(n) + 1) * sp.Abs(powshare_prime.elementary(x, k, n))

    def fdiff(self, argindex: int = 1) -> Expr:
        x, k, n = self.args
        apart = 1 - 2 * powshare(x, k, n)
        if argindex == 1:
            return self * (n * apart - 1) / x
        return -self * n * apart / k if argindex == 2 else self * (1 / n + apart * sp.log(x / k))

    @classmethod
    def expanded(cls, x: Expr, k: Expr, n: Expr, value: Expr) -> Expr:
        return n * value * (1 - value) / x


__all__ = [
    "diffshare",
    "hypotshare",
    "hypotshare_partials",
    "powshare",
    "powshare_prime",
    "softsign",
    "sumshare",
]
