"""What was measured of steps on workers, and the model of a step's communication."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

SIZES = {100: (24, 4), 10_000: (99, 100), 1_000_000: (999, 1000)}  # parameters: d, k of the circuit
BATCHES = {100: (128, 1024, 8192), 10_000: (128, 1024, 8192), 1_000_000: (16, 128, 1024)}
WORKERS = (1, 2)
TASKS = (1, 2, 4, 8, 16, 32)
MOST_BYTES = 1 << 26  # of all gradients of a step of which only communication is measured
LOCAL = (1, 4, 16)  # steps before parameters are averaged
LOCAL_SIZE, LOCAL_BATCH = 10_000, 128


class Cell(NamedTuple):
    """What is measured: where, on how many workers, with how many parameters and rows a step."""

    place: str
    workers: int
    size: int
    batch: int


@dataclass(frozen=True, slots=True)
class Model:
    """Seconds of a step's communication: fixed + task·W + byte·W·(bytes of θ and gradient)."""

    fixed: float
    task: float
    byte: float

    def __call__(self, workers: int, size: int) -> float:
        return self.fixed + workers * (self.task + self.byte * 16 * size)

    def each(self, size: int) -> float:
        """What one more worker adds."""
        return self.task + self.byte * 16 * size


class Found(NamedTuple):
    steps: dict[Cell, float]
    empty: dict[tuple[str, int, int], float]  # place, tasks, parameters
    local: dict[tuple[str, int], float]  # place, k


def fitted(found: Found, place: str) -> Model:
    """Least squares of relative errors, with no coefficient below 0."""
    from scipy.optimize import nnls

    known = [(tasks, size, t) for (p, tasks, size), t in found.empty.items() if p == place]
    lines = np.array([[1.0, tasks, tasks * 16.0 * size] for tasks, size, _ in known])
    spent = np.array([t for *_, t in known])
    return Model(*map(float, nnls(lines / spent[:, None], np.ones(len(spent)))[0]))


def compute(found: Found, size: int, batch: int) -> float:
    """Seconds of a gradient on one core, without any communication."""
    return found.steps[Cell("here", 0, size, batch)]


def worst_error(found: Found, place: str, model: Model) -> float:
    """How far the model is off what it was fitted to, relative, at most."""
    return max(
        abs(model(tasks, size) / t - 1) for (p, tasks, size), t in found.empty.items() if p == place
    )
