"""Certified digits of methods over all rows on NIST's nonlinear regression, beside SciPy's fits.

`python -m benchmarks.nist` prints the table of docs/training.md. All fits take loss and gradient,
or residuals and Jacobian, from the same module, and begin at the same starting values.
"""

from __future__ import annotations

import warnings

import numpy as np
from scipy.optimize import least_squares, minimize

from symback.training.loop import train
from symback.training.settings import FULL_BATCH, NEEDED, Settings
from tests.cases.nist import Problem, compiled, problems

EXACT = {"ftol": 0.0, "gtol": 0.0, "maxiter": 15_000, "maxfun": 1_000_000}
COLUMNS = [
    "problem",
    "level",
    *(column for method in FULL_BATCH for column in (method, "its iterations")),
    "L-BFGS-B, ftol = gtol = 0",
    "L-BFGS-B, defaults",
    "least_squares",
]


def by_symback(problem: Problem, start: tuple[float, ...], method: str) -> tuple[float, int]:
    module = problem.circuit.compile(functions=NEEDED.get(method, ()))
    settings = Settings(optimiser=method, validation=0)
    result = train(module, problem.columns, settings, initial=module.Params(*start))
    return problem.digits(result.params), result.history[-1].step


def by_scipy(problem: Problem, start: tuple[float, ...], options: dict[str, float]) -> float:
    module, inputs = compiled(problem.name), compiled(problem.name).Inputs(**problem.columns)

    def value_and_grad(theta: np.ndarray) -> tuple[float, np.ndarray]:
        loss, gradient = module.value_and_grad(module.Params(*theta), inputs)
        return float(loss), np.array(gradient, float)

    found = minimize(value_and_grad, start, jac=True, method="L-BFGS-B", options=options)
    return problem.digits(found.x)


def by_least_squares(problem: Problem, start: tuple[float, ...]) -> float:
    """Levenberg and Marquardt's method by MINPACK, to all digits."""
    module, columns = compiled(problem.name), problem.columns
    names = [name for name in columns if name != "y"]
    inputs = module.Inputs(*(columns[name] for name in names))
    rows = [
        module.Inputs(*(columns[n][i : i + 1] for n in names)) for i in range(len(columns["y"]))
    ]

    def residuals(theta: np.ndarray) -> np.ndarray:
        return module.forward(module.Params(*theta), inputs)[0] - columns["y"]

    def jacobian(theta: np.ndarray) -> np.ndarray:
        params = module.Params(*theta)
        return np.array(
            [module.backward(params, row, module.forward(params, row)[1])[0] for row in rows]
        )

    tolerances = {"ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15}
    found = least_squares(
        residuals, start, jacobian, method="lm", x_scale="jac", max_nfev=2000, **tolerances
    )
    return problem.digits(found.x)


def row(problem: Problem) -> str:
    """Both starts of a problem, as a row of the table."""
    found: list[list[str]] = [[] for _ in COLUMNS[2:]]
    for start in problem.starts:
        ours = (by_symback(problem, start, method) for method in FULL_BATCH)
        numbers = (
            *(cell for digits, count in ours for cell in (f"{digits:.1f}", f"{count}")),
            *(f"{by_scipy(problem, start, options):.1f}" for options in (EXACT, {})),
            f"{by_least_squares(problem, start):.1f}",
        )
        for column, number in zip(found, numbers, strict=True):
            column.append(number)
    cells = (problem.name, problem.level, *(", ".join(column) for column in found))
    return f"| {' | '.join(cells)} |"


def main() -> None:
    print(f"| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}")
    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
        for problem in problems().values():
            print(row(problem), flush=True)


if __name__ == "__main__":
    main()
