"""L-BFGS over all rows, with a memory of curvature that checkpoints hold.

The iterations are those of L-BFGS-B without bounds (Byrd, Lu, Nocedal and Zhu 1995). SciPy's
implementation keeps its memory to itself, so that a run could not continue from a checkpoint
with the same bits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from math import isfinite

import numpy as np

from symback.training.engine.gradients import Part
from symback.training.full_batch import LAST_PLACES, NOISE, Evaluation, Found, evaluation_of
from symback.training.line_search import Trial
from symback.training.line_search import search as search_line
from symback.training.sources.dtypes import FloatArray

EPSILON = float(np.finfo(float).eps)

Pair = tuple[FloatArray, FloatArray]  # a step of θ, and the change of the gradient over it


def minimise(
    whole: Callable[[FloatArray], Part],
    start: Evaluation,
    state: Sequence[FloatArray],
    *,
    iterations: int,
    memory: float,
    ftol: float,
    gtol: float,
    trace: Callable[[int, FloatArray], None],
) -> Found:
    """θ after at most so many iterations from a place and the `state`, which is the memory.

    They end where an iteration lowers the loss by ≤ ftol·max(|loss before|, |loss after|, 1), where
    no entry of the gradient is beyond ±gtol, or where rounding allows no better place: none whose
    loss is lower, or whose gradient is while the losses can't be distinguished. ftol = 0 leaves its
    test out. `whole` gives loss and gradient, which are finite at the start. `trace` gets the
    number of each iteration and θ after it.
    """
    pairs: deque[Pair] = deque(zip(state[::2], state[1::2], strict=True), maxlen=int(memory))
    here, done, first = start, 0, 1.0 if state else None
    least = here
    while done < iterations:
        if here.steepest <= gtol:
            return Found(here.theta, _flat(pairs), done, True)
        following = _next(whole, here, least, pairs, first)
        first = 1.0
        if following is None:
            if not pairs:
                return Found(here.theta, (), done, True)
            pairs.clear()  # of a curvature that no longer holds
            continue
        _remember(pairs, here, following)
        fall, scale = here.loss - following.loss, max(abs(here.loss), abs(following.loss), 1.0)
        least = min(least, following, key=lambda place: place.loss)
        here, done = following, done + 1
        trace(done, here.theta)
        if ftol and fall <= ftol * scale:
            return Found(here.theta, _flat(pairs), done, True)
    return Found(here.theta, _flat(pairs), done, False)


def _direction(gradient: FloatArray, pairs: Sequence[Pair]) -> FloatArray:
    """-H·g with the inverse Hessian that the pairs show (Nocedal 1980)."""
    direction, shares = -gradient, []
    for s, y in reversed(pairs):
        share = float(s @ direction) / float(s @ y)
        direction = direction - share * y
        shares.append(share)
    if pairs:
        s, y = pairs[-1]
        direction = direction * (float(s @ y) / float(y @ y))
    for (s, y), share in zip(pairs, reversed(shares), strict=True):
        direction = direction + (share - float(y @ direction) / float(s @ y)) * s
    return direction


def _next(
    whole: Callable[[FloatArray], Part],
    here: Evaluation,
    least: Evaluation,
    pairs: Sequence[Pair],
    first: float | None,
) -> Evaluation | None:
    """A place along the direction where the loss is lower by the conditions of Wolfe, or None.

    Outside of the circuit's domain the loss counts as one that rises there as steeply as it falls
    here: the search then takes a shorter step.
    """
    direction = _direction(here.gradient, pairs)
    slope = float(here.gradient @ direction)
    if not (slope < 0 and isfinite(slope)):
        return None
    seen: dict[float, Evaluation] = {}

    def at(step: float) -> Trial:
        theta = (here.theta + step * direction).astype(here.theta.dtype)
        place = evaluation_of(whole, theta)
        if not place.is_finite:
            return Trial(step, here.loss - step * slope, 0.0)
        seen.clear()
        seen[step] = place
        return Trial(step, place.loss, float(place.gradient @ direction))

    step = 1 / float(np.linalg.norm(direction)) if first is None else first
    places = NOISE if -slope < here.slack(NOISE) else LAST_PLACES
    found = search_line(at, Trial(0.0, here.loss, slope), step, here.slack(places))
    place = None if found is None else seen.get(found.step)
    if place is None:
        return None
    falls = place.loss < least.loss - least.slack(LAST_PLACES)
    flatter = -float(place.gradient @ _direction(place.gradient, pairs)) < -slope
    level = place.loss <= least.loss + least.slack(places)
    return place if falls or (flatter and level) else None


def _remember(pairs: deque[Pair], before: Evaluation, after: Evaluation) -> None:
    """Add the pair of an iteration, unless the loss doesn't curve upwards along it."""
    s = after.theta.astype(np.float64) - before.theta
    y = after.gradient - before.gradient
    if float(s @ y) > EPSILON * -float(before.gradient @ s):
        pairs.append((s, y))


def _flat(pairs: Iterable[Pair]) -> tuple[FloatArray, ...]:
    return tuple(vector for pair in pairs for vector in pair)
