"""Which row of a batch and which node of the circuit first left the finite numbers."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from types import FrameType, ModuleType
from typing import Any

import numpy as np


def first_bad_row(
    module: ModuleType, params: Any, columns: Sequence[Any], order: Iterable[int]
) -> int | None:
    """The first of the rows whose loss or gradient is not finite alone; None where all are."""
    for row in order:
        sample = module.Inputs(*(np.asarray(column)[row : row + 1] for column in columns))
        try:
            loss, gradient = module.value_and_grad(params, sample)
        except np.linalg.LinAlgError:
            return int(row)
        if not all(np.all(np.isfinite(value)) for value in (loss, *gradient)):
            return int(row)
    return None


def first_bad_node(module: ModuleType, params: Any, inputs: Any) -> str | None:
    """The first name, in the order in which the module computes, whose value is not finite.

    The module's lines are watched while it computes the loss; it holds no code for that itself.
    """
    found: list[str] = []
    code = _computing(module).__code__

    def line(frame: FrameType, event: str, _: Any) -> Any:
        if not found:
            bad = [name for name, value in frame.f_locals.items() if not _is_finite(value)]
            found.extend(name for name in bad if name not in ("params", "columns"))
        return line

    def call(frame: FrameType, event: str, _: Any) -> Any:
        return line if frame.f_code is code else None

    before = sys.gettrace()
    sys.settrace(call)
    try:
        with suppress(np.linalg.LinAlgError):
            module.value_and_grad(params, inputs)
    finally:
        sys.settrace(before)
    return _node(module, found[0]) if found else None


def _node(module: ModuleType, name: str) -> str:
    """The node that a name of the module stands for: `l_sum` is the sum of l over the rows."""
    words = set(re.findall(r"\w+", getattr(module, "SOURCE", "")))
    stem = name.removesuffix("_sum")
    return stem if stem in words and name not in words else name


def _computing(module: ModuleType) -> Callable[..., Any]:
    """The function that computes the loss of a batch and its gradient, node by node."""
    names = ("_loss_and_bars", "_value_and_bars", "value_and_grad")
    function: Callable[..., Any] = next(getattr(module, n) for n in names if hasattr(module, n))
    return function


def _is_finite(value: Any) -> bool:
    array = np.asarray(value) if isinstance(value, float | np.ndarray | np.generic) else None
    return array is None or array.dtype.kind != "f" or bool(np.isfinite(array).all())
