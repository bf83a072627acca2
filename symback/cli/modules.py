"""Commands about generated modules: generate, check."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symback.cli.arguments import circuit_or_update, put, read_circuit, read_update, text_of
from symback.codegen.targets import TARGETS, target_named
from symback.errors import CheckFailed

if TYPE_CHECKING:
    from symback.check.report import Report


@click.command()
@circuit_or_update
@click.option(
    "-o", "--output", type=click.Path(), help="Write the module to this file; default: stdout."
)
@click.option(
    "--target",
    default="numpy",
    show_default=True,
    help=f"Language of the module: {' or '.join(TARGETS)}.",
)
@click.option(
    "--template", type=click.Path(), help="A folder of templates that replace the built-in ones."
)
@click.option("--check", "checked", is_flag=True, help="Check against SymPy before writing.")
@click.option(
    "--certificate",
    type=click.Path(),
    help="Check, write a certificate to this file, and its summary into the module.",
)
@click.option("--diff", is_flag=True, help="Only compare; exit 1 if the file is out of date.")
@click.option("--force", is_flag=True, help="Overwrite a file that was edited by hand.")
def generate(
    output: str | None,
    target: str,
    template: str | None,
    checked: bool,
    certificate: str | None,
    diff: bool,
    force: bool,
    update: str | None,
    decay: bool,
    **circuit: Any,
) -> None:
    """Generate a standalone module: forward, backward, SGD, or the update of an optimiser.

    \b
    symback generate "f = x1 − σ(w3x3 + w4x4)" -o neuron.py --check
    symback generate --update adam -o adam.py
    """
    if diff and output is None:
        raise click.UsageError("--diff needs -o FILE, the file to compare with")
    rule = read_update(update, decay, {"output", "target", "diff", "force"}, **circuit)
    from symback.codegen.generate import render_files
    from symback.codegen.loading import load_files

    main = target_named(target).main
    if rule is not None:
        stem = rule.name if output is None else Path(output).stem
        texts = render_files(rule, target=target, stem=stem)
        _deliver(texts, main, output, diff, force)
        return
    parsed = read_circuit(**circuit)
    stem = parsed.output.name if output is None else Path(output).stem
    texts = render_files(parsed, target=target, template=template, stem=stem)
    name = output or f"the module of {parsed.output.name}"
    if certificate is not None:
        from symback.check.certificate import certify_files

        found = certify_files(parsed, texts, Path(name).name, main)
        _echo_report(found.report, output is None)
        summary = found.summary
        texts = render_files(
            parsed, target=target, template=template, certificate=summary, stem=stem
        )
        put(found.of(texts[main]).to_json(), certificate)
    elif checked:
        from symback.check.check import check_module, with_typed
        from symback.truth.oracle import Oracle

        oracle = Oracle(parsed)
        module = load_files(texts, stem)
        report = check_module(parsed, module, name=name, oracle=oracle)
        _echo_report(with_typed(report, parsed, oracle), output is None)
    _deliver(texts, main, output, diff, force)


def _deliver(
    texts: Mapping[str, str], main: str, output: str | None, diff: bool, force: bool
) -> None:
    """Write the module to stdout or to its files, or show the changes in them."""
    from symback.codegen.files import by_path, write_files

    if output is None:
        click.echo(texts[main], nl=False)
    elif diff:
        _diff(by_path(texts, Path(output), main))
    else:
        written = write_files(texts, Path(output), main, force=force)
        click.echo(f"wrote {output}" if written else f"{output} is up to date", err=True)


def _echo_report(report: Report, on_stderr: bool) -> None:
    """Print the report of the check; CheckFailed where the module must not be written."""
    click.echo(str(report), err=on_stderr)
    if not report.passed:
        raise CheckFailed("the module disagrees with SymPy; nothing was written")


def _diff(texts: Mapping[Path, str]) -> None:
    """Print how the files differ from the generated ones; exit code 1 if they do."""
    import difflib

    stale = []
    for path, text in texts.items():
        old = text_of(str(path)) if path.exists() else ""
        if old == text:
            click.echo(f"{path} is up to date", err=True)
            continue
        stale.append(str(path))
        lines = difflib.unified_diff(
            old.splitlines(keepends=True), text.splitlines(keepends=True), str(path), "generated"
        )
        click.echo("".join(lines), nl=False)
    if stale:
        raise CheckFailed(f"{', '.join(stale)} {'is' if len(stale) == 1 else 'are'} out of date")


@click.command()
@click.argument("file", type=click.Path())
@click.option("--points", default=24, show_default=True, help="Number of points, 20 or more.")
@click.option("--seed", default=0, show_default=True, help="Random seed of the points.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option(
    "--certificate", type=click.Path(), help="Write errors and condition numbers to this file."
)
def check(file: str, points: int, seed: int, as_json: bool, certificate: str | None) -> None:
    """Check a generated module against SymPy.

    The module is imported, so check only files that you would run.
    """
    from symback.check.check import check_file

    if points < 20 or seed < 0:
        raise click.UsageError("--points must be 20 or more, --seed 0 or more")
    if certificate is None:
        report = check_file(Path(file), points=points, seed=seed)
    else:
        from symback.check.certificate import certify_file

        found = certify_file(Path(file), points=points, seed=seed)
        report = found.report
    click.echo(report.to_json() if as_json else str(report))
    if certificate is not None:
        click.echo(str(found), err=as_json)
        put(found.to_json(), certificate)
    if not report.passed:
        sys.exit(1)


__all__ = ["check", "generate"]
