"""Text or file ↔ module. Nothing that takes long is imported here: worker processes start fast."""

from __future__ import annotations

import ast
import hashlib
import linecache
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any

from symback.codegen.files import existing, shown_path
from symback.codegen.hashes import is_generated, is_unchanged
from symback.codegen.targets import PYTHON, endings, missing_package
from symback.errors import FileRefused, Unsupported, clip

_OF_UPDATE = re.compile(r'^RULE = "\w+"$', re.MULTILINE)
_loading = Lock()


def load_files(texts: Mapping[str, str], name: str) -> ModuleType:
    """A module from the texts of its files; one that is compiled is compiled now.

    Its lines are known to debuggers and tracebacks. Raises what the module raises while it is
    imported, Unsupported where its compiler is missing or fails.
    """
    text = texts[PYTHON]
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    file = f"<symback {name} {digest}>"
    module = ModuleType(f"{name}_{digest}")
    module.__file__ = file
    module.__dict__["__loader__"] = InMemory({end: t.encode() for end, t in texts.items()})
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    earlier = _loaded(module.__name__, texts)
    sys.modules[module.__name__] = module  # NamedTuples are pickled by their module's name
    try:
        exec(compile(text, file, "exec"), module.__dict__)
    except ModuleNotFoundError as error:
        raise missing_package(error.name or "") or error from None
    if earlier is not None:  # so that the tuples of both can be pickled
        vars(module).update({n: v for n, v in vars(earlier).items() if _is_tuple(v, module)})
    if len(texts) > 1:
        try:
            module._library()
        except (ImportError, OSError) as error:
            raise Unsupported(str(error)) from None
    return module


def _loaded(name: str, texts: Mapping[str, str]) -> ModuleType | None:
    """The module that this process has made of the same texts, if there is one."""
    known = sys.modules.get(name)
    loader = getattr(known, "__loader__", None)
    files = {end: text.encode() for end, text in texts.items()}
    return known if isinstance(loader, InMemory) and loader.files == files else None


def _is_tuple(value: Any, module: ModuleType) -> bool:
    is_own = isinstance(value, type) and value.__module__ == module.__name__
    return is_own and issubclass(value, tuple)


def load(text: str, name: str) -> ModuleType:
    """A module from generated text; its lines are known to debuggers and tracebacks."""
    return load_files({PYTHON: text}, name)


@dataclass(frozen=True, slots=True)
class InMemory:
    """What Python asks for the files beside a module, which differ in what they end with."""

    files: Mapping[str, bytes]

    def get_data(self, path: str) -> bytes:
        try:
            return self.files[os.path.splitext(path)[1]]
        except KeyError:
            raise OSError(f"there is no {path}") from None


@dataclass(frozen=True, slots=True)
class ModuleFiles:
    """A module by what its files hold: it can be pickled, and made again in another process."""

    name: str  # of the module in `sys.modules`
    files: tuple[tuple[str, bytes], ...]  # what a file ends with, and what it holds

    @classmethod
    def of(cls, module: ModuleType) -> ModuleFiles:
        """The text of a module that was made in memory or imported from a file."""
        loader = getattr(module, "__loader__", None)
        if isinstance(loader, InMemory):
            return cls(module.__name__, tuple(loader.files.items()))
        path = Path(str(module.__file__))
        found = ((end, path.with_suffix(end)) for end in endings())
        files = tuple((end, file.read_bytes()) for end, file in found if file.exists())
        digest = hashlib.sha256(dict(files)[PYTHON]).hexdigest()[:16]
        return cls(f"{path.stem}_{digest}", files)

    def module(self) -> ModuleType:
        """The module: the one that this process has already, where it has it."""
        with _loading:
            texts = {end: content.decode() for end, content in self.files}
            known = _loaded(self.name, texts)
            if known is not None:
                return known
            return load_files(texts, self.name.rpartition("_")[0])


def read_module(path: Path) -> tuple[str, ModuleType, bool]:
    """The circuit text of a generated file, its module, and whether nobody edited it.

    The circuit text is read without running the file; the module is run. A file that it compiles
    stands for it.
    """
    others = endings()[1:]
    path = path.with_suffix(PYTHON) if path.suffix in others else path
    text = existing(path)
    if text is None:
        formula = "; to check a formula, write f = …" if not path.suffix else ""
        raise FileRefused(f"there is no file {shown_path(path)}{formula}")
    if _OF_UPDATE.search(text):
        raise FileRefused(
            f"{shown_path(path)} is the update of an optimiser, which has no gradient to check; "
            "symback generate --update NAME --diff compares it with its rule"
        )
    source = _source(text, path)
    beside = {end: existing(path.with_suffix(end)) for end in others}
    texts = {PYTHON: text, **{end: t for end, t in beside.items() if t and is_generated(t)}}
    try:
        module = load_files(texts, path.stem)
    except Unsupported as error:  # of a module that is compiled
        raise FileRefused(error.message) from None
    except Exception as error:  # whatever a module may raise while it is imported
        kind = type(error).__name__
        why = f"{kind}: {clip(str(error), 60)}"
        raise FileRefused(f"{shown_path(path)} can't be imported: {why}") from None
    return source, module, all(is_unchanged(t) for t in texts.values())


def _source(text: str, path: Path) -> str:
    """The value of SOURCE in a module's text."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise FileRefused(f"{shown_path(path)} is not a Python module") from None
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            names = [t.id for t in statement.targets if isinstance(t, ast.Name)]
            if "SOURCE" in names and isinstance(statement.value.value, str):
                return statement.value.value
    raise FileRefused(f"{shown_path(path)} has no SOURCE, so symback did not make it")
