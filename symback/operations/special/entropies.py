"""Products of a number and a logarithm, 0 where the number is 0, and the logarithm of odds.

At 0 a product whose slope is infinite there is given by a root of the same slope.
"""

from __future__ import annotations

import sympy as sp
from sympy import Expr, Piecewise, S
from sympy.codegen.cfunctions import log1p

from symback.operations.edges import zero_over
from symback.operations.functions import Elementary
from symback.operations.special.continued import unless_zero

BEYOND_FLOATS = sp.Integer(2) ** 1100  # only an infinity is larger


class xlogx(Elementary):
    """xlogx(u) = u*log(u), and 0 at 0."""

    @classmethod
    def eval(cls, u: Expr) -> Expr | None:
        return None

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return unless_zero(u, u * sp.log(u), -sp.sqrt(u))

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return sp.log(u) + 1


class xlogx1p(Elementary):
    """xlogx1p(u) = (1 + u)*log(1 + u), and 0 at -1."""

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return unless_zero(1 + u, (1 + u) * sp.log(1 + u), -sp.sqrt(1 + u))

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return log1p(u) + 1


class powlog(Elementary):
    """powlog(x, k) = x**k*log(x), and 0 at 0 for k > 0."""

    nargs = 2

    @classmethod
    def eval(cls, x: Expr, k: Expr) -> Expr | None:
        known = {S.Zero: sp.log, S.One: xlogx}.get(k)
        return None if known is None else known(x)

    @staticmethod
    def elementary(x: Expr, k: Expr) -> Expr:
        flat = S.Zero if k.is_number and k > 1 else Piecewise((S.Zero, k > 1), (-sp.sqrt(x), True))
        return unless_zero(x, x**k * sp.log(x), flat)

    @staticmethod
    def terms_size(x: Expr, k: Expr) -> Expr:
        return x**k

    def fdiff(self, argindex: int = 1) -> Expr:
        return powlog_partials(self, *self.args)[argindex - 1]


def powlog_partials(v: Expr, x: Expr, k: Expr) -> tuple[Expr, Expr]:
    """By x: x**(k - 1)*(k*log(x) + 1); by k the log once more."""
    by_power = S.Zero if k.is_number else powlog(x, k / 2) ** 2
    return k * powlog(x, k - 1) + x ** (k - 1), by_power


class weighed(Elementary):
    """weighed(w, u) = w*u, and 0 where w is 0 and u is -∞: a logarithm of 0 without weight."""

    nargs = 2

    @classmethod
    def eval(cls, w: Expr, u: Expr) -> Expr | None:
        """A number stands in front, so that equal forms are one."""
        number, weight = w.as_coeff_Mul()
        return None if number in (0, 1) or weight == 1 else number * cls(weight, u)

    @staticmethod
    def elementary(w: Expr, u: Expr) -> Expr:
        finite = sp.Ne(w, 0) | (u > -BEYOND_FLOATS)
        return Piecewise((w * u, finite), (-sp.sqrt(w), True))

    def fdiff(self, argindex: int = 1) -> Expr:
        w, u = self.args
        return u if argindex == 1 else w


class xlogy(Elementary):
    """xlogy(x, y) = x*log(y), and 0 where x is 0, whatever y is."""

    nargs = 2

    @staticmethod
    def elementary(x: Expr, y: Expr) -> Expr:
        return Piecewise((x * sp.log(y), sp.Ne(x, 0) | (y > 0)), (-sp.sqrt(x), True))

    def fdiff(self, argindex: int = 1) -> Expr:
        x, y = self.args
        return sp.log(y) if argindex == 1 else zero_over(x, y)


class xlog1py(Elementary):
    """xlog1py(x, y) = x*log(1 + y), and 0 where x is 0, whatever y is."""

    nargs = 2

    @staticmethod
    def elementary(x: Expr, y: Expr) -> Expr:
        return xlogy.elementary(x, 1 + y)

    def fdiff(self, argindex: int = 1) -> Expr:
        x, y = self.args
        return log1p(y) if argindex == 1 else zero_over(x, 1 + y)


class rel_entr(Elementary):
    """rel_entr(x, y) = x*log(x/y), and 0 where x is 0, as in a Kullback-Leibler divergence."""

    nargs = 2

    @staticmethod
    def elementary(x: Expr, y: Expr) -> Expr:
        whole = unless_zero(x, x * sp.log(x / y), -sp.sqrt(x))
        return Piecewise((whole, sp.Ne(x, 0) | (y > 0)), (-sp.sqrt(x), True))  # y is read

    def fdiff(self, argindex: int = 1) -> Expr:
        x, y = self.args
        return log_ratio(x, y) + 1 if argindex == 1 else -zero_over(x, y)


class kl_div(Elementary):
    """kl_div(x, y) = x*log(x/y) - x + y, and y where x is 0: half a deviance of Poisson."""

    nargs = 2

    @staticmethod
    def elementary(x: Expr, y: Expr) -> Expr:
        return rel_entr.elementary(x, y) - x + y

    @staticmethod
    def terms_size(x: Expr, y: Expr) -> Expr:
        return (x - y) ** 2 / y

    def fdiff(self, argindex: int = 1) -> Expr:
        x, y = self.args
        return log_ratio(x, y) if argindex == 1 else (y - x) / y


class log_ratio(Elementary):
    """log_ratio(a, b) = log(a/b)."""

    nargs = 2

    @staticmethod
    def elementary(a: Expr, b: Expr) -> Expr:
        return sp.log(a / b)

    def fdiff(self, argindex: int = 1) -> Expr:
        a, b = self.args
        return 1 / a if argindex == 1 else -1 / b


class logit(Elementary):
    """logit(p) = log(p/(1 - p)), the inverse of sigma."""

    @classmethod
    def eval(cls, p: Expr) -> Expr | None:
        return None

    @staticmethod
    def elementary(p: Expr) -> Expr:
        return sp.log(p / (1 - p))

    @staticmethod
    def derivative(p: Expr) -> Expr:
        return 1 / (p * (1 - p))


__all__ = [
    "kl_div",
    "log_ratio",
    "logit",
    "powlog",
    "powlog_partials",
    "rel_entr",
    "weighed",
    "xlog1py",
    "xlogx",
    "xlogx1p",
    "xlogy",
]
