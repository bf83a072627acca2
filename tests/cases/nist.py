"""The 27 nonlinear regression problems of NIST's Statistical Reference Datasets.

Data, starting values and certified values are the National Institute of Standards and Technology's,
in the public domain (https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml); they were taken from
the folder NIST_STRD of lmfit 1.3.4.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np

import symback as sb

MOST_DIGITS = 11  # that are certified


@dataclass(frozen=True)
class Problem:
    """A model y = f(x) + e with two starts and the certified parameters."""

    name: str
    level: str
    model: str
    starts: tuple[tuple[float, ...], ...]
    certified: tuple[float, ...]
    standard_errors: tuple[float, ...]
    residual_sum_of_squares: float
    columns: dict[str, np.ndarray]

    @property
    def circuit(self) -> sb.Circuit:
        params = "; ".join(f"b{i}: param" for i in range(1, len(self.certified) + 1))
        inputs = "; ".join(f"{name}: input" for name in self.columns if name != "y")
        return sb.circuit(f"{params}\n{inputs}\nf = {self.model}")

    def start(self, number: int) -> dict[str, float]:
        """The first or second start (0 or 1) by name."""
        return {f"b{i}": value for i, value in enumerate(self.starts[number], 1)}

    def digits(self, params: object) -> float:
        """Digits of the worst parameter that agree with the certified one."""
        return _digits(params, self.certified)

    def digits_of_errors(self, errors: object) -> float:
        """Digits of the worst standard error that agree with the certified one."""
        return _digits(errors, self.standard_errors)


def _digits(found: object, certified: tuple[float, ...]) -> float:
    right = np.array(certified)
    errors = np.abs(np.array(found, float) - right) / np.abs(right)
    with np.errstate(divide="ignore"):
        return float(np.clip(-np.log10(errors.max()), 0, MOST_DIGITS))


@cache
def problems() -> dict[str, Problem]:
    rows = json.loads(Path(__file__).with_name("nist_strd.json").read_text(encoding="utf-8"))
    found = {}
    for name, row in rows.items():
        columns = {key: np.array(column) for key, column in row["columns"].items()}
        if name == "Nelson":  # its model is of log(y)
            columns["y"] = np.log(columns["y"])
        starts = tuple(map(tuple, row["starts"]))
        certified = tuple(row["certified"])
        found[name] = Problem(
            name,
            row["level"],
            row["model"],
            starts,
            certified,
            tuple(row["standard_errors"]),
            row["rss"],
            columns,
        )
    return found


@cache
def compiled(name: str) -> ModuleType:
    return problems()[name].circuit.compile()
