"""Hyperbolic and inverse functions beside their argument, and roots beside one of their terms."""

from __future__ import annotations

import sympy as sp
from sympy import Expr, Piecewise, Rational, S
from sympy.codegen.cfunctions import hypot

from symback.operations.functions import Elementary, Slope
from symback.operations.special.continued import unless_zero


class log_sinhc(Elementary):
    """log_sinhc(u) = log(sinh(u)/u), and 0 at 0."""

    is_nonnegative = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return unless_zero(u, sp.log(sp.sinh(u) / u), u**2 / 6)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return langevin.elementary(u)


class langevin(Elementary):
    """langevin(u) = coth(u) - 1/u, and 0 at 0 (Langevin 1905)."""

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return unless_zero(u, 1 / sp.tanh(u) - 1 / u, u / 3)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return langevin_prime.elementary(u)


class langevin_prime(Slope):
    """langevin'(u) = 1/u**2 - 1/sinh(u)**2, and 1/3 at 0."""

    of = langevin
    is_positive = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        inner = 1 / u**2 - 1 / sp.sinh(u) ** 2
        return unless_zero(u, inner, Rational(1, 3) - u**2 / 15)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        outer = 2 * sp.cosh(u) / sp.sinh(u) ** 3 - 2 / u**3
        return unless_zero(u, outer, -2 * u / 15)

    @classmethod
    def expanded(cls, u: Expr, value: Expr) -> Expr:
        inner = 1 - value * (value + 2 / u)  # as coth² = 1 + 1/sinh²
        return unless_zero(u, inner, Rational(1, 3))


class inv_expm1sub(Elementary):
    """inv_expm1sub(u) = 1/(exp(u) - 1) - 1/u, and -1/2 at 0."""

    is_negative = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return unless_zero(u, 1 / (sp.exp(u) - 1) - 1 / u, u / 12 - S.Half)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return langevin_prime(u / 2) / 4


class tanhc(Elementary):
    """tanhc(u) = tanh(u)/u, and 1 at 0."""

    is_positive = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return unless_zero(u, sp.tanh(u) / u, 1 - u**2 / 3)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return tanhc_prime.elementary(u)


class tanhc_prime(Slope):
    """tanhc'(u) = (1 - tanh(u)**2 - tanh(u)/u)/u, and 0 at 0."""

    of = tanhc

    @staticmethod
    def elementary(u: Expr) -> Expr:
        inner = (1 / sp.cosh(u) ** 2 - sp.tanh(u) / u) / u
        return unless_zero(u, inner, -2 * u / 3)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        outer = -2 * (sp.tanh(u) / sp.cosh(u) ** 2 + tanhc_prime(u)) / u
        return unless_zero(u, outer, Rational(-2, 3))

    @classmethod
    def expanded(cls, u: Expr, value: Expr) -> Expr:
        return unless_zero(u, (1 - u**2 * value**2 - value) / u, S.Zero)


class acosc(Elementary):
    """acosc(w) = acos(w)/sqrt(1 - w**2), and 1 at 1: an angle over its sine, by its cosine."""

    is_positive = True

    @classmethod
    def eval(cls, w: Expr) -> Expr | None:
        return None

    @staticmethod
    def elementary(w: Expr) -> Expr:
        near = 1 - (w - 1) / 3 + 2 * (w - 1) ** 2 / 15
        return unless_zero(w - 1, sp.acos(w) / sp.sqrt(1 - w**2), near)

    @staticmethod
    def derivative(w: Expr) -> Expr:
        return acosc_prime.elementary(w)


class acosc_prime(Slope):
    """acosc'(w) = (w*acosc(w) - 1)/(1 - w**2), and -1/3 at 1."""

    of = acosc
    is_negative = True

    @staticmethod
    def elementary(w: Expr) -> Expr:
        inner = (w * sp.acos(w) / sp.sqrt(1 - w**2) - 1) / (1 - w**2)
        return unless_zero(w - 1, inner, Rational(-1, 3) + 4 * (w - 1) / 15)

    @staticmethod
    def derivative(w: Expr) -> Expr:
        outer = (acosc(w) + 3 * w * acosc_prime(w)) / (1 - w**2)
        return unless_zero(w - 1, outer, Rational(4, 15))

    @classmethod
    def expanded(cls, w: Expr, value: Expr) -> Expr:
        return unless_zero(w - 1, (w * value - 1) / (1 - w**2), Rational(-1, 3))


class hypotsub(Elementary):
    """hypotsub(a, c) = sqrt(a**2 + c**2) - a."""

    nargs = 2

    @staticmethod
    def elementary(a: Expr, c: Expr) -> Expr:
        return sp.sqrt(a**2 + c**2) - a

    def fdiff(self, argindex: int = 1) -> Expr:
        a, c = self.args
        return -self / hypot(a, c) if argindex == 1 else c / hypot(a, c)


class sqrtsub(Elementary):
    """sqrtsub(b, d) = sqrt(b**2 + d) - b."""

    nargs = 2

    @staticmethod
    def elementary(b: Expr, d: Expr) -> Expr:
        return sp.sqrt(b**2 + d) - b

    def fdiff(self, argindex: int = 1) -> Expr:
        b, d = self.args
        root = sp.sqrt(b**2 + d)
        return -self / root if argindex == 1 else 1 / (2 * root)


class quadroot(Elementary):
    """quadroot(a, b, c) = (sqrt(b**2 - 4*a*c) - b)/(2*a), and -c/b for a = 0 and b > 0."""

    nargs = 3

    @staticmethod
    def elementary(a: Expr, b: Expr, c: Expr) -> Expr:
        whole = (sp.sqrt(b**2 - 4 * a * c) - b) / (2 * a)
        near = -c / b * (1 + a * c / b**2)
        return Piecewise((whole, sp.Ne(a, 0) | (b <= 0)), (near, True))

    def fdiff(self, argindex: int = 1) -> Expr:
        return quadroot_partials(self, *self.args)[argindex - 1]


def quadroot_partials(v: Expr, a: Expr, b: Expr, c: Expr) -> tuple[Expr, ...]:
    """Of a*v**2 + b*v + c = 0, as 2*a*v + b is the root."""
    root = sp.sqrt(b**2 - 4 * a * c)
    return -(v**2) / root, -v / root, -1 / root


__all__ = [
    "acosc",
    "acosc_prime",
    "hypotsub",
    "inv_expm1sub",
    "langevin",
    "langevin_prime",
    "log_sinhc",
    "quadroot",
    "quadroot_partials",
    "sqrtsub",
    "tanhc",
    "tanhc_prime",
]
