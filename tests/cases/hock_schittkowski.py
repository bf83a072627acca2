"""Problems of Hock and Schittkowski with equality constraints: several outputs and their minima.

W. Hock and K. Schittkowski (1981), Test Examples for Nonlinear Programming Codes, Lecture Notes in
Economics and Mathematical Systems 187: objectives, constraints, starts and minima.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import symback as sb


@dataclass(frozen=True)
class Problem:
    """What is made small over x1, x2, …, what is 0 meanwhile, a start and the published minimum."""

    objective: str
    constraints: tuple[str, ...]
    start: tuple[float, ...]
    minimum: float

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"x{i}" for i in range(1, len(self.start) + 1))

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the objective and of the constraints."""
        return "f", *(f"c{i}" for i in range(1, len(self.constraints) + 1))

    @property
    def circuit(self) -> sb.Circuit:
        """The objective and the constraints, each an output."""
        lines = [f"{name}: param" for name in self.names]
        formulas = zip(self.outputs, (self.objective, *self.constraints), strict=True)
        lines += [f"{name}: output = {formula}" for name, formula in formulas]
        return sb.circuit("\n".join([*lines, "loss: none"]))


FIVE = "(x1 - 1)**2 + (x2 - x3)**2 + (x4 - x5)**2"
HOCK_SCHITTKOWSKI = {
    6: Problem("(1 - x1)**2", ("10*(x2 - x1**2)",), (-1.2, 1.0), 0.0),
    7: Problem("log(1 + x1**2) - x2", ("(1 + x1**2)**2 + x2**2 - 4",), (2.0, 2.0), -sqrt(3)),
    26: Problem(
        "(x1 - x2)**2 + (x2 - x3)**4",
        ("(1 + x2**2)*x1 + x3**4 - 3",),
        (-2.6, 2.0, 2.0),
        0.0,
    ),
    27: Problem("0.01*(x1 - 1)**2 + (x2 - x1**2)**2", ("x1 + x3**2 + 1",), (2.0, 2.0, 2.0), 0.04),
    28: Problem("(x1 + x2)**2 + (x2 + x3)**2", ("x1 + 2*x2 + 3*x3 - 1",), (-4.0, 1.0, 1.0), 0.0),
    39: Problem("-x1", ("x2 - x1**3 - x3**2", "x1**2 - x2 - x4**2"), (2.0, 2.0, 2.0, 2.0), -1.0),
    40: Problem(
        "-x1*x2*x3*x4",
        ("x1**3 + x2**2 - 1", "x1**2*x4 - x3", "x4**2 - x2"),
        (0.8, 0.8, 0.8, 0.8),
        -0.25,
    ),
    42: Problem(
        "(x1 - 1)**2 + (x2 - 2)**2 + (x3 - 3)**2 + (x4 - 4)**2",
        ("x1 - 2", "x3**2 + x4**2 - 2"),
        (1.0, 1.0, 1.0, 1.0),
        28 - 10 * sqrt(2),
    ),
    48: Problem(
        FIVE,
        ("x1 + x2 + x3 + x4 + x5 - 5", "x3 - 2*(x4 + x5) + 3"),
        (3.0, 5.0, -3.0, 2.0, -2.0),
        0.0,
    ),
    52: Problem(
        "(4*x1 - x2)**2 + (x2 + x3 - 2)**2 + (x4 - 1)**2 + (x5 - 1)**2",
        ("x1 + 3*x2", "x3 + x4 - 2*x5", "x2 - x5"),
        (2.0, 2.0, 2.0, 2.0, 2.0),
        1859 / 349,
    ),
    61: Problem(
        "4*x1**2 + 2*x2**2 + 2*x3**2 - 33*x1 + 16*x2 - 24*x3",
        ("3*x1 - 2*x2**2 - 7", "4*x1 - x3**2 - 11"),
        (5.0, -2.0, 3.0),
        -143.6461422,
    ),
    77: Problem(
        "(x1 - 1)**2 + (x1 - x2)**2 + (x3 - 1)**2 + (x4 - 1)**4 + (x5 - 1)**6",
        ("x1**2*x4 + sin(x4 - x5) - 2*sqrt(2)", "x2 + x3**4*x4**2 - 8 - sqrt(2)"),
        (2.0, 2.0, 2.0, 2.0, 2.0),
        0.24150513,
    ),
    78: Problem(
        "x1*x2*x3*x4*x5",
        (
            "x1**2 + x2**2 + x3**2 + x4**2 + x5**2 - 10",
            "x2*x3 - 5*x4*x5",
            "x1**3 + x2**3 + 1",
        ),
        (-2.0, 1.5, 2.0, -1.0, -1.0),
        -2.91970041,
    ),
    79: Problem(
        "(x1 - 1)**2 + (x1 - x2)**2 + (x2 - x3)**2 + (x3 - x4)**4 + (x4 - x5)**4",
        (
            "x1 + x2**2 + x3**3 - 2 - 3*sqrt(2)",
            "x2 - x3**2 + x4 + 2 - 2*sqrt(2)",
            "x1*x5 - 2",
        ),
        (2.0, 2.0, 2.0, 2.0, 2.0),
        0.0787768209,
    ),
}

__all__ = ["HOCK_SCHITTKOWSKI", "Problem"]
