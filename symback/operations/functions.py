"""Functions that SymPy lacks, each stated in SymPy's own, and slopes that are kept as one sign.

What circuits may call, under which names and with which partials, is the table of
`symback.operations.elementwise`. The module is long because it has a small class for each.
"""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy import Expr, Function, Piecewise, Rational, S
from sympy.codegen.cfunctions import expm1


class Elementary(Function):
    """A smooth or piecewise function of real numbers that SymPy does not have.

    A subclass states its meaning in SymPy's own functions (`elementary`) and its partials: one
    (`derivative`), or that by each operand (`fdiff`). Where it is 0 at places of no round number,
    `terms_size` is the sum of the sizes of the terms that cancel there.
    """

    nargs: Any = 1
    is_extended_real = True

    @staticmethod
    def elementary(*operands: Expr) -> Expr:
        raise NotImplementedError

    @staticmethod
    def derivative(*operands: Expr) -> Expr:
        raise NotImplementedError

    @classmethod
    def eval(cls, *operands: Expr) -> Expr | None:
        if len(operands) != 1 or not operands[0].is_number:  # of names SymPy would ask for long
            return None
        return cls.elementary(*operands) if operands[0].is_zero else None

    def fdiff(self, argindex: int = 1) -> Expr:
        return self.derivative(*self.args)

    def doit(self, **hints: Any) -> Expr:
        return self.func(*(a.doit(**hints) for a in self.args))

    def _eval_evalf(self, prec: int) -> Expr:
        return self.elementary(*self.args)._eval_evalf(prec)

    def _eval_rewrite_as_exp(self, *operands: Expr, **hints: Any) -> Expr:
        return self.elementary(*operands)

    def _print_elementary(self, printer: Any) -> str:
        return f"({printer._print(self.elementary(*self.args))})"  # it may be a factor

    # SymPy's code printers (lambdify among them) look for these names.
    _numpycode = _pythoncode = _mpmathcode = _scipycode = _print_elementary


class sigma(Elementary):
    """The logistic function sigma(u) = 1/(1 + exp(-u))."""

    is_positive = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return 1 / (1 + sp.exp(-u))

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return sigma(u) * (1 - sigma(u))


class erfc(sp.erfc):
    """SymPy's erfc, whose operand stays as it is.

    SymPy turns erfc(-u) into 2 - erfc(u), which has no digits where u is large.
    """

    @classmethod
    def eval(cls, u: Expr) -> Expr | None:
        return sp.erfc(u) if u.is_number and u.is_zero else None


class softplus(Elementary):
    """softplus(u) = log(1 + exp(u))."""

    is_positive = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return sp.log(1 + sp.exp(u))

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return sigma(u)


class cbrt(Elementary):
    """The real cube root, negative for negative numbers."""

    @staticmethod
    def elementary(u: Expr) -> Expr:
        third = Rational(1, 3)
        return Piecewise((u**third, u >= 0), (-((-u) ** third), True))

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return 1 / (3 * cbrt(u) ** 2)


class logsigmoid(Elementary):
    """logsigmoid(u) = log(sigma(u)) = -log(1 + exp(-u))."""

    is_negative = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return -sp.log(1 + sp.exp(-u))

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return sigma(-u)


class relu(Elementary):
    """relu(u) = u where u > 0, else 0."""

    is_nonnegative = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return Piecewise((0, u <= 0), (u, True))  # NaN stays NaN

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return Piecewise((1, u > 0), (0, True))


class relu_at(Elementary):
    """relu_at(u, k) = relu(u), whose derivative at the kink u = 0 is the number k."""

    nargs = 2
    is_nonnegative = True

    @staticmethod
    def elementary(u: Expr, k: Expr) -> Expr:
        return Piecewise((u, u > 0), (0, u < 0), (k * u, True))

    @staticmethod
    def derivative(u: Expr, k: Expr) -> Expr:
        return Piecewise((1, u > 0), (k, sp.Eq(u, 0)), (0, True))

    def fdiff(self, argindex: int = 1) -> Expr:
        return self.derivative(*self.args) if argindex == 1 else S.Zero


class abs_at(relu_at):
    """abs_at(u, k) = |u|, whose derivative at the kink u = 0 is the number k."""

    @staticmethod
    def elementary(u: Expr, k: Expr) -> Expr:
        return Piecewise((u, u > 0), (-u, u < 0), (k * u, True))

    @staticmethod
    def derivative(u: Expr, k: Expr) -> Expr:
        return Piecewise((1, u > 0), (k, sp.Eq(u, 0)), (-1, True))


