"""Gradients of a module over shards: means over their rows, added in the order of the shards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from types import ModuleType
from typing import Any, NamedTuple, TypeVar, TypeVarTuple

import numpy as np

from symback.errors import DataError, TrainingError
from symback.training.engine.blas import limit_threads, threads_for
from symback.training.engine.metrics import Scores
from symback.training.feed.batches import Columns, Shard
from symback.training.feed.feed import Feed
from symback.training.feed.scaling import Moments
from symback.training.optimiser import Optimiser
from symback.training.sources.dtypes import FloatArray


class WorkersLost(TrainingError):
    """The workers are lost; the run is in its state before the step."""


class ParameterVector:
    """Where each parameter stands in the flat vector θ, in the order of the module's Params."""

    def __init__(self, module: ModuleType, params: Any) -> None:
        self.type = module.Params
        self.shapes = [np.shape(value) for value in params]
        self.ends = np.cumsum([int(np.prod(shape)) for shape in self.shapes]).tolist()
        self.numbers = not any(self.shapes)
        self.size = self.ends[-1] if self.ends else 0
        self.sizes: dict[str, int] = {}  # those with a name
        for name, shape in zip(module.Params._fields, self.shapes, strict=True):
            lengths = zip(getattr(module, "SHAPES", {}).get(name, ()), shape, strict=False)
            self.sizes |= {size: length for size, length in lengths if isinstance(size, str)}

    def unflatten(self, theta: FloatArray) -> Any:
        """Views of θ as the module's Params; no numbers are copied."""
        if self.numbers:
            return self.type(*theta)
        starts = [0, *self.ends]
        places = zip(starts, self.ends, self.shapes, strict=False)
        return self.type(*[theta[a:b].reshape(shape) for a, b, shape in places])

    def flatten(self, params: Any) -> FloatArray:
        """The numbers of Params as one new vector."""
        if self.numbers:
            return np.array(params)
        return np.concatenate([np.ravel(value) for value in params])


class Part(NamedTuple):
    """The mean loss of some rows, and its gradient."""

    rows: int
    loss: float
    gradient: FloatArray


class Means(NamedTuple):
    """Mean losses over the training and the held-out rows, each with its number of rows."""

    training: Part
    held_out: Part


class LocalSteps(NamedTuple):
    """One step for each of `etas`, from θ and the optimiser's state before step t.

    The batches are those from `step` on of an epoch.
    """

    optimiser: Optimiser
    theta: FloatArray
    state: tuple[FloatArray, ...]
    epoch: int
    step: int
    t: int
    etas: Sequence[float]


