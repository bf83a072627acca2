"""A picture as SVG: one self-contained file, light and dark, the same bytes at every run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast, get_args
from xml.sax.saxutils import escape, quoteattr

from symback.autodiff.reverse import ReversePass, seen_from
from symback.circuits.circuit import Circuit
from symback.derivation.numbers.point import numbers_in, read_point
from symback.derivation.numbers.scalars import Numbers, all_numbers, given_numbers
from symback.derivation.numbers.tangents import tangents_at
from symback.derivation.picture.diagram import Diagram, PictureView, diagram
from symback.derivation.picture.labels import Texts
from symback.derivation.picture.layout import SIGN, BoxShape, Path, Picture, PlacedText, picture
from symback.derivation.walks import joined, stable_walk, walks_to
from symback.errors import SymbackError, TooLarge, Unsupported, clip

MOST_NODES = 5_000

LIGHT: Mapping[str, str] = {
    "paper": "#ffffff",
    "ink": "#1b1f24",
    "quiet": "#57606a",
    "wire": "#8c959f",
    "gate": "#eef2f7",
    "leaf": "#ffffff",
    "value": "#0b5cad",
    "gradient": "#a84300",
}
_DARK = {
    "paper": "#12161c",
    "ink": "#e6edf3",
    "quiet": "#9da7b1",
    "wire": "#6e7681",
    "gate": "#263040",
    "leaf": "#12161c",
    "value": "#79b8ff",
    "gradient": "#ffa657",
}
_FONT = "'DejaVu Sans',Verdana,'Segoe UI','Helvetica Neue',Arial,sans-serif"
_ROOT = "symback-picture"


class Drawing(str):
    """SVG text, which notebooks show as the picture."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<SVG of {len(self):,} characters; a notebook shows it>"

    def _repr_svg_(self) -> str:
        return str(self)


def draw(
    circuit: Circuit,
    at: Mapping[str, Any] | None = None,
    view: str = "gates",
    of: str | None = None,
    tangents: Mapping[str, float] | None = None,
) -> Drawing:
    """The circuit below a node (below all outputs where `of` is None) as SVG text.

    `at` gives numbers for leaves: each wire then shows its value above and its gradient below,
    "—" where a number is missing. Several outputs have no one gradient: local partials stand below,
    and nothing where arrays lead to them. Where `tangents` gives those of leaves, the direction in
    which they move, each wire shows the tangent of its value in place of the gradient. Raises
    UnknownName, and TooLarge beyond `MOST_NODES` nodes.
    """
    return Drawing(to_svg(picture(*drawing(circuit, at, view, of, tangents))))


def drawing(
    circuit: Circuit,
    at: Mapping[str, Any] | None,
    view: str,
    of: str | None,
    tangents: Mapping[str, float] | None = None,
) -> tuple[Diagram, Texts]:
    """What a picture shows, before it is laid out: boxes and wires, and the texts on them."""
    if view not in get_args(PictureView):
        raise SymbackError(f"no view '{clip(str(view), 40)}'; choose gates or neurons")
    if len(circuit) > MOST_NODES:
        raise TooLarge(f"{len(circuit)} nodes; pictures go up to {MOST_NODES}: draw a part, of=…")
    if tangents and at is None:
        raise SymbackError("tangents are those at a point; give its numbers: at=…, --at")
    walks = walks_to(circuit, of)
    walk = joined(walks)
    drawn = diagram(walk, cast(PictureView, view), [one.of for one in walks])
    if at is None:
        return drawn, Texts(walk, drawn, None)
    if walk.circuit.has_arrays:
        return drawn, Texts(walk, drawn, _numbers_of_arrays(circuit, walks, at, tangents))
    found = [_numbers(circuit, one, numbers_in(at), tangents) for one in walks]
    return drawn, Texts(walk, drawn, all_numbers(found))


def _numbers(
    circuit: Circuit,
    walk: ReversePass,
    point: Mapping[str, float],
    tangents: Mapping[str, float] | None,
) -> Numbers:
    """Values and what passes back from a node, or how fast all nodes move."""
    stable = stable_walk(*seen_from(circuit, walk.of))
    numbers = given_numbers(walk, stable, point)
    if tangents:
        numbers = replace(numbers, tangents=tangents_at(walk, stable, point, numbers_in(tangents)))
    return numbers


