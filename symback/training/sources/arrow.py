"""Parquet and Arrow files as sources, and Arrow's arrays as numbers; needs pyarrow.

Arrow files whose numbers are not compressed are read where they lie; what is compressed is put
aside batch by batch when columns are selected.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from math import prod
from typing import Any

import numpy as np

from symback.codegen.extras import imports_of_extra
from symback.errors import DataError
from symback.training.sources.dtypes import Array
from symback.training.sources.messages import quoted, reason
from symback.training.sources.records import Records, SpooledSource
from symback.training.sources.source import Column, ColumnGroup, Source
from symback.training.sources.storage import Stored, StoredFile

_ROWS = 1 << 16  # of a batch, unless they take more than _BYTES
_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Segments:
    """A column in pieces: piece i holds the rows from firsts[i] on, at offsets[i] of a file."""

    stored: Stored
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    firsts: Sequence[int]
    offsets: Sequence[int]

    def read(self, start: int, stop: int) -> Array:
        size = self.dtype.itemsize * prod(self.shape[1:])
        found = np.empty((stop - start, *self.shape[1:]), self.dtype)
        at = start
        while at < stop:
            i = bisect_right(self.firsts, at) - 1
            end = min(stop, self.firsts[i + 1] if i + 1 < len(self.firsts) else stop)
            offset = self.offsets[i] + (at - self.firsts[i]) * size
            block = self.stored.fetch(offset, (end - at) * size)
            found[at - start : end - start] = block.view(self.dtype).reshape(-1, *self.shape[1:])
            at = end
        return found


class BatchSource(SpooledSource):
    """A source whose columns come in batches of Arrow arrays."""

    def __init__(self, file: StoredFile, schema: Any) -> None:
        self._file, self._schema = file, schema
        elements: dict[str, tuple[int, ...]] = {}
        for field in schema:
            if not field.name or field.name in elements:
                what = f"two columns named {quoted(field.name)}" if field.name else "a nameless one"
                raise DataError(f"{file.name} has {what}; give each column a name of its own")
            elements[field.name] = element_of(field.type)
        super().__init__(file.name, elements)

    def close(self) -> None:
        self._file.close()
        super().close()

    def _batches(self, names: list[str], rows: int) -> Iterator[Any]:
        """The named columns, that many rows at a time."""
        raise NotImplementedError

    def _open_columns(self, names: list[str]) -> dict[str, Column]:
        types = [(name, *self._type(name)) for name in names]
        spool = self._renewed()
        with _reading(self.name):
            dtype = np.dtype(types)
            for batch in self._batches(names, max(1, min(_ROWS, _BYTES // dtype.itemsize))):
                block = np.empty(batch.num_rows, dtype)
                for name in names:
                    column = batch.column(batch.schema.get_field_index(name))
                    self._refuse_null(column, name, spool.size // dtype.itemsize)
                    block[name] = numbers_of(column)
                spool.append(block)
        _arrow(self.name).default_memory_pool().release_unused()
        self._file.check_unchanged()
        return self._fields(Records(spool, 0, dtype, spool.size // dtype.itemsize), names)

    def _type(self, name: str) -> tuple[np.dtype[Any], tuple[int, ...]]:
        """The numbers of a column and what a row holds of them; DataError where it is others."""
        kind = self._schema.field(name).type
        dtype = number_type(kind)
        if dtype is None:
            raise DataError(
                f"{self.name}: column {quoted(name)} holds {kind!s:.40}, not real numbers; "
                "cast it to numbers, lists to lists of a fixed size, or leave it out"
            )
        return dtype, element_of(kind)

    def _refuse_null(self, column: Any, name: str, before: int) -> None:
        row = first_null(column)
        if row is not None:
            raise DataError(
                f"{self.place(before + row, name)}: the value is missing; fill it in or remove "
                "the row"
            )


class ParquetSource(BatchSource):
    """The columns of a Parquet file."""

    def __init__(self, file: StoredFile, opened: Any) -> None:
        self._opened = opened
        super().__init__(file, opened.schema_arrow)

    def close(self) -> None:
        self._opened.close()
        super().close()

    def _batches(self, names: list[str], rows: int) -> Iterator[Any]:
        yield from self._opened.iter_batches(batch_size=rows, columns=names)


class ArrowSource(BatchSource):
    """The columns of an Arrow file (Feather)."""

    def __init__(self, file: StoredFile, schema: Any, path: str) -> None:
        self._path = path
        self._lies = False  # whether the columns are read where they lie in the file
        super().__init__(file, schema)

    def read(self, groups: Sequence[ColumnGroup], start: int, stop: int) -> list[Array]:
        if self._lies:
            return Source.read(self, groups, start, stop)
        return super().read(groups, start, stop)

    def _open_columns(self, names: list[str]) -> dict[str, Column]:
        types = {name: self._type(name) for name in names}
        with _reading(self.name):
            found = self._lying(types)
        self._lies = found is not None
        return super()._open_columns(names) if found is None else found

    def _lying(
        self, types: dict[str, tuple[np.dtype[Any], tuple[int, ...]]]
    ) -> dict[str, Column] | None:
        """The columns where they lie; None if one is compressed, has nulls or is of bits.

        The file is mapped to learn where Arrow finds the numbers, and none of them is read.
        """
        arrow = _arrow(self.name)
        firsts: list[int] = []
        offsets: dict[str, list[int]] = {name: [] for name in types}
        rows = 0
        with arrow.memory_map(self._path) as mapped:
            if mapped.size() == 0:
                return None
            begin = mapped.read_buffer(1).address
            opened = arrow.ipc.open_file(mapped)
            for i in range(opened.num_record_batches):
                batch = opened.get_batch(i)
                if batch.num_rows == 0:
                    continue
                for name, (dtype, element) in types.items():
                    column = batch.column(batch.schema.get_field_index(name))
                    values = _values(column) if first_null(column) is None else None
                    if values is None or arrow.types.is_boolean(values.type):
                        return None
                    found = values.buffers()[1]
                    offset = found.address - begin + values.offset * dtype.itemsize
                    count = len(column) * prod(element) * dtype.itemsize
                    if not (offset >= 0 and offset + count <= mapped.size()):
                        return None
                    offsets[name].append(offset)
                firsts.append(rows)
                rows += batch.num_rows
        return {
            name: _column(Segments(self._file, dtype, (rows, *element), firsts, offsets[name]))
            for name, (dtype, element) in types.items()
        }

    def _batches(self, names: list[str], rows: int) -> Iterator[Any]:
        arrow = _arrow(self.name)
        chosen = [self._schema.get_field_index(name) for name in names]
        options = arrow.ipc.IpcReadOptions(included_fields=sorted(chosen))
        with arrow.OSFile(self._path) as stream:
            opened = arrow.ipc.open_file(stream, options=options)
            for i in range(opened.num_record_batches):
                batch = opened.get_batch(i)
                for start in range(0, batch.num_rows, rows):
                    yield batch.slice(start, rows)


def _column(found: Segments) -> Column:
    return Column(found.shape, found.dtype, found.read)


def open_parquet(path: str | os.PathLike[str], *, delimiter: str = ",") -> Source:
    """The columns of a Parquet file."""
    del delimiter  # of CSV files only
    with ExitStack() as opened:
        file = opened.enter_context(StoredFile(path))
        parquet = _arrow(file.name, "parquet").parquet
        with _reading(file.name):
            # The buffer bounds what is read ahead of a group of rows; without it all is.
            found = parquet.ParquetFile(os.fspath(path), buffer_size=1 << 20, pre_buffer=False)
            opened.callback(found.close)
            source = ParquetSource(file, found)
        opened.pop_all()
        return source


def open_arrow(path: str | os.PathLike[str], *, delimiter: str = ",") -> Source:
    """The columns of an Arrow IPC file, which is also Feather's second version."""
    del delimiter  # of CSV files only
    with ExitStack() as opened:
        file = opened.enter_context(StoredFile(path))
        arrow = _arrow(file.name)
        with _reading(file.name), arrow.OSFile(os.fspath(path)) as stream:
            source = ArrowSource(file, arrow.ipc.open_file(stream).schema, os.fspath(path))
        opened.pop_all()
        return source


