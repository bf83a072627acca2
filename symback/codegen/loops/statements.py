"""Statements and loops as lines: what languages with braces have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import ClassVar

from symback.codegen.loops.tree import (
    Accumulate,
    Call,
    Comment,
    Declare,
    For,
    Return,
    Scope,
    Statement,
    Store,
    Unused,
)


class TreePrinter(ABC):
    """Prints nodes, each as the lines of its language."""

    indent: ClassVar[int] = 4

    def lines(self, nodes: Iterable[Statement], depth: int = 1) -> list[str]:
        """The lines of nodes that stand that deep."""
        return [line for node in nodes for line in self._lines(node, depth)]

    def _lines(self, node: Statement, depth: int) -> list[str]:
        match node:
            case Comment(lines):
                return self.comment(lines)
            case Declare():
                return self.declared(node, depth)
            case Store():
                return self.stored(node, depth)
            case Accumulate(total, value):
                return [self.added(total, value)]
            case Call(name, arguments):
                return [f"{name}({', '.join(arguments)});"]
            case Unused(name):
                return self.unused(name)
            case Return(value):
                return [f"return {self.value(value)};"]
            case Scope(body):
                return ["{", *self._inside(body, depth), "}"]
            case For():
                inner = self._inside(node.body, depth)
                return [*self.heads(node, inner), *inner, "}"]

    def _inside(self, body: Sequence[Statement], depth: int) -> list[str]:
        return [f"{' ' * self.indent}{line}" for line in self.lines(body, depth + 1)]

    def comment(self, lines: Sequence[str]) -> list[str]:
        """`# …` lines as comments."""
        return [f"//{line.removeprefix('#')}" for line in lines]

    def unused(self, name: str) -> list[str]:
        """What keeps a compiler from warning of an argument."""
        return []

    def value(self, text: str) -> str:
        """A number as a whole right side."""
        return text

    @abstractmethod
    def declared(self, node: Declare, depth: int) -> list[str]:
        """A declaration."""

    @abstractmethod
    def stored(self, node: Store, depth: int) -> list[str]:
        """An assignment."""

    @abstractmethod
    def added(self, total: str, value: str) -> str:
        """What is added to a sum that keeps its digits."""

    @abstractmethod
    def heads(self, node: For, inner: Sequence[str]) -> list[str]:
        """What stands before the body of a loop, whose lines are known."""


def ended(lines: Sequence[str]) -> list[str]:
    """The lines of one statement."""
    return [*lines[:-1], f"{lines[-1]};"]


__all__ = ["TreePrinter", "ended"]
