"""Scores of outputs: accuracy where they choose a class, R² where they predict numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from types import ModuleType
from typing import Any

import numpy as np

from symback.training.feed.constants import targets_of
from symback.training.sources.dtypes import FloatArray

THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class Scores:
    """Sums over rows that can be added: of correct classes, errors, targets and their squares.

    A sum is None once a row did not allow it.
    """

    rows: int = 0
    correct: int | None = 0
    errors: float | None = 0.0  # Σ (f - y)²
    mean: Any = 0.0  # of the targets, of each entry where they are arrays
    spread: float = 0.0  # Σ (y - mean)²

    @classmethod
    def of(cls, module: ModuleType, params: Any, columns: Mapping[str, FloatArray]) -> Scores:
        """The scores of some rows; a circuit with one target alone has any.

        An output that reads the target has none: it is not a prediction.
        """
        targets = targets_of(module)
        rows = len(next(iter(columns.values())))
        if rows == 0:
            return cls()
        if len(targets) != 1:
            return cls(rows, None, None)
        inputs = module.Inputs(**{n: column for n, column in columns.items() if n not in targets})
        try:
            output = np.asarray(module.forward(params, inputs)[0], dtype=np.float64)
        except ValueError:  # the target is missing, or a matrix has no inverse
            return cls(rows, None, None)
        target = np.asarray(columns[targets[0]], dtype=np.float64)
        if output.shape[:1] != (rows,):  # an output that no input reaches has no rows
            return cls(rows, None, None)
        chosen = _correct(output, target)
        if output.shape != target.shape:
            return cls(rows, chosen, None)
        # the mean of equal numbers may round away from them
        mean = target.mean(axis=0).clip(target.min(axis=0), target.max(axis=0))
        errors, spread = np.sum((output - target) ** 2), np.sum((target - mean) ** 2)
        return cls(rows, chosen, float(errors), mean, float(spread))

    def __add__(self, other: Scores) -> Scores:
        n = self.rows + other.rows
        if n == 0 or not other.rows or not self.rows:
            return self if self.rows else other
        mean = self.mean + (other.mean - self.mean) * (other.rows / n)
        apart = self.rows * (self.mean - mean) ** 2 + other.rows * (other.mean - mean) ** 2
        both = self.correct is not None and other.correct is not None
        sums = self.errors is not None and other.errors is not None
        return Scores(
            n,
            (self.correct or 0) + (other.correct or 0) if both else None,
            (self.errors or 0.0) + (other.errors or 0.0) if sums else None,
            mean,
            self.spread + other.spread + float(np.sum(apart)),
        )

    @property
    def accuracy(self) -> float | None:
        """The fraction of rows whose class is predicted; None unless targets are classes."""
        return None if self.correct is None or not self.rows else self.correct / self.rows

    @property
    def r2(self) -> float | None:
        """1 - Σ (f - y)²/Σ (y - ȳ)²; None unless output and target have one shape, and y differs.

        Entries of arrays have a mean ȳ each, and are added up. None where a sum overflows.
        """
        if self.errors is None or self.correct is not None or not self.rows or not self.spread > 0:
            return None
        found = 1 - self.errors / self.spread
        return found if isfinite(found) else None


def _correct(output: FloatArray, target: FloatArray) -> int | None:
    """The number of rows whose class is predicted; None where the target is not a class.

    A class is a target of 0 or 1 beside an output in [0, 1], cut at THRESHOLD; or the largest of
    several outputs beside its index, or beside a target that is 1 there and 0 elsewhere.
    """
    if output.ndim == 1 and target.ndim == 1:
        within = np.all((output >= 0) & (output <= 1))
        if not (within and np.isin(target, (0.0, 1.0)).all()):
            return None
        return int(np.sum((output >= THRESHOLD) == (target == 1)))
    if output.ndim != 2:
        return None
    best = output.argmax(axis=1)
    if target.ndim == 1:
        whole = np.all((target == np.floor(target)) & (target >= 0))
        return int(np.sum(best == target)) if whole and target.max() < output.shape[1] else None
    if target.shape != output.shape or not np.isin(target, (0.0, 1.0)).all():
        return None
    if not (target.sum(axis=1) == 1).all():
        return None
    return int(np.sum(best == target.argmax(axis=1)))
