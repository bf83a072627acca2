"""Mean losses and gradients as one writes them by hand, after doing the calculus on paper.

They are what all systems are compared with, and the measure of how good generated code could be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import numpy as np

from benchmarks.contest import Run, Skip
from benchmarks.formulas import BELL, NEURON, Samples
from benchmarks.native import batch_mean, load

ROWS = 8192  # of a block: its intermediate values stay in the cache

Gradient = Callable[..., tuple[Any, ...]]
"""(parameters, columns) → the mean loss and its partials."""


def neuron(w3: Any, w4: Any, x3: Any, x4: Any, x5: Any, y: Any) -> tuple[Any, ...]:
    """f = (x3 + x5) − σ(w3·x3 + w4·x4), and ∂/∂w of (f − y)²/2."""
    n = len(x3)
    s = 1 / (1 + np.exp(-(w3 * x3 + w4 * x4)))
    error = x3 + x5 - s - y
    bar = error * s * (s - 1)
    return np.dot(error, error) / (2 * n), np.dot(bar, x3) / n, np.dot(bar, x4) / n


def bell(b0: Any, b1: Any, b2: Any, x: Any, y: Any) -> tuple[Any, ...]:
    n = len(x)
    u = (x - b1) / b2
    e = np.exp(-(u**2) / 2)
    error = b0 * e - y
    bar = error * b0 * e * u / b2
    return np.dot(error, error) / (2 * n), np.dot(error, e) / n, bar.sum() / n, np.dot(bar, u) / n


NUMPY: dict[str, Gradient] = {NEURON.name: neuron, BELL.name: bell}


def with_numpy(work: Samples) -> Run | Skip:
    gradient = NUMPY.get(work.formula.name)
    if gradient is None:
        return Skip("not written by hand")
    return lambda: gradient(*work.theta, *work.columns)


def with_blocks(work: Samples) -> Run | Skip:
    gradient = NUMPY.get(work.formula.name)
    if gradient is None:
        return Skip("not written by hand")
    n = len(work.columns[0])

    def run() -> Sequence[Any]:
        total: Any = 0.0
        for start in range(0, n, ROWS):
            block = [column[start : start + ROWS] for column in work.columns]
            total = total + len(block[0]) / n * np.array(gradient(*work.theta, *block))
        return tuple(total)

    return run


NEURON_C = """\
#include <math.h>

void neuron(long n, double w3, double w4, const double *restrict x3, const double *restrict x4,
            const double *restrict x5, const double *restrict y, double *restrict sums)
{
    double l = 0, w3_bar = 0, w4_bar = 0;
    for (long i = 0; i < n; i++) {
        double s = 1/(1 + exp(-(w3*x3[i] + w4*x4[i])));
        double error = x3[i] + x5[i] - s - y[i];
        double bar = error*s*(s - 1);
        l += error*error/2;
        w3_bar += bar*x3[i];
        w4_bar += bar*x4[i];
    }
    sums[0] = l;
    sums[1] = w3_bar;
    sums[2] = w4_bar;
}
"""


def with_c(work: Samples) -> Run | Skip:
    if work.formula is not NEURON:
        return Skip("not written by hand")
    library = load(NEURON_C)
    if isinstance(library, Skip):
        return library
    return batch_mean(library.neuron, work.theta, work.columns, 3)


@cache
def neuron_in_numba() -> Gradient:
    import numba

    @numba.njit(fastmath=True)  # as the flags of the C compiler say
    def neuron(w3, w4, x3, x4, x5, y):  # type: ignore[no-untyped-def]
        l = w3_bar = w4_bar = 0.0  # noqa: E741
        n = len(x3)
        for i in range(n):
            s = 1 / (1 + np.exp(-(w3 * x3[i] + w4 * x4[i])))
            error = x3[i] + x5[i] - s - y[i]
            bar = error * s * (s - 1)
            l += error * error / 2  # noqa: E741
            w3_bar += bar * x3[i]
            w4_bar += bar * x4[i]
        return l / n, w3_bar / n, w4_bar / n

    compiled: Gradient = neuron
    return compiled


def with_numba(work: Samples) -> Run | Skip:
    if work.formula is not NEURON:
        return Skip("not written by hand")
    return partial(neuron_in_numba(), *work.theta, *work.columns)
