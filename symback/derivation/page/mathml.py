"""LaTeX → MathML, which browsers render themselves: no script, no font, no network.

Browsers don't break a formula, so a long one is written as several, between its terms.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from functools import lru_cache
from itertools import pairwise

LONGEST = 14  # letters, numbers and signs of a formula in one piece
_BREAKS = ("+", "−", "=", "·")
_HIDDEN = ("xmlns", "display")
_TALL = ("mfrac", "mtable", "munder", "mover", "munderover")  # what brackets stretch around


def mathml(latex: str) -> str:
    """A <math> element for inline LaTeX, as symback's own printer writes it."""
    return _text(_element(latex))


def breakable(latex: str) -> str:
    """The same as several <math> elements with spaces between, where it is long."""
    root = _element(latex)
    if _size(root) <= LONGEST:
        return mathml(latex)
    pieces: list[list[ET.Element]] = [[]]
    for part in _flat(root):
        may_break = part.tag == "mspace" or (
            part.tag == "mo" and part.text in _BREAKS and part.get("form") != "prefix"
        )
        if may_break and pieces[-1]:
            pieces.append([])
        pieces[-1].append(part)
    return " ".join(_piece(parts) for parts in pieces)


def _flat(parent: ET.Element) -> list[ET.Element]:
    """The parts of a formula in a row; brackets around something long are parts themselves."""
    parts: list[ET.Element] = []
    for child in parent:
        is_row = child.tag == "mrow"
        if is_row and (parent.tag == "math" or _size(child) > LONGEST // 2):
            parts += _flat(child)
            continue
        if child.get("fence"):
            child.set("stretchy", "false")  # its partner may stand on another line
        parts.append(child)
    return parts


def _size(element: ET.Element) -> int:
    return sum(1 for part in element.iter() if part.tag in ("mi", "mn", "mo"))


def _piece(parts: list[ET.Element]) -> str:
    """One <math>; a space stands before it, so none is needed before its first sign."""
    first = parts[0]
    if first.tag == "mspace":
        parts = parts[1:]
    elif first.tag == "mo" and first.text in _BREAKS:
        first.attrib.update(form="infix", lspace="0", rspace="0.25em")
    math, row = ET.Element("math"), ET.Element("mrow")
    math.append(row)
    row.extend(parts)
    return _text(math)


def _text(math: ET.Element) -> str:
    """As text, without what browsers take for granted: that round brackets stretch."""
    written = ET.tostring(math, encoding="unicode")
    return written.replace(' fence="true"', "").replace('<mo stretchy="true" ', "<mo ")


def _element(latex: str) -> ET.Element:
    return ET.fromstring(_converted(latex))


@lru_cache(maxsize=4096)
def _converted(latex: str) -> str:
    from latex2mathml.converter import convert  # kept out of start-up

    root = ET.fromstring(_without_namespace(convert(latex)))
    for name in _HIDDEN:
        root.attrib.pop(name, None)
    for parent in list(root.iter()):
        _join_relation(parent)
        _join_words(parent)
        _open_cases(parent)
        _mark_signs(parent)
        _close_up(parent)
    for parent in list(root.iter()):
        _take_out(parent)
        _join_primes(parent)
    for letters in root.iter("mi"):
        if len((letters.text or "").rstrip("′")) > 1:
            letters.set("class", "w")  # a word, which stands upright
    return ET.tostring(root, encoding="unicode")


def _take_out(parent: ET.Element) -> None:
    """Put a name or number in place of a row of nothing else: less to load, shown alike."""
    if parent.tag == "math":
        return
    for place, child in enumerate(list(parent)):
        if child.tag == "mrow" and len(child) == 1 and child[0].tag in ("mi", "mn"):
            parent[place] = child[0]


def _join_primes(parent: ET.Element) -> None:
    """Make one name of a name and its prime, which fonts raise themselves."""
    for place, child in enumerate(list(parent)):
        is_primed = child.tag == "msup" and len(child) == 2 and child[1].text == "′"
        if is_primed and child[0].tag == "mi":
            child[0].text = f"{child[0].text}′"
            parent[place] = child[0]


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


def _join_relation(parent: ET.Element) -> None:
    r"""Make one sign of the two in \mathrel{+}=."""
    for adding, equals in list(pairwise(parent)):
        if adding.tag == equals.tag == "mo" and len(adding):
            equals.text = "".join(adding.itertext()) + (equals.text or "")
            parent.remove(adding)


def _mark_signs(parent: ET.Element) -> None:
    """Mark a minus that is a sign, which takes no space, by what stands before it."""
    before = None
    for child in parent:
        if child.tag == "mo" and child.text == "−" and (before is None or before.tag == "mo"):
            child.set("form", "prefix")
        before = child


def _close_up(parent: ET.Element) -> None:
    """Take away the spaces that operators have: around brackets, and words, which are names."""
    for child, letters in list(pairwise(parent)):
        if child.tag == "mo" and not child.text and letters.tag == "mrow":
            child.text = "".join(letters.itertext())  # a word with _ comes letter by letter
            parent.remove(letters)
    is_tall = any(part.tag in _TALL for part in parent.iter())
    for child in parent:
        text = child.text or ""
        is_word = len(text) > 1 and text.replace("_", "").isalpha()
        if child.tag == "mo" and is_word:
            child.tag = "mi"
            child.attrib.clear()
        elif child.get("fence"):
            child.attrib.update(lspace="0", rspace="0")
            if not is_tall:
                child.attrib.pop("form", None)
                child.set("stretchy", "false")


def _open_cases(parent: ET.Element) -> None:
    """Mark the table of cases and drop its brace, which few fonts can stretch: a line serves."""
    children = list(parent)
    if len(children) == 2 and children[0].text == "{" and children[1].tag == "mtable":
        parent.remove(children[0])
        children[1].set("class", "cases")


__all__ = ["breakable", "mathml"]
