# mypy: disable-error-code="no-untyped-def, no-untyped-call, no-any-return"
"""Functions on arrays that NumPy lacks; `inspect.getsource` pastes them into modules.

Like `symback.codegen.numpy.kernels`, each needs NumPy and other kernels only and keeps the dtype.
The last axis is the one along which a sample's elements stand; what is in front of it is batch.
"""

import numpy as np


def _below_largest(z, axes=-1):
    """z - max z along axes, and max z; entries that are an infinite max are 0."""
    largest = _side_by_side(z).max(axis=axes, keepdims=True)
    if np.vdot(largest, largest) < np.inf:
        return z - largest, largest
    with np.errstate(invalid="ignore"):
        return np.where(z == largest, 0.0, z - largest), largest


def _softmax(z, axes=-1):
    """exp(z)/Σ exp(z) along axes, shifted by the largest, so that exp can't overflow."""
    e = np.exp(_below_largest(z, axes)[0])
    e /= e.sum(axis=axes, keepdims=True)
    return e


def _log_softmax(z, axes=-1):
    """z - log Σ exp(z) along axes."""
    shifted, _ = _below_largest(z, axes)
    shifted -= np.log(np.exp(shifted).sum(axis=axes, keepdims=True))
    return shifted


def _logsumexp(z, axes=-1):
    """log Σ exp(z) along axes."""
    shifted, largest = _below_largest(z, axes)
    return np.log(np.exp(shifted).sum(axis=axes)) + largest.squeeze(axes)


def _logsumexp_and_softmax(z, axes=-1):
    """log Σ exp(z) along axes, and softmax(z); one exp serves both."""
    e, largest = _below_largest(z, axes)
    np.exp(e, out=e)
    total = e.sum(axis=axes, keepdims=True)
    e /= total
    total = np.log(total)
    total += largest
    return total.squeeze(axes), e


def _weighted(t, logs):
    """-Σ t·log along the last axis, where a weight of 0 leaves out an infinite log."""
    if logs.min(initial=0.0) > -np.inf:
        return -np.vecdot(t, logs)
    with np.errstate(invalid="ignore"):
        return -np.vecdot(t, np.where(t == 0.0, 0.0, logs))


def _cross_entropy(z, t):
    """-Σ t·log_softmax(z) along the last axis."""
    return _weighted(t, _log_softmax(z))


def _cross_entropy_and_softmax(z, t):
    """-Σ t·log_softmax(z) along the last axis, and softmax(z); one exp serves both."""
    shifted, _ = _below_largest(z)
    e = np.exp(shifted)
    total = e.sum(axis=-1, keepdims=True)
    shifted -= np.log(total)
    e /= total
    return _weighted(t, shifted), e


def _sparse_cross_entropy(z, t):
    """-log_softmax(z)[t], t being the index of a class."""
    return _weighted(_one_hot(t, z), _log_softmax(z))


def _sparse_cross_entropy_and_softmax(z, t):
    """-log_softmax(z)[t] and softmax(z)."""
    return _cross_entropy_and_softmax(z, _one_hot(t, z))


def _one_hot(t, z):
    """1 at the index t of the last axis, else 0; in the dtype of z."""
    met = np.arange(z.shape[-1]) == np.asarray(t)[..., None]
    if met.shape != z.shape:
        met = np.broadcast_to(met, np.broadcast_shapes(met.shape, z.shape))
    return met.astype(z.dtype)


def _layer_norm(x):
    """(x - mean)/√(variance + 1e-5) along the last axis."""
    centred = x - x.mean(axis=-1, keepdims=True)
    centred *= _rsqrt_variance(x)[..., None]
    return centred


def _rsqrt_variance(x):
    """1/√(variance + 1e-5) along the last axis."""
    return 1.0 / np.sqrt(x.var(axis=-1) + 1e-5)


def _argmax_mask(x, extreme, axes):
    """1 where x is the extreme along the axes, equal parts where several are, else 0.

    Where the extreme is NaN, each NaN has NaN.
    """
    share = (x == np.expand_dims(extreme, axes)).astype(x.dtype)
    count = share.sum(axis=axes, keepdims=True)
    if np.vdot(extreme, extreme) >= 0.0:  # none is NaN
        share /= count
        return share
    return np.where(np.isnan(x), x, share / np.where(count == 0.0, 1.0, count))


