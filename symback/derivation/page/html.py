"""A derivation as one HTML page that needs no network: picture, steps, sliders.

Python decides what stands where and when each number is known; the templates in `html/` print
it, and their script computes nothing but the rows that the JavaScript target printed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup

from symback._version import __version__
from symback.circuits.circuit import ROLE_NAMES, Circuit, Node
from symback.codegen.javascript.printer import module
from symback.codegen.render import render_page
from symback.derivation.numbers.links import reaching
from symback.derivation.page.array_practice import array_practice
from symback.derivation.page.arrays import (
    ArrayLines,
    ArrayPage,
    array_page,
)
from symback.derivation.page.lines import PageLines, StillLines
from symback.derivation.page.live import (
    Known,
    LivePicture,
    live_picture,
    programs_along,
    stable_programs,
    still_picture,
)
from symback.derivation.page.matrix import (
    MatrixKnown,
    MatrixLines,
    has_stable_form,
    matrix_programs,
)
from symback.derivation.page.quiz import Practice, practice
from symback.derivation.page.steps import (
    MOST_STEPS_IN_MATHML,
    AdjointWriter,
    EquationWriter,
    StepGroup,
    in_math,
)
from symback.derivation.page.still import StillNumbers, value_of
from symback.derivation.picture.labels import LONGEST_ARRAY, NOT_COMPUTED, Label
from symback.derivation.record import LEFT_OUT, Derivation, Step
from symback.derivation.starts import (
    array_start,
    by_entry,
    entries_of,
    flat_of,
    leaves_below,
    places_of,
    start,
)
from symback.derivation.steps import NOT_RESULTS
from symback.derivation.text.adjoints import printer_of
from symback.derivation.text.normal import title_of
from symback.errors import SymbackError
from symback.printing.circuit_text import circuit_text
from symback.printing.latex import LatexPrinter, name_in_latex
from symback.printing.text import TextPrinter

FEWEST_TO_SEARCH = 12  # boxes of a picture
MOST_ROWS = 24  # of the table of numbers that are shown at once
_NO_PROGRAMS = (("FORWARD", ()), ("BACKWARD", ()), ("LOCAL", ()), ("GUARDS", ()))


@dataclass(frozen=True, slots=True)
class RowText:
    """One row of the table of partials: a leaf with its slider, or a node without."""

    name: str
    math: Markup
    partial: Markup
    role: str
    is_leaf: bool
    step: int | None  # where its partial is derived
    still: tuple[str, str]  # value and partial where no script runs
    leaf: str = ""  # that an entry belongs to
    of: str = ""  # the node whose partial it is, where it is not the first


@dataclass(frozen=True, slots=True)
class PageText:
    """What the page's template fills in."""

    version: str
    title: str
    heading: Markup
    circuit: str
    picture: Markup | None
    picture_width: int
    notes: Sequence[Label]  # how to read the picture
    boxes: Sequence[str]  # that can be found in a picture with many
    groups: Sequence[StepGroup]
    left_out: Sequence[Markup]  # what is said of entries that are not written out
    rows: Sequence[RowText]
    rows_shown: int
    has_partials: bool  # of numbers, by the names of the rows
    examples: Sequence[Markup]  # leaves that were given no value
    count: int
    code: Markup
    data: Markup
    practice: Practice | None
    has_stable_form: bool
    has_direct_edges: bool
    has_entries: bool
    arrays: Markup | None = None  # the function that computes all numbers of a page of arrays
    longest_array: int = LONGEST_ARRAY


def to_html(derivation: Derivation) -> str:
    """The whole page as text."""
    return render_page("html/page.html.jinja", page_text(derivation))


