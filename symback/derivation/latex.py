"""A derivation as LaTeX and as Markdown with LaTeX: the same steps as the text."""

from __future__ import annotations

from sympy import Expr

from symback.derivation.accumulation import ONE
from symback.derivation.adjoints import adjoint_sign, with_adjoints
from symback.derivation.record import Derivation, Step, slopes_of
from symback.targets.latex import LatexPrinter, name_in_latex


def to_latex(derivation: Derivation) -> str:
    """One align* environment a section, to be used with the package amsmath."""
    parts = []
    for title, rows in _sections(derivation):
        body = " \\\\\n".join(f"  {row}" for row in rows)
        parts.append(f"% {title}\n\\begin{{align*}}\n{body}\n\\end{{align*}}\n")
    return "\n".join(parts)


def to_markdown(derivation: Derivation) -> str:
    """A heading and a displayed formula a section, as notebooks and web pages render it."""
    parts = []
    for title, rows in _sections(derivation):
        body = " \\\\\n".join(rows)
        parts.append(f"**{title}**\n\n$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$\n")
    return "\n".join(parts)


def _sections(derivation: Derivation) -> list[tuple[str, list[str]]]:
    adjoints = derivation.view == "accumulation"
    walk = derivation.walk
    printer = with_adjoints(LatexPrinter, walk) if adjoints else LatexPrinter.of(walk.circuit)
    of = name_in_latex(derivation.of)
    forward = [
        f"{name_in_latex(s.node)} &= {printer.print(s.right)}"
        for s in derivation.steps
        if s.kind == "forward"
    ]
    sections = [("Forward", forward)]
    if adjoints:
        sections += _backward(derivation, printer)
    else:
        edges = [
            f"{printer.partial(*s.left)} &= {printer.print(s.right)}"
            for s in derivation.steps
            if s.kind == "edge"
        ]
        sections += [("Local partials", edges)] if edges else []
    for name in derivation.wrt:
        title = f"Partial of ${of}$ by ${name_in_latex(name)}$"
        sections.append((title, _partial(derivation, name, printer)))
    if derivation.values:
        nodes, partials = derivation.evaluated()
        rows = [f"{name_in_latex(n)} &= {_number(v)}" for n, v in nodes.items()]
        rows += [
            f"{printer.partial(derivation.of, n)} &= {_number(v)}" for n, v in partials.items()
        ]
        sections.append(("At the given point", rows))
    return sections


def _backward(derivation: Derivation, printer: LatexPrinter) -> list[tuple[str, list[str]]]:
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
        relation = "&=" if len(walk.into[name]) == 1 or step.kind == "sum" else r"&\leftarrow"
        left = "" if step.kind == "simplify" else sign
        rows.append(f"{left} {relation} {printer.print(step.right)}")
    title = rf"Backward, $\delta_{{v}}$ being ${printer.partial(walk.of, 'v')}$"
    return [(title, rows)] if rows else []


def _partial(derivation: Derivation, name: str, printer: LatexPrinter) -> list[str]:
    rows: list[str] = []
    left = printer.partial(derivation.of, name)
    for step in derivation.steps:
        if step.left == (derivation.of, name) and step.kind not in ("edge", "seed"):
            right = _right(step, printer)
            if step.kind == "expand":
                rows += [
                    f"{printer.print(slope)} &= {printer.print(expanded)}"
                    for slope, expanded in slopes_of(derivation)
                ]
            if right != left and (not rows or not rows[-1].endswith(f"&= {right}")):
                rows.append(f"{left if not rows or step.kind == 'expand' else ''} &= {right}")
    return rows


def _right(step: Step, printer: LatexPrinter) -> str:
    if isinstance(step.right, Expr):
        return printer.print(step.right)
    if step.kind == "sum":
        return " + ".join(printer.chain(c) for c in step.right)
    return printer.products(step.right)


def _number(value: float) -> str:
    mantissa, sign, power = f"{value:.6g}".partition("e")
    return rf"{mantissa} \cdot 10^{{{int(power)}}}" if sign else mantissa
