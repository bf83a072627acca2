"""The entries of parameters as one vector: which are free, where they begin, what bounds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symback.errors import DataError, UnknownName, clip, nearest
from symback.training.engine.gradients import ParameterVector
from symback.training.sources.dtypes import FloatArray
from symback.training.sources.messages import quoted

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class FreeParameters:
    """The entries of the parameters that a fit may change, in the order of the vector θ."""

    vector: ParameterVector
    start: FloatArray  # of all entries
    free: Mask  # whether each entry may change
    lower: FloatArray  # of the free entries
    upper: FloatArray

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all entries: w, or W[0, 1] of an array."""
        fields = zip(self.vector.type._fields, self.vector.shapes, strict=True)
        return tuple(
            name if not shape else f"{name}{list(index)}"
            for name, shape in fields
            for index in product(*map(range, shape))
        )

    @property
    def free_names(self) -> tuple[str, ...]:
        return tuple(n for n, free in zip(self.names, self.free, strict=True) if free)

    @property
    def bounded(self) -> bool:
        return bool(np.isfinite(self.lower).any() or np.isfinite(self.upper).any())

    def whole(self, theta: FloatArray) -> FloatArray:
        """All entries, of the values of the free ones."""
        found = self.start.copy()
        found[self.free] = theta
        return found

    def on_bounds(self, theta: FloatArray) -> Mask:
        """Whether each free entry lies on one of its bounds."""
        found: Mask = (theta <= self.lower) | (theta >= self.upper)
        return found


def free_parameters(
    vector: ParameterVector,
    params: Any,
    fixed: Mapping[str, Any],
    bounds: Mapping[str, Sequence[float]],
) -> FreeParameters:
    """The free entries of parameters that begin at `params`.

    `fixed` has the values of parameters that stay, `bounds` a pair (lower, upper) a parameter, None
    or an infinity where there is none. Raises UnknownName for other names, DataError for numbers
    that do not fit.
    """
    names = vector.type._fields
    for name in (*fixed, *bounds):
        if name not in names:
            hint = nearest(str(name), names) or f"; it has {clip(', '.join(names), 60)}"
            raise UnknownName(f"'{clip(str(name), 40)}' is not a parameter of the circuit{hint}")
    both = [name for name in bounds if name in fixed]
    if both:
        raise DataError(f"{quoted(both[0])} is fixed and has bounds; give one of the two")
    begin, free, lower, upper = [], [], [], []
    for name, value, shape in zip(names, params, vector.shapes, strict=True):
        value = np.broadcast_to(_fixed(name, fixed[name], shape) if name in fixed else value, shape)
        low, high = _pair(name, bounds.get(name, (-np.inf, np.inf)))
        outside = (value < low) | (value > high)
        if outside.any():
            raise DataError(
                f"the initial value {value[outside].flat[0]:g} of {quoted(name)} is outside of its "
                f"bounds {low:g} to {high:g}; give another one (--initial {name}=…)"
            )
        begin.append(np.ravel(value))
        free.append(np.full(value.size, name not in fixed))
        lower.append(np.full(value.size, low))
        upper.append(np.full(value.size, high))
    chosen = np.concatenate(free)
    if not chosen.any():
        raise DataError("all parameters are fixed; leave one of them free")
    return FreeParameters(
        vector,
        np.concatenate(begin).astype(float),
        chosen,
        np.concatenate(lower)[chosen],
        np.concatenate(upper)[chosen],
    )


def within(value: Any, name: str, bounds: Sequence[float]) -> FloatArray:
    """Values that nobody gave, in the middle of their bounds where they lie outside of these."""
    low, high = _pair(name, bounds)
    values = np.asarray(value, float)
    if np.isfinite(low) and np.isfinite(high):
        middle = low / 2 + high / 2
    else:
        middle = low + max(1.0, abs(low)) if np.isfinite(low) else high - max(1.0, abs(high))
    found: FloatArray = np.where((values > low) & (values < high), values, middle)
    return found


def _fixed(name: str, value: Any, shape: tuple[int, ...]) -> FloatArray:
    try:
        found = np.broadcast_to(np.asarray(value, float), shape)
    except (TypeError, ValueError):
        raise DataError(
            f"the fixed value of {quoted(name)} is {value!r:.30}; give numbers of shape {shape}"
        ) from None
    if not np.isfinite(found).all():
        raise DataError(f"the fixed value of {quoted(name)} is {value!r:.30}; give finite numbers")
    return found


def _pair(name: str, pair: Any) -> tuple[float, float]:
    try:
        low, high = pair
        low = -np.inf if low is None else float(low)
        high = np.inf if high is None else float(high)
    except (TypeError, ValueError):
        raise DataError(f"the bounds of {quoted(name)} are {pair!r:.30}; give a pair") from None
    if not low < high:
        raise DataError(
            f"the bounds of {quoted(name)} are {low:g} and {high:g}; the lower one comes first, "
            "and a value that is known is fixed (--fix)"
        )
    return low, high


__all__ = ["FreeParameters", "Mask", "free_parameters", "within"]
