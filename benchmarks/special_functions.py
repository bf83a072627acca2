"""Digits of special functions and of their slopes, in every language, beside balls of flint.

Each function is computed by the modules and the bare code that symback writes for it, at random
points of its domain; the truth is its own definition and SymPy's derivative of it in balls of 600
bits. Cells are the worst error of the value and of the worst slope, in units of the last place;
where one is above 4, the error over (1 + κ) units follows, κ being the condition number of the
problem: what rounding of the operands alone causes is below 1.

    python -m benchmarks.special_functions [FUNCTION …]
    python -m benchmarks.special_functions --speed

The second compares the time of NumPy kernels at a million points with SciPy's functions, in turn.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb
from sympy import Expr, Rational, diff

import symback as sb
from symback.operations.balls.scalars import evaluate, precision
from symback.operations.elementwise import OPS, elementary
from symback.operations.expressions import real_symbol

POINTS = 300
GOOD = 4.0
BITS = 600
LETTERS = "xy"

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Function:
    """A function and where each operand is drawn, log-uniformly where the ends are far apart."""

    name: str
    ranges: tuple[Range, ...]
    given: str = ""  # what stands before the operands


WIDE, MIDDLE, UNIT = (1e-9, 1e9), (1e-3, 1e3), (1e-9, 1 - 1e-9)
FUNCTIONS = (
    Function("gamma", ((1e-9, 170.0),)),
    Function("loggamma", (WIDE,)),
    Function("digamma", (WIDE,)),
    Function("trigamma", (WIDE,)),
    Function("polygamma", (MIDDLE,), given="3, "),
    Function("factorial", ((1e-9, 169.0),)),
    Function("beta", (MIDDLE, MIDDLE)),
    Function("betaln", (WIDE, WIDE)),
    Function("binomial", ((20.0, 1e3), (1e-3, 19.0))),
    Function("loggamma_rise", (WIDE, WIDE)),
    Function("digamma_rise", (WIDE, WIDE)),
    Function("besselj", ((1e-9, 1e3),), given="2, "),
    Function("bessely", ((1e-9, 1e3),), given="2, "),
    Function("besseli", ((1e-9, 600.0),), given="3/2, "),
    Function("besselk", ((1e-9, 600.0),), given="3, "),
    Function("gammainc", (MIDDLE,), given="5/2, "),
    Function("gammaincc", ((1e-3, 300.0),), given="5/2, "),
    Function("gamma_pdf", ((1e-3, 300.0),), given="5/2, "),
    Function("betainc", ((1e-9, 1 - 1e-3),), given="5/2, 7/2, "),
    Function("beta_pdf", ((1e-9, 1 - 1e-3),), given="5/2, 7/2, "),
    Function("erfinv", ((-1 + 1e-9, 1 - 1e-9),)),
    Function("erfcinv", ((1e-300, 1.0),)),
    Function("ndtri", ((1e-300, 0.5),)),
    Function("lambertw", ((1e-9, 1e300),)),
    Function("lambertwm1", ((-0.367, -1e-3),)),
    Function("erfcx", ((-5.0, 1e3),)),
    Function("log_ndtr", ((-40.0, 8.0),)),
    Function("exprel", ((-30.0, 30.0),)),
    Function("xlogy", (MIDDLE, MIDDLE)),
    Function("xlog1py", (MIDDLE, MIDDLE)),
)


def drawn(function: Function, dtype: Any) -> list[np.ndarray]:
    """Points of the domain that the dtype has, one array an operand."""
    rng = np.random.default_rng(5)
    found = []
    for low, high in function.ranges:
        uniform = low <= 0 or high / low < 100
        within = rng.uniform(low, high, POINTS) if uniform else None
        at = np.exp(rng.uniform(np.log(low), np.log(high), POINTS)) if within is None else within
        found.append(at)
    with np.errstate(over="ignore"):  # what float32 does not have is left out below
        rounded = [at.astype(dtype) for at in found]
    info = np.finfo(dtype)
    fits = [(np.abs(at) > 2 * info.tiny) & (np.abs(at) < info.max) for at in rounded]
    inside = [
        (at > max(low, float(info.min))) & (at < min(high, float(info.max)))
        for at, (low, high) in zip(rounded, function.ranges, strict=True)
    ]
    kept = np.logical_and.reduce([*fits, *inside])
    return [at[kept] for at in rounded]


def languages(circuit: sb.Circuit, count: int) -> Iterator[tuple[str, Any, Callable[..., Any]]]:
    """Each language with a dtype and what gives value and slopes at arrays of points."""

    def of(module: Any) -> Callable[..., list[np.ndarray]]:
        def values(*at: np.ndarray) -> list[np.ndarray]:
            inputs = module.Inputs(*at)
            value, cache = module.forward(module.Params(), inputs)
            slopes = module.backward(module.Params(), inputs, cache)[1]
            return [value, *slopes]

        return values

    yield "NumPy", np.float64, of(circuit.compile())
    yield "NumPy, float32", np.float32, of(circuit.compile())
    yield "C", np.float64, of(circuit.compile(target="c"))
    code = circuit.code("javascript", name="h")

    def in_node(*at: np.ndarray) -> list[np.ndarray]:
        rows = json.dumps([list(row) for row in zip(*(a.tolist() for a in at), strict=True)])
        call = "[h(...r), ...Object.values(h_gradient(...r))].map(String)"
        text = f"{code}\nconsole.log(JSON.stringify({rows}.map((r) => {call})))"
        run = subprocess.run(["node", "-"], input=text, capture_output=True, text=True, check=True)
        table = json.loads(run.stdout)
        return [np.array(column, float) for column in zip(*table, strict=True)][: 1 + count]

    yield "JavaScript", np.float64, in_node


def truths(applied: Expr, symbols: Sequence[Expr], at: Sequence[float]) -> list[tuple[arb, arb]]:
    """The value and each slope, each with its condition number."""
    with precision(BITS):
        values: dict[Any, arb] = {s: arb(x) for s, x in zip(symbols, at, strict=True)}
        found = []
        for expr in (applied, *(diff(applied, s) for s in symbols)):
            value = evaluate(elementary(expr), dict(values))
            moved = (
                abs(values[s] * evaluate(elementary(diff(expr, s)), dict(values))) for s in symbols
            )
            found.append((value, sum(moved, arb(0)) / abs(value)))
        return found


def cell(errors: list[tuple[float, float]]) -> str:
    """The worst error in ULP, and where it is above 4, the worst one over (1 + κ) units."""
    worst = max(ulp for ulp, _ in errors)
    over = max((share for ulp, share in errors if ulp > GOOD), default=0.0)
    return f"{worst:.2g}" + (f" [{over:.2g}κ]" if worst > GOOD else "")


def row(function: Function) -> str:
    letters = LETTERS[: len(function.ranges)]
    text = f"f = {function.name}({function.given}{', '.join(letters)})"
    circuit = sb.circuit(text, inputs=list(letters), loss=None)
    symbols = [real_symbol(s) for s in letters]
    given = [Rational(number) for number in function.given.split(", ") if number]
    applied = OPS[function.name].head(*given, *symbols)
    cells = []
    known: dict[tuple[float, ...], list[tuple[arb, arb]]] = {}
    for _, dtype, call in languages(circuit, len(letters)):
        at = drawn(function, dtype)
        unit = float(np.finfo(dtype).eps)
        errors: list[list[tuple[float, float]]] = [[] for _ in range(1 + len(letters))]
        with np.errstate(all="ignore"):
            columns = call(*at)
        for i, point in enumerate(zip(*(a.tolist() for a in at), strict=True)):
            if point not in known:
                known[point] = truths(applied, symbols, point)
            for place, (value, condition) in enumerate(known[point]):
                exact = float(value.mid())
                if not float(np.finfo(dtype).tiny) <= abs(exact) <= float(np.finfo(dtype).max):
                    continue
                error = abs(float((arb(float(columns[place][i])) - value).mid()))
                share = error / (2 * unit * abs(exact) * (1 + float(condition.mid())))
                errors[place].append((error / float(np.spacing(dtype(abs(exact)))), share))
        cells += [cell(errors[0]), cell([e for part in errors[1:] for e in part])]
    return f"| `{function.name}` | " + " | ".join(cells) + " |"


def speed() -> None:
    """The least time of five runs of each kernel, over that of SciPy's function."""
    import scipy.special

    from symback.codegen.numpy import gamma_kernels

    points = np.random.default_rng(0).uniform(0.1, 1000.0, 10**6)
    for name, peer in (("loggamma", scipy.special.gammaln), ("digamma", scipy.special.digamma)):
        times = {}
        for of in (getattr(gamma_kernels, f"_{name}"), peer) * 5:
            start = time.process_time()
            of(points)
            times[of] = min(times.get(of, np.inf), time.process_time() - start)
        own, theirs = times.values()
        print(f"{name}: {own / theirs:.2f} times SciPy's {1e9 * theirs / len(points):.1f} ns")


def main(names: Sequence[str]) -> None:
    if list(names) == ["--speed"]:
        return speed()
    heads = "NumPy, slope, NumPy float32, slope, C, slope, JavaScript, slope".split(", ")
    print(f"| function | {' | '.join(heads)} |")
    print("|" + "---|" * (1 + len(heads)))
    for function in FUNCTIONS:
        if not names or function.name in names:
            print(row(function), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
