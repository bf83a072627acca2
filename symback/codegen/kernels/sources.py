"""The kernels as they are written: functions of the files in `symback/codegen/numpy`, by name.

The files are read, not imported: what writes modules and pages runs without NumPy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

OF_NUMBERS = (
    "kernels.py",
    "series_kernels.py",
    "exponential_kernels.py",
    "special_kernels.py",
    "entropy_kernels.py",
    "difference_kernels.py",
    "remainder_kernels.py",
    "edge_kernels.py",
    "gamma_kernels.py",
    "rise_kernels.py",
    "stirling_kernels.py",
    "inverse_kernels.py",
    "bessel_kernels.py",
    "incomplete_kernels.py",
)
"""The files whose functions work on each element alone."""
OF_ARRAYS = ("array_kernels.py",)

_FOLDER = Path(__file__).parent.parent / "numpy"
_FUNCTION = re.compile(r"^def (_\w+)\(.*?(?=^[^\s)]|\Z)", re.M | re.S)
_COMMENTS_BELOW = re.compile(r"(?:\n\s*#[^\n]*)*\s*\Z")


@dataclass(frozen=True, slots=True)
class KernelSource:
    """A function: its text, and where it stands."""

    file: str
    line: int
    text: str


@cache
def functions(files: tuple[str, ...]) -> dict[str, KernelSource]:
    """The private functions of the files by name, in their order."""
    found = {}
    for file in files:
        text = (_FOLDER / file).read_text(encoding="utf-8")
        for match in _FUNCTION.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            found[match[1]] = KernelSource(file, line, _COMMENTS_BELOW.sub("", match[0]))
    return found


__all__ = ["OF_ARRAYS", "OF_NUMBERS", "KernelSource", "functions"]
