"""Functions whose derivative a circuit states: it is not that of their value.

A stated derivative goes into gradients as it stands, and is differentiated like any formula where
second derivatives are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sympy import Expr, Function, S


class Stated(Function):
    """A function with the value of its first operand."""

    nargs: Any = 1
    is_extended_real = True

    @classmethod
    def eval(cls, *operands: Expr) -> Expr | None:
        return operands[0] if all(u.is_number for u in operands) else None

    def fdiff(self, argindex: int = 1) -> Expr:
        return S.Zero

    def doit(self, **hints: Any) -> Expr:
        return self.func(*(a.doit(**hints) for a in self.args))

    def _eval_evalf(self, prec: int) -> Expr:
        return self.args[0]._eval_evalf(prec)

    def _print_value(self, printer: Any) -> str:
        return str(printer._print(self.args[0]))

    # SymPy's code printers (lambdify among them) look for these names.
    _numpycode = _pythoncode = _mpmathcode = _scipycode = _print_value


class stop_gradient(Stated):
    """u, through which no derivative passes."""


class stated(Stated):
    """stated(v, u, d) is v, whose derivative by u is d, whatever v is made of."""

    nargs = 3

    def fdiff(self, argindex: int = 1) -> Expr:
        found: Expr = self.args[2] if argindex == 2 else S.Zero
        return found


def derived_parts(expr: Any) -> Iterator[Any]:
    """The parts of an expression through which derivatives pass, itself first.

    Of stated(v, u, d) that is u: no derivative goes through v and d.
    """
    seen: set[Any] = set()
    open_parts = [expr]
    while open_parts:
        part = open_parts.pop()
        if part in seen:
            continue
        seen.add(part)
        yield part
        if isinstance(part, Stated):
            open_parts += part.args[1:2]
        else:
            open_parts += part.args


__all__ = ["Stated", "derived_parts", "stated", "stop_gradient"]
