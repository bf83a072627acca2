"""Standardisation: means and deviations of samples that may be too many to hold at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from symback.errors import DataError
from symback.training.sources.dtypes import FloatArray
from symback.training.sources.messages import quoted


@dataclass(frozen=True, slots=True)
class Scaling:
    """x ↦ (x - mean)/scale; scale is the standard deviation √((1/n) Σ (x - mean)²).

    Both are numbers, or arrays of the shape of one sample.
    """

    mean: Any
    scale: Any

    def __call__(self, column: FloatArray) -> FloatArray:
        scaled: FloatArray = (column - self.mean) / self.scale
        return scaled.astype(column.dtype, copy=False)


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean, standard deviation and range of each entry of a column, over n samples."""

    n: int
    mean: FloatArray
    deviation: FloatArray
    lowest: FloatArray
    highest: FloatArray

    @classmethod
    def of(cls, column: FloatArray) -> Moments:
        """The moments of rows that are held in memory; there is at least one.

        The column is divided by a power of two first, which is exact: neither the sum nor the
        squares can then overflow.
        """
        column = np.asarray(column, dtype=np.float64)
        lowest, highest = column.min(axis=0), column.max(axis=0)
        exponent = np.frexp(np.maximum(abs(lowest), abs(highest)))[1]
        shrunk = np.ldexp(column, -exponent)
        return cls(
            n=len(column),
            mean=np.ldexp(shrunk.mean(axis=0), exponent),
            deviation=np.ldexp(shrunk.std(axis=0), exponent),
            lowest=lowest,
            highest=highest,
        )

    def __add__(self, other: Moments) -> Moments:
        """The moments of both parts together (Chan, Golub and LeVeque 1983), free of overflow."""
        n = self.n + other.n
        ours, theirs = self.n / n, other.n / n
        mean = self.mean * ours + other.mean * theirs
        spread = np.hypot(
            np.sqrt(ours) * np.hypot(self.deviation, self.mean - mean),
            np.sqrt(theirs) * np.hypot(other.deviation, other.mean - mean),
        )
        return Moments(
            n,
            mean,
            spread,
            np.minimum(self.lowest, other.lowest),
            np.maximum(self.highest, other.highest),
        )


def scalings_of(moments: Mapping[str, Moments]) -> tuple[dict[str, Scaling], list[str]]:
    """The scaling of each input, and notes about constant entries.

    DataError names a number that is constant in the training rows. Constant entries of an array
    (the corner pixels of a picture) are centred and not scaled.
    """
    found: dict[str, Scaling] = {}
    notes = []
    for name, known in moments.items():
        with np.errstate(all="ignore"):
            flat = (known.lowest == known.highest) | ~np.isfinite(1 / known.deviation)
        if flat.all():
            entries = "constant" if flat.ndim == 0 else "constant in all entries"
            value = f" ({float(known.lowest):.6g})" if flat.ndim == 0 else ""
            raise DataError(
                f"input {quoted(name)} is {entries}{value} in the training rows and cannot be "
                "standardised; leave it out of the circuit or do not standardise"
            )
        if flat.any():
            notes.append(
                f"{int(flat.sum())} of {flat.size} entries of {name} are constant in the "
                "training rows; they are centred and not scaled"
            )
        scale = np.where(flat, 1.0, known.deviation)
        found[name] = Scaling(known.mean, scale) if flat.ndim else Scaling(*_floats(known))
    return found, notes


def _floats(known: Moments) -> tuple[float, float]:
    return float(known.mean), float(known.deviation)
