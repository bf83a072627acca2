"""What the machine allows: rates and calls that are measured, and what works take for these alone.

So a time can be read beside what is possible.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.contest import Skip
from benchmarks.formulas import NEURON, samples
from benchmarks.modules import module

DIGITS, BATCH = (1797, 64, 128, 10), 128
SIDE = 512  # of the matrices whose product shows the rate of the processor
POWERS = 10_000
TRIED = (
    (
        "two tanh layers, b = 10,000, NumPy",
        "0.93 × lambdify(cse)",
        "values and slopes take 0.48, of which tanh and exp alone 0.16; with slopes 1 − tanh²"
        " and σ·(1 − σ), which lose their digits where these saturate, it is 0.66",
    ),
    (
        "neuron, b = 128, NumPy, bound",
        "0.56 × lambdify(cse)",
        "calls of NumPy, 0.3 µs each at the least, and that of the module; exp alone is 0.02",
    ),
    (
        "C of a circuit of 10,000 scalar nodes, 448,000 lines",
        "17.9 s of gcc, at -O0",
        "at -O0 time is linear: 1,000 nodes 1.5 s, 3,000 4.8 s; in functions of a few hundred"
        " lines gcc takes 0.14 ms a line at -O1 and 0.19 ms at -O2, which would be 63 and 85 "
        "s, so splitting functions does not pay",
    ),
    (
        "lines of ADBench's LSTM, NumPy",
        "1,332",
        "467 of them every module has, forward and backward take 346, the cache 48; "
        "training's function, which carries both passes again so that it keeps no cache, 249",
    ),
    (
        "GradBench's bundle adjustment, Jacobian",
        "2.2 × manual",
        "two calls of C for the two rows of an observation, 65 ns a row at any level of "
        "optimisation: as long as all of manual; their copies into blocks, indices and "
        "gathered columns are NumPy's",
    ),
    (
        "PyTorch module of the digits network, b = 128 and 10,000",
        "1.1 and 1.3 × eager autograd",
        "products of matrices and tanh, which both need, are 0.73 of eager's time at b = "
        "10,000; the slope of tanh that keeps its digits takes 0.15, 1 − tanh² 0.03; the "
        "cross-entropy, which may have infinite scores, 0.3, PyTorch's own 0.1",
    ),
    (
        "PyTorch module of the mixture, b = 128 and 10,000",
        "0.8 and 1.0 × eager autograd",
        "at b = 128 calls of kernels, 140 beside eager's 123; at 10,000 products, differences "
        "and sums of arrays (b, k, d) are 0.68 of eager's time, of which both have the same",
    ),
    (
        "JavaScript loop of the neuron, 10⁶ rows",
        "17 × C with vectors, 2 × C without",
        "Math.exp alone took 15 of the 40 ns of a row, which calls it twice; one written in "
        "JavaScript took 14, so that either is far from C with vectors",
    ),
    (
        "H·v of a network for digits, 64-32-10, b = 128, NumPy, bound",
        "2.0 × JAX's `jvp` of `grad` under jit",
        "eleven products of matrices take 0.5 of JAX's whole time, tanh with its slope 0.5 (NumPy's"
        " tanh alone 0.3), softmax 0.1, the rest are products entry by entry; C takes 0.7, at"
        " b = 1,797 1.1",
    ),
    (
        "sparse Hessian of Rosenbrock, n = 1,000, NumPy, bound",
        "0.07 × `jax.hessian` under jit, 0.57 × CasADi",
        "eleven operations on three rows of 999 numbers, one for each colour, about 3 µs each, are"
        " half; the sparse array takes 8 µs; C takes 0.05 and 0.36",
    ),
)
"""Works above what was wanted: relative time, and where the time goes."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A cost that is measured, and what some work takes of it alone."""

    what: str
    each: str
    work: str
    least: float  # seconds


def seconds(call: Callable[[], Any], repeats: int) -> float:
    """The fastest of many calls: what remains is what they cost."""
    found = math.inf
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        found = min(found, time.perf_counter() - start)
    return found


def digits_products() -> int:
    """Multiplications and additions of an epoch on digits in products of matrices."""
    rows, d, hidden, k = DIGITS
    return 2 * rows * (2 * d * hidden + 3 * hidden * k)


def of_products(dtype: str, repeats: int) -> Limit:
    a = np.ones((SIDE, SIDE), dtype)
    rate = 2 * SIDE**3 / seconds(lambda: a @ a, repeats)
    return Limit(
        f"products of matrices, {dtype}",
        f"{rate / 1e9:,.0f} GFLOP/s",
        f"an epoch on digits, whose products take {digits_products() / 1e6:.0f} MFLOP",
        digits_products() / rate,
    )


def of_memory(repeats: int) -> Limit:
    columns = np.ones((len(NEURON.columns), 10**6))
    taken = seconds(lambda: [c.max() for c in columns], repeats)
    return Limit(
        "reading memory",
        f"{columns.nbytes / taken / 1e9:,.1f} GB/s",
        f"the {len(columns)} columns of the neuron, b = 1,000,000",
        taken,
    )


def of_calls(repeats: int) -> Limit:
    """NumPy's own cost of an operation on few numbers."""
    a, out = np.ones(BATCH), np.empty(BATCH)
    each = seconds(lambda: np.multiply(a, a, out=out), 20 * repeats)
    calls = operations()
    return Limit(
        f"one operation of NumPy on {BATCH} numbers",
        f"{each * 1e9:,.0f} ns",
        f"the {calls} operations of the neuron's gradient, b = {BATCH}",
        calls * each,
    )


def operations() -> int:
    """How often NumPy is asked for something in the module of the neuron."""
    work = samples(NEURON, BATCH)
    made = module(NEURON.circuit)
    assert not isinstance(made, Skip)
    Counted.calls = 0
    params = made.Params(*map(np.float64, work.theta))
    made._loss_and_bars(params, *(c.view(Counted) for c in work.columns))
    return Counted.calls


class Counted(np.ndarray):
    """An array that counts what NumPy does with it."""

    calls = 0

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if "out" in options:
            options["out"] = tuple(map(_plain, options["out"]))
        return _counted(getattr(ufunc, method)(*map(_plain, inputs), **options))

    def dot(self, other: Any, out: Any = None) -> Any:
        return _counted(_plain(self).dot(_plain(other)))


def _counted(found: Any) -> Any:
    Counted.calls += 1
    return found.view(Counted) if isinstance(found, np.ndarray) else found


def _plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, Counted) else value


def of_powers(repeats: int) -> Limit | None:
    """A function of C's library takes one number a call; NumPy's takes several at a time."""
    made = module("f = x**w", "c")
    if isinstance(made, Skip):
        return None
    params, inputs = made.Params(w=1.7), made.Inputs(x=np.linspace(0.5, 2.0, POWERS))
    taken = seconds(lambda: made.forward(params, inputs), repeats)
    x = inputs.x
    ratio = taken / seconds(lambda: x**1.7, repeats)
    return Limit(
        "one power of C's library",
        f"{taken / POWERS * 1e9:.1f} ns, {ratio:.1f} times NumPy's",
        f"{POWERS:,} powers, of which a dose-response curve takes several a sample",
        taken,
    )


def measured(repeats: int = 50) -> list[Limit]:
    found = [of_products(dtype, repeats) for dtype in ("float64", "float32")]
    found += [of_memory(repeats // 5 or 1), of_calls(repeats)]
    powers = of_powers(repeats)
    return found if powers is None else [*found, powers]
