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
    rule = "∂Aᵀ: Gᵀ"

    @classmethod
    def eval(cls, a: Expr) -> Expr | None:
        return a.args[0] if isinstance(a, cls) else None


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
