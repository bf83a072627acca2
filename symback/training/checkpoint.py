"""Checkpoints: the state of a run between two steps, as an archive that loads without pickle.

The random order of the rows is a function of seed, epoch and step, so that a state holds no
generator; a run that continues from it takes the same steps as an uninterrupted one.
"""

from __future__ import annotations

import errno
import io
import json
import os
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from symback.codegen.files import replace_file
from symback.errors import DataError, TrainingError
from symback.training.sources.dtypes import FloatArray
from symback.training.sources.messages import quoted, reason

CHECKPOINT = "checkpoint.npz"
MARK = b"symback train checkpoint 1"
EVERY = 30.0  # seconds between two checkpoints
MOST_SECONDS = 1e300
LARGEST = 1 << 34  # bytes of a checkpoint that is read


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the history: mean losses after `step` steps, over all rows of each part."""

    epoch: int
    step: int
    loss: float
    validation_loss: float | None


class TrainingPoint(NamedTuple):
    """Where a run stands: θ and the optimiser's state after `step` steps.

    `done` batches of the epoch after `epoch` whole ones are among them; `loss` is that of the last
    batch.
    """

    theta: FloatArray
    state: tuple[FloatArray, ...]
    epoch: int
    done: int
    step: int


class Best(NamedTuple):
    """The parameters with the least validation loss so far, and the epoch that they are of."""

    theta: FloatArray
    epoch: int
    loss: float


@dataclass(frozen=True)
class Checkpoint:
    """The state that a run needs to continue."""

    point: TrainingPoint
    history: tuple[Record, ...]
    identity: Mapping[str, Any]  # of settings, circuit and data; what resumes must agree
    best: Best | None = None
    path: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))
    path_steps: tuple[int, ...] = ()  # after which θ stood at its points
    stride: int = 1  # steps between two points of the path


def save(checkpoint: Checkpoint, folder: str | os.PathLike[str]) -> Path:
    """Put the checkpoint into its folder: a reader, or a run that is killed, finds the old or the
    new one whole. Raises FileRefused where the disk refuses."""
    point, best = checkpoint.point, checkpoint.best
    meta = {
        "history": [asdict(record) for record in checkpoint.history],
        "identity": dict(checkpoint.identity),
        "epoch": point.epoch,
        "done": point.done,
        "step": point.step,
        "best": None if best is None else [best.epoch, best.loss],
        "stride": checkpoint.stride,
        "path_steps": checkpoint.path_steps,
    }
    arrays: dict[str, npt.NDArray[Any]] = {
        "meta": np.frombuffer(json.dumps(meta, sort_keys=True).encode(), np.uint8),
        "theta": point.theta,
        **{f"state_{number}": slot for number, slot in enumerate(point.state)},
        **({} if best is None else {"best": best.theta}),
        "path": checkpoint.path,
    }
    path = Path(folder) / CHECKPOINT
    replace_file(path, archive(arrays, MARK))
    return path


def load(folder: str | os.PathLike[str]) -> Checkpoint:
    """The checkpoint of a folder; DataError where it is missing or unusable."""
    path = Path(folder) / CHECKPOINT
    try:
        if not path.exists():
            raise DataError(
                f"there is no {CHECKPOINT} in {Path(folder).name}; run without --resume"
            )
        if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST:
            raise DataError(f"{CHECKPOINT} is not a file that symback wrote")
        arrays = _arrays(path)
        return _checkpoint(arrays)
    except DataError:
        raise
    except OSError as error:
        raise DataError(f"{CHECKPOINT} cannot be read: {reason(error)}") from None
    except (
        ValueError,
        KeyError,
        TypeError,
        IndexError,
        AttributeError,
        MemoryError,
        RuntimeError,  # of an archive that says it is encrypted; RecursionError is one, too
    ):
        raise DataError(f"{CHECKPOINT} is damaged; remove it and run without --resume") from None


def _arrays(path: Path) -> dict[str, FloatArray]:
    try:
        with zipfile.ZipFile(path) as archived:
            if archived.comment != MARK:
                raise DataError(
                    f"{CHECKPOINT} is damaged, or of another version of symback; "
                    "remove it and run without --resume"
                )
            members = archived.infolist()
            if any(m.compress_type != zipfile.ZIP_STORED for m in members):
                raise ValueError("compressed")
            return {
                member.filename.removesuffix(".npy"): np.lib.format.read_array(
                    io.BytesIO(archived.read(member)), allow_pickle=False
                )
                for member in members
            }
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise ValueError(str(error)) from None
    except OSError as error:
        if error.errno == errno.EINVAL:  # its directory points at a place before the file
            raise ValueError(str(error)) from None
        raise


def _checkpoint(arrays: Mapping[str, FloatArray]) -> Checkpoint:
    meta = json.loads(arrays["meta"].tobytes())
    theta = arrays["theta"]
    state = tuple(arrays[f"state_{n}"] for n in range(sum(k.startswith("state_") for k in arrays)))
    best = meta["best"]
    counts = [meta[name] for name in ("epoch", "done", "step", "stride")]
    vectors = [theta, *([] if best is None else [arrays["best"]])]
    if (
        not all(type(count) is int and count >= 0 for count in counts)
        or not all(a.dtype.kind == "f" and a.ndim == 1 for a in (*vectors, *state))
        or not all(vector.shape == theta.shape for vector in vectors)
        or not all(slot.shape in (theta.shape, (1,)) for slot in state)
    ):
        raise ValueError("counts or vectors")
    return Checkpoint(
        TrainingPoint(theta, state, meta["epoch"], meta["done"], meta["step"]),
        tuple(Record(**record) for record in meta["history"]),
        meta["identity"],
        None if best is None else Best(arrays["best"], int(best[0]), float(best[1])),
        arrays["path"],
        tuple(map(int, meta["path_steps"])),
        meta["stride"],
    )


def archive(arrays: Mapping[str, npt.NDArray[Any]], comment: bytes) -> bytes:
    """An .npz archive that loads without pickle, with the same bytes for the same arrays."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archived:
        archived.comment = comment
        for name, value in arrays.items():
            entry = io.BytesIO()
            np.lib.format.write_array(entry, np.asarray(value), allow_pickle=False)
            member = zipfile.ZipInfo(f"{name}.npy")  # dated 1980, so that equal runs are equal
            archived.writestr(member, entry.getvalue())
    return memory.getvalue()


