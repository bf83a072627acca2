"""One epoch of SGD on scikit-learn's digits: a generated module beside the loop written by hand.

The network is d-h-k with tanh and softmax cross-entropy, 64-128-10 unless told; batches have 128
images of the 1,797, shuffled every epoch. PyTorch's eager loop and JAX's jit, one step at a time or
a whole epoch in lax.scan, take part where they are installed, PyTorch with as many threads as the
BLAS of NumPy has. All start from the same parameters, take the images in the same order and keep
the loss of every step.

The loop by hand is written twice: line by line as the formulas read, and with most of them in
place. Both take 1 - tanh² for the slope of tanh, which loses its digits where a neuron saturates;
the module computes it from exp and keeps them.

Gradients at the first batch and parameters after an epoch are compared first; then the systems are
timed in turn, in a new order every round and with one epoch each that is not timed before the one
that is. Medians and the median of the ratios within rounds are printed.

    python benchmarks/digits.py [--rounds 101] [--hidden 128]
    taskset -c 0 python benchmarks/digits.py    # every system on one core

Matrices this small gain little from a second thread, and waiting for it on a busy machine can cost
more than the work itself, so times on one core repeat better.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np

import symback as sb

try:
    from sklearn.datasets import load_digits
except ImportError:
    raise SystemExit("the data need scikit-learn: pip install scikit-learn") from None

CIRCUIT = """\
x: input[d]; t: target[k]
W1: param[h, d]; b1: param[h]; W2: param[k, h]; b2: param[k]
h1 = tanh(W1 @ x + b1)
z: output = W2 @ h1 + b2
E: loss = cross_entropy(z, t)
"""
BATCH = 128
RATE = 0.1
TOLERANCES = {"float64": 1e-10, "float32": 1e-4}


class Problem(NamedTuple):
    params: list[Any]  # W1, b1, W2, b2
    x: Any
    labels: Any  # whole numbers
    t: Any  # the labels as one-hot rows


class System(NamedTuple):
    name: str
    gradient: Callable[[], Sequence[Any]]  # at the starting parameters, of the first batch
    epoch: Callable[[np.random.Generator], Sequence[Any]]  # the parameters after it


def problem(hidden: int, dtype: str) -> Problem:
    images, labels = load_digits(return_X_y=True)
    rng = np.random.default_rng(0)
    d, k = images.shape[1], 10
    params = [
        rng.normal(size=(hidden, d)) / np.sqrt(d),
        rng.normal(size=hidden) / 10,
        rng.normal(size=(k, hidden)) / np.sqrt(hidden),
        rng.normal(size=k) / 10,
    ]
    x, t = (images / 16).astype(dtype), np.eye(k, dtype=dtype)[labels]
    return Problem([w.astype(dtype) for w in params], x, labels.astype(np.int64), t)


def loss_and_gradient(params: Sequence[Any], x: Any, t: Any) -> tuple[Any, list[Any]]:
    """The mean loss of a batch and its gradient, by hand."""
    w1, b1, w2, b2 = params
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


def by_hand(start: Sequence[Any], x: Any, t: Any, rng: np.random.Generator) -> tuple[Any, Any]:
    """One epoch with updates and most formulas in place."""
    params = [w.copy() for w in start]
    order = rng.permutation(len(x))
    x, t = x.take(order, axis=0), t.take(order, axis=0)
    losses = []
    for first in range(0, len(x), BATCH):
        batch = slice(first, first + BATCH)
        loss, grads = loss_and_gradient(params, x[batch], t[batch])
        losses.append(loss)
        for w, grad in zip(params, grads, strict=True):
            grad *= RATE
            w -= grad
    return params, np.array(losses)


def plain_loss_and_gradient(params: Sequence[Any], x: Any, t: Any) -> tuple[Any, list[Any]]:
    """The same, line by line as the formulas read."""
    w1, b1, w2, b2 = params
    h = np.tanh(x @ w1.T + b1)
    z = h @ w2.T + b2
    e = np.exp(z - z.max(axis=1, keepdims=True))
    soft = e / e.sum(axis=1, keepdims=True)
    loss = -np.sum(t * np.log(soft)) / len(x)
    z_bar = (soft - t) / len(x)
    net_bar = (z_bar @ w2) * (1 - h**2)
    return loss, [net_bar.T @ x, net_bar.sum(axis=0), z_bar.T @ h, z_bar.sum(axis=0)]


def plain(start: Sequence[Any], x: Any, t: Any, rng: np.random.Generator) -> tuple[Any, Any]:
    """One epoch, every update written w - η·gradient."""
    params = list(start)
    order = rng.permutation(len(x))
    losses = []
    for first in range(0, len(x), BATCH):
        rows = order[first : first + BATCH]
        loss, grads = plain_loss_and_gradient(params, x[rows], t[rows])
        losses.append(loss)
        params = [w - RATE * grad for w, grad in zip(params, grads, strict=True)]
    return params, np.array(losses)


def with_numpy(p: Problem) -> list[System]:
    x, t = p.x[:BATCH], p.t[:BATCH]
    return [
        System(
            "by hand",
            lambda: plain_loss_and_gradient(p.params, x, t)[1],
            lambda rng: plain(p.params, p.x, p.t, rng)[0],
        ),
        System(
            "by hand, in place",
            lambda: loss_and_gradient(p.params, x, t)[1],
            lambda rng: by_hand(p.params, p.x, p.t, rng)[0],
        ),
    ]


def with_symback(p: Problem) -> list[System]:
    module = sb.circuit(CIRCUIT).compile()
    params = module.Params(**dict(zip(("W1", "b1", "W2", "b2"), p.params, strict=True)))
    inputs = module.Inputs(x=p.x, t=p.t)

    def named(values: Any) -> list[Any]:
        return [values.W1, values.b1, values.W2, values.b2]

    def gradient() -> Any:
        first = module.Inputs(x=p.x[:BATCH], t=p.t[:BATCH])
        return named(module.value_and_grad(params, first)[1])

    def epoch(rng: np.random.Generator) -> Any:
        options = {"learning_rate": RATE, "epochs": 1, "batch_size": BATCH, "rng": rng}
        return named(module.sgd(params, inputs, **options)[0])

    return [System("symback module", gradient, epoch)]


def with_torch(p: Problem) -> list[System]:
    import torch
    from torch.nn.functional import cross_entropy, linear

    torch.set_num_threads(threads() or torch.get_num_threads())
    x, labels = torch.from_numpy(p.x), torch.from_numpy(p.labels)

    def loss_and_gradient(params: Any, x: Any, labels: Any) -> Any:
        w1, b1, w2, b2 = params
        loss = cross_entropy(linear(torch.tanh(linear(x, w1, b1)), w2, b2), labels)
        return loss.detach(), torch.autograd.grad(loss, params)

    def copied() -> Any:
        return [torch.tensor(w, requires_grad=True) for w in p.params]

    def gradient() -> Any:
        return loss_and_gradient(copied(), x[:BATCH], labels[:BATCH])[1]

    def epoch(rng: np.random.Generator) -> Any:
        params, losses = copied(), []
        order = torch.from_numpy(rng.permutation(len(x)))
        batches = zip(x[order].split(BATCH), labels[order].split(BATCH), strict=True)
        for batch in batches:
            loss, grads = loss_and_gradient(params, *batch)
            losses.append(loss)
            with torch.no_grad():
                for w, grad in zip(params, grads, strict=True):
                    w.sub_(grad, alpha=RATE)
        return [w.detach() for w in params]

    return [System("PyTorch, eager", gradient, epoch)]


def with_jax(p: Problem) -> list[System]:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)  # float32 arrays stay float32

    def loss(params: Any, x: Any, t: Any) -> Any:
        w1, b1, w2, b2 = params
        z = jnp.tanh(x @ w1.T + b1) @ w2.T + b2
        return -jnp.mean(jnp.sum(t * jax.nn.log_softmax(z), axis=1))

    def step(params: Any, batch: Any) -> Any:
        value, grads = jax.value_and_grad(loss)(params, *batch)
        return [w - RATE * grad for w, grad in zip(params, grads, strict=True)], value

    def scanned(params: Any, x: Any, t: Any, order: Any) -> Any:
        full = len(x) // BATCH * BATCH
        x, t = x[order], t[order]
        batches = [a[:full].reshape(-1, BATCH, a.shape[1]) for a in (x, t)]
        params, losses = jax.lax.scan(step, params, batches)
        if full == len(x):
            return params, losses
        params, last = step(params, (x[full:], t[full:]))
        return params, jnp.append(losses, last)

    return jitted(p, loss, step, scanned)


def jitted(p: Problem, loss: Any, step: Any, scanned: Any) -> list[System]:
    import jax

    step, scanned, slopes = jax.jit(step), jax.jit(scanned), jax.jit(jax.grad(loss))
    start, held = jax.device_put(p.params), jax.device_put((p.x, p.t))

    def gradient() -> Any:
        return slopes(start, p.x[:BATCH], p.t[:BATCH])

    def steps(rng: np.random.Generator) -> Any:
        params, losses = start, []
        order = rng.permutation(len(p.x))
        x, t = p.x.take(order, axis=0), p.t.take(order, axis=0)
        for first in range(0, len(x), BATCH):
            batch = slice(first, first + BATCH)
            params, value = step(params, (x[batch], t[batch]))
            losses.append(value)
        return jax.block_until_ready(params)

    def scan(rng: np.random.Generator) -> Any:
        return jax.block_until_ready(scanned(start, *held, rng.permutation(len(p.x))))[0]

    return [System("JAX, jit step", gradient, steps), System("JAX, lax.scan", gradient, scan)]


OPTIONAL = {"torch": with_torch, "jax": with_jax}


def systems(p: Problem) -> list[System]:
    """Those that are installed; the loop by hand comes first."""
    builders = [with_numpy, with_symback, *(OPTIONAL[name] for name in OPTIONAL if find_spec(name))]
    return [system for build in builders for system in build(p)]


def threads() -> int | None:
    """How many threads the BLAS of NumPy uses; None where threadpoolctl is missing."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return None
    return max((i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas"), default=1)


def check(found: Sequence[System], tolerance: float) -> None:
    """Stop where a gradient, or the parameters after an epoch, are not those by hand."""
    tasks: dict[str, Callable[[System], Sequence[Any]]] = {
        "gradients at the first batch": lambda system: system.gradient(),
        "parameters after an epoch": lambda system: system.epoch(np.random.default_rng(1)),
    }
    for task, run in tasks.items():
        expected = run(found[0])
        for system in found[1:]:
            pairs = zip(map(np.asarray, run(system)), expected, strict=True)
            error = np.max([np.linalg.norm(a - b) / np.linalg.norm(b) for a, b in pairs])
            if not error <= tolerance:
                message = f"relative error {error:.1e} exceeds {tolerance:.0e}"
                sys.exit(f"{task}, {system.name} and {found[0].name}: {message}")


def seconds(system: System, seed: int) -> float:
    system.epoch(np.random.default_rng(seed))  # no other system's threads or cache lines remain
    rng = np.random.default_rng(seed)
    start = time.perf_counter()
    system.epoch(rng)
    return time.perf_counter() - start


def measure(found: Sequence[System], rounds: int) -> list[tuple[float, float]]:
    """For every system the median time of an epoch and the median ratio to the first system."""
    turns = np.random.default_rng(2)
    times = np.zeros((rounds, len(found)))
    for i in range(rounds):
        for j in turns.permutation(len(found)):
            times[i, j] = seconds(found[j], i)
    ratios = times / times[:, :1]
    return list(zip(np.median(times, axis=0), np.median(ratios, axis=0), strict=True))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=101, help="of timing, 101 unless told")
    parser.add_argument("--hidden", type=int, default=128, help="units, 128 unless told")
    return parser.parse_args()


def main() -> int:
    args = arguments()
    print(f"64-{args.hidden}-10, b = {BATCH}, {args.rounds} rounds, ", end="")
    print(f"BLAS threads: {threads() or 'unknown'}")
    for name in OPTIONAL:
        if not find_spec(name):
            print(f"{name} is not installed: skipped")
    print()
    print("| dtype | system | one epoch, ms | ratio to by hand |")
    print("|---|---|---|---|")
    for dtype, tolerance in TOLERANCES.items():
        found = systems(problem(args.hidden, dtype))
        check(found, tolerance)
        for system, (time_s, ratio) in zip(found, measure(found, args.rounds), strict=True):
            print(f"| {dtype} | {system.name} | {time_s * 1e3:.2f} | {ratio:.2f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
