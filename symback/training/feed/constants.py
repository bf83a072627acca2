"""What a module takes once for all rows: the constants of a run, and the number of rows."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np

from symback.errors import TrainingError, UnknownName, clip, nearest
from symback.training.sources.dtypes import FloatArray
from symback.training.sources.messages import quoted


def shared(module: ModuleType) -> tuple[str, ...]:
    """The fields of Inputs that have one value for all rows."""
    found: tuple[str, ...] = getattr(module, "SHARED", ())
    return found


def count_of(module: ModuleType) -> str:
    """The one of them that is the number of rows; "" where there is none."""
    return str(getattr(module, "COUNT", ""))


def targets_of(module: ModuleType) -> tuple[str, ...]:
    """The fields of Inputs that are targets."""
    return tuple(n for n in module.Inputs._field_defaults if n not in shared(module))


def inputs_of(module: ModuleType) -> tuple[str, ...]:
    """The fields of Inputs that are inputs."""
    return tuple(n for n in module.Inputs._fields if n not in module.Inputs._field_defaults)


def numbers_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Constants as numbers and lists of numbers; TrainingError for what is neither."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        try:
            array = np.asarray(value)
        except ValueError:  # of lists of unequal lengths
            array = np.asarray("")
        if np.ma.isMaskedArray(value) or array.dtype.kind not in "fiu":
            raise TrainingError(f"the constant {quoted(str(name))} is {value!r:.30}; give numbers")
        if not np.isfinite(array).all():
            raise TrainingError(f"the constant {quoted(str(name))} is not finite")
        found[str(name)] = array.astype(float).tolist()
    return found


def constants_for(
    module: ModuleType, given: Mapping[str, Any], sizes: dict[str, int]
) -> dict[str, FloatArray]:
    """The constants that a module takes, in its order; `sizes` gain those that they decide.

    UnknownName for a name that is none of them, TrainingError where one is missing or has another
    shape.
    """
    needed = [name for name in shared(module) if name != count_of(module)]
    for name in given:
        if name not in needed:
            hint = nearest(name, needed) or (
                f"; there are {clip(', '.join(needed), 60)}" if needed else "; it has none"
            )
            raise UnknownName(f"the circuit has no constant '{clip(name, 40)}'{hint}")
    found: dict[str, FloatArray] = {}
    for name in needed:
        if name not in given:
            raise TrainingError(
                f"the constant {quoted(name)} is missing: give it with --const {name}=VALUE or a "
                f"file, constants={{'{name}': …}} in Python, or write its value in the circuit"
            )
        found[name] = np.asarray(given[name], np.float64)
        _fit_shape(name, getattr(module, "SHAPES", {}).get(name, ()), found[name].shape, sizes)
    return found


def _fit_shape(
    name: str, wanted: tuple[int | str, ...], shape: tuple[int, ...], sizes: dict[str, int]
) -> None:
    known = tuple(sizes.get(s, s) if isinstance(s, str) else s for s in wanted)
    fits = len(known) == len(shape)
    fits = fits and all(isinstance(k, str) or k == n for k, n in zip(known, shape, strict=True))
    if not fits:
        shown = str(known).replace("'", "")
        raise TrainingError(f"the constant {quoted(name)} has shape {shape}; it must be {shown}")
    sizes |= {s: n for s, n in zip(wanted, shape, strict=True) if isinstance(s, str)}


__all__ = ["constants_for", "count_of", "inputs_of", "numbers_of", "shared", "targets_of"]
