"""The functions of Moré, Garbow and Hillstrom of any size: residuals as arrays, and one by one.

The text is what a user writes over `x: param[6]`; the formulas are those of the paper, one by
one, in SymPy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import sympy as sp
from sympy import Rational as R

N = 6
H = R(1, N + 1)
T = [i * H for i in range(1, N + 1)]
SMALL = sp.sqrt(R(1, 10**5))


class Residuals(NamedTuple):
    text: str
    formulas: Callable[[Sequence[Any]], list[Any]]
    start: Sequence[float]


def _numbers(values: Sequence[Any]) -> str:
    return "[" + ", ".join(map(str, values)) + "]"


def _penalty_2(x: Sequence[Any]) -> list[Any]:
    rise = [sp.exp(v / 10) for v in x]
    pairs = range(1, N)
    first = [rise[i] + rise[i - 1] - sp.exp(R(i + 1, 10)) - sp.exp(R(i, 10)) for i in pairs]
    second = [rise[i] - sp.exp(-R(1, 10)) for i in pairs]
    last = sum((N - j) * v**2 for j, v in enumerate(x)) - 1
    return [x[0] - R(1, 5), *(SMALL * r for r in (*first, *second)), last]


def _variably_dimensioned(x: Sequence[Any]) -> list[Any]:
    total = sum((j + 1) * (v - 1) for j, v in enumerate(x))
    return [*(v - 1 for v in x), total, total**2]


def _integral_equation(x: Sequence[Any]) -> list[Any]:
    c = [(v + t + 1) ** 3 for v, t in zip(x, T, strict=True)]
    return [
        x[i]
        + H / 2 * ((1 - T[i]) * sum(T[j] * c[j] for j in range(i + 1)))
        + H / 2 * (T[i] * sum((1 - T[j]) * c[j] for j in range(i + 1, N)))
        for i in range(N)
    ]


def _banded(x: Sequence[Any]) -> list[Any]:
    near = [[j for j in range(max(0, i - 5), min(N, i + 2)) if j != i] for i in range(N)]
    return [
        x[i] * (2 + 5 * x[i] ** 2) + 1 - sum(x[j] * (1 + x[j]) for j in near[i]) for i in range(N)
    ]


def _chebyquad(x: Sequence[Any]) -> list[Any]:
    means = [sum(sp.chebyshevt(i, 2 * v - 1) for v in x) / N for i in range(1, N + 1)]
    return [m + (R(1, i * i - 1) if i % 2 == 0 else 0) for i, m in enumerate(means, 1)]


def _between(x: Sequence[Any]) -> list[tuple[Any, Any, Any]]:
    """Each with its neighbours, 0 at the ends."""
    return list(zip((0, *x[:-1]), x, (*x[1:], 0), strict=True))


WEIGHTS = _numbers(range(1, N + 1))
ROWS = _numbers(range(1, 10))
LEVELS = _numbers([f"exp({i + 1}/10) + exp({i}/10)" for i in range(1, N)])
CHEBYQUAD = _numbers(
    [f"mean(t[{i}])" + (f" + 1/{i * i - 1}" if i % 2 == 0 else "") for i in range(1, N + 1)]
)
MGH_ARRAYS = {
    "Extended Powell": Residuals(
        "a = x[0:4:4]; b = x[1:4:4]; c = x[2:4:4]; d = x[3:4:4]\n"
        "r: output = concat(a + 10*b, sqrt(5)*(c - d), (b - 2*c)**2, sqrt(10)*(a - d)**2, x[4:])",
        lambda x: [
            x[0] + 10 * x[1],
            sp.sqrt(5) * (x[2] - x[3]),
            (x[1] - 2 * x[2]) ** 2,
            sp.sqrt(10) * (x[0] - x[3]) ** 2,
            *x[4:],
        ],
        (3, -1, 0, 1, 3, -1),
    ),
    "Penalty I": Residuals(
        "r: output = concat(sqrt(1e-5)*(x - 1), [dot(x, x) - 0.25])",
        lambda x: [*(SMALL * (v - 1) for v in x), sum(v**2 for v in x) - R(1, 4)],
        range(1, N + 1),
    ),
    "Penalty II": Residuals(
        f"e = exp(x/10); a = sqrt(1e-5)*(e[1:] + e[:-1] - {LEVELS})\n"
        "b = sqrt(1e-5)*(e[1:] - exp(-1/10))\n"
        f"r: output = concat([x[0] - 0.2], a, b, [sum({_numbers(range(N, 0, -1))}*x**2) - 1])",
        _penalty_2,
        [0.5] * N,
    ),
    "Variably dimensioned": Residuals(
        f"s = sum({WEIGHTS}*(x - 1))\nr: output = concat(x - 1, [s], [s**2])",
        _variably_dimensioned,
        [1 - i / N for i in range(1, N + 1)],
    ),
    "Trigonometric": Residuals(
        f"r: output = {N} - sum(cos(x)) + {WEIGHTS}*(1 - cos(x)) - sin(x)",
        lambda x: [
            N - sum(map(sp.cos, x)) + (i + 1) * (1 - sp.cos(v)) - sp.sin(v) for i, v in enumerate(x)
        ],
        [1 / N] * N,
    ),
    "Brown almost-linear": Residuals(
        f"r: output = concat(x[:-1] + sum(x) - {N + 1}, [prod(x) - 1])",
        lambda x: [*(v + sum(x) - (N + 1) for v in x[:-1]), sp.prod(x) - 1],
        [0.5] * N,
    ),
    "Discrete boundary value": Residuals(
        f"t = {WEIGHTS}/{N + 1}\nr: output = "
        f"2*x - concat([0], x[:-1]) - concat(x[1:], [0]) + (x + t + 1)**3/{2 * (N + 1) ** 2}",
        lambda x: [
            2 * v - a - b + H**2 * (v + t + 1) ** 3 / 2
            for (a, v, b), t in zip(_between(x), T, strict=True)
        ],
        [float(t * (t - 1)) for t in T],
    ),
    "Discrete integral equation": Residuals(
        f"t = {WEIGHTS}/{N + 1}; c = (x + t + 1)**3; below = cumsum(t*c)\n"
        "above = sum((1 - t)*c) - cumsum((1 - t)*c)\n"
        f"r: output = x + ((1 - t)*below + t*above)/{2 * (N + 1)}",
        _integral_equation,
        [float(t * (t - 1)) for t in T],
    ),
    "Broyden tridiagonal": Residuals(
        "r: output = (3 - 2*x)*x - concat([0], x[:-1]) - 2*concat(x[1:], [0]) + 1",
        lambda x: [(3 - 2 * v) * v - a - 2 * b + 1 for a, v, b in _between(x)],
        [-1] * N,
    ),
    "Broyden banded": Residuals(
        "g = x*(1 + x); p = concat(zeros(5), g)\n"
        f"near = {' + '.join(f'p[{k}:{N + k}]' for k in range(5))} + concat(g[1:], [0])\n"
        "r: output = x*(2 + 5*x**2) + 1 - near",
        _banded,
        [-1] * N,
    ),
    "Linear, full rank": Residuals(
        "s = 2/9*sum(x)\nr: output = concat(x - s - 1, -s*ones(3) - 1)",
        lambda x: [*(v - R(2, 9) * sum(x) - 1 for v in x), *[-R(2, 9) * sum(x) - 1] * 3],
        [1] * N,
    ),
    "Linear, rank 1": Residuals(
        f"r: output = {ROWS}*sum({WEIGHTS}*x) - 1",
        lambda x: [i * sum((j + 1) * v for j, v in enumerate(x)) - 1 for i in range(1, 10)],
        [1] * N,
    ),
    "Linear, rank 1 with zeros": Residuals(
        f"k = {_numbers(range(2, N))}; i = {_numbers(range(1, 8))}\n"
        "r: output = concat([-1], i*sum(k*x[1:-1]) - 1, [-1])",
        lambda x: [
            sp.S(-1),
            *(i * sum((j + 1) * x[j] for j in range(1, N - 1)) - 1 for i in range(1, 8)),
            sp.S(-1),
        ],
        [1] * N,
    ),
    "Chebyquad": Residuals(
        f"u = 2*x - 1; t[0] = ones({N}); t[1] = u\n"
        f"for i in range(2, {N + 1}):\n    t[i] = 2*u*t[i - 1] - t[i - 2]\n"
        f"r: output = {CHEBYQUAD}",
        _chebyquad,
        [i / (N + 1) for i in range(1, N + 1)],
    ),
}

__all__ = ["MGH_ARRAYS", "N", "Residuals"]
