"""A logistic neuron by hand, in the shape of a generated module: what training needs, no more."""

from typing import Any, NamedTuple

import numpy as np


class Params(NamedTuple):
    w: Any
    b: Any


class Inputs(NamedTuple):
    x: Any
    y: Any = None


def init_params(rng=None):
    rng = np.random.default_rng(0) if rng is None else rng
    return Params(*rng.normal(scale=0.1, size=2))


def forward(params, inputs):
    return 1 / (1 + np.exp(-(params.w * inputs.x + params.b))), ()


def value_and_grad(params, inputs):
    net = params.w * inputs.x + params.b
    net_bar = 1 / (1 + np.exp(-net)) - inputs.y
    loss = np.mean(np.logaddexp(0, net) - inputs.y * net)
    return loss, Params(np.mean(net_bar * inputs.x), np.mean(net_bar))


def sgd(params, inputs, *, learning_rate, epochs=1, batch_size=128, rng=None, callback=None):
    eta = learning_rate if callable(learning_rate) else lambda t: learning_rate
    losses = []
    for _ in range(epochs):
        n = len(inputs.x)
        order = np.arange(n) if rng is None else rng.permutation(n)
        for start in range(0, n, batch_size):
            rows = order[start : start + batch_size]
            loss, grad = value_and_grad(params, Inputs(inputs.x[rows], inputs.y[rows]))
            step = eta(len(losses))
            params = Params(params.w - step * grad.w, params.b - step * grad.b)
            losses.append(loss)
            if callback is not None:
                callback(len(losses) - 1, loss, params)
    return params, np.array(losses)
