"""A run of training for tests that kill it: small chunks, so that rows are shuffled in windows.

The process that forks runs has imported what they need, so that none spends a second on that.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from symback import circuit
from symback.training import train_from_file
from symback.training.feed import batches

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__, "matplotlib.figure"])


class KilledRun:
    """A run in a process of its own, which has begun when this returns."""

    def __init__(self, text: str, data: Path, folder: Path, settings: dict[str, Any]) -> None:
        self.errors = folder.parent / f"{folder.name}.errors"
        began = FORKS.Event()
        arguments = text, data, folder, settings, self.errors, began
        self.process = FORKS.Process(target=_train, args=arguments)
        self.process.start()
        assert began.wait(300)

    def send(self, sign: int) -> None:
        """A signal, if the run is still there."""
        if self.process.is_alive():
            os.kill(self.process.pid, sign)

    def finish(self) -> int:
        """The exit code, when the run is over."""
        self.process.join(300)
        errors = self.errors.read_text()
        assert "Traceback" not in errors or "KeyboardInterrupt" in errors, errors
        code = self.process.exitcode
        self.process.close()
        return code


def _train(
    text: str, data: Path, folder: Path, settings: dict[str, Any], errors: Path, began: Event
) -> None:
    with open(errors, "w") as file:
        os.dup2(file.fileno(), 2)
    batches.WHOLE, batches.CHUNK, batches.WINDOW = 1 << 12, 1 << 10, 4
    began.set()
    resume = (folder / "checkpoint.npz").exists()
    result = train_from_file(
        circuit(text), data, output=folder, resume=resume, quiet=True, **settings
    )
    sys.exit(130 if result.interrupted else 0)
