"""Statements and loops as lines of Rust."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from symback.codegen.lines import names_in, wrapped
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
from symback.codegen.rust.kernels import freed

INDENT = 4


@dataclass(frozen=True, slots=True)
class RustStatements:
    """Prints nodes.

    >>> RustStatements().lines([Declare(Storage.NUMBER, "a", "2.0"), Return("a")])
    ['let a = 2.0;', 'return a;']
    """

    def lines(self, nodes: Iterable[Statement], depth: int = 1) -> list[str]:
        return [line for node in nodes for line in self._lines(node, depth)]

    def _lines(self, node: Statement, depth: int) -> list[str]:
        match node:
            case Comment(lines):
                return [f"//{line.removeprefix('#')}" for line in lines]
            case Declare():
                return self._declared(node, depth)
            case Store(to, value, sign):
                return _ended(wrapped(f"{to} {sign}", freed(value), INDENT * depth))
            case Accumulate(total, value):
                return [f"_add(&mut {total}, {value});"]
            case Call(name, arguments):
                return [f"{name}({', '.join(arguments)});"]
            case Unused(name):
                return [f"let _ = {name};"]
            case Return(value):
                return [f"return {freed(value)};"]
            case Scope(body):
                return ["{", *self._inside(body, depth), "}"]
            case For(i, start, stop, body, step):
                span = f"({start}..{stop}).step_by({step})" if step else f"{start}..{stop}"
                inner = self._inside(body, depth)
                i = i if i in names_in(inner) else "_"
                return [f"for {i} in {span} {{", *inner, "}"]

    def _declared(self, node: Declare, depth: int) -> list[str]:
        if node.kind is Storage.OWN:
            return [f"let {node.name} = &mut [0.0; {node.count}];"]
        if node.kind is Storage.WORK:
            return [f"let ({node.name}, work) = work.split_at_mut({freed(node.count)});"]
        if node.kind is Storage.VARIABLE and not node.value:
            return [f"let {node.name};"]
        word = "let mut" if node.kind is Storage.VARIABLE else "let"
        return _ended(wrapped(f"{word} {node.name} =", freed(node.value), INDENT * depth))

    def _inside(self, body: Sequence[Statement], depth: int) -> list[str]:
        return [f"{' ' * INDENT}{line}" for line in self.lines(body, depth + 1)]


def _ended(lines: Sequence[str]) -> list[str]:
    """A statement; what is broken needs no brackets around it."""
    if len(lines) > 2 and lines[0].endswith(" (") and lines[-1] == ")":
        lines = [lines[0].removesuffix(" ("), *lines[1:-1]]
    return [*lines[:-1], f"{lines[-1]};"]


__all__ = ["RustStatements"]
