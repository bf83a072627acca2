"""How the arrays of a module correspond to the numbers of an explicit circuit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

from symback.operations.definitions import Entries


@dataclass(frozen=True, slots=True)
class EntryMap:
    """Which number is which entry of which array; for a circuit of numbers the identity."""

    entries: Mapping[str, Entries] = field(default_factory=dict)  # leaf → names of its entries
    sizes: Mapping[str, int] = field(default_factory=dict)
    shapes: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)  # for the module's SHAPES
    distributions: tuple[str, ...] = ()
    classes: Mapping[str, int] = field(default_factory=dict)
    weights: Any = None  # of the output's entries in the explicit output; None for a number
    may_overflow: tuple[str, ...] = ()  # starts of the names of entries that may exceed float64
    factorised: tuple[Entries, ...] = ()  # names of the entries of each matrix
    _places: dict[str, tuple[str, tuple[int, ...]]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for array, names in self.entries.items():
            self._places.update((names[i], (array, i)) for i in np.ndindex(names.shape))

    @property
    def has_arrays(self) -> bool:
        return bool(self.entries)

    def pack(self, kind: Any, point: Mapping[str, float]) -> Any:
        """Params or Inputs of one sample from the numbers of a point."""
        if not self.entries:
            return kind(**{name: point[name] for name in point if name in kind._fields})
        return kind(**{name: self._array(name, point) for name in kind._fields})

    def pack_batch(self, kind: Any, points: Sequence[Mapping[str, float]]) -> Any:
        """Inputs with a batch axis from many points."""
        rows = [self.pack(kind, point) for point in points]
        return kind(*(None if r[0] is None else np.array(r) for r in zip(*rows, strict=True)))

    def _array(self, name: str, point: Mapping[str, float]) -> Any:
        names = self.entries[name]
        if any(entry not in point for entry in names.flat):
            return None
        return np.array([point[entry] for entry in names.flat]).reshape(names.shape)[()]

    def unpack(self, values: Any) -> dict[str, float]:
        """The numbers of Params, by the names of the explicit circuit."""
        if not self.entries:
            return {name: float(value) for name, value in values._asdict().items()}
        numbers: dict[str, float] = {}
        for name, value in values._asdict().items():
            numbers.update(zip(self.entries[name].flat, np.ravel(value).tolist(), strict=True))
        return numbers

    def entry(self, values: Any, name: str) -> Any:
        """One number of Params or Inputs, or its values for a batch."""
        if not self.entries:
            return getattr(values, name)
        array, index = self._places[name]
        place: Any = (..., *index)
        return np.asarray(getattr(values, array))[place][()]

    def array_of(self, name: str) -> str:
        """The array that a number is an entry of."""
        return self._places[name][0] if self.entries else name

    def output(self, value: Any) -> Any:
        """The explicit output from the module's: a weighted sum of the entries of an array."""
        if self.weights is None:
            return value
        axes = tuple(range(-self.weights.ndim, 0))
        return np.sum(np.asarray(value) * self.weights, axis=axes)

    def seed(self, weight: Any) -> Any:
        """The adjoint of the module's output for one of the explicit output."""
        if self.weights is None:
            return weight
        return np.asarray(weight)[(..., *[None] * self.weights.ndim)] * self.weights

    def constrain(self, sample: dict[str, float], rng: np.random.Generator) -> None:
        """Make targets what they must be: rows that add up to 1, the index of a class."""
        for name in self.distributions:
            rows = self.entries[name].reshape(-1, self.entries[name].shape[-1])
            for row in rows:
                parts = rng.multinomial(8, [1 / len(row)] * len(row))
                sample.update(zip(row.tolist(), (parts / 8).tolist(), strict=True))
        for name, count in self.classes.items():
            sample[self.entries[name].item()] = float(rng.integers(count))

    @contextmanager
    def fitted(self, module: ModuleType) -> Iterator[None]:
        """Let the module take arrays of the sizes of this layout, inside the block."""
        before = dict(module.SHAPES) if self.shapes else {}
        if self.shapes:
            module.SHAPES.update(self.shapes)
        try:
            yield
        finally:
            if before:
                module.SHAPES.update(before)


NUMBERS = EntryMap()

__all__ = ["NUMBERS", "EntryMap"]
