"""Newton's method in a trust region, its equations solved by conjugate gradients (Steihaug 1983).

It needs products with the Hessian only, H·v, which are sums over the rows as gradients are. Where
the loss curves downwards along a direction, the step goes along it to the edge of the region.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import inf, sqrt
from typing import NamedTuple

import numpy as np

from symback.training.engine.gradients import Part
from symback.training.full_batch import LAST_PLACES, NOISE, Evaluation, Found, evaluation_of
from symback.training.result import Diverged
from symback.training.sources.dtypes import FloatArray

MUCH = 0.9  # of a gradient, which a step leaves where rounding hides its fall
LEAST_RATIO = 1e-4  # of the fall to the one that the quadratic model predicts, for a step to count
POOR, GOOD = 0.25, 0.75  # ratios below and above which the region shrinks and grows

Product = Callable[[FloatArray], FloatArray]  # v ↦ H·v


class _Step(NamedTuple):
    """A step, the fall that the model predicts for it, and whether it ends at the region's edge."""

    step: FloatArray
    fall: float
    at_edge: bool


def minimise(
    whole: Callable[[FloatArray], Part],
    along: Callable[[FloatArray, FloatArray], Part],
    start: Evaluation,
    state: Sequence[FloatArray],
    *,
    iterations: int,
    cg_iterations: float,
    ftol: float,
    gtol: float,
    trace: Callable[[int, FloatArray], None],
) -> Found:
    """θ after at most so many iterations; the state is the radius of the trust region.

    An iteration tries one step, made of at most `cg_iterations` products H·v. They end where one
    lowers the loss by ≤ ftol·max(|loss before|, |loss after|, 1), where no entry of the gradient is
    beyond ±gtol, or where rounding allows no better place: none whose loss is lower, or whose
    gradient is while the losses can't be distinguished. ftol = 0 leaves its test out. `whole` gives
    loss and gradient, `along` H·v at θ. Raises Diverged where H·v is not finite.
    """
    here = start
    radius = float(state[0][0]) if state else max(1.0, float(np.linalg.norm(start.theta)))
    for done in range(iterations):
        if here.steepest <= gtol:
            return Found(here.theta, (np.array([radius]),), done, True)
        product = partial(_product, along, here.theta)
        model = truncated(product, here.gradient, radius, int(cg_iterations))
        place = evaluation_of(whole, (here.theta + model.step).astype(here.theta.dtype))
        fall = here.loss - place.loss if place.is_finite else -inf
        ratio = _ratio(here, place, fall, model.fall)
        small = model.fall <= here.slack(LAST_PLACES) or np.array_equal(place.theta, here.theta)
        if ratio < LEAST_RATIO and small:
            return Found(here.theta, (np.array([radius]),), done, True)
        if ratio < POOR:
            radius = POOR * float(np.linalg.norm(model.step))
        elif ratio > GOOD and model.at_edge:
            radius *= 2
        if ratio < LEAST_RATIO:
            trace(done + 1, here.theta)
            continue
        scale = max(abs(here.loss), abs(place.loss), 1.0)
        here = place
        trace(done + 1, here.theta)
        if ftol and fall <= ftol * scale:
            return Found(here.theta, (np.array([radius]),), done + 1, True)
    return Found(here.theta, (np.array([radius]),), iterations, False)


def _product(
    along: Callable[[FloatArray, FloatArray], Part], theta: FloatArray, v: FloatArray
) -> FloatArray:
    """H·v in float64; Diverged where it is not finite."""
    found = np.asarray(along(theta, v.astype(theta.dtype)).gradient, np.float64)
    if not np.isfinite(found).all():
        raise Diverged(
            "the second derivatives are not finite where loss and gradient are; choose lbfgs, "
            "which needs none"
        )
    return found


def _ratio(here: Evaluation, place: Evaluation, fall: float, predicted: float) -> float:
    """The fall over that which the model predicts; −∞ for a place that is not finite.

    Where rounding hides the fall, it is 1 if the gradient shows that the place is better, and
    much better where there is nothing but rounding, so that steps end.
    """
    if not place.is_finite or not predicted > 0:
        return -inf
    flatter = float(np.linalg.norm(place.gradient) / np.linalg.norm(here.gradient))
    if predicted <= here.slack(LAST_PLACES):
        return 1.0 if flatter < MUCH and fall >= -here.slack(NOISE) else -inf
    if predicted <= here.slack(NOISE) and abs(fall) <= here.slack(NOISE) and flatter < 1:
        return 1.0
    return fall / predicted


def truncated(product: Product, gradient: FloatArray, radius: float, most: int) -> _Step:
    """A step s that makes g·s + s·H·s/2 small within ‖s‖ ≤ radius, by conjugate gradients.

    They end where ‖g + H·s‖ ≤ min(1/2, √‖g‖)·‖g‖, at the edge of the region, where H curves
    downwards along a direction, which is then followed to the edge, or after `most` products.

    >>> import numpy as np
    >>> bowl = np.diag([2.0, 8.0])
    >>> truncated(bowl.dot, np.array([-4e-8, -8e-8]), 10.0, 5).step.round(10).tolist()
    [2e-08, 1e-08]
    >>> truncated(bowl.dot, np.array([-4.0, 0.0]), 0.5, 5).step.tolist()
    [0.5, 0.0]
    """
    residual = gradient.copy()
    step, image, direction = np.zeros_like(gradient), np.zeros_like(gradient), -residual
    square = float(residual @ residual)
    least = min(0.5, square**0.25) * sqrt(square)

    def found(step: FloatArray, image: FloatArray, at_edge: bool) -> _Step:
        return _Step(step, -float(gradient @ step + image @ step / 2), at_edge)

    for _ in range(most):
        along = product(direction)
        curvature = float(direction @ along)
        length = square / curvature if curvature > 0 else inf
        to_edge = _to_edge(step, direction, radius)
        if length >= to_edge:
            return found(step + to_edge * direction, image + to_edge * along, True)
        step, image = step + length * direction, image + length * along
        residual = residual + length * along
        before, square = square, float(residual @ residual)
        if sqrt(square) <= least:
            break
        direction = square / before * direction - residual
    return found(step, image, False)


def _to_edge(step: FloatArray, direction: FloatArray, radius: float) -> float:
    """The t > 0 with ‖step + t·direction‖ = radius."""
    a, b = float(direction @ direction), float(step @ direction)
    c = max(0.0, radius**2 - float(step @ step))
    root = sqrt(b * b + a * c)
    return c / (b + root) if b > 0 else (root - b) / a


__all__ = ["minimise", "truncated"]
