"""Array operations: what each does to shapes.

Inside a circuit the symbol of an array stands for its element, and a formula such as w*x + b says
what holds for each element, lower ranks being broadcast as NumPy does. So sums, products and all
scalar functions act on arrays by the rules they have for numbers; what mixes elements is a head
of this file. `symback.sympy_io.matrix_view` shows the same formulas as SymPy's matrix expressions.

A shape is a tuple of sizes: () a number, (n,) a vector, (m, n) a matrix; a size is a SymPy
Integer, a size symbol, or a sum of both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, TypeAlias

import sympy as sp
from sympy import Expr, Function, Integer, S, Symbol, Tuple

from symback.errors import CircuitError
from symback.operations.expressions import postorder

Size: TypeAlias = Any  # a SymPy Integer, a size symbol or a sum of both
Shape: TypeAlias = tuple[Size, ...]
HIGHEST_RANK = 2


class ShapeError(CircuitError):
    """Shapes that do not fit."""


@cache
def size_symbol(name: str) -> Symbol:
    """The symbol of a size, such as d in x: input[d]."""
    return Symbol(name, integer=True, positive=True)


def is_size(symbol: Symbol) -> bool:
    return bool(symbol.is_integer)


def shown(shape: Shape) -> str:
    """[h, d] as circuit text has it; 'a number' for a scalar."""
    return f"[{', '.join(map(str, shape))}]" if shape else "a number"


class ArrayFunction(Function):
    """An operation that mixes elements. Its first `arrays` arguments are arrays (None: all)."""

    is_extended_real = True
    is_commutative = True
    is_number = False  # ones(3) has no free symbols either
    arrays: ClassVar[int | None] = 1

    @classmethod
    def eval(cls, *args: Any) -> None:
        return None

    @property
    def operands(self) -> tuple[Expr, ...]:
        found: tuple[Expr, ...] = self.args if self.arrays is None else self.args[: self.arrays]
        return found

    @property
    def options(self) -> tuple[Any, ...]:
        """The constant arguments: axes, bounds, sizes."""
        return () if self.arrays is None else self.args[self.arrays :]

    def with_operands(self, operands: Sequence[Expr]) -> Expr:
        return self.func(*operands, *self.options)


class matmul(ArrayFunction):
    """A·B, the product of two matrices."""

    arrays = 2


class matvec(ArrayFunction):
    """A·x, the product of a matrix and a vector."""

    arrays = 2


class outer(ArrayFunction):
    """u·vᵀ, the matrix of all products u_i·v_j."""

    arrays = 2


class dot(ArrayFunction):
    """Σ a∘b over all elements of two arrays of one shape."""

    arrays = 2


class transpose(ArrayFunction):
    """Aᵀ."""

    @classmethod
    def eval(cls, a: Expr) -> Expr | None:
        return a.args[0] if isinstance(a, cls) else None


class reduce_sum(ArrayFunction):
    """The sum of all elements, or along one axis."""


class mean(ArrayFunction):
    """The mean of all elements, or along one axis."""


class reduce_max(ArrayFunction):
    """The largest element, or that along one axis."""


class reduce_min(ArrayFunction):
    """The smallest element, or that along one axis."""


class argmax_mask(ArrayFunction):
    """1 where an element is the extreme v, equal parts where several are, else 0."""

    arrays = 2


class norm(ArrayFunction):
    """‖A‖ = √Σ a², the Euclidean or Frobenius norm; its square is Σ a∘a."""

    def _eval_power(self, exponent: Expr) -> Expr | None:
        square = dot(self.args[0], self.args[0])
        return square ** (exponent / 2) if exponent.is_Integer and exponent.is_even else None


class normalized(ArrayFunction):
    """A/‖A‖, where A = 0 is 0."""

    arrays = 2


class trace(ArrayFunction):
    """The sum of the diagonal."""


class diag(ArrayFunction):
    """The diagonal matrix of a vector."""


class diagonal(ArrayFunction):
    """The diagonal of a square matrix."""


class inv(ArrayFunction):
    """A⁻¹."""


class det(ArrayFunction):
    """The determinant."""


class logdet(ArrayFunction):
    """log det A, for det A > 0."""


class solve(ArrayFunction):
    """A⁻¹·b."""

    arrays = 2


class softmax(ArrayFunction):
    """exp(z)/Σ exp(z) along the last axis."""


class log_softmax(ArrayFunction):
    """z - log Σ exp(z) along the last axis."""


class logsumexp(ArrayFunction):
    """log Σ exp(z) along the last axis."""


class cross_entropy(ArrayFunction):
    """-Σ t∘log_softmax(z) along the last axis, for a target t that adds up to 1."""

    arrays = 2


class sparse_cross_entropy(ArrayFunction):
    """-log_softmax(z)[t], for a target t that is the index of a class."""

    arrays = 2


class one_hot(ArrayFunction):
    """1 at the index t, else 0; as long as the second operand."""

    arrays = 2


class layer_norm(ArrayFunction):
    """(x - mean)/√(variance + 1e-5) along the last axis (Ba, Kiros and Hinton 2016)."""


class rsqrt_variance(ArrayFunction):
    """1/√(variance + 1e-5) along the last axis."""


class concat(ArrayFunction):
    """Arrays one behind the other; the first argument is the axis."""

    @property
    def operands(self) -> tuple[Expr, ...]:
        return tuple(self.args[1:])

    @property
    def options(self) -> tuple[Any, ...]:
        return tuple(self.args[:1])

    def with_operands(self, operands: Sequence[Expr]) -> Expr:
        return self.func(*self.options, *operands)


class slice_(ArrayFunction):
    """A part of an array: for each axis an index, or a Tuple of start and stop (∞: the end)."""


class scatter(ArrayFunction):
    """Zeros of the second operand's shape with the first operand in the part that is named."""

    arrays = 2


