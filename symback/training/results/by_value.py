"""What the results of runs and fits share: they compare by value, and can be pickled."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from symback.codegen.loading import ModuleFiles


class ByValue:
    """A frozen dataclass whose `params` are the Params of a module.

    Equal are those with equal fields, where arrays count by their entries and nan equals nan. A
    pickled one takes the text of the module along, so that any process reads it; fields that are
    left out of comparisons stay behind.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return _equal(self, other) if type(other) is type(self) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        values = dict(_compared(self))
        params = values["params"]
        files = ModuleFiles.of(sys.modules[type(params).__module__])
        return _restored, (type(self), files, {**values, "params": tuple(params)})


def _restored(kind: Any, files: ModuleFiles, values: Mapping[str, Any]) -> Any:
    return kind(**{**values, "params": files.module().Params(*values["params"])})


def _compared(value: Any) -> list[tuple[str, Any]]:
    return [(f.name, getattr(value, f.name)) for f in fields(value) if f.compare]


def _equal(one: Any, other: Any) -> bool:
    if is_dataclass(one):
        pairs = zip(_compared(one), _compared(other), strict=True)
        return type(one) is type(other) and all(_equal(a, b) for (_, a), (_, b) in pairs)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_equal(v, other[k]) for k, v in one.items())
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, np.ndarray | float):
        return np.array_equal(one, other, equal_nan=True)
    return bool(one == other)


__all__ = ["ByValue"]