def page_text(derivation: Derivation) -> PageText:
    """All texts of a derivation's page."""
    if derivation.is_matrix and derivation.view == "paths":
        return _matrix_page(derivation)
    if derivation.view == "accumulation" or derivation.is_matrix:
        arrays = array_page(derivation)
        return _still_page(derivation) if arrays is None else _array_page(derivation, arrays)
    known = Known(derivation)
    begin = start(derivation)
    still = StillNumbers(derivation, begin.values)
    drawn = live_picture(derivation, known, still.slot)
    printed = programs_along(derivation.walk)
    tables, of_tables = stable_programs(derivation)
    writer = EquationWriter(derivation, still.lines)
    lines = PageLines(derivation, known, writer.is_large)
    rows = _rows(derivation, writer, still)
    data: dict[str, Any] = {
        "of": derivation.of,
        "at": begin.values,
        "seed": printed.seed,
        "adjoints": printed.adjoints,
        "product": printed.product,
        **({"stable": of_tables} if of_tables else {}),
        "rows": [[r.name, known.at(f"adjoint {r.name}")] for r in rows],
        "steps": [_step_data(s, lines, writer, drawn) for s in derivation.steps],
        "jumps": _jumps(derivation, known),
    }
    asked = practice(derivation, writer.is_large)
    tables = [*printed.tables, *tables]
    return _page(writer, drawn, data, tables, rows, begin.examples, asked)


def _matrix_page(derivation: Derivation) -> PageText:
    """The page of a Jacobian or Hessian of numbers, with sliders; the table of a Jacobian has every
    entry, that of a Hessian the gradient."""
    begin = start(derivation)
    still = StillNumbers(derivation, begin.values)
    writer = EquationWriter(derivation, still.lines)
    if writer.is_large:
        return _still_page(derivation)
    known = MatrixKnown(derivation)
    drawn = live_picture(derivation, known, still.slot)
    printed = matrix_programs(derivation)
    tables, of_tables = stable_programs(*(derivation.rows or [derivation]))
    rows = [
        replace(row, step=None)
        for row in _rows(derivation, writer, still)
        if row.is_leaf and row.name in printed.adjoints
    ]
    shown = {row.name for row in rows}
    rows += [
        _row(derivation, writer, still, n.name)
        for n in leaves_below(derivation)
        if n.name not in shown
    ]
    rows = [row if row.name in derivation.wrt else _without_partial(row) for row in rows]
    rows += [
        replace(_row(derivation, writer, still, name, of=of), is_leaf=False)
        for of in derivation.row_names[1:]
        for name in derivation.wrt
    ]
    data: dict[str, Any] = {
        "of": derivation.of,
        "at": begin.values,
        "seed": printed.seed,
        "adjoints": printed.adjoints,
        "product": printed.product,
        **({"stable": of_tables} if has_stable_form(derivation) else {}),
        "rows": [
            [
                r.name,
                known.at(f"adjoint {r.name}") if r.partial else None,
                *([r.of] if r.of else []),
            ]
            for r in rows
        ],
        "steps": [_step_data(s, MatrixLines(derivation), writer, drawn) for s in derivation.steps],
        "jumps": _jumps(derivation, None),
    }
    if "stable" in data and not tables:
        tables = [("STABLE", [])]
    tables = [*printed.tables, *tables]
    return _page(writer, drawn, data, tables, rows, begin.examples, None)


def _array_page(derivation: Derivation, arrays: ArrayPage) -> PageText:
    """The page of adjoints or of a matrix of arrays, with a slider for each entry."""
    known, begin = Known(derivation), array_start(derivation)
    still = StillNumbers(derivation, begin.values)
    writer = AdjointWriter(derivation, still.lines)
    if writer.is_large:
        return _still_page(derivation)
    is_jacobian, lines = bool(derivation.rows), ArrayLines(derivation, arrays)
    drawn = live_picture(derivation, known, still.slot)
    leaves = leaves_below(derivation)
    rows = [row for leaf in leaves for row in entry_rows(writer, still, leaf, arrays)]
    data: dict[str, Any] = {
        "of": derivation.of,
        "at": by_entry(begin.values, leaves),
        **{"seed": "", "adjoints": {}, "product": ""},
        "arguments": arrays.arguments,
        "slots": arrays.slots,
        "unreached": [name for name in derivation.wrt if name not in derivation.walk.into],
        "edges": [
            [edges[0].node, name] for name, edges in derivation.walk.into.items() if len(edges) == 1
        ],
        "rows": [[r.name, known.at(f"adjoint {r.leaf}") if r.partial else None] for r in rows],
        "steps": [_step_data(s, lines, writer, drawn) for s in derivation.steps],
        "jumps": _jumps(derivation, None if is_jacobian else known),
    }
    asked = None if derivation.is_matrix else array_practice(derivation)
    text = _page(writer, drawn, data, _NO_PROGRAMS, rows, begin.examples, asked)
    return replace(text, arrays=_script(arrays.code))


