"""The loop around a generated module's `sgd`: epochs, losses, divergence, interruption."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from math import isfinite
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from symback.errors import DataError, SymbackError
from symback.training.accuracy import accuracies
from symback.training.blame import first_bad_node, first_bad_row
from symback.training.progress import Progress
from symback.training.samples import Samples, Scaling, check_columns, prepare
from symback.training.table import quoted

LearningRate = float | Callable[[int], float]


class TrainingError(SymbackError):
    """A setting that cannot be trained with."""


class Diverged(TrainingError):
    """The loss left the finite numbers."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to train. `learning_rate` is η, or a function t ↦ η_t of the step, counted from 0."""

    epochs: int = 20
    batch_size: int = 128
    learning_rate: LearningRate = 0.1
    validation: float = 0.2
    standardise: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        for name, value, least in (
            ("epochs", self.epochs, 1),
            ("batch_size", self.batch_size, 1),
            ("seed", self.seed, 0),
        ):
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise TrainingError(f"{name} is {value!r:.30}; it must be a whole number ≥ {least}")
        rate, share = self.learning_rate, self.validation
        if not callable(rate) and not (_is_number(rate) and 0 < rate < float("inf")):
            raise TrainingError(f"learning_rate is {rate!r:.30}; it must be finite and > 0")
        if not (_is_number(share) and 0 <= share < 1):
            raise TrainingError(f"validation is {share!r:.30}; it must be ≥ 0 and < 1")


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the history: mean losses after `step` steps, over all rows of each part."""

    epoch: int
    step: int
    loss: float
    validation_loss: float | None


@dataclass(frozen=True, slots=True)
class Result:
    """What a run learned. `params` speak of the inputs as `scalings` scale them."""

    params: Any  # the module's Params
    history: tuple[Record, ...]
    settings: Settings
    scalings: Mapping[str, Scaling]
    rows: tuple[int, int]  # of the training and of the validation part
    accuracy: float | None = None
    validation_accuracy: float | None = None
    interrupted: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)  # leaf → column of the data file
    files: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def train(
    module: ModuleType,
    columns: Mapping[str, npt.ArrayLike],
    settings: Settings | None = None,
    *,
    initial: Any = None,
    progress: Progress | None = None,
) -> Result:
    """Fit the module's parameters to the columns, one for each of its inputs and targets.

    θ ← θ - η_t (1/b) Σ ∇l over mini-batches of rows, shuffled every epoch. Starts from `initial`
    or from `module.init_params`. An interrupt (Ctrl-C) ends the run and keeps what was learned.
    Raises DataError, TrainingError for settings, and Diverged where the loss is not finite.
    """
    settings = settings or Settings()
    fields, targets = module.Inputs._fields, tuple(module.Inputs._field_defaults)
    if not module.Params._fields:
        raise TrainingError("the circuit has no parameters; declare one, for example 'w: param'")
    if not fields:
        raise DataError("the circuit has no inputs; there is nothing that data could feed")
    splitting, drawing, shuffling = np.random.default_rng(settings.seed).spawn(3)
    samples = prepare(
        check_columns(columns, fields),
        tuple(name for name in fields if name not in targets),
        validation=settings.validation,
        standardise=settings.standardise,
        rng=splitting,
    )
    params = module.init_params(drawing) if initial is None else initial
    run = _Run(module, samples, settings, shuffling, params)
    progress = progress or Progress()
    with progress, np.errstate(all="ignore"):  # finiteness is tested, not warned about
        interrupted = run.learn(progress)
        return run.result(interrupted)


class _Run:
    """The state of a run between two steps."""

    def __init__(
        self,
        module: ModuleType,
        samples: Samples,
        settings: Settings,
        shuffling: np.random.Generator,
        params: Any,
    ) -> None:
        self.module, self.samples, self.settings = module, samples, settings
        self.shuffling, self.params = shuffling, params
        self.training = module.Inputs(**samples.training)
        self.held_out = module.Inputs(**samples.held_out) if samples.held_out else None
        self.step = 0
        self.history: list[Record] = []

    def learn(self, progress: Progress) -> bool:
        """Run the epochs; says whether they were interrupted."""
        epochs, rows = self.settings.epochs, self.samples.rows[0]
        steps = -(-rows // self.settings.batch_size)
        progress.start(epochs, steps)
        order, first = np.arange(rows), 0

        def after_step(_: int, loss: Any, params: Any) -> None:
            if not isfinite(loss):
                raise self._diverged(where=self._where(order, self.step - first))
            self.params = params
            self.step += 1
            progress.step(self.step, float(loss))

        try:
            self._record(0)
            for epoch in range(1, epochs + 1):
                # The order in which sgd is about to draw the rows, and the step it begins with.
                order, first = deepcopy(self.shuffling).permutation(rows), self.step
                self.params, _ = self.module.sgd(
                    self.params,
                    self.training,
                    learning_rate=self._learning_rate(),
                    epochs=1,
                    batch_size=self.settings.batch_size,
                    rng=self.shuffling,
                    callback=after_step,
                )
                self._record(epoch)
                progress.epoch(self.history[-1])
        except FloatingPointError:  # of sgd; its row is the batch's, and it has no gradients
            raise self._diverged(where=self._where(order, self.step - first)) from None
        except KeyboardInterrupt:
            if not self.history or self.history[-1].step < self.step:
                self._record(self.step // steps)
            return True
        return False

    def result(self, interrupted: bool) -> Result:
        parts = [part for part in (self.training, self.held_out) if part is not None]
        accuracy, *others = accuracies(self.module, self.params, parts)
        return Result(
            params=self.params,
            history=tuple(self.history),
            settings=self.settings,
            scalings=self.samples.scalings,
            rows=self.samples.rows,
            accuracy=accuracy,
            validation_accuracy=others[0] if others else None,
            interrupted=interrupted,
            notes=self._notes(),
        )

    def _notes(self) -> tuple[str, ...]:
        first, last = self.history[0].loss, self.history[-1].loss
        if last <= first:
            return ()
        return (f"the loss rose from {first:.6g} to {last:.6g}; use {self._remedy()}",)

    def _remedy(self) -> str:
        rate = self.settings.learning_rate
        eta = "" if callable(rate) else f" than {rate:g}"
        scale = "" if self.settings.standardise else ", or standardise the inputs"
        return f"a smaller learning rate{eta}{scale}"

    def _learning_rate(self) -> LearningRate:
        """η_t with t counted from the first step of the run, not of the epoch."""
        rate, start = self.settings.learning_rate, self.step
        return (lambda t: rate(start + t)) if callable(rate) else rate

    def _record(self, epoch: int) -> None:
        """Add a line to the history; what it holds is finite."""
        losses = [
            float(self.module.value_and_grad(self.params, part)[0])
            for part in (self.training, self.held_out)
            if part is not None
        ]
        named = self.params._asdict().items()
        bad = [name for name, value in named if not np.all(np.isfinite(value))]
        if bad or not isfinite(losses[0]):
            raise self._diverged(f"parameter {quoted(bad[0])}" if bad else "the loss")
        if not isfinite(losses[-1]):
            raise self._diverged("the validation loss")
        self.history.append(Record(epoch, self.step, losses[0], losses[1] if losses[1:] else None))

    def _where(self, order: npt.NDArray[np.int_], step: int) -> str:
        """The first bad row of a batch, and the first bad node there."""
        start = step * self.settings.batch_size
        rows = np.sort(order[start : start + self.settings.batch_size])
        row = first_bad_row(self.module, self.params, self.training, rows)
        chosen = rows if row is None else [row]
        batch = self.module.Inputs(*(np.asarray(column)[chosen] for column in self.training))
        node = first_bad_node(self.module, self.params, batch)
        place = f"training row {row + 1}" if row is not None else f"a batch of {len(rows)} rows"
        return f" ({place}" + (f", first {quoted(node)})" if node else ")")

    def _diverged(self, what: str = "the loss", where: str = "") -> Diverged:
        if self.step == 0:
            return Diverged(
                f"{what} is not finite before the first step{where}; initial values or data lie "
                "outside the circuit's domain; standardise the inputs or give initial values"
            )
        return Diverged(
            f"{what} is not finite after step {self.step}: training diverged{where}; "
            f"use {self._remedy()}"
        )
