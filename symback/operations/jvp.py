"""Jacobian-vector products: how fast a value moves when its operands do.

`JVP` is the table of the array operations, those that only adjoints have among them. For
v = op(a, b, …) a rule takes the tangents of the operands, None for one that does not move, and
gives the tangent of v. An operation that is linear in an operand has itself there, with the
tangent in the operand's place. `slopes` and `careful_tangent` say the same of functions of numbers.
The forms are those of Giles 2008, as in `symback.operations.vjp`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import sympy as sp
from sympy import Expr, Piecewise, S

from symback.errors import Unsupported
from symback.operations import edges
from symback.operations.arrays import (
    argmax_mask,
    broadcast_like,
    concat,
    cross_entropy,
    cumprod,
    cumsum,
    det,
    diag,
    diagonal,
    dot,
    einsum,
    expand_dims,
    eye,
    eye_like,
    full,
    inv,
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
    rsqrt_variance,
    scan_back,
    scatter,
    size,
    slice_,
    softmax,
    solve,
    sparse_cross_entropy,
    trace,
    transpose,
    tril,
    triu,
)
from symback.operations.construction import along
from symback.operations.edges import Careful
from symback.operations.elementwise import BY_HEAD
from symback.operations.functions import Slope
from symback.operations.special import (
    boxcox_prime,
    expdivdiff2,
    exprel_prime,
    inv_expm1,
    inv_exprel_prime,
    langevin_prime,
    log_sinhc,
    overexpm1_prime,
)
from symback.operations.vjp import WHOLE_AXIS, At

Tangent: TypeAlias = Expr | None  # None: it does not move


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
    return sp.Add(*parts) if parts else None


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
    return sp.Add(*placed) if placed else None


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
    return moved / edges.nonzero(length) if moved != 0 else None


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


def _softmax(at: At, dot_z: Tangent) -> Tangent:
    if dot_z is None:
        return None
    return at.value * (dot_z - at.reduce_own_axes(reduce_sum, at.value * dot_z))


def _log_softmax(at: At, dot_z: Tangent) -> Tangent:
    if dot_z is None:
        return None
    return dot_z - at.reduce_own_axes(reduce_sum, sp.exp(at.value) * dot_z)


def _logsumexp(at: At, dot_z: Tangent) -> Tangent:
    return None if dot_z is None else _row_sums(at, softmax(*at.op.args) * dot_z)


def _cross_entropy(at: At, dot_z: Tangent, dot_t: Tangent) -> Tangent:
    """A target has no derivative, as in the VJP."""
    z, t = at.op.operands
    return None if dot_z is None else _row_sums(at, (softmax(z) - t) * dot_z)


def _sparse_cross_entropy(at: At, dot_z: Tangent, dot_t: Tangent) -> Tangent:
    z, t = at.op.operands
    return None if dot_z is None else reduce_sum((softmax(z) - one_hot(t, z)) * dot_z)


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
    reduce_max: _extreme,
    reduce_min: _extreme,
    norm: _norm,
    normalized: _normalized,
    inv: _inv,
    det: _det,
    logdet: _logdet,
    solve: _solve,
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


def tangent_of_array(at: At, *dots: Tangent) -> Tangent:
    """The tangent of an array operation, from those of its operands."""
    return JVP[at.op.func](at, *dots)


# -- functions of numbers ------------------------------------------------------------------------


def slopes(expr: Expr, value: Expr, *, plain: bool = False) -> tuple[Expr, ...]:
    """The partial of a function by each operand, over these and the function's own value.

    As code has it, to keep digits; with `plain`, that of a slope such as σ′ as books have it.
    """
    if expr.func in SECOND_SLOPES and not plain:
        return SECOND_SLOPES[expr.func](value, *expr.args)
    op = BY_HEAD.get(expr.func)
    if isinstance(expr, Slope) and (plain or op is None):
        return tuple(expr.fdiff(i + 1) for i in range(len(expr.args)))
    if op is not None:
        return op.local_partials(value, *expr.args)
    raise Unsupported(f"internal: no tangent of '{expr.func.__name__}'")


def _series(u: Expr, coefficients: list[Expr], whole: Expr) -> Expr:
    """Σ cₙ·uⁿ for |u| < 1, where the whole formula loses its digits."""
    near: Expr = S.Zero
    for coefficient in reversed(coefficients):
        near = coefficient + u * near
    return Piecewise((near, sp.Abs(u) < 1), (whole, True))


def _exprel_second(u: Expr, slope: Expr) -> Expr:
    """exprel″(u) = (exp(u) − 2·exprel′(u))/u = Σ uⁿ/(n!·(n + 3))."""
    near = [1 / (sp.factorial(n) * (n + 3)) for n in range(18)]
    return _series(u, near, (sp.exp(u) - 2 * slope) / u)


def _inv_exprel_second(u: Expr, slope: Expr) -> Expr:
    """(u/(exp(u) − 1))″ = Σ B₂ₙ·u²ⁿ⁻²/(2n − 2)!, Bₙ being Bernoulli's numbers."""
    near = [sp.bernoulli(n + 2) / sp.factorial(n) for n in range(23)]
    return _series(u, near, inv_expm1(-u) * (u * inv_expm1(u) + 2 * slope))


