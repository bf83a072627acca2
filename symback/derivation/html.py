"""A derivation as one HTML page that needs no network: picture, steps, sliders.

Python decides what stands where and when each number is known; the templates in `html/` print
it, and their script computes nothing but the rows that the JavaScript target printed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from symback._version import __version__
from symback.derivation.live import Known, LivePicture, live_picture, programs, start
from symback.derivation.mathml import breakable, mathml
from symback.derivation.point import Link, reaching
from symback.derivation.record import MOST_PATHS, Derivation, Step
from symback.emit import render_page
from symback.errors import SymbackError, Unsupported, clip
from symback.simplify import weight
from symback.structure import Circuit
from symback.targets.javascript import module
from symback.targets.latex import LatexPrinter, name_in_latex
from symback.targets.text import TextPrinter

MOST_SLOTS = 24  # numbers that are put in place in one line; beyond, the result alone is shown
MOST_OPERATIONS = {"forward": 160}
"""Operations of a formula that a page still shows, forward and (60) elsewhere; none reads more."""
MOST_STEPS_IN_MATHML = 600
"""Beyond so many steps formulas are plain Unicode: MathML takes milliseconds and kilobytes each."""
_TITLES = {
    "forward": "Forward",
    "seed": "Seed",
    "edge": "Local partial",
    "sum": "Chain rule",
    "substitute": "Put in",
    "simplify": "Simplify",
    "expand": "Write out",
}
_SLOT = re.compile("\x01([^\x02]*)\x02")

Pieces = list[str | list[str]]
"""A line with numbers: texts, and slots as [slot]; a slot that starts with "=" is a result."""


@dataclass(frozen=True, slots=True)
class StepText:
    """One step as the page shows it."""

    id: int
    kind: str
    title: str
    math: Markup
    rule: str
    depends: Sequence[int]


@dataclass(frozen=True, slots=True)
class Group:
    """Steps under one heading."""

    title: Markup
    steps: Sequence[StepText]


@dataclass(frozen=True, slots=True)
class RowText:
    """One row of the table of partials: a leaf with its slider, or a node without."""

    name: str
    math: Markup
    partial: Markup
    role: str
    is_leaf: bool
    step: int | None  # where its partial is derived


@dataclass(frozen=True, slots=True)
class PageText:
    """What the page's template fills in."""

    version: str
    title: str
    heading: Markup
    circuit: str
    picture: Markup | None
    picture_width: int
    groups: Sequence[Group]
    rows: Sequence[RowText]
    examples: Sequence[str]
    count: int
    code: Markup
    data: Markup


def to_html(derivation: Derivation) -> str:
    """The whole page as text."""
    return render_page("html/page.html.jinja", page_text(derivation))


def page_text(derivation: Derivation) -> PageText:
    """All texts of a derivation's page."""
    if derivation.circuit.has_arrays:
        raise Unsupported(
            "the page recomputes numbers, and this circuit has arrays; use --format text, latex, "
            "markdown or json"
        )
    known = Known(derivation)
    drawn = live_picture(derivation, known)
    printed = programs(derivation)
    begin = start(derivation)
    lines = _Lines(derivation, known)
    rows = _rows(derivation)
    data: dict[str, Any] = {
        "of": derivation.of,
        "at": begin.values,
        "seed": printed.seed,
        "adjoints": printed.adjoints,
        "final": printed.final,
        "rows": [[r.name, known.at(f"adjoint {r.name}")] for r in rows],
        "steps": [_step_data(s, lines, drawn) for s in derivation.steps],
        "jumps": _jumps(derivation, known),
    }
    printer = LatexPrinter.of(derivation.walk.circuit)
    return PageText(
        version=__version__,
        title=_title(derivation),
        heading=_heading(derivation, printer),
        circuit=derivation.circuit.source,
        picture=None if drawn is None else Markup(drawn.svg),
        picture_width=0 if drawn is None else round(drawn.width),
        groups=_groups(derivation, printer),
        rows=rows,
        examples=begin.examples,
        count=len(derivation.steps),
        code=_script("\n".join(module(printed.tables))),
        data=_script(json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)),
    )


