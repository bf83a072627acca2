"""Commands that train: train, descend."""

from __future__ import annotations

import sys
from typing import Any

import click

from symback.arguments import circuit_options, columns, data_options, point_of, read_circuit


@click.command()
@circuit_options
@data_options
@click.option("--epochs", default=20, show_default=True, help="Passes over the data.")
@click.option("--batch-size", default=128, show_default=True, help="Samples of one step.")
@click.option("--learning-rate", default=0.1, show_default=True, help="The step width η.")
@click.option("--validation", default=0.2, show_default=True, help="Share of rows held out.")
@click.option("--standardise", is_flag=True, help="Give inputs mean 0 and deviation 1.")
@click.option("--seed", default=0, show_default=True, help="Seed of split, start and shuffling.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@click.option("-o", "--output", type=click.Path(), help="A folder for parameters and history.")
def train(
    data: str,
    mapping: tuple[str, ...],
    params: str | None,
    inputs: str | None,
    loss: str | None,
    no_loss: bool,
    circuit: str,
    **settings: Any,
) -> None:
    """Fit the parameters to a CSV file by mini-batch gradient descent.

    \b
    symback train neuron.circuit --data patients.csv --map x3=age --standardise -o out
    """
    from symback.training import summary, train_from_file

    pairs = columns(mapping)
    parsed = read_circuit(circuit, params, inputs, loss, no_loss)
    result = train_from_file(parsed, data, mapping=pairs, **settings)
    for note in result.notes:
        click.echo(note, err=True)
    click.echo(summary(result))
    if result.interrupted:
        sys.exit(130)


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
    data: str,
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
    from symback.training.descent import descent_picture, loss_picture
    from symback.training.paths import descend as paths_of
    from symback.training.paths import read_samples, summary

    pairs, begin = columns(mapping), point_of(start, "--start")
    parsed = read_circuit(circuit, params, inputs, loss, no_loss)
    samples = read_samples(parsed, data, pairs, delimiter=delimiter)
    paths = paths_of(parsed, samples, start=begin, **settings)
    if output is not None:
        descent_picture(parsed, samples, start=begin, **settings, save=output)
    if losses is not None:
        loss_picture(paths, save=losses)
    click.echo(summary(paths))
    for file in filter(None, (output, losses)):
        click.echo(f"wrote {file}", err=True)


__all__ = ["descend", "train"]
