"""Digits: the module of a naively typed formula beside SymPy's lambdify of the same formula.

For each case, 300 log-uniform points of both signs are computed in float64 and in float32, by
`lambdify(diff(f))` and by the generated module. The truth is mpmath's at a precision that is
doubled until two results agree. Cells are the worst error in units in the last place, in
brackets how many points are off by more than 16, and before an n how many are not finite although
the truth is. Where a module is off by more than 4, the error over (1 + κ) units is given as well,
κ being the condition number of the problem: what no formula can better is below 1.

    python benchmarks/numerics.py [CASE]
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import numpy as np
import sympy as sp

import symback as sb
from symback.operations.elementwise import elementary

POINTS = 300
BAD = 16.0  # ULP
GOOD = 4.0  # ULP
AGREE = mp.mpf(2) ** -70
LARGEST_PRECISION = 2**15
LARGEST_32 = 1e30


@dataclass(frozen=True, slots=True)
class Case:
    """A formula as a user types it, and the quantity looked at: its value or a partial."""

    name: str
    text: str
    wrt: str = ""
    low: float = 1e-20
    high: float = 80.0
    domain: str = "both signs"


CASES = (
    Case("σ", "1/(1 + exp(-x))"),
    Case("σ′", "1/(1 + exp(-x))", "x"),
    Case("log σ", "log(1/(1 + exp(-x)))"),
    Case("softplus", "log(1 + exp(x))"),
    Case("softplus′, to 1e4", "log(1 + exp(x))", "x", high=1e4),
    Case("tanh′", "tanh(x)", "x"),
    Case("1 − tanh²", "1 - tanh(x)**2"),
    Case("log(1 + x)", "log(1 + x)", domain="above -1"),
    Case("exp(x) − 1", "exp(x) - 1"),
    Case("1 − cos x", "1 - cos(x)"),
    Case("(sin x/x)′, 1e-6..10", "sin(x)/x", "x", low=1e-6, high=10.0),
    Case("√(x + 1) − √x, to 1e15", "sqrt(x + 1) - sqrt(x)", high=1e15, domain="positive"),
    Case("asin′ near 1", "asin(x)", "x", domain="near 1"),
    Case("log(1 + x²)′, to 1e200", "log(1 + x**2)", "x", high=1e200),
    Case("silu′", "x/(1 + exp(-x))", "x"),
    Case("logsumexp, to 1e3", "log(exp(x) + exp(y))", high=1e3),
    Case("logsumexp ∂x", "log(exp(x) + exp(y))", "x", high=1e3),
    Case("softmax cross-entropy", "-log(exp(x)/(exp(x) + exp(y)))", high=1e3),
    Case("softmax cross-entropy ∂x", "-log(exp(x)/(exp(x) + exp(y)))", "x", high=1e3),
    Case("√(x² + y²), to 1e200", "sqrt(x**2 + y**2)", high=1e200),
    Case("its ∂x", "sqrt(x**2 + y**2)", "x", high=1e200),
    Case("atan2 ∂x", "atan2(y, x)", "x", low=1e-60, high=1e60),
    Case("x/y ∂y, to 1e150", "x/y", "y", high=1e150),
    Case("1 − σ", "1 - 1/(1 + exp(-x))"),
    Case("σ(1 − σ)", "1/(1 + exp(-x))*(1 - 1/(1 + exp(-x)))"),
    Case("cross-entropy, t = 1", "-log(1/(1 + exp(-x)))"),
    Case("its ∂x", "-log(1/(1 + exp(-x)))", "x"),
    Case("cross-entropy", "-y*log(1/(1+exp(-x))) - (1-y)*log(1 - 1/(1+exp(-x)))", domain="share"),
    Case("its ∂x", "-y*log(1/(1+exp(-x))) - (1-y)*log(1 - 1/(1+exp(-x)))", "x", domain="share"),
    Case("tanh by exp", "(exp(x) - exp(-x))/(exp(x) + exp(-x))", high=1e3),
    Case("1/cosh ∂x", "1/cosh(x)", "x", high=600.0),
    Case("log cosh, to 1e4", "log(cosh(x))", high=1e4),
    Case("log(1 − exp(−x))", "log(1 - exp(-x))", domain="positive"),
    Case("1 − erf", "1 - erf(x)", high=20.0),
    Case("√(1 + x²) − 1, to 1e150", "sqrt(1 + x**2) - 1", high=1e150),
    Case("its ∂x", "sqrt(1 + x**2) - 1", "x", high=1e150),
    Case("log(x + 1) − log x", "log(x + 1) - log(x)", high=1e15, domain="positive"),
    Case("normal log-density", "log(exp(-x**2/2)/sqrt(2*pi))", high=1e10),
)


def points_of(case: Case, names: list[str], dtype: Any) -> dict[str, Any]:
    """The same points for both sides, exact in the dtype."""
    rng = np.random.default_rng(len(case.text))
    low, high = np.log(case.low), np.log(case.high if dtype == np.float64 else
                                         min(case.high, LARGEST_32))  # fmt: skip
    if dtype == np.float32:
        low = max(low, np.log(1e-20 if case.high <= 1e3 else 1e-18))
    found = {name: np.exp(rng.uniform(low, high, POINTS)) for name in names}
    for name in names:
        if case.domain == "near 1":
            found[name] = 1.0 - np.exp(rng.uniform(np.log(1e-15), np.log(0.5), POINTS))
        elif case.domain == "share" and name == "y":
            found[name] = rng.choice([0.0, 1.0, 0.25, 0.9], POINTS)
        elif case.domain == "above -1":
            small = found[name] < 0.9
            found[name] *= np.where(small, rng.choice([-1.0, 1.0], POINTS), 1.0)
        elif case.domain != "positive":
            found[name] *= rng.choice([-1.0, 1.0], POINTS)
    found = {name: values.astype(dtype) for name, values in found.items()}
    inside = np.all([v < 1 for v in found.values()], axis=0) if case.domain == "near 1" else ...
    return {name: values[inside] for name, values in found.items()}


def truths(quantity: sp.Expr, symbols: list[sp.Symbol], points: list[Any]) -> list[Any]:
    """(value, condition number) at each point, in enough digits."""
    condition = [sp.diff(quantity, s) * s for s in symbols]
    function = sp.lambdify(symbols, [quantity, *condition], "mpmath")

    def at(point: Any, precision: int) -> Any:
        with mp.workprec(precision):
            try:
                value, *parts = function(*(mp.mpf(float(p)) for p in point))
            except ZeroDivisionError:  # a part that this precision rounds to 0
                return None
            return value, mp.fsum(abs(p) for p in parts)

    found = []
    for point in zip(*points, strict=True):
        precision, before = 128, at(point, 64)
        while True:
            now = at(point, precision)
            if before is not None and now is not None and _agree(before, now):
                break
            before, precision = now, 2 * precision
            assert precision <= LARGEST_PRECISION, (quantity, point)
        found.append(now)
    return found


def _agree(before: Any, now: Any) -> bool:
    with mp.workprec(200):
        return all(abs(a - b) <= AGREE * abs(b) for a, b in zip(before, now, strict=True))


@dataclass(frozen=True, slots=True)
class Score:
    """The worst error, how many are bad, how many not finite, and the worst over (1 + κ)."""

    worst: float
    bad: int
    infinite: int
    over_condition: float

    def __str__(self) -> str:
        shown = f"{self.worst:.2g}" + (f" ({self.bad})" if self.bad else "")
        return shown + (f", {self.infinite}n" if self.infinite else "")

    @property
    def told(self) -> str:
        """The score, with the error by condition where it is more than a few units."""
        return f"{self} [{self.over_condition:.2g}κ]" if self.worst > GOOD else str(self)

    @property
    def is_good(self) -> bool:
        return not self.infinite and (self.worst <= GOOD or self.over_condition <= 2.0)


def score(got: Any, expected: list[Any], dtype: Any) -> Score:
    info = np.finfo(dtype)
    worst = over = 0.0
    bad = infinite = 0
    for value, (truth, condition) in zip(np.broadcast_to(got, len(expected)).tolist(), expected,
                                         strict=True):  # fmt: skip
        if not float(info.tiny) <= abs(truth) <= float(info.max):
            continue
        if not np.isfinite(value):
            infinite += 1
            continue
        error = abs(mp.mpf(value) - truth)
        ulp = float(error / mp.mpf(float(np.spacing(dtype(abs(float(truth)))))))
        worst, bad = max(worst, ulp), bad + (ulp > BAD)
        unit = float(info.eps) * (abs(truth) + condition)
        over = max(over, float(error / unit))
    return Score(worst, bad, infinite, over)


def naive(case: Case, circuit: sb.Circuit) -> tuple[sp.Expr, list[sp.Symbol], Callable[..., Any]]:
    """The quantity as SymPy has it, and lambdify's code for it."""
    formula = elementary(circuit.output.formula)
    symbols = [n.symbol for n in circuit.leaves]
    quantity = sp.diff(formula, sp.Symbol(case.wrt, real=True)) if case.wrt else formula
    return quantity, symbols, sp.lambdify(symbols, quantity, ["scipy", "numpy"])


