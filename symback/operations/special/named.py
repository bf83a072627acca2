"""The base of functions that SymPy has and that circuits keep as they are typed.

SymPy rearranges its own: gamma(1e9) becomes a whole number of a billion factors, erfc(-u) a
difference without digits. These keep their operands. The truth knows them as they are, by balls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from sympy import Expr, Function


class NamedFunction(Function):
    """A function of real numbers; `exactly` is what SymPy calls it, where it is defined there."""

    nargs: Any = 1
    is_extended_real = True
    exactly: ClassVar[Callable[..., Expr]]

    @classmethod
    def eval(cls, *operands: Expr) -> Expr | None:
        return None

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        """As SymPy prints functions, by name: some of its own signs are also those of variables."""
        name = self.func.__name__.replace("_", r"\_")
        sign = r"\Gamma" if name == "gamma" else rf"\operatorname{{{name}}}"
        raised = "" if exp is None else f"^{{{exp}}}"
        inside = ", ".join(printer._print(a) for a in self.args)
        return rf"{sign}{raised}{{\left({inside} \right)}}"

    def doit(self, **hints: Any) -> Expr:
        return self.func(*(a.doit(**hints) for a in self.args))

    def _eval_evalf(self, prec: int) -> Expr:
        return self.exactly(*self.args)._eval_evalf(prec)

    def _print_exactly(self, printer: Any) -> str:
        return f"({printer._print(self.exactly(*self.args))})"  # it may be a factor

    # SymPy's code printers (lambdify among them) look for these names.
    _numpycode = _pythoncode = _mpmathcode = _scipycode = _print_exactly


__all__ = ["NamedFunction"]