def _script(text: str) -> Markup:
    """Text for a <script> element, which no part of it may end."""
    escaped = text.replace("</", "<\\/") if text.startswith("{") else text
    if "</" in escaped or "<!--" in escaped:
        raise SymbackError("internal: a script would be cut short")
    return Markup(escaped)


def _title(derivation: Derivation) -> str:
    if len(derivation.wrt) == 1:
        return f"∂{derivation.of}/∂{derivation.wrt[0]}, step by step"
    return f"All partials of {derivation.of}, step by step"


def _heading(derivation: Derivation, printer: LatexPrinter) -> Markup:
    of = derivation.of
    if len(derivation.wrt) == 1:
        return Markup("Step by step: {}").format(_math(printer.partial(of, derivation.wrt[0])))
    return Markup("Step by step: all partials of {}").format(_math(name_in_latex(of)))


def _math(latex: str) -> Markup:
    return Markup(mathml(latex))


# -- steps ---------------------------------------------------------------------------------------


def _groups(derivation: Derivation, printer: LatexPrinter) -> list[Group]:
    """Forward, backward edge by edge, then one group an asked partial."""
    text = {s.id: _step_text(s, derivation, printer) for s in derivation.steps}
    forward = [text[s.id] for s in derivation.steps if s.kind == "forward"]
    edges = [text[s.id] for s in derivation.steps if s.kind in ("seed", "edge")]
    groups = [Group(Markup("Forward: values"), forward), Group(Markup("Backward: edges"), edges)]
    rest = [s for s in derivation.steps if s.kind not in ("forward", "seed", "edge")]
    for left in dict.fromkeys(s.left for s in rest):
        steps = [text[s.id] for s in rest if s.left == left]
        groups.append(Group(_math(printer.partial(*left)), steps))
    return [g for g in groups if g.steps]


def _step_text(step: Step, derivation: Derivation, printer: LatexPrinter) -> StepText:
    several = step.kind == "sum" and len(step.right) > 1
    title = "Paths add up" if several else _TITLES.get(step.kind, step.kind)
    if len(derivation.steps) > MOST_STEPS_IN_MATHML:
        math = _in_text(step, TextPrinter.of(derivation.walk.circuit))
    else:
        math = _equation(step, printer)
    return StepText(step.id, step.kind, title, math, step.rule, step.depends)


def _in_text(step: Step, printer: TextPrinter) -> Markup:
    """The equation as text, for derivations of thousands of steps."""
    left = step.left if isinstance(step.left, str) else printer.partial(*step.left)
    if _is_too_long(step):
        return Markup("{} is too long to show here").format(left)
    return Markup("{} = {}").format(left, _right_in_text(step, printer))


def _right_in_text(step: Step, printer: TextPrinter) -> str:
    if step.kind == "sum":
        return " + ".join(printer.chain(c) for c in step.right)
    if step.kind == "substitute":
        return printer.products(step.right)
    return printer.print(step.right)


def _equation(step: Step, printer: LatexPrinter) -> Markup:
    left = name_in_latex(step.left) if isinstance(step.left, str) else printer.partial(*step.left)
    if _is_too_long(step):
        return Markup("{} <span>is too long to show here</span>").format(_math(left))
    right = _right(step, printer)
    if right == left:
        return _math(left)
    return Markup(breakable(f"{left} = {right}"))


def _is_too_long(step: Step) -> bool:
    """Whether a formula has too many operations; known before it is printed, which takes time."""
    if step.kind == "sum":
        return False
    products = step.right if step.kind == "substitute" else ((step.right,),)
    count = sum(weight(factor) + 1 for product in products for factor in product)
    return count > MOST_OPERATIONS.get(step.kind, 60)


