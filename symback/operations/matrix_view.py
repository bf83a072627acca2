"""Formulas over arrays as SymPy's matrix expressions, for people who go on in SymPy.

Inside a circuit an array's symbol stands for its element (`symback.operations.arrays`). Here w*x +
b becomes HadamardProduct(w, x) + b, W @ x becomes W*x; what SymPy has no class for is an `Array`,
and scalar functions of an array are `Elementwise`. Vectors are columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import sympy as sp
from sympy import (
    Expr,
    HadamardPower,
    HadamardProduct,
    Identity,
    ImmutableDenseMatrix,
    Inverse,
    KroneckerProduct,
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
from sympy.matrices.expressions.diagonal import DiagMatrix, DiagonalOf

from symback.operations import arrays as a
from symback.operations.arrays import ArrayFunction, shape_of
from symback.operations.expressions import postorder
from symback.operations.shapes import Shape, is_size


def as_matrix(formula: Expr, shapes: Mapping[str, Shape], shape: Shape) -> Expr:
    """The formula in SymPy: a MatrixExpr where `shape` is that of an array.

    A MatrixExpr has two axes: a formula over arrays of more is given as it stands, over symbols
    that stand for elements.

    >>> from symback.operations.shapes import size_symbol
    >>> x = sp.Symbol("x", real=True)
    >>> as_matrix(2 * x + 1, {"x": (size_symbol("n"),)}, (size_symbol("n"),))
    2*x + 1
    """
    seen = _View(shapes, formula)
    if len(shape) > 2 or (shapes and seen.has_higher_rank(formula)):
        return formula
    return seen.whole(formula, shape)


def matrix_symbol(name: str, shape: Shape) -> Expr:
    """The symbol of a node in SymPy: a MatrixSymbol for an array, a column for a vector."""
    return MatrixSymbol(name, *_two(shape)) if shape else Symbol(name, real=True)


def _two(shape: Shape) -> tuple[Expr, Expr]:
    return (shape[0], S.One) if len(shape) == 1 else (shape[0], shape[1])


def _strict(args: Any) -> sp.Tuple:
    """SymPy's forms of numbers and tuples; a text is refused."""
    return sp.Tuple(*(sp.sympify(arg, strict=True) for arg in args))


class Elementwise(MatrixExpr):
    """A scalar formula for every element: Elementwise(formula, (u, A), (v, B), …).

    The formula is over the symbols u, v, …, which stand for the elements of A, B, …
    """

    def __new__(cls, formula: Expr, *pairs: Any) -> Elementwise:
        made = sp.Basic.__new__(cls, formula, *map(_strict, pairs))
        return made  # type: ignore[no-any-return]

    @property
    def formula(self) -> Expr:
        return self.args[0]

    @property
    def pairs(self) -> tuple[Any, ...]:
        return tuple(self.args[1:])

    @property
    def free_symbols(self) -> set[Any]:
        found: set[Any] = self.formula.free_symbols - {symbol for symbol, _ in self.pairs}
        return found.union(*(matrix.free_symbols for _, matrix in self.pairs))

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
        made = sp.Basic.__new__(cls, head, _strict(shape), *_strict(args))
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
        made = sp.Basic.__new__(cls, head, *_strict(args))
        return made  # type: ignore[no-any-return]

    @property
    def name(self) -> str:
        return str(self.args[0])

    def _sympystr(self, printer: Any) -> str:
        return f"{self.name}({', '.join(printer._print(arg) for arg in self.args[1:])})"


