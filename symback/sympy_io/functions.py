"""What functions and constants of SymPy that circuits don't have stand for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy as sp
from sympy import Expr, Piecewise, S
from sympy.codegen.cfunctions import Cbrt, exp2, fma

from symback.errors import Unsupported, clip
from symback.operations import special
from symback.operations.elementwise import erfc
from symback.operations.functions import cbrt
from symback.operations.steps import ceil, floor, mod
from symback.operations.steps import round as nearest_whole

CONSTANTS: Mapping[Expr, Expr] = {
    S.Pi: S.Pi,
    S.Exp1: S.Exp1,
    S.EulerGamma: -special.digamma(S.One),
    S.GoldenRatio: (1 + sp.sqrt(5)) / 2,
}
"""The constants that are read, each by what circuits have of it."""


def _heaviside(u: Expr, at_zero: Expr) -> Expr:
    jump = (1 + sp.sign(u)) / 2
    return jump if at_zero == S.Half else Piecewise((at_zero, sp.Eq(u, 0)), (jump, True))


def _singularity(u: Expr, a: Expr, n: Expr) -> Expr:
    """Macaulay's bracket ⟨u − a⟩ⁿ, as in the loads of beams."""
    if not (n.is_Rational and n >= 0):
        raise Unsupported(
            "SingularityFunction is a function where its exponent is a number from 0 on, not "
            f"{clip(str(n), 20)}"
        )
    return Piecewise(((u - a) ** n, u >= a), (0, True))


def _lambert(u: Expr, branch: Expr = S.Zero) -> Expr:
    if branch not in (S.Zero, S.NegativeOne):
        raise Unsupported(
            "LambertW has real values on its branches 0 and -1 alone, not on "
            f"{clip(str(branch), 20)}"
        )
    return special.lambertw(u) if branch == 0 else special.lambertwm1(u)


def _betainc(a: Expr, b: Expr, low: Expr, high: Expr) -> Expr:
    value = special.betainc(a, b, high)
    return value if low == 0 else value - special.betainc(a, b, low)


def _harmonic(u: Expr, order: Expr = S.One) -> Expr:
    """1 + 1/2^m + … + 1/u^m, and what ψ makes of it between whole numbers."""
    if not (order.is_Integer and order >= 0):
        raise Unsupported(
            "harmonic is read where its order is a number from 0 on, not "
            f"{clip(str(order), 20)}; evaluate it by expr.doit()"
        )
    m = int(order)
    if m < 2:
        return special.digamma(u + 1) - special.digamma(S.One) if m else u
    rise = special.polygamma(m - 1, u + 1) - special.polygamma(m - 1, S.One)
    return (-1) ** (m - 1) * rise / sp.factorial(m - 1)


def _zeta(s: Expr, a: Expr = S.One) -> Expr:
    """Hurwitz's ζ(s, a) = 1/a^s + 1/(a + 1)^s + …, a slope of ψ at whole s."""
    if not (s.is_Integer and s > 1):
        raise Unsupported(
            "zeta(s, a) is read where s is a whole number from 2 on, not "
            f"{clip(str(s), 20)}; put one there: expr.subs({clip(str(s), 20)}, 2)"
        )
    return (-1) ** int(s) * special.polygamma(s - 1, a) / sp.factorial(s - 1)


def _catalan(u: Expr) -> Expr:
    """2·4^u·B(u + 1/2, 3/2)/π, left of its zeros by Γ's reflection: there ψ(u + 2) is infinite."""
    rest = sp.Rational(3, 2)
    turned = sp.tan(sp.pi * (u - nearest_whole(u))) * special.beta(-1 - u, rest)
    value = sp.Piecewise(
        (special.beta(u + S.Half, rest), sp.Ge(u, sp.Rational(-5, 4))), (turned, True)
    )
    return 2 * 4**u * value / sp.pi


READ_AS: dict[Any, Callable[..., Expr]] = {
    sp.erfc: erfc,
    sp.erfinv: special.erfinv,
    sp.erfcinv: special.erfcinv,
    sp.erf2: lambda u, v: sp.erf(v) - sp.erf(u),
    fma: lambda u, v, w: u * v + w,
    sp.LambertW: _lambert,
    sp.gamma: special.gamma,
    sp.loggamma: special.loggamma,
    sp.digamma: special.digamma,
    sp.trigamma: special.trigamma,
    sp.polygamma: special.polygamma,
    sp.harmonic: _harmonic,
    sp.zeta: _zeta,
    sp.catalan: _catalan,
    sp.beta: lambda a, b=None: special.beta(a, a if b is None else b),
    sp.factorial: special.factorial,
    sp.binomial: special.binomial,
    sp.RisingFactorial: lambda u, k: special.gamma(u + k) / special.gamma(u),
    sp.FallingFactorial: lambda u, k: special.gamma(u + 1) / special.gamma(u - k + 1),
    sp.besselj: special.besselj,
    sp.bessely: special.bessely,
    sp.besseli: special.besseli,
    sp.besselk: special.besselk,
    sp.jn: lambda n, u: sp.sqrt(sp.pi / 2) * special.besselj(n + S.Half, u) / sp.sqrt(u),
    sp.yn: lambda n, u: sp.sqrt(sp.pi / 2) * special.bessely(n + S.Half, u) / sp.sqrt(u),
    sp.lowergamma: lambda a, u: special.gamma(a) * special.gammainc(a, u),
    sp.uppergamma: lambda a, u: special.gamma(a) * special.gammaincc(a, u),
    sp.betainc_regularized: _betainc,
    sp.betainc: lambda a, b, low, high: special.beta(a, b) * _betainc(a, b, low, high),
    sp.sec: lambda u: 1 / sp.cos(u),
    sp.csc: lambda u: 1 / sp.sin(u),
    sp.cot: lambda u: 1 / sp.tan(u),
    sp.sech: lambda u: 1 / sp.cosh(u),
    sp.csch: lambda u: 1 / sp.sinh(u),
    sp.coth: lambda u: 1 / sp.tanh(u),
    sp.asec: lambda u: sp.acos(1 / u),
    sp.acsc: lambda u: sp.asin(1 / u),
    sp.acot: lambda u: sp.atan(1 / u),
    sp.asech: lambda u: sp.acosh(1 / u),
    sp.acsch: lambda u: sp.asinh(1 / u),
    sp.acoth: lambda u: sp.atanh(1 / u),
    exp2: lambda u: sp.Pow(2, u),
    Cbrt: cbrt,
    sp.floor: floor,
    sp.ceiling: ceil,
    sp.frac: lambda u: u - floor(u),
    sp.Mod: mod,
    sp.Heaviside: _heaviside,
    sp.SingularityFunction: _singularity,
    sp.KroneckerDelta: lambda i, j: Piecewise((1, sp.Eq(i, j)), (0, True)),
}
"""What functions of SymPy that circuits don't have stand for."""

__all__ = ["CONSTANTS", "READ_AS"]
