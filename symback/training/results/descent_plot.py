"""Descent as a path on the loss surface, and the losses along it; for lectures.

Needs the extra `plots` (matplotlib).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from symback.codegen.figures import figure_bytes, new_figure
from symback.codegen.files import write_outputs
from symback.errors import SymbackError, TrainingError
from symback.training.results.descent import Descent, Descents, descend
from symback.training.results.plots import (
    log_where_it_helps,
    picture_file,
    picture_form,
)
from symback.training.settings import LearningRate
from symback.training.sources.dtypes import FloatArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from symback.circuits.circuit import Circuit

GRID, COARSE = 61, 31  # points of the surface along each parameter; the latter for many rows
MANY_ROWS = 20_000
LEVELS = 12
MARKERS = 25  # on a path, about
PLACES = 600  # of the paths, that labels keep away from
_MARGIN = 0.2  # of the paths' extent, around them
_DEEPEST = 1e-4  # of the highest level: below it contours would crowd around one point
_HIGHEST = 1e100  # beyond it the arithmetic of contours overflows
_STEEP = 10.0  # highest loss over least from which levels are in equal ratios of the loss itself
_SHORT = 30  # characters of a label, of which three stand side by side
_END = {"markeredgecolor": "black", "markeredgewidth": 1.4, "linestyle": "none"}
KIND = "descend"


class _Look(NamedTuple):
    """How a method is drawn: colour, line and marker each identify it, in print too."""

    colour: str
    line: str | tuple[int, tuple[int, ...]]  # the latter dashes: an offset, then on and off
    marker: str
    width: float
    mark: float  # size of its markers
    end: float  # size of the marker at the end, so that one on another hides none


LOOKS: Mapping[str, _Look] = {
    "gd": _Look("#4a90d9", "-", "o", 3.4, 6.5, 16),
    "momentum": _Look("#8c564b", (0, (8, 2)), "D", 2.0, 4.5, 10),
    "nesterov": _Look("#b8860b", (0, (8, 2, 1, 2)), "d", 1.9, 5, 11),
    "adagrad": _Look("#7b3294", (0, (4, 1)), "v", 1.8, 5, 11),
    "rmsprop": _Look("#c2185b", (0, (3, 1, 1, 1)), "P", 1.7, 5.5, 11),
    "adam": _Look("#333333", (0, (1, 1)), "X", 1.7, 5.5, 11),
    "adamw": _Look("#6b8e23", (0, (5, 1, 1, 1, 1, 1)), "p", 1.6, 5.5, 11),
    "minibatch": _Look("#00543f", "--", "s", 1.6, 4.5, 10.5),
    "sgd": _Look("#d55e00", "-.", "^", 1.1, 4.5, 8),
}
"""From the one drawn first, wide and smooth, to the one drawn on top."""


def descent_picture(
    circuit: Circuit,
    inputs: Mapping[str, Any],
    *,
    start: Mapping[str, float] | None = None,
    learning_rate: LearningRate = 0.1,
    steps: int = 100,
    methods: Sequence[str] = ("gd", "sgd", "minibatch"),
    batch_size: int | None = None,
    seed: int = 0,
    save: str | os.PathLike[str] | None = None,
    force: bool = False,
) -> Figure:
    """The paths of `descend` over the contours of the mean loss, of one parameter on its curve, and
    the file where named.

    `save` ends in .svg or .png; the file has the same bytes at every run. One that is there and no
    picture of descent, or was edited, is replaced with `force` only.
    """
    if save is not None:
        picture_form(save)
    figure = new_figure(7.2, 6.4)
    descents = Descents(circuit, inputs, start, batch_size, seed)
    paths = descents.paths(methods, learning_rate, steps)
    axes = figure.add_subplot()
    points = np.concatenate([path.points for path in paths])
    grid = GRID if descents.rows <= MANY_ROWS else COARSE
    names = descents.names
    if len(names) == 1:
        across = np.linspace(*window(points)[0], 4 * grid)
        axes.plot(across, descents.curve(across), color="0.6", linewidth=1.2, zorder=0)
        places = [np.column_stack([path.points[:, 0], path.losses]) for path in _in_order(paths)]
        names = (*names, "mean loss" if descents.has_data else "loss")
    else:
        across, up = (np.linspace(*ends, grid) for ends in window(points))
        _draw_surface(axes, across, up, descents.surface(across, up), points)
        places = [path.points for path in _in_order(paths)]
    for path, drawn in zip(_in_order(paths), places, strict=True):
        _draw_path(axes, drawn, LOOKS[path.method], path.title)
    _draw_start(axes, places[0][0])
    w, v = names
    rate = "" if callable(learning_rate) else f", η = {learning_rate:g}"
    loss = f"Mean loss of {descents.rows} samples" if descents.has_data else "Loss"
    title = f"{loss} and {steps} steps of descent{rate}"
    axes.set(xlabel=w, ylabel=v, title=title)
    columns = 3 if max(len(path.title) for path in paths) <= _SHORT else 2
    figure.legend(loc="outside lower center", ncols=columns, handlelength=3, frameon=False)
    return _saved(figure, save, force)


def path_plot(
    points: FloatArray,
    names: Sequence[str],
    surface: Callable[[FloatArray, FloatArray], FloatArray],
    *,
    creator: str,
) -> bytes | None:
    """The path of a run over the contours of its loss as SVG, or None without matplotlib."""
    try:
        figure = new_figure(7.2, 6.0)
    except SymbackError:
        return None
    across, up = (np.linspace(*ends, COARSE) for ends in window(points))
    axes = figure.add_subplot()
    _draw_surface(axes, across, up, surface(across, up), points)
    _draw_path(axes, points, LOOKS["minibatch"], "path of the run")
    _draw_start(axes, points[0])
    axes.set(xlabel=names[0], ylabel=names[1], title="Mean loss and the path of the run")
    figure.legend(loc="outside lower center", ncols=3, handlelength=3, frameon=False)
    return figure_bytes(figure, "svg", creator)


def loss_picture(
    history: Sequence[Descent],
    *,
    save: str | os.PathLike[str] | None = None,
    force: bool = False,
) -> Figure:
    """The mean loss over all samples at every step of each path of `descend`; `save` as there."""
    if save is not None:
        picture_form(save)
    if not history:
        raise TrainingError("there is no path to draw; descend by one method at least")
    figure = new_figure(7.2, 4.2)
    axes = figure.add_subplot()
    for path in _in_order(history):
        look = LOOKS[path.method]
        axes.plot(
            path.losses,
            color=look.colour,
            linestyle=look.line,
            linewidth=look.width,
            marker=look.marker,
            markersize=look.mark,
            markevery=_spaced(len(path.losses)),
            label=path.title,
        )
    log_where_it_helps(axes, np.concatenate([path.losses for path in history]))
    axes.set(xlabel="step t", ylabel="mean loss over all samples")
    axes.margins(x=0.02)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(handlelength=3, frameon=False)
    return _saved(figure, save, force)


# -- drawing ---------------------------------------------------------------------------------------


def window(points: FloatArray) -> list[tuple[float, float]]:
    """The ends of both axes: all points with a margin, no side less than a quarter of the other."""
    least, most = points.min(axis=0), points.max(axis=0)
    extent = most - least
    wide = np.maximum(extent, max(extent.max() / 4, 1e-9 * (1 + np.abs(points).max())))
    middle, half = (least + most) / 2, wide * (0.5 + _MARGIN)
    return [(float(m - h), float(m + h)) for m, h in zip(middle, half, strict=True)]


def contour_levels(losses: FloatArray) -> FloatArray:
    """Levels in equal ratios: of the loss, or of what it has above the least where that is less.

    Each has the fewest digits that distinguish the levels, so that its label is exact.
    """
    finite = np.sort(losses[np.isfinite(losses)])
    if not finite.size or finite[0] == finite[-1]:
        return np.empty(0)
    floor = 0.0 if 0 < _STEEP * finite[0] < finite[-1] else float(finite[0])
    lowest, highest = finite[finite.size // 200] - floor, finite[-1] - floor
    wanted = floor + np.geomspace(max(lowest, _DEEPEST * highest), highest, LEVELS + 1)[:-1]
    for digits in range(2, 9):
        levels = np.unique([float(f"{level:.{digits}g}") for level in wanted])
        if levels.size == LEVELS:
            break
    return levels


def _draw_surface(
    axes: Any, across: FloatArray, up: FloatArray, losses: FloatArray, points: FloatArray
) -> None:
    """Contours with their losses on them, darker where it is higher; white where there is none."""
    losses = np.where(np.abs(losses) < _HIGHEST, losses, np.nan)
    levels = contour_levels(losses)
    if levels.size < 2:
        return  # a plain
    shown = np.ma.masked_invalid(losses)
    shades = [str(shade) for shade in np.linspace(1.0, 0.8, levels.size + 1)]
    axes.contourf(across, up, shown, levels, colors=shades, extend="both")
    lines = axes.contour(across, up, shown, levels, colors="0.5", linewidths=0.7)
    corner, size = np.array([across[0], up[0]]), np.array([np.ptp(across), np.ptp(up)])
    taken = (points[:: -(-len(points) // PLACES)] - corner) / size
    places = []
    for segments in lines.allsegs[::2]:
        drawn = [np.asarray(segment) for segment in segments if len(segment)]
        if vertices := [(segment - corner) / size for segment in drawn]:
            places.append(_roomiest(np.concatenate(vertices), taken))
            taken = np.vstack([taken, places[-1]])
    manual = [tuple(place) for place in np.array(places).reshape(-1, 2) * size + corner]
    axes.clabel(lines, levels[::2], manual=manual, fmt="{:g}".format, fontsize=8, colors="0.25")


def _roomiest(candidates: FloatArray, taken: FloatArray) -> FloatArray:
    """The place farthest from those taken and from the edges of the unit square."""
    apart = np.linalg.norm(candidates[:, None] - taken[None], axis=2).min(axis=1)
    inside = np.minimum(candidates, 1 - candidates).min(axis=1)
    best: FloatArray = candidates[np.argmax(np.minimum(apart, 2 * inside))]
    return best


def _draw_path(axes: Any, points: FloatArray, look: _Look, label: str) -> None:
    """A line with some of its steps marked, and its end with a large mark."""
    from matplotlib.patheffects import withStroke

    across, up = points.T
    axes.plot(
        across,
        up,
        color=look.colour,
        linestyle=look.line,
        linewidth=look.width,
        marker=look.marker,
        markersize=look.mark,
        markevery=_spaced(len(across)),
        label=label,
        path_effects=[withStroke(linewidth=look.width + 1.6, foreground="white")],
    )
    axes.plot(
        across[-1], up[-1], marker=look.marker, color=look.colour, markersize=look.end, **_END
    )


def _draw_start(axes: Any, start: FloatArray) -> None:
    axes.plot(*start, "*", color="black", markersize=16, markeredgecolor="white", label="start")
    ends = {"marker": "o", "color": "0.8", "markersize": 11, **_END}
    axes.plot([], [], label="end (black edge)", **ends)


def _in_order(paths: Iterable[Descent]) -> list[Descent]:
    """As they are drawn, one on another."""
    return sorted(paths, key=lambda path: list(LOOKS).index(path.method))


def _spaced(count: int) -> int:
    """Every how many points a marker stands: about MARKERS of them on a path."""
    return max(1, -(-count // MARKERS))


# -- files -----------------------------------------------------------------------------------------


def _saved(figure: Figure, save: str | os.PathLike[str] | None, force: bool) -> Figure:
    """The figure, written where there is a file to write."""
    if save is not None:
        write_outputs(dict([picture_file(figure, save, KIND)]), force=force)
    return figure


__all__ = [
    "LOOKS",
    "Descent",
    "contour_levels",
    "descend",
    "descent_picture",
    "loss_picture",
    "window",
]
