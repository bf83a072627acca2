"""What each of SymPy's matrix operations is in formulas over arrays: one table.

A rule takes the part of the expression and the values of its operands and gives a formula, which
NumPy's rule of broadcasting brings to the shape of the part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import sympy as sp
from sympy import Expr, Integer, MatrixExpr, MatrixSymbol, S, Symbol, Trace, Tuple
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction
from sympy.matrices.expressions.determinant import Determinant
from sympy.matrices.expressions.diagonal import DiagMatrix, DiagonalMatrix, DiagonalOf
from sympy.matrices.expressions.dotproduct import DotProduct
from sympy.matrices.expressions.matexpr import MatrixElement
from sympy.matrices.expressions.slice import MatrixSlice

from symback.errors import TooLarge, Unsupported
from symback.operations import arrays as a
from symback.operations.matrix_view import HEADS, Array, Elementwise, Number, untransposed
from symback.operations.shapes import Shape, ShapeError, shown
from symback.operations.vjp import VJP
from symback.sympy_io.adjoints import WRITTEN
from symback.sympy_io.matrix_products import (
    ALL,
    MatrixValue,
    as_matrix,
    as_number,
    as_vector,
    chained,
    full,
)
from symback.sympy_io.refusals import shown_part

LARGEST_POWER = 64  # of a matrix: it is written out as a product
_HALVES = (S.Half, -S.Half)
NAMED = {
    name: kept
    for name, heads in HEADS.items()
    if (kept := tuple(h for h in heads if h in VJP or h in WRITTEN or h is a.full))
}
"""The operations that an Array or a Number may name: those that have a derivative or a formula."""


def better(part: Any, formulas: Sequence[Expr]) -> Expr | None:
    """log det and a norm as one operation, which keeps the digits that two would lose."""
    if part.func is sp.log and type(part.args[0]) is Determinant:
        inner = formulas[0]
        return a.logdet(*inner.args) if isinstance(inner, a.det) else None
    if part.is_Pow and part.exp in _HALVES and isinstance(part.base, _SQUARES):
        inner = formulas[0]
        if isinstance(inner, a.dot) and inner.args[0] == inner.args[1]:
            return sp.Pow(a.norm(inner.args[0]), 2 * part.exp)
    return None


class Reader(Protocol):
    """What the rules ask of the reader whose node they are part of."""

    node: str

    def size(self, size: Any) -> Expr: ...
    def dims(self, part: Any) -> tuple[Expr, Expr]: ...
    def shape_of(self, expr: Expr) -> Shape: ...
    def whole(self, value: MatrixValue) -> Expr: ...
    def matrix_symbol(self, part: Any) -> Expr: ...
    def add_target(self, formula: Expr) -> None: ...
    def add_shapes_of(self, formulas: Sequence[Expr]) -> None: ...
    def aligned(self, values: Sequence[MatrixValue], dims: tuple[Expr, Expr]) -> list[Expr]: ...
    def elementwise(
        self, formula: Any, pairs: Iterable[tuple[Any, MatrixValue]], part: Any
    ) -> Expr: ...


Formula = Callable[[Reader, Any, list[MatrixValue]], Expr]


@dataclass(frozen=True, slots=True)
class DerivativeRule:
    formula: Formula
    operands: Callable[[Any], tuple[Any, ...]] = lambda part: part.args


def _each(head: Any) -> Formula:
    """An operation element by element; SymPy lets sizes with names differ, [n, 1] and [n, n]."""

    def rule(r: Reader, part: Any, values: list[MatrixValue]) -> Expr:
        dims = r.dims(part)
        for operand, value in zip(part.args, values, strict=True):
            if isinstance(operand, MatrixExpr) and value.dims != dims:
                raise ShapeError(
                    f"{type(part).__name__}: {shown(dims)} and {shown(value.dims)} don't fit"
                )
        found: Expr = head(*r.aligned(values, dims))
        return found

    return rule


def _product(r: Reader, part: Any, values: list[MatrixValue]) -> Expr:
    pairs = list(zip(part.args, values, strict=True))
    numbers = [as_number(v, r.shape_of) for p, v in pairs if not isinstance(p, MatrixExpr)]
    factors = [(p, v) for p, v in pairs if isinstance(p, MatrixExpr)]
    rest = _without_ones(factors) if r.dims(part) == (1, 1) else factors
    inverses = [type(p) is sp.Inverse for p, _ in rest]
    found = chained([v for _, v in rest], inverses, r.shape_of)
    if len(rest) < len(factors):
        found = a.reduce_sum(full(MatrixValue(found, _outside([v for _, v in rest])), r.shape_of))
    return sp.Mul(*numbers, found)


def _without_ones(factors: list[tuple[Any, MatrixValue]]) -> list[tuple[Any, MatrixValue]]:
    """The factors without the row and the column of ones around them, which add up what is left."""
    first = 1 if len(factors) > 1 and type(factors[0][0]) is sp.OneMatrix else 0
    last = 1 if len(factors) - first > 1 and type(factors[-1][0]) is sp.OneMatrix else 0
    rest = factors[first : len(factors) - last]
    return factors if _outside([v for _, v in rest]) == (1, 1) else rest


def _outside(values: Sequence[MatrixValue]) -> tuple[Expr, Expr]:
    return values[0].dims[0], values[-1].dims[1]


def _power(r: Reader, part: Any, values: list[MatrixValue]) -> Expr:
    """A power as a product, that of a 1 × 1 matrix as that of a number."""
    base, exponent = values[0], part.args[1]
    if base.dims == (1, 1):
        number = as_number(base, r.shape_of)
        root = better(sp.Pow(part.args[0], exponent, evaluate=False), [number])
        return root or sp.Pow(number, as_number(values[1], r.shape_of))
    if not exponent.is_Integer or not exponent:
        raise Unsupported(f"node '{r.node}' has a matrix to the power {shown_part(exponent)}")
    if abs(exponent) > LARGEST_POWER:
        raise TooLarge(f"node '{r.node}': a matrix to a power beyond {LARGEST_POWER}")
    matrix = as_matrix(base, r.shape_of)
    factor = a.inv(matrix) if exponent < 0 else matrix
    found = factor
    for _ in range(abs(int(exponent)) - 1):
        found = a.matmul(found, factor)
    return found


def _transpose(r: Reader, part: Any, values: list[MatrixValue]) -> Expr:
    (value,) = values
    rank = len(r.shape_of(value.formula))
    if rank == 2:
        return a.transpose(value.formula)
    is_spread = rank == 1 and 1 not in value.dims  # a vector along the rows, not yet spread out
    return a.expand_dims(value.formula) if is_spread else value.formula


def _of_square(head: Any) -> Formula:
    """An operation on a square matrix, which leaves a 1 × 1 matrix as the number that it is."""

    def rule(r: Reader, part: Any, values: list[MatrixValue]) -> Expr:
        if values[0].dims == (1, 1):
            number = as_number(values[0], r.shape_of)
            return 1 / number if head is a.inv else number
        return head(as_matrix(values[0], r.shape_of))

    return rule


def _trace(r: Reader, part: Any, values: list[MatrixValue]) -> Expr:
    """tr(Aᵀ·B) = Σ A∘B needs no product of matrices."""
    if not isinstance(part.arg, sp.MatMul) or values[0].dims == (1, 1):
        return _of_square(a.trace)(r, part, values[:1])
    factors = part.arg.args
    if any(not isinstance(f, MatrixExpr) or f.shape == (1, 1) for f in factors):
        return _of_square(a.trace)(r, part, values[:1])
    turned: list[Expr] = []
    for value in values[1:-1]:
        back = untransposed(value.formula, r.shape_of)
        if back is None:
            break
        turned.append(back)
    if not turned:
        return a.trace(as_matrix(values[0], r.shape_of))
    left = turned[-1]
    for matrix in reversed(turned[:-1]):
        left = a.matmul(left, matrix)
    inverses = [type(f) is sp.Inverse for f in factors[len(turned) :]]
    return a.dot(left, chained(values[1 + len(turned) :], inverses, r.shape_of))


def _trace_operands(part: Any) -> tuple[Any, ...]:
    """The matrix, and the factors that it is a product of."""
    return (part.arg, *part.arg.args) if isinstance(part.arg, sp.MatMul) else (part.arg,)


def _dot(r: Reader, part: Any, values: list[MatrixValue]) -> Expr:
    return a.dot(*(as_vector(v, r.shape_of) for v in values))


def _applied(r: Reader, part: Any, values: list[MatrixValue]) -> Expr:
    function = part.function
    if len(function.variables) != 1:
        raise Unsupported(f"node '{r.node}': applyfunc takes a function of one number")
    return r.elementwise(function.expr, [(function.variables[0], values[0])], part)


def _elements(r: Reader, part: Any, values: list[MatrixValue]) -> Expr:
    symbols = [pair[0] for pair in part.pairs]
    if not symbols or not all(isinstance(s, Symbol) for s in symbols):
        raise Unsupported(f"node '{r.node}': Elementwise takes a formula and its symbols")
    return r.elementwise(part.formula, zip(symbols, values, strict=True), part)


def _element(r: Reader, part: Any, values: list[MatrixValue]) -> Expr:
    if not (part.i.is_Integer and part.j.is_Integer):
        shown = shown_part(Tuple(part.i, part.j))
        raise Unsupported(
            f"node '{r.node}' has a MatrixElement of the indices {shown}; indices are whole numbers"
        )
    return _part(r, values[0], part.i, part.j)


def _slice(r: Reader, part: Any, values: list[MatrixValue]) -> Expr:
    bounds = []
    for (start, stop, step), size in zip(
        (part.rowslice, part.colslice), part.parent.shape, strict=True
    ):
        start, stop = (
            end - size if (end - size).is_negative and not size.is_Integer else end
            for end in (start, stop)
        )
        constant = start.is_Integer and (stop.is_Integer or stop == size)
        if step != 1 or not constant:
            raise Unsupported(
                f"node '{r.node}' has a MatrixSlice of the bounds {start}:{stop}:{step}; bounds "
                "are whole numbers, the step 1"
            )
        bounds.append(Tuple(start, S.Infinity if stop == size else stop))
    one = [b[0] if d == 1 and b != ALL else b for b, d in zip(bounds, part.shape, strict=True)]
    return _part(r, values[0], *one)


def _part(r: Reader, value: MatrixValue, row: Expr, column: Expr) -> Expr:
    """Rows and columns of a matrix; of a vector, those of its one axis."""
    formula = full(value, r.shape_of)
    rank = len(r.shape_of(formula))
    if rank < 2:
        row = column if value.dims[0] == 1 and rank else row
        return formula if not rank or row == ALL else a.slice_(formula, Tuple(row))
    parts = [row] if column == ALL else [row, column]
    return formula if parts == [ALL] else a.slice_(formula, Tuple(*parts))


def _operation_operands(part: Any) -> tuple[Any, ...]:
    (head, *_), args = NAMED[part.name], part.args[_lead(part) :]
    found: tuple[Any, ...] = args[:-1] if head is a.concat else args[: head.arrays]
    return found


def _lead(part: Any) -> int:
    """How many arguments stand before the operands: the name, and the shape of an Array."""
    return 2 if isinstance(part, Array) else 1


def _operation(r: Reader, part: Any, values: list[MatrixValue]) -> Expr:
    """An Array or a Number: an operation of ours by its name.

    A matrix of one column may be a vector or a matrix here; the first reading of the right shape is
    taken, and the error of the first where there is none.
    """
    refused = None
    for operands in _readings(r, values):
        try:
            made = _operation_of(r, part, operands)
            shape = r.shape_of(made)
            if bool(shape) == isinstance(part, Array) and (*shape, S.One, S.One)[:2] == r.dims(
                part
            ):
                return made
            wrong = f"{part.name} of the shape {shown(r.dims(part))} is {shown(shape)} here"
            refused = refused or ShapeError(wrong)
        except ShapeError as error:
            refused = refused or error
    assert refused is not None
    raise refused


def _readings(r: Reader, values: list[MatrixValue]) -> Iterator[list[Expr]]:
    """Operands with columns as vectors, with the first one as a matrix, with all as matrices."""
    operands = [r.whole(v) for v in values]
    yield operands
    matrices = [
        as_matrix(v, r.shape_of) if len(r.shape_of(o)) < 2 and v.dims is not None else o
        for v, o in zip(values, operands, strict=True)
    ]
    if matrices != operands:
        yield [*matrices[:1], *operands[1:]]
        yield matrices


def _operation_of(r: Reader, part: Any, operands: list[Expr]) -> Expr:
    shapes = [r.shape_of(o) for o in operands]
    head = next((h for h in NAMED[part.name] if _fits(h, shapes)), NAMED[part.name][0])
    given = part.args[_lead(part) + len(operands) :]
    least, most, kinds = _OPTIONS.get(head, (0, 0, ()))
    wanted = 1 if head.arrays is None else head.arrays
    if (
        len(operands) < wanted
        or not least <= len(given) <= most
        or not _are(given, kinds, head is a.einsum)
    ):
        raise Unsupported(f"node '{r.node}': {part.name} of wrong arguments")
    options = [_option(r, o) for o in given]
    if head in (a.cross_entropy, a.sparse_cross_entropy):
        r.add_target(operands[1])
    if head in WRITTEN:
        r.add_shapes_of(operands)
        try:
            made: Expr = WRITTEN[head](r.shape_of, *operands, *options)
        except ShapeError as error:
            raise Unsupported(f"node '{r.node}', {part.name}: {error.message}") from None
        return made
    made = head(*options, *operands) if head is a.concat else head(*operands, *options)
    return made


def _fits(head: Any, shapes: Sequence[Shape]) -> bool:
    """Which of two operations of one name is meant."""
    ranks = {a.diag: 1, a.diagonal: 2, a.sparse_cross_entropy: 0}
    return bool(shapes) and len(shapes[-1]) == ranks.get(head, len(shapes[0]))


def _are(options: Sequence[Any], kinds: tuple[Any, ...], is_named: bool = False) -> bool:
    """Whether options have the right kinds; those in a Tuple are indices, or pairs of bounds."""
    inner = [part for o in options if isinstance(o, Tuple) for part in o]
    ranges = [part for part in inner if isinstance(part, Tuple)]
    bounds = [o for part in ranges for o in part]
    return (
        all(isinstance(o, kinds) for o in options)
        and (is_named or all(len(part) in (2, 3) for part in ranges))
        and all(isinstance(o, Integer) for o in inner if not isinstance(o, Tuple))
        and all(isinstance(o, Integer) or o in (S.Infinity, S.NegativeInfinity) for o in bounds)
    )


def _option(r: Reader, option: Any) -> Any:
    if isinstance(option, Tuple):
        return Tuple(*(_option(r, o) for o in option))
    return option if option.is_infinite or option.is_Integer else r.size(option)


def _explicit(r: Reader, part: Any, values: list[MatrixValue]) -> Expr:
    """A matrix that is given entry by entry: a vector where it has one row or column."""
    entries = [as_number(v, r.shape_of) for v in values]
    rows, columns = part.shape
    if 1 in (rows, columns):
        return a.concat(S.Zero, *entries)
    return a.explicit_matrix(*entries, Integer(columns))


_OPTIONS: dict[Any, tuple[int, int, tuple[Any, ...]]] = {
    **{h: (0, 2, (Integer,)) for h in (a.reduce_sum, a.mean, a.reduce_max, a.reduce_min)},
    **{h: (0, 2, (Integer,)) for h in (a.argmax_mask, a.normalized, a.size, a.norm)},
    **{h: (0, 2, (Integer,)) for h in (a.softmax, a.log_softmax, a.logsumexp)},
    **{h: (0, 1, (Integer,)) for h in (a.expand_dims, a.tril, a.triu, a.prod, a.cumsum, a.cumprod)},
    **{h: (0, 1, (Integer,)) for h in (a.products_of_others, a.products_before)},
    **{h: (0, 1, (Integer,)) for h in (a.scan_back, a.take, a.segment_sum)},
    a.reshape: (1, 2, (sp.Expr,)),
    a.einsum: (1, 1, (Tuple,)),
    a.windows: (2, 2, (Tuple,)),
    a.fold: (2, 2, (Tuple,)),
    a.scatter: (1, 1, (Tuple,)),
    a.concat: (1, 1, (Integer,)),
    a.explicit_matrix: (1, 1, (Integer,)),
    a.slice_: (1, 1, (Tuple,)),
    a.full: (2, 3, (Integer, Symbol)),
}
"""Fewest and most options of an operation, and their kinds."""

_SQUARES = (Trace, DotProduct, sp.MatMul)

RULES: dict[type, DerivativeRule] = {
    MatrixSymbol: DerivativeRule(lambda r, part, _: r.matrix_symbol(part), lambda part: ()),
    sp.ImmutableDenseMatrix: DerivativeRule(_explicit, lambda part: tuple(part.flat())),
    sp.ImmutableSparseMatrix: DerivativeRule(_explicit, lambda part: tuple(part.flat())),
    sp.Identity: DerivativeRule(lambda r, part, _: a.eye(r.size(part.shape[0])), lambda part: ()),
    sp.ZeroMatrix: DerivativeRule(lambda r, part, _: S.Zero, lambda part: ()),
    sp.OneMatrix: DerivativeRule(lambda r, part, _: S.One, lambda part: ()),
    sp.MatAdd: DerivativeRule(_each(sp.Add)),
    sp.MatMul: DerivativeRule(_product),
    sp.HadamardProduct: DerivativeRule(_each(sp.Mul)),
    sp.HadamardPower: DerivativeRule(_each(sp.Pow)),
    sp.MatPow: DerivativeRule(_power),
    sp.Transpose: DerivativeRule(_transpose),
    sp.Adjoint: DerivativeRule(_transpose),  # all is real
    sp.Inverse: DerivativeRule(_of_square(a.inv), lambda part: (part.arg,)),
    Determinant: DerivativeRule(_of_square(a.det)),
    Trace: DerivativeRule(_trace, _trace_operands),
    DotProduct: DerivativeRule(_dot),
    DiagMatrix: DerivativeRule(lambda r, _, v: a.diag(as_vector(v[0], r.shape_of))),
    DiagonalOf: DerivativeRule(lambda r, _, v: a.diagonal(as_matrix(v[0], r.shape_of))),
    DiagonalMatrix: DerivativeRule(lambda r, _, v: a.diag(a.diagonal(as_matrix(v[0], r.shape_of)))),
    ElementwiseApplyFunction: DerivativeRule(_applied, lambda part: (part.expr,)),
    MatrixElement: DerivativeRule(_element, lambda part: (part.parent,)),
    MatrixSlice: DerivativeRule(_slice, lambda part: (part.parent,)),
    Elementwise: DerivativeRule(_elements, lambda part: tuple(pair[1] for pair in part.pairs)),
    Array: DerivativeRule(_operation, _operation_operands),
    Number: DerivativeRule(_operation, _operation_operands),
}
"""What of SymPy's matrices is known; everything else is refused by name."""


__all__ = ["NAMED", "RULES", "better"]
