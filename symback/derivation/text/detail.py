"""One step at a time: what it says, why it holds, what it needs; and the shortest form of all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sympy import Expr, Symbol

from symback.autodiff.reverse import Edge
from symback.derivation.numbers.arrays import array_numbers
from symback.derivation.numbers.steps import NOT_KNOWN, DerivationNumbers, numbers_of
from symback.derivation.paths import listed_paths
from symback.derivation.record import Derivation, Detail, Step
from symback.derivation.steps import STABLE_FORM, is_chains
from symback.derivation.text.adjoints import (
    adjoint_sign,
    matrix_left,
    name_of,
    printer_of,
    with_adjoints,
)
from symback.derivation.text.normal import WIDTH, ascii_words, folded, title_of
from symback.derivation.text.numbers import is_whole, number_text, value_text
from symback.derivation.text.second import left_out
from symback.derivation.text.whole import to_text
from symback.errors import CircuitError, UnknownName, nearest
from symback.printing.text import AsciiPrinter, TextPrinter


class Shown(str):
    """A text that shows itself as it is where a session prints a result."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def text_in_detail(derivation: Derivation, detail: Detail, *, ascii: bool = False) -> str:
    """The derivation as text: "brief" (results), "normal" or "full" (every step and why)."""
    render = {"brief": brief_text, "normal": to_text, "full": full_text}.get(detail)
    if render is None:
        raise CircuitError(f"no detail '{detail}'; there are brief, normal and full")
    return render(derivation, ascii=ascii)


def step_text(derivation: Derivation, step: Step, *, ascii: bool = False) -> Shown:
    """A step with its number, its kind, both sides and what it needs."""
    return Shown("\n".join(_Detail(derivation, ascii).lines(step)))


def why_text(derivation: Derivation, step: Step, *, ascii: bool = False) -> Shown:
    """Why a step holds, with the steps that it needs."""
    detail = _Detail(derivation, ascii)
    words = detail.words(step.why)
    lines = folded("" if words.startswith("by ") else "because ", words)
    for number in step.depends:
        lines += detail.lines(derivation.steps[number - 1], short=True)
    return Shown("\n".join(lines))


def full_text(derivation: Derivation, *, ascii: bool = False) -> str:
    """Every step in its order."""
    detail = _Detail(derivation, ascii)
    lines = [detail.title(), ""]
    for step in derivation.steps:
        lines += detail.lines(step)
    for asked in derivation.asked:
        lines += left_out(derivation, detail.printer, asked)
    return "\n".join(lines) + "\n"


def brief_text(derivation: Derivation, *, ascii: bool = False) -> str:
    """The results only, one line a partial."""
    detail = _Detail(derivation, ascii)
    lines = []
    for asked in derivation.asked:
        left = detail.printer.partial(*asked)
        about = [s for s in derivation.steps if s.left == asked]
        last = [s for s in about if s.kind not in STABLE_FORM][-1:]
        shown = matrix_left(detail.printer, derivation, last[0]) if last else left
        right = detail.right(last[0]) if last else "1"
        lines += folded(f"{shown} = ", right)
        for step in (s for s in about if s.kind in STABLE_FORM):
            own = matrix_left(detail.printer, derivation, step)
            own = f"{'':<{len(shown)}}" if own == shown else own
            lines += folded(f"{own} = ", f"{detail.right(step)}   ({step.rule})")
        lines += left_out(derivation, detail.printer, asked)
    return "\n".join(lines) + "\n"


class InPlace(TextPrinter):
    """Prints formulas with values in place of names."""

    values: Mapping[str, str] = {}

    def filled(self, expr: Expr, width: int) -> str:
        """The formula with its values, or nothing where they don't fit."""
        names = [s.name for s in expr.free_symbols]
        if not names or not all(is_whole(self.values.get(n, "…")) for n in names):
            return ""
        text = self.print(expr)
        return text if len(text) <= width else ""

    def symbol(self, symbol: Symbol) -> str:
        text = self.values[symbol.name]
        return self.bracket(text) if text.startswith(self.negative) else text


class AsciiInPlace(InPlace, AsciiPrinter):
    """The same in ASCII."""


