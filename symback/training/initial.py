"""Initial values of a run: sizes, and parameters that are drawn or given."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np

from symback.errors import DataError, TrainingError, UnknownName, clip, nearest
from symback.training.feed.batches import DRAW, stream
from symback.training.feed.feed import Feed
from symback.training.settings import Settings
from symback.training.sources.messages import quoted


def sizes_of(module: ModuleType, feed: Feed, settings: Settings) -> dict[str, int]:
    """The sizes from data and settings; TrainingError where they disagree."""
    for size in settings.sizes:
        if size in feed.sizes and feed.sizes[size] != settings.sizes[size]:
            raise TrainingError(
                f"the size {size} is {settings.sizes[size]}, but the data have {feed.sizes[size]}"
            )
        if size not in _names_of_sizes(module) and size not in feed.sizes:
            known = sorted({*_names_of_sizes(module), *feed.sizes})
            hint = nearest(str(size), known) or (
                f"; there are {clip(', '.join(known), 60)}" if known else "; none has a name"
            )
            raise TrainingError(f"the circuit has no size {quoted(str(size))}{hint}")
    return {**feed.sizes, **settings.sizes}


def _names_of_sizes(module: ModuleType) -> list[str]:
    """The sizes of the parameters that have a name."""
    shapes = getattr(module, "SHAPES", {})
    found = {size for name in module.Params._fields for size in shapes.get(name, ())}
    return sorted(size for size in found if isinstance(size, str))


def given(module: ModuleType, initial: Any, sizes: Mapping[str, int], seed: int) -> Any:
    """The module's Params with the initial values; what they leave out is drawn.

    `initial` is None, a mapping of names to numbers and arrays, or a named tuple such as Params.
    """
    if initial is None:
        return drawn(module, sizes, seed)
    named = initial._asdict() if hasattr(initial, "_asdict") else initial
    if not isinstance(named, Mapping):
        raise TrainingError(
            f"initial is {type(initial).__name__:.30}; give a mapping of names to numbers, Params, "
            "or a file parameters.npz"
        )
    names = module.Params._fields
    for name in named:
        if name not in names:
            hint = nearest(str(name), names) or f"; it has {clip(', '.join(names), 60)}"
            raise UnknownName(f"'{clip(str(name), 40)}' is not a parameter of the circuit{hint}")
    values = {name: _numbers(name, value) for name, value in named.items()}
    if set(values) != set(names):
        params = drawn(module, {**sizes_in(module, values), **sizes}, seed)
        return params._replace(**values)
    return module.Params(**values)


def _numbers(name: str, value: Any) -> Any:
    """An initial value as a float or an array of floats."""
    if np.ma.isMaskedArray(value):
        raise DataError(f"the initial value of {quoted(name)} is masked; give its numbers")
    try:
        array = np.asarray(value)
    except ValueError:  # of lists of unequal lengths
        raise DataError(f"the initial value of {quoted(name)} is not an array of numbers") from None
    if array.dtype.kind not in "fiu":
        raise DataError(f"the initial value of {quoted(name)} is {value!r:.30}; give a number")
    return array.astype(float)[()]


def sizes_in(module: ModuleType, values: Mapping[str, Any]) -> dict[str, int]:
    """The named sizes that initial values have."""
    shapes = getattr(module, "SHAPES", {})
    return {
        size: length
        for name, value in values.items()
        for size, length in zip(shapes.get(name, ()), np.shape(value), strict=False)
        if isinstance(size, str)
    }


def drawn(module: ModuleType, sizes: Mapping[str, int], seed: int) -> Any:
    """The module's own initial parameters."""
    names = _names_of_sizes(module)
    for size in names:
        if size not in sizes:
            raise TrainingError(
                f"the data do not determine the size {quoted(size)}; give it (--size {size}=32)"
            )
    known = {size: sizes[size] for size in names}
    try:
        return module.init_params(stream(seed, DRAW), **known)
    except (MemoryError, ValueError, OverflowError):
        shown = ", ".join(f"{size} = {_rounded(known[size])}" for size in names)
        raise TrainingError(
            f"the parameters do not fit into memory where {shown}; give smaller sizes"
        ) from None


def _rounded(size: int) -> str:
    """A size in few digits, also one beyond the floats."""
    return f"{size:g}" if size < 10**300 else f"1e+{len(str(size)) - 1} or more"


def check_shapes(module: ModuleType, params: Any, sizes: Mapping[str, int]) -> None:
    """DataError unless initial parameters have the shapes of the circuit's."""
    known, shapes = dict(sizes), getattr(module, "SHAPES", {})
    for name, value in params._asdict().items():
        wanted, shape = shapes.get(name, ()), np.shape(value)
        fits = len(shape) == len(wanted)
        for size, length in zip(wanted, shape, strict=False):
            expected = known.setdefault(size, length) if isinstance(size, str) else size
            fits = fits and expected == length
        if not fits:
            lengths = [known.get(size, size) for size in wanted]
            raise DataError(
                f"the initial value of {quoted(name)} has the shape {list(shape)}; the circuit "
                f"and the data have {lengths}"
            )
