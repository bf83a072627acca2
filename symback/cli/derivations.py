"""Commands that show derivations: derive, draw, quiz, repl."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symback.cli.arguments import (
    circuit_options,
    circuit_or_update,
    force_option,
    names_of,
    of_option,
    put,
    read_circuit,
    read_numbers,
    read_point_options,
    read_update,
    refuse_beside,
    text_of_file,
    wrt_option,
)
from symback.errors import SymbackError

if TYPE_CHECKING:
    from symback.api import Update
    from symback.derivation.picture.formats import PictureForm


@click.command()
@circuit_or_update
@click.option(
    "--of",
    "of",
    multiple=True,
    callback=names_of,
    help="The node to differentiate; default: the output. With --jacobian: one for each row.",
)
@wrt_option
@click.option(
    "--jacobian",
    is_flag=True,
    help="The Jacobian row by row; default: all outputs by all parameters.",
)
@click.option(
    "--hessian",
    is_flag=True,
    help="The Hessian by the second chain rule; default: by all parameters.",
)
@click.option(
    "--at",
    "at",
    multiple=True,
    metavar="NAME=VALUE",
    help="Value of an input or parameter: a number, inf, nan, [1, 2] or [[1, 2], [3, 4]].",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "latex", "markdown", "json", "html"]),
    help="Default: by the ending of the file, else text.",
)
@click.option(
    "--style",
    type=click.Choice(["align", "beamer", "table"]),
    help="For --format latex: formulas to paste, slides, or a table with one row a step.",
)
@click.option("--standalone", is_flag=True, help="For --format latex: a complete document.")
@click.option("--ascii", "ascii_", is_flag=True, help="Text in ASCII only.")
@click.option(
    "--detail",
    type=click.Choice(["brief", "normal", "full"]),
    default="normal",
    show_default=True,
    help="For --format text: results only, normal, or every step with its reason.",
)
@click.option(
    "--view",
    type=click.Choice(["paths", "accumulation", "matrices"]),
    default="paths",
    show_default=True,
    help="Sum over paths, or adjoints accumulated in reverse order as in the code. With --jacobian "
    "and --hessian of arrays: matrices, where sizes are numbers entry by entry otherwise.",
)
@click.option(
    "--stats",
    is_flag=True,
    help="Print the cost of the gradient instead of the derivation.",
)
@click.option("-o", "--output", type=click.Path(), help="Write to this file.")
@force_option
def derive(
    of: tuple[str, ...],
    wrt: tuple[str, ...],
    jacobian: bool,
    hessian: bool,
    at: tuple[str, ...],
    form: str | None,
    style: Any,
    standalone: bool,
    ascii_: bool,
    detail: Any,
    view: Any,
    stats: bool,
    output: str | None,
    force: bool,
    update: str | None,
    decay: bool,
    **circuit: Any,
) -> None:
    """Print the derivation of a gradient, step by step, or the formulas of an update rule.

    \b
    symback derive "f = x1 − σ(w3x3 + w4x4)" --wrt w3
    symback derive "f = w1*(1 − exp(−w2*x))" --hessian
    symback derive --update adam
    """
    form = _text_format(form, output)
    if form != "text":
        others = {str(known.name) for known in click.get_current_context().command.params}
        refuse_beside(others - {"ascii_", "detail"}, "needs --format text")
    rule = read_update(update, decay, {"form", "ascii_", "output", "force"}, **circuit)
    if rule is not None:
        put(_form_of(rule, form, ascii_), output, "derive", form, None, force)
        return
    source = circuit["circuit"]

    if stats:
        takes = {"stats", "output", "force", *circuit}
        refuse_beside(takes, "has no effect beside --stats; leave it out")
        _text_format("text", output)
        from symback.autodiff.cost import operation_counts

        costs = "".join(f"{r}\n" for r in operation_counts(read_circuit(**circuit)))
        put(costs, output, "derive", "text", source, force)
        return
    if (style or standalone) and form != "latex":
        raise click.UsageError("--style and --standalone need --format latex")
    asked = _asked(of, wrt, jacobian, hessian)
    point = read_point_options(at)
    derivation = read_circuit(**circuit).derive(**asked, view=view)
    if point:
        derivation = derivation.at(**point)
    render = {
        "text": lambda: derivation.to_text(ascii=ascii_, detail=detail),
        "latex": lambda: derivation.to_latex(style or "align", standalone=standalone),
        "markdown": derivation.to_markdown,
        "json": derivation.to_json,
        "html": derivation.to_html,
    }
    put(render[form](), output, "derive", form, source, force)


def _asked(
    of: tuple[str, ...], wrt: tuple[str, ...], jacobian: bool, hessian: bool
) -> dict[str, Any]:
    """What is to be derived: partials, a Jacobian or a Hessian."""
    if jacobian and hessian:
        raise click.UsageError("--jacobian and --hessian exclude each other")
    if len(of) > 1 and not jacobian:
        raise click.UsageError("--of names one node; with --jacobian it may be repeated")
    rows = of or None if jacobian else next(iter(of), None)
    return {"of": rows, "wrt": wrt or None, "order": 2 if hessian else 1, "jacobian": jacobian}


_NOT_TEXT = frozenset(
    ".png .jpg .jpeg .gif .webp .bmp .tif .tiff .emf .pdf .ps .eps .svgz .docx .pptx .odt".split()
)
"""Endings of files that are not text: what is written is SVG, dot, LaTeX, Markdown and the like."""


_FORMATS = {
    **dict.fromkeys((".html", ".htm"), "html"),
    **dict.fromkeys((".md", ".markdown"), "markdown"),
    ".tex": "latex",
    ".json": "json",
}
"""The formats of derivations by the endings that only they have."""


def _text_format(form: str | None, output: str | None) -> str:
    """The format that was asked for, or the one that the ending of the file asks for."""
    ending = _ending(output)
    if ending in _NOT_TEXT:
        raise click.UsageError(
            f"derive doesn't write {ending}; compile what --format latex --standalone writes"
        )
    if form is None:
        return _FORMATS.get(ending, "text")
    if _FORMATS.get(ending, form) != form:
        raise click.UsageError(f"--format {form} and a file {ending} exclude each other")
    return form


def _ending(output: str | None) -> str:
    return Path(output or "").suffix.lower()


def _picture_format(form: PictureForm | None, output: str | None) -> PictureForm:
    """The format that was asked for, or the one that the ending of the file asks for."""
    from symback.derivation.picture.formats import ENDINGS, form_of

    ending = _ending(output)
    if form is None:
        try:
            return "svg" if output is None or not ending else form_of(output)
        except SymbackError as error:
            raise click.UsageError(str(error)) from None
    if ENDINGS.get(ending, form) != form or (ending in _NOT_TEXT and ending not in ENDINGS):
        raise click.UsageError(f"--format {form} and a file {ending} exclude each other")
    return form


def _form_of(update: Update, form: str, ascii_: bool) -> str:
    """An update's formulas as text, LaTeX, Markdown or JSON."""
    render = {
        "text": lambda: update.to_text(ascii=ascii_),
        "latex": update.to_latex,
        "markdown": update.to_markdown,
        "json": update.to_json,
    }
    if form not in render:
        raise click.UsageError(f"an update has the formats {', '.join(render)}, not {form}")
    return render[form]()


