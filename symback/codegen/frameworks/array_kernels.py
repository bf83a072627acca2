# mypy: disable-error-code="no-untyped-def, no-untyped-call, no-any-return, assignment"
"""Functions on arrays, and of any number of operands, as frameworks can trace them.

They are written in NumPy's words, which are translated, and are those of
`symback.codegen.numpy.array_kernels` without memory of their own: no element is written, and no
value decides what is computed. Their tests run them as they stand.
"""

from typing import Any

import numpy as np


def _polynomial(coefficients, t):
    """Σ c_k·tᵏ, lowest coefficient first."""
    total = coefficients[-1]
    for c in coefficients[-2::-1]:
        total = total * t + c
    return total


def _kept(x, axes):
    """The shape of x once it was reduced along axes, which keep the size 1; None stands for all."""
    gone = range(x.ndim) if axes is None else [axes] if isinstance(axes, int) else axes
    dropped = [axis % x.ndim for axis in gone]
    return tuple(1 if axis in dropped else size for axis, size in enumerate(x.shape))


def _below_largest(z, axes=-1):
    """z - max z along axes, and max z; entries that are an infinite max are 0."""
    largest = z.max(axis=axes, keepdims=True)
    return np.where(z == largest, 0.0, z - largest), largest


def _softmax(z, axes=-1):
    """exp(z)/Σ exp(z) along axes, shifted by the largest, so that exp can't overflow."""
    e = np.exp(_below_largest(z, axes)[0])
    return e / e.sum(axis=axes, keepdims=True)


def _log_softmax(z, axes=-1):
    """z - log Σ exp(z) along axes."""
    shifted, _ = _below_largest(z, axes)
    return shifted - np.log(np.exp(shifted).sum(axis=axes, keepdims=True))


def _logsumexp(z, axes=-1):
    """log Σ exp(z) along axes."""
    shifted, largest = _below_largest(z, axes)
    total = np.log(np.exp(shifted).sum(axis=axes, keepdims=True)) + largest
    return total.sum(axis=axes)


def _weighted(t, logs):
    """-Σ t·log along the last axis, where a weight of 0 leaves out an infinite log."""
    return -(t * np.where((t == 0.0) & np.isinf(logs), 0.0, logs)).sum(axis=-1)


def _cross_entropy(z, t):
    """-Σ t·log_softmax(z) along the last axis."""
    return _weighted(t, _log_softmax(z))


def _sparse_cross_entropy(z, t):
    """-log_softmax(z)[t], t being the index of a class."""
    return _weighted(_one_hot(t, z), _log_softmax(z))


def _one_hot(t, z):
    """1 at the index t of the last axis, else 0; in the dtype of z."""
    met = np.arange(z.shape[-1]) == np.asarray(t)[..., None]
    return np.broadcast_to(met, np.broadcast_shapes(met.shape, z.shape)).astype(z.dtype)


def _layer_norm(x):
    """(x - mean)/√(variance + 1e-5) along the last axis."""
    return (x - x.mean(axis=-1, keepdims=True)) * _rsqrt_variance(x)[..., None]


def _rsqrt_variance(x):
    """1/√(variance + 1e-5) along the last axis."""
    centred = x - x.mean(axis=-1, keepdims=True)
    return 1.0 / np.sqrt((centred * centred).mean(axis=-1) + 1e-5)


def _argmax_mask(x, extreme, axes):
    """1 where x is the extreme along the axes, equal parts where several are, else 0.

    Where the extreme is NaN, each NaN has NaN.
    """
    share = np.where(x == extreme.reshape(_kept(x, axes)), 1.0, 0.0).astype(x.dtype)
    count = share.sum(axis=axes, keepdims=True)
    return np.where(np.isnan(x), x, share / np.where(count == 0.0, 1.0, count))


def _norm(x, axes):
    """‖x‖ over the axes, scaled by its largest element: no square leaves the range of floats."""
    axes = tuple(range(x.ndim)) if axes is None else axes
    largest = np.abs(x).max(axis=axes, keepdims=True)
    scale = np.where((largest > 0.0) & (largest < np.inf), largest, 1.0)
    part = x / scale
    return np.sqrt((part * part).sum(axis=axes)) * scale.sum(axis=axes)


def _normalized(x, norm, axes):
    """x/‖x‖ over the axes; 0 where x is 0."""
    norm = norm.reshape(_kept(x, axes))
    return x / np.where(norm == 0.0, 1.0, norm)


def _products_before(x, axis):
    """The products of the elements before each one along an axis; 1 for the first."""
    first = _taken(x, axis, 0, 1)
    return np.concatenate(
        (np.ones_like(first), np.cumprod(_taken(x, axis, 0, x.shape[axis] - 1), axis=axis)),
        axis=axis,
    )


def _taken(x, axis, start, stop):
    """The elements from start to stop along an axis."""
    index = [slice(None)] * x.ndim
    index[axis] = slice(start, stop)
    return x[tuple(index)]


