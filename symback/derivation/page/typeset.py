"""The texts of a page's picture as its formulas are set: x3 as an italic x with a subscript 3."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Collection, Iterator

from symback.operations.signs import GREEK

_WORD = re.compile(r"[^\W\d]\w*")
_PARTS = re.compile(r"([^\W\d_]+)_?(\w*)")
_BETWEEN = re.compile(r"(?<=\d)_(?=\d)")
_LETTERS = {name.rstrip("_"): letter for letter, name in reversed(GREEK.items())}
_DOWN = 2  # of a subscript, in units of the picture


def typeset(label: ET.Element, names: Collection[str]) -> None:
    """Write the names in a text, before its numbers, as the formulas do."""
    text, label.text = label.text or "", ""
    places = list(label)
    down = False
    for place, (kind, part) in enumerate(_pieces(text, names)):
        attributes = {"class": kind} if kind else {}
        if (kind == "sub") != down:
            down = not down
            attributes["dy"] = str(_DOWN if down else -_DOWN)
        piece = ET.Element("tspan", attributes)
        piece.text = part
        label.insert(place, piece)
    if down and places:
        places[0].set("dy", str(-_DOWN))


def _pieces(text: str, names: Collection[str]) -> Iterator[tuple[str, str]]:
    """Parts of a text: "var" is a name of one letter, "sub" a subscript, "" anything else."""
    place = 0
    for word in _WORD.finditer(text):
        parts = _PARTS.fullmatch(word[0]) if word[0] in names else None
        if parts is None:
            continue
        if text[place : word.start()]:
            yield "", text[place : word.start()]
        stem = _LETTERS.get(parts[1], parts[1])
        yield ("var" if len(stem) == 1 else ""), stem
        if parts[2]:
            yield "sub", _BETWEEN.sub(",", parts[2])
        place = word.end()
    if text[place:]:
        yield "", text[place:]


__all__ = ["typeset"]
