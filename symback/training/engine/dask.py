"""Shards on the workers of Dask distributed: a cluster on this machine, or one that is running.

A shard is a future: what it takes to make it stays with Dask, so that the shard of a worker that
is lost is made again on another. A call is one task a shard, which goes where the shard is.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager, ExitStack, suppress
from types import ModuleType
from typing import Any

from symback.codegen.extras import imports_of_extra
from symback.errors import TrainingError, Unsupported, clip
from symback.training.engine.gradients import (
    Answer,
    Arguments,
    Engine,
    ParameterVector,
    ShardGradients,
    WorkersLost,
)
from symback.training.engine.shard_recipes import (
    SHARDS,
    Block,
    LockedShard,
    ShardRecipe,
    ShardRecipes,
    aligned,
    drop,
)
from symback.training.engine.workers import MOST_LOST, check_count, check_workers
from symback.training.feed.batches import Shard
from symback.training.feed.feed import Feed

with imports_of_extra("Dask is not installed: pip install 'symback[dask]'", Unsupported):
    import dask
    import distributed

CONNECTING = 30.0  # seconds in which a scheduler has to answer, and workers to begin
DESERTED = 60.0  # seconds without any worker after which a run ends
PAUSE = 2.0  # seconds between two checks for workers
SENT_APART = 50_000  # bytes of arguments from which on they go past the scheduler's graph
OF_STEPS: frozenset[Callable[..., Any]] = frozenset({ShardGradients.step, ShardGradients.local})
"""Methods of steps; the others, once an epoch, look for workers that joined or left."""


def on_dask(address: str | None = None, workers: int | None = None) -> OnDask:
    """Gradients by the workers of a Dask cluster.

    Without an address it is a cluster of this machine, of so many processes (by default one for
    each core), which ends with the `with` block. With one, the run begins as soon as so many
    workers (1) have joined; files must have the same path everywhere.

    >>> with on_dask(workers=2) as engine:  # doctest: +SKIP
    ...     train_from_file(circuit, "data.npy", shards=2, engine=engine)

    Raises Unsupported without Dask, WorkersLost where no scheduler or worker answers.
    """
    return OnDask(address, workers)


class OnDask(AbstractContextManager["OnDask"]):
    """A cluster, once a run needs it; enter it around the run, or close it afterwards."""

    def __init__(self, address: str | None, workers: int | None) -> None:
        if workers is not None:
            check_count(workers)
        if address is not None:
            _check_address(address)
        self._address, self._workers = address, workers
        self._client: Any = None
        self._open = ExitStack()

    def __call__(
        self, feed: Feed, shards: Sequence[Shard], module: ModuleType, vector: ParameterVector
    ) -> Engine:
        if self._workers is not None:
            check_workers(self._workers, len(shards))
        if self._client is None:
            self._client = self._connected()
        recipes = ShardRecipes(feed, shards, module, vector)
        return DaskShards(recipes, self._client)

    def _connected(self) -> Any:
        with ExitStack() as opened:
            address = self._address or opened.enter_context(_local_cluster(self._workers))
            try:
                client = opened.enter_context(
                    distributed.Client(address, timeout=CONNECTING, set_as_default=False)
                )
            except OSError as error:
                raise WorkersLost(
                    f"no Dask scheduler answers at {address}: {_reason(error)}; "
                    "start one (dask scheduler), or correct the address"
                ) from None
            try:
                client.wait_for_workers(self._workers or 1, timeout=CONNECTING)
            except TimeoutError:
                raise WorkersLost(
                    f"the Dask scheduler has {len(client.nthreads())} workers, "
                    f"{self._workers or 1} are needed; start them (dask worker ADDRESS)"
                ) from None
            self._open = opened.pop_all()
            return client

    def close(self) -> None:
        """Leave the cluster; end it if it was started here."""
        self._client = None
        self._open.close()

    def __exit__(self, *_: object) -> None:
        self.close()


def _check_address(address: str) -> None:
    """TrainingError unless the text is the address of a scheduler."""
    try:
        distributed.comm.get_address_host_port(address, strict=True)
    except ValueError as error:
        raise TrainingError(
            f"{address!r:.60} is not the address of a scheduler: {_reason(error)}; "
            "write it as in tcp://10.0.0.1:8786"
        ) from None


LOCALLY = {
    "distributed.scheduler.work-stealing": False,  # shards are where they are to be
    # Dask has glibc give the memory of freed arrays back to the system at once: gradients of many
    # rows take twice as long then.
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None,
}
"""Settings of a local cluster that differ from Dask's configuration."""


