"""Arrays of objects in plain Python, beside NumPy's."""

import itertools

import numpy as np
import pytest

from symback.operations.entries import (
    Entries,
    boxed,
    broadcast,
    concatenate,
    contract,
    full,
    indices,
    nested,
    outer,
    vector,
)

SHAPES = [(), (1,), (3,), (2, 3), (3, 1), (1, 4), (2, 3, 4), (2, 1, 4), (2, 3, 4, 2)]


def both(shape, start=1):
    """The same numbers as ours and as NumPy's."""
    theirs = np.arange(start, start + int(np.prod(shape))).reshape(shape)
    return nested(theirs.tolist()), theirs


def same(ours, theirs):
    theirs = np.asarray(theirs)
    assert ours.shape == theirs.shape and ours.ndim == theirs.ndim and ours.size == theirs.size
    assert ours.flat == theirs.ravel().tolist() and ours.tolist() == theirs.tolist()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_one_array(shape):
    ours, theirs = both(shape)
    same(ours, theirs)
    same(ours.T, theirs.T)
    same(-ours, -theirs)
    same(ours.map(lambda u: u * u), theirs**2)
    same(ours.reshape((ours.size,)), theirs.ravel())
    same(Entries.of(shape, lambda index: theirs[index]), theirs)
    assert list(indices(shape)) == list(np.ndindex(*shape))
    assert [ours[i] for i in indices(shape)] == theirs.ravel().tolist()
    for axis in range(-theirs.ndim - 1, theirs.ndim + 1):
        same(ours.expand_dims(axis), np.expand_dims(theirs, axis))
    for axis in range(-theirs.ndim, theirs.ndim):
        last = ours.with_axis_last(axis)
        same(last, np.moveaxis(theirs, axis, -1))
        same(last.with_last_axis_at(axis), theirs)
        assert last.rows() == np.moveaxis(theirs, axis, -1).reshape(-1, shape[axis]).tolist()
        same(concatenate([ours, ours + 100], axis), np.concatenate([theirs, theirs + 100], axis))


ONE_AXIS = [0, -1, 1, slice(None), slice(1, None), slice(0, 2), slice(-2, -1), slice(2, 2)]


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 3, 4)], ids=str)
def test_parts(shape):
    ours, theirs = both(shape)
    for count in range(1, len(shape) + 1):
        for part in itertools.product(ONE_AXIS, repeat=count):
            same(ours.part(part), theirs[part])
    same(ours[1:], theirs[1:])
    assert [np.asarray(row).tolist() for row in ours] == theirs.tolist()
    for wrong in (7, -9, (0,) * (len(shape) + 1)):
        with pytest.raises(IndexError):
            ours.part(wrong)


@pytest.mark.parametrize(("one", "two"), list(itertools.product(SHAPES, repeat=2)), ids=str)
def test_two_arrays(one, two):
    (a, x), (b, y) = both(one), both(two, 50)
    same(outer(a, b), np.multiply.outer(x, y))
    try:
        expected = np.broadcast_shapes(one, two)
    except ValueError:
        for refused in (lambda: a + b, lambda: broadcast(a, b), lambda: broadcast(b, a)):
            with pytest.raises(ValueError, match="broadcast"):
                refused()
        return
    assert [z.shape for z in broadcast(a, b)] == [expected] * 2
    same(a.broadcast_to(expected), np.broadcast_to(x, expected))
    for ours, theirs in ((a + b, x + y), (a - b, x - y), (a * b, x * y), (a / b, x / y)):
        same(ours, theirs)


@pytest.mark.parametrize(
    ("one", "two"), [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4))], ids=str
)
def test_products(one, two):
    (a, x), (b, y) = both(one), both(two, 7)
    same(contract(a, b, sum), x @ y)
    with pytest.raises(ValueError, match="zip"):
        contract(a, concatenate([b, b], 0), sum)


def test_what_does_not_fit():
    wide, long = full((2, 3), 0), full((3, 2), 0)
    with pytest.raises(ValueError, match="don't fit"):
        concatenate([wide, long], 0)
    with pytest.raises(ValueError, match="5 entries for the shape"):
        Entries((2, 3), range(5))
    with pytest.raises(ValueError, match="can't be broadcast"):
        wide.broadcast_to((3,))
    with pytest.raises(TypeError, match="without axes"):
        len(boxed(1))


def test_the_others():
    same(full((2, 3), 7), np.full((2, 3), 7))
    same(vector("ab").map(ord), [97, 98])
    same(both((3, 3))[0].diagonal(), np.diagonal(both((3, 3))[1]))
    assert boxed("x").item() == boxed("x").tolist() == "x"
    assert repr(vector([1, 2])) == "Entries([1, 2])"
