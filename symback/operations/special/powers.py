"""Powers beside 1."""

from __future__ import annotations

import sympy as sp
from sympy import Expr
from sympy.codegen.cfunctions import log1p

from symback.operations.functions import Elementary, Slope
from symback.operations.special.continued import unless_zero
from symback.operations.special.remainders import log1prel


class powm1(Elementary):
    """powm1(x, k) = x**k - 1."""

    nargs = 2

    @staticmethod
    def elementary(x: Expr, k: Expr) -> Expr:
        return x**k - 1

    def fdiff(self, argindex: int = 1) -> Expr:
        x, k = self.args
        return k * x ** (k - 1) if argindex == 1 else x**k * sp.log(x)


class pow1pm1(Elementary):
    """pow1pm1(x, k) = (1 + x)**k - 1."""

    nargs = 2

    @staticmethod
    def elementary(x: Expr, k: Expr) -> Expr:
        return (1 + x) ** k - 1

    @staticmethod
    def terms_size(x: Expr, k: Expr) -> Expr:
        return (1 + x) ** k * sp.Abs(k * sp.log(1 + x))

    def fdiff(self, argindex: int = 1) -> Expr:
        x, k = self.args
        return k * pow1p(x, k - 1) if argindex == 1 else pow1p(x, k) * log1p(x)


class pow1p(Elementary):
    """pow1p(x, k) = (1 + x)**k."""

    nargs = 2

    @staticmethod
    def elementary(x: Expr, k: Expr) -> Expr:
        return (1 + x) ** k

    @staticmethod
    def terms_size(x: Expr, k: Expr) -> Expr:
        return (1 + x) ** k * sp.Abs(k * sp.log(1 + x))

    def fdiff(self, argindex: int = 1) -> Expr:
        x, k = self.args
        return k * pow1p(x, k - 1) if argindex == 1 else self * log1p(x)


class pow_rise(Elementary):
    """pow_rise(x, h, k) = (x + h)**k - x**k."""

    nargs = 3

    @staticmethod
    def elementary(x: Expr, h: Expr, k: Expr) -> Expr:
        return (x + h) ** k - x**k

    @staticmethod
    def terms_size(x: Expr, h: Expr, k: Expr) -> Expr:
        return sp.Abs(k * h) * (sp.Abs(x) ** (k - 1) + sp.Abs(x + h) ** (k - 1))

    def fdiff(self, argindex: int = 1) -> Expr:
        x, h, k = self.args
        if argindex == 1:
            return k * pow_rise(x, h, k - 1)
        return k * (x + h) ** (k - 1) if argindex == 2 else _rise_by_power(self, x, h, k)


def _rise_by_power(v: Expr, x: Expr, h: Expr, k: Expr) -> Expr:
    return v * sp.log(x + h) + x**k * log1p(h / x)


def pow_rise_partials(v: Expr, x: Expr, h: Expr, k: Expr) -> tuple[Expr, Expr, Expr]:
    """The partials of v = pow_rise(x, h, k)."""
    by_power = sp.S.Zero if k.is_number else _rise_by_power(v, x, h, k)
    return k * pow_rise(x, h, k - 1), k * (x + h) ** (k - 1), by_power


class pow1prel(Elementary):
    """pow1prel(r, n) = ((1 + r)**n - 1)/r, and n for r = 0: an annuity."""

    nargs = 2

    @staticmethod
    def elementary(r: Expr, n: Expr) -> Expr:
        near = n * (1 + (n - 1) * r / 2 + (n - 1) * (n - 2) * r**2 / 6)
        return unless_zero(r, ((1 + r) ** n - 1) / r, near)

    @staticmethod
    def terms_size(r: Expr, n: Expr) -> Expr:
        return (1 + r) ** n * sp.Abs(n)

    def fdiff(self, argindex: int = 1) -> Expr:
        r, n = self.args
        if argindex == 1:
            return pow1prel_prime.elementary(r, n)
        return pow1p(r, n) * log1prel(r)


class pow1prel_prime(Slope):
    """The derivative of pow1prel(r, n) by r."""

    nargs = 2
    of = pow1prel

    @staticmethod
    def elementary(r: Expr, n: Expr) -> Expr:
        inner = (n * (1 + r) ** (n - 1) - ((1 + r) ** n - 1) / r) / r
        return unless_zero(r, inner, n * (n - 1) / 2 * (1 + 2 * (n - 2) * r / 3))

    @staticmethod
    def terms_size(r: Expr, n: Expr) -> Expr:
        return (1 + r) ** (n - 1) * (n**2 + sp.Abs(n))

    def fdiff(self, argindex: int = 1) -> Expr:
        r, n = self.args
        if argindex == 1:
            inner = (n * (n - 1) * pow1p(r, n - 2) - 2 * self) / r
            return unless_zero(r, inner, n * (n - 1) * (n - 2) / 3)
        power = pow1p(r, n - 1)
        inner = (power * (1 + n * log1p(r)) - pow1p(r, n) * log1prel(r)) / r
        return unless_zero(r, inner, n - sp.S.Half)

    @classmethod
    def expanded(cls, r: Expr, n: Expr, value: Expr) -> Expr:
        return unless_zero(r, (n * (1 + r) ** (n - 1) - value) / r, n * (n - 1) / 2)


class boxcox(Elementary):
    """boxcox(x, k) = (x**k - 1)/k, and log(x) for k = 0 (Box and Cox 1964)."""

    nargs = 2

    @staticmethod
    def elementary(x: Expr, k: Expr) -> Expr:
        near = sp.log(x) + k * sp.log(x) ** 2 / 2 + k**2 * sp.log(x) ** 3 / 6
        return unless_zero(k, (x**k - 1) / k, near)

    def fdiff(self, argindex: int = 1) -> Expr:
        x, k = self.args
        return x ** (k - 1) if argindex == 1 else boxcox_prime.elementary(x, k)


class boxcox_prime(Slope):
    """The derivative of boxcox(x, k) by k: (x**k*(k*log(x) - 1) + 1)/k**2."""

    nargs = 2
    of = boxcox
    by = 2

    @staticmethod
    def elementary(x: Expr, k: Expr) -> Expr:
        inner = (x**k * (k * sp.log(x) - 1) + 1) / k**2
        return unless_zero(k, inner, sp.log(x) ** 2 / 2 + k * sp.log(x) ** 3 / 3)

    def fdiff(self, argindex: int = 1) -> Expr:
        x, k = self.args
        if argindex == 1:
            return x ** (k - 1) * sp.log(x)
        outer = (x**k * sp.log(x) ** 2 - 2 * boxcox_prime(x, k)) / k
        return unless_zero(k, outer, sp.log(x) ** 3 / 3)

    @classmethod
    def expanded(cls, x: Expr, k: Expr, value: Expr) -> Expr:
        inner = (x**k * sp.log(x) - value) / k
        return unless_zero(k, inner, sp.log(x) ** 2 / 2)


__all__ = [
    "boxcox",
    "boxcox_prime",
    "pow1p",
    "pow1pm1",
    "pow1prel",
    "pow1prel_prime",
    "pow_rise",
    "pow_rise_partials",
    "powm1",
]
