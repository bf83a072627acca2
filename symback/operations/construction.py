"""Formulas of arrays made from formulas: products for any ranks, and what broadcasting needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sympy import Expr, Integer, Mul, S

from symback.operations.arrays import (
    concat,
    dot,
    einsum,
    expand_dims,
    explicit_matrix,
    matmul,
    matvec,
    outer,
    permute,
    reduce_sum,
    reshape,
    rows,
    transpose,
)
from symback.operations.shapes import Shape, ShapeError, is_size, shown
from symback.operations.subscripts import subscripts

NO_FORMULAS: Mapping[str, Expr] = {}


def matrix_product(a: Expr, b: Expr, ranks: tuple[int, int]) -> Expr:
    """a @ b for the ranks of a and b, as NumPy has it; a chain with a vector is done from it."""
    if ranks == (1, 1):
        return dot(a, b)
    if ranks == (1, 2):
        return matrix_product(transpose(b), a, (2, 1))
    if ranks == (2, 1):
        if isinstance(a, matmul):  # (A·B)·x costs a product of matrices more than A·(B·x)
            return matrix_product(a.args[0], matrix_product(a.args[1], b, (2, 1)), (2, 1))
        if isinstance(a, transpose) and isinstance(a.args[0], matmul):
            left, right = a.args[0].args
            return matrix_product(
                transpose(right), matrix_product(transpose(left), b, (2, 1)), (2, 1)
            )
        return matvec(a, b)
    return matmul(a, b)


def transposed(expr: Expr) -> Expr:
    """Aᵀ without a transpose of a product: (A·B)ᵀ is Bᵀ·Aᵀ, (u·vᵀ)ᵀ is v·uᵀ."""
    number, rest = expr.as_coeff_Mul()
    if isinstance(rest, matmul):
        return number * matmul(transposed(rest.args[1]), transposed(rest.args[0]))
    if isinstance(rest, outer):
        return number * outer(rest.args[1], rest.args[0])
    return transpose(expr)


def permuted(array: Expr, axes: tuple[int, ...]) -> Expr:
    """The axes in another order: a transpose where there are two."""
    if axes == (1, 0):
        return transpose(array)
    return permute(array, *map(Integer, axes)) if len(axes) > 1 else array


def stacked(entries: Sequence[Expr], rank: int, shape_of: Callable[[Expr], Shape]) -> Expr:
    """Numbers as a vector; lists of numbers, or other arrays, as the parts of a new first axis."""
    if rank == 0:
        return concat(S.Zero, *entries)
    lists = [entry for entry in entries if isinstance(entry, concat)]
    numbers = [number for entry in lists for number in entry.operands]
    if len(lists) == len(entries) and not any(map(shape_of, numbers)):
        return explicit_matrix(*numbers, Integer(len(numbers) // len(lists)))
    return rows(*entries) if len(entries) > 1 else with_axis(entries[0], rank, 0)


def stacked_along(arrays: Sequence[Expr], rank: int, axis: int) -> Expr:
    """Arrays of one rank as the parts of one along a new axis."""
    if rank == 0:
        return concat(S.Zero, *arrays)
    if not axis and len(arrays) > 1:
        return rows(*arrays)
    parts = [with_axis(array, rank, axis) for array in arrays]
    return parts[0] if len(parts) == 1 else concat(Integer(axis), *parts)


def reshaped(array: Expr, shape: Shape, sizes: Sequence[Expr]) -> Expr:
    """An array in another shape, one size of which may be -1: as many as are left."""
    count = Mul(*shape)
    known = [size for size in sizes if size != -1]
    if any(_is_no_size(size) for size in known) or len(known) < len(sizes) - 1:
        raise ShapeError("reshape takes sizes, one of which may be -1")
    left = (count / Mul(*known)).cancel()
    if len(known) < len(sizes) and _is_no_size(left):
        raise ShapeError(f"reshape: {shown(shape)} has no rows of {' × '.join(map(str, known))}")
    wanted = tuple(left if size == -1 else size for size in sizes)
    return array if wanted == shape else reshape(array, *wanted)


def _is_no_size(size: Expr) -> bool:
    """Whether it is neither a whole number from 1 nor made of names of sizes."""
    if size.is_Integer:
        return bool(size < 1)
    is_whole = all(is_size(s) for s in size.free_symbols) and size.is_integer
    return not (size.free_symbols and is_whole and size.as_numer_denom()[1] == 1)


def sum_of_products(
    operands: Sequence[tuple[Expr, tuple[int, ...]]], result: tuple[int, ...]
) -> Expr:
    """Σ of the products of arrays whose axes have names, over those that the result has not.

    What only one array has is summed first, and the products are taken from left to right.
    """
    left = [_summed_alone(i, operands, result) for i in range(len(operands))]
    while len(left) > 1:
        (a, of_a), (b, of_b), *rest = left
        needed = {*result, *(letter for _, letters in rest for letter in letters)}
        kept = tuple(i for i in dict.fromkeys((*of_a, *of_b)) if i in needed)
        kept = result if not rest and set(kept) == set(result) else kept
        left = [(_of_two(a, of_a, b, of_b, kept), kept), *rest]
    ((expr, letters),) = left
    return permuted(expr, tuple(letters.index(i) for i in result))


def _summed_alone(
    place: int, operands: Sequence[tuple[Expr, tuple[int, ...]]], result: tuple[int, ...]
) -> tuple[Expr, tuple[int, ...]]:
    expr, letters = operands[place]
    others = {*result, *(i for at, o in enumerate(operands) if at != place for i in o[1])}
    over = [axis for axis, letter in enumerate(letters) if letter not in others]
    if over:
        expr = along(reduce_sum, expr, len(letters), over)
    return expr, tuple(i for i in letters if i in others)


def _of_two(
    a: Expr, of_a: tuple[int, ...], b: Expr, of_b: tuple[int, ...], result: tuple[int, ...]
) -> Expr:
    """The product of two: of numbers, elements, vectors and matrices as these have it."""
    inner = [i for i in of_a if i in of_b and i not in result]
    if not of_a or not of_b or set(of_a) == set(of_b) == set(result):
        order = of_a or of_b
        b = permuted(b, tuple(of_b.index(i) for i in of_a)) if of_a and of_b else b
        return permuted(a * b, tuple(order.index(i) for i in result))
    if set(of_a) == set(of_b) and not result:
        return dot(a, permuted(b, tuple(of_b.index(i) for i in of_a)))
    of_rows, columns = ([i for i in of if i not in inner] for of in (of_a, of_b))
    few = len(of_a) < 3 > len(of_b) if inner else len(of_a) == len(of_b) == 1
    if few and len(inner) < 2 and not set(of_rows) & set(columns):
        return _of_matrices(a, of_a, b, of_b, inner, [*of_rows, *columns], result)
    return einsum(a, b, subscripts(of_a, of_b, result))


def _of_matrices(
    a: Expr,
    of_a: tuple[int, ...],
    b: Expr,
    of_b: tuple[int, ...],
    inner: list[int],
    found: list[int],
    result: tuple[int, ...],
) -> Expr:
    if inner and len(of_a) == 2 and of_a[1] != inner[0]:
        a = transpose(a)
    if inner and len(of_b) == 2 and of_b[0] != inner[0]:
        b = transpose(b)
    product = matrix_product(a, b, (len(of_a), len(of_b))) if inner else outer(a, b)
    return product if tuple(found) == result else transposed(product)


def expand_reduced(value: Expr, shape: Shape, axes: Sequence[int]) -> Expr:
    """What was reduced along axes, ready to be broadcast along these again.

    What lacks all axes, or the first ones only, is broadcast as it is.
    """
    lead = 0
    while lead in axes:
        lead += 1
    rank = len(shape) - len(axes)
    for count, axis in enumerate(sorted(i for i in axes if i > lead)):
        value = with_axis(value, rank + count, axis - lead)
    return value


def keep_axes(value: Expr, rank: int, axes: Sequence[int]) -> Expr:
    """What an array of that rank was reduced to, with axes of one element where these were."""
    for count, axis in enumerate(sorted(axes)):
        value = with_axis(value, rank - len(axes) + count, axis)
    return value


def along(head: Any, expr: Expr, rank: int, axes: Sequence[int]) -> Expr:
    """A reduction along axes: those that are named only where others are left."""
    return head(expr) if len(axes) == rank else head(expr, *map(Integer, sorted(axes)))


def reduce_along(head: Any, expr: Expr, shape: Shape, axes: Sequence[int]) -> Expr:
    """A reduction along axes, ready to be broadcast along them."""
    return expand_reduced(along(head, expr, len(shape), axes), shape, axes)


def reduce_last_axis(head: Any, expr: Expr, shape: Shape) -> Expr:
    """A reduction along the last axis, ready to be broadcast along it."""
    return reduce_along(head, expr, shape, [len(shape) - 1])


def unbroadcast(expr: Expr, shape: Shape, to: Shape) -> Expr:
    """The sum over the axes along which something of shape `to` was broadcast to `shape`."""
    if shape == to:
        return expr
    if not to:
        return reduce_sum(expr)
    lead = len(shape) - len(to)
    for _ in range(lead):
        expr = reduce_sum(expr, S.Zero)
    stretched = [i for i, size in enumerate(to) if size == 1 != shape[lead + i]]
    if len(stretched) == len(to):
        expr = reduce_sum(expr)
        for rank in range(len(to)):
            expr = with_axis(expr, rank, rank)
        return expr
    for axis in stretched:
        expr = with_axis(reduce_sum(expr, Integer(axis)), len(to) - 1, axis)
    return expr


def index_leaf(index: Expr, formulas: Mapping[str, Expr] = NO_FORMULAS) -> Expr:
    """The whole numbers of an index that only has other axes than they, by formulas of names."""
    while True:
        if isinstance(index, expand_dims | reshape | permute | transpose):
            index = index.args[0]
        elif index.is_Symbol and index.name in formulas:
            index = formulas[index.name]
        else:
            return index


def with_axis(expr: Expr, rank: int, axis: int) -> Expr:
    """An array of that rank with one axis of one element more."""
    if rank == 0:
        return concat(S.Zero, expr)
    if axis == rank:
        return expand_dims(expr)
    return transpose(expand_dims(expr)) if rank == 1 else expand_dims(expr, Integer(axis))


__all__ = [
    "along",
    "expand_reduced",
    "index_leaf",
    "keep_axes",
    "matrix_product",
    "permuted",
    "reduce_along",
    "reduce_last_axis",
    "reshaped",
    "stacked",
    "stacked_along",
    "sum_of_products",
    "transposed",
    "unbroadcast",
    "with_axis",
]
