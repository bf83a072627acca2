"""A picture as Graphviz text: the boxes, wires and numbers of the SVG, for `dot` to lay out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any
from xml.sax.saxutils import escape

from symback.circuits.circuit import Circuit
from symback.derivation.picture.diagram import Box, Diagram, Wire
from symback.derivation.picture.labels import Below, Label, LabelKind, Texts
from symback.derivation.picture.svg import LIGHT, drawing
from symback.errors import clip

_COLOURS: Mapping[LabelKind, str] = {
    "value": LIGHT["value"],
    "gradient": LIGHT["gradient"],
    "weight": LIGHT["ink"],
    "note": LIGHT["quiet"],
}
_FORMS = {  # leaves show their roles by their outline, as in the SVG
    "computed": 'style="rounded,filled" fillcolor="#eef2f7"',
    "input": 'style="filled" fillcolor="#ffffff"',
    "param": 'style="rounded,filled,dashed" fillcolor="#ffffff"',
    "target": 'style="rounded,filled" fillcolor="#ffffff"',
    "const": 'style="rounded,filled" fillcolor="#ffffff"',
    "samples": 'style="rounded,filled" fillcolor="#ffffff"',
    "size": 'style="rounded,filled" fillcolor="#ffffff"',
}
_HEADER = """\
  graph [rankdir=LR bgcolor="#ffffff" nodesep=0.3 ranksep=0.4
         fontname="DejaVu Sans" fontsize=10 labeljust=l]
  node [shape=box fontname="DejaVu Sans" fontsize=10 height=0.4 width=0.4 margin="0.1,0.05"
        color="#1b1f24" fontcolor="#1b1f24"]
  edge [fontname="DejaVu Sans" fontsize=10 arrowsize=0.6 color="#8c959f"]"""
_SIGN = 15  # font size of what stands in a box
_POINT = 'shape=point width=0.03 height=0.03 color="#8c959f" label=""'
_BELOW: Mapping[Below, str] = {
    "gradient": "after ∂, below it: the gradient of {of} along the wire",
    "tangent": "after d, below it: its tangent along {direction}",
    "local partial": "after ∂, below it: the local partial along the wire",
}
_RESULT = "value of {}"  # a node that no circuit has: its name has spaces
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]")  # neither text of XML nor of DOT


def to_dot(
    circuit: Circuit,
    at: Mapping[str, Any] | None = None,
    view: str = "gates",
    of: str | None = None,
    tangents: Mapping[str, float] | None = None,
) -> str:
    """What `draw` draws, as a digraph in Graphviz's language: one node a box, one edge a wire.

    Nodes have the names of the circuit. Raises as `draw` does.
    """
    return _text(*drawing(circuit, at, view, of, tangents), with_numbers=at is not None)


def _text(drawn: Diagram, texts: Texts, *, with_numbers: bool) -> str:
    ends = {name: _RESULT.format(", ".join(of)) for name, of in drawn.ends().items()}
    lines = [
        f"digraph {dot_string(', '.join(drawn.results))} {{",
        _HEADER,
        f"  graph [tooltip={dot_string(texts.title())}{_foot(drawn, texts, with_numbers)}]",
        *(_node(box, texts) for box in drawn.boxes),
        *(f"  {dot_string(end)} [{_POINT}]" for end in ends.values()),
        *(_edge(wire.tail, wire.head, _on_wire(wire, texts)) for wire in drawn.wires),
        *(_edge(name, end, chain(*texts.result(name))) for name, end in ends.items()),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _foot(drawn: Diagram, texts: Texts, with_numbers: bool) -> str:
    """How to read the numbers: Graphviz puts a label beside its wire, not above and below it."""
    lines = [line for line in texts.notes() if line.kind == "note"]
    if with_numbers:
        reading = [Label("at a wire: its value", "value")]
        if texts.below in _BELOW:
            of = clip(drawn.results[0], 16)
            below = _BELOW[texts.below].format(of=of, direction=texts.direction)
            reading.append(Label(below, "gradient"))
        lines = [*reading, *lines]
    return f" label={_label(lines, align='left')}" if lines else ""


def _node(box: Box, texts: Texts) -> str:
    """A box with its sign or name and its caption; a second outline around a collapsed one."""
    sign = f'<font point-size="{_SIGN}">{html_text(texts.inside(box))}</font>'
    if box.role != "computed":
        sign = html_text(texts.inside(box))
    caption = [_coloured(line) for line in texts.caption(box)]
    label = f"<{'<br/>'.join([sign, *caption])}>"
    twice = " peripheries=2" if box.is_collapsed else ""
    tip = dot_string(texts.tip(box))
    return f"  {dot_string(box.name)} [{_FORMS[box.role]}{twice} tooltip={tip} label={label}]"


def _on_wire(wire: Wire, texts: Texts) -> list[Label]:
    above, below = texts.on_wire(wire)
    return [*above, *below]


def _edge(tail: str, head: str, lines: Iterable[Label]) -> str:
    label = _label(lines)
    attributes = f" [label={label}]" if label else ""
    return f"  {dot_string(tail)} -> {dot_string(head)}{attributes}"


def _label(lines: Iterable[Label], align: str = "") -> str:
    """Lines of text as an HTML-like label; nothing where there are none."""
    end = f'<br align="{align}"/>' if align else "<br/>"
    text = end.join(_coloured(line) for line in lines)
    return f"<{text}{end if align else ''}>" if text else ""


def _coloured(line: Label) -> str:
    if line.kind == "text":
        return html_text(line.text)
    return f'<font color="{_COLOURS[line.kind]}">{html_text(line.text)}</font>'


def html_text(text: str) -> str:
    """Text inside an HTML-like label."""
    return escape(_FORBIDDEN.sub("?", text))


def dot_string(text: str) -> str:
    """A quoted string: any text is one name, and a backslash stands for itself."""
    plain = _FORBIDDEN.sub("?", text).replace("\n", " ")
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


__all__ = ["dot_string", "html_text", "to_dot"]
