"""A module in C whose lines say which one first gives a number that is not finite.

Its C file is compiled once more with a test behind each assignment of the functions that compute
nodes; lines that read arguments and kernels have none.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

from symback.codegen.loading import ModuleFiles, load_files

C_FILE = ".c"
_FUNCTION = re.compile(r"^(?:static )?(?:void|double) (?!symback_)(\w+)\(")
_OTHERS = re.compile(r"_(?:sgd|draw|value_and_grad|\w*f32)$")  # where no node is computed
_ASSIGNED = re.compile(r"(?:const )?double (\w+) = |(\w+(?:\[.+?\])?) \+?= ")
_OF_ARGUMENT = re.compile(r"= (?:\w+_at\[row\]|(?:params|inputs|cache)->\S+);$")
_WATCH = """
size_t symback_lost[2] = {0, 0}; /* the first line that loses a number, and the first adjoint's */
#define SYMBACK_WATCH(value, of_bar, line) \\
    do { \\
        if (!isfinite(value)) { \\
            symback_lost[0] = symback_lost[0] ? symback_lost[0] : (line); \\
            symback_lost[1] = (symback_lost[1] || !(of_bar)) ? symback_lost[1] : (line); \\
        } \\
    } while (0)
"""


@dataclass(frozen=True, slots=True)
class WatchedC:
    """The module, and the lines of its C file as they are."""

    module: ModuleType
    lines: list[str]

    @classmethod
    def of(cls, module: ModuleType) -> WatchedC | None:
        """The module compiled once more; None of one without a C file."""
        files = dict(ModuleFiles.of(module).files)
        if C_FILE not in files:
            return None
        texts = {end: content.decode() for end, content in files.items()}
        made = load_files({**texts, C_FILE: watched(texts[C_FILE])}, "watched")
        return cls(made, texts[C_FILE].splitlines())

    def first_lost(self, of_adjoint: bool) -> str:
        """The first line after which a value is not finite; of an adjoint only lines of adjoints,
        if there is one.
        """
        numbers = (ctypes.c_size_t * 2).in_dll(self.module._library(), "symback_lost")
        number = numbers[1] if of_adjoint and numbers[1] else numbers[0]
        return f"line {number} of the C file: {self.lines[number - 1].strip()}" if number else ""


def watched(text: str) -> str:
    """The text of a C file with a test behind each assignment.

    >>> print(watched("void f_forward(void)\\n{\\n    const double n = sqrt(u);\\n}"), end="")
    void f_forward(void)
    {
        const double n = sqrt(u); SYMBACK_WATCH(n, 0, 3);
    }
    """
    lines = text.replace("\n#include <string.h>\n", f"\n#include <string.h>\n{_WATCH}").splitlines()
    shift = len(lines) - len(text.splitlines())
    for start, stop, statement in _statements(lines):
        found = _ASSIGNED.match(statement)
        if found and not _OF_ARGUMENT.search(statement):
            value = found[1] or found[2]
            of_bar = int("_bar" in value)
            lines[stop] += f" SYMBACK_WATCH({value}, {of_bar}, {start + 1 - shift});"
    return "\n".join(lines) + "\n"


def _statements(lines: list[str]) -> Iterator[tuple[int, int, str]]:
    """First line, last line and text of the statements of functions that compute nodes.

    Loops lose their pragmas: a test has an order, which they would give up.
    """
    inside, start, parts = False, 0, list[str]()
    for i, line in enumerate(lines):
        function = _FUNCTION.match(line)
        if function:
            inside = not _OTHERS.search(function[1])
        words = line.strip()
        if not inside or not line.startswith(" "):
            continue
        if words.startswith("#pragma"):
            lines[i] = ""
            continue
        start, parts = (start, parts) if parts else (i, [])
        parts.append(words)
        if words.endswith((";", "{", "}", "*/")):
            yield start, i, " ".join(parts)
            parts = []


__all__ = ["WatchedC", "watched"]
