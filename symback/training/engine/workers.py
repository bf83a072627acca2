"""Shards on the workers of an executor: threads, processes, those of MPI.

A task holds the name of a run, the number of a shard, a method and its arguments. A process that
does not have the shard reports so; it then gets the recipe of the shard, and keeps the shard.
Results are combined in the order of the shards, so that neither the kind of executor nor the
order in which its workers finish changes the bits of a result.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import AbstractContextManager, suppress
from functools import partial
from threading import Thread
from types import ModuleType
from typing import Any

from symback.errors import TrainingError
from symback.training.engine.gradients import (
    Answer,
    Arguments,
    Engine,
    EngineMaker,
    ParameterVector,
    ShardGradients,
    WorkersLost,
)
from symback.training.engine.shard_recipes import SHARDS, Missing, ShardRecipes, drop, work_on
from symback.training.feed.batches import Shard
from symback.training.feed.feed import Feed

MOST_LOST = 3  # times that workers may be lost in one call


def on_executor(executor: Executor) -> EngineMaker:
    """Gradients by the tasks of any `concurrent.futures.Executor`; the caller shuts it down.

    >>> from concurrent.futures import ThreadPoolExecutor
    >>> with ThreadPoolExecutor(2) as threads:  # doctest: +SKIP
    ...     train_from_file(circuit, "data.npy", shards=2, engine=on_executor(threads))

    Data in memory are sent to its processes by shards, those of files are read there.
    """

    def engine_for(
        feed: Feed, shards: Sequence[Shard], module: ModuleType, vector: ParameterVector
    ) -> Engine:
        return OnExecutors(ShardRecipes(feed, shards, module, vector), [executor])

    return engine_for


class OnExecutors(Engine):
    """Shard s runs on executor s modulo their number, with one task for each shard and call."""

    def __init__(
        self,
        recipes: ShardRecipes,
        executors: Sequence[Executor],
        renew: Callable[[int], None] | None = None,
    ) -> None:
        super().__init__(recipes.threads)
        self._recipes, self._executors, self._renew = recipes, executors, renew
        SHARDS.offer(recipes)

    def close(self) -> None:
        """Free the memory of the shards in the processes of the executors."""
        super().close()
        with suppress(RuntimeError):  # an executor that was shut down
            for number in range(len(self._recipes)):
                self._executor(number).submit(drop, self._recipes.name)

    def _executor(self, number: int) -> Executor:
        return self._executors[number % len(self._executors)]

    def _each(
        self, method: Callable[[ShardGradients, *Arguments], Answer], *arguments: *Arguments
    ) -> list[Answer]:
        answers: dict[int, Any] = {}
        numbers, absent, lost = range(len(self._recipes)), set[int](), 0
        while len(answers) < len(numbers):
            asked = [number for number in numbers if number not in answers]
            found = self._asked(asked, absent, method, arguments)
            broken = [n for n in asked if isinstance(found[n], BrokenExecutor | CancelledError)]
            if broken:
                lost += 1
                self._replace(broken, lost)
            for number in asked:
                answer = found[number]
                if isinstance(answer, Missing):
                    absent.add(number)
                elif number not in broken:
                    if isinstance(answer, BaseException):
                        raise answer
                    answers[number] = answer
        return [answers[number] for number in numbers]

    def _asked(
        self,
        asked: Iterable[int],
        absent: set[int],
        method: Callable[..., Any],
        arguments: Sequence[Any],
    ) -> dict[int, Any]:
        """The answer of each shard, or what it raised; those that lack the shard get its recipe."""
        futures: dict[int, Future[Any]] = {}
        found: dict[int, Any] = {}
        try:
            for number in asked:
                recipe = self._recipes[number] if number in absent else None
                task = partial(work_on, self._recipes.name, number, method, arguments, recipe)
                try:
                    futures[number] = self._executor(number).submit(task)
                except BrokenExecutor as error:
                    found[number] = error
                except RuntimeError as error:  # what executors raise that were shut down
                    raise WorkersLost(f"the executor takes no tasks: {error}") from None
            wait(futures.values())
        except BaseException:
            for future in futures.values():
                future.cancel()
            raise
        return found | {number: _outcome(future) for number, future in futures.items()}

    def _replace(self, broken: Sequence[int], lost: int) -> None:
        """Other executors for those that are broken; WorkersLost where there are none."""
        if self._renew is None or lost > MOST_LOST:
            raise WorkersLost("a worker ended before its task did: killed, or out of memory")
        for place in sorted({number % len(self._executors) for number in broken}):
            self._renew(place)


def _outcome(future: Future[Any]) -> Any:
    try:
        return future.result()
    except (Exception, CancelledError) as error:
        return error


# -- processes of our own ----------------------------------------------------------------------


class OnProcesses(AbstractContextManager["OnProcesses"]):
    """Gradients by processes of this machine, each of which keeps its shards.

    A process that is killed is replaced, and its shards are made again. Enter it around a run, or
    close it afterwards.
    """

    def __init__(self, workers: int) -> None:
        check_count(workers)
        self._executors: list[Executor] = [_process() for _ in range(workers)]

    def __call__(
        self, feed: Feed, shards: Sequence[Shard], module: ModuleType, vector: ParameterVector
    ) -> Engine:
        check_workers(len(self._executors), len(shards))
        return OnExecutors(ShardRecipes(feed, shards, module, vector), self._executors, self._renew)

    def _renew(self, place: int) -> None:
        self._executors[place].shutdown(wait=False, cancel_futures=True)
        self._executors[place] = _process()

    def close(self) -> None:
        """End the processes."""
        for executor in self._executors:
            executor.shutdown(wait=False, cancel_futures=True)
        for executor in self._executors:
            executor.shutdown()

    def __exit__(self, *_: object) -> None:
        self.close()


def on_processes(workers: int) -> OnProcesses:
    """Gradients by so many processes of this machine.

    >>> with on_processes(2) as engine:  # doctest: +SKIP
    ...     train_from_file(circuit, "data.npy", shards=2, engine=engine)
    """
    return OnProcesses(workers)


def check_count(workers: int) -> None:
    """TrainingError unless `workers` is a number of workers."""
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise TrainingError(f"workers is {workers!r:.30}; it must be a whole number ≥ 1")


def check_workers(workers: int, shards: int) -> None:
    """TrainingError where a worker would have no shard."""
    if workers > shards:
        raise TrainingError(
            f"{workers} workers for {shards} shard{'s' * (shards != 1)} of the rows: "
            f"give as many shards as workers, or more"
        )


def _process() -> Executor:
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _begin)


def _begin() -> None:
    """In a new process: the run handles Ctrl-C, and the process ends with the run."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


__all__ = ["OnProcesses", "on_executor", "on_processes"]
