"""What a check found: rows of errors, as a table and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FEWEST_POINTS = 20
MOST_POINTS = 1_000_000
POINTS = 24  # where nobody says how many


@dataclass(frozen=True, slots=True)
class Location:
    """A quantity of the oracle and the point at which it was computed."""

    key: str
    point: Mapping[str, float]


@dataclass(slots=True)
class CheckRow:
    """One quantity, such as ∂f/∂w3: its worst error over all points."""

    quantity: str
    points: int = 0
    worst_ulp: float = 0.0  # error in units in the last place of the truth; NaN: there is none
    worst_share: float = 0.0  # error in parts of what rounding allows; above 1 it is wrong
    at: str = ""  # the point of the worst share
    worst: Location | None = None  # the worst ULP, where it is of one sample
    entries: dict[str, float] = field(default_factory=dict)  # of a matrix: the worst ULP of each

    @property
    def passed(self) -> bool:
        return self.worst_share <= 1.0


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a check; `str(report)` is its table."""

    name: str
    rows: tuple[CheckRow, ...]
    points: int
    seed: int
    remarks: tuple[str, ...] = field(default=())
    asked: int = POINTS  # so many points were asked for; more lie at kinks and edges
    skipped: int = 0  # points at edges of the formulas that have no truth
    loses_digits: str = ""  # at which line, what, and where
    left_out: str = ""  # what follows conventions, and is not compared
    legend: str = ""  # what a name among the quantities means

    @property
    def verdict(self) -> str:
        """The outcome in one sentence."""
        where = f"with SymPy at {self.points} points (seed {self.seed})"
        if not self.passed:
            text = f"DISAGREES {where}"
        elif self.loses_digits:
            text = f"agrees, but loses digits at {self.loses_digits}; compared {where}"
        else:
            text = f"agrees {where}"
        if self.left_out:
            text = f"{text}; not compared: {self.left_out}"
        if not self.skipped:
            return text
        edges = "1 point" if self.skipped == 1 else f"{self.skipped} points"
        return f"{text}; {edges} without a derivative skipped"

    @property
    def passed(self) -> bool:
        return self.points >= FEWEST_POINTS and all(row.passed for row in self.rows)

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        width = max(len(r.quantity) for r in self.rows)
        lines = [f"{'':<{width}}   points   worst error   of what rounding allows"]
        for row in self.rows:
            mark = "" if row.passed else f"   WRONG at {row.at}"
            ulp = "–" if math.isnan(row.worst_ulp) else f"{row.worst_ulp:.3g} ULP"
            lines.append(
                f"{row.quantity:<{width}}   {row.points:>6}   {ulp:>11}   {row.worst_share:>8.3g}"
                f"{mark}"
            )
        lines.append(f"{self.name} {self.verdict}")
        legend = [self.legend] if self.legend else []
        return "\n".join([*lines, *legend, *self.remarks])

    def to_markdown(self) -> str:
        """The table of the check, as notebooks render it."""
        lines = [
            "| quantity | points | worst error | of what rounding allows | |",
            "|:---|---:|---:|---:|:---|",
        ]
        for row in self.rows:
            mark = "" if row.passed else f"**WRONG** at {_code(row.at)}"
            ulp = "–" if math.isnan(row.worst_ulp) else f"{row.worst_ulp:.3g} ULP"
            cells = [_code(row.quantity), row.points, ulp, f"{row.worst_share:.3g}", mark]
            lines.append(f"| {' | '.join(map(str, cells))} |")
        verdict = self.verdict.replace("DISAGREES", "**DISAGREES**")
        lines += ["", f"{_code(self.name)} {verdict}"]
        remarks = [self.legend, *self.remarks] if self.legend else self.remarks
        lines += [f"- {_code(remark)}" for remark in remarks]
        return "\n".join(lines) + "\n"

    def _repr_markdown_(self) -> str:
        return self.to_markdown()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def to_json(self) -> str:
        """The report as JSON, for machines."""
        rows = [
            {
                "quantity": r.quantity,
                "points": r.points,
                "worst_ulp": json_number(r.worst_ulp),
                "worst_share": json_number(r.worst_share),
                "at": r.at,
                "passed": r.passed,
            }
            for r in self.rows
        ]
        content = {
            "name": self.name,
            "passed": self.passed,
            "points": self.points,
            "seed": self.seed,
            "skipped": self.skipped,
            "loses_digits": self.loses_digits,
            "left_out": self.left_out,
            "rows": rows,
            "remarks": list(self.remarks),
        }
        return json.dumps(content, ensure_ascii=False, indent=2)


def _code(text: str) -> str:
    """Text that Markdown leaves as it is, also inside a table."""
    plain = text.replace("`", "'").replace("|", "\\|").replace("\n", " ")
    return f"`{plain}`" if plain else ""


def json_number(number: float) -> float | str | None:
    """The number as JSON can hold it: nothing for NaN, a text for infinity."""
    if math.isnan(number):
        return None
    return number if math.isfinite(number) else str(number)


__all__ = [
    "FEWEST_POINTS",
    "MOST_POINTS",
    "POINTS",
    "CheckRow",
    "Location",
    "Report",
    "json_number",
]
