"""Accuracy of outputs that can be read as probabilities of a target that is 0 or 1."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

THRESHOLD = 0.5


def accuracies(module: ModuleType, params: Any, parts: Sequence[Any]) -> list[float | None]:
    """Share of rows whose output, cut at THRESHOLD, is the target, for each part of the inputs.

    None for all of them unless there is one target, 0 or 1 in every row, and all outputs lie in
    [0, 1].
    """
    targets = tuple(module.Inputs._field_defaults)
    labels = [np.asarray(getattr(part, targets[0])) for part in parts] if len(targets) == 1 else []
    if not labels or not all(np.isin(label, (0.0, 1.0)).all() for label in labels):
        return [None] * len(parts)
    outputs = [np.asarray(module.forward(params, part)[0]) for part in parts]
    if not all(((output >= 0) & (output <= 1)).all() for output in outputs):
        return [None] * len(parts)
    return [
        float(np.mean((output >= THRESHOLD) == (label == 1)))
        for output, label in zip(outputs, labels, strict=True)
    ]
