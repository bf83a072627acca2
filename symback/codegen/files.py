"""Files, written whole or not at all, and only where none is lost.

What a command is to write is decided first: a file that is there is replaced only if symback wrote
it, for the same purpose, and nobody has changed it since; what a command reads is never replaced.
"""

from __future__ import annotations

import importlib.util
import keyword
import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from symback.codegen.marks import MODULE, kind_of
from symback.codegen.targets import PYTHON
from symback.errors import FileRefused, clip

_SHOWN = 100
_O_BINARY = getattr(os, "O_BINARY", 0)  # Windows would rewrite line ends
_TEMPORARY = ".symback-"  # begins the name of a file that is being written


def shown_path(path: str | os.PathLike[str], length: int = _SHOWN) -> str:
    """A path for a message: printable, its end kept where it is long."""
    text = "".join(c if c.isprintable() else "?" for c in os.fspath(path)[-2 * length :])
    return text if len(text) <= length else f"…{text[1 - length :]}"


def refuse_unless_file(path: Path) -> None:
    """FileRefused for what is there and no regular file: a link, a folder, a pipe, a device.

    The name itself must be printable, so that what a listing shows is what is there.
    """
    shown = shown_path(path)
    if "\0" in str(path) or not str(path).isprintable():
        raise FileRefused(f"'{shown}' is not a file name")
    try:
        if path.is_symlink():
            raise FileRefused(f"{shown} is a symbolic link; name the file itself")
        if path.is_dir():
            raise FileRefused(f"{shown} is a folder; name a file in it")
        if path.exists() and not path.is_file():
            raise FileRefused(f"{shown} is not a regular file")
    except OSError as error:  # a name or a path that is too long
        raise FileRefused(f"{shown} is not a file name: {error.strerror}") from None


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
    replace_files({path: content})


def replace_files(contents: Mapping[Path, bytes]) -> None:
    """Put every content into its file, each in one step, or none where one cannot be written."""
    path, last = Path(), [*contents][-1]
    with ExitStack() as undo:
        try:
            hidden: dict[Path, Path] = {}
            for path, content in contents.items():
                refuse_unless_file(path)
                _make_folder(path.parent, undo)
                _remove_left(path)
                hidden[path] = _written_beside(path, content)
                undo.callback(hidden[path].unlink, missing_ok=True)
            for path, name in hidden.items():
                old = path.read_bytes() if path != last and path.exists() else None
                os.replace(name, path)
                if path != last:
                    undo.callback(_restore, path, old)
            undo.pop_all()
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise FileRefused(f"{shown_path(path)} can't be written: {why}") from None
    for folder in {path.parent for path in contents}:
        _sync_folder(folder)


def _make_folder(folder: Path, undo: ExitStack) -> None:
    """Make the folder and those above it, to be removed where nothing is written into them."""
    for each in reversed([f for f in (folder, *folder.parents) if not f.exists()]):
        each.mkdir(exist_ok=True)
        undo.callback(_remove_empty, each)


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _restore(path: Path, old: bytes | None) -> None:
    """Take back that a file was replaced."""
    if old is None:
        path.unlink(missing_ok=True)
    else:
        os.replace(_written_beside(path, old), path)


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


def _written_beside(path: Path, content: bytes) -> Path:
    """A hidden file with the content, which has the mode of the one that it is to replace."""
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
    except BaseException:
        name.unlink(missing_ok=True)
        raise
    return name


