"""What happens to the world outside while inputs are read, as Python's audit hooks tell."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_FORBIDDEN = frozenset(
    "compile exec import open pickle.find_class subprocess.Popen socket.connect socket.bind "
    "ctypes.dlopen webbrowser.open sys.settrace builtins.input".split()
)
_PREFIXES = ("os.", "shutil.", "socket.", "tempfile.", "glob.", "urllib.")
_HARMLESS = frozenset({"os.listdir", "os.scandir"})
_OWN = (
    "symback",
    "click",
    "rich",
    "sympy",
    "lark",
    "flint",
    "mpmath",
    "jinja2",
    "numpy",
    "unicodedata",
)

_seen: list[str] | None = None


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _seen is None or event in _HARMLESS:
        return
    if (event in _FORBIDDEN or event.startswith(_PREFIXES)) and not _imports(event, arguments):
        _seen.append(f"{event}: {str(arguments)[:200]}")


def _imports(event: str, arguments: tuple[Any, ...]) -> bool:
    """Whether a library that was loaded late causes the event, and nothing that was typed."""
    if event == "import":
        return str(arguments[0]).startswith(_OWN) or arguments[0] in sys.stdlib_module_names
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) <= set("rbtU"):
        return str(arguments[0]).endswith((".py", ".pyc", ".lark", ".so", ".jinja"))
    frame = sys._getframe(2)
    while frame is not None:
        if "importlib" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False


sys.addaudithook(_hook)


@contextmanager
def nothing_done() -> Iterator[None]:
    """Inside the block nothing is run, imported, written, started or sent; else AssertionError."""
    global _seen
    before, _seen = _seen, []
    files = os.listdir(".")
    try:
        yield
    finally:
        done, _seen = _seen, before
    assert not done, done
    assert os.listdir(".") == files
