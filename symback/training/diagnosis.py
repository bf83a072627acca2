"""Where a run diverged, and what helps: the first row and the first node that are not finite."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from types import FrameType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from symback.errors import DataError
from symback.training.checkpoint import TrainingPoint
from symback.training.feed.constants import inputs_of, shared
from symback.training.feed.scaling import scalings_of
from symback.training.result import Diverged
from symback.training.settings import Settings
from symback.training.setup import Setup
from symback.training.sources.dtypes import FloatArray
from symback.training.sources.messages import quoted

OUTLIER = 1e6  # times the median: a value that no learning rate and no scaling of the others suits
SAMPLED = 100  # rows that are tried alone


class _BadRow(NamedTuple):
    """A row whose loss or gradient is not finite at some parameters."""

    number: int  # in the feed
    sample: Any  # the module's Inputs, of this row alone
    loss_is_finite: bool
    parameter: str | None  # whose partial is not finite

    @property
    def is_bad(self) -> bool:
        return not self.loss_is_finite or self.parameter is not None


def diverged(
    setup: Setup, point: TrainingPoint, what: str = "the loss", before: TrainingPoint | None = None
) -> Diverged:
    """The error of a run whose loss, gradient or parameters are not finite at a point.

    `before` is the point before the last step. The learning rate is blamed only where loss and
    gradient were finite there.
    """
    if not np.isfinite(point.theta).all() and point.step == 0:
        return Diverged(f"{what} is not finite before the first step; give finite initial values")
    if before is not None and point.step > 0:
        slope = _bad_row(setup, before.theta, _batch(setup, before))
        if slope is not None and slope.loss_is_finite:
            return Diverged(_of_slope(setup, before, slope))
        where = _place(setup, point, _bad_row(setup, point.theta, _batch(setup, point)))
        advice = _outlier(setup) or f"use {remedy(setup.settings)}"
        return Diverged(
            f"{what} is not finite after step {point.step}: training diverged{where}; {advice}"
        )
    row = next(
        filter(None, (_bad_row(setup, point.theta, rows) for rows in _all_rows(setup))), None
    )
    if row is not None and row.loss_is_finite:
        return Diverged(_of_slope(setup, point, row))
    return Diverged(
        f"{what} is not finite {_when(point)}{_place(setup, point, row)}; "
        f"{_domain_advice(setup, point, row)}"
    )


def remedy(settings: Settings) -> str:
    """Advice against a loss that rises or diverges."""
    rate = settings.eta
    eta = "" if callable(rate) else f" than {rate:g}"
    scale = "" if settings.standardise else ", or standardise the inputs"
    return f"a smaller learning rate{eta}{scale}"


def _when(point: TrainingPoint) -> str:
    return "before the first step" if point.step == 0 else f"after step {point.step}"


def _of_slope(setup: Setup, point: TrainingPoint, row: _BadRow) -> str:
    """The message about a gradient that is not finite where the loss is."""
    of = "" if row.parameter is None else f" by {quoted(row.parameter)}"
    return (
        f"the gradient{of} is not finite {_when(point)}{_place(setup, point, row)}, although the "
        f"loss is; {_domain_advice(setup, point, row)}"
    )


def _place(setup: Setup, point: TrainingPoint, row: _BadRow | None) -> str:
    """The row and the first node in it that is not finite, in parentheses."""
    if row is None:
        return ""
    node = first_nonfinite_node(setup.module, setup.vector.unflatten(point.theta), row.sample)
    first = f", first {quoted(node)}" if node else ""
    return f" ({setup.feed.place(row.number)}{first})"


def _domain_advice(setup: Setup, point: TrainingPoint, row: _BadRow | None) -> str:
    """What to do where the loss or its gradient is not finite although no step led there."""
    if row is None:
        return "give other initial values"
    if advice := _outlier(setup):
        return advice
    columns, numbers = next(_all_rows(setup))
    sampled = [column[:SAMPLED] for column in columns], numbers[:SAMPLED]
    if all(_alone(setup, point.theta, sampled, i).is_bad for i in range(len(sampled[1]))):
        advice = "give other initial values: at these, no row is inside the circuit's domain"
    else:
        advice = "correct or remove that row, or give other initial values"
    if not setup.settings.standardise and _is_finite_when_scaled(setup, point, row):
        advice += ", or standardise the inputs"
    return advice


def _is_finite_when_scaled(setup: Setup, point: TrainingPoint, row: _BadRow) -> bool:
    """Whether standardised inputs put the row into the circuit's domain."""
    try:
        scalings, _ = scalings_of(setup.engine.moments(inputs_of(setup.module)))
    except DataError:  # of a constant input
        return False
    scaled = {name: scaling(getattr(row.sample, name)) for name, scaling in scalings.items()}
    params = setup.vector.unflatten(point.theta)
    return _is_fine(setup.module, params, row.sample._replace(**scaled)) == (True, None)