@click.command()
@circuit_options
@click.option("--of", "of", help="Draw this node and its ancestors; default: the output.")
@click.option(
    "--at", "at", multiple=True, metavar="NAME=VALUE", help="Value of an input or parameter."
)
@click.option(
    "--tangent",
    "tangents",
    multiple=True,
    metavar="NAME=VALUE",
    help="How fast an input or parameter moves: show tangents (forward mode), not gradients.",
)
@click.option(
    "--view",
    type=click.Choice(["gates", "neurons"]),
    default="gates",
    show_default=True,
    help="One circle for each gate, or for each neuron with weights on the wires.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["svg", "png", "pdf", "tikz", "dot"]),
    help="dot is Graphviz text; default: by the ending of FILE, else svg.",
)
@click.option("-o", "--output", type=click.Path(), help="Write to this file; default: stdout.")
@force_option
def draw(
    of: str | None,
    at: tuple[str, ...],
    tangents: tuple[str, ...],
    view: str,
    form: PictureForm | None,
    output: str | None,
    force: bool,
    **circuit: Any,
) -> None:
    """Draw the circuit as SVG, PNG, PDF or TikZ, with values and gradients on its wires.

    \b
    symback draw "f = x1 − σ(w3x3 + w4x4)" --at x1=1 --at x3=0.5 -o neuron.svg
    """
    from symback.derivation.picture.formats import rendered

    form = _picture_format(form, output)
    if form in ("png", "pdf") and output is None:
        raise click.UsageError(f"{form} is not text; name a file: -o FILE.{form}")
    point = read_point_options(at, finite=True)
    moved = read_numbers(tangents, "--tangent")
    content = rendered(read_circuit(**circuit), form, point or None, view, of, moved or None)
    put(content, output, "draw", form, circuit["circuit"], force)


