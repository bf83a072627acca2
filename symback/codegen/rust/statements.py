"""Statements and loops as lines of Rust."""

from __future__ import annotations

from collections.abc import Sequence

from symback.codegen.lines import freed, names_in, wrapped
from symback.codegen.loops.statements import TreePrinter, ended
from symback.codegen.loops.tree import Declare, For, Storage, Store

_PARTS = {Storage.READ: "&", Storage.WRITE: "&mut "}
"""How a part of memory is borrowed."""


class RustStatements(TreePrinter):
    """Prints nodes.

    >>> from symback.codegen.loops.tree import Return
    >>> RustStatements().lines([Declare(Storage.NUMBER, "a", "2.0"), Return("a")])
    ['let a = 2.0;', 'return a;']
    """

    def declared(self, node: Declare, depth: int) -> list[str]:
        if node.kind is Storage.OWN:
            return [f"let {node.name} = &mut [0.0; {node.count}];"]
        if node.kind is Storage.WORK:
            return [f"let ({node.name}, work) = work.split_at_mut({freed(node.count)});"]
        if node.kind in _PARTS:
            borrowed = _PARTS[node.kind]
            return [f"let {node.name} = {borrowed}{node.value}[{node.offset}..][..{node.count}];"]
        if node.kind is Storage.VARIABLE and not node.value:
            return [f"let {node.name};"]
        word = "let mut" if node.kind is Storage.VARIABLE else "let"
        return self._assigned(f"{word} {node.name} =", node.value, depth)

    def stored(self, node: Store, depth: int) -> list[str]:
        return self._assigned(f"{node.to} {node.sign}", node.value, depth)

    def _assigned(self, start: str, value: str, depth: int) -> list[str]:
        """A statement; what is broken needs no brackets around it."""
        lines: Sequence[str] = wrapped(start, freed(value), self.indent * depth)
        if len(lines) > 2 and lines[0].endswith(" (") and lines[-1] == ")":
            lines = [lines[0].removesuffix(" ("), *lines[1:-1]]
        return ended(lines)

    def unused(self, name: str) -> list[str]:
        return [f"let _ = {name};"]

    def value(self, text: str) -> str:
        return freed(text)

    def added(self, total: str, value: str) -> str:
        return f"_add(&mut {total}, {value});"

    def heads(self, node: For, inner: Sequence[str]) -> list[str]:
        """The loop; an index that the body does not read has no name."""
        span = f"{node.start}..{node.stop}"
        span = f"({span}).step_by({node.step})" if node.step else span
        index = node.index if node.index in names_in(inner) else "_"
        return [f"for {index} in {span} {{"]


__all__ = ["RustStatements"]
