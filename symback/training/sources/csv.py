"""Strict CSV: unique column names, rows of equal length, finite decimal numbers, nothing guessed.

Quotes follow RFC 4180. Files are read once, as a stream; only the columns asked for are kept.
A part of the text without quotes whose chosen cells are plain numbers is converted column by
column; any other part goes row by row through the `csv` module, which reports place and cause.
"""

from __future__ import annotations

import csv
import os
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from io import StringIO
from math import isfinite
from pathlib import Path
from typing import IO

import numpy as np

from symback.errors import DataError, nearest
from symback.training.sources.dtypes import FloatArray
from symback.training.sources.messages import listing, quoted, reason, shorten
from symback.training.sources.records import Records, SpooledSource
from symback.training.sources.source import Column, Source

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t"}  # by name or by sign
LONGEST_LINE = 1 << 20  # characters; a longer line is not a row of a table
PART = 1 << 20  # characters that are looked at together
_BOM = "\ufeff"
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?").fullmatch
_PLAIN = b"-+.0123456789eE"  # of these signs, `float` takes what _NUMBER matches
_UNDECODED = re.compile("[\udc80-\udcff]").search  # what surrogateescape makes of foreign bytes


class TableReader(AbstractContextManager["TableReader"]):
    """An open table: `header` holds the column names, `read` the numbers of some of them.

    Raises DataError with file, line and column name for everything that is not well formed.
    """

    def __init__(self, path: str | os.PathLike[str], *, delimiter: str = ",") -> None:
        delimiter = DELIMITERS.get(delimiter, delimiter)
        if delimiter not in DELIMITERS.values():
            raise DataError(f"the delimiter {delimiter!r:.30} is not a comma, semicolon or tab")
        self.file = shorten(Path(path).name or str(path), 40)
        self.notes: tuple[str, ...] = ()
        self._delimiter = delimiter
        self._lines: list[str] = []  # of the row being read
        self._line = 0  # number of the last line taken
        self._part = StringIO()  # text taken from the stream whose lines are not yet
        self._unwrapped = 0  # rows at the beginning that take one line each
        self._stream = self._open(Path(path))
        try:
            self._rows = csv.reader(self._checked_lines(), delimiter=delimiter, strict=True)
            self.header = self._read_header()
        except BaseException:
            self._stream.close()
            raise

    def close(self) -> None:
        self._stream.close()

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, names: Iterable[str]) -> dict[str, FloatArray]:
        """The named columns as float64 arrays, in the order of `names`; reads to the end."""
        chosen = list(dict.fromkeys(names))
        columns = [array("d") for _ in chosen]
        for block in self.blocks(chosen):
            for column, cells in zip(columns, block.T, strict=True):
                column.frombytes(cells.tobytes())
        return {
            name: np.array(column, dtype=np.float64)
            for name, column in zip(chosen, columns, strict=True)
        }

    def blocks(self, names: Sequence[str]) -> Iterator[FloatArray]:
        """The named columns as arrays of shape (rows, names), some thousand rows at a time."""
        places = [self._place(name) for name in names]
        rows = 0
        while self._take_part():
            block = self._plain_numbers(places)
            block = self._parsed_rows(places, names, rows) if block is None else block
            rows += len(block)
            yield block
        if rows == 0:
            raise DataError(f"{self.file} has a header but no rows; add the samples below it")

    def row_place(self, row: int) -> str:
        """Where row `row`, counted from 0, stands: its line, or its number after wrapped rows."""
        number = f"line {row + 2}" if row < self._unwrapped else f"row {row + 1}"
        return f"{self.file}, {number}"

    def _take_part(self) -> bool:
        """Whether there is text left; then some whole lines of it are in `_part`."""
        try:
            text = self._stream.read(PART)
            if not text.endswith("\n"):
                text += self._stream.readline(LONGEST_LINE + 2)
        except OSError as error:
            raise self._unreadable(error) from None
        self._part = StringIO(text, newline="")
        return bool(text)

    def _plain_numbers(self, places: list[int]) -> FloatArray | None:
        """The chosen cells of the part, or None where it is not plain: then it is read by row."""
        text = self._part.getvalue().removesuffix("\n")
        if "\r" in text:
            text = text.replace("\r\n", "\n").removesuffix("\r")
        if any(sign in text for sign in ('"', "\r", "\0")):
            return None
        try:
            signs = np.frombuffer(f"{text}\n".encode(), dtype=np.uint8)
        except UnicodeEncodeError:
            return None
        end, delimiter, width = ord("\n"), ord(self._delimiter), len(self.header)
        ends = np.flatnonzero(signs == end)
        lengths = np.diff(ends, prepend=-1)
        if lengths.min() == 1 or lengths.max() > LONGEST_LINE:
            return None
        regular = np.full((len(ends), width), delimiter, dtype=np.uint8)
        regular[:, -1] = end
        if not np.array_equal(signs[(signs == end) | (signs == delimiter)], regular.reshape(-1)):
            return None
        cells = text.replace("\n", self._delimiter).split(self._delimiter)
        block = np.empty((len(ends), len(places)))
        for i, place in enumerate(places):
            column = cells[place::width]
            if "".join(column).encode().translate(None, _PLAIN):
                return None
            try:
                block[:, i] = np.fromiter(map(float, column), np.float64, len(column))
            except ValueError:
                return None
        if not np.isfinite(block).all():
            return None
        if self._unwrapped == self._line - 1:
            self._unwrapped += len(ends)
        self._line += len(ends)
        self._part = StringIO()
        return block

    def _parsed_rows(self, places: list[int], names: Sequence[str], before: int) -> FloatArray:
        """The rows that begin in the part, cell by cell."""
        cells = array("d")
        sinks = list(zip(places, names, strict=True))
        rows = 0
        length = len(self._part.getvalue())
        while self._part.tell() < length:
            line, row = self._next()
            if row is None:
                break
            if len(row) != len(self.header):
                raise DataError(f"{self.file}, line {line}: {self._miscount(row)}")
            for index, name in sinks:
                text = row[index]
                value = float(text) if _NUMBER(text) else float("nan")
                if not isfinite(value):
                    raise DataError(self._at(line, name) + _not_a_number(text))
                cells.append(value)
            rows += 1
            if line == before + rows + 1:
                self._unwrapped = max(self._unwrapped, before + rows)
        return np.array(cells, dtype=np.float64).reshape(rows, len(names))

    def _open(self, path: Path) -> IO[str]:
        try:
            if path.is_dir():
                raise DataError(f"{self.file} is a directory; name the CSV file itself")
            return path.open(encoding="utf-8", errors="surrogateescape", newline="")
        except FileNotFoundError:
            raise DataError(f"there is no file {self.file}; check the path") from None
        except (OSError, ValueError) as error:
            raise DataError(f"{self.file} cannot be read: {reason(error)}") from None

    def _checked_lines(self) -> Iterator[str]:
        """The lines of the file, each at most LONGEST_LINE long, UTF-8 and without NUL."""
        while True:
            try:
                line = self._part.readline(LONGEST_LINE + 2)
                if not line.endswith(("\n", "\r")):
                    line += self._stream.readline(LONGEST_LINE + 2 - len(line))
            except OSError as error:
                raise self._unreadable(error) from None
            if self._line == 0:
                line = self._without_bom(line)
            if not line:
                return
            self._line += 1
            if not line.isascii() or "\0" in line or len(line) > LONGEST_LINE:
                self._refuse_foreign_line(self._line, line)
            self._lines.append(line)
            yield line

    def _unreadable(self, error: OSError) -> DataError:
        return DataError(f"{self.file}, line {self._line + 1}: cannot be read: {reason(error)}")

    def _without_bom(self, line: str) -> str:
        if not line.startswith(_BOM):
            return line
        self.notes = (f"{self.file} begins with a byte order mark, which is skipped",)
        return line.removeprefix(_BOM)

    def _next(self) -> tuple[int, list[str] | None]:
        """The next row and the number of its first line; None at the end of the file."""
        line = self._line + 1
        self._lines.clear()
        try:
            row = next(self._rows, None)
        except csv.Error as error:
            raise DataError(f"{self.file}, line {line}: {_quoting(error)}") from None
        if any('"' in part for part in self._lines):
            self._refuse_bare_quotes(line)
        return line, row

    def _refuse_foreign_line(self, number: int, line: str) -> None:
        if problem := _problem_of_line(line):
            raise DataError(f"{self.file}, line {number}: {problem}")

    def _refuse_bare_quotes(self, line: int) -> None:
        """The csv module lets a quote stand inside an unquoted field; RFC 4180 does not."""
        cell = rf'(?:[^"{self._delimiter}\r\n]*|"(?:[^"]|"")*")'
        row = rf"{cell}(?:{self._delimiter}{cell})*[\r\n]*"
        if not re.fullmatch(row, "".join(self._lines)):
            raise DataError(
                f"{self.file}, line {line}: a quote inside an unquoted field; "
                "enclose the field in quotes and double the inner one"
            )

    def _read_header(self) -> tuple[str, ...]:
        _, row = self._next()
        if row is None:
            raise DataError(f"{self.file} is empty; its first line must name the columns")
        first: dict[str, int] = {}
        for position, name in enumerate(row or [""], start=1):
            if not name.strip():
                raise DataError(f"{self.file}, line 1: column {position} has no name; give it one")
            if name in first:
                raise DataError(
                    f"{self.file}, line 1: columns {first[name]} and {position} are both named "
                    f"{quoted(name)}; rename one"
                )
            first[name] = position
        return tuple(row)

    def _place(self, name: str) -> int:
        if name in self.header:
            return self.header.index(name)
        raise DataError(f"{self.file} has no column {quoted(name)}{self.hint(name)}")

    def hint(self, name: str) -> str:
        """What to try where there is no column `name`: ends the sentence of a message."""
        if all(_NUMBER(cell) for cell in self.header):
            return "; line 1 holds numbers, but must name the columns"
        for delimiter, word in ((",", "a comma"), (";", "a semicolon"), ("\t", "a tab")):
            if len(self.header) == 1 and delimiter in self.header[0]:
                return f"; is {word} the delimiter?"
        return nearest(name, self.header) or f"; line 1 names {listing(self.header)}"

    def _miscount(self, row: list[str]) -> str:
        if not row:
            return "the line is blank; remove it"
        return (
            f"{len(row)} field{'s' if len(row) > 1 else ''}, but the header has "
            f"{len(self.header)}; look for a missing or extra delimiter or quote"
        )

    def _at(self, line: int, name: str) -> str:
        return f"{self.file}, line {line}, column {quoted(name)}: "


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


