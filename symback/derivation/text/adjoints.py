"""Printers along a walk: δz where code has z_bar, ∂⁺f/∂x for an edge that is not all of ∂f/∂x."""

from __future__ import annotations

from typing import TypeVar

from symback.autodiff.names import Names
from symback.autodiff.reverse import ReversePass
from symback.derivation.accumulation import adjoint_names, differential_names
from symback.derivation.paths import direct_edges
from symback.derivation.record import Derivation, Step
from symback.operations.expressions import real_symbol
from symback.printing.latex import LatexPrinter, name_in_latex
from symback.printing.people import ForPeople
from symback.printing.printer import Printer
from symback.printing.text import AsciiPrinter, TextPrinter

P = TypeVar("P", bound=Printer)


def printer_along(kind: type[P], walk: ReversePass) -> P:
    """A printer that knows which edges of a walk are a part of the partial of their names."""
    printer = kind.of(walk.circuit)
    if isinstance(printer, ForPeople):
        printer.direct = direct_edges(walk)
    return printer


def printer_of(kind: type[P], derivation: Derivation, *, adjoints: bool = False) -> P:
    """A printer that knows which edges of all steps are a part of the partial of their names; and
    the adjoints where they are asked for."""
    printer = (with_adjoints if adjoints else printer_along)(kind, derivation.walk)
    if derivation.is_matrix and isinstance(printer, ForPeople):
        printer.direct = derivation.direct
    if derivation.view == "matrices":
        _add_differentials(printer, derivation)
    return printer


def _add_differentials(printer: Printer, derivation: Derivation) -> None:
    """The shapes and the signs of differentials: df, dδf, of the partial by a leaf d(∂f/∂w)."""
    walk = derivation.walk
    differentials, names = differential_names(walk)
    signs = dict(printer.signs)
    for symbol, (name, of_adjoint) in differentials.items():
        is_result = of_adjoint and walk.node(name).is_leaf
        if isinstance(printer, LatexPrinter):
            partial = rf"\left({printer.partial(walk.of, name)}\right)"
            inner = partial if is_result else printer.symbol(names.adjoint(name))
            inner = inner if of_adjoint else name_in_latex(name)
            signs[symbol.name] = rf"\mathrm{{d}}{inner}"
        elif isinstance(printer, TextPrinter):
            inner = f"({printer.partial(walk.of, name)})"
            if not is_result:
                inner = printer.symbol(names.adjoint(name)) if of_adjoint else name
            signs[symbol.name] = f"d{inner}"
    printer.shapes, printer.signs = names.shapes, signs


def name_of(printer: TextPrinter | LatexPrinter, step: Step) -> str:
    """The sign of what a step about a node, or about a differential, is about."""
    assert isinstance(step.left, str)
    if step.kind == "differential":
        return printer.symbol(real_symbol(step.left))
    return name_in_latex(step.left) if isinstance(printer, LatexPrinter) else step.left


def matrix_left(printer: TextPrinter | LatexPrinter, derivation: Derivation, step: Step) -> str:
    """The partial that a step is about; times a differential where only that product is known."""
    left = printer.partial(*step.left)
    if not step.is_product:
        return left
    moved = Names(derivation.walk.circuit).tangent(step.left[-1])
    return f"{left}{printer.times_sign}{printer.symbol(moved)}"


def with_adjoints(kind: type[P], walk: ReversePass) -> P:
    """The same; it knows the shapes and the signs of the adjoints as well."""
    printer = printer_along(kind, walk)
    adjoints, shapes = adjoint_names(walk)
    printer.shapes = shapes
    signs = {}
    for symbol, name in adjoints.items():
        if isinstance(printer, LatexPrinter):
            signs[symbol.name] = rf"\delta_{{{name_in_latex(name)}}}"
        elif isinstance(printer, TextPrinter) and not isinstance(printer, AsciiPrinter):
            signs[symbol.name] = f"δ{name}"
    printer.signs = signs
    printer.adjoints = {name: symbol for symbol, name in adjoints.items()}
    return printer


def adjoint_sign(printer: TextPrinter | LatexPrinter, walk: ReversePass, name: str) -> str:
    """δz, or ∂E/∂W of a leaf, which is what was asked for."""
    if walk.node(name).is_leaf:
        return printer.partial(walk.of, name)
    return printer.symbol(printer.adjoints[name])


__all__ = [
    "adjoint_sign",
    "matrix_left",
    "name_of",
    "printer_along",
    "printer_of",
    "with_adjoints",
]
