"""Calls that put the elements of arrays elsewhere, as NumPy has them, made of parts and joins."""

from __future__ import annotations

from typing import Any

from sympy import Expr, Integer, S, Tuple

from symback.language.operands import Make, Operands
from symback.operations import arrays
from symback.operations.construction import (
    index_leaf,
    permuted,
    reshaped,
    stacked_along,
    sum_of_products,
    with_axis,
)
from symback.operations.shapes import Shape, ShapeError, shown

_WHOLE = Tuple(S.Zero, S.Infinity)
_TWO, _THREE = Integer(2), Integer(3)


def _axis(shape: Shape, axis: Any, more: int = 0) -> int:
    """An axis counted from the front; `more` where it is a place between those that are there."""
    count = len(shape) + more
    if not getattr(axis, "is_Integer", False) or not -count <= axis < count:
        raise ShapeError(f"{shown(shape)} has no {'place for an ' if more else ''}axis {axis}")
    return int(axis) % count


def _axes(shape: Shape, axis: Any) -> list[int]:
    """Those that are named, or all."""
    if axis is None:
        return list(range(len(shape)))
    return [_axis(shape, a) for a in (axis if isinstance(axis, tuple) else (axis,))]


def _part(array: Expr, axis: int, part: Expr) -> Expr:
    """x[:, :, part], with the part at that axis."""
    return arrays.slice_(array, Tuple(*[_WHOLE] * axis, part))


def _count(value: Any, what: str) -> int:
    if not getattr(value, "is_Integer", False) or value < 1:
        raise ShapeError(f"{what} takes a whole number from 1")
    return int(value)


def _array(builder: Operands, array: Expr, what: str) -> Shape:
    shape = builder.shape_of(array)
    if not shape:
        raise ShapeError(f"{what} takes an array, not a number")
    return shape


def _flip(builder: Operands, args: list[Any], axis: Any = None) -> Expr:
    """The elements from behind, along all axes or those that are named."""
    array = args[0]
    shape = _array(builder, array, "flip")
    for at in _axes(shape, args[1] if len(args) > 1 else axis):
        last = shape[at] - 1 if shape[at].is_Integer else S.Infinity
        array = _part(array, at, Tuple(last, S.NegativeInfinity, S.NegativeOne))
    return array


def _roll(builder: Operands, args: list[Any], axis: Any = None) -> Expr:
    """The elements some places further, the last ones in front; of all, row by row, or an axis."""
    array, shift = args[:2]
    axis = args[2] if len(args) > 2 else axis
    shape = _array(builder, array, "roll")
    if axis is None and len(shape) > 1:
        flat = reshaped(array, shape, [S.NegativeOne])
        rolled = _roll(builder, [flat, shift])
        return reshaped(rolled, builder.shape_of(rolled), shape)
    at = _axis(shape, S.Zero if axis is None else axis)
    if not getattr(shift, "is_Integer", False) or not shape[at].is_Integer:
        raise ShapeError("roll takes a whole number, and an axis whose size is a number")
    first = (shape[at] - shift) % shape[at]
    if not first:
        return array
    parts = (Tuple(first, S.Infinity), Tuple(S.Zero, first))
    return arrays.concat(Integer(at), *(_part(array, at, part) for part in parts))


def _tile(builder: Operands, args: list[Any]) -> Expr:
    """Copies side by side: a number for the last axis, or one for each axis."""
    array, given = args
    counts = [_count(n, "tile") for n in (given if isinstance(given, tuple) else (given,))]
    while len(builder.shape_of(array)) < len(counts):
        array = with_axis(array, len(builder.shape_of(array)), 0)
    start = len(builder.shape_of(array)) - len(counts)
    for at, count in enumerate(counts, start):
        array = arrays.concat(Integer(at), *[array] * count) if count > 1 else array
    return array


def _repeat(builder: Operands, args: list[Any], axis: Any = None) -> Expr:
    """Each element several times in a row; of all elements, row by row, or along an axis."""
    array, given = args[:2]
    count = _count(given, "repeat")
    axis = args[2] if len(args) > 2 else axis
    shape = _array(builder, array, "repeat")
    if axis is None and len(shape) > 1:
        array = reshaped(array, shape, [S.NegativeOne])
        shape = builder.shape_of(array)
    at = _axis(shape, S.Zero if axis is None else axis)
    copies = stacked_along([array] * count, len(shape), at + 1)
    sizes = [*shape[:at], shape[at] * count, *shape[at + 1 :]]
    return reshaped(copies, builder.shape_of(copies), sizes)