def _langevin_second(u: Expr) -> Expr:
    """(coth(u) − 1/u)″ = 2·coth(u)/sinh(u)² − 2/u³, by powers Σ 2ⁿ⁺³·Bₙ₊₃·uⁿ/((n + 3)·n!)."""
    near = [2 ** (n + 3) * sp.bernoulli(n + 3) / ((n + 3) * sp.factorial(n)) for n in range(34)]
    return _series(u, near, 2 * (sp.exp(-2 * log_sinhc(u)) / sp.tanh(u) - 1 / u) / u**2)


def _overexpm1_second(v: Expr, x: Expr, r: Expr) -> tuple[Expr, ...]:
    second = _inv_exprel_second(r * x, v)
    return r * second, x * second


def _boxcox_second(v: Expr, x: Expr, k: Expr) -> tuple[Expr, ...]:
    """boxcox(x, k) is log(x)·exprel(k·log(x))."""
    power = k * sp.log(x)
    second = _exprel_second(power, exprel_prime(power))
    return x ** (k - 1) * sp.log(x), sp.log(x) ** 3 * second


def _expdivdiff2_slopes(v: Expr, a: Expr, b: Expr) -> tuple[Expr, ...]:
    """expdivdiff2(a, b) is exp(b)·exprel′(a − b); by b it is symmetric in a and b."""
    d, far = a - b, -sp.Abs(a - b)
    by_a = sp.exp(b) * _exprel_second(d, exprel_prime(d))
    slope = exprel_prime(far)
    return by_a, sp.exp(sp.Max(a, b)) * (slope - _exprel_second(far, slope))


SECOND_SLOPES: dict[Any, Callable[..., tuple[Expr, ...]]] = {
    # v = f(u, …):         v, u, … → the partials of v by these
    exprel_prime: lambda v, u: (_exprel_second(u, v),),
    inv_exprel_prime: lambda v, u: (_inv_exprel_second(u, v),),
    overexpm1_prime: _overexpm1_second,
    boxcox_prime: _boxcox_second,
    expdivdiff2: _expdivdiff2_slopes,
    langevin_prime: lambda v, u: (_langevin_second(u),),
}
"""Partials of slopes that would lose digits beside a removable singularity, as code has them."""

CAREFUL_JVP: dict[type[Careful], Callable[..., Expr]] = {
    # v = f(a, b):         v, a, b and the tangents of a, b, 0 for one that does not move
    edges.over_square: lambda v, a, b, da, db: _if_moved(edges.over_square, da, b) - 2 * v * db / b,
    edges.nonzero: lambda v, a, da: da,
    edges.nonvanishing: lambda v, a, da: da,
    edges.zero_over: lambda v, a, b, da, db: (
        _if_moved(edges.zero_over, da, b) - edges.zero_over(v, b) * db
    ),
    edges.power_slope: lambda v, a, b, da, db: _power_slope(edges.power_slope, v, a, b, da, db),
    edges.root_slope: lambda v, a, b, da, db: _power_slope(edges.root_slope, v, a, b, da, db),
    edges.power_log: lambda v, p, a, dp, da: (
        _if_moved(edges.power_log, dp, a) + p * da / edges.nonzero(a)
    ),
    edges.exp_share: lambda v, a, b, da, db: v * edges.exp_share(b, a) * (da - db),
    edges.zero_or_nan: lambda v, a, da: S.Zero,
    edges.unless_nan: lambda v, a, u, da, du: _if_moved(edges.unless_nan, da, u),
}
"""Tangents of the functions that stand in partials, right at the edges that these care for."""


def _if_moved(head: Any, moved: Expr, other: Expr) -> Expr:
    return head(moved, other) if moved != 0 else S.Zero


def _power_slope(head: Any, v: Expr, a: Expr, b: Expr, da: Expr, db: Expr) -> Expr:
    """Of b·aᵇ⁻¹: b·(b − 1)·aᵇ⁻²·ȧ + (aᵇ⁻¹ + b·aᵇ⁻¹·log a)·ḃ."""
    moved: Expr = S.Zero
    if da != 0:
        moved += b * head(a, b - 1) * da
    if db != 0:
        moved += (a ** (b - 1) + edges.power_log(v, a)) * db
    return moved


def careful_tangent(expr: Careful, value: Expr, dots: list[Tangent]) -> Tangent:
    """The tangent of a function that stands in partials."""
    moved = [S.Zero if d is None else d for d in dots]
    found = CAREFUL_JVP[type(expr)](value, *expr.args, *moved)
    return found if found != 0 else None


__all__ = [
    "CAREFUL_JVP",
    "JVP",
    "Tangent",
    "careful_tangent",
    "slopes",
    "still",
    "tangent_of_array",
]
