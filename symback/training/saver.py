"""When a run saves its checkpoints, and whether one may be gone on from."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from symback.errors import TrainingError
from symback.training.checkpoint import Checkpoint, differences, load, save

EVERY = 30.0  # seconds between two checkpoints


@dataclass
class Saver:
    """Saves into `folder`, if there is one, every so many steps, or seconds where none are given.

    With `resume`, a run goes on from the checkpoint that is there.
    """

    folder: str | os.PathLike[str] | None
    steps: int | None = None
    seconds: float = EVERY
    resume: bool = False
    holds: bool = field(default=False, init=False)  # whether the folder has this run's checkpoint
    _since: int = field(default=0, repr=False)
    _last: float = field(default_factory=time.monotonic, repr=False)

    def tick(self, checkpoint: Callable[[], Checkpoint], steps: int = 0) -> None:
        """So many steps were made; save where it is time to."""
        if self.folder is None:
            return
        self._since += steps
        due = (
            self._since >= self.steps
            if self.steps
            else time.monotonic() - self._last > self.seconds
        )
        if due:
            self.save(checkpoint())

    def save(self, checkpoint: Checkpoint) -> None:
        """Save now."""
        if self.folder is not None:
            save(checkpoint, self.folder)
            self.holds = True
            self._since, self._last = 0, time.monotonic()

    def found(self, identity: Callable[[], Mapping[str, Any]]) -> Checkpoint | None:
        """The checkpoint to go on from, or None; TrainingError where it is of another run."""
        if not self.resume or self.folder is None:
            return None
        checkpoint = load(self.folder)
        other = differences(checkpoint.identity, identity())
        if other:
            raise TrainingError(
                f"the checkpoint is of another run: {other[0]}; "
                "give what it had, or run without --resume"
            )
        self.holds = True
        return checkpoint


def check_cadence(steps: int | None, seconds: float | None) -> dict[str, Any]:
    """How often a Saver saves; TrainingError for what is no such number."""
    if steps is not None and seconds is not None:
        raise TrainingError("checkpoints come every so many steps or seconds; name one of them")
    if steps is not None and (isinstance(steps, bool) or not isinstance(steps, int) or steps < 1):
        raise TrainingError(f"checkpoint_steps is {steps!r:.30}; it must be a whole number ≥ 1")
    if seconds is not None and not 0 <= seconds < float("inf"):
        raise TrainingError(f"checkpoint_seconds is {seconds!r:.30}; it must be finite and ≥ 0")
    return {"steps": steps, "seconds": EVERY if seconds is None else float(seconds)}
