"""The code for one element of a formula of arrays, by its index, in languages like C.

Operations that only move elements (a transpose, a column, a part) need no memory: each is an
element of an operand at another index.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from sympy import Expr, S, Symbol, Tuple

from symback.codegen.loops.tree import Call
from symback.operations import arrays as a
from symback.operations.arrays import ArrayFunction
from symback.operations.shapes import Shape, Size, is_size, span_of
from symback.printing.code import CodePrinter
from symback.printing.printer import ATOM, MUL

Printed = tuple[str, int]


class ElementPrinter(CodePrinter):
    """Prints the element of a formula at an index; `length` gives the code for a size.

    A language's printer of numbers stands behind it, and says what it has for sizes and memory.
    """

    kernels: ClassVar[str]  # what begins the names of kernels

    def as_number(self, size: str) -> str:
        """A length or an index where a number is needed."""
        raise NotImplementedError

    def read(self, array: Symbol, offset: str = "") -> str:
        """The memory of an array to be read, from an element on."""
        return f"{self.memory(array)} + {offset}" if offset else self.memory(array)

    def written(self, array: Symbol, offset: str = "") -> str:
        """The memory of an array to be written, from an element on."""
        return self.read(array, offset)

    def indexed(self, memory: str, place: str) -> str:
        """One element of an array's memory."""
        return f"{memory}[{place}]"

    def as_index(self, number: str) -> str:
        """A whole number from data where an index is needed."""
        raise NotImplementedError

    def root_of(self, text: str) -> str:
        """The square root of a number."""
        raise NotImplementedError

    def kernel(self, name: str, *operands: str) -> str:
        """A call of a kernel."""
        return f"{self.kernels}{name}({', '.join(operands)})"

    def same(self, a: str, b: str) -> str:
        """Whether two numbers or indices are equal."""
        return f"{a} {self.relations['==']} {b}"

    def differs(self, a: str, b: str) -> str:
        """Whether two numbers are not equal."""
        return f"{a} {self.relations['!=']} {b}"

    def of_memory(self, name: str, *operands: str) -> Call:
        """A call of a kernel that writes memory."""
        return Call(f"{self.kernels}{name}", operands)

    def choice(self, condition: str, yes: str, no: str) -> str:
        """One of two numbers, as a whole statement may give it."""
        return f"({condition}) ? {yes} : {no}"

    def __init__(
        self,
        order: Mapping[str, Any],
        leading: Collection[str],
        shapes: Mapping[str, Shape],
        length: Callable[[Size], str],
    ) -> None:
        super().__init__(order, leading)
        self.shapes = shapes
        self.length = length
        self._index: tuple[str, ...] = ()

    def element(self, expr: Expr, *index: str, level: int = ATOM) -> str:
        """The code for the element of an expression at an index."""
        with self._at(index):
            return self.at(expr, level)

    @contextmanager
    def _at(self, index: tuple[str, ...]) -> Iterator[None]:
        outer, self._index = self._index, index
        yield
        self._index = outer

    def symbol(self, symbol: Symbol) -> str:
        if is_size(symbol):
            return self.as_number(self.length(symbol))
        name = self.memory(symbol)
        shape = self.shapes.get(symbol.name, ())
        return self.indexed(name, self.place(shape)) if shape else name

    def memory(self, array: Symbol) -> str:
        """The pointer to an array."""
        return super().symbol(array)

    def place(self, shape: Shape) -> str:
        """Where the element is in memory, row by row; axes of size 1 are broadcast."""
        text = ""
        for size, index in zip(shape, self._index[len(self._index) - len(shape) :], strict=True):
            if size != 1:
                text = f"({text})" if " + " in text and text != index else text
                text = f"{text} * {self.length(size)} + {index}" if text else index
        return text or "0"

    def own_index(self, expr: Expr) -> tuple[str, ...]:
        """The part of the index that belongs to the expression's own axes."""
        shape = self.shape_of(expr)
        index = self._index[len(self._index) - len(shape) :]
        return tuple("0" if n == 1 else i for n, i in zip(shape, index, strict=True))

    def function(self, expr: Expr) -> tuple[str, int]:
        if isinstance(expr, ArrayFunction):
            return MOVED[expr.func](self, self.own_index(expr), *expr.args)
        return super().function(expr)

    def count(self, shape: Shape, axes: Sequence[Expr] = ()) -> str:
        """The code for the number of elements, or that along axes, as a number."""
        sizes = [shape[int(axis)] for axis in axes] if axes else shape
        text = " * ".join(self.length(size) for size in sizes)
        return self.as_number(f"({text})" if len(sizes) > 1 else text)


# -- operations that move elements -------------------------------------------------------------


def _transpose(p: ElementPrinter, index: tuple[str, ...], m: Expr) -> Printed:
    return p.element(m, index[1], index[0]), ATOM


def _outer(p: ElementPrinter, index: tuple[str, ...], u: Expr, v: Expr) -> Printed:
    return f"{p.element(u, index[0])} * {p.element(v, index[1])}", MUL


