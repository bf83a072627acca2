"""What moves elements, takes parts or joins them, and constant arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import Expr

from symback.operations import shapes
from symback.operations.arrays.base import ArrayFunction


class transpose(ArrayFunction):
    """Aᵀ."""

    moves = True
    shape_rule = staticmethod(shapes.transposed_shape)
    rule = "∂Aᵀ: δᵀ"

    @classmethod
    def eval(cls, a: Expr) -> Expr | None:
        return a.args[0] if isinstance(a, cls) else None


class permute(ArrayFunction):
    """The array with its axes in another order: the axis k of the value is that of option k."""

    moves = True
    shape_rule = staticmethod(shapes.permuted_shape)
    rule = "the axes back in their order"

    @classmethod
    def eval(cls, a: Expr, *axes: Expr) -> Expr | None:
        if list(axes) == list(range(len(axes))):
            return a
        if isinstance(a, cls):
            return cls(a.args[0], *(a.args[1 + int(axis)] for axis in axes))
        return None


class diag(ArrayFunction):
    """The diagonal matrix of a vector."""

    moves = True
    shape_rule = staticmethod(shapes.diag_shape)
    rule = "the diagonal of δ"


class diagonal(ArrayFunction):
    """The diagonal of a square matrix."""

    moves = chooses = True
    shape_rule = staticmethod(shapes.diagonal_shape)
    rule = "the diagonal matrix of δ"


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


class explicit_matrix(ArrayFunction):
    """A matrix given number by number, row by row; the last argument is how many columns."""

    arrays = -1
    moves = True
    shape_rule = staticmethod(shapes.explicit_shape)
    rule = "each gets its part"


class rows(ArrayFunction):
    """Arrays of one shape as the parts of another along a new first axis: vectors as its rows."""

    arrays = None
    moves = True
    shape_rule = staticmethod(shapes.rows_shape)
    rule = "each gets its row"


class reshape(ArrayFunction):
    """The elements in their order, row by row, in another shape: the array, then the sizes."""

    moves = True
    shape_rule = staticmethod(shapes.reshaped_shape)
    rule = "the shape as it was"

    @classmethod
    def eval(cls, a: Expr, *sizes: Expr) -> Expr | None:
        return cls(a.args[0], *sizes) if isinstance(a, cls) else None


class reshape_like(ArrayFunction):
    """The elements of the first operand, row by row, in the shape of the second."""

    arrays = 2
    moves = True
    shape_rule = staticmethod(shapes.of_second)
    in_adjoints_only = True


class tril(ArrayFunction):
    """Matrices with zeros above a diagonal, a number: 0 is the main one."""

    moves = chooses = True
    shape_rule = staticmethod(shapes.matrices_shape("tril"))
    rule = "zero above"


class triu(ArrayFunction):
    """Matrices with zeros below a diagonal, a number: 0 is the main one."""

    moves = chooses = True
    shape_rule = staticmethod(shapes.matrices_shape("triu"))
    rule = "zero below"


class windows(ArrayFunction):
    """The parts of a size that begin every few elements along the last axes: the array, then a
    Tuple of sizes and one of steps, one for each axis.
    """

    moves = chooses = True
    shape_rule = staticmethod(shapes.windows_shape)
    rule = "each element gets the sum over its windows"


class fold(ArrayFunction):
    """The elements of windows added up in their places in an array of the second's shape."""

    arrays = 2
    moves = True
    shape_rule = staticmethod(shapes.of_second)
    in_adjoints_only = True


class slice_(ArrayFunction):
    """A part of an array: for each axis an index, or a Tuple of start, stop (∞: the end), and a
    step where it is not 1.
    """

    moves = chooses = True
    shape_rule = staticmethod(shapes.slice_shape)
    rule = "zero elsewhere"


class scatter(ArrayFunction):
    """Zeros of the second operand's shape with the first operand in the part that is named."""

    arrays = 2
    shape_rule = staticmethod(shapes.of_second)
    in_adjoints_only = True


class take(ArrayFunction):
    """The rows of the first operand at indices from data: the elements at them of a vector. With
    an axis, the elements whose place along it is the index, which has as many axes as the array.
    """

    arrays = 2
    moves = chooses = True
    shape_rule = staticmethod(shapes.taken_shape)
    rule = "each row gets the sum over its indices"


class segment_sum(ArrayFunction):
    """Zeros of the third operand's shape, to whose rows at the indices of the second the first
    operand's parts are added; in adjoints also to whose elements at the indices along an axis.
    """

    arrays = 3
    moves = True
    shape_rule = staticmethod(shapes.of_third)
    rule = "each part gets the row at its index"


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
    """How many elements an array has, or how many along axes."""

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
