"""Loops that are kept, as lines of text: their head, and each line of their turn."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from typing import TYPE_CHECKING, Any, TypeVar

from sympy import Symbol

from symback.operations.arrays import slice_
from symback.operations.arrays.loops import Turn, loop
from symback.operations.expressions import real_symbol
from symback.printing.printer import Printer

if TYPE_CHECKING:
    from symback.circuits.circuit import Circuit, Node

SomePrinter = TypeVar("SomePrinter", bound=Printer)


def turn_lines(circuit: Circuit, of: Any, printer: Printer) -> list[str]:
    """`for t in range(1, 9):` and below it h[t] = … for each line.

    >>> import symback as sb
    >>> from symback.printing.text import TextPrinter
    >>> c = sb.circuit("x: input[9, n]; a[0] = zeros(n)\\nfor t in range(9):\\n"
    ...                "    a[t + 1] = a[t]*x[t]\\nf = sum(a[9])")
    >>> print(*turn_lines(c, c["a"].formula, TextPrinter.of(c)), sep="\\n")
    for t in range(9):
        a[t + 1] = x[t] ∘ a[t]
    """
    turn: Turn = of.turn
    inner, named = of_turn(circuit, of, printer)
    stop = turn.start + turn.count
    bounds = f"{stop}" if turn.start == 0 else f"{turn.start}, {stop}"
    lines = [f"for {turn.variable} in range({bounds}):"]
    for name, line in turn.lines:
        lines.append(f"    {named[name].name} = {inner.print(line.xreplace(named))}")
    return lines


def of_turn(
    circuit: Circuit, of: Any, printer: SomePrinter
) -> tuple[SomePrinter, dict[Any, Symbol]]:
    """A printer of a turn's formulas, and the names as they are typed: h[t - 1] for h_before."""
    turn: Turn = of.turn
    named: dict[Any, Symbol] = {real_symbol(n): real_symbol(shown) for n, shown in turn.labels}
    inner = copy(printer)
    ranks = circuit.ranks
    order = dict(printer._order)
    for name, operand in zip(turn.operands, of.operands, strict=True):
        if name in named:
            like = min(operand.free_symbols, key=str).name
            order[named[name].name] = ranks.get(like, (0, 0, 0))
    for number, (name, _) in enumerate(turn.lines):
        order[named[name].name] = (len(circuit.nodes) + number, 0, 0)
    inner._order = order
    inner._keys = {}
    shapes = {named.get(real_symbol(n), real_symbol(n)).name: s for n, s in turn.shapes}
    inner.shapes = {**printer.shapes, **shapes}
    return inner, named


def step_signs(circuit: Circuit) -> dict[str, str]:
    """How people write the nodes that are one turn's value, such as h[T - 1], by their names."""
    found = {}
    for node, of in steps(circuit):
        turn: Turn = of.formula.turn
        first = next(f for s, family, f in turn.steps if family == of.name)
        entry = node.formula.args[1][0]
        if entry < 0:
            found[node.name] = f"{of.name}[{first + turn.count + entry}]"
    return found


def steps(circuit: Circuit) -> Iterator[tuple[Node, Node]]:
    """The nodes that are one turn's value, each with that of all turns."""
    for node in circuit.computed:
        if isinstance(node.formula, slice_) and node.formula.args[0].is_Symbol:
            of = circuit[node.formula.args[0].name]
            parts = node.formula.args[1]
            if isinstance(of.formula, loop) and len(parts) == 1 and parts[0].is_Integer:
                yield node, of


__all__ = ["of_turn", "step_signs", "steps", "turn_lines"]
