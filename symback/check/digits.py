"""Where the digits of a module go, and whether the point or the formula is to blame."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from symback.check.report import CheckRow, Report
from symback.errors import clip
from symback.operations.balls.functions import Undecided
from symback.truth.condition import Condition
from symback.truth.oracle import Oracle

GOOD = 4.0
"""ULP that need no reason."""

NumbersAt = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Digits:
    """The worst error of one quantity, and the condition numbers at that point."""

    quantity: str
    ulp: float
    condition: Condition | None  # None where the worst error is of a batch, or on a kink
    point: Mapping[str, float]

    @property
    def relative(self) -> float | None:
        """The error in units of the formula's condition number: about 1 is as good as can be."""
        if self.condition is None or not self.condition.formula:
            return None
        return self.ulp / self.condition.formula

    @property
    def is_lost(self) -> bool:
        """Whether the formula loses digits that another formula would keep."""
        bad = self.condition is not None and self.condition.formula_is_to_blame
        return bad and self.ulp > GOOD

    @property
    def cause(self) -> str:
        """What costs the digits: nothing worth naming, the point, or the formula at a node."""
        if self.ulp <= GOOD or self.condition is None:
            return ""
        if self.is_lost:
            return f"the formula loses digits at {self.condition.line}"
        return "the point is ill-conditioned"

    def __str__(self) -> str:
        text = f"{self.quantity} {self.ulp:.3g} ULP"
        if not self.cause or self.condition is None:
            return text
        problem, formula = self.condition.problem, self.condition.formula
        return f"{text}; {self.cause} (condition {problem:.3g}, of the formula {formula:.3g})"


def digits_of(rows: Iterable[CheckRow], oracle: Oracle) -> Iterator[Digits]:
    """The worst error of each quantity that was compared in single samples."""
    located = [(row, row.worst) for row in rows if row.worst is not None]
    keys: dict[NumbersAt, set[str]] = {}
    for _, worst in located:
        keys.setdefault(tuple(worst.point.items()), set()).add(worst.key)
    conditions: dict[NumbersAt, dict[str, Condition]] = {}
    for row, worst in located:
        place = tuple(worst.point.items())
        if place not in conditions:
            conditions[place] = _conditions(oracle, worst.point, keys[place])
        yield Digits(row.quantity, row.worst_ulp, conditions[place].get(worst.key), worst.point)


def lost_digits(report: Report, oracle: Oracle) -> str:
    """Where a formula loses digits, and how many at worst; empty where none does."""
    rows = sorted((r for r in report.rows if r.worst_ulp > GOOD), key=lambda r: -r.worst_ulp)
    worst = next((d for d in digits_of(rows, oracle) if d.is_lost), None)
    if worst is None or worst.condition is None:
        return ""
    line = oracle.line_of(worst.condition.line)
    point = clip(_shown(worst.point), 100)
    return f"{line}: {worst.quantity} has {worst.ulp:.3g} ULP at {point}"


def _shown(point: Mapping[str, float]) -> str:
    """The numbers in so many digits that those differ which do."""
    for digits in (6, 9, 17):
        shown = [f"{value:.{digits}g}" for value in point.values()]
        if len(set(shown)) == len(set(point.values())):
            break
    return ", ".join(f"{name}={value}" for name, value in zip(point, shown, strict=True))


def _conditions(
    oracle: Oracle, point: Mapping[str, float], keys: Collection[str]
) -> dict[str, Condition]:
    try:
        return oracle.conditions(point, keys)
    except Undecided:
        return {}


__all__ = ["Digits", "digits_of", "lost_digits"]
