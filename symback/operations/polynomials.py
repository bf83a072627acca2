"""Polynomials of one number, which printers of code write out: no target has a kernel of them."""

from __future__ import annotations

import sympy as sp
from sympy import Expr

from symback.operations.functions import Elementary


class horner(Elementary):
    """horner(u, a, b, c, …) = a + b*u + c*u**2 + …, computed as a + u*(b + u*(c + …))."""

    nargs = None

    @staticmethod
    def elementary(u: Expr, *coefficients: Expr) -> Expr:
        return sp.Add(*(c * u**k for k, c in enumerate(coefficients)))

    @staticmethod
    def terms_size(u: Expr, *coefficients: Expr) -> Expr:
        return sp.Add(*(sp.Abs(c * u**k) for k, c in enumerate(coefficients)))

    def fdiff(self, argindex: int = 1) -> Expr:
        return horner_partials(self, *self.args)[argindex - 1]


def horner_partials(v: Expr, u: Expr, *coefficients: Expr) -> tuple[Expr, ...]:
    slopes = [k * c for k, c in enumerate(coefficients)][1:]
    by_u = horner(u, *slopes) if len(slopes) > 1 else sp.Add(*slopes)  # of one, itself
    return by_u, *(u**k for k in range(len(coefficients)))


__all__ = ["horner", "horner_partials"]
