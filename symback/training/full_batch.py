"""What methods over all rows share: a place with its loss, and what they found.

Unlike the rules of mini-batches they choose their own step lengths, need no learning rate, and
know when they have converged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import NamedTuple, Protocol

import numpy as np

from symback.training.engine.gradients import Part
from symback.training.sources.dtypes import FloatArray

LAST_PLACES = 2.0  # by how much rounding changes a loss, in units of its last place
NOISE = 1e7  # the same, where residuals are small beside what they are differences of


class Evaluation(NamedTuple):
    """Parameters, in the type of the run, with loss and gradient."""

    theta: FloatArray
    loss: float
    gradient: FloatArray

    @property
    def is_finite(self) -> bool:
        return isfinite(self.loss) and bool(np.isfinite(self.gradient).all())

    def slack(self, places: float) -> float:
        """So many units in the last place of the loss."""
        return places * float(np.finfo(self.theta.dtype).eps) * abs(self.loss)

    @property
    def steepest(self) -> float:
        """The largest entry of the gradient."""
        return float(np.abs(self.gradient).max(initial=0.0))


class Found(NamedTuple):
    """θ and the method's state after some iterations; `converged` if no more are to follow."""

    theta: FloatArray
    state: tuple[FloatArray, ...]
    iterations: int
    converged: bool


class FullBatchMethod(Protocol):
    """Iterations from a place and a state; `trace` gets the number of each, and θ after it."""

    def __call__(
        self,
        start: Evaluation,
        state: Sequence[FloatArray],
        *,
        iterations: int,
        trace: Callable[[int, FloatArray], None],
        **options: float,
    ) -> Found: ...


def evaluation_of(whole: Callable[[FloatArray], Part], theta: FloatArray) -> Evaluation:
    """Loss and gradient at θ."""
    part = whole(theta)
    return Evaluation(theta, float(part.loss), np.asarray(part.gradient, np.float64))


__all__ = ["LAST_PLACES", "NOISE", "Evaluation", "Found", "FullBatchMethod", "evaluation_of"]