def _outlier(setup: Setup) -> str:
    """Advice about a value that lies far from all others, if there is one."""
    names = setup.module.Inputs._fields
    for columns, numbers in _all_rows(setup):
        for name, column in zip(names, columns, strict=True):
            if name in shared(setup.module):
                continue
            sizes = np.abs(column).reshape(len(column), -1).max(axis=1)
            largest, median = int(sizes.argmax()), float(np.median(sizes))
            if median > 0 and sizes[largest] > OUTLIER * median:
                place = setup.feed.place(int(numbers[largest]), name)
                times = f"{sizes[largest] / median:.0e} times the median of {quoted(name)}"
                return f"{place} holds {sizes[largest]:g}, {times}; correct or remove that row"
    return ""


# -- rows ------------------------------------------------------------------------------------------

_Rows = tuple[Sequence[Any], Any]  # columns, and the numbers of their rows in the feed


def _batch(setup: Setup, point: TrainingPoint) -> _Rows:
    """The rows of the step after a point."""
    epoch, done = point.epoch, point.done
    parts = [(s.batch(epoch, done), s.rows_of(epoch, done)) for s in setup.shards if done < s.steps]
    if not parts:  # a point at the end of its epoch
        return next(_all_rows(setup))
    columns = [np.concatenate(column) for column in zip(*(c for c, _ in parts), strict=True)]
    numbers = np.concatenate([rows for _, rows in parts])
    order = np.argsort(numbers)
    return [column[order] for column in columns], numbers[order]


def _all_rows(setup: Setup) -> Iterator[_Rows]:
    """The training rows, then those held out, chunk by chunk."""
    for held_out in (False, True):
        for shard in setup.shards:
            for columns, numbers in shard.numbered(held_out=held_out):
                if len(numbers):
                    yield list(columns.values()), numbers


def _bad_row(setup: Setup, theta: FloatArray, rows: _Rows) -> _BadRow | None:
    """The first of the rows whose loss or gradient is not finite."""
    row = first_nonfinite_row(setup.module, setup.vector.unflatten(theta), rows[0])
    return None if row is None else _alone(setup, theta, rows, row)


def _alone(setup: Setup, theta: FloatArray, rows: _Rows, row: int) -> _BadRow:
    sample = setup.module.Inputs(*(column[row : row + 1] for column in rows[0]))
    loss, bad = _is_fine(setup.module, setup.vector.unflatten(theta), sample)
    return _BadRow(int(rows[1][row]), sample, loss, bad)


def _is_fine(module: ModuleType, params: Any, inputs: Any) -> tuple[bool, str | None]:
    """Whether the loss is finite, and the first parameter whose partial is not."""
    try:
        loss, gradient = module.value_and_grad(params, inputs)
    except np.linalg.LinAlgError:
        return False, None
    named = zip(module.Params._fields, gradient, strict=True)
    bad = next((name for name, value in named if not np.all(np.isfinite(value))), None)
    return bool(np.isfinite(loss)), bad


def first_nonfinite_row(module: ModuleType, params: Any, columns: Sequence[Any]) -> int | None:
    """The first row whose loss or gradient is not finite; None where those of all are.

    Halves the rows, since a sum is as little finite as one of its terms.
    """

    def is_bad(first: int, last: int) -> bool:
        part = module.Inputs(*(np.asarray(column)[first:last] for column in columns))
        loss, bad = _is_fine(module, params, part)
        return bad is not None or not loss

    first, last = 0, len(columns[0])
    if not is_bad(first, last):
        return None
    while last - first > 1:
        middle = (first + last) // 2
        first, last = (first, middle) if is_bad(first, middle) else (middle, last)
    return first if is_bad(first, last) else None


def first_nonfinite_node(module: ModuleType, params: Any, inputs: Any) -> str | None:
    """The first name, in the order in which the module computes, whose value is not finite.

    The module's lines are watched while it computes the loss; it holds no code for that itself.
    """
    found: list[str] = []
    code = _computing(module).__code__

    def line(frame: FrameType, event: str, _: Any) -> Any:
        bad = [name for name, value in frame.f_locals.items() if not _is_finite(value)]
        found.extend(name for name in bad if name not in ("params", "columns", *found))
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
    return next(filter(None, (_node(module, name) for name in found)), None)


def _node(module: ModuleType, name: str) -> str | None:
    """The node that a name of the module stands for: `l_sum` is the sum of l over the rows."""
    leaves = {*module.Params._fields, *module.Inputs._fields}
    words = set(re.findall(r"\w+", getattr(module, "SOURCE", ""))) - leaves
    stems = [name.removesuffix(end) for end in ("_sum", "_slope", "_bar")]
    return next((stem for stem in (name, *stems) if stem in words), None)


def _computing(module: ModuleType) -> Callable[..., Any]:
    """The function that computes the loss of a batch and its gradient, node by node."""
    names = ("_loss_and_bars", "_value_and_bars", "value_and_grad")
    function: Callable[..., Any] = next(getattr(module, n) for n in names if hasattr(module, n))
    return function


def _is_finite(value: Any) -> bool:
    array = np.asarray(value) if isinstance(value, float | np.ndarray | np.generic) else None
    return array is None or array.dtype.kind != "f" or bool(np.isfinite(array).all())
