"""Adjoints in print: δz where code has z_bar."""

from __future__ import annotations

from typing import TypeVar

from symback.autodiff.reverse import ReversePass
from symback.derivation.accumulation import adjoint_names
from symback.printing.latex import LatexPrinter, name_in_latex
from symback.printing.printer import Printer
from symback.printing.text import AsciiPrinter, TextPrinter

P = TypeVar("P", bound=Printer)


def with_adjoints(kind: type[P], walk: ReversePass) -> P:
    """A printer that knows the shapes and the signs of a walk's adjoints."""
    printer = kind.of(walk.circuit)
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


__all__ = ["adjoint_sign", "with_adjoints"]
