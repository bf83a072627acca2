"""Vector-Jacobian products of the array operations: one table.

For v = op(a, b, …) a rule takes the adjoint g of v and gives the contribution to the adjoint of
each operand: the sum over all elements of v of g times the partial. The forms are those of Giles
2008, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation". None stands for an operand that has no derivative, such as a target.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp
from sympy import Expr, Integer, S

from symback.operations.arrays import (
    ArrayFunction,
    argmax_mask,
    cholesky,
    concat,
    cross_entropy,
    cumprod,
    cumsum,
    det,
    diag,
    diagonal,
    dot,
    eigenvectors,
    eigvalsh,
    einsum,
    expand_dims,
    explicit_matrix,
    eye_like,
    fold,
    inv,
    inverse_gaps,
    layer_norm,
    log_softmax,
    logdet,
    logsumexp,
    matmul,
    matvec,
    mean,
    norm,
    normalized,
    one_hot,
    outer,
    permute,
    prod,
    products_before,
    products_of_others,
    reduce_max,
    reduce_min,
    reduce_sum,
    reshape,
    reshape_like,
    rows,
    rsqrt_variance,
    scan_back,
    scatter,
    segment_sum,
    shape_of,
    size,
    slice_,
    softmax,
    solve,
    sparse_cross_entropy,
    take,
    trace,
    transpose,
    tril,
    triu,
    windows,
)
from symback.operations.construction import expand_reduced, reduce_along
from symback.operations.shapes import Shape

Contributions = tuple[Expr | None, ...]
WHOLE_AXIS = sp.Tuple(S.Zero, S.Infinity)
IN_REVERSE = sp.Tuple(S.Infinity, S.NegativeInfinity, S.NegativeOne)


@dataclass(frozen=True, slots=True)
class At:
    """Where a rule is applied: the operation with its operands, its value, and all shapes."""

    op: ArrayFunction
    value: Expr
    shapes: Mapping[str, Shape]
    weightless: bool = False  # whether what has no weight may move infinitely fast

    def shape(self, expr: Expr) -> Shape:
        return shape_of(expr, self.shapes)

    @property
    def rank(self) -> int:
        return len(self.shape(self.op.operands[0]))

    @property
    def axes(self) -> Sequence[int]:
        """The axes of a reduction: those that are named, else all."""
        return [int(axis) for axis in self.op.options] or range(self.rank)

    @property
    def own_axes(self) -> Sequence[int]:
        """Those of an operation that goes along the last axis where none is named."""
        return [int(axis) for axis in self.op.options] or [self.rank - 1]

    def expand_reduced(self, g: Expr) -> Expr:
        """The adjoint of a reduction, ready to be broadcast over its operand."""
        return expand_reduced(g, self.shape(self.op.operands[0]), self.axes)

    def expand_own_axes(self, g: Expr) -> Expr:
        """The same for a reduction along the last axis where none is named."""
        return expand_reduced(g, self.shape(self.op.operands[0]), self.own_axes)

    def reduce_own_axes(self, head: Any, expr: Expr) -> Expr:
        return reduce_along(head, expr, self.shape(self.op.operands[0]), self.own_axes)

    def flipped(self, expr: Expr) -> Expr:
        """An array of the operand's shape in reverse along the axis of the operation."""
        (axis,) = self.own_axes
        return slice_(expr, sp.Tuple(*[WHOLE_AXIS] * axis, IN_REVERSE))

    def without_axis(self, g: Expr) -> Expr:
        """The adjoint of an array with an axis more: what stands at the one place of that axis."""
        axis = int(self.op.options[0]) if self.op.options else self.rank
        return slice_(g, sp.Tuple(*[WHOLE_AXIS] * axis, S.Zero))

    @property
    def inverse_order(self) -> list[Expr]:
        """The axes that undo a transpose by axes."""
        order = list(self.op.options)
        return [Integer(order.index(i)) for i in range(len(order))]

    def size(self, a: Expr) -> Expr:
        """The number of elements that a mean is over."""
        return size(a, *self.op.options)


def _solve(g: Expr, at: At, a: Expr, b: Expr) -> Contributions:
    u = solve(transpose(a), g)
    product = outer(u, at.value) if len(at.shape(b)) == 1 else matmul(u, transpose(at.value))
    return -product, u


def _cholesky(g: Expr, at: At, a: Expr) -> Contributions:
    upper = transpose(at.value)
    inner = matmul(upper, g)
    half = tril(inner) - diag(diagonal(inner)) / 2
    return (_of_lower_triangle(transpose(solve(upper, transpose(solve(upper, half))))),)


def _of_lower_triangle(both: Expr) -> Expr:
    """Of the entries of the lower triangle, which stand for those above as well."""
    return tril(both + transpose(both)) - diag(diagonal(both))


def _eigvalsh(g: Expr, at: At, a: Expr) -> Contributions:
    q = eigenvectors(a)
    both = matmul(matmul(q, diag(g)), transpose(q))
    return (tril(both) + tril(both, S.NegativeOne),)


def _eigenvectors(g: Expr, at: At, a: Expr) -> Contributions:
    q = at.value
    turned = inverse_gaps(eigvalsh(a)) * matmul(transpose(q), g)
    return (_of_lower_triangle(matmul(matmul(q, turned), transpose(q))),)


