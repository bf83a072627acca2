"""What text and LaTeX share: signs that people read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar, Self

from sympy import Add, Expr, Mul

from symback.circuits.program import Link, Whole
from symback.printing.printer import ATOM, MUL, NEG, TERM, Printer

if TYPE_CHECKING:
    from symback.circuits.circuit import Circuit


class ForPeople(Printer):
    """What text and LaTeX share: a ∘ b, the product of the elements of two arrays."""

    elementwise: ClassVar[str] = " ∘ "
    kronecker: ClassVar[str] = " ⊗ "
    sum_name: ClassVar[str] = "sum"
    times_sign: ClassVar[str]

    sums: Mapping[Expr, Sequence[Expr]] = {}  # the terms of those that were typed, in their order
    direct: frozenset[tuple[str, str]] = frozenset()
    """Edges whose local partial is not the whole partial of the same names: others add to it."""

    @classmethod
    def of(cls, circuit: Circuit, *, as_typed: bool = True) -> Self:
        """One that prints sums in the order typed, or in one that equal circuits share."""
        printer = super().of(circuit)
        printer.sums = circuit.sums if as_typed else {}
        return printer

    def sorted_terms(self, expr: Add) -> list[Expr]:
        """The terms as typed; of a sum that came about otherwise, in the order of print."""
        typed = self.sums.get(expr)
        return list(typed) if typed else super().sorted_terms(expr)

    def partial(self, of: str, *by: str) -> str:
        """The partial by one name, or the second one by two."""
        return self.partial_of("", of, by)

    def direct_partial(self, of: str, *by: str) -> str:
        """The partial along one edge alone, or the second one of one gate alone."""
        return self.partial_of("+", of, by)

    def partial_of(self, mark: str, of: str, by: Sequence[str]) -> str:
        """The partial with a mark on its sign of differentiation."""
        raise NotImplementedError

    def edge(self, node: str, *operands: str) -> str:
        """The local partial, with a sign of its own where it is not the whole one."""
        if any((node, operand) in self.direct for operand in operands):
            return self.direct_partial(node, *operands)
        return self.partial(node, *operands)

    def chain(self, chain: Sequence[Link]) -> str:
        """The product of partials, such as those along a path."""
        factors = []
        for link, equal in groupby(chain):
            text, count = self.link(link), len(list(equal))
            factors.append(text if count == 1 else self.squared(self.bracket(text)))
        return self.times_sign.join(factors)

    def link(self, link: Link) -> str:
        """One factor of a chain: a partial, or a number."""
        if not isinstance(link, tuple):
            return self.print(link)
        return self.partial(*link) if isinstance(link, Whole) else self.edge(*link)

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

    def named_sum(self, first: str, second: str, result: str, x: str, y: str) -> str:
        """Σ of products over the axes that the result has not, by the names of all axes."""
        raise NotImplementedError

    def column(self, vector: Expr) -> tuple[str, int]:
        """A vector as a matrix of one column, which broadcasts along the rows."""
        return self.call("column", [self.print(vector)]), ATOM

    def raised(self, base: Expr, exponent: str) -> str:
        """A matrix with a T, -1 or -T above it."""
        raise NotImplementedError

    def between_bars(self, text: str) -> str:
        raise NotImplementedError

    def squared(self, text: str) -> str:
        raise NotImplementedError


__all__ = ["ForPeople"]
