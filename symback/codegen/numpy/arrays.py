"""The NumPy target for arrays: a leading batch axis, and BLAS wherever elements are mixed.

Each operation has one method; each prints for every pattern of operands that vary by sample and
operands that all samples share. A product that is summed over the batch is printed as one product
of matrices: no outer product of a sample is ever made. The module is long because it has one
function an operation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from copy import copy
from typing import Any, ClassVar

from sympy import Add, Expr, Integer, Mul, Piecewise, Symbol, Tuple

from symback.circuits.program import Assign, Program, batch_sum, varies
from symback.codegen.lines import tuple_of
from symback.codegen.numpy.printer import NumpyPrinter
from symback.operations import arrays as a
from symback.operations.arrays import ArrayFunction, shape_of
from symback.operations.shapes import Shape, is_size
from symback.operations.subscripts import LETTERS, flips
from symback.printing.array_notation import bounds, letters_of
from symback.printing.printer import ADD, ATOM, MUL, NEG, is_negative

Printed = tuple[str, int]
_AXES = "ijklmnop"
"""Of the axes of a sample's array in subscripts, where b is the batch's."""

_MIXING = (ArrayFunction, batch_sum)
OF_PYTHON = frozenset({"np.sqrt", "np.maximum", "np.minimum"})
"""Functions of sizes whose value is a number of Python, also where arrays are traced."""
_CALLED = re.compile(r"([\w.]+)\(")
VIEWS = (
    *(Symbol, a.transpose, a.permute, a.reshape, a.reshape_like, a.windows, a.slice_),
    *(a.expand_dims, a.diagonal),
)
"""What prints as a view of an operand."""


class ArrayPrinter(NumpyPrinter):
    """Prints formulas over arrays; `like` is the name of an array of the dtype to compute in, where
    there is one.

    With `has_guards` a matrix without inverse does not raise: no branch that is taken may read it.
    """

    casts: ClassVar[bool] = False  # constants, also where there is no such array

    def __init__(
        self,
        order: Any,
        leading: Any = (),
        *,
        varying: Iterable[Symbol] = (),
        rows: str = "1",
        in_place: bool = False,
        shapes: Mapping[str, Shape],
        like: str,
        has_guards: bool = False,
    ) -> None:
        super().__init__(order, leading, varying=varying, rows=rows, in_place=in_place)
        self._shapes = shapes
        self._like = like
        self.linalg = "_" if has_guards else "np.linalg."
        self._rank: int | None = None  # of the elementwise formula being printed
        self._in_sizes = False  # whether that is a number made of sizes
        self._is_cast = False  # and these are of the dtype to compute in
        self._known: dict[Expr, Shape] = {}

    @property
    def names(self) -> Collection[str]:
        """The names that lines have, in their order."""
        return self._order.keys()

    def inside(
        self,
        varying: Iterable[Symbol],
        order: Sequence[Symbol],
        shapes: Mapping[str, Shape] | None = None,
        rows: str = "",
    ) -> ArrayPrinter:
        """The printer of a loop's turn, of whose names some vary by sample.

        Names may have other shapes than outside, and there may be so many other `rows`.
        """
        made = copy(self)
        made._varying = self._varying | {*varying}
        made._order = {**self._order, **{s.name: (-1, 1, i) for i, s in enumerate(order)}}
        made._shapes = {**self._shapes, **(shapes or {})}
        made._rows = rows or self._rows
        made._keys = {}
        made._known = {}
        return made

    # -- elementwise formulas ---------------------------------------------------------------

    def ndim(self, expr: Expr) -> int:
        return len(shape_of(expr, self._shapes, self._known)) if self._shapes else 0

    def varies(self, expr: Expr) -> bool:
        return varies(expr, self._varying)

    def _print(self, expr: Expr) -> Printed:
        if not self._shapes:
            if expr.is_Symbol:  # as most parts of a large circuit are
                return self.symbol(expr), ATOM
            if not isinstance(expr, ArrayFunction):
                return super()._print(expr)
        outer = self._rank
        if expr.is_Symbol or isinstance(expr, _MIXING):
            self._rank = None
            text, level = self._mixing(expr)
            self._rank = outer
            if outer and self.varies(expr) and self.ndim(expr) < outer:
                text = self.bracket(text) if level < ATOM else text
                return f"{text}[:{', None' * (outer - self.ndim(expr))}]", ATOM
            return text, level
        if not self._in_sizes and expr.free_symbols and all(map(is_size, expr.free_symbols)):
            return self._number_of_sizes(expr)
        if outer is None:
            self._rank = self.ndim(expr)
        text, level = super()._print(expr)
        self._rank = outer
        return text, level

    def _number_of_sizes(self, expr: Expr) -> Printed:
        """A Python number: a NumPy float64 would make float32 arrays larger."""
        text, level = self._of_sizes(expr)
        return (f"float({text})", ATOM) if "(" in text and not self._is_cast else (text, level)

    def _of_sizes(self, expr: Expr) -> Printed:
        """The code for a number made of sizes; functions that Python lacks take these cast."""
        self._in_sizes, self._is_cast = True, False
        printed = self._print(expr)
        if not {*_CALLED.findall(printed[0])} <= OF_PYTHON:
            self._is_cast = True
            printed = self._print(expr)
        self._in_sizes = False
        return printed

    def _mixing(self, expr: Expr) -> Printed:
        if isinstance(expr, batch_sum):
            return self._batch_sum(expr.args[0])
        if isinstance(expr, ArrayFunction):
            return PRINT[expr.func](self, *expr.args)
        return self.symbol(expr), ATOM

    def whole(self, expr: Expr, level: int = ATOM) -> str:
        """An operand, printed by itself."""
        outer, self._rank = self._rank, None
        text = self.at(expr, level)
        self._rank = outer
        return text

    def aligned(self, expr: Expr, rank: int) -> str:
        """An elementwise formula, ready to be broadcast to a rank."""
        outer, self._rank = self._rank, rank
        text = self.print(expr)
        self._rank = outer
        return text

    def matrix(self, expr: Expr, flipped: bool = False) -> str:
        """A matrix, or its transpose."""
        while isinstance(expr, a.transpose):
            expr, flipped = expr.args[0], not flipped
        text = self.whole(expr)
        return text + (".mT" if self.varies(expr) else ".T") if flipped else text

    def axes(self, array: Expr, axes: Sequence[Expr]) -> str:
        """The axes of a reduction: those of the sample that are named, or all of them."""
        rank = self.ndim(array)
        found = [int(axis) - rank for axis in axes] or list(range(-rank, 0))
        return str(found[0]) if len(found) == 1 else f"({', '.join(map(str, found))})"

    def arguments(self, expr: Expr) -> str:
        if not isinstance(expr, ArrayFunction) or not expr.options:
            return super().arguments(expr)
        (array,) = expr.operands
        return f"{self.print(array)}, {self.axes(array, expr.options)}"

    def rows_of(self, expr: Expr) -> str:
        """The code for the number of samples."""
        return f"len({self.whole(expr, ADD)})"

    def dtype(self) -> str:
        return f"{self._like}.dtype" if self._like else "float"

    def constant(self, expr: Expr) -> str:
        text, _ = self._of_sizes(expr)
        return self.cast(text) if (self._like or self.casts) and not self._is_cast else text

    def cast(self, text: str) -> str:
        return f"{self._like}.dtype.type({text})" if self._like else super().cast(text)

    def symbol(self, symbol: Symbol) -> str:
        text = super().symbol(symbol)
        return self.cast(text) if self._is_cast and self._in_sizes and is_size(symbol) else text

    def steps(self, target: Symbol, expr: Expr) -> list[tuple[str, str]]:
        """A product of matrices, then in place what is added to it or multiplied with it."""
        if not self._shapes:
            return super().steps(target, expr)
        parts = list(expr.args) if expr.is_Add or expr.is_Mul else []
        shape = shape_of(expr, self._shapes, self._known)
        fresh = [p for p in parts if isinstance(p, a.matmul | a.matvec) and self._is_new(p, shape)]
        if not fresh or not shape:
            return []
        first = min(fresh, key=self.term_key)
        parts.remove(first)
        found = [(f"{target} =", self.whole(first, ADD))]
        if expr.is_Mul:
            return [*found, (f"{target} *=", self.aligned(Mul(*parts), len(shape)))]
        for part in sorted(parts, key=self.term_key):
            sign = "-" if is_negative(part) else "+"
            part = -part if sign == "-" else part
            found.append((f"{target} {sign}=", self.aligned(part, len(shape))))
        return found

    def is_free(self, operand: Expr, line: Assign, program: Program) -> bool:
        """Whether the operand is an array made here that no other line reads."""
        if not operand.is_Symbol or operand in program.returned or not self.ndim(operand):
            return False
        made = [other for other in program.lines if other.target == operand]
        reads = [other for other in program.lines if operand in other.reads]
        with_slope = [other for other in reads if other.expr.args == line.expr.args]
        new = made and bool(self.steps(operand, made[0].expr))
        return bool(new) and len(reads) == len(with_slope) == 2

    def _is_new(self, part: Expr, shape: Shape) -> bool:
        """Whether the part's value can hold that of the line: one value a sample, of its shape."""
        return self.varies(part) and shape_of(part, self._shapes, self._known) == shape

    # -- sums over the batch ----------------------------------------------------------------

    def _batch_sum(self, expr: Expr) -> Printed:
        if not self._shapes or (self.ndim(expr) == 0 and not a.has_arrays(expr)):
            return super()._batch_sum(expr)
        if expr.is_Add:
            return self._print(Add(*(batch_sum(term) for term in expr.args)))
        factors = Mul.make_args(expr)
        shared = Mul(*(f for f in factors if not self.varies(f)))
        rest = Mul(*(f for f in factors if self.varies(f)))
        if rest == 1:
            return f"{self._rows} * {self.whole(shared, MUL)}", MUL
        text, level = self._summed(rest)
        if shared == 1:
            return text, level
        if shared == -1:
            return f"-{text if level >= MUL else self.bracket(text)}", NEG
        text = text if level > MUL else self.bracket(text)  # s * a @ b is (s * a) @ b
        if shared.is_number:
            if is_negative(shared):
                return f"-{self._times_shared(-shared, text)}", NEG
            return self._times_shared(shared, text), MUL
        return f"{self.whole(shared, MUL)} * {text}", MUL

    def _summed(self, expr: Expr) -> Printed:
        """The sum over the batch of a product whose factors all vary."""
        if isinstance(expr, ArrayFunction):
            special = SUMMED.get(expr.func)
            if special is not None:
                return special(self, *expr.args)
        rank = self.ndim(expr)
        factors = Mul.make_args(expr)
        scalars = [f for f in factors if self.ndim(f) == 0]
        full = [f for f in factors if self.ndim(f) == rank]
        if len(factors) > 1 and len(scalars) + len(full) == len(factors) and rank:
            if scalars:
                weights, array = self.whole(Mul(*scalars)), self.whole(Mul(*full))
                return self._weighted(weights, array, rank)
            if rank == 1:
                first, *others = sorted(full, key=self.factor_key)
                texts = f"{self.whole(first, ADD)}, {self.whole(Mul(*others), ADD)}"
                return f'np.einsum("bi,bi->i", {texts})', ATOM
        return f"{self.whole(expr)}.sum({'axis=0' if rank else ''})", ATOM

    @staticmethod
    def _weighted(weights: str, array: str, rank: int) -> Printed:
        if rank == 1:
            return f"{weights} @ {array}", MUL
        return f"np.tensordot({weights}, {array}, 1)", ATOM

    def contraction(self, left: Expr, right: Expr, axis: int) -> Printed:
        """Σ over samples of a product, `axis` being that of the right operand."""
        axes = []
        texts = []
        for operand, place in ((left, 2), (right, axis)):
            flipped = False
            while isinstance(operand, a.transpose):
                operand, flipped = operand.args[0], not flipped
            texts.append(self.whole(operand, ADD))
            axes.append(3 - place if flipped else place)
        return f"np.tensordot({texts[0]}, {texts[1]}, ((0, {axes[0]}), (0, {axes[1]})))", ATOM


