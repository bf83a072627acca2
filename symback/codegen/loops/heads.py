"""One function for each operation that mixes elements: the loops that compute it.

It is computed into memory by a function of `HEADS`, or into a number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp
from sympy import Expr, Integer, Symbol, Tuple

from symback.codegen.loops.elements import unfolded
from symback.codegen.loops.factors import DIVIDING, cholesky
from symback.codegen.loops.loops import FACTOR, INDICES, INNER, INNERS, SCALE, SCALED, TOTAL, Loops
from symback.codegen.loops.spectra import DECOMPOSED, inverse_gaps
from symback.codegen.loops.tree import Declare, For, Scope, Statement, Storage, Store, Tree
from symback.operations import arrays as a
from symback.operations.arrays import ArrayFunction
from symback.operations.shapes import Shape
from symback.printing.printer import MUL


def _product(w: Loops, to: Symbol, sign: str, m: Expr, n: Expr) -> Tree:
    """A matrix times a matrix or vector: by dot products where both run along memory."""
    p = w.printer
    shape, length = w.shape(to), w.shape(m)[1]
    index = INDICES[: len(shape)]
    right = (INNER, *index[1:])
    along_rows = len(shape) == 1 or isinstance(n, a.transpose)
    target = p.element(to, *index)
    factor = p.element(m, "i", INNER, level=MUL)
    other = p.element(n, *right, level=MUL)
    if along_rows and not isinstance(m, a.transpose):
        if sign == "=":
            return _dots(w, to, m, n)
        total = w.summed(TOTAL, (length,), f"{factor} * {other}", (INNER,))
        return w.over(shape, [*total, Store(target, TOTAL, sign)], simd=False)
    start = w.zero(to, shape) if sign == "=" else []
    if len(shape) == 1:  # the columns of a transposed matrix are rows in memory
        step = Declare(Storage.NUMBER, FACTOR, other)
        added = Store(target, f"{factor} * {FACTOR}", "+=")
        return [*start, w.loop(INNER, length, [step, w.loop("i", shape[0], [added], simd=True)])]
    step = Declare(Storage.NUMBER, FACTOR, factor)
    added = Store(target, f"{FACTOR} * {other}", "+=")
    inner = w.loop(INNER, length, [step, w.loop("j", shape[1], [added], simd=True)])
    return [*start, w.loop("i", shape[0], [inner])]


def _dots(w: Loops, to: Symbol, m: Expr, n: Expr) -> Tree:
    """The same by the kernel that takes four rows at a time: a row of the result, or all of it."""
    p, shape = w.printer, w.shape(to)
    length = p.length(w.shape(m)[1])
    if len(shape) == 1:
        return [
            p.of_memory("dots", p.read(m), p.read(n), p.written(to), p.length(shape[0]), length)
        ]
    columns = p.length(shape[1])
    rows = p.read(m, f"i * {length}"), p.written(to, f"i * {columns}")
    call = p.of_memory("dots", p.read(n.args[0]), *rows, columns, length)
    return [w.loop("i", shape[0], [call])]


def _einsum(w: Loops, to: Symbol, sign: str, x: Expr, y: Expr, subscripts: Tuple) -> Tree:
    """A sum over named axes: neighbours in memory side by side where the last axis is kept."""
    p, (first, second, result) = w.printer, subscripts
    sizes = dict(zip((*first, *second), (*w.shape(x), *w.shape(y)), strict=True))
    summed = [letter for letter in sizes if letter not in result]
    names = dict(zip(result, INDICES, strict=False))
    names |= dict(zip(summed, INNERS, strict=False))
    left, right = (
        p.element(o, *(names[letter] for letter in of), level=MUL)
        for o, of in ((x, first), (y, second))
    )
    text = f"{left} * {right}"
    if not result:
        shape = tuple(sizes[letter] for letter in summed)
        return w.summed(p.print(to), shape, text, [names[letter] for letter in summed])
    target = p.element(to, *(names[letter] for letter in result))
    start = w.zero(to, w.shape(to)) if sign == "=" and summed else []
    tree: Tree = [Store(target, text, "+=" if summed else sign)]
    order = [*result[:-1], *summed, result[-1]]
    for letter in reversed(order):
        tree = [w.loop(names[letter], sizes[letter], tree, simd=letter == order[-1])]
    return [*start, *tree]


def _fold(
    w: Loops, to: Symbol, sign: str, value: Expr, array: Expr, sizes: Tuple, steps: Tuple
) -> Tree:
    p, shape = w.printer, w.shape(value)
    index = INDICES[: len(shape)]
    target = p.element(to, *unfolded(index, steps))
    start = w.zero(to, w.shape(to)) if sign == "=" else []
    added = Store(target, p.element(value, *index, level=0), "+=")
    return [*start, *w.over(shape, [added], simd=False)]


def _segment_sum(
    w: Loops, to: Symbol, sign: str, value: Expr, at: Expr, array: Expr, *axis: Expr
) -> Tree:
    """Each part of the value is added to the row, or the place along an axis, of its index."""
    p, rank = w.printer, len(w.shape(at))
    shape = w.shape(at) if axis else (*w.shape(at), *w.shape(array)[1:])
    index = INDICES[: len(shape)]
    row = p.as_index(p.element(at, *index[:rank]))
    kept = int(*axis) if axis else 0
    place = (*index[:kept], row, *index[kept + 1 if axis else rank :])
    target = p.element(to, *place)
    start = w.zero(to, w.shape(to)) if sign == "=" else []
    added = Store(target, p.element(value, *index, level=0), "+=")
    # not a plain line: samples side by side may add to one row
    return [*start, *(w.over(shape, [added], simd=False) if shape else [Scope((added,))])]


def _dot(w: Loops, to: Symbol, sign: str, u: Expr, v: Expr) -> Tree:
    p, shape = w.printer, w.shape(u)
    index = INDICES[: len(shape)]
    text = f"{p.element(u, *index, level=MUL)} * {p.element(v, *index, level=MUL)}"
    return w.summed(p.print(to), shape, text)


def _total(w: Loops, to: Symbol, sign: str, array: Expr, *axes: Expr) -> Tree:
    p, shape = w.printer, w.shape(array)
    index = INDICES[: len(shape)]
    text = p.element(array, *index, level=0)
    kept, over = _kept_and_over(shape, axes)
    if not kept:
        return w.summed(p.print(to), shape, text)
    target = p.element(to, *(index[i] for i in kept))
    if kept[-1] == len(shape) - 1:  # neighbours in memory are added up side by side
        start = w.zero(to, w.shape(to)) if sign == "=" else []
        return [*start, *w.over(shape, [Store(target, text, "+=")])]
    total = w.summed(TOTAL, tuple(shape[i] for i in over), text, [index[i] for i in over])
    return w.along(kept, shape, [*total, Store(target, TOTAL, sign)])


def _running(
    first: str, body: Callable[[str, list[str]], Tree], back: bool = False
) -> Callable[..., Tree]:
    """What goes along one axis with a number that changes: the elements there, and the total."""

    def write(w: Loops, to: Symbol, sign: str, *args: Expr) -> Tree:
        arrays = [o for o in args if not o.is_Integer]
        shape = w.shape(arrays[0])
        axis = int(args[-1]) if len(args) > len(arrays) else len(shape) - 1
        step = _step(w, to, arrays, axis, body, back)
        total = Declare(Storage.VARIABLE, TOTAL, first)
        kept = [i for i in range(len(shape)) if i != axis]
        return w.along(kept, shape, [total, step]) if kept else [Scope((total, step))]

    return write


def _step(
    w: Loops,
    to: Symbol,
    arrays: Sequence[Expr],
    axis: int,
    body: Callable[[str, list[str]], Tree],
    back: bool,
) -> For:
    """The loop along an axis, from its end where it goes back."""
    p, shape = w.printer, w.shape(arrays[0])
    index = list(INDICES[: len(shape)])
    if back:
        index[axis] = f"({p.length(shape[axis])} - 1 - {index[axis]})"
    target = p.element(to, *index)
    texts = [p.element(o, *index, level=MUL) for o in arrays]
    return w.loop(INDICES[axis], shape[axis], body(target, texts))


def _of_others(w: Loops, to: Symbol, sign: str, x: Expr, axis: Expr | None = None) -> Tree:
    """The products before each element, times those behind, from the end."""
    shape = w.shape(x)
    place = len(shape) - 1 if axis is None else int(axis)

    def half(to_sign: str) -> Callable[[str, list[str]], Tree]:
        return lambda target, of: [Store(target, TOTAL, to_sign), Store(TOTAL, of[0], "*=")]

    halves = [
        _step(w, to, [x], place, half("="), back=False),
        _step(w, to, [x], place, half("*="), back=True),
    ]
    body = (Declare(Storage.VARIABLE, TOTAL, "1.0"), halves[0], Store(TOTAL, "1.0"), halves[1])
    kept = [i for i in range(len(shape)) if i != place]
    return w.along(kept, shape, body) if kept else [Scope(body)]


def _prod(w: Loops, to: Symbol, sign: str, array: Expr, axis: Expr | None = None) -> Tree:
    p, shape = w.printer, w.shape(array)
    place = len(shape) - 1 if axis is None else int(axis)
    index, name = INDICES[: len(shape)], TOTAL if w.shape(to) else p.print(to)
    step = w.loop(index[place], shape[place], [Store(name, p.element(array, *index), "*=")])
    tree: Tree = [Declare(Storage.VARIABLE, name, "1.0"), step]
    kept = [i for i in range(len(shape)) if i != place]
    if not kept:
        return tree
    return w.along(kept, shape, [*tree, Store(p.element(to, *(index[i] for i in kept)), name)])


def _kept_and_over(shape: Shape, axes: Sequence[Expr]) -> tuple[list[int], list[int]]:
    """The axes that a reduction leaves, and those that it goes over."""
    over = [int(axis) for axis in axes] or list(range(len(shape)))
    return [i for i in range(len(shape)) if i not in over], over


def _mean(w: Loops, to: Symbol, sign: str, array: Expr, *axes: Expr) -> Tree:
    p, shape = w.printer, w.shape(to)
    share = Store(p.element(to, *INDICES[: len(shape)]), p.count(w.shape(array), axes), "/=")
    return [*_total(w, to, sign, array, *axes), *w.over(shape, [share])]


def _norm(w: Loops, to: Symbol, sign: str, array: Expr, *axes: Expr) -> Tree:
    """The root of a sum of squares: in a second turn of scaled ones, where some left the range."""
    p, shape = w.printer, w.shape(array)
    index = INDICES[: len(shape)]
    kept, over = _kept_and_over(shape, axes)
    element = p.element(array, *index, level=MUL)

    scaled = p.differs(SCALE, "1.0")

    def squares(name: str, value: str, condition: str = "") -> Tree:
        square = Store(name, f"{FACTOR} * {FACTOR}", "+=")
        tree: Tree = [Declare(Storage.NUMBER, FACTOR, value), square]
        for i in reversed(over):
            stop, innermost = p.length(shape[i]), i == over[-1]
            stop = p.branch(condition, stop, "0") if condition and i == over[0] else stop
            sums = (name,) if innermost else ()
            tree = [For(index[i], "0", stop, tuple(tree), simd=innermost, sums=sums)]
        return [Declare(Storage.VARIABLE, name, "0.0"), *tree]

    target = p.element(to, *(index[i] for i in kept))
    body = (
        *squares(TOTAL, element),
        Declare(Storage.NUMBER, SCALE, p.kernel("scale_of_squares", TOTAL)),
        *squares(SCALED, f"{element} * {SCALE}", scaled),
        Store(target, p.choice(scaled, f"{p.root_of(SCALED)} / {SCALE}", p.root_of(TOTAL))),
    )
    if kept:
        return w.along(kept, shape, body)
    return [Declare(Storage.VARIABLE, target), Scope(body)]


def _trace(w: Loops, to: Symbol, sign: str, m: Expr) -> Tree:
    p = w.printer
    return w.summed(p.print(to), w.shape(m)[:1], p.element(m, "i", "i", level=0))


def _normalized(w: Loops, to: Symbol, sign: str, array: Expr, norm: Expr, *axes: Expr) -> Tree:
    p, shape = w.printer, w.shape(array)
    index = INDICES[: len(shape)]
    kept, _ = _kept_and_over(shape, axes)
    length = p.element(norm, *(index[i] for i in kept), level=MUL)
    quotient = f"{p.element(array, *index, level=MUL)} / {length}"
    value = p.choice(p.same(length, "0.0"), "0.0", quotient)
    return w.over(shape, [Store(p.element(to, *index), value)])


def _extreme(head: Any) -> Callable[..., Tree]:
    def write(w: Loops, to: Symbol, sign: str, array: Expr, *axes: Expr) -> Tree:
        p, shape = w.printer, w.shape(array)
        index = INDICES[: len(shape)]
        kept, over = _kept_and_over(shape, axes)
        target = p.element(to, *(index[i] for i in kept))
        first = p.element(array, *(index[i] if i in kept else "0" for i in range(len(shape))))
        larger = p.call(p.functions[head], [target, p.element(array, *index, level=0)])
        step = Store(target, larger)
        if not kept:
            return [Declare(Storage.VARIABLE, target, first), *w.over(shape, [step], simd=False)]
        return w.along(kept, shape, [Store(target, first), *w.along(over, shape, [step])])

    return write


def _argmax_mask(w: Loops, to: Symbol, sign: str, array: Expr, extreme: Expr, *axes: Expr) -> Tree:
    """1 over the number of elements that are the extreme, where an element is it; NaN for NaN."""
    p, shape = w.printer, w.shape(array)
    index = INDICES[: len(shape)]
    kept, over = _kept_and_over(shape, axes)
    value = p.element(extreme, *(index[i] for i in kept), level=MUL)
    element = p.element(array, *index, level=MUL)
    same = p.same(element, value)
    count: Statement = Store(TOTAL, p.choice(same, "1.0", "0.0"), "+=")
    other = p.choice(p.same(element, element), "0.0", element)
    share: Statement = Store(p.element(to, *index), p.choice(same, f"1.0 / {TOTAL}", other))
    counts, shares = (w.along(over, shape, [node]) for node in (count, share))
    body = (Declare(Storage.VARIABLE, TOTAL, "0.0"), *counts, *shares)
    return w.along(kept, shape, body) if kept else [Scope(body)]


def _rows(kernel: str) -> Callable[..., Tree]:
    """A kernel that gives a row for each row."""

    def write(w: Loops, to: Symbol, sign: str, z: Expr, *axes: Expr) -> Tree:
        count = len(axes) or 1
        length = _length(w, z, count)
        p = w.printer

        def call(offset: str) -> Statement:
            return p.of_memory(kernel, p.read(z, offset), p.written(to, offset), length)

        return _by_row(w, z, call, count)

    return write


def _of_rows(kernel: str) -> Callable[..., Tree]:
    """A kernel that gives a number for each row; of a second operand it reads the same row."""

    def write(w: Loops, to: Symbol, sign: str, z: Expr, *others: Expr) -> Tree:
        operands = [z, *(o for o in others if not o.is_Integer)]
        count, p = len(others) - len(operands) + 1 or 1, w.printer

        def call(offset: str) -> Statement:
            texts = [p.read(o, offset) if w.shape(o) else p.element(o) for o in operands]
            value = p.kernel(kernel, *texts, _length(w, z, count))
            if w.shape(to):
                return Store(f"{p.memory(to)}[i]", value)
            return Declare(Storage.NUMBER, p.print(to), value)

        return _by_row(w, z, call, count)

    return write


def _length(w: Loops, z: Expr, count: int = 1) -> str:
    """The length of a row, which goes over the last axes."""
    return " * ".join(w.printer.length(size) for size in w.shape(z)[-count:])


def _by_row(w: Loops, z: Expr, call: Callable[[str], Statement], count: int = 1) -> Tree:
    """A call for each row, by where it begins: `count` axes at the end are one row in memory."""
    lead = w.shape(z)[:-count]
    if not lead:
        return [call("")]
    rows = " * ".join(w.printer.length(size) for size in lead)
    return [For("i", "0", rows, (call(f"i * {_length(w, z, count)}"),))]


BY_ROW = (a.softmax, a.log_softmax, a.logsumexp)
"""Operations by kernels for rows that may go along any axes."""


def with_rows_last(expr: ArrayFunction, rank: int) -> Expr:
    """The same with the axes of a row behind the others, as the kernels of rows have them."""
    axes = [int(axis) for axis in expr.options]
    order = [*(i for i in range(rank) if i not in axes), *axes]
    if not axes or order == list(range(rank)):
        return expr
    moved = a.permute(expr.args[0], *map(Integer, order))
    rows = expr.func(moved, *(Integer(i) for i in range(rank - len(axes), rank)))
    if isinstance(expr, a.logsumexp):
        return rows
    return a.permute(rows, *(Integer(order.index(i)) for i in range(rank)))


HEADS: dict[Any, Callable[..., Tree]] = {
    a.matmul: _product,
    a.matvec: _product,
    a.einsum: _einsum,
    a.fold: _fold,
    a.segment_sum: _segment_sum,
    a.dot: _dot,
    a.reduce_sum: _total,
    a.mean: _mean,
    a.norm: _norm,
    a.trace: _trace,
    a.normalized: _normalized,
    a.prod: _prod,
    a.products_of_others: _of_others,
    a.cumsum: _running("0.0", lambda to, x: [Store(TOTAL, x[0], "+="), Store(to, TOTAL)]),
    a.cumprod: _running("1.0", lambda to, x: [Store(TOTAL, x[0], "*="), Store(to, TOTAL)]),
    a.products_before: _running("1.0", lambda to, x: [Store(to, TOTAL), Store(TOTAL, x[0], "*=")]),
    a.scan_back: _running(
        "0.0",
        lambda to, ab: [
            Store(TOTAL, ab[1], "+="),
            Store(to, TOTAL),
            Store(TOTAL, ab[0], "*="),
        ],
        back=True,
    ),
    a.reduce_max: _extreme(sp.Max),
    a.reduce_min: _extreme(sp.Min),
    a.argmax_mask: _argmax_mask,
    a.softmax: _rows("softmax"),
    a.log_softmax: _rows("log_softmax"),
    a.layer_norm: _rows("layer_norm"),
    a.logsumexp: _of_rows("logsumexp"),
    a.rsqrt_variance: _of_rows("rsqrt_variance"),
    a.cross_entropy: _of_rows("cross_entropy"),
    a.sparse_cross_entropy: _of_rows("sparse_cross_entropy"),
    a.cholesky: cholesky,
    a.inverse_gaps: inverse_gaps,
    **DIVIDING,
    **DECOMPOSED,
}
"""Operations that mix elements: what computes one into memory, or into a new number."""

ADDING = (a.matmul, a.matvec, a.einsum, a.fold, a.segment_sum, a.reduce_sum)
"""Those that can add to what is in memory, where they give an array."""

INLINE = (
    a.dot,
    a.reduce_sum,
    a.mean,
    a.norm,
    a.trace,
    a.normalized,
    a.reduce_max,
    a.reduce_min,
    a.argmax_mask,
)
"""Those that read each element once, so that an elementwise formula needs no memory."""

IN_MEMORY = (a.reshape, a.reshape_like)
"""Those that read their operand as it lies in memory."""

MOVING = (a.matmul, a.matvec)
"""Those that read operands at any index, so that a transpose needs no memory."""


__all__ = ["ADDING", "BY_ROW", "HEADS", "INLINE", "IN_MEMORY", "MOVING", "with_rows_last"]
