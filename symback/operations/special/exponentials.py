"""Quotients, products and differences of powers of e."""

from __future__ import annotations

import sympy as sp
from sympy import Expr, Piecewise, Rational, S

from symback.operations.functions import Elementary, Slope
from symback.operations.special.continued import unless_zero
from symback.operations.special.hyperbolic import log_sinhc


class exprel(Elementary):
    """exprel(u) = (exp(u) - 1)/u, and 1 at 0."""

    is_positive = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return unless_zero(u, (sp.exp(u) - 1) / u, 1 + u / 2 + u**2 / 6)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return exprel_prime.elementary(u)


class exprel_prime(Slope):
    """exprel'(u) = (exp(u)*(u - 1) + 1)/u**2, and 1/2 at 0."""

    of = exprel
    is_positive = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        inner = (sp.exp(u) * (u - 1) + 1) / u**2
        return unless_zero(u, inner, S.Half + u / 3)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        outer = (sp.exp(u) - 2 * exprel_prime(u)) / u
        return unless_zero(u, outer, Rational(1, 3))

    @classmethod
    def expanded(cls, u: Expr, value: Expr) -> Expr:
        return unless_zero(u, (sp.exp(u) - value) / u, S.Half)


class expm1over(Elementary):
    """expm1over(k, u) = (exp(k*u) - 1)/k, and u for k = 0: its slope by u is exp(k*u)."""

    nargs = 2

    @staticmethod
    def elementary(k: Expr, u: Expr) -> Expr:
        near = u * (1 + k * u / 2 + (k * u) ** 2 / 6)
        return unless_zero(k, (sp.exp(k * u) - 1) / k, near)

    @staticmethod
    def terms_size(k: Expr, u: Expr) -> Expr:
        return sp.Abs(u) * sp.exp(k * u)

    def fdiff(self, argindex: int = 1) -> Expr:
        k, u = self.args
        return u**2 * exprel_prime(k * u) if argindex == 1 else sp.exp(k * u)


class inv_exprel(Elementary):
    """inv_exprel(u) = u/(exp(u) - 1), and 1 at 0: what generates Bernoulli's numbers."""

    is_positive = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return unless_zero(u, u / (sp.exp(u) - 1), 1 - u / 2 + u**2 / 12)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return inv_exprel_prime.elementary(u)


class inv_exprel_prime(Slope):
    """inv_exprel'(u) = (exp(u)*(1 - u) - 1)/(exp(u) - 1)**2, and -1/2 at 0."""

    of = inv_exprel
    is_negative = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        inner = (sp.exp(u) * (1 - u) - 1) / (sp.exp(u) - 1) ** 2
        return unless_zero(u, inner, -S.Half + u / 6)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        below = sp.exp(u) - 1
        outer = -sp.exp(u) * (u + 2 * inv_exprel_prime(u) * below) / below**2
        return unless_zero(u, outer, Rational(1, 6))

    @classmethod
    def expanded(cls, u: Expr, value: Expr) -> Expr:
        return unless_zero(u, value * (1 - value - u) / u, -S.Half)


class overexpm1(Elementary):
    """overexpm1(x, r) = x/(exp(r*x) - 1), and 1/r for x = 0."""

    nargs = 2

    @staticmethod
    def elementary(x: Expr, r: Expr) -> Expr:
        near = (1 - r * x / 2 + (r * x) ** 2 / 12) / r
        return unless_zero(x, x / (sp.exp(r * x) - 1), near)

    @staticmethod
    def terms_size(x: Expr, r: Expr) -> Expr:
        return sp.Abs(x * inv_exprel_prime.elementary(r * x))

    def fdiff(self, argindex: int = 1) -> Expr:
        x, r = self.args
        if argindex == 1:
            return overexpm1_prime.elementary(x, r)
        return -sp.exp(-2 * log_sinhc(r * x / 2)) / r**2


