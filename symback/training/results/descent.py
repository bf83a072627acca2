"""Descent from one start by several methods: full, stochastic, mini-batch, and other optimisers.

For circuits with one parameter or two, so that each path can be drawn on the curve or surface of
the loss.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from numbers import Real
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from symback.autodiff.updates import RULES
from symback.codegen.generate import compile_module
from symback.errors import DataError, SymbackError, TrainingError, UnknownName, clip, nearest
from symback.training.feed.columns import leaves_of_module
from symback.training.feed.constants import shared
from symback.training.feed.feed import leaves_of, open_feed
from symback.training.loop import Diverged, LearningRate, Settings
from symback.training.optimiser import Optimiser
from symback.training.sources.dtypes import FloatArray

if TYPE_CHECKING:
    from symback.circuits.circuit import Circuit

BATCHES: Mapping[str, str] = {
    "gd": "gradient descent",
    "sgd": "stochastic",
    "minibatch": "mini-batch",
}
METHODS: Mapping[str, str] = {
    **BATCHES,
    **{name: rule.title.partition(",")[0] for name, rule in RULES.items() if name not in BATCHES},
}
"""Titles by name: gradient descent with batches of three sizes, other optimisers over all rows."""
TYPICAL_BATCH = 128
LONGEST_PATH = 100_000


@dataclass(frozen=True, slots=True)
class Descent:
    """A path θ_0, θ_1, … of one method, and the mean loss E over all samples at each point."""

    method: str
    batch_size: int  # 0 without data
    names: tuple[str, ...]  # of the parameters, one or two
    points: FloatArray  # of shape (steps + 1, parameters)
    losses: FloatArray  # of shape (steps + 1,)

    @property
    def title(self) -> str:
        return METHODS[self.method] + (f", b = {self.batch_size}" if self.batch_size else "")


def descend(
    circuit: Circuit,
    inputs: Mapping[str, Any],
    *,
    start: Mapping[str, float] | None = None,
    learning_rate: LearningRate = 0.1,
    steps: int = 100,
    methods: Sequence[str] = ("gd", "sgd", "minibatch"),
    batch_size: int | None = None,
    seed: int = 0,
) -> tuple[Descent, ...]:
    """The paths θ ← θ - η_t (1/b) Σ ∇l of a circuit with one parameter or two, from one start.

    `inputs` has a column for each input and target; it is empty for a loss of parameters alone,
    which is one row. b is n for "gd", 1 for "sgd", and `batch_size` for "minibatch": 128 or an
    eighth of the rows where none is given. "momentum", "adagrad" and the other rules of
    `symback.update` take all rows, and their defaults. Parameters that `start` leaves out begin as
    in `init_params`. Raises a SymbackError for a circuit with other parameters or without a loss,
    and Diverged where the loss is not finite.
    """
    return Descents(circuit, inputs, start, batch_size, seed).paths(methods, learning_rate, steps)


def summary(paths: Sequence[Descent]) -> str:
    """The last point of each path, one line each."""
    width = max(len(path.title) for path in paths)
    lines = []
    for path in paths:
        pairs = zip(path.names, path.points[-1], strict=True)
        reached = ", ".join(f"{name} = {value:.6g}" for name, value in pairs)
        lines.append(
            f"{path.title:{width}}  {len(path.losses) - 1} steps  "
            f"loss {path.losses[0]:.6g} → {path.losses[-1]:.6g}  {reached}"
        )
    return "\n".join(lines)


def read_samples(
    circuit: Circuit,
    data_path: Any,
    mapping: Mapping[str, str] | None = None,
    *,
    delimiter: str = ",",
) -> dict[str, FloatArray]:
    """The columns of a data file that feed the circuit's inputs and targets."""
    leaves = leaves_of(circuit)
    with open_feed(data_path, leaves, mapping=mapping, delimiter=delimiter) as feed:
        return feed.read(0, feed.rows)


class _Enough(Exception):
    """The last step wanted is done; `sgd` itself counts whole epochs."""


