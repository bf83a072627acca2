"""Gauss and Newton's method with Levenberg and Marquardt's damping, for squared losses.

Each step needs residuals and Jacobian by their triangle only: the R of the QR factors of [J r],
which shards make of their rows and which are put together in their order. JᵀJ, whose condition is
the square of that of J, is never formed. The scale of each parameter is the largest norm that its
column had (Moré 1978), the damping follows the ratio of falls (Nielsen 1999).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from typing import NamedTuple

import numpy as np

from symback.training.full_batch import LAST_PLACES, NOISE, Evaluation, Found
from symback.training.result import Diverged
from symback.training.sources.dtypes import FloatArray

DAMPING = 1e-3  # at the start
MUCH = 0.9  # of a gradient, which a step leaves where rounding hides its fall
LEAST_RATIO = 1e-4  # of the fall to the one that the linear model predicts, for a step to count
LEAST_DAMPING, MOST_DAMPING = 1e-30, 1e30


class _Place(NamedTuple):
    """Parameters with the triangle R of the Jacobian, and Qᵀr and Σr² of the residuals."""

    theta: FloatArray
    triangle: FloatArray
    turned: FloatArray
    squares: float

    @property
    def is_finite(self) -> bool:
        return bool(np.isfinite(self.squares) and np.isfinite(self.triangle).all())

    @property
    def norms(self) -> FloatArray:
        """The norms of the Jacobian's columns."""
        found: FloatArray = np.linalg.norm(self.triangle, axis=0)
        return found

    @property
    def slope(self) -> FloatArray:
        """Jᵀr."""
        found: FloatArray = self.triangle.T @ self.turned
        return found

    def slack(self, places: float) -> float:
        """So many units in the last place of Σr²."""
        return places * float(np.finfo(self.theta.dtype).eps) * self.squares


class _State(NamedTuple):
    """The damping, the factor by which the next failure raises it, and the scale of each entry."""

    damping: float
    growth: float
    scale: FloatArray

    @property
    def arrays(self) -> tuple[FloatArray, ...]:
        return np.array([self.damping]), np.array([self.growth]), self.scale


def minimise(
    triangle: Callable[[FloatArray], FloatArray],
    start: Evaluation,
    state: Sequence[FloatArray],
    *,
    iterations: int,
    ftol: float,
    gtol: float,
    trace: Callable[[int, FloatArray], None],
) -> Found:
    """θ after at most so many iterations, each of which tries one step.

    They end where one lowers the loss by ≤ ftol·max(|loss before|, |loss after|, 1), where no entry
    of the loss's gradient is beyond ±gtol, or where rounding allows no better place: none whose
    loss is lower, or whose gradient is while the losses can't be distinguished. ftol = 0 leaves its
    test out. `triangle` gives the R of the QR factors of [J r] at θ. Raises Diverged where J is not
    finite at the start.
    """
    here = _place(triangle, start.theta)
    if not here.is_finite:
        raise Diverged(
            "the Jacobian is not finite where loss and gradient are; begin elsewhere, or choose "
            "lbfgs, which needs none"
        )
    known = _begun(here, state)
    unit = start.loss / here.squares if here.squares else 1.0  # loss = unit·Σr²
    for done in range(iterations):
        if 2 * unit * float(np.abs(here.slope).max(initial=0.0)) <= gtol:
            return Found(here.theta, known.arrays, done, True)
        step, predicted = _step(here, known)
        place = _place(triangle, (here.theta + step).astype(here.theta.dtype))
        fall = here.squares - place.squares if place.is_finite else -inf
        ratio = _ratio(here, place, fall, predicted, known.scale)
        if ratio < LEAST_RATIO:
            stuck = np.array_equal(place.theta, here.theta) or known.damping >= MOST_DAMPING
            if predicted <= here.slack(LAST_PLACES) or stuck:
                return Found(here.theta, known.arrays, done, True)
            raised = min(known.damping * known.growth, MOST_DAMPING)
            known = _State(raised, 2 * known.growth, known.scale)
            trace(done + 1, here.theta)
            continue
        lowered = max(known.damping * max(1 / 3, 1 - (2 * ratio - 1) ** 3), LEAST_DAMPING)
        known = _State(lowered, 2.0, np.maximum(known.scale, place.norms))
        scale = max(unit * max(here.squares, place.squares), 1.0)
        here = place
        trace(done + 1, here.theta)
        if ftol and unit * fall <= ftol * scale:
            return Found(here.theta, known.arrays, done + 1, True)
    return Found(here.theta, known.arrays, iterations, False)


def _place(triangle: Callable[[FloatArray], FloatArray], theta: FloatArray) -> _Place:
    found = triangle(theta)
    p = len(theta)
    return _Place(theta, found[:p, :p], found[:p, p], float(found[:, p] @ found[:, p]))


def _begun(here: _Place, state: Sequence[FloatArray]) -> _State:
    """The state of the run, or that before the first step."""
    if state:
        damping, growth, scale = state
        return _State(float(damping[0]), float(growth[0]), scale)
    norms = here.norms
    return _State(DAMPING, 2.0, np.where(norms > 0, norms, 1.0))


def _step(here: _Place, known: _State) -> tuple[FloatArray, float]:
    """The s that makes ‖R·s + Qᵀr‖² + λ‖D·s‖² least, and by how much Σr² is to fall.

    The fall is ‖R·s‖² + 2·λ‖D·s‖², a sum without cancellation.
    """
    scaled, p = here.triangle / known.scale, len(here.theta)
    both = np.vstack([scaled, np.sqrt(known.damping) * np.eye(p)])
    solved = np.linalg.lstsq(both, np.concatenate([-here.turned, np.zeros(p)]))[0]
    image = scaled @ solved
    predicted = float(image @ image + 2 * known.damping * (solved @ solved))
    return solved / known.scale, predicted


def _ratio(here: _Place, place: _Place, fall: float, predicted: float, scale: FloatArray) -> float:
    """The fall over that which the model predicts; −∞ for a place that is not finite.

    Where rounding hides the fall, it is 1 if the slope shows that the place is better, and
    much better where there is nothing but rounding, so that steps end.
    """
    if not place.is_finite or not predicted > 0:
        return -inf
    flatter = float(np.linalg.norm(place.slope / scale) / np.linalg.norm(here.slope / scale))
    if predicted <= here.slack(LAST_PLACES):
        return 1.0 if flatter < MUCH and fall >= -here.slack(NOISE) else -inf
    if predicted <= here.slack(NOISE) and abs(fall) <= here.slack(NOISE) and flatter < 1:
        return 1.0
    return fall / predicted


__all__ = ["minimise"]
