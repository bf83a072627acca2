"""The progress of a run: a bar on a terminal, a few lines elsewhere, or nothing."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TextIO

if TYPE_CHECKING:
    from symback.training.checkpoint import Record

LINES = 10  # that a run writes where no bar can be drawn
LONGEST_SILENCE = 30.0  # seconds without a line
SHORTEST_PAUSE = 0.1  # seconds between two updates of the bar


class Progress:
    """Receives the steps and epochs of a run and shows nothing. Enter it around a run."""

    epochs: int
    steps: int
    rows: int
    began: float
    first: int  # step of the run, done when it began

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self, epochs: int, steps: int, rows: int, done: int = 0) -> None:
        """The run has so many epochs, of so many steps and rows each; `done` steps are made."""
        self.epochs, self.steps, self.rows, self.first = epochs, steps, rows, done
        self.began = time.monotonic()

    def pace(self, step: int) -> str:
        """How many rows a second there were until this step, and how long the rest will take."""
        seconds, steps = time.monotonic() - self.began, step - self.first
        if seconds <= 0 or steps <= 0:
            return ""
        left = seconds / steps * (self.epochs * self.steps - step)
        return f"{_many(self.rows / self.steps * steps / seconds)} rows/s, {_time(left)} left"

    def step(self, step: int, loss: float) -> None:
        """Step number `step` of the run, counted from 1, is done; `loss` is that of its batch."""

    def epoch(self, record: Record) -> None:
        """An epoch is done."""

    def stop(self) -> None:
        """The run is over, or was broken off."""


class ProgressLines(Progress):
    """About LINES plain lines a run, and one whenever LONGEST_SILENCE has passed."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def start(self, epochs: int, steps: int, rows: int, done: int = 0) -> None:
        super().start(epochs, steps, rows, done)
        self.last = time.monotonic()

    def step(self, step: int, loss: float) -> None:
        if time.monotonic() - self.last > LONGEST_SILENCE:
            place = f"step {step}/{self.epochs * self.steps}"
            self._say(f"{place}: loss {loss:.6g} in its batch, {self.pace(step)}")

    def epoch(self, record: Record) -> None:
        if record.epoch * LINES // self.epochs > (record.epoch - 1) * LINES // self.epochs:
            pace = self.pace(record.step)
            line = f"epoch {record.epoch}/{self.epochs}: {losses(record)}"
            self._say(f"{line}, {pace}" if pace else line)

    def _say(self, line: str) -> None:
        print(line, file=self.stream, flush=True)
        self.last = time.monotonic()


class Bar(Progress):
    """A bar drawn by rich, with the losses of the last epoch and the time left."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console  # here: start-up without a bar stays fast
        from rich.progress import BarColumn, TaskID, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self.bar: Any = RichProgress(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[losses]}"),
            TextColumn("{task.fields[rate]}"),
            console=Console(file=stream),
        )
        self.task = TaskID(0)

    def start(self, epochs: int, steps: int, rows: int, done: int = 0) -> None:
        super().start(epochs, steps, rows, done)
        self.last = time.monotonic()
        self.task = self.bar.add_task(
            "",
            total=epochs * steps,
            completed=done,
            epoch=f"{done // steps}/{epochs}",
            losses="",
            rate="",
        )
        self.bar.start()

    def step(self, step: int, loss: float) -> None:
        now = time.monotonic()
        if now - self.last > SHORTEST_PAUSE:
            self.last = now
            rate = self.pace(step).partition(",")[0]
            self.bar.update(self.task, completed=step, rate=rate)

    def epoch(self, record: Record) -> None:
        self.bar.update(
            self.task,
            completed=record.step,
            epoch=f"{record.epoch}/{self.epochs}",
            losses=losses(record),
        )

    def stop(self) -> None:
        self.bar.stop()


def _many(number: float) -> str:
    """A count in three digits, or four."""
    for size, sign in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if number >= size:
            return f"{number / size:.3g}{sign}"
    return f"{number:.3g}"


def _time(seconds: float) -> str:
    """A time to wait in words."""
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    return f"{whole // 3600} h {whole // 60 % 60} min" if whole >= 3600 else f"{whole // 60} min"


def progress_on(stream: TextIO | None = None, *, quiet: bool = False) -> Progress:
    """A bar where `stream` (stderr by default) is a terminal, lines elsewhere."""
    if quiet:
        return Progress()
    stream = sys.stderr if stream is None else stream
    return Bar(stream) if stream.isatty() else ProgressLines(stream)


def losses(record: Record) -> str:
    """The losses of a record in words."""
    text = f"loss {record.loss:.6g}"
    if record.validation_loss is not None:
        text += f", validation loss {record.validation_loss:.6g}"
    return text
