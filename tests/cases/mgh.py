"""21 test functions of Moré, Garbow and Hillstrom: sums of squares with their published minima.

J. J. Moré, B. S. Garbow and K. E. Hillstrom (1981), Testing Unconstrained Optimization Software,
ACM Transactions on Mathematical Software 7(1), 17-41: residuals, starts, data and minima.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import symback as sb

BARD = "0.14 0.18 0.22 0.25 0.29 0.32 0.35 0.39 0.37 0.58 0.73 0.96 1.34 2.10 4.39".split()
BELL = "0.0009 0.0044 0.0175 0.0540 0.1295 0.2420 0.3521 0.3989".split()
MEYER = (
    "34780 28610 23650 19630 16370 13720 11540 9744 8261 7030 6005 5147 4427 3820 3307 2872"
).split()
KOWALIK = "0.1957 0.1947 0.1735 0.1600 0.0844 0.0627 0.0456 0.0342 0.0323 0.0235 0.0246".split()
OSBORNE_1 = (
    "0.844 0.908 0.932 0.936 0.925 0.908 0.881 0.850 0.818 0.784 0.751 0.718 0.685 0.658 0.628 "
    "0.603 0.580 0.558 0.538 0.522 0.506 0.490 0.478 0.467 0.457 0.448 0.438 0.431 0.424 0.420 "
    "0.414 0.411 0.406"
).split()
OSBORNE_2 = (
    "1.366 1.191 1.112 1.013 0.991 0.885 0.831 0.847 0.786 0.725 0.746 0.679 0.608 0.655 0.616 "
    "0.606 0.602 0.626 0.651 0.724 0.649 0.649 0.694 0.644 0.624 0.661 0.612 0.558 0.533 0.495 "
    "0.500 0.423 0.395 0.375 0.372 0.391 0.396 0.405 0.428 0.429 0.523 0.562 0.607 0.653 0.672 "
    "0.708 0.633 0.668 0.645 0.632 0.591 0.559 0.597 0.625 0.739 0.710 0.729 0.720 0.636 0.581 "
    "0.428 0.292 0.162 0.098 0.054"
).split()
CONCENTRATIONS = "4 2 1 0.5 0.25 0.167 0.125 0.1 0.0833 0.0714 0.0625".split()  # of Kowalik


@dataclass(frozen=True)
class Squares:
    """Residuals over x1, x2, …, a start, and the least sum of their squares that is published."""

    residuals: tuple[str, ...]
    start: tuple[float, ...]
    minimum: float

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"x{i}" for i in range(1, len(self.start) + 1))

    @property
    def circuit(self) -> sb.Circuit:
        """The sum of squares as a loss, each residual a node of its own."""
        lines = [f"{name}: param" for name in self.names]
        lines += [f"r{i} = {residual}" for i, residual in enumerate(self.residuals, 1)]
        total = " + ".join(f"r{i}**2" for i in range(1, len(self.residuals) + 1))
        return sb.circuit("\n".join([*lines, f"L: output = {total}"]), loss="L")


def _bard(i: int) -> str:
    v = 16 - i
    return f"{BARD[i - 1]} - (x1 + {i}/({v}*x2 + {min(i, v)}*x3))"


def _gulf(i: int) -> str:
    t = i / 100
    return f"exp(-abs((25 + (-50*log({t}))**(2/3)) - x2)**x3/x1) - {t}"


def _watson(i: int, n: int) -> str:
    if i == 30:
        return "x1"
    if i == 31:
        return "x2 - x1**2 - 1"
    slope = " + ".join(f"{j - 1}*x{j}*({i}/29)**{j - 2}" for j in range(2, n + 1))
    value = " + ".join(f"x{j}*({i}/29)**{j - 1}" for j in range(1, n + 1))
    return f"{slope} - ({value})**2 - 1"


def _osborne_2(i: int) -> str:
    t = f"{(i - 1) / 10:g}"
    bells = " - ".join(f"x{k}*exp(-({t} - x{k + 7})**2*x{k + 4})" for k in (2, 3, 4))
    return f"{OSBORNE_2[i - 1]} - x1*exp(-{t}*x5) - {bells}"


def _each(count: int, text: str) -> tuple[str, ...]:
    """The text for i = 1, …, count."""
    return tuple(text.format(i=i) for i in range(1, count + 1))


MGH = {
    "Rosenbrock": Squares(("10*(x2 - x1**2)", "1 - x1"), (-1.2, 1), 0),
    "Freudenstein and Roth": Squares(
        ("-13 + x1 + ((5 - x2)*x2 - 2)*x2", "-29 + x1 + ((x2 + 1)*x2 - 14)*x2"),
        (0.5, -2),
        48.9842,
    ),
    "Powell badly scaled": Squares(("1e4*x1*x2 - 1", "exp(-x1) + exp(-x2) - 1.0001"), (0, 1), 0),
    "Brown badly scaled": Squares(("x1 - 1e6", "x2 - 2e-6", "x1*x2 - 2"), (1, 1), 0),
    "Beale": Squares(
        ("1.5 - x1*(1 - x2)", "2.25 - x1*(1 - x2**2)", "2.625 - x1*(1 - x2**3)"), (1, 1), 0
    ),
    "Jennrich and Sampson": Squares(
        _each(10, "2 + 2*{i} - (exp({i}*x1) + exp({i}*x2))"), (0.3, 0.4), 124.362
    ),
    "Helical valley": Squares(
        ("10*(x3 - 10*atan2(x2, x1)/(2*pi))", "10*(sqrt(x1**2 + x2**2) - 1)", "x3"), (-1, 0, 0), 0
    ),
    "Bard": Squares(tuple(map(_bard, range(1, 16))), (1, 1, 1), 8.21487e-3),
    "Gaussian": Squares(
        tuple(
            f"x1*exp(-x2*({(8 - i) / 2} - x3)**2/2) - {BELL[min(i, 16 - i) - 1]}"
            for i in range(1, 16)
        ),
        (0.4, 1, 0),
        1.12793e-8,
    ),
    "Meyer": Squares(
        tuple(f"x1*exp(x2/({45 + 5 * i} + x3)) - {y}" for i, y in enumerate(MEYER, 1)),
        (0.02, 4000, 250),
        87.9458,
    ),
    "Gulf research": Squares(tuple(map(_gulf, range(1, 11))), (5, 2.5, 0.15), 0),
    "Box three-dimensional": Squares(
        _each(10, "exp(-{i}/10*x1) - exp(-{i}/10*x2) - x3*(exp(-{i}/10) - exp(-{i}))"),
        (0, 10, 20),
        0,
    ),
    "Powell singular": Squares(
        ("x1 + 10*x2", "sqrt(5)*(x3 - x4)", "(x2 - 2*x3)**2", "sqrt(10)*(x1 - x4)**2"),
        (3, -1, 0, 1),
        0,
    ),
    "Wood": Squares(
        (
            "10*(x2 - x1**2)",
            "1 - x1",
            "sqrt(90)*(x4 - x3**2)",
            "1 - x3",
            "sqrt(10)*(x2 + x4 - 2)",
            "(x2 - x4)/sqrt(10)",
        ),
        (-3, -1, -3, -1),
        0,
    ),
    "Kowalik and Osborne": Squares(
        tuple(
            f"{y} - x1*({u}**2 + {u}*x2)/({u}**2 + {u}*x3 + x4)"
            for y, u in zip(KOWALIK, CONCENTRATIONS, strict=True)
        ),
        (0.25, 0.39, 0.415, 0.39),
        3.07505e-4,
    ),
    "Brown and Dennis": Squares(
        _each(20, "(x1 + {i}/5*x2 - exp({i}/5))**2 + (x3 + x4*sin({i}/5) - cos({i}/5))**2"),
        (25, 5, -5, -1),
        85822.2,
    ),
    "Osborne 1": Squares(
        tuple(
            f"{y} - (x1 + x2*exp(-{10 * i}*x4) + x3*exp(-{10 * i}*x5))"
            for i, y in enumerate(OSBORNE_1)
        ),
        (0.5, 1.5, -1, 0.01, 0.02),
        5.46489e-5,
    ),
    "Biggs EXP6": Squares(
        _each(
            13,
            "x3*exp(-{i}/10*x1) - x4*exp(-{i}/10*x2) + x6*exp(-{i}/10*x5)"
            " - (exp(-{i}/10) - 5*exp(-{i}) + 3*exp(-4*{i}/10))",
        ),
        (1, 2, 1, 1, 1, 1),
        5.65565e-3,
    ),
    "Osborne 2": Squares(
        tuple(map(_osborne_2, range(1, 66))),
        (1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5),
        4.01377e-2,
    ),
    "Watson": Squares(tuple(_watson(i, 6) for i in range(1, 32)), (0,) * 6, 2.28767e-3),
    "Extended Rosenbrock": Squares(
        tuple(
            text
            for a, b in list(pairwise(range(1, 11)))[::2]
            for text in (f"10*(x{b} - x{a}**2)", f"1 - x{a}")
        ),
        (-1.2, 1) * 5,
        0,
    ),
}
"""By name; of minima that are also local, the one that the start leads to."""
