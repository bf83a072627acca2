"""The programs and the lines of a page of a Jacobian or Hessian of numbers, which sliders move.

Beside the values of the nodes and the partials of the node there is a row for each local partial,
each curvature, and each sum over products of these, in the order of the steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sympy import Expr

from symback.autodiff.partials import is_choice
from symback.codegen.javascript.printer import JavaScriptPrinter, row
from symback.derivation.numbers.links import Link, below
from symback.derivation.page.lines import MOST_SLOTS, Pieces, slots_of
from symback.derivation.page.live import Known, Programs, programs_along
from symback.derivation.record import Derivation, Step
from symback.derivation.steps import Left
from symback.derivation.walks import joined


def has_stable_form(derivation: Derivation) -> bool:
    """Whether an entry is computed by other formulas than those that were typed."""
    return any(row.stable for row in (derivation, *derivation.rows))


def matrix_programs(derivation: Derivation) -> Programs:
    """Those of the walk, of a Jacobian of its first row with the values and the local partials of
    the others, and the entries of all steps."""
    printed = programs_along(derivation.walks[0])
    circuit = derivation.walk.circuit
    printer = JavaScriptPrinter.of(circuit)
    tables = dict(printed.tables)
    own = {n.name for n in below(circuit, derivation.walks[0].of)}
    rest = [n for n in circuit.computed if n.name not in own]
    edges = joined(derivation.walks).edges
    tables["FORWARD"] = [
        *tables["FORWARD"],  # with what the backward rows read beside the nodes, such as slopes
        *(row([n.name], n.formula, printer) for n in rest),
    ]
    tables["LOCAL"] = [row([e.node, e.operand], e.partial, printer) for e in edges]
    tables["ENTRIES"] = list(_entries(derivation, printer))
    if has_stable_form(derivation):
        tables["STABLE_ENTRIES"] = [
            row(["stable", "whole", *step.left], step.right, printer)
            for step in derivation.stable_steps
            if step.kind == "stable"
        ]
    return Programs(tuple(tables.items()), printed.seed, printed.adjoints, printed.product)


def slot_of(left: Left, *, is_local: bool) -> str:
    """The slot of a partial: local f x, whole f x y."""
    return " ".join(("local" if is_local else "whole", *left))


def _entries(derivation: Derivation, printer: JavaScriptPrinter) -> Iterator[str]:
    choices: set[Left] = set()
    for step in derivation.typed_steps:
        left = step.left
        if isinstance(left, str) or step.kind == "seed":
            continue
        if step.kind in ("edge", "curvature"):
            if is_choice(step.right):
                choices.add(left)
            yield row(["local", *left], step.right, printer)
        elif step.kind == "sum":
            yield _row_of_sum(left, step.right, choices)
        elif "sum" not in derivation.results.get(left, {}) and step.kind == "simplify":
            yield row(["whole", *left], step.right, printer)


def _row_of_sum(left: Left, chains: Sequence[Any], choices: set[Left]) -> str:
    """Σ of products; a choice that is 0 passes nothing on, whatever the others are."""
    names: dict[str, str] = {}
    terms = []
    for chain in chains:
        factors, guards = [], []
        for link in chain:
            if not isinstance(link, tuple):
                factors.append(f"{int(link)}")
                continue
            argument = names.setdefault(_slot_of_link(link), f"a{len(names)}")
            factors.append(argument)
            guards += [argument] if tuple(link) in choices else []
        product = "*".join(factors) or "1"
        for guard in guards:
            product = f"({guard} === 0 ? 0 : {product})"
        terms.append(product)
    given, arguments = ", ".join(f'"{name}"' for name in names), ", ".join(names.values())
    name = slot_of(left, is_local=False)
    value = f"({arguments}) => {' + '.join(terms)}"
    return f'{{name: "{name}", from: [{given}], value: {value}}},'


def _slot_of_link(link: Any) -> str:
    from symback.circuits.program import Whole

    return slot_of(tuple(link), is_local=not isinstance(link, Whole))


class MatrixKnown(Known):
    """The step from which on a number of a matrix is known."""

    def __init__(self, derivation: Derivation) -> None:
        steps = derivation.typed_steps
        self._seen = {s.node: s.id for s in steps if s.kind == "forward"}
        self._leaves = {n.name for n in derivation.walk.circuit.leaves}
        self._last = max((s.id for s in steps if s.kind == "edge"), default=1)

    def at(self, slot: str) -> int | None:
        kind, *names = slot.split(" ")
        if kind == "value":
            return 0 if names[0] in self._leaves else self._seen.get(names[0])
        return self._last

    def contributions(self, name: str) -> list[Link]:
        return []


class MatrixLines:
    """The lines with numbers of the steps of a matrix."""

    def __init__(self, derivation: Derivation) -> None:
        self._print = slots_of(derivation.walk.circuit)
        self._sums = {s.left for s in derivation.typed_steps if s.kind == "sum"}

    def numbers(self, step: Step) -> list[Pieces]:
        if step.kind == "seed":
            return []
        if step.kind == "rewrite":
            return [["= ", [f"=stable value {step.left}"]]]
        if step.kind == "stable" and isinstance(step.left, tuple):
            return [["= ", [f"=stable {slot_of(step.left, is_local=False)}"]]]
        if isinstance(step.left, str):
            return [self._line(step.right, f"value {step.left}")]
        is_local = step.kind in ("edge", "curvature")
        result = slot_of(step.left, is_local=is_local)
        if step.kind == "sum":
            return [self._sum(step.right, result)]
        if not isinstance(step.right, Expr):
            return [["= ", [f"={result}"]]]
        return [self._line(step.right, result)]

    def _line(self, expr: Expr, result: str) -> Pieces:
        pieces = self._print(expr)
        slots = [piece for piece in pieces if isinstance(piece, list)]
        if not slots or len(slots) > MOST_SLOTS or len(pieces) == 1:
            return ["= ", [f"={result}"]]
        return ["= ", *pieces, " = ", [f"={result}"]]

    def _sum(self, chains: Sequence[Any], result: str) -> Pieces:
        pieces: Pieces = ["= "]
        for i, chain in enumerate(chains):
            pieces += [" + "] if i else []
            for j, link in enumerate(chain):
                pieces += [" · "] if j else []
                pieces.append([_slot_of_link(link)] if isinstance(link, tuple) else f"{int(link)}")
        if sum(isinstance(piece, list) for piece in pieces) > MOST_SLOTS:
            return ["= ", [f"={result}"]]
        return [*pieces, " = ", [f"={result}"]]


__all__ = ["MatrixKnown", "MatrixLines", "has_stable_form", "matrix_programs"]
