"""Statements and loops as lines of JavaScript."""

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

INDENT = 2
_CHANGING = (Storage.VARIABLE, Storage.SUM)


@dataclass(frozen=True, slots=True)
class JavaScriptStatements:
    """Prints nodes.

    >>> JavaScriptStatements().lines([Declare(Storage.NUMBER, "a", "2.0"), Return("a")])
    ['const a = 2.0;', 'return a;']
    """

    def lines(self, nodes: Iterable[Statement], depth: int = 1) -> list[str]:
        return [line for node in nodes for line in self._lines(node, depth)]

    def _lines(self, node: Statement, depth: int) -> list[str]:
        match node:
            case Comment(lines):
                return [f"//{line.removeprefix('#')}" for line in lines]
            case Declare(Storage.VARIABLE, name, ""):
                return [f"let {name};"]
            case Declare():
                start = f"{'let' if node.kind in _CHANGING else 'const'} {node.name} ="
                return _ended(wrapped(start, _value(node), INDENT * depth))
            case Store(to, value, sign):
                return _ended(wrapped(f"{to} {sign}", value, INDENT * depth))
            case Accumulate(total, value):
                return [f"_add({total}, {value});"]
            case Call(name, arguments):
                return [f"{name}({', '.join(arguments)});"]
            case Unused():
                return []
            case Return(value):
                return [f"return {value};"]
            case Scope(body):
                return ["{", *self._inside(body, depth), "}"]
            case For(i, start, stop, body, step):
                change = f"{i} += {step}" if step else f"{i}++"
                head = f"for (let {i} = {start}; {i} < {stop}; {change}) {{"
                return [head, *self._inside(body, depth), "}"]

    def _inside(self, body: Sequence[Statement], depth: int) -> list[str]:
        return [f"{' ' * INDENT}{line}" for line in self.lines(body, depth + 1)]


def _value(node: Declare) -> str:
    if node.kind is Storage.OWN:
        return f"new Float64Array({node.count})"
    if node.kind is Storage.SUM:
        return "[0, 0]"
    return f"{node.value}.subarray({node.offset})" if node.offset else node.value


def _ended(lines: Sequence[str]) -> list[str]:
    return [*lines[:-1], f"{lines[-1]};"]


__all__ = ["JavaScriptStatements"]
