"""Data as sources: a file, several files side by side, or a mapping of column name → array.

The ending of a file determines its format, and the table FORMATS the module that reads it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

from symback.errors import DataError
from symback.training.sources.messages import shorten
from symback.training.sources.source import Column, SideBySide, Source

_NAMING = ("_asdict", "keys", "column_names", "columns", "dtype")  # attributes of mappings

# ending → module and function that open it; everything else is read as CSV
FORMATS: Mapping[str, tuple[str, str]] = {
    ".csv": ("csv", "open_csv"),
    ".npy": ("numpy", "open_npy"),
    ".npz": ("numpy", "open_npz"),
    ".parquet": ("arrow", "open_parquet"),
    ".arrow": ("arrow", "open_arrow"),
    ".feather": ("arrow", "open_arrow"),
}
OTHER = FORMATS[".csv"]

# ending → what to do with a file that no reader is for
FOREIGN: Mapping[str, str] = {
    ".gz": "unpack it first",
    ".bz2": "unpack it first",
    ".xz": "unpack it first",
    ".zst": "unpack it first",
    ".zip": "unpack it first",
    ".h5": "open it with h5py and give the group",
    ".hdf5": "open it with h5py and give the group",
    ".json": "save it as CSV or .npz",
    ".mat": "save it as .npz",
    ".ods": "save the sheet as CSV",
    ".orc": "save it as Parquet",
    ".pickle": "a pickle can run code, so none is read; save it as .npz or Parquet",
    ".pkl": "a pickle can run code, so none is read; save it as .npz or Parquet",
    ".pt": "a pickle can run code, so none is read; save it as .npz",
    ".xls": "save the sheet as CSV",
    ".xlsx": "save the sheet as CSV",
}


def open_source(data: Any, *, delimiter: str = ",") -> Source:
    """The columns of a path, of a list of paths side by side, or of a mapping of arrays.

    A mapping is anything with names and arrays: a dict, a DataFrame, an Arrow table, a group of
    an HDF5 file. Raises DataError for other types of data and for unreadable files.
    """
    if isinstance(data, str | os.PathLike):
        return open_file(data, delimiter=delimiter)
    if not isinstance(data, list) and any(hasattr(data, known) for known in _NAMING):
        from symback.training.sources.mappings import open_mapping  # rarely needed by a command

        return open_mapping(data)
    if not isinstance(data, list | tuple) or not all(
        isinstance(p, str | os.PathLike) for p in data
    ):
        raise DataError(
            f"data is a {type(data).__name__:.40}; give a path, a list of paths, or a mapping of "
            "column name to array"
        )
    if not data:
        raise DataError("the list of data files is empty; name at least one")
    with ExitStack() as opened:
        parts = [opened.enter_context(open_file(path, delimiter=delimiter)) for path in data]
        source = parts[0] if len(parts) == 1 else SideBySide(parts)
        opened.pop_all()
        return source


def open_file(path: str | os.PathLike[str], *, delimiter: str = ",") -> Source:
    """The columns of one file, which its ending says how to read."""
    ending = Path(path).suffix.lower()
    if ending in FOREIGN:
        name = shorten(Path(path).name, 40)
        raise DataError(f"{name}: there is no reader for {ending} files; {FOREIGN[ending]}")
    module, function = FORMATS.get(ending, OTHER)
    opener = getattr(import_module(f"symback.training.sources.{module}"), function)
    source: Source = opener(path, delimiter=delimiter)
    return source


__all__ = ["FORMATS", "Column", "Source", "open_file", "open_source"]
