"""Negative log-likelihood of a mixture of k normal distributions, and its gradient."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import threads
from benchmarks.contest import SYMBACK, Run, Skip, System
from benchmarks.modules import module

CIRCUIT = Path(__file__).parent.parent / "examples" / "gaussian_mixture" / "mixture.circuit"
COMPONENTS, MEASURES = 3, 4
BATCHES = (150, 10_000)
QUANTITIES = (
    "the mean loss",
    *(f"the gradient by {p}" for p in ("logits", "mu", "log_deviations")),
)
TOLERANCE = 1e-9


class Mixture(NamedTuple):
    params: dict[str, Any]
    x: Any


def mixture(b: int) -> Mixture:
    rng = np.random.default_rng(0)
    shape = (COMPONENTS, MEASURES)
    params = {
        "logits": rng.normal(size=COMPONENTS) / 2,
        "mu": rng.normal(size=shape),
        "log_deviations": rng.normal(size=shape) / 4,
    }
    return Mixture(params, rng.normal(size=(b, MEASURES)))


def with_numpy(work: Mixture) -> Run:
    logits, mu, log_deviations = work.params.values()
    x = work.x

    def run() -> Sequence[Any]:
        inverse = np.exp(-log_deviations)
        u = (x[:, None] - mu) * inverse
        weight = np.exp(logits - logits.max())
        weight /= weight.sum()
        constant = log_deviations.sum(axis=1) + MEASURES * np.log(2 * np.pi) / 2
        joint = np.log(weight) - constant - (u * u).sum(axis=2) / 2
        top = joint.max(axis=1, keepdims=True)
        e = np.exp(joint - top)
        total = e.sum(axis=1, keepdims=True)
        share = e / total
        loss = -(np.log(total) + top).mean()
        shares = share.mean(axis=0)
        weighted = share[:, :, None] * u
        mu_bar = -weighted.mean(axis=0) * inverse
        deviations_bar = shares[:, None] - (weighted * u).mean(axis=0)
        return loss, weight - shares, mu_bar, deviations_bar

    return run


def with_symback(target: str, work: Mixture) -> Run | Skip:
    made = module(CIRCUIT.read_text(encoding="utf-8"), target)
    if isinstance(made, Skip):
        return made
    params, inputs = made.Params(**work.params), made.Inputs(x=work.x)

    def run() -> Sequence[Any]:
        value, bars = made.value_and_grad(params, inputs)
        return value, *(getattr(bars, name) for name in work.params)

    return run


def with_lambdify(work: Mixture) -> Run:
    """Written out over entries: SymPy has no gradient of arrays such as these."""
    import sympy as sp

    symbols = {
        name: np.array(sp.symarray(name, value.shape)) for name, value in work.params.items()
    }
    x = sp.symarray("x", MEASURES)
    logits, mu, log_deviations = symbols.values()
    density = sum(
        sp.exp(logits[i])
        * sp.exp(
            -sum(((x[j] - mu[i, j]) / sp.exp(log_deviations[i, j])) ** 2 for j in range(MEASURES))
            / 2
            - sum(log_deviations[i])
        )
        for i in range(COMPONENTS)
    )
    constant = MEASURES * sp.log(2 * sp.pi) / 2 + sp.log(sum(map(sp.exp, logits)))
    loss = constant - sp.log(density)
    flat = [s for array in symbols.values() for s in array.flat]
    outputs = [loss, *(sp.diff(loss, s) for s in flat)]
    function = sp.lambdify([*flat, *x], outputs, "numpy", cse=True)
    values = [v for array in work.params.values() for v in array.flat]
    columns = list(np.ascontiguousarray(work.x.T))
    ends = np.cumsum([array.size for array in work.params.values()])[:-1]
    shapes = [array.shape for array in work.params.values()]

    def run() -> Sequence[Any]:
        loss, *bars = (np.mean(v) for v in function(*values, *columns))
        return loss, *(b.reshape(s) for b, s in zip(np.split(bars, ends), shapes, strict=True))

    return run


def _mean_loss(m: Any, params: Sequence[Any], x: Any) -> Any:
    """In PyTorch's and JAX's words, which are alike here."""
    logits, mu, log_deviations = params
    u = (x[:, None] - mu) * m.exp(-log_deviations)
    constant = log_deviations.sum(1) + MEASURES * np.log(2 * np.pi) / 2
    joint = logits - m.logsumexp(logits, 0) - constant - (u * u).sum(2) / 2
    return -m.logsumexp(joint, 1).mean()


def with_torch(work: Mixture) -> Run:
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
    logsumexp: Any


def with_jax(work: Mixture) -> Run:
    import jax

    jax.config.update("jax_enable_x64", True)
    m = _Jax(jax.numpy.exp, jax.nn.logsumexp)
    gradient = jax.jit(jax.value_and_grad(partial(_mean_loss, m)))
    values = jax.device_put((list(work.params.values()), work.x))

    def run() -> Sequence[Any]:
        value, bars = jax.block_until_ready(gradient(*values))
        return value, *bars

    return run


SYSTEMS = (
    System("NumPy by hand", with_numpy),
    System("SymPy lambdify(diff, cse=True), entry by entry", with_lambdify),
    System(SYMBACK, partial(with_symback, "numpy")),
    System("symback, C", partial(with_symback, "c")),
    System("PyTorch", with_torch, ("torch",)),
    System("JAX jit", with_jax, ("jax",)),
)
