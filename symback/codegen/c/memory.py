"""The C target: arrays in the memory that a caller lends, for each sample of a tile or for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sympy import Add, Expr, Symbol

from symback.codegen.c.names import CNames
from symback.codegen.c.tiles import TILE, Tiles
from symback.codegen.loops.tree import Declare, Storage, Tree
from symback.operations.shapes import Shape


@dataclass(slots=True)
class WorkingMemory:
    """The arrays that have it, by their names in C."""

    writer: CNames
    shapes: Mapping[str, Shape]
    arrays: dict[str, Symbol] = field(default_factory=dict)

    def add(self, symbol: Symbol) -> None:
        self.arrays[self.writer.name(symbol.name)] = symbol

    def count(self, symbol: Symbol) -> str:
        """The code for the number of elements."""
        return self.writer.count(self.shapes[symbol.name])

    def declared(self, tiles: Tiles) -> Tree:
        """Names for parts of the memory: those of tiles, then those of a sample."""
        found: Tree = []
        last, length = "work", ""
        if tiles.names:
            numbers = self.writer.numbers(self.of_tile(tiles))
            found.append(Declare(Storage.SIZE, TILE, f"symback_tile(count, {numbers})"))
        for name, count in tiles.wide.items():
            memory = tiles.names[name]
            found.append(Declare(Storage.WORK, memory, last, length))
            factor = f"({count})" if " " in count else count
            last, length = memory, TILE if count == "1" else f"{TILE} * {factor}"
        for name, symbol in self.arrays.items():
            if name not in tiles.wide:
                found.append(Declare(Storage.WORK, name, last, length))
                last, length = name, self.count(symbol)
        return found

    def of_sample(self, tiles: Tiles) -> Expr:
        """How many numbers it holds beside those of tiles."""
        return self._numbers([s for name, s in self.arrays.items() if name not in tiles.wide])

    def of_tile(self, tiles: Tiles) -> Expr:
        """How many numbers it holds for each sample of a tile."""
        wide = [self.arrays[name] for name in tiles.wide if name in self.arrays]
        return self._numbers(wide) + len(tiles.wide) - len(wide)

    def _numbers(self, arrays: Sequence[Symbol]) -> Expr:
        return Add(*(self.writer.elements(self.shapes[symbol.name]) for symbol in arrays))


__all__ = ["WorkingMemory"]
