"""The samples of a run: checked arrays, a validation part held out, inputs standardised."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import frexp, isfinite, ldexp

import numpy as np
import numpy.typing as npt

from symback.errors import DataError, nearest
from symback.training.table import FloatArray, quoted


@dataclass(frozen=True, slots=True)
class Scaling:
    """x ↦ (x - mean)/scale; scale is the standard deviation √((1/n) Σ (x - mean)²)."""

    mean: float
    scale: float

    def __call__(self, column: FloatArray) -> FloatArray:
        return (column - self.mean) / self.scale


@dataclass(frozen=True, slots=True)
class Samples:
    """What a run trains on and what it holds out; `held_out` is None where the share is 0."""

    training: dict[str, FloatArray]
    held_out: dict[str, FloatArray] | None
    scalings: dict[str, Scaling]

    @property
    def rows(self) -> tuple[int, int]:
        """Number of rows in the training and in the validation part."""
        return _length(self.training), _length(self.held_out) if self.held_out else 0


def check_columns(
    columns: Mapping[str, npt.ArrayLike], needed: tuple[str, ...]
) -> dict[str, FloatArray]:
    """The needed columns as float64 arrays of one length; DataError names the first that is not."""
    checked: dict[str, FloatArray] = {}
    for name in needed:
        if name not in columns:
            raise DataError(f"there is no column for {quoted(name)}{nearest(name, columns)}")
        try:
            column = np.asarray(columns[name], dtype=np.float64)
        except (TypeError, ValueError):
            raise DataError(f"column {quoted(name)} does not hold numbers only") from None
        if column.ndim != 1 or column.size == 0:
            raise DataError(f"column {quoted(name)} has shape {column.shape}, not (n,), n ≥ 1")
        if not np.isfinite(column).all():
            row = int(np.argmin(np.isfinite(column))) + 1
            raise DataError(f"column {quoted(name)}, row {row}: {column[row - 1]} is not finite")
        first = next(iter(checked), name)
        if column.size != checked.get(first, column).size:
            raise DataError(
                f"column {quoted(name)} has {column.size} rows, but {quoted(first)} has "
                f"{checked[first].size}; all need the same number"
            )
        checked[name] = column
    return checked


def split_rows(
    n: int, share: float, rng: np.random.Generator
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Row numbers of the training and the validation part, round(share·n) drawn for the latter.

    Both parts keep the order of the rows; neither may be empty unless the share is 0.
    """
    held = round(share * n)
    if share > 0 and held == 0:
        raise DataError(
            f"a validation share of {share} holds out none of {n} rows; raise it, or use 0"
        )
    if held >= n:
        raise DataError(
            f"a validation share of {share} leaves none of {n} rows to train on; lower it"
        )
    order = rng.permutation(n)
    return np.sort(order[held:]), np.sort(order[:held])


def standardisation(
    columns: Mapping[str, FloatArray], names: tuple[str, ...]
) -> dict[str, Scaling]:
    """Mean and standard deviation of the named columns; DataError names a constant one."""
    return {name: _scaling(name, columns[name]) for name in names}


def prepare(
    columns: Mapping[str, FloatArray],
    inputs: tuple[str, ...],
    *,
    validation: float,
    standardise: bool,
    rng: np.random.Generator,
) -> Samples:
    """Split the rows, then scale the inputs by what the training part alone says of them."""
    kept, held = split_rows(_length(columns), validation, rng)
    training = {name: column[kept] for name, column in columns.items()}
    scalings = standardisation(training, inputs) if standardise else {}

    def scaled(name: str, column: FloatArray) -> FloatArray:
        scale: Callable[[FloatArray], FloatArray] | None = scalings.get(name)
        return scale(column) if scale else column

    held_out = {name: scaled(name, column[held]) for name, column in columns.items()}
    return Samples(
        training={name: scaled(name, column) for name, column in training.items()},
        held_out=held_out if held.size else None,
        scalings=scalings,
    )


def _scaling(name: str, column: FloatArray) -> Scaling:
    lowest, highest = float(column.min()), float(column.max())
    # Dividing by a power of two is exact, and neither the sum nor the squares can then overflow.
    exponent = frexp(max(abs(lowest), abs(highest)))[1]
    shrunk = np.ldexp(column, -exponent)
    mean, scale = ldexp(float(shrunk.mean()), exponent), ldexp(float(shrunk.std()), exponent)
    if lowest == highest or scale == 0 or not isfinite(1 / scale):
        raise DataError(
            f"input {quoted(name)} is constant ({lowest:.6g}) in the training rows and cannot be "
            "standardised; leave it out of the circuit or do not standardise"
        )
    return Scaling(mean, scale)


def _length(columns: Mapping[str, FloatArray]) -> int:
    return next(iter(columns.values())).size