def _layer_norm(g: Expr, at: At, x: Expr) -> Contributions:
    rate = at.expand_own_axes(rsqrt_variance(x))
    centred = g - at.reduce_own_axes(mean, g) - at.value * at.reduce_own_axes(mean, g * at.value)
    return (rate * centred,)


def _concat(g: Expr, at: At, *arrays: Expr) -> Contributions:
    axis = int(at.op.options[0])
    start: Expr = S.Zero
    found = []
    for array in arrays:
        shape = at.shape(array)
        if not shape:
            found.append(slice_(g, sp.Tuple(start)))
            start += 1
            continue
        stop = start + shape[axis]
        part = sp.Tuple(start, stop)
        found.append(slice_(g, sp.Tuple(*[WHOLE_AXIS] * axis, part)))
        start = stop
    return tuple(found)


def _explicit_matrix(g: Expr, at: At, *numbers: Expr) -> Contributions:
    columns = int(at.op.options[0])
    places = (divmod(i, columns) for i in range(len(numbers)))
    return tuple(slice_(g, sp.Tuple(*place)) for place in places)


def _einsum(g: Expr, at: At, a: Expr, b: Expr) -> Contributions:
    ((first, second, result),) = at.op.options
    return (
        einsum(g, b, sp.Tuple(result, second, first)),
        einsum(g, a, sp.Tuple(result, first, second)),
    )


VJP: dict[Any, Callable[..., Contributions]] = {
    # v = op(a, b):      g, the adjoint of v → adjoints of a, b
    matmul: lambda g, at, a, b: (matmul(g, transpose(b)), matmul(transpose(a), g)),
    matvec: lambda g, at, a, x: (outer(g, x), matvec(transpose(a), g)),
    outer: lambda g, at, u, v: (matvec(g, v), matvec(transpose(g), u)),
    dot: lambda g, at, a, b: (g * b, g * a),
    transpose: lambda g, at, a: (transpose(g),),
    permute: lambda g, at, a: (permute(g, *at.inverse_order),),
    reshape: lambda g, at, a: (reshape_like(g, a),),
    segment_sum: lambda g, at, v, i, like: (take(g, i, *at.op.options), None, None),
    take: lambda g, at, a, i: (segment_sum(g, i, a, *at.op.options), None),
    windows: lambda g, at, a: (fold(g, a, *at.op.options),),
    tril: lambda g, at, a: (tril(g, *at.op.options),),
    triu: lambda g, at, a: (triu(g, *at.op.options),),
    einsum: _einsum,
    reduce_sum: lambda g, at, a: (at.expand_reduced(g),),
    mean: lambda g, at, a: (at.expand_reduced(g) / at.size(a),),
    prod: lambda g, at, a: (at.expand_own_axes(g) * products_of_others(a, *at.op.options),),
    cumsum: lambda g, at, a: (at.flipped(cumsum(at.flipped(g), *at.op.options)),),
    cumprod: lambda g, at, a: (
        products_before(a, *at.op.options) * scan_back(a, g, *at.op.options),
    ),
    reduce_max: lambda g, at, a: (at.expand_reduced(g) * argmax_mask(a, at.value, *at.op.options),),
    reduce_min: lambda g, at, a: (at.expand_reduced(g) * argmax_mask(a, at.value, *at.op.options),),
    norm: lambda g, at, a: (at.expand_reduced(g) * normalized(a, at.value, *at.op.options),),
    trace: lambda g, at, a: (g * eye_like(a),),
    diag: lambda g, at, v: (diagonal(g),),
    diagonal: lambda g, at, a: (diag(g),),
    inv: lambda g, at, a: (-matmul(matmul(transpose(at.value), g), transpose(at.value)),),
    det: lambda g, at, a: (g * at.value * transpose(inv(a)),),
    logdet: lambda g, at, a: (g * transpose(inv(a)),),
    solve: _solve,
    cholesky: _cholesky,
    eigvalsh: _eigvalsh,
    eigenvectors: _eigenvectors,
    softmax: lambda g, at, z: (at.value * (g - at.reduce_own_axes(reduce_sum, g * at.value)),),
    log_softmax: lambda g, at, z: (g - sp.exp(at.value) * at.reduce_own_axes(reduce_sum, g),),
    logsumexp: lambda g, at, z: (at.expand_own_axes(g) * softmax(z, *at.op.options),),
    cross_entropy: lambda g, at, z, t: (at.expand_own_axes(g) * (softmax(z) - t), None),
    sparse_cross_entropy: lambda g, at, z, t: (g * (softmax(z) - one_hot(t, z)), None),
    one_hot: lambda g, at, t, z: (None, None),  # of the latter only the length counts
    layer_norm: _layer_norm,
    concat: _concat,
    explicit_matrix: _explicit_matrix,
    rows: lambda g, at, *arrays: tuple(
        slice_(g, sp.Tuple(sp.Integer(i))) for i in range(len(arrays))
    ),
    slice_: lambda g, at, a: (scatter(g, a, *at.op.options),),
    expand_dims: lambda g, at, v: (at.without_axis(g),),
}
"""The rules; `rule` of a head says it in words. What only adjoints have is never differentiated."""


def contributions(op: ArrayFunction, g: Expr, at: At) -> Contributions:
    """What each operand of an array operation gets from the adjoint g of its value."""
    return VJP[op.func](g, at, *op.operands)


__all__ = ["VJP", "At", "contributions"]
