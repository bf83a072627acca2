"""Files, written whole or not at all; those of a generated module only where none is lost."""

from __future__ import annotations

import importlib.util
import os
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from symback.codegen.hashes import is_unchanged
from symback.codegen.targets import PYTHON
from symback.errors import FileRefused, clip

_SHOWN = 100
_O_BINARY = getattr(os, "O_BINARY", 0)  # Windows would rewrite line ends
_TEMPORARY = ".symback-"  # begins the name of a file that is being written


def shown_path(path: str | os.PathLike[str]) -> str:
    """A path for a message: printable, its end kept where it is long."""
    text = "".join(c if c.isprintable() else "?" for c in os.fspath(path)[-2 * _SHOWN :])
    return text if len(text) <= _SHOWN else f"…{text[1 - _SHOWN :]}"


def refuse_unless_file(path: Path) -> None:
    """FileRefused for what is there and no regular file: a link, a folder, a pipe, a device.

    The name itself must be printable, so that what a listing shows is what is there.
    """
    shown = shown_path(path)
    if "\0" in str(path) or not str(path).isprintable():
        raise FileRefused(f"'{shown}' is no name of a file")
    if path.is_symlink():
        raise FileRefused(f"{shown} is a symbolic link; name the file itself")
    if path.is_dir():
        raise FileRefused(f"{shown} is a folder; name a file in it")
    if path.exists() and not path.is_file():
        raise FileRefused(f"{shown} is no regular file")


def refuse_twin(path: Path) -> None:
    """FileRefused where the folder has a name that other systems take for the same file.

    macOS and Windows do so for names that differ in case or in Unicode's forms only.
    """
    with suppress(OSError, ValueError):
        if path.exists():
            return
        folded = _folded(path.name)
        for other in os.listdir(path.parent):
            if other != path.name and _folded(other) == folded:
                raise FileRefused(
                    f"{shown_path(path)} and '{shown_path(other)}' are one file on other systems; "
                    "choose another name"
                )


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def replace_file(path: Path, content: bytes) -> None:
    """Put the content into the file in one step: a reader sees the old file or the new one.

    Missing folders are made. Raises FileRefused for a symbolic link, a folder, and where the
    system refuses. A writer that is killed may leave a hidden temporary file, which the next
    write of the same file removes.
    """
    try:
        refuse_unless_file(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_left(path)
        _replace(path, content)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise FileRefused(f"{shown_path(path)} can't be written: {why}") from None


def _prefix(path: Path) -> str:
    """How temporary files of this file begin: hidden, and bearing the writer's number."""
    return f".{path.name[:40]}{_TEMPORARY}"


def _remove_left(path: Path) -> None:
    """Remove the temporary files of writers that are no more."""
    prefix = _prefix(path)
    for name in os.listdir(path.parent):
        if name.startswith(prefix) and name.endswith(".tmp"):
            number = name[len(prefix) :].partition("-")[0]
            if number.isdigit() and not _runs(int(number)):
                (path.parent / name).unlink(missing_ok=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _replace(path: Path, content: bytes) -> None:
    prefix = f"{_prefix(path)}{os.getpid()}-"
    name = path.parent / f"{prefix}{token_hex(8)}.tmp"
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _O_BINARY, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            os.chmod(name, path.stat().st_mode & 0o777)
        os.replace(name, path)
    except BaseException:
        name.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the new name last through a loss of power, where the system can."""
    with suppress(OSError, AttributeError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


# -- files of a module -----------------------------------------------------------------------


def write(text: str, path: Path, *, force: bool = False) -> bool:
    """Write a module, whole or not at all; False where the file was up to date.

    Raises FileRefused for a symbolic link, a folder, and a file that was not generated or was
    edited since, which only `force` overwrites.
    """
    return write_files({path.suffix: text}, path, path.suffix, force=force)


def write_files(texts: Mapping[str, str], path: Path, main: str, *, force: bool = False) -> bool:
    """Write a module of several files, each whole or not at all, and none where one is refused.

    `texts` are by what the files end with; `main` is the end of that which `path` names.
    """
    if len(texts) > 1 and path.suffix != main:
        others = " and ".join(f"{path.stem}{end}" for end in sorted(texts) if end != main)
        raise FileRefused(f"name the file {path.stem}{main}; {others} are written beside it")
    if PYTHON in texts:
        _refuse_broken(texts[PYTHON], path.name)
    files = by_path(texts, path, main)
    changed = {file: text for file, text in files.items() if _must_write(text, file, force)}
    for file, text in changed.items():
        replace_file(file, text.encode())
        if file.suffix == PYTHON:
            # A module of the same size written within the same second would import its stale
            # byte-code.
            Path(importlib.util.cache_from_source(str(file))).unlink(missing_ok=True)
    return bool(changed)


def by_path(texts: Mapping[str, str], path: Path, main: str) -> dict[Path, str]:
    """The texts of a module's files by where they go; `path` is that of the main one."""
    return {path if end == main else path.with_suffix(end): t for end, t in texts.items()}


def _refuse_broken(text: str, name: str) -> None:
    """FileRefused for what is not Python."""
    try:
        compile(text, name, "exec")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise FileRefused(f"the template gives no Python: {clip(str(error), 100)}") from None


def _must_write(text: str, path: Path, force: bool) -> bool:
    """Whether the file has another text; FileRefused where it must not be overwritten."""
    refuse_twin(path)
    old = existing(path)
    if old == text:
        return False
    if old is not None and not force and not is_unchanged(old):
        raise FileRefused(
            f"{shown_path(path)} was edited or not made by symback; --force (force=True) "
            "overwrites it"
        )
    return True


def existing(path: Path) -> str | None:
    """The text of the file that is there; None where there is none."""
    refuse_unless_file(path)
    try:
        return path.read_text(encoding="utf-8") if path.exists() else None
    except UnicodeDecodeError:
        return "not a text"
    except OSError as error:
        raise FileRefused(f"{shown_path(path)} can't be read: {error.strerror}") from None
