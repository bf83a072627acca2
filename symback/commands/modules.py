"""Commands about generated modules: generate, check."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symback.arguments import circuit_options, put, read_circuit, text_of
from symback.errors import CheckFailed

if TYPE_CHECKING:
    from symback.report import Report


@click.command()
@circuit_options
@click.option("-o", "--output", type=click.Path(), help="The module's file; default: stdout.")
@click.option("--target", default="numpy", show_default=True, help="The language of the module.")
@click.option("--template", type=click.Path(), help="A folder whose templates come first.")
@click.option("--check", "checked", is_flag=True, help="Check against SymPy before writing.")
@click.option(
    "--certificate",
    type=click.Path(),
    help="Check, and write a certificate to this file, its short form to the module.",
)
@click.option("--diff", is_flag=True, help="Write nothing; exit 1 if the file is out of date.")
@click.option("--force", is_flag=True, help="Overwrite a file that was edited by hand.")
def generate(
    output: str | None,
    target: str,
    template: str | None,
    checked: bool,
    certificate: str | None,
    diff: bool,
    force: bool,
    **circuit: Any,
) -> None:
    """Generate a standalone module: forward, backward, SGD.

    \b
    symback generate "f = x1 − σ(w3x3 + w4x4)" -o neuron.py --check
    """
    from symback.emit import load, render, write

    if diff and output is None:
        raise click.UsageError("--diff needs -o FILE, the file to compare with")
    parsed = read_circuit(**circuit)
    text = render(parsed, target=target, template=template)
    name = output or f"the module of {parsed.output.name}"
    if certificate is not None:
        from symback.certificate import certify_text

        found = certify_text(parsed, text, Path(name).name)
        _tell(found.report, output is None)
        text = render(parsed, target=target, template=template, certificate=found.summary)
        put(found.of(text).to_json(), certificate)
    elif checked:
        from symback.check import check_module, with_typed
        from symback.oracle import Oracle

        oracle = Oracle(parsed)
        report = check_module(parsed, load(text, "checked"), name=name, oracle=oracle)
        _tell(with_typed(report, parsed, oracle), output is None)
    if diff:
        _diff(text, Path(str(output)))
    elif output is None:
        click.echo(text, nl=False)
    else:
        written = write(text, Path(output), force=force)
        click.echo(f"wrote {output}" if written else f"{output} is up to date", err=True)


def _tell(report: Report, on_stderr: bool) -> None:
    """The report of a check that comes before writing; what is wrong is not written."""
    click.echo(str(report), err=on_stderr)
    if not report.passed:
        raise CheckFailed("the module disagrees with SymPy; nothing was written")


def _diff(text: str, path: Path) -> None:
    """The difference between a file and what would be generated; exit code 1 if there is one."""
    import difflib

    old = text_of(str(path)) if path.exists() else ""
    if old == text:
        click.echo(f"{path} is up to date", err=True)
        return
    lines = difflib.unified_diff(
        old.splitlines(keepends=True), text.splitlines(keepends=True), str(path), "generated"
    )
    click.echo("".join(lines), nl=False)
    raise CheckFailed(f"{path} is out of date")


@click.command()
@click.argument("file", type=click.Path())
@click.option("--points", default=24, show_default=True, help="How many points, 20 or more.")
@click.option("--seed", default=0, show_default=True, help="The seed of the random points.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--certificate", type=click.Path(), help="Write digits and conditions to this file.")
def check(file: str, points: int, seed: int, as_json: bool, certificate: str | None) -> None:
    """Check a generated module against SymPy.

    The module is imported, so check only files that you would run.
    """
    from symback.check import check_file

    if points < 20 or seed < 0:
        raise click.UsageError("--points is a number from 20, --seed one from 0")
    if certificate is None:
        report = check_file(Path(file), points=points, seed=seed)
    else:
        from symback.certificate import certify_file

        found = certify_file(Path(file), points=points, seed=seed)
        report = found.report
    click.echo(report.to_json() if as_json else str(report))
    if certificate is not None:
        click.echo(str(found), err=as_json)
        put(found.to_json(), certificate)
    if not report.passed:
        sys.exit(1)


__all__ = ["check", "generate"]
