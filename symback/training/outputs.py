"""The folder a run leaves: parameters, history, settings, and a picture of the losses.

Files replace their predecessors in one move, and only those that symback made.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from symback.disk import replace_file
from symback.errors import FileRefused
from symback.training.loop import Result
from symback.training.plots import loss_plot
from symback.training.table import reason, shorten

PARAMETERS, HISTORY, SETTINGS, PLOT = "parameters.npz", "history.csv", "training.json", "loss.svg"
FILES = (PARAMETERS, HISTORY, SETTINGS, PLOT)
_MAKER = "symback train"
_MARKS = {  # what the first or last bytes of each file show of its maker
    PARAMETERS: _MAKER.encode(),
    HISTORY: b"epoch,step,loss",
    SETTINGS: f'"made_by": "{_MAKER}"'.encode(),
    PLOT: _MAKER.encode(),
}


def check_folder(folder: str | os.PathLike[str]) -> None:
    """FileRefused unless the folder can take the files; changes nothing.

    To be called before a run, so that nothing is learned that cannot be kept.
    """
    path, name = Path(folder), _end(folder)
    if path.is_symlink():
        raise FileRefused(f"{name} is a symbolic link; name the folder itself")
    if path.exists() and not path.is_dir():
        raise FileRefused(f"{name} is a file; name a folder for the results")
    existing = next((p for p in (path, *path.absolute().parents) if p.exists()), path)
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        raise FileRefused(f"{name} cannot be made or written to; name another folder")
    for file in FILES:
        _refuse_foreign(path / file, file, name)


def write_result(result: Result, folder: str | os.PathLike[str]) -> tuple[list[str], list[str]]:
    """Write the files of a run; gives the paths written and what there is to say of them."""
    check_folder(folder)
    written, notes = [], []
    replaced = [file for file in FILES if (Path(folder) / file).exists()]
    plot = loss_plot(result.history, creator=_MAKER)
    for file, content in {**contents(result), PLOT: plot}.items():
        if content is None:
            stale = "; that of an earlier run is removed" if file in replaced else ""
            (Path(folder) / file).unlink(missing_ok=True)
            notes.append(f"{file} needs matplotlib: pip install 'symback[plots]'{stale}")
            continue
        replace_file(Path(folder) / file, content)
        written.append(str(Path(folder) / file))
    if replaced:
        notes.append(f"the files of an earlier run in {folder} are replaced")
    return written, notes


def contents(result: Result) -> dict[str, bytes]:
    """What the files of a run hold, the picture excepted."""
    return {
        PARAMETERS: _parameters(result),
        HISTORY: _history(result),
        SETTINGS: _settings(result),
    }


def _parameters(result: Result) -> bytes:
    """An .npz archive, one array a parameter, that loads without pickle."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.comment = _MARKS[PARAMETERS]
        for name, value in result.params._asdict().items():
            entry = io.BytesIO()
            np.lib.format.write_array(entry, np.asarray(value), allow_pickle=False)
            member = zipfile.ZipInfo(f"{name}.npy")  # dated 1980, so that equal runs are equal
            archive.writestr(member, entry.getvalue())
    return memory.getvalue()


def _history(result: Result) -> bytes:
    held_out = result.history[0].validation_loss is not None
    lines = ["epoch,step,loss" + (",validation_loss" if held_out else "")]
    for record in result.history:
        cells = [record.epoch, record.step, repr(record.loss)]
        lines.append(",".join(map(str, cells + [repr(record.validation_loss)] * held_out)))
    return ("\n".join(lines) + "\n").encode()


def _settings(result: Result) -> bytes:
    settings, last = result.settings, result.history[-1]
    rate = settings.learning_rate
    content: dict[str, Any] = {
        "made_by": _MAKER,
        "accuracy": result.accuracy,
        "batch_size": settings.batch_size,
        "columns": dict(result.columns),
        "epochs": settings.epochs,
        "epochs_done": last.epoch,
        "interrupted": result.interrupted,
        "learning_rate": "a function of the step" if callable(rate) else float(rate),
        "loss": last.loss,
        "rows_training": result.rows[0],
        "rows_validation": result.rows[1],
        "scalings": {
            name: {"mean": scaling.mean, "scale": scaling.scale}
            for name, scaling in result.scalings.items()
        },
        "seed": settings.seed,
        "standardise": settings.standardise,
        "steps_done": last.step,
        "validation": settings.validation,
        "validation_accuracy": result.validation_accuracy,
        "validation_loss": last.validation_loss,
    }
    return (json.dumps(content, indent=2, sort_keys=True, allow_nan=False) + "\n").encode()


def _refuse_foreign(path: Path, file: str, folder: str) -> None:
    """FileRefused unless the path is free, or a file that symback made."""
    if path.is_symlink():
        raise FileRefused(f"{file} in {folder} is a symbolic link; remove it")
    if not path.exists():
        return
    try:
        ends = _ends(path) if path.is_file() else b""
    except OSError as error:
        raise FileRefused(f"{file} in {folder} cannot be read: {reason(error)}") from None
    if _MARKS[file] not in ends:
        raise FileRefused(f"{file} in {folder} was not made by symback; name another folder")


def _ends(path: Path, length: int = 4096) -> bytes:
    """The first and the last bytes of a file."""
    with path.open("rb") as stream:
        first = stream.read(length)
        stream.seek(max(stream.tell(), path.stat().st_size - length))
        return first + stream.read()


def _end(path: str | os.PathLike[str], length: int = 60) -> str:
    """The last characters of a path, which tell more than the first."""
    text = str(path)
    return shorten(text if len(text) <= length else f"…{text[1 - length :]}", length)
