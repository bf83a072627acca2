"""LaTeX → MathML, which browsers render themselves: no script, no font, no network."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from functools import lru_cache

_HIDDEN = ("xmlns", "display")


@lru_cache(maxsize=4096)
def mathml(latex: str) -> str:
    """A <math> element for inline LaTeX, as symback's own printer writes it."""
    from latex2mathml.converter import convert  # kept out of start-up

    root = ET.fromstring(_without_namespace(convert(latex)))
    for name in _HIDDEN:
        root.attrib.pop(name, None)
    for parent in list(root.iter()):
        _join_words(parent)
    return ET.tostring(root, encoding="unicode")


def _without_namespace(text: str) -> str:
    return text.replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "", 1)


def _join_words(parent: ET.Element) -> None:
    r"""Make one <mi> of the upright letters of \mathrm{net}: a word, not a product of n, e, t."""
    children = list(parent)
    upright = [c.tag == "mn" or c.get("mathvariant") == "normal" for c in children]
    if len(children) < 2 or not all(upright) or all(c.tag == "mn" for c in children):
        return
    word = ET.Element("mi")
    word.text = "".join(c.text or "" for c in children)
    for child in children:
        parent.remove(child)
    parent.append(word)


__all__ = ["mathml"]
