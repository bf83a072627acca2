"""Rows of one structured type, as they lie in structured .npy files and in what is put aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from symback.training.sources.dtypes import Array
from symback.training.sources.source import Column, ColumnGroup, Source, refuse_inexact
from symback.training.sources.storage import Spool, Stored

_TILE = 512  # rows whose fields are collected while they are in the cache


class Records:
    """Rows of one structured type, one behind the other."""

    def __init__(self, stored: Stored, offset: int, dtype: np.dtype[Any], rows: int) -> None:
        self._stored, self._offset = stored, offset
        self.dtype, self.rows = dtype, rows

    def block(self, start: int, stop: int) -> Array:
        size = self.dtype.itemsize
        found = self._stored.fetch(self._offset + start * size, (stop - start) * size)
        return found.view(self.dtype)

    def take(self, block: Array, names: tuple[str, ...]) -> Array:
        """The field of the name, of shape (rows, …), or several of one number, (rows, names)."""
        if len(names) == 1:
            return block[names[0]]
        fields = [field(self.dtype, name) for name in names]
        types = {dtype for dtype, _ in fields}
        base, first = fields[0]
        step = base.itemsize
        if len(types) == 1 and [at for _, at in fields] == [
            first + i * step for i in range(len(fields))
        ]:
            strides = (self.dtype.itemsize, step)
            return np.ndarray((len(block), len(names)), base, block, first, strides)
        found = np.empty((len(block), len(names)), np.result_type(*types))
        for start in range(0, len(block), _TILE):
            tile, target = block[start : start + _TILE], found[start : start + _TILE]
            for i, name in enumerate(names):
                target[:, i] = tile[name]
        return found


class RecordSource(Source):
    """A source whose rows lie one behind the other: a range of them is one read."""

    _records: Records

    def read(self, groups: Sequence[ColumnGroup], start: int, stop: int) -> list[Array]:
        block = self._records.block(start, stop)
        for group in groups:
            if len({self.columns[name].dtype for name in group}) > 1:  # become one type
                for name in group:
                    refuse_inexact(self, block[name], (name,), start)
        return [self._records.take(block, group) for group in groups]

    def _fields(self, records: Records, names: Sequence[str]) -> dict[str, Column]:
        """The columns of the named fields."""
        self._records = records

        def column(name: str) -> Column:
            dtype, at = field(records.dtype, name)
            part = np.dtype(
                {
                    "names": [name],
                    "formats": [dtype],
                    "offsets": [at],
                    "itemsize": records.dtype.itemsize,
                }
            )
            return Column(
                (records.rows, *dtype.shape),
                dtype.base,
                lambda start, stop: records.block(start, stop).view(part)[name],
            )

        return {name: column(name) for name in names}


class SpooledSource(RecordSource):
    """A source whose chosen columns are read once and put aside."""

    _spool: Spool | None = None

    def close(self) -> None:
        if self._spool is not None:
            self._spool.close()

    def _renewed(self) -> Spool:
        """An empty spool, in place of what was put aside before."""
        if self._spool is not None:
            self._spool.close()
        self._spool = Spool(self.name)
        return self._spool


def field(dtype: np.dtype[Any], name: str) -> tuple[np.dtype[Any], int]:
    """The type of a field of a structured type, and its offset."""
    fields: Mapping[str, Any] = dtype.fields or {}
    base, at, *_ = fields[name]
    return base, at
