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

TILE, TAKEN, ALL = "tile", "taken", "all"
"""What functions call the most samples that they take at a time, and how many these are now."""
SMALL = 8
"""The largest size of small matrices."""
PRODUCT = "symback_product"
"""The kernel: numbers of rows, columns and terms; where two factors begin, and how far their rows
and columns are apart in memory; the product, its rows, and whether it is added to what is there."""


@dataclass(frozen=True, slots=True)
class TileProducts:
    """Finds the products that go over the samples of a tile at once."""

    shape_of: Callable[[Expr], Shape]
    memory: Callable[[Symbol], str]
    length: Callable[[Size], str]
    store: Callable[[Expr], Symbol]

    def product(self, to: Symbol, expr: Expr, varying: AbstractSet[Symbol]) -> Statement | None:
        """A matrix that all samples share times a vector of each, or a row of such products."""
        if isinstance(expr, a.einsum):
            return self._row(to, expr, varying, adds=False)
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
        return self._call((TAKEN, columns, terms), left, right, (self.memory(to), columns), False)

    def added(self, to: Symbol, expr: Expr, varying: AbstractSet[Symbol]) -> Statement | None:
        """The sum over the samples of the outer product of two vectors of each, or of a row."""
        if isinstance(expr, a.einsum):
            return self._row(to, expr, varying, adds=True)
        if not isinstance(expr, a.outer):
            return None
        u, v = expr.args
        if not varying & u.free_symbols or not varying & v.free_symbols:
            return None
        u, v = (o if o.is_Symbol else self.store(o) for o in (u, v))
        rows, columns = (self.length(self.shape_of(o)[0]) for o in (u, v))
        left, right = (self.memory(u), "1", rows), (self.memory(v), columns, "1")
        return self._call((rows, columns, TAKEN), left, right, (self.memory(to), columns), True)

    def of_matrices(self, to: Symbol, expr: Expr, sign: str) -> Call | None:
        """A product of two matrices, whoever has them; of small ones loops are as fast."""
        if not isinstance(expr, a.matmul):
            return None
        m, n = expr.args
        (rows, terms), columns = self.shape_of(m), self.shape_of(n)[1]
        if all(size.is_Integer and size <= SMALL for size in (rows, terms, columns)):
            return None
        left, right = (self._matrix(factor) for factor in (m, n))
        count, width, length = map(self.length, (rows, columns, terms))
        steps = (
            (length, "1") if left[1] else ("1", count),
            (width, "1") if right[1] else ("1", length),
        )
        return replace(
            self._call(
                (count, width, length),
                (left[0], *steps[0]),
                (right[0], *steps[1]),
                (self.memory(to), width),
                sign == "+=",
            ),
            of_tile=False,
        )

    def _matrix(self, factor: Expr) -> tuple[str, bool]:
        """Where a matrix, or the one that it is the transpose of, lies, and whether it lies so."""
        turned = isinstance(factor, a.transpose)
        inner = factor.args[0] if turned else factor
        return self.memory(inner if inner.is_Symbol else self.store(inner)), not turned

    def _row(
        self, to: Symbol, expr: Expr, varying: AbstractSet[Symbol], adds: bool
    ) -> Statement | None:
        """The same for each index of an axis that both factors and the product have."""
        x, y, (first, second, result) = expr.args
        own = [bool(varying & o.free_symbols) for o in (x, y)]
        if not any(own) or all(own) != adds:
            return None
        if own[1] and not adds:
            x, y, first, second = y, x, second, first  # the vectors of samples to the left
        shared = [letter for letter in first if letter in second and letter in result]
        left, right, ends = ([c for c in n if c not in shared] for n in (first, second, result))
        if adds and sorted(ends, key=str) == sorted([*left, *right], key=str) and ends[:1] != left:
            x, y, first, second, left, right = y, x, second, first, right, left
        u, v = left[:1], ends[-1:]
        known = [*u, *v] == ends if adds else sorted(right, key=str) == sorted([*u, *v], key=str)
        if not known or right == u or [len(shared), len(left), *map(len, (u, v))] != [1] * 4:
            return None
        if result[-1] != v[0]:
            return None
        x, y = (o if o.is_Symbol else self.store(o) for o in (x, y))
        of_x, of_y, of_to = (
            self._strides(o, letters) for o, letters in ((x, first), (y, second), (to, result))
        )
        sizes = dict(zip((*first, *second), (*self.shape_of(x), *self.shape_of(y)), strict=True))
        at, u, v = shared[0], u[0], v[0]
        length = {letter: self.length(size) for letter, size in sizes.items()}
        left_at, right_at, to_at = (
            f"{self.memory(o)} + i * {strides[at]}"
            for o, strides in ((x, of_x), (y, of_y), (to, of_to))
        )
        if adds:
            call = self._call(
                (length[u], length[v], TAKEN),
                (left_at, of_x[u], of_x[ALL]),
                (right_at, of_y[ALL], of_y[v]),
                (to_at, of_to[u]),
                adds,
            )
        else:
            call = self._call(
                (TAKEN, length[v], length[u]),
                (left_at, of_x[ALL], of_x[u]),
                (right_at, of_y[u], of_y[v]),
                (to_at, of_to[ALL]),
                adds,
            )
        return For("i", "0", length[at], (call,))

    def _strides(self, array: Symbol, letters: Sequence[Expr]) -> dict[Expr | str, str]:
        """How far entries are apart in memory along each axis, and samples."""
        lengths = [self.length(size) for size in self.shape_of(array)]
        found: dict[Expr | str, str] = {ALL: " * ".join(lengths)}
        for i, letter in enumerate(letters):
            found[letter] = " * ".join(lengths[i + 1 :]) or "1"
        return found

    def _call(
        self,
        sizes: tuple[str, str, str],
        left: tuple[str, str, str],
        right: tuple[str, str, str],
        to: tuple[str, str],
        adds: bool,
    ) -> Call:
        return Call(PRODUCT, (*sizes, *left, *right, *to, str(int(adds))), of_tile=True)


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
        called = {w for part in parts if is_of_tile(part) for w in _words(part)}
        for node in given:
            if node.name in called:
                offset = re.sub(r"\brow\b", "start", node.offset)
                body.append(replace(node, name=self._name(node.name), offset=offset))
        for part in parts:
            if is_of_tile(part):
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
            if len(places) > 1 or any(is_of_tile(parts[i]) for i in places):
                self.wide[name] = self.counts.get(name, "1")

    def _name(self, name: str) -> str:
        if name not in self.names:
            self.names[name] = self.fresh(f"{name}_{TILE}")
        return self.names[name]

    def _whole(self, node: Statement, given: Collection[Declare]) -> Statement:
        """A product with the memory of whole tiles."""
        if isinstance(node, For):
            return replace(node, body=tuple(self._whole(inner, given) for inner in node.body))
        if not isinstance(node, Call):
            return node
        wide = {*self.wide, *(g.name for g in given)}

        def named(word: re.Match[str]) -> str:
            return self._name(word[0]) if word[0] in wide else word[0]

        return replace(node, arguments=tuple(re.sub(r"\w+", named, t) for t in node.arguments))

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


def is_of_tile(part: Sequence[Statement]) -> bool:
    """Whether something is done for all samples of a tile at once."""
    return any(isinstance(node, Call) and node.of_tile for node in walk(part))


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
        if is_of_tile([node]):
            about = [parts[-1].pop()] if parts[-1] and isinstance(parts[-1][-1], Comment) else []
            parts += [[*about, node], []]
        else:
            parts[-1].append(node)
    return [part for part in parts if part]


def _put(parts: Parts, end: Statement) -> None:
    """Puts a statement into the last part of a sample that makes something of what it reads."""
    read = _words([end])
    for part in reversed(parts):
        if not is_of_tile(part) and read & _made(part):
            part.append(end)
            return
    rows = [part for part in parts if not is_of_tile(part)]
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


__all__ = ["PRODUCT", "TAKEN", "TILE", "TileProducts", "Tiles", "is_of_tile"]
