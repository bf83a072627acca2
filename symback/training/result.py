"""The result of a run, and the error of a run that diverged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symback.errors import TrainingError
from symback.training.checkpoint import Record
from symback.training.engine.metrics import Scores
from symback.training.feed.scaling import Scaling
from symback.training.results.by_value import ByValue
from symback.training.settings import Settings
from symback.training.sources.dtypes import FloatArray

Surface = Callable[[FloatArray, FloatArray], FloatArray]
"""The mean loss on a grid of two parameters: one row for each value of the second."""


class Diverged(TrainingError):
    """The loss left the finite numbers. `result` is what was learned before, if anything was."""

    result: Result | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Result(ByValue):
    """The result of a run. `params` belong to the inputs as `scalings` scale them."""

    params: Any  # the module's Params
    history: tuple[Record, ...]
    settings: Settings
    scalings: Mapping[str, Scaling]
    rows: tuple[int, int]  # of the training and of the validation part
    scores: tuple[Scores, Scores] = (Scores(), Scores())  # of the same
    interrupted: bool = False
    kept: Record | None = None  # what the history says of the parameters that are kept
    stopped_early: bool = False  # patience has ended
    converged: bool | None = None  # of a method over all rows, which ends by itself
    steps_per_epoch: int = 1
    path: FloatArray = field(default_factory=lambda: np.zeros((0, 2)))  # of two parameters
    surface: Surface | None = field(default=None, repr=False, compare=False)
    columns: Mapping[str, str] = field(default_factory=dict)  # leaf → column of the data
    files: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def doubts(self) -> tuple[str, ...]:
        """Notes about a run over all rows: where it did not converge, and rows that it left out."""
        notes, name = [], self.settings.optimiser
        if self.converged is False and not self.interrupted and not self.stopped_early:
            steps = self.history[-1].step
            notes.append(
                f"{name} has not converged after {steps} iterations; give more epochs, or a larger "
                "max_iterations, ftol or gtol"
            )
        if self.converged is not None and self.settings.holds_out_by_default:
            notes.append(
                f"{name} fitted {self.rows[0]} of {sum(self.rows)} rows; the others are held out "
                "by default: validation=0 (--validation 0) fits all"
            )
        return tuple(notes)

    @property
    def accuracy(self) -> float | None:
        """The share of training rows whose class is predicted."""
        return self.scores[0].accuracy

    @property
    def validation_accuracy(self) -> float | None:
        """The share of held-out rows whose class is predicted."""
        return self.scores[1].accuracy

    def summary(self) -> dict[str, Any]:
        """What the run did and reached, as JSON can hold it."""
        last, kept = self.history[-1], self.kept or self.history[-1]
        return {
            **self.settings.recorded(),
            "accuracy": self.scores[0].accuracy,
            "columns": dict(self.columns),
            "converged": self.converged,
            "epochs_done": last.epoch,
            "interrupted": self.interrupted,
            "epoch_kept": kept.epoch,
            "loss": kept.loss,
            "r2": self.scores[0].r2,
            "rows_training": self.rows[0],
            "rows_validation": self.rows[1],
            "scalings": {
                name: {
                    "mean": np.asarray(scaling.mean).tolist(),
                    "scale": np.asarray(scaling.scale).tolist(),
                }
                for name, scaling in self.scalings.items()
            },
            "steps_done": last.step,
            "stopped_early": self.stopped_early,
            "validation_accuracy": self.scores[1].accuracy,
            "validation_loss": kept.validation_loss,
            "validation_r2": self.scores[1].r2,
        }
