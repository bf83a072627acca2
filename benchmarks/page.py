"""What a work found, as Markdown: paragraphs, tables and plots."""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.contest import Result, Skip, Timing

UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
PACKAGES = (
    *("symback", "numpy", "sympy", "autograd", "torch", "jax", "casadi", "wrenfold", "numba"),
    *("symengine", "scikit-learn", "heyoka", "pytensor"),
)
INTRODUCTION = """\
`{command}` writes this page. Every system gets the same arrays; its values and gradients are
compared with those by hand, or with SymPy's derivatives where there are none. Only then are
all systems timed in turn, in a new order every round. Times are medians over the rounds. The
number in brackets is the time relative to symback's NumPy module, as the median of the ratios
within the rounds: ratios differ less between machines than times do. Every
system has {threads}, and holds its data in its own format.
GradBench's evals are on [a page of their own](gradbench.md).
Symbolica takes no part: its license is free for personal, non-professional use alone.

{versions}."""


@dataclass(frozen=True, slots=True)
class Table:
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        lines = [self.head, ("---",) * len(self.head), *self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)


@dataclass(frozen=True, slots=True)
class Plot:
    """Lines through points, both axes logarithmic."""

    name: str  # of the file, without its ending
    x: str
    y: str
    lines: dict[str, list[tuple[float, float]]]


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    parts: tuple[str | Table | Plot, ...]


def shown(seconds: float) -> str:
    """Three digits and a unit: 17.3 µs."""
    size, unit = next((u for u in UNITS if seconds >= u[0]), UNITS[-1])
    return f"{three_digits(seconds / size)} {unit}"


def three_digits(number: float) -> str:
    decimals = 2 if number < 9.995 else 1 if number < 99.95 else 0
    return f"{number:,.{decimals}f}"


def _cell(found: Timing | Skip) -> str:
    if isinstance(found, Skip):
        return "–"
    if found.ratio is None:
        return shown(found.seconds)
    return f"{shown(found.seconds)} ({three_digits(found.ratio)})"


def grid(corner: str, results: dict[str, Result]) -> list[str | Table]:
    """A row a system and a column a work, and a paragraph on who took no part."""
    names = next(iter(results.values())).found
    rows, absent = [], []
    for name in names:
        cells = {label: result.found[name] for label, result in results.items()}
        skipped = {label: cell for label, cell in cells.items() if isinstance(cell, Skip)}
        whole = len(skipped) == len(cells)
        for label in list(skipped)[:1] if whole else skipped:
            absent.append((skipped[label].reason, name if whole else f"{name} at {label}"))
        if not whole:
            rows.append((name, *map(_cell, cells.values())))
    parts: list[str | Table] = [Table((corner, *results), tuple(rows))]
    rounds = ", ".join(f"{result.rounds}" for result in results.values())
    grouped = "".join(
        f" Left out, {reason}: {', '.join(name for why, name in absent if why == reason)}."
        for reason in dict(absent)
    )
    parts.append(f"Rounds: {rounds}.{grouped}")
    return parts


def lines_of(results: dict[float, Result]) -> dict[str, list[tuple[float, float]]]:
    """Points of a plot: (size, seconds) of every system."""
    lines: dict[str, list[tuple[float, float]]] = {}
    for size, result in results.items():
        for name, found in result.found.items():
            if isinstance(found, Timing):
                lines.setdefault(name, []).append((size, found.seconds))
    return lines


def versions() -> str:
    found = [f"Python {platform.python_version()}"]
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} missing")
    return ", ".join(found)


def write(sections: Sequence[Section], path: Path, command: str, threads: int) -> None:
    """The page, and its plots beside it."""
    count = "one thread and one core" if threads == 1 else f"{threads} threads and cores"
    top = INTRODUCTION.format(command=command, threads=count, versions=versions())
    blocks = ["# Speed", top]
    for section in sections:
        blocks.append(f"## {section.title}")
        for part in section.parts:
            if isinstance(part, Plot):
                if not draw(part, path.parent):
                    continue
                part = f"![{part.y} over {part.x}]({part.name}.svg)"
            blocks.append(str(part))
    path.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")


def draw(plot: Plot, folder: Path) -> bool:
    """Write the plot as SVG; False, and a sentence, where Matplotlib is missing."""
    try:
        import matplotlib
    except ImportError:
        print(f"matplotlib is not installed: {plot.name}.svg is not drawn", file=sys.stderr)
        return False
    matplotlib.use("svg")
    # the same points give the same bytes, and letters stay text
    matplotlib.rcParams.update({"svg.hashsalt": plot.name, "svg.fonttype": "none"})
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 5), layout="constrained")
    colours = pyplot.get_cmap("tab20")
    ours = iter(("-", "--", ":", "-.") * len(plot.lines))
    for i, (name, points) in enumerate(plot.lines.items()):
        style: dict[str, Any] = {"color": colours(i % colours.N)}
        if name.startswith("symback"):
            style = {"color": "black", "linewidth": 3.0, "linestyle": next(ours)}
        axes.loglog(*zip(*points, strict=True), label=name, marker="o", markersize=3, **style)
    axes.set_xlabel(plot.x)
    axes.set_ylabel(plot.y)
    axes.grid(alpha=0.3)
    axes.legend(fontsize="x-small", loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(folder / f"{plot.name}.svg", metadata={"Date": None})
    pyplot.close(figure)
    return True
