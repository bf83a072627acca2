"""Sums and their terms as typed: SymPy sorts terms by rules of its own."""

from __future__ import annotations

from collections.abc import Sequence

from sympy import Expr


class TypedSums(dict[Expr, tuple[Expr, ...]]):
    """The terms of each sum in the order typed; of one typed twice, in the first order."""

    def kept(self, made: Expr, operands: Sequence[Expr]) -> Expr:
        """The sum of the operands, itself; one whose terms are not what was typed has no order."""
        terms = [term for operand in operands for term in self.get(operand, (operand,))]
        if made.is_Add and len(terms) == len(made.args) and {*terms} == {*made.args}:
            self.setdefault(made, tuple(terms))
        return made

    def negated(self, inner: Expr) -> Expr:
        """The expression with the other sign, a sum with that of each of its terms."""
        return self.kept(-inner, [-term for term in self.get(inner, ())])


__all__ = ["TypedSums"]
