"""The feed of a circuit: for each input and target, blocks of finite numbers in its shape."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from symback.errors import DataError
from symback.training.feed.columns import Binding, Leaf, bind_sizes, gaps, leaves_of, match_leaves
from symback.training.sources import open_source
from symback.training.sources.dtypes import DTYPES, Array, first_not_finite
from symback.training.sources.source import Source, cell_place, refuse_inexact

DIGEST_BLOCKS = 64
DIGEST_ROWS = 1024
_TILE = 1 << 18  # bytes that are read together: they stay in the cache
_PIECE = 1 << 12  # but as many of a column, where there are many: each costs a call


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to open the same feed of files elsewhere; it can be pickled and copied."""

    paths: tuple[str, ...]
    leaves: tuple[Leaf, ...]
    mapping: Mapping[str, str]
    delimiter: str
    dtype: str

    def open(self) -> Feed:
        return open_feed(
            list(self.paths),
            self.leaves,
            mapping=self.mapping,
            delimiter=self.delimiter,
            dtype=self.dtype,
        )


class Feed(AbstractContextManager["Feed"]):
    """Rows of finite numbers for the leaves of a circuit; a context manager.

    `columns` maps each leaf to its column or family, `shapes` the shapes with all sizes in
    numbers, `recipe` how to open the feed in another process (None for data in memory).
    """

    def __init__(
        self,
        source: Source,
        bindings: Sequence[Binding],
        dtype: np.dtype[Any],
        recipe: Recipe | None,
    ) -> None:
        self.shapes = bind_sizes(source, bindings)
        self.sizes = {
            size: length
            for binding in bindings
            for size, length in zip(binding.leaf.shape, self.shapes[binding.leaf.name], strict=True)
            if isinstance(size, str)
        }
        groups = dict.fromkeys(f.group for f in bindings)
        source.select([name for group in groups for name in group])
        self.columns = {f.leaf.name: f.column for f in bindings}
        self.leaves = tuple(f.leaf for f in bindings)
        self.rows = source.rows
        self.dtype, self.recipe = dtype, recipe
        self.notes = (*source.notes, *(note for f in bindings if (note := gaps(f))))
        self._source, self._groups = source, tuple(groups)
        together = max(_TILE, _PIECE * self._pieces())
        self._tile = max(1, together // self.bytes_per_row)
        self._bindings = tuple((f, self._groups.index(f.group)) for f in bindings)

    @property
    def bytes_per_row(self) -> int:
        return sum(prod(shape) for shape in self.shapes.values()) * self.dtype.itemsize

    def read(
        self, start: int, stop: int, out: Mapping[str, Array] | None = None
    ) -> dict[str, Array]:
        """The rows start ≤ row < stop of each leaf, of shape (rows, *shape), the caller's own.

        They are written into the arrays of `out` where these are given. Raises DataError with
        file, row and column for what is not finite, for whole numbers that float64 does not have,
        and for a file that changed.
        """
        if not 0 <= start <= stop <= self.rows:
            raise IndexError(f"rows {start} to {stop} of {self.rows}")
        rows = stop - start
        found = {
            name: np.empty((rows, *shape), self.dtype) if out is None else out[name][:rows]
            for name, shape in self.shapes.items()
        }
        for at in range(start, stop, self._tile):
            end = min(at + self._tile, stop)
            blocks = self._source.read(self._groups, at, end)
            for binding, i in self._bindings:
                target = found[binding.leaf.name][at - start : end - start]
                self._fill(target, binding, blocks[i], at)
        return found

    def place(self, row: int, leaf: str | None = None) -> str:
        """Where row `row`, counted from 0, stands in the data, as messages say it."""
        alone = [f.column for f, _ in self._bindings if f.leaf.name == leaf and not f.is_family]
        return self._source.place(row, alone[0] if alone else None)

    def files_of(self, leaf: str) -> list[str]:
        """The names of the files that feed a leaf."""
        group = next(f.group for f, _ in self._bindings if f.leaf.name == leaf)
        return list(dict.fromkeys(map(self._source.file_of, group)))

    def digest(self) -> str:
        """A fingerprint of the data: those of all leaves."""
        return hashlib.sha256(repr(self.digests()).encode()).hexdigest()

    def digests(self) -> dict[str, str]:
        """A fingerprint of each leaf: shape, rows, and the numbers of blocks evenly spread.

        Equal for the same numbers in another file or place; an edit of a few rows outside the
        blocks of a large file goes unnoticed.
        """
        found = {
            name: hashlib.sha256(repr((self.rows, self.dtype.str, shape)).encode())
            for name, shape in self.shapes.items()
        }
        last = max(0, self.rows - DIGEST_ROWS)
        starts = {last * i // (DIGEST_BLOCKS - 1) for i in range(DIGEST_BLOCKS)}
        if self.rows <= DIGEST_BLOCKS * DIGEST_ROWS:
            starts = set(range(0, self.rows, DIGEST_ROWS))
        for start in sorted(starts):
            for name, block in self.read(start, min(start + DIGEST_ROWS, self.rows)).items():
                plain = block.astype(block.dtype.newbyteorder("<"), copy=False)
                found[name].update(plain.tobytes())
        return {name: known.hexdigest() for name, known in found.items()}

    def close(self) -> None:
        self._source.close()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _pieces(self) -> int:
        columns = self._source.columns
        return sum(columns[name].pieces for group in self._groups for name in group)

    def _fill(self, target: Array, binding: Binding, block: Array, start: int) -> None:
        """Write a block of rows as numbers of the feed's type, in the shape of the leaf."""
        refuse_inexact(self._source, block, binding.group, start)
        with np.errstate(over="ignore"):  # what is beyond the range of float32 is found below
            target.reshape(block.shape)[...] = block
        at = first_not_finite(target)
        if at is not None:
            value = block[np.unravel_index(at, block.shape)]
            beyond = f"beyond the range of {self.dtype}; rescale the column"
            why = beyond if np.isfinite(value) else "not finite; correct it or remove the row"
            place = cell_place(self._source, block, binding.group, start, at)
            raise DataError(f"{place}: {value} is {why}")


def open_feed(
    data: Any,
    leaves: Sequence[Leaf],
    *,
    mapping: Mapping[str, str] | None = None,
    delimiter: str = ",",
    dtype: str = "float64",
) -> Feed:
    """The feed of the leaves from a path, a list of paths side by side, or a mapping of arrays.

    A leaf takes the column of its own name unless `mapping` names another. A name with a star
    gathers a family of columns into an array: `{"x": "pixel_*"}`, ordered by number, row by row.
    Raises DataError for whatever is wrong with the data or with their mapping to leaves.
    """
    if dtype not in DTYPES:
        raise DataError(f"dtype is {dtype!r:.30}; choose float64 or float32")
    if not leaves:
        raise DataError("the circuit has no inputs; there is nothing that data could feed")
    source = open_source(data, delimiter=delimiter)
    try:
        bindings = match_leaves(source, leaves, mapping)
        recipe = None
        if (paths := _paths(data)) is not None:
            recipe = Recipe(paths, tuple(leaves), dict(mapping or {}), delimiter, dtype)
        return Feed(source, bindings, np.dtype(dtype), recipe)
    except BaseException:
        source.close()
        raise


def _paths(data: Any) -> tuple[str, ...] | None:
    """The paths of the data from the root, or None where they are not files."""
    if isinstance(data, str | os.PathLike):
        data = [data]
    if not isinstance(data, list | tuple):
        return None
    return tuple(os.path.abspath(os.fspath(path)) for path in data)


__all__ = ["Feed", "Leaf", "Recipe", "leaves_of", "open_feed"]