# -- one function an operation ---------------------------------------------------------------


def _matmul(p: ArrayPrinter, x: Expr, y: Expr) -> Printed:
    return f"{p.matrix(x)} @ {p.matrix(y)}", MUL


def _matvec(p: ArrayPrinter, m: Expr, x: Expr) -> Printed:
    if p.varies(x) and p.varies(m):
        return f"({p.matrix(m)} @ {p.whole(x)}[:, :, None])[:, :, 0]", ATOM
    if p.varies(x):
        return f"{p.whole(x)} @ {p.matrix(m, flipped=True)}", MUL
    return f"{p.matrix(m)} @ {p.whole(x)}", MUL


def _outer(p: ArrayPrinter, u: Expr, v: Expr) -> Printed:
    return f"{p.whole(u)}[..., :, None] * {p.whole(v)}[..., None, :]", MUL


def _dot(p: ArrayPrinter, u: Expr, v: Expr) -> Printed:
    rank = p.ndim(u)
    left, right = p.whole(u, ADD), p.whole(v, ADD)
    if p.varies(u) and p.varies(v):
        if rank == 1:
            return f"np.vecdot({left}, {right})", ATOM
        letters = f"b{_AXES[:rank]}"
        return f'np.einsum("{letters},{letters}->b", {left}, {right})', ATOM
    if not p.varies(u) and not p.varies(v):
        return f"np.vdot({left}, {right})", ATOM
    if p.varies(v):
        left, right, u, v = right, left, v, u
    if rank == 1:
        return f"{p.whole(u)} @ {p.whole(v)}", MUL
    return f"np.tensordot({left}, {right}, {rank})", ATOM


