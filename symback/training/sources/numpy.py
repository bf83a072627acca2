"""NumPy's files as sources: .npy read where it lies, .npz where its arrays are not compressed.

No pickle is ever read, and nothing is allocated because a header says so: what a header promises
is compared with the bytes that are there.
"""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from math import prod
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any
from warnings import catch_warnings, simplefilter

import numpy as np

from symback.errors import DataError
from symback.training.sources.dtypes import refusal
from symback.training.sources.messages import quoted, reason
from symback.training.sources.records import Records, RecordSource, field
from symback.training.sources.source import Column, Source
from symback.training.sources.storage import Flat, Spool, Stored, StoredFile

_LONGEST_HEADER = 1 << 18  # characters; a thousand fields need some ten thousand
_LOCAL_HEADER = struct.Struct("<4s5H3L2H")  # of a member of a zip file
_PART = 1 << 20  # bytes that are unpacked at once
_BAD_HEADER = (
    MemoryError,
    OverflowError,
    RecursionError,
    SyntaxError,
    TokenError,
    TypeError,
    ValueError,
)  # of NumPy, whose headers are Python literals
_BAD_ARCHIVE = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError)


@dataclass(frozen=True, slots=True)
class ArrayHeader:
    """What an .npy header says, and how many bytes it takes."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    length: int

    @property
    def count(self) -> int:
        """Bytes of the numbers."""
        return prod(self.shape) * self.dtype.itemsize


def read_header(stream: IO[bytes], where: str) -> ArrayHeader:
    """The header at the beginning of a stream; DataError for other bytes."""
    form = np.lib.format
    try:
        version = form.read_magic(stream)
        # 3.0 is 2.0 with names in UTF-8.
        read = form.read_array_header_1_0 if version == (1, 0) else form.read_array_header_2_0
        if version not in ((1, 0), (2, 0), (3, 0)):
            raise ValueError("of an unknown version")
        with catch_warnings():  # of odd literals, and of files of Python 2, which are fine
            simplefilter("ignore")
            shape, fortran, dtype = read(stream, max_header_size=_LONGEST_HEADER)
        if version == (3, 0):
            dtype = _in_utf8(dtype)
    except _BAD_HEADER:
        raise DataError(
            f"{where} is not an array written by np.save, or is cut short; save it anew"
        ) from None
    except OSError as error:
        raise DataError(f"{where} cannot be read: {reason(error)}") from None
    if any(isinstance(size, bool) or size < 0 for size in shape):
        raise DataError(f"{where} has the impossible shape {shape!r:.40}; save it anew")
    if dtype.hasobject:
        raise DataError(
            f"{where} holds Python objects, which only a pickle can read and none is read; "
            "save numbers"
        )
    return ArrayHeader(shape, fortran, dtype, stream.tell())


class NpyRecords(RecordSource):
    """An .npy file of records: its fields are the columns."""

    def __init__(self, file: StoredFile, header: ArrayHeader) -> None:
        self._file, self._header = file, header
        fields = {name: header.dtype[name] for name in header.dtype.names or ()}
        super().__init__(file.name, {name: dtype.shape for name, dtype in fields.items()})

    def close(self) -> None:
        self._file.close()

    def _open_columns(self, names: list[str]) -> dict[str, Column]:
        dtype = self._header.dtype
        for name in names:
            _refuse(self.name, name, dtype[name].base)
        (rows,) = self._header.shape
        return self._fields(Records(self._file, self._header.length, dtype, rows), names)


class NpyArrays(Source):
    """Arrays in one file, each read where it lies; those that are packed are put aside first."""

    def __init__(self, file: StoredFile, headers: Mapping[str, ArrayHeader]) -> None:
        self._file, self._headers = file, headers
        super().__init__(file.name, {name: h.shape[1:] for name, h in headers.items()})

    def close(self) -> None:
        self._file.close()

    def _open_columns(self, names: list[str]) -> dict[str, Column]:
        return {name: self._column(name, self._headers[name]) for name in names}

    def _column(self, name: str, header: ArrayHeader) -> Column:
        _refuse(self.name, name, header.dtype)
        if not header.shape:
            raise DataError(
                f"{self.name}: {quoted(name)} is a single number; a column needs a row a sample"
            )
        stored, offset = self._stored(name, header)
        flat = Flat(stored, offset, header.dtype, header.shape, header.fortran)
        return Column(header.shape, header.dtype, flat.read, flat.pieces)

    def _stored(self, name: str, header: ArrayHeader) -> tuple[Stored, int]:
        """What holds the numbers of an array, and from where on."""
        return self._file, header.length


class NpzArrays(NpyArrays):
    """The arrays of an archive: read where they lie, or unpacked into a spool when selected."""

    def __init__(self, file: StoredFile, stream: IO[bytes]) -> None:
        self._spools: dict[str, Spool] = {}
        self._stream = stream
        self._archive = zipfile.ZipFile(stream)
        self._members: dict[str, zipfile.ZipInfo] = {}
        headers: dict[str, ArrayHeader] = {}
        for member in self._archive.infolist():
            name = member.filename.removesuffix(".npy")
            if name == member.filename:
                continue  # no array: a note of somebody's
            if name in headers:
                raise DataError(f"{file.name} holds two arrays named {quoted(name)}; save it anew")
            headers[name] = self._header(file, name, member)
            self._members[name] = member
        super().__init__(file, headers)

    def close(self) -> None:
        for spool in self._spools.values():
            spool.close()
        self._archive.close()
        self._stream.close()
        super().close()

    def _header(self, file: StoredFile, name: str, member: zipfile.ZipInfo) -> ArrayHeader:
        where = f"{file.name}: array {quoted(name)}"
        if member.flag_bits & 1:
            raise DataError(f"{where} is encrypted; save it without a password")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise DataError(f"{where} is packed in a way that NumPy does not use; save it anew")
        with self._archive.open(member) as stream:
            header = read_header(stream, where)
        _check_length(where, header, member.file_size - header.length)
        return header

    def _stored(self, name: str, header: ArrayHeader) -> tuple[Stored, int]:
        member = self._members[name]
        if member.compress_type == zipfile.ZIP_STORED:
            return self._file, self._offset(name, member) + header.length
        if name not in self._spools:
            self._spools[name] = self._unpacked(name, header)
        return self._spools[name], 0

    def _offset(self, name: str, member: zipfile.ZipInfo) -> int:
        """Where the bytes of an array begin that is stored as it is."""
        found = self._file.fetch(member.header_offset, _LOCAL_HEADER.size).tobytes()
        *_, named, extra = _LOCAL_HEADER.unpack(found)
        begin: int = member.header_offset + _LOCAL_HEADER.size + named + extra
        if begin + member.file_size > self._file.size:
            raise DataError(f"{self.name}: array {quoted(name)} is cut short; save it anew")
        return begin

    def _unpacked(self, name: str, header: ArrayHeader) -> Spool:
        spool = Spool(self.name)
        try:
            spool.reserve(header.count)
            with self._archive.open(self._members[name]) as stream:
                stream.read(header.length)
                while part := stream.read(_PART):
                    spool.append(np.frombuffer(part, dtype=np.uint8))
            if spool.size != header.count:
                raise EOFError
        except (*_BAD_ARCHIVE, OSError):
            spool.close()
            raise DataError(
                f"{self.name}: array {quoted(name)} is damaged or cut short; save it anew"
            ) from None
        except BaseException:
            spool.close()
            raise
        return spool


def open_npz(path: str | os.PathLike[str], *, delimiter: str = ",") -> Source:
    """The arrays of an archive as np.savez and np.savez_compressed write it."""
    del delimiter  # of CSV files only
    with ExitStack() as opened:
        file = opened.enter_context(StoredFile(path))
        stream = opened.enter_context(open(path, "rb"))
        try:
            source = NpzArrays(file, stream)
        except (*_BAD_ARCHIVE, OSError) as error:
            raise DataError(
                f"{file.name} is not an archive written by np.savez, or is damaged; save it anew"
            ) from error
        opened.pop_all()
        return source


def open_npy(path: str | os.PathLike[str], *, delimiter: str = ",") -> Source:
    """The fields of a structured array, or an array (n, …) as a column named like the file."""
    del delimiter  # of CSV files only
    file = StoredFile(path)
    try:
        if file.size == 0:
            raise DataError(f"{file.name} is empty; save an array with np.save")
        with open(file.stream.fileno(), "rb", closefd=False) as stream:
            header = read_header(stream, file.name)
        _check_length(file.name, header, file.size - header.length)
        if header.dtype.names and len(header.shape) == 1:
            return NpyRecords(file, header)
        return NpyArrays(file, {Path(path).stem: header})
    except BaseException:
        file.close()
        raise


def _check_length(where: str, header: ArrayHeader, there: int) -> None:
    if header.count != there:
        why = "it was cut short" if there < header.count else "something was written behind it"
        raise DataError(
            f"{where} should hold {header.count} bytes of numbers, but holds {there}: {why}; "
            "save it anew"
        )


def _refuse(file: str, name: str, dtype: np.dtype[Any]) -> None:
    if why := refusal(dtype):
        raise DataError(f"{file}: column {quoted(name)} {why}")


def _in_utf8(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type whose names were read as Latin 1, with the names that were written."""
    if dtype.names is None:
        return dtype
    names = [name.encode("latin-1").decode("utf-8") for name in dtype.names]
    fields = [field(dtype, name) for name in dtype.names]
    return np.dtype(
        {
            "names": names,
            "formats": [_in_utf8(part) for part, _ in fields],
            "offsets": [at for _, at in fields],
            "itemsize": dtype.itemsize,
        }
    )
