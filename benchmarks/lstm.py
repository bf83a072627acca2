"""ADBench's LSTM of two layers, all of whose gates work element by element: a loop over characters.

The circuit is that of GradBench's tool, its loop kept as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from benchmarks import threads
from benchmarks.contest import SYMBACK, Run, Skip, System
from benchmarks.modules import module
from tools.gradbench.lstm import circuit

LAYERS, UNITS, CHARACTERS = 2, 64, 128
PARAMS = ("main", "extra")
QUANTITIES = ("the loss", *(f"the gradient by {name}" for name in PARAMS))
TOLERANCE = 1e-9


class Lstm(NamedTuple):
    params: dict[str, Any]
    state: Any
    x: Any


def lstm(characters: int = CHARACTERS) -> Lstm:
    rng = np.random.default_rng(0)
    params = {
        "main": rng.normal(size=(2 * LAYERS, 4 * UNITS)) / 2,
        "extra": rng.normal(size=(3, UNITS)) / 2,
    }
    x = np.eye(UNITS)[rng.integers(UNITS, size=characters)]
    return Lstm(params, rng.normal(size=(2 * LAYERS, UNITS)) / 2, x)


def with_symback(target: str, work: Lstm) -> Run | Skip:
    made = module(circuit(LAYERS, UNITS), target)
    if isinstance(made, Skip):
        return made
    params, inputs = made.Params(**work.params), made.Inputs(x=work.x, state=work.state)

    def run() -> Sequence[Any]:
        value, bars = made.value_and_grad(params, inputs)
        return value, *bars

    return run


def _step(m: Any, params: Sequence[Any], state: Any, seen: Any, wanted: Any) -> tuple[Any, Any]:
    """What a character does to the state, and its loss, in PyTorch's and JAX's words."""
    main, extra = params
    forget, take, out, change = (main[:, k * UNITS : (k + 1) * UNITS] for k in range(4))
    below, after = extra[0] * seen, []
    for i, (h, c) in enumerate(state):
        low, high = 2 * i, 2 * i + 1
        c = c * m.sigmoid(below * forget[low] + forget[high]) + m.sigmoid(
            h * take[low] + take[high]
        ) * m.tanh(h * change[low] + change[high])
        below = m.sigmoid(below * out[low] + out[high]) * m.tanh(c)
        after.append((below, c))
    y = below * extra[1] + extra[2]
    return after, (wanted * (y - m.log(m.exp(y).sum() + 2))).sum()


def _pairs(state: Any) -> list[tuple[Any, Any]]:
    """(h, c) of each layer."""
    return [(state[2 * i], state[2 * i + 1]) for i in range(LAYERS)]


def with_torch(work: Lstm) -> Run:
    import torch

    torch.set_num_threads(threads.count())
    params = [torch.tensor(w, requires_grad=True) for w in work.params.values()]
    x, state = torch.from_numpy(work.x), torch.from_numpy(work.state)

    def run() -> Sequence[Any]:
        now, total = _pairs(state), torch.zeros((), dtype=torch.float64)
        for seen, wanted in pairwise(x):
            now, loss = _step(torch, params, now, seen, wanted)
            total = total + loss
        loss = -total / (x[1:].numel())
        return loss.detach(), *torch.autograd.grad(loss, params)

    return run


class _Jax(NamedTuple):
    sigmoid: Any
    tanh: Any
    exp: Any
    log: Any


def with_jax(work: Lstm) -> Run:
    import jax

    jax.config.update("jax_enable_x64", True)
    m = _Jax(jax.nn.sigmoid, jax.numpy.tanh, jax.numpy.exp, jax.numpy.log)

    def loss(params: Any, state: Any, x: Any) -> Any:
        step = lambda now, pair: _step(m, params, now, *pair)  # noqa: E731
        _, losses = jax.lax.scan(step, _pairs(state), (x[:-1], x[1:]))
        return -losses.sum() / x[1:].size

    gradient = jax.jit(jax.value_and_grad(loss))
    values = jax.device_put((list(work.params.values()), work.state, work.x))

    def run() -> Sequence[Any]:
        value, bars = jax.block_until_ready(gradient(*values))
        return value, *bars

    return run


SYSTEMS = (
    System(SYMBACK, partial(with_symback, "numpy")),
    System("symback, C", partial(with_symback, "c")),
    System("PyTorch", with_torch, ("torch",)),
    System("JAX, lax.scan", with_jax, ("jax",)),
)