class _Detail:
    def __init__(self, derivation: Derivation, ascii: bool) -> None:
        self._derivation = derivation
        self._ascii = ascii
        kind = AsciiPrinter if ascii else TextPrinter
        self.printer = printer_of(kind, derivation, adjoints=True)
        self._numbers = numbers_of(derivation) if derivation.values else DerivationNumbers()
        self._first: dict[str, int] = {}  # rules that were given, with the step
        self._in_place = self._numbers_in_place() if derivation.values else None

    def _numbers_in_place(self) -> InPlace | None:
        """A printer of formulas with the values of arrays in place of their names."""
        derivation = self._derivation
        if not derivation.walk.circuit.has_arrays:
            return None
        found = array_numbers(derivation)
        printer = with_adjoints(AsciiInPlace if self._ascii else InPlace, derivation.walk)
        values = {name: self._value(v, WIDTH) for name, v in found.values.items()}
        for name, value in found.adjoints.items():
            if name not in printer.adjoints:  # of a matrix
                continue
            values[printer.adjoints[name].name] = self._value(value, WIDTH)
        printer.values = values
        return printer

    def title(self) -> str:
        title = title_of(self._derivation, self.printer)
        return f"{title}, step by step"

    def words(self, text: str) -> str:
        return ascii_words(text) if self._ascii else text

    def left(self, step: Step) -> str:
        """What the step is about; by accumulation an edge adds to the adjoint of its operand."""
        if isinstance(step.left, str):
            return f"{name_of(self.printer, step)} ="
        derivation = self._derivation
        if len(step.left) > 2 or step.is_product:
            return f"{matrix_left(self.printer, derivation, step)} ="
        edges = derivation.view != "paths" and step.kind in ("edge", "simplify")
        if not edges or (step.left[0] == derivation.of and step.kind == "simplify"):
            is_local = step.kind in ("edge", "curvature")
            partial = self.printer.edge if is_local else self.printer.partial
            return f"{partial(*step.left)} ="
        several = len(derivation.walk.into[step.left[1]]) > 1
        sign = adjoint_sign(self.printer, derivation.walk, step.left[1])
        return f"{sign} {'+=' if several else '='}"

    def right(self, step: Step) -> str:
        before = f"{self.form(step.before)} = " if step.kind == "rewrite" else ""
        return before + self.form(step.right)

    def form(self, form: Any) -> str:
        """An expression, a sum of chains, or a sum of products."""
        if isinstance(form, Expr):
            return self.printer.print(form)
        return (self.printer.chains if is_chains(form) else self.printer.products)(form)

    def lines(self, step: Step, *, short: bool = False) -> list[str]:
        width = len(str(len(self._derivation.steps))) + 3
        head = f"[{step.id}]".ljust(width)
        right = self.right(step)
        equation = f"{self.left(step)} {right}"
        if self._in_place is not None:
            return self._with_arrays(f"{head}{step.kind:<10} ", equation, step, short)
        if self._derivation.values:
            value = self._numbers.steps.get(step.id)
            number = NOT_KNOWN if value is None else number_text(value)
            number = self.printer.numeral(self.words(number))
            remark = self._remark(step, number_text)
            shown = f" ({remark})" if remark else f" = {number}"
            equation += "" if number == right else shown
        lines = folded(f"{head}{step.kind:<10} ", equation)
        if short:
            return lines
        return lines + self._reason(step, len(head) + 11)

    def _remark(self, step: Step, text: Callable[[Any], str]) -> str:
        """The numbers as typed and of the stable form, where the former is marked."""
        return self.printer.numeral(self.words(self._numbers.remark(step, text)))

    def _reason(self, step: Step, indent: int) -> list[str]:
        because = self._because(step)
        return folded(" " * indent, because) if because else []

    def _with_arrays(self, start: str, equation: str, step: Step, short: bool) -> list[str]:
        """The equation, the same with numbers in place where that fits a line, and the value."""
        assert self._in_place is not None
        lines, indent = folded(start, equation), " " * len(start)
        value = self._numbers.steps.get(step.id)
        texts = [] if value is None else [self._value(value, WIDTH - len(start) - 2)]
        if value is not None and isinstance(step.right, Expr):
            texts.insert(0, self._in_place.filled(step.right, WIDTH - len(start) - 2))
        if remark := self._remark(step, lambda v: value_text(v, (WIDTH - len(start)) // 3)):
            texts = [*texts[:-1], remark]
        texts = [text for text in dict.fromkeys(texts) if text] or [self.words(NOT_KNOWN)]
        if texts != [self.right(step)]:
            lines += [f"{indent}= {text}" for text in texts]
        return lines if short else lines + self._reason(step, len(start))

    def _value(self, value: Any, width: int) -> str:
        dots = "..." if self._ascii else "…"
        return self.printer.numeral(value_text(value, width, dots))

    def _because(self, step: Step) -> str:
        first = self._first.setdefault(step.why, step.id)
        parts = [self.words(step.why) if first == step.id else f"as in step {first}"]
        if step.depends:
            shown = ", ".join(map(str, step.depends[:8])) + (", …" if len(step.depends) > 8 else "")
            parts.append(f"from {shown}")
        return "; ".join(parts)


def path_text(derivation: Derivation, names: Sequence[str], *, ascii: bool = False) -> Shown:
    """The paths from the node to a name that lead over the other names, each with its product."""
    rows = {walk.of: walk for walk in derivation.walks}
    walk = next((rows[name] for name in names if name in rows), derivation.walk)
    wanted = [name for name in names if name != walk.of]
    for name in names:
        if name not in walk.circuit:
            known = [n.name for n in walk.circuit.nodes]
            raise UnknownName(f"the circuit has no node '{name}'{nearest(name, known)}")
    if not wanted:
        raise CircuitError("name the node that the path leads to, as in path('x3')")
    end = min(wanted, key=lambda n: -walk.order.index(n) if n in walk.order else 1)
    found = listed_paths(walk, end)
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