def _permute(p: ElementPrinter, index: tuple[str, ...], array: Expr, *axes: Expr) -> Printed:
    order = [int(axis) for axis in axes]
    return p.element(array, *(index[order.index(i)] for i in range(len(order)))), ATOM


def _reshape(p: ElementPrinter, index: tuple[str, ...], array: Expr, *sizes: Expr) -> Printed:
    """The element as far from the first in memory: the array is a name that has memory."""
    with p._at(index):
        return p.indexed(p.memory(array), p.place(sizes)), ATOM


def _windows(
    p: ElementPrinter, index: tuple[str, ...], array: Expr, sizes: Tuple, steps: Tuple
) -> Printed:
    return p.element(array, *unfolded(index, steps)), ATOM


def unfolded(index: Sequence[str], steps: Sequence[Expr]) -> list[str]:
    """The index in an array, by that of a window's place and that inside the window."""
    count = len(steps)
    places, inside = index[-2 * count : -count], index[-count:]
    found = [
        f"({place if step == 1 else f'{place} * {step}'} + {i})"
        for place, step, i in zip(places, steps, inside, strict=True)
    ]
    return [*index[: len(index) - 2 * count], *found]


def _triangle(sign: str) -> Callable[..., Printed]:
    """Kept where the column is on one side of a diagonal: j <= i + 2, j + 2 <= i."""

    def print_(
        p: ElementPrinter, index: tuple[str, ...], array: Expr, diagonal: Expr = S.Zero
    ) -> Printed:
        row, column = index[-2:]
        row = f"{row} + {diagonal}" if diagonal > 0 else row
        column = f"{column} + {-diagonal}" if diagonal < 0 else column
        return p.branch(f"{column} {sign} {row}", p.element(array, *index), "0.0"), ATOM

    return print_


def _expand_dims(
    p: ElementPrinter, index: tuple[str, ...], array: Expr, axis: Expr | None = None
) -> Printed:
    at = len(index) - 1 if axis is None else int(axis)
    return p.element(array, *index[:at], *index[at + 1 :]), ATOM


def _broadcast_like(p: ElementPrinter, index: tuple[str, ...], value: Expr, like: Expr) -> Printed:
    return p.element(value, *index), ATOM


def _size(p: ElementPrinter, index: Any, array: Expr, *axes: Expr) -> Printed:
    return p.count(p.shape_of(array), axes), ATOM


def _one_hot(p: ElementPrinter, index: tuple[str, ...], t: Expr, like: Expr) -> Printed:
    return p.branch(p.same(p.as_number(index[-1]), p.element(t)), "1.0", "0.0"), ATOM


def _eye(p: ElementPrinter, index: tuple[str, ...], *_: Expr) -> Printed:
    return p.branch(p.same(index[0], index[1]), "1.0", "0.0"), ATOM


def _diag(p: ElementPrinter, index: tuple[str, ...], vector: Expr) -> Printed:
    return p.branch(p.same(index[0], index[1]), p.element(vector, index[0]), "0.0"), ATOM


def _diagonal(p: ElementPrinter, index: tuple[str, ...], m: Expr) -> Printed:
    return p.element(m, index[0], index[0]), ATOM


def _full(p: ElementPrinter, index: Any, value: Expr, *sizes: Expr) -> Printed:
    return p.element(value), ATOM


def _concat(p: ElementPrinter, index: tuple[str, ...], axis: Expr, *operands: Expr) -> Printed:
    """The operand that the index falls into."""
    place, start = int(axis), S.Zero
    texts, stops = [], []
    for operand in operands:
        shape = p.shape_of(operand)
        own = list(index)
        own[place] = _moved(p, index[place], -start)
        texts.append(p.element(operand, *(own if shape else [])))
        start = start + (shape[place] if shape else 1)
        stops.append(p.length(start))
    text = texts.pop()
    for other, stop in zip(reversed(texts), reversed(stops[:-1]), strict=True):
        text = p.branch(f"{index[place]} < {stop}", other, text)
    return text, ATOM


def _explicit_matrix(p: ElementPrinter, index: tuple[str, ...], *numbers: Expr) -> Printed:
    """The number at the index, which is looked for by row and column."""
    columns = int(numbers[-1])
    texts = [p.element(number) for number in numbers[:-1]]
    rows = [_chosen(p, index[1], texts[i : i + columns]) for i in range(0, len(texts), columns)]
    return _chosen(p, index[0], rows), ATOM


def _rows(p: ElementPrinter, index: tuple[str, ...], *operands: Expr) -> Printed:
    """The operand at the first index."""
    return _chosen(p, index[0], [p.element(operand, *index[1:]) for operand in operands]), ATOM


def _chosen(p: ElementPrinter, index: str, texts: Sequence[str]) -> str:
    text = texts[-1]
    for place in range(len(texts) - 2, -1, -1):
        text = p.branch(f"{index} < {place + 1}", texts[place], text)
    return text


def _moved(p: ElementPrinter, index: str, by: Size) -> str:
    """An index with a size added or taken away."""
    if by == 0:
        return index
    back = by.could_extract_minus_sign()
    return f"({index} {'-' if back else '+'} {p.length(-by if back else by)})"


