"""The folder of a run: parameters, history, settings, and pictures.

All are written, or none, and only files of an earlier run are replaced: `training.json` has the
hashes of the others, by which they are known to be as symback wrote them.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryFile
from types import ModuleType
from typing import Any

import numpy as np

from symback.codegen.files import refuse_input, replace_files
from symback.codegen.marks import kind_of, marked
from symback.errors import DataError, FileRefused
from symback.training.checkpoint import CHECKPOINT, MARK, archive
from symback.training.loop import Result
from symback.training.results.descent_plot import path_plot
from symback.training.results.plots import loss_plot
from symback.training.schedules import LAST_STEP
from symback.training.sources.messages import quoted, reason, shorten

PARAMETERS, HISTORY, SETTINGS, PLOT = "parameters.npz", "history.csv", "training.json", "loss.svg"
LINES, PATH = "history.jsonl", "path.svg"
FILES = (PARAMETERS, HISTORY, LINES, SETTINGS, CHECKPOINT, PLOT, PATH)
_MAKER = "symback train"
_KIND = "train"
_MARKS = {  # what the first or last bytes of each file show of its maker
    PARAMETERS: _MAKER.encode(),
    HISTORY: b"epoch,step,loss",
    SETTINGS: f'"made_by": "{_MAKER}"'.encode(),
    LINES: b'{"epoch": 0, "learning_rate": ',
    CHECKPOINT: MARK,
    PLOT: _MAKER.encode(),
    PATH: _MAKER.encode(),
}
_START_OF_SETTINGS = b'{\n  "accuracy": '


def check_folder(
    folder: str | os.PathLike[str],
    *,
    inputs: Iterable[str | os.PathLike[str] | int] = (),
    resumed: bool = False,
    force: bool = False,
) -> None:
    """FileRefused unless the folder can take the files; changes nothing.

    To be called before a run, so that nothing is learned that cannot be kept. `inputs` are files
    that the run reads. A run that is `resumed` goes on with files that a killed one may have left
    half done; `force` replaces what symback did not write, too.
    """
    path, name = Path(folder), _end(folder)
    if not os.fspath(folder):
        raise FileRefused("the name of the folder for the results is empty; name one")
    if not str(path).isprintable():
        raise FileRefused(f"'{name}' is not the name of a folder")
    try:
        _refuse_unfit(path, name)
        inputs = list(inputs)
        for file in FILES:
            refuse_input(path / file, inputs)
        if not force:
            _refuse_foreign(path, name, resumed)
    except OSError as error:  # such as a name that is too long
        raise FileRefused(f"{name} cannot be made or written to: {reason(error)}") from None


def _refuse_unfit(path: Path, name: str) -> None:
    if path.is_symlink():
        raise FileRefused(f"{name} is a symbolic link; name the folder itself")
    if path.exists() and not path.is_dir():
        raise FileRefused(f"{name} is a file; name a folder for the results")
    existing = next((p for p in (path, *path.absolute().parents) if p.exists()), path)
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        raise FileRefused(f"{name} cannot be made or written to; name another folder")
    with TemporaryFile(dir=existing):  # where everything is permitted, only a trial shows it
        pass
    for file in FILES:
        if (path / file).is_symlink():
            raise FileRefused(f"{file} in {name} is a symbolic link; remove it")
        if (path / file).exists() and not (path / file).is_file():
            raise FileRefused(f"{file} in {name} is no regular file; name another folder")


def write_result(
    result: Result, folder: str | os.PathLike[str], *, resumed: bool = False, force: bool = False
) -> tuple[list[str], list[str]]:
    """Write the files of a run; returns the paths written and notes about them."""
    check_folder(folder, resumed=resumed, force=force)
    ours = [file for file in FILES if file != CHECKPOINT]  # the run itself saves that one
    replaced = [file for file in ours if (Path(folder) / file).exists()]
    with np.errstate(all="ignore"):  # of pictures of a run that diverged
        pictures = _pictures(result)
    notes = []
    for file in (file for file, picture in pictures.items() if picture is None):
        stale = "; that of an earlier run is removed" if file in replaced else ""
        notes.append(f"{file} needs matplotlib: pip install 'symback[plots]'{stale}")
    drawn = {file: picture for file, picture in pictures.items() if picture is not None}
    files = contents(result, drawn)
    replace_files({Path(folder) / file: content for file, content in files.items()})
    for file in {PLOT, PATH} - files.keys():
        (Path(folder) / file).unlink(missing_ok=True)
    if replaced and not resumed:
        notes.append(f"the files of an earlier run in {folder} are replaced")
    return [str(Path(folder) / file) for file in files], notes


def contents(result: Result, pictures: Mapping[str, bytes] | None = None) -> dict[str, bytes]:
    """The bytes of the files of a run, without its checkpoint."""
    files = _contents(result) | dict(pictures or {})
    hashes = {file: _digest(content) for file, content in files.items()}
    settings = (_json({**result.summary(), "files": hashes}) + "\n").encode()
    return {**files, SETTINGS: marked(settings, _KIND, "json")}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _contents(result: Result) -> dict[str, bytes]:
    return {
        PARAMETERS: archive(
            {name: np.asarray(value) for name, value in result.params._asdict().items()},
            _MARKS[PARAMETERS],
        ),
        HISTORY: _history(result),
        LINES: _lines(result),
    }


def _pictures(result: Result) -> dict[str, bytes | None]:
    """The losses, and the path of two parameters; None where matplotlib is not installed."""
    found: dict[str, bytes | None] = {
        PLOT: loss_plot(result.history, result.steps_per_epoch, creator=_MAKER)
    }
    if result.surface is not None and len(result.path):
        names = result.params._fields
        found[PATH] = path_plot(result.path, names, result.surface, creator=_MAKER)
    return found


def read_parameters(path: str | os.PathLike[str], module: ModuleType) -> Any:
    """The module's Params from a file `parameters.npz`; DataError where it has others."""
    name = shorten(Path(path).name or str(path), 40)
    try:
        if Path(path).exists() and not zipfile.is_zipfile(path):
            raise DataError(f"{name} is not an .npz archive; name the parameters.npz of a run")
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as archived:
            known = {key: archived[key] for key in archived.files}
    except DataError:
        raise
    except (
        *(OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, MemoryError),
        RuntimeError,  # of an archive that is encrypted, or in a form that Python doesn't know
    ) as error:
        raise DataError(f"{name} cannot be read: {reason(error)}") from None
    names = module.Params._fields
    if set(known) != set(names):
        other = sorted(set(known) ^ set(names))[0]
        raise DataError(f"{name} holds other parameters than the circuit: {quoted(other)} differs")
    for key, value in known.items():
        if value.dtype.kind not in "fiu" or not np.isfinite(value).all():
            raise DataError(f"{name}: {quoted(key)} does not hold finite numbers only")
    return module.Params(*(known[key].astype(float)[()] for key in names))