class overexpm1_prime(Slope):
    """The derivative of overexpm1(x, r) by x, that of inv_exprel at r*x."""

    nargs = 2
    of = overexpm1
    is_negative = True

    @staticmethod
    def elementary(x: Expr, r: Expr) -> Expr:
        return inv_exprel_prime.elementary(r * x)

    @staticmethod
    def terms_size(x: Expr, r: Expr) -> Expr:
        return sp.Abs(r * x * inv_exprel_prime.elementary(r * x))

    def fdiff(self, argindex: int = 1) -> Expr:
        x, r = self.args
        return (r if argindex == 1 else x) * inv_exprel_prime.derivative(r * x)

    @classmethod
    def expanded(cls, x: Expr, r: Expr, value: Expr) -> Expr:
        return inv_exprel_prime.expanded(r * x, r * value)


class inv_expm1(Elementary):
    """inv_expm1(u) = 1/(exp(u) - 1)."""

    @classmethod
    def eval(cls, u: Expr) -> Expr | None:
        return None

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return 1 / (sp.exp(u) - 1)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return inv_expm1(u) * inv_expm1(-u)


class inv_add_exp(Elementary):
    """inv_add_exp(a, b, u) = 1/(a + b*exp(u)), whatever the signs of a and b."""

    nargs = 3

    @staticmethod
    def elementary(a: Expr, b: Expr, u: Expr) -> Expr:
        return 1 / (a + b * sp.exp(u))

    @staticmethod
    def terms_size(a: Expr, b: Expr, u: Expr) -> Expr:
        return (sp.Abs(a) + sp.Abs(b) * sp.exp(u)) / (a + b * sp.exp(u)) ** 2

    def fdiff(self, argindex: int = 1) -> Expr:
        return inv_add_exp_partials(self, *self.args)[argindex - 1]


class expshare(Elementary):
    """expshare(a, b, u) = a/(a + b*exp(u)), whatever the signs of a and b."""

    nargs = 3

    @staticmethod
    def elementary(a: Expr, b: Expr, u: Expr) -> Expr:
        return a / (a + b * sp.exp(u))

    @staticmethod
    def terms_size(a: Expr, b: Expr, u: Expr) -> Expr:
        return sp.Abs(a) * inv_add_exp.terms_size(a, b, u)

    def fdiff(self, argindex: int = 1) -> Expr:
        return expshare_partials(self, *self.args)[argindex - 1]


def expshare_partials(v: Expr, a: Expr, b: Expr, u: Expr) -> tuple[Expr, ...]:
    both = inv_add_exp(a, b, u) * inv_add_exp(b, a, -u)  # exp(u)/(a + b·exp(u))²
    return b * both, -a * both, -a * b * both


def inv_add_exp_partials(v: Expr, a: Expr, b: Expr, u: Expr) -> tuple[Expr, ...]:
    """By a, b and u; exp(u)*v is the same function with a and b exchanged."""
    other = inv_add_exp(b, a, -u)
    return -(v**2), -v * other, -b * v * other


class expdiff(Elementary):
    """expdiff(a, b) = exp(a) - exp(b)."""

    nargs = 2

    @staticmethod
    def elementary(a: Expr, b: Expr) -> Expr:
        return sp.exp(a) - sp.exp(b)

    def fdiff(self, argindex: int = 1) -> Expr:
        a, b = self.args
        return sp.exp(a) if argindex == 1 else -sp.exp(b)


class expdivdiff(Elementary):
    """expdivdiff(a, b, t) = (exp(a*t) - exp(b*t))/(a - b), and t*exp(a*t) where a = b."""

    nargs = 3

    @staticmethod
    def elementary(a: Expr, b: Expr, t: Expr) -> Expr:
        d = (a - b) * t
        near = t * sp.exp(b * t) * (1 + d / 2 + d**2 / 6)
        return unless_zero(a - b, (sp.exp(a * t) - sp.exp(b * t)) / (a - b), near)

    @staticmethod
    def terms_size(a: Expr, b: Expr, t: Expr) -> Expr:
        return sp.Abs(t) * (sp.Abs(a) + sp.Abs(b)) * sp.Abs(expdivdiff.elementary(a, b, t))

    def fdiff(self, argindex: int = 1) -> Expr:
        return expdivdiff_partials(self, *self.args)[argindex - 1]


