"""A derivation as LaTeX and as Markdown with LaTeX: the same steps as the text."""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Expr

from symback.derivation.accumulation import ONE
from symback.derivation.numbers.scalars import evaluated
from symback.derivation.record import Derivation, Step, slopes_of
from symback.derivation.text.adjoints import adjoint_sign, with_adjoints
from symback.derivation.text.numbers import value_latex
from symback.printing.latex import LatexPrinter, name_in_latex


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a section: left, relation, right, and the rule where one stands beside it."""

    left: str
    right: str
    relation: str = "="
    because: str = ""

    @property
    def aligned(self) -> str:
        return f"{self.left} &{self.relation} {self.right}"


Section = tuple[str, list[Row]]


def to_latex(derivation: Derivation) -> str:
    """One align* environment a section, to be used with the package amsmath."""
    parts = []
    for title, rows in sections(derivation):
        body = " \\\\\n".join(f"  {row.aligned}" for row in rows)
        parts.append(f"% {title}\n\\begin{{align*}}\n{body}\n\\end{{align*}}\n")
    return "\n".join(parts)


def to_markdown(derivation: Derivation) -> str:
    """A heading and a displayed formula a section, as notebooks and web pages render it."""
    parts = []
    for title, rows in sections(derivation):
        body = " \\\\\n".join(row.aligned for row in rows)
        parts.append(f"**{title}**\n\n$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$\n")
    return "\n".join(parts)


def printer_of(derivation: Derivation) -> LatexPrinter:
    """A printer that knows the adjoints where the derivation uses them."""
    if derivation.view == "accumulation":
        return with_adjoints(LatexPrinter, derivation.walk)
    return LatexPrinter.of(derivation.walk.circuit)


def sections(derivation: Derivation) -> list[Section]:
    """The titles and rows of a derivation."""
    printer = printer_of(derivation)
    of = name_in_latex(derivation.of)
    forward = [
        Row(name_in_latex(s.node), printer.print(s.right))
        for s in derivation.steps
        if s.kind == "forward"
    ]
    found: list[Section] = [("Forward", forward)]
    rewritten = [
        Row(name_in_latex(s.node), right_of(s, printer), because=s.rule)
        for s in derivation.steps
        if s.kind == "rewrite"
    ]
    found += [("Rewritten for numerical stability", rewritten)] if rewritten else []
    if derivation.view == "accumulation":
        found += _backward(derivation, printer)
    else:
        edges = [
            Row(printer.partial(*s.left), printer.print(s.right), because=s.rule)
            for s in derivation.steps
            if s.kind == "edge" and isinstance(s.left, tuple)
        ]
        found += [("Local partials", edges)] if edges else []
    for name in derivation.wrt:
        title = f"Partial derivative of ${of}$ with respect to ${name_in_latex(name)}$"
        found.append((title, _partial(derivation, name, printer)))
    if derivation.values:
        nodes, partials = evaluated(derivation)
        rows = [Row(name_in_latex(n), value_latex(v)) for n, v in nodes.items()]
        rows += [
            Row(printer.partial(derivation.of, n), value_latex(v)) for n, v in partials.items()
        ]
        found.append(("At the given point", rows))
    return found


def _backward(derivation: Derivation, printer: LatexPrinter) -> list[Section]:
    """Among arrays: what each edge gives to the adjoint of its operand."""
    walk = derivation.walk
    rows = []
    for step in derivation.steps:
        if step.kind not in ("edge", "sum", "simplify") or step.left[1] not in walk.into:
            continue
        if step.kind == "simplify" and step.rule != ONE:
            continue
        name = step.left[1]
        sign = adjoint_sign(printer, walk, name)
        relation = "=" if len(walk.into[name]) == 1 or step.kind == "sum" else r"\mathrel{+}="
        left = "" if step.kind == "simplify" else sign
        because = step.rule if step.kind == "edge" else ""
        rows.append(Row(left, printer.print(step.right), relation, because))
    title = rf"Backward pass, with $\delta_{{v}} = {printer.partial(walk.of, 'v')}$"
    return [(title, rows)] if rows else []


def _partial(derivation: Derivation, name: str, printer: LatexPrinter) -> list[Row]:
    rows: list[Row] = []
    left = printer.partial(derivation.of, name)
    for step in derivation.steps:
        if step.left == (derivation.of, name) and step.kind not in ("edge", "seed"):
            right = right_of(step, printer)
            if step.kind == "expand":
                rows += [
                    Row(printer.print(slope), printer.print(expanded))
                    for slope, expanded in slopes_of(derivation, step.before)
                ]
            if right != left and (not rows or rows[-1].right != right):
                rows.append(Row(left if not rows or step.kind == "expand" else "", right))
    return rows


def right_of(step: Step, printer: LatexPrinter) -> str:
    """The right-hand side: an expression, a sum of chains, or a sum of products."""
    if step.kind == "rewrite":
        return f"{printer.print(step.before)} = {printer.print(step.right)}"
    if isinstance(step.right, Expr):
        return printer.print(step.right)
    if step.kind == "sum":
        return " + ".join(printer.chain(c) for c in step.right)
    return printer.products(step.right)