class _View:
    def __init__(self, shapes: Mapping[str, Shape], formula: Expr) -> None:
        self._shapes = shapes
        self._known: dict[Expr, Shape] = {}
        self._taken = {part.name for part in postorder(formula) if part.is_Symbol}
        self._named = set(_read_otherwise(formula))

    def shape_of(self, expr: Expr) -> Shape:
        return shape_of(expr, self._shapes, self._known)

    def has_higher_rank(self, formula: Expr) -> bool:
        """Whether some part has more than two axes."""
        self.shape_of(formula)
        return any(len(shape) > 2 for shape in self._known.values())

    def whole(self, expr: Expr, shape: Shape) -> Expr:
        """The view of an expression, spread to a shape where it is of lower rank."""
        own = self.shape_of(expr)
        if own == shape:
            return self.view(expr)
        if not own:
            ones, view = OneMatrix(*_two(shape)), self.view(expr)
            return MatMul(view, ones) if view != 1 else ones
        return Elementwise(
            Symbol("u"),
            (Symbol("u"), self.part(expr, shape)),
            (Symbol("one"), OneMatrix(*_two(shape))),
        )

    def part(self, expr: Expr, shape: Shape) -> Expr:
        """The view of what is combined element by element to an array of a shape.

        A vector that is broadcast along the rows of a matrix is a row there. An array of one value
        keeps its name, being written as that value otherwise.
        """
        own = self.shape_of(expr)
        if isinstance(expr, a.full):
            return self._by_name(expr, own)
        if isinstance(expr, a.expand_dims) and _two(own)[1] != _two(shape)[1]:
            return self.view(expr.args[0])
        view = self.view(expr)
        return Transpose(view) if len(own) == 1 and len(shape) == 2 else view

    def view(self, expr: Expr) -> Expr:
        shape = self.shape_of(expr)
        if isinstance(expr, ArrayFunction):
            return self._array(expr, shape)
        if expr.is_Symbol:
            return expr if is_size(expr) else matrix_symbol(expr.name, shape)
        if not shape:
            return self._scalar(expr)
        if expr.is_Add:
            return self._sum(expr, shape)
        if expr.is_Mul:
            return self._product(expr, shape)
        if expr.is_Pow and expr.exp.is_number and expr.exp.is_integer:
            return HadamardPower(self.part(expr.base, shape), expr.exp)
        return self._elementwise(expr, shape)

    def _scalar(self, expr: Expr) -> Expr:
        """A number: array functions and names inside it replaced by their views."""
        found = {
            part: self.view(part)
            for part in postorder(expr)
            if isinstance(part, ArrayFunction) and not self.shape_of(part)
        }
        return expr.xreplace(found) if found else expr

    def _sum(self, expr: Expr, shape: Shape) -> Expr:
        own = [self.shape_of(term) == shape for term in expr.args]
        terms = [
            self.part(term, shape) if is_own else self.whole(term, shape)
            for term, is_own in zip(expr.args, own, strict=True)
        ]
        return MatAdd(*sorted(terms, key=sp.default_sort_key))

    def _product(self, expr: Expr, shape: Shape) -> Expr:
        numbers = [f for f in expr.args if not self.shape_of(f)]
        factors = [f for f in expr.args if self.shape_of(f)]
        if any(self.shape_of(f) != shape for f in factors):
            return self._elementwise(expr, shape)
        number = sp.Mul(*(self._scalar(n) for n in numbers))
        if len(factors) > 1:
            product = HadamardProduct(*(self.part(f, shape) for f in factors))
        else:
            product = self.view(factors[0])
        if number == 1:
            return product
        two = isinstance(product, MatMul) and len(product.args) == 2
        return MatMul(number, *product.args) if two else MatMul(number, product)

    def _elementwise(self, expr: Expr, shape: Shape) -> Expr:
        """Scalar functions and choices, over the largest parts that are arrays in themselves."""
        pairs: dict[Expr, tuple[Symbol, Expr]] = {}
        formula = expr.xreplace(dict(self._leaves(expr, shape, pairs)))
        return Elementwise(formula, *pairs.values())

    def _leaves(
        self, expr: Expr, shape: Shape, pairs: dict[Expr, tuple[Symbol, Expr]]
    ) -> list[tuple[Expr, Expr]]:
        found: list[tuple[Expr, Expr]] = []
        stack = list(expr.args)
        while stack:
            part = stack.pop()
            mixes = isinstance(part, ArrayFunction) or part.is_Symbol
            linear = isinstance(part, Expr) and (part.is_Add or part.is_Mul)
            if isinstance(part, Expr) and self.shape_of(part) and (mixes or linear):
                if part not in pairs:
                    pairs[part] = (self._symbol(len(pairs)), self.part(part, shape))
                found.append((part, pairs[part][0]))
            elif isinstance(part, ArrayFunction):
                found.append((part, self.view(part)))
            else:
                stack.extend(part.args)
        return found

    def _symbol(self, number: int) -> Symbol:
        """The symbol of an element, which is not a name of the formula."""
        name = f"u{number}"
        while name in self._taken:
            name += "_"
        return Symbol(name, real=True)

    def _array(self, expr: ArrayFunction, shape: Shape) -> Expr:
        known = _VIEWS.get(expr.func)
        if known is None or expr in self._named:
            return self._by_name(expr, shape)
        seen = known([self.view(o) for o in expr.operands], expr, self)
        return self._by_name(expr, shape) if seen is None else seen

    def _by_name(self, expr: ArrayFunction, shape: Shape) -> Expr:
        """The operation under its own name."""
        head = sp.core.symbol.Str(_NAMES.get(expr.func, expr.func.__name__))
        args = [*(self.view(o) for o in expr.operands), *expr.options]
        return Array(head, _two(shape), *args) if shape else Number(head, *args)