def expdivdiff_partials(v: Expr, a: Expr, b: Expr, t: Expr) -> tuple[Expr, ...]:
    """By t it is exp(b·t) + a·v as well as exp(a·t) + b·v; the first does not cancel for a > b."""
    by_t = sp.exp(sp.Min(a, b) * t) + sp.Max(a, b) * v
    return t**2 * expdivdiff2(a * t, b * t), t**2 * expdivdiff2(b * t, a * t), by_t


class expdivdiff2(Elementary):
    """expdivdiff2(a, b), the derivative of (exp(a) - exp(b))/(a - b) by a."""

    nargs = 2
    is_positive = True

    @staticmethod
    def elementary(a: Expr, b: Expr) -> Expr:
        d = a - b
        inner = (sp.exp(a) * (d - 1) + sp.exp(b)) / d**2
        return unless_zero(d, inner, sp.exp(b) * (S.Half + d / 3))

    def fdiff(self, argindex: int = 1) -> Expr:
        a, b = self.args
        if argindex == 1:
            inner, near = sp.exp(a) - 2 * self, sp.exp((3 * a + b) / 4) / 3
        else:  # the slopes of these means are right as well where a = b
            inner, near = self - expdivdiff2(b, a), sp.exp((a + b) / 2) / 6
        return unless_zero(a - b, inner / (a - b), near)


class bateman(Elementary):
    """bateman(k, m, t) = k*(exp(-m*t) - exp(-k*t))/(k - m), and k*t*exp(-k*t) where k = m.

    What is between two decays (Bateman 1910), as a drug between absorption and elimination.
    """

    nargs = 3

    @staticmethod
    def elementary(k: Expr, m: Expr, t: Expr) -> Expr:
        return k * expdivdiff.elementary(-m, -k, t)

    @staticmethod
    def terms_size(k: Expr, m: Expr, t: Expr) -> Expr:
        return sp.Abs(k) * expdivdiff.terms_size(-m, -k, t)

    def fdiff(self, argindex: int = 1) -> Expr:
        k, m, t = self.args
        others = bateman_partials(self, k, m, t)
        return bateman_prime.elementary(k, m, t) if argindex == 1 else others[argindex - 2]


def bateman_partials(v: Expr, k: Expr, m: Expr, t: Expr) -> tuple[Expr, Expr]:
    """By m and t."""
    by_t = k * sp.exp(-sp.Max(k, m) * t) - sp.Min(k, m) * v
    return -k * t**2 * expdivdiff2(-m * t, -k * t), by_t


class bateman_prime(Slope):
    """The derivative of bateman(k, m, t) by k."""

    nargs = 3
    of = bateman

    @staticmethod
    def elementary(k: Expr, m: Expr, t: Expr) -> Expr:
        d = (k - m) * t
        whole = (k * t * sp.exp(-k * t) - m * expdivdiff.elementary(-m, -k, t)) / (k - m)
        near = t * sp.exp(-m * t) * (1 - d / 2 - k * t * (S.Half - d / 3))
        return unless_zero(k - m, whole, near)

    @staticmethod
    def terms_size(k: Expr, m: Expr, t: Expr) -> Expr:
        larger = sp.exp(sp.Max(-k * t, -m * t))
        return sp.Abs(t) * larger * (1 + sp.Abs(k * t)) * (1 + sp.Abs(k * t) + sp.Abs(m * t))

    def fdiff(self, argindex: int = 1) -> Expr:
        places = [sp.Dummy(real=True) for _ in self.args]
        slope = sp.diff(self.elementary(*places), places[argindex - 1])
        return slope.xreplace(dict(zip(places, self.args, strict=True)))

    @classmethod
    def expanded(cls, k: Expr, m: Expr, t: Expr, value: Expr) -> Expr:
        whole = (k * t * sp.exp(-k * t) - m * value / k) / (k - m)
        return Piecewise((cls.elementary(k, m, t), sp.Eq(k, 0) | sp.Eq(k, m)), (whole, True))


