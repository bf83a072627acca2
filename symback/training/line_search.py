"""The line search of Moré and Thuente (1994), with the constants of L-BFGS-B."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite, sqrt
from typing import NamedTuple

DECREASE = 1e-3  # of the value, as a share of what the first slope promises
CURVATURE = 0.9  # the slope that may remain, as a share of the first
NARROW = 0.1  # an interval that is not searched further, as a share of its end
LONGEST = 1e10
SHRINK = 0.66  # what two steps must leave of an interval at most
TRIES = 20


class Trial(NamedTuple):
    """A step along the line, and value and slope there."""

    step: float
    value: float
    slope: float

    def tilted(self, slope: float) -> Trial:
        """The same trial of the function without a line of that slope."""
        return Trial(self.step, self.value - self.step * slope, self.slope - slope)


def search(
    at: Callable[[float], Trial], begin: Trial, step: float, slack: float = 0.0
) -> Trial | None:
    """A step that fulfils the strong Wolfe conditions, or the best where rounding allows none.

    `begin` is the trial of step 0, whose slope is negative; `step` is tried first; `slack` is by
    how much rounding changes a value. None after TRIES trials.
    """
    wanted = DECREASE * begin.slope
    best = other = begin
    bracketed, first_stage = False, True
    widths = LONGEST, 2 * LONGEST
    low, high = 0.0, 5 * step
    for _ in range(TRIES):
        trial = at(step)
        bound = begin.value + step * wanted
        first_stage = first_stage and not (trial.value <= bound and trial.slope >= 0)
        if trial.value <= bound + slack and abs(trial.slope) <= CURVATURE * -begin.slope:
            return trial
        if bracketed and _narrow(step, low, high):
            return trial
        if step == LONGEST and trial.value <= bound and trial.slope <= wanted:
            return trial
        tilt = wanted if first_stage and bound < trial.value <= best.value else 0.0
        seen = best.tilted(tilt), other.tilted(tilt), trial.tilted(tilt)
        following = _next_step(*seen, bracketed, low, high)
        best, other, bracketed = _interval(*seen, bracketed)
        best, other = best.tilted(-tilt), other.tilted(-tilt)
        if bracketed:
            if abs(other.step - best.step) >= SHRINK * widths[1]:
                following = best.step + (other.step - best.step) / 2
            widths = abs(other.step - best.step), widths[0]
            low, high = sorted((best.step, other.step))
        else:
            low, high = (following + share * (following - best.step) for share in (1.1, 4.0))
        step = min(max(following, 0.0), LONGEST) if isfinite(following) else (low + high) / 2
        if bracketed and _narrow(step, low, high):
            step = best.step
    return None


def _narrow(step: float, low: float, high: float) -> bool:
    """Whether rounding leaves nothing to search between low and high."""
    return not low < step < high or high - low <= NARROW * high


def _interval(
    best: Trial, other: Trial, trial: Trial, bracketed: bool
) -> tuple[Trial, Trial, bool]:
    """The ends of the interval after a trial, and whether a minimum lies between them."""
    if trial.value > best.value:
        return best, trial, True
    if trial.slope * best.slope < 0:
        return trial, best, True
    return trial, other, bracketed


def _next_step(
    best: Trial, other: Trial, trial: Trial, bracketed: bool, low: float, high: float
) -> float:
    """The step that is tried next: a minimum of the cubic or quadratic through two trials."""
    forward = trial.step > best.step
    if trial.value > best.value:
        cubic = _cubic(best, trial)
        span = trial.step - best.step
        quadratic = best.step + best.slope / (best.slope - _chord(best, trial)) / 2 * span
        nearer = abs(cubic - best.step) < abs(quadratic - best.step)
        return cubic if nearer else cubic + (quadratic - cubic) / 2
    if trial.slope * best.slope < 0:
        cubic, secant = _cubic(trial, best), _secant(trial, best)
        return max(cubic, secant, key=lambda step: abs(step - trial.step))
    if abs(trial.slope) < abs(best.slope):
        cubic = _cubic(trial, best, beyond=high if forward else low)
        chosen = min if bracketed else max
        step = chosen(cubic, _secant(trial, best), key=lambda step: abs(step - trial.step))
        if not bracketed:
            return min(max(step, low), high)
        end = trial.step + SHRINK * (other.step - trial.step)
        return min(end, step) if forward else max(end, step)
    if bracketed:
        return _cubic(trial, other)
    return high if forward else low


def _chord(a: Trial, b: Trial) -> float:
    return (b.value - a.value) / (b.step - a.step)


def _secant(a: Trial, b: Trial) -> float:
    """Where the line through two slopes is 0."""
    return a.step + a.slope / (a.slope - b.slope) * (b.step - a.step)


def _cubic(a: Trial, b: Trial, beyond: float | None = None) -> float:
    """The minimum of the cubic through two trials; `beyond`, if given, where it lies not past a."""
    theta = a.slope + b.slope - 3 * _chord(a, b)
    scale = max(abs(theta), abs(a.slope), abs(b.slope))
    square = (theta / scale) ** 2 - (a.slope / scale) * (b.slope / scale)
    gamma = scale * sqrt(max(0.0, square)) * (1 if b.step >= a.step else -1)
    below = 2 * gamma - a.slope + b.slope
    share = (gamma - a.slope + theta) / below if below else 0.5
    if beyond is not None and not (share < 0 and gamma):
        return beyond
    return a.step + share * (b.step - a.step)
