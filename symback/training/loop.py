"""The loop: epochs of steps from checkpoint to checkpoint, divergence, interruption, early end."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from math import inf, isfinite
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from symback.errors import DataError, TrainingError
from symback.training.checkpoint import Best, Checkpoint, Record, Saver, TrainingPoint
from symback.training.diagnosis import diverged, remedy
from symback.training.engine.gradients import (
    EngineMaker,
    LocalSteps,
    WorkersLost,
    in_process,
)
from symback.training.feed.columns import leaves_of_module
from symback.training.feed.feed import Feed, open_feed
from symback.training.full_batch import evaluation_of
from symback.training.methods import method_of
from symback.training.optimiser import Optimiser
from symback.training.progress import Progress
from symback.training.result import Diverged, Result
from symback.training.settings import LearningRate, Settings
from symback.training.setup import Setup, prepare, refuse_untrainable
from symback.training.sources.dtypes import FloatArray
from symback.training.sources.messages import quoted
from symback.training.trajectory import Trajectory


def train(
    module: ModuleType,
    data: Mapping[str, npt.ArrayLike] | Feed,
    settings: Settings | None = None,
    *,
    initial: Any = None,
    progress: Progress | None = None,
    saver: Saver | None = None,
    engine: EngineMaker | None = None,
    target: str = "numpy",
) -> Result:
    """Fit the module's parameters to the columns, one for each of its inputs and targets.

    θ ← θ - η_t (1/b) Σ ∇l over mini-batches of rows, shuffled every epoch, or by the rule of
    another optimiser. Starts from `initial`, the checkpoint of `saver`, or `module.init_params`.
    An interrupt (Ctrl-C) ends the run and keeps what was learned. `engine` makes the engine of
    gradients, by default in this process. Raises DataError, TrainingError for settings, and
    Diverged where the loss is not finite.
    """
    settings = settings or Settings()
    refuse_untrainable(module)
    with ExitStack() as open_files:
        if isinstance(data, Feed):
            feed = data
        else:
            feed = open_files.enter_context(
                open_feed(data, leaves_of_module(module), dtype=settings.dtype)
            )
        with np.errstate(all="ignore"):  # finiteness is tested, not warned about
            setup, theta = prepare(module, feed, settings, initial, engine or in_process, target)
            open_files.callback(setup.engine.close)
            run = _Run(setup, theta, saver or Saver(None))
            progress = progress or Progress()
            with progress:
                return run.result(run.learn(progress))


class _Run:
    """The state of a run between two steps."""

    def __init__(self, setup: Setup, theta: FloatArray, saver: Saver) -> None:
        self.setup, self.saver = setup, saver
        self.optimiser = None if setup.full_batch else Optimiser(setup.settings, setup.target)
        self.eta = setup.settings.scheduled(setup.settings.epochs * setup.steps)
        state = () if self.optimiser is None else tuple(self.optimiser.start(theta))
        self.point = self.good = self.recorded = TrainingPoint(theta, state, 0, 0, 0)
        self.history: list[Record] = []
        self.best: Best | None = None
        drawn = setup.vector.numbers and len(theta) == 2
        self.trajectory = Trajectory([0], [theta], setup.settings.local_steps) if drawn else None

    # -- the loop ------------------------------------------------------------------------------

    def learn(self, progress: Progress) -> bool:
        """Run the epochs; returns whether they were interrupted."""
        self._resume()  # not below: an interrupt would save the start over what was learned
        rows = self.setup.rows[0] * (self.setup.steps if self.setup.full_batch else 1)
        try:
            progress.start(self.setup.settings.epochs, self.setup.steps, rows, self.point.step)
            while True:
                if not self.history or self.history[-1].epoch < self.point.epoch:
                    self._record()
                    progress.epoch(self.history[-1])
                    self.saver.tick(self._checkpoint)
                if self.point.epoch >= self.setup.settings.epochs or self._enough():
                    break
                self._epoch(progress)
            self.saver.save(self._checkpoint())
            self._record_rest()
        except KeyboardInterrupt:
            self.saver.save(self._checkpoint())
            self._record_rest()
            return True
        except Diverged as error:
            self._keep(error)
            raise
        except WorkersLost as error:
            if self.saver.folder is None:
                raise
            self.saver.save(self._checkpoint())
            raise WorkersLost(
                f"{error}; what was learned is saved: continue with --resume"
            ) from None
        return False

    def _epoch(self, progress: Progress) -> None:
        if self.setup.full_batch:
            self._search()
            return
        engine, k = self.setup.engine, self.setup.settings.local_steps
        optimiser, eta = self.optimiser, self.eta
        assert optimiser is not None
        while self.point.done < self.setup.steps:
            theta, state, epoch, done, t = self.point
            count = min(k, self.setup.steps - done)
            if k > 1:
                etas = [float(eta(t + i)) for i in range(count)]
                local = LocalSteps(optimiser, theta, state, epoch, done, t, etas)
                theta, state, loss = engine.local(local)
            else:
                _, loss, gradient = engine.step(theta, epoch, done)
                if isfinite(loss):
                    slots = optimiser.module.State(*state)
                    theta, state = optimiser.move(theta, gradient, slots, t=t, eta=float(eta(t)))
            if not isfinite(loss):
                raise diverged(self.setup, self.point, before=self.good)
            self.good = self.point
            self._trace(t + count, theta)
            self.point = TrainingPoint(theta, tuple(state), epoch, done + count, t + count)
            self.saver.tick(self._checkpoint, count)
            progress.step(self.point.step, float(loss))
        self.point = self.point._replace(epoch=self.point.epoch + 1, done=0)

    def _search(self) -> None:
        """An epoch of a method over all rows, or what `max_iterations` leave of it."""
        theta, state, epoch, done, step = self.point
        options = self.setup.settings.method
        most = int(options.pop("max_iterations"))
        start = evaluation_of(self.setup.engine.whole, theta)
        if not start.is_finite:
            raise diverged(self.setup, self.point, "the gradient")
        found = method_of(self.setup.settings.optimiser, self.setup.engine)(
            start,
            state,
            iterations=min(self.setup.steps - done, most - step),
            trace=lambda iteration, theta: self._trace(step + iteration, theta),
            **options,
        )
        self.good = self.point
        done += found.iterations
        whole = found.converged or done == self.setup.steps
        self.point = TrainingPoint(
            found.theta,
            found.state,
            epoch + whole,
            0 if whole else done,
            step + found.iterations,
        )
        self.saver.tick(self._checkpoint, found.iterations)

    @property
    def _converged(self) -> bool:
        """Whether the last epoch over all rows was a shorter one, or did not lower the loss."""
        if not self.setup.full_batch or self.point.done or len(self.history) < 2:
            return False
        ends = {record.epoch: record.step for record in self.history}
        fewer = self.point.step - ends.get(self.point.epoch - 1, 0) < self.setup.steps
        return fewer or self.history[-1].loss >= self.history[-2].loss

    def _enough(self) -> bool:
        """Whether patience has ended, or a method over all rows its search."""
        most = self.setup.settings.method.get("max_iterations", inf)
        if self.setup.full_batch and (self._converged or self.point.step >= most):
            return True
        return self._impatient

    @property
    def _impatient(self) -> bool:
        patience, best = self.setup.settings.patience, self.best
        if patience is None or best is None:
            return False
        return self.point.epoch - best.epoch >= patience

    def _trace(self, step: int, theta: FloatArray) -> None:
        if self.trajectory is not None:
            self.trajectory.add(step, theta)

    # -- faults --------------------------------------------------------------------------------

    def _checkpoint(self) -> Checkpoint:
        found = Checkpoint(self.point, tuple(self.history), self.setup.identity, self.best)
        if self.trajectory is None:
            return found
        steps, path, stride = self.trajectory.until(self.point.step)
        return replace(found, path=path, path_steps=steps, stride=stride)

    def _resume(self) -> None:
        found = self.saver.checkpoint_to_resume(
            lambda: self.setup.identity, self.setup.feed.files_of
        )
        if found is None:
            return
        if found.point.theta.shape != self.point.theta.shape:
            raise DataError("the checkpoint has another number of parameters")
        self.point = self.good = self.recorded = found.point
        self.history, self.best = list(found.history), found.best
        if self.trajectory is not None:
            self.trajectory = Trajectory(found.path_steps, list(found.path), found.stride)

    def _keep(self, error: Diverged) -> None:
        """Put the last good state into the error: that before the step, or of the last record."""
        if not self.history or self.point.step == 0:
            return
        for point in (self.good, self.recorded):
            self.point, checkpoint = point, None
            with suppress(Diverged):  # finite in its batch, but not over all rows
                checkpoint = self._checkpoint()
                if self.history[-1].step < point.step:
                    self._record()
                break
        assert checkpoint is not None
        self.saver.save(checkpoint)
        error.result = self.result(interrupted=False)

    def _record_rest(self) -> None:
        """A record of the steps of an epoch that was broken off; no checkpoint holds it."""
        if not self.history or self.history[-1].step < self.point.step:
            self._record()

    def result(self, interrupted: bool) -> Result:
        """What was learned until now."""
        theta, kept = self.point.theta, self.history[-1]
        if self.best is not None:
            theta, epoch = self.best.theta, self.best.epoch
            kept = next(  # an epoch that was broken off has a record beside that of its start
                record
                for record in self.history
                if record.epoch == epoch and record.validation_loss == self.best.loss
            )
        early = self._impatient and not interrupted
        return Result(
            params=self.setup.vector.unflatten(theta),
            history=tuple(self.history),
            settings=self.setup.settings,
            scalings=self.setup.shards[0].plan.scalings,
            rows=self.setup.rows,
            scores=self.setup.engine.scores(theta),
            interrupted=interrupted,
            kept=kept,
            stopped_early=early and self.point.epoch < self.setup.settings.epochs,
            converged=self._converged if self.setup.full_batch else None,
            steps_per_epoch=self.setup.steps,
            path=self._path(),
            surface=None if self.trajectory is None else self.setup.surface,
            columns=self.setup.feed.columns,
            notes=(*self.setup.feed.notes, *self.setup.notes, *self._rise()),
        )

    def _path(self) -> FloatArray:
        """The trajectory, with its end."""
        if self.trajectory is None:
            return np.array([])
        return np.array([*self.trajectory.until(self.point.step)[1], self.point.theta])

    def _rise(self) -> tuple[str, ...]:
        first, last = self.history[0].loss, self.history[-1].loss
        if last <= first or self.setup.full_batch:
            return ()
        return (f"the loss rose from {first:.6g} to {last:.6g}; use {remedy(self.setup.settings)}",)

    def _record(self) -> None:
        """Add a line to the history; what it holds is finite."""
        theta = self.point.theta
        if not np.isfinite(theta).all():
            named = self.setup.vector.unflatten(theta)._asdict().items()
            bad = next(name for name, value in named if not np.all(np.isfinite(value)))
            raise diverged(self.setup, self.point, f"parameter {quoted(bad)}", self.good)
        means = self.setup.engine.means(theta)
        losses = float(means.training.loss), float(means.held_out.loss)
        if not isfinite(losses[0]):
            raise diverged(self.setup, self.point, "the loss", self.good)
        if self.setup.rows[1] and not isfinite(losses[1]):
            raise diverged(self.setup, self.point, "the validation loss", self.good)
        self.good = self.recorded = self.point
        validation = losses[1] if self.setup.rows[1] else None
        known = self.best is not None and validation is not None and self.best.loss <= validation
        if self.setup.settings.patience is not None and validation is not None and not known:
            self.best = Best(theta, self.point.epoch, validation)
        self.history.append(Record(self.point.epoch, self.point.step, losses[0], validation))


__all__ = [
    "Diverged",
    "LearningRate",
    "Record",
    "Result",
    "Settings",
    "TrainingError",
    "train",
]
