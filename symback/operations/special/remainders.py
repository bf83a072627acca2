"""What is left of a function beside its argument, h(u) - u, and their quotient h(u)/u."""

from __future__ import annotations

from typing import Any, ClassVar

import sympy as sp
from sympy import Expr, Rational
from sympy.codegen.cfunctions import expm1, hypot

from symback.operations.functions import Elementary, Slope
from symback.operations.special.continued import unless_zero


class Remainder(Elementary):
    """h(u) - u, which is of the third or second order at 0."""

    h: ClassVar[Any]

    @classmethod
    def elementary(cls, u: Expr) -> Expr:
        return cls.h(u) - u


class log1pmx(Remainder):
    """log1pmx(u) = log(1 + u) - u."""

    h = staticmethod(lambda u: sp.log(1 + u))

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return -u / (1 + u)


class expm1mx(Remainder):
    """expm1mx(u) = exp(u) - 1 - u."""

    h = staticmethod(lambda u: sp.exp(u) - 1)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return expm1(u)


class sinmx(Remainder):
    """sinmx(u) = sin(u) - u."""

    h = sp.sin

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return -2 * sp.sin(u / 2) ** 2


class sinhmx(Remainder):
    """sinhmx(u) = sinh(u) - u."""

    h = sp.sinh

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return 2 * sp.sinh(u / 2) ** 2


class tanmx(Remainder):
    """tanmx(u) = tan(u) - u."""

    h = sp.tan

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return sp.tan(u) ** 2


class tanhmx(Remainder):
    """tanhmx(u) = tanh(u) - u."""

    h = sp.tanh

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return -(sp.tanh(u) ** 2)


class asinmx(Remainder):
    """asinmx(u) = asin(u) - u."""

    h = sp.asin

    @staticmethod
    def derivative(u: Expr) -> Expr:
        root = sp.sqrt((1 - u) * (1 + u))
        return u**2 / (root * (1 + root))


class asinhmx(Remainder):
    """asinhmx(u) = asinh(u) - u."""

    h = sp.asinh

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return -u * sp.tanh(sp.asinh(u) / 2) / hypot(1, u)


class atanmx(Remainder):
    """atanmx(u) = atan(u) - u."""

    h = sp.atan

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return -(sp.sin(sp.atan(u)) ** 2)  # the square of u might overflow


class atanhmx(Remainder):
    """atanhmx(u) = atanh(u) - u."""

    h = sp.atanh

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return u**2 / ((1 - u) * (1 + u))


# -- quotients -------------------------------------------------------------------------------------


class OverArgument(Elementary):
    """h(u)/u, whose value and slopes at 0 are those of its series."""

    h: ClassVar[Any]
    h_prime: ClassVar[Any]
    series: ClassVar[tuple[Expr, ...]]

    @classmethod
    def elementary(cls, u: Expr) -> Expr:
        return unless_zero(u, cls.h(u) / u, _sum(u, cls.series))

    def fdiff(self, argindex: int = 1) -> Expr:
        return _SLOPES[type(self)].elementary(*self.args)


def _sum(u: Expr, coefficients: tuple[Expr, ...]) -> Expr:
    return sp.Add(*(c * u**k for k, c in enumerate(coefficients)))


def _differentiated(coefficients: tuple[Expr, ...]) -> tuple[Expr, ...]:
    return tuple(k * c for k, c in enumerate(coefficients))[1:]


class OverArgumentSlope(Slope):
    """(h'(u) - h(u)/u)/u."""

    of: type[OverArgument]

    @classmethod
    def elementary(cls, u: Expr) -> Expr:
        return cls._of_parts(u, cls.of.h(u) / u, _sum(u, _differentiated(cls.of.series)))

    @classmethod
    def expanded(cls, u: Expr, value: Expr) -> Expr:
        return cls._of_parts(u, value, cls.of.series[1])

    @classmethod
    def _of_parts(cls, u: Expr, value: Expr, near: Expr) -> Expr:
        return unless_zero(u, (cls.of.h_prime(u) - value) / u, near)

    def fdiff(self, argindex: int = 1) -> Expr:
        (u,) = self.args
        curved = sp.diff(self.of.h_prime(u), u)
        near = _differentiated(_differentiated(self.of.series))
        return unless_zero(u, (curved - 2 * self) / u, _sum(u, near))


