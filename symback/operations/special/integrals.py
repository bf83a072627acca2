"""The Bessel functions, and the incomplete gamma and beta functions.

Orders and parameters are numbers of the formula: no slope by them is known in closed form.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp
from sympy import Expr, S

from symback.errors import Unsupported, clip
from symback.operations.special.gammas import beta
from symback.operations.special.named import NamedFunction

LARGEST_ORDER = 50
_BEYOND = 2  # orders that slopes of slopes have
LARGEST_PARAMETER = 10**4  # of the incomplete beta: the fraction needs more terms beyond


class _Bessel(NamedFunction):
    """A Bessel function; `negative` is that of order -n, for n > 0, by those of order n."""

    nargs = 2

    @staticmethod
    def negative(n: Expr, u: Expr) -> Expr:
        raise NotImplementedError

    @classmethod
    def eval(cls, *operands: Expr) -> Expr | None:
        n, u = operands
        if not n.is_number:
            return None
        order = sp.nsimplify(n) if n.is_Float else n
        if not (2 * order).is_Integer or abs(order) > LARGEST_ORDER + _BEYOND:
            raise Unsupported(
                f"{cls.__name__}(n, x) has a whole or half order n from -{LARGEST_ORDER} to "
                f"{LARGEST_ORDER}, not {clip(str(n), 20)}"
            )
        if order < 0:
            return cls.negative(-order, u)
        return cls(order, u) if n.is_Float else None

    @classmethod
    def terms_size(cls, n: Expr, u: Expr) -> Expr:
        """Rounding inside is as that of u, and some of the largest values next to it."""
        beside = sp.Abs(cls(n - 1, u)) + sp.Abs(cls(n + 1, u))
        return sp.Abs(u) * beside + 4 * sp.Abs(cls(n, u))


def _turns(n: Expr) -> Expr:
    """(-1)ⁿ, of a half order that of the whole number below."""
    return S.NegativeOne ** sp.floor(n)


class besselj(_Bessel):
    """besselj(n, u), the Bessel function of the first kind."""

    exactly = staticmethod(sp.besselj)

    @staticmethod
    def negative(n: Expr, u: Expr) -> Expr:
        return _turns(n) * besselj(n, u) if n.is_Integer else -_turns(n) * bessely(n, u)

    def fdiff(self, argindex: int = 1) -> Expr:
        n, u = self.args
        return (besselj(n - 1, u) - besselj(n + 1, u)) / 2


class bessely(_Bessel):
    """bessely(n, u), the Bessel function of the second kind, for u > 0."""

    exactly = staticmethod(sp.bessely)

    @staticmethod
    def negative(n: Expr, u: Expr) -> Expr:
        return _turns(n) * (bessely(n, u) if n.is_Integer else besselj(n, u))

    def fdiff(self, argindex: int = 1) -> Expr:
        n, u = self.args
        return (bessely(n - 1, u) - bessely(n + 1, u)) / 2


class besseli(_Bessel):
    """besseli(n, u), the modified Bessel function of the first kind."""

    exactly = staticmethod(sp.besseli)

    @staticmethod
    def negative(n: Expr, u: Expr) -> Expr:
        value = besseli(n, u)
        return value if n.is_Integer else value + 2 * _turns(n) * besselk(n, u) / sp.pi

    def fdiff(self, argindex: int = 1) -> Expr:
        n, u = self.args
        return (besseli(n - 1, u) + besseli(n + 1, u)) / 2


class besselk(_Bessel):
    """besselk(n, u), the modified Bessel function of the second kind, for u > 0."""

    is_positive = True
    exactly = staticmethod(sp.besselk)

    @staticmethod
    def negative(n: Expr, u: Expr) -> Expr:
        return besselk(n, u)

    def fdiff(self, argindex: int = 1) -> Expr:
        n, u = self.args
        return -(besselk(n - 1, u) + besselk(n + 1, u)) / 2


def _refuse(call: str, parameters: Sequence[Expr], most: int | None = None) -> None:
    """Refuse parameters that are not positive, or too large."""
    for name, value in zip("ab", parameters, strict=False):
        if value.is_number and not (value.is_positive and (most is None or value <= most)):
            upper = "" if most is None else f" of at most {most}"
            raise Unsupported(
                f"{call} has a parameter {name} > 0{upper}, not {clip(str(value), 20)}"
            )


class gammainc(NamedFunction):
    """gammainc(a, u), the lower incomplete function gamma over gamma(a): a probability."""

    nargs = 2
    is_nonnegative = True
    exactly = staticmethod(lambda a, u: sp.lowergamma(a, u) / sp.gamma(a))

    @classmethod
    def eval(cls, *operands: Expr) -> Expr | None:
        _refuse(f"{cls.__name__}(a, x)", operands[:1])
        return None

    def fdiff(self, argindex: int = 1) -> Expr:
        a, u = self.args
        return gamma_pdf(a, u)

    @staticmethod
    def terms_size(a: Expr, u: Expr) -> Expr:
        return (1 + sp.sqrt(a) + sp.Abs(u - a)) * u * gamma_pdf(a, u)


class gammaincc(gammainc):
    """gammaincc(a, u) = 1 - gammainc(a, u), the upper one."""

    exactly = staticmethod(lambda a, u: sp.uppergamma(a, u) / sp.gamma(a))

    def fdiff(self, argindex: int = 1) -> Expr:
        return -super().fdiff(argindex)


class gamma_pdf(gammainc):
    """gamma_pdf(a, u) = u**(a - 1)*exp(-u)/gamma(a), the slope of gammainc."""

    exactly = staticmethod(lambda a, u: u ** (a - 1) * sp.exp(-u) / sp.gamma(a))

    def fdiff(self, argindex: int = 1) -> Expr:
        a, u = self.args
        return self * ((a - 1) / u - 1)

    @staticmethod
    def terms_size(a: Expr, u: Expr) -> Expr:
        return (1 + sp.sqrt(a) + sp.Abs(u - a)) * gamma_pdf(a, u)


class betainc(NamedFunction):
    """betainc(a, b, u), the incomplete function beta over beta(a, b): a probability."""

    nargs = 3
    is_nonnegative = True
    exactly = staticmethod(lambda a, b, u: sp.betainc_regularized(a, b, 0, u))

    @classmethod
    def eval(cls, *operands: Expr) -> Expr | None:
        _refuse(f"{cls.__name__}(a, b, x)", operands[:2], LARGEST_PARAMETER)
        return None

    def fdiff(self, argindex: int = 1) -> Expr:
        return beta_pdf(*self.args)

    @staticmethod
    def terms_size(a: Expr, b: Expr, u: Expr) -> Expr:
        return u * beta_pdf.terms_size(a, b, u)


class beta_pdf(betainc):
    """beta_pdf(a, b, u) = u**(a - 1)*(1 - u)**(b - 1)/beta(a, b), the slope of betainc."""

    exactly = staticmethod(lambda a, b, u: u ** (a - 1) * (1 - u) ** (b - 1) / beta.exactly(a, b))

    def fdiff(self, argindex: int = 1) -> Expr:
        a, b, u = self.args
        return self * ((a - 1) / u - (b - 1) / (1 - u))

    @staticmethod
    def terms_size(a: Expr, b: Expr, u: Expr) -> Expr:
        moved = sp.Abs(b * u - a * (1 - u)) / (1 - u)
        return (1 + sp.sqrt(a) + moved) * beta_pdf(a, b, u)


__all__ = [
    "besseli",
    "besselj",
    "besselk",
    "bessely",
    "beta_pdf",
    "betainc",
    "gamma_pdf",
    "gammainc",
    "gammaincc",
]