def _norm(x, axes):
    """‖x‖ over the axes; by its largest element where squares leave the range of floats."""
    with np.errstate(over="ignore", under="ignore"):
        rows = axes == -1 and x.flags.c_contiguous
        norm = np.sqrt(np.vecdot(x, x) if rows else np.add.reduce(x * x, axis=axes))
        small = 1e-140 if x.dtype.itemsize == 8 else 1e-15
        if np.minimum.reduce(norm, axis=None, initial=1.0) > small and np.vdot(norm, norm) < np.inf:
            return norm
        largest = np.abs(x).max(axis=axes, keepdims=True, initial=0.0)
        scale = np.where((largest > 0.0) & (largest < np.inf), largest, 1.0)
        return np.linalg.norm(x / scale, axis=axes) * scale.squeeze(axes)


def _windows(x, sizes, steps):
    """The parts of a size that begin every few elements along the last axes."""
    axes = tuple(range(-len(sizes), 0))
    every = np.lib.stride_tricks.sliding_window_view(x, sizes, axes)
    return _part(every, (..., *(np.s_[::step] for step in steps), *(np.s_[:] for _ in sizes)))


def _part(x, index):
    """A view of a part of an array."""
    return x[index]


def _fold(windows, shape, steps):
    """The elements of windows added up in their places in an array of a shape."""
    total = np.zeros(shape, dtype=windows.dtype)
    count = len(steps)
    places = windows.shape[-2 * count : -count]
    for at in np.ndindex(windows.shape[-count:]):
        ends = (i + (n - 1) * step + 1 for i, n, step in zip(at, places, steps, strict=True))
        taken = (np.s_[i:end:step] for i, end, step in zip(at, ends, steps, strict=True))
        part = _part(total, (..., *taken))
        part += _part(windows, (..., *at))
    return total


def _products_before(x, axis):
    """The products of the elements before each one along an axis; 1 for the first."""
    x = np.moveaxis(x, axis, -1)
    before = np.ones_like(x)
    np.cumprod(x[..., :-1], axis=-1, out=before[..., 1:])
    return np.moveaxis(before, -1, axis)


def _products_of_others(x, axis):
    """For each element the product of the others along an axis."""
    behind = np.flip(_products_before(np.flip(x, axis), axis), axis)
    return _products_before(x, axis) * behind


def _scan_back(a, b, axis):
    """s_i = a_(i+1)·s_(i+1) + b_i along an axis; the last is that of b."""
    shape = np.broadcast_shapes(a.shape, b.shape)
    total = np.array(np.broadcast_to(b, shape))
    a, s = (np.moveaxis(v, axis, 0) for v in (np.broadcast_to(a, shape), total))
    for i in range(len(s) - 2, -1, -1):
        s[i] += a[i + 1] * s[i + 1]
    return total


def _normalized(x, norm, axes):
    """x/‖x‖ over the axes; 0 where x is 0."""
    norm = np.expand_dims(norm, axes)
    return x / np.where(norm == 0.0, 1.0, norm)


def _diag(v):
    """The diagonal matrix of the last axis."""
    return v[..., None] * np.eye(v.shape[-1], dtype=v.dtype)


def _inv(a):
    """The inverses over the last two axes; NaN where a matrix has none, in a branch not taken."""
    try:
        return np.linalg.inv(a)
    except np.linalg.LinAlgError:
        return np.full_like(a, np.nan) if a.ndim == 2 else np.stack([_inv(m) for m in a])


def _cholesky(a):
    """The factors over the last two axes; NaN where there is none, in a branch not taken."""
    try:
        return np.linalg.cholesky(a)
    except np.linalg.LinAlgError:
        return np.full_like(a, np.nan) if a.ndim == 2 else np.stack([_cholesky(m) for m in a])


def _finite_or_lost(a):
    """The matrices with 0 where an entry of a lower triangle is not finite; NaN for these, else 0.

    LAPACK's eigenvalues of a matrix with NaN may be any numbers.
    """
    finite = np.isfinite(np.tril(a)).all(axis=(-2, -1), keepdims=True)
    return np.where(finite, a, 0.0), np.where(finite, 0.0, np.nan).astype(a.dtype)


def _eigvalsh(a):
    """The eigenvalues of the lower triangles over the last two axes, in ascending order."""
    a, lost = _finite_or_lost(a)
    return np.linalg.eigvalsh(a) + lost[..., 0]


