"""JAX and PyTorch modules beside the frameworks' own gradients of the same formulas.

So is the NumPy module of a convolution, beside PyTorch.

    python -m benchmarks.frameworks

Values and gradients are compared first, then both are timed in turn; a ratio is that of the
medians, symback's over the framework's own, which in PyTorch is eager and on one thread. The extras
`jax` and `torch` are needed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

import symback as sb

ROOT = Path(__file__).resolve().parent.parent
CONVOLUTION = "x: input[16, 28, 28]; w: param[16, 16, 3, 3]; f = mean(conv2d(x, w)**2)"
NEURON = "f = x1 - sigma(w3*x3 + w4*x4)"
FILES = {"network": "digits_network/network.circuit", "mixture": "gaussian_mixture/mixture.circuit"}
SIZES = {"network": {"d": 64, "h": 32, "k": 10}, "mixture": {"d": 8, "k": 5}}


def circuit(name: str) -> sb.Circuit:
    if name == "neuron":
        return sb.circuit(NEURON)
    return sb.circuit((ROOT / "examples" / FILES[name]).read_text(encoding="utf-8"))


def arrays(module: Any, name: str, rows: int, dtype: Any) -> tuple[list[Any], list[Any]]:
    """Parameters and columns of random numbers."""
    rng, names = np.random.default_rng(0), {}
    for shape in module.SHAPES.values():
        names |= {s: SIZES.get(name, {}).get(s, 8) for s in shape if isinstance(s, str)}
    shape = {n: tuple(names.get(s, s) for s in of) for n, of in module.SHAPES.items()}
    params = [0.3 * rng.normal(size=shape[n]) for n in module.Params._fields]
    columns = [rng.normal(size=(rows, *shape[n])) for n in module.Inputs._fields]
    if name == "network":
        place = module.Inputs._fields.index(*module.TARGETS)
        scores = np.exp(columns[place])
        columns[place] = scores / scores.sum(axis=-1, keepdims=True)
    return ([np.asarray(v, dtype) for v in part] for part in (params, columns))


def ratio(own: Callable[[], Any], other: Callable[[], Any], seconds: float) -> float:
    """The median time of one over that of the other, timed in turn.

    After a tenth of that time, in which the allocator learns which sizes come again.
    """
    times: tuple[list[float], list[float]] = ([], [])
    warm = time.perf_counter() + seconds / 10
    while time.perf_counter() < warm:
        own(), other()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times[0]) < 5:
        for call, found in zip((own, other), times, strict=True):
            start = time.perf_counter()
            call()
            found.append(time.perf_counter() - start)
    return statistics.median(times[0]) / statistics.median(times[1])


def same(found: Any, right: Any) -> None:
    for value, expected in zip(found, right, strict=True):
        np.testing.assert_allclose(np.asarray(value), np.asarray(expected), rtol=1e-3, atol=1e-4)


def in_jax(name: str, rows: int, seconds: float) -> str:
    import jax
    import jax.numpy as jnp

    module: Any = circuit(name).compile(target="jax")
    params, columns = arrays(module, name, rows, np.float32)
    given = module.Params(*map(jnp.asarray, params)), module.Inputs(*map(jnp.asarray, columns))
    own = jax.jit(module.value_and_grad)
    other = jax.jit(jax.value_and_grad(plain(name, jnp, jax.nn.sigmoid, jax.nn)))
    same([own(*given)[0], *own(*given)[1]], [other(*given)[0], *other(*given)[1]])

    def run(call: Any) -> Callable[[], Any]:
        return lambda: jax.block_until_ready(call(*given))

    return f"{ratio(run(own), run(other), seconds):.2f}"


def in_torch(name: str, rows: int, seconds: float) -> str:
    """Ratios of `value_and_grad`, which makes no graph, and of `loss` with autograd around it."""
    import torch

    torch.set_num_threads(1)
    module: Any = circuit(name).compile(target="torch")
    params, columns = arrays(module, name, rows, np.float32)
    theta = module.Params(*(torch.as_tensor(v).requires_grad_() for v in params))
    given = module.Params(*map(torch.as_tensor, params))
    inputs = module.Inputs(*map(torch.as_tensor, columns))
    function = plain(name, torch, torch.sigmoid, torch)

    def run(loss: Any) -> Callable[[], Any]:
        def call() -> Any:
            value = loss(theta, inputs)
            return value.detach(), *torch.autograd.grad(value, theta)

        return call

    def at_once() -> Any:
        value, grad = module.value_and_grad(given, inputs)
        return value, *grad

    own, other = run(module.loss), run(function)
    same(own(), other())
    same(at_once(), other())
    least, all_of_it = ratio(at_once, other, seconds), ratio(own, other, seconds)
    return f"{least:.2f}; loss and backward {all_of_it:.2f}"


def convolution(rows: int, seconds: float) -> str:
    """The ratio of value and both gradients in float64, `forward` and `backward` of NumPy's."""
    import torch

    torch.set_num_threads(1)
    module: Any = sb.circuit(CONVOLUTION, loss=None).compile()
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(rows, 16, 28, 28)), rng.normal(size=(16, 16, 3, 3))
    params, inputs = module.Params(w), module.Inputs(x)
    leaves = torch.as_tensor(w).requires_grad_(), torch.as_tensor(x).requires_grad_()

    def own() -> Any:
        value, cache = module.forward(params, inputs)
        of_params, of_inputs = module.backward(params, inputs, cache)
        return value, of_params.w, of_inputs.x

    def other() -> Any:
        value = (torch.nn.functional.conv2d(leaves[1], leaves[0]) ** 2).mean(dim=(1, 2, 3))
        return value.detach(), *torch.autograd.grad(value.sum(), leaves)

    for value, expected in zip(own(), other(), strict=True):
        np.testing.assert_allclose(value, expected.numpy(), rtol=1e-10, atol=1e-12)
    return f"{ratio(own, other, seconds):.2f}"


