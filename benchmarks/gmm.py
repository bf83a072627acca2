"""ADBench's Gaussian mixture: k normal distributions of d measures with full covariances.

Its parameters are, for each component, a weight, a mean, and a triangle with positive diagonal that
makes the inverse of the covariance. Constants that no parameter moves are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from benchmarks import threads
from benchmarks.contest import SYMBACK, Run, Skip, System
from benchmarks.modules import module

CIRCUIT = """\
x: input[d]
alphas: param[k]; means: param[k, d]; logs: param[k, d]; below: param[k, d, d]
u = x - means
v = exp(logs)*u + einsum("kij,kj->ki", tril(below, -1), u)
joint = alphas + sum(logs, axis=1) - sum(v**2, axis=1)/2
l: loss = logsumexp(alphas) - logsumexp(joint)"""
MEASURES, COMPONENTS, POINTS = 10, 25, 1000
PARAMS = ("alphas", "means", "logs", "below")
QUANTITIES = ("the mean loss", *(f"the gradient by {name}" for name in PARAMS))
TOLERANCE = 1e-9


class Gmm(NamedTuple):
    params: dict[str, Any]
    x: Any


def gmm(points: int = POINTS) -> Gmm:
    rng = np.random.default_rng(0)
    d, k = MEASURES, COMPONENTS
    params = {
        "alphas": rng.normal(size=k),
        "means": rng.normal(size=(k, d)),
        "logs": rng.normal(size=(k, d)) / 4,
        "below": np.tril(rng.normal(size=(k, d, d)) / 4, -1),
    }
    return Gmm(params, rng.normal(size=(points, d)))


def with_numpy(work: Gmm) -> Run:
    alphas, means, logs, below = work.params.values()
    x, n = work.x, len(work.x)
    strictly = np.tri(MEASURES, k=-1)

    def share(z: Any) -> tuple[Any, Any]:
        top = z.max(axis=-1, keepdims=True)
        e = np.exp(z - top)
        total = e.sum(axis=-1, keepdims=True)
        return e / total, (np.log(total) + top)[..., 0]

    def run() -> Sequence[Any]:
        u = x[:, None] - means
        scale, triangle = np.exp(logs), below * strictly
        v = scale * u + (u.swapaxes(0, 1) @ triangle.mT).swapaxes(0, 1)
        joint = alphas + logs.sum(axis=1) - (v * v).sum(axis=2) / 2
        (weights, whole), (shares, each) = share(alphas), share(joint)
        v_bar = shares[:, :, None] * v / n
        by_component = v_bar.swapaxes(0, 1)
        u_bar = scale * v_bar + (by_component @ triangle).swapaxes(0, 1)
        mean_shares = shares.mean(axis=0)
        return (
            whole - each.mean(),
            weights - mean_shares,
            -u_bar.sum(axis=0),
            (v_bar * u).sum(axis=0) * scale - mean_shares[:, None],
            by_component.mT @ u.swapaxes(0, 1) * strictly,
        )

    return run


def with_symback(target: str, work: Gmm) -> Run | Skip:
    made = module(CIRCUIT, target)
    if isinstance(made, Skip):
        return made
    params, inputs = made.Params(**work.params), made.Inputs(x=work.x)

    def run() -> Sequence[Any]:
        value, bars = made.value_and_grad(params, inputs)
        return value, *(getattr(bars, name) for name in PARAMS)

    return run


def _mean_loss(m: Any, params: Sequence[Any], x: Any) -> Any:
    """In PyTorch's and JAX's words, which are alike here."""
    alphas, means, logs, below = params
    u = x[:, None] - means
    v = m.exp(logs) * u + m.einsum("kij,nkj->nki", m.tril(below, -1), u)
    joint = alphas + logs.sum(1) - (v * v).sum(2) / 2
    return m.logsumexp(alphas, 0) - m.logsumexp(joint, 1).mean()


def with_torch(work: Gmm) -> Run:
    import torch

    torch.set_num_threads(threads.count())
    params = [torch.tensor(w, requires_grad=True) for w in work.params.values()]
    x = torch.from_numpy(work.x)

    def run() -> Sequence[Any]:
        loss = _mean_loss(torch, params, x)
        return loss.detach(), *torch.autograd.grad(loss, params)

    return run


class _Jax(NamedTuple):
    exp: Any
    einsum: Any
    tril: Any
    logsumexp: Any


def with_jax(work: Gmm) -> Run:
    import jax

    jax.config.update("jax_enable_x64", True)
    m = _Jax(jax.numpy.exp, jax.numpy.einsum, jax.numpy.tril, jax.nn.logsumexp)
    gradient = jax.jit(jax.value_and_grad(partial(_mean_loss, m)))
    values = jax.device_put((list(work.params.values()), work.x))

    def run() -> Sequence[Any]:
        value, bars = jax.block_until_ready(gradient(*values))
        return value, *bars

    return run


SYSTEMS = (
    System("NumPy by hand", with_numpy),
    System(SYMBACK, partial(with_symback, "numpy")),
    System("symback, C", partial(with_symback, "c")),
    System("PyTorch", with_torch, ("torch",)),
    System("JAX jit", with_jax, ("jax",)),
)