def _eigenvectors(a):
    """The eigenvectors of the same in columns, none of whose last entries is negative."""
    return _eigvalsh_and_eigenvectors(a)[1]


def _eigvalsh_and_eigenvectors(a):
    """Both by one decomposition."""
    a, lost = _finite_or_lost(a)
    values, vectors = np.linalg.eigh(a)
    vectors *= np.where(vectors[..., -1:, :] < 0.0, -1.0, 1.0).astype(a.dtype)
    return values + lost[..., 0], vectors + lost


def _inverse_gaps(v):
    """1/(v_j - v_i), 0 on the diagonal; NaN where the two are as close as roundings leave them."""
    count, gaps = v.shape[-1], v[..., None, :] - v[..., :, None]
    largest = np.abs(v).max(axis=-1, initial=0.0)[..., None, None]
    alike = np.abs(gaps) <= 32 * count * np.finfo(v.dtype).eps * largest
    return np.where(np.eye(count, dtype=bool), 0.0, 1.0 / np.where(alike, np.nan, gaps))


def _solve(a, b):
    """A⁻¹·b over the last axes; NaN where a matrix has no inverse, in a branch not taken."""
    try:
        return np.linalg.solve(a, b)
    except np.linalg.LinAlgError:
        if a.ndim == 2:
            return np.full_like(b, np.nan)
        rows = np.broadcast_to(b, (len(a), *b.shape[-2:]))
        return np.stack([_solve(m, row) for m, row in zip(a, rows, strict=True)])


def _logdet(a):
    """log det of the last two axes; NaN where the determinant is negative."""
    sign, value = np.linalg.slogdet(a)
    return np.where(sign > 0, value, np.where(sign == 0, value, np.full_like(value, np.nan)))[()]


def _side_by_side(column):
    """The column with each entry of all samples side by side in memory, where a sample has few.

    NumPy goes along memory: over thousands of samples then, not over 3 or 4 entries at a time.
    """
    few = column.size <= 16 * len(column) and len(column) > 64
    return np.asfortranarray(column) if few else column


def _row_by_row(*bars):
    """The arrays in C's order: those that samples side by side have made may be in another."""
    return tuple(np.asarray(bar, order="C") for bar in bars)


def _scatter(part, shape, index):
    """Zeros of a shape, with a part at an index."""
    whole = np.zeros(shape, dtype=np.asarray(part).dtype)
    whole[index] = part
    return whole


def _take(array, index):
    """The rows of an array at whole numbers, for as many samples as there are indices."""
    return array[index.astype(np.intp)]


def _take_each(array, index):
    """The rows of each sample's array at the sample's indices, or at those that all share."""
    rows = np.arange(len(array)).reshape(-1, *[1] * max(np.ndim(index) - 1, 0))
    return array[rows, index.astype(np.intp)]


def _segment_sum(values, index, shape):
    """Zeros of a shape, to whose rows at the indices the values are added."""
    whole = np.zeros(shape, dtype=values.dtype)
    np.add.at(whole, index.astype(np.intp), np.broadcast_to(values, (*index.shape, *shape[1:])))
    return whole


def _segment_sum_each(values, index, shape):
    """The same for each sample, whose number the shape begins with."""
    whole = np.zeros(shape, dtype=values.dtype)
    rows = np.arange(shape[0]).reshape(-1, *[1] * max(np.ndim(index) - 1, 0))
    np.add.at(whole, (rows, index.astype(np.intp)), values)
    return whole


def _take_along(array, index, axis):
    """The elements of an array whose places along an axis are the indices."""
    return np.take_along_axis(array, index.astype(np.intp), axis)


def _add_along(values, index, shape, axis):
    """Zeros of a shape, to whose elements at the indices along an axis the values are added."""
    whole = np.zeros(shape, dtype=values.dtype)
    places = list(np.ogrid[tuple(map(slice, index.shape[index.ndim - len(shape) :]))])
    places[axis] = index.astype(np.intp)
    np.add.at(whole, tuple(places), np.broadcast_to(values, index.shape))
    return whole


def _rows_of_turns(array):
    """One row a turn and sample, those of a turn side by side, of values by sample and turn."""
    return array.swapaxes(0, 1).reshape(-1, *array.shape[2:])


def _turns(rows, count):
    """The rows of each of so many turns."""
    return rows.reshape(count, len(rows) // count, *rows.shape[1:])
