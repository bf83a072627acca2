"""The setup of a run: everything that is fixed before its first step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np

from symback.errors import DataError, TrainingError
from symback.training.engine.gradients import Engine, EngineMaker, ParameterVector
from symback.training.feed.batches import BatchPlan, Shard, shards
from symback.training.feed.constants import constants_for, count_of, inputs_of
from symback.training.feed.feed import Feed
from symback.training.feed.scaling import scalings_of
from symback.training.initial import check_shapes, given, sizes_of
from symback.training.methods import check_functions
from symback.training.settings import ITERATIONS, Settings
from symback.training.sources.dtypes import FloatArray

NO_PARAMETERS = "the circuit has no parameters; declare one, for example 'w: param'"
MOST_ROWS_DRAWN = 20_000  # whose loss is the surface under a path


@dataclass(frozen=True)
class Setup:
    """Module, data and settings of a run, its shards and the engine of their gradients."""

    module: ModuleType
    feed: Feed
    settings: Settings
    shards: Sequence[Shard]
    engine: Engine
    vector: ParameterVector
    target: str
    notes: tuple[str, ...] = ()

    @cached_property
    def rows(self) -> tuple[int, int]:
        """How many rows are trained on, and how many are held out."""
        return sum(shard.rows for shard in self.shards), sum(shard.held for shard in self.shards)

    @property
    def full_batch(self) -> bool:
        return self.settings.full_batch

    @cached_property
    def steps(self) -> int:
        """Steps of an epoch."""
        return ITERATIONS if self.full_batch else max(shard.steps for shard in self.shards)

    @cached_property
    def identity(self) -> dict[str, Any]:
        """The values that a resumed run must share with the run of its checkpoint."""
        settings = self.settings.recorded()
        if not self.settings.depends_on_epochs:
            del settings["epochs"]  # more of them may follow
        settings["options"].pop("max_iterations", None)
        names = self.vector.type._fields
        shapes = zip(names, self.vector.shapes, strict=True)
        return {
            **settings,
            "circuit": getattr(self.module, "SOURCE", ""),
            "parameters": {name: list(shape) for name, shape in shapes},
            "columns": dict(self.feed.columns),
            "rows": self.feed.rows,
            "data": self.feed.digests(),
            "target": self.target,  # gradients of another target round otherwise
        }

    def surface(self, across: FloatArray, up: FloatArray) -> FloatArray:
        """The mean loss on a grid of two parameters, over the first training rows."""
        part = next(self.shards[0].parts()).training
        inputs = self.module.Inputs(*(column[:MOST_ROWS_DRAWN] for column in part.values()))

        def mean(w: float, v: float) -> float:
            return float(self.module.value_and_grad(self.module.Params(w, v), inputs)[0])

        with np.errstate(all="ignore"):
            return np.array([[mean(w, v) for w in across] for v in up])


def prepare(
    module: ModuleType,
    feed: Feed,
    settings: Settings,
    initial: Any,
    maker: EngineMaker,
    target: str,
) -> tuple[Setup, FloatArray]:
    """The setup of a run, and its initial parameters as θ."""
    sizes = sizes_of(module, feed, settings)
    constants = constants_for(module, settings.constants, sizes)
    params = given(module, initial, sizes, settings.seed)
    check_shapes(module, params, sizes)
    vector = ParameterVector(module, params)
    check_functions(vars(module), settings.optimiser, vector.size)
    batch_size = settings.batch_size or feed.rows  # None stands for all rows
    plan = BatchPlan(
        settings.seed,
        settings.validation,
        batch_size,
        constants=constants,
        count=count_of(module),
    )
    parts = shards(feed, settings.shards, plan)
    scaled = inputs_of(module)
    engine = maker(feed, parts, module, vector)
    if not hasattr(engine, "moments"):
        raise TrainingError("what engine makes is not an engine; give one, as on_processes(2) is")
    notes: list[str] = []
    if settings.standardise:
        try:
            scalings, notes = scalings_of(engine.moments(scaled))
        finally:
            engine.close()
        plan = replace(plan, scalings=scalings)
        parts = shards(feed, settings.shards, plan)
        engine = maker(feed, parts, module, vector)
    if not hasattr(engine, "moments"):
        raise TrainingError("what engine makes is not an engine; give one, as on_processes(2) is")
    theta = vector.flatten(params).astype(settings.dtype)
    return Setup(module, feed, settings, parts, engine, vector, target, tuple(notes)), theta


def refuse_untrainable(module: ModuleType) -> None:
    """An error unless the module has parameters, inputs and a number to make small."""
    if not module.Params._fields:
        raise TrainingError(NO_PARAMETERS)
    if not module.Inputs._fields:
        raise DataError("the circuit has no inputs; there is nothing that data could feed")
    if not hasattr(module, "value_and_grad"):
        raise TrainingError(
            "training makes one number small, and this circuit has no loss and an array or several "
            "numbers as output; add a loss, for example 'l: loss = mean((f - t)**2)'"
        )
