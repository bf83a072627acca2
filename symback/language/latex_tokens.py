r"""LaTeX → tokens: commands, letters, numbers and signs, without what is for the eye only.

Spaces, \left and \right, sizes of brackets, \displaystyle, $ and the environments of displayed
formulas are left out; \\ and blank lines end a formula.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from symback.errors import CircuitSyntaxError
from symback.language.terms import Refused
from symback.operations.signs import GREEK

MOST_TOKENS = 50_000


@dataclass(frozen=True, slots=True)
class LatexToken:
    """Its kind is command, letter, number, word, text or sign.

    `joined`: no space stands before it; `spaced`: a thin space does, which parts two factors.
    """

    kind: str
    text: str
    place: tuple[int, int]
    joined: bool = False
    spaced: bool = False


_TOKEN = re.compile(
    r"(?P<comment>(?<!\\)%[^\n]*)"
    r"|(?P<blank>\n[ \t]*\n\s*)"
    r"|(?P<space>\s+|~|\\[,;:!> ]|\\q?quad\b)"
    r"|(?P<display>\$\$?|\\[\[\]()]|\\(?:left|right|[bB]igg?[lr]?|middle)(?![A-Za-z])"
    r"|\\(?:displaystyle|textstyle|nonumber|notag|limits|nolimits)(?![A-Za-z]))"
    r"|(?P<label>\\(?:label|tag)\{[^{}]*\})"
    r"|(?P<text>\\(?:text|textrm|mathrm|mathit|textit|operatorname\*?|mathsf)"
    r"(?:\s*\{(?P<word>[^{}]*)\}|\s+(?P<single>[A-Za-z])))"
    r"|(?P<environment>\\(?P<what>begin|end)\{(?P<name>[a-z]+)\*?\}(?:\{[lcr|]*\})?)"
    r"|(?P<newline>\\\\(?:\[[^\]\n]*\])?)"
    r"|(?P<command>\\(?:[A-Za-z]+|[{}|_#&%]))"
    r"|(?P<number>[0-9]+(?:\{,\}[0-9]{3})*(?:\.[0-9]+)?|\.[0-9]+)"
    r"|(?P<letter>[A-Za-zα-ωΑ-Ω])"
    r"|(?P<sign>[-+*/=<>(){}\[\]^_|,;:.&!'−·×])"
)
_SHOWN = frozenset("align aligned alignat equation gather gathered split multline eqnarray".split())
_CASES = frozenset({"cases", "dcases", "rcases"})
_MATRICES = frozenset({"pmatrix", "bmatrix", "matrix", "smallmatrix"})
_UNICODE = {"−": "-", "·": "*", "×": "*"}


def tokens(text: str) -> list[LatexToken]:
    """The tokens of a text; Refused says where one is not known."""
    found: list[LatexToken] = []
    line, start, at = 1, 0, 0
    joined, spaced = False, False
    while at < len(text):
        match = _TOKEN.match(text, at)
        place = (line, at - start + 1)
        if match is None:
            raise Refused(place, f"{text[at]!r} is not LaTeX of a formula", CircuitSyntaxError)
        token = _token(match, place, joined)
        if token is not None:
            found.append(replace(token, spaced=True) if spaced else token)
        is_space = match.lastgroup in ("space", "comment", "blank")
        is_display = match["display"] is not None
        spaced = match[0] == "\\," or (spaced and (is_space or is_display))
        joined = not is_space
        for newline in re.finditer("\n", match[0]):
            line, start = line + 1, at + newline.end()
        at = match.end()
        if len(found) > MOST_TOKENS:
            raise Refused(place, f"more than {MOST_TOKENS:,} words; name parts of the formula")
    return found


def scripts_in_order(found: list[LatexToken]) -> list[LatexToken]:
    """The tokens with each subscript before the exponent: x^2_1 is x_1^2."""
    ends = _ends_of_scripts(found)
    made: list[LatexToken] = []
    moved: dict[int, range] = {}  # where an exponent begins, by the end of the subscript behind it
    skipped = 0
    for at in range(len(found)):
        if at in moved:
            made += [found[i] for i in moved.pop(at)]
        if at < skipped:
            continue
        below = ends.get(at) if found[at].text == "^" else None
        if below in ends and found[below].text == "_":
            moved[ends[below]] = range(at, below)
            skipped = below
        else:
            made.append(found[at])
    for places in moved.values():
        made += [found[i] for i in places]
    return made


def _ends_of_scripts(found: list[LatexToken]) -> dict[int, int]:
    """The place behind ^2 or _{n + 1}, by that of its sign; those of open braces are left out."""
    closing: dict[int, int] = {}
    opened: list[int] = []
    for at, token in enumerate(found):
        if token.kind == "sign" and token.text == "{":
            opened.append(at)
        elif token.kind == "sign" and token.text == "}" and opened:
            closing[opened.pop()] = at
    ends = {}
    for at, token in enumerate(found[:-1]):
        if token.kind == "sign" and token.text in ("^", "_"):
            is_braced = found[at + 1].kind == "sign" and found[at + 1].text == "{"
            end = closing.get(at + 1) if is_braced else at + 1
            if end is not None:
                ends[at] = end + 1
    return ends


def _token(match: re.Match[str], place: tuple[int, int], joined: bool) -> LatexToken | None:
    kind, text = _kind(match), match[0]
    if kind in ("comment", "space", "display", "label"):
        return None
    if kind in ("blank", "newline"):
        return LatexToken("sign", "\\\\", place)
    if kind == "environment":
        name = match["name"]
        if name in _SHOWN:
            return None
        if name in _MATRICES:
            return LatexToken("command", f"{match['what']} matrix", place)
        if name not in _CASES:
            why = f"'{name[:20]}' is not known; cases and pmatrix are"
            raise Refused(place, why, CircuitSyntaxError)
        return LatexToken("command", f"{match['what']} cases", place)
    if kind == "text":
        word = (match["word"] or match["single"] or "").replace("\\_", "_").strip()
        is_function = "operatorname" in text or "mathrm" in text
        return LatexToken("word" if is_function else "text", word, place, joined)
    if kind == "letter" and not text.isascii():
        return LatexToken("command", GREEK.get(text, text).rstrip("_"), place, joined)
    if kind == "command":
        return LatexToken("command", text[1:], place, joined)
    if kind == "number":
        text = text.replace("{,}", "")  # 1{,}000
    return LatexToken(kind, _UNICODE.get(text, text), place, joined)


def _kind(match: re.Match[str]) -> str:
    kinds = ("comment", "blank", "space", "display", "label", "text", "environment", "newline")
    found = next((k for k in kinds if match[k] is not None), None)
    return found or match.lastgroup or ""


__all__ = ["LatexToken", "scripts_in_order", "tokens"]
