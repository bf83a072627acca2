"""Terms: the pieces of an expression as it was typed, each with its place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Term:
    """A piece of an expression as it was typed. `args` are terms; `text` is a name or number."""

    kind: str
    place: tuple[int, int]
    args: list[Term]
    text: str = ""
    depth: int = 1
    size: int = 1


__all__ = ["Term"]
