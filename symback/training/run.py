"""Training: a circuit and data in, parameters, history and figures out.

The command line imports this when a run starts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from types import ModuleType
from typing import Any

from symback.circuits.arguments import checked
from symback.circuits.circuit import Circuit
from symback.codegen.generate import compile_module
from symback.codegen.targets import trained
from symback.errors import TrainingError, clip, nearest
from symback.training.checkpoint import Saver, check_cadence
from symback.training.engine.gradients import EngineMaker
from symback.training.feed.columns import leaves_of_module
from symback.training.feed.feed import open_feed
from symback.training.loop import train
from symback.training.methods import functions_for
from symback.training.progress import progress_on
from symback.training.result import Diverged, Result
from symback.training.results.files import check_folder, read_parameters, write_result
from symback.training.settings import Settings

MOST_PARAMETERS_SHOWN = 20
WORKERS = {  # options of the command line → what makes such an engine
    "workers": "symback.training.engine.workers.on_processes(2)",
    "dask": "symback.training.engine.dask.on_dask(None, 2)",
    "scheduler": "symback.training.engine.dask.on_dask(ADDRESS)",
}
CONTINUE = "what was learned is saved; to continue: the same command with --resume"


@checked(TrainingError)
def train_from_file(
    circuit: Circuit,
    data_path: Any,
    *,
    mapping: Mapping[str, str] | None = None,
    output: str | os.PathLike[str] | None = None,
    quiet: bool = False,
    delimiter: str = ",",
    resume: bool = False,
    checkpoint_steps: int | None = None,
    checkpoint_seconds: float | None = None,
    initial: Mapping[str, Any] | str | os.PathLike[str] | None = None,
    force: bool = False,
    target: str = "numpy",
    engine: EngineMaker | None = None,
    **settings: Any,
) -> Result:
    """Fit the parameters of a circuit to data, and write the folder `output` if given.

    `data_path` is a file (.csv, .npy, .npz, .parquet, .arrow, .feather), a list of files that stand
    side by side, or a mapping of column names to arrays. `mapping` gives an input or target a
    column of another name, or a family of columns, as in {"x": "pixel_*"}. `settings` are
    those of `Settings`. Progress goes to stderr unless `quiet`.

    A checkpoint is saved into `output` every `checkpoint_steps`, or `checkpoint_seconds` (30); a
    run with `resume` continues from it, to the same bytes as an uninterrupted run. Files in
    `output` that no run wrote, or that were edited since, are replaced with `force` only. `initial`
    maps parameters to the numbers that they start from, is Params such as those of a result, or a
    file `parameters.npz`; what a mapping leaves out is drawn. `target` is the language of the
    module: "numpy", or "c" where there is a compiler. `engine` makes the engine of gradients.
    Raises a SymbackError for invalid data or settings.
    """
    chosen = _settings(settings)
    if resume and output is None:
        raise TrainingError("resume needs the folder of the run that was broken off; name it (-o)")
    folder = _checked_folder(output, resume, force, data_path, initial)
    saver = Saver(output, resume=resume, **check_cadence(checkpoint_steps, checkpoint_seconds))
    functions = functions_for(circuit, chosen.optimiser)
    module = compile_module(circuit, trained(target), functions=functions)
    with open_feed(
        data_path,
        leaves_of_module(module),
        mapping=mapping,
        delimiter=delimiter,
        dtype=chosen.dtype,
    ) as feed:
        with _kept_when_stopped(folder, saver):
            result = train(
                module,
                feed,
                chosen,
                initial=_begin(initial, module),
                progress=progress_on(quiet=quiet),
                saver=saver,
                engine=engine,
                target=target,
            )
        return _finished(result, folder, restarted=resume and initial is not None)


@dataclass(frozen=True, slots=True)
class _Folder:
    """Where the files of a run go."""

    path: str | os.PathLike[str]
    resumed: bool
    force: bool

    def written(self, result: Result) -> Result:
        """The result with the files that it left, and notes about them."""
        files, notes = write_result(result, self.path, resumed=self.resumed, force=self.force)
        return replace(result, files=tuple(files), notes=(*result.notes, *notes))


def _checked_folder(
    path: str | os.PathLike[str] | None, resumed: bool, force: bool, data: Any, initial: Any
) -> _Folder | None:
    """The folder, where there is one; FileRefused unless it can take the files of a run."""
    if path is None:
        return None
    read = [*data, initial] if isinstance(data, list | tuple) else [data, initial]
    inputs = [file for file in read if isinstance(file, str | os.PathLike)]
    check_folder(path, inputs=inputs, resumed=resumed, force=force)
    return _Folder(path, resumed, force)


def _begin(initial: Any, module: ModuleType) -> Any:
    """The initial values, read where they are in a file."""
    is_file = isinstance(initial, str | os.PathLike)
    return read_parameters(initial, module) if is_file else initial


def _settings(given: Mapping[str, Any]) -> Settings:
    """The Settings; TrainingError for a name that they don't have."""
    known = {field.name for field in fields(Settings) if field.init}
    for name in given:
        if name in WORKERS:
            raise TrainingError(
                f"{name} is an option of the command line; in Python give an engine and shards, as "
                f"in: with {WORKERS[name]} as engine: train_from_file(…, engine=engine, shards=2)"
            )
        if name not in known:
            hint = nearest(name, known) or "; the names are those of Settings"
            raise TrainingError(f"there is no option '{clip(name, 40)}'{hint}")
    return Settings(**given)


