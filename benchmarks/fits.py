"""Certified digits of `symback fit` on NIST's nonlinear regression problems.

`python -m benchmarks.fits` prints the table of docs/fits.md.
"""

from __future__ import annotations

import symback as sb
from tests.cases.nist import Problem, problems

HEAD = (
    "| problem | level | parameters | standard errors | evaluations |\n"
    "| --- | --- | --- | --- | --- |"
)


def row(problem: Problem) -> str:
    """Both starts of a problem, as a row of the table."""
    found = [
        sb.fit(problem.circuit, problem.columns, initial=problem.start(number))
        for number in range(len(problem.starts))
    ]
    values = ", ".join(f"{problem.digits(list(f.values.values())):.1f}" for f in found)
    errors = ", ".join(f"{problem.digits_of_errors(list(f.errors.values())):.1f}" for f in found)
    evaluations = ", ".join(str(f.minimum.evaluations) for f in found)
    return f"| {problem.name} | {problem.level} | {values} | {errors} | {evaluations} |"


def main() -> None:
    print(HEAD)
    for problem in problems().values():
        print(row(problem), flush=True)


if __name__ == "__main__":
    main()
