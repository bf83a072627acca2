"""The kernels of a framework: by hand, on arrays, and translated from those of numbers."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from symback.codegen.frameworks.kernels import ArrayLanguage, array_kernel
from symback.codegen.frameworks.words import Words
from symback.codegen.kernels.reader import translatable
from symback.printing.code import called_kernels

OF_ARRAYS = "array_kernels.py"


@cache
def array_kernels() -> dict[str, str]:
    """The functions of `array_kernels.py` by name, in NumPy's words."""
    text = Path(__file__).with_name(OF_ARRAYS).read_text(encoding="utf-8")
    functions = [f for f in ast.parse(text).body if isinstance(f, ast.FunctionDef)]
    return {f.name: ast.unparse(_typed(f)) for f in functions}


def _typed(function: ast.FunctionDef) -> ast.FunctionDef:
    """The function with types, which are whatever the framework computes with."""
    kind = ast.Name("Any")
    arguments = function.args
    for argument in [*arguments.args, *([arguments.vararg] if arguments.vararg else [])]:
        argument.annotation = kind
    function.returns = kind
    return function


@dataclass(frozen=True)
class Sources:
    """Where the text of a kernel comes from."""

    words: Words
    language: ArrayLanguage
    by_hand: Mapping[str, str]
    _known: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        """The names of all kernels."""
        return frozenset({*self.by_hand, *array_kernels(), *translatable()})

    def source(self, name: str) -> str:
        """The text of a kernel."""
        if name not in self._known:
            if name in self.by_hand:
                text = self.by_hand[name]
            elif name in array_kernels():
                text = self.words.function(array_kernels()[name])
            else:
                text = array_kernel(self.language, name)
            self._known[name] = text
        return self._known[name]

    def called(self, lines: Iterable[str]) -> list[str]:
        """The source of every kernel that the lines call, and of those that the kernels call."""
        found = called_kernels(lines, self.names, self.source)
        return [found[name] for name in sorted(found)]


__all__ = ["Sources"]