class max_at(Elementary):
    """max_at(a, b, k) = max(a, b), whose derivative by a is the number k where a = b.

    That by b is 1 - k there.
    """

    nargs = 3

    @staticmethod
    def elementary(a: Expr, b: Expr, k: Expr) -> Expr:
        return Piecewise((a, a > b), (b, a < b), (_at_tie(a, b, k), True))

    @staticmethod
    def derivative(a: Expr, b: Expr, k: Expr) -> Expr:
        return Piecewise((1, a > b), (k, sp.Eq(a, b)), (0, True))

    def fdiff(self, argindex: int = 1) -> Expr:
        a, b, k = self.args
        if argindex == 3:
            return S.Zero
        return self.derivative(a, b, k) if argindex == 1 else self.derivative(b, a, 1 - k)


class min_at(max_at):
    """min_at(a, b, k) = min(a, b), whose derivative by a is the number k where a = b."""

    @staticmethod
    def elementary(a: Expr, b: Expr, k: Expr) -> Expr:
        return Piecewise((a, a < b), (b, a > b), (_at_tie(a, b, k), True))

    @staticmethod
    def derivative(a: Expr, b: Expr, k: Expr) -> Expr:
        return Piecewise((1, a < b), (k, sp.Eq(a, b)), (0, True))


def _at_tie(a: Expr, b: Expr, k: Expr) -> Expr:
    """Either of two equal numbers, a with the slope k; NaN where one of them is."""
    return k * a + (1 - k) * b + (a - b) ** 2


class silu(Elementary):
    """silu(u) = u*sigma(u) (Elfwing, Uchibe and Doya 2018)."""

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return u / (1 + sp.exp(-u))

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return sigma(u) * (1 + u * (1 - sigma(u)))


class gelu(Elementary):
    """gelu(u) = u*(1 + erf(u/sqrt(2)))/2 (Hendrycks and Gimpel 2016)."""

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return u * (1 + sp.erf(u / sp.sqrt(2))) / 2

    @staticmethod
    def derivative(u: Expr) -> Expr:
        density = sp.exp(-(u**2) / 2) / sp.sqrt(2 * sp.pi)
        return (1 + sp.erf(u / sp.sqrt(2))) / 2 + u * density


class log1psq(Elementary):
    """log1psq(u) = log(1 + u**2), which overflows nowhere and keeps the digits of a small u."""

    is_nonnegative = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return sp.log(1 + u**2)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return 2 * u / (1 + u**2)


class log1mexp(Elementary):
    """log1mexp(u) = log(1 - exp(u)) for u < 0 (Mächler 2012, vignette of the R package Rmpfr)."""

    is_negative = True

    @classmethod
    def eval(cls, u: Expr) -> Expr | None:
        return None

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return sp.log(1 - sp.exp(u))

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return sp.exp(u) / expm1(u)


class logcosh(Elementary):
    """logcosh(u) = log(cosh(u))."""

    is_nonnegative = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return sp.log(sp.cosh(u))

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return sp.tanh(u)


class logaddexp(Elementary):
    """logaddexp(a, b) = log(exp(a) + exp(b))."""

    nargs = 2

    @staticmethod
    def elementary(a: Expr, b: Expr) -> Expr:
        return sp.log(sp.exp(a) + sp.exp(b))

    @staticmethod
    def terms_size(a: Expr, b: Expr) -> Expr:
        """It is the larger operand and a softplus."""
        return sp.Abs(sp.Max(a, b)) + softplus(-sp.Abs(a - b))

    def fdiff(self, argindex: int = 1) -> Expr:
        a, b = self.args
        return sigma(a - b) if argindex == 1 else sigma(b - a)


class binary_cross_entropy(Elementary):
    """-t*log(sigma(z)) - (1 - t)*log(1 - sigma(z)) = softplus(z) - t*z, without its cancellation.

    For z > 0 and t = 1 the difference has no digits; t*softplus(-z) + (1 - t)*softplus(z) has all.
    """

    nargs = 2

    @staticmethod
    def elementary(z: Expr, t: Expr) -> Expr:
        return t * sp.log(1 + sp.exp(-z)) + (1 - t) * sp.log(1 + sp.exp(z))

    @staticmethod
    def terms_size(z: Expr, t: Expr) -> Expr:
        return softplus(-sp.Abs(z)) + sp.Abs(z) * (sp.Abs(t) + sp.Abs(1 - t))

    def fdiff(self, argindex: int = 1) -> Expr:
        z, t = self.args
        return sigma(z) - t if argindex == 1 else -z


