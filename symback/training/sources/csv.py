"""CSV files as sources: read once, as a stream, the chosen columns put aside as float64."""

from __future__ import annotations

import os

import numpy as np

from symback.training.sources.csv_table import TableReader
from symback.training.sources.records import Records, SpooledSource
from symback.training.sources.source import Column, Source


class CsvSource(SpooledSource):
    """The columns of a CSV file; selecting columns reads its text from beginning to end."""

    def __init__(self, path: str | os.PathLike[str], delimiter: str) -> None:
        self._path, self._delimiter = path, delimiter
        self._table = TableReader(path, delimiter=delimiter)
        self._read = False
        super().__init__(self._table.file, dict.fromkeys(self._table.header, ()))
        self.notes = self._table.notes

    def hint(self, name: str) -> str:
        return self._table.hint(name)

    def close(self) -> None:
        self._table.close()
        super().close()

    def _open_columns(self, names: list[str]) -> dict[str, Column]:
        if self._read:  # other columns are wanted now
            self._table.close()
            self._table = TableReader(self._path, delimiter=self._delimiter)
        self._read = True
        spool = self._renewed()
        for block in self._table.blocks(names):
            spool.append(block)
        self._table.close()
        dtype = np.dtype([(name, np.float64) for name in names])
        return self._fields(Records(spool, 0, dtype, spool.size // dtype.itemsize), names)

    def _row_place(self, row: int) -> str:
        return self._table.row_place(row)


def open_csv(path: str | os.PathLike[str], *, delimiter: str = ",") -> Source:
    """The source of a CSV file; its header is read at once, its rows when columns are selected."""
    return CsvSource(path, delimiter)
