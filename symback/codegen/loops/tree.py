"""Statements and loops of a function, between a program and the text of a language like C.

Elements and conditions are printed already, by the language's expression printer; what declares,
assigns, adds up and loops is a node here, which the language's printer of nodes lays out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Comment:
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Declare:
    kind: Storage
    name: str
    value: str = ""
    offset: str = ""  # of memory: how many elements behind the value


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
    "has_axis",
    "walk",
]
