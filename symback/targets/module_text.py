"""Circuit → the texts that the module's template prints: every line, name and sentence."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from symback.errors import TooLarge
from symback.gates import gates
from symback.lower import Lowered, lower
from symback.passes import FUSED_PASSES, optimise
from symback.program import Assign, Program, symbols
from symback.simplify import weight
from symback.structure import Circuit, Node
from symback.targets.numpy import NumpyPrinter, kernel_sources, statements
from symback.targets.text import TextPrinter

BLOCK_ROWS = 16384
MOST_FORMULAS = 60  # nodes that a docstring lists
MOST_PARTIALS = 40  # partials that a docstring lists
LARGEST_PARTIAL = 60  # operations of one that it lists


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
    objective_names: str
    objective_targets: str
    init_sentence: str
    random_params: bool
    initial_values: str
    read_columns: str
    unpack_params: str
    unpack_cache: str
    seed: str
    seed_value: str
    forward_lines: Sequence[str]
    backward_lines: Sequence[str]
    param_bars: Sequence[str]
    input_bars: Sequence[str]
    samples: str
    batch_samples: str
    fused_name: str
    fused_signature: str
    fused_lines: Sequence[str]
    fused_bars: Sequence[str]
    total: str
    kernels: Sequence[str]


def module_text(circuit: Circuit, version: str) -> ModuleText:
    """All texts of a circuit's NumPy module."""
    lowered = lower(circuit)
    forward = optimise(lowered.forward, lowered.names)
    backward = optimise(lowered.backward, lowered.names)
    fused = optimise(lowered.objective, lowered.names, FUSED_PASSES)
    needed = {s for line in backward.lines for s in symbols(line.expr)}
    kept = [s for s in lowered.cache if s in needed]
    forward = optimise(
        replace(forward, results=(lowered.circuit.output.symbol, *kept)), lowered.names
    )
    backward = backward.with_lines(line for line in backward.lines if not _is_unread(line, lowered))
    columns = [a.name for a in lowered.forward.arguments if lowered.circuit[a.name].role != "param"]
    fused_columns = [
        a.name for a in lowered.objective.arguments if lowered.circuit[a.name].role != "param"
    ]
    params = [p.name for p in circuit.params]
    forward_lines = _lines(lowered, forward, columns, copies=True)
    backward_lines = _lines(lowered, backward, columns, copies=True)
    fused_lines = _lines(lowered, fused, fused_columns)
    kernels = kernel_sources([*forward_lines, *backward_lines, *fused_lines])
    body = "\n".join([*forward_lines, *backward_lines, *fused_lines, *kernels])
    word = "loss" if circuit.loss else circuit.output.name
    fused_name = f"_{'loss' if circuit.loss else 'value'}_and_bars"
    per_sample = bool(fused_columns) and lowered.per_sample_objective
    source = circuit.source
    return ModuleText(
        title=_title(circuit),
        formulas=_formulas(circuit),
        rows_sentence=_rows_sentence(circuit),
        operations_sentence=_operations_sentence(lowered, forward, fused),
        version=version,
        circuit_hash=hashlib.sha256(source.encode()).hexdigest()[:16],
        body_hash="0" * 16,
        source=source,
        uses_math="math." in body,
        block_rows=BLOCK_ROWS,
        params=params,
        inputs=[n.name for n in circuit.inputs],
        targets=[n.name for n in circuit.targets],
        columns=[n.name for n in (*circuit.inputs, *circuit.targets)],
        cache=[s.name for s in kept],
        output=circuit.output.name,
        objective=circuit.objective.name,
        objective_word=word,
        objective_noun=f"the {word}" if circuit.loss else word,
        objective_names="".join(f', "{name}"' for name in fused_columns),
        objective_targets=" ".join(
            f'"{t.name}",' for t in circuit.targets if t.name in fused_columns
        ),
        init_sentence=_init_sentence(circuit),
        random_params=any(p.initial is None for p in circuit.params),
        initial_values=_initial_values(circuit.params),
        read_columns=_read_columns(params, columns),
        unpack_params=_unpacked(params),
        unpack_cache=_unpacked([s.name for s in kept]),
        seed=lowered.seed.name,
        seed_value=f"_seed(output_bar, {_like(columns, params, lowered)})",
        forward_lines=forward_lines,
        backward_lines=backward_lines,
        param_bars=[lowered.names.adjoint(n.name).name for n in circuit.params],
        input_bars=_input_bars(lowered, columns),
        samples="columns[0].size" if per_sample else "1",
        batch_samples="batch[0].size" if per_sample else "1",
        fused_name=fused_name,
        fused_signature=_signature(fused_name, fused_columns),
        fused_lines=fused_lines,
        fused_bars=[lowered.names.adjoint(p.name).name for p in circuit.params],
        total=lowered.total.name,
        kernels=kernels,
    )


