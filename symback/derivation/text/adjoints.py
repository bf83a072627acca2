"""Printers along a walk: δz where code has z_bar, ∂⁺f/∂x for an edge that is not all of ∂f/∂x."""

from __future__ import annotations

from typing import TypeVar

from symback.autodiff.reverse import ReversePass
from symback.derivation.accumulation import adjoint_names
from symback.derivation.paths import direct_edges
from symback.derivation.record import Derivation
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
    return printer


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


__all__ = ["adjoint_sign", "printer_along", "printer_of", "with_adjoints"]
