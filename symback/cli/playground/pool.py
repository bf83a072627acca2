"""Worker processes, so many at a time, each request bounded in time and memory."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field

LONGEST_ANSWER = 1 << 26  # bytes
_PAUSE = 1.0  # seconds before another try
_MOST_KEPT = 32 << 20  # bytes of answers that are kept


class Busy(Exception):
    """More requests wait than are answered soon."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a request may use, and how many may wait."""

    workers: int = field(default_factory=lambda: max(1, os.cpu_count() or 1))
    seconds: float = 10.0
    megabytes: int = 1000  # of address space
    waiting: int = 500


class Pool:
    """Answers requests in processes of its own, and those that it has just answered from memory."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self._idle: asyncio.Queue[Process] = asyncio.Queue()
        self._alive: set[Process] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting = 0
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()
        self._size = 0

    async def start(self) -> None:
        """Start all workers, and return when they are ready; RuntimeError where one ends before."""
        await asyncio.gather(*(self._add() for _ in range(self.bounds.workers)))

    async def close(self) -> None:
        """End all workers."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for process in self._alive:
            _kill(process)
        await asyncio.gather(*(process.wait() for process in self._alive))

    async def ask(self, line: bytes) -> bytes:
        """The answer to a request of one line; raises Busy where too many wait."""
        if line in self._kept:
            self._kept.move_to_end(line)
            return self._kept[line]
        if self._waiting >= self.bounds.waiting:
            raise Busy
        self._waiting += 1
        try:
            process = await self._idle.get()
        finally:
            self._waiting -= 1
        return await asyncio.shield(self._answer(process, line))  # also where nobody waits any more

    async def _answer(self, process: Process, line: bytes) -> bytes:
        assert process.stdin is not None and process.stdout is not None
        found = b""
        try:
            async with asyncio.timeout(self.bounds.seconds):
                process.stdin.write(line + b"\n")
                await process.stdin.drain()
                found = await process.stdout.readline()
        except TimeoutError:
            found = _refusal(f"stopped after {self.bounds.seconds:g} s; try a smaller circuit")
            self._replace(process)
            return found
        except (OSError, ValueError):  # a broken pipe, or a longer line than there may be
            found = b""
        if not found.endswith(b"\n"):
            self._replace(process)
            return _refusal(
                f"stopped: it needs more than {self.bounds.megabytes} MB; try a smaller circuit"
            )
        if process.stdout.at_eof():
            self._replace(process)
        else:
            self._idle.put_nowait(process)
        self._keep(line, found)
        return found

    def _keep(self, line: bytes, found: bytes) -> None:
        self._kept[line] = found
        self._size += len(line) + len(found)
        while self._size > _MOST_KEPT:
            old, text = self._kept.popitem(last=False)
            self._size -= len(old) + len(text)

    def _replace(self, process: Process) -> None:
        """Another worker in place of one that is ended."""
        _kill(process)
        task = asyncio.ensure_future(self._renew(process))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _renew(self, ended: Process) -> None:
        await ended.wait()
        self._alive.discard(ended)
        while True:
            try:
                return await self._add()
            except (OSError, RuntimeError):  # the machine has no room for one at the moment
                await asyncio.sleep(_PAUSE)

    async def _add(self) -> None:
        """Start a worker; RuntimeError where it ends before it is ready."""
        command = (
            sys.executable,
            "-m",
            "symback.cli.playground.worker",
            str(self.bounds.megabytes),
        )
        one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, limit=LONGEST_ANSWER, env=os.environ | one_thread
        )
        self._alive.add(process)
        assert process.stdout is not None
        if await process.stdout.readline() != b"ready\n":  # a busy machine takes long over imports
            _kill(process)
            await process.wait()
            self._alive.discard(process)
            raise RuntimeError("a worker of the playground ended before it was ready")
        self._idle.put_nowait(process)


def _kill(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()


def _refusal(message: str) -> bytes:
    found = {"error": {"message": message, "line": None, "column": None}}
    return json.dumps(found).encode() + b"\n"


__all__ = ["Bounds", "Busy", "Pool"]