def _products_of_others(x, axis):
    """For each element the product of the others along an axis."""
    behind = np.flip(_products_before(np.flip(x, axis), axis), axis)
    return _products_before(x, axis) * behind


def _scan_back(a, b, axis):
    """s_i = a_(i+1)·s_(i+1) + b_i along an axis; the last is that of b."""
    count = max(a.shape[axis], b.shape[axis])
    shape = list(np.broadcast_shapes(a.shape, b.shape))
    a, b = np.broadcast_to(a, shape), np.broadcast_to(b, shape)
    found = [_taken(b, axis, count - 1, count)]
    for i in range(count - 2, -1, -1):
        found = [
            _taken(a, axis, i + 1, i + 2) * found[0] + _taken(b, axis, i, i + 1),
            *found,
        ]
    return np.concatenate(found, axis=axis)


def _diag(v):
    """The diagonal matrix of the last axis."""
    return v[..., None] * np.eye(v.shape[-1], dtype=v.dtype)


def _logdet(a):
    """log det of the last two axes; NaN where the determinant is negative."""
    sign, value = np.linalg.slogdet(a)
    return np.where(sign >= 0.0, value, np.nan)


def _lower(a):
    """The symmetric matrices of the lower triangles, with 0 where an entry is not finite, and NaN
    for these, else 0.
    """
    lower = np.tril(a)
    finite = np.isfinite(lower).all(axis=-1, keepdims=True).all(axis=-2, keepdims=True)
    whole = lower + np.tril(a, -1).swapaxes(-1, -2)
    return np.where(finite, whole, 0.0), np.where(finite, 0.0, np.nan).astype(a.dtype)


def _eigvalsh(a):
    """The eigenvalues of the lower triangles over the last two axes, in ascending order."""
    whole, lost = _lower(a)
    return np.linalg.eigvalsh(whole) + lost[..., 0]


def _eigenvectors(a):
    """The eigenvectors of the same in columns, none of whose last entries is negative."""
    whole, lost = _lower(a)
    vectors = np.linalg.eigh(whole)[1]
    return np.where(vectors[..., -1:, :] < 0.0, -vectors, vectors) + lost


def _inverse_gaps(v):
    """1/(v_j - v_i), 0 on the diagonal; NaN where the two are as close as roundings leave them.

    v ascends, so that the largest of |v| stands at an end.
    """
    count, gaps = v.shape[-1], v[..., None, :] - v[..., :, None]
    largest = np.maximum(np.abs(v[..., :1]), np.abs(v[..., -1:]))[..., None]
    alike = np.abs(gaps) <= 32 * count * np.finfo(v.dtype).eps * largest
    apart = 1.0 / np.where(alike, np.nan, gaps)
    return np.where(np.eye(count, dtype=v.dtype) == 1.0, 0.0, apart)


def _logwsumexp(*operands):
    """log(w₁·exp(u₁) + w₂·exp(u₂) + …), weights of any sign: the largest term is taken out."""
    operands = np.broadcast_arrays(*operands)
    pairs = list(zip(operands[::2], operands[1::2], strict=True))
    sizes = [np.log(np.abs(w)) + u for w, u in pairs]
    largest = sizes[0]
    for size in sizes[1:]:
        largest = np.maximum(size, largest)
    first, w, u = _one_term(pairs, sizes, largest)
    rest, others, total, excess, widest = 0.0, 0.0, 0.0, 0.0, 0.0
    for (v, x), chosen in zip(pairs, first, strict=True):
        rest = rest + np.where(chosen, 0.0, v * np.exp(x - u))
        others = others + np.where(chosen, 0.0, v)
        total = total + v
        excess = excess + np.where(np.abs(x) < 0.5, v * np.expm1(x), 0.0)
        widest = np.where(np.abs(x) < widest, widest, np.abs(x))
    shares = (total == 1.0) & (w != 1.0)  # p and 1 - p, which was rounded
    excess = excess + np.where(shares, 0.0, (w - 1.0) + others)
    value = np.where(largest == np.inf, largest, u) + np.where(
        (w > 0.0) & (np.abs(rest) < 0.5 * w), np.log(w) + np.log1p(rest / w), np.log(w + rest)
    )
    near = (widest < 0.5) & (np.abs(excess) < 0.5)
    return np.where(near, np.log1p(np.where(near, excess, 0.0)), value)


def _one_term(pairs, sizes, largest):
    """Which of the terms is the first of the largest ones, its weight, and its finite exponent."""
    found: list[Any] = []
    taken, w, u = largest != largest, 0.0, 0.0
    for (v, x), size in zip(pairs, sizes, strict=True):
        chosen = (size == largest) & ~taken
        taken = taken | chosen
        w = np.where(chosen, v, w)
        u = np.where(chosen & np.isfinite(x), x, u)
        found = [*found, chosen]
    return found, w, u
