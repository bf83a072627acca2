"""Modules of one short circuit: hello, kmeans, llsq and lse."""

from __future__ import annotations

from typing import Any

import numpy as np

from tools.gradbench.work import Work, as_list, compiled

SQUARE = "x: input\nf: output = x**2\nloss: none"
MEANS = "p: input[d]; C: param[k, d]\nl: loss = min(sum((p - C)**2, axis=1))"
POLYNOMIAL = """
t: input; s: target; x: param[m]
powers = cumprod(t*ones(m))
f = x[0] + dot(x[1:], powers[:-1])
l: loss = (f - s)**2/2
"""
LOG_SUM = "x: input[n]\nf: output = logsumexp(x)\nloss: none"


def square(x: float, target: str) -> Work:
    """x²."""
    m = compiled(SQUARE, target)
    return Work(lambda: m.forward(m.Params(), m.Inputs(x))[0], float)


def double(x: float, target: str) -> Work:
    """Its derivative."""
    m = compiled(SQUARE, target)

    def run() -> Any:
        cache = m.forward(m.Params(), m.Inputs(x))[1]
        return m.backward(m.Params(), m.Inputs(x), cache)[1].x

    return Work(run, float)


def cost(given: dict[str, Any], target: str) -> Work:
    """The sum over all points of the squared distance to the nearest centre."""
    m = compiled(MEANS, target, ("hessp", "bind"))
    inputs, params = m.Inputs(np.array(given["points"])), m.Params(np.array(given["centroids"]))
    return Work(lambda: m.forward(params, inputs)[0].sum(), float)


def direction(given: dict[str, Any], target: str) -> Work:
    """Newton's step: the gradient over the diagonal of the Hessian, which is diagonal."""
    m = compiled(MEANS, target, ("hessp", "bind"))
    centres = np.array(given["centroids"])
    bound, vector = m.bind(m.Inputs(np.array(given["points"]))), centres.ravel()
    ones = np.ones_like(vector)

    def run() -> Any:
        return bound.objective(vector)[1] / bound.hessp(vector, ones)

    return Work(run, lambda found: found.reshape(centres.shape).tolist())


def _samples(n: int) -> tuple[Any, Any]:
    t = -1 + np.arange(n) * 2 / (n - 1)
    return t, np.sign(t)


def squares(given: dict[str, Any], target: str) -> Work:
    """Half the squares of sign(t) less a polynomial of t, summed over n points of [-1, 1]."""
    m = compiled(POLYNOMIAL, target)
    params, n = m.Params(np.array(given["x"])), given["n"]

    def run() -> Any:
        t, s = _samples(n)
        r = m.forward(params, m.Inputs(t))[0] - s
        return r @ r / 2

    return Work(run, float)


def squares_gradient(given: dict[str, Any], target: str) -> Work:
    """Its partials by the coefficients."""
    m = compiled(POLYNOMIAL, target)
    params, n = m.Params(np.array(given["x"])), given["n"]

    def run() -> Any:
        return n * m.value_and_grad(params, m.Inputs(*_samples(n)))[1].x

    return Work(run, as_list)


def log_sum(given: dict[str, Any], target: str) -> Work:
    """log Σ exp(x)."""
    m = compiled(LOG_SUM, target)
    inputs = m.Inputs(np.array(given["x"]))
    return Work(lambda: m.forward(m.Params(), inputs)[0], float)


def shares(given: dict[str, Any], target: str) -> Work:
    """Its partials by x."""
    m = compiled(LOG_SUM, target)
    inputs = m.Inputs(np.array(given["x"]))

    def run() -> Any:
        cache = m.forward(m.Params(), inputs)[1]
        return m.backward(m.Params(), inputs, cache)[1].x

    return Work(run, as_list)