def _read_otherwise(formula: Expr) -> Iterator[Expr]:
    """What keeps its name, because SymPy's form of it is read as another operation.

    √tr(Aᵀ·A) is read as a norm, log det A as logdet, tr(Aᵀ·B) as Σ A∘B.
    """
    for part in postorder(formula):
        if part.func is sp.log and isinstance(part.args[0], a.det):
            yield part.args[0]
        elif part.is_Pow and part.exp in (S.Half, -S.Half) and isinstance(part.base, a.dot):
            yield part.base
        elif isinstance(part, a.dot) and isinstance(part.args[0], a.transpose):
            yield part


def untransposed(expr: Expr, shape_of: Callable[[Expr], Shape]) -> Expr | None:
    """Xᵀ without a transpose, for an X that is made of transposed matrices; else None."""
    if isinstance(expr, a.transpose):
        found: Expr = expr.args[0]
        return found
    if len(shape_of(expr)) != 2 or not (isinstance(expr, a.matmul) or expr.is_Add or expr.is_Mul):
        return None
    if expr.is_Add and any(shape_of(part) != shape_of(expr) for part in expr.args):
        return None
    parts = [part if not shape_of(part) else untransposed(part, shape_of) for part in expr.args]
    if any(part is None for part in parts):
        return None
    return expr.func(*(reversed(parts) if isinstance(expr, a.matmul) else parts))


def _trace(view: Expr, expr: Expr, seen: _View) -> Expr | None:
    (inner,) = expr.args
    if isinstance(inner, a.matmul) and untransposed(inner.args[0], seen.shape_of) is not None:
        return None
    return Trace(view)


def _joined(views: Sequence[Expr], expr: Expr, seen: _View) -> Expr | None:
    """Numbers as a column and explicit rows as a matrix; arrays are joined under a name."""
    if not any(seen.shape_of(o) for o in expr.operands):
        return ImmutableDenseMatrix(views)
    if expr.options != (0,) or not all(_is_row(view) for view in views):
        return None
    return ImmutableDenseMatrix([list(view) for view in views])


def _is_row(view: Expr) -> bool:
    return isinstance(view, ImmutableDenseMatrix) and view.rows == 1


