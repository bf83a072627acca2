"""The loop: epochs of steps from checkpoint to checkpoint, divergence, interruption, early end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import cached_property
from math import isfinite
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from symback.errors import DataError, TrainingError
from symback.training.checkpoint import Best, Checkpoint, Point, Record, Saver
from symback.training.diagnosis import first_bad_node, first_bad_row
from symback.training.engine.gradients import (
    Engine,
    EngineMaker,
    LocalSteps,
    ParameterVector,
    WorkersLost,
    in_process,
)
from symback.training.feed.batches import BatchPlan, Shard, shards
from symback.training.feed.columns import leaves_of_module
from symback.training.feed.feed import Feed, open_feed
from symback.training.feed.scaling import scalings_of
from symback.training.initial import check_shapes, drawn, sizes_of
from symback.training.optimiser import Optimiser
from symback.training.progress import Progress
from symback.training.result import Diverged, Result
from symback.training.settings import ITERATIONS, LBFGS, LearningRate, Settings
from symback.training.sources.dtypes import FloatArray
from symback.training.sources.messages import quoted
from symback.training.trajectory import Trajectory

MOST_ROWS_DRAWN = 20_000  # whose loss is the surface under it


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

    θ ← θ - η_t (1/b) Σ ∇l over mini-batches of rows, shuffled every epoch, or as another optimiser
    moves. Starts from `initial`, from the checkpoint of `saver`, or from `module.init_params`. An
    interrupt (Ctrl-C) ends the run and keeps what was learned. `engine` says where gradients are
    made, here by default. Raises DataError, TrainingError for settings, and Diverged where the loss
    is not finite.
    """
    settings = settings or Settings()
    _check_module(module)
    with ExitStack() as open_files:
        if isinstance(data, Feed):
            feed = data
        else:
            feed = open_files.enter_context(
                open_feed(data, leaves_of_module(module), dtype=settings.dtype)
            )
        with np.errstate(all="ignore"):  # finiteness is tested, not warned about
            run = _prepared(module, feed, settings, initial, engine or in_process, target)
            run.saver = saver or Saver(None)
            open_files.callback(run.engine.close)
            progress = progress or Progress()
            with progress:
                return run.result(run.learn(progress))


def _check_module(module: ModuleType) -> None:
    if not module.Params._fields:
        raise TrainingError("the circuit has no parameters; declare one, for example 'w: param'")
    if not module.Inputs._fields:
        raise DataError("the circuit has no inputs; there is nothing that data could feed")


def _prepared(
    module: ModuleType,
    feed: Feed,
    settings: Settings,
    initial: Any,
    maker: EngineMaker,
    target: str,
) -> _Run:
    """A run at its start: rows dealt, inputs scaled, parameters drawn."""
    sizes = sizes_of(module, feed, settings)
    params = drawn(module, sizes, settings.seed) if initial is None else initial
    if not isinstance(params, module.Params):
        params = module.Params(*params)
    check_shapes(module, params, sizes)
    vector = ParameterVector(module, params)
    plan = BatchPlan(settings.seed, settings.validation, settings.batch_size)
    parts = shards(feed, settings.shards, plan)
    targets = module.Inputs._field_defaults
    scaled = [name for name in module.Inputs._fields if name not in targets]
    engine = maker(feed, parts, module, vector)
    notes: list[str] = []
    if settings.standardise:
        try:
            scalings, notes = scalings_of(engine.moments(scaled))
        finally:
            engine.close()
        plan = BatchPlan(settings.seed, settings.validation, settings.batch_size, scalings)
        parts = shards(feed, settings.shards, plan)
        engine = maker(feed, parts, module, vector)
    theta = vector.flatten(params).astype(settings.dtype)
    return _Run(module, feed, settings, parts, engine, vector, theta, notes, target)


