"""Text ↔ module, in memory. Nothing of symback is imported here: worker processes start fast."""

from __future__ import annotations

import hashlib
import linecache
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from types import ModuleType

ENDS = (".py", ".c", ".h")  # of the files of a module

_loading = Lock()


def load_files(texts: Mapping[str, str], name: str) -> ModuleType:
    """A module from the texts of its files; one that is compiled is compiled now.

    Its lines are known to debuggers and tracebacks. Raises what the module raises while it is
    imported.
    """
    text = texts[".py"]
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    file = f"<symback {name} {digest}>"
    module = ModuleType(f"{name}_{digest}")
    module.__file__ = file
    module.__dict__["__loader__"] = InMemory({end: t.encode() for end, t in texts.items()})
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    sys.modules[module.__name__] = module  # NamedTuples are pickled by their module's name
    exec(compile(text, file, "exec"), module.__dict__)
    if len(texts) > 1:
        module._library()
    return module


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
class ModuleText:
    """A module by what its files hold: it can be pickled, and made again in another process."""

    name: str  # of the module in `sys.modules`
    files: tuple[tuple[str, bytes], ...]  # what a file ends with, and what it holds

    @classmethod
    def of(cls, module: ModuleType) -> ModuleText:
        """The text of a module that was made in memory or imported from a file."""
        loader = getattr(module, "__loader__", None)
        if isinstance(loader, InMemory):
            return cls(module.__name__, tuple(loader.files.items()))
        path = Path(str(module.__file__))
        found = ((end, path.with_suffix(end)) for end in ENDS)
        files = tuple((end, file.read_bytes()) for end, file in found if file.exists())
        digest = hashlib.sha256(dict(files)[".py"]).hexdigest()[:16]
        return cls(f"{path.stem}_{digest}", files)

    def module(self) -> ModuleType:
        """The module: the one that this process has already, where it has it."""
        with _loading:
            known = sys.modules.get(self.name)
            loader = getattr(known, "__loader__", None)
            if isinstance(loader, InMemory) and tuple(loader.files.items()) == self.files:
                assert known is not None
                return known
            texts = {end: content.decode() for end, content in self.files}
            return load_files(texts, self.name.rpartition("_")[0])
