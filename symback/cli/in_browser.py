"""Commands that show circuits in a browser: see, serve, playground."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from symback.cli.arguments import force_option, put, read_circuit

PICTURES = ("tangent", "activations", "layers")


@click.command()
@click.argument("what", type=click.Choice(PICTURES))
@click.argument("circuit", required=False)
@click.option("-o", "--output", type=click.Path(), help="Write to this file.")
@force_option
def see(what: str, circuit: str | None, output: str | None, force: bool) -> None:
    """Write a page that shows what a lecture draws.

    \b
    tangent      of a CIRCUIT: f(θ + εv), its tangent, its parabola, their errors over ε
    activations  σ, tanh, relu and others with their slopes
    layers       how gradients vanish, layer by layer

    \b
    symback see tangent "f = σ(w·x + b)" -o tangent.html
    symback see layers -o layers.html
    """
    from symback.cli.playground.seeing import seeing_page

    if circuit is not None and what != "tangent":
        raise click.UsageError(f"'{what}' takes no circuit")
    page = seeing_page(what, None if circuit is None else read_circuit(circuit))
    put(page, output, "see", "html", circuit, force)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="The port; 0: any that is free.",
)
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="HOST",
    help="Another name by which readers reach this machine; any other is refused.",
)
@click.option(
    "--workers", type=click.IntRange(1, 256), help="Processes that answer; default: one a core."
)
@click.option(
    "--seconds",
    default=10.0,
    show_default=True,
    type=click.FloatRange(0.1),
    help="The longest that a request may take.",
)
def serve(
    host: str, port: int, names: tuple[str, ...], workers: int | None, seconds: float
) -> None:
    """Open a playground on this machine: type a circuit, read, practise, check, descend.

    \b
    symback serve
    symback serve --host 0.0.0.0 --name lecture.example   (for a class)
    """
    from symback.cli.playground.pool import Bounds
    from symback.cli.playground.server import serve as run

    chosen = {} if workers is None else {"workers": workers}
    bounds = Bounds(**chosen, seconds=seconds)
    run(host, port, names=names, bounds=bounds, say=lambda text: click.echo(text, err=True))


@click.command()
@click.option("-o", "--output", required=True, type=click.Path(), help="The folder to write.")
@click.option(
    "--pyodide",
    "distribution",
    type=click.Path(exists=True, file_okay=False),
    help="A folder with Pyodide's full distribution: the playground has its NumPy, and checks.",
)
@force_option
def playground(output: str, distribution: str | None, force: bool) -> None:
    """Write the playground as static files: symback runs in the reader's browser.

    pip and npm fetch Pyodide and the packages; any web host serves the folder.

    \b
    symback playground -o site/
    python -m http.server -d site
    """
    from symback.cli.playground.site import build

    given = None if distribution is None else Path(distribution)
    build(Path(output), distribution=given, force=force, say=partial(click.echo, err=True))


__all__ = ["playground", "see", "serve"]
