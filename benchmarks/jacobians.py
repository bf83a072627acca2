"""Jacobians by the parameters: partials of a curve over its data, and of a system at a state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from benchmarks.contest import SYMBACK, Run, Skip, System
from benchmarks.modules import module

TOLERANCE = 1e-9
QUANTITIES = ("the Jacobian",)
ROWS = (250, 100_000)
GAUSS = "f = b1*exp(-b2*x) + b3*exp(-((x - b4)/b5)**2) + b6*exp(-((x - b7)/b8)**2)"
"""The curve of NIST's problems Gauss1 to Gauss3."""
FITTED = (98.778, 0.010497, 100.49, 67.481, 23.130, 71.994, 178.998, 18.389)  # of Gauss1
ROBERTSON = """\
y1: param;  y2: param;  y3: param
slow = 0.04*y1;  fast = 1e4*y2*y3;  faster = 3e7*y2**2
f: output = [fast - slow, slow - fast - faster, faster]
loss: none"""
STATE = (0.9, 1e-5, 0.1)


@dataclass(frozen=True, slots=True)
class Curve:
    """A circuit at parameters and data, with its Jacobian by hand."""

    circuit: str
    theta: Any
    columns: dict[str, Any]
    by_hand: Callable[..., Any]


def gauss(rows: int) -> Curve:
    x = np.linspace(1.0, 250.0, rows)
    return Curve(GAUSS, np.array(FITTED), {"x": x}, _gauss)


def robertson() -> Curve:
    return Curve(ROBERTSON, np.array(STATE), {}, _robertson)


def _gauss(theta: Any, x: Any) -> Any:
    b1, b2, b3, b4, b5, b6, b7, b8 = theta
    found = np.empty((len(x), 8))
    found[:, 0] = e = np.exp(-b2 * x)
    found[:, 1] = -b1 * x * e
    for j, (height, middle, width) in enumerate([(b3, b4, b5), (b6, b7, b8)]):
        u = (x - middle) / width
        found[:, 2 + 3 * j] = bell = np.exp(-u * u)
        slope = (2 * height / width) * u * bell
        found[:, 3 + 3 * j] = slope
        found[:, 4 + 3 * j] = slope * u
    return found


def _robertson(state: Any) -> Any:
    _, y2, y3 = state
    return np.array(
        [
            [-0.04, 1e4 * y3, 1e4 * y2],
            [0.04, -1e4 * y3 - 6e7 * y2, -1e4 * y2],
            [0.0, 6e7 * y2, 0.0],
        ]
    )


def with_hand(work: Curve) -> Run:
    columns = list(work.columns.values())
    return lambda: (work.by_hand(work.theta, *columns),)


def with_symback(target: str, is_bound: bool, work: Curve) -> Run | Skip:
    made = module(work.circuit, target, ("jacobian", "bind"))
    if isinstance(made, Skip):
        return made
    inputs = made.Inputs(**work.columns)
    bound = made.bind(inputs)
    if is_bound:
        return lambda: (bound.jacobian(work.theta),)
    return lambda: (made.jacobian(work.theta, inputs),)


def with_jax(work: Curve) -> Run:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def curve(theta: Any, x: Any) -> Any:
        b1, b2, b3, b4, b5, b6, b7, b8 = theta
        first = b1 * jnp.exp(-b2 * x)
        return first + sum(
            height * jnp.exp(-(((x - middle) / width) ** 2))
            for height, middle, width in [(b3, b4, b5), (b6, b7, b8)]
        )

    def system(y: Any) -> Any:
        slow, fast, faster = 0.04 * y[0], 1e4 * y[1] * y[2], 3e7 * y[1] ** 2
        return jnp.stack([fast - slow, slow - fast - faster, faster])

    if work.columns:
        rows = jax.jit(jax.vmap(jax.grad(curve), in_axes=(None, 0)))
    else:
        rows = jax.jit(jax.jacfwd(system))
    given = jax.device_put((work.theta, *work.columns.values()))

    def run() -> Sequence[Any]:
        return (jax.block_until_ready(rows(*given)),)

    return run


SYSTEMS = (
    System("NumPy by hand", with_hand),
    System("symback, NumPy, unbound", partial(with_symback, "numpy", False)),
    System(SYMBACK, partial(with_symback, "numpy", True)),
    System("symback, C, unbound", partial(with_symback, "c", False)),
    System("symback, C", partial(with_symback, "c", True)),
    System("JAX jit", with_jax, ("jax",)),
)
