"""LaTeX formulas, measured and broken into lines: widths are estimates in em, never too small.

A formula is a row of parts. Between some of them a line may end: before + and −, before a sign of
multiplication, behind a comma. A bracket that is wider than a line by itself is opened, and its
inside broken; a fraction is then written with a slash. What can't be broken is scaled.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\s+|[^\s\\]")
_SPACED = {
    "+": 1.25,
    "-": 1.25,
    r"\cdot": 0.75,
    r"\circ": 1.0,
    r"\otimes": 1.25,
    "=": 1.35,
    "<": 1.35,
    ">": 1.35,
}
_SPACED |= dict.fromkeys([r"\le", r"\ge", r"\ne", r"\wedge", r"\vee"], 1.35)
_WIDTHS = {r"\,": 0.18, r"\quad": 1.0, r"\textstyle": 0.0, r"\sum": 1.1, r"\partial": 0.6}
_WIDTHS |= {
    "&": 1.0,
    r"\cdots": 1.2,
    r"\vdots": 0.4,
    r"\ddots": 1.2,
    "(": 0.4,
    ")": 0.4,
    "'": 0.3,
    ",": 0.45,
    "m": 0.9,
    "w": 0.75,
    "W": 1.0,
    "M": 1.0,
}
_WORDS = ("mathrm", "mathbf", "operatorname", "text")
_SCRIPT = 0.72  # the size of sub- and superscripts
_LETTER, _CAPITAL = 0.56, 0.8
_LINE = 1.2  # the height of a line of plain symbols
INDENT = 2.0
_BEGINS = ("+", "-", r"\cdot", r"\circ", r"\otimes")  # signs that a new line may begin with


@dataclass(frozen=True, slots=True)
class FormulaPart:
    """A piece of a formula. `inside` holds the operands of what a long line may open."""

    text: str
    width: float
    height: float = _LINE
    kind: str = ""  # "fence", "frac", "space" or a token
    inside: tuple[tuple[FormulaPart, ...], ...] = ()
    fences: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class FormulaLine:
    """One line of a formula."""

    text: str
    width: float
    height: float


def width(formula: str) -> float:
    return sum(part.width for part in _parts(formula))


def height(formula: str) -> float:
    return _height(_parts(formula))


def lines(formula: str, room: float) -> list[FormulaLine]:
    """The formula in lines that are at most `room` em wide, those behind the first indented."""
    parts = _parts(formula)
    if sum(p.width for p in parts) <= room:
        return [FormulaLine(formula, width(formula), _height(parts))]
    found: list[FormulaLine] = []
    line: list[FormulaPart] = []
    for piece in _pieces(_opened(parts, room - INDENT), room - INDENT):
        least = room - (INDENT if found else 0)
        if line and sum(p.width for p in (*line, *piece)) > least:
            found.append(_line(line, least))
            line = [p for i, p in enumerate(piece) if i or p.kind != r"\,"]
            if piece[0].kind == r"\,":  # a product that goes on in the next line has a sign
                line.insert(0, FormulaPart(r"\cdot ", _SPACED[r"\cdot"]))
        else:
            line += piece
    return [*found, _line(line, room - (INDENT if found else 0))]


def _line(parts: Sequence[FormulaPart], room: float) -> FormulaLine:
    text = "".join(p.text for p in parts).strip()
    total = sum(p.width for p in parts)
    if total <= room:
        return FormulaLine(text, total, _height(parts))
    scale = room / total
    scaled = rf"\scalebox{{{scale:.2f}}}{{$\displaystyle {text}$}}"
    return FormulaLine(scaled, room, max(_LINE, scale * _height(parts)))


def _pieces(parts: Sequence[FormulaPart], room: float) -> Iterator[list[FormulaPart]]:
    """The stretches between places where a line may end."""
    piece: list[FormulaPart] = []
    for i, part in enumerate(parts):
        before = parts[i - 1] if i else None
        spaced = before is not None and before.kind == "space"
        begins = (part.kind in _BEGINS and spaced) or part.kind == r"\,"
        ends = spaced and i > 1 and parts[i - 2].kind == ","
        if piece and (begins or ends):
            yield piece
            piece = []
        piece.append(part)
    if piece:
        yield piece


def _opened(parts: Sequence[FormulaPart], room: float) -> list[FormulaPart]:
    """The parts, with those written out that make a stretch too wide."""
    found: list[FormulaPart] = []
    for piece in _pieces(parts, room):
        if sum(p.width for p in piece) <= room:
            found += piece
            continue
        widest = max(piece, key=lambda p: p.width if p.inside else -1.0)
        for part in piece:
            if part is not widest or not part.inside:
                found.append(part)
            else:
                found += _opened(_written(part), room)
    return found


def _written(part: FormulaPart) -> list[FormulaPart]:
    """A bracket of fixed size around its inside; a fraction with a slash."""
    size = "bigg" if part.height > 2 * _LINE else "big"
    if part.kind == "fence":
        return [_big(size, "l", part.fences[0]), *part.inside[0], _big(size, "r", part.fences[1])]
    found: list[FormulaPart] = []
    for operand in part.inside:
        found += [FormulaPart(r" \big/ ", 0.8)] if found else []
        size = "bigg" if _height(operand) > 2 * _LINE else "big"
        found += [_big(size, "l", "("), *operand, _big(size, "r", ")")]
    return found


def _big(size: str, side: str, fence: str) -> FormulaPart:
    return FormulaPart(rf"\{size}{side}{fence}" + (" " if fence.startswith("\\") else ""), 0.6)


def _height(parts: Sequence[FormulaPart]) -> float:
    return max((p.height for p in parts), default=_LINE)


# -- parts -----------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _parts(formula: str) -> tuple[FormulaPart, ...]:
    return tuple(_Reader(formula).row())


class _Reader:
    """Reads the LaTeX that our own printer writes into parts."""

    def __init__(self, formula: str) -> None:
        self._tokens = _TOKEN.findall(formula)
        self._next = 0

    def _peek(self) -> str:
        return self._tokens[self._next] if self._next < len(self._tokens) else ""

    def _take(self) -> str:
        self._next += 1
        return str(self._tokens[self._next - 1])

    def row(self, *ends: str) -> list[FormulaPart]:
        """The parts up to one of the ends, which is left to read."""
        found: list[FormulaPart] = []
        while self._peek() and self._peek() not in ends:
            found.append(self._part())
        return found

    def _group(self) -> tuple[FormulaPart, ...]:
        """What stands in braces."""
        if self._peek() != "{":
            return (self._part(),)
        self._take()
        inside = tuple(self.row("}"))
        self._take()
        return inside

    def _part(self) -> FormulaPart:
        token = self._take()
        if token == "{":
            self._next -= 1
            inside = self._group()
            return FormulaPart(f"{{{_text(inside)}}}", _width(inside), _height(inside))
        if token in ("^", "_"):
            inside = self._group()
            return FormulaPart(f"{token}{{{_text(inside)}}}", _SCRIPT * _width(inside), _LINE)
        if token == r"\left":
            return self._fence()
        if token == r"\begin":
            return self._rows()
        if token == r"\frac":
            return self._fraction()
        if token == r"\sqrt":
            inside = self._group()
            return FormulaPart(rf"\sqrt{{{_text(inside)}}}", _width(inside) + 1.0, _height(inside))
        if token[1:] in _WORDS:
            text = self._word()
            return FormulaPart(f"{token}{{{text}}}", _LETTER * len(text) + 0.2)
        return self._sign(token)

    def _sign(self, token: str) -> FormulaPart:
        if token.isspace():
            return FormulaPart(" ", 0.0, kind="space")
        spaces = self._next == 1 or self._tokens[self._next - 2].isspace()
        binary = token not in "+-" or (spaces and self._peek().isspace())
        if token in _SPACED and binary:
            return FormulaPart(token, _SPACED[token], kind=token)
        wide = _CAPITAL if token.isupper() else _LETTER
        if token.startswith("\\") and len(token) > 4 and token[1:] not in _GREEK_WIDE:
            wide = 0.55 * (len(token) - 1)  # \log, \tanh: words; of longer Greek names too much
        kind = "" if token in ("-", "+") else token
        return FormulaPart(token, _WIDTHS.get(token, wide), kind=kind)

    def _word(self) -> str:
        """The raw text of a group of letters."""
        self._take()
        text = ""
        while self._peek() != "}":
            text += self._take()
        self._take()
        return text

    def _fence(self) -> FormulaPart:
        left = self._take()
        inside = tuple(self.row(r"\right"))
        self._take()
        right = self._take()
        gap = " " if left.startswith("\\") else ""
        text = rf"\left{left}{gap}{_text(inside)}\right{right}"
        wide = 1.5 if _height(inside) > 2 * _LINE else 1.1
        return FormulaPart(
            text, _width(inside) + wide, _height(inside), "fence", (inside,), (left, right)
        )

    def _fraction(self) -> FormulaPart:
        above, below = self._group(), self._group()
        text = rf"\frac{{{_text(above)}}}{{{_text(below)}}}"
        tall = _height(above) + _height(below) + 0.2
        wide = max(_width(above), _width(below)) + 0.3
        return FormulaPart(text, wide, tall, "frac", (above, below))

    def _rows(self) -> FormulaPart:
        """An environment of rows: \\begin{cases} … \\end{cases}."""
        name = self._word()
        rows, wide = [self.row(r"\\", r"\end")], 0.0
        while self._take() != r"\end":
            rows.append(self.row(r"\\", r"\end"))
        self._word()
        wide = max(_width(row) for row in rows) + 2.0
        body = r" \\ ".join(_text(row).strip() for row in rows)
        text = rf"\begin{{{name}}} {body} \end{{{name}}}"
        return FormulaPart(text, wide, sum(_height(row) for row in rows) + 0.2)


_GREEK_WIDE = frozenset(
    "alpha beta gamma delta epsilon theta iota kappa lambda sigma upsilon omega partial circ "
    "Gamma Delta Theta Lambda Sigma Upsilon Omega omicron Alpha Beta Epsilon Kappa".split()
)


def _text(parts: Sequence[FormulaPart]) -> str:
    return "".join(p.text for p in parts)


def _width(parts: Sequence[FormulaPart]) -> float:
    return sum(p.width for p in parts)


__all__ = ["INDENT", "FormulaLine", "height", "lines", "width"]