def _factor(expr: Expr, seen: _View) -> Expr:
    """A factor of a Kronecker product, a vector as the column that it is here."""
    if isinstance(expr, a.transpose) and isinstance(expr.args[0], a.expand_dims):
        return Transpose(_factor(expr.args[0], seen))
    is_column = isinstance(expr, a.expand_dims) and len(seen.shape_of(expr.args[0])) == 1
    return seen.view(expr.args[0] if is_column else expr)


def _row(expr: Expr, seen: _View) -> Expr | None:
    """The row of numbers that a transposed column of them is."""
    column = expr.args[0].args[0] if isinstance(expr.args[0], a.expand_dims) else None
    view = seen.view(column) if isinstance(column, a.concat) else None
    return view.T if isinstance(view, ImmutableDenseMatrix) and view.cols == 1 else None


def _times(views: Sequence[Expr], expr: Expr, seen: _View) -> Expr | None:
    """A product; A⁻¹·B with an inverse that was asked for is not the solution of a system.

    An array of one element keeps its name: SymPy's product of 1 × 1 stands for a number.
    """
    if _two(seen.shape_of(expr)) == (1, 1):
        return None
    left = sp.MatPow(views[0].arg, -1) if isinstance(expr.args[0], a.inv) else views[0]
    return MatMul(left, *views[1:])


_NAMES = {
    a.reduce_sum: "sum",
    a.reduce_max: "max",
    a.reduce_min: "min",
    a.sparse_cross_entropy: "cross_entropy",
    a.diagonal: "diag",
    a.slice_: "slice",
}

_See = Callable[[Sequence[Expr], Any, _View], Expr | None]
_VIEWS: dict[Any, _See] = {
    a.matmul: lambda v, e, s: _times(v, e, s),
    a.matvec: lambda v, e, s: _times(v, e, s),
    a.kron: lambda v, e, s: KroneckerProduct(*(_factor(x, s) for x in e.args)),
    a.outer: lambda v, e, s: MatMul(v[0], Transpose(v[1])),
    a.dot: lambda v, e, s: (
        Trace(MatMul(Transpose(v[0]), v[1])) if len(s.shape_of(e.args[0])) == 2 else None
    ),
    a.transpose: lambda v, e, s: _row(e, s) or Transpose(v[0]),
    a.trace: lambda v, e, s: _trace(v[0], e, s),
    a.inv: lambda v, e, s: Inverse(v[0]),
    a.det: lambda v, e, s: Determinant(v[0]),
    a.logdet: lambda v, e, s: sp.log(Determinant(v[0])),
    a.solve: lambda v, e, s: MatMul(Inverse(v[0]), v[1]),
    a.eye: lambda v, e, s: Identity(e.args[0]),
    a.eye_like: lambda v, e, s: Identity(v[0].shape[0]),
    a.diag: lambda v, e, s: DiagMatrix(v[0]),
    a.diagonal: lambda v, e, s: DiagonalOf(v[0]),
    a.full: lambda v, e, s: (
        ZeroMatrix(*_two(tuple(e.args[1:])))
        if e.args[0] == 0
        else s.whole(e.args[0], tuple(e.args[1:]))
    ),
    a.concat: lambda v, e, s: _joined(v, e, s),
    a.explicit_matrix: lambda v, e, s: ImmutableDenseMatrix(*_two(s.shape_of(e)), v),
    a.broadcast_like: lambda v, e, s: s.whole(e.args[0], s.shape_of(e.args[1])),
}
"""What SymPy has classes for."""


def _by_name() -> dict[str, tuple[Any, ...]]:
    """The operations that an `Array` or a `Number` can name, by name."""
    found: dict[str, tuple[Any, ...]] = {}
    for head in sorted(a.ARRAY_FUNCTIONS, key=lambda h: str(h.__name__)):
        name = _NAMES.get(head, head.__name__)
        found[name] = (*found.get(name, ()), head)
    return found


HEADS = _by_name()

__all__ = [
    "HEADS",
    "Array",
    "Elementwise",
    "Number",
    "as_matrix",
    "matrix_symbol",
    "untransposed",
]
