"""Where a run diverged: the first row and the first node that are not finite."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from types import FrameType, ModuleType
from typing import Any

import numpy as np

from symback.training.checkpoint import Point
from symback.training.result import Diverged
from symback.training.settings import LBFGS, Settings
from symback.training.setup import Setup
from symback.training.sources.messages import quoted


def diverged(setup: Setup, step: int, what: str = "the loss", where: str = "") -> Diverged:
    """The error of a run whose loss or parameters are not finite after so many steps."""
    if step == 0:
        return Diverged(
            f"{what} is not finite before the first step{where}; initial values or data lie "
            "outside the circuit's domain; standardise the inputs or give initial values"
        )
    return Diverged(
        f"{what} is not finite after step {step}: training diverged{where}; "
        f"use {remedy(setup.settings)}"
    )


def remedy(settings: Settings) -> str:
    """Advice against a loss that rises or diverges."""
    if settings.optimiser == LBFGS:
        return "other initial values, or standardise the inputs"
    rate = settings.eta
    eta = "" if callable(rate) else f" than {rate:g}"
    scale = "" if settings.standardise else ", or standardise the inputs"
    return f"a smaller learning rate{eta}{scale}"


def place_of_divergence(setup: Setup, point: Point) -> str:
    """The first nonfinite row of the batch at this point, and the first nonfinite node there."""
    theta, _, epoch, done, _ = point
    params = setup.vector.unflatten(theta)
    batches = [
        (s.batch(epoch, done), s.rows_of(epoch, done)) for s in setup.shards if done < s.steps
    ]
    columns = [np.concatenate(column) for column in zip(*(c for c, _ in batches), strict=True)]
    numbers = np.concatenate([rows for _, rows in batches])
    order = np.argsort(numbers)
    row = first_nonfinite_row(setup.module, params, columns, order)
    chosen = order if row is None else [row]
    batch = setup.module.Inputs(*(column[chosen] for column in columns))
    node = first_nonfinite_node(setup.module, params, batch)
    place = f"a batch of {len(order)} rows"
    if row is not None:
        place = setup.feed.place(int(numbers[row]))
    return f" ({place}" + (f", first {quoted(node)})" if node else ")")


def first_nonfinite_row(
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


def first_nonfinite_node(module: ModuleType, params: Any, inputs: Any) -> str | None:
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