def _still_page(derivation: Derivation) -> PageText:
    """The page of a derivation by adjoints or of a matrix: steps and picture, with the numbers that
    it has.
    """
    lines = StillLines(derivation)
    kind = EquationWriter if derivation.view == "paths" else AdjointWriter
    writer = kind(derivation, lines.text)
    drawn = still_picture(derivation)
    data: dict[str, Any] = {
        "of": derivation.of,
        **{"at": {}, "seed": "", "adjoints": {}, "product": "", "rows": []},
        "steps": [_step_data(s, lines, writer, drawn) for s in derivation.steps],
        "jumps": _jumps(derivation, None),
    }
    return _page(writer, drawn, data, _NO_PROGRAMS, [], (), None)


def _page(
    writer: EquationWriter,
    drawn: LivePicture | None,
    data: dict[str, Any],
    tables: Sequence[tuple[str, Sequence[str]]],
    rows: Sequence[RowText],
    examples: Sequence[str],
    asked: Practice | None,
) -> PageText:
    derivation = writer.derivation
    if asked is not None:
        data["practice"] = asked.data
        tables = [*tables, ("OPERATIONS", asked.operations)]
    return PageText(
        version=__version__,
        title=_title(derivation),
        heading=_heading(derivation, writer.latex),
        circuit=circuit_text(derivation.circuit),
        picture=None if drawn is None else Markup(drawn.svg),
        picture_width=0 if drawn is None else round(drawn.width),
        notes=() if drawn is None else drawn.notes,
        boxes=_found_boxes(drawn),
        groups=writer.groups(),
        left_out=[
            Markup("{} {}").format(in_math(writer.latex.partial(*left)), LEFT_OUT)
            for left in derivation.asked
            if derivation.is_left_out(left)
        ],
        rows=rows,
        has_partials=any(row.partial for row in rows),
        rows_shown=MOST_ROWS if len(rows) > MOST_ROWS + 2 else len(rows),
        examples=[in_math(name_in_latex(name)) for name in examples],
        count=len(derivation.steps),
        code=_script("\n".join(module(tables))),
        data=_script(json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)),
        practice=asked,
        has_stable_form="stable" in data,
        has_direct_edges=bool(derivation.direct),
        has_entries=any(name == "ENTRIES" for name, _ in tables),
    )


def _script(text: str) -> Markup:
    """Text for a <script> element, which no part of it may end."""
    escaped = text.replace("</", "<\\/") if text.startswith("{") else text
    if "</" in escaped or "<!--" in escaped:
        raise SymbackError("internal: a script would be cut short")
    return Markup(escaped)


def _title(derivation: Derivation) -> str:
    return f"{title_of(derivation, printer_of(TextPrinter, derivation))}, step by step"


def _heading(derivation: Derivation, printer: LatexPrinter) -> Markup:
    of = derivation.of
    if derivation.is_matrix:
        rows, columns = (
            Markup(", ").join(in_math(name_in_latex(name)) for name in names)
            for names in (derivation.row_names, derivation.wrt)
        )
        named = Markup("Step by step: the {} of {} with respect to {}")
        return named.format(derivation.matrix_name, rows, columns)
    if len(derivation.wrt) == 1:
        return Markup("Step by step: {}").format(in_math(printer.partial(of, derivation.wrt[0])))
    return Markup("Step by step: all partials of {}").format(in_math(name_in_latex(of)))


def _step_data(
    step: Step,
    lines: PageLines | StillLines | MatrixLines | ArrayLines,
    writer: EquationWriter,
    drawn: LivePicture | None,
) -> dict[str, Any]:
    """The lines with numbers, the spoken sentence, and what lights up in the picture."""
    said: dict[str, Any] = {}
    if not writer.is_large:  # else the script reads out what the step shows
        said["said"] = writer.said(step)
    said |= {"lines": lines.numbers(step), "boxes": [], "wires": []}
    if drawn is not None:
        boxes, wires = writer.lit(step)
        said["focus"] = drawn.boxes.get(step.left if isinstance(step.left, str) else step.left[-1])
        said["boxes"] = sorted({drawn.boxes[b] for b in boxes if b in drawn.boxes})
        said["wires"] = sorted({drawn.wires[w] for w in wires if w in drawn.wires})
    return said


