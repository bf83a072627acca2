"""One step at a time: what it says, why it holds, what it needs; and the shortest form of all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import Expr

from symback.derivation.adjoints import adjoint_sign, with_adjoints
from symback.derivation.record import Derivation, Step
from symback.derivation.text import ascii_words, folded, number_text
from symback.errors import CircuitError, UnknownName, nearest
from symback.reverse import Edge
from symback.targets.text import AsciiPrinter, TextPrinter

NOT_KNOWN = "—"  # a number that nobody has asked for is no zero


class Shown(str):
    """A text that shows itself as it is where a session prints a result."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def step_text(derivation: Derivation, step: Step, *, ascii: bool = False) -> Shown:
    """A step with its number, its kind, both sides and what it needs."""
    return Shown("\n".join(_Detail(derivation, ascii).lines(step)))


def why_text(derivation: Derivation, step: Step, *, ascii: bool = False) -> Shown:
    """Why a step holds, with the steps that it needs."""
    detail = _Detail(derivation, ascii)
    lines = [*folded("because ", detail.words(step.why))]
    for number in step.depends:
        lines += detail.lines(derivation.steps[number - 1], short=True)
    return Shown("\n".join(lines))


def full_text(derivation: Derivation, *, ascii: bool = False) -> str:
    """Every step in its order."""
    detail = _Detail(derivation, ascii)
    lines = [detail.title(), ""]
    for step in derivation.steps:
        lines += detail.lines(step)
    return "\n".join(lines) + "\n"


def brief_text(derivation: Derivation, *, ascii: bool = False) -> str:
    """The results only, one line a partial."""
    detail = _Detail(derivation, ascii)
    lines = []
    for name in derivation.wrt:
        left = detail.printer.partial(derivation.of, name)
        last = [s for s in derivation.steps if s.left == (derivation.of, name)][-1:]
        right = detail.right(last[0]) if last else "1"
        lines += folded(f"{left} = ", right)
    return "\n".join(lines) + "\n"


class _Detail:
    def __init__(self, derivation: Derivation, ascii: bool) -> None:
        self._derivation = derivation
        self._ascii = ascii
        self.printer = with_adjoints(AsciiPrinter if ascii else TextPrinter, derivation.walk)
        self._numbers = derivation.numbers() if derivation.values else {}
        self._told: dict[str, int] = {}  # rules that were told, with the step

    def title(self) -> str:
        derivation = self._derivation
        if len(derivation.wrt) == 1:
            return f"{self.printer.partial(derivation.of, derivation.wrt[0])}, step by step"
        return f"All partials of {derivation.of}, step by step"

    def words(self, text: str) -> str:
        return ascii_words(text) if self._ascii else text

    def left(self, step: Step) -> str:
        """What the step is about; by accumulation an edge adds to the adjoint of its operand."""
        if isinstance(step.left, str):
            return f"{step.left} ="
        derivation = self._derivation
        edges = derivation.view == "accumulation" and step.kind in ("edge", "simplify")
        if not edges or (step.left[0] == derivation.of and step.kind == "simplify"):
            return f"{self.printer.partial(*step.left)} ="
        several = len(derivation.walk.into[step.left[1]]) > 1
        sign = adjoint_sign(self.printer, derivation.walk, step.left[1])
        return f"{sign} {'gets' if several else '='}"

    def right(self, step: Step) -> str:
        return self.form(step.right)

    def form(self, form: Any) -> str:
        """An expression, a sum of chains, or a sum of products."""
        if isinstance(form, Expr):
            return self.printer.print(form)
        if form and form[0] and isinstance(form[0][0], tuple):
            return self.printer.chains(form)
        return self.printer.products(form)

    def lines(self, step: Step, *, short: bool = False) -> list[str]:
        width = len(str(len(self._derivation.steps))) + 3
        head = f"[{step.id}]".ljust(width)
        right = self.right(step)
        equation = f"{self.left(step)} {right}"
        if self._derivation.values:
            value = self._numbers.get(step.id)
            number = NOT_KNOWN if value is None else number_text(value)
            number = self.words(number).replace("-", self.printer.negative)
            equation += "" if number == right else f" = {number}"
        lines = folded(f"{head}{step.kind:<10} ", equation)
        if short:
            return lines
        indent = " " * (len(head) + 11)
        because = self._because(step)
        return [*lines, *folded(indent, because)] if because else lines

    def _because(self, step: Step) -> str:
        told = self._told.setdefault(step.why, step.id)
        parts = [self.words(step.why) if told == step.id else f"as in step {told}"]
        if step.depends:
            shown = ", ".join(map(str, step.depends[:8])) + (", …" if len(step.depends) > 8 else "")
            parts.append(f"from {shown}")
        return "; ".join(parts)


def path_text(derivation: Derivation, names: Sequence[str], *, ascii: bool = False) -> Shown:
    """The paths from the node to a name that lead over the other names, each with its product."""
    walk = derivation.walk
    wanted = [name for name in names if name != walk.of]
    for name in names:
        if name not in walk.circuit:
            known = [n.name for n in walk.circuit.nodes]
            raise UnknownName(f"the circuit has no node '{name}'{nearest(name, known)}")
    if not wanted:
        raise CircuitError("name the node that the path leads to, as in path('x3')")
    end = min(wanted, key=lambda n: -walk.order.index(n) if n in walk.order else 1)
    found = derivation.paths(end)
    if found is None:
        raise CircuitError(f"too many paths lead to '{end}' to list them; ask for a nearer node")
    through = [p for p in found if set(wanted) <= {e.operand for e in p}]
    if not through:
        raise CircuitError(f"no path leads from '{walk.of}' to '{end}' over {', '.join(wanted)}")
    detail = _Detail(derivation, ascii)
    return Shown("\n".join(line for path in through for line in _path_lines(detail, path)))


def _path_lines(detail: _Detail, path: Sequence[Edge]) -> list[str]:
    arrow = detail.words(" → ")
    route = arrow.join([path[0].node, *(edge.operand for edge in path)])
    chain = tuple((edge.node, edge.operand) for edge in path)
    lines = folded("", route)
    lines += folded("  ", detail.form((chain,)))
    return [*lines, *folded("  = ", detail.form((tuple(edge.partial for edge in path),)))]


__all__ = ["Shown", "brief_text", "full_text", "path_text", "step_text", "why_text"]
