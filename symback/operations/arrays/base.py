"""What every operation on arrays says of itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from sympy import Expr, Function

from symback.operations.shapes import Shape


class ArrayFunction(Function):
    """An operation that mixes elements. Its first `arrays` arguments are arrays, all for None;
    those below 0 are not: -1 means all but the last.
    """

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
