"""Jacobian-vector products: how fast a value moves when its operands do.

`JVP` is the table of the array operations, those that only adjoints have among them. For
v = op(a, b, …) a rule takes the tangents of the operands, None for one that does not move, and
gives the tangent of v. An operation that is linear in an operand has itself there, with the
tangent in the operand's place; functions of numbers are in `symback.operations.number_slopes`.
The forms are those of Giles 2008, as in `symback.operations.vjp`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp
from sympy import Expr, Piecewise, S

from symback.operations import edges
from symback.operations.arrays import (
    ArrayFunction,
    argmax_mask,
    broadcast_like,
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
    eye,
    eye_like,
    fold,
    full,
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
from symback.operations.construction import along
from symback.operations.number_slopes import Tangent
from symback.operations.vjp import WHOLE_AXIS, At


def _linear(at: At, *dots: Tangent) -> Tangent:
    """Of an operation that is linear in its operand: its other operands only lend their shape."""
    return None if dots[0] is None else at.op.with_operands([dots[0], *at.op.operands[1:]])


def _multilinear(at: At, *dots: Tangent) -> Tangent:
    """Of a product: a sum over its operands."""
    a, b = at.op.operands
    parts = [
        at.op.with_operands(operands)
        for operands, moved in (((dots[0], b), dots[0]), ((a, dots[1]), dots[1]))
        if moved is not None
    ]
    return sp.Add(*parts)


def still(at: At, *dots: Tangent) -> Tangent:
    """Of what is constant between its jumps, or depends on shapes only."""
    return None


def _concat(at: At, *dots: Tangent) -> Tangent:
    """Those of all operands one behind the other; each in its part where some do not move."""
    if all(moved is not None for moved in dots):
        return at.op.with_operands([moved for moved in dots if moved is not None])
    axis = int(at.op.options[0])
    placed: list[Expr] = []
    start: Expr = S.Zero
    for array, moved in zip(at.op.operands, dots, strict=True):
        shape = at.shape(array)
        stop = start + (shape[axis] if shape else 1)
        part = sp.Tuple(start, stop) if shape else start
        if moved is not None:
            placed.append(scatter(moved, at.value, sp.Tuple(*[WHOLE_AXIS] * axis, part)))
        start = stop
    return sp.Add(*placed)


def _explicit_matrix(at: At, *dots: Tangent) -> Tangent:
    return at.op.with_operands([S.Zero if moved is None else moved for moved in dots])


def _rows(at: At, *dots: Tangent) -> Tangent:
    """Those of all rows; each in its row where some do not move."""
    moving = [moved for moved in dots if moved is not None]
    if len(moving) == len(dots):
        return rows(*moving)
    places = ((i, moved) for i, moved in enumerate(dots) if moved is not None)
    return sp.Add(*(scatter(moved, at.value, sp.Tuple(sp.Integer(i))) for i, moved in places))


def _extreme(at: At, dot_a: Tangent) -> Tangent:
    """That of the extreme element, which is chosen: what another does may be infinite."""
    if dot_a is None:
        return None
    (a,), options = at.op.operands, at.op.options
    share = argmax_mask(a, at.value, *options)
    return reduce_sum(Piecewise((0, sp.Eq(share, 0)), (share * dot_a, True)), *options)


def _moved_along(at: At, expr: Expr, by: int) -> Expr:
    """The elements of an array one place on along the axis, or one back; 0 comes in."""
    (axis,) = at.own_axes
    kept, free = (S.Zero, S.NegativeOne), (S.One, S.Infinity)
    taken, put = (kept, free) if by > 0 else (free, kept)
    lead = [WHOLE_AXIS] * axis
    part = slice_(expr, sp.Tuple(*lead, sp.Tuple(*taken)))
    return scatter(part, at.op.operands[-1], sp.Tuple(*lead, sp.Tuple(*put)))


def _scanned(at: At, a: Expr, b: Expr) -> Expr:
    """s_i = a_i·s_(i-1) + b_i along the axis."""
    factors = _moved_along(at, at.flipped(a), 1)
    return at.flipped(scan_back(factors, at.flipped(b), *at.op.options))


def _products_before(at: At, dot_a: Tangent) -> Tangent:
    if dot_a is None:
        return None
    (a,) = at.op.operands
    return _moved_along(at, _scanned(at, a, at.value * dot_a), 1)


def _products_of_others(at: At, dot_a: Tangent) -> Tangent:
    """Those before each times those behind, one of which moves."""
    if dot_a is None:
        return None
    (a,), axis = at.op.operands, at.op.options
    before = products_before(a, *axis)
    behind = at.flipped(products_before(at.flipped(a), *axis))
    moved_before = _moved_along(at, _scanned(at, a, before * dot_a), 1)
    moved_behind = _moved_along(at, scan_back(_moved_along(at, a, 1), behind * dot_a, *axis), -1)
    return moved_before * behind + before * moved_behind


def _scan_back(at: At, dot_a: Tangent, dot_b: Tangent) -> Tangent:
    a, _ = at.op.operands
    moved = S.Zero if dot_b is None else dot_b
    if dot_a is not None:
        moved += _moved_along(at, dot_a * at.value, -1)
    return scan_back(a, moved, *at.op.options) if moved != 0 else None


def _cumprod(at: At, dot_a: Tangent) -> Tangent:
    (a,), axis = at.op.operands, at.op.options
    return None if dot_a is None else _scanned(at, a, products_before(a, *axis) * dot_a)


def _prod(at: At, dot_a: Tangent) -> Tangent:
    if dot_a is None:
        return None
    return _row_sums(at, products_of_others(*at.op.args) * dot_a)


def _norm(at: At, dot_a: Tangent) -> Tangent:
    if dot_a is None:
        return None
    (a,), options = at.op.operands, at.op.options
    return reduce_sum(normalized(a, at.value, *options) * dot_a, *options)


def _normalized(at: At, dot_a: Tangent, dot_norm: Tangent) -> Tangent:
    length = at.expand_reduced(at.op.operands[1])
    moved = S.Zero if dot_a is None else dot_a
    if dot_norm is not None:
        moved -= at.value * at.expand_reduced(dot_norm)
    return moved / edges.nonzero(length)


def _inv(at: At, dot_a: Tangent) -> Tangent:
    return None if dot_a is None else -matmul(at.value, matmul(dot_a, at.value))


def _det(at: At, dot_a: Tangent) -> Tangent:
    return None if dot_a is None else at.value * dot(transpose(inv(at.op.operands[0])), dot_a)


def _logdet(at: At, dot_a: Tangent) -> Tangent:
    return None if dot_a is None else dot(transpose(inv(at.op.operands[0])), dot_a)


def _solve(at: At, dot_a: Tangent, dot_b: Tangent) -> Tangent:
    a, b = at.op.operands
    moved = S.Zero if dot_b is None else dot_b
    if dot_a is not None:
        product = matvec if len(at.shape(b)) == 1 else matmul
        moved -= product(dot_a, at.value)
    return solve(a, moved) if moved != 0 else None


def _cholesky(at: At, dot_a: Tangent) -> Tangent:
    if dot_a is None:
        return None
    moved = _symmetric(dot_a)
    inner = transpose(solve(at.value, transpose(solve(at.value, moved))))
    return matmul(at.value, tril(inner) - diag(diagonal(inner)) / 2)


def _symmetric(dot_a: Expr) -> Expr:
    """The matrix whose lower triangle is that of a tangent."""
    return tril(dot_a) + transpose(tril(dot_a, S.NegativeOne))


def _eigvalsh(at: At, dot_a: Tangent) -> Tangent:
    """The diagonal of Qᵀ·Ȧ·Q."""
    if dot_a is None:
        return None
    q = eigenvectors(at.op.operands[0])
    return reduce_sum(q * matmul(_symmetric(dot_a), q), S.Zero)


def _eigenvectors(at: At, dot_a: Tangent) -> Tangent:
    if dot_a is None:
        return None
    gaps = inverse_gaps(eigvalsh(at.op.operands[0]))
    turned = matmul(transpose(at.value), matmul(_symmetric(dot_a), at.value))
    return matmul(at.value, gaps * turned)


def _inverse_gaps(at: At, dot_v: Tangent) -> Tangent:
    return None if dot_v is None else -(at.value**2) * (dot_v - expand_dims(dot_v))


def _softmax(at: At, dot_z: Tangent) -> Tangent:
    if dot_z is None:
        return None
    mean_dot = at.reduce_own_axes(reduce_sum, _weighed(at, at.value, dot_z))
    return _weighed(at, at.value, dot_z - mean_dot)


def _log_softmax(at: At, dot_z: Tangent) -> Tangent:
    if dot_z is None:
        return None
    return dot_z - at.reduce_own_axes(reduce_sum, _weighed(at, sp.exp(at.value), dot_z))


def _logsumexp(at: At, dot_z: Tangent) -> Tangent:
    return None if dot_z is None else _row_sums(at, _weighed(at, softmax(*at.op.args), dot_z))


def _cross_entropy(at: At, dot_z: Tangent, dot_t: Tangent) -> Tangent:
    """A target has no derivative, as in the VJP."""
    z, t = at.op.operands
    return None if dot_z is None else _row_sums(at, _weighed(at, softmax(z) - t, dot_z))


def _sparse_cross_entropy(at: At, dot_z: Tangent, dot_t: Tangent) -> Tangent:
    z, t = at.op.operands
    if dot_z is None:
        return None
    return reduce_sum(_weighed(at, softmax(z) - one_hot(t, z), dot_z))


def _weighed(at: At, weight: Expr, dot: Expr) -> Expr:
    """weight × tangent; 0 where the weight is, if what has none may move infinitely fast."""
    product = weight * dot
    if not at.weightless:
        return product
    return Piecewise((S.Zero, sp.Eq(weight, 0)), (product, True), evaluate=False)


def _layer_norm(at: At, dot_x: Tangent) -> Tangent:
    if dot_x is None:
        return None
    centred = dot_x - at.reduce_own_axes(mean, dot_x)
    centred -= at.value * at.reduce_own_axes(mean, at.value * dot_x)
    return at.expand_own_axes(rsqrt_variance(at.op.operands[0])) * centred


def _rsqrt_variance(at: At, dot_x: Tangent) -> Tangent:
    if dot_x is None:
        return None
    (x,) = at.op.operands
    return -(at.value**2) * _row_sums(at, layer_norm(x) * dot_x, mean)


def _row_sums(at: At, expr: Expr, head: Any = reduce_sum) -> Expr:
    """The sums or means along the axes of the operation."""
    return along(head, expr, at.rank, at.own_axes)


JVP: dict[Any, Callable[..., Tangent]] = {
    matmul: _multilinear,
    matvec: _multilinear,
    outer: _multilinear,
    dot: _multilinear,
    transpose: _linear,
    permute: _linear,
    reshape: _linear,
    reshape_like: _linear,
    take: _linear,
    segment_sum: _linear,
    windows: _linear,
    fold: _linear,
    tril: _linear,
    triu: _linear,
    einsum: _multilinear,
    reduce_sum: _linear,
    mean: _linear,
    prod: _prod,
    products_of_others: _products_of_others,
    cumsum: _linear,
    cumprod: _cumprod,
    products_before: _products_before,
    scan_back: _scan_back,
    trace: _linear,
    diag: _linear,
    diagonal: _linear,
    slice_: _linear,
    expand_dims: _linear,
    scatter: _linear,
    broadcast_like: _linear,
    concat: _concat,
    explicit_matrix: _explicit_matrix,
    rows: _rows,
    reduce_max: _extreme,
    reduce_min: _extreme,
    norm: _norm,
    normalized: _normalized,
    inv: _inv,
    det: _det,
    logdet: _logdet,
    solve: _solve,
    cholesky: _cholesky,
    eigvalsh: _eigvalsh,
    eigenvectors: _eigenvectors,
    inverse_gaps: _inverse_gaps,
    softmax: _softmax,
    log_softmax: _log_softmax,
    logsumexp: _logsumexp,
    cross_entropy: _cross_entropy,
    sparse_cross_entropy: _sparse_cross_entropy,
    layer_norm: _layer_norm,
    rsqrt_variance: _rsqrt_variance,
    argmax_mask: still,
    one_hot: still,
    size: still,
    eye: still,
    eye_like: still,
    full: still,
}
"""The rules, one for every operation on arrays."""


def linear_operands(op: ArrayFunction) -> int:
    """How many of its operands, the first ones, an operation is linear in."""
    rule = JVP.get(op.func)  # what only derivations have counts as none
    return len(op.operands) if rule is _multilinear else int(rule is _linear)


def tangent_of_array(at: At, *dots: Tangent) -> Tangent:
    """The tangent of an array operation, from those of its operands."""
    return JVP[at.op.func](at, *dots)


__all__ = ["JVP", "Tangent", "still", "tangent_of_array"]
