"""Functions that stand where a quotient, difference or logarithm loses its digits as typed.

Each is stated in SymPy's own functions, and at a removable singularity by its first terms in the
series of Taylor, so that value and slope are right there as well. Where SciPy has one, it has
SciPy's name. `terms_size` is by how much rounding inside the kernel, as of k*u, moves the value.
The module is long because it has a small class for each.
"""

from __future__ import annotations

import sympy as sp
from sympy import Expr, Piecewise, Rational, S
from sympy.codegen.cfunctions import hypot, log1p

from symback.operations.functions import Elementary, Slope


def _unless_zero(u: Expr, whole: Expr, near: Expr) -> Expr:
    """The whole formula, but `near` where u = 0."""
    return Piecewise((whole, sp.Ne(u, 0)), (near, True))


def _erfc(u: Expr) -> Expr:
    """SymPy's erfc, not 2 - erfc(u) for erfc(-u)."""
    return sp.erfc(u, evaluate=False)


# -- quotients of powers of e ----------------------------------------------------------------------


class exprel(Elementary):
    """exprel(u) = (exp(u) - 1)/u, and 1 at 0."""

    is_positive = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return _unless_zero(u, (sp.exp(u) - 1) / u, 1 + u / 2 + u**2 / 6)

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
        return _unless_zero(u, inner, S.Half + u / 3)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        outer = (sp.exp(u) - 2 * exprel_prime(u)) / u
        return _unless_zero(u, outer, Rational(1, 3))

    @classmethod
    def expanded(cls, u: Expr, value: Expr) -> Expr:
        return _unless_zero(u, (sp.exp(u) - value) / u, S.Half)


class expm1over(Elementary):
    """expm1over(k, u) = (exp(k*u) - 1)/k, and u for k = 0: its slope by u is exp(k*u)."""

    nargs = 2

    @staticmethod
    def elementary(k: Expr, u: Expr) -> Expr:
        near = u * (1 + k * u / 2 + (k * u) ** 2 / 6)
        return _unless_zero(k, (sp.exp(k * u) - 1) / k, near)

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
        return _unless_zero(u, u / (sp.exp(u) - 1), 1 - u / 2 + u**2 / 12)

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
        return _unless_zero(u, inner, -S.Half + u / 6)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        below = sp.exp(u) - 1
        outer = -sp.exp(u) * (u + 2 * inv_exprel_prime(u) * below) / below**2
        return _unless_zero(u, outer, Rational(1, 6))

    @classmethod
    def expanded(cls, u: Expr, value: Expr) -> Expr:
        return _unless_zero(u, value * (1 - value - u) / u, -S.Half)


class overexpm1(Elementary):
    """overexpm1(x, r) = x/(exp(r*x) - 1), and 1/r for x = 0."""

    nargs = 2

    @staticmethod
    def elementary(x: Expr, r: Expr) -> Expr:
        near = (1 - r * x / 2 + (r * x) ** 2 / 12) / r
        return _unless_zero(x, x / (sp.exp(r * x) - 1), near)

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
        return _unless_zero(a - b, (sp.exp(a * t) - sp.exp(b * t)) / (a - b), near)

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
        return _unless_zero(d, inner, sp.exp(b) * (S.Half + d / 3))

    def fdiff(self, argindex: int = 1) -> Expr:
        a, b = self.args
        if argindex == 1:
            inner, near = sp.exp(a) - 2 * self, sp.exp(a) / 3
        else:
            inner, near = self - expdivdiff2(b, a), sp.exp(a) / 6
        return _unless_zero(a - b, inner / (a - b), near)


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


# -- powers beside 1 -------------------------------------------------------------------------------


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


class boxcox(Elementary):
    """boxcox(x, k) = (x**k - 1)/k, and log(x) for k = 0 (Box and Cox 1964)."""

    nargs = 2

    @staticmethod
    def elementary(x: Expr, k: Expr) -> Expr:
        near = sp.log(x) + k * sp.log(x) ** 2 / 2 + k**2 * sp.log(x) ** 3 / 6
        return _unless_zero(k, (x**k - 1) / k, near)

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
        return _unless_zero(k, inner, sp.log(x) ** 2 / 2 + k * sp.log(x) ** 3 / 3)

    def fdiff(self, argindex: int = 1) -> Expr:
        x, k = self.args
        if argindex == 1:
            return x ** (k - 1) * sp.log(x)
        outer = (x**k * sp.log(x) ** 2 - 2 * boxcox_prime(x, k)) / k
        return _unless_zero(k, outer, sp.log(x) ** 3 / 3)

    @classmethod
    def expanded(cls, x: Expr, k: Expr, value: Expr) -> Expr:
        inner = (x**k * sp.log(x) - value) / k
        return _unless_zero(k, inner, sp.log(x) ** 2 / 2)


# -- hyperbolic and inverse trigonometric functions ------------------------------------------------


class log_sinhc(Elementary):
    """log_sinhc(u) = log(sinh(u)/u), and 0 at 0."""

    is_nonnegative = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return _unless_zero(u, sp.log(sp.sinh(u) / u), u**2 / 6)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return langevin.elementary(u)


