"""The gamma function and what is made of it, for real numbers.

Between poles log Γ is log |Γ|, as in C and SciPy. The difference of two of its values, and that of
two values of its slope, are operations of their own: at large numbers the digits of the difference
are not in the values.
"""

from __future__ import annotations

import sympy as sp
from sympy import Expr, Piecewise, S

from symback.errors import Unsupported, clip
from symback.operations.functions import Elementary, Slope
from symback.operations.special.named import NamedFunction

LARGEST_ORDER = 100  # of a derivative of digamma: beyond, factorials leave the floats


class gamma(NamedFunction):
    """gamma(u), Euler's function: (u - 1)! at whole numbers."""

    exactly = staticmethod(sp.gamma)

    def fdiff(self, argindex: int = 1) -> Expr:
        return self * digamma(self.args[0])

    @staticmethod
    def terms_size(u: Expr) -> Expr:
        return sp.Abs(u * digamma(u) * gamma(u))


class loggamma(NamedFunction):
    """loggamma(u) = log(|gamma(u)|)."""

    exactly = staticmethod(lambda u: sp.log(sp.Abs(sp.gamma(u))))

    def fdiff(self, argindex: int = 1) -> Expr:
        return digamma(self.args[0])

    @staticmethod
    def terms_size(u: Expr) -> Expr:
        """Below 0 it is the difference of two logs."""
        reflected = sp.Abs(sp.log(sp.Abs(sp.sin(sp.pi * u)) / sp.pi)) + sp.Abs(loggamma(1 - u))
        return Piecewise((sp.Abs(u * digamma(u)) + reflected, u < 0), (S.Zero, True))


class digamma(NamedFunction):
    """digamma(u) = gamma'(u)/gamma(u)."""

    exactly = staticmethod(sp.digamma)

    def fdiff(self, argindex: int = 1) -> Expr:
        return trigamma(self.args[0])

    @staticmethod
    def terms_size(u: Expr) -> Expr:
        return Piecewise((sp.Abs(u * trigamma(u)), u < 0), (S.Zero, True))


class trigamma(NamedFunction):
    """trigamma(u) = digamma'(u)."""

    is_positive = True
    exactly = staticmethod(sp.trigamma)

    def fdiff(self, argindex: int = 1) -> Expr:
        return polygamma(S(2), self.args[0])

    @staticmethod
    def terms_size(u: Expr) -> Expr:
        return Piecewise((sp.Abs(u * polygamma(S(2), u)), u < 0), (S.Zero, True))


class polygamma(NamedFunction):
    """polygamma(n, u), the n-th derivative of digamma, n being a whole number."""

    nargs = 2
    exactly = staticmethod(sp.polygamma)

    @classmethod
    def eval(cls, *operands: Expr) -> Expr | None:
        n, u = operands
        if n.is_number and not (n.is_Integer and 0 <= n <= LARGEST_ORDER):
            raise Unsupported(
                f"polygamma(n, u) has a whole number n from 0 to {LARGEST_ORDER}, "
                f"not {clip(str(n), 20)}"
            )
        return {S.Zero: digamma, S.One: trigamma}[n](u) if n in (S.Zero, S.One) else None

    def fdiff(self, argindex: int = 1) -> Expr:
        n, u = self.args
        return polygamma(n + 1, u)

    @staticmethod
    def terms_size(n: Expr, u: Expr) -> Expr:
        return sp.Abs(u * polygamma(n + 1, u))


def _of_logs(*operands: Expr) -> Expr:
    """How much rounding moves a sum of log |Γ|."""
    return sum((sp.Abs(loggamma(u)) + sp.Abs(u * digamma(u)) for u in operands), S.One)


class beta(NamedFunction):
    """beta(a, b) = gamma(a)*gamma(b)/gamma(a + b)."""

    nargs = 2
    exactly = staticmethod(lambda a, b: sp.gamma(a) * sp.gamma(b) / sp.gamma(a + b))

    def fdiff(self, argindex: int = 1) -> Expr:
        a, b = self.args if argindex == 1 else self.args[::-1]
        return -self * digamma_rise(a, b)

    @staticmethod
    def terms_size(a: Expr, b: Expr) -> Expr:
        return sp.Abs(beta(a, b)) * (1 + betaln.terms_size(a, b))


class betaln(NamedFunction):
    """betaln(a, b) = log(|beta(a, b)|)."""

    nargs = 2
    exactly = staticmethod(lambda a, b: sp.log(sp.Abs(beta.exactly(a, b))))

    def fdiff(self, argindex: int = 1) -> Expr:
        a, b = self.args if argindex == 1 else self.args[::-1]
        return -digamma_rise(a, b)

    @staticmethod
    def terms_size(a: Expr, b: Expr) -> Expr:
        """Below 0 it is made of three logs."""
        tight = sp.Abs(a * digamma_rise(a, b)) + sp.Abs(b * digamma_rise(b, a))
        return Piecewise((tight, (a > 0) & (b > 0)), (_of_logs(a, b, a + b), True))


class factorial(NamedFunction):
    """factorial(u) = gamma(1 + u), also between whole numbers."""

    exactly = staticmethod(sp.factorial)

    def fdiff(self, argindex: int = 1) -> Expr:
        return self * digamma(1 + self.args[0])

    @staticmethod
    def terms_size(u: Expr) -> Expr:
        return (1 + sp.Abs(u)) * sp.Abs(digamma(1 + u) * factorial(u))


