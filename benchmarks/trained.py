"""What is trained: the neuron on 128,000 samples, which is 1,000 steps, and a network on digits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks import by_hand
from benchmarks.formulas import NEURON, functions
from benchmarks.training import BATCH, IN_PLACE, PLAIN, Training

STEPS = 1000


def neuron(steps: int = STEPS) -> Training:
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(len(NEURON.columns), steps * BATCH))

    def gradient(params: Sequence[Any], batch: Sequence[Any]) -> tuple[Any, Sequence[Any]]:
        loss, *bars = by_hand.neuron(*params, *batch)
        return loss, bars

    def torch_loss(params: Sequence[Any], batch: Sequence[Any]) -> Any:
        import torch  # optional

        m = functions(torch)._replace(sigma=torch.sigmoid)
        return NEURON.loss(m, *params, *batch).mean()

    def jax_loss(params: Sequence[Any], batch: Sequence[Any]) -> Any:
        import jax  # optional

        m = functions(jax.numpy)._replace(sigma=jax.nn.sigmoid)
        return NEURON.loss(m, *params, *batch).mean()

    params = dict(zip(NEURON.params, map(np.asarray, (2.0, 0.8)), strict=True))
    rows = dict(zip(NEURON.columns, columns, strict=True))
    return Training(NEURON.circuit, params, rows, False, {PLAIN: gradient}, torch_loss, jax_loss)


DIGITS = """\
x: input[d]; t: target[k]
W1: param[h, d]; b1: param[h]; W2: param[k, h]; b2: param[k]
h1 = tanh(W1 @ x + b1)
z: output = W2 @ h1 + b2
E: loss = cross_entropy(z, t)
"""


def digits(dtype: str, hidden: int = 128) -> Training:
    """A 64-hidden-10 tanh network on scikit-learn's 1,797 digits, shuffled."""
    from sklearn.datasets import load_digits  # optional

    images, labels = load_digits(return_X_y=True)
    rng = np.random.default_rng(0)
    d, k = images.shape[1], 10
    params = {
        "W1": rng.normal(size=(hidden, d)) / np.sqrt(d),
        "b1": rng.normal(size=hidden) / 10,
        "W2": rng.normal(size=(k, hidden)) / np.sqrt(hidden),
        "b2": rng.normal(size=k) / 10,
    }
    return Training(
        DIGITS,
        {name: w.astype(dtype) for name, w in params.items()},
        {"x": (images / 16).astype(dtype), "t": np.eye(k, dtype=dtype)[labels]},
        True,
        {PLAIN: network_gradient, IN_PLACE: network_gradient_in_place},
        _network_in_torch,
        _network_in_jax,
    )


def network_gradient(params: Sequence[Any], batch: Sequence[Any]) -> tuple[Any, list[Any]]:
    """The mean loss of a batch and its gradient, line by line as the formulas read.

    The slope of tanh is 1 - tanh², which loses its digits where a neuron saturates.
    """
    (w1, b1, w2, b2), (x, t) = params, batch
    h = np.tanh(x @ w1.T + b1)
    z = h @ w2.T + b2
    e = np.exp(z - z.max(axis=1, keepdims=True))
    soft = e / e.sum(axis=1, keepdims=True)
    loss = -np.sum(t * np.log(soft)) / len(x)
    z_bar = (soft - t) / len(x)
    net_bar = (z_bar @ w2) * (1 - h**2)
    return loss, [net_bar.T @ x, net_bar.sum(axis=0), z_bar.T @ h, z_bar.sum(axis=0)]


def network_gradient_in_place(params: Sequence[Any], batch: Sequence[Any]) -> tuple[Any, list[Any]]:
    """The same, most of it in memory that is there already."""
    (w1, b1, w2, b2), (x, t) = params, batch
    h = x @ w1.T
    h += b1
    np.tanh(h, out=h)
    z = h @ w2.T
    z += b2
    z -= z.max(axis=1, keepdims=True)
    bar = np.exp(z)
    total = bar.sum(axis=1, keepdims=True)
    loss = (np.log(total).sum() - np.vdot(z, t)) / len(x)
    bar /= total
    bar -= t
    bar /= len(x)
    w2_bar, b2_bar = bar.T @ h, bar.sum(axis=0)
    h_bar = bar @ w2
    h *= h
    np.subtract(1, h, out=h)
    h_bar *= h
    return loss, [h_bar.T @ x, h_bar.sum(axis=0), w2_bar, b2_bar]


def _network_in_torch(params: Sequence[Any], batch: Sequence[Any]) -> Any:
    import torch  # optional
    from torch.nn.functional import cross_entropy, linear

    (w1, b1, w2, b2), (x, t) = params, batch
    return cross_entropy(linear(torch.tanh(linear(x, w1, b1)), w2, b2), t)


def _network_in_jax(params: Sequence[Any], batch: Sequence[Any]) -> Any:
    import jax  # optional

    (w1, b1, w2, b2), (x, t) = params, batch
    z = jax.numpy.tanh(x @ w1.T + b1) @ w2.T + b2
    return -(t * jax.nn.log_softmax(z)).sum(axis=1).mean()
