"""Commands that train: train, descend."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import click

from symback.cli.arguments import circuit_options, columns, data_options, point_of, read_circuit


@click.command()
@circuit_options
@data_options
@click.option("--epochs", default=20, show_default=True, help="Passes over the data.")
@click.option("--batch-size", default=128, show_default=True, help="Samples of one step.")
@click.option("--learning-rate", type=float, help="The step width η; default: 0.1.")
@click.option(
    "--optimiser",
    "--optimizer",
    default="sgd",
    show_default=True,
    help="sgd, momentum, nesterov, adam, adamw or lbfgs.",
)
@click.option(
    "--schedule",
    default="constant",
    show_default=True,
    help="How η_t falls: constant, step, cosine or inverse.",
)
@click.option(
    "--set", "options", multiple=True, metavar="NAME=VALUE", help="Of optimiser or schedule."
)
@click.option("--weight-decay", type=float, help="λ, which shrinks parameters.")
@click.option("--clip", type=float, help="The most that a gradient's norm may be.")
@click.option("--validation", default=0.2, show_default=True, help="Share of rows held out.")
@click.option("--patience", type=int, help="End after so many epochs without a lower loss there.")
@click.option("--standardise", is_flag=True, help="Give inputs mean 0 and deviation 1.")
@click.option("--size", "sizes", multiple=True, metavar="NAME=N", help="A size data don't tell.")
@click.option("--dtype", default="float64", show_default=True, help="float64 or float32.")
@click.option("--target", default="numpy", show_default=True, help="What computes: numpy, or c.")
@click.option("--shards", type=int, help="Parts of the rows; default: as many as workers, or 1.")
@click.option("--workers", type=int, help="Processes that compute the shards' gradients.")
@click.option("--dask", is_flag=True, help="They are a Dask cluster on this machine.")
@click.option("--scheduler", metavar="ADDRESS", help="The workers of the Dask cluster there.")
@click.option(
    "--local-steps", default=1, show_default=True, help="Steps of a shard before they are averaged."
)
@click.option("--seed", default=0, show_default=True, help="Seed of split, start and shuffling.")
@click.option("--initial", type=click.Path(), help="Parameters to start from, an .npz file.")
@click.option("--checkpoint-steps", type=int, help="Save every so many steps.")
@click.option("--checkpoint-seconds", type=float, help="Save every so many seconds; default: 30.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint in the folder of -o.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.option("-o", "--output", type=click.Path(), help="A folder for parameters and history.")
def train(
    data: tuple[str, ...],
    mapping: tuple[str, ...],
    options: tuple[str, ...],
    sizes: tuple[str, ...],
    shards: int | None,
    workers: int | None,
    dask: bool,
    scheduler: str | None,
    params: str | None,
    inputs: str | None,
    loss: str | None,
    no_loss: bool,
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

    pairs = columns(mapping)
    parsed = read_circuit(circuit, params, inputs, loss, no_loss)
    with _ended_by_signals(), _engine(shards, workers, dask, scheduler) as engine:
        result = train_from_file(
            parsed,
            list(data),
            mapping=pairs,
            options=point_of(options, "--set"),
            sizes=_whole(point_of(sizes, "--size")),
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
            click.echo(f"to go on: the same command with --resume (-o {output})", err=True)
        sys.exit(130)


def _engine(
    shards: int | None, workers: int | None, dask: bool, scheduler: str | None
) -> AbstractContextManager[Any]:
    """Where gradients are made: None stands for this process."""
    if scheduler is not None and shards is None and workers is None:
        raise click.UsageError("--scheduler needs --shards N: the result depends on their number")
    if dask and scheduler is None and workers is None:
        raise click.UsageError("--dask needs --workers N, the processes to begin on this machine")
    if dask or scheduler is not None:
        from symback.training.engine.dask import on_dask

        return on_dask(scheduler, workers)
    if workers is not None:
        from symback.training.engine.workers import on_processes

        return on_processes(workers)
    return nullcontext()


def _whole(sizes: dict[str, float]) -> dict[str, Any]:
    """Whole numbers as such; others are refused by name where they are used."""
    return {name: int(size) if size == int(size) else size for name, size in sizes.items()}


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Within it, the signal by which systems end a job (SIGTERM) is taken as Ctrl-C is."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@click.command()
@circuit_options
@data_options
@click.option("--start", multiple=True, metavar="NAME=VALUE", help="Where a parameter begins.")
@click.option("--learning-rate", default=0.1, show_default=True, help="The step width η.")
@click.option("--steps", default=100, show_default=True, help="Steps of every method.")
@click.option("--batch-size", type=int, help="Of the mini-batches; default: 128, or n/8 if less.")
@click.option("--seed", default=0, show_default=True, help="Seed of start and shuffling.")
@click.option("--losses", type=click.Path(), help="A second picture: the loss over the steps.")
@click.option("-o", "--output", type=click.Path(), help="The picture, an SVG or PNG file.")
def descend(
    data: tuple[str, ...],
    mapping: tuple[str, ...],
    start: tuple[str, ...],
    delimiter: str,
    losses: str | None,
    output: str | None,
    params: str | None,
    inputs: str | None,
    loss: str | None,
    no_loss: bool,
    circuit: str,
    **settings: Any,
) -> None:
    """Draw gradient, stochastic and mini-batch descent on the loss surface of two parameters.

    \b
    symback descend "f = w*x + b" --data points.csv --start w=-1 --start b=3 -o descent.svg
    """
    from symback.training.results.descent import descend as paths_of
    from symback.training.results.descent import read_samples, summary
    from symback.training.results.descent_plot import descent_picture, loss_picture

    pairs, begin = columns(mapping), point_of(start, "--start")
    parsed = read_circuit(circuit, params, inputs, loss, no_loss)
    samples = read_samples(parsed, list(data), pairs, delimiter=delimiter)
    paths = paths_of(parsed, samples, start=begin, **settings)
    if output is not None:
        descent_picture(parsed, samples, start=begin, **settings, save=output)
    if losses is not None:
        loss_picture(paths, save=losses)
    click.echo(summary(paths))
    for file in filter(None, (output, losses)):
        click.echo(f"wrote {file}", err=True)


__all__ = ["descend", "train"]