class expand_last(ArrayFunction):
    """A vector as a matrix of one column."""


class broadcast_like(ArrayFunction):
    """The first operand, broadcast to the shape of the second."""

    arrays = 2


class size(ArrayFunction):
    """How many elements an array has, or how many along one axis."""


class eye(ArrayFunction):
    """The identity matrix of a size."""

    arrays = 0


class eye_like(ArrayFunction):
    """The identity matrix as large as a square matrix."""


class full(ArrayFunction):
    """An array of one value: the value, then the sizes."""

    arrays = 0


# -- shapes ------------------------------------------------------------------------------------


def broadcast(shapes: Sequence[Shape]) -> Shape:
    """The shape that arrays have together, by NumPy's rule; ShapeError shows two that clash."""
    result: Shape = ()
    for shape in shapes:
        longer, shorter = (shape, result) if len(shape) > len(result) else (result, shape)
        lead = len(longer) - len(shorter)
        sizes = list(longer[:lead])
        for a, b in zip(longer[lead:], shorter, strict=True):
            if a != b and S.One not in (a, b):
                raise ShapeError(f"shapes {shown(result)} and {shown(shape)} don't fit")
            sizes.append(b if a == 1 else a)
        result = tuple(sizes)
    return result


def shape_of(
    expr: Expr, shapes: Mapping[str, Shape], known: dict[Expr, Shape] | None = None
) -> Shape:
    """The shape of a formula over the names in `shapes`; other names are numbers.

    `known` keeps shapes of parts from one call to the next.
    """
    known = {} if known is None else known
    for part in postorder(expr):
        if part in known or type(part) is Tuple:
            continue
        if part.is_Symbol:
            known[part] = shapes.get(part.name, ())
        elif isinstance(part, ArrayFunction):
            operands = [known[o] for o in part.operands]
            known[part] = _RULES[part.func](operands, part.options)
        else:
            known[part] = broadcast([known[a] for a in part.args if known.get(a)])
    return known[expr]


def _need_rank(what: str, shape: Shape, *ranks: int) -> None:
    if len(shape) not in ranks:
        wanted = " or ".join(("a number", "a vector", "a matrix")[r] for r in ranks)
        raise ShapeError(f"{what} takes {wanted}, not {shown(shape)}")


def _need_square(what: str, shape: Shape) -> Size:
    _need_rank(what, shape, 2)
    if shape[0] != shape[1]:
        raise ShapeError(f"{what} takes a square matrix, not {shown(shape)}")
    return shape[0]


def need_equal(what: str, a: Shape, b: Shape, inner: tuple[Size, Size]) -> None:
    if inner[0] != inner[1]:
        raise ShapeError(
            f"{what}: shapes {shown(a)} and {shown(b)} don't fit, {inner[0]} ≠ {inner[1]}"
        )


def _matmul(s: Sequence[Shape], _: Any) -> Shape:
    a, b = s
    _need_rank("@", a, 2)
    _need_rank("@", b, 2)
    need_equal("@", a, b, (a[1], b[0]))
    return (a[0], b[1])


def _matvec(s: Sequence[Shape], _: Any) -> Shape:
    a, x = s
    _need_rank("@", a, 2)
    _need_rank("@", x, 1)
    need_equal("@", a, x, (a[1], x[0]))
    return (a[0],)


def _outer(s: Sequence[Shape], _: Any) -> Shape:
    for shape in s:
        _need_rank("outer", shape, 1)
    return (s[0][0], s[1][0])