def _two_factors(p: ArrayPrinter, array: Expr) -> tuple[Expr, Expr] | None:
    """An elementwise product as two factors of its whole shape, numbers in the first."""
    shape = shape_of(array, p._shapes)
    if array.is_Pow and array.exp == 2:
        return array.base, array.base
    factors = sorted(Mul.make_args(array), key=p.factor_key) if array.is_Mul else []
    full = [f for f in factors if shape_of(f, p._shapes) == shape]
    if len(full) < 2 or any(isinstance(f, Piecewise) for f in factors):
        return None
    rest = Mul(*(f for f in factors if f is not full[-1]))
    return rest, full[-1]


def _total(p: ArrayPrinter, array: Expr, *axes: Expr) -> Printed:
    pair = None if axes else _two_factors(p, array)
    if pair is not None:
        return _dot(p, *pair)
    return _reduced("sum")(p, array, *axes)


def _reduced(method: str) -> Callable[..., Printed]:
    def print_(p: ArrayPrinter, array: Expr, *axes: Expr) -> Printed:
        text = p.whole(array)
        if not axes and not p.varies(array):
            return f"{text}.{method}()", ATOM
        return f"{text}.{method}(axis={p.axes(array, axes)})", ATOM

    return print_


def _argmax_mask(p: ArrayPrinter, array: Expr, value: Expr, *axes: Expr) -> Printed:
    texts = p.whole(array, ADD), p.whole(value, ADD), p.axes(array, axes)
    return f"_argmax_mask({', '.join(texts)})", ATOM


