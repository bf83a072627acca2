"""Circuit → the texts that the module's template prints: every line, name and sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from symback.autodiff.closed_forms import Gradient
from symback.autodiff.cost import counted, operation_counts_of
from symback.autodiff.function import Port
from symback.autodiff.lower import NAMES, Lowered, distributed, lower, optimised, plain
from symback.circuits.circuit import Circuit
from symback.circuits.loops import has_loops
from symback.codegen.functions import lowered_names
from symback.codegen.header import NUMPY_ONLY, Head, Header
from symback.codegen.numpy.functions import BLOCK_ROWS, FunctionText, FunctionWriter
from symback.codegen.numpy.printer import kernel_sources
from symback.codegen.numpy.shapes import (
    ArrayText,
    FaceText,
    ObjectiveText,
    array_text,
    face_text,
    fields,
    objective_text,
)
from symback.errors import TooLarge
from symback.operations.simplify import weight
from symback.printing.circuit_text import circuit_text, definitions
from symback.printing.text import TextPrinter

if TYPE_CHECKING:
    from symback.codegen.numpy.derivatives import DerivativeText

MOST_FORMULAS = 60  # nodes that a docstring lists
MOST_PARTIALS = 40  # partials that a docstring lists
LARGEST_PARTIAL = 60  # operations of one that it lists
LARGEST_DESCRIBED = 400  # operations of a circuit whose partials it lists


@dataclass(frozen=True, slots=True)
class ModuleText:
    """What the templates of a Python file fill in, whatever language computes for it.

    Lines are without indentation; names are checked names.
    """

    header: Header
    rows_sentence: str
    block_rows: int
    face: FaceText
    output: str
    cache_fields: str
    functions: Sequence[FunctionText]
    objective: ObjectiveText | None
    arrays: ArrayText | None
    head: Head | None = None  # of the file, where it computes with NumPy
    derivatives: DerivativeText | None = None  # where functions were asked for
    kernels: Sequence[str] = ()  # that compute with NumPy
    uses_math: bool = False  # whether they need Python's math


def module_text(
    circuit: Circuit, lowered: Lowered, functions: Sequence[FunctionText], version: str
) -> ModuleText:
    """The texts of a module with these functions."""
    gates = lowered.circuit
    summed = FunctionWriter(lowered, "objective") if "objective" in lowered.functions else None
    source = circuit_text(circuit)
    return ModuleText(
        header=Header(title(circuit), formulas(circuit), source, version, "circuit"),
        rows_sentence=_rows_sentence(circuit),
        block_rows=summed.block_rows if summed else BLOCK_ROWS,
        face=face_text(gates),
        output=circuit.output.name,
        cache_fields=fields(lowered.functions["forward"].results[Port.CACHE]),
        functions=functions,
        objective=objective_text(gates, summed) if summed else None,
        arrays=array_text(gates) if circuit.has_arrays else None,
    )


def numpy_text(circuit: Circuit, version: str, on_request: Sequence[str] = ()) -> ModuleText:
    """All texts of a circuit's NumPy module, with the functions that were asked for."""
    always = plain(circuit)
    asked = [name for name in lowered_names(on_request) if name in NAMES]
    lowered = optimised(lower(circuit, [*always, *asked], keep_loops=True))
    by_stages = distributed(lowered)
    functions = [FunctionWriter(by_stages, name).text() for name in always]
    derivatives = _derivatives(by_stages, on_request) if on_request else None
    printed = [*functions, *(derivatives.computed if derivatives else [])]
    lines = [line for function in printed for line in function.lines]
    kernels = kernel_sources(lines)
    text = module_text(circuit, lowered, functions, version)
    return replace(
        text,
        head=text.header.head(NUMPY_ONLY, [text.rows_sentence, _operations_sentence(lowered)]),
        derivatives=derivatives,
        kernels=kernels,
        uses_math=any("math." in line for line in (*lines, *kernels)),
    )


def _derivatives(lowered: Lowered, on_request: Sequence[str]) -> DerivativeText:
    from symback.codegen.numpy.derivatives import derivative_text  # most modules have none

    return derivative_text(lowered, on_request)


# -- sentences -------------------------------------------------------------------------------


def title(circuit: Circuit) -> str:
    printer = TextPrinter.of(circuit, as_typed=False)
    formula = f"{circuit.output.name} = {printer.print(circuit.output.formula)}"
    if len(formula) > 60:
        formula = circuit.output.name
    return f"{formula}: value, gradient and training"


def formulas(circuit: Circuit) -> list[str]:
    """The circuit's nodes and, below, the partials of the output that are short enough."""
    printer = TextPrinter.of(circuit, as_typed=False)
    if has_loops(circuit):
        return definitions(circuit, printer)
    lines = [f"{n.name} = {printer.print(n.formula)}" for n in circuit.computed[:MOST_FORMULAS]]
    if len(circuit.computed) > MOST_FORMULAS:
        return [*lines, f"… and {len(circuit.computed) - MOST_FORMULAS} more, see SOURCE"]
    written = sum(weight(n.formula) for n in circuit.computed)
    if circuit.has_arrays or written > LARGEST_DESCRIBED:
        return lines
    partials = []
    gradient = Gradient.of_node(circuit)
    split = gradient.walk.circuit
    printer = TextPrinter.of(split, as_typed=False)
    for name in list(gradient)[:MOST_PARTIALS]:
        try:
            closed = gradient[name]
        except TooLarge:
            continue
        if weight(closed) <= LARGEST_PARTIAL:
            partials.append(f"∂{circuit.output.name}/∂{name} = {printer.print(closed)}")
    used = "\n".join(partials)
    for node in split.computed:  # net inputs that the partials speak of
        if node.generated and re.search(rf"\b{node.name}\b", used):
            lines.insert(0, f"{node.name} = {printer.print(node.formula)}")
    return [*lines, "", *partials] if partials else lines


def _rows_sentence(circuit: Circuit) -> str:
    if not circuit.inputs and not circuit.targets:
        return "It has no inputs: its value depends on the parameters alone."
    shared = "; parameters are shared by all samples" if circuit.params else ""
    return f"Every array has one row a sample{shared}."


def _operations_sentence(lowered: Lowered) -> str:
    first, *rest = operation_counts_of(lowered)
    of_output = f"{first.of} takes {counted(first.value, 'operation')} a sample"
    if not rest:
        return f"{of_output}, {first.gradient} with its gradient."
    (both,) = rest
    times = f"{both.ratio:.1f} times those of {both.of} alone"
    return f"{of_output}; {both.of} with its gradient takes {both.gradient}, {times}."


__all__ = ["ModuleText", "formulas", "module_text", "numpy_text", "title"]