class binomial(NamedFunction):
    """binomial(n, k) = gamma(n + 1)/(gamma(k + 1)*gamma(n - k + 1)), also between whole numbers."""

    nargs = 2
    exactly = staticmethod(lambda n, k: sp.gamma(n + 1) / (sp.gamma(k + 1) * sp.gamma(n - k + 1)))

    def fdiff(self, argindex: int = 1) -> Expr:
        n, k = self.args
        if argindex == 1:
            return self * digamma_rise(n - k + 1, k)
        return self * digamma_rise(k + 1, n - 2 * k)

    @staticmethod
    def terms_size(n: Expr, k: Expr) -> Expr:
        by_both = sp.Abs(n * digamma_rise(n - k + 1, k)) + sp.Abs(
            k * digamma_rise(k + 1, n - 2 * k)
        )
        apart = _of_logs(n + 1, k + 1, n - k + 1)
        inside = (k > -1) & (n - k > -1)
        return sp.Abs(binomial(n, k)) * Piecewise((1 + by_both, inside), (apart, True))


class loggamma_rise(NamedFunction):
    """loggamma_rise(u, k) = loggamma(u + k) - loggamma(u), the log of Pochhammer's symbol."""

    nargs = 2
    exactly = staticmethod(lambda u, k: loggamma.exactly(u + k) - loggamma.exactly(u))

    def fdiff(self, argindex: int = 1) -> Expr:
        u, k = self.args
        return digamma_rise(u, k) if argindex == 1 else digamma(u + k)

    @staticmethod
    def terms_size(u: Expr, k: Expr) -> Expr:
        tight = sp.Abs(u * digamma_rise(u, k)) + sp.Abs(k * digamma(u + k))
        return Piecewise((tight, (u > 0) & (u + k > 0)), (_of_logs(u, u + k), True))


class digamma_rise(NamedFunction):
    """digamma_rise(u, k) = digamma(u + k) - digamma(u)."""

    nargs = 2
    exactly = staticmethod(lambda u, k: sp.digamma(u + k) - sp.digamma(u))

    def fdiff(self, argindex: int = 1) -> Expr:
        u, k = self.args
        return trigamma_rise(u, k) if argindex == 1 else trigamma(u + k)

    @staticmethod
    def terms_size(u: Expr, k: Expr) -> Expr:
        tight = sp.Abs(u * trigamma_rise(u, k)) + sp.Abs(k * trigamma(u + k))
        apart = (sp.Abs(digamma(v)) + sp.Abs(v * trigamma(v)) for v in (u, u + k))
        return Piecewise((tight, (u > 0) & (u + k > 0)), (sum(apart, S.Zero), True))


class trigamma_rise(NamedFunction):
    """trigamma_rise(u, k) = trigamma(u + k) - trigamma(u)."""

    nargs = 2
    exactly = staticmethod(lambda u, k: sp.trigamma(u + k) - sp.trigamma(u))

    def fdiff(self, argindex: int = 1) -> Expr:
        u, k = self.args
        upper = polygamma(S(2), u + k)
        return upper - polygamma(S(2), u) if argindex == 1 else upper

    @staticmethod
    def terms_size(u: Expr, k: Expr) -> Expr:
        by_both = (sp.Abs(v * polygamma(S(2), v)) + trigamma(v) for v in (u, u + k))
        return Piecewise((S.Zero, (u > 0) & (u + k > 0)), (sum(by_both, S.Zero), True))


# -- what Stirling's formula leaves ----------------------------------------------------------------


class stirlerr(Elementary):
    """stirlerr(u), Stirling's error: loggamma(u) - (u - 1/2)*log(u) + u - log(2*pi)/2."""

    is_positive = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return loggamma(u) - (u - S.Half) * sp.log(u) + u - sp.log(2 * sp.pi) / 2

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return stirlerr_prime.elementary(u)


class stirlerr_prime(Slope):
    """stirlerr'(u) = digamma(u) - log(u) + 1/(2*u)."""

    of = stirlerr
    is_negative = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return digamma(u) - sp.log(u) + 1 / (2 * u)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return digammamlog_prime(u) - 1 / (2 * u**2)


class digammamlog(Elementary):
    """digammamlog(u) = digamma(u) - log(u)."""

    is_negative = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return digamma(u) - sp.log(u)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return digammamlog_prime.elementary(u)


class digammamlog_prime(Slope):
    """digammamlog'(u) = trigamma(u) - 1/u."""

    of = digammamlog
    is_positive = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return trigamma(u) - 1 / u

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return polygamma(S(2), u) + 1 / u**2


class log_wallis(Elementary):
    """log_wallis(u) = loggamma(u + 1/2) - loggamma(u) - log(u)/2, the log of Wallis' ratio."""

    is_negative = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return loggamma(u + S.Half) - loggamma(u) - sp.log(u) / 2

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return log_wallis_prime.elementary(u)


class log_wallis_prime(Slope):
    """log_wallis'(u) = digamma(u + 1/2) - digamma(u) - 1/(2*u)."""

    of = log_wallis
    is_positive = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return digamma(u + S.Half) - digamma(u) - 1 / (2 * u)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return trigamma_rise(u, S.Half) + 1 / (2 * u**2)


__all__ = [
    "beta",
    "betaln",
    "binomial",
    "digamma",
    "digamma_rise",
    "digammamlog",
    "digammamlog_prime",
    "factorial",
    "gamma",
    "log_wallis",
    "log_wallis_prime",
    "loggamma",
    "loggamma_rise",
    "polygamma",
    "stirlerr",
    "stirlerr_prime",
    "trigamma",
    "trigamma_rise",
]
