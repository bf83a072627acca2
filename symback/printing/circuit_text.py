"""Circuit text, printed: the ASCII form of the language, which `symback.circuit` reads back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from sympy import S
from sympy.logic.boolalg import And, Or

from symback.circuits.names import VARIABLE_TOO, other_spelling
from symback.circuits.requirements import stated_in
from symback.operations.arrays.loops import loop
from symback.operations.elementwise import BY_HEAD, SLOPES
from symback.operations.shapes import shown
from symback.operations.stated import stated
from symback.printing.array_notation import NOTATION
from symback.printing.loops import step_signs, steps, turn_lines
from symback.printing.printer import Printer

if TYPE_CHECKING:
    from symback.circuits.circuit import Circuit, Node

LONGEST_NOTE = 96


class NotationPrinter(Printer):
    """Prints expressions as circuit text."""

    functions: ClassVar = {
        **{head: op.name for head, op in BY_HEAD.items()},
        **{slope: f"{op.name}_prime" for slope, op in SLOPES.items()},
    }
    arrays: ClassVar = NOTATION
    constants: ClassVar = {S.Pi: "pi", S.Exp1: "exp(1)"}

    def call(self, name: str, args: Sequence[str]) -> str:
        if name in VARIABLE_TOO and name in self._order:  # a node has that name
            name = other_spelling(name)
        return super().call(name, args)

    def connective(self, condition: Any) -> str:
        if isinstance(condition, And | Or):
            sign = " & " if isinstance(condition, And) else " | "
            parts = sorted(f"({self.condition(part)})" for part in condition.args)
            return sign.join(parts)
        return super().connective(condition)


def circuit_text(circuit: Circuit) -> str:
    """The circuit, one line a node, every role declared."""
    printer = NotationPrinter.of(circuit)
    lines = []
    run: list[str] = []
    role = None
    for node in circuit.leaves:
        if node.role != role or node.role == "param":
            lines += ["; ".join(run)] if run else []
            run = []
        role = node.role
        initial = "" if node.initial is None else f" = {node.initial!r}"
        shape = shown(node.shape) if node.shape else ""
        run.append(f"{node.name}: {node.role}{shape}{initial}")
    lines += ["; ".join(run)] if run else []
    lines += definitions(circuit, printer)
    if circuit.loss is None:
        lines.append("loss: none")
    return "\n".join(lines) + "\n"


def definitions(
    circuit: Circuit, printer: Printer, only: Collection[str] | None = None
) -> list[str]:
    """The lines of the computed nodes, or of some of them: those of a loop once, none for what one
    turn has.
    """
    printer.signs = {**printer.signs, **step_signs(circuit)}
    implied = {node.name for node, _ in steps(circuit)}
    lines, done = [], set()
    for node in _in_text(circuit):
        formula: Any = node.formula
        if only is not None and node.name not in only:
            continue
        if isinstance(formula, loop):
            lines += [] if formula.group in done else turn_lines(circuit, formula, printer)
            done.add(formula.group)
        elif node.name not in implied:
            mark = _mark(circuit, node)
            lines.append(f"{node.name}{mark} = {printer.print(formula)}")
    return lines


def rewrite_notes(circuit: Circuit) -> dict[str, str]:
    """`# s = 1/(1 + exp(-z)), as sigma: …` for each node whose typed formula was rewritten, and a
    remark on each whose derivative is stated.
    """
    printer = NotationPrinter.of(circuit)
    found = {node.name: f"# {node}: its derivative is stated, not derived"
             for node, _ in stated_in(circuit)}  # fmt: skip
    for rewrite in circuit.rewrites:
        typed = f"# {rewrite.node} = {printer.print(rewrite.before)}, as {rewrite.rule}"
        whole = f"{typed}: {rewrite.why}"
        short = f"# {rewrite.node}, as {rewrite.rule}: {rewrite.why}"
        fitting = (t for t in (whole, typed, short) if len(t) <= LONGEST_NOTE)
        found[rewrite.node] = next(fitting, f"# {rewrite.node}, rewritten to keep digits")
    return found


def stated_sentences(circuit: Circuit) -> tuple[str, ...]:
    """A sentence for each derivative that the circuit states."""
    printer = NotationPrinter.of(circuit)
    found = []
    for node, part in stated_in(circuit):
        if isinstance(part, stated):
            by, slope = map(printer.print, part.args[1:])
        else:
            by, slope = printer.print(part.args[0]), "0"
        found.append(f"stated, not derived: in {node}, the derivative by {by} is {slope}")
    return tuple(dict.fromkeys(found))


def _mark(circuit: Circuit, node: Node) -> str:
    if node == circuit.loss:
        return ": loss"
    return ": output" if node in circuit.outputs else ""


def _in_text(circuit: Circuit) -> list[Node]:
    """The computed nodes that have a line: not what stacks the outputs, which stand in order."""
    nodes = [n for n in circuit.computed if n != circuit.stack]
    if [n.name for n in nodes if n.name in circuit.stacked] == [*circuit.stacked]:
        return nodes
    return [*circuit.outputs, *(n for n in nodes if n not in circuit.outputs)]


__all__ = ["NotationPrinter", "circuit_text", "definitions", "rewrite_notes", "stated_sentences"]
