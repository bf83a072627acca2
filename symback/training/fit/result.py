"""The result of a fit: estimates with standard errors, as numbers, a table and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symback.training.fit.solvers import Minimum
from symback.training.results.by_value import ByValue
from symback.training.sources.dtypes import FloatArray

MOST_SHOWN = 20  # parameters in the matrix of correlations
_HEAD = ("parameter", "estimate", "std. error")


@dataclass(frozen=True, eq=False)
class Fit(ByValue):
    """Estimates of parameters with standard errors, intervals and correlations.

    `values`, `errors`, `lower` and `upper` map the name of each entry of the free parameters to a
    number; the standard error and the interval of an entry that is on a bound are nan, and so are
    all where there are as many residuals as parameters. `params` are all parameters as the module's
    Params, `covariance` and `correlation` matrices in the order of
    `values`. `p_values` are those of the ratios estimate/error, by Student's distribution, or for a
    likelihood by the normal one (Wald's test). `log_likelihood` is −Σ losses, and for least squares
    that of normal errors with the variance Σr²/n; `aic` and `bic` count that variance as a
    parameter. `residuals`, times √w where there are weights, and `fitted` are those of least
    squares, None for a likelihood. `notes` are sentences about the result; where the fit has not
    converged, the first one says why.
    """

    params: Any
    values: Mapping[str, float]
    errors: Mapping[str, float]
    lower: Mapping[str, float]
    upper: Mapping[str, float]
    p_values: Mapping[str, float]
    fixed: Mapping[str, float]
    on_bounds: tuple[str, ...]
    covariance: FloatArray = field(repr=False)
    correlation: FloatArray = field(repr=False)
    level: float  # of the intervals
    rows: int
    residuals: FloatArray | None = field(repr=False)
    fitted: FloatArray | None = field(repr=False)
    loss: float  # the sum of squared residuals, or of the losses
    log_likelihood: float
    r2: float | None
    minimum: Minimum = field(repr=False)
    notes: tuple[str, ...] = ()

    @property
    def converged(self) -> bool:
        """Whether the search ended in a minimum; else the numbers are those of its last point."""
        return self.minimum.converged

    @property
    def degrees_of_freedom(self) -> int | None:
        """Residuals minus parameters off their bounds; None for a likelihood."""
        if self.residuals is None:
            return None
        return self.residuals.size - len(self.values) + len(self.on_bounds)

    @property
    def residual_error(self) -> float | None:
        """The residual standard deviation √(Σr²/(n − p)); None where there is none."""
        freedom = self.degrees_of_freedom
        return float(np.sqrt(self.loss / freedom)) if freedom else None

    @property
    def _counted(self) -> int:
        """The parameters that AIC and BIC count: those off their bounds, and the variance."""
        return len(self.values) - len(self.on_bounds) + (self.residuals is not None)

    @property
    def aic(self) -> float:
        """Akaike's criterion, 2k − 2·log L."""
        return 2 * self._counted - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        """Schwarz's criterion, k·log n − 2·log L."""
        n = self.rows if self.residuals is None else self.residuals.size
        return self._counted * float(np.log(n)) - 2 * self.log_likelihood

    def summary(self) -> dict[str, Any]:
        """What the fit found, as JSON can hold it: None for what is not a number."""
        found = {
            "parameters": {
                name: {
                    "estimate": value,
                    "standard_error": _known(self.errors[name]),
                    "lower": _known(self.lower[name]),
                    "upper": _known(self.upper[name]),
                    "p_value": _known(self.p_values[name]),
                }
                for name, value in self.values.items()
            },
            "fixed": dict(self.fixed),
            "on_bounds": list(self.on_bounds),
            "level": self.level,
            "correlation": [[_known(entry) for entry in row] for row in self.correlation.tolist()],
            "rows": self.rows,
            "method": self.minimum.method,
            "evaluations": self.minimum.evaluations,
            "converged": self.converged,
            "log_likelihood": _known(self.log_likelihood),
            "aic": _known(self.aic),
            "bic": _known(self.bic),
            "notes": list(self.notes),
        }
        if self.residuals is None:
            return {**found, "sum_of_losses": self.loss}
        return {
            **found,
            "sum_of_squares": self.loss,
            "degrees_of_freedom": self.degrees_of_freedom,
            "residual_standard_deviation": self.residual_error,
            "r2": self.r2,
        }

    def to_json(self) -> str:
        return json.dumps(self.summary(), indent=2, allow_nan=False, ensure_ascii=False)

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _repr_markdown_(self) -> str:
        return f"```text\n{self}\n```"

    def _lines(self) -> Iterator[str]:
        count = len(self.values)
        what = "maximum likelihood" if self.residuals is None else "least squares"
        rows = f"{self.rows} row{'s' * (self.rows != 1)}"
        yield f"{what}: {rows}, {count} parameter{'s' * (count != 1)}"
        if not self.converged:
            yield self.notes[0]
        yield ""
        yield from _aligned(self._table())
        yield from (f"{name} = {value:.10g} (fixed)" for name, value in self.fixed.items())
        yield ""
        if self.residuals is not None:
            freedom, error = self.degrees_of_freedom, self.residual_error
            deviation = "" if error is None else f"residual standard deviation {error:.8g}, "
            yield f"{deviation}{freedom} degree{'s' * (freedom != 1)} of freedom"
            yield f"sum of squares {self.loss:.8g}" + (
                "" if self.r2 is None else f", R² {self.r2:.6g}"
            )
        if np.isfinite(self.log_likelihood):
            criteria = f"AIC {self.aic:.6g}, BIC {self.bic:.6g}"
            yield f"log-likelihood {self.log_likelihood:.8g}, {criteria}"
        verb = "converged" if self.converged else "not converged"
        calls = self.minimum.evaluations
        yield f"{verb}: {self.minimum.method}, {calls} evaluation{'s' * (calls != 1)}"
        yield from self.notes if self.converged else self.notes[1:]
        if 1 < count <= MOST_SHOWN:
            yield ""
            yield "correlation"
            yield from _aligned(self._triangle())

    def _table(self) -> list[list[str]]:
        interval = f"{100 * self.level:g} % interval"
        ratio = "z" if self.residuals is None else "t"
        rows = [[*_HEAD, interval, ratio, f"P > |{ratio}|"]]
        for name, value in self.values.items():
            error = self.errors[name]
            known = np.isfinite(error)
            between = f"{self.lower[name]:.6g} … {self.upper[name]:.6g}"
            ratio = f"{value / error:.4g}" if known and error else "–"
            rows.append(
                [
                    name,
                    f"{value:.10g}",
                    "on a bound" if name in self.on_bounds else f"{error:.6g}" if known else "–",
                    between if known else "–",
                    ratio,
                    f"{self.p_values[name]:.2g}" if known and error else "–",
                ]
            )
        return rows

    def _triangle(self) -> list[list[str]]:
        names = list(self.values)
        rows = [["", *names[:-1]]]
        for i, name in enumerate(names[1:], 1):
            entries = (self.correlation[i, j] for j in range(i))
            rows.append([name, *("–" if np.isnan(r) else f"{r:.4f}" for r in entries)])
        return rows


def _known(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None


def _aligned(rows: list[list[str]]) -> Iterator[str]:
    """Rows of cells in columns: the first one to the left, the others to the right."""
    count = max(map(len, rows))
    full = [[*row, *[""] * (count - len(row))] for row in rows]
    widths = [max(len(row[i]) for row in full) for i in range(count)]
    for row in full:
        first, *others = (
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "   ".join([first, *others]).rstrip()


__all__ = ["Fit"]
