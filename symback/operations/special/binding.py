"""Two that bind each other: of a and b, how much is bound at the dissociation constant k.

The bound amount v solves (a - v)·(b - v) = k·v, as in Morrison's equation of tight inhibitors.
"""

from __future__ import annotations

import sympy as sp
from sympy import Expr

from symback.operations.functions import Elementary
from symback.operations.special.continued import unless_zero


def binding_root(a: Expr, b: Expr, k: Expr) -> Expr:
    """√((a + b + k)² - 4·a·b), of terms that are positive where the three are."""
    return sp.sqrt((a - b) ** 2 + k * (k + 2 * (a + b)))


class bound(Elementary):
    """bound(a, b, k) = (a + b + k - sqrt((a + b + k)**2 - 4*a*b))/2."""

    nargs = 3

    @staticmethod
    def elementary(a: Expr, b: Expr, k: Expr) -> Expr:
        total = a + b + k
        return (total - sp.sqrt(total**2 - 4 * a * b)) / 2

    def fdiff(self, argindex: int = 1) -> Expr:
        return bound_partials(self, *self.args)[argindex - 1]


class unbound(Elementary):
    """unbound(a, b, k) = a - bound(a, b, k)."""

    nargs = 3

    @staticmethod
    def elementary(a: Expr, b: Expr, k: Expr) -> Expr:
        return a - bound.elementary(a, b, k)

    def fdiff(self, argindex: int = 1) -> Expr:
        return unbound_partials(self, *self.args)[argindex - 1]


class boundshare(Elementary):
    """boundshare(a, b, k) = bound(a, b, k)/a, and b/(b + k) for a = 0."""

    nargs = 3

    @staticmethod
    def elementary(a: Expr, b: Expr, k: Expr) -> Expr:
        near = b / (b + k) * (1 - a * k / (b + k) ** 2)
        return unless_zero(a, bound.elementary(a, b, k) / a, near)

    def fdiff(self, argindex: int = 1) -> Expr:
        return boundshare_partials(self, *self.args)[argindex - 1]


class unboundshare(Elementary):
    """unboundshare(a, b, k) = 1 - boundshare(a, b, k)."""

    nargs = 3

    @staticmethod
    def elementary(a: Expr, b: Expr, k: Expr) -> Expr:
        return 1 - boundshare.elementary(a, b, k)

    def fdiff(self, argindex: int = 1) -> Expr:
        return unboundshare_partials(self, *self.args)[argindex - 1]


def bound_partials(v: Expr, a: Expr, b: Expr, k: Expr) -> tuple[Expr, Expr, Expr]:
    """The partials of v = bound(a, b, k)."""
    root = binding_root(a, b, k)
    return unbound(b, a, k) / root, unbound(a, b, k) / root, -v / root


def unbound_partials(v: Expr, a: Expr, b: Expr, k: Expr) -> tuple[Expr, Expr, Expr]:
    """The partials of v = unbound(a, b, k)."""
    root = binding_root(a, b, k)
    return (v + k) / root, -v / root, bound(a, b, k) / root


def boundshare_partials(v: Expr, a: Expr, b: Expr, k: Expr) -> tuple[Expr, Expr, Expr]:
    """The partials of v = boundshare(a, b, k)."""
    root = binding_root(a, b, k)
    free = unboundshare(a, b, k)
    return -free * v / root, free / root, -v / root


def unboundshare_partials(v: Expr, a: Expr, b: Expr, k: Expr) -> tuple[Expr, Expr, Expr]:
    """The partials of v = unboundshare(a, b, k)."""
    root = binding_root(a, b, k)
    share = boundshare(a, b, k)
    return v * share / root, -v / root, share / root


__all__ = [
    "binding_root",
    "bound",
    "bound_partials",
    "boundshare",
    "boundshare_partials",
    "unbound",
    "unbound_partials",
    "unboundshare",
    "unboundshare_partials",
]
