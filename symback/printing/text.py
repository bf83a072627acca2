"""Plain text for people: Unicode as the lecture writes it, or ASCII."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from sympy import Expr, S
from sympy.logic.boolalg import And, Or

from symback.circuits.program import Link
from symback.operations.elementwise import BY_HEAD, SLOPES
from symback.printing.array_notation import NOTATION, PEOPLE
from symback.printing.people import ForPeople
from symback.printing.printer import ADD, ATOM, NEG, POW, Printer

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class TextPrinter(ForPeople):
    """Prints expressions in Unicode: w3·x3, σ(net), x², σ′(net), W·x, xᵀ."""

    arrays: ClassVar = PEOPLE
    plus: ClassVar[str] = " + "
    minus: ClassVar[str] = " − "
    negative: ClassVar[str] = "−"
    times: ClassVar[str] = "·"
    functions: ClassVar[Mapping[Any, str]] = {
        **{head: op.sign or op.name for head, op in BY_HEAD.items()},
        **{slope: f"{op.sign or op.name}′" for slope, op in SLOPES.items()},
    }
    constants: ClassVar[Mapping[Any, str]] = {S.Pi: "π", S.Exp1: "e"}
    relations: ClassVar[Mapping[str, str]] = {
        "<": "<",
        "<=": "≤",
        ">": ">",
        ">=": "≥",
        "==": "=",
        "!=": "≠",
    }

    short_slopes: frozenset[Expr] = frozenset()
    """Slopes that print without their operand, σ′ for σ′(net)."""

    def function(self, expr: Expr) -> tuple[str, int]:
        if expr in self.short_slopes:
            return self.functions[expr.func], ATOM
        return super().function(expr)

    def partial_of(self, mark: str, of: str, by: Sequence[str]) -> str:
        mark = "⁺" if mark else ""
        if len(by) == 1:
            return f"∂{mark}{of}/∂{by[0]}"
        below = f"∂{self.squared(by[0])}" if by[0] == by[1] else f"∂{by[0]}∂{by[1]}"
        return f"∂{mark}²{of}/{below}"

    def chains(self, chains: Sequence[Sequence[Link]]) -> str:
        """A sum over paths."""
        return self.plus.join(self.chain(c) for c in chains)

    times_sign: ClassVar[str] = " · "

    def numeral(self, text: str) -> str:
        """Numbers as Python writes them, with the signs of the language; f ≈ 0, not f = ≈ 0."""
        return text.replace("= ≈", "≈").replace("-", self.negative)

    def root(self, base: Expr) -> tuple[str, int]:
        return f"√{self.at(base, ATOM)}", POW

    def raised(self, base: Expr, exponent: str) -> str:
        return self.at(base, ATOM) + {"T": "ᵀ", "-1": "⁻¹", "-T": "⁻ᵀ"}[exponent]

    def between_bars(self, text: str) -> str:
        return f"‖{text}‖"

    def named_sum(self, first: str, second: str, result: str, x: str, y: str) -> str:
        over = "".join(letter for letter in first if letter not in result)
        return f"[{f'Σ_{over} ' if over else ''}{x}_{first}·{y}_{second}]_{result}"

    def squared(self, text: str) -> str:
        return f"{text}²"

    def number_power(self, base: Expr, exponent: Expr) -> tuple[str, int]:
        if exponent.is_Integer and abs(exponent) < 1000:
            return self.at(base, ATOM) + str(exponent).translate(_SUPERSCRIPTS), POW
        return f"{self.at(base, ATOM)}^{self.at(exponent, ATOM)}", POW

    def connective(self, condition: Any) -> str:
        if isinstance(condition, And | Or):
            sign = " and " if isinstance(condition, And) else " or "
            return sign.join(sorted(self.condition(part) for part in condition.args))
        return super().connective(condition)

    def products(self, products: Sequence[Sequence[Expr]]) -> str:
        """A sum of products, their factors in the order given: 1 · 1 + (−1) · σ′ · w3."""
        texts = []
        for i, factors in enumerate(products):
            for j, factor in enumerate(factors):
                text, level = self._print(factor)
                negative = text.startswith(self.negative)
                lead = i == 0 and j == 0
                enclosed = level == ADD or (negative and not lead)
                text = self.bracket(text) if enclosed and len(factors) > 1 else text
                separator = "" if lead else self.plus if j == 0 else self.times_sign
                texts.append(separator + text)
        return "".join(texts)


class AsciiPrinter(TextPrinter):
    """The same in ASCII: w3*x3, sigma(net), x**2, sigma'(net)."""

    minus: ClassVar[str] = " - "
    negative: ClassVar[str] = "-"
    times: ClassVar[str] = "*"
    times_sign: ClassVar[str] = " * "
    functions: ClassVar[Mapping[Any, str]] = {
        **{head: op.name for head, op in BY_HEAD.items()},
        **{slope: f"{op.name}'" for slope, op in SLOPES.items()},
    }
    constants: ClassVar[Mapping[Any, str]] = {S.Pi: "pi", S.Exp1: "e"}
    relations: ClassVar[Mapping[str, str]] = Printer.relations

    def partial_of(self, mark: str, of: str, by: Sequence[str]) -> str:
        if len(by) == 1:
            return f"d{mark}{of}/d{by[0]}"
        below = f"d{by[0]}**2" if by[0] == by[1] else f"d{by[0]}d{by[1]}"
        return f"d{mark}2{of}/{below}"

    def squared(self, text: str) -> str:
        return f"{text}**2"

    def numeral(self, text: str) -> str:
        return text.replace("= ≈", "≈").replace("≈", "~")

    def root(self, base: Expr) -> tuple[str, int]:
        return f"sqrt({self.print(base)})", ATOM

    def number_power(self, base: Expr, exponent: Expr) -> tuple[str, int]:
        return f"{self.at(base, ATOM)}**{self.at(exponent, NEG)}", POW

    arrays: ClassVar = NOTATION

    def power(self, base: Expr, exponent: Expr) -> tuple[str, int]:
        return self.number_power(base, exponent)

    elementwise: ClassVar[str] = "*"
