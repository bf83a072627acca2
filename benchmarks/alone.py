"""Work done in a process of its own: its seconds, its peak of memory, and a limit on its time."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.contest import Skip

ROOT = Path(__file__).parent.parent


class Report(NamedTuple):
    """Seconds by stage, bytes at the peak, and what the work found, for comparison."""

    stages: dict[str, float]
    peak: int | None
    found: dict[str, Any]

    @property
    def total(self) -> float:
        return sum(self.stages.values())


class Stages:
    """A watch: `watch("build")` says what the time since the last call went to."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def __call__(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage] = now - self._last
        self._last = time.perf_counter()


def run_alone(module: str, arguments: Sequence[object], limit: float) -> Report | Skip:
    """What `python -m module *arguments` reports, or that it takes longer than `limit` seconds."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=limit, check=False
        )
    except subprocess.TimeoutExpired:
        return Skip(f"more than {limit:,.0f} s")
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        return Skip(f"failed: {lines[-1][:100]}")
    return Report(**json.loads(done.stdout.splitlines()[-1]))


def peak_memory() -> int | None:
    """Bytes that this process held at most; None where the system does not report it.

    Not getrusage, whose peak is that of the parent where the parent's was higher.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    lines = status.read_text(encoding="ascii", errors="replace").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def report(stages: Stages, peak: int | None, found: dict[str, Any]) -> None:
    print(json.dumps(Report(stages.seconds, peak, found)._asdict()))
