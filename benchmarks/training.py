"""An epoch of SGD, system by system: mini-batches of 128 rows, the loss of every step kept.

All start from the same parameters and take the rows in the same order. What is compared is how far
the epoch moves each parameter, which is -η times the sum of all gradients, and the losses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from benchmarks import threads
from benchmarks.contest import SYMBACK, Run, Skip, System
from benchmarks.modules import module

BATCH = 128
RATE = 0.1


@dataclass(frozen=True, slots=True)
class Training:
    """What is trained, on which rows, and the mean loss as each system writes it."""

    circuit: str
    params: dict[str, Any]
    rows: dict[str, Any]
    shuffled: bool
    by_hand: dict[str, Callable[..., Any]]  # name → (params, columns) → mean loss, gradient
    torch_loss: Callable[..., Any]  # (params, columns) → mean loss
    jax_loss: Callable[..., Any]

    @property
    def quantities(self) -> tuple[str, ...]:
        return (*(f"the move of {name}" for name in self.params), "the losses")

    @property
    def start(self) -> list[Any]:
        return list(self.params.values())

    def order(self) -> Any:
        """The order of the rows; None where they stay as they are."""
        n = len(next(iter(self.rows.values())))
        return np.random.default_rng(1).permutation(n) if self.shuffled else None

    def columns(self) -> list[Any]:
        """All rows, in the order of this epoch."""
        order = self.order()
        columns = self.rows.values()
        return [c if order is None else c.take(order, axis=0) for c in columns]

    def read(self, result: Sequence[Any]) -> list[Any]:
        """From parameters and losses to what is compared."""
        *params, losses = (np.asarray(r, dtype=np.float64) for r in result)
        return [*(a - b for a, b in zip(params, self.start, strict=True)), losses]


def batches(columns: Sequence[Any]) -> list[list[Any]]:
    n = len(columns[0])
    return [[c[first : first + BATCH] for c in columns] for first in range(0, n, BATCH)]


def with_numpy(name: str, work: Training) -> Run | Skip:
    if name not in work.by_hand:
        return Skip("not written by hand")
    gradient = work.by_hand[name]

    def epoch() -> Sequence[Any]:
        params, losses = work.start, []
        for batch in batches(work.columns()):
            loss, bars = gradient(params, batch)
            losses.append(loss)
            params = [w - RATE * bar for w, bar in zip(params, bars, strict=True)]
        return *params, losses

    return epoch


def with_symback(target: str, work: Training) -> Run | Skip:
    made = module(work.circuit, target)
    if isinstance(made, Skip):
        return made
    params, inputs = made.Params(**work.params), made.Inputs(**work.rows)

    def epoch() -> Sequence[Any]:
        rng = np.random.default_rng(1) if work.shuffled else None
        found, losses = made.sgd(params, inputs, learning_rate=RATE, batch_size=BATCH, rng=rng)
        return *(getattr(found, name) for name in work.params), losses

    return epoch


def with_torch(work: Training) -> Run:
    import torch

    torch.set_num_threads(threads.count())
    rows = [torch.from_numpy(c) for c in work.rows.values()]
    n = len(rows[0])

    def epoch() -> Sequence[Any]:
        params = [torch.tensor(w, requires_grad=True) for w in work.start]
        losses, order = [], work.order()
        columns = rows if order is None else [c[torch.from_numpy(order)] for c in rows]
        for first in range(0, n, BATCH):
            loss = work.torch_loss(params, [c[first : first + BATCH] for c in columns])
            bars = torch.autograd.grad(loss, params)
            losses.append(loss.detach())
            with torch.no_grad():
                for w, bar in zip(params, bars, strict=True):
                    w.sub_(bar, alpha=RATE)
        return *(w.detach() for w in params), torch.stack(losses)

    return epoch


def _jax_step(work: Training) -> Callable[..., Any]:
    import jax

    jax.config.update("jax_enable_x64", True)  # float32 arrays stay float32

    def step(params: Any, batch: Any) -> Any:
        value, bars = jax.value_and_grad(work.jax_loss)(params, batch)
        return [w - RATE * bar for w, bar in zip(params, bars, strict=True)], value

    return step


def with_jax_steps(work: Training) -> Run:
    import jax

    step = jax.jit(_jax_step(work))
    start = jax.device_put(work.start)

    def epoch() -> Sequence[Any]:
        params, losses = start, []
        for batch in batches(work.columns()):
            params, value = step(params, batch)
            losses.append(value)
        jax.block_until_ready(params)
        return *params, losses

    return epoch


def with_jax_scan(work: Training) -> Run:
    import jax
    import jax.numpy as jnp

    step = _jax_step(work)

    @jax.jit
    def scanned(params: Any, columns: Any, order: Any) -> Any:
        if order is not None:
            columns = [c[order] for c in columns]
        n = len(columns[0])
        full = n // BATCH * BATCH
        stacked = [c[:full].reshape(-1, BATCH, *c.shape[1:]) for c in columns]
        params, losses = jax.lax.scan(step, params, stacked)
        if full < n:
            params, last = step(params, [c[full:] for c in columns])
            losses = jnp.append(losses, last)
        return params, losses

    start, columns = jax.device_put((work.start, list(work.rows.values())))

    def epoch() -> Sequence[Any]:
        params, losses = jax.block_until_ready(scanned(start, columns, work.order()))
        return *params, losses

    return epoch


PLAIN, IN_PLACE = "NumPy by hand", "NumPy by hand, in place"
SYSTEMS = (
    System(PLAIN, partial(with_numpy, PLAIN)),
    System(IN_PLACE, partial(with_numpy, IN_PLACE)),
    System(SYMBACK, partial(with_symback, "numpy")),
    System("symback, C", partial(with_symback, "c")),
    System("PyTorch, eager", with_torch, ("torch",)),
    System("JAX, jit step by step", with_jax_steps, ("jax",)),
    System("JAX, lax.scan", with_jax_scan, ("jax",)),
)