def _history(result: Result) -> bytes:
    held_out = result.history[0].validation_loss is not None
    lines = ["epoch,step,loss" + (",validation_loss" if held_out else "")]
    for record in result.history:
        cells = [record.epoch, record.step, repr(record.loss)]
        lines.append(",".join(map(str, cells + [repr(record.validation_loss)] * held_out)))
    return ("\n".join(lines) + "\n").encode()


def _lines(result: Result) -> bytes:
    """The history as JSON lines, with the step width η_t of each record's next step."""
    steps = result.settings.epochs * result.steps_per_epoch
    eta = result.settings.scheduled(steps)
    last = steps - 1 if callable(result.settings.eta) else LAST_STEP  # it may know no other
    full = result.settings.full_batch
    lines = []
    for record in result.history:
        rate = None if full else float(eta(min(record.step, last)))
        line = {**asdict(record), "learning_rate": rate}
        lines.append(json.dumps(line, sort_keys=True, allow_nan=False))
    return ("\n".join(lines) + "\n").encode()


def _json(content: dict[str, Any]) -> str:
    return json.dumps({"made_by": _MAKER, **content}, indent=2, sort_keys=True, allow_nan=False)


def _refuse_foreign(path: Path, folder: str, resumed: bool) -> None:
    """FileRefused unless the names of the files are free, or have those of an earlier run."""
    known = _known(path / SETTINGS)
    for file in (f for f in (SETTINGS, *FILES) if (path / f).exists()):
        if file == CHECKPOINT and resumed:
            continue  # reading it says more
        if why := _why_foreign(path / file, file, known, resumed):
            raise FileRefused(
                f"{file} in {folder} {why}; name another folder, or --force (force=True) replaces "
                "it"
            )


def _why_foreign(path: Path, file: str, known: Mapping[str, str], resumed: bool) -> str:
    """Why the file is not as an earlier run left it; nothing where it is."""
    try:
        is_ours = _MARKS[file] in _ends(path)
        if file in known and (not resumed or not is_ours):
            return "" if _digest(path.read_bytes()) == known[file] else "was edited or damaged"
        if file == SETTINGS and is_ours and not resumed:
            return "" if kind_of(path.read_bytes()) == _KIND else "was edited or damaged"
    except OSError as error:
        return f"cannot be read: {reason(error)}"
    if is_ours and (resumed or file == CHECKPOINT):
        return ""
    if file in (CHECKPOINT, SETTINGS) and _was_cut(path):
        return "is damaged"
    return "was not made by symback"


def _was_cut(path: Path) -> bool:
    """Whether it is the start of a checkpoint or of the settings, or empty."""
    start = _ends(path, 64)
    of_checkpoint = start.startswith(b"PK\x03\x04") and b"meta.npy" in start
    return not start or of_checkpoint or start.startswith(_START_OF_SETTINGS)


def _known(settings: Path) -> dict[str, str]:
    """The hashes of the files of an earlier run; none where there was no such run."""
    with suppress(OSError, ValueError, AttributeError, RecursionError):
        found = json.loads(settings.read_bytes()).get("files")
        return {str(file): str(digest) for file, digest in found.items()}
    return {}


def _ends(path: Path, length: int = 4096) -> bytes:
    """The first and the last bytes of a file."""
    with path.open("rb") as stream:
        first = stream.read(length)
        stream.seek(max(stream.tell(), path.stat().st_size - length))
        return first + stream.read()


def _end(path: str | os.PathLike[str], length: int = 60) -> str:
    """The last characters of a path, which distinguish it better than the first."""
    text = str(path)
    return shorten(text if len(text) <= length else f"…{text[1 - length :]}", length)
