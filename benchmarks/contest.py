"""The contest: all systems on the same work, gradients compared first, then timed in turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import numpy as np

Run = Callable[[], Sequence[Any]]
"""One evaluation: what the systems must agree on, as things that NumPy can read."""

SYMBACK = "symback, NumPy"  # what all ratios refer to


class Disagreement(Exception):
    """A system computes something else than the first one, so its time means nothing."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Why a system takes no part."""

    reason: str


@dataclass(frozen=True, slots=True)
class System:
    """A name, how to get ready for a work, and the packages that this takes."""

    name: str
    prepare: Callable[[Any], Run | Skip]
    needs: tuple[str, ...] = ()

    def ready(self, work: Any) -> Run | Skip:
        missing = missing_packages(self.needs)
        return Skip(f"{missing[0]} is not installed") if missing else self.prepare(work)


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure."""

    rounds: int = 31  # at most
    least_rounds: int = 5
    measurement: float = 0.02  # seconds of one; short calls are repeated to fill them
    budget: float = 60.0  # seconds of all rounds of one contest
    longest: float = 5.0  # seconds of one call; a slower system is not timed in rounds


QUICK = Effort(rounds=3, least_rounds=1, measurement=0.001, budget=1.0)


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one call, the median, and the median ratio to symback in the same round."""

    seconds: float
    ratio: float | None


@dataclass(frozen=True, slots=True)
class Result:
    """What a contest found, system by system."""

    found: dict[str, Timing | Skip] = field(default_factory=dict)
    rounds: int = 0


def missing_packages(needs: Sequence[str]) -> list[str]:
    return [name for name in needs if find_spec(name) is None]


def contest(
    systems: Sequence[System],
    work: Any,
    quantities: Sequence[str],
    *,
    tolerance: float,
    effort: Effort,
    read: Callable[[Sequence[Any]], Sequence[Any]] = tuple,
) -> Result:
    """Compare all systems with the first that is there, then time them.

    `quantities` names what a run gives, after `read`; relative errors, in the norm of each
    quantity, must stay below `tolerance`.
    """
    prepared = {system.name: system.ready(work) for system in systems}
    skipped = {name: run for name, run in prepared.items() if isinstance(run, Skip)}
    runs = {name: run for name, run in prepared.items() if not isinstance(run, Skip)}
    results = {name: read(run()) for name, run in runs.items()}
    reference, *_ = results
    for name in results:
        compare(name, results[name], reference, results[reference], quantities, tolerance)
    del results
    singles = {name: seconds(run, 1) for name, run in runs.items()}
    for name, single in singles.items():
        if single > effort.longest:
            skipped[name] = Skip(f"one call takes {single:.1f} s")
            del runs[name]
    times = measure(runs, singles, effort)
    base = times.get(SYMBACK)
    timed = {
        name: Timing(float(np.median(t)), None if base is None else float(np.median(t / base)))
        for name, t in times.items()
    }
    rounds = max((len(t) for t in times.values()), default=0)
    return Result({s.name: timed.get(s.name) or skipped[s.name] for s in systems}, rounds)


def compare(
    name: str,
    found: Sequence[Any],
    reference: str,
    expected: Sequence[Any],
    quantities: Sequence[str],
    tolerance: float,
) -> None:
    """Raise Disagreement, naming system, quantity and error, unless all are alike."""
    if not len(found) == len(expected) == len(quantities):
        sizes = f"{len(found)} and {len(expected)} quantities, not {len(quantities)}"
        raise Disagreement(f"{name} and {reference} give {sizes}")
    for quantity, a, b in zip(quantities, map(_array, found), map(_array, expected), strict=True):
        if a.shape != b.shape:
            shapes = f"shape {list(a.shape)}, {reference} {list(b.shape)}"
            raise Disagreement(f"{quantity}: {name} gives {shapes}")
        error = np.linalg.norm(a - b) / (np.linalg.norm(b) or 1.0)
        if not error <= tolerance:  # a NaN as well
            limit = f"relative error {error:.1e} exceeds {tolerance:.0e}"
            raise Disagreement(f"{quantity}, {name} and {reference}: {limit}")


def _array(value: Any) -> Any:
    array = np.asarray(value, dtype=np.float64)
    return array if array.size > 1 else array.reshape(())  # 1 × 1 matrices of CasADi


def seconds(run: Run, repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        run()
    return (time.perf_counter() - start) / repeats


def measure(runs: dict[str, Run], singles: dict[str, float], effort: Effort) -> dict[str, Any]:
    """Seconds a call, round by round, every round in a new order.

    Before each measurement stands a call that is not timed, so that no other system's threads and
    cache lines remain.
    """
    repeats = {n: max(1, int(effort.measurement / max(s, 1e-9))) for n, s in singles.items()}
    one_round = sum((repeats[name] + 1) * singles[name] for name in runs) or 1.0
    rounds = max(effort.least_rounds, min(effort.rounds, int(effort.budget / one_round)))
    turns = np.random.default_rng(0)
    times: dict[str, Any] = {name: np.zeros(rounds) for name in runs}
    names = list(runs)
    for i in range(rounds):
        for name in turns.permutation(names).tolist():
            runs[name]()
            times[name][i] = seconds(runs[name], repeats[name])
    return times