def _norm(p: ArrayPrinter, array: Expr, *axes: Expr) -> Printed:
    whole = not axes and not p.varies(array)
    return f"_norm({p.whole(array, ADD)}, {None if whole else p.axes(array, axes)})", ATOM


def _along(name: str) -> Callable[..., Printed]:
    """A kernel that goes along the last axis where none is named."""

    def print_(p: ArrayPrinter, array: Expr, *axes: Expr) -> Printed:
        option = f", {p.axes(array, axes)}" if axes else ""
        return f"{name}({p.matrix(array)}{option})", ATOM

    return print_


def _running(name: str) -> Callable[..., Printed]:
    """A kernel of one or two arrays that goes along one axis, the last where none is named."""

    def print_(p: ArrayPrinter, *args: Expr) -> Printed:
        arrays = [o for o in args if not o.is_Integer]
        axis = p.axes(arrays[0], args[len(arrays) :] or [Integer(p.ndim(arrays[0]) - 1)])
        return f"{name}({', '.join(p.whole(o, ADD) for o in arrays)}, axis={axis})", ATOM

    return print_


def _permute(p: ArrayPrinter, array: Expr, *axes: Expr) -> Printed:
    order, rank = list(map(int, axes)), len(axes)
    text = p.whole(array)
    if order == [*range(rank - 2), rank - 1, rank - 2]:
        return f"{text}.mT", ATOM
    if p.varies(array):
        order = [0, *(axis + 1 for axis in order)]
    return f"{text}.transpose({', '.join(map(str, order))})", ATOM


def _normalized(p: ArrayPrinter, array: Expr, norm: Expr, *options: Expr) -> Printed:
    axes = p.axes(array, options)
    return f"_normalized({p.whole(array, ADD)}, {p.whole(norm, ADD)}, {axes})", ATOM


def _reshape(p: ArrayPrinter, array: Expr, *sizes: Expr) -> Printed:
    lead = [p.rows_of(array)] if p.varies(array) else []
    return f"{p.whole(array)}.reshape({', '.join([*lead, *map(p.print, sizes)])})", ATOM


def _reshape_like(p: ArrayPrinter, value: Expr, array: Expr) -> Printed:
    text, shape = p.whole(value), f"{p.whole(array)}.shape"
    if p.varies(array) and not p.varies(value):
        return f"np.broadcast_to({text}.reshape({shape}[1:]), {shape})", ATOM
    lead = f"{p.rows_of(value)}, *" if p.varies(value) and not p.varies(array) else ""
    return f"{text}.reshape({lead}{shape})", ATOM


def _tuples(options: Iterable[Tuple]) -> str:
    """(2, 2), (1, 1)"""
    return ", ".join(tuple_of([str(n) for n in option]) for option in options)


def _fold(p: ArrayPrinter, value: Expr, array: Expr, sizes: Tuple, steps: Tuple) -> Printed:
    shape = _shape_for(p, value, array)
    return f"_fold({p.whole(value, ADD)}, {shape}, {_tuples([steps])})", ATOM


def _summed_fold(p: ArrayPrinter, value: Expr, array: Expr, sizes: Tuple, steps: Tuple) -> Printed:
    text, shape = p.whole(batch_sum(value), ADD), _shape_of_sum(p, array)
    return f"_fold({text}, {shape}, {_tuples([steps])})", ATOM


