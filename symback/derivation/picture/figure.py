"""A picture as PNG or PDF, drawn by Matplotlib. Needs the extra `plots`."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from symback.codegen.figures import figure_bytes, new_figure
from symback.derivation.picture.layout import BoxShape, Corner, Path, Picture, PlacedText
from symback.derivation.picture.svg import LIGHT

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.path import Path as Outline

_INCH = 96  # units of a picture, which are pixels of CSS
_POINT = 0.75  # points a unit
_WIRE = 1.4 * _POINT
_BEND = 0.4477  # how far from a corner a cubic's control points are: 1 - 4/3·(√2 - 1)
_DASHED = (0, (5 / 1.4, 2 / 1.4))  # outlines of parameters, as in the SVG


def to_bytes(drawn: Picture, form: str) -> bytes:
    """The file of a picture in the format png or pdf, the same at every run.

    Raises NotInstalled where matplotlib is not installed.
    """
    return figure_bytes(figure_of(drawn), form, "symback draw")


def figure_of(drawn: Picture) -> Figure:
    """The picture as a figure of Matplotlib, one unit 1/96 inch."""
    figure = new_figure(drawn.width / _INCH, drawn.height / _INCH)
    figure.set_layout_engine("none")
    figure.set_facecolor(LIGHT["paper"])
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0, drawn.width), ylim=(drawn.height, 0))
    axes.set_axis_off()
    for path in drawn.paths:
        _wire(axes, path)
    for shape in drawn.shapes:
        _box(axes, shape)
    boxes, wires = (
        chain.from_iterable(p.texts for p in part) for part in (drawn.shapes, drawn.paths)
    )
    for text in chain(boxes, wires, drawn.notes):
        _text(axes, text)
    return figure


def _wire(axes: Any, path: Path) -> None:
    from matplotlib.patches import PathPatch, Polygon
    from matplotlib.path import Path as Outline

    points, codes = [path.points[0]], [Outline.MOVETO]
    for piece in path.pieces:
        points += piece
        codes += [Outline.LINETO if len(piece) == 1 else Outline.CURVE4] * len(piece)
    style = {"facecolor": "none", "edgecolor": LIGHT["wire"], "linewidth": _WIRE}
    axes.add_patch(PathPatch(Outline(points, codes), capstyle="butt", **style))
    axes.add_patch(Polygon(path.arrow, facecolor=LIGHT["wire"], edgecolor="none"))


def _box(axes: Any, shape: BoxShape) -> None:
    from matplotlib.patches import PathPatch

    role = shape.box.role
    for corner in shape.corners:
        outline = PathPatch(
            _rounded(corner, shape),
            facecolor=LIGHT["gate" if role == "computed" else "leaf"],
            edgecolor=LIGHT["ink"],
            linewidth=_POINT,
            linestyle=_DASHED if role == "param" else "-",
        )
        axes.add_patch(outline)


def _rounded(corner: Corner, shape: BoxShape) -> Outline:
    """A rectangle whose corners are quarters of a circle, each one curve."""
    from matplotlib.path import Path as Outline

    (left, top), r = corner, shape.radius
    right, bottom = left + shape.width, top + shape.height
    points = [(left + r, top)]
    corners = [((right, top), (1, 0)), ((right, bottom), (0, 1))]
    corners += [((left, bottom), (-1, 0)), ((left, top), (0, -1))]
    for (x, y), (a, b) in corners:  # along (a, b) towards the corner, and from there along (-b, a)
        points += [(x - a * r, y - b * r), (x - a * r * _BEND, y - b * r * _BEND)]
        points += [(x - b * r * _BEND, y + a * r * _BEND), (x - b * r, y + a * r)]
    codes = [Outline.MOVETO, *[Outline.LINETO, *[Outline.CURVE4] * 3] * 4]
    return Outline([*points, points[0]], [*codes, Outline.CLOSEPOLY])


def _text(axes: Any, text: PlacedText) -> None:
    axes.text(
        text.x,
        text.y,
        text.line.text,
        family="DejaVu Sans",  # it comes with Matplotlib
        fontsize=text.size * _POINT,
        color=LIGHT[text.colour],
        ha="left" if text.from_left else "center",
        va="baseline",
        parse_math=False,
    )


__all__ = ["figure_of", "to_bytes"]
