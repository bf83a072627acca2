"""What notebooks show of circuits, derivations and gradients, within bounds."""

from __future__ import annotations

from collections.abc import Sequence

from symback.autodiff.closed_forms import Gradient
from symback.autodiff.reverse import seen_from
from symback.circuits.circuit import Circuit
from symback.derivation.latex.sections import to_markdown
from symback.derivation.picture.diagram import diagram, layers
from symback.derivation.picture.svg import draw
from symback.derivation.record import Derivation
from symback.derivation.text.adjoints import with_adjoints
from symback.derivation.text.whole import to_text
from symback.derivation.walks import typed_walk
from symback.errors import SymbackError, clip
from symback.printing.circuit_text import circuit_text
from symback.printing.latex import LatexPrinter

MOST_NODES = 300  # of a circuit that is drawn unasked; c.draw() draws larger ones too
MOST_CROSSED = 1_000  # layers that the wires of such a picture cross, all together: about a second
MOST_LINES, LONGEST_LINE = 60, 200  # of plain text
MOST_STEPS = 400  # of a derivation in LaTeX: more is a burden for the browser
MOST_ROWS = 40  # of a gradient in LaTeX
LONGEST_ROW = 1_000  # characters of LaTeX in one such row


def svg_of_circuit(circuit: Circuit) -> str | None:
    """The circuit's picture, or None where it is too large to draw without being asked.

    The layers that its wires cross estimate the time of drawing, not a clock, so that
    the same circuit gives the same display at every run.
    """
    if len(circuit) > MOST_NODES:
        return None
    try:
        drawn = diagram(typed_walk(*seen_from(circuit, None)), "gates")
        depth = layers(drawn)
        if sum(depth[wire.tail] - depth[wire.head] for wire in drawn.wires) > MOST_CROSSED:
            return None
        return draw(circuit)
    except SymbackError:
        return None  # the plain text is shown; c.draw() says why


def text_of_circuit(circuit: Circuit) -> str:
    """The circuit's text, every role declared."""
    lines = circuit_text(circuit).splitlines()
    shown = [clip(line, LONGEST_LINE) for line in lines[:MOST_LINES]]
    if len(lines) > MOST_LINES:
        shown.append(f"# … and {len(lines) - MOST_LINES} lines more; .source has them all")
    return "\n".join(shown)


def markdown_of_derivation(derivation: Derivation) -> str | None:
    """The derivation in LaTeX; None where it is too long, or where it can't be shown."""
    if len(derivation.steps) > MOST_STEPS:
        return None
    try:
        return to_markdown(derivation)
    except SymbackError:
        return None  # the plain text says why


def text_of_derivation(derivation: Derivation) -> str:
    """The derivation as text, or why it can't be shown, such as a leaf without a number."""
    try:
        return to_text(derivation).rstrip("\n")
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


__all__ = [
    "markdown_of_derivation",
    "markdown_of_gradient",
    "svg_of_circuit",
    "text_of_circuit",
    "text_of_derivation",
]
