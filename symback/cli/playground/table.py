"""A pasted table: a header of names, then rows of finite decimal numbers; nothing is guessed."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from math import isfinite

from symback.errors import DataError, clip, nearest

MOST_ROWS = 5000
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?").fullmatch


def read_table(text: str, names: Iterable[str]) -> dict[str, list[float]]:
    """The named columns of a comma-separated table; other columns are not looked at.

    >>> read_table("x, y\\n1, 2\\n3, 4e-1\\n", ["y"])
    {'y': [2.0, 0.4]}
    >>> read_table("x,y\\n1,a\\n", ["y"])
    Traceback (most recent call last):
    symback.errors.DataError: line 2, column y: 'a' is not a number
    """
    rows = _rows(text)
    _, header = next(rows, (1, []))
    if not any(header):
        raise DataError("the table is empty; its first line holds the names of the columns")
    for name in header:
        if header.count(name) > 1:
            raise DataError(f"line 1: two columns are named '{_shown(name)}'")
    places = {name: _place(name, header) for name in names}
    found: dict[str, list[float]] = {name: [] for name in places}
    for line, cells in rows:
        if len(cells) != len(header):
            raise DataError(f"line {line} has {len(cells)} fields, the header {len(header)}")
        for name, place in places.items():
            found[name].append(_number(cells[place], line, name))
        if len(found[name]) > MOST_ROWS:
            raise DataError(f"the table has more than {MOST_ROWS} rows; use symback train")
    if not next(iter(found.values()), [0.0]):
        raise DataError("the table has no rows; add the samples below its header")
    return found


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """The lines that are not empty, each with its number and its fields."""
    reader = csv.reader(text.lstrip("\ufeff").splitlines(), strict=True)
    try:
        for cells in reader:
            if cells:
                yield reader.line_num, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise DataError(f"line {reader.line_num}: {error}") from None


def _place(name: str, header: list[str]) -> int:
    if name in header:
        return header.index(name)
    known = ", ".join(map(_shown, header[:8]))
    raise DataError(f"the table has no column '{name}'{nearest(name, header) or f', but {known}'}")


def _number(cell: str, line: int, name: str) -> float:
    number = float(cell) if _NUMBER(cell) else float("nan")
    if not isfinite(number):
        raise DataError(f"line {line}, column {name}: '{_shown(cell)}' is not a number")
    return number


def _shown(text: str) -> str:
    return clip(text, 30)


__all__ = ["MOST_ROWS", "read_table"]
