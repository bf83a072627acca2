"""The C target: samples in tiles, so that a matrix meets many vectors at a time.

A product of a matrix that all samples share and a vector of each is one product of matrices over
the samples of a tile, and so is the sum of outer products over them. What stands between two such
products goes over the samples one by one; values that are read behind a product have memory for
each sample of the tile, which is small enough to stay in the cache.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from sympy import Expr, Symbol

from symback.codegen.c.names import words
from symback.codegen.c.statements import StatementPrinter
from symback.codegen.loops.tree import (
    Accumulate,
    Call,
    Comment,
    Declare,
    For,
    Statement,
    Storage,
    Store,
    Tree,
    fused,
    walk,
)
from symback.operations import arrays as a
from symback.operations.shapes import Shape, Size

TILE, TAKEN = "tile", "taken"
"""What functions call the most samples that they take at a time, and how many these are now."""
PRODUCT = "symback_product"
"""The kernel: numbers of rows, columns and terms; where two factors begin, and how far their rows
and columns are apart in memory; the product, and whether it is added to what is there."""


@dataclass(frozen=True, slots=True)
class TileProducts:
    """Finds the products that go over the samples of a tile at once."""

    shape_of: Callable[[Expr], Shape]
    memory: Callable[[Symbol], str]
    length: Callable[[Size], str]
    store: Callable[[Expr], Symbol]

    def product(self, to: Symbol, expr: Expr, varying: AbstractSet[Symbol]) -> Call | None:
        """A matrix that all samples share times a vector of each."""
        if not isinstance(expr, a.matvec):
            return None
        m, v = expr.args
        if not varying & v.free_symbols or varying & m.free_symbols:
            return None
        v = v if v.is_Symbol else self.store(v)
        columns, terms = map(self.length, self.shape_of(m))
        if isinstance(m, a.transpose):
            inner = m.args[0] if m.args[0].is_Symbol else self.store(m.args[0])
            right = (self.memory(inner), columns, "1")
        else:
            right = (self.memory(m if m.is_Symbol else self.store(m)), "1", terms)
        left = (self.memory(v), terms, "1")
        return self._call((TAKEN, columns, terms), left, right, to, adds=False)

    def added(self, to: Symbol, expr: Expr, varying: AbstractSet[Symbol]) -> Call | None:
        """The sum over the samples of the outer product of two vectors of each."""
        if not isinstance(expr, a.outer):
            return None
        u, v = expr.args
        if not varying & u.free_symbols or not varying & v.free_symbols:
            return None
        u, v = (o if o.is_Symbol else self.store(o) for o in (u, v))
        rows, columns = (self.length(self.shape_of(o)[0]) for o in (u, v))
        left, right = (self.memory(u), "1", rows), (self.memory(v), columns, "1")
        return self._call((rows, columns, TAKEN), left, right, to, adds=True)

    def _call(
        self,
        sizes: tuple[str, str, str],
        left: tuple[str, str, str],
        right: tuple[str, str, str],
        to: Symbol,
        adds: bool,
    ) -> Call:
        arguments = (*sizes, *left, *right, self.memory(to), str(int(adds)))
        return Call(PRODUCT, arguments, of_tile=True)


Parts = list[Tree]
"""The statements of a sample and, by themselves, those of a tile."""


@dataclass(slots=True)
class Tiles:
    """Lays out the statements of a sample, between which products of a tile stand."""

    fresh: Callable[[str], str]  # a new name
    counts: Mapping[str, str]  # the code for the lengths of arrays in working memory
    names: dict[str, str] = field(default_factory=dict)  # of the memory of whole tiles
    wide: dict[str, str] = field(default_factory=dict)  # what has such memory: its length

    def loop(self, each: Sequence[Statement], ends: Sequence[Statement]) -> For:
        """The loop over tiles; `ends` stand behind what they read."""
        parts = _parts(each)
        for end in ends:
            _put(parts, end)
        given = [n for part in parts for n in part if isinstance(n, Declare) and _is_given(n)]
        parts = [[n for n in part if n not in given] for part in parts]
        self._find(parts)
        stop = f"(count - start > {TILE}) ? start + {TILE} : count"
        body: Tree = [
            Declare(Storage.SIZE, "stop", stop),
            Declare(Storage.SIZE, TAKEN, "stop - start"),
        ]
        called = {w for part in parts if _is_of_tile(part) for w in _words(part)}
        for node in given:
            if node.name in called:
                offset = re.sub(r"\brow\b", "start", node.offset)
                body.append(replace(node, name=self._name(node.name), offset=offset))
        for part in parts:
            if _is_of_tile(part):
                body += [self._whole(node, given) for node in part]
            elif part:
                body.append(For("row", "start", "stop", tuple(self._rows(part, given))))
        return For("start", "0", "count", tuple(body), step=TILE)

    def _find(self, parts: Parts) -> None:
        """What products read, and what is read behind one."""
        used = [_words(part) for part in parts]
        numbers = {n.name for part in parts for n in part if isinstance(n, Declare)}
        for name in (*self.counts, *sorted(numbers)):
            places = [i for i, found in enumerate(used) if name in found]
            if len(places) > 1 or any(_is_of_tile(parts[i]) for i in places):
                self.wide[name] = self.counts.get(name, "1")

    def _name(self, name: str) -> str:
        if name not in self.names:
            self.names[name] = self.fresh(f"{name}_{TILE}")
        return self.names[name]

    def _whole(self, node: Statement, given: Collection[Declare]) -> Statement:
        """A product with the memory of whole tiles."""
        if not isinstance(node, Call):
            return node
        wide = {*self.wide, *(g.name for g in given)}
        return replace(
            node, arguments=tuple(self._name(t) if t in wide else t for t in node.arguments)
        )

    def _rows(self, part: Tree, given: Collection[Declare]) -> Tree:
        """The statements of a sample, with what it has of the memory of the tile."""
        used, declared = _words(part), {n.name for n in part if isinstance(n, Declare)}
        head: Tree = [node for node in given if node.name in used]
        tail: Tree = []
        for name, count in self.wide.items():
            if name not in used:
                continue
            memory = self._name(name)
            if name in self.counts:
                factor = f"({count})" if " " in count else count
                head.append(Declare(Storage.WORK, name, memory, f"(row - start) * {factor}"))
            elif name in declared:
                tail.append(Store(f"{memory}[row - start]", name))
            else:
                head.append(Declare(Storage.NUMBER, name, f"{memory}[row - start]"))
        return [*head, *fused(part), *tail]


def _is_of_tile(part: Sequence[Statement]) -> bool:
    return any(isinstance(node, Call) and node.of_tile for node in part)


def _is_given(node: Declare) -> bool:
    """Whether it reads or writes what the caller has for this sample."""
    if node.kind in (Storage.READ, Storage.WRITE):
        return True
    return node.kind is Storage.NUMBER and node.value.endswith("_at[row]")


def _words(part: Sequence[Statement]) -> set[str]:
    return words(StatementPrinter().lines(part))


def _parts(each: Sequence[Statement]) -> Parts:
    """The statements, those of a tile apart, each with the comment above it."""
    parts: Parts = [[]]
    for node in each:
        if isinstance(node, Call) and node.of_tile:
            about = [parts[-1].pop()] if parts[-1] and isinstance(parts[-1][-1], Comment) else []
            parts += [[*about, node], []]
        else:
            parts[-1].append(node)
    return [part for part in parts if part]


def _put(parts: Parts, end: Statement) -> None:
    """Puts a statement into the last part of a sample that makes something of what it reads."""
    read = _words([end])
    for part in reversed(parts):
        if not _is_of_tile(part) and read & _made(part):
            part.append(end)
            return
    rows = [part for part in parts if not _is_of_tile(part)]
    if rows and not any(read & _made(part) for part in parts):
        rows[-1].append(end)
    else:
        parts.append([end])


def _made(part: Sequence[Statement]) -> set[str]:
    """The names that get a value here, and perhaps some others."""
    found: set[str] = set()
    for node in walk(part):
        match node:
            case Declare(kind, name):
                found |= {name} if kind in (Storage.NUMBER, Storage.VARIABLE) else set()
            case Store(to):
                found |= words([to])
            case Call(_, arguments):
                found |= words(arguments)
            case Accumulate(total):
                found.add(total)
            case _:
                pass
    return found


__all__ = ["PRODUCT", "TAKEN", "TILE", "TileProducts", "Tiles"]
