"""Calls that go over windows of arrays: convolutions and pooling."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy import Expr, Integer, S

from symback.language.operands import Make, Operands
from symback.language.rearranging import padded
from symback.operations import arrays
from symback.operations.construction import (
    along,
    sum_of_products,
)
from symback.operations.shapes import ShapeError, shown


def _numbers(value: Any, count: int, what: str) -> tuple[Integer, ...]:
    """One whole number for each of some axes; a single one serves all."""
    found = value if isinstance(value, tuple) else (value,) * count
    if len(found) != count or not all(getattr(n, "is_Integer", False) for n in found):
        raise ShapeError(f"{what} takes whole numbers, one for all or one for each axis")
    return found


def windows(builder: Operands, args: list[Any]) -> Expr:
    array, *options = args
    sizes, steps = (*options, (S.One,))[:2]
    count = len(sizes) if isinstance(sizes, tuple) else 1
    sizes, steps = (_numbers(o, count, "windows") for o in (sizes, steps))
    return arrays.windows(array, sp.Tuple(*sizes), sp.Tuple(*steps))


def convolution(axes: int) -> Make:
    """The sums of a kernel's elements times those of each window, as layers of networks have it."""

    def make(
        builder: Operands, args: list[Any], stride: Any = S.One, padding: Any = S.Zero
    ) -> Expr:
        array, kernel = args
        shape, own = builder.shape_of(array), builder.shape_of(kernel)
        if (len(shape), len(own)) not in ((axes, axes), (axes + 1, axes + 2)):
            raise ShapeError(
                f"conv{axes}d takes an array of {axes} axes and a kernel of {axes}, or of "
                f"{axes + 1} with channels first and {axes + 2}; these are {shown(shape)} and "
                f"{shown(own)}"
            )
        sizes = own[-axes:]
        if not all(n.is_Integer for n in sizes):
            raise ShapeError(f"conv{axes}d: give the size of the kernel {shown(own)} as numbers")
        widths = zip(range(-axes, 0), _numbers(padding, axes, "padding"), strict=True)
        array = padded(builder, array, {len(shape) + axis: (n, n) for axis, n in widths})
        steps = _numbers(stride, axes, "stride")
        parts = arrays.windows(array, sp.Tuple(*sizes), sp.Tuple(*steps))
        places, inner = tuple(range(2, 2 + axes)), tuple(range(2 + axes, 2 + 2 * axes))
        if len(own) == axes:
            return sum_of_products([(parts, (*places, *inner)), (kernel, inner)], places)
        named = [(parts, (0, *places, *inner)), (kernel, (1, 0, *inner))]
        if own[1] != shape[0]:
            raise ShapeError(f"conv{axes}d: {shape[0]} channels, but {own[1]} of the kernel")
        return sum_of_products(named, (1, *places))

    return make


def pool(head: Any) -> Make:
    """A reduction of each window along the last axes; windows stand side by side."""

    def make(builder: Operands, args: list[Any], stride: Any = None) -> Expr:
        array, size = args
        rank = len(builder.shape_of(array))
        count = len(size) if isinstance(size, tuple) else min(rank, 2)
        sizes = _numbers(size, count, "a pool")
        steps = sizes if stride is None else _numbers(stride, count, "stride")
        parts = arrays.windows(array, sp.Tuple(*sizes), sp.Tuple(*steps))
        whole = rank + count
        return along(head, parts, whole, range(whole - count, whole))

    return make


__all__ = ["convolution", "pool", "windows"]
