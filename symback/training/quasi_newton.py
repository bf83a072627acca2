"""L-BFGS over all rows, by SciPy; needs the extra `scipy`."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite

import numpy as np

from symback.errors import Unsupported
from symback.training.gradients import Part
from symback.training.settings import ITERATIONS
from symback.training.table import FloatArray


def search(
    whole: Callable[[FloatArray], Part],
    theta: FloatArray,
    trace: Callable[[FloatArray], None],
) -> tuple[FloatArray, int]:
    """θ after at most ITERATIONS iterations of L-BFGS-B, and how many there were.

    Every call begins with an empty memory of curvature, so that a run that goes on from a
    checkpoint makes the same iterations as one that was never broken off. `trace` gets θ after
    each. (Byrd, Lu, Nocedal and Zhu 1995.)
    """
    try:
        from scipy.optimize import minimize
    except ImportError:
        raise Unsupported("lbfgs needs SciPy: pip install 'symback[scipy]'") from None

    def objective(vector: FloatArray) -> tuple[float, FloatArray]:
        part = whole(vector.astype(theta.dtype))
        if not isfinite(part.loss):  # outside of the domain: the line search takes a shorter step
            return float("inf"), np.zeros_like(vector)
        return float(part.loss), np.asarray(part.gradient, np.float64)

    found = minimize(
        objective,
        np.asarray(theta, np.float64),
        jac=True,
        method="L-BFGS-B",
        callback=lambda vector: trace(vector.astype(theta.dtype)),
        options={"maxiter": ITERATIONS},
    )
    return found.x.astype(theta.dtype), int(found.nit)
