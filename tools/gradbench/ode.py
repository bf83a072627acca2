"""Runge and Kutta's method for y₀′ = x₀, yᵢ′ = xᵢ·yᵢ₋₁, and the gradient of the last y."""

from __future__ import annotations

from typing import Any

import numpy as np

from tools.gradbench.work import Work, as_list, compiled


def circuit(steps: int) -> str:
    """The circuit of so many steps from 0 to 2."""
    return f"""
x: input[n]
slope(y) = x*concat(ones(1), y[:-1])
y[0] = zeros(n)
for t in range(1, {steps + 1}):
    k1[t] = slope(y[t - 1])
    k2[t] = slope(y[t - 1] + k1[t]/{steps})
    k3[t] = slope(y[t - 1] + k2[t]/{steps})
    k4[t] = slope(y[t - 1] + 2*k3[t]/{steps})
    y[t] = y[t - 1] + (k1[t] + 2*k2[t] + 2*k3[t] + k4[t])/(3*{steps})
f: output = y[{steps}]
loss: none
"""


def primal(given: dict[str, Any], target: str) -> Work:
    """y at the end."""
    m, inputs = _ready(given, target)
    return Work(lambda: m.forward(m.Params(), inputs)[0], as_list)


def gradient(given: dict[str, Any], target: str) -> Work:
    """The partials of the last y by x."""
    m, inputs = _ready(given, target)
    seed = np.zeros(len(given["x"]))
    seed[-1] = 1

    def run() -> Any:
        cache = m.forward(m.Params(), inputs)[1]
        return m.backward(m.Params(), inputs, cache, seed)[1].x

    return Work(run, as_list)


def _ready(given: dict[str, Any], target: str) -> tuple[Any, Any]:
    m = compiled(circuit(given["s"]), target)
    return m, m.Inputs(np.array(given["x"]))