class expexp(Elementary):
    """expexp(a, b, u) = exp(a + b*exp(u)), as in the curve of Gompertz and Gumbel's density."""

    nargs = 3

    @staticmethod
    def elementary(a: Expr, b: Expr, u: Expr) -> Expr:
        return sp.exp(a + b * sp.exp(u))

    @staticmethod
    def terms_size(a: Expr, b: Expr, u: Expr) -> Expr:
        return (sp.Abs(a) + sp.Abs(b) * sp.exp(u)) * sp.exp(a + b * sp.exp(u))

    def fdiff(self, argindex: int = 1) -> Expr:
        return expexp_partials(self, *self.args)[argindex - 1]


def expexp_partials(v: Expr, a: Expr, b: Expr, u: Expr) -> tuple[Expr, ...]:
    """By a, b and u; exp(u)*v is the same function with the exponent a + u."""
    other = expexp(a + u, b, u)
    return v, other, b * other


class expm1exp(Elementary):
    """expm1exp(b, u) = exp(b*exp(u)) - 1, as in the complementary log-log model."""

    nargs = 2

    @staticmethod
    def elementary(b: Expr, u: Expr) -> Expr:
        return sp.exp(b * sp.exp(u)) - 1

    @staticmethod
    def terms_size(b: Expr, u: Expr) -> Expr:
        return sp.Abs(b) * sp.exp(u + b * sp.exp(u))

    def fdiff(self, argindex: int = 1) -> Expr:
        b, u = self.args
        by_b = expexp(u, b, u)
        return by_b if argindex == 1 else b * by_b


class logwsumexp(Elementary):
    """logwsumexp(w1, u1, w2, u2, …) = log(w1*exp(u1) + w2*exp(u2) + …), weights of any sign."""

    nargs = None

    @staticmethod
    def elementary(*operands: Expr) -> Expr:
        pairs = zip(operands[::2], operands[1::2], strict=True)
        return sp.log(sp.Add(*(w * sp.exp(u) for w, u in pairs)))

    @staticmethod
    def terms_size(*operands: Expr) -> Expr:
        pairs = list(zip(operands[::2], operands[1::2], strict=True))
        whole = sp.Add(*(w * sp.exp(u) for w, u in pairs))
        size: Expr = S.NegativeOne
        for w, u in pairs:
            log = Piecewise((sp.Abs(sp.log(sp.Abs(w))), sp.Ne(w, 0)), (0, True))
            size += sp.Abs(w) * sp.exp(u) / whole * (1 + sp.Abs(u) + log)
        return size

    def fdiff(self, argindex: int = 1) -> Expr:
        return logwsumexp_partials(self, *self.args)[argindex - 1]


def logwsumexp_partials(v: Expr, *operands: Expr) -> tuple[Expr, ...]:
    """exp(u - v) and w·exp(u - v), over what these add up to: 1, but for the rounding of v."""
    weights, shares = operands[::2], [sp.exp(u - v) for u in operands[1::2]]
    whole = sp.Add(*(w * share for w, share in zip(weights, shares, strict=True)))
    return tuple(
        part / whole
        for w, share in zip(weights, shares, strict=True)
        for part in (share, w * share)
    )


__all__ = [
    "bateman",
    "bateman_partials",
    "bateman_prime",
    "expdiff",
    "expdivdiff",
    "expdivdiff2",
    "expdivdiff_partials",
    "expexp",
    "expexp_partials",
    "expm1exp",
    "expm1over",
    "exprel",
    "exprel_prime",
    "expshare",
    "expshare_partials",
    "inv_add_exp",
    "inv_add_exp_partials",
    "inv_expm1",
    "inv_exprel",
    "inv_exprel_prime",
    "logwsumexp",
    "logwsumexp_partials",
    "overexpm1",
    "overexpm1_prime",
]
