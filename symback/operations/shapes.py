"""Shapes, and the rules by which operations on arrays make them.

A shape is a tuple of sizes: () a number, (n,) a vector, (m, n) a matrix, and so on; a size is a
SymPy Integer, a size symbol, or a sum of both. A rule takes the shapes of the operands and the
options.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeAlias

import sympy as sp
from sympy import Expr, Integer, S, Symbol, Tuple

from symback.errors import CircuitError

Size: TypeAlias = Any  # a SymPy Integer, a size symbol or a sum of both
Shape: TypeAlias = tuple[Size, ...]
ShapeRule: TypeAlias = Callable[[Sequence[Shape], Any], Shape]


HIGHEST_RANK = 6
"""The most axes of an array that a text declares."""

MOST_AXES = 8
"""Those of an array that a formula makes."""


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


def _need_rank(what: str, shape: Shape, *ranks: int) -> None:
    if len(shape) not in ranks:
        wanted = " or ".join(("a number", "a vector", "a matrix")[r] for r in ranks)
        raise ShapeError(f"{what} takes {wanted}, not {shown(shape)}")


def _need_array(what: str, shape: Shape) -> None:
    if not shape:
        raise ShapeError(f"{what} takes an array, not a number")


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


def matmul_shape(s: Sequence[Shape], _: Any) -> Shape:
    a, b = s
    _need_rank("@", a, 2)
    _need_rank("@", b, 2)
    need_equal("@", a, b, (a[1], b[0]))
    return (a[0], b[1])


def matvec_shape(s: Sequence[Shape], _: Any) -> Shape:
    a, x = s
    _need_rank("@", a, 2)
    _need_rank("@", x, 1)
    need_equal("@", a, x, (a[1], x[0]))
    return (a[0],)


def kron_shape(s: Sequence[Shape], _: Any) -> Shape:
    for shape in s:
        _need_rank("kron", shape, 2)
    return s[0][0] * s[1][0], s[0][1] * s[1][1]


def outer_shape(s: Sequence[Shape], _: Any) -> Shape:
    for shape in s:
        _need_rank("outer", shape, 1)
    return (s[0][0], s[1][0])


def number_of_alike(what: str) -> ShapeRule:
    def rule(s: Sequence[Shape], _: Any) -> Shape:
        if s[0] != s[1]:
            raise ShapeError(
                f"{what} takes two arrays of one shape, not {shown(s[0])} and {shown(s[1])}"
            )
        return ()

    return rule


def transposed_shape(s: Sequence[Shape], _: Any) -> Shape:
    _need_rank(".T", s[0], 2)
    return (s[0][1], s[0][0])


def reduced(what: str) -> ShapeRule:
    def rule(s: Sequence[Shape], axes: Any) -> Shape:
        _need_array(what, s[0])
        _need_axes(what, s[0], axes)
        return tuple(size for i, size in enumerate(s[0]) if i not in axes) if axes else ()

    return rule


def _need_axes(what: str, shape: Shape, axes: Any) -> None:
    for axis in axes:
        if not 0 <= axis < len(shape):
            raise ShapeError(f"{what}: {shown(shape)} has no axis {axis}")


def permuted_shape(s: Sequence[Shape], axes: Any) -> Shape:
    if sorted(axes) != list(range(len(s[0]))):
        wanted = ", ".join(map(str, range(len(s[0]))))
        raise ShapeError(f"transpose: the axes of {shown(s[0])} are {wanted}, in any order")
    return tuple(s[0][int(axis)] for axis in axes)


def diag_shape(s: Sequence[Shape], _: Any) -> Shape:
    _need_rank("diag", s[0], 1)
    return (s[0][0], s[0][0])


def number_of_square(what: str) -> ShapeRule:
    def rule(s: Sequence[Shape], _: Any) -> Shape:
        _need_square(what, s[0])
        return ()

    return rule


def inverse_shape(s: Sequence[Shape], _: Any) -> Shape:
    _need_square("inv", s[0])
    return s[0]


def solution_shape(s: Sequence[Shape], _: Any) -> Shape:
    a, b = s
    _need_square("solve", a)
    _need_rank("solve", b, 1, 2)
    need_equal("solve", a, b, (a[0], b[0]))
    return b


def along_axes(what: str) -> ShapeRule:
    """Of what keeps the shape; along the last axis where none is named."""

    def rule(s: Sequence[Shape], axes: Any) -> Shape:
        _need_array(what, s[0])
        _need_axes(what, s[0], axes)
        return s[0]

    return rule


def last_axis_reduced(what: str) -> ShapeRule:
    """Of a reduction along the last axis where none is named."""

    def rule(s: Sequence[Shape], axes: Any) -> Shape:
        _need_array(what, s[0])
        _need_axes(what, s[0], axes)
        return tuple(n for i, n in enumerate(s[0]) if i not in axes) if axes else s[0][:-1]

    return rule


def entropies_shape(s: Sequence[Shape], _: Any) -> Shape:
    z, t = s
    _need_array("cross_entropy", z)
    if z != t:
        raise ShapeError(f"cross_entropy: shapes {shown(z)} and {shown(t)} don't fit")
    return z[:-1]


def class_entropy_shape(s: Sequence[Shape], _: Any) -> Shape:
    z, t = s
    _need_rank("cross_entropy", z, 1)
    if t != ():
        raise ShapeError(f"cross_entropy: shapes {shown(z)} and {shown(t)} don't fit")
    return ()


def one_hot_shape(s: Sequence[Shape], _: Any) -> Shape:
    _need_rank("one_hot", s[0], 0)
    _need_rank("one_hot", s[1], 1)
    return s[1]


def factor_shape(s: Sequence[Shape], _: Any) -> Shape:
    _need_square("cholesky", s[0])
    return s[0]


def eigenvalues_shape(s: Sequence[Shape], _: Any) -> Shape:
    _need_square("eigvalsh", s[0])
    return s[0][:1]


def eigenvectors_shape(s: Sequence[Shape], _: Any) -> Shape:
    _need_square("eigenvectors", s[0])
    return s[0]


def gaps_shape(s: Sequence[Shape], _: Any) -> Shape:
    return (*s[0], *s[0])


def taken_shape(s: Sequence[Shape], axis: Any) -> Shape:
    array, index = s
    if not array:
        raise ShapeError("an index takes an array, and this is a number")
    if not axis:
        return (*index, *array[1:])
    at = int(axis[0])
    others = (*array[:at], *array[at + 1 :])
    if len(index) != len(array) or others != (*index[:at], *index[at + 1 :]):
        raise ShapeError(
            f"take_along_axis takes an index as long as the array along all other axes than {at}, "
            f"not {shown(index)} for {shown(array)}"
        )
    return index


def of_third(s: Sequence[Shape], _: Any) -> Shape:
    return s[2]


def joined_shape(s: Sequence[Shape], options: Any) -> Shape:
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


def explicit_shape(s: Sequence[Shape], options: Any) -> Shape:
    columns = int(options[0])
    if any(s) or len(s) % columns:
        raise ShapeError(f"a matrix of {columns} columns is given number by number, row by row")
    return Integer(len(s) // columns), Integer(columns)


def rows_shape(s: Sequence[Shape], options: Any) -> Shape:
    if len(set(s)) > 1 or not s[0]:
        raise ShapeError(f"rows: {', '.join(map(shown, s[:4]))} are not arrays of one shape")
    return (Integer(len(s)), *s[0])


def reshaped_shape(s: Sequence[Shape], sizes: Any) -> Shape:
    if (sp.Mul(*s[0]) - sp.Mul(*sizes)).expand() != 0:
        raise ShapeError(f"reshape: {shown(s[0])} has not the elements of {shown(tuple(sizes))}")
    return tuple(sizes)


def einsum_shape(s: Sequence[Shape], options: Any) -> Shape:
    """Of subscripts that name each axis once, and each name in two of operands and result."""
    names = [tuple(part) if isinstance(part, Tuple) else () for part in options[0]]
    everywhere = [letter for part in names for letter in part]
    if len(names) != 3 or any(len(set(part)) < len(part) for part in names):
        raise ShapeError("einsum: each axis of two arrays and of the result has a name of its own")
    if any(everywhere.count(letter) < 2 for letter in everywhere):
        raise ShapeError("einsum: each name of an axis stands in two of the arrays and the result")
    *operands, result = names
    named: dict[Any, Size] = {}
    for shape, letters in zip(s, operands, strict=True):
        if len(shape) != len(letters):
            raise ShapeError(f"einsum: {len(letters)} subscripts for {shown(shape)}")
        for letter, size in zip(letters, shape, strict=True):
            if named.setdefault(letter, size) != size:
                a, b = map(shown, s)
                raise ShapeError(f"einsum: shapes {a} and {b} don't fit, {named[letter]} ≠ {size}")
    return tuple(named[letter] for letter in result)


def windows_shape(s: Sequence[Shape], options: Any) -> Shape:
    """The places of a window along each of the last axes, then its own axes."""
    (shape,), (sizes, steps) = s, options
    count = len(sizes)
    if not 0 < count == len(steps) <= len(shape):
        raise ShapeError(f"windows of {count} axes and {len(steps)} steps over {shown(shape)}")
    if any(n < 1 for n in (*sizes, *steps)):
        raise ShapeError("windows: sizes and steps are whole numbers from 1")
    places = [
        _length(n, S.Zero, S.Infinity if w == 1 else 1 - w, step)
        for n, w, step in zip(shape[-count:], sizes, steps, strict=True)
    ]
    return (*shape[:-count], *places, *sizes)


def matrices_shape(what: str) -> ShapeRule:
    """Of what goes over the last two axes and keeps the shape."""

    def rule(s: Sequence[Shape], _: Any) -> Shape:
        if len(s[0]) < 2:
            raise ShapeError(f"{what} takes a matrix, not {shown(s[0])}")
        return s[0]

    return rule


def slice_shape(s: Sequence[Shape], options: Any) -> Shape:
    """Checks bounds where sizes are numbers; of a size with a name, data must show them."""
    (shape,), (parts,) = s, options
    if len(parts) > len(shape):
        raise ShapeError(f"{len(parts)} indices for {shown(shape)}")
    sizes: list[Size] = []
    for size, part in zip(shape, parts, strict=False):
        if isinstance(part, Tuple):
            sizes.append(_length(size, *part))
        elif size.is_Integer and part.is_Integer and not -size <= part < size:
            raise ShapeError(f"index {part} is outside {shown(shape)}")
    return (*sizes, *shape[len(parts) :])


def _length(size: Size, start: Expr, stop: Expr, step: Expr = S.One) -> Size:
    """The length of start:stop:step of an axis."""
    if step != 1:
        return _stepped_length(size, start, stop, int(step))
    first = start + size if start < 0 else start
    last = size if stop is S.Infinity else stop + size if stop < 0 else stop
    length = last - first
    if size.is_Integer and not (0 <= first < last <= size):
        raise ShapeError(f"{start}:{stop} is outside an axis of {size}, or empty")
    if length.is_Integer and length <= 0:
        raise ShapeError(f"the part {start}:{stop} is empty")
    return length


def span_of(size: Size, start: Expr, stop: Expr, step: int = 1) -> tuple[Size, Size]:
    """The first place of start:stop:step, and where it ends, counted from the front of an axis.

    A bound that is left out is ∞, for a step back −∞ is the end.
    """
    front, back = (S.Zero, size) if step > 0 else (size - 1, S.NegativeOne)
    first = front if start.is_infinite else start + size if start < 0 else start
    last = back if stop.is_infinite else stop + size if stop < 0 else stop
    return first, last


def _stepped_length(size: Size, start: Expr, stop: Expr, step: int) -> Size:
    shown_ = ":".join("" if o.is_infinite else str(o) for o in (start, stop)) + f":{step}"
    first, last = span_of(size, start, stop, step)
    span = last - first if step > 0 else first - last
    if size.is_Integer:
        places = range(int(first), int(last), step)
        if not places or not (0 <= places[0] < size and 0 <= places[-1] < size):
            raise ShapeError(f"{shown_} is outside an axis of {size}, or empty")
    if span.is_Integer:
        if span <= 0:
            raise ShapeError(f"the part {shown_} is empty")
        return Integer(-(-int(span) // abs(step)))
    if abs(step) != 1:
        raise ShapeError(
            f"{shown_}: how many elements every step takes of an axis of {size} is open; "
            "give the size as a number"
        )
    return span


def expanded_shape(s: Sequence[Shape], axis: Any) -> Shape:
    at = int(axis[0]) if axis else len(s[0])
    return (*s[0][:at], S.One, *s[0][at:])


def of_first(s: Sequence[Shape], _: Any) -> Shape:
    return s[0]


def of_second(s: Sequence[Shape], _: Any) -> Shape:
    return s[1]


def diagonal_shape(s: Sequence[Shape], _: Any) -> Shape:
    return (_need_square("diag", s[0]),)


def identity_shape(s: Sequence[Shape], sizes: Any) -> Shape:
    return (sizes[0], sizes[0])


def full_shape(s: Sequence[Shape], value_and_sizes: Any) -> Shape:
    return tuple(value_and_sizes[1:])


def no_axes(s: Sequence[Shape], _: Any) -> Shape:
    return ()
