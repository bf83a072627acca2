"""Arrays of any objects, in plain Python: entries that are SymPy expressions, balls or names.

NumPy's arrays of objects would do, but reading and deriving also run where NumPy does not exist.
Names and rules (order of entries, broadcasting, negative indices) are NumPy's.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from typing import Any

Index = tuple[int, ...]
IndexPart = int | slice | tuple[int | slice, ...]


class Entries:
    """An immutable array: its shape, and its entries row by row.

    >>> a = Entries((2, 3), range(6))
    >>> a[1, 2], a.T.tolist(), (a + a[0] * 10).tolist()
    (5, [[0, 3], [1, 4], [2, 5]], [[0, 11, 22], [3, 14, 25]])
    """

    __slots__ = ("flat", "shape")

    def __init__(self, shape: Iterable[int], flat: Iterable[Any]) -> None:
        self.shape = tuple(shape)
        self.flat = list(flat)
        if len(self.flat) != math.prod(self.shape):
            raise ValueError(f"{len(self.flat)} entries for the shape {self.shape}")

    @classmethod
    def of(cls, shape: Iterable[int], entry: Callable[[Index], Any]) -> Entries:
        """An array whose entries are a function of their index."""
        shape = tuple(shape)
        return cls(shape, map(entry, indices(shape)))

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return len(self.flat)

    def item(self) -> Any:
        """The only entry."""
        (entry,) = self.flat
        return entry

    def tolist(self) -> Any:
        """Nested lists; the entry itself where there are no axes."""
        rows: list[Any] = self.flat
        for axis in reversed(range(self.ndim)):
            rows = _chunks(rows, math.prod(self.shape[:axis]), self.shape[axis])
        return rows[0]

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("an array without axes has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, part: IndexPart) -> Any:
        """An entry, or the array of a part."""
        found = self.part(part)
        return found if found.shape or isinstance(part, slice) else found.item()

    def __repr__(self) -> str:
        return f"Entries({self.tolist()!r})"

    # -- the same entries in another order ---------------------------------------------------

    def part(self, part: IndexPart) -> Entries:
        """What an index of NumPy's names, also a single entry, as an array."""
        shape, places = self.places(part)
        return Entries(shape, [self.flat[i] for i in places])

    def places(self, part: IndexPart) -> tuple[Index, list[int]]:
        """The shape of a part, and where its entries stand among all."""
        parts = part if isinstance(part, tuple) else (part,)
        if len(parts) > self.ndim:
            raise IndexError(f"{len(parts)} indices for {self.ndim} axes")
        shape, kept, start = [], [], 0
        steps = _steps(self.shape)
        for i, (length, step) in enumerate(zip(self.shape, steps, strict=True)):
            one = parts[i] if i < len(parts) else slice(None)
            chosen = range(length)[one]
            if isinstance(chosen, range):
                start += (chosen.start if len(chosen) else 0) * step
                shape.append(len(chosen))
                kept.append(chosen.step * step)
            else:
                start += chosen * step
        return tuple(shape), _places(shape, kept, start)

    def _view(self, shape: Sequence[int], steps: Sequence[int]) -> Entries:
        return Entries(shape, [self.flat[i] for i in _places(shape, steps)])

    def reshape(self, shape: Iterable[int]) -> Entries:
        return Entries(shape, self.flat)

    @property
    def T(self) -> Entries:
        return self._view(self.shape[::-1], _steps(self.shape)[::-1])

    def permuted(self, axes: Sequence[int]) -> Entries:
        """The array whose axis k is the axis axes[k] of this one."""
        steps = _steps(self.shape)
        return self._view([self.shape[i] for i in axes], [steps[i] for i in axes])

    def with_axis_last(self, axis: int) -> Entries:
        """The array with one axis moved behind the others."""
        return self.permuted(_axes_last(self.ndim, [axis]))

    def with_last_axis_at(self, axis: int) -> Entries:
        """The inverse of `with_axis_last`."""
        return self.permuted(_inverse(_axes_last(self.ndim, [axis])))

    def lanes(self, axes: Sequence[int]) -> Entries:
        """The array with some axes as one, behind the others."""
        moved = self.permuted(_axes_last(self.ndim, axes))
        kept = moved.shape[: self.ndim - len(axes)]
        return moved.reshape((*kept, math.prod(moved.shape[len(kept) :])))

    def from_lanes(self, shape: Sequence[int], axes: Sequence[int]) -> Entries:
        """The inverse of `lanes`, for an array of that shape."""
        order = _axes_last(len(shape), axes)
        return self.reshape(shape[i] for i in order).permuted(_inverse(order))

    def window_places(self, sizes: Sequence[int], steps: Sequence[int]) -> tuple[Index, list[int]]:
        """The shape of the windows along the last axes, and where their entries stand."""
        count, own = len(sizes), _steps(self.shape)
        lengths = zip(self.shape[-count:], sizes, steps, strict=True)
        places = [(n - w) // step + 1 for n, w, step in lengths]
        shape = (*self.shape[:-count], *places, *sizes)
        apart = [n * step for n, step in zip(own[-count:], steps, strict=True)]
        return shape, _places(shape, (*own[:-count], *apart, *own[-count:]))

    def diagonal(self) -> Entries:
        """The diagonal of a matrix."""
        length = min(self.shape)
        return self._view([length], [sum(_steps(self.shape))])

    def rows(self) -> list[list[Any]]:
        """The entries along the last axis, for every index of the other axes."""
        return _chunks(self.flat, math.prod(self.shape[:-1]), self.shape[-1])

    def expand_dims(self, axis: int) -> Entries:
        """The array with one more axis, of length 1."""
        at = axis % (self.ndim + 1)
        return self.reshape((*self.shape[:at], 1, *self.shape[at:]))

    def broadcast_to(self, shape: Sequence[int]) -> Entries:
        """Entries repeated along new axes and those of length 1; ValueError where they can't be."""
        shape = tuple(shape)
        if shape == self.shape:
            return self
        lead = len(shape) - self.ndim
        pairs = zip(self.shape, shape[max(lead, 0) :], strict=False)
        if lead < 0 or any(own not in (1, wanted) for own, wanted in pairs):
            raise ValueError(f"the shape {self.shape} can't be broadcast to {shape}")
        own_steps = zip(self.shape, _steps(self.shape), strict=True)
        steps = [0] * lead + [0 if own == 1 else step for own, step in own_steps]
        return self._view(shape, steps)

    # -- arithmetic, entry by entry -----------------------------------------------------------

    def map(self, function: Callable[[Any], Any]) -> Entries:
        return Entries(self.shape, map(function, self.flat))

    def _with(self, other: Any, function: Callable[[Any, Any], Any]) -> Entries:
        """A function of both, entry by entry; what is not an array is an entry."""
        if not isinstance(other, Entries):
            return Entries(self.shape, [function(u, other) for u in self.flat])
        one, two = broadcast(self, other)
        return Entries(one.shape, map(function, one.flat, two.flat))

    def __neg__(self) -> Entries:
        return self.map(operator.neg)

    def __add__(self, other: Any) -> Entries:
        return self._with(other, operator.add)

    def __sub__(self, other: Any) -> Entries:
        return self._with(other, operator.sub)

    def __mul__(self, other: Any) -> Entries:
        return self._with(other, operator.mul)

    def __truediv__(self, other: Any) -> Entries:
        return self._with(other, operator.truediv)


def indices(shape: Iterable[int]) -> Iterator[Index]:
    """Every index of an array of that shape, row by row."""
    return product(*map(range, shape))


def boxed(value: Any) -> Entries:
    """One entry as an array without axes."""
    return Entries((), [value])


def vector(values: Iterable[Any]) -> Entries:
    flat = list(values)
    return Entries((len(flat),), flat)


def nested(value: Any) -> Entries:
    """An array from nested lists or tuples of one length an axis, or from a single entry."""
    shape, flat = [], [value]
    while flat and isinstance(flat[0], list | tuple):
        shape.append(len(flat[0]))
        flat = [entry for row in flat for entry in row]
    return Entries(shape, flat)


def full(shape: Iterable[int], value: Any) -> Entries:
    shape = tuple(shape)
    return Entries(shape, [value] * math.prod(shape))


def broadcast(*arrays: Entries) -> list[Entries]:
    """All of them in the shape that they have in common; ValueError where they have none."""
    rank = max((x.ndim for x in arrays), default=0)
    shape = [1] * rank
    for x in arrays:
        for i, length in enumerate(x.shape, rank - x.ndim):
            shape[i] = length if shape[i] == 1 else shape[i]
    return [x.broadcast_to(shape) for x in arrays]


def concatenate(arrays: Sequence[Entries], axis: int) -> Entries:
    """The arrays end to end along an axis; ValueError where another axis differs."""
    moved = [x.with_axis_last(axis) for x in arrays]
    lead, *others = {x.shape[:-1] for x in moved}
    if others:
        raise ValueError(f"the shapes {', '.join(str(x.shape) for x in arrays)} don't fit")
    length = sum(x.shape[-1] for x in moved)
    sides = zip(*(x.rows() for x in moved), strict=True)
    flat = [entry for rows in sides for row in rows for entry in row]
    return Entries((*lead, length), flat).with_last_axis_at(axis)


def contract(x: Entries, y: Entries, total: Callable[[list[Any]], Any]) -> Entries:
    """A product of matrices or vectors: `total` of the products of a row and a column.

    Raises ValueError where the lengths differ.
    """
    columns = y if y.ndim == 1 else y.with_axis_last(y.ndim - 2)
    products = [
        total([u * v for u, v in zip(row, column, strict=True)])
        for row in x.rows()
        for column in columns.rows()
    ]
    return Entries((*x.shape[:-1], *columns.shape[:-1]), products)


def outer(x: Entries, y: Entries) -> Entries:
    """Every entry of the one times every entry of the other."""
    return Entries((*x.shape, *y.shape), [u * v for u in x.flat for v in y.flat])


def _axes_last(rank: int, axes: Sequence[int]) -> list[int]:
    """All axes, those that are named behind the others."""
    last = [axis % rank for axis in axes]
    return [*(i for i in range(rank) if i not in last), *last]


def _inverse(order: Sequence[int]) -> list[int]:
    return [order.index(i) for i in range(len(order))]


def _chunks(values: list[Any], count: int, length: int) -> list[list[Any]]:
    return [values[i * length : (i + 1) * length] for i in range(count)]


def _steps(shape: Sequence[int]) -> list[int]:
    """How far apart neighbours along each axis stand."""
    steps = [1] * len(shape)
    for i in range(len(shape) - 1, 0, -1):
        steps[i - 1] = steps[i] * shape[i]
    return steps


def _places(shape: Sequence[int], steps: Sequence[int], start: int = 0) -> list[int]:
    """Where the entries of a regular part stand, row by row."""
    places = [start]
    for length, step in zip(shape, steps, strict=True):
        offsets = [i * step for i in range(length)]
        places = [place + offset for place in places for offset in offsets]
    return places


__all__ = [
    "Entries",
    "Index",
    "boxed",
    "broadcast",
    "concatenate",
    "contract",
    "full",
    "indices",
    "nested",
    "outer",
    "vector",
]
