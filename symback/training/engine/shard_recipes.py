"""Recipes from which another process makes a shard, and the shards that a process holds."""

from __future__ import annotations

import os
import uuid
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

import numpy as np

from symback._version import __version__
from symback.codegen.loading import ModuleFiles
from symback.errors import DataError, TrainingError, Unsupported, clip
from symback.training.engine.blas import limit_threads, threads_for
from symback.training.engine.gradients import ParameterVector, ShardGradients
from symback.training.feed.batches import BatchPlan, Columns, Readable, Shard
from symback.training.feed.feed import Feed, Recipe

MOST_RUNS = 4  # whose shards a process holds


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of a feed in memory; `rows` counts those of the whole feed."""

    first: int
    columns: Columns
    rows: int
    bytes_per_row: int

    def read(self, start: int, stop: int) -> Columns:
        """Rows by their numbers in the feed."""
        part = slice(start - self.first, stop - self.first)
        return {name: column[part] for name, column in self.columns.items()}


@dataclass(frozen=True, slots=True)
class ShardRecipe:
    """A shard and the module that makes its gradients: it can be pickled.

    `data` names the feed among the processes of a run, `digest` is that of its numbers.
    """

    module: ModuleFiles
    shapes: tuple[tuple[int, ...], ...]  # of the parameters
    source: Recipe | Block
    data: str
    digest: str
    first: int
    last: int
    number: int
    plan: BatchPlan
    threads: int  # of BLAS
    version: str = __version__

    def gradients(self, feed: Readable) -> ShardGradients:
        """The gradients of the shard, whose rows the feed has."""
        try:
            module = self.module.module()
        except (ImportError, OSError) as error:
            raise Unsupported(f"a worker cannot make the module: {clip(str(error), 90)}") from None
        vector = ParameterVector(module, [np.broadcast_to(0.0, shape) for shape in self.shapes])
        shard = Shard(feed, self.first, self.last, self.number, self.plan)
        return ShardGradients(module, vector, shard)

    def check_version(self) -> None:
        if self.version != __version__:
            raise TrainingError(
                f"a worker has symback {__version__}, the run {self.version}; install the same"
            )


def opened(recipe: Recipe, digest: str) -> Feed:
    """The feed of a recipe; DataError where its numbers are not those of the run."""
    feed = recipe.open()
    if feed.digest() != digest:
        feed.close()
        name = Path(recipe.paths[0]).name
        raise DataError(
            f"{name}: a worker reads other numbers in it than the run; "
            "give a path at which every worker finds the same file"
        )
    return feed


class ShardRecipes:
    """The recipes of the shards of a run; rows in memory are gathered when one is asked for.

    `name` is that of the run.
    """

    def __init__(
        self, feed: Feed, shards: Sequence[Shard], module: ModuleType, vector: ParameterVector
    ) -> None:
        self.feed, self.shards, self.module, self.vector = feed, shards, module, vector
        self.name = uuid.uuid4().hex
        self.threads = threads_for(len(shards), vector.numbers)
        self._data = _names.setdefault(feed, uuid.uuid4().hex)
        self._digest = "" if feed.recipe is None else feed.digest()
        self._text = ModuleFiles.of(module)
        self._shared = LockedFeed(feed)

    def gradients(self, number: int) -> ShardGradients:
        """A shard in this process, which may be read while others are."""
        known = self.shards[number]
        shard = Shard(self._shared, known.first, known.last, known.number, known.plan)
        return ShardGradients(self.module, self.vector, shard)

    def __len__(self) -> int:
        return len(self.shards)

    def __getitem__(self, number: int) -> ShardRecipe:
        shard, feed = self.shards[number], self.feed
        source: Recipe | Block | None = feed.recipe
        if source is None:
            columns = feed.read(shard.first, shard.last)
            source = Block(shard.first, columns, feed.rows, feed.bytes_per_row)
        return ShardRecipe(
            module=self._text,
            shapes=tuple(self.vector.shapes),
            source=source,
            data=self._data,
            digest=self._digest,
            first=shard.first,
            last=shard.last,
            number=shard.number,
            plan=shard.plan,
            threads=self.threads,
        )


_names: WeakKeyDictionary[Feed, str] = WeakKeyDictionary()


# -- in a process ------------------------------------------------------------------------------


def aligned(value: Any) -> Any:
    """The same numbers in aligned memory, in tuples and mappings too.

    Arrays within a received message may begin at any byte; NumPy multiplies those without BLAS,
    with other last bits.
    """
    if isinstance(value, np.ndarray):
        return value if value.flags.aligned else value.copy()
    if isinstance(value, tuple):
        parts = [aligned(part) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if isinstance(value, dict):
        return {name: aligned(part) for name, part in value.items()}
    return value


class Missing:
    """The answer of a process that does not hold the shard."""


class LockedFeed:
    """A feed that threads read in turn."""

    def __init__(self, feed: Feed) -> None:
        self._feed, self._lock = feed, Lock()
        self.rows, self.bytes_per_row = feed.rows, feed.bytes_per_row

    def read(self, start: int, stop: int) -> Columns:
        with self._lock:
            return self._feed.read(start, stop)

    def close(self) -> None:
        with self._lock:
            self._feed.close()


class LockedShard:
    """A shard with its windows, which one task at a time may use."""

    def __init__(self, gradients: ShardGradients) -> None:
        self._gradients, self._lock = gradients, Lock()

    def __call__(self, method: Callable[..., Any], arguments: Sequence[Any]) -> Any:
        with self._lock, np.errstate(all="ignore"):  # finiteness is tested by the run
            return method(self._gradients, *map(aligned, arguments))


class ShardCache:
    """The shards of the latest runs in this process, and the feeds that they read."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Start empty: a forked process must not use the shards of its parent."""
        self._lock = Lock()
        self._runs: OrderedDict[str, dict[int, LockedShard]] = OrderedDict()
        self._feeds: dict[str, LockedFeed] = {}
        self._data: dict[str, str] = {}  # run → its feed
        self._own: WeakValueDictionary[str, ShardRecipes] = WeakValueDictionary()

    def offer(self, recipes: ShardRecipes) -> None:
        """Tasks that run in this process may take the feed and the module of the run itself."""
        self._own[recipes.name] = recipes

    def find(self, run: str, number: int, recipe: ShardRecipe | None) -> LockedShard | None:
        """A shard of a run, made from its recipe where there is none yet."""
        with self._lock:
            held = self._runs.get(run, {}).get(number)
            if held is None:
                own = self._own.get(run)
                if own is not None:
                    held = LockedShard(own.gradients(number))
                elif recipe is not None:
                    held = LockedShard(self._made(run, recipe))
                else:
                    return None
                self._runs.setdefault(run, {})[number] = held
            self._runs.move_to_end(run)
            if len(self._runs) > MOST_RUNS:
                self._drop(next(iter(self._runs)))
            return held

    def drop(self, run: str) -> None:
        """Forget the shards of a run; its feed stays for the next run over the same data."""
        with self._lock:
            self._drop(run)

    def _drop(self, run: str) -> None:
        self._runs.pop(run, None)
        self._data.pop(run, None)

    def _made(self, run: str, recipe: ShardRecipe) -> ShardGradients:
        recipe.check_version()
        limit_threads(recipe.threads)
        if isinstance(recipe.source, Block):
            return recipe.gradients(replace(recipe.source, columns=aligned(recipe.source.columns)))
        if recipe.data not in self._feeds:
            for unused in {*self._feeds} - {*self._data.values()}:
                self._feeds.pop(unused).close()
            self._feeds[recipe.data] = LockedFeed(opened(recipe.source, recipe.digest))
        self._data[run] = recipe.data
        return recipe.gradients(self._feeds[recipe.data])


SHARDS = ShardCache()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=SHARDS.begin)


def work_on(
    run: str, number: int, method: Callable[..., Any], arguments: Sequence[Any], recipe: Any = None
) -> Any:
    """A task: what a shard of a run answers, or Missing where this process does not hold it."""
    held = SHARDS.find(run, number, recipe)
    return Missing() if held is None else held(method, arguments)


def drop(run: str) -> None:
    """A task: give back the memory of a run."""
    SHARDS.drop(run)
