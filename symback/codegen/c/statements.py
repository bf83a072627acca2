"""Statements and loops as lines of C."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from symback.codegen.lines import wrapped
from symback.codegen.loops.tree import (
    Accumulate,
    Call,
    Comment,
    Declare,
    For,
    Return,
    Scope,
    Statement,
    Storage,
    Store,
    Unused,
)

PRAGMA = "#pragma omp simd"
INDENT = 4
LEVELS = ((800, "-O3"), (3000, "-O1"))
"""How far a compiler is to optimise so many lines: its time grows with their square."""


@dataclass(frozen=True, slots=True)
class StatementPrinter:
    """Prints nodes; `real` is the type of values of the caller, `written` that of his results.

    `number` is the type that numbers are computed in.

    >>> StatementPrinter().lines([Declare(Storage.NUMBER, "a", "2.0"), Return("a")])
    ['const double a = 2.0;', 'return a;']
    """

    real: str = "double"
    written: str = "double"
    number: str = "double"

    def lines(self, nodes: Iterable[Statement], depth: int = 1) -> list[str]:
        return [line for node in nodes for line in self._lines(node, depth)]

    def _lines(self, node: Statement, depth: int) -> list[str]:
        match node:
            case Comment(lines):
                return _comment(lines)
            case Declare():
                return self._declared(node, depth)
            case Store(to, value, sign, rounded):
                cast = "(float)" if rounded and self.written != self.number else ""
                return _ended(wrapped(f"{to} {sign}", f"{cast}{value}", INDENT * depth))
            case Accumulate(total, value):
                return [f"symback_add({total}, {value});"]
            case Call(name, arguments):
                return [f"{name}({', '.join(arguments)});"]
            case Unused(name):
                return [f"(void){name};"]
            case Return(value):
                return [f"return {value};"]
            case Scope(body):
                return ["{", *self._inside(body, depth), "}"]
            case For():
                return self._loop(node, depth)

    def _declared(self, node: Declare, depth: int) -> list[str]:
        if node.kind is Storage.SUM:
            return [f"double {node.name}[2] = {{0.0, 0.0}};"]
        if node.kind is Storage.VARIABLE and not node.value:
            return [f"double {node.name};"]
        if node.kind is Storage.OWN:
            return [f"double {node.name}[{node.count}];"]
        value = f"{node.value} + {node.offset}" if node.offset else node.value
        start = f"{self._type(node.kind)}{node.name} ="
        return _ended(wrapped(start, value, INDENT * depth))

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
                return "double *const "
            case _:
                return "double "

    def _loop(self, node: For, depth: int) -> list[str]:
        i = node.index
        step = f"{i} += {node.step}" if node.step else f"{i}++"
        head = f"for (size_t {i} = {node.start}; {i} < {node.stop}; {step}) {{"
        sums = f" reduction(+ : {', '.join(node.sums)})" if node.sums else ""
        pragma = [f"{PRAGMA}{sums}"] if node.simd else []
        return [*pragma, head, *self._inside(node.body, depth), "}"]

    def _inside(self, body: Sequence[Statement], depth: int) -> list[str]:
        return [f"{' ' * INDENT}{line}" for line in self.lines(body, depth + 1)]


def _ended(lines: Sequence[str]) -> list[str]:
    return [*lines[:-1], f"{lines[-1]};"]


def _comment(lines: Sequence[str]) -> list[str]:
    """`# …` lines as one comment of C."""
    texts = [line.removeprefix("#").replace("*/", "* /").replace("/*", "/ *") for line in lines]
    texts[0], texts[1:] = f"/*{texts[0]}", [f"  {text}" for text in texts[1:]]
    return [*texts[:-1], f"{texts[-1]} */"]


def compiler_level(count: int) -> str:
    """How far a compiler is to optimise so many lines."""
    return next((level for most, level in LEVELS if count <= most), "-O0")


__all__ = ["StatementPrinter", "compiler_level"]