def _triangle(name: str) -> Callable[..., Printed]:
    def print_(p: ArrayPrinter, array: Expr, diagonal: Expr | None = None) -> Printed:
        option = "" if diagonal is None else f", {diagonal}"
        return f"{name}({p.whole(array, ADD)}{option})", ATOM

    return print_


def _einsum(p: ArrayPrinter, x: Expr, y: Expr, subscripts: Tuple) -> Printed:
    """A product of matrices in the last axes, or a sum over named axes."""
    found = flips(subscripts)
    if found is not None:
        swapped, *flipped = found
        rank = len(subscripts[2])
        factors = [_factor(p, o, f, rank) for o, f in zip((x, y), flipped, strict=True)]
        return " @ ".join(reversed(factors) if swapped else factors), MUL
    return _named_sum(p, x, y, subscripts, "b" if p.varies(x) or p.varies(y) else "")


def _factor(p: ArrayPrinter, array: Expr, flipped: bool, rank: int) -> str:
    """A stack of matrices, the batch in front of all stacks that the product has."""
    text, lacking = p.whole(array), rank - p.ndim(array)
    if lacking and p.varies(array):
        text = f"{text}[:{', None' * lacking}]"
    return f"{text}.mT" if flipped else text


def _named_sum(p: ArrayPrinter, x: Expr, y: Expr, subscripts: Tuple, rows: str) -> Printed:
    """np.einsum; samples have a letter of their own, which the result has where `rows` has it."""
    first, second, result = letters_of(subscripts)
    own = next(c for c in reversed(LETTERS) if c not in first + second)
    first, second = ((own if p.varies(o) else "") + names for o, names in ((x, first), (y, second)))
    result = (own if rows else "") + result
    texts = f'"{first},{second}->{result}", {p.whole(x, ADD)}, {p.whole(y, ADD)}'
    return f"np.einsum({texts}, optimize=True)", ATOM


def _summed_einsum(p: ArrayPrinter, x: Expr, y: Expr, subscripts: Tuple) -> Printed:
    if p.varies(x) and p.varies(y):
        return _named_sum(p, x, y, subscripts, "")
    x, y = (batch_sum(o) if p.varies(o) else o for o in (x, y))
    return p._mixing(a.einsum(x, y, subscripts))


def _trace(p: ArrayPrinter, m: Expr) -> Printed:
    axes = ", axis1=-2, axis2=-1" if p.varies(m) else ""
    return f"np.trace({p.whole(m, ADD)}{axes})", ATOM


def _call(name: str) -> Callable[..., Printed]:
    def print_(p: ArrayPrinter, *operands: Expr) -> Printed:
        return f"{name}({', '.join(p.matrix(o) for o in operands)})", ATOM

    return print_


def _diagonal(p: ArrayPrinter, m: Expr) -> Printed:
    return f"np.diagonal({p.whole(m, ADD)}, axis1=-2, axis2=-1)", ATOM


def _solve(p: ArrayPrinter, m: Expr, b: Expr) -> Printed:
    left, right = p.matrix(m), p.matrix(b)
    if p.ndim(b) == 2 or (not p.varies(m) and not p.varies(b)):
        return f"{p.linalg}solve({left}, {right})", ATOM
    if not p.varies(m):
        return f"{p.linalg}solve({left}, {right}.T).T", ATOM
    return f"{p.linalg}solve({left}, {right}[..., :, None])[..., 0]", ATOM


def _concat(p: ArrayPrinter, axis: Expr, *operands: Expr) -> Printed:
    rank = p.ndim(operands[0])
    if all(operand.is_number for operand in operands):
        return f"np.array({tuple_of([p.whole(o, ADD) for o in operands])}, {p.dtype()})", ATOM
    if len(operands) == 1:
        return (
            (f"{p.whole(operands[0])}[..., None]", ATOM)
            if not rank
            else (p.whole(operands[0]), ATOM)
        )
    joined = ", ".join(_alike(p, operands))
    if rank == 0:
        return f"np.stack(({joined}), axis=-1)", ATOM
    return f"np.concatenate(({joined}), axis={int(axis) - rank})", ATOM


def _explicit_matrix(p: ArrayPrinter, *numbers_and_columns: Expr) -> Printed:
    *numbers, columns = numbers_and_columns
    rows = len(numbers) // int(columns)
    if all(number.is_number for number in numbers):
        texts = [p.whole(number, ADD) for number in numbers]
        lines = [tuple_of(texts[i * int(columns) :][: int(columns)]) for i in range(rows)]
        return f"np.array({tuple_of(lines)}, {p.dtype()})", ATOM
    lead = [p.rows_of(number) for number in numbers if p.varies(number)][:1]
    shape = ", ".join([*lead, str(rows), str(columns)])
    return f"np.stack({tuple_of(_alike(p, numbers))}, axis=-1).reshape({shape})", ATOM


