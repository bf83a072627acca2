"""A Rust module's functions for NumPy's arrays, in a program that rustc makes of it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from symback._version import __version__
from symback.codegen.calls import Calls
from symback.codegen.flat_calls import FlatCalls, source_of
from symback.codegen.render import render_one
from symback.codegen.rust.module import rust_text
from symback.errors import Unsupported, clip

FLAGS = ("--edition=2021", "-Copt-level=1", "-Cdebuginfo=0", "-Awarnings")
CALLS = (
    "forward",
    "backward",
    "jvp",
    "value_and_grad",
    "hessp",
    "init_params",
    "jacobian",
    "hessian",
)
"""Functions by the numbers that the program knows them by."""
MATRICES = ("jacobian", "hessian")


def rust_calls(module: ModuleType) -> Calls:
    """What the functions of the module beside a Python file give."""
    program = _Program(module)
    return program.calls(program.has)


class _Program(FlatCalls):
    """A program that has the module, and answers one call after the other."""

    def __init__(self, module: Any) -> None:
        super().__init__(module)
        self.source = source_of(module, ".rs")
        asked = [name for name in MATRICES if self.has(name)]
        self._text = rust_text(self.circuit, __version__, "module", asked)
        (self.folder / "module.rs").write_text(self.source, encoding="utf-8")
        main = render_one("rust/driver.rs.jinja", {"m": self._text}, None)
        (self.folder / "main.rs").write_text(main, encoding="utf-8")
        command = [module._library(), *FLAGS, "-o", "program", "main.rs"]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode:
            first = next((n for n in done.stderr.splitlines() if "error" in n), "no message")
            raise Unsupported(f"rustc does not compile the module: {clip(first, 200)}")

    def has(self, name: str) -> bool:
        """Whether the module has a function of that name."""
        return f"pub fn {name}(" in self.source or f"pub fn {name}<" in self.source

    def started(self) -> subprocess.Popen[Any]:
        pipe = subprocess.PIPE
        return subprocess.Popen([str(self.folder / "program")], stdin=pipe, stdout=pipe)

    def ask(self, name: str, given: Sequence[Any], sizes: Mapping[str, int]) -> Any:
        m = self._text
        parts = self._call(name, given, [sizes.get(called, 0) for _, called, _ in m.sizes])
        if name in ("forward", "jvp", *MATRICES):
            return parts[0]
        of_params = dict(zip((p.called for p in m.params), parts, strict=False))
        rest = parts[len(m.params) :]
        if name == "backward":
            return of_params, dict(zip((n.called for n in m.moving), rest, strict=True))
        return (rest[0][0], of_params) if name == "value_and_grad" else of_params

    def _call(self, name: str, given: Sequence[Any], sizes: Sequence[int]) -> list[Any]:
        """Results one after the other: each slice of parameters, of inputs, a value."""
        slices = [
            np.ravel(p) for place, value in enumerate(given) for p in self._slices(value, place)
        ]
        head = [CALLS.index(name), *sizes, len(slices), *map(len, slices)]
        data = [np.array(head, "<u8"), *(np.ascontiguousarray(s, "<f8") for s in slices)]
        to, results = self.pipes()
        try:
            for part in data:
                to.write(part.tobytes())
            to.flush()
            status, count = _words(results, 2)
        except OSError:
            self.end()
            raise Unsupported(f"the Rust program ended in {name}; see what it says above") from None
        if status:
            raise ValueError(clip(results.read(count).decode(), 200))
        lengths = _words(results, count)
        return [np.frombuffer(results.read(8 * n), "<f8").copy() for n in lengths]

    def _slices(self, value: Any, place: int) -> list[Any]:
        """The arrays of parameters and, behind these, of samples, as the module orders them."""
        if not hasattr(value, "_asdict"):
            return [value]
        known = value._asdict()
        fields = self._text.inputs if place % 2 else self._text.params
        values = (known.get(field.called) for field in fields)
        return [() if v is None else v for v in values]


def _words(results: Any, count: int) -> list[int]:
    """Whole numbers that the program writes; OSError where it has ended."""
    data = results.read(8 * count)
    if len(data) != 8 * count:
        raise OSError
    return [int(word) for word in np.frombuffer(data, "<u8")]


__all__ = ["rust_calls"]
