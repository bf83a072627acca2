"""The texts of a picture: what stands in a box, below it, on a wire, and at the foot."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from symback.autodiff.reverse import ReversePass
from symback.circuits.circuit import ROLE_NAMES, Node
from symback.derivation.numbers.scalars import Numbers
from symback.derivation.picture.diagram import Box, Diagram, Wire, sign
from symback.derivation.text.numbers import ALMOST_ZERO
from symback.errors import clip
from symback.operations.entries import Entries
from symback.printing.text import TextPrinter

Below = Literal["gradient", "tangent", "local partial", "nothing"]
LabelKind = Literal["value", "gradient", "weight", "text", "note"]
DIGITS = 6
NOT_COMPUTED = "—"
LONGEST_ARRAY = 16  # letters of its entries on a wire
_LONGEST_NAME = 16
_LONGEST_CAPTION = 26
_LONGEST_TIP = 200
_BELOW: Mapping[Below, str] = {
    "gradient": "below (∂): the gradient of {of} with respect to it",
    "tangent": "below (d): its tangent along {direction}",
    "local partial": "below (∂): the local partial along it",
}
_LARGEST_FORMULA = 60  # operations; printing more to show 26 characters would be waste


@dataclass(frozen=True, slots=True)
class Label:
    """One line of text and what it is, which the drawing shows by colour and place."""

    text: str
    kind: LabelKind


Labels = tuple[Label, ...]


class Texts:
    """Writes the texts of a diagram; without numbers, values and gradients are left out."""

    def __init__(self, walk: ReversePass, drawn: Diagram, numbers: Numbers | None) -> None:
        self._walk = walk
        self._drawn = drawn
        self._numbers = numbers
        self._has_arrays = walk.circuit.has_arrays  # whose targets have adjoints nobody asks for
        self._printer = TextPrinter.of(walk.circuit)
        self._partials = {(e.node, e.operand): e.partial for e in walk.edges}
        self._fan_out = {name: len(heads) for name, heads in drawn.heads().items()}
        self._ends = drawn.ends()
        self.below = self._shown_below()

    def _shown_below(self) -> Below:
        """What stands below a wire: gradients are those of one number."""
        if self._numbers is None:
            return "nothing"
        if self._numbers.tangents is not None:
            return "tangent"
        of_a_number = len(self._drawn.results) == 1 and not self._walk.node(self._walk.of).shape
        if of_a_number:
            return "gradient"
        return "nothing" if self._has_arrays else "local partial"

    # -- boxes --------------------------------------------------------------------------------

    def inside(self, box: Box) -> str:
        """The sign of a gate, the name of a neuron or leaf."""
        if box.is_collapsed:
            named = [m for m in box.members if not self._walk.circuit[m].generated] or [box.name]
            ends = dict.fromkeys([clip(named[0], 8), clip(named[-1], 8)])
            return " … ".join(ends)
        if box.role != "computed" or self._drawn.view == "neurons":
            return clip(box.name, _LONGEST_NAME)
        return sign(self._node(box).formula, self._printer.functions)

    def caption(self, box: Box) -> Labels:
        """What stands below a box: the formula, and the gradient where several wires leave."""
        lines = []
        if box.is_collapsed:
            what = f"{ROLE_NAMES[box.role]}s" if box.role != "computed" else self._drawn.view
            lines.append(Label(f"{box.count} {what}", "note"))
        elif box.role == "computed":
            lines.append(Label(self._formula(box), "text"))
        several = self._fan_out[box.name] > 1 and not box.is_collapsed
        if self._shows_gradients and several and box.name not in self._drawn.results:
            partial = self._printer.partial(clip(self._walk.of, 8), clip(box.name, 8))
            lines.append(Label(f"{partial} = {self._adjoint(box.name)}", "gradient"))
        return tuple(lines)

    def tip(self, box: Box) -> str:
        """The whole story of a box, for a pointer that rests on it and for screen readers."""
        if box.is_collapsed:
            return clip(f"{len(box.members)} nodes: {', '.join(box.members[:40])}", _LONGEST_TIP)
        if box.role != "computed":
            return f"{box.name}: {ROLE_NAMES[box.role]}"
        nodes = [self._walk.circuit[m] for m in reversed(box.members)]
        return clip("; ".join(f"{n.name} = {self._print(n)}" for n in nodes), _LONGEST_TIP)

    def _node(self, box: Box) -> Node:
        return self._walk.circuit[box.members[-1]]

    def _formula(self, box: Box) -> str:
        if self._drawn.view == "gates":
            text = f"{box.name} = {self._print(self._node(box))}"
            return text if len(text) <= _LONGEST_CAPTION else clip(box.name, _LONGEST_CAPTION)
        text = self._neuron(box)
        if len(text) <= _LONGEST_CAPTION:
            return text
        outer = sign(self._node(box).formula, self._printer.functions)
        return f"{outer}(Σ)" if len(box.members) > 1 else outer

    def _neuron(self, box: Box) -> str:
        """The formula of a neuron, its net input written out: σ(w3·x3 + w4·x4)."""
        expr = self._node(box).formula
        if len(box.members) > 1:
            net = self._walk.circuit[box.members[0]]
            if len(net.operands) > _LARGEST_FORMULA:
                return "…" * (_LONGEST_CAPTION + 1)
            expr = expr.func(net.formula, *expr.args[1:], evaluate=False)
        return self._printer.print(expr)

    def _print(self, node: Node) -> str:
        if len(node.operands) > _LARGEST_FORMULA:
            return f"{len(node.operands)} operands"
        return self._printer.print(node.formula)

    # -- wires --------------------------------------------------------------------------------

    def on_wire(self, wire: Wire) -> tuple[Labels, Labels]:
        """The lines above and below a wire."""
        if len(wire.edges) > 1:
            count = Label(f"{len(wire.edges)} wires", "note")
            return (count,), ()
        above = [Label(t, "weight") for t in self._weights(wire)]
        below: list[Label] = []
        if self._numbers is not None:
            operand = wire.edges[0][1]
            value = short_number(self._numbers.values.get(operand))
            several = self._fan_out[wire.tail] > 1  # then the name says whose value it is
            above.append(Label(f"{clip(operand, 8)} = {value}" if several else value, "value"))
            below += self._below(wire, several)
        return tuple(above), tuple(below)

    def _below(self, wire: Wire, several: bool) -> list[Label]:
        """What passes back along a wire, or how fast its value moves."""
        if self.below == "nothing":
            return []
        if self.below == "tangent":
            operand = wire.edges[0][1]
            name = f"{clip(operand, 8)} = " if several else " "
            texts = [f"d{name}{self._tangent(operand)}"]
            texts += [f"d{clip(w, _LONGEST_NAME)} {self._tangent(w)}" for _, w in wire.weights]
            return [Label(text, "gradient") for text in texts]
        texts = [f"∂ {self._along(*wire.edges[0])}"]
        texts += [
            f"∂{clip(weight, _LONGEST_NAME)} {self._along(node, weight)}"
            for node, weight in wire.weights
        ]
        return [Label(text, "gradient") for text in texts]

    def _weights(self, wire: Wire) -> list[str]:
        """The factor on a neuron's wire, and the numbers of the parameters in it."""
        if not wire.weights:
            return []
        factor = self._partials.get(wire.edges[0])
        names = [weight for _, weight in wire.weights]
        plain = factor is None or factor.is_Symbol
        lines = [] if plain and self._numbers else [self._factor(factor, names)]
        if self._numbers is not None:
            values = self._numbers.values
            lines += [f"{clip(n, _LONGEST_NAME)} = {short_number(values.get(n))}" for n in names]
        return lines

    def _factor(self, factor: object, names: Sequence[str]) -> str:
        text = self._printer.print(factor) if factor is not None else " + ".join(names)
        return clip(text, _LONGEST_CAPTION)

    def _along(self, node: str, operand: str) -> str:
        """What an edge contributes to the gradient, or its local partial."""
        assert self._numbers is not None
        if (node, operand) not in self._partials and not self._has_arrays:
            return number(0.0)  # the reverse pass has proved the local partial zero
        numbers = self._numbers
        known = numbers.contributions if self._shows_gradients else numbers.partials
        return short_number(known.get((node, operand)))

    def _adjoint(self, name: str) -> str:
        assert self._numbers is not None
        if not self._walk.into.get(name) and not self._has_arrays:
            return number(0.0)
        return short_number(self._numbers.adjoints.get(name))

    @property
    def _shows_gradients(self) -> bool:
        return self.below == "gradient"

    @property
    def direction(self) -> str:
        """The leaves that move, and how fast; nothing where gradients are shown."""
        if self._numbers is None or self._numbers.tangents is None:
            return ""
        moving = [n.name for n in self._walk.circuit.leaves if self._tangent(n.name) != number(0.0)]
        texts = [f"d{clip(name, 8)} = {self._tangent(name)}" for name in moving]
        return clip(", ".join(texts), 3 * _LONGEST_CAPTION) or "no leaf"

    def _tangent(self, name: str) -> str:
        assert self._numbers is not None and self._numbers.tangents is not None
        return number(self._numbers.tangents.get(name))

    def result(self, box: str) -> tuple[Labels, Labels]:
        """The lines on the wire that leaves a box with a result: its value, and the seed."""
        names = self._ends[box]
        if self._numbers is None or len(names) > 1:
            return (), ()
        (name,) = names
        above = (Label(short_number(self._numbers.values.get(name)), "value"),)
        if self.below == "tangent":
            return above, (Label(f"d {self._tangent(name)}", "gradient"),)
        return above, (Label("∂ 1", "gradient"),) if self._shows_gradients else ()

    # -- the whole ----------------------------------------------------------------------------

    def title(self) -> str:
        return f"Circuit {self.results}, {self._drawn.view} view"

    @property
    def results(self) -> str:
        """The names of what the circuit leads to."""
        return clip(", ".join(self._drawn.results), _LONGEST_TIP)

    def reading(self, direction: str) -> Label | None:
        """How to read what stands below a wire, in words that follow those of a picture."""
        texts = {
            "gradient": f"the gradient of {clip(self._walk.of, _LONGEST_NAME)} {direction}",
            "tangent": f"its tangent along {self.direction}",
            "local partial": "the local partial along the wire",
        }
        return Label(texts[self.below], "gradient") if self.below in texts else None

    def notes(self) -> list[Label]:
        """The foot of the picture: how to read the numbers, and what was collapsed."""
        lines = []
        if self._numbers is not None:
            of = clip(self._walk.of, _LONGEST_NAME)
            lines.append(Label("above each wire: its value", "value"))
            if self.below in _BELOW:
                below = _BELOW[self.below].format(of=of, direction=self.direction)
                lines.append(Label(below, "gradient"))
            else:
                lines.append(Label(f"no gradients: {self._arrays()}", "note"))
            if self._numbers.has_stable_form and self._shows_gradients:
                inner = f"inner gradients: as typed; {of} and those of leaves: stable form"
                lines.append(Label(inner, "note"))
        if self._numbers is not None and self._has_arrays:
            lines.append(Label("‖·‖: the norm of an array", "note"))
        if self._drawn.is_collapsed:
            boxes = len(self._drawn.boxes)
            text = f"{self._drawn.nodes} nodes, collapsed to {boxes} boxes"
            lines.append(Label(text, "note"))
        return lines

    def _arrays(self) -> str:
        """Why no gradient flows back."""
        arrays = [n for n in self._drawn.results if self._walk.node(n).shape]
        if not arrays:
            return "arrays lead to several results"
        names = clip(", ".join(arrays), _LONGEST_CAPTION)
        return f"{names} is an array" if len(arrays) == 1 else f"{names} are arrays"

    def description(self) -> str:
        """The picture in words: every box, then every wire with its numbers."""
        boxes = [self.tip(b) for b in self._drawn.boxes]
        wires = []
        for wire in self._drawn.wires:
            above, below = self.on_wire(wire)
            texts = ", ".join(line.text for line in (*above, *below))
            wires.append(f"{wire.tail} → {wire.head}" + (f": {texts}" if texts else ""))
        return ". ".join([*boxes, *wires]) + "."


def number(value: float | None) -> str:
    """At most six significant digits with a Unicode minus; "—" where nothing was computed."""
    if value is None:
        return NOT_COMPUTED
    if math.isnan(value):
        return "undefined"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if 0 < abs(value) < sys.float_info.min:
        return ALMOST_ZERO
    return f"{value:.{DIGITS}g}".replace("-", "−")


def short_number(value: Any) -> str:
    """A number, the entries of a short array, or the norm of a longer one.

    >>> short_number(Entries([2], [0.5, -1.25])), short_number(Entries([4], [4.125] * 4))
    ('[0.5, −1.25]', '‖·‖ 8.25')
    """
    if not isinstance(value, Entries):
        return number(value)
    entries = ", ".join(f"{x:.3g}" for x in value.flat)
    if value.ndim == 1 and len(entries) + 2 <= LONGEST_ARRAY:
        return f"[{entries}]".replace("-", "−")
    return f"‖·‖ {math.hypot(*value.flat):.3g}".replace("-", "−")


__all__ = ["Below", "Label", "Labels", "Texts", "number", "short_number"]
