"""Array operations: a class each, which says all that is true of it but its definition and VJP.

Inside a circuit the symbol of an array stands for its element, and a formula such as w*x + b says
what holds for each element, lower ranks being broadcast as NumPy does. So sums, products and all
scalar functions act on arrays by the rules they have for numbers; what mixes elements is a head
of this file. `symback.operations.matrix_view` shows the same as SymPy's matrix expressions.

Definitions over entries stand in `symback.operations.definitions`, VJPs in
`symback.operations.vjp`: the truth that code is checked against must not read the latter. The
module is long because it has a class for each operation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from sympy import Expr, Function, Tuple

from symback.operations import shapes
from symback.operations.expressions import postorder
from symback.operations.shapes import Shape, broadcast


class ArrayFunction(Function):
    """An operation that mixes elements. Its first `arrays` arguments are arrays (None: all)."""

    is_extended_real = True
    is_commutative = True
    is_number = False  # ones(3) has no free symbols either
    arrays: ClassVar[int | None] = 1
    rule: ClassVar[str] = ""  # of the adjoints in words, where it has any
    kink: ClassVar[str] = ""  # where the derivative jumps
    exponential: ClassVar[bool] = False  # it takes exp of its operand, shifted to not overflow
    normalises: ClassVar[bool] = False  # along the last axis: of few elements only signs are left
    moves: ClassVar[bool] = False  # its entries are entries of the operands, or sums of them
    chooses: ClassVar[bool] = False  # some entries of its operands may not be read
    by_row: ClassVar[bool] = False  # each row of the operand, or all of it, gives a part of its own
    keeps_nan: ClassVar[bool] = False  # its adjoint is NaN where the operand is, whatever it gets
    singular: ClassVar[bool] = False  # its adjoints may be infinite where its operands are finite
    grows_factorially: ClassVar[bool] = False  # the definition's terms, with the size
    in_adjoints_only: ClassVar[bool] = False  # no circuit has it, and nothing differentiates it

    @classmethod
    def eval(cls, *args: Any) -> None:
        return None

    @staticmethod
    def shape_rule(operands: Sequence[Shape], options: Any, /) -> Shape:
        """The shape of the value; ShapeError where the operands have no value."""
        raise NotImplementedError

    @property
    def operands(self) -> tuple[Expr, ...]:
        found: tuple[Expr, ...] = self.args if self.arrays is None else self.args[: self.arrays]
        return found

    @property
    def options(self) -> tuple[Any, ...]:
        """The constant arguments: axes, bounds, sizes."""
        return () if self.arrays is None else self.args[self.arrays :]

    @property
    def companion(self) -> Expr | None:
        """What backward needs of it and one kernel computes together with it."""
        return None

    def with_operands(self, operands: Sequence[Expr]) -> Expr:
        return self.func(*operands, *self.options)


class matmul(ArrayFunction):
    """A·B, the product of two matrices."""

    arrays = 2
    shape_rule = staticmethod(shapes.matmul_shape)
    rule = "∂(A·B): G·Bᵀ and Aᵀ·G"


class matvec(ArrayFunction):
    """A·x, the product of a matrix and a vector."""

    arrays = 2
    shape_rule = staticmethod(shapes.matvec_shape)
    rule = "∂(A·x): g·xᵀ and Aᵀ·g"


class outer(ArrayFunction):
    """u·vᵀ, the matrix of all products u_i·v_j."""

    arrays = 2
    shape_rule = staticmethod(shapes.outer_shape)
    rule = "∂(u·vᵀ): G·v and Gᵀ·u"


class dot(ArrayFunction):
    """Σ a∘b over all elements of two arrays of one shape."""

    arrays = 2
    shape_rule = staticmethod(shapes.number_of_alike("dot"))
    rule = "∂Σ a∘b: b and a"


class transpose(ArrayFunction):
    """Aᵀ."""

    moves = True
    shape_rule = staticmethod(shapes.transposed_shape)
    rule = "∂Aᵀ: Gᵀ"

    @classmethod
    def eval(cls, a: Expr) -> Expr | None:
        return a.args[0] if isinstance(a, cls) else None


class reduce_sum(ArrayFunction):
    """The sum of all elements, or along one axis."""

    moves = True
    shape_rule = staticmethod(shapes.reduced("sum"))
    rule = "∂Σ a: 1 for each"


class mean(ArrayFunction):
    """The mean of all elements, or along one axis."""

    moves = True
    shape_rule = staticmethod(shapes.reduced("mean"))
    rule = "∂ mean: 1/n for each"


class reduce_max(ArrayFunction):
    """The largest element, or that along one axis."""

    moves = chooses = by_row = keeps_nan = True
    shape_rule = staticmethod(shapes.reduced("max"))
    rule = "1 for the largest, equal parts where several are"
    kink = "tie"


class reduce_min(ArrayFunction):
    """The smallest element, or that along one axis."""

    moves = chooses = by_row = keeps_nan = True
    shape_rule = staticmethod(shapes.reduced("min"))
    rule = "1 for the smallest, equal parts where several are"
    kink = "tie"


class argmax_mask(ArrayFunction):
    """1 where an element is the extreme v, equal parts where several are, else 0."""

    arrays = 2
    shape_rule = staticmethod(shapes.of_first)
    in_adjoints_only = True


class norm(ArrayFunction):
    """‖A‖ = √Σ a², the Euclidean or Frobenius norm, or that along one axis; its square is a sum."""

    by_row = True
    shape_rule = staticmethod(shapes.reduced("norm"))
    rule = "∂‖a‖ = a/‖a‖"

    def _eval_power(self, exponent: Expr) -> Expr | None:
        array, *axis = self.args
        square = reduce_sum(array**2, *axis) if axis else dot(array, array)
        return square ** (exponent / 2) if exponent.is_Integer and exponent.is_even else None


class normalized(ArrayFunction):
    """A/‖A‖, where A = 0 is 0."""

    arrays = 2
    shape_rule = staticmethod(shapes.of_first)
    in_adjoints_only = True


class trace(ArrayFunction):
    """The sum of the diagonal."""

    moves = chooses = True
    shape_rule = staticmethod(shapes.number_of_square("trace"))
    rule = "∂ tr A = I"


class diag(ArrayFunction):
    """The diagonal matrix of a vector."""

    moves = True
    shape_rule = staticmethod(shapes.diag_shape)
    rule = "the diagonal of G"


class diagonal(ArrayFunction):
    """The diagonal of a square matrix."""

    moves = chooses = True
    shape_rule = staticmethod(shapes.diagonal_shape)
    rule = "the diagonal matrix of g"


class inv(ArrayFunction):
    """A⁻¹."""

    singular = True
    shape_rule = staticmethod(shapes.inverse_shape)
    rule = "∂A⁻¹: −A⁻ᵀ·G·A⁻ᵀ"
    grows_factorially = True


class det(ArrayFunction):
    """The determinant."""

    singular = True
    shape_rule = staticmethod(shapes.number_of_square("det"))
    rule = "∂ det A = det A·A⁻ᵀ"
    grows_factorially = True


class logdet(ArrayFunction):
    """log det A, for det A > 0."""

    singular = True
    shape_rule = staticmethod(shapes.number_of_square("logdet"))
    rule = "∂ log det A = A⁻ᵀ"
    grows_factorially = True


class solve(ArrayFunction):
    """A⁻¹·b."""

    singular = True
    arrays = 2
    shape_rule = staticmethod(shapes.solution_shape)
    rule = "∂A⁻¹b: u = A⁻ᵀ·g and −u·vᵀ"
    grows_factorially = True


class softmax(ArrayFunction):
    """exp(z)/Σ exp(z) along the last axis."""

    by_row = True
    shape_rule = staticmethod(shapes.along_last_axis("softmax"))
    rule = "∂ softmax: s∘(g − Σ g∘s)"
    normalises = exponential = True


class log_softmax(ArrayFunction):
    """z - log Σ exp(z) along the last axis."""

    by_row = True
    shape_rule = staticmethod(shapes.along_last_axis("log_softmax"))
    rule = "∂ log_softmax: g − softmax·Σ g"
    normalises = exponential = True


class logsumexp(ArrayFunction):
    """log Σ exp(z) along the last axis."""

    by_row = True
    shape_rule = staticmethod(shapes.last_axis_reduced("logsumexp"))
    rule = "∂ logsumexp = softmax"
    normalises = exponential = True

    @property
    def companion(self) -> Expr:
        return softmax(self.args[0])


class cross_entropy(ArrayFunction):
    """-Σ t∘log_softmax(z) along the last axis, for a target t that adds up to 1."""

    by_row = True
    arrays = 2
    shape_rule = staticmethod(shapes.entropies_shape)
    rule = "softmax(z)·Σt − t, and Σt = 1"
    normalises = exponential = True

    @property
    def companion(self) -> Expr:
        return softmax(self.args[0])


class sparse_cross_entropy(ArrayFunction):
    """-log_softmax(z)[t], for a target t that is the index of a class."""

    by_row = True
    arrays = 2
    shape_rule = staticmethod(shapes.class_entropy_shape)
    rule = "softmax(z) − one_hot(t)"
    normalises = exponential = True

    @property
    def companion(self) -> Expr:
        return softmax(self.args[0])


class one_hot(ArrayFunction):
    """1 at the index t, else 0; as long as the second operand."""

    arrays = 2
    shape_rule = staticmethod(shapes.one_hot_shape)
    rule = "one_hot jumps: 0"


class layer_norm(ArrayFunction):
    """(x - mean)/√(variance + 1e-5) along the last axis (Ba, Kiros and Hinton 2016)."""

    by_row = True
    shape_rule = staticmethod(shapes.along_last_axis("layer_norm"))
    rule = "∂ layer_norm: (g − mean g − v∘mean(g∘v))/deviation"
    normalises = True


class rsqrt_variance(ArrayFunction):
    """1/√(variance + 1e-5) along the last axis."""

    shape_rule = staticmethod(shapes.last_axis_reduced("layer_norm"))
    in_adjoints_only = True


class concat(ArrayFunction):
    """Arrays one behind the other; the first argument is the axis."""

    moves = True
    shape_rule = staticmethod(shapes.joined_shape)
    rule = "each gets its part"

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

    moves = chooses = True
    shape_rule = staticmethod(shapes.slice_shape)
    rule = "zero elsewhere"


class scatter(ArrayFunction):
    """Zeros of the second operand's shape with the first operand in the part that is named."""

    arrays = 2
    shape_rule = staticmethod(shapes.of_second)
    in_adjoints_only = True


