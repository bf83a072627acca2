"""Loops over the elements of arrays, which `heads.py` fills."""

from __future__ import annotations

from collections.abc import Sequence

from sympy import Expr, S, Symbol

from symback.codegen.loops.elements import ElementPrinter
from symback.codegen.loops.tree import Declare, For, Statement, Storage, Store, Tree
from symback.operations.shapes import Shape, Size

INDICES = ("i", "j", "i2", "i3", "i4", "i5", "i6", "i7")
"""The variables of loops over an array's axes."""

INNERS = ("inner", *(f"inner{i}" for i in range(2, 9)))
"""Those over the axes that a product sums."""

INNER = INNERS[0]

TOTAL, FACTOR = "symback_total", "symback_factor"
SCALE, SCALED = "symback_scale", "symback_scaled"


class Loops:
    """Writes loops; `printer` prints the elements in them."""

    def __init__(self, printer: ElementPrinter) -> None:
        self.printer = printer

    def over(self, shape: Shape, body: Sequence[Statement], simd: bool = True) -> Tree:
        """The body for every index of a shape, the last axis innermost."""
        tree = list(body)
        for axis in reversed(range(len(shape))):
            innermost = simd and axis == len(shape) - 1
            tree = [self.loop(INDICES[axis], shape[axis], tree, innermost)]
        return tree

    def along(self, axes: Sequence[int], shape: Shape, body: Sequence[Statement]) -> Tree:
        """The body for every index along some axes of a shape."""
        tree = list(body)
        for axis in reversed(axes):
            tree = [self.loop(INDICES[axis], shape[axis], tree)]
        return tree

    def loop(self, index: str, size: Size, body: Sequence[Statement], simd: bool = False) -> For:
        return For(index, "0", self.printer.length(size), tuple(body), simd=simd)

    def elementwise(self, to: Symbol, shape: Shape, sign: str, expr: Expr) -> Tree:
        """to = expr, or to += expr, element by element."""
        p, index = self.printer, INDICES[: len(shape)]
        value = p.element(expr, *index, level=0)
        return self.over(shape, [Store(p.element(to, *index), value, sign)])

    def zero(self, to: Symbol, shape: Shape) -> Tree:
        return self.elementwise(to, shape, "=", S.Zero)

    def summed(self, name: str, shape: Shape, text: str, indices: Sequence[str] = INDICES) -> Tree:
        """A new variable, and the text added to it over the axes of a shape."""
        tree: Tree = [Store(name, text, "+=")]
        for axis in reversed(range(len(shape))):
            stop, innermost = self.printer.length(shape[axis]), axis == len(shape) - 1
            sums = (name,) if innermost else ()
            tree = [For(indices[axis], "0", stop, tuple(tree), simd=innermost, sums=sums)]
        return [Declare(Storage.VARIABLE, name, "0.0"), *tree]

    def shape(self, expr: Expr) -> Shape:
        return self.printer.shape_of(expr)


__all__ = ["FACTOR", "INDICES", "INNER", "INNERS", "SCALE", "SCALED", "TOTAL", "Loops"]
