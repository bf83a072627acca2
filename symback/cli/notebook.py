"""Notebooks: the magics of `%load_ext symback`, and the display of circuits and results.

    %%circuit neuron --params w3,w4
    f = x1 − σ(w3x3 + w4x4)

binds `neuron`, and `%circuit f = w*x` binds `c`. IPython is imported only by `load_ext` itself.
"""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from symback.errors import SymbackError, clip

if TYPE_CHECKING:
    from symback.autodiff.closed_forms import Gradient
    from symback.check.report import Report
    from symback.circuits.circuit import Circuit
    from symback.derivation.record import Derivation

DEFAULT_NAME = "c"
MOST_NODES = 300  # of a circuit that is drawn unasked; c.draw() draws larger ones too
MOST_CROSSED = 1_000  # layers that the wires of such a picture cross, all together: about a second
MOST_LINES, LONGEST_LINE = 60, 200  # of plain text
MOST_NAMES = 12  # in a list of what was inferred
MOST_STEPS = 400  # of a derivation in LaTeX: more is a burden for the browser
MOST_ROWS = 40  # of a gradient in LaTeX
LONGEST_ROW = 1_000  # characters of LaTeX in one such row

_OPTION = re.compile(
    r"(?<!\S)--(?:(?P<flag>no-loss)|(?P<key>params|inputs|loss)(?:\s*=\s*|\s+)"
    r"""(?:"(?P<text>[^"]*)"|'(?P<other>[^']*)'|(?P<value>[^\s"']\S*)))(?!\S)"""
)
_LEFT_OVER = re.compile(r"(?<!\S)--[A-Za-z][\w-]*")


# -- magics ----------------------------------------------------------------------------------


class WrongCell(Exception):
    """A wrong circuit or option in a cell: IPython shows the message without a traceback."""

    def _render_traceback_(self) -> list[str]:
        """The lines that IPython shows instead of a traceback."""
        return [f"symback: {self}"]


def load_ipython_extension(shell: Any) -> None:
    """Register `%circuit` and `%%circuit`; `%load_ext symback` calls this."""
    from IPython.core.magic import no_var_expand  # an extra, and here because it called us

    def circuit(line: str, cell: str | None = None) -> Circuit:
        """A circuit from its text, bound to a name and shown.

        %%circuit [NAME] [options]       the cell is the circuit's text; NAME is c by default
        %circuit [options] f = w*x       the line is the text; the circuit is bound to c

        Options, as on the command line:
          --params NAMES    names of the parameters, separated by commas
          --inputs NAMES    names of the inputs
          --loss LOSS       the loss: the name of a node, or a formula in quotes
          --no-loss         do not add a loss
        """
        name, found = _read(line, cell)
        shell.push({name: found})
        return found

    shell.register_magic_function(no_var_expand(circuit), "line_cell", "circuit")


def unload_ipython_extension(shell: Any) -> None:
    """Remove the magics; `%unload_ext symback` calls this."""
    for magics in shell.magics_manager.magics.values():
        magics.pop("circuit", None)


def _read(line: str, cell: str | None) -> tuple[str, Circuit]:
    """The name to bind and the circuit; prints the roles that were inferred from names."""
    from symback.language.parse import (
        circuit as parse,  # kept out of start-up, as everything heavy is
    )

    rest, options = _split(line)
    if cell is None and not rest:
        raise WrongCell("the circuit is missing; write one such as %circuit f = w*x")
    name, text = (DEFAULT_NAME, rest) if cell is None else (_name(rest), cell)
    try:
        found = parse(text, **options)
    except SymbackError as error:
        raise WrongCell(str(error)) from None
    except (RecursionError, MemoryError):
        raise WrongCell("the circuit is too large or nested too deep") from None
    if found.inferred:
        print(_inferred(found))
    return name, found


def _split(line: str) -> tuple[str, dict[str, str | None]]:
    """The text beside the options, and the options as `symback.circuit` takes them.

    >>> _split('neuron --params a,b --no-loss')
    ('neuron', {'params': 'a,b', 'loss': None})
    """
    options: dict[str, str | None] = {}
    for match in _OPTION.finditer(line):
        key = match["key"] or "loss"
        if key in options:
            raise WrongCell(f"give --{key} once; --loss and --no-loss exclude each other")
        given = (match["text"], match["other"], match["value"])
        options[key] = next((value for value in given if value is not None), None)
    rest = _OPTION.sub("", line).strip()
    wrong = _LEFT_OVER.search(rest)
    if wrong:
        raise WrongCell(
            f"'{clip(wrong[0], 40)}' is not an option, or its value is missing; "
            "the options are --params NAMES, --inputs NAMES, --loss LOSS and --no-loss"
        )
    return rest, options


