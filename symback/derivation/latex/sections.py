"""A derivation as LaTeX and as Markdown with LaTeX: the same steps as the text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest

from sympy import Expr

from symback.derivation.accumulation import ONE
from symback.derivation.hessian import kind_of_term
from symback.derivation.numbers.steps import known_numbers_of
from symback.derivation.record import LEFT_OUT, Derivation, Step, slopes_of
from symback.derivation.steps import NOT_RESULTS, STABLE_FORM, Left
from symback.derivation.text.adjoints import adjoint_sign, name_of
from symback.derivation.text.adjoints import printer_of as people_printer_of
from symback.derivation.text.numbers import value_latex
from symback.operations.functions import Slope
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
_WORDS = re.compile("as typed(?:: )?|; stable form: ")


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
    return people_printer_of(LatexPrinter, derivation, adjoints=derivation.view != "paths")


def sections(derivation: Derivation) -> list[Section]:
    """The titles and rows of a derivation."""
    printer = printer_of(derivation)
    forward = [
        Row(name_in_latex(s.node), printer.print(s.right))
        for s in derivation.steps
        if s.kind == "forward"
    ]
    found: list[Section] = [("Forward", forward)] if forward else []  # none of a leaf
    if derivation.view != "paths":
        found += _backward(derivation, printer)
    else:
        edges = [
            Row(printer.edge(*s.left), printer.print(s.right), because=s.rule)
            for s in derivation.steps
            if s.kind == "edge" and isinstance(s.left, tuple)
        ]
        alone = r"; $\partial^{+}$: along this edge alone" if derivation.direct else ""
        found += [(f"Local partials{alone}", edges)] if edges else []
    by_paths = derivation.view == "paths"
    found += (_second_order if by_paths else _differentials)(derivation, printer)
    for left in derivation.asked:
        found.append((title_of(left), _result(derivation, left, printer)))
    stable = [
        Row(
            left_of(s, printer),
            right_of(s, printer),
            because=s.rule if s.kind == "rewrite" else "",
        )
        for s in derivation.stable_steps
    ]
    found += [(derivation.stable_title, stable)] if stable else []
    if derivation.values:
        found.append(("At the given point", _numbers(derivation, printer)))
    return found


def _numbers(derivation: Derivation, printer: LatexPrinter) -> list[Row]:
    """What is given: nodes and results, and what they are as typed where that is another number."""
    found = known_numbers_of(derivation)
    nodes = (s for s in derivation.steps if s.kind == "forward" and s.node in found.nodes)
    rows = [(found.nodes[s.node], s) for s in nodes]
    of_partials = found.partials_of(derivation).items()
    rows += [(value, derivation.last_step_about(left)) for left, value in of_partials]
    return [
        Row(left_of(s, printer), value_latex(value) + remark_of(found.typed(s, value_latex)))
        for value, s in rows
    ]


def remark_of(remark: str) -> str:
    """What is said of a number behind it, its words as text."""
    words = _WORDS.sub(lambda found: rf"\text{{{found[0]}}}", remark)
    return rf" \quad ({words})" if remark else ""


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


def title_of(left: Left) -> str:
    """What a section about one partial is called."""
    of, *by = (f"${name_in_latex(name)}$" for name in left)
    kind = "Second partial" if len(by) > 1 else "Partial"
    return f"{kind} derivative of {of} with respect to {' and '.join(dict.fromkeys(by))}"


def _differentials(derivation: Derivation, printer: LatexPrinter) -> list[Section]:
    """Of matrices: the partials that move, and how all moves with the leaves."""
    if derivation.view != "matrices":
        return []
    asked = [(derivation.of, name) for name in derivation.wrt] if derivation.order > 1 else []
    found = [
        (title_of(left), _partial(derivation, left, printer))
        for left in asked
        if left in derivation.results
    ]
    rows = [
        Row(left_of(s, printer), printer.print(s.right), because=s.rule)
        for s in derivation.steps
        if s.kind == "differential"
    ]
    moved = ", ".join(rf"$\mathrm{{d}}{name_in_latex(name)}$" for name in derivation.wrt)
    return [*found, (f"Differentials, for any {moved}", rows)] if rows else found


def _second_order(derivation: Derivation, printer: LatexPrinter) -> list[Section]:
    """Of a Hessian: the second local partials, and the slopes of inner nodes."""
    curved = [
        Row(left_of(s, printer), printer.print(s.right), because=s.rule)
        for s in derivation.steps
        if s.kind == "curvature"
    ]
    slopes = [
        row
        for left in derivation.results
        if derivation.order > 1 and len(left) == 2
        for row in _partial(derivation, left, printer)
    ]
    found: list[Section] = [("Curvatures: second local partials", curved)] if curved else []
    return [*found, ("Slopes of inner nodes", slopes)] if slopes else found


def _result(derivation: Derivation, left: Left, printer: LatexPrinter) -> list[Row]:
    """How an asked partial follows; a second one from those of the nodes before."""
    by_nodes = derivation.order > 1 and derivation.view == "paths"
    inner = [n for n in derivation.results if n[1:] == left[1:]] if by_nodes else [left]
    rows = [row for about in inner for row in _partial(derivation, about, printer)]
    if derivation.is_left_out(left):
        of, *rest = LEFT_OUT.split("; ")
        rows.append(Row(printer.partial(*left), rf"\text{{{of};}}", r"\;"))
        rows += [Row("", rf"\text{{{words}}}", r"\;") for words in rest]
    return rows


def _terms(left: str, step: Step, printer: LatexPrinter) -> list[Row]:
    """The products of the second chain rule, a row each, with their kinds."""
    rows: list[Row] = []
    for chain in step.right:
        words, names = kind_of_term(chain)
        texts = [rf"\text{{{part}}}" if part else "" for part in words.split("{}")]
        symbols = [name_in_latex(name) for name in names]
        said = "".join(map("".join, zip_longest(texts, symbols, fillvalue="")))
        right = rf"{printer.chain(chain)} \quad ({said})"
        rows.append(Row("" if rows else left, right, r"\mathrel{+}" if rows else "="))
    return rows


def _partial(derivation: Derivation, about: Left, printer: LatexPrinter) -> list[Row]:
    rows: list[Row] = []
    left = printer.partial(*about)
    for step in derivation.steps:
        if step.left == about and step.kind not in (*NOT_RESULTS, *STABLE_FORM):
            if step.kind == "sum" and len(about) > 2:
                rows += _terms(left, step, printer)
                continue
            right = right_of(step, printer)
            if step.kind == "expand":
                rows += [
                    Row(printer.print(slope), printer.print(expanded))
                    for slope, expanded in _slopes_in(derivation, step.before)
                ]
            if step.kind == "product":
                rows.append(Row(left_of(step, printer), right, because=step.rule))
            elif right != left and (not rows or rows[-1].right != right):
                rows.append(Row(left if not rows or step.kind == "expand" else "", right))
    for block in derivation.blocks_of(about):
        right = printer.print(block.right)
        rows.append(Row(printer.partial(*block.left), right, because=block.rule))
    return rows


def _slopes_in(derivation: Derivation, before: Expr | None) -> list[tuple[Slope, Expr]]:
    return [] if before is None else slopes_of(derivation, before)


def left_of(step: Step, printer: LatexPrinter) -> str:
    """The left-hand side: a node or a partial."""
    if isinstance(step.left, str):
        return name_of(printer, step)
    if step.is_product:
        moved = rf"\mathrm{{d}}{name_in_latex(step.left[-1])}"
        return f"{printer.partial(*step.left)}{printer.times_sign}{moved}"
    is_local = step.kind in ("edge", "curvature")
    return printer.edge(*step.left) if is_local else printer.partial(*step.left)


def right_of(step: Step, printer: LatexPrinter) -> str:
    """The right-hand side: an expression, a sum of chains, or a sum of products."""
    if step.kind == "rewrite":
        return f"{printer.print(step.before)} = {printer.print(step.right)}"
    if isinstance(step.right, Expr):
        return printer.print(step.right)
    if step.kind == "sum":
        return " + ".join(printer.chain(c) for c in step.right)
    return printer.products(step.right)
