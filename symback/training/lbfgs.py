"""L-BFGS over all rows, by SciPy; needs the extra `scipy`."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from math import isfinite

import numpy as np

from symback.errors import Unsupported
from symback.training.engine.gradients import Part
from symback.training.settings import ITERATIONS
from symback.training.sources.dtypes import FloatArray


def search(
    whole: Callable[[FloatArray], Part],
    theta: FloatArray,
    trace: Callable[[int, FloatArray], None],
) -> tuple[FloatArray, int]:
    """θ after at most ITERATIONS iterations of L-BFGS-B, and how many there were.

    Every call begins with an empty memory of curvature, so that a run that continues from
    a checkpoint makes the same iterations as an uninterrupted one. `trace` gets the number
    of each and θ after it. (Byrd, Lu, Nocedal and Zhu 1995.)
    """
    try:
        from scipy.optimize import minimize
    except ImportError:
        raise Unsupported("lbfgs needs SciPy: pip install 'symback[scipy]'") from None

    numbers = count(1)
    objective = _Objective(whole, theta)

    def after(vector: FloatArray) -> None:
        objective.accept()
        trace(next(numbers), vector.astype(theta.dtype))

    found = minimize(
        objective,
        np.asarray(theta, np.float64),
        jac=True,
        method="L-BFGS-B",
        callback=after,
        options={"maxiter": ITERATIONS},
    )
    return found.x.astype(theta.dtype), int(found.nit)


class _Objective:
    """The loss as SciPy's line search needs it: finite everywhere.

    Outside of the circuit's domain it is what the loss would be if it rose there as steeply as it
    falls at the last iterate, with a gradient of 0; the search then takes a shorter step. An
    infinite value would make the interpolation of the search, and so θ, NaN.
    """

    def __init__(self, whole: Callable[[FloatArray], Part], theta: FloatArray) -> None:
        self.whole, self.dtype = whole, theta.dtype
        self.base: tuple[FloatArray, float, FloatArray] | None = None
        self.last: tuple[FloatArray, float, FloatArray] | None = None

    def __call__(self, vector: FloatArray) -> tuple[float, FloatArray]:
        part = self.whole(vector.astype(self.dtype))
        loss, gradient = float(part.loss), np.asarray(part.gradient, np.float64)
        if (isfinite(loss) and np.isfinite(gradient).all()) or self.base is None:
            self.last = vector.copy(), loss, gradient
            self.base = self.base or self.last
            return loss, gradient
        at, known, slope = self.base
        return known + abs(float(slope @ (vector - at))), np.zeros_like(vector)

    def accept(self) -> None:
        """The last point that was asked for is an iterate."""
        self.base = self.last