def _sync_folder(folder: Path) -> None:
    """Make the new name last through a loss of power, where the system can."""
    with suppress(OSError, AttributeError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


# -- what may be replaced ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Output:
    """A file to write, and what for: it replaces only files of symback of the same kind.

    Two are never equal, so that a file which is named twice is found.
    """

    path: Path
    kind: str


def write_outputs(
    contents: Mapping[Output, bytes],
    *,
    inputs: Iterable[str | os.PathLike[str] | int] = (),
    force: bool = False,
) -> list[Path]:
    """Write all files of a command, or none; the paths of those that were not up to date.

    `inputs` are the paths and descriptors that the command reads. Raises FileRefused as `decide`
    does, and where the system refuses.
    """
    decide(contents, inputs=inputs, force=force)
    changed = {o.path: new for o, new in contents.items() if not _is(new, content_of(o.path))}
    if changed:
        replace_files(changed)
    return [*changed]


def decide(
    contents: Mapping[Output, bytes | None],
    *,
    inputs: Iterable[str | os.PathLike[str] | int] = (),
    force: bool = False,
) -> None:
    """FileRefused unless all files may be written; changes nothing.

    A content of None is not known yet. `force` allows what would lose a file of others, not what
    would replace an input or write one file twice.
    """
    inputs = list(inputs)
    for number, output in enumerate(contents):
        refuse_unless_file(output.path)
        refuse_twin(output.path)
        refuse_input(output.path, inputs)
        for other in [*contents][:number]:
            if _key(other.path) == _key(output.path) or _is_same(other.path, output.path):
                raise FileRefused(
                    f"{shown_path(output.path)} is to be written twice, as {other.kind} and as "
                    f"{output.kind}; choose another name"
                )
    for output, new in contents.items():
        if not force:
            _refuse_loss(output, new)


def refuse_input(path: Path, inputs: Iterable[str | os.PathLike[str] | int]) -> None:
    """FileRefused where the path names a file that is read, by whatever name or link."""
    if any(_is_same(path, given) for given in inputs):
        raise FileRefused(
            f"{shown_path(path)} is read by this command, which would replace it; choose another "
            "name for what it writes"
        )


def _is_same(path: Path, other: str | os.PathLike[str] | int) -> bool:
    with suppress(OSError, ValueError):
        return os.path.samestat(os.stat(path), os.stat(other))
    return False


def _key(path: Path) -> tuple[str, str]:
    """What two paths share that some system takes for one file."""
    return os.path.realpath(path.parent), _folded(path.name)


def _refuse_loss(output: Output, new: bytes | None) -> None:
    """FileRefused where the file that is there would be lost."""
    old = content_of(output.path)
    if old is None or (new is not None and _is(new, old)):
        return
    kind = kind_of(old)
    why = "is read-only" if not output.path.stat().st_mode & 0o222 else ""
    if kind is None:
        why = "was edited or not made by symback"
    elif kind != output.kind:
        why = f"is {WORDS[kind]}, not {WORDS[output.kind]}"
    if why:
        place = f"{shown_path(output.path, 80)} ({len(old):,} bytes)"
        raise FileRefused(f"{place} {why}; --force (force=True) replaces it")


WORDS = {
    MODULE: "a generated module",
    "code": "bare code",
    "derive": "a derivation",
    "draw": "a picture of a circuit",
    "descend": "a picture of descent",
    "certificate": "a certificate",
}
"""The kinds of files, for messages."""


def _is(new: bytes, old: bytes | None) -> bool:
    """Whether the file has this content; a checkout may have changed the line ends of a text."""
    return old is not None and (old == new or old.replace(b"\r\n", b"\n") == new)


def content_of(path: Path) -> bytes | None:
    """The content of the file that is there; None where there is none."""
    refuse_unless_file(path)
    try:
        return path.read_bytes() if path.exists() else None
    except OSError as error:
        raise FileRefused(f"{shown_path(path)} can't be read: {error.strerror}") from None


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
    changed = write_outputs(module_outputs(texts, path, main), force=force)
    remove_stale(changed)
    return bool(changed)


def module_outputs(texts: Mapping[str, str], path: Path, main: str) -> dict[Output, bytes]:
    """The files of a module; FileRefused for a name that Python could not import it by."""
    refuse_module_name(path, main, sorted(texts))
    if PYTHON in texts:
        _refuse_broken(texts[PYTHON], path.name)
    files = by_path(texts, path, main)
    return {Output(file, MODULE): text.encode() for file, text in files.items()}


def remove_stale(written: Sequence[Path]) -> None:
    """Remove the byte-code of what was written.

    A module of the same size written within the same second would import its stale byte-code.
    """
    for file in written:
        if file.suffix == PYTHON:
            Path(importlib.util.cache_from_source(str(file))).unlink(missing_ok=True)


def refuse_module_name(path: Path, main: str, ends: Sequence[str]) -> None:
    """FileRefused unless the path ends as its target's files do and Python can import it."""
    refuse_unless_file(path)
    shown, stem = shown_path(path.name), path.stem
    if path.suffix != main:
        others = [f"{stem}{end}" for end in ends if end != main]
        verb = "is" if len(others) == 1 else "are"
        more = f"; {' and '.join(others)} {verb} written beside it" if others else ""
        raise FileRefused(f"{shown} does not end in {main}: name the file {stem}{main}{more}")
    if not stem.isidentifier() or keyword.iskeyword(stem):
        why = "is a word of Python's own" if keyword.iskeyword(stem) else "is not a Python name"
        raise FileRefused(
            f"{shown} cannot be imported: '{shown_path(stem)}' {why}; choose a name such as "
            f"{_as_identifier(stem)}{main}"
        )
    if stem in _TAKEN:
        raise FileRefused(
            f"{shown} would hide the module {stem} from what imports it; choose a name such as "
            f"{stem}_gradient{main}"
        )


_TAKEN = sys.stdlib_module_names | {"numpy", "symback", "sympy"}


def _as_identifier(stem: str) -> str:
    """A Python name near the stem."""
    name = re.sub(r"[^A-Za-z0-9]+", "_", stem)
    name = name[:40].strip("_") or "module"
    return f"module_{name}" if not name.isidentifier() or keyword.iskeyword(name) else name


def by_path(texts: Mapping[str, str], path: Path, main: str) -> dict[Path, str]:
    """The texts of a module's files by where they go; `path` is that of the main one."""
    return {path if end == main else path.with_suffix(end): t for end, t in texts.items()}


def _refuse_broken(text: str, name: str) -> None:
    """FileRefused for what is not Python."""
    try:
        compile(text, name, "exec")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise FileRefused(f"the template gives no Python: {clip(str(error), 100)}") from None


def existing(path: Path) -> str | None:
    """The text of the file that is there; None where there is none."""
    content = content_of(path)
    try:
        return None if content is None else content.decode().replace("\r\n", "\n")
    except UnicodeDecodeError:
        return "not a text"
