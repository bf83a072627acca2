"""Initial values of a run: sizes, and parameters that are drawn or given."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np

from symback.errors import DataError, TrainingError
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
            raise TrainingError(f"the circuit has no size {quoted(size)}")
    return {**feed.sizes, **settings.sizes}


def _names_of_sizes(module: ModuleType) -> list[str]:
    """The sizes of the parameters that have a name."""
    shapes = getattr(module, "SHAPES", {})
    found = {size for name in module.Params._fields for size in shapes.get(name, ())}
    return sorted(size for size in found if isinstance(size, str))


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
        shown = ", ".join(f"{size} = {known[size]:g}" for size in names)
        raise TrainingError(
            f"the parameters do not fit into memory where {shown}; give smaller sizes"
        ) from None


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
