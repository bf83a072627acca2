"""ADBench's Gaussian mixture: the log posterior, and its gradient by all parameters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tools.gradbench.work import Work, compiled

CIRCUIT = """
x: input[{d}]; gamma: const; m: const
alpha: param[{k}]; mu: param[{k}, {d}]; q: param[{k}, {d}]; below: param[{k}, {d}, {d}]
u = x - mu
v = exp(q)*u + einsum("kij,kj->ki", tril(below, -1), u)
beta = alpha + sum(q, axis=1) - sum(v**2, axis=1)/2
f: output = logsumexp(beta) - logsumexp(alpha)
prior: output = m*sum(q) - gamma**2*(sum(exp(q)**2) + sum(tril(below, -1)**2))/2
l: loss = -f - once(prior)
"""
"""With sizes as numbers: a compiler that knows them makes loops of few turns faster."""


def objective(given: dict[str, Any], target: str) -> Work:
    """The log posterior."""
    m, params, inputs, constant, _ = _ready(given, target)

    def run() -> Any:
        found = m.forward(params(), inputs)[0]
        return constant + found[:, 0].sum() + found[0, 1]

    return Work(run, float)


def jacobian(given: dict[str, Any], target: str) -> Work:
    """Its gradient, by the names of the parameters."""
    m, params, inputs, _, place = _ready(given, target)

    def run() -> dict[str, Any]:
        bars = m.value_and_grad(params(), inputs)[1]
        found = {"alpha": bars.alpha, "mu": bars.mu, "q": bars.q, "l": bars.below[place]}
        return {name: -given["n"] * bar for name, bar in found.items()}

    return Work(run, lambda found: {name: bar.tolist() for name, bar in found.items()})


def _ready(given: dict[str, Any], target: str) -> tuple[Any, Any, Any, float, Any]:
    """The module, its parameters anew at each call, the samples, what is constant, and where the
    numbers of `l`, column by column below the diagonal, stand in a stack of matrices."""
    d, k, n = given["d"], given["k"], given["n"]
    m = compiled(CIRCUIT.format(d=d, k=k), target)
    alpha, mu, q, low = (np.array(given[name], float) for name in ("alpha", "mu", "q", "l"))
    columns, rows = np.triu_indices(d, 1)
    place = (slice(None), rows, columns)

    def params() -> Any:
        below = np.zeros((k, d, d))
        below[place] = low.reshape(k, -1)
        return m.Params(alpha, mu, q, below)

    inputs = m.Inputs(np.array(given["x"], float), gamma=given["gamma"], m=float(given["m"]))
    return m, params, inputs, _constant(d, k, n, given["m"], given["gamma"]), place


def _constant(d: int, k: int, n: int, m: int, gamma: float) -> float:
    """What no parameter moves: of the normal densities and of the Wishart prior."""
    free = d + m + 1
    log_gamma = d * (d - 1) / 4 * math.log(math.pi)
    log_gamma += sum(math.lgamma((free - j) / 2) for j in range(d))
    prior = free * d * (math.log(gamma) - math.log(2) / 2) - log_gamma
    return k * prior - n * d / 2 * math.log(2 * math.pi)