def _squeezed(builder: Operands, args: list[Any], axis: Any = None) -> Expr:
    """Without axes of one element: all such, or those that are named."""
    axis = args[1] if len(args) > 1 else axis
    shape = builder.shape_of(args[0])
    axes = _axes(shape, axis)
    if axis is not None and any(shape[at] != 1 for at in axes):
        raise ShapeError(f"squeeze takes axes of one element, and the array is {shown(shape)}")
    parts = [S.Zero if at in axes and n == 1 else _WHOLE for at, n in enumerate(shape)]
    return arrays.slice_(args[0], Tuple(*parts)) if S.Zero in parts else args[0]


def _expanded(builder: Operands, args: list[Any], axis: Any = None) -> Expr:
    """With an axis of one element more."""
    shape = builder.shape_of(args[0])
    return with_axis(args[0], len(shape), _axis(shape, args[1] if len(args) > 1 else axis, 1))


def _moved(builder: Operands, args: list[Any]) -> Expr:
    """One axis at another place, the others in their order."""
    array, *ends = args
    shape = builder.shape_of(array)
    source, to = (_axis(shape, end) for end in ends)
    order = [i for i in range(len(shape)) if i != source]
    order.insert(to, source)
    return permuted(array, tuple(order))


def _differences(builder: Operands, args: list[Any], axis: Any = S.NegativeOne) -> Expr:
    """Each element less the one before it, along the last axis or another."""
    at = _axis(_array(builder, args[0], "diff"), axis)
    later, earlier = Tuple(S.One, S.Infinity), Tuple(S.Zero, S.NegativeOne)
    return _part(args[0], at, later) - _part(args[0], at, earlier)


def _cross(builder: Operands, args: list[Any]) -> Expr:
    """u × v of vectors of three numbers, or of arrays of such along the last axis."""
    u, v = args
    shapes = builder.shape_of(u), builder.shape_of(v)
    if shapes[0] != shapes[1] or not shapes[0] or shapes[0][-1] != _THREE:
        raise ShapeError(
            f"cross takes two arrays of vectors of 3, not {shown(shapes[0])} and {shown(shapes[1])}"
        )
    last = len(shapes[0]) - 1
    (a, b, c), (x, y, z) = ([_part(w, last, Integer(i)) for i in range(3)] for w in args)
    return stacked_along([b * z - c * y, c * x - a * z, a * y - b * x], last, last)


def _joined(axis: int) -> Make:
    """hstack and vstack: vectors are joined end to end, or are rows."""

    def make(builder: Operands, args: list[Any]) -> Expr:
        ranks = {len(builder.shape_of(arg)) for arg in args}
        if len(ranks) > 1:
            raise ShapeError("arrays of different numbers of axes can't be joined")
        (rank,) = ranks
        if not rank:
            row = arrays.concat(S.Zero, *args)
            return row if axis else with_axis(row, 1, 1)
        if rank == 1 and not axis:
            return stacked_along(args, rank, 0)
        return arrays.concat(Integer(axis if rank > 1 else 0), *args)

    return make


def _tensordot(builder: Operands, args: list[Any], axes: Any = _TWO) -> Expr:
    """The sum over the last axes of one array and the first ones of another, or over those that
    two lists name, pair by pair.
    """
    args, axes = args[:2], args[2] if len(args) > 2 else axes
    shapes = [builder.shape_of(arg) for arg in args]
    (m, n), (left, right) = map(len, shapes), _summed_axes(shapes, axes)
    first, second = list(range(m)), list(range(m, m + n))
    for i, j in zip(left, right, strict=True):
        if shapes[0][i] != shapes[1][j]:
            raise ShapeError(
                f"tensordot: {shown(shapes[0])} and {shown(shapes[1])} don't share "
                f"{len(left)} axes: axis {i} has {shapes[0][i]} elements, axis {j} {shapes[1][j]}"
            )
        second[j] = first[i]
    result = [*(i for i in first if i not in second), *(i for i in second if i >= m)]
    operands = [(args[0], tuple(first)), (args[1], tuple(second))]
    return sum_of_products(operands, tuple(result))