def _name(text: str) -> str:
    """The Python name that a cell's circuit gets."""
    name = text or DEFAULT_NAME
    if not name.isidentifier() or keyword.iskeyword(name):
        raise WrongCell(
            f"'{clip(name, 60)}' is not a Python name; write %%circuit NAME, text below it"
        )
    return name


def _inferred(circuit: Circuit) -> str:
    parts = []
    for title, role in (("parameters", "param"), ("inputs", "input"), ("targets", "target")):
        names = [n.name for n in circuit.leaves if n.role == role and n.name in circuit.inferred]
        shown = ", ".join([*names[:MOST_NAMES], "…"] if len(names) > MOST_NAMES else names)
        parts += [f"{title} {shown}"] if names else []
    return f"inferred from names: {'; '.join(parts)} (--params and --inputs override)"


# -- display in a notebook -------------------------------------------------------------------


def svg_of_circuit(circuit: Circuit) -> str | None:
    """The circuit's picture, or None where it is too large to draw without being asked.

    The layers that its wires cross estimate the time of drawing, not a clock, so that
    the same circuit gives the same display at every run.
    """
    from symback.autodiff.reverse import reverse_pass
    from symback.derivation.picture.diagram import diagram, layers

    if len(circuit) > MOST_NODES:
        return None
    try:
        drawn = diagram(reverse_pass(circuit), "gates")
        depth = layers(drawn)
        if sum(depth[wire.tail] - depth[wire.head] for wire in drawn.wires) > MOST_CROSSED:
            return None
        return circuit.draw()
    except SymbackError:
        return None  # the plain text is shown; c.draw() says why


def text_of_circuit(circuit: Circuit) -> str:
    """The circuit's text, every role declared."""
    lines = circuit.source.splitlines()
    shown = [clip(line, LONGEST_LINE) for line in lines[:MOST_LINES]]
    if len(lines) > MOST_LINES:
        shown.append(f"# … and {len(lines) - MOST_LINES} lines more; .source has them all")
    return "\n".join(shown)


def markdown_of_derivation(derivation: Derivation) -> str | None:
    """The derivation in LaTeX; None where it is too long, or where it can't be shown."""
    if len(derivation.steps) > MOST_STEPS:
        return None
    try:
        return derivation.to_markdown()
    except SymbackError:
        return None  # the plain text says why


def text_of_derivation(derivation: Derivation) -> str:
    """The derivation as text, or why it can't be shown, such as a leaf without a number."""
    try:
        return str(derivation).rstrip("\n")
    except SymbackError as error:
        return f"symback: {error}"


def markdown_of_gradient(gradient: Gradient) -> str | None:
    """One line a partial, in LaTeX; None where there is no partial."""
    names = list(gradient)
    if not names:
        return None
    rows = _rows(gradient, names[:MOST_ROWS])
    body = " \\\\\n".join(rows)
    text = f"$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$\n"
    more = len(names) - len(rows)
    return f"{text}\n… and {more} more\n" if more else text


def _rows(gradient: Gradient, names: Sequence[str]) -> list[str]:
    from symback.derivation.text.adjoints import with_adjoints
    from symback.printing.latex import LatexPrinter

    walk = gradient.walk
    arrays = walk.circuit.has_arrays
    printer = with_adjoints(LatexPrinter, walk) if arrays else LatexPrinter.of(walk.circuit)
    rows = []
    for name in names:
        right = printer.print(gradient.formula(name))
        if len(right) > LONGEST_ROW:
            right = r"\ldots \quad \text{too long for one line}"
        rows.append(f"{printer.partial(gradient.of, name)} &= {right}")
    return rows


def markdown_of_report(report: Report) -> str:
    """The table of a check."""
    lines = [
        "| quantity | points | worst error | of what rounding allows | |",
        "|:---|---:|---:|---:|:---|",
    ]
    for row in report.rows:
        mark = "" if row.passed else f"**WRONG** at {_code(row.at)}"
        ulp = "–" if math.isnan(row.worst_ulp) else f"{row.worst_ulp:.3g} ULP"
        cells = [_code(row.quantity), row.points, ulp, f"{row.worst_share:.3g}", mark]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    verdict = "agrees with SymPy" if report.passed else "**DISAGREES** with SymPy"
    lines += ["", f"{_code(report.name)} {verdict} at {report.points} points (seed {report.seed})"]
    lines += [f"- {_code(remark)}" for remark in report.remarks]
    return "\n".join(lines) + "\n"


def _code(text: str) -> str:
    """Text that Markdown leaves as it is, also inside a table."""
    plain = text.replace("`", "'").replace("|", "\\|").replace("\n", " ")
    return f"`{plain}`" if plain else ""


__all__ = [
    "WrongCell",
    "load_ipython_extension",
    "markdown_of_derivation",
    "markdown_of_gradient",
    "markdown_of_report",
    "svg_of_circuit",
    "text_of_circuit",
    "text_of_derivation",
    "unload_ipython_extension",
]