def _right(step: Step, printer: LatexPrinter) -> str:
    if step.kind == "sum":
        return " + ".join(printer.chain(c) for c in step.right)
    if step.kind == "substitute":
        return printer.products(step.right)
    return printer.print(step.right)


def _step_data(step: Step, lines: _Lines, drawn: LivePicture | None) -> dict[str, Any]:
    """The lines with numbers, the spoken sentence, and what lights up in the picture."""
    said: dict[str, Any] = {
        "title": _TITLES.get(step.kind, step.kind),
        "said": lines.said(step),
        "lines": lines.numbers(step),
        "boxes": [],
        "wires": [],
    }
    if drawn is not None:
        boxes, wires = lines.lit(step)
        said["focus"] = drawn.boxes.get(step.left if isinstance(step.left, str) else step.left[1])
        said["boxes"] = sorted({drawn.boxes[b] for b in boxes if b in drawn.boxes})
        said["wires"] = sorted({drawn.wires[w] for w in wires if w in drawn.wires})
    return said


def _pair(step: Step) -> Link:
    """The two names of a step that is not a forward one."""
    assert isinstance(step.left, tuple)
    return step.left


class _SlotPrinter(TextPrinter):
    """Prints expressions with a slot for every name."""

    nodes: frozenset[str] = frozenset()

    def symbol(self, symbol: Any) -> str:
        name = str(symbol.name)
        if name not in self.nodes:  # a partial too large to write out keeps adjoints by name
            return f"\x01adjoint {name.removesuffix('_bar')}\x02"
        return f"\x01value {name}\x02"


