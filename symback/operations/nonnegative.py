"""What is never negative by its form: sums of squares, absolute values, norms and their like.

A root of such a formula is least where the formula is 0, and its slope there is 0 by convention,
however the formula is spelled: √(x² + y²), hypot(x, y), √(x·x), √Σx², √(w·x² + v·y²).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp
from sympy import Expr, Piecewise, Symbol
from sympy.codegen.cfunctions import hypot

from symback.operations import arrays
from symback.operations.expressions import postorder
from symback.operations.functions import log1psq, logcosh, relu, sigma, softplus

_FUNCTIONS = (sp.Abs, hypot, relu, log1psq, logcosh, sp.exp, sp.cosh, sigma, softplus)
_OF_OPERANDS: tuple[Any, ...] = (
    *(sp.Min, arrays.reduce_sum, arrays.mean, arrays.reduce_max, arrays.reduce_min),
    *(
        arrays.transpose,
        arrays.slice_,
        arrays.expand_dims,
        arrays.concat,
        arrays.explicit_matrix,
        arrays.rows,
    ),
)
"""Operations whose value is not negative where no operand is."""
_ARRAYS = (arrays.norm, arrays.softmax)


class Nonnegative:
    """Learns from one node after another whether its value is never negative by its form.

    `add` takes the nodes in their order; a node is known to those after it.
    """

    def __init__(self) -> None:
        self._known: dict[Expr, bool] = {}
        self._formulas: dict[Expr, Expr] = {}

    def add(self, symbol: Symbol, formula: Expr) -> None:
        self._formulas[symbol] = formula
        self._known[symbol] = self(formula)

    def __call__(self, expr: Expr) -> bool:
        for part in postorder(expr):
            if isinstance(part, Expr) and part not in self._known:
                self._known[part] = self._holds(part)
        return self._known[expr]

    def _holds(self, part: Expr) -> bool:
        if part.is_Symbol:
            return False
        if part.is_number:
            return bool(part.is_nonnegative)
        if part.is_Add:
            return all(self._known[a] for a in part.args)
        if part.is_Mul:
            return self._is_product(part)
        if part.is_Pow:
            return _is_even(part.exp) or self._known[part.base]
        if isinstance(part, sp.Max):
            return any(self._known[a] for a in part.args)
        if isinstance(part, Piecewise):
            return all(self._known[value] for value, _ in part.args)
        if isinstance(part, arrays.dot):
            return self._is_square(*part.args)
        if isinstance(part, arrays.trace | arrays.diagonal):
            return self._known[part.args[0]] or self._is_gram(part.args[0])
        if isinstance(part, _OF_OPERANDS):
            operands = part.operands if isinstance(part, arrays.ArrayFunction) else part.args
            return all(self._known[o] for o in operands)
        return isinstance(part, (*_FUNCTIONS, *_ARRAYS))

    def _is_product(self, part: Expr) -> bool:
        """Also a square with weights, which count as positive."""
        others = [a for a in part.args if not self._known[a]]
        if not others:
            return True
        squares = any(self._is_even_power(a) for a in part.args)
        return squares and all(self._is_leaf(a) for a in others)

    def _is_leaf(self, expr: Expr) -> bool:
        """A leaf, or a power of one: v of u²·v, of u²/v."""
        base = expr.base if expr.is_Pow else expr
        return bool(base.is_Symbol) and base not in self._formulas

    def _is_gram(self, expr: Expr) -> bool:
        """Whether a matrix is A·Aᵀ or Aᵀ·A, whose diagonal has sums of squares."""
        seen = self._formulas.get(expr, expr)
        if not isinstance(seen, arrays.matmul):
            return False
        left, right = (self._formulas.get(a, a) for a in seen.args)
        return bool(arrays.transpose(left) == right)

    def _is_even_power(self, expr: Expr) -> bool:
        seen = self._formulas.get(expr, expr)
        return bool(seen.is_Pow) and _is_even(seen.exp)

    def _is_square(self, a: Expr, b: Expr) -> bool:
        """Whether Σ a∘b is one of squares, or xᵀ·A·x with a matrix of weights."""
        for one, other in ((a, b), (b, a)):
            seen = self._formulas.get(other, other)
            if isinstance(seen, arrays.matvec) and seen.args[1] == one:
                return self._is_leaf(seen.args[0])
        return self(a * b)


def _is_even(exponent: Expr) -> bool:
    return bool(exponent.is_Integer and exponent % 2 == 0 and exponent > 0)


def least_powers(nodes: Sequence[tuple[Symbol, Expr]]) -> frozenset[Symbol]:
    """The nodes that are a power of what is never negative, among gates in their order."""
    roots = {symbol for symbol, f in nodes if f.is_Pow and not f.exp.is_Integer}
    known, found = Nonnegative(), set()
    for symbol, formula in nodes if roots else ():
        if symbol in roots and known(formula.base):
            found.add(symbol)
        known.add(symbol, formula)
    return frozenset(found)


__all__ = ["Nonnegative", "least_powers"]