def module(case: Case, circuit: sb.Circuit) -> Callable[..., Any]:
    """The same quantity by the generated module."""
    made = circuit.compile()

    def compute(*points: Any) -> Any:
        inputs = made.Inputs(*points)
        value, cache = made.forward(made.Params(), inputs)
        if not case.wrt:
            return value
        ones = np.ones_like(points[0])
        return getattr(made.backward(made.Params(), inputs, cache, ones)[1], case.wrt)

    return compute


def row(case: Case) -> tuple[str, list[Score]]:
    probe = sb.circuit(f"f = {case.text}", loss=None)
    names = [n.name for n in probe.leaves]
    circuit = sb.circuit(f"{'; '.join(f'{n}: input' for n in names)}\nf = {case.text}", loss=None)
    quantity, symbols, by_lambdify = naive(case, circuit)
    by_module = module(case, circuit)
    scores = []
    for dtype in (np.float64, np.float32):
        points = list(points_of(case, names, dtype).values())
        expected = truths(quantity, symbols, points)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scores.append(score(by_lambdify(*points), expected, dtype))
        with np.errstate(all="raise", under="ignore", over="ignore"):  # values may be infinite
            scores.append(score(by_module(*points), expected, dtype))
    first, second, third, fourth = scores
    code = f"`{case.text}`"
    return f"| {case.name} | {code} | {first} | {third} | {second.told} / {fourth.told} |", scores


def main() -> int:
    print("| case | typed | lambdify, float64 | lambdify, float32 | symback, float64 / float32 |")
    print("|---|---|---|---|---|")
    wanted = sys.argv[1:]
    good = True
    for case in CASES:
        if wanted and not any(w in case.name for w in wanted):
            continue
        text, scores = row(case)
        print(text, flush=True)
        good &= scores[1].is_good and scores[3].is_good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
