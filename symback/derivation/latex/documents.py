"""A derivation as a LaTeX document that compiles by itself: article, table or slides.

Formulas, titles and reasons are written here, broken to the width of a line; the documents around
them stand in templates/latex.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Literal

from symback.derivation.latex import line_breaking as breaking
from symback.derivation.latex.line_breaking import FormulaLine
from symback.derivation.latex.sections import (
    Row,
    left_of,
    printer_of,
    remark_of,
    right_of,
    sections,
    title_of,
    to_latex,
)
from symback.derivation.numbers.steps import DerivationNumbers, numbers_of
from symback.derivation.record import LEFT_OUT, Derivation, Step
from symback.derivation.text.adjoints import adjoint_sign
from symback.derivation.text.numbers import value_latex
from symback.errors import CircuitError, Unsupported, nearest
from symback.printing.latex import name_in_latex

Style = Literal["align", "beamer", "table"]

SLIDE_WIDTH, SLIDE_HEIGHT = 34.0, 18.0  # em: a slide of 16:9 without its title
PAGE_WIDTH, CELL_WIDTH = 44.0, 27.0  # em: of an article, and of the formulas in a table
CELL_LINES = 12  # of one row of a table, which no page break parts
RELATION = 1.5  # em
BESIDE = 0.5  # em: of a letter of a reason, which is set small

_WORDS = {
    **{c: f"\\{c}" for c in "_%&#${}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"},
    **{c: rf"\ensuremath{{{c}}}" for c in "<>|="},
    **{"′": r"\ensuremath{'}", "″": r"\ensuremath{''}"},
    **{"·": r"\ensuremath{\cdot}", "−": r"\ensuremath{-}"},
    **{"√": r"\ensuremath{\surd}", "∛": r"\ensuremath{\sqrt[3]{\,}}"},
    **{"½": r"\ensuremath{\frac{1}{2}}"},
    **{"∂": r"\ensuremath{\partial}", "→": r"\ensuremath{\to}", "—": "---", "…": r"\dots{}"},
    **{"σ": r"\ensuremath{\sigma}", "δ": r"\ensuremath{\delta}", "π": r"\ensuremath{\pi}"},
    **{"θ": r"\ensuremath{\theta}", "Σ": r"\ensuremath{\textstyle\sum}"},
    **{"Γ": r"\ensuremath{\Gamma}", "ψ": r"\ensuremath{\psi}", "λ": r"\ensuremath{\lambda}"},
    **{"Π": r"\ensuremath{\textstyle\prod}"},
    **{"∘": r"\ensuremath{\circ}", "‖": r"\ensuremath{\Vert}", "≤": r"\ensuremath{\le}"},
    **{"≥": r"\ensuremath{\ge}", "≠": r"\ensuremath{\ne}", "∞": r"\ensuremath{\infty}"},
}
_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᵀᵇᵏⁿ", [*"0123456789-", r"\top", "b", "k", "n"], strict=True))
_LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉₋", "0123456789-", strict=True))
_SCRIPTS = {
    **{c: ("^", x) for c, x in _RAISED.items()},
    **{c: ("_", x) for c, x in _LOWERED.items()},
}
_SCRIPT_RUN = re.compile(f"[{''.join(_RAISED)}]+|[{''.join(_LOWERED)}]+")


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """One line of a document; `step` counts from 1 in each frame, a long step has several lines."""

    step: int
    left: str
    right: str
    because: str
    height: float


@dataclass(frozen=True, slots=True)
class Frame:
    title: str
    lines: tuple[DocumentLine, ...]


@dataclass(frozen=True, slots=True)
class TableRow:
    """`formulas` are the lines of one cell."""

    step: str
    formulas: tuple[str, ...]
    because: str


@dataclass(frozen=True, slots=True)
class Document:
    title: str
    frames: tuple[Frame, ...] = ()
    rows: tuple[TableRow, ...] = ()


def latex_in_style(derivation: Derivation, style: Style, *, standalone: bool = False) -> str:
    """The derivation as sections of a document of one's own, or as a document in that style."""
    return (
        to_latex(derivation) if style == "align" and not standalone else document(derivation, style)
    )


