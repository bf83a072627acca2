"""The C target: the elements of arrays."""

from __future__ import annotations

from typing import ClassVar

from symback.codegen.c import kernels
from symback.codegen.c.printer import CPrinter
from symback.codegen.loops.elements import ElementPrinter


class CElementPrinter(ElementPrinter, CPrinter):
    """Prints the element of a formula at an index in C."""

    kernels: ClassVar = kernels.PREFIX

    def as_number(self, size: str) -> str:
        return f"(double){size}"

    def as_index(self, number: str) -> str:
        return f"(size_t)({number})"

    def root_of(self, text: str) -> str:
        return f"sqrt({text})"


__all__ = ["CElementPrinter"]