class ShardGradients:
    """The gradients of one shard, by a module."""

    def __init__(self, module: ModuleType, vector: ParameterVector, shard: Shard) -> None:
        self.module, self.vector, self.shard = module, vector, shard

    def step(self, theta: FloatArray, epoch: int, step: int) -> Part | None:
        """Loss and gradient of a mini-batch; None where the shard has no more rows."""
        if step >= self.shard.steps:
            return None
        batch = self.shard.batch(epoch, step)
        return self._of(theta, self.module.Inputs(*batch), len(batch[0]))

    def local(self, run: LocalSteps) -> Part | None:
        """A step for each η with this shard's batches; the vector is θ and state, end to end."""
        rows, losses, theta = 0, 0.0, run.theta
        slots: Any = run.optimiser.module.State(*run.state)
        for i, eta in enumerate(run.etas):
            part = self.step(theta, run.epoch, run.step + i)
            if part is None:
                break
            theta, slots = run.optimiser.move(theta, part.gradient, slots, t=run.t + i, eta=eta)
            rows, losses = rows + part.rows, losses + part.rows * part.loss
        return Part(rows, losses / rows, np.concatenate([theta, *slots])) if rows else None

    def whole(self, theta: FloatArray) -> Part:
        """Loss and gradient of all training rows."""
        parts = (self._part(theta, split.training) for split in self.shard.parts())
        return combined(part for part in parts if part is not None)

    def along(self, theta: FloatArray, v: FloatArray) -> Part:
        """H·v over all training rows, in place of the gradient."""
        return combined(
            Part(rows, 0.0, self.module.hessp(theta, v, inputs, **self.vector.sizes))
            for inputs, rows in self._training()
        )

    def triangle(self, theta: FloatArray) -> FloatArray:
        """The R of the QR factors of [J r] over all training rows, by blocks of them."""
        found = np.zeros((0, len(theta) + 1))
        for inputs, rows in self._training():
            r = self.module.residuals(theta, inputs, **self.vector.sizes)
            entries = len(r) // rows
            block = max(1, MOST_ENTRIES // (entries * (len(theta) + 1)))
            for start in range(0, rows, block):
                part = type(inputs)(*(column[start : start + block] for column in inputs))
                jacobian = self.module.jacobian(theta, part, **self.vector.sizes)
                own = r[start * entries : (start + block) * entries]
                found = triangle_of([found, np.column_stack([jacobian, own])])
        return found

    def _training(self) -> Iterator[tuple[Any, int]]:
        """The training rows by parts, each with its number of them."""
        for split in self.shard.parts():
            rows = len(next(iter(split.training.values())))
            if rows:
                yield self.module.Inputs(**split.training), rows

    def means(self, theta: FloatArray) -> Means:
        """The mean losses over the training and the held-out rows, read once."""
        found: tuple[list[Part], list[Part]] = ([], [])
        for split in self.shard.parts():
            for parts, columns in zip(found, split, strict=True):
                part = self._part(theta, columns)
                if part is not None:
                    parts.append(part._replace(gradient=_NOTHING))
        return Means(combined(found[0]), combined(found[1]))

    def moments(self, names: Sequence[str]) -> dict[str, Moments]:
        """The moments of the named inputs in the training rows; reads, and so checks, every row."""
        return self.shard.moments(names)

    def scores(self, theta: FloatArray) -> tuple[Scores, Scores]:
        """The scores of the outputs on the training and on the held-out rows."""
        params, found = self.vector.unflatten(theta), (Scores(), Scores())
        for split in self.shard.parts():
            found = tuple(  # type: ignore[assignment]
                scores + Scores.of(self.module, params, columns)
                for scores, columns in zip(found, split, strict=True)
            )
        return found

    def _part(self, theta: FloatArray, columns: Columns) -> Part | None:
        rows = len(next(iter(columns.values())))
        if rows == 0:
            return None
        return self._of(theta, self.module.Inputs(**columns), rows)

    def _of(self, theta: FloatArray, inputs: Any, rows: int) -> Part:
        """By the module; its loss is NaN where a matrix has no inverse."""
        try:
            loss, bars = self.module.value_and_grad(self.vector.unflatten(theta), inputs)
        except np.linalg.LinAlgError:
            return Part(rows, float("nan"), np.full_like(theta, np.nan))
        except ValueError as error:  # such as the index of a class that there is not
            raise DataError(
                f"{error}; correct the data, or choose other columns or sizes"
            ) from None
        return Part(rows, loss, self.vector.flatten(bars))


_NOTHING: FloatArray = np.zeros(0)
MOST_ENTRIES = 1 << 20  # of a Jacobian at a time


def triangle_of(blocks: Sequence[FloatArray]) -> FloatArray:
    """The R of the QR factors of blocks of rows that stand one above the other; square.

    NaN where an entry is not finite.
    """
    rows = np.vstack(blocks).astype(np.float64)
    if not np.isfinite(rows).all():
        return np.full((rows.shape[1], rows.shape[1]), np.nan)
    found = np.zeros((rows.shape[1], rows.shape[1]))
    triangle = np.linalg.qr(rows, mode="r")
    found[: len(triangle)] = triangle
    return found


def combined(parts: Iterable[Part | None]) -> Part:
    """The mean over all rows: (Σ n_s loss_s)/n and (Σ n_s g_s)/n, added from first to last.

    The sum is taken in the order of the parts, independent of where and when they were made: equal
    parts give equal bits. NaN where there is no row.
    """
    known = [part for part in parts if part is not None]
    if len(known) == 1:
        return known[0]
    rows = sum(part.rows for part in known)
    if rows == 0:
        return Part(0, float("nan"), _NOTHING)
    loss = sum(part.rows * part.loss for part in known) / rows
    gradient = known[0].rows * known[0].gradient
    for part in known[1:]:
        gradient += part.rows * part.gradient
    gradient /= rows
    return Part(rows, loss, gradient)


Arguments = TypeVarTuple("Arguments")
Answer = TypeVar("Answer")


class Engine:
    """Computes gradients by shards, and adds them in their order.

    A subclass says in `_each` where the method of a shard runs; equal shards give equal bits there.
    """

    def __init__(self, threads: int) -> None:
        self._end_limit = limit_threads(threads)

    def close(self) -> None:
        """BLAS takes as many threads as before."""
        self._end_limit()

    def _each(
        self, method: Callable[[ShardGradients, *Arguments], Answer], *arguments: *Arguments
    ) -> list[Answer]:
        """The results of a method of ShardGradients, in the order of the shards."""
        raise NotImplementedError

    def step(self, theta: FloatArray, epoch: int, step: int) -> Part:
        """Loss and gradient of mini-batch `step` of an epoch."""
        return combined(self._each(ShardGradients.step, theta, epoch, step))

    def local(self, run: LocalSteps) -> tuple[FloatArray, tuple[FloatArray, ...], float]:
        """θ, state and mean loss after each shard made a step for each η alone."""
        return averaged(self._each(ShardGradients.local, run), len(run.state))

    def whole(self, theta: FloatArray) -> Part:
        """Loss and gradient of all training rows."""
        return combined(self._each(ShardGradients.whole, theta))

    def along(self, theta: FloatArray, v: FloatArray) -> Part:
        """H·v over all training rows, in place of the gradient."""
        return combined(self._each(ShardGradients.along, theta, v))

    def triangle(self, theta: FloatArray) -> FloatArray:
        """The R of the QR factors of [J r] over all training rows."""
        return triangle_of(self._each(ShardGradients.triangle, theta))

    def means(self, theta: FloatArray) -> Means:
        """The mean losses over all training and all held-out rows."""
        return merged_means(self._each(ShardGradients.means, theta))

    def moments(self, names: Sequence[str]) -> dict[str, Moments]:
        """The moments of the named inputs in all training rows; reads, and so checks, every row."""
        return merged_moments(self._each(ShardGradients.moments, tuple(names)))

    def scores(self, theta: FloatArray) -> tuple[Scores, Scores]:
        """The scores of the outputs on all training and all held-out rows."""
        return merged_scores(self._each(ShardGradients.scores, theta))


EngineMaker = Callable[[Feed, Sequence[Shard], ModuleType, ParameterVector], Engine]
"""Makes the engine of a run from its feed, shards, module and parameter vector."""


class InProcessEngine(Engine):
    """All shards in this process, one after the other."""

    def __init__(self, parts: Sequence[ShardGradients]) -> None:
        super().__init__(threads_for(len(parts), parts[0].vector.numbers))
        self.parts = parts

    def _each(
        self, method: Callable[[ShardGradients, *Arguments], Answer], *arguments: *Arguments
    ) -> list[Answer]:
        return [method(part, *arguments) for part in self.parts]


def in_process(
    _: Feed, shards: Sequence[Shard], module: ModuleType, vector: ParameterVector
) -> Engine:
    """An EngineMaker: all shards in this process."""
    return InProcessEngine([ShardGradients(module, vector, shard) for shard in shards])


def averaged(
    parts: Sequence[Part | None], slots: int
) -> tuple[FloatArray, tuple[FloatArray, ...], float]:
    """θ and state of shards that went alone, averaged by their rows, and their mean loss."""
    mean = combined(parts)
    theta, *state = np.split(mean.gradient, 1 + slots)
    return theta, tuple(state), float(mean.loss)


def merged_means(means: Sequence[Means]) -> Means:
    """The means over the rows of all shards, in their order."""
    held = [mean.held_out for mean in means if mean.held_out.rows]
    return Means(combined(mean.training for mean in means), combined(held))


def merged_moments(found: Sequence[dict[str, Moments]]) -> dict[str, Moments]:
    """The moments of the rows of all shards, in their order."""
    merged: dict[str, Moments] = {}
    for moments in found:
        for name, more in moments.items():
            merged[name] = merged[name] + more if name in merged else more
    return merged


def merged_scores(found: Sequence[tuple[Scores, Scores]]) -> tuple[Scores, Scores]:
    """The scores of the rows of all shards, in their order."""
    training, held_out = zip(*found, strict=True)
    return sum(training, Scores()), sum(held_out, Scores())