@click.command()
@circuit_options
@of_option
@wrt_option
@click.option(
    "--kind",
    type=click.Choice(["partials", "rules", "steps"]),
    default="steps",
    show_default=True,
    help="Ask for partials of edges, for their rules, or for results too.",
)
@click.option(
    "--level",
    type=click.IntRange(1, 3),
    default=1,
    show_default=True,
    help="Difficulty: how many blanks.",
)
@click.option("--jacobian", is_flag=True, help="Ask for entries of the Jacobian.")
@click.option("--hessian", is_flag=True, help="Ask for entries of the Hessian.")
@click.option("--seed", default=0, show_default=True, help="Random seed that picks the blanks.")
@click.option("--ascii", "ascii_", is_flag=True, help="Text in ASCII only.")
@click.option(
    "--answers", type=click.Path(), help="Grade the answers in this file, one on each line."
)
def quiz(
    of: str | None,
    wrt: tuple[str, ...],
    kind: Any,
    level: int,
    jacobian: bool,
    hessian: bool,
    seed: int,
    ascii_: bool,
    answers: str | None,
    **circuit: Any,
) -> None:
    """Practise a derivation with blanks; names the edge where an answer went wrong.

    \b
    symback quiz "f = x1 − σ(w3x3 + w4x4)" --wrt w3 --level 2
    """
    from symback.derivation.practice.session import TRIES, practise, read_answers
    from symback.derivation.text.normal import ascii_words

    if circuit["circuit"] == "-" and answers is None:
        raise click.UsageError(
            "a circuit on standard input leaves no input for answers; give --answers FILE"
        )
    matrix = _asked(() if of is None else (of,), wrt, jacobian, hessian)
    derivation = read_circuit(**circuit).derive(**matrix)
    asked = derivation.quiz(kind, seed=seed, level=level)
    if answers is None:
        terminal = sys.stdin.isatty()
        tries = TRIES if terminal else 1
        practise(asked, _ask if terminal else _next_line, click.echo, tries=tries, ascii=ascii_)
        return
    marks = asked.grade(read_answers(text_of_file(answers)))
    click.echo(ascii_words(str(marks)) if ascii_ else str(marks))
    if not marks.passed:
        sys.exit(1)


def _ask(prompt: str) -> str | None:
    try:
        return input(prompt)
    except EOFError:
        return None


def _next_line(prompt: str) -> str | None:
    """The next line of standard input, echoed behind its question."""
    line = sys.stdin.readline()
    if not line:
        return None
    click.echo(prompt + line.rstrip("\n"))
    return line


@click.command()
@click.argument("circuit", required=False)
def repl(circuit: str | None) -> None:
    """Open an interactive session with everything imported, on IPython where it is installed."""
    from symback.cli.session import interact

    interact(None if circuit is None else read_circuit(circuit))


__all__ = ["derive", "draw", "quiz", "repl"]
