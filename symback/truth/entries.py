"""How the entries of arrays correspond to the numbers of an explicit circuit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from symback.operations.entries import Entries, indices

PARTS = 8  # of which each entry of a row gets some: short numbers, whose sum is exactly 1


@dataclass(frozen=True, slots=True)
class EntryMap:
    """Which number is which entry of which array; for a circuit of numbers the identity."""

    entries: Mapping[str, Entries] = field(default_factory=dict)  # leaf → names of its entries
    sizes: Mapping[str, int] = field(default_factory=dict)
    shapes: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)  # for the module's SHAPES
    distributions: tuple[str, ...] = ()
    classes: Mapping[str, int] = field(default_factory=dict)
    weights: Entries | None = None  # of the output's entries in the explicit output
    may_overflow: tuple[str, ...] = ()  # starts of the names of entries that may exceed float64
    factorised: tuple[Entries, ...] = ()  # names of the entries of each matrix
    computed: Mapping[str, Entries] = field(default_factory=dict)  # node → names of its entries
    scaled: tuple[str, ...] = ()  # starts of the names of norms, whose squares may exceed float64
    _places: dict[str, tuple[str, tuple[int, ...]]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for array, names in self.entries.items():
            places = zip(names.flat, indices(names.shape), strict=True)
            self._places.update((name, (array, index)) for name, index in places)

    @property
    def has_arrays(self) -> bool:
        return bool(self.entries)

    def array_of(self, name: str) -> str:
        """The array that a number is an entry of."""
        return self.place_of(name)[0] if self.entries else name

    def place_of(self, name: str) -> tuple[str, tuple[int, ...]]:
        """The array that a number is an entry of, and the entry's index."""
        return self._places[name]

    def constrain(self, sample: dict[str, float], below: Callable[[int], int]) -> None:
        """Make targets what they must be: rows that add up to 1, the index of a class.

        `below` draws a whole number below another.
        """
        for name in self.distributions:
            for row in self.entries[name].rows():
                sample.update(dict.fromkeys(row, 0.0))
                for _ in range(PARTS):
                    sample[row[below(len(row))]] += 1 / PARTS
        for name, count in self.classes.items():
            for entry in self.entries[name].flat:
                sample[entry] = float(below(count))


__all__ = ["EntryMap"]
