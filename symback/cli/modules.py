"""Commands about generated modules: generate, check."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symback.cli.arguments import (
    circuit_options,
    circuit_or_update,
    circuit_overrides,
    deliver,
    files_read,
    force_option,
    is_circuit,
    names_of,
    put,
    read_circuit,
    read_update,
    refuse_beside,
    text_of,
)
from symback.codegen.bare.languages import LANGUAGES, language_named
from symback.codegen.functions import ON_REQUEST
from symback.codegen.targets import TARGETS, endings, target_named
from symback.errors import CheckFailed

if TYPE_CHECKING:
    from symback.api import Circuit
    from symback.check.report import Report
    from symback.codegen.files import Output


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
    "--with",
    "functions",
    default="",
    metavar="NAMES",
    help=f"Functions to add, with commas between them: {', '.join(ON_REQUEST)}.",
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
@click.option(
    "--all",
    "project",
    is_flag=False,
    flag_value=".",
    metavar="[FILE.toml]",
    help="Generate all modules that symback.toml or pyproject.toml names.",
)
@force_option
def generate(
    output: str | None,
    target: str,
    functions: str,
    template: str | None,
    checked: bool,
    certificate: str | None,
    diff: bool,
    force: bool,
    update: str | None,
    decay: bool,
    project: str | None,
    **circuit: Any,
) -> None:
    """Generate a standalone module: forward, backward, SGD, or the update of an optimiser.

    \b
    symback generate "f = x1 − σ(w3x3 + w4x4)" -o neuron.py --check
    symback generate curve.circuit --with residuals,jacobian,covariance -o curve.py
    symback generate --update adam -o adam.py
    symback generate --all --diff
    """
    if project is not None:
        return _generate_all(project, diff, force)
    if diff and output is None:
        raise click.UsageError("--diff needs -o FILE, the file to compare with")
    rule = read_update(update, decay, {"output", "target", "diff", "force"}, **circuit)
    from symback.codegen.files import decide
    from symback.codegen.generate import render_files

    parsed = read_circuit(**circuit) if rule is None else None
    subject: Any = parsed or rule
    default = parsed.output.name if parsed is not None else subject.name
    stem = default if output is None else Path(output).stem
    asked = [name.strip() for name in functions.split(",") if name.strip()]
    options: dict[str, Any] = {"target": target, "functions": asked, "template": template}
    options["stem"] = stem
    texts = render_files(subject, **options)
    row = target_named(target)
    contents = _contents(texts, output, row.main, certificate)
    if not diff:
        decide(contents, inputs=files_read(circuit["circuit"]), force=force)
    name = output or f"the module of {default}"
    if parsed is not None and certificate is not None:
        from symback.check.certificate import certify_files

        found = certify_files(parsed, texts, Path(name).name, row.main)
        _echo_report(found.report, output is None)
        texts = render_files(subject, certificate=found.summary, **options)
        proof = found.of(texts[row.main]).to_json()
        contents = _contents(texts, output, row.main, certificate, proof)
    elif parsed is not None and checked:
        _echo_report(_checked(parsed, texts, stem, name), output is None)
    if diff:
        return _diff({place.path: text.decode() for place, text in contents.items()})
    if output is None:
        click.echo(texts[row.main], nl=False)
    deliver(contents, files_read(circuit["circuit"]), force)


def _generate_all(project: str, diff: bool, force: bool) -> None:
    """Write all modules of a project, or none, or compare them."""
    from symback.cli.project import project_rows

    refuse_beside({"project", "diff", "force"}, "needs a circuit; --all takes no circuit")
    rows = project_rows(project)
    contents = {place: text for row in rows for place, text in row.contents().items()}
    if diff:
        _diff({place.path: content.decode() for place, content in contents.items()})
        return
    deliver(contents, files_read(*(file for row in rows for file in row.inputs)), force)


@click.command()
@circuit_options
@click.option("--of", help="The node to compute; default: the output.")
@click.option(
    "--wrt",
    multiple=True,
    callback=names_of,
    help="A leaf that the gradient is by; default: all parameters and inputs.",
)
@click.option(
    "--language",
    default="numpy",
    show_default=True,
    help=f"Language of the code: {' or '.join(LANGUAGES)}.",
)
@click.option(
    "--only",
    default="",
    metavar="NAMES",
    help="Some of value, gradient, value_and_gradient, vjp, jvp, hessp, jacobian, hessian, "
    "with commas between; default: the first two.",
)
@click.option("--name", help="Name of the function; default: the node's.")
@click.option("-o", "--output", type=click.Path(), help="Write to this file; default: stdout.")
@force_option
def code(
    of: str | None,
    wrt: tuple[str, ...],
    language: str,
    only: str,
    name: str | None,
    output: str | None,
    force: bool,
    **circuit: Any,
) -> None:
    """Print functions of one sample and the kernels that they call, and nothing else.

    \b
    symback code "f = x1 − σ(w3x3 + w4x4)" --language c
    symback code curve.circuit --of E --only gradient --name loss -o loss.js --language javascript
    """
    form = language_named(language).form
    ending = Path(output or "").suffix.lower()
    if _FORMS.get(ending, form) != form:
        raise click.UsageError(f"--language {language} and a file {ending} exclude each other")
    asked = [word.strip() for word in only.split(",") if word.strip()]
    parsed = read_circuit(**circuit)
    text = parsed.code(language, only=asked, of=of, wrt=wrt, name=name)
    put(text, output, "code", form, circuit["circuit"], force)


_FORMS = {
    **dict.fromkeys((".py", ".pyi"), "python"),
    **dict.fromkeys((".c", ".h"), "c"),
    **dict.fromkeys((".js", ".mjs", ".cjs"), "javascript"),
    ".rs": "rust",
}
"""The format of files by what they end with."""


def _contents(
    texts: Mapping[str, str],
    output: str | None,
    main: str,
    certificate: str | None,
    proof: str = "{\n}\n",
) -> dict[Output, bytes]:
    """What is to be written: the files of the module, and the certificate."""
    from symback.codegen.files import Output, module_outputs
    from symback.codegen.marks import marked

    found = {} if output is None else module_outputs(texts, Path(output), main)
    if certificate is not None:
        place = Output(Path(certificate), "certificate")
        found[place] = marked(proof.encode(), place.kind, "json")
    return found


def _checked(parsed: Circuit, texts: Mapping[str, str], stem: str, name: str) -> Report:
    """The check of a module that is not written yet."""
    from symback.check.check import check_module, with_typed
    from symback.codegen.loading import load_files
    from symback.truth.oracle import Oracle

    oracle = Oracle(parsed)
    report = check_module(parsed, load_files(texts, stem), name=name, oracle=oracle)
    return with_typed(report, parsed, oracle)


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


def _files_of(path: Path) -> list[Path]:
    """The files of a generated module."""
    return [path, *(path.with_suffix(end) for end in endings() if path.name)]


@click.command()
@click.argument("file", metavar="FILE.py|CIRCUIT")
@circuit_overrides
@click.option("--points", default=24, show_default=True, help="Number of points, 20 or more.")
@click.option("--seed", default=0, show_default=True, help="Random seed of the points.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option(
    "--certificate", type=click.Path(), help="Write errors and condition numbers to this file."
)
@force_option
def check(
    file: str,
    points: int,
    seed: int,
    as_json: bool,
    certificate: str | None,
    force: bool,
    **overrides: Any,
) -> None:
    """Check a generated module, or the module of a circuit, against SymPy.

    The module is imported, so check only files that you would run.

    \b
    symback check neuron.py
    symback check "f = x1 − σ(w3x3 + w4x4)"
    """
    from symback.check.check import check_file

    if points < 20 or seed < 0:
        raise click.UsageError("--points must be 20 or more, --seed 0 or more")
    if is_circuit(file):
        if certificate is not None:
            raise click.UsageError(
                "a certificate is that of a file; write one by "
                "symback generate CIRCUIT -o FILE.py --certificate FILE.json"
            )
        report = read_circuit(file, **overrides).check(points=points, seed=seed)
        click.echo(report.to_json() if as_json else str(report))
    elif any(overrides.values()):
        raise click.UsageError(
            "--params, --inputs, --loss and --no-loss go with a circuit, not a file"
        )
    elif certificate is None:
        report = check_file(Path(file), points=points, seed=seed)
        click.echo(report.to_json() if as_json else str(report))
    else:
        from symback.check.certificate import certify_file
        from symback.codegen.files import Output, decide
        from symback.codegen.marks import marked

        place, read = Output(Path(certificate), "certificate"), _files_of(Path(file))
        decide({place: None}, inputs=read, force=force)
        found = certify_file(Path(file), points=points, seed=seed)
        report = found.report
        click.echo(report.to_json() if as_json else str(report))
        click.echo(str(found), err=as_json)
        content = marked(found.to_json().encode(), place.kind, "json")
        deliver({place: content}, read, force)
    if not report.passed:
        sys.exit(1)


__all__ = ["check", "code", "generate"]
