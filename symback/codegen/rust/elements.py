"""The Rust target: the elements of arrays."""

from __future__ import annotations

from typing import ClassVar

from sympy import Symbol

from symback.codegen.lines import freed
from symback.codegen.loops.elements import ElementPrinter
from symback.codegen.rust.kernels import choice
from symback.codegen.rust.printer import RustPrinter


class RustElementPrinter(ElementPrinter, RustPrinter):
    """Prints the element of a formula at an index in Rust."""

    kernels: ClassVar = "_"

    def as_number(self, size: str) -> str:
        return f"({size} as f64)"

    def as_index(self, number: str) -> str:
        return f"_index({freed(number)})"

    def read(self, array: Symbol, offset: str = "") -> str:
        memory = self.memory(array)
        return f"&{memory}[{offset}..]" if offset else memory

    def written(self, array: Symbol, offset: str = "") -> str:
        memory = self.memory(array)
        return f"&mut {memory}[{offset}..]" if offset else memory

    def indexed(self, memory: str, place: str) -> str:
        return f"{memory}[{freed(place)}]"

    def root_of(self, text: str) -> str:
        return f"f64::sqrt({freed(text)})"

    def choice(self, condition: str, yes: str, no: str) -> str:
        return choice(condition, yes, no)


__all__ = ["RustElementPrinter"]
