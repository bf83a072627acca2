"""Plain text for people: Unicode as the lecture writes it, or ASCII."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from sympy import Expr, S
from sympy.logic.boolalg import And, Or

from symback.ops import BY_HEAD, SLOPES
from symback.program import Chain
from symback.targets.printer import ATOM, NEG, POW, Printer

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class TextPrinter(Printer):
    """Prints expressions in Unicode: w3·x3, σ(net), x², σ′(net)."""

    times: ClassVar[str] = "·"
    functions: ClassVar = {
        **{head: op.sign or op.name for head, op in BY_HEAD.items()},
        **{slope: f"{op.sign or op.name}′" for slope, op in SLOPES.items()},
    }
    constants: ClassVar = {S.Pi: "π", S.Exp1: "e"}
    relations: ClassVar = {"<": "<", "<=": "≤", ">": ">", ">=": "≥", "==": "=", "!=": "≠"}

    def partial(self, of: str, wrt: str) -> str:
        return f"∂{of}/∂{wrt}"

    def chain(self, chain: Chain) -> str:
        return self.times_sign.join(self.partial(a, b) for a, b in chain)

    times_sign: ClassVar[str] = " · "

    def root(self, base: Expr) -> tuple[str, int]:
        return f"√{self.at(base, ATOM)}", POW

    def power(self, base: Expr, exponent: Expr) -> tuple[str, int]:
        if exponent.is_Integer and abs(exponent) < 1000:
            return self.at(base, ATOM) + str(exponent).translate(_SUPERSCRIPTS), POW
        return f"{self.at(base, ATOM)}^{self.at(exponent, ATOM)}", POW

    def connective(self, condition: Any) -> str:
        if isinstance(condition, And | Or):
            sign = " and " if isinstance(condition, And) else " or "
            return sign.join(sorted(self.condition(part) for part in condition.args))
        return super().connective(condition)

    def factors(self, factors: Sequence[Expr]) -> str:
        """A product in the order given, negative factors in brackets: 1 · (-1) · σ′."""
        texts = []
        for factor in factors:
            text, level = self._print(factor)
            texts.append(text if level > NEG or level == ATOM else self.bracket(text))
        return self.times_sign.join(texts)


class AsciiPrinter(TextPrinter):
    """The same in ASCII: w3*x3, sigma(net), x**2, sigma'(net)."""

    times: ClassVar[str] = "*"
    times_sign: ClassVar[str] = " * "
    functions: ClassVar = {
        **{head: op.name for head, op in BY_HEAD.items()},
        **{slope: f"{op.name}'" for slope, op in SLOPES.items()},
    }
    constants: ClassVar = {S.Pi: "pi", S.Exp1: "e"}
    relations: ClassVar = Printer.relations

    def partial(self, of: str, wrt: str) -> str:
        return f"d{of}/d{wrt}"

    def root(self, base: Expr) -> tuple[str, int]:
        return f"sqrt({self.print(base)})", ATOM

    def power(self, base: Expr, exponent: Expr) -> tuple[str, int]:
        return f"{self.at(base, ATOM)}**{self.at(exponent, NEG)}", POW
