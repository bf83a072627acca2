"""Files, written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from symback.errors import FileRefused, clip


def refuse_unless_file(path: Path) -> None:
    """FileRefused for what is there and no regular file: a link, a folder, a pipe, a device."""
    shown = clip(ascii(str(path))[1:-1], 120)
    if "\0" in str(path):
        raise FileRefused(f"'{shown}' is no path")
    if path.is_symlink():
        raise FileRefused(f"{shown} is a symbolic link; name the file itself")
    if path.is_dir():
        raise FileRefused(f"{shown} is a folder; name a file in it")
    if path.exists() and not path.is_file():
        raise FileRefused(f"{shown} is no regular file")


def replace_file(path: Path, content: bytes) -> None:
    """Put the content into the file in one step: a reader sees the old file or the new one.

    Missing folders are made. Raises FileRefused for a symbolic link, a folder, and where the
    system refuses.
    """
    try:
        refuse_unless_file(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, content)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise FileRefused(f"{path} can't be written: {why}") from None


def _replace(path: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, _mode(path))
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _mode(path: Path) -> int:
    """The mode of the file that is replaced, else what the umask leaves of 0666."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