def _is_unread(line: Assign, lowered: Lowered) -> bool:
    """Whether it is the zero adjoint of an input that backward does not read."""
    read = {a.name for a in lowered.forward.arguments}
    node = line.of[1] if line.of else ""
    is_input = any(n.name == node for n in lowered.circuit.inputs)
    return bool(line.expr.is_zero and is_input and node not in read)


def _lines(
    lowered: Lowered, program: Program, columns: Sequence[str], copies: bool = False
) -> list[str]:
    circuit = lowered.circuit
    order = {**_adjoints_first(program), **circuit.ranks}
    printer = NumpyPrinter(
        order,
        {p.name for p in circuit.params},
        varying=program.varying(),
        rows=f"{columns[0]}.dtype.type({columns[0]}.size)" if columns else "1",
    )
    return statements(program, printer, copies=copies)


def _adjoints_first(program: Program) -> dict[str, tuple[int, ...]]:
    """Ranks that put adjoints and slopes before the values they are multiplied with."""
    found = [*program.arguments, *(line.target for line in program.lines)]
    return {s.name: (-1, 0, i) for i, s in enumerate(found)}


def _read_columns(params: Sequence[str], columns: Sequence[str]) -> str:
    """The statements that read parameters and samples, indented."""
    names = "".join(f', "{name}"' for name in columns)
    lines = [f"columns = _columns(inputs{names})"] if columns else ["columns: list[Array] = []"]
    if params:
        lines.append(f"{_unpacked(params)} = _parameters(params, _dtype(params, columns))")
    if columns:
        lines.append(f"{_unpacked(columns)} = columns")
    return "\n".join(f"    {line}" for line in lines)


def _unpacked(names: Sequence[str]) -> str:
    return f"({names[0]},)" if len(names) == 1 else ", ".join(names)


def _like(columns: Sequence[str], params: Sequence[str], lowered: Lowered) -> str:
    if columns and lowered.per_sample_output:
        return "columns[0]"
    return "np.zeros((), _dtype(params, columns))"


def _input_bars(lowered: Lowered, columns: Sequence[str]) -> list[str]:
    """The adjoints of the inputs; exactly zero, sample by sample, where no path leads to one."""
    found = []
    for node in lowered.circuit.inputs:
        if node.name in columns:
            found.append(lowered.names.adjoint(node.name).name)
        else:
            found.append(f'np.zeros_like(_columns(inputs, "{node.name}")[0])')
    return found


def _signature(name: str, columns: Sequence[str]) -> str:
    arguments = ", ".join(["params: Params", *(f"{c}: Array" for c in columns)])
    line = f"def {name}({arguments}) -> tuple[Array, Params]:"
    if len(line) <= 100:
        return line
    inner = "".join(f"    {a},\n" for a in arguments.split(", "))
    return f"def {name}(\n{inner}) -> tuple[Array, Params]:"


# -- sentences -------------------------------------------------------------------------------


def _title(circuit: Circuit) -> str:
    printer = TextPrinter.of(circuit)
    formula = f"{circuit.output.name} = {printer.print(circuit.output.expr)}"
    if len(formula) > 60:
        formula = circuit.output.name
    return f"{formula}: value, gradient and training. Needs NumPy ≥ 2 only."


def _formulas(circuit: Circuit) -> list[str]:
    """The circuit's nodes and, below, the partials of the output that are short enough."""
    split = gates(circuit)
    printer = TextPrinter.of(split)
    lines = [f"{n.name} = {printer.print(n.expr)}" for n in circuit.computed[:MOST_FORMULAS]]
    if len(circuit.computed) > MOST_FORMULAS:
        return [*lines, f"… and {len(circuit.computed) - MOST_FORMULAS} more, see SOURCE"]
    partials = []
    gradient = circuit.gradient()
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
            lines.insert(0, f"{node.name} = {printer.print(node.expr)}")
    return [*lines, "", *partials] if partials else lines


def _rows_sentence(circuit: Circuit) -> str:
    if not circuit.inputs and not circuit.targets:
        return "It has no inputs: its value depends on the parameters alone."
    shared = "; parameters are shared by all samples" if circuit.params else ""
    return f"Every array has one row a sample{shared}."


def _operations_sentence(lowered: Lowered, forward: Program, fused: Program) -> str:
    loss = lowered.circuit.objective.name
    both = fused.operations
    first = forward.operations
    return f"Forward takes {first} operations a sample; {loss} with its gradient takes {both}."


def _init_sentence(circuit: Circuit) -> str:
    if not circuit.params:
        return "There are no parameters."
    given = [p for p in circuit.params if p.initial is not None]
    if len(given) == len(circuit.params):
        return "The initial values that the circuit gives."
    if given:
        return "The circuit's initial values, else small random numbers from rng."
    return "Small random numbers; pass a NumPy Generator to choose the stream."


def _initial_values(params: Iterable[Node]) -> str:
    return ", ".join(
        "rng.normal(scale=0.1)" if p.initial is None else repr(p.initial) for p in params
    )


__all__ = ["ModuleText", "module_text"]