def _local_cluster(workers: int | None) -> Any:
    """A cluster of processes that listens to this machine alone.

    No limit of memory: Dask would count the pages of mapped files, which the system takes back.
    """
    try:
        with dask.config.set(LOCALLY):
            return distributed.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                memory_limit=0,
                preload=[__name__],
                silence_logs=logging.CRITICAL,
            )
    except (OSError, RuntimeError) as error:
        raise WorkersLost(f"no Dask cluster can begin here: {_reason(error)}") from None


def dask_setup(worker: object) -> None:
    """In a new worker of a local cluster: the run handles Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class Resident:
    """A shard on a worker. Its recipe moves to another worker, and makes it again there."""

    def __init__(self, run: str, number: int, recipe: ShardRecipe, size: int) -> None:
        self._described = run, number, recipe, size
        self.held()

    def held(self) -> LockedShard:
        """The shard in this process."""
        run, number, recipe, _ = self._described
        found = SHARDS.find(run, number, recipe)
        assert found is not None  # there is a recipe to make it from
        return found

    def __reduce__(self) -> Any:
        return Resident, self._described

    def __sizeof__(self) -> int:
        return self._described[-1]  # bytes of its rows: Dask takes the task to the shard


def _answer(shard: Resident, method: Callable[..., Any], arguments: Sequence[Any]) -> Any:
    return shard.held()(method, arguments)


async def _drop(run: str) -> None:  # Dask waits for what is not async
    drop(run)


class DaskShards(Engine):
    """Shards on the workers of a client, spread evenly."""

    def __init__(self, recipes: ShardRecipes, client: Any) -> None:
        super().__init__(recipes.threads)
        self._recipes, self._client = recipes, client
        SHARDS.offer(recipes)
        self._forget()

    def close(self) -> None:
        """The workers give back the memory of the shards."""
        super().close()
        self._forget()
        with suppress(Exception):  # of workers or a scheduler that are gone already
            self._client.run(_drop, self._recipes.name, wait=False)

    def _forget(self) -> None:
        """No shard is anywhere yet, or any more."""
        self._places = [""] * len(self._recipes)  # addresses of workers
        self._shards: list[Any] = [None] * len(self._recipes)  # futures of Residents

    # -- asking --------------------------------------------------------------------------------

    def _each(
        self, method: Callable[[ShardGradients, *Arguments], Answer], *arguments: *Arguments
    ) -> list[Answer]:
        for _ in range(MOST_LOST):
            try:
                if None in self._shards or method not in OF_STEPS:
                    self._place()
                answers, failed = self._asked(method, arguments)
            except (CancelledError, OSError) as error:
                # what was sent from here went down with a worker: it is sent again
                self._forget()
                self._await_workers(_reason(error))
            else:
                if failed is None:
                    return [aligned(answer) for answer in answers]
                raise _explained(failed)
        raise WorkersLost("workers of the cluster are lost again and again")

    def _asked(
        self, method: Callable[..., Any], arguments: Sequence[Any]
    ) -> tuple[list[Any], BaseException | None]:
        """What the shards answer, in their order, and what the first that failed has raised."""
        sent: Any = tuple(arguments)
        if _bytes_of(sent) > SENT_APART:
            [sent] = self._client.scatter([sent], hash=False)
        futures = self._client.map(
            _answer,
            self._shards,
            key=f"symback-{method.__name__}-{uuid.uuid4().hex}",
            method=method,
            arguments=sent,
            pure=False,
        )
        answers = self._gathered(futures)
        for future in futures:
            if future.status == "error":
                return answers, future.exception()
        if len(answers) < len(futures):
            raise CancelledError("tasks were cancelled")
        return answers, None

    def _gathered(self, futures: Sequence[Any]) -> list[Any]:
        """The answers of those that end well; CancelledError where workers left."""

        async def gathered() -> list[Any]:
            found: list[Any] = await self._client.gather(
                list(futures), errors="skip", asynchronous=True
            )
            return found

        answers = asyncio.run_coroutine_threadsafe(gathered(), self._client.loop.asyncio_loop)
        try:
            while True:
                with suppress(TimeoutError):
                    return answers.result(PAUSE)
                if answers.done():
                    return answers.result()
                if not {*self._places} <= {*self._await_workers("they ended")}:
                    # Dask goes on alone, but not where all workers were gone for a moment
                    raise CancelledError("workers left")
        finally:
            answers.cancel()

    # -- workers -------------------------------------------------------------------------------

    def _addresses(self) -> list[str]:
        """The workers that there are; none while the scheduler does not answer."""
        if self._client.status == "closed":  # Dask has tried to reach it again, in vain
            raise WorkersLost("the scheduler of the cluster is gone")
        if self._client.scheduler is None:
            return []
        try:
            return sorted(self._client.nthreads())
        except (OSError, RuntimeError, CancelledError):
            return []

    def _await_workers(self, reason: str) -> list[str]:
        """The workers, once there are any; WorkersLost where there are none for too long."""
        end = time.monotonic() + DESERTED
        while not (found := self._addresses()):
            if time.monotonic() > end:
                raise WorkersLost(
                    f"the cluster has had no workers for {DESERTED:g} s: {clip(reason, 60)}"
                )
            time.sleep(PAUSE / 10)
        return found

    def _place(self) -> None:
        """Give every shard a worker that is there; those that have one keep it where it is fair."""
        places = spread(self._places, self._await_workers("none has joined"))
        for number, place in enumerate(places):
            if self._shards[number] is not None and place == self._places[number]:
                continue
            recipe, shard = self._recipes[number], self._recipes.shards[number]
            sent: Any = recipe
            if isinstance(recipe.source, Block):  # past the scheduler's graph
                [sent] = self._client.scatter([recipe], workers=[place], hash=False)
            self._shards[number] = self._client.submit(
                Resident,
                self._recipes.name,
                number,
                sent,
                (shard.last - shard.first) * shard.feed.bytes_per_row,
                key=f"symback-shard-{uuid.uuid4().hex}",
                workers=[place],
                allow_other_workers=True,
            )
        self._places = places


def spread(places: Sequence[str], addresses: Sequence[str]) -> list[str]:
    """An address for each, as many for each address up to one; as few as can be change theirs.

    >>> spread(["a", "a", "b", "c"], ["a", "b"])
    ['a', 'a', 'b', 'b']
    """
    share = -(-len(places) // len(addresses))
    load = dict.fromkeys(addresses, 0)
    kept: list[str | None] = []
    for place in places:
        stays = load.get(place, share) < share
        kept.append(place if stays else None)
        if stays:
            load[place] += 1
    found = []
    for stayed in kept:
        place = stayed or min(addresses, key=load.__getitem__)
        load[place] += stayed is None
        found.append(place)
    return found


def _bytes_of(arguments: Any) -> int:
    """Bytes of the arrays in tuples of arguments."""
    if isinstance(arguments, tuple):
        return sum(map(_bytes_of, arguments))
    return int(getattr(arguments, "nbytes", 0))


def _explained(error: BaseException) -> BaseException:
    """What a task raised, as a sentence where the cluster is the cause."""
    if isinstance(error, distributed.KilledWorker):
        return WorkersLost(
            "one worker after the other ended at the same task: has it too little memory?"
        )
    if isinstance(error, ImportError):
        return TrainingError(
            f"a worker lacks a package: {clip(str(error), 80)}; install symback there as here"
        )
    return error


def _reason(error: BaseException) -> str:
    return clip(str(error) or type(error).__name__, 60)