def _same(what: str) -> Callable[[Sequence[Shape], Any], Shape]:
    def rule(s: Sequence[Shape], _: Any) -> Shape:
        if s[0] != s[1]:
            raise ShapeError(
                f"{what} takes two arrays of one shape, not {shown(s[0])} and {shown(s[1])}"
            )
        return ()

    return rule


def _transpose(s: Sequence[Shape], _: Any) -> Shape:
    _need_rank(".T", s[0], 2)
    return (s[0][1], s[0][0])


def _reduction(what: str) -> Callable[[Sequence[Shape], Any], Shape]:
    def rule(s: Sequence[Shape], axis: Any) -> Shape:
        _need_rank(what, s[0], 1, 2)
        if not axis:
            return ()
        if not 0 <= axis[0] < len(s[0]):
            raise ShapeError(f"{what}: {shown(s[0])} has no axis {axis[0]}")
        return tuple(size for i, size in enumerate(s[0]) if i != axis[0])

    return rule


def _diag(s: Sequence[Shape], _: Any) -> Shape:
    _need_rank("diag", s[0], 1)
    return (s[0][0], s[0][0])


def _scalar_of_square(what: str) -> Callable[[Sequence[Shape], Any], Shape]:
    def rule(s: Sequence[Shape], _: Any) -> Shape:
        _need_square(what, s[0])
        return ()

    return rule


def _inv(s: Sequence[Shape], _: Any) -> Shape:
    _need_square("inv", s[0])
    return s[0]


def _solve(s: Sequence[Shape], _: Any) -> Shape:
    a, b = s
    _need_square("solve", a)
    _need_rank("solve", b, 1, 2)
    need_equal("solve", a, b, (a[0], b[0]))
    return b


def _along_rows(what: str) -> Callable[[Sequence[Shape], Any], Shape]:
    def rule(s: Sequence[Shape], _: Any) -> Shape:
        _need_rank(what, s[0], 1, 2)
        return s[0]

    return rule


def _reduced_rows(what: str) -> Callable[[Sequence[Shape], Any], Shape]:
    def rule(s: Sequence[Shape], _: Any) -> Shape:
        _need_rank(what, s[0], 1, 2)
        return s[0][:-1]

    return rule


def _entropy(s: Sequence[Shape], _: Any) -> Shape:
    z, t = s
    _need_rank("cross_entropy", z, 1, 2)
    if z != t:
        raise ShapeError(f"cross_entropy: shapes {shown(z)} and {shown(t)} don't fit")
    return z[:-1]


def _class_entropy(s: Sequence[Shape], _: Any) -> Shape:
    z, t = s
    _need_rank("cross_entropy", z, 1)
    if t != ():
        raise ShapeError(f"cross_entropy: shapes {shown(z)} and {shown(t)} don't fit")
    return ()


def _concat(s: Sequence[Shape], options: Any) -> Shape:
    axis = int(options[0])
    ranks = {len(shape) for shape in s}
    if ranks == {0} and axis == 0:
        return (Integer(len(s)),)
    if len(ranks) > 1 or not 0 <= axis < max(ranks):
        parts = ", ".join(map(shown, s[:4]))
        raise ShapeError(f"concat: {parts} can't be joined along axis {axis}")
    for shape in s[1:]:
        if any(a != b for i, (a, b) in enumerate(zip(s[0], shape, strict=True)) if i != axis):
            raise ShapeError(f"concat: shapes {shown(s[0])} and {shown(shape)} don't fit")
    joined = sp.Add(*(shape[axis] for shape in s))
    return (*s[0][:axis], joined, *s[0][axis + 1 :])


def _indexed(s: Sequence[Shape], options: Any) -> Shape:
    """Checks bounds where sizes are numbers; of a size with a name, data must show them."""
    (shape,), (parts,) = s, options
    if len(parts) > len(shape):
        raise ShapeError(f"{len(parts)} indices for {shown(shape)}")
    sizes: list[Size] = []
    for size, part in zip(shape, parts, strict=False):
        if isinstance(part, Tuple):
            sizes.append(_length(size, *part))
        elif size.is_Integer and not -size <= part < size:
            raise ShapeError(f"index {part} is outside {shown(shape)}")
    return (*sizes, *shape[len(parts) :])


def _length(size: Size, start: Expr, stop: Expr) -> Size:
    """The length of start:stop of an axis."""
    first = start + size if start < 0 else start
    last = size if stop is S.Infinity else stop + size if stop < 0 else stop
    length = last - first
    if size.is_Integer and not (0 <= first < last <= size):
        raise ShapeError(f"{start}:{stop} is outside an axis of {size}, or empty")
    if length.is_Integer and length <= 0:
        raise ShapeError(f"the part {start}:{stop} is empty")
    return length


def _column(s: Sequence[Shape], _: Any) -> Shape:
    _need_rank("[:, None]", s[0], 1)
    return (s[0][0], S.One)


