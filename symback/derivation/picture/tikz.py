"""A picture as TikZ: one `tikzpicture` for LaTeX documents, names and formulas as mathematics."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from symback.derivation.picture.layout import BoxShape, Corner, Path, Picture, PlacedText
from symback.derivation.picture.svg import LIGHT
from symback.operations.elementwise import SPELLINGS
from symback.operations.signs import GREEK, SUPERSCRIPTS, ascii_name
from symback.printing.latex import name_in_latex, operator_in_latex

_HEADER = "% \\usepackage{amsmath,tikz}, then \\input this file\n"
_SIGNS: Mapping[str, str] = {
    "·": r"\cdot ",
    "∘": r"\circ ",
    "×": r"\times ",
    "÷": r"\div ",
    " − ": "-",
    "−": "{-}",
    "—": r"\text{---}",
    "∂": r"\partial ",
    "′": "'",
    "√": r"\surd ",
    "Σ": r"\Sigma ",
    "∞": r"\infty ",
    "≤": r"\le ",
    "≥": r"\ge ",
    "≠": r"\ne ",
    "≈": r"\approx ",
    "→": r"\to ",
    "…": r"\ldots ",
    "ᵀ": r"^{\top}",
    "⁺": "^{+}",
    "ⁿ": "^{n}",
    "ᵛ": "^{v}",
    "|": r"\vert ",
    " ": r"\,",
    "%": r"\%",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "\\": r"\backslash ",
    "~": r"\sim ",
    "$": r"\$",
}
_LETTERS = "A-Za-z" + "".join(GREEK)
_POWERS = "".join(SUPERSCRIPTS)
_AS_DIGITS = {ord(sign): digit for sign, digit in SUPERSCRIPTS.items()}
_TOKEN = re.compile(
    rf"(?P<name>[{_LETTERS}][{_LETTERS}0-9_₀-₉]*)|(?P<power>[{_POWERS}]+)"
    r"|\^(?:\((?P<exponent>[^()]*)\)|(?P<digits>[0-9]+))| (?P<relation>[=+<>≤≥≠→]) |(?P<sign> − |.)"
)


def to_tikz(drawn: Picture) -> str:
    """The picture as a `tikzpicture` in the sizes of the SVG; it needs amsmath and tikz."""
    colours = [
        rf"  \definecolor{{symback{n}}}{{HTML}}{{{c[1:].upper()}}}" for n, c in LIGHT.items()
    ]
    lines = [
        _HEADER + r"\begin{tikzpicture}[x=0.75pt, y=-0.75pt, line width=0.75pt, inner sep=0pt]",
        *colours,
        *(line for path in drawn.paths for line in _wire(path)),
        *(line for shape in drawn.shapes for line in _box(shape)),
        *(_node(text) for path in drawn.paths for text in path.texts),
        *(_node(text) for text in drawn.notes),
        r"\end{tikzpicture}",
    ]
    return "\n".join(lines) + "\n"


def _wire(path: Path) -> Iterator[str]:
    drawn = _at(path.points[0])
    for piece in path.pieces:
        if len(piece) == 1:
            drawn += f" -- {_at(piece[0])}"
        else:
            first, second, end = map(_at, piece)
            drawn += f" .. controls {first} and {second} .. {end}"
    yield rf"  \draw[symbackwire, line width=1.05pt] {drawn};"
    yield rf"  \fill[symbackwire] {' -- '.join(map(_at, path.arrow))} -- cycle;"


def _box(shape: BoxShape) -> Iterator[str]:
    role = shape.box.role
    fill = "gate" if role == "computed" else "leaf"
    dashed = ", dash pattern=on 3.75pt off 1.5pt" if role == "param" else ""
    style = f"draw=symbackink, fill=symback{fill}, rounded corners={_number(shape.radius * 0.75)}pt"
    for x, y in shape.corners:
        end = (x + shape.width, y + shape.height)
        yield rf"  \path[{style}{dashed}] {_at((x, y))} rectangle {_at(end)};"
    yield from map(_node, shape.texts)


def _node(text: PlacedText) -> str:
    anchor = "base west" if text.from_left else "base"
    size = _number(text.size * 0.75)
    words = text.line.kind == "note" or text.from_left
    shown = _in_text(text.line.text) if words else f"${in_mathematics(text.line.text)}$"
    font = rf"\fontsize{{{size}pt}}{{{size}pt}}\selectfont"
    place = _at((text.x, text.y))
    return rf"  \node[anchor={anchor}, text=symback{text.colour}] at {place} {{{font} {shown}}};"


def _in_text(words: str) -> str:
    """A sentence, with its signs as mathematics."""
    return re.sub(r"[^A-Za-z0-9 .,;:()/]+", lambda found: f"${in_mathematics(found[0])}$", words)


def in_mathematics(text: str) -> str:
    """A name, a number or a formula; names are set as in a derivation."""
    return "".join(_set(found, text) for found in _TOKEN.finditer(text)).strip()


def _set(found: re.Match[str], text: str) -> str:
    if found["name"]:
        name = ascii_name(found["name"])
        called = name in SPELLINGS and text[found.end() : found.end() + 1] in "(′"
        return (operator_in_latex(name) if called else name_in_latex(name)) + " "
    if found["power"]:
        return f"^{{{found['power'].translate(_AS_DIGITS)}}}"
    if found["digits"] or found["exponent"] is not None:
        return f"^{{{found['digits'] or in_mathematics(found['exponent'])}}}"
    sign = found["relation"] or found["sign"]
    return _SIGNS.get(sign, sign)


def _at(point: Corner) -> str:
    return f"({_number(point[0])}, {_number(point[1])})"


def _number(value: float) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


__all__ = ["in_mathematics", "to_tikz"]
