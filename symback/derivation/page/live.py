"""What a page needs to compute again: programs as JavaScript, a picture with places for numbers.

A *slot* is a place in a text where a number will stand, written as the words by which the page's
script finds the number: `value x2`, `adjoint x2`, `local f x2`, `contribution f x2`.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sympy import Add, S

from symback.autodiff.lower import Lowered, lower
from symback.autodiff.names import Names
from symback.autodiff.passes import optimise
from symback.autodiff.reads import Reads
from symback.autodiff.reverse import ReversePass
from symback.circuits.program import Program
from symback.codegen.javascript.printer import JavaScriptPrinter, row, table
from symback.derivation.derive import MANY_EDGES
from symback.derivation.numbers.links import Link, below
from symback.derivation.numbers.scalars import Numbers
from symback.derivation.page.typeset import typeset
from symback.derivation.picture.diagram import Diagram, Wire, diagram
from symback.derivation.picture.labels import NOT_COMPUTED, Label, Texts
from symback.derivation.picture.labels import number as shown
from symback.derivation.picture.layout import picture
from symback.derivation.picture.svg import MOST_NODES, to_svg
from symback.derivation.record import Derivation
from symback.derivation.walks import joined

_WIDEST = -1.234e-100  # no number that a picture shows is wider than this one's text
# -- when a number is known ----------------------------------------------------------------------


class Known:
    """The id of the step from which on a number is known; None where no step computes it."""

    def __init__(self, derivation: Derivation) -> None:
        walk = derivation.walk
        self._values = {n.name: 0 for n in walk.circuit.leaves}
        self._edges: dict[Link, int] = {}
        self._seed = 0
        for step in derivation.steps:
            if step.kind == "forward":
                self._values[step.node] = step.id
            elif step.kind == "seed":
                self._seed = step.id
            elif step.kind == "edge":
                self._edges[step.left[0], step.left[1]] = step.id
        self._adjoints: dict[str, int] = {walk.of: self._seed}
        for name, edges in walk.into.items():
            ids = [self._edges.get((e.node, e.operand)) for e in edges]
            if ids and None not in ids:
                self._adjoints[name] = max(i for i in ids if i is not None)
        last = {step.left: step.id for step in derivation.typed_steps}
        for name in derivation.wrt:
            if (walk.of, name) in last:
                self._adjoints.setdefault(name, last[walk.of, name])
        self._into: dict[str, list[Link]] = {}
        for link in self._edges:
            self._into.setdefault(link[1], []).append(link)
        self._partials = {(e.node, e.operand) for e in walk.edges}

    def at(self, slot: str) -> int | None:
        """The step of a slot. A local partial that is always 0 is known with the seed."""
        kind, *names = slot.split(" ")
        if kind == "value":
            return self._values.get(names[0])
        if kind == "adjoint":
            return self._adjoints.get(names[0])
        link = (names[0], names[1])
        return self._edges.get(link) if link in self._partials else self._seed

    def contributions(self, name: str) -> list[Link]:
        """The edges into a node, in the order of their steps."""
        return self._into.get(name, [])


# -- programs ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Programs:
    """Tables of JavaScript rows by name, and the row that computes each adjoint.

    The rows of GUARDS pass on what an edge gives, of that name, only where its gate is read.
    """

    tables: tuple[tuple[str, Sequence[str]], ...]
    seed: str
    adjoints: Mapping[str, str]
    product: str = ""


def programs(derivation: Derivation) -> Programs:
    """The programs of what a derivation gives: of the stable form, where there is one."""
    return programs_along((derivation.stable_of_leaves or derivation).walk)


def programs_along(walk: ReversePass) -> Programs:
    """The lowered programs of what a walk is about, and one row an edge for its partial."""
    of = walk.of
    if walk.circuit[of].is_leaf:  # nothing leads to it
        names_of_tables = ("FORWARD", "BACKWARD", "LOCAL", "GUARDS")
        return Programs(tuple((name, ()) for name in names_of_tables), f"{of}_bar", {})
    if len(walk.edges) > MANY_EDGES:
        names = Names(walk.circuit)
        if not Reads(walk, names):
            return _one_by_one(walk, names)
    shown = replace(walk.circuit, output=walk.circuit[of], loss=None)
    lowered = lower(shown, ("forward", "backward"))
    names = lowered.names
    reads = Reads(walk, names)
    printer = JavaScriptPrinter.of(walk.circuit)
    product = names.part("product", S.Zero)
    masks = [row([symbol.name], mask, printer) for symbol, mask in reads.lines.items()]
    guards = []
    for edge in walk.edges:
        if guard := reads.guard(edge):
            passed = guard.product(product, names.adjoint(edge.node))
            guards.append(row([edge.node, edge.operand], passed, printer))
    tables = (
        ("FORWARD", _rows(lowered, "forward")),
        ("BACKWARD", [*_rows(lowered, "backward"), *masks]),
        ("LOCAL", [row([e.node, e.operand], e.partial, printer) for e in walk.edges]),
        ("GUARDS", guards),
    )
    adjoints = {name: names.adjoint(name).name for name in walk.order[1:]}
    return Programs(tables, lowered.seed.name, adjoints, product.name)


def _one_by_one(walk: ReversePass, names: Names) -> Programs:
    """The walk as it is, node by node and adjoint by adjoint: what many edges leave time for."""
    printer = JavaScriptPrinter.of(walk.circuit)
    seed = names.adjoint(walk.of)
    backward = []
    for name in walk.order[1:]:
        parts = [e.local.contribution(names.adjoint(e.node)) for e in walk.into[name]]
        backward.append(row([names.adjoint(name).name], Add(*parts), printer))
    forward = [row([n.name], n.formula, printer) for n in below(walk.circuit, walk.of)]
    local = [row([e.node, e.operand], e.partial, printer) for e in walk.edges]
    adjoints = {name: names.adjoint(name).name for name in walk.order[1:]}
    tables = (("FORWARD", forward), ("BACKWARD", backward), ("LOCAL", local), ("GUARDS", ()))
    return Programs(tables, seed.name, adjoints)


def _rows(lowered: Lowered, function: str) -> list[str]:
    """The function as the module has it, but that every line is asked for."""
    program = lowered.program(function)
    kept = optimise(_with_all_results(program), lowered.names)
    return table(kept, JavaScriptPrinter.of(lowered.circuit))


def _with_all_results(program: Program) -> Program:
    results = tuple(line.target for line in program.lines)
    return Program(program.arguments, program.lines, results, program.per_sample)


def stable_programs(
    *derivations: Derivation,
) -> tuple[list[tuple[str, Sequence[str]]], list[dict[str, object]]]:
    """Tables of the stable forms, the last of which lists those of each; and for each its node, its
    seed, and the row of each result's adjoint, "" where it is 0. Both are empty without such forms.
    """
    tables: list[tuple[str, Sequence[str]]] = []
    listed: list[str] = []
    data: list[dict[str, object]] = []
    for number, form in enumerate([f for one in derivations for f in one.stable], 1):
        printed = programs_along(form.walk)
        own = [(f"STABLE{number}_{name}", rows) for name, rows in printed.tables[:2]]
        tables += own
        listed.append(f"[{', '.join(name for name, _ in own)}],")
        adjoints = {name: printed.adjoints.get(name, "") for name in form.wrt}
        data.append({"of": form.of, "seed": printed.seed, "adjoints": adjoints})
    return [*tables, *([("STABLE", listed)] if listed else [])], data


# -- the picture ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LivePicture:
    """An SVG element whose numbers are slots, with its boxes and wires by their members."""

    svg: str
    width: float
    notes: Sequence[Label]  # how to read it
    boxes: Mapping[str, int]
    wires: Mapping[Link, int]


def live_picture(
    derivation: Derivation, known: Known, given: Callable[[str], str] = lambda slot: NOT_COMPUTED
) -> LivePicture | None:
    """The gate view, every label as wide as a number can be, with the given texts in the slots
    until the script has its own; None beyond `MOST_NODES` nodes."""
    return _picture(derivation, _widest_numbers(derivation), known, given)


def still_picture(derivation: Derivation) -> LivePicture | None:
    """The gate view without numbers, its boxes and wires named; None beyond `MOST_NODES` nodes."""
    return _picture(derivation, None, None, str)


def _picture(
    derivation: Derivation,
    numbers: Numbers | None,
    known: Known | None,
    given: Callable[[str], str],
) -> LivePicture | None:
    walk = joined(derivation.walks)
    if len(walk.circuit) > MOST_NODES:
        return None
    drawn = diagram(walk, "gates", derivation.row_names)
    texts = Texts(walk, drawn, numbers)
    laid_out = picture(drawn, texts).without_notes
    root = ET.fromstring(to_svg(laid_out).replace(' xmlns="http://www.w3.org/2000/svg"', "", 1))
    described = root.find("desc")
    assert described is not None
    described.text = Texts(walk, drawn, None).description()
    if known is not None:
        _mark_slots(root, drawn, _Slots(texts, known, given, derivation))
    _mark_parts(root, drawn)
    names = {n.name for n in walk.circuit.nodes}
    for label in root.iter("text"):
        if label.get("class") != "sign":
            typeset(label, names)
    boxes = {member: i for i, box in enumerate(drawn.boxes) for member in box.members}
    wires = {edge: i for i, wire in enumerate(drawn.wires) for edge in wire.edges}
    svg = ET.tostring(root, encoding="unicode")
    return LivePicture(svg, laid_out.width, texts.notes(), boxes, wires)


def _widest_numbers(derivation: Derivation) -> Numbers:
    walk = joined(derivation.walks)
    names = {n.name: _WIDEST for n in walk.circuit.nodes}
    edges = {(e.node, e.operand): _WIDEST for e in walk.edges}
    return Numbers(names, names, edges, edges, has_stable_form=bool(derivation.stable))


def _mark_parts(root: ET.Element, drawn: Diagram) -> None:
    """Name boxes and wires; the order is that of `to_svg`."""
    paths = iter([e for e in root if e.tag == "path"])
    for i, _ in enumerate(drawn.wires):
        for part in (next(paths), next(paths)):  # the wire and its arrow
            part.set("data-wire", str(i))
    groups = [e for e in root if e.tag == "g"]
    for i, (group, box) in enumerate(zip(groups, drawn.boxes, strict=True)):
        group.set("data-box", str(i))
        group.set("data-node", box.members[-1])
        if len(box.members) > 1:
            group.set("data-members", " ".join(box.members))


def _mark_slots(root: ET.Element, drawn: Diagram, slots: _Slots) -> None:
    """Put slots where numbers stand; the order is that of `to_svg`."""
    groups = [e for e in root if e.tag == "g"]
    for group, box in zip(groups, drawn.boxes, strict=True):
        captions = zip(group.findall("text")[1:], slots.texts.caption(box), strict=True)
        for label, line in captions:
            slots.put(label, line, f"adjoint {box.name}")
    labels = iter([e for e in root if e.tag == "text"])
    for i, wire in enumerate(drawn.wires):
        for (line, slot), label in zip(slots.on_wire(wire), labels, strict=False):
            label.set("data-wire", str(i))
            slots.put(label, line, slot)
    for name, results in drawn.ends().items():
        above, below = slots.texts.result(name)
        for line, label in zip((*above, *below), labels, strict=False):
            kind = "value" if line.kind == "value" else "adjoint"
            slots.put(label, line, f"{kind} {results[0]}")


@dataclass(frozen=True, slots=True)
class _Slots:
    """The texts of a picture, when each number is known, and what stands for it at first."""

    texts: Texts
    known: Known
    given: Callable[[str], str]
    derivation: Derivation

    def on_wire(self, wire: Wire) -> Iterator[tuple[Label, str]]:
        """The lines with their slots; what the only edge of a result gives is the result."""
        above, below = self.texts.on_wire(wire)
        node, operand = wire.edges[0]
        results = {name for form in self.derivation.stable for name in form.wrt}
        is_result = operand in results and len(self.derivation.walk.into[operand]) == 1
        kind = "local" if self.texts.below == "local partial" else "contribution"
        for line in above:
            yield line, f"value {operand}"
        for line in below:
            yield line, f"adjoint {operand}" if is_result else f"{kind} {node} {operand}"

    def put(self, label: ET.Element, line: Label, slot: str) -> None:
        """Keep the text before the number, and mark the place of the number for the script."""
        if line.kind not in ("value", "gradient"):
            return
        number = "1" if slot.startswith("adjoint ") and line.text == "∂ 1" else shown(_WIDEST)
        before, found, _ = line.text.rpartition(number)
        if not found:
            before, _, _ = line.text.rpartition(shown(0.0))
        step = self.known.at(slot)
        label.text = before
        place = {"data-slot": slot, "data-known": "" if step is None else str(step)}
        ET.SubElement(label, "tspan", place).text = self.given(slot)


__all__ = [
    "Known",
    "LivePicture",
    "Programs",
    "live_picture",
    "programs",
    "programs_along",
    "stable_programs",
    "still_picture",
]
