"""Mappings of column name → array as sources: dicts, DataFrames, Arrow tables, HDF5 groups.

What a column can do is read off its own attributes, so that no library is imported for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from symback.errors import DataError
from symback.training.sources.dtypes import Array, refusal
from symback.training.sources.messages import quoted, reason
from symback.training.sources.source import Column, Source

_UNREADABLE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A column of somebody else's: its shape, how to read it, and its first missing row."""

    shape: tuple[int, ...]
    read: Callable[[int, int], Any]
    missing: Callable[[], int | None] = lambda: None


class MappingSource(Source):
    """The columns of a mapping, read a range at a time where they allow it."""

    def __init__(self, entries: dict[str, Entry | str]) -> None:
        self._entries = entries
        elements = {n: () if isinstance(e, str) else e.shape[1:] for n, e in entries.items()}
        super().__init__("the data", elements)

    def _open_columns(self, names: list[str]) -> dict[str, Column]:
        return {name: self._column(name) for name in names}

    def _column(self, name: str) -> Column:
        entry = self._entries[name]
        place = f"{self.name}: column {quoted(name)}"
        if isinstance(entry, str):
            raise DataError(f"{place} {entry}")
        if not entry.shape:
            raise DataError(f"{place} is a single number; a column needs a row a sample")
        if (row := entry.missing()) is not None:
            raise DataError(
                f"{self.place(row, name)}: the value is missing; fill it in or remove the row"
            )

        def read(start: int, stop: int) -> Array:
            try:
                block = np.asarray(entry.read(start, stop))
            except _UNREADABLE as error:
                raise DataError(f"{place} cannot be read: {reason(error)}") from None
            if block.shape != (stop - start, *entry.shape[1:]):
                raise DataError(f"{place} has another shape than at first; it must not change")
            return block

        dtype = read(0, min(1, entry.shape[0])).dtype
        if why := refusal(dtype):
            raise DataError(f"{place} {why}")
        return Column(entry.shape, dtype, read)


def open_mapping(data: Any) -> Source:
    """The source of anything that has names and arrays."""
    if hasattr(data, "_asdict"):
        data = data._asdict()
    entries: dict[str, Entry | str] = {}
    keys = names_of(data)
    if keys is None:
        raise DataError(
            f"data is a {type(data).__name__:.40} without names; give a mapping of column name to "
            "array"
        )
    for key in keys:
        name = str(key)
        if name in entries:
            raise DataError(f"the data has two columns named {quoted(name)}; rename one")
        try:
            entries[name] = _entry(data[key])
        except _UNREADABLE as error:
            entries[name] = f"cannot be read: {reason(error)}"
    return MappingSource(entries)


def names_of(data: Any) -> list[Any] | None:
    """The names of what has columns; None where there are no names."""
    if callable(keys := getattr(data, "keys", None)):
        return list(keys())
    if (fields := getattr(getattr(data, "dtype", None), "names", None)) is not None:
        return list(fields)  # a structured array
    names = getattr(data, "column_names", None)  # of Arrow, whose `columns` are arrays
    names = getattr(data, "columns", None) if names is None else names
    return None if names is None else list(names)


def _entry(value: Any) -> Entry | str:
    """How to read a column, or why it cannot be."""
    for attributes, reader in _READERS:
        if all(hasattr(value, attribute) for attribute in attributes):
            return reader(value)
    if hasattr(value, "keys"):
        return "is a group of columns; give that group itself"
    whole = np.asarray(value)  # a list
    return _of_array(whole)


def _of_pandas(value: Any) -> Entry:
    if isinstance(value.dtype, np.dtype):
        return _of_array(value.to_numpy())
    as_numbers = getattr(value.dtype, "numpy_dtype", None)  # of a nullable type

    def missing() -> int | None:
        absent = value.isna().to_numpy()
        return int(absent.argmax()) if absent.any() else None

    return Entry(
        value.shape,
        lambda start, stop: value.iloc[start:stop].to_numpy(dtype=as_numbers),
        missing,
    )


def _of_polars(value: Any) -> Entry:
    element = tuple(getattr(value.dtype, "shape", ()))
    return Entry(
        (len(value), *element),
        lambda start, stop: value.slice(start, stop - start).to_numpy(),
        lambda: int(value.is_null().arg_max()) if value.null_count() else None,
    )


def _of_arrow(value: Any) -> Entry:
    from symback.training.sources.arrow import (  # pyarrow is there
        element_of,
        first_null,
        numbers_of,
    )

    return Entry(
        (len(value), *element_of(value.type)),
        lambda start, stop: numbers_of(value.slice(start, stop - start)),
        lambda: first_null(value),
    )


def _of_array(value: Any) -> Entry:
    def missing() -> int | None:
        if not isinstance(value, np.ma.MaskedArray) or not np.ma.is_masked(value):
            return None
        mask = np.ma.getmaskarray(value).reshape(len(value), -1)
        return int(mask.any(axis=1).argmax())

    return Entry(tuple(int(n) for n in value.shape), lambda start, stop: value[start:stop], missing)


# attributes that identify a kind of column → its reader; the first that fits is taken
_READERS: tuple[tuple[tuple[str, ...], Callable[[Any], Entry]], ...] = (
    (("iloc", "isna", "to_numpy"), _of_pandas),
    (("null_count", "arg_max", "to_numpy"), _of_polars),
    (("null_count", "type", "slice"), _of_arrow),
    (("shape", "dtype", "__getitem__"), _of_array),
)
