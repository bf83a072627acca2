"""Circuit → the texts of its Rust module: functions that loop over the samples.

The lines of a sample are those of bare functions. Nothing is allocated: results go to the caller's
memory, and arrays on the way to the stack or, where their sizes have names, to `work`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from symback.circuits.circuit import SHARED_DATA, Circuit, Node
from symback.circuits.requirements import index_bounds
from symback.codegen.bare.body import WORK
from symback.codegen.bare.modules import fixed_names, module_functions
from symback.codegen.header import Head, Header
from symback.codegen.loops.sizes import count_of
from symback.codegen.numpy.module import formulas, title
from symback.codegen.numpy.shapes import FaceText, face_text
from symback.codegen.rust.functions import (
    RustFunction,
    function_text,
    has_number,
    index_line,
    size_names,
    width_of,
)
from symback.codegen.rust.math import LibmCall, math_of
from symback.codegen.rust.printer import kernel_sources, rust_names
from symback.operations.shapes import Size, shown
from symback.printing.circuit_text import circuit_text


@dataclass(frozen=True, slots=True)
class RustField:
    """A member of a structure."""

    name: str
    called: str  # by the circuit
    role: str
    shape: str
    is_number: bool
    count: str  # the code for the elements of one sample


@dataclass(frozen=True, slots=True)
class TrainingGradient:
    """The gradient in training."""

    samples: str  # the code for their number
    indices: Sequence[str]  # the lines that refuse what is not an index, before the first step
    work: str  # the numbers of memory that training works in
    memory: Sequence[str]  # the lines that make arrays
    members: str


@dataclass(frozen=True, slots=True)
class RustText:
    """What the templates fill in."""

    header: Header
    head: Head
    python: Head
    face: FaceText
    about: Sequence[str]
    origin: Sequence[str]
    source: str  # as a literal
    stem: str
    sizes: Sequence[tuple[str, str, str]]  # member, in the circuit, its value where it has one
    params: Sequence[RustField]
    inputs: Sequence[RustField]  # with targets and what all samples share
    output: str
    output_shape: str
    output_count: str  # the code for its elements
    output_samples: str  # and for the number of samples that it is computed for
    noun: str
    functions: Mapping[str, RustFunction]
    work: Sequence[str]  # the numbers that functions work in
    gradient: TrainingGradient
    on_request: Sequence[str]
    width: str  # the code for the numbers of all parameters
    initial: Sequence[tuple[RustField, str]]
    kernels: Sequence[str]
    math: Sequence[LibmCall]

    @property
    def generic(self) -> bool:
        """Whether parameters are arrays, of any type that is a slice of numbers."""
        return any(not field.is_number for field in self.params)

    @property
    def has_sizes_of_circuit(self) -> bool:
        """Whether all sizes are given as numbers there."""
        return all(value for _, _, value in self.sizes)

    @property
    def has_width(self) -> bool:
        """Whether the compiler knows how many numbers all parameters have."""
        return has_number(self.width)

    @property
    def has_indices(self) -> bool:
        """Whether data names rows or classes."""
        return any("_indices(" in line for f in self.functions.values() for line in f.once)

    @property
    def draws(self) -> bool:
        """Whether initial parameters are random ones."""
        return any(_NORMAL in text for _, text in self.initial)

    @property
    def starts_with_sizes(self) -> bool:
        """Whether initial parameters depend on a size."""
        return any("sizes." in text + field.count for field, text in self.initial)

    @property
    def moving(self) -> list[RustField]:
        """The inputs that have adjoints."""
        return [field for field in self.inputs if field.role == "input"]


def rust_text(
    circuit: Circuit, version: str, stem: str, on_request: Sequence[str] = ()
) -> RustText:
    """All texts of a circuit's Rust module.

    Raises Unsupported for an operation without loops.
    """
    output, objective = circuit.output, circuit.objective
    fixed, bounds = fixed_names(circuit), index_bounds(circuit)
    made = module_functions(circuit, on_request)
    sizes = [*map(str, circuit.size_names), *fixed.values()]
    fields = rust_names([*(n.name for n in circuit.leaves), *sizes], frozenset())
    functions = {k: function_text(k, f, fixed, fields, bounds) for k, f in made.items()}
    params = [_field(n, fields, fixed) for n in circuit.params]
    columns = [*circuit.inputs, *circuit.targets]
    shared = [n for n in circuit.leaves if n.role in SHARED_DATA]
    header = Header(title(circuit), formulas(circuit), circuit_text(circuit), version, "circuit")
    head = Head(header, ". Needs no other file.", header.formulas, [])
    read = made["value_and_gradient"].leaves if "value_and_gradient" in made else ()
    inner = functions["value_and_gradient"].work if read else ""
    refused = _index_lines(read, bounds, fields, fixed)
    gradient = _gradient(params, inner, _samples(read, fields, fixed), refused)
    width = width_of(circuit, size_names(fields, fixed))
    initial = [
        (field, _initial(n, fields, fixed)) for n, field in zip(circuit.params, params, strict=True)
    ]
    lines = [line for f in functions.values() for line in f.lines]
    kernels = kernel_sources(lines, alone=False)
    texts = [*lines, *kernels, *(text for _, text in initial)]
    if any(_NORMAL in text for text in texts):
        texts.append("f64::sqrt( f64::ln( f64::cos(")
    values = {name: str(size) for size, name in fixed.items()}
    return RustText(
        header=header,
        head=head,
        python=Head(header, ".", [], [_FINDS.format(stem=stem)]),
        face=face_text(circuit),
        about=_commented([header.title + head.more, *_fenced(header.formulas)]),
        origin=_commented(line.strip() for line in head.origin.splitlines()),
        source=_literal(header.source),
        stem=stem,
        sizes=[(fields.get(name, name), name, values.get(name, "")) for name in sizes],
        params=params,
        inputs=[_field(n, fields, fixed) for n in (*columns, *shared)],
        output=output.name,
        output_shape=shown(output.shape) if output.shape else "a number",
        output_count=count_of(output.shape, size_names(fields, fixed)) if output.shape else "1",
        output_samples=_samples(made["value"].leaves, fields, fixed),
        noun="loss" if circuit.loss else objective.name,
        functions=functions,
        work=_needs(functions, gradient.work, width if "hessian" in on_request else ""),
        gradient=gradient,
        on_request=on_request,
        width=width,
        initial=initial,
        kernels=kernels,
        math=math_of(texts),
    )


_NORMAL = "_normal"
"""A function of the templates, which draws numbers of the normal distribution."""
_FINDS = "How symback check finds {stem}.rs, which is the module; nothing else needs this file."


def _field(node: Node, fields: Mapping[str, str], fixed: Mapping[Size, str]) -> RustField:
    name = fields.get(node.name, node.name)
    count = count_of(node.shape, size_names(fields, fixed)) if node.shape else "1"
    shape = shown(node.shape) if node.shape else "a number"
    return RustField(name, node.name, node.role, shape, not node.shape, count)


def _index_lines(
    read: Sequence[Node],
    bounds: Mapping[str, Size],
    fields: Mapping[str, str],
    fixed: Mapping[Size, str],
) -> list[str]:
    code = size_names(fields, fixed)
    found = [(_field(n, fields, fixed), bounds[n.name]) for n in read if n.name in bounds]
    return [index_line(f"inputs.{f.name}", f.count, bound, code) for f, bound in found]


def _gradient(
    params: Sequence[RustField], inner: str, samples: str, indices: Sequence[str]
) -> TrainingGradient:
    """The gradient; `inner` are the numbers that its function works in."""
    arrays = [p for p in params if not p.is_number]
    given = [p for p in arrays if not has_number(p.count)]
    memory = [f"let grad_{p.name} = &mut [0.0; {p.count}];" for p in arrays if p not in given]
    for p in given:
        rest = WORK if inner or p is not given[-1] else "_"
        memory.append(f"let (grad_{p.name}, {rest}) = {WORK}.split_at_mut({p.count});")
    members = (f"{p.name}: {'0.0' if p.is_number else f'&mut grad_{p.name}[..]'}" for p in params)
    work = " + ".join(filter(None, [*(p.count for p in given), inner]))
    return TrainingGradient(samples, indices, work, memory, ", ".join(members))


def _needs(functions: Mapping[str, RustFunction], gradient: str, width: str) -> list[str]:
    """The numbers that functions work in; `width` is that of a Hessian, where there is one."""
    needs = [f.work for f in functions.values()]
    needs += [gradient] if "hessp" in functions else []
    if width:
        vector = "" if has_number(width) else width
        needs.append(" + ".join(filter(None, [vector, functions["hessp"].work])))
    return list(dict.fromkeys(filter(None, needs)))


def _samples(read: Sequence[Node], fields: Mapping[str, str], fixed: Mapping[Size, str]) -> str:
    """The code for the number of samples, by the first column that is read."""
    columns = [_field(n, fields, fixed) for n in read if n.role in ("input", "target")]
    return f"_samples(inputs.{columns[0].name}, {columns[0].count})" if columns else "1_usize"


def _initial(node: Node, fields: Mapping[str, str], fixed: Mapping[Size, str]) -> str:
    """The code for one number of a parameter's initial value."""
    if node.initial is not None:
        return repr(float(node.initial))
    columns = count_of(node.shape[-1:], size_names(fields, fixed))
    scale = f"f64::sqrt(({columns}) as f64)" if len(node.shape) == 2 else "10.0"
    return f"{_NORMAL}(random) / {scale}"


def _fenced(formulas: Sequence[str]) -> list[str]:
    """The formulas as a block of text, which rustdoc does not compile."""
    return ["", "```text", *formulas, "```"] if formulas else []


def _commented(lines: Iterable[str]) -> list[str]:
    """Lines of what documents the module."""
    return [f"//! {line}".rstrip() for line in lines]


def _literal(text: str) -> str:
    """The text as a raw string."""
    marks = "#"
    while f'"{marks}' in text:
        marks += "#"
    return f'r{marks}"{text}"{marks}'


__all__ = ["RustText", "rust_text"]
