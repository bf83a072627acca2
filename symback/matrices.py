"""Formulas over arrays as SymPy's matrix expressions, for people who go on in SymPy.

Inside a circuit an array's symbol stands for its element (`symback.arrays`). Here w*x + b becomes
HadamardProduct(w, x) + b, W @ x becomes W*x; what SymPy has no class for is an `Array`, and scalar
functions of an array are `Elementwise`. Vectors are columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sympy as sp
from sympy import (
    Expr,
    HadamardPower,
    HadamardProduct,
    Identity,
    Inverse,
    MatAdd,
    MatMul,
    MatrixExpr,
    MatrixSymbol,
    OneMatrix,
    S,
    Symbol,
    Trace,
    Transpose,
    ZeroMatrix,
)
from sympy.matrices.expressions.determinant import Determinant

from symback import arrays as a
from symback.arrays import ArrayFunction, Shape, is_size, shape_of
from symback.ops import postorder


def as_matrix(formula: Expr, shapes: Mapping[str, Shape], shape: Shape) -> Expr:
    """The formula in SymPy: a MatrixExpr where `shape` is that of an array.

    >>> from symback.arrays import size_symbol
    >>> x = sp.Symbol("x", real=True)
    >>> as_matrix(2 * x + 1, {"x": (size_symbol("n"),)}, (size_symbol("n"),))
    2*x + OneMatrix(n, 1)
    """
    return _View(shapes).whole(formula, shape)


def matrix_symbol(name: str, shape: Shape) -> Expr:
    """The symbol of a node in SymPy: a MatrixSymbol for an array, a column for a vector."""
    return MatrixSymbol(name, *_two(shape)) if shape else Symbol(name, real=True)


def _two(shape: Shape) -> tuple[Expr, Expr]:
    return (shape[0], S.One) if len(shape) == 1 else (shape[0], shape[1])


class Elementwise(MatrixExpr):
    """A scalar formula for every element: Elementwise(formula, (u, A), (v, B), …).

    The formula is over the symbols u, v, …, which stand for the elements of A, B, …
    """

    def __new__(cls, formula: Expr, *pairs: Any) -> Elementwise:
        made = sp.Basic.__new__(cls, formula, *(sp.Tuple(*pair) for pair in pairs))
        return made  # type: ignore[no-any-return]

    @property
    def formula(self) -> Expr:
        return self.args[0]

    @property
    def pairs(self) -> tuple[Any, ...]:
        return tuple(self.args[1:])

    @property
    def shape(self) -> tuple[Expr, Expr]:
        shapes = [matrix.shape for _, matrix in self.pairs if isinstance(matrix, MatrixExpr)]
        rows = next((s[0] for s in shapes if s[0] != 1), S.One)
        columns = next((s[1] for s in shapes if s[1] != 1), S.One)
        return rows, columns

    def _entry(self, i: Any, j: Any, **kwargs: Any) -> Expr:
        chosen = {}
        for symbol, matrix in self.pairs:
            rows, columns = matrix.shape
            chosen[symbol] = matrix[0 if rows == 1 else i, 0 if columns == 1 else j]
        return self.formula.xreplace(chosen)

    def _sympystr(self, printer: Any) -> str:
        names = {symbol: Symbol(printer._print(matrix)) for symbol, matrix in self.pairs}
        return str(printer._print(self.formula.xreplace(names)))


class Array(MatrixExpr):
    """An operation on arrays that SymPy has no class for: its head, shape, then its arguments."""

    def __new__(cls, head: Any, shape: Any, *args: Any) -> Array:
        made = sp.Basic.__new__(cls, head, sp.Tuple(*shape), *args)
        return made  # type: ignore[no-any-return]

    @property
    def shape(self) -> tuple[Expr, Expr]:
        return self.args[1][0], self.args[1][1]

    @property
    def name(self) -> str:
        return str(self.args[0])

    def _entry(self, i: Any, j: Any, **kwargs: Any) -> Expr:
        return sp.MatrixElement(self, i, j)

    def _sympystr(self, printer: Any) -> str:
        return f"{self.name}({', '.join(printer._print(arg) for arg in self.args[2:])})"


class Number(Expr):
    """A number made from arrays that SymPy has no class for: its head, then its arguments."""

    is_commutative = True
    is_extended_real = True

    def __new__(cls, head: Any, *args: Any) -> Number:
        made = sp.Basic.__new__(cls, head, *args)
        return made  # type: ignore[no-any-return]

    @property
    def name(self) -> str:
        return str(self.args[0])

    def _sympystr(self, printer: Any) -> str:
        return f"{self.name}({', '.join(printer._print(arg) for arg in self.args[1:])})"


class _View:
    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        self._shapes = shapes
        self._known: dict[Expr, Shape] = {}

    def shape_of(self, expr: Expr) -> Shape:
        return shape_of(expr, self._shapes, self._known)

    def whole(self, expr: Expr, shape: Shape) -> Expr:
        """The view of an expression, spread to a shape where it is of lower rank."""
        own = self.shape_of(expr)
        view = self.view(expr)
        if own == shape:
            return view
        if not own:
            return view * OneMatrix(*_two(shape)) if view != 1 else OneMatrix(*_two(shape))
        return Elementwise(
            Symbol("u"),
            (Symbol("u"), _oriented(view, own, shape)),
            (Symbol("one"), OneMatrix(*_two(shape))),
        )

    def view(self, expr: Expr) -> Expr:
        shape = self.shape_of(expr)
        if isinstance(expr, ArrayFunction):
            return self._array(expr, shape)
        if expr.is_Symbol:
            return expr if is_size(expr) else matrix_symbol(expr.name, shape)
        if not shape:
            return self._scalar(expr)
        if expr.is_Add:
            return MatAdd(*(self.whole(term, shape) for term in expr.args)).doit(deep=False)
        if expr.is_Mul:
            return self._product(expr, shape)
        if expr.is_Pow and expr.exp.is_number and expr.exp.is_integer:
            return HadamardPower(self.view(expr.base), expr.exp)
        return self._elementwise(expr, shape)

    def _scalar(self, expr: Expr) -> Expr:
        """A number: array functions and names inside it replaced by their views."""
        found = {
            part: self.view(part)
            for part in postorder(expr)
            if isinstance(part, ArrayFunction) and not self.shape_of(part)
        }
        return expr.xreplace(found) if found else expr

    def _product(self, expr: Expr, shape: Shape) -> Expr:
        numbers = [f for f in expr.args if not self.shape_of(f)]
        factors = [f for f in expr.args if self.shape_of(f)]
        if any(self.shape_of(f) != shape for f in factors):
            return self._elementwise(expr, shape)
        views = [self.view(f) for f in factors]
        product = views[0] if len(views) == 1 else HadamardProduct(*views)
        number = sp.Mul(*(self._scalar(n) for n in numbers))
        return product if number == 1 else MatMul(number, product).doit(deep=False)

    def _elementwise(self, expr: Expr, shape: Shape) -> Expr:
        """Scalar functions and choices, over the largest parts that are arrays in themselves."""
        pairs: dict[Expr, tuple[Symbol, Expr]] = {}
        formula = expr.xreplace(dict(self._leaves(expr, shape, pairs)))
        return Elementwise(formula, *pairs.values())

    def _leaves(
        self, expr: Expr, shape: Shape, pairs: dict[Expr, tuple[Symbol, Expr]]
    ) -> list[tuple[Expr, Symbol]]:
        found = []
        stack = list(expr.args)
        while stack:
            part = stack.pop()
            mixes = isinstance(part, ArrayFunction) or part.is_Symbol
            linear = isinstance(part, Expr) and (part.is_Add or part.is_Mul)
            if isinstance(part, Expr) and self.shape_of(part) and (mixes or linear):
                symbol = Symbol(f"u{len(pairs)}", real=True)
                own = self.shape_of(part)
                pairs[part] = (symbol, _oriented(self.view(part), own, shape))
                found.append((part, symbol))
            elif isinstance(part, ArrayFunction):
                found.append((part, self.view(part)))
            else:
                stack.extend(part.args)
        return found

    def _array(self, expr: ArrayFunction, shape: Shape) -> Expr:
        known = _VIEWS.get(expr.func)
        views = [self.view(o) for o in expr.operands]
        if known is not None and (seen := known(views, expr, self)) is not None:
            return seen
        head = sp.core.symbol.Str(_NAMES.get(expr.func, expr.func.__name__))
        args = [*views, *expr.options]
        return Array(head, _two(shape), *args) if shape else Number(head, *args)


def _oriented(view: Expr, own: Shape, shape: Shape) -> Expr:
    """A vector that is broadcast along the rows of a matrix is a row there."""
    return Transpose(view) if len(own) == 1 and len(shape) == 2 else view


_NAMES = {
    a.total: "sum",
    a.largest: "max",
    a.smallest: "min",
    a.class_entropy: "cross_entropy",
    a.diagonal: "diag",
}

_See = Callable[[Sequence[Expr], Any, _View], Expr | None]
_VIEWS: dict[Any, _See] = {
    a.matmul: lambda v, e, s: MatMul(*v),
    a.matvec: lambda v, e, s: MatMul(*v),
    a.outer: lambda v, e, s: MatMul(v[0], Transpose(v[1])),
    a.dot: lambda v, e, s: (
        Trace(MatMul(Transpose(v[0]), v[1])) if len(s.shape_of(e.args[0])) == 2 else None
    ),
    a.transpose: lambda v, e, s: Transpose(v[0]),
    a.trace: lambda v, e, s: Trace(v[0]),
    a.inv: lambda v, e, s: Inverse(v[0]),
    a.det: lambda v, e, s: Determinant(v[0]),
    a.logdet: lambda v, e, s: sp.log(Determinant(v[0])),
    a.solve: lambda v, e, s: MatMul(Inverse(v[0]), v[1]),
    a.eye: lambda v, e, s: Identity(e.args[0]),
    a.eye_like: lambda v, e, s: Identity(v[0].shape[0]),
    a.column: lambda v, e, s: v[0],
    a.filled: lambda v, e, s: (
        ZeroMatrix(*_two(tuple(e.args[1:])))
        if e.args[0] == 0
        else sp.Mul(e.args[0]) * OneMatrix(*_two(tuple(e.args[1:])))
    ),
    a.spread: lambda v, e, s: s.whole(e.args[0], s.shape_of(e.args[1])),
}
"""What SymPy has classes for."""

__all__ = ["Array", "Elementwise", "Number", "as_matrix", "matrix_symbol"]
