"""The parser of circuit text, from tables that stand beside the grammar.

To make them takes ten times as long as to read them. They hold for one text of the grammar and one
version of Lark; where either is another, Lark makes them anew. `tools/regenerate.py` writes them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from importlib.resources import files
from typing import Any

import lark
from lark import Lark

GRAMMAR, TABLES = "grammar.lark", "grammar.json"


def parser(reader: Any, layout: Any) -> Lark:
    """The parser whose reductions call the reader, and whose tokens pass through the layout."""
    grammar = text_of(GRAMMAR)
    tables = json.loads(text_of(TABLES), object_hook=_numbered)
    if tables["made_from"] != made_from(grammar):
        return fresh(grammar, reader, layout)
    options = {**tables["data"]["options"], "transformer": _Rules(reader), "postlex": layout}
    return Lark.load({"data": {**tables["data"], "options": options}, "memo": tables["memo"]})


def fresh(grammar: str, reader: Any, layout: Any) -> Lark:
    """The parser that Lark makes of the grammar; without a reader, for its tables alone."""
    return Lark(
        grammar,
        parser="lalr",
        lexer="contextual",
        transformer=None if reader is None else _Rules(reader),
        postlex=layout,
        maybe_placeholders=True,
    )


class _Rules:
    """A reader's methods as Lark calls them when it reduces: each is given what its rule found.

    Lark's own way to spread that to arguments takes three calls more for every name of a text.
    """

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def __getattr__(self, rule: str) -> Callable[[list[Any]], Any]:
        method = getattr(self._reader, rule)
        return lambda found: method(*found)


def made_from(grammar: str) -> list[str]:
    """What the tables depend on."""
    return [f"lark {lark.__version__}", sha256(grammar.encode()).hexdigest()]


def text_of(name: str) -> str:
    return files("symback.language").joinpath(name).read_text(encoding="utf-8")


def _numbered(found: dict[str, Any]) -> dict[Any, Any]:
    """JSON has only strings as keys; those of rules, terminals and states are numbers."""
    return {int(key) if key.isdigit() else key: value for key, value in found.items()}