def _numbers_of_arrays(
    circuit: Circuit,
    walks: Sequence[ReversePass],
    at: Mapping[str, Any],
    tangents: Mapping[str, float] | None,
) -> Numbers:
    """Values and gradients of a number that arrays lead to; of arrays the values alone."""
    from symback.derivation.derive import derive  # arrays only: import stays fast
    from symback.derivation.numbers.wires import values_at, wire_numbers

    if tangents:
        raise Unsupported("pictures show the tangents of numbers, not of arrays")
    point = read_point(walks[0].circuit, at)
    if len(walks) > 1 or walks[0].node(walks[0].of).shape:
        return values_at(circuit, walks, point)
    return wire_numbers(replace(derive(circuit, walks[0].of, None), values=point))


def to_svg(drawn: Picture) -> str:
    """The SVG text of a picture."""
    width, height = _number(drawn.width), _number(drawn.height)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{_ROOT}" role="img"'
        f" aria-label={quoteattr(drawn.title)}"
        f' width="{width}" height="{height}" viewBox="0 0 {width} {height}">',
        f"<title>{escape(drawn.title)}</title>",
        f"<desc>{escape(drawn.description)}</desc>",
        f"<style>{_style()}</style>",
        f'<rect class="paper" width="{width}" height="{height}" rx="6"/>',
        *(_path(p) for p in drawn.paths),
        *(_shape(s) for s in drawn.shapes),
        *(_text(t) for p in drawn.paths for t in p.texts),
        *(_text(t) for t in drawn.notes),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _style() -> str:
    """Colours for light and for dark; the words above, below and ∂ say the same without them."""
    fixed = f".{_ROOT} text{{font-family:{_FONT};font-size:12px;text-anchor:middle}}"
    fixed += f".{_ROOT} .left{{text-anchor:start}}"
    fixed += f".{_ROOT} .sign{{font-size:16px}}"
    fixed += f".{_ROOT} .wire{{fill:none;stroke-width:1.4}}"
    fixed += f".{_ROOT} .param{{stroke-dasharray:5 2}}"
    dark = f"@media screen and (prefers-color-scheme:dark){{{_colours(_DARK)}}}"
    return f"{fixed}{_colours(LIGHT)}{dark}"


def _colours(colours: Mapping[str, str]) -> str:
    ink, wire = colours["ink"], colours["wire"]
    rules = {
        "text,.weight": f"fill:{ink}",
        ".paper": f"fill:{colours['paper']}",
        ".wire": f"stroke:{wire}",
        ".arrow": f"fill:{wire}",
        ".gate": f"fill:{colours['gate']};stroke:{ink}",
        ".leaf": f"fill:{colours['leaf']};stroke:{ink}",
        ".note": f"fill:{colours['quiet']}",
        ".value": f"fill:{colours['value']}",
        ".gradient": f"fill:{colours['gradient']}",
    }
    return "".join(
        ",".join(f".{_ROOT} {part}" for part in parts.split(",")) + f"{{{rule}}}"
        for parts, rule in rules.items()
    )


def _shape(shape: BoxShape) -> str:
    """A circle or pill; a collapsed box stands on a second one."""
    left, top, right, bottom = shape.bounds
    leaf = shape.box.role != "computed"
    kind = f"leaf {shape.box.role}" if leaf else "gate"
    outline = (
        f'<rect class="{kind}" x="{{}}" y="{{}}" width="{_number(right - left)}"'
        f' height="{_number(bottom - top)}" rx="{_number(shape.radius)}"/>'
    )
    drawn = "".join(outline.format(_number(x), _number(y)) for x, y in shape.corners)
    texts = "".join(_text(t) for t in shape.texts)
    return f"<g><title>{escape(shape.tip)}</title>{drawn}{texts}</g>"


def _path(path: Path) -> str:
    """A wire: straight through a layer, an S between two, an arrow at its end."""
    (x, y) = path.points[0]
    steps = [f"M{_number(x)} {_number(y)}"]
    for piece in path.pieces:
        if len(piece) == 1:
            steps.append(f"H{_number(piece[0][0])}")
        else:
            steps.append("C" + " ".join(f"{_number(a)} {_number(b)}" for a, b in piece))
    (tip, middle), (back, above), (_, below) = path.arrow
    arrow = f"M{_number(tip)} {_number(middle)}L{_number(back)} {_number(above)}V{_number(below)}Z"
    return f'<path class="wire" d="{"".join(steps)}"/><path class="arrow" d="{arrow}"/>'


def _text(text: PlacedText) -> str:
    kind = ("sign" if text.size == SIGN else text.line.kind) + " left" * text.from_left
    place = f'x="{_number(text.x)}" y="{_number(text.y)}"'
    return f'<text class="{kind}" {place}>{escape(text.line.text)}</text>'


def _number(value: float) -> str:
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


__all__ = ["LIGHT", "Drawing", "draw", "drawing", "to_svg"]
