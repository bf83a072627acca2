"""The path of a run with two parameters, thinned out as it grows; for a picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from symback.training.sources.dtypes import FloatArray

LONGEST = 1000  # points that are kept


class Trajectory:
    """Points of θ, at most LONGEST of them and at least `stride` steps apart.

    What a checkpoint takes is the points up to its step: an interrupt may come between a point and
    the step that it belongs to, or amid the iterations of an epoch that will begin anew.
    """

    def __init__(self, steps: Sequence[int], points: Sequence[FloatArray], stride: int = 1) -> None:
        self._kept = list(zip(steps, points, strict=True)), stride

    def add(self, step: int, theta: FloatArray) -> None:
        """Keep θ after so many steps, if the last point lies far enough behind."""
        points, stride = self._kept
        if step - points[-1][0] >= stride:
            points.append((step, theta))
        if len(points) > LONGEST:
            self._kept = points[::2], 2 * stride  # both at once, should an interrupt come

    def until(self, step: int) -> tuple[tuple[int, ...], FloatArray, int]:
        """Steps and points up to that step, and the stride; what a trajectory is made of again."""
        points, stride = self._kept
        kept = [(at, theta) for at, theta in points if at <= step]
        return tuple(at for at, _ in kept), np.array([theta for _, theta in kept]), stride