@contextmanager
def _kept_when_stopped(folder: _Folder | None, saver: Saver) -> Iterator[None]:
    """A run that diverges or is interrupted says what is kept of it, and how to continue."""
    try:
        yield
    except Diverged as error:
        if folder is None or error.result is None:
            raise
        folder.written(error.result)
        name = os.path.basename(os.path.abspath(folder.path))
        raise Diverged(f"{error}; the state before is kept in {clip(name, 40)}") from None
    except KeyboardInterrupt:  # between steps it is a result; this one came in some other pass
        raise KeyboardInterrupt(CONTINUE if saver.holds else "") from None


def _finished(result: Result, folder: _Folder | None, *, restarted: bool) -> Result:
    """The result with its notes, written where there is a folder."""
    result = replace(result, notes=(*result.notes, *result.doubts))
    if restarted:
        note = "the run continues from its checkpoint; the initial parameters are not used again"
        result = replace(result, notes=(*result.notes, note))
    try:
        return result if folder is None else folder.written(result)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(CONTINUE) from None


@checked(TrainingError)
def summary(result: Result) -> str:
    """The steps, losses, scores and parameters of a run, in a few lines."""
    first, last, (rows, held_out) = result.history[0], result.history[-1], result.rows
    share = result.settings.validation
    lines = [
        f"{rows} rows to train" + (f", {held_out} held out (validation {share:g})" * (held_out > 0))
    ]
    if result.scalings:
        lines[0] += f"; {len(result.scalings)} inputs standardised"
    if result.interrupted:
        lines.append(f"interrupted in epoch {last.epoch + 1}; the parameters until then are kept")
    lines.append(f"{last.epoch} epochs, {last.step} steps" + ", converged" * bool(result.converged))
    kept = result.kept or last
    if kept is not last:
        early = "ended early; " if result.stopped_early else ""
        lines.append(f"{early}kept are the parameters of epoch {kept.epoch}")
    lines.append(f"loss {kept.loss:.6g} (before training {first.loss:.6g})")
    if kept.validation_loss is not None:
        before = f"(before training {first.validation_loss:.6g})"
        lines.append(f"validation loss {kept.validation_loss:.6g} {before}")
    for part, scores in zip(("", "validation "), result.scores, strict=True):
        if scores.accuracy is not None:
            lines.append(f"{part}accuracy {scores.accuracy:.4f}")
        if scores.r2 is not None:
            lines.append(f"{part}R² {scores.r2:.4f}")
    lines.extend(_parameters(result.params))
    lines.extend(f"wrote {file}" for file in result.files)
    return "\n".join(lines)


def _parameters(params: Any) -> list[str]:
    named = params._asdict()
    if len(named) > MOST_PARAMETERS_SHOWN:
        return [f"{len(named)} parameters"]
    if any(getattr(value, "shape", ()) for value in named.values()):
        total = sum(value.size for value in named.values())
        return [f"{len(named)} parameters, {total:,} numbers"]
    width = max(map(len, named))
    return [f"{name:{width}} = {float(value):.6g}" for name, value in named.items()]
