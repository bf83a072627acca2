"""The numbers of a derivation as users get them: arrays are NumPy's, where NumPy is installed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from symback.operations.entries import Entries

_Key = TypeVar("_Key")


def as_numpy(values: Mapping[_Key, Any]) -> dict[_Key, Any]:
    """Floats as they are, arrays as NumPy's, or as nested lists where there is no NumPy."""
    lists = {k: v.tolist() if isinstance(v, Entries) else v for k, v in values.items()}
    if not any(isinstance(value, list) for value in lists.values()):
        return lists
    try:
        import numpy as np  # a derivation needs none
    except ModuleNotFoundError:
        return lists
    return {k: np.array(v) if isinstance(v, list) else v for k, v in lists.items()}


__all__ = ["as_numpy"]
