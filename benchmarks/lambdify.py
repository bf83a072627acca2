"""A generated gradient module beside SymPy's lambdify(cse=True) of the same partials.

Both give the mean of the loss and its gradient by the parameters over a batch. Gradients are
compared first; then the two are timed in turn, and medians and the median of the ratios of
neighbouring rounds are printed.

    python benchmarks/lambdify.py
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp

import symback as sb
from symback.ops import elementary

CIRCUITS = {
    "neuron": "f = (x3 + x5) - sigma(w3*x3 + w4*x4)",
    "two layers": "h1 = tanh(w1*x1 + w2*x2 + b1)\nh2 = tanh(w3*x1 + w4*x2 + b2)\n"
    "f = sigma(w5*h1 + w6*h2 + b3)",
    "gaussian": "f = b0*exp(-((x - b1)/b2)**2/2)",
}
BATCHES = (128, 10_000)
ROUNDS = 31
SECONDS = 0.02  # of one measurement


def lambdified(circuit: sb.Circuit) -> Callable[..., Any]:
    """lambdify's best: the loss and all partials in one function, shared subexpressions."""
    loss = elementary(circuit.objective.expr)
    for node in reversed(circuit.computed):
        loss = loss.xreplace({node.symbol: elementary(node.expr)})
    params = [p.symbol for p in circuit.params]
    columns = [n.symbol for n in (*circuit.inputs, *circuit.targets)]
    outputs = [loss, *(sp.diff(loss, p) for p in params)]
    function = sp.lambdify([*params, *columns], outputs, "numpy", cse=True)

    def mean(theta: Any, samples: Any) -> Any:
        value, *grads = function(*theta, *samples)
        return np.mean(value), [np.mean(g) for g in grads]

    return mean


def seconds(run: Callable[[], Any], repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        run()
    return (time.perf_counter() - start) / repeats


def compare(name: str, b: int) -> str:
    circuit = sb.circuit(CIRCUITS[name])
    module = circuit.compile()
    other = lambdified(circuit)
    rng = np.random.default_rng(0)
    theta = module.Params(*rng.uniform(0.5, 1.5, len(circuit.params)))
    names = module.Inputs._fields
    samples = module.Inputs(*rng.normal(size=(len(names), b)))
    ours, theirs = module.value_and_grad(theta, samples), other(theta, samples)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-10)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-9, atol=1e-14)
    runs = (lambda: module.value_and_grad(theta, samples), lambda: other(theta, samples))
    repeats = [max(1, int(SECONDS / seconds(run, 3))) for run in runs]
    rounds = [[seconds(r, n) for r, n in zip(runs, repeats, strict=True)] for _ in range(ROUNDS)]
    ours_us, theirs_us = (statistics.median(column) * 1e6 for column in zip(*rounds, strict=True))
    ratio = statistics.median(a / b for a, b in rounds)
    return f"| {name} | {b:,} | {ours_us:.1f} | {theirs_us:.1f} | {ratio:.2f} |"


def main() -> int:
    print("| circuit | b | symback module, µs | lambdify(cse=True), µs | ratio |")
    print("|---|---|---|---|---|")
    for name in CIRCUITS:
        for b in BATCHES:
            print(compare(name, b), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