def number_type(kind: Any) -> np.dtype[Any] | None:
    """NumPy's type of the numbers of an Arrow type, also inside lists of a fixed size."""
    types = import_module("pyarrow").types
    while (inner := _inner(kind)) is not None:
        kind = inner[1]
    if not (types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)):
        return None
    found: np.dtype[Any] = np.dtype(kind.to_pandas_dtype())
    return found


def element_of(kind: Any) -> tuple[int, ...]:
    """What a row holds of an Arrow type: () for a number, the lengths of lists of a fixed size."""
    inner = _inner(kind)
    return () if inner is None else (*inner[0], *element_of(inner[1]))


def numbers_of(column: Any) -> Array:
    """The numbers of an Arrow array without nulls, of shape (rows, …)."""
    shape = (len(column), *element_of(column.type))
    chunks = getattr(column, "chunks", [column])
    found = [_values(chunk).to_numpy(zero_copy_only=False) for chunk in chunks]
    if not found:
        return np.empty(shape, number_type(column.type) or np.dtype(object))
    return (found[0] if len(found) == 1 else np.concatenate(found)).reshape(shape)


def first_null(column: Any) -> int | None:
    """The first row that has a null, also inside its list."""
    before = 0
    for chunk in getattr(column, "chunks", [column]):
        values, width = chunk, 1
        while True:
            if values.null_count:
                at = values.is_null().to_numpy(zero_copy_only=False).argmax()
                return before + int(at) // width
            inner = _inner(values.type)
            if inner is None:
                break
            width *= prod(inner[0])
            values = _unlisted(values)
        before += len(chunk)
    return None


def _inner(kind: Any) -> tuple[tuple[int, ...], Any] | None:
    """Lengths and type of what a list of a fixed size, or a tensor, holds; None for others."""
    types = import_module("pyarrow").types
    if types.is_fixed_size_list(kind):
        return (kind.list_size,), kind.value_type
    shape = getattr(kind, "shape", None)  # of a tensor of a fixed shape
    if shape is None or list(kind.permutation or range(len(shape))) != [*range(len(shape))]:
        return None
    return tuple(shape), kind.value_type


def _unlisted(values: Any) -> Any:
    """What the lists hold, one behind the other."""
    return getattr(values, "storage", values).flatten()


def _values(column: Any) -> Any:
    """The numbers of an array of numbers or of nested lists of a fixed size."""
    while _inner(column.type) is not None:
        column = _unlisted(column)
    return column


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """What pyarrow complains about, as a DataError."""
    broken: Any = import_module("pyarrow").ArrowException
    try:
        yield
    except (broken, OSError, MemoryError, ValueError, TypeError, LookupError) as error:
        raise DataError(f"{name} cannot be read: {reason(error)}; is it complete?") from None


def _arrow(name: str, part: str = "ipc") -> Any:
    """pyarrow with one of its parts, which only these files need."""
    with imports_of_extra(f"{name} needs pyarrow; pip install 'symback[arrow]'", DataError):
        arrow = import_module("pyarrow")
        import_module(f"pyarrow.{part}")
    return arrow
