"""Statements and loops of a function, between a program and the text of a language like C.

Elements and conditions are printed already, by the language's expression printer; what declares,
assigns, adds up and loops is a node here, which the language's printer of nodes lays out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from enum import Enum

Tree = list["Statement"]


class Storage(Enum):
    """What a declared name is."""

    NUMBER = "a number that stays"
    VARIABLE = "a number that changes"
    SUM = "a sum over samples and the digits that its roundings have lost"
    SIZE = "a length"
    READ = "values of the caller, to be read"
    WRITE = "memory of the caller, to be written"
    WORK = "working memory"
    OWN = "an array of the function"


@dataclass(frozen=True, slots=True)
class Comment:
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Declare:
    kind: Storage
    name: str
    value: str = ""  # of a variable: none where it gets one below
    offset: str = ""  # of memory: how many elements behind the value
    count: str = ""  # of its elements, where the function makes it or parts its memory


@dataclass(frozen=True, slots=True)
class Store:
    to: str
    value: str
    sign: str = "="
    rounded: bool = False  # to the type of the caller's memory


@dataclass(frozen=True, slots=True)
class Accumulate:
    """Adds to a sum that keeps the digits lost by rounding."""

    total: str
    value: str


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    arguments: tuple[str, ...]
    of_tile: bool = False  # of all samples of a tile at once


@dataclass(frozen=True, slots=True)
class Unused:
    """An argument that the function has for the sake of its kind only."""

    name: str


@dataclass(frozen=True, slots=True)
class For:
    index: str
    start: str
    stop: str
    body: tuple[Statement, ...]
    step: str = ""  # 1 where there is none
    simd: bool = False
    sums: tuple[str, ...] = ()  # variables that the turns of a loop add to


@dataclass(frozen=True, slots=True)
class Scope:
    """Statements with names of their own."""

    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Return:
    value: str


Statement = Comment | Declare | Store | Accumulate | Call | Unused | For | Scope | Return


def walk(nodes: Sequence[Statement]) -> Iterator[Statement]:
    """All nodes, each before those inside it."""
    for node in nodes:
        yield node
        if isinstance(node, For | Scope):
            yield from walk(node.body)


def names_read(nodes: Sequence[Statement]) -> set[str]:
    """The names that stand in the code of nodes, comments apart."""
    found = [getattr(n, f.name) for n in walk(nodes) for f in fields(n) if f.type == "str"]
    found += [part for n in walk(nodes) if isinstance(n, Call) for part in n.arguments]
    return set(re.findall(r"\b[A-Za-z_]\w*", "\n".join(found), re.ASCII))


_KERNEL = re.compile(r"\bsymback_(?!fma\b|sum\b)\w+(\(.*)", re.DOTALL)
"""A kernel, long when it is pasted into a loop, and what follows its name: its operand."""


def fused(nodes: Sequence[Statement]) -> Tree:
    """The same with one loop for those side by side that go over the same elements.

    Kernels of a second operand begin another loop: with the choices of two, gcc takes a loop over
    vectors for one with branches, and computes element by element in twice the time.
    """
    found: Tree = []
    for node in map(flat, nodes):
        last = found[-1] if found else None
        if (
            isinstance(node, For)
            and isinstance(last, For)
            and _are_alike(last, node)
            and len(_kernels_in(last) | _kernels_in(node)) <= 1
        ):
            found[-1] = replace(last, body=tuple(fused([*last.body, *node.body])))
        else:
            found.append(node)
    return found


def _kernels_in(node: Statement) -> set[str]:
    """The operands of the kernels in a loop."""
    stores = (n for n in walk([node]) if isinstance(n, Store))
    return {operand for n in stores for operand in _KERNEL.findall(n.value)}


def flat(node: Statement) -> Statement:
    """One loop over all elements of arrays, where each line goes along all of them as they lie."""
    place, stops, inner = "", list[str](), node
    while isinstance(inner, For) and not inner.sums and not inner.step and inner.start == "0":
        place = f"({place})" if " + " in place else place
        place = f"{place} * {inner.stop} + {inner.index}" if place else inner.index
        stops.append(inner.stop)
        if not (len(inner.body) == 1 and isinstance(inner.body[0], For)):
            break
        inner = inner.body[0]
    if len(stops) < 2 or not isinstance(node, For) or not isinstance(inner, For):
        return node
    indices = [n.index for n in walk([node]) if isinstance(n, For)]
    body: Tree = []
    for store in inner.body:
        if not isinstance(store, Store):
            return node
        other = f"{store.to} {store.value}".replace(f"[{place}]", "")
        if any(re.search(rf"\b{index}\b", other) for index in indices):
            return node  # an array that has not all of the axes
        to, value = (t.replace(f"[{place}]", f"[{node.index}]") for t in (store.to, store.value))
        body.append(replace(store, to=to, value=value))
    length = " * ".join(stop for stop in stops if stop != "1")
    return replace(inner, index=node.index, stop=length or "1", body=tuple(body))


def _are_alike(first: For, second: For) -> bool:
    """Whether each turn of the second loop may follow the same turn of the first."""
    if replace(first, body=()) != replace(second, body=()) or first.sums:
        return False
    if [replace(n, body=()) for n in walk(first.body) if isinstance(n, For)] != [
        replace(n, body=()) for n in walk(second.body) if isinstance(n, For)
    ]:
        return False
    stores = [n for n in walk((first, second)) if not isinstance(n, For)]
    indices = [n.index for n in walk([first]) if isinstance(n, For)]
    texts = " ".join(f"{n.to} {n.value}" for n in stores if isinstance(n, Store))
    for node in stores:
        if not isinstance(node, Store) or "[" not in node.to:
            return False
        name, place = node.to.split("[", 1)
        if not all(re.search(rf"\b{index}\b", place) for index in indices):
            return False  # some turns write to the same place
        counts = [len(re.findall(rf"\b{re.escape(t)}", texts)) for t in (f"{name}[", node.to)]
        if counts[0] != counts[1]:
            return False  # a turn reads what another one writes
    return True


def has_axis(nodes: Sequence[Statement]) -> bool:
    """Whether some line works on more than numbers: a loop, a call or memory."""
    memory = (Storage.READ, Storage.WRITE, Storage.WORK)
    return any(
        isinstance(node, For | Scope | Call) or (isinstance(node, Declare) and node.kind in memory)
        for node in nodes
    )


__all__ = [
    "Accumulate",
    "Call",
    "Comment",
    "Declare",
    "For",
    "Return",
    "Scope",
    "Statement",
    "Storage",
    "Store",
    "Tree",
    "Unused",
    "flat",
    "fused",
    "has_axis",
    "names_read",
    "walk",
]
