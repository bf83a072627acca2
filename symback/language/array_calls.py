"""The calls of operations on arrays, by name: their arguments, options and what they build."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy import Expr, Integer, S

from symback.language import windows
from symback.language.operands import Make, Operands
from symback.language.rearranging import REARRANGING
from symback.operations import arrays
from symback.operations.construction import (
    along,
    keep_axes,
    permuted,
    reduce_along,
    reshaped,
    stacked_along,
    sum_of_products,
)
from symback.operations.named_products import named_products
from symback.operations.shapes import Shape, ShapeError, shown


def _plain(head: Any) -> Make:
    return lambda builder, args: head(*args)


def _reduced(head: Any, last: bool = False) -> Make:
    """A reduction of all elements, of the `last` axis only where no axis is named."""

    def make(builder: Operands, args: list[Any], axis: Any = None, keepdims: bool = False) -> Expr:
        array, axes = _array_and_axes(builder, args, axis)
        rank = len(builder.shape_of(array))
        over = axes or (rank - 1,) if last and rank else axes or tuple(range(rank))
        is_default = over == ((rank - 1,) if last else tuple(range(rank)))
        value = head(array) if is_default else head(array, *map(Integer, over))
        return keep_axes(value, rank, over) if keepdims else value

    return make


def _along(head: Any) -> Make:
    """An operation along the last axis, or those that are named, which keeps the shape."""

    def make(builder: Operands, args: list[Any], axis: Any = None) -> Expr:
        array, axes = _array_and_axes(builder, args, axis)
        is_default = axes in ((), (len(builder.shape_of(array)) - 1,))
        return head(array) if is_default else head(array, *map(Integer, axes))

    return make


def _array_and_axes(builder: Operands, args: list[Any], axis: Any) -> tuple[Expr, tuple[int, ...]]:
    """The operand, and the axes that are named, counted from the front and in order."""
    array, *more = args
    if more and axis is not None:
        raise ShapeError("the axis is given twice")
    named = more[0] if more else axis
    named = () if named is None else named if isinstance(named, tuple) else (named,)
    shape = builder.shape_of(array)
    for axis in named:
        if not axis.is_Integer or not -len(shape) <= axis < len(shape):
            raise ShapeError(f"{shown(shape)} has no axis {axis}")
    axes = sorted({int(axis) % len(shape) for axis in named})
    if len(axes) < len(named):
        raise ShapeError("an axis is named twice")
    return array, tuple(axes)


def _transposed(builder: Operands, args: list[Any], axes: Any = None) -> Expr:
    """transpose(x): the axes in reverse; transpose(x, (1, 0, 2)) in another order."""
    array, *order = args
    rank = len(builder.shape_of(array))
    if axes is not None and order:
        raise ShapeError("the axes are given twice")
    if axes is None:
        axes = order[0] if len(order) == 1 and isinstance(order[0], tuple) else tuple(order)
    if not axes:
        return permuted(array, tuple(reversed(range(rank))))
    return permuted(array, _counted_axes(builder, array, axes))


def _reshaped(builder: Operands, args: list[Any]) -> Expr:
    """reshape(x, 2, 3) or reshape(x, (2, 3)); one size may be -1, which is found."""
    array, *given = args
    sizes = list(given[0]) if len(given) == 1 and isinstance(given[0], tuple) else given
    return reshaped(array, builder.shape_of(array), sizes)


def _raveled(builder: Operands, args: list[Any]) -> Expr:
    return reshaped(args[0], builder.shape_of(args[0]), [S.NegativeOne])


def _vec(builder: Operands, args: list[Any]) -> Expr:
    """The columns of a matrix one below the other."""
    shape = builder.shape_of(args[0])
    if len(shape) != 2:
        raise ShapeError(f"vec takes a matrix, not {shown(shape)}; ravel takes any array")
    return reshaped(arrays.transpose(args[0]), shape[::-1], [S.NegativeOne])


def _stack(builder: Operands, args: list[Any], axis: Any = S.Zero) -> Expr:
    shapes = list(dict.fromkeys(builder.shape_of(arg) for arg in args))
    if len(shapes) > 1:
        raise ShapeError(
            f"stack takes arrays of one shape, not {shown(shapes[0])} and "
            f"{shown(shapes[1])}; concat joins others"
        )
    return stacked_along(args, len(shapes[0]), _one_axis(axis, len(shapes[0]) + 1, shapes[0]))


def _one_axis(axis: Any, count: int, shape: Shape) -> int:
    if isinstance(axis, tuple) or axis is None or not -count <= axis < count:
        raise ShapeError(f"{shown(shape)} has no place for an axis {axis}")
    return int(axis) % count


def _kron(builder: Operands, args: list[Any]) -> Expr:
    shapes = [builder.shape_of(arg) for arg in args]
    if len(shapes[0]) != len(shapes[1]) or len(shapes[0]) not in (1, 2):
        raise ShapeError(f"kron takes two matrices, not {shown(shapes[0])} and {shown(shapes[1])}")
    rank = len(shapes[0])
    first, second = tuple(range(0, 2 * rank, 2)), tuple(range(1, 2 * rank, 2))
    product = sum_of_products([(args[0], first), (args[1], second)], tuple(range(2 * rank)))
    return arrays.reshape(product, *(m * n for m, n in zip(*shapes, strict=True)))


def _prod(builder: Operands, args: list[Any], axis: Any = None, keepdims: bool = False) -> Expr:
    """The product of all elements, or along axes, one after the other."""
    array, axes = _array_and_axes(builder, args, axis)
    shape = builder.shape_of(array)
    if not shape:
        raise ShapeError("prod takes an array, not a number")
    over = axes or tuple(range(len(shape)))
    value = array
    if len(over) == len(shape) > 1:
        value = arrays.prod(reshaped(array, shape, [S.NegativeOne]))
    else:
        for axis in reversed(over):
            value = arrays.prod(value, *([Integer(axis)] if len(shape) > 1 else []))
    return keep_axes(value, len(shape), over) if keepdims else value


def _running(head: Any) -> Make:
    """Along one axis; along all elements, row by row, where none is named, as NumPy has it."""

    def make(builder: Operands, args: list[Any], axis: Any = None) -> Expr:
        array, axes = _array_and_axes(builder, args, axis)
        shape = builder.shape_of(array)
        if len(axes) > 1 or not shape:
            raise ShapeError(f"{head.__name__} takes an array, and one axis")
        if len(shape) == 1:
            return head(array)
        if not axes:
            return head(reshaped(array, shape, [S.NegativeOne]))
        return head(array, Integer(axes[0]))

    return make


def _spread(root: bool) -> Make:
    """The variance along axes, or its root: a norm, whose slope is 0 where all are equal."""

    def make(
        builder: Operands,
        args: list[Any],
        axis: Any = None,
        keepdims: bool = False,
        ddof: Any = S.Zero,
    ) -> Expr:
        array, axes = _array_and_axes(builder, args, axis)
        shape = builder.shape_of(array)
        if not shape:
            raise ShapeError("the spread of a number; var and std take arrays")
        over = axes or tuple(range(len(shape)))
        count = sp.Mul(*(shape[i] for i in over)) - ddof
        if count.is_number and not count.is_positive:
            raise ShapeError(f"ddof={ddof} leaves none of {shown(shape)}")
        centred = array - reduce_along(arrays.mean, array, shape, over)
        if root:
            value = along(arrays.norm, centred, len(shape), over) / sp.sqrt(count)
        elif ddof == 0:
            value = along(arrays.mean, sp.Pow(centred, 2), len(shape), over)
        else:
            value = along(arrays.reduce_sum, sp.Pow(centred, 2), len(shape), over) / count
        return keep_axes(value, len(shape), over) if keepdims else value

    return make


def _triangle(head: Any) -> Make:
    def make(builder: Operands, args: list[Any], k: Any = None) -> Expr:
        array, *more = args
        if more and k is not None:
            raise ShapeError("the diagonal is given twice")
        diagonal = more[0] if more else k
        if diagonal is not None and not getattr(diagonal, "is_Integer", False):
            raise ShapeError("a diagonal is a whole number")
        return head(array) if diagonal in (None, 0) else head(array, diagonal)

    return make


def _einsum(builder: Operands, args: list[Any]) -> Expr:
    """einsum("hqd,hkd->hqk", q, k), as NumPy has it without dots."""
    text, *operands = args
    if not isinstance(text, str) or any(isinstance(o, str | tuple) for o in operands):
        raise ShapeError('einsum takes subscripts and arrays, as in einsum("ij,jk->ik", A, B)')
    return named_products(text, operands, [builder.shape_of(o) for o in operands])


def _swapped(builder: Operands, args: list[Any]) -> Expr:
    array, *pair = args
    order = list(range(len(builder.shape_of(array))))
    i, j = _counted_axes(builder, array, tuple(pair))
    order[i], order[j] = j, i
    return permuted(array, tuple(order))


def _counted_axes(builder: Operands, array: Expr, axes: Any) -> tuple[int, ...]:
    shape = builder.shape_of(array)
    for axis in axes if isinstance(axes, tuple) else (axes,):
        if not getattr(axis, "is_Integer", False) or not -len(shape) <= axis < len(shape):
            raise ShapeError(f"{shown(shape)} has no axis {axis}")
    return tuple(int(axis) % len(shape) for axis in axes)


def _dot(builder: Operands, args: list[Expr]) -> Expr:
    if not builder.shape_of(args[0]) and not builder.shape_of(args[1]):
        raise ShapeError("dot takes arrays, and these are numbers; write *")
    return arrays.dot(*args)


def _diag(builder: Operands, args: list[Expr]) -> Expr:
    head = arrays.diag if len(builder.shape_of(args[0])) == 1 else arrays.diagonal
    return head(args[0])


def _cross_entropy(builder: Operands, args: list[Expr]) -> Expr:
    """-Σ t∘log_softmax(z); a target is known to add up to 1, or is the index of a class."""
    z, t = args
    is_target = t.is_Symbol and builder.is_target(t.name)
    if not builder.shape_of(t):
        if not is_target:
            raise ShapeError("cross_entropy: a number as second operand is a class, so a target")
        return arrays.sparse_cross_entropy(z, t)
    if builder.shape_of(z) != builder.shape_of(t) or is_target:
        return arrays.cross_entropy(z, t)
    terms = t * arrays.log_softmax(z)
    last = len(builder.shape_of(z)) - 1
    if not last:
        return -arrays.dot(t, arrays.log_softmax(z))
    return -arrays.reduce_sum(terms, Integer(last))


def _one_hot(builder: Operands, args: list[Expr]) -> Expr:
    """1 at an index, else 0: of a size, or as long as a vector."""
    index, like = args
    if builder.shape_of(like):
        return arrays.one_hot(index, like)
    return arrays.one_hot(index, arrays.full(S.Zero, *_sizes([like])))


def _take(builder: Operands, args: list[Expr]) -> Expr:
    """The rows at an index from data, as W[i] writes them."""
    array, index = args
    if not (index.is_Symbol and builder.is_leaf(index.name)):
        raise ShapeError("take(W, i) takes rows at whole numbers from data: i is a leaf, i: int")
    return arrays.take(array, index)


def _segment_sum(builder: Operands, args: list[Expr], num_segments: Any = None) -> Expr:
    """The sums of the values whose index, which data give, is 0, 1 and so on."""
    values, index, *counts = args
    counts += [] if num_segments is None else [num_segments]
    if len(counts) != 1:
        raise ShapeError("segment_sum takes one number of segments, as in segment_sum(v, i, n)")
    if not (index.is_Symbol and builder.is_leaf(index.name)):
        raise ShapeError(
            "segment_sum(v, i, n) adds up by whole numbers from data: i is a leaf, i: int[m]"
        )
    own, of_index = builder.shape_of(values), builder.shape_of(index)
    if own[: len(of_index)] != of_index:
        raise ShapeError(
            f"segment_sum takes a value for each index, and {shown(own)} does not begin with "
            f"{shown(of_index)}" + ("; write v*ones(…) for the same one" if not own else "")
        )
    return arrays.segment_sum(
        values, index, arrays.full(S.Zero, *_sizes(counts), *own[len(of_index) :])
    )


def _solve_triangular(builder: Operands, args: list[Expr], lower: bool = True) -> Expr:
    """The solution with the lower triangle of a matrix, or with the upper one."""
    matrix, right = args
    return arrays.solve((arrays.tril if lower else arrays.triu)(matrix), right)


def _mse(builder: Operands, args: list[Expr]) -> Expr:
    a, b = (builder.shape_of(arg) for arg in args)
    if a != b:
        raise ShapeError(f"mse takes two arrays of one shape, not {shown(a)} and {shown(b)}")
    square = sp.Pow(args[0] - args[1], 2)
    return arrays.mean(square) if a else square


def _layer_norm(builder: Operands, args: list[Expr]) -> Expr:
    gain, bias = (*args[1:], *(S.One, S.Zero)[len(args) - 1 :])
    return arrays.layer_norm(args[0]) * gain + bias


def _concat(builder: Operands, args: list[Expr], axis: Expr = S.Zero) -> Expr:
    rank = max(len(builder.shape_of(arg)) for arg in args)
    joined = arrays.concat(axis % rank if axis < 0 and rank else axis, *args)
    builder.shape_of(joined)
    return args[0] if len(args) == 1 and rank else joined


def _sizes(args: list[Any]) -> list[Expr]:
    for size in args:
        if isinstance(size, tuple) or (
            not (size.is_Symbol and size.is_integer) and not (size.is_Integer and size > 0)
        ):
            raise ShapeError("a size is a whole number or the name of a size")
    return args


def _constant(value: Expr) -> Make:
    def make(builder: Operands, args: list[Any]) -> Expr:
        sizes = list(args[0]) if isinstance(args[0], tuple) and len(args) == 1 else args
        return arrays.full(value, *_sizes(sizes))

    return make


_REDUCED = ("axis", "keepdims")

CALLS: dict[str, tuple[int, int | None, tuple[str, ...], Make]] = {
    "sum": (1, 2, _REDUCED, _reduced(arrays.reduce_sum)),
    "mean": (1, 2, _REDUCED, _reduced(arrays.mean)),
    "max": (1, 1, _REDUCED, _reduced(arrays.reduce_max)),
    "maximum": (1, 1, _REDUCED, _reduced(arrays.reduce_max)),
    "min": (1, 1, _REDUCED, _reduced(arrays.reduce_min)),
    "minimum": (1, 1, _REDUCED, _reduced(arrays.reduce_min)),
    "dot": (2, 2, (), _dot),
    "norm": (1, 2, _REDUCED, _reduced(arrays.norm)),
    "prod": (1, 2, _REDUCED, _prod),
    "cumsum": (1, 2, ("axis",), _running(arrays.cumsum)),
    "cumprod": (1, 2, ("axis",), _running(arrays.cumprod)),
    "var": (1, 2, (*_REDUCED, "ddof"), _spread(root=False)),
    "std": (1, 2, (*_REDUCED, "ddof"), _spread(root=True)),
    "transpose": (1, None, ("axes",), _transposed),
    "swapaxes": (3, 3, (), _swapped),
    "reshape": (2, None, (), _reshaped),
    "ravel": (1, 1, (), _raveled),
    "vec": (1, 1, (), _vec),
    "stack": (1, None, ("axis",), _stack),
    "kron": (2, 2, (), _kron),
    "tril": (1, 2, ("k",), _triangle(arrays.tril)),
    "triu": (1, 2, ("k",), _triangle(arrays.triu)),
    "einsum": (2, None, (), _einsum),
    "windows": (2, 3, (), windows.windows),
    "conv1d": (2, 2, ("stride", "padding"), windows.convolution(1)),
    "conv2d": (2, 2, ("stride", "padding"), windows.convolution(2)),
    "max_pool": (2, 2, ("stride",), windows.pool(arrays.reduce_max)),
    "avg_pool": (2, 2, ("stride",), windows.pool(arrays.mean)),
    "outer": (2, 2, (), _plain(arrays.outer)),
    "trace": (1, 1, (), _plain(arrays.trace)),
    "diag": (1, 1, (), _diag),
    "inv": (1, 1, (), _plain(arrays.inv)),
    "det": (1, 1, (), _plain(arrays.det)),
    "logdet": (1, 1, (), _plain(arrays.logdet)),
    "solve": (2, 2, (), _plain(arrays.solve)),
    "cholesky": (1, 1, (), _plain(arrays.cholesky)),
    "eigvalsh": (1, 1, (), _plain(arrays.eigvalsh)),
    "eigenvectors": (1, 1, (), _plain(arrays.eigenvectors)),
    "solve_triangular": (2, 2, ("lower",), _solve_triangular),
    "softmax": (1, 1, ("axis",), _along(arrays.softmax)),
    "log_softmax": (1, 1, ("axis",), _along(arrays.log_softmax)),
    "logsumexp": (1, 1, _REDUCED, _reduced(arrays.logsumexp, last=True)),
    "cross_entropy": (2, 2, (), _cross_entropy),
    "mse": (2, 2, (), _mse),
    "one_hot": (2, 2, (), _one_hot),
    "take": (2, 2, (), _take),
    "segment_sum": (2, 3, ("num_segments",), _segment_sum),
    "layer_norm": (1, 3, (), _layer_norm),
    "concat": (1, None, ("axis",), _concat),
    "eye": (1, 1, (), lambda builder, args: arrays.eye(*_sizes(args))),
    "zeros": (1, None, (), _constant(S.Zero)),
    "ones": (1, None, (), _constant(S.One)),
    **REARRANGING,
}
"""Operations on arrays by the name that circuit text gives them."""

TUPLES = {
    **dict.fromkeys(("sum", "mean", "norm", "prod", "var", "std"), 1),
    **dict.fromkeys(("transpose", "reshape", "windows", "max_pool", "avg_pool"), 1),
    **dict.fromkeys(("zeros", "ones"), 0),
    **dict.fromkeys(("flip", "squeeze", "tile"), 1),
}
"""The calls that take several numbers in brackets or a list, and from which argument on."""

LISTS_OF_NUMBERS = {"pad": 1, "tensordot": 2}
"""The calls that take brackets or lists of whole numbers, inside each other too, from there on."""

OF_LISTS = frozenset({"concat", "stack", "hstack", "vstack"})
"""The calls whose operands may stand in a list or in brackets, as NumPy has them."""

OPTIONS_ELSEWHERE = {"dim": "axis", "keepdim": "keepdims"}
"""PyTorch's names of options."""

_FREE = {
    *(
        "take",
        "take_along_axis",
        "segment_sum",
        "one_hot",
        "transpose",
        "swapaxes",
        "reshape",
        "ravel",
        "vec",
        "stack",
        "kron",
    ),
    *("tril", "triu", "einsum", "prod", "cumsum", "cumprod", "var", "std"),
    *("windows", "conv1d", "conv2d", "max_pool", "avg_pool"),
    *REARRANGING,
}

NO_NAMES = CALLS.keys() - _FREE
"""Those whose name no node has among arrays; the other names are also good for data."""

__all__ = ["CALLS", "LISTS_OF_NUMBERS", "NO_NAMES", "OF_LISTS", "OPTIONS_ELSEWHERE", "TUPLES"]
