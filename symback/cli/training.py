"""Commands that train: train, descend."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import click

from symback.cli.arguments import (
    circuit_options,
    data_options,
    deliver,
    files_read,
    force_option,
    given_options,
    optional_data_options,
    read_circuit,
    read_initial,
    read_mapping,
    read_numbers,
)
from symback.codegen.targets import TRAINING

if TYPE_CHECKING:
    from symback.codegen.files import Output

METHODS_DRAWN = ("gd", "sgd", "minibatch")
"""Those that descend draws where none is named."""


@click.command()
@circuit_options
@data_options
@click.option(
    "--epochs",
    type=int,
    help="Passes over the data; default: 20, or until a method over all rows has converged.",
)
@click.option(
    "--batch-size",
    type=int,
    help="Samples in each step; default: 128; methods over all rows take all.",
)
@click.option("--learning-rate", type=float, help="Learning rate η; default: 0.1.")
@click.option(
    "--optimiser",
    "--optimizer",
    default="sgd",
    show_default=True,
    help="sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw; over all rows: lbfgs, newton-cg, "
    "gauss-newton.",
)
@click.option(
    "--schedule",
    default="constant",
    show_default=True,
    help="Decay of η_t: constant, step, cosine or inverse.",
)
@click.option(
    "--set",
    "options",
    multiple=True,
    metavar="NAME=VALUE",
    help="An option of the optimiser or schedule, e.g. mu=0.9, or ftol=1e-9 of lbfgs.",
)
@click.option("--weight-decay", type=float, help="Weight decay λ (L2; decoupled in adamw).")
@click.option("--clip", type=float, help="Clip gradients to this norm.")
@click.option(
    "--validation", type=float, help="Fraction of the rows held out for validation; default: 0.2."
)
@click.option(
    "--patience",
    type=int,
    help="Early stopping: stop after this many epochs without improvement in validation loss.",
)
@click.option("--standardise", is_flag=True, help="Standardise inputs (zero mean, unit variance).")
@given_options
@click.option("--dtype", default="float64", show_default=True, help="float64 or float32.")
@click.option(
    "--target", default="numpy", show_default=True, help=f"Compute with {' or '.join(TRAINING)}."
)
@click.option(
    "--shards", type=int, help="Number of parts of the rows; default: the number of workers, or 1."
)
@click.option(
    "--workers", type=int, help="Number of processes that compute the gradients of the shards."
)
@click.option("--dask", is_flag=True, help="Run the workers as a Dask cluster on this machine.")
@click.option(
    "--scheduler", metavar="ADDRESS", help="Use the workers of the Dask cluster at this address."
)
@click.option(
    "--local-steps", default=1, show_default=True, help="Steps of each shard between two averages."
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    help="Random seed of split, initial values and shuffling.",
)
@click.option(
    "--initial",
    multiple=True,
    metavar="NAME=VALUE|FILE",
    help="Initial values, e.g. w=0.5,b=1, or the parameters of a run in an .npz file.",
)
@click.option("--checkpoint-steps", type=int, help="Steps between two checkpoints.")
@click.option(
    "--checkpoint-seconds", type=float, help="Seconds between two checkpoints; default: 30."
)
@click.option("--resume", is_flag=True, help="Continue from the checkpoint in the folder of -o.")
@click.option("--quiet", is_flag=True, help="Do not show progress.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.option(
    "-o",
    "--output",
    type=click.Path(),
    help="Write parameters, history and pictures to this folder.",
)
@force_option
def train(
    data: tuple[str, ...],
    mapping: tuple[str, ...],
    options: tuple[str, ...],
    sizes: tuple[str, ...],
    initial: tuple[str, ...],
    shards: int | None,
    workers: int | None,
    dask: bool,
    scheduler: str | None,
    params: str | None,
    inputs: str | None,
    loss: str | None,
    no_loss: bool,
    latex: bool,
    circuit: str,
    as_json: bool,
    output: str | None,
    **settings: Any,
) -> None:
    """Fit the parameters to data in files by mini-batch gradient descent.

    \b
    symback train neuron.circuit --data patients.csv --map x3=age --standardise -o out
    symback train digits.circuit --data digits.npz --map "x=pixel_*" --optimiser adam -o out
    symback train neuron.circuit --data rows.npy --workers 4 -o out
    symback train neuron.circuit --data /shared/rows.npy --scheduler tcp://10.0.0.1:8786 --shards 64
    """
    from symback.training import summary, train_from_file
    from symback.training.results.files import check_folder

    pairs = read_mapping(mapping)
    parsed = read_circuit(circuit, params, inputs, loss, no_loss, latex)
    if output is not None:
        decided = {"resumed": settings["resume"], "force": settings["force"]}
        check_folder(output, inputs=files_read(circuit, *data, *initial), **decided)
    with _sigterm_as_interrupt(), _engine(shards, workers, dask, scheduler) as engine:
        result = train_from_file(
            parsed,
            list(data),
            mapping=pairs,
            options=read_numbers(options, "--set"),
            sizes=_whole(read_numbers(sizes, "--size")),
            initial=read_initial(initial),
            output=output,
            engine=engine,
            shards=(workers or 1) if shards is None else shards,
            **settings,
        )
    for note in result.notes:
        click.echo(note, err=True)
    if as_json:
        content = {**result.summary(), "files": result.files, "notes": result.notes}
        click.echo(json.dumps(content, indent=2, sort_keys=True, allow_nan=False))
    else:
        click.echo(summary(result))
    if result.interrupted:
        if output is not None:
            click.echo(f"to continue: the same command with --resume (-o {output})", err=True)
        sys.exit(130)


def _engine(
    shards: int | None, workers: int | None, dask: bool, scheduler: str | None
) -> AbstractContextManager[Any]:
    """The engine that computes gradients; None stands for this process."""
    if scheduler is not None and shards is None and workers is None:
        raise click.UsageError("--scheduler needs --shards N: the result depends on their number")
    if dask and scheduler is None and workers is None:
        raise click.UsageError("--dask needs --workers N, the number of processes on this machine")
    if dask or scheduler is not None:
        from symback.training.engine.dask import on_dask

        return on_dask(scheduler, workers)
    if workers is not None:
        from symback.training.engine.workers import on_processes

        return on_processes(workers)
    return nullcontext()


def _whole(sizes: dict[str, float]) -> dict[str, Any]:
    """Whole numbers as integers; the settings refuse the others by name."""
    return {name: int(size) if size == int(size) else size for name, size in sizes.items()}


@contextmanager
def _sigterm_as_interrupt() -> Iterator[None]:
    """Treat SIGTERM, by which systems end a job, as Ctrl-C."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@click.command()
