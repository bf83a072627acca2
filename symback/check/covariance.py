"""The comparison of s²·(JᵀJ)⁻¹, where a module has it, with exact linear algebra on SymPy's J.

J and the residuals are SymPy's, in balls; JᵀJ is inverted in numbers of 1300 bits. What rounding
may do to J, r and the steps of the QR moves the result by its derivative.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from flint import arb, arb_mat

from symback.check.derivatives import Compare, as_expected
from symback.check.per_sample import EntryPartials
from symback.circuits.squares import squared_targets
from symback.operations.balls.scalars import nearest_float, precision
from symback.truth.oracle import BITS, Oracle
from symback.truth.points import Point, PointBatch
from symback.truth.reference import Truth
from symback.truth.rounding import UNIT

MOST_BATCHES = 3
MORE_ROWS = 3  # than parameters
MOST_CONDITION = 1e6  # of J with columns of length 1: beyond, few digits are left to compare
STEPS = 16  # units in the last place that QR and triangles may cost, for each entry of J


@dataclass(frozen=True, slots=True)
class _Fit:
    """J and r with what rounding may do to each, as the rows of a batch."""

    batch: PointBatch
    rows: Sequence[Sequence[arb]]
    residuals: Sequence[arb]
    off: Any  # of rows
    off_residuals: Any

    @property
    def at(self) -> str:
        points = len(self.batch.points)
        return f"{points} samples at {self.batch.describe(self.batch.points[0])}, …"


class CovarianceCheck:
    """Compares the covariance of all parameters, entry by entry."""

    def __init__(self, oracle: Oracle, module: ModuleType, compare: Compare) -> None:
        self._oracle, self._module, self._compare = oracle, module, compare
        self._params = [p.name for p in oracle.circuit.params]
        self._partials = EntryPartials(oracle)
        self._entries = self._partials.entries([oracle.typed.output.name])
        self._reference = self._partials.reference(self._entries)
        targets = squared_targets(oracle.typed)
        assert targets, "a covariance is of a squared loss"
        entries = oracle.layout.entries
        self._targets = [
            name for y in targets for name in (entries[y.name].flat if entries else [y.name])
        ]

    def run(self, batches: Sequence[PointBatch]) -> str:
        """Compare at some points; a remark where none was found that determines the parameters."""
        compared = 0
        for batch in batches:
            if compared < MOST_BATCHES and (fit := self._fit(batch, batches)) is not None:
                compared += self._check(fit)
        if not compared:
            return "no points were found at which J has full rank and its covariance digits"
        return ""

    def _fit(self, batch: PointBatch, batches: Sequence[PointBatch]) -> _Fit | None:
        """The parameters of a batch and samples of all, as many as leave some freedom."""
        least = len(self._params) + MORE_ROWS
        points: list[Point] = []
        found: list[tuple[list[arb], arb, list[float], float]] = []
        for point in (p for other in (batch, *batches) for p in other.points):
            sample = [] if batch.at_edge else list(self._sample(batch, point))
            points += [point] if sample else []
            found += sample
            if len(found) >= least:
                break
        if len(found) < least:
            return None
        return _Fit(
            batch.with_points(points),
            [row for row, _, _, _ in found],
            [residual for _, residual, _, _ in found],
            np.array([off for _, _, off, _ in found]),
            np.array([off for _, _, _, off in found]),
        )

    def _sample(
        self, batch: PointBatch, point: Point
    ) -> Iterator[tuple[list[arb], arb, list[float], float]]:
        """The rows of J of one sample, its residuals, and what rounding allows of both."""
        merged = batch.merged(point)
        truths = self._reference.all_at(merged)
        for entry, target, truth in zip(self._entries, self._targets, truths or (), strict=False):
            allowed = self._partials.allowed(entry.made, merged)
            of_value = self._partials.allowed_value(entry.made, merged)
            if of_value is None or any(n not in allowed for n in self._params):
                return
            yield self._row(truth, merged[target], allowed, of_value)

    def _row(
        self, truth: Truth, target: float, allowed: dict[str, arb], of_value: arb
    ) -> tuple[list[arb], arb, list[float], float]:
        with precision(BITS):
            row = [truth.partials.get(n, arb(0)) for n in self._params]
            off = [2 * allowed[n] + UNIT * abs(e) for n, e in zip(self._params, row, strict=True)]
            residual = truth.value - arb(target)
            off_residual = of_value + 2 * UNIT * (abs(truth.value) + abs(arb(target)))
            return row, residual, [nearest_float(o) for o in off], nearest_float(off_residual)

    def _check(self, fit: _Fit) -> bool:
        """Whether the covariance was compared: not where J is nearly without full rank."""
        n, p = len(fit.rows), len(self._params)
        rows = np.array([[nearest_float(e) for e in row] for row in fit.rows])
        lengths = np.linalg.norm(rows, axis=0)
        if not np.isfinite(rows).all() or not (lengths > 0).all():
            return False
        if not np.linalg.cond(rows / lengths) < MOST_CONDITION:
            return False
        with precision(BITS):
            matrix = arb_mat([[arb(e.mid()) for e in row] for row in fit.rows])
            inverse = (matrix.transpose() * matrix).inv()
            square = sum((arb(r.mid()) ** 2 for r in fit.residuals), arb(0)) / (n - p)
            truth = [[inverse[i, j] * square for j in range(p)] for i in range(p)]
        allowed = self._allowed(fit, rows, lengths)
        module, batch = self._module, fit.batch
        vector = module.ravel(batch.params(module))
        found = module.covariance(vector, batch.batch(module), **self._oracle.layout.sizes)
        for i, one in enumerate(self._params):
            for j, other in enumerate(self._params):
                expected = as_expected(arb(truth[i][j].mid()), arb(float(allowed[i, j])))
                at = f"covariance of {one} and {other}, {fit.at}"
                entry = f"covariance of {one} and {other}"
                self._compare("covariance", found[i, j], expected, at, entry=entry)
        return True

    def _allowed(self, fit: _Fit, rows: Any, lengths: Any) -> Any:
        """What changes of J, r and the steps may do: |δC| ≤ |J⁺||δJ||C| and its transpose."""
        n, p = rows.shape
        scaled = rows / lengths
        inverse = np.linalg.inv(scaled.T @ scaled)
        off = fit.off / lengths + STEPS * n * p * float(UNIT)  # of each scaled entry
        moved = np.abs(inverse @ scaled.T) @ off @ np.abs(inverse)
        root = np.sqrt(np.diag(inverse))
        steps = STEPS * p * float(UNIT) * np.linalg.cond(scaled)
        moved = moved + moved.T + steps * np.outer(root, root)
        residuals = np.array([nearest_float(r) for r in fit.residuals])
        square = residuals @ residuals / (n - p)
        off_square = 2 * np.abs(residuals) @ fit.off_residuals / (n - p) + n * float(UNIT) * square
        change = 2 * moved * square + np.abs(inverse) * off_square  # twice: of higher order as well
        return change / np.outer(lengths, lengths)


__all__ = ["CovarianceCheck"]