def document(derivation: Derivation, style: Style) -> str:
    """The document in one of the styles."""
    from symback.codegen.render import render_latex  # the room that knows templates

    if style == "beamer":
        body = _document(derivation, frames=tuple(_slides(derivation)))
    elif style == "table":
        body = _document(derivation, rows=tuple(_table(derivation)))
    elif style == "align":
        body = _document(derivation, frames=tuple(_article(derivation)))
    else:
        known = ("align", "beamer", "table")
        raise CircuitError(f"no style '{style}'{nearest(str(style), known)}; {', '.join(known)}")
    return render_latex(f"latex/{style}.tex.jinja", body)


def _document(
    derivation: Derivation, frames: tuple[Frame, ...] = (), rows: tuple[TableRow, ...] = ()
) -> Document:
    of, wrt = (_listed(names) for names in (derivation.row_names, derivation.wrt))
    title = f"All partial derivatives of {of}"
    if derivation.is_matrix:
        title = f"{derivation.matrix_name} of {of} with respect to {wrt}"
    elif len(derivation.wrt) == 1:
        title = title_of(derivation.asked[0])
    return Document(title, frames, rows)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"${name_in_latex(name)}$" for name in names)


def words_in_latex(text: str) -> str:
    """A rule or a reason as LaTeX text.

    >>> print(words_in_latex("tanh′ = 1 − tanh²"))
    tanh\\ensuremath{'} \\ensuremath{=} 1 \\ensuremath{-} tanh\\ensuremath{^{2}}
    """
    found = []
    for piece in re.split(f"({_SCRIPT_RUN.pattern})", text):
        if _SCRIPT_RUN.fullmatch(piece):
            script = "".join(_SCRIPTS[c][1] for c in piece)
            found.append(rf"\ensuremath{{{_SCRIPTS[piece[0]][0]}{{{script}}}}}")
            continue
        for c in piece:
            if c not in _WORDS and not (c.isascii() and c.isprintable()):
                raise Unsupported(f"no LaTeX for the sign U+{ord(c):04X} in a rule")
            found.append(_WORDS.get(c, c))
    return "".join(found)


# -- slides and articles -----------------------------------------------------------------------


def _article(derivation: Derivation) -> Iterator[Frame]:
    for title, rows in sections(derivation):
        yield Frame(title, tuple(_lines(rows, PAGE_WIDTH)))


def _slides(derivation: Derivation) -> Iterator[Frame]:
    """One frame a section; a section that is too high for one goes on in the next."""
    for title, rows in sections(derivation):
        frames = _split(list(_lines(rows, SLIDE_WIDTH)))
        for i, lines in enumerate(frames, 1):
            several = f" ({i}/{len(frames)})" if len(frames) > 1 else ""
            yield Frame(title + several, tuple(_counted(lines)))


def _split(lines: Sequence[DocumentLine]) -> list[list[DocumentLine]]:
    """As few frames as hold the lines, filled alike."""
    frames = _filled(lines, SLIDE_HEIGHT)
    least = sum(line.height for line in lines) / len(frames)
    for part in range(8):
        alike = _filled(lines, least + part / 8 * (SLIDE_HEIGHT - least))
        if len(alike) == len(frames):
            return alike
    return frames


def _filled(lines: Sequence[DocumentLine], most: float) -> list[list[DocumentLine]]:
    frames: list[list[DocumentLine]] = [[]]
    filled = 0.0
    for line in lines:
        if frames[-1] and filled + line.height > most:
            frames.append([])
            filled = 0.0
        frames[-1].append(line)
        filled += line.height
    return frames