def _rows(p: ArrayPrinter, *operands: Expr) -> Printed:
    return f"np.stack({tuple_of(_alike(p, operands))}, axis={-1 - p.ndim(operands[0])})", ATOM


def _alike(p: ArrayPrinter, operands: Sequence[Expr]) -> list[str]:
    """The operands, those that all samples share repeated where others differ by sample."""
    varying = next((o for o in operands if p.varies(o)), None)
    texts = []
    for operand in operands:
        text = p.constant(operand) if operand.is_number else p.whole(operand, ADD)
        if varying is not None and not p.varies(operand):
            text = f"np.broadcast_to({text}, ({p.rows_of(varying)}, *np.shape({text})))"
        texts.append(text)
    return texts


def _slice(p: ArrayPrinter, array: Expr, parts: Tuple) -> Printed:
    lead = ":, " if p.varies(array) else ""
    return f"{p.whole(array)}[{lead}{bounds(parts)}]", ATOM


def _scatter(p: ArrayPrinter, part: Expr, array: Expr, parts: Tuple) -> Printed:
    lead = ":, " if p.varies(array) or p.varies(part) else ""
    text = _in_dtype_of(p, part, array)
    return f"_scatter({text}, {_shape_for(p, part, array)}, np.s_[{lead}{bounds(parts)}])", ATOM


def _take(p: ArrayPrinter, array: Expr, index: Expr, *axis: Expr) -> Printed:
    if axis:
        texts = _beside_samples(p, array, index)
        return f"_take_along({texts[0]}, {texts[1]}, {int(*axis) - p.ndim(array)})", ATOM
    kernel = "_take_each" if p.varies(array) else "_take"
    return f"{kernel}({p.whole(array, ADD)}, {p.whole(index, ADD)})", ATOM


def _beside_samples(p: ArrayPrinter, *operands: Expr) -> list[str]:
    """The operands; with an axis of one where others have the samples."""
    differ = {p.varies(operand) for operand in operands}
    return [
        p.whole(o, ADD) if p.varies(o) or len(differ) == 1 else f"{p.whole(o)}[None]"
        for o in operands
    ]


def _add_along(
    p: ArrayPrinter, value: Expr, index: Expr, array: Expr, axis: Expr, summed: bool
) -> Printed:
    """The kernel's call; of one array for all samples where it is summed over them."""
    rank = p.ndim(array)
    shape = _shape_of_sum(p, array)
    varying = [o for o in (value, index, array) if p.varies(o)]
    at = p.whole(index, ADD)
    if varying and not summed:
        shape = f"({p.rows_of(varying[0])}, *{shape})"
        if not p.varies(index):
            at = f"np.broadcast_to({at}, ({p.rows_of(varying[0])}, *{p.whole(index)}.shape))"
    return f"_add_along({_in_dtype_of(p, value, array)}, {at}, {shape}, {int(axis) - rank})", ATOM


def _segment_sum(p: ArrayPrinter, value: Expr, index: Expr, array: Expr, *axis: Expr) -> Printed:
    """One array a sample where value, index or array varies."""
    if axis:
        return _add_along(p, value, index, array, axis[0], summed=False)
    texts = f"{_in_dtype_of(p, value, array)}, {p.whole(index, ADD)}"
    if not any(map(p.varies, (value, index, array))):
        return f"_segment_sum({texts}, {_shape_of_sum(p, array)})", ATOM
    rows = p.rows_of(next(o for o in (value, index, array) if p.varies(o)))
    own = _shape_of_sum(p, array)
    own = own[1:-1].rstrip(",") if isinstance(array, a.full) else f"*{own}"
    return f"_segment_sum_each({texts}, ({rows}, {own}))", ATOM


def _in_dtype_of(p: ArrayPrinter, value: Expr, array: Expr) -> str:
    """A value; a number as one of the kind that an array holds."""
    text = p.whole(value, ADD)
    return f"{p.whole(array)}.dtype.type({text})" if value.is_number else text


def _shape_for(p: ArrayPrinter, value: Expr, array: Expr) -> str:
    """The shape of an array that takes up a value, one a sample where the value is."""
    shape = f"{p.whole(array)}.shape"
    return f"({p.rows_of(value)}, *{shape})" if p.varies(value) and not p.varies(array) else shape


