"""Sources: named columns of one length, read by ranges of rows in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np

from symback.errors import DataError, nearest
from symback.training.sources.dtypes import Array, first_inexact
from symback.training.sources.messages import listing, quoted, shorten

ColumnGroup = tuple[str, ...]  # of columns that are wanted as one array


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `shape` is (n, …), and `read(start, stop)` gives a range of its rows.

    A range is read in as many pieces as `pieces` says. What `read` gives may be a view.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[int, int], Array]
    pieces: int = 1


class Source(AbstractContextManager["Source"]):
    """Named columns of one length; a context manager.

    `elements` gives, before anything is read, the shape of each column in one row: () for a number,
    (k, …) for an array. `select` names the columns that are wanted, and only these are checked
    and read; without it `columns` and `rows` are those of all.
    """

    def __init__(self, name: str, elements: Mapping[str, tuple[int, ...]]) -> None:
        self.name = name
        self.elements = elements
        self.notes: tuple[str, ...] = ()
        self._columns: dict[str, Column] | None = None

    def select(self, names: Sequence[str]) -> None:
        """Make the named columns ready to be read; DataError for what is not numbers."""
        wanted = list(dict.fromkeys(names))
        for name in wanted:
            if name not in self.elements:
                raise DataError(f"{self.name} has no column {quoted(name)}{self.hint(name)}")
        self._columns = self._open_columns(wanted)
        self._check_rows()

    @property
    def columns(self) -> Mapping[str, Column]:
        if self._columns is None:
            self.select(list(self.elements))
        return self._columns or {}

    @property
    def rows(self) -> int:
        return next((column.shape[0] for column in self.columns.values()), 0)

    def read(self, groups: Sequence[ColumnGroup], start: int, stop: int) -> list[Array]:
        """A range of rows of each group: one column's, or several numbers' as (rows, names)."""
        return [self._gather(group, start, stop) for group in groups]

    def place(self, row: int, column: str | None = None) -> str:
        """Where row `row`, counted from 0, stands, as messages say it."""
        return self._row_place(row) + (f", column {quoted(column)}" if column is not None else "")

    def file_of(self, column: str) -> str:
        """The name of the file that has the column."""
        return self.name

    def hint(self, name: str) -> str:
        """What to try where there is no column `name`: ends the sentence of a message."""
        return nearest(name, self.elements) or f"; it has {listing(list(self.elements))}"

    def close(self) -> None:
        """Close the files."""

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open_columns(self, names: list[str]) -> dict[str, Column]:
        raise NotImplementedError

    def _row_place(self, row: int) -> str:
        return f"{self.name}, row {row + 1}"

    def _gather(self, group: ColumnGroup, start: int, stop: int) -> Array:
        if len(group) == 1:
            return self.columns[group[0]].read(start, stop)
        types = {self.columns[name].dtype for name in group}
        found = np.empty((stop - start, len(group)), np.result_type(*types))
        for i, name in enumerate(group):
            block = self.columns[name].read(start, stop)
            if block.dtype != found.dtype:
                refuse_inexact(self, block, (name,), start)
            found[:, i] = block
        return found

    def _check_rows(self) -> None:
        first = ""
        for name, column in (self._columns or {}).items():
            rows = column.shape[0]
            if rows == 0:
                raise DataError(f"{self.name}: column {quoted(name)} has no rows; add the samples")
            if 0 in column.shape:
                raise DataError(
                    f"{self.name}: column {quoted(name)} has the shape {column.shape!r:.40}: its "
                    "rows hold no numbers; leave it out"
                )
            first = first or name
            if rows != self.rows:
                raise DataError(
                    f"{self.name}: column {quoted(name)} has {rows} rows, but {quoted(first)} has "
                    f"{self.rows}; all need the same number"
                )


class SideBySide(Source):
    """Several sources of the same number of rows, their columns as those of one."""

    def __init__(self, parts: Sequence[Source]) -> None:
        self._parts = tuple(parts)
        self._owner: dict[str, Source] = {}
        for part in parts:
            for name in part.elements:
                if name in self._owner:
                    raise DataError(
                        f"{self._owner[name].name} and {part.name} both have a column "
                        f"{quoted(name)}; rename or remove one"
                    )
                self._owner[name] = part
        elements = {name: part.elements[name] for name, part in self._owner.items()}
        super().__init__(shorten(" + ".join(part.name for part in parts), 60), elements)

    def close(self) -> None:
        for part in self._parts:
            part.close()

    def read(self, groups: Sequence[ColumnGroup], start: int, stop: int) -> list[Array]:
        pieces: list[dict[ColumnGroup, Array]] = []
        for part in self._parts:
            wanted = [p for group in groups for p in self._pieces(group, part)]
            found = part.read(wanted, start, stop) if wanted else []
            pieces.append(dict(zip(wanted, found, strict=True)))
        return [self._joined(group, pieces, start) for group in groups]

    def _pieces(self, group: ColumnGroup, part: Source) -> list[ColumnGroup]:
        """What of a group the part has: the whole, or single columns of it."""
        mine = [name for name in group if self._owner[name] is part]
        return [group] if mine and len(mine) == len(group) else [(name,) for name in mine]

    def _joined(
        self, group: ColumnGroup, pieces: list[dict[ColumnGroup, Array]], start: int
    ) -> Array:
        for piece in pieces:
            if group in piece:
                return piece[group]
        columns = [piece[(name,)] for name in group for piece in pieces if (name,) in piece]
        found = np.empty((len(columns[0]), len(group)), np.result_type(*columns))
        for i, column in enumerate(columns):
            if column.dtype != found.dtype:
                refuse_inexact(self, column, (group[i],), start)
            found[:, i] = column
        return found

    def _open_columns(self, names: list[str]) -> dict[str, Column]:
        found: dict[str, Column] = {}
        counted: Source | None = None
        self.notes = ()
        for part in self._parts:
            mine = [name for name in names if self._owner[name] is part]
            if not mine:
                self.notes += (f"{part.name} feeds nothing",)
                continue
            part.select(mine)
            if counted is not None and part.rows != counted.rows:
                raise DataError(
                    f"{part.name} has {part.rows} rows, but {counted.name} has {counted.rows}; "
                    "files side by side need the same number"
                )
            counted = counted or part
            found.update(part.columns)
        self.notes += tuple(note for part in self._parts for note in part.notes)
        return {name: found[name] for name in names}

    def _row_place(self, row: int) -> str:
        return self._parts[0].place(row)

    def file_of(self, column: str) -> str:
        return self._owner[column].name

    def place(self, row: int, column: str | None = None) -> str:
        part = self._parts[0] if column is None else self._owner[column]
        return part.place(row, column)


def refuse_inexact(source: Source, block: Array, names: ColumnGroup, start: int) -> None:
    """DataError with place for the first whole number of a block that float64 does not have."""
    at = first_inexact(block)
    if at is not None:
        value = block.reshape(-1)[at]
        raise DataError(
            f"{cell_place(source, block, names, start, at)}: {value} is not exact in float64; "
            "subtract an offset, or leave the column out"
        )


def cell_place(source: Source, block: Array, names: ColumnGroup, start: int, at: int) -> str:
    """Where the number at flat index `at` of a block of rows stands."""
    row, *entry = (int(i) for i in np.unravel_index(at, block.shape))
    if len(names) > 1:
        return source.place(start + row, names[entry[0]])
    where = f", entry ({', '.join(map(str, entry))})" if entry else ""
    return source.place(start + row, names[0]) + where