def plain(name: str, xp: Any, sigmoid: Any, nn: Any) -> Callable[[Any, Any], Any]:
    """The loss as one writes it in the framework."""

    def neuron(p: Any, x: Any) -> Any:
        return (((x.x1 - sigmoid(p.w3 * x.x3 + p.w4 * x.x4)) - x.y) ** 2 / 2).mean()

    def network(p: Any, x: Any) -> Any:
        z = _network(p, x, xp)
        return -(x[-1] * nn.log_softmax(z, -1)).sum(-1).mean()

    def mixture(p: Any, x: Any) -> Any:
        u = (x.x[:, None, :] - p.mu) * xp.exp(-p.log_deviations)
        half = 0.5 * 1.8378770664093453 * x.x.shape[-1]
        joint = nn.log_softmax(p.logits, -1) - half - p.log_deviations.sum(-1) - (u**2).sum(-1) / 2
        over = nn.logsumexp if hasattr(nn, "relu6") and hasattr(nn, "silu") else xp.logsumexp
        return -over(joint, -1).mean()

    return {"neuron": neuron, "network": network, "mixture": mixture}[name]


def _network(p: Any, x: Any, xp: Any) -> Any:
    """Scores of the digits network: a hidden layer of tanh."""
    first, bias, second, shift = p
    return xp.tanh(x[0] @ first.T + bias) @ second.T + shift


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each ratio")
    seconds = parser.parse_args().seconds
    for framework, call in (("jax", in_jax), ("torch", in_torch)):
        if find_spec(framework) is None:
            print(f"{framework}: skipped, the package is missing")
            continue
        for name in ("neuron", "network", "mixture"):
            for rows in (128, 10**6) if name == "neuron" else (128, 10**4):
                print(f"{framework} {name} b = {rows}: {call(name, rows, seconds)}", flush=True)
    if find_spec("torch") is not None:
        print(f"numpy convolution b = 64, beside torch: {convolution(64, seconds)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
