"""Circuit → the texts that the module's template prints: every line, name and sentence."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from symback.autodiff.closed_forms import Gradient
from symback.autodiff.cost import counted, receipts_of
from symback.autodiff.lower import Lowered, lower
from symback.autodiff.passes import programs
from symback.circuits.circuit import Circuit
from symback.circuits.program import Program
from symback.codegen.lines import columns_of, unpacked
from symback.codegen.numpy.printer import kernel_sources
from symback.codegen.numpy.shapes import ArrayText, FunctionLines, array_text
from symback.errors import TooLarge
from symback.operations.simplify import weight
from symback.printing.circuit_text import circuit_text
from symback.printing.text import TextPrinter

MOST_FORMULAS = 60  # nodes that a docstring lists
MOST_PARTIALS = 40  # partials that a docstring lists
LARGEST_PARTIAL = 60  # operations of one that it lists
LARGEST_DESCRIBED = 400  # operations of a circuit whose partials it lists


@dataclass(frozen=True, slots=True)
class ModuleText:
    """What the template fills in. Lines are without indentation; names are checked names."""

    title: str
    formulas: Sequence[str]
    rows_sentence: str
    operations_sentence: str
    version: str
    circuit_hash: str
    body_hash: str
    source: str
    uses_math: bool
    block_rows: int
    params: Sequence[str]
    inputs: Sequence[str]
    targets: Sequence[str]
    columns: Sequence[str]
    cache: Sequence[str]
    output: str
    objective: str
    objective_word: str
    objective_noun: str
    objective_names_listed: str
    objective_targets: str
    init_signature: str
    init_sentence: str
    random_params: bool
    initial_values: str
    read_forward: str
    read_backward: str
    read_objective: str
    read_training: str
    returned_output: str
    arrays: ArrayText | None
    params_sentence: str
    inputs_sentence: str
    unpack_params: str
    read_params: str
    unpack_cache: str
    seed: str
    seed_value: str
    forward_lines: Sequence[str]
    backward_lines: Sequence[str]
    param_bars: Sequence[str]
    input_bars: Sequence[str]
    unbatched: Sequence[str]
    samples: str
    batch_samples: str
    fused_name: str
    fused_signature: str
    fused_sizes: Sequence[str]
    fused_lines: Sequence[str]
    fused_bars: str
    total: str
    kernels: Sequence[str]


def module_text(circuit: Circuit, version: str) -> ModuleText:
    """All texts of a circuit's NumPy module."""
    lowered = lower(circuit)
    optimised = programs(lowered)
    forward, backward, fused = optimised
    kept = [s.name for s in forward.results[1:]]
    face = FunctionLines(lowered)
    forward_lines = face.lines(forward, copies=True)
    backward_lines = face.lines(backward, copies=True)
    # sgd moves arrays in the memory of their gradients, which must be theirs alone
    fused_lines = face.lines(fused, copies=circuit.has_arrays, rows=True)
    arrays = array_text(lowered) if circuit.has_arrays else None
    params = [p.name for p in circuit.params]
    bars = [lowered.names.adjoint(name).name for name in params]
    fused_bars = face.returned_bars(fused, bars)
    kernels = kernel_sources([*forward_lines, *backward_lines, *fused_lines, fused_bars])
    body = "\n".join([*forward_lines, *backward_lines, *fused_lines, *kernels])
    word = "loss" if circuit.loss else circuit.output.name
    fused_name = f"_{'loss' if circuit.loss else 'value'}_and_bars"
    fused_columns = columns_of(lowered, lowered.objective)
    per_sample = bool(fused_columns) and lowered.per_sample_objective
    source = circuit_text(circuit)
    return ModuleText(
        title=_title(circuit),
        formulas=_formulas(circuit),
        rows_sentence=_rows_sentence(circuit),
        operations_sentence=_operations_sentence(lowered, optimised),
        version=version,
        circuit_hash=hashlib.sha256(source.encode()).hexdigest()[:16],
        body_hash="0" * 16,
        source=source,
        uses_math="math." in body,
        block_rows=face.block_rows(fused),
        params=params,
        inputs=[n.name for n in circuit.inputs],
        targets=[n.name for n in circuit.targets],
        columns=[n.name for n in (*circuit.inputs, *circuit.targets)],
        cache=kept,
        output=circuit.output.name,
        objective=circuit.objective.name if lowered.has_objective else "",
        objective_word=word,
        objective_noun=f"the {word}" if circuit.loss else word,
        objective_names_listed="".join(f'"{name}", ' for name in fused_columns).rstrip(),
        objective_targets=" ".join(
            f'"{t.name}",' for t in circuit.targets if t.name in fused_columns
        ),
        init_signature=face.init_signature(),
        init_sentence=_init_sentence(circuit),
        random_params=any(p.initial is None for p in circuit.params),
        initial_values=face.initial_values(),
        read_forward=face.read(forward, lowered.forward),
        read_backward=face.read(backward, lowered.forward),
        read_objective=face.read_objective(fused_columns),
        read_training=face.read_training(fused_columns),
        returned_output=face.returned_output(),
        arrays=arrays,
        params_sentence=face.params_sentence,
        inputs_sentence=face.inputs_sentence,
        unpack_params=unpacked(params),
        read_params=face.read_params,
        unpack_cache=unpacked(kept),
        seed=lowered.seed.name,
        seed_value=face.seed(),
        forward_lines=forward_lines,
        backward_lines=backward_lines,
        param_bars=bars,
        input_bars=face.input_bars(),
        unbatched=face.unbatched(),
        samples="len(columns[0])" if per_sample else "1",
        batch_samples="len(batch[0])" if per_sample else "1",
        fused_name=fused_name,
        fused_signature=_signature(fused_name, fused_columns),
        fused_sizes=face.size_lines(fused),
        fused_lines=fused_lines,
        fused_bars=fused_bars,
        total=lowered.total.name,
        kernels=kernels,
    )


def _signature(name: str, columns: Sequence[str]) -> str:
    arguments = ", ".join(["params: Params", *(f"{c}: Array" for c in columns)])
    line = f"def {name}({arguments}) -> tuple[Array, tuple[Array, ...]]:"
    if len(line) <= 100:
        return line
    inner = "".join(f"    {a},\n" for a in arguments.split(", "))
    return f"def {name}(\n{inner}) -> tuple[Array, tuple[Array, ...]]:"


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


def _operations_sentence(lowered: Lowered, optimised: tuple[Program, Program, Program]) -> str:
    first, *rest = receipts_of(lowered, optimised)
    of_output = f"{first.of} takes {counted(first.value, 'operation')} a sample"
    if not rest:
        return f"{of_output}, {first.gradient} with its gradient."
    (both,) = rest
    times = f"{both.ratio:.1f} times those of {both.of} alone"
    return f"{of_output}; {both.of} with its gradient takes {both.gradient}, {times}."


def _init_sentence(circuit: Circuit) -> str:
    if not circuit.params:
        return "There are no parameters."
    given = [p for p in circuit.params if p.initial is not None]
    if len(given) == len(circuit.params):
        return "The initial values that the circuit gives."
    if given:
        return "The circuit's initial values, else small random numbers from rng."
    return "Small random numbers; pass a NumPy Generator to choose the stream."


__all__ = ["ModuleText", "module_text"]
