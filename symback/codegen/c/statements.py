"""Statements and loops as lines of C."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from symback.codegen.c.vectors import with_vectors
from symback.codegen.lines import wrapped
from symback.codegen.loops.statements import TreePrinter, ended
from symback.codegen.loops.tree import Declare, For, Statement, Storage, Store

PRAGMA = "#pragma omp simd"
LEVELS = ((800, "-O3"), (3000, "-O1"))
"""How far a compiler is to optimise so many lines: its time grows with their square."""


@dataclass(frozen=True, slots=True)
class StatementPrinter(TreePrinter):
    """Prints nodes; `real` is the type of values of the caller, `written` that of his results.

    `number` is the type that numbers are computed in, `work` that of working memory.

    >>> from symback.codegen.loops.tree import Return
    >>> StatementPrinter().lines([Declare(Storage.NUMBER, "a", "2.0"), Return("a")])
    ['const double a = 2.0;', 'return a;']
    """

    real: str = "double"
    written: str = "double"
    number: str = "double"
    work: str = "double"

    def _lines(self, node: Statement, depth: int) -> list[str]:
        found = TreePrinter._lines(self, node, depth)
        is_loop = isinstance(node, For) and node.simd and self.number == "double"
        return with_vectors(found) if is_loop else found

    def comment(self, lines: Sequence[str]) -> list[str]:
        texts = [line.removeprefix("#").replace("*/", "* /").replace("/*", "/ *") for line in lines]
        texts[0], texts[1:] = f"/*{texts[0]}", [f"  {text}" for text in texts[1:]]
        return [*texts[:-1], f"{texts[-1]} */"]

    def unused(self, name: str) -> list[str]:
        return [f"(void){name};"]

    def added(self, total: str, value: str) -> str:
        return f"symback_add({total}, {value});"

    def stored(self, node: Store, depth: int) -> list[str]:
        text = node.value
        of_array = "[" in node.to and (self.work, self.number) == ("float", "double")
        if of_array or (node.rounded and self.written != self.number):
            text = f"(float)({text})" if re.search(r"[^\w.]", text) else f"(float){text}"
        return ended(wrapped(f"{node.to} {node.sign}", text, self.indent * depth))

    def declared(self, node: Declare, depth: int) -> list[str]:
        if node.kind is Storage.SUM:
            return [f"double {node.name}[2] = {{0.0, 0.0}};"]
        if node.kind is Storage.VARIABLE and not node.value:
            return [f"double {node.name};"]
        if node.kind is Storage.OWN:
            return [f"double {node.name}[{node.count}];"]
        value = f"{node.value} + {node.offset}" if node.offset else node.value
        start = f"{self._type(node.kind)}{node.name} ="
        return ended(wrapped(start, value, self.indent * depth))

    def _type(self, kind: Storage) -> str:
        match kind:
            case Storage.NUMBER:
                return f"const {self.number} "
            case Storage.SIZE:
                return "const size_t "
            case Storage.READ:
                return f"const {self.real} *const "
            case Storage.WRITE:
                return f"{self.written} *const "
            case Storage.WORK:
                return f"{self.work} *const "
            case _:
                return "double "

    def heads(self, node: For, inner: Sequence[str]) -> list[str]:
        i = node.index
        step = f"{i} += {node.step}" if node.step else f"{i}++"
        head = f"for (size_t {i} = {node.start}; {i} < {node.stop}; {step}) {{"
        sums = f" reduction(+ : {', '.join(node.sums)})" if node.sums else ""
        return [*([f"{PRAGMA}{sums}"] if node.simd else []), head]


def compiler_level(count: int) -> str:
    """How far a compiler is to optimise so many lines."""
    return next((level for most, level in LEVELS if count <= most), "-O0")


__all__ = ["StatementPrinter", "compiler_level"]