class _Lines:
    """Writes the lines of a step that hold numbers."""

    def __init__(self, derivation: Derivation, known: Known) -> None:
        self._known = known
        self._walk = derivation.walk
        self._plain = TextPrinter.of(self._walk.circuit)
        self._slots = _SlotPrinter.of(self._walk.circuit)
        self._slots.nodes = frozenset(n.name for n in self._walk.circuit.nodes)
        self._paths = {self._walk.of: 1}
        for name in self._walk.order[1:]:
            self._paths[name] = sum(self._paths[e.node] for e in self._walk.into[name])

    def numbers(self, step: Step) -> list[Pieces]:
        """The step's line again with numbers in place, and what the edge contributes."""
        if step.kind == "forward":
            return [self._line(self._slots.print(step.right), f"value {step.node}")]
        if step.kind == "seed":
            return []
        name = _pair(step)[1]
        if step.kind == "edge":
            return self._edge(step)
        result = f"adjoint {name}"
        if _is_too_long(step):
            return [["= ", [f"={result}"]]]
        if step.kind == "sum":
            return [self._line(self._chains(step), result)]
        if step.kind == "substitute":
            return [self._line(self._slots.products(step.right), result)]
        return [self._line(self._slots.print(step.right), result)]

    def _edge(self, step: Step) -> list[Pieces]:
        """Local partial, upstream × local = contribution, and the sum where the last path meets."""
        of, (node, name) = self._walk.of, _pair(step)
        link = f"{node} {name}"
        lines: list[Pieces] = []
        if not step.right.is_number:
            lines.append(self._line(self._slots.print(step.right), f"local {link}"))
        if node == of:
            product: Pieces = ["Contribution: 1 · ", [f"local {link}"]]
        else:
            chain = f"{self._plain.partial(of, node)} · {self._plain.partial(node, name)}"
            product = [f"Contribution: {chain} = ", [f"adjoint {node}"], " · ", [f"local {link}"]]
        lines.append([*product, " = ", [f"=contribution {link}"]])
        parts = self._known.contributions(name)
        if len(parts) > 1 and parts[-1] == (node, name):
            lines.append(self._meeting(name, parts))
        return lines

    def _meeting(self, name: str, parts: Sequence[Link]) -> Pieces:
        left = f"Paths meet: {self._plain.partial(self._walk.of, name)} = "
        if len(parts) > MOST_SLOTS:
            return [f"{left}sum of {len(parts)} contributions = ", [f"=adjoint {name}"]]
        terms: Pieces = []
        for a, b in parts:
            terms += [" + ", [f"contribution {a} {b}"]]
        return [left, *terms[1:], " = ", [f"=adjoint {name}"]]

    def _chains(self, step: Step) -> str:
        """Products of local partials; over the last edges alone, of adjoint and local partial."""
        many = self._paths.get(step.left[1], 0) > MOST_PATHS
        texts = []
        for chain in step.right:
            slots = [f"local {a} {b}" for a, b in chain]
            if many:
                slots[0] = f"adjoint {chain[0][1]}"
            texts.append(" · ".join(f"\x01{slot}\x02" for slot in slots))
        return " + ".join(texts)

    def _line(self, text: str, result: str) -> Pieces:
        """= text = result, without the text where it says no more than the result."""
        parts = _SLOT.split(text)
        slots = parts[1::2]
        if not slots or text == f"\x01{slots[0]}\x02" or len(slots) > MOST_SLOTS:
            return ["= ", [f"={result}"]]
        pieces: Pieces = ["= "]
        for i, part in enumerate(parts):
            if part:
                pieces.append([part] if i % 2 else part)
        return [*pieces, " = ", [f"={result}"]]

    def said(self, step: Step) -> str:
        """The step as a sentence, for screen readers."""
        left = step.left if isinstance(step.left, str) else self._plain.partial(*step.left)
        if _is_too_long(step):
            return f"{left}, too long to read out"
        return clip(f"{left} = {_right_in_text(step, self._plain)}", 400)

    def lit(self, step: Step) -> tuple[Iterable[str], Iterable[Link]]:
        """The nodes and edges that a step speaks of."""
        if step.kind == "forward":
            wires = [(step.node, o) for o in self._walk.circuit[step.node].operands]
            return [step.node], wires
        of, name = _pair(step)
        if step.kind in ("seed", "edge"):
            return [of, name], [(of, name)]
        if step.kind == "sum":
            links = [link for chain in step.right for link in chain]
            return [of, name, *(b for _, b in links)], links
        return [of, name], [(e.node, name) for e in self._walk.into.get(name, ())]


def _jumps(derivation: Derivation, known: Known) -> dict[str, int]:
    """For each node the step to show when it is clicked: its sum, else the last that knows it."""
    found: dict[str, int] = {}
    for step in reversed(derivation.steps):
        if step.kind not in ("forward", "seed", "edge"):
            found[step.left[1]] = step.id
    for node in reaching(derivation.walk.circuit, derivation.of):
        last = known.at(f"adjoint {node.name}") or known.at(f"value {node.name}")
        if last:
            found.setdefault(node.name, last)
    return found


# -- rows ----------------------------------------------------------------------------------------


def _rows(derivation: Derivation) -> list[RowText]:
    """One row a leaf below `of`, then one for each other name that was asked for."""
    circuit: Circuit = derivation.walk.circuit
    leaves = [n.name for n in reaching(circuit, derivation.of) if n.is_leaf]
    names = dict.fromkeys([*leaves, *derivation.wrt])
    printer = LatexPrinter.of(circuit)
    first = {s.left[1]: s.id for s in reversed(derivation.steps) if not isinstance(s.left, str)
             and s.kind not in ("seed", "edge")}  # fmt: skip
    return [
        RowText(
            name,
            _math(name_in_latex(name)),
            _math(printer.partial(derivation.of, name)),
            {"param": "parameter", "computed": "node"}.get(circuit[name].role, circuit[name].role),
            circuit[name].is_leaf,
            first.get(name),
        )
        for name in names
    ]


__all__ = ["page_text", "to_html"]