def _bounds(shape: Shape, parts: Expr) -> list[tuple[Size, Size | None, int]]:
    """For each axis that is named the start of a part, its stop (None: an index) and its step."""
    found: list[tuple[Size, Size | None, int]] = []
    for size, part in zip(shape, parts.args, strict=False):
        if isinstance(part, Tuple):
            start, stop, *steps = part.args
            step = int(steps[0]) if steps else 1
            found.append((*span_of(size, start, stop, step), step))
        else:
            found.append((part + size if part < 0 else part, None, 1))
    return found


def _slice(p: ElementPrinter, index: tuple[str, ...], array: Expr, parts: Expr) -> Printed:
    left = list(index)
    shape = p.shape_of(array)
    found = []
    for start, stop, step in _bounds(shape, parts):
        found.append(p.length(start) if stop is None else _stepped(p, left.pop(0), start, step))
    return p.element(array, *found, *left), ATOM


def _stepped(p: ElementPrinter, index: str, start: Size, step: int) -> str:
    """The place that an index has along an axis."""
    if step == 1:
        return _moved(p, index, start)
    steps = index if abs(step) == 1 else f"{abs(step)} * {index}"
    if step < 0:
        return f"({p.length(start)} - {steps})"
    return steps if start == 0 else f"({p.length(start)} + {steps})"


def _is_met(p: ElementPrinter, i: str, start: Size, last: Size, step: int) -> tuple[list[str], str]:
    """Whether a place along an axis belongs to a part with a step, and its index there."""
    if step > 0:
        far = _moved(p, i, -start)
        inside = [f"({i} >= {p.length(start)})"] if start != 0 else []
        inside.append(f"({i} < {p.length(last)})")
    else:
        far = f"({p.length(start)} - {i})"
        inside = [f"({i} <= {p.length(start)})"]
        inside += [f"({i} > {p.length(last)})"] if last != -1 else []
    if abs(step) == 1:
        return inside, far
    return [*inside, f"({p.same(f'{far} % {abs(step)}', '0')})"], f"({far} / {abs(step)})"


def _scatter(p: ElementPrinter, index: tuple[str, ...], part: Expr, *rest: Expr) -> Printed:
    array, parts = rest
    shape = p.shape_of(array)
    inside, found = [], []
    for i, size, (start, stop, step) in zip(index, shape, _bounds(shape, parts), strict=False):
        if stop is None:
            inside.append(f"({p.same(i, p.length(start))})")
            continue
        if step != 1:
            met, place = _is_met(p, i, start, stop, step)
            inside += met
            found.append(place)
            continue
        inside += [f"({i} >= {p.length(start)})"] if start != 0 else []
        inside += [f"({i} < {p.length(stop)})"] if stop != size else []
        found.append(_moved(p, i, -start))
    text = p.element(part, *found, *index[len(parts.args) :])
    return (p.branch(" && ".join(inside), text, "0.0") if inside else text), ATOM


def _take(p: ElementPrinter, index: tuple[str, ...], array: Expr, at: Expr, *axis: Expr) -> Printed:
    if axis:
        k = int(*axis)
        row = p.as_index(p.element(at, *index))
        return p.element(array, *index[:k], row, *index[k + 1 :]), ATOM
    rank = len(p.shape_of(at))
    row = p.as_index(p.element(at, *index[:rank]))
    return p.element(array, row, *index[rank:]), ATOM


MOVED: dict[Any, Callable[..., Printed]] = {
    a.transpose: _transpose,
    a.permute: _permute,
    a.reshape: _reshape,
    a.reshape_like: lambda p, index, value, like: _reshape(p, index, value, *p.shape_of(like)),
    a.windows: _windows,
    a.tril: _triangle("<="),
    a.triu: _triangle(">="),
    a.outer: _outer,
    a.expand_dims: _expand_dims,
    a.broadcast_like: _broadcast_like,
    a.size: _size,
    a.one_hot: _one_hot,
    a.eye: _eye,
    a.eye_like: _eye,
    a.diag: _diag,
    a.diagonal: _diagonal,
    a.full: _full,
    a.concat: _concat,
    a.explicit_matrix: _explicit_matrix,
    a.rows: _rows,
    a.slice_: _slice,
    a.scatter: _scatter,
    a.take: _take,
}
"""Operations whose elements are those of an operand at another index."""

READ: dict[Any, int] = {
    **{head: 1 for head in (a.broadcast_like, a.reshape_like, a.one_hot, a.scatter)},
    a.segment_sum: 2,
    **{head: 0 for head in (a.size, a.eye_like)},
}
"""How many of the operands are read, where only the shapes of the others matter."""


def read_operands(expr: Expr) -> tuple[Expr, ...]:
    """The operands whose elements the code reads."""
    if isinstance(expr, a.full):
        return (expr.args[0],)
    operands: tuple[Expr, ...] = expr.operands
    return tuple(operands[: READ.get(expr.func, len(operands))])


__all__ = ["MOVED", "ElementPrinter", "read_operands", "unfolded"]
