"""Functions that stand in partials, and are computed with care where the plain form is not defined.

People read the plain form: b·a^(b−1), v·log(a), a/v. At the edge of a domain that form is 0·∞ or
0/0; what holds there instead is said by each class, by its kernels and by its enclosure in balls.
No circuit has these functions.
"""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy import Expr, Function, S

from symback.operations.expressions import compounds, postorder
from symback.operations.functions import cbrt, sigma


class Careful(Function):
    """A function with a plain form that is equal inside the domain."""

    nargs: Any = 1
    is_extended_real = True

    @staticmethod
    def plain(*operands: Expr) -> Expr:
        raise NotImplementedError

    @classmethod
    def eval(cls, *operands: Expr) -> None:
        return None

    def fdiff(self, argindex: int = 1) -> Expr:
        places = [sp.Dummy(real=True) for _ in self.args]
        slope = sp.diff(self.plain(*places), places[argindex - 1])
        return slope.xreplace(dict(zip(places, self.args, strict=True)))

    def _eval_evalf(self, prec: int) -> Expr:
        return self.plain(*self.args)._eval_evalf(prec)

    def _print_plain(self, printer: Any) -> str:
        return str(printer._print(self.plain(*self.args)))

    # SymPy's code printers (lambdify among them) look for these names.
    _numpycode = _pythoncode = _mpmathcode = _scipycode = _print_plain


class over_square(Careful):
    """over_square(a, b) = a/b**2, computed as (a/b)/b: b**2 may overflow where the value does
    not."""

    nargs = 2

    @staticmethod
    def plain(a: Expr, b: Expr) -> Expr:
        return a / b**2


class nonzero(Careful):
    """nonzero(v) = v, and infinity where v is 0: what is divided by it is 0 there."""

    @staticmethod
    def plain(v: Expr) -> Expr:
        return v


class nonvanishing(Careful):
    """nonvanishing(v) = v, and 1 where v is 0: over 0 it is infinite, where 0/0 is not a number."""

    @staticmethod
    def plain(v: Expr) -> Expr:
        return v


class zero_over(Careful):
    """zero_over(a, b) = a/b, and 0 where a is 0, whatever b is."""

    nargs = 2

    @staticmethod
    def plain(a: Expr, b: Expr) -> Expr:
        return a / b


class over_root(Careful):
    """over_root(v) = 1/v of a root and of what it is taken of, which have no sign: ∞ where v is 0.

    Only the numbers of a derivation have it, where the zero of a ball has no sign; floats have one.
    """

    @staticmethod
    def plain(v: Expr) -> Expr:
        return 1 / v


class power_slope(Careful):
    """power_slope(a, b) = b*a**(b - 1), the partial of a**b by a, and 0 where b is 0."""

    nargs = 2

    @staticmethod
    def plain(a: Expr, b: Expr) -> Expr:
        return b * a ** (b - 1)


class root_slope(power_slope):
    """The same for an a that is never negative; 0 also where a is 0 and 0 < b < 1.

    A root is least where what it is taken of is 0.
    """


class power_log(Careful):
    """power_log(v, a) = v*log(a), the partial of v = a**b by b, and 0 where v is 0."""

    nargs = 2

    @staticmethod
    def plain(v: Expr, a: Expr) -> Expr:
        return v * sp.log(a)


class exp_share(Careful):
    """exp_share(a, b) = sigma(a - b), the share of exp(a) in exp(a) + exp(b).

    It is 1/2 where the two are equal, also where both are infinite.
    """

    nargs = 2

    @staticmethod
    def plain(a: Expr, b: Expr) -> Expr:
        return sigma(a - b)

    @staticmethod
    def terms_size(a: Expr, b: Expr) -> Expr:
        return sp.Abs(a - b) * sigma(a - b) * sigma(b - a)


class zero_or_nan(Careful):
    """zero_or_nan(v) = 0 where v is 0, and NaN where it is NaN: it stands where v is one of these.

    So relu, whose slope is 0 where it is 0, passes NaN on.
    """

    @staticmethod
    def plain(v: Expr) -> Expr:
        return S.Zero


class unless_nan(Careful):
    """unless_nan(a, u) = a, and NaN where u is NaN."""

    nargs = 2

    @staticmethod
    def plain(a: Expr, u: Expr) -> Expr:
        return a


CAREFUL: tuple[type[Careful], ...] = (
    over_square,
    nonzero,
    nonvanishing,
    zero_over,
    power_slope,
    root_slope,
    power_log,
    exp_share,
    zero_or_nan,
    unless_nan,
)
"""What partials may have: each has a kernel, or a line in a printer, in every target."""


def plainly(expr: Expr) -> Expr:
    """The expression with the plain form of every careful function: for people and for SymPy."""
    if not any(isinstance(part, Careful) for part in compounds(expr)):
        return expr
    done: dict[Any, Any] = {}
    for part in postorder(expr):
        args = [done.get(a, a) for a in part.args]
        if isinstance(part, Careful):
            done[part] = part.plain(*args)
        elif any(a is not b for a, b in zip(args, part.args, strict=True)):
            done[part] = part.func(*args)
        else:
            done[part] = part
    return done[expr]


def with_poles(partial: Expr, gate: Expr, value: Expr) -> Expr:
    """What a gate contributes, with the slope ∞ of a root at 0, whose symbol is `value`."""
    if isinstance(gate, cbrt):
        return partial.xreplace({value**-2: over_root(value**2)})
    if not (gate.is_Pow and gate.exp.is_number and 0 < gate.exp < 1):
        return partial
    return partial.xreplace({1 / v: over_root(v) for v in (value, gate.base)})


def times_in_branch(factor: Expr, value: Expr) -> Expr:
    """factor × the value of a branch, inside what keeps NaN."""
    if isinstance(value, zero_or_nan):
        return value
    if isinstance(value, unless_nan):
        return unless_nan(factor * value.args[0], value.args[1])
    return factor * value


def power_partials(v: Expr, a: Expr, b: Expr, least: bool = False) -> tuple[Expr, Expr]:
    """The partials of v = a**b; `least` is said where a is never negative."""
    if b.is_number:
        return _constant_slope(v, a, b, least), S.Zero
    by_power = v * sp.log(a) if a.is_positive else power_log(v, a)
    return root_slope(a, b) if least else power_slope(a, b), by_power


def _constant_slope(v: Expr, a: Expr, b: Expr, least: bool) -> Expr:
    """b·a^(b−1) without another power where the value has it: b·v/a."""
    if b == S.Half:
        return 1 / (2 * (nonzero(v) if least else v))
    if not (b.is_Rational and b < 1):
        return b * a ** (b - 1)
    if b < 0:
        return b * v / a
    return b * v / nonzero(a) if least else b * nonvanishing(v) / a


__all__ = [
    "CAREFUL",
    "Careful",
    "exp_share",
    "nonvanishing",
    "nonzero",
    "over_root",
    "over_square",
    "plainly",
    "power_log",
    "power_partials",
    "power_slope",
    "root_slope",
    "times_in_branch",
    "unless_nan",
    "with_poles",
    "zero_or_nan",
    "zero_over",
]