def _counted(lines: Sequence[DocumentLine]) -> Iterator[DocumentLine]:
    """The lines with their steps counted from 1."""
    first = lines[0].step - 1
    for line in lines:
        yield DocumentLine(line.step - first, line.left, line.right, line.because, line.height)


def _lines(rows: Sequence[Row], room: float) -> Iterator[DocumentLine]:
    """The rows of a section in lines that are at most `room` em wide, reasons beside short ones."""
    lefts = [breaking.width(row.left) for row in rows]
    column = max((w for w in lefts if w <= room / 2), default=0.0)
    widths = [breaking.width(row.right) for row in rows]
    reasons = max((BESIDE * len(row.because) for row in rows), default=0.0)
    has_room = bool(reasons) and column + max(widths) + RELATION + reasons + 4 <= room
    for step, row, wide in zip(count(1), rows, lefts, strict=False):
        because = words_in_latex(row.because) if has_room else ""
        left, right = row.left, f"{row.relation} {row.right}"
        if wide > room / 2:  # the left side takes lines of its own
            for i, line in enumerate(breaking.lines(left, room - column)):
                yield _shown(step, "", line, first=i == 0)
            left, right = "", rf"\quad {right}"
        for i, line in enumerate(breaking.lines(right, room - column)):
            tall = max(line.height, breaking.height(left)) if i == 0 else line.height
            yield _shown(step, left if i == 0 else "", line, because, first=i == 0, tall=tall)
            because = ""


def _shown(
    step: int,
    left: str,
    line: FormulaLine,
    because: str = "",
    *,
    first: bool,
    tall: float | None = None,
) -> DocumentLine:
    right = f"{{}}{line.text}" if first else rf"\qquad {line.text}"
    return DocumentLine(step, left, right, because, (tall or line.height) + 0.3)


# -- tables ------------------------------------------------------------------------------------


def _table(derivation: Derivation) -> Iterator[TableRow]:
    printer = printer_of(derivation)
    numbers = numbers_of(derivation) if derivation.values else DerivationNumbers()
    given: dict[str, int] = {}
    for step in derivation.steps:
        formula = f"{_left(derivation, step)} {right_of(step, printer)}"
        if remark := numbers.remark(step, value_latex):
            formula += remark_of(remark)
        elif step.id in numbers.steps:
            formula += f" = {value_latex(numbers.steps[step.id])}"
        elif derivation.values:
            formula += r" = \text{---}"
        lines = [line.text for line in breaking.lines(formula, CELL_WIDTH)]
        lines = [lines[0], *(rf"\qquad {line}" for line in lines[1:])]
        because, label = _because(step, given), str(step.id)
        for start in range(0, len(lines), CELL_LINES):
            yield TableRow(label, tuple(lines[start : start + CELL_LINES]), because)
            because = label = ""
    for left in derivation.asked:
        if derivation.is_left_out(left):
            yield TableRow("", (printer.partial(*left),), words_in_latex(LEFT_OUT))


def _left(derivation: Derivation, step: Step) -> str:
    """What the step is about, with its relation."""
    printer = printer_of(derivation)
    by_adjoint = derivation.view != "paths" and step.kind in ("edge", "simplify")
    by_adjoint = by_adjoint and len(step.left) == 2
    if not by_adjoint or (step.left[0] == derivation.of and step.kind == "simplify"):
        return f"{left_of(step, printer)} ="
    several = len(derivation.walk.into[step.left[1]]) > 1
    sign = adjoint_sign(printer, derivation.walk, step.left[1])
    return sign + (r" \mathrel{+}=" if several else " =")


def _because(step: Step, given: dict[str, int]) -> str:
    first = given.setdefault(step.why, step.id)
    why = step.why if first == step.id else f"as in step {first}"
    if step.depends:
        shown = ", ".join(map(str, step.depends[:8])) + (", …" if len(step.depends) > 8 else "")
        why += f"; from {shown}"
    return words_in_latex(why)


__all__ = ["Document", "Style", "document", "words_in_latex"]