def _problem_of_line(line: str) -> str:
    """What makes a physical line unusable, or nothing."""
    if len(line) > LONGEST_LINE:
        return f"longer than {LONGEST_LINE} characters; is it a CSV file?"
    if not line.isascii() and (foreign := _UNDECODED(line)):
        byte = ord(foreign[0]) - 0xDC00
        return f"character {foreign.start() + 1} is byte 0x{byte:02x}, not UTF-8; save as UTF-8"
    if "\0" in line:
        return f"character {line.index(chr(0)) + 1} is a NUL byte; save the file as UTF-8 text"
    return ""


def _not_a_number(text: str) -> str:
    """Why a cell is refused, and what to do."""
    if not text:
        return "the cell is empty; fill it in or remove the row"
    if _NUMBER(text):
        return f"{quoted(text)} is beyond the range of float64; rescale the column"
    if _NUMBER(text.strip()):
        return f"{quoted(text)} has spaces around the number; remove them"
    if re.fullmatch(r"[+-]?[0-9]+,[0-9]+", text):
        return f"{quoted(text)} has a comma; write a decimal point and no thousands separator"
    return f"{quoted(text)} is not a finite decimal number; correct it or remove the row"


def _quoting(error: csv.Error) -> str:
    """The csv module's complaints in other words; they all stem from quotes."""
    if "field limit" in str(error):
        limit = csv.field_size_limit()
        return f"a field is longer than {limit} characters; is a closing quote absent?"
    if "unexpected end" in str(error):
        return "a quote is opened and never closed; close it"
    return "text after a closing quote; double the quotes inside a quoted field"
