"""The command that estimates parameters with standard errors: fit."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from symback.cli.arguments import (
    circuit_options,
    data_options,
    deliver,
    files_read,
    force_option,
    given_options,
    read_circuit,
    read_initial,
    read_mapping,
    read_numbers,
)

if TYPE_CHECKING:
    from symback.codegen.files import Output
    from symback.training.fit import Fit

_KIND = "fit"


@click.command()
@circuit_options
@data_options
@click.option(
    "--initial",
    multiple=True,
    metavar="NAME=VALUE|FILE",
    help="Initial values, e.g. a=0.5,b=1, or the parameters of a run in an .npz file.",
)
@click.option(
    "--fix", multiple=True, metavar="NAME=VALUE", help="A parameter that stays at this value."
)
@click.option(
    "--bound",
    "bounds",
    multiple=True,
    metavar="NAME=LOW:HIGH",
    help="The interval of a parameter; leave one side out where it has no end.",
)
@click.option("--weights", metavar="COLUMN", help="The column with the weight of each row.")
@click.option(
    "--level", default=0.95, show_default=True, help="Probability of the confidence intervals."
)
@given_options
@click.option("--plot", type=click.Path(), help="Draw the residuals into this SVG or PNG file.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("-o", "--output", type=click.Path(), help="Write the result to this JSON file.")
@force_option
def fit(
    data: tuple[str, ...],
    mapping: tuple[str, ...],
    initial: tuple[str, ...],
    fix: tuple[str, ...],
    bounds: tuple[str, ...],
    sizes: tuple[str, ...],
    plot: str | None,
    as_json: bool,
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
    """Estimate the parameters from data, with standard errors, intervals and correlations.

    Least squares for the squared loss (f − y)²/2, also as a sum over several outputs; another loss
    that the circuit declares is taken as −log of a likelihood, and its standard errors are those of
    the observed information. The exit code is 1 where the fit has not converged.

    \b
    symback fit "f = a*exp(-k*x)" --params a,k --data decay.csv --initial a=1,k=0.5
    symback fit logistic.circuit --data patients.csv --fix b=0 --bound w=0:
    """
    from symback.circuits.squares import as_least_squares
    from symback.codegen.figures import require_matplotlib
    from symback.codegen.files import Output, decide
    from symback.training.fit import fit as fitted
    from symback.training.results.plots import picture_place

    places = [] if output is None else [Output(_json_path(output), _KIND)]
    places += [] if plot is None else [picture_place(plot, _KIND)]
    read = files_read(circuit, *data, *initial)
    decide(dict.fromkeys(places), inputs=read, force=force)
    parsed = read_circuit(circuit, params, inputs, loss, no_loss, latex)
    if plot is not None:
        require_matplotlib()
        if as_least_squares(parsed) is None:
            raise click.UsageError("--plot draws the residuals of a squared loss; leave it out")
    result = fitted(
        parsed,
        list(data),
        mapping=read_mapping(mapping),
        initial=read_initial(initial),
        fixed=read_numbers(fix, "--fix"),
        bounds=_read_bounds(bounds),
        sizes={name: int(size) for name, size in read_numbers(sizes, "--size").items()},
        **settings,
    )
    click.echo(result.to_json() if as_json else str(result))
    deliver(_files(result, output, plot), read, force)
    if not result.converged:
        sys.exit(1)


def _files(result: Fit, output: str | None, plot: str | None) -> dict[Output, bytes]:
    from symback.codegen.files import Output
    from symback.codegen.marks import marked
    from symback.training.results.plots import picture_file, residual_plot

    files: dict[Output, bytes] = {}
    if output is not None:
        content = marked((result.to_json() + "\n").encode(), _KIND, "json")
        files[Output(_json_path(output), _KIND)] = content
    if plot is not None:
        if result.fitted is None or result.residuals is None:
            raise click.UsageError(
                "--plot draws residuals, and a likelihood has none; leave it out"
            )
        figure = residual_plot(result.fitted, result.residuals)
        files.update([picture_file(figure, plot, _KIND)])
    return files


def _json_path(output: str) -> Any:
    from pathlib import Path

    if not output.endswith(".json"):
        raise click.BadParameter(f"'{output:.60}' does not end in .json", param_hint="--output")
    return Path(output)


def _read_bounds(given: Iterable[str]) -> dict[str, tuple[float, float]]:
    """NAME=LOW:HIGH, where either side may be empty."""
    found: dict[str, tuple[float, float]] = {}
    for text in given:
        name, sign, pair = text.partition("=")
        low, colon, high = pair.partition(":")
        try:
            ends = float(low or -math.inf), float(high or math.inf)
        except ValueError:
            ends = math.nan, math.nan
        if not (name.strip() and sign and colon) or any(map(math.isnan, ends)):
            raise click.BadParameter(f"'{text:.60}' is not NAME=LOW:HIGH", param_hint="--bound")
        if name.strip() in found:
            raise click.BadParameter(f"'{name:.40}' is given twice", param_hint="--bound")
        found[name.strip()] = ends
    return found


__all__ = ["fit"]
