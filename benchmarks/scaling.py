"""Weak scaling over workers, what a step's communication costs, and what that plans for many.

python -m benchmarks.scaling [--quick] [-o docs/scaling.md]
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks import threads

if __name__ == "__main__":  # before NumPy is imported, here and by the workers
    os.environ.update(dict.fromkeys(threads.VARIABLES, "1"))

import numpy as np

from benchmarks.page import shown
from benchmarks.scaling_model import (
    BATCHES,
    LOCAL,
    LOCAL_BATCH,
    LOCAL_SIZE,
    MOST_BYTES,
    SIZES,
    TASKS,
    WORKERS,
    Cell,
    Found,
)

PAGE = Path(__file__).parent.parent / "docs" / "scaling.md"
CIRCUIT = """\
x: input[d]
y: target
W: param[k, d]
b: param[k]
z = W @ x + b
p: output = softmax(z)
E: loss = cross_entropy(z, y)
"""
EMPTY = """\
from typing import Any, NamedTuple
import numpy as np
SOURCE = ""
class Params(NamedTuple):
    w: Any
class Inputs(NamedTuple):
    x: Any
def value_and_grad(params, inputs):
    return 0.0, Params(np.zeros(params.w.shape))
"""


@dataclass(frozen=True, slots=True)
class Effort:
    """How long one cell of a table is measured, and in how many steps at least and at most."""

    seconds: float = 1.0
    least: int = 5
    most: int = 200


QUICK = Effort(0.05, 2, 3)


def seconds_of(call: Callable[[int], Any], effort: Effort) -> float:
    """The median over the calls, after two for warmth."""
    call(0)
    call(1)
    found: list[float] = []
    begin = time.perf_counter()
    while len(found) < effort.least or (
        len(found) < effort.most and time.perf_counter() - begin < effort.seconds
    ):
        start = time.perf_counter()
        call(len(found))
        found.append(time.perf_counter() - start)
    return float(np.median(found))


def places() -> dict[str, Callable[[int], AbstractContextManager[Any]]]:
    """Where gradients are made: name → workers → engine maker."""
    from symback.training.engine.dask import on_dask
    from symback.training.engine.workers import on_processes

    return {"processes": on_processes, "Dask": lambda workers: on_dask(workers=workers)}


@contextmanager
def engine_of(
    maker: Any, module: ModuleType, columns: Any, params: Any, shards: int, batch: int
) -> Iterator[tuple[Any, Any, int]]:
    """An engine of so many shards, its θ, and the steps of an epoch."""
    from symback.training.engine.gradients import ParameterVector
    from symback.training.feed.batches import BatchPlan
    from symback.training.feed.batches import shards as dealt
    from symback.training.feed.columns import leaves_of_module
    from symback.training.feed.feed import open_feed

    vector = ParameterVector(module, params)
    with open_feed(columns, leaves_of_module(module)) as feed:
        parts = dealt(feed, shards, BatchPlan(batch_size=batch * shards))
        engine = maker(feed, parts, module, vector)
        try:
            yield engine, vector.flatten(params), parts[0].steps
        finally:
            engine.close()


def work(size: int, rows: int) -> tuple[ModuleType, Any, Any]:
    """Module, columns and parameters of softmax regression with so many parameters."""
    import symback as sb

    d, k = SIZES[size]
    rng = np.random.default_rng(0)
    columns = {"x": rng.normal(size=(rows, d)), "y": rng.integers(0, k, rows).astype(float)}
    module = sb.circuit(CIRCUIT).compile()
    params = module.Params(rng.normal(scale=0.01, size=(k, d)), np.zeros(k))
    return module, columns, params


def step_seconds(maker: Any, cell: Cell, effort: Effort) -> float:
    """Seconds of a step, each worker with its own rows: four batches of them."""
    shards = max(1, cell.workers)
    module, columns, params = work(cell.size, 4 * cell.batch * shards)
    with engine_of(maker, module, columns, params, shards, cell.batch) as (engine, theta, steps):
        return seconds_of(lambda i: engine.step(theta, 0, i % steps), effort)


def empty_seconds(maker: Any, tasks: int, size: int, effort: Effort) -> float:
    """Seconds of a step whose gradients are zeros: what is left is communication."""
    from symback.codegen.loading import load_files

    module = load_files({".py": EMPTY}, "empty")
    columns, params = {"x": np.ones(8 * tasks)}, module.Params(np.zeros(size))
    with engine_of(maker, module, columns, params, tasks, 4) as (engine, theta, steps):
        return seconds_of(lambda i: engine.step(theta, 0, i % steps), effort)


def local_seconds(maker: Any, workers: int, k: int, effort: Effort) -> float:
    """Seconds of one of k local steps."""
    from symback.training.engine.gradients import LocalSteps
    from symback.training.optimiser import Optimiser
    from symback.training.settings import Settings

    module, columns, params = work(LOCAL_SIZE, LOCAL[-1] * LOCAL_BATCH * workers)
    optimiser = Optimiser(Settings())
    with engine_of(maker, module, columns, params, workers, LOCAL_BATCH) as (engine, theta, _):

        def steps(i: int) -> None:
            engine.local(LocalSteps(optimiser, theta, (), 0, 0, 0, [0.01] * k))

        return seconds_of(steps, effort) / k


def measured(effort: Effort, quick: bool) -> Found:
    from symback.training.engine.gradients import in_process

    found = Found({}, {}, {})
    sizes = [size for size in SIZES if not quick or size < 1_000_000]
    for size in sizes:
        for batch in BATCHES[size]:
            cell = Cell("here", 0, size, batch)
            found.steps[cell] = step_seconds(in_process, cell, effort)
    for place, begin in places().items():
        for workers in WORKERS:
            with begin(workers) as maker:
                for size in sizes:
                    for batch in BATCHES[size]:
                        cell = Cell(place, workers, size, batch)
                        found.steps[cell] = step_seconds(maker, cell, effort)
                        tell(f"{place}, {workers}: {size:,} {batch:,}", found.steps[cell])
                if workers < WORKERS[-1]:
                    continue
                for size in sizes:
                    for tasks in TASKS:
                        if tasks >= workers and tasks * 8 * size <= MOST_BYTES:
                            spent = empty_seconds(maker, tasks, size, effort)
                            found.empty[place, tasks, size] = spent
                            tell(f"{place}, {tasks} empty tasks: {size:,}", spent)
                for k in LOCAL:
                    found.local[place, k] = local_seconds(maker, workers, k, effort)
    return found


def tell(what: str, seconds: float) -> None:
    print(f"{what}: {shown(seconds)}", file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few steps, no large sizes")
    parser.add_argument("-o", dest="page", type=Path, help="where to write the page")
    chosen = parser.parse_args()
    start = time.perf_counter()
    from benchmarks.scaling_page import page

    text = page(
        measured(QUICK if chosen.quick else Effort(), chosen.quick), "python -m benchmarks.scaling"
    )
    where = chosen.page or (None if chosen.quick else PAGE)
    if where is None:
        print(text)
    else:
        where.write_text(text, encoding="utf-8")
    print(f"{time.perf_counter() - start:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