def _broadcast_like(p: ArrayPrinter, value: Expr, array: Expr) -> Printed:
    like = p.whole(array)
    if value == 1:
        return f"np.ones_like({like})", ATOM
    if value.is_number:
        return f"np.full_like({like}, {p.print(value)})", ATOM
    spread = p.aligned(value, p.ndim(array))
    return f"np.broadcast_to({spread}, {_shape_for(p, value, array)})", ATOM


def _expand_dims(p: ArrayPrinter, array: Expr, *axis: Expr) -> Printed:
    behind = p.ndim(array) - int(axis[0]) if axis else 0
    return f"{p.whole(array)}[{', '.join(['...', 'None', *[':'] * behind])}]", ATOM


def _size(p: ArrayPrinter, array: Expr, *axes: Expr) -> Printed:
    text, rank = p.whole(array), p.ndim(array)
    places = [int(axis) - rank for axis in axes] or range(-rank, 0)
    product = " * ".join(f"{text}.shape[{place}]" for place in places)
    return product, ATOM if len(places) == 1 else MUL


def _eye(p: ArrayPrinter, size: Expr) -> Printed:
    return f"np.eye({p.print(size)}, dtype={p.dtype()})", ATOM


def _eye_like(p: ArrayPrinter, m: Expr) -> Printed:
    text = p.whole(m)
    return f"np.eye({text}.shape[-1], dtype={text}.dtype)", ATOM


def _tuple_of(p: ArrayPrinter, sizes: Sequence[Expr]) -> str:
    shape = ", ".join(p.print(s) for s in sizes)
    return f"({shape},)" if len(sizes) == 1 else f"({shape})"


def _full(p: ArrayPrinter, value: Expr, *sizes: Expr) -> Printed:
    shape = _tuple_of(p, sizes)
    if value in (0, 1):
        return f"np.{'ones' if value == 1 else 'zeros'}({shape}, dtype={p.dtype()})", ATOM
    return f"np.full({shape}, {p.print(value)}, dtype={p.dtype()})", ATOM


PRINT: dict[Any, Callable[..., Printed]] = {
    a.matmul: _matmul,
    a.matvec: _matvec,
    a.outer: _outer,
    a.dot: _dot,
    a.transpose: lambda p, m: (p.matrix(m, flipped=True), ATOM),
    a.permute: _permute,
    a.reshape: _reshape,
    a.reshape_like: _reshape_like,
    a.windows: lambda p, x, *options: (f"_windows({p.whole(x, ADD)}, {_tuples(options)})", ATOM),
    a.fold: _fold,
    a.tril: _triangle("np.tril"),
    a.triu: _triangle("np.triu"),
    a.einsum: _einsum,
    a.reduce_sum: _total,
    a.mean: _reduced("mean"),
    a.prod: _running("np.prod"),
    a.products_of_others: _running("_products_of_others"),
    a.cumsum: _running("np.cumsum"),
    a.cumprod: _running("np.cumprod"),
    a.products_before: _running("_products_before"),
    a.scan_back: _running("_scan_back"),
    a.reduce_max: _reduced("max"),
    a.reduce_min: _reduced("min"),
    a.argmax_mask: _argmax_mask,
    a.norm: _norm,
    a.normalized: _normalized,
    a.trace: _trace,
    a.diag: _call("_diag"),
    a.diagonal: _diagonal,
    a.inv: lambda p, m: (f"{p.linalg}inv({p.matrix(m)})", ATOM),
    a.cholesky: lambda p, m: (f"{p.linalg}cholesky({p.matrix(m)})", ATOM),
    a.eigvalsh: _call("_eigvalsh"),
    a.eigenvectors: _call("_eigenvectors"),
    a.inverse_gaps: _call("_inverse_gaps"),
    a.det: _call("np.linalg.det"),
    a.logdet: _call("_logdet"),
    a.solve: _solve,
    a.softmax: _along("_softmax"),
    a.log_softmax: _along("_log_softmax"),
    a.logsumexp: _along("_logsumexp"),
    a.cross_entropy: _call("_cross_entropy"),
    a.sparse_cross_entropy: _call("_sparse_cross_entropy"),
    a.one_hot: _call("_one_hot"),
    a.layer_norm: _call("_layer_norm"),
    a.rsqrt_variance: _call("_rsqrt_variance"),
    a.concat: _concat,
    a.explicit_matrix: _explicit_matrix,
    a.rows: _rows,
    a.slice_: _slice,
    a.take: _take,
    a.segment_sum: _segment_sum,
    a.scatter: _scatter,
    a.expand_dims: _expand_dims,
    a.broadcast_like: _broadcast_like,
    a.size: _size,
    a.eye: _eye,
    a.eye_like: _eye_like,
    a.full: _full,
}
"""Every operation on arrays, for operands that vary by sample and operands that do not."""


# -- operations summed over the batch ----------------------------------------------------------


