"""What text and LaTeX share: signs that people read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from sympy import Expr, Mul

from symback.circuits.program import Chain, Whole
from symback.printing.printer import MUL, NEG, TERM, Printer


class ForPeople(Printer):
    """What text and LaTeX share: a ∘ b, the product of the elements of two arrays."""

    elementwise: ClassVar[str] = " ∘ "
    sum_name: ClassVar[str] = "sum"
    times_sign: ClassVar[str]

    direct: frozenset[tuple[str, str]] = frozenset()
    """Edges whose local partial is not the whole partial of the same names: others add to it."""

    def partial(self, of: str, wrt: str) -> str:
        raise NotImplementedError

    def direct_partial(self, of: str, wrt: str) -> str:
        """The partial along one edge alone."""
        raise NotImplementedError

    def edge(self, node: str, operand: str) -> str:
        """The local partial of an edge, with a sign of its own where it is not the whole one."""
        if (node, operand) in self.direct:
            return self.direct_partial(node, operand)
        return self.partial(node, operand)

    def chain(self, chain: Chain) -> str:
        """The partials along a path."""
        links = ((self.partial if isinstance(link, Whole) else self.edge, link) for link in chain)
        return self.times_sign.join(sign(*link) for sign, link in links)

    def joined(self, factors: Sequence[Expr]) -> str:
        if not self.shapes:
            return super().joined(factors)
        text, before = "", False
        for i, factor in enumerate(factors):
            array = bool(self.shape_of(factor))
            sign = self.elementwise if array and before else self.times
            # W·x in a product ∘ takes brackets: the product of matrices is not an elementwise one
            level = NEG if i or (array and len(factors) > 1) else MUL
            text += ("" if i == 0 else sign) + self.at(factor, level)
            before = array
        return text

    def product(self, expr: Mul) -> tuple[str, int]:
        text, level = super().product(expr)
        arrays = [f for f in expr.args if self.shapes and self.shape_of(f)]
        return text, TERM if len(arrays) > 1 else level  # (a ∘ b)·c takes brackets

    def power(self, base: Expr, exponent: Expr) -> tuple[str, int]:
        if exponent == 2 and self.shapes and self.shape_of(base):
            text = self.at(base, NEG)
            return f"{text}{self.elementwise}{text}", TERM
        return self.number_power(base, exponent)

    def number_power(self, base: Expr, exponent: Expr) -> tuple[str, int]:
        return super().power(base, exponent)

    def word(self, name: str) -> str:
        return name

    def raised(self, base: Expr, exponent: str) -> str:
        """A matrix with a T, -1 or -T above it."""
        raise NotImplementedError

    def between_bars(self, text: str) -> str:
        raise NotImplementedError

    def squared(self, text: str) -> str:
        raise NotImplementedError


__all__ = ["ForPeople"]
