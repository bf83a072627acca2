"""Which entries of its operands an operation on arrays reads, for some entries of its value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sympy import Expr, S, Tuple

from symback.operations.arrays import (
    ArrayFunction,
    dot,
    einsum,
    matmul,
    matvec,
    outer,
    reduce_sum,
    transpose,
)
from symback.operations.construction import along, expand_reduced, permuted, with_axis
from symback.operations.shapes import Shape, Size

_Along = tuple[Callable[[Expr], Expr] | None, int]
"""How the mask of a product's value gives that of an operand along one axis; None: all of it."""

_ALONG_ROWS: _Along = (lambda mask: reduce_sum(mask, S.One), 0)
_PRODUCTS: dict[Any, tuple[_Along, _Along]] = {
    matmul: (_ALONG_ROWS, (lambda mask: reduce_sum(mask, S.Zero), 1)),
    matvec: ((lambda mask: mask, 0), (None, 0)),
    outer: (_ALONG_ROWS, (lambda mask: reduce_sum(mask, S.Zero), 0)),
    dot: ((None, 0), (None, 0)),
}


def is_product(op: ArrayFunction) -> bool:
    """Whether the adjoint of each operand is a product with the other one."""
    return op.func in _PRODUCTS or isinstance(op, einsum)


def part_of_product(op: ArrayFunction, place: int, mask: Expr, rank: int) -> Expr | None:
    """The mask of an operand of a product, to be broadcast over it; None where all is read.

    `mask` is that of the value, entry by entry, and `rank` that of the operand. The rows of A, and
    the columns of B, of which A·B has entries that are read:

    >>> from symback.operations.expressions import real_symbol
    >>> A, B, m = map(real_symbol, ["A", "B", "m"])
    >>> part_of_product(matmul(A, B), 1, m, 2)
    reduce_sum(m, 0)
    """
    if isinstance(op, einsum):
        return _part_of_einsum(op, place, mask)
    of_axis, axis = _PRODUCTS[op.func][place]
    if of_axis is None:
        return None
    vector = of_axis(mask)
    if isinstance(op.operands[place], transpose):
        axis = 1 - axis
    column = rank == 2 and axis == 0
    return expand_reduced(vector, (S.One, S.One), [1]) if column else vector


def _part_of_einsum(op: einsum, place: int, mask: Expr) -> Expr | None:
    """The mask along the axes that an operand has in common with the value."""
    own, result = op.subscripts[place], op.subscripts[2]
    shared = [letter for letter in result if letter in own]
    if not shared:
        return None
    over = [i for i, letter in enumerate(result) if letter not in own]
    mask = along(reduce_sum, mask, len(result), over) if over else mask
    in_order = [letter for letter in own if letter in shared]
    mask = permuted(mask, tuple(shared.index(letter) for letter in in_order))
    for axis, letter in enumerate(own):
        if letter not in shared:
            mask = with_axis(mask, _rank(own, shared, axis), axis)
    return mask


def _rank(own: Sequence[int], shared: Sequence[int], axis: int) -> int:
    """How many axes a mask has, when those before one have been put in."""
    return axis + sum(letter in shared for letter in own[axis:])


def cover(slices: Iterable[ArrayFunction], shape: Shape) -> bool:
    """Whether slices together take every entry of an array, along one axis in turn.

    >>> from sympy import Integer, S, Tuple
    >>> from symback.operations.arrays import slice_
    >>> from symback.operations.expressions import real_symbol
    >>> z = real_symbol("z")
    >>> cover([slice_(z, Tuple(S.Zero)), slice_(z, Tuple(Tuple(S.One, S.Infinity)))], (Integer(3),))
    True
    """
    bounds = [[*map(_bounds, op.options[0], shape)] for op in slices]
    for axis, size in enumerate(shape):
        spans = {}
        for parts in bounds:
            rest = [p == (0, s) for p, s in zip(parts, shape, strict=False)]
            if len(parts) > axis and all(rest[:axis] + rest[axis + 1 :]):
                spans[parts[axis][0]] = parts[axis][1]
        at: Expr = S.Zero
        while at != size and at in spans:
            at = spans.pop(at)
        if at == size:
            return True
    return False


def _bounds(part: Expr, size: Size) -> tuple[Expr, Expr]:
    """Start and stop of an index or a range, counted from the start of the axis."""
    if isinstance(part, Tuple) and len(part) > 2:  # every second one, say
        return part, part
    start, stop = part if isinstance(part, Tuple) else (part, part + 1 if part != -1 else size)
    first, last = (at + size if at.is_negative else at for at in (start, stop))
    return first, size if last is S.Infinity else last


__all__ = ["cover", "is_product", "part_of_product"]
