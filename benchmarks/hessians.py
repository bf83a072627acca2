"""Second derivatives: a sparse Hessian of many numbers, and a product with one of a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.contest import SYMBACK, Run, Skip, System
from benchmarks.modules import module

TOLERANCE = 1e-9
QUANTITIES = ("second derivatives",)
SIZE = 1000
ROSENBROCK = "x: param[n]\nf: loss = sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)"
NETWORK = """\
x: input[d];  t: target[k];  W1: param[h, d];  b1: param[h];  W2: param[k, h];  b2: param[k]
h1 = tanh(W1 @ x + b1)
z: output = W2 @ h1 + b2
E: loss = cross_entropy(z, t)"""
SHAPES = ((32, 64), (32,), (10, 32), (10,))  # of the parameters


@dataclass(frozen=True, slots=True)
class Second:
    """A circuit at a vector of its parameters, with a direction where a product is asked for."""

    circuit: str
    vector: Any
    direction: Any = None
    columns: tuple[Any, ...] = ()


def rosenbrock(size: int = SIZE) -> Second:
    return Second(ROSENBROCK, np.linspace(-1.0, 2.0, size))


def network(rows: int = 128) -> Second:
    rng = np.random.default_rng(0)
    count = sum(int(np.prod(shape)) for shape in SHAPES)
    columns = rng.normal(size=(rows, 64)), np.eye(10)[rng.integers(10, size=rows)]
    return Second(NETWORK, 0.2 * rng.normal(size=count), rng.normal(size=count), columns)


def with_symback(target: str, is_bound: bool, work: Second) -> Run | Skip:
    function = ("hessian", "sparsity") if work.direction is None else ("hessp",)
    made = module(work.circuit, target, (*function, "bind"))
    if isinstance(made, Skip):
        return made
    inputs = made.Inputs(*work.columns)
    bound = made.bind(inputs)
    more = () if work.direction is None else (work.direction,)

    def run_bound() -> Sequence[Any]:
        return (_plain(getattr(bound, function[0])(work.vector, *more)),)

    def run() -> Sequence[Any]:
        return (_plain(getattr(made, function[0])(work.vector, *more, inputs)),)

    return run_bound if is_bound else run


class Sparse:
    """A sparse array that becomes a dense one only where it is compared."""

    def __init__(self, found: Any) -> None:
        self._found = found

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        found = self._found
        return np.asarray(found.full() if hasattr(found, "full") else found.toarray(), dtype)


def _plain(found: Any) -> Any:
    return found if isinstance(found, np.ndarray) else Sparse(found)


def with_casadi(work: Second) -> Run | Skip:
    import casadi as ca

    if work.direction is not None:
        return Skip("CasADi has no products of matrices over a batch")
    x = ca.SX.sym("x", len(work.vector))
    f = ca.sum1(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
    hessian = ca.Function("hessian", [x], [ca.hessian(f, x)[0]])
    return lambda: (Sparse(hessian(work.vector)),)


def with_jax(work: Second) -> Run:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def valley(x: Any) -> Any:
        return jnp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    def loss(vector: Any, x: Any, t: Any) -> Any:
        ends = np.cumsum([0, *(int(np.prod(shape)) for shape in SHAPES)])
        parts = (vector[a:b] for a, b in pairwise(ends))
        w1, b1, w2, b2 = (p.reshape(s) for p, s in zip(parts, SHAPES, strict=True))
        z = jnp.tanh(x @ w1.T + b1) @ w2.T + b2
        return jnp.mean(jax.nn.logsumexp(z, axis=1) - (z * t).sum(axis=1))

    if work.direction is None:
        whole = jax.jit(jax.hessian(valley))
        at = jax.device_put(work.vector)
        return lambda: (jax.block_until_ready(whole(at)),)

    def along(vector: Any, v: Any, x: Any, t: Any) -> Any:
        return jax.jvp(lambda w: jax.grad(loss)(w, x, t), (vector,), (v,))[1]

    product = jax.jit(along)
    given = jax.device_put((work.vector, work.direction, *work.columns))
    return lambda: (jax.block_until_ready(product(*given)),)


SYSTEMS = (
    System("symback, NumPy, unbound", partial(with_symback, "numpy", False)),
    System(SYMBACK, partial(with_symback, "numpy", True)),
    System("symback, C, unbound", partial(with_symback, "c", False)),
    System("symback, C", partial(with_symback, "c", True)),
    System("CasADi", with_casadi, ("casadi",)),
    System("JAX jit", with_jax, ("jax",)),
)