class langevin(Elementary):
    """langevin(u) = coth(u) - 1/u, and 0 at 0 (Langevin 1905)."""

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return _unless_zero(u, 1 / sp.tanh(u) - 1 / u, u / 3)

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
        return _unless_zero(u, inner, Rational(1, 3) - u**2 / 15)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        outer = 2 * sp.cosh(u) / sp.sinh(u) ** 3 - 2 / u**3
        return _unless_zero(u, outer, -2 * u / 15)

    @classmethod
    def expanded(cls, u: Expr, value: Expr) -> Expr:
        inner = 1 - value * (value + 2 / u)  # as coth² = 1 + 1/sinh²
        return _unless_zero(u, inner, Rational(1, 3))


class tanhc(Elementary):
    """tanhc(u) = tanh(u)/u, and 1 at 0."""

    is_positive = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return _unless_zero(u, sp.tanh(u) / u, 1 - u**2 / 3)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return tanhc_prime.elementary(u)


class tanhc_prime(Slope):
    """tanhc'(u) = (1 - tanh(u)**2 - tanh(u)/u)/u, and 0 at 0."""

    of = tanhc

    @staticmethod
    def elementary(u: Expr) -> Expr:
        inner = (1 / sp.cosh(u) ** 2 - sp.tanh(u) / u) / u
        return _unless_zero(u, inner, -2 * u / 3)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        outer = -2 * (sp.tanh(u) / sp.cosh(u) ** 2 + tanhc_prime(u)) / u
        return _unless_zero(u, outer, Rational(-2, 3))

    @classmethod
    def expanded(cls, u: Expr, value: Expr) -> Expr:
        return _unless_zero(u, (1 - u**2 * value**2 - value) / u, S.Zero)


class acosc(Elementary):
    """acosc(w) = acos(w)/sqrt(1 - w**2), and 1 at 1: an angle over its sine, by its cosine."""

    is_positive = True

    @classmethod
    def eval(cls, w: Expr) -> Expr | None:
        return None

    @staticmethod
    def elementary(w: Expr) -> Expr:
        near = 1 - (w - 1) / 3 + 2 * (w - 1) ** 2 / 15
        return _unless_zero(w - 1, sp.acos(w) / sp.sqrt(1 - w**2), near)

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
        return _unless_zero(w - 1, inner, Rational(-1, 3) + 4 * (w - 1) / 15)

    @staticmethod
    def derivative(w: Expr) -> Expr:
        outer = (acosc(w) + 3 * w * acosc_prime(w)) / (1 - w**2)
        return _unless_zero(w - 1, outer, Rational(4, 15))

    @classmethod
    def expanded(cls, w: Expr, value: Expr) -> Expr:
        return _unless_zero(w - 1, (w * value - 1) / (1 - w**2), Rational(-1, 3))


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


# -- the normal distribution -----------------------------------------------------------------------


class erfcx(Elementary):
    """erfcx(u) = exp(u**2)*erfc(u)."""

    is_positive = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return sp.exp(u**2) * _erfc(u)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return erfcx_prime.elementary(u)


class erfcx_prime(Slope):
    """erfcx'(u) = 2*u*erfcx(u) - 2/sqrt(pi)."""

    of = erfcx
    is_negative = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return 2 * u * sp.exp(u**2) * _erfc(u) - 2 / sp.sqrt(sp.pi)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return 2 * erfcx(u) + 2 * u * erfcx_prime(u)

    @classmethod
    def expanded(cls, u: Expr, value: Expr) -> Expr:
        return 2 * u * value - 2 / sp.sqrt(sp.pi)


class log_erfc(Elementary):
    """log_erfc(u) = log(erfc(u))."""

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return sp.log(_erfc(u))

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return -2 / sp.sqrt(sp.pi) / erfcx(u)


class log_ndtr(Elementary):
    """log_ndtr(u), the log of the standard normal distribution function, (1 + erf(u/sqrt(2)))/2."""

    is_negative = True

    @classmethod
    def eval(cls, u: Expr) -> Expr | None:
        return None

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return sp.log(_erfc(-u / sp.sqrt(2)) / 2)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return sp.sqrt(2 / sp.pi) / erfcx(-u / sp.sqrt(2))


__all__ = [
    "acosc",
    "acosc_prime",
    "boxcox",
    "boxcox_prime",
    "erfcx",
    "erfcx_prime",
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
    "hypotsub",
    "inv_add_exp",
    "inv_add_exp_partials",
    "inv_expm1",
    "inv_exprel",
    "inv_exprel_prime",
    "langevin",
    "langevin_prime",
    "log_erfc",
    "log_ndtr",
    "log_sinhc",
    "logwsumexp",
    "logwsumexp_partials",
    "overexpm1",
    "overexpm1_prime",
    "pow1p",
    "pow1pm1",
    "powm1",
    "sqrtsub",
    "tanhc",
    "tanhc_prime",
]