class Slope(Elementary):
    """The derivative of an operation by its first operand, kept as one symbol: sigma_prime(u)
    stands for sigma'(u). `by` says it where the derivative is that by another operand.
    """

    of: type[Function]
    by: int = 1

    @classmethod
    def eval(cls, *operands: Expr) -> Expr | None:
        return None

    @classmethod
    def expanded(cls, *operands_and_value: Expr) -> Expr:
        """The derivative over the operands and, last, the operation's value."""
        *operands, value = operands_and_value
        applied = cls.of(*operands)
        return applied.fdiff(cls.by).xreplace({applied: value})

    @property
    def written(self) -> Expr:
        """The derivative written out: sigma(u)*(1 - sigma(u)) for sigma_prime(u)."""
        return self.of(*self.args).fdiff(self.by)


class sigma_prime(Slope):
    """sigma'(u) = sigma(u)*(1 - sigma(u))."""

    of = sigma
    is_positive = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return 1 / (2 + sp.exp(u) + sp.exp(-u))

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return sigma_prime(u) * (1 - 2 * sigma(u))


class tanh_prime(Slope):
    """tanh'(u) = 1 - tanh(u)**2."""

    of = sp.tanh
    is_nonnegative = True

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return 1 / sp.cosh(u) ** 2

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return -2 * sp.tanh(u) * tanh_prime(u)


class silu_prime(Slope):
    """silu'(u) = sigma(u)*(1 + u*(1 - sigma(u)))."""

    of = silu

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return sp.diff(silu.elementary(u), u) if u.is_Symbol else silu.derivative(u)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return sigma_prime(u) * (2 + u * (1 - 2 * sigma(u)))

    @classmethod
    def expanded(cls, u: Expr, value: Expr) -> Expr:
        return sigma(u) + value * (1 - sigma(u))


class gelu_prime(Slope):
    """gelu'(u) = (1 + erf(u/sqrt(2)))/2 + u*exp(-u**2/2)/sqrt(2*pi)."""

    of = gelu

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return gelu.derivative(u)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return (2 - u**2) * sp.exp(-(u**2) / 2) / sp.sqrt(2 * sp.pi)


class sinc_prime(Slope):
    """sinc'(u) = (cos(u) - sinc(u))/u, and 0 at 0."""

    of = sp.sinc

    @staticmethod
    def elementary(u: Expr) -> Expr:
        inner = (u * sp.cos(u) - sp.sin(u)) / u**2
        return Piecewise((inner, sp.Ne(u, 0)), (0, True))

    @staticmethod
    def terms_size(u: Expr) -> Expr:
        far = (sp.Abs(sp.cos(u)) + sp.Abs(sp.sinc(u))) / sp.Abs(u)
        return Piecewise((far, sp.Abs(u) > 2), (0, True))

    @staticmethod
    def derivative(u: Expr) -> Expr:
        outer = -(sp.sinc(u) + 2 * sinc_prime(u) / u)  # from u·sinc″ + 2·sinc′ + u·sinc = 0
        return Piecewise((outer, sp.Ne(u, 0)), (Rational(-1, 3), True))

    @classmethod
    def expanded(cls, u: Expr, value: Expr) -> Expr:
        return Piecewise(((sp.cos(u) - value) / u, sp.Ne(u, 0)), (0, True))


class binary_cross_entropy_prime(Slope):
    """The derivative by z, sigma(z) - t."""

    nargs = 2
    of = binary_cross_entropy

    @staticmethod
    def elementary(z: Expr, t: Expr) -> Expr:
        return 1 / (1 + sp.exp(-z)) - t

    @staticmethod
    def terms_size(z: Expr, t: Expr) -> Expr:
        return sigma(-sp.Abs(z)) + sp.Max(sp.Abs(t), sp.Abs(1 - t))

    def fdiff(self, argindex: int = 1) -> Expr:
        return sigma_prime(self.args[0]) if argindex == 1 else S.NegativeOne


class log1psq_prime(Slope):
    """log1psq'(u) = 2*u/(1 + u**2)."""

    of = log1psq

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return log1psq.derivative(u)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return 2 * (1 - u) * (1 + u) / (1 + u**2) ** 2


__all__ = [
    "Elementary",
    "Slope",
    "abs_at",
    "binary_cross_entropy",
    "binary_cross_entropy_prime",
    "gelu",
    "gelu_prime",
    "log1mexp",
    "log1psq",
    "log1psq_prime",
    "logaddexp",
    "logcosh",
    "logsigmoid",
    "max_at",
    "min_at",
    "relu",
    "relu_at",
    "sigma",
    "sigma_prime",
    "silu",
    "silu_prime",
    "sinc_prime",
    "softplus",
    "tanh_prime",
]