def difference(
    was: Mapping[str, Any], now: Mapping[str, Any], files_of: Callable[[str], Sequence[str]]
) -> str | None:
    """The first difference of a run from the run that wrote the checkpoint, or None."""
    name = next((name for name in {**now, **was} if was.get(name) != now.get(name)), None)
    if name is None:
        return None
    known = was.get(name)
    if name == "data" and isinstance(known, Mapping):
        leaf = next(leaf for leaf in now[name] if known.get(leaf) != now[name][leaf])
        return (
            f"{' + '.join(files_of(leaf))} has changed: it holds other numbers for {quoted(leaf)}"
        )
    if name == "rows":
        files = dict.fromkeys(file for leaf in now["data"] for file in files_of(leaf))
        return f"{' + '.join(files)} had {known!r:.20} rows, now {now[name]}"
    return f"{name} was {known!r:.40}, now {now.get(name)!r:.40}"


# -- when to save ------------------------------------------------------------------------------


@dataclass
class Saver:
    """Saves into `folder`, if there is one, every so many steps, or seconds where none are given.

    With `resume`, a run continues from the checkpoint in the folder.
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

    def checkpoint_to_resume(
        self,
        identity: Callable[[], Mapping[str, Any]],
        files_of: Callable[[str], Sequence[str]],
    ) -> Checkpoint | None:
        """The checkpoint to continue from, or None; TrainingError if it is of another run.

        `files_of` gives the files that feed a leaf.
        """
        if not self.resume or self.folder is None:
            return None
        checkpoint = load(self.folder)
        if other := difference(checkpoint.identity, identity(), files_of):
            raise TrainingError(
                f"the checkpoint is of another run: {other}; give the same, or run without --resume"
            )
        self.holds = True
        return checkpoint


def check_cadence(steps: int | None, seconds: float | None) -> dict[str, Any]:
    """The cadence of a Saver; TrainingError for an invalid number."""
    if steps is not None and seconds is not None:
        raise TrainingError("checkpoints come every so many steps or seconds; name one of them")
    if steps is not None and (isinstance(steps, bool) or not isinstance(steps, int) or steps < 1):
        raise TrainingError(f"checkpoint_steps is {steps!r:.30}; it must be a whole number ≥ 1")
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if seconds is not None and not (is_number and 0 <= seconds < MOST_SECONDS):
        raise TrainingError(f"checkpoint_seconds is {seconds!r:.30}; it must be finite and ≥ 0")
    return {"steps": steps, "seconds": EVERY if seconds is None else float(seconds)}
