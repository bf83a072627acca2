"""Schedules: the learning rate η_t of step t = 0, 1, … by a rule in the language of circuits."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from symback.errors import TrainingError, nearest

LAST_STEP = 2**53
"""Up to here a float64 holds every whole number."""

ETA_T = "eta_t"


@dataclass(frozen=True, slots=True)
class ScheduleSetting:
    """A number of a schedule: what it must be, as code and as words."""

    fits: Callable[[Any], bool]
    expected: str


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value <= LAST_STEP


SETTINGS: Mapping[str, ScheduleSetting] = {
    "eta": ScheduleSetting(lambda v: _number(v) and v > 0, "a number > 0"),
    "decay": ScheduleSetting(lambda v: _number(v) and v > 0, "a number > 0"),
    "period": ScheduleSetting(lambda v: _whole(v) and v >= 1, "a whole number of steps ≥ 1"),
    "steps": ScheduleSetting(lambda v: _whole(v) and v >= 1, "a whole number of steps ≥ 1"),
    "eta_min": ScheduleSetting(lambda v: _number(v) and v >= 0, "a number ≥ 0"),
    "warmup": ScheduleSetting(lambda v: _whole(v) and v >= 0, "a whole number of steps ≥ 0"),
}
"""What every setting must be."""


@dataclass(frozen=True, slots=True)
class ScheduleRule:
    """A schedule's formula over `s`, the step counted from the end of the warm-up.

    `where` defines a name of the formula that the language of circuits cannot express.
    """

    meaning: str
    needs: tuple[str, ...]
    formula: str
    value: Callable[[Schedule, int], float]
    takes: tuple[str, ...] = ()
    where: str = ""


def _step(schedule: Schedule, s: int) -> float:
    return schedule.eta * float(schedule.of("decay")) ** (s // int(schedule.of("period")))


def _cosine(schedule: Schedule, s: int) -> float:
    """(1 + cos(π·s/T))/2 is sin²(π·(T - s)/(2·T)), which keeps its digits at the end."""
    steps = int(schedule.of("steps"))
    root = math.sin(math.pi * ((steps - min(s, steps)) / (2 * steps)))
    return schedule.eta_min + (schedule.eta - schedule.eta_min) * (root * root)


RULES: Mapping[str, ScheduleRule] = {
    "constant": ScheduleRule("always the same", (), "eta", lambda schedule, s: schedule.eta),
    "step": ScheduleRule(
        "multiplied by decay after every period",
        ("decay", "period"),
        "eta*decay**k",
        _step,
        where="k = floor({s}/period)",
    ),
    "cosine": ScheduleRule(
        "half a wave from eta to eta_min, which it keeps after so many steps",
        ("steps",),
        "eta_min + (eta - eta_min)*(1 + cos(pi*min({s}, steps)/steps))/2",
        _cosine,
        ("eta_min",),
    ),
    "inverse": ScheduleRule(
        "less and less, with a sum beyond all bounds",
        ("decay",),
        "eta/(1 + decay*{s})",
        lambda schedule, s: schedule.eta / (1 + schedule.of("decay") * s),
    ),
}
"""The schedules by name."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The learning rate η_t of step t = 0, 1, …, a function of t alone.

    `warmup` steps rise in a line before the rule begins: η_t = eta·(t + 1)/warmup. Raises
    TrainingError naming the setting that is missing, does not belong to the rule or is out of
    range.

    >>> eta = Schedule("step", 0.5, decay=0.5, period=10)
    >>> eta(0), eta(9), eta(10), eta(25)
    (0.5, 0.5, 0.25, 0.125)
    >>> print(eta.formula)
    eta_t = eta*decay**k, k = floor(t/period)
    """

    name: str = "constant"
    eta: float = 0.1
    decay: float | None = None
    period: int | None = None
    steps: int | None = None
    eta_min: float = 0.0
    warmup: int = 0

    def __post_init__(self) -> None:
        if self.name not in RULES:
            known = ", ".join(RULES)
            hint = nearest(str(self.name), RULES) or f"; there are {known}"
            raise TrainingError(f"no schedule {self.name!r:.40}{hint}")
        rule = RULES[self.name]
        for setting, wanted in SETTINGS.items():
            value = getattr(self, setting)
            if setting in rule.needs and value is None:
                raise TrainingError(
                    f"{setting} is missing; the schedule {self.name} needs {wanted.expected}"
                )
            belongs = setting in ("eta", "warmup", *rule.needs, *rule.takes)
            if not belongs and value != _DEFAULTS[setting]:
                raise TrainingError(f"{setting} is not a setting of the schedule {self.name}")
            if belongs and not wanted.fits(value):
                raise TrainingError(f"{setting} is {value!r:.30}; expected {wanted.expected}")
        if self.name == "step" and self.of("decay") > 1:
            raise TrainingError(
                f"decay is {self.decay!r:.30}; the learning rate would grow; give ≤ 1"
            )
        if self.eta_min > self.eta:
            raise TrainingError(f"eta_min is {self.eta_min!r:.30}, more than eta {self.eta!r:.30}")

    def of(self, setting: str) -> Any:
        """A setting that the rule needs, and so has."""
        return getattr(self, setting)

    def __call__(self, t: int) -> float:
        """η_t, the same to the bit whenever it is asked for.

        Raises TrainingError unless t is a whole number from 0 to 2⁵³.
        """
        if not _whole(t) or t < 0:
            raise TrainingError(f"t is {t!r:.30}; a step is a whole number from 0 to 2**53")
        if t < self.warmup:
            return self.eta * ((t + 1) / self.warmup)
        return float(RULES[self.name].value(self, t - self.warmup))

    @property
    def formula(self) -> str:
        """η_t in circuit text, and behind it what the language cannot say."""
        rule = RULES[self.name]
        s = "(t - warmup)" if self.warmup else "t"
        text, where = rule.formula.format(s=s), rule.where.format(s=s)
        if self.warmup:
            text = f"where(t < warmup, eta*(t + 1)/warmup, {text})"
        return f"{ETA_T} = {text}" + (f", {where}" if where else "")


_DEFAULTS = {name: field.default for name, field in Schedule.__dataclass_fields__.items()}


__all__ = ["RULES", "SETTINGS", "Schedule", "ScheduleRule"]
