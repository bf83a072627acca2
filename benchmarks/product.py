"""The product of n factors and its gradient: operations and seconds.

A product rule applied factor by factor gives n products of n - 1 factors, n times the work of the
product itself. Operations are counted alike for both systems, by
symback.circuits.program.operations.

Every system and n has a process of its own: `python -m benchmarks.product SYSTEM N`.
"""

from __future__ import annotations

import sys
import timeit
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.alone import Report, Stages, peak_memory, report, run_alone
from benchmarks.contest import Skip, compare

FACTORS = (128, 1000)
LIMIT = 600.0  # seconds of one process
TOLERANCE = 1e-9
SHOWN = 10  # partials that are compared, evenly spread
REPEATS = 200


def point(n: int) -> Any:
    """Factors near 1, so that neither the product nor a part of it overflows."""
    return np.random.default_rng(0).uniform(0.9, 1.1, n)


def expected(n: int) -> list[float]:
    """Some partials, by hand."""
    x = point(n)
    return [float(np.prod(x[:i]) * np.prod(x[i + 1 :])) for i in range(0, n, n // SHOWN)]


def with_symback(n: int, watch: Stages) -> dict[str, Any]:
    import symback as sb
    from symback.autodiff.lower import lower
    from symback.autodiff.passes import FUSED_PASSES, optimise

    names = [f"x{i}" for i in range(n)]
    circuit = sb.circuit("p = " + "*".join(names), params=names, loss=None)
    watch("build")
    lowered = lower(circuit)
    forward = optimise(lowered.program("forward"), lowered.names)
    both = optimise(lowered.program("objective"), lowered.names, FUSED_PASSES)
    watch("gradient")
    module = circuit.compile()
    watch("code")
    params = module.Params(*point(n).tolist())
    gradient = module.value_and_grad(params, module.Inputs())[1]
    return {
        "forward": forward.operations,
        "both": both.operations,
        "gradient": [float(v) for v in gradient],
        "seconds": _seconds(lambda: module.value_and_grad(params, module.Inputs())),
    }


def with_sympy(n: int, watch: Stages) -> dict[str, Any]:
    import sympy as sp

    from symback.circuits.program import operations

    symbols = sp.symbols(f"x:{n}", real=True)
    product = sp.Mul(*symbols)
    watch("build")
    partials = [sp.diff(product, s) for s in symbols]
    watch("gradient")
    shared, results = sp.cse([product, *partials])
    parts = [*(expr for _, expr in shared), *results]
    watch("code")
    values = point(n).tolist()
    # sharing is done already, so that it is not counted as something else than what runs
    function = sp.lambdify(symbols, [product, *partials], "math", cse=lambda _: (shared, results))
    return {
        "forward": operations(product),
        "both": sum(map(operations, parts)),
        "gradient": [float(v) for v in function(*values)[1:]],
        "seconds": _seconds(lambda: function(*values)),
    }


def _seconds(run: Callable[[], Any]) -> float:
    return min(timeit.repeat(run, number=1, repeat=REPEATS))


SYSTEMS = {
    "symback": ("symback", with_symback, FACTORS),
    "sympy": ("SymPy diff by each, cse", with_sympy, FACTORS[:1]),
}


def measured(key: str, n: int) -> Report | Skip:
    found = run_alone("benchmarks.product", (key, n), LIMIT)
    if not isinstance(found, Skip):
        every = range(0, n, n // SHOWN)
        got = [found.found["gradient"][i] for i in every]
        quantities = [f"∂p/∂x{i}" for i in every]
        compare(SYSTEMS[key][0], got, "by hand", expected(n), quantities, TOLERANCE)
    return found


def main() -> None:
    key, n = sys.argv[1:]
    import sympy  # noqa: F401  # imports are not timed

    import symback.codegen.generate
    import symback.codegen.numpy.module
    import symback.language.parse  # noqa: F401

    watch = Stages()
    found = SYSTEMS[key][1](int(n), watch)
    report(watch, peak_memory(), found)


if __name__ == "__main__":
    main()
