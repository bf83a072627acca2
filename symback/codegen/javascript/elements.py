"""The JavaScript target: the elements of arrays."""

from __future__ import annotations

from typing import ClassVar

from sympy import Symbol

from symback.codegen.javascript.printer import JavaScriptPrinter
from symback.codegen.loops.elements import ElementPrinter


class JavaScriptElementPrinter(ElementPrinter, JavaScriptPrinter):
    """Prints the element of a formula at an index in JavaScript."""

    kernels: ClassVar = "_"

    def as_number(self, size: str) -> str:
        return size

    def read(self, array: Symbol, offset: str = "") -> str:
        memory = self.memory(array)
        return f"{memory}.subarray({offset})" if offset else memory

    def as_index(self, number: str) -> str:
        return f"({number})"

    def root_of(self, text: str) -> str:
        return f"Math.sqrt({text})"


__all__ = ["JavaScriptElementPrinter"]
