"""Statements and loops as lines of JavaScript."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from symback.codegen.lines import wrapped
from symback.codegen.loops.statements import TreePrinter, ended
from symback.codegen.loops.tree import Declare, For, Storage, Store

_CHANGING = (Storage.VARIABLE, Storage.SUM)


class JavaScriptStatements(TreePrinter):
    """Prints nodes.

    >>> from symback.codegen.loops.tree import Return
    >>> JavaScriptStatements().lines([Declare(Storage.NUMBER, "a", "2.0"), Return("a")])
    ['const a = 2.0;', 'return a;']
    """

    indent: ClassVar = 2

    def declared(self, node: Declare, depth: int) -> list[str]:
        if node.kind is Storage.VARIABLE and not node.value:
            return [f"let {node.name};"]
        start = f"{'let' if node.kind in _CHANGING else 'const'} {node.name} ="
        return ended(wrapped(start, _value(node), self.indent * depth))

    def stored(self, node: Store, depth: int) -> list[str]:
        return ended(wrapped(f"{node.to} {node.sign}", node.value, self.indent * depth))

    def added(self, total: str, value: str) -> str:
        return f"_add({total}, {value});"

    def heads(self, node: For, inner: Sequence[str]) -> list[str]:
        i = node.index
        change = f"{i} += {node.step}" if node.step else f"{i}++"
        return [f"for (let {i} = {node.start}; {i} < {node.stop}; {change}) {{"]


def _value(node: Declare) -> str:
    if node.kind is Storage.OWN:
        return f"new Float64Array({node.count})"
    if node.kind is Storage.SUM:
        return "[0, 0]"
    if node.offset and node.count:
        return f"{node.value}.subarray({node.offset}, {node.offset} + {node.count})"
    return f"{node.value}.subarray({node.offset})" if node.offset else node.value


__all__ = ["JavaScriptStatements"]