class _Run:
    """A run between two steps."""

    def __init__(
        self,
        module: ModuleType,
        feed: Feed,
        settings: Settings,
        parts: Sequence[Shard],
        engine: Engine,
        vector: ParameterVector,
        theta: FloatArray,
        notes: Sequence[str],
        target: str,
    ) -> None:
        self.module, self.feed, self.settings = module, feed, settings
        self.shards, self.engine, self.vector = parts, engine, vector
        self.rows = sum(shard.rows for shard in parts), sum(shard.held for shard in parts)
        self.full = settings.optimiser == LBFGS
        self.steps = ITERATIONS if self.full else max(shard.steps for shard in parts)
        self.optimiser = None if self.full else Optimiser(settings, target)
        self.eta = settings.scheduled(settings.epochs * self.steps)
        state = () if self.optimiser is None else tuple(self.optimiser.start(theta))
        self.point = self.good = self.recorded = Point(theta, state, 0, 0, 0)
        self.history: list[Record] = []
        self.best: Best | None = None
        drawn = vector.numbers and len(theta) == 2
        self.trajectory = Trajectory([0], [theta], settings.local_steps) if drawn else None
        self.notes, self.target = list(notes), target
        self.saver = Saver(None)

    # -- the loop ------------------------------------------------------------------------------

    def learn(self, progress: Progress) -> bool:
        """Run the epochs; says whether they were interrupted."""
        self._resume()  # not below: an interrupt would save the start over what was learned
        rows = self.rows[0] * (self.steps if self.full else 1)
        try:
            progress.start(self.settings.epochs, self.steps, rows, self.point.step)
            while True:
                if not self.history or self.history[-1].epoch < self.point.epoch:
                    self._record()
                    progress.epoch(self.history[-1])
                    self.saver.tick(self._checkpoint)
                if self.point.epoch >= self.settings.epochs or self._enough():
                    break
                self._epoch(progress)
            self.saver.save(self._checkpoint())
        except KeyboardInterrupt:
            self.saver.save(self._checkpoint())
            if not self.history or self.history[-1].step < self.point.step:
                self._record()
            return True
        except Diverged as error:
            self._keep(error)
            raise
        except WorkersLost as error:
            if self.saver.folder is None:
                raise
            self.saver.save(self._checkpoint())
            raise WorkersLost(f"{error}; what was learned is saved: go on with --resume") from None
        return False

    def _epoch(self, progress: Progress) -> None:
        if self.full:
            self._search()
            return
        engine, optimiser, eta, k = self.engine, self.optimiser, self.eta, self.settings.local_steps
        assert optimiser is not None
        while self.point.done < self.steps:
            theta, state, epoch, done, t = self.point
            count = min(k, self.steps - done)
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
                raise self._diverged(where=self._where())
            self.good = self.point
            self._trace(t + count, theta)
            self.point = Point(theta, tuple(state), epoch, done + count, t + count)
            self.saver.tick(self._checkpoint, count)
            progress.step(self.point.step, float(loss))
        self.point = self.point._replace(epoch=self.point.epoch + 1, done=0)

    def _search(self) -> None:
        """An epoch of L-BFGS."""
        from symback.training.lbfgs import search

        point = self.point
        theta, iterations = search(
            self.engine.whole,
            point.theta,
            lambda iteration, theta: self._trace(point.step + iteration, theta),
        )
        self.good = point
        self.point = Point(theta, (), point.epoch + 1, 0, point.step + iterations)

    def _enough(self) -> bool:
        """Whether patience has ended, or L-BFGS found no lower loss."""
        if self.full and len(self.history) > 1 and self.history[-1].step == self.history[-2].step:
            return True
        return self._impatient

    @property
    def _impatient(self) -> bool:
        patience, best = self.settings.patience, self.best
        if patience is None or best is None:
            return False
        return self.point.epoch - best.epoch >= patience

    def _trace(self, step: int, theta: FloatArray) -> None:
        if self.trajectory is not None:
            self.trajectory.add(step, theta)

    # -- faults --------------------------------------------------------------------------------

    def _checkpoint(self) -> Checkpoint:
        found = Checkpoint(self.point, tuple(self.history), self._identity, self.best)
        if self.trajectory is None:
            return found
        steps, path, stride = self.trajectory.until(self.point.step)
        return replace(found, path=path, path_steps=steps, stride=stride)

    @cached_property
    def _identity(self) -> dict[str, Any]:
        """What a run that resumes must have in common with the one that was broken off."""
        settings = self.settings.recorded()
        if not self.settings.depends_on_epochs:
            del settings["epochs"]  # more of them may follow
        names = self.vector.type._fields
        shapes = zip(names, self.vector.shapes, strict=True)
        return {
            **settings,
            "circuit": getattr(self.module, "SOURCE", ""),
            "parameters": {name: list(shape) for name, shape in shapes},
            "columns": dict(self.feed.columns),
            "data": self.feed.digest(),
            "target": self.target,  # gradients in C round otherwise
        }

    def _resume(self) -> None:
        found = self.saver.found(lambda: self._identity)
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
            params=self.vector.unflatten(theta),
            history=tuple(self.history),
            settings=self.settings,
            scalings=self.shards[0].plan.scalings,
            rows=self.rows,
            scores=self.engine.scores(theta),
            interrupted=interrupted,
            kept=kept,
            stopped_early=early and self.point.epoch < self.settings.epochs,
            steps_per_epoch=self.steps,
            path=self._path(),
            surface=None if self.trajectory is None else self._surface,
            columns=self.feed.columns,
            notes=(*self.feed.notes, *self.notes, *self._rise()),
        )

    def _path(self) -> FloatArray:
        """The trajectory, with its end."""
        if self.trajectory is None:
            return np.array([])
        return np.array([*self.trajectory.until(self.point.step)[1], self.point.theta])

    def _surface(self, across: FloatArray, up: FloatArray) -> FloatArray:
        part = next(self.shards[0].parts()).training
        inputs = self.module.Inputs(*(column[:MOST_ROWS_DRAWN] for column in part.values()))

        def mean(w: float, v: float) -> float:
            return float(self.module.value_and_grad(self.module.Params(w, v), inputs)[0])

        with np.errstate(all="ignore"):
            return np.array([[mean(w, v) for w in across] for v in up])

    def _rise(self) -> tuple[str, ...]:
        first, last = self.history[0].loss, self.history[-1].loss
        if last <= first:
            return ()
        return (f"the loss rose from {first:.6g} to {last:.6g}; use {self._remedy()}",)

    def _remedy(self) -> str:
        if self.full:
            return "other initial values, or standardise the inputs"
        rate = self.settings.eta
        eta = "" if callable(rate) else f" than {rate:g}"
        scale = "" if self.settings.standardise else ", or standardise the inputs"
        return f"a smaller learning rate{eta}{scale}"

    def _record(self) -> None:
        """Add a line to the history; what it holds is finite."""
        theta = self.point.theta
        if not np.isfinite(theta).all():
            named = self.vector.unflatten(theta)._asdict().items()
            bad = next(name for name, value in named if not np.all(np.isfinite(value)))
            raise self._diverged(f"parameter {quoted(bad)}")
        means = self.engine.means(theta)
        losses = float(means.training.loss), float(means.held_out.loss)
        if not isfinite(losses[0]):
            raise self._diverged("the loss")
        if self.rows[1] and not isfinite(losses[1]):
            raise self._diverged("the validation loss")
        self.good = self.recorded = self.point
        validation = losses[1] if self.rows[1] else None
        known = self.best is not None and validation is not None and self.best.loss <= validation
        if self.settings.patience is not None and validation is not None and not known:
            self.best = Best(theta, self.point.epoch, validation)
        self.history.append(Record(self.point.epoch, self.point.step, losses[0], validation))

    def _where(self) -> str:
        """The first bad row of a batch, and the first bad node there."""
        theta, _, epoch, done, _ = self.point
        params = self.vector.unflatten(theta)
        dealt = [
            (s.batch(epoch, done), s.rows_of(epoch, done)) for s in self.shards if done < s.steps
        ]
        columns = [np.concatenate(column) for column in zip(*(c for c, _ in dealt), strict=True)]
        numbers = np.concatenate([rows for _, rows in dealt])
        order = np.argsort(numbers)
        found = first_bad_row(self.module, params, columns, order)
        chosen = order if found is None else [found]
        batch = self.module.Inputs(*(column[chosen] for column in columns))
        node = first_bad_node(self.module, params, batch)
        place = f"a batch of {len(order)} rows"
        if found is not None:
            place = self.feed.place(int(numbers[found]))
        return f" ({place}" + (f", first {quoted(node)})" if node else ")")

    def _diverged(self, what: str = "the loss", where: str = "") -> Diverged:
        if self.point.step == 0:
            return Diverged(
                f"{what} is not finite before the first step{where}; initial values or data lie "
                "outside the circuit's domain; standardise the inputs or give initial values"
            )
        return Diverged(
            f"{what} is not finite after step {self.point.step}: training diverged{where}; "
            f"use {self._remedy()}"
        )


__all__ = [
    "Diverged",
    "LearningRate",
    "Record",
    "Result",
    "Settings",
    "TrainingError",
    "train",
]