class log1prel(OverArgument):
    """log1prel(u) = log(1 + u)/u, and 1 at 0."""

    h = staticmethod(lambda u: sp.log(1 + u))
    h_prime = staticmethod(lambda u: 1 / (1 + u))
    series = (Rational(1), Rational(-1, 2), Rational(1, 3), Rational(-1, 4))


class log1prel_prime(OverArgumentSlope):
    """The derivative of log1prel(u)."""

    of = log1prel


class tanc(OverArgument):
    """tanc(u) = tan(u)/u, and 1 at 0."""

    h = sp.tan
    h_prime = staticmethod(lambda u: 1 + sp.tan(u) ** 2)
    series = (Rational(1), Rational(0), Rational(1, 3), Rational(0), Rational(2, 15))


class tanc_prime(OverArgumentSlope):
    """The derivative of tanc(u)."""

    of = tanc


class asinc(OverArgument):
    """asinc(u) = asin(u)/u, and 1 at 0."""

    h = sp.asin
    h_prime = staticmethod(lambda u: 1 / sp.sqrt(1 - u**2))
    series = (Rational(1), Rational(0), Rational(1, 6), Rational(0), Rational(3, 40))


class asinc_prime(OverArgumentSlope):
    """The derivative of asinc(u)."""

    of = asinc


class asinhc(OverArgument):
    """asinhc(u) = asinh(u)/u, and 1 at 0."""

    h = sp.asinh
    h_prime = staticmethod(lambda u: 1 / sp.sqrt(1 + u**2))
    series = (Rational(1), Rational(0), Rational(-1, 6), Rational(0), Rational(3, 40))


class asinhc_prime(OverArgumentSlope):
    """The derivative of asinhc(u)."""

    of = asinhc


class atanc(OverArgument):
    """atanc(u) = atan(u)/u, and 1 at 0."""

    h = sp.atan
    h_prime = staticmethod(lambda u: 1 / (1 + u**2))
    series = (Rational(1), Rational(0), Rational(-1, 3), Rational(0), Rational(1, 5))


class atanc_prime(OverArgumentSlope):
    """The derivative of atanc(u)."""

    of = atanc


class atanhc(OverArgument):
    """atanhc(u) = atanh(u)/u, and 1 at 0."""

    h = sp.atanh
    h_prime = staticmethod(lambda u: 1 / (1 - u**2))
    series = (Rational(1), Rational(0), Rational(1, 3), Rational(0), Rational(1, 5))


class atanhc_prime(OverArgumentSlope):
    """The derivative of atanhc(u)."""

    of = atanhc


_SLOPES: dict[type[OverArgument], type[OverArgumentSlope]] = {
    slope.of: slope
    for slope in (log1prel_prime, tanc_prime, asinc_prime, asinhc_prime, atanc_prime, atanhc_prime)
}

REMAINDERS: tuple[type[Remainder], ...] = (
    log1pmx,
    expm1mx,
    sinmx,
    sinhmx,
    tanmx,
    tanhmx,
    asinmx,
    asinhmx,
    atanmx,
    atanhmx,
)

__all__ = [
    "REMAINDERS",
    "Remainder",
    "asinc",
    "asinc_prime",
    "asinhc",
    "asinhc_prime",
    "asinhmx",
    "asinmx",
    "atanc",
    "atanc_prime",
    "atanhc",
    "atanhc_prime",
    "atanhmx",
    "atanmx",
    "expm1mx",
    "log1pmx",
    "log1prel",
    "log1prel_prime",
    "sinhmx",
    "sinmx",
    "tanc",
    "tanc_prime",
    "tanhmx",
    "tanmx",
]
