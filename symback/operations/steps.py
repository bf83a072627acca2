"""Functions that jump: floor, ceil, round and mod.

SymPy's own floor, ceiling and Mod rearrange their operands and have no derivative. These keep the
operand as it is typed, and the slope of a step is 0 everywhere, also where it jumps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import sympy as sp
from sympy import Expr, Function, Piecewise, S


class StepFunction(Function):
    """A function that is constant between jumps; `exactly` is its value at a number."""

    nargs: Any = 1
    is_extended_real = True
    exactly: ClassVar[Callable[..., Expr]]

    @classmethod
    def eval(cls, *operands: Expr) -> Expr | None:
        return cls.exactly(*operands) if all(u.is_Rational for u in operands) else None

    def fdiff(self, argindex: int = 1) -> Expr:
        return S.Zero

    def doit(self, **hints: Any) -> Expr:
        return self.func(*(a.doit(**hints) for a in self.args))

    def _eval_evalf(self, prec: int) -> Expr:
        return self.exactly(*self.args)._eval_evalf(prec)

    def _print_exactly(self, printer: Any) -> str:
        return str(printer._print(self.exactly(*self.args)))

    # SymPy's code printers (lambdify among them) look for these names.
    _numpycode = _pythoncode = _mpmathcode = _scipycode = _print_exactly


class floor(StepFunction):
    """The largest whole number that is not larger: floor(-1/2) = -1."""

    is_integer = True
    exactly = staticmethod(sp.floor)


class ceil(StepFunction):
    """The least whole number that is not smaller: ceil(-1/2) = 0."""

    is_integer = True
    exactly = staticmethod(sp.ceiling)


def _nearest(u: Expr) -> Expr:
    """Of two that are as near, the even one: -floor(1/2 - u) is the lower of the two there."""
    upper, lower = sp.floor(u + S.Half), -sp.floor(S.Half - u)
    return Piecewise((lower, sp.Eq(sp.Mod(lower, 2), 0)), (upper, True))


class round(StepFunction):
    """The nearest whole number; of two that are as near, the even one: round(5/2) = 2."""

    is_integer = True
    exactly = staticmethod(_nearest)


class mod(StepFunction):
    """u - v*floor(u/v), which has the sign of v: mod(-1, 3) = 2."""

    nargs = 2
    exactly = staticmethod(sp.Mod)

    @classmethod
    def eval(cls, *operands: Expr) -> Expr | None:
        return None if operands[1].is_zero else super().eval(*operands)

    def fdiff(self, argindex: int = 1) -> Expr:
        return S.One if argindex == 1 else -floor(self.args[0] / self.args[1])


__all__ = ["StepFunction", "ceil", "floor", "mod", "round"]