def _summed_outer(p: ArrayPrinter, u: Expr, v: Expr) -> Printed:
    if p.varies(u) and p.varies(v):
        return f"{p.whole(u)}.T @ {p.whole(v)}", MUL
    left, right = (batch_sum(o) if p.varies(o) else o for o in (u, v))
    return f"np.outer({p.whole(left, ADD)}, {p.whole(right, ADD)})", ATOM


def _summed_product(axis: int) -> Callable[..., Printed]:
    def print_(p: ArrayPrinter, x: Expr, y: Expr) -> Printed:
        if p.varies(x) and p.varies(y):
            return p.contraction(x, y, axis)
        x, y = (_summed_operand(p, o) for o in (x, y))
        return f"{p.matrix(x)} @ {p.matrix(y)}", MUL

    return print_


def _summed_operand(p: ArrayPrinter, operand: Expr) -> Expr:
    if not p.varies(operand):
        return operand
    if isinstance(operand, a.transpose):
        return a.transpose(batch_sum(operand.args[0]))
    return batch_sum(operand)


def _summed_dot(p: ArrayPrinter, u: Expr, v: Expr) -> Printed:
    if p.varies(u) and p.varies(v):
        return f"np.vdot({p.whole(u, ADD)}, {p.whole(v, ADD)})", ATOM
    return _dot(p, *(batch_sum(o) if p.varies(o) else o for o in (u, v)))


def _summed_total(p: ArrayPrinter, array: Expr, *axes: Expr) -> Printed:
    if axes:
        places = ", ".join(str(int(axis) + 1) for axis in axes)
        return f"{p.whole(array)}.sum(axis=(0, {places}))", ATOM
    pair = _two_factors(p, array)
    if pair is not None and all(map(p.varies, pair)):
        return f"np.vdot({p.whole(pair[0], ADD)}, {p.whole(pair[1], ADD)})", ATOM
    return f"{p.whole(array)}.sum()", ATOM


def _summed_inside(head: Any) -> Callable[..., Printed]:
    """A linear operation of the sum."""

    def print_(p: ArrayPrinter, operand: Expr, *options: Any) -> Printed:
        return p._mixing(head(batch_sum(operand), *options))

    return print_


def _shape_of_sum(p: ArrayPrinter, array: Expr) -> str:
    """The code for the shape that an array has once it is summed over the batch."""
    if isinstance(array, a.full):
        return _tuple_of(p, array.args[1:])
    return f"{p.whole(array)}.shape{'[1:]' if p.varies(array) else ''}"


def _summed_scatter(p: ArrayPrinter, part: Expr, array: Expr, parts: Tuple) -> Printed:
    text = p.whole(batch_sum(part), ADD)
    return f"_scatter({text}, {_shape_of_sum(p, array)}, np.s_[{bounds(parts)}])", ATOM


def _summed_segment_sum(
    p: ArrayPrinter, value: Expr, index: Expr, array: Expr, *axis: Expr
) -> Printed:
    if not p.varies(index):
        value = batch_sum(value) if p.varies(value) else value
    if axis:
        return _add_along(p, value, index, array, axis[0], summed=True)
    shape = _shape_of_sum(p, array)
    text = _in_dtype_of(p, value, array)
    return f"_segment_sum({text}, {p.whole(index, ADD)}, {shape})", ATOM


def _summed_reshape_like(p: ArrayPrinter, value: Expr, array: Expr) -> Printed:
    return f"{p.whole(batch_sum(value))}.reshape({_shape_of_sum(p, array)})", ATOM


def _summed_broadcast_like(p: ArrayPrinter, value: Expr, array: Expr) -> Printed:
    text = p.aligned(batch_sum(value), p.ndim(array))
    return f"np.broadcast_to({text}, {_shape_of_sum(p, array)})", ATOM


SUMMED: dict[Any, Callable[..., Printed]] = {
    a.outer: _summed_outer,
    a.matmul: _summed_product(1),
    a.matvec: _summed_product(1),
    a.dot: _summed_dot,
    a.reduce_sum: _summed_total,
    **{
        head: _summed_inside(head)
        for head in (
            *(a.transpose, a.permute, a.reshape, a.tril, a.triu, a.windows),
            *(a.diag, a.diagonal, a.slice_, a.expand_dims),
        )
    },
    a.einsum: _summed_einsum,
    a.fold: _summed_fold,
    a.reshape_like: _summed_reshape_like,
    a.scatter: _summed_scatter,
    a.segment_sum: _summed_segment_sum,
    a.broadcast_like: _summed_broadcast_like,
}
"""Operations whose sum over the batch has a form of its own; others are summed along the batch."""

__all__ = ["PRINT", "SUMMED", "ArrayPrinter"]