class expand_dims(ArrayFunction):
    """An array with an axis of one element more: the last, which makes a vector a column, or one
    that is named.
    """

    moves = True
    shape_rule = staticmethod(shapes.expanded_shape)
    rule = "the column"


class broadcast_like(ArrayFunction):
    """The first operand, broadcast to the shape of the second."""

    arrays = 2
    shape_rule = staticmethod(shapes.of_second)
    in_adjoints_only = True


class size(ArrayFunction):
    """How many elements an array has, or how many along one axis."""

    shape_rule = staticmethod(shapes.no_axes)
    in_adjoints_only = True


class eye(ArrayFunction):
    """The identity matrix of a size."""

    arrays = 0
    shape_rule = staticmethod(shapes.identity_shape)


class eye_like(ArrayFunction):
    """The identity matrix as large as a square matrix."""

    shape_rule = staticmethod(shapes.of_first)
    in_adjoints_only = True


class full(ArrayFunction):
    """An array of one value: the value, then the sizes."""

    arrays = 0
    shape_rule = staticmethod(shapes.full_shape)


ARRAY_FUNCTIONS: frozenset[Any] = frozenset(
    [
        matmul,
        matvec,
        outer,
        dot,
        transpose,
        reduce_sum,
        mean,
        reduce_max,
        reduce_min,
        argmax_mask,
        norm,
        normalized,
        trace,
        diag,
        diagonal,
        inv,
        det,
        logdet,
        solve,
        softmax,
        log_softmax,
        logsumexp,
        cross_entropy,
        sparse_cross_entropy,
        one_hot,
        layer_norm,
        rsqrt_variance,
        concat,
        slice_,
        scatter,
        expand_dims,
        broadcast_like,
        size,
        eye,
        eye_like,
        full,
    ]
)
"""Every head; tests compare the tables of the other rooms with it."""


# -- shapes -----------------------------------------------------------------------------------


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
            known[part] = part.shape_rule(operands, part.options)
        else:
            known[part] = broadcast([known[a] for a in part.args if known.get(a)])
    return known[expr]


def has_arrays(expr: Expr) -> bool:
    return any(isinstance(part, ArrayFunction) for part in postorder(expr))


def parts_of(expr: Expr) -> list[Expr]:
    """The symbols and array operations that an elementwise formula is over."""
    parts: dict[Expr, None] = {}
    stack: list[Any] = [expr]
    while stack:
        part = stack.pop()
        if part.is_Symbol or isinstance(part, ArrayFunction):
            parts[part] = None
        else:
            stack.extend(part.args)
    return list(parts)
