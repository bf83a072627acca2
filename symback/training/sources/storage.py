"""Bytes that can be read at any place: of a file of the user's, and of rows put aside.

Nothing is mapped into memory: a read of a file that was cut short is an error, not a signal,
and what was read is not counted as the memory of the process.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import AbstractContextManager
from math import prod
from pathlib import Path
from threading import Lock
from typing import IO, Any, Protocol

import numpy as np
import numpy.typing as npt

from symback.errors import DataError
from symback.training.sources.dtypes import Array
from symback.training.sources.messages import reason, shorten

Bytes = npt.NDArray[np.uint8]

KEPT_IN_MEMORY = 64 << 20  # bytes of rows; more goes to a temporary file
_LARGEST_READ = 1 << 30  # systems read at most 2 GiB at once


class Stored(Protocol):
    """What has bytes at offsets."""

    def fetch(self, offset: int, count: int) -> Bytes: ...


class StoredFile(AbstractContextManager["StoredFile"]):
    """A file of the user's, opened to be read at any place.

    Raises DataError where it cannot be read, and where it changed since it was opened.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.name = shorten(Path(path).name or str(path), 40)
        self._lock = Lock()
        try:
            if Path(path).is_dir():
                raise DataError(f"{self.name} is a directory; name the file itself")
            self.stream: IO[bytes] = open(path, "rb", buffering=0)  # noqa: SIM115  closed by close
        except FileNotFoundError:
            raise DataError(f"there is no file {self.name}; check the path") from None
        except (OSError, ValueError) as error:
            raise DataError(f"{self.name} cannot be read: {reason(error)}") from None
        self.size, self._modified = self._state()

    def check_unchanged(self) -> None:
        """DataError where somebody wrote to the file since it was opened."""
        if self._state() != (self.size, self._modified):
            raise DataError(
                f"{self.name} changed while it was read; let its writer finish, then start again"
            )

    def fetch(self, offset: int, count: int) -> Bytes:
        """The bytes of a range, in an array of their own."""
        self.check_unchanged()
        block = np.empty(count, dtype=np.uint8)
        try:
            got = read_at(self.stream, offset, block, self._lock)
        except OSError as error:
            raise DataError(f"{self.name} cannot be read: {reason(error)}") from None
        if got < count:
            raise DataError(f"{self.name} ends too early: it was cut short; write it anew")
        return block

    def close(self) -> None:
        self.stream.close()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _state(self) -> tuple[int, int]:
        found = os.fstat(self.stream.fileno())
        return found.st_size, found.st_mtime_ns


class Spool:
    """Rows put aside as they come: in memory while they are few, then in a temporary file.

    The file has no name, so nothing is left of it however the process ends. It is written, never
    mapped: a full disk is a DataError that says where.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._kept = bytearray()
        self._stream: IO[bytes] | None = None
        self._lock = Lock()
        self.size = 0

    def reserve(self, count: int) -> None:
        """DataError where there is no room for that many bytes."""
        if count <= KEPT_IN_MEMORY:
            return
        try:
            free = shutil.disk_usage(tempfile.gettempdir()).free
        except OSError as error:
            raise self._failed("made", error) from None
        if count > free:
            raise self._failed("made", OSError(0, f"{count} bytes, but {free} are free"))

    def append(self, block: Array) -> None:
        self._write(np.ascontiguousarray(block).reshape(-1).view(np.uint8).data)

    def fetch(self, offset: int, count: int) -> Bytes:
        if self._stream is None:
            return np.frombuffer(self._kept, dtype=np.uint8, count=count, offset=offset)
        block = np.empty(count, dtype=np.uint8)
        try:
            got = read_at(self._stream, offset, block, self._lock)
        except OSError as error:
            raise self._failed("read", error) from None
        if got < count:
            raise DataError(f"{self.name}: the temporary file of its rows was cut short")
        return block

    def close(self) -> None:
        self._kept = bytearray()
        if self._stream is not None:
            self._stream.close()

    def _write(self, block: memoryview) -> None:
        self.size += len(block)
        if self._stream is None:
            if self.size <= KEPT_IN_MEMORY:
                self._kept += block
                return
            kept, self._kept = self._kept, bytearray()
            try:
                self._stream = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  by close
            except OSError as error:
                raise self._failed("made", error) from None
            self._put(memoryview(kept))
        self._put(block)

    def _put(self, block: memoryview) -> None:
        assert self._stream is not None
        try:
            while block:
                block = block[self._stream.write(block) :]
        except OSError as error:
            raise self._failed("written", error) from None

    def _failed(self, what: str, error: OSError) -> DataError:
        where = shorten(tempfile.gettempdir(), 40)
        return DataError(
            f"{self.name}: its temporary file in {where} cannot be {what}: {reason(error)}; "
            "make room there, or set TMPDIR to a directory that has it"
        )


class Flat:
    """An array of shape (n, …) stored in C or in Fortran order."""

    def __init__(
        self,
        stored: Stored,
        offset: int,
        dtype: np.dtype[Any],
        shape: tuple[int, ...],
        fortran: bool = False,
    ) -> None:
        self._stored, self._offset = stored, offset
        self.dtype, self.shape = dtype, shape
        self._fortran = fortran and len(shape) > 1

    @property
    def pieces(self) -> int:
        return prod(self.shape[1:]) if self._fortran else 1

    def read(self, start: int, stop: int) -> Array:
        rows, *element = self.shape
        size, count = self.dtype.itemsize, stop - start
        if not self._fortran:
            row = size * prod(element)
            found = self._stored.fetch(self._offset + start * row, count * row)
            return found.view(self.dtype).reshape(count, *element)
        segments = np.empty((prod(element), count), dtype=self.dtype)
        for i, segment in enumerate(segments):
            found = self._stored.fetch(self._offset + (i * rows + start) * size, count * size)
            segment[:] = found.view(self.dtype)
        # Fortran order: the first index is the fastest, so it is the last axis here.
        return segments.reshape(*reversed(element), count).transpose()


def read_at(stream: IO[bytes], offset: int, block: Bytes, lock: Lock) -> int:
    """Fill the block from the offset on; returns the number of bytes read."""
    done = 0
    while done < len(block):
        part = block[done : done + _LARGEST_READ].data
        if hasattr(os, "preadv"):
            got = os.preadv(stream.fileno(), [part], offset + done)
        else:  # a system without it has one position for the whole process
            with lock:
                stream.seek(offset + done)
                got = stream.readinto(part)  # type: ignore[attr-defined]
        if not got:
            break
        done += got
    return done
