"""What calls of operations on arrays ask about their operands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from sympy import Expr

from symback.operations.shapes import Shape


class Operands(Protocol):
    """What a call asks of the builder about its operands."""

    def shape_of(self, expr: Expr) -> Shape: ...

    @property
    def is_leaf(self) -> Callable[[str], bool]: ...

    @property
    def is_target(self) -> Callable[[str], bool]: ...


Make = Callable[..., Expr]
"""What builds the formula of a call, from the builder, the operands and the options."""

__all__ = ["Make", "Operands"]