@circuit_options
@optional_data_options
@click.option("--start", multiple=True, metavar="NAME=VALUE", help="Initial value of a parameter.")
@click.option("--learning-rate", default=0.1, show_default=True, help="Learning rate η.")
@click.option("--steps", default=100, show_default=True, help="Number of steps of each method.")
@click.option(
    "--method",
    "methods",
    multiple=True,
    default=METHODS_DRAWN,
    metavar="NAME",
    help="gd, sgd, minibatch, or over all rows momentum, nesterov, adagrad, rmsprop, adam, adamw; "
    "repeat it for several; default: the first three.",
)
@click.option(
    "--batch-size", type=int, help="Size of the mini-batches; default: 128, or n/8 if less."
)
@click.option(
    "--seed", default=0, show_default=True, help="Random seed of initial values and shuffling."
)
@click.option(
    "--losses", type=click.Path(), help="Write a second picture, the loss over the steps."
)
@click.option(
    "-o", "--output", type=click.Path(), help="Write the picture to this SVG or PNG file."
)
@force_option
def descend(
    data: tuple[str, ...],
    mapping: tuple[str, ...],
    start: tuple[str, ...],
    delimiter: str,
    losses: str | None,
    output: str | None,
    force: bool,
    params: str | None,
    inputs: str | None,
    loss: str | None,
    no_loss: bool,
    latex: bool,
    circuit: str,
    **settings: Any,
) -> None:
    """Draw the descent of several methods on the loss of one parameter or two.

    A loss of parameters alone needs no data, and all rows are one: by default, gd alone is drawn.

    \b
    symback descend "f = w*x + b" --data points.csv --start w=-1 --start b=3 -o descent.svg
    symback descend "f = w*x + b" --data points.csv --method gd --method rmsprop -o descent.svg
    symback descend "E: loss = w**4 - 3*w**2 + w" --start w=2 --learning-rate 0.02 -o descent.svg
    """
    from symback.codegen.files import decide
    from symback.training.results.descent import descend as paths_of
    from symback.training.results.descent import read_samples, summary
    from symback.training.results.descent_plot import KIND, descent_picture, loss_picture
    from symback.training.results.plots import picture_file, picture_place

    read = files_read(circuit, *data)
    named = [file for file in (output, losses) if file is not None]
    decide({picture_place(file, KIND): None for file in named}, inputs=read, force=force)
    pairs, begin = read_mapping(mapping), read_numbers(start, "--start")
    parsed = read_circuit(circuit, params, inputs, loss, no_loss, latex)
    if not data and parsed.columns:
        shown = ", ".join(node.name for node in parsed.columns)
        raise click.UsageError(f"the circuit reads {shown:.60}; name a file with --data")
    samples = read_samples(parsed, list(data), pairs, delimiter=delimiter) if data else {}
    if not samples and settings["methods"] == METHODS_DRAWN:
        settings["methods"] = METHODS_DRAWN[:1]
    paths = paths_of(parsed, samples, start=begin, **settings)
    pictures: dict[Output, bytes] = {}
    if output is not None:
        figure = descent_picture(parsed, samples, start=begin, **settings)
        pictures.update([picture_file(figure, output, KIND)])
    if losses is not None:
        pictures.update([picture_file(loss_picture(paths), losses, KIND)])
    click.echo(summary(paths))
    deliver(pictures, read, force)


__all__ = ["descend", "train"]
