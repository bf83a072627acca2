"""Circuit → the texts that the module's template prints: every line, name and sentence."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields

from symback.autodiff.closed_forms import Gradient
from symback.autodiff.cost import counted, operation_counts_of
from symback.autodiff.function import Port
from symback.autodiff.lower import FUNCTIONS, Lowered, lower, optimised, plain
from symback.circuits.circuit import Circuit
from symback.codegen.numpy.derivatives import DerivativeLines, DerivativeText
from symback.codegen.numpy.printer import kernel_sources
from symback.codegen.numpy.shapes import (
    ArrayText,
    FaceText,
    FunctionLines,
    ObjectiveText,
    array_text,
)
from symback.errors import TooLarge
from symback.operations.simplify import weight
from symback.printing.circuit_text import circuit_text
from symback.printing.text import TextPrinter

MOST_FORMULAS = 60  # nodes that a docstring lists
MOST_PARTIALS = 40  # partials that a docstring lists
LARGEST_PARTIAL = 60  # operations of one that it lists
LARGEST_DESCRIBED = 400  # operations of a circuit whose partials it lists


@dataclass(frozen=True, slots=True)
class Header:
    """Where a module comes from, as its docstring and SOURCE say."""

    title: str
    formulas: Sequence[str]
    source: str
    version: str
    body_hash: str = "0" * 16  # until the body is known

    @property
    def circuit_hash(self) -> str:
        return hashlib.sha256(self.source.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class ModuleText:
    """What the templates of a Python file fill in, whatever language computes for it."""

    header: Header
    rows_sentence: str
    block_rows: int
    face: FaceText
    output: str
    cache: Sequence[str]
    objective: ObjectiveText | None
    arrays: ArrayText | None


@dataclass(frozen=True, slots=True)
class NumpyText(ModuleText):
    """What computes, too. Lines are without indentation; names are checked names."""

    operations_sentence: str
    uses_math: bool
    has_guards: bool
    forward: Sequence[str]
    backward: Sequence[str]
    sums: Sequence[str]  # where there is an objective
    derivatives: DerivativeText | None  # where functions were asked for
    kernels: Sequence[str]


def module_text(circuit: Circuit, lowered: Lowered, version: str) -> ModuleText:
    """The texts around the functions that compute."""
    functions = FunctionLines(lowered)
    return ModuleText(
        header=Header(_title(circuit), _formulas(circuit), circuit_text(circuit), version),
        rows_sentence=_rows_sentence(circuit),
        block_rows=functions.block_rows(),
        face=functions.face(),
        output=circuit.output.name,
        cache=list(lowered.functions["forward"].results[Port.CACHE]),
        objective=functions.objective() if "objective" in lowered.functions else None,
        arrays=array_text(lowered) if circuit.has_arrays else None,
    )


def numpy_text(circuit: Circuit, version: str, on_request: Sequence[str] = ()) -> NumpyText:
    """All texts of a circuit's NumPy module, with the functions that were asked for."""
    programs_asked = [name for name in on_request if name in FUNCTIONS]
    lowered = optimised(lower(circuit, [*plain(circuit), *programs_asked]))
    around = module_text(circuit, lowered, version)
    functions = FunctionLines(lowered)
    programs = {name: function.program for name, function in lowered.functions.items()}
    forward = functions.forward(programs["forward"])
    backward = functions.backward(programs["backward"], around.cache)
    sums = functions.sums(programs["objective"]) if around.objective else []
    derivatives = DerivativeLines(lowered, on_request).text() if on_request else None
    more = [line for c in derivatives.computed for line in c.lines] if derivatives else []
    lines = [*forward, *backward, *sums, *more]
    kernels = kernel_sources(lines)
    return NumpyText(
        **{field.name: getattr(around, field.name) for field in fields(around)},
        operations_sentence=_operations_sentence(lowered),
        uses_math=any("math." in text for text in (*lines, *kernels)),
        has_guards=lowered.has_guards,
        forward=forward,
        backward=backward,
        sums=sums,
        derivatives=derivatives,
        kernels=kernels,
    )


# -- sentences -------------------------------------------------------------------------------


def _title(circuit: Circuit) -> str:
    printer = TextPrinter.of(circuit)
    formula = f"{circuit.output.name} = {printer.print(circuit.output.formula)}"
    if len(formula) > 60:
        formula = circuit.output.name
    return f"{formula}: value, gradient and training. Needs NumPy ≥ 2 only."


def _formulas(circuit: Circuit) -> list[str]:
    """The circuit's nodes and, below, the partials of the output that are short enough."""
    printer = TextPrinter.of(circuit)
    lines = [f"{n.name} = {printer.print(n.formula)}" for n in circuit.computed[:MOST_FORMULAS]]
    if len(circuit.computed) > MOST_FORMULAS:
        return [*lines, f"… and {len(circuit.computed) - MOST_FORMULAS} more, see SOURCE"]
    written = sum(weight(n.formula) for n in circuit.computed)
    if circuit.has_arrays or written > LARGEST_DESCRIBED:
        return lines
    partials = []
    gradient = Gradient.of_node(circuit)
    split = gradient.walk.circuit
    printer = TextPrinter.of(split)
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


__all__ = ["Header", "ModuleText", "NumpyText", "module_text", "numpy_text"]