class Descents:
    """Module, samples and start of the descents of one circuit."""

    def __init__(
        self,
        circuit: Circuit,
        inputs: Mapping[str, Any],
        start: Mapping[str, float] | None,
        batch_size: int | None,
        seed: int,
    ) -> None:
        self.names = _parameters(circuit)
        self.module: ModuleType = compile_module(circuit)
        self.samples, self.rows = _samples(self.module, inputs)
        self.has_data = bool(self.samples)
        share = min(TYPICAL_BATCH, max(1, self.rows // 8))
        self.batch_size = share if batch_size is None else batch_size
        self.seed = Settings(batch_size=self.batch_size, seed=seed).seed  # refuses an invalid seed
        if self.batch_size > self.rows:
            raise TrainingError(
                f"batch_size is {self.batch_size}, but there are {self.rows} rows; take fewer"
            )
        self.start = _start(self.module, start or {}, self.seed)

    def paths(
        self, methods: Sequence[str], learning_rate: LearningRate, steps: int
    ) -> tuple[Descent, ...]:
        Settings(learning_rate=learning_rate)
        if isinstance(steps, bool) or not isinstance(steps, int) or not 1 <= steps <= LONGEST_PATH:
            raise TrainingError(
                f"steps is {steps!r:.30}; it must be a whole number from 1 to {LONGEST_PATH}"
            )
        for method in methods:
            if method not in METHODS:
                raise TrainingError(
                    f"no method '{clip(str(method), 40)}'; choose from {', '.join(METHODS)}"
                )
        if not methods:
            raise TrainingError(f"no method is named; choose from {', '.join(METHODS)}")
        with np.errstate(all="ignore"):  # finiteness is tested, not warned about
            try:
                begin = self._mean_loss(self.start)
            except ValueError as error:  # the module names the input of a wrong shape
                raise DataError(str(error)) from None
            if not isfinite(begin):
                raise Diverged("the loss is not finite at the start; choose another start")
            return tuple(self._path(m, learning_rate, steps) for m in dict.fromkeys(methods))

    def _path(self, method: str, learning_rate: LearningRate, steps: int) -> Descent:
        batch = {"sgd": 1, "minibatch": self.batch_size}.get(method, self.rows)
        walk = self._by_batches if method in BATCHES else self._by_rule
        points = [self.start, *walk(method, learning_rate, steps, batch)]
        losses = np.array([self._mean_loss(params) for params in points])
        if not np.isfinite(losses).all():
            raise _diverged(method, int(np.argmin(np.isfinite(losses))), learning_rate)
        size = batch if self.has_data else 0
        return Descent(method, size, self.names, np.array(points, float), losses)

    def _by_rule(self, method: str, learning_rate: LearningRate, steps: int, _: int) -> list[Any]:
        """The points after each step of an optimiser's rule."""
        settings = Settings(learning_rate=learning_rate, optimiser=method)
        optimiser, eta = Optimiser(settings), settings.scheduled(steps)
        theta, points = np.array(self.start, float), []
        state = optimiser.start(theta)
        for t in range(steps):
            _, slopes = self.module.value_and_grad(self.module.Params(*theta), self.samples)
            theta, state = optimiser.move(theta, np.array(slopes, float), state, t=t, eta=eta(t))
            if not np.isfinite(theta).all():
                raise _diverged(method, t + 1, learning_rate)
            points.append(theta)
        return points

    def _by_batches(
        self, method: str, learning_rate: LearningRate, steps: int, batch: int
    ) -> list[Any]:
        """The points after each step of the module's `sgd`."""
        points: list[Any] = []

        def after_step(_: int, loss: float, params: Any) -> None:
            if not np.isfinite(params).all():
                raise _diverged(method, len(points) + 1, learning_rate)
            points.append(params)
            if len(points) == steps:
                raise _Enough

        try:
            self.module.sgd(
                self.start,
                self.samples,
                learning_rate=learning_rate,
                epochs=-(-steps * batch // self.rows) + 1,
                batch_size=batch,
                rng=None if batch == self.rows else np.random.default_rng(self.seed),
                callback=after_step,
            )
        except _Enough:
            pass
        except FloatingPointError:  # the loss is not finite
            raise _diverged(method, len(points) + 1, learning_rate) from None
        return points

    def _mean_loss(self, params: Iterable[Any]) -> float:
        return float(self.module.value_and_grad(self.module.Params(*params), self.samples)[0])

    def curve(self, across: FloatArray) -> FloatArray:
        """The mean loss over one parameter."""
        with np.errstate(all="ignore"):
            return np.array([self._mean_loss((w,)) for w in across])

    def surface(self, across: FloatArray, up: FloatArray) -> FloatArray:
        """The mean loss on a grid: one row for each value `up` of the second parameter."""
        with np.errstate(all="ignore"):
            return np.array([[self._mean_loss((w, v)) for w in across] for v in up])


def _parameters(circuit: Circuit) -> tuple[str, ...]:
    """The names of the parameters, or an error that says what there is instead."""
    names = [node.name for node in circuit.params]
    if len(names) not in (1, 2):
        shown = f": {clip(', '.join(names), 60)}" if names else ""
        raise SymbackError(
            f"the circuit has {len(names)} parameter{'s' * (len(names) != 1)}{shown}; a picture of "
            "descent needs one or two; declare the others as inputs or constants"
        )
    for node in circuit.params:
        if node.shape:
            raise SymbackError(
                f"the parameter '{node.name:.40}' is an array; a picture of descent needs "
                "one or two parameters that are numbers"
            )
    if circuit.loss is None:
        raise SymbackError("the circuit has no loss to descend; declare one, as in l: loss = …")
    return tuple(names)


def _samples(module: ModuleType, inputs: Mapping[str, Any]) -> tuple[Any, int]:
    """The module's Inputs, and the number of rows."""
    given = inputs._asdict() if hasattr(inputs, "_asdict") else inputs
    if not given and not leaves_of_module(module):
        return module.Inputs(), 1
    once = {name: given[name] for name in shared(module) if given.get(name) is not None}
    with open_feed(
        {n: column for n, column in given.items() if n not in once}, leaves_of_module(module)
    ) as feed:
        return module.Inputs(**feed.read(0, feed.rows), **once), feed.rows


def _start(module: ModuleType, start: Mapping[str, float], seed: int) -> Any:
    names = module.Params._fields
    for name, value in start.items():
        if name not in names:
            hint = nearest(name, names) or f"; it has {' and '.join(names)}"
            raise UnknownName(f"'{clip(name, 40)}' is not a parameter of the circuit{hint}")
        if isinstance(value, bool) or not isinstance(value, Real) or not isfinite(value):
            raise TrainingError(
                f"the start of '{name:.40}' is {value!r:.30}; it must be a finite number"
            )
    return module.init_params(np.random.default_rng(seed))._replace(**start)


def _diverged(method: str, step: int, learning_rate: LearningRate) -> Diverged:
    than = "" if callable(learning_rate) else f" than {learning_rate:g}"
    return Diverged(
        f"{METHODS[method]} left the finite numbers in step {step}; "
        f"use a smaller learning rate{than}"
    )


__all__ = ["METHODS", "Descent", "Descents", "descend", "read_samples", "summary"]