def _summed_axes(shapes: list[Shape], axes: Any) -> tuple[list[int], list[int]]:
    """The axes of both arrays that tensordot sums over: a number of them, or two lists."""
    (m, n) = map(len, shapes)
    if not isinstance(axes, tuple):
        if not getattr(axes, "is_Integer", False) or not 0 <= axes <= min(m, n):
            raise ShapeError(
                f"tensordot: {shown(shapes[0])} and {shown(shapes[1])} don't share {axes} axes"
            )
        return list(range(m - int(axes), m)), list(range(int(axes)))
    pair = [side if isinstance(side, tuple) else (side,) for side in axes]
    if len(pair) != 2 or len(pair[0]) != len(pair[1]):
        raise ShapeError(
            "tensordot takes a number of axes, or two lists as long as each other, as in "
            "axes=([1, 2], [0, 1])"
        )
    left, right = (
        [_axis(shape, axis) for axis in side] for shape, side in zip(shapes, pair, strict=True)
    )
    if len(set(left)) < len(left) or len(set(right)) < len(right):
        raise ShapeError("tensordot: an axis is named twice")
    return left, right


def padded(builder: Operands, array: Expr, widths: dict[int, tuple[Integer, Integer]]) -> Expr:
    """An array with zeros in front of axes and behind them."""
    for axis, width in widths.items():
        shape = builder.shape_of(array)
        front, behind = (
            [arrays.full(S.Zero, *shape[:axis], n, *shape[axis + 1 :])] if n > 0 else []
            for n in width
        )
        array = arrays.concat(Integer(axis), *front, array, *behind) if front + behind else array
    return array


def _pad(builder: Operands, args: list[Any]) -> Expr:
    """Zeros around an array: as many on every side, or in front and behind, of each axis."""
    array, width = args
    shape = _array(builder, array, "pad")
    given = width if isinstance(width, tuple) else (width, width)
    if not any(isinstance(pair, tuple) for pair in given):
        if isinstance(width, tuple) and len(shape) > 1:
            raise ShapeError(
                "pad of several widths means every axis in NumPy and the last in PyTorch; write a "
                f"pair for each axis: pad(x, ({', '.join(['(0, 0)'] * (len(shape) - 1))}, (1, 2)))"
            )
        given = (given,) * len(shape)
    pairs = [pair if isinstance(pair, tuple) else (pair,) for pair in given]
    if len(pairs) == 1:  # NumPy's ((1, 2),) says it of every axis
        pairs *= len(shape)
    if len(pairs) != len(shape):
        raise ShapeError(f"pad: {len(pairs)} pairs of widths for {shown(shape)}")
    for pair in pairs:
        if len(pair) != 2 or not all(getattr(n, "is_Integer", False) and n >= 0 for n in pair):
            raise ShapeError("pad takes a whole number from 0, two, or two for each axis")
    return padded(builder, array, dict(enumerate(pairs)))


def _take_along(builder: Operands, args: list[Any], axis: Any = None) -> Expr:
    """The elements whose places along an axis are whole numbers from data."""
    array, index, *more = args
    if more and axis is not None:
        raise ShapeError("the axis is given twice")
    shape, at = builder.shape_of(array), more[0] if more else axis
    leaf = index_leaf(index)
    if not (leaf.is_Symbol and builder.is_leaf(leaf.name)):
        raise ShapeError(
            "take_along_axis(A, i, axis) takes whole numbers from data: i is a leaf, as in "
            "i: int[n, 1], or i[:, None] of one"
        )
    if at is None:
        raise ShapeError("take_along_axis takes an axis, as in take_along_axis(A, i, axis=1)")
    at = _axis(shape, at)
    if len(builder.shape_of(index)) != len(shape):
        raise ShapeError(
            "take_along_axis takes an index with as many axes as the array, not "
            f"{shown(builder.shape_of(index))} for {shown(shape)}; A[i] takes rows"
        )
    return arrays.take(array, index, Integer(at)) if len(shape) > 1 else arrays.take(array, index)


REARRANGING: dict[str, tuple[int, int | None, tuple[str, ...], Make]] = {
    "flip": (1, 2, ("axis",), _flip),
    "roll": (2, 3, ("axis",), _roll),
    "tile": (2, 2, (), _tile),
    "repeat": (2, 3, ("axis",), _repeat),
    "squeeze": (1, 2, ("axis",), _squeezed),
    "expand_dims": (1, 2, ("axis",), _expanded),
    "unsqueeze": (1, 2, ("axis",), _expanded),
    "moveaxis": (3, 3, (), _moved),
    "movedim": (3, 3, (), _moved),
    "diff": (1, 1, ("axis",), _differences),
    "cross": (2, 2, (), _cross),
    "hstack": (1, None, (), _joined(1)),
    "vstack": (1, None, (), _joined(0)),
    "tensordot": (2, 3, ("axes",), _tensordot),
    "pad": (2, 2, (), _pad),
    "take_along_axis": (2, 3, ("axis",), _take_along),
}
"""As `CALLS`: the least and the greatest number of arguments, the options, and what is built."""

__all__ = ["REARRANGING", "padded"]
