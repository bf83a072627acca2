"""The arrays of a module's Params and Inputs, from the numbers of an explicit circuit and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from types import MappingProxyType, ModuleType
from typing import Any, Self

import numpy as np

from symback.truth.entries import EntryMap

NOTHING: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ModuleEntries(EntryMap):
    """An entry map with the arrays, NumPy's, that a module takes and gives."""

    @classmethod
    def of(cls, entry_map: EntryMap) -> Self:
        names = [f.name for f in fields(EntryMap) if not f.name.startswith("_")]
        return cls(**{name: getattr(entry_map, name) for name in names})

    def pack(self, kind: Any, point: Mapping[str, float]) -> Any:
        """Params or Inputs of one sample from the numbers of a point."""
        if not self.entries:
            return kind(**{name: point[name] for name in point if name in kind._fields})
        return kind(**{name: self._array(name, point) for name in kind._fields})

    def pack_batch(
        self,
        kind: Any,
        points: Sequence[Mapping[str, float]],
        shared: Mapping[str, float] = NOTHING,
    ) -> Any:
        """Inputs with a batch axis from many points, and without one where these share numbers."""
        rows = [self.pack(kind, {**shared, **point}) for point in points]
        columns = dict(zip(kind._fields, zip(*rows, strict=True), strict=True))
        once = {name for name in columns if not shared.keys().isdisjoint(self._numbers_of(name))}
        return kind(
            *(
                column[0] if column[0] is None or name in once else np.array(column)
                for name, column in columns.items()
            )
        )

    def _numbers_of(self, name: str) -> Sequence[str]:
        return self.entries[name].flat if self.entries else (name,)

    def _array(self, name: str, point: Mapping[str, float]) -> Any:
        names = self.entries[name]
        if any(entry not in point for entry in names.flat):
            return None
        return np.array(names.map(point.__getitem__).tolist())[()]

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
        array, index = self.place_of(name)
        place: Any = (..., *index)
        return np.asarray(getattr(values, array))[place][()]

    def output(self, value: Any) -> Any:
        """The explicit output from the module's: a weighted sum of the entries of an array."""
        if self.weights is None:
            return value
        axes = tuple(range(-self.weights.ndim, 0))
        return np.sum(np.asarray(value) * self.weights.tolist(), axis=axes)

    def seed(self, weight: Any) -> Any:
        """The adjoint of the module's output for one of the explicit output."""
        if self.weights is None:
            return weight
        return np.asarray(weight)[(..., *[None] * self.weights.ndim)] * self.weights.tolist()

    @contextmanager
    def fitted(self, module: ModuleType) -> Iterator[None]:
        """Let the module take arrays of the sizes of this layout, inside the block."""
        shapes = {}
        for name, shape in self.shapes.items():  # a size with a name keeps it
            pairs = zip(module.SHAPES[name], shape, strict=True)
            shapes[name] = tuple(own if isinstance(own, str) else n for own, n in pairs)
        with with_constants(module, **({"SHAPES": {**module.SHAPES, **shapes}} if shapes else {})):
            yield


@contextmanager
def with_constants(module: ModuleType, **values: Any) -> Iterator[None]:
    """The module with other values of its constants inside the block, as a user may set them."""
    before = {name: getattr(module, name) for name in values}
    vars(module).update(values)
    try:
        yield
    finally:
        vars(module).update(before)


NUMBERS = ModuleEntries()

__all__ = ["NUMBERS", "ModuleEntries", "with_constants"]