_RULES: dict[Any, Callable[[Sequence[Shape], Any], Shape]] = {
    matmul: _matmul,
    matvec: _matvec,
    outer: _outer,
    dot: _same("dot"),
    transpose: _transpose,
    reduce_sum: _reduction("sum"),
    mean: _reduction("mean"),
    reduce_max: _reduction("max"),
    reduce_min: _reduction("min"),
    argmax_mask: lambda s, _: s[0],
    norm: _reduction("norm"),
    normalized: lambda s, _: s[0],
    trace: _scalar_of_square("trace"),
    diag: _diag,
    diagonal: lambda s, _: (_need_square("diag", s[0]),),
    inv: _inv,
    det: _scalar_of_square("det"),
    logdet: _scalar_of_square("logdet"),
    solve: _solve,
    softmax: _along_rows("softmax"),
    log_softmax: _along_rows("log_softmax"),
    logsumexp: _reduced_rows("logsumexp"),
    cross_entropy: _entropy,
    sparse_cross_entropy: _class_entropy,
    one_hot: lambda s, _: s[1],
    layer_norm: _along_rows("layer_norm"),
    rsqrt_variance: _reduced_rows("layer_norm"),
    concat: _concat,
    slice_: _indexed,
    scatter: lambda s, _: s[1],
    expand_last: _column,
    broadcast_like: lambda s, _: s[1],
    size: lambda s, _: (),
    eye: lambda s, sizes: (sizes[0], sizes[0]),
    eye_like: lambda s, _: s[0],
    full: lambda s, options: tuple(options[1:]),
}

ARRAY_FUNCTIONS: frozenset[Any] = frozenset(_RULES)
"""Every head; tests compare the tables of the other rooms with it."""


def has_arrays(expr: Expr) -> bool:
    return any(isinstance(part, ArrayFunction) for part in postorder(expr))


# -- construction ------------------------------------------------------------------------------


def matrix_product(a: Expr, b: Expr, ranks: tuple[int, int]) -> Expr:
    """a @ b for the ranks of a and b, as NumPy has it; a chain with a vector is done from it."""
    if ranks == (1, 1):
        return dot(a, b)
    if ranks == (1, 2):
        return matrix_product(transpose(b), a, (2, 1))
    if ranks == (2, 1):
        if isinstance(a, matmul):  # (A·B)·x costs a product of matrices more than A·(B·x)
            return matrix_product(a.args[0], matrix_product(a.args[1], b, (2, 1)), (2, 1))
        if isinstance(a, transpose) and isinstance(a.args[0], matmul):
            left, right = a.args[0].args
            return matrix_product(
                transpose(right), matrix_product(transpose(left), b, (2, 1)), (2, 1)
            )
        return matvec(a, b)
    return matmul(a, b)


def transposed(expr: Expr) -> Expr:
    """Aᵀ without a transpose of a product: (A·B)ᵀ is Bᵀ·Aᵀ, (u·vᵀ)ᵀ is v·uᵀ."""
    number, rest = expr.as_coeff_Mul()
    if isinstance(rest, matmul):
        return number * matmul(transposed(rest.args[1]), transposed(rest.args[0]))
    if isinstance(rest, outer):
        return number * outer(rest.args[1], rest.args[0])
    return transpose(expr)


def expand_reduced(value: Expr, shape: Shape, axis: int | None) -> Expr:
    """What was reduced along an axis, ready to be broadcast along that axis again."""
    return expand_last(value) if axis == 1 and len(shape) == 2 else value


def reduce_last_axis(head: Any, expr: Expr, shape: Shape) -> Expr:
    """A reduction along the last axis, ready to be broadcast along it."""
    if len(shape) == 1:
        return head(expr)
    return expand_last(head(expr, S.One))


def unbroadcast(expr: Expr, shape: Shape, to: Shape) -> Expr:
    """The sum over the axes along which something of shape `to` was broadcast to `shape`."""
    if shape == to:
        return expr
    if not to:
        return reduce_sum(expr)
    if len(to) == 1:
        summed = reduce_sum(expr, S.Zero) if len(shape) == 2 else expr
        return _summed_to_one(summed, shape[-1:], to)
    if to[1] == 1 != shape[1]:
        summed = expand_last(reduce_sum(expr, S.One))
        if to[0] == 1 != shape[0]:
            return expand_last(concat(S.Zero, reduce_sum(expr)))
        return summed
    if to[0] == 1 != shape[0]:
        return transpose(expand_last(reduce_sum(expr, S.Zero)))
    return expr


def _summed_to_one(expr: Expr, shape: Shape, to: Shape) -> Expr:
    return concat(S.Zero, reduce_sum(expr)) if to[0] == 1 != shape[0] else expr