def _jumps(derivation: Derivation, known: Known | None) -> dict[str, int]:
    """For each node the step to show when it is clicked: its sum, else the last that knows it."""
    found: dict[str, int] = {}
    for step in reversed(derivation.typed_steps):
        if step.kind not in NOT_RESULTS:
            found[step.left[1]] = step.id
    if known is None:
        for step in reversed(
            derivation.typed_steps
        ):  # the step that makes its adjoint, else its value
            found.setdefault(step.left if isinstance(step.left, str) else step.left[1], step.id)
        return found
    for node in reaching(derivation.walk.circuit, derivation.of):
        last = known.at(f"adjoint {node.name}") or known.at(f"value {node.name}")
        if last:
            found.setdefault(node.name, last)
    return found


# -- rows ----------------------------------------------------------------------------------------


def _rows(derivation: Derivation, writer: EquationWriter, still: StillNumbers) -> list[RowText]:
    """One row a leaf below `of`, then one for each other name that was asked for."""
    circuit: Circuit = derivation.walk.circuit
    leaves = [n.name for n in reaching(circuit, derivation.of) if n.is_leaf]
    names = dict.fromkeys([*leaves, *derivation.wrt])
    first = {s.left[1]: s.id for s in reversed(derivation.steps) if not isinstance(s.left, str)
             and s.kind not in ("seed", "edge")}  # fmt: skip
    return [_row(derivation, writer, still, name, first.get(name)) for name in names]


def _row(
    derivation: Derivation,
    writer: EquationWriter,
    still: StillNumbers,
    name: str,
    step: int | None = None,
    of: str = "",
) -> RowText:
    node = derivation.walk.circuit[name]
    return RowText(
        name,
        writer.name(name),
        writer.partial(of or derivation.of, name),
        ROLE_NAMES[node.role],
        node.is_leaf,
        step,
        (still.value(name), still.partial(name, of)),
        of=of,
    )


def _without_partial(row: RowText) -> RowText:
    """That of a leaf by which nothing is differentiated."""
    return replace(row, partial=Markup(), still=(row.still[0], NOT_COMPUTED))


def entry_rows(
    writer: EquationWriter, still: StillNumbers, leaf: Node, arrays: ArrayPage
) -> Iterator[RowText]:
    """One row an entry of a leaf, with the partial by it where one is asked for."""
    value, partial = (None if x is None else flat_of(x) for x in still.entries(leaf.name))
    is_moved = leaf.name not in arrays.fixed
    latex, derivation = name_in_latex(leaf.name), writer.derivation
    for i, (name, place) in enumerate(zip(entries_of(leaf), places_of(leaf), strict=True)):
        math = latex
        if place:
            inner = latex if len(latex) == 1 else rf"\left({latex}\right)"
            math = f"{inner}_{{{','.join(map(str, place))}}}"
        of = rf"\frac{{\partial {name_in_latex(derivation.of)}}}{{\partial {math}}}"
        texts = (value_of(x and x[i]) for x in (value, partial))
        has_partial = leaf.name in derivation.wrt and not derivation.rows
        shown = in_math(of) if has_partial else Markup()
        role = ROLE_NAMES[leaf.role]
        own = (
            s.id for s in reversed(derivation.typed_steps) if s.left == (derivation.of, leaf.name)
        )
        step = next(own, None) if has_partial else None
        still_texts = (next(texts), next(texts))
        yield RowText(name, in_math(math), shown, role, is_moved, step, still_texts, leaf.name)


def _found_boxes(drawn: LivePicture | None) -> list[str]:
    """The nodes that a reader can search for, where the picture has many."""
    if drawn is None or len(drawn.boxes) < FEWEST_TO_SEARCH:
        return []
    return list(drawn.boxes)


__all__ = ["MOST_STEPS_IN_MATHML", "page_text", "to_html"]
