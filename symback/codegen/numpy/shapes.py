"""What surrounds the functions of a module: its types, tables of shapes and initial parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sympy import Expr, Min, Symbol

from symback.circuits.circuit import Circuit, Node
from symback.circuits.requirements import (
    classes,
    distributions,
    indices,
    least_sizes,
    stated_in,
    uses_of,
)
from symback.codegen.lines import WIDTH, tuple_of
from symback.codegen.numpy.functions import FunctionWriter
from symback.operations import arrays as a
from symback.operations.shapes import Shape, Size

LARGEST_KEPT = 4
"""Larger sizes are those of SHAPES, which may say other ones than the circuit."""
COUNTED = "  # the number of samples; counted where it is None"
GIVEN_ONCE = "  # given once, for all samples"
SMALL_SIZES = (3, 4, 2, 5, 6, 7)
"""Sizes that the self-check draws: different, so that no transposed axis can hide."""


@dataclass(frozen=True, slots=True)
class ArrayText:
    """What the templates need beside the lines of a module of numbers."""

    shapes: Sequence[str]
    distributions: Sequence[str]
    classes: Sequence[tuple[str, str]]  # target, the code for the number of classes
    drawn_classes: Sequence[tuple[str, str]]
    indices: Sequence[tuple[str, str]]  # leaf, the code for the number of rows
    drawn_indices: Sequence[tuple[str, str]]
    whole_numbers: Sequence[str]  # leaves whose values count rows or classes
    has_factors: bool  # of matrices that must be positive definite
    least: Sequence[tuple[str, int]]  # sizes that indices bound from below
    drawn_sizes: str


@dataclass(frozen=True, slots=True)
class FaceText:
    """The arguments of the functions, by kind, and init_params."""

    params: Sequence[str]
    inputs: Sequence[str]
    targets: Sequence[str]
    shared: Sequence[str]  # of Inputs: what is given once for all samples
    shared_comments: Sequence[str]  # behind their fields
    count: str  # of these the number of samples
    is_stated: bool  # whether a derivative is, so that differences don't judge it
    params_sentence: str
    params_fields: str
    inputs_sentence: str
    inputs_fields: str
    init_signature: str
    init_sentence: str
    random_params: bool
    initial_values: str


@dataclass(frozen=True, slots=True)
class ObjectiveText:
    """The number that training makes small: its names, and the function that sums it."""

    name: str
    word: str
    noun: str
    names_listed: str  # of the columns that it reads
    targets: str  # among them
    read: str
    dtype: str
    per_sample: bool
    function: str


def array_text(circuit: Circuit) -> ArrayText:
    """The tables of a circuit's arrays."""
    counts, least, rows = classes(circuit), least_sizes(circuit), indices(circuit)
    return ArrayText(
        shapes=[f'"{n.name}": {_literal(n.shape)},' for n in circuit.leaves],
        distributions=distributions(circuit),
        classes=[
            (name, looked_up(size, 'sizes.get("{}", np.inf)'))  # unknown where z is not read
            for name, size in counts.items()
        ],
        indices=[(n, looked_up(s, 'sizes.get("{}", np.inf)')) for n, s in rows.items()],
        whole_numbers=[*dict.fromkeys((*rows, *counts))],
        has_factors=bool(uses_of(circuit, a.cholesky)),
        drawn_indices=[(n, looked_up(s, 'sizes["{}"]')) for n, s in rows.items()],
        drawn_classes=[(name, looked_up(size, 'sizes["{}"]')) for name, size in counts.items()],
        least=sorted(least.items()),
        drawn_sizes=", ".join(
            f'"{s}": {max(SMALL_SIZES[i % len(SMALL_SIZES)], least.get(str(s), 1))}'
            for i, s in enumerate(circuit.size_names)
        ),
    )


def looked_up(size: Expr, code: str) -> str:
    """The code for a size where names are looked up, by the code for one name."""
    if isinstance(size, Min):
        return f"min({', '.join(looked_up(part, code) for part in size.args)})"
    return str(size.xreplace({s: Symbol(code.format(s)) for s in size.free_symbols}))


def fixed_sizes(circuit: Circuit) -> dict[Size, str]:
    """The code for sizes that are given as numbers, where SHAPES may say other ones.

    Not where a formula names a part or a number of elements.
    """
    if uses_of(circuit, a.slice_, a.concat, a.full, a.eye):
        return {}
    found: dict[Size, str] = {}
    for leaf in circuit.leaves:
        for axis, size in enumerate(leaf.shape):
            if size.is_Integer and size > LARGEST_KEPT:
                found.setdefault(size, f'SHAPES["{leaf.name}"][{axis}]')
    return found


def _literal(shape: Shape) -> str:
    return tuple_of([f'"{s}"' if s.is_Symbol else str(s) for s in shape])


def face_text(circuit: Circuit) -> FaceText:
    """The types of the arguments, and the initial values."""
    arrays, params = circuit.has_arrays, circuit.params
    shapes = ", of the shapes that SHAPES gives" if arrays else ", one number each"
    samples = (
        "along the first axis; one sample may come without that axis"
        if arrays
        else "one value each: arrays of shape (n,), or numbers"
    )
    shared = {n.name: COUNTED if n.role == "samples" else GIVEN_ONCE for n in circuit.constants}
    names, inputs, targets = (
        [n.name for n in nodes] for nodes in (params, circuit.inputs, circuit.targets)
    )
    return FaceText(
        params=names,
        inputs=inputs,
        targets=targets,
        shared=[*shared],
        shared_comments=[*shared.values()],
        count=next((n.name for n in circuit.constants if n.role == "samples"), ""),
        is_stated=bool(stated_in(circuit)),
        params_sentence=f"The parameters{shapes}.",
        params_fields=fields(names),
        inputs_sentence=f"The samples, {samples}.",
        inputs_fields=fields(inputs, dict.fromkeys(targets, "") | shared),
        init_signature=_init_signature(circuit),
        init_sentence=_init_sentence(circuit),
        random_params=any(p.initial is None for p in params),
        initial_values=_initial_values(circuit),
    )


def fields(names: Iterable[str], optional: Mapping[str, str] = {}) -> str:
    """The fields of a NamedTuple of arrays, as code below its docstring; those that may be left out
    with their comments.
    """
    lines = [f"    {name}: Array" for name in names]
    lines += [f"    {name}: Array = None{comment}" for name, comment in optional.items()]
    return "\n".join(["", *lines]) if lines else ""


def objective_text(circuit: Circuit, function: FunctionWriter) -> ObjectiveText:
    """Value, gradient and training of the number that `function` sums and training makes small."""
    columns = function.columns
    like = [*(["columns[0]"] if columns else []), *(["params[0]"] if circuit.params else [])]
    word = "loss" if circuit.loss else circuit.output.name
    return ObjectiveText(
        name=circuit.objective.name,
        word=word,
        noun=f"the {word}" if circuit.loss else word,
        names_listed="".join(f'"{name}", ' for name in columns).rstrip(),
        targets=" ".join(f'"{t.name}",' for t in circuit.targets if t.name in columns),
        read=f"params, columns, _ = {function.reading}",
        dtype=f"{like[0]}.dtype" if like else "np.float32",
        per_sample=function.per_sample,
        function=function.name,
    )


def _init_signature(circuit: Circuit) -> str:
    sizes = _param_sizes(circuit)
    start = "def init_params(rng: np.random.Generator | int | None = None"
    named = f", *, {', '.join(f'{s}: int' for s in sizes)}" if sizes else ""
    return f"{start}{named}) -> Params:"


def _param_sizes(circuit: Circuit) -> list[str]:
    found = (s for n in circuit.params for size in n.shape for s in size.free_symbols)
    return [str(s) for s in dict.fromkeys(found)]


def _initial_values(circuit: Circuit) -> str:
    values, sizes = [_initial(p) for p in circuit.params], _param_sizes(circuit)
    keywords = ", ".join(f'"{size}": {size}' for size in sizes)
    read = [f"    {', '.join(sizes)}{',' * (len(sizes) == 1)} = _given({{{keywords}}}).values()"]
    line = f"    return Params({', '.join(values)})"
    whole = ["    return Params(", *(f"        {v}," for v in values), "    )"]
    return "\n".join([*(read if sizes else ()), *([line] if len(line) <= WIDTH else whole)])


def _initial(node: Node) -> str:
    """Matrices are scaled by 1/√n for n columns, so that products keep their magnitude."""
    shape = tuple_of([str(size) for size in node.shape])
    if node.initial is not None:
        return f"np.full({shape}, {node.initial!r})" if node.shape else repr(node.initial)
    if not node.shape:
        return "rng.normal(scale=0.1)"
    scale = f"{node.shape[-1]}**-0.5" if len(node.shape) == 2 else "0.1"
    return f"rng.normal(scale={scale}, size={shape})"


def _init_sentence(circuit: Circuit) -> str:
    if not circuit.params:
        return "There are no parameters."
    given = [p for p in circuit.params if p.initial is not None]
    if len(given) == len(circuit.params):
        return "The initial values that the circuit gives."
    if given:
        return "The circuit's initial values, else small random numbers from rng."
    return "Small random numbers; pass a NumPy Generator to choose the stream."


__all__ = [
    "ArrayText",
    "FaceText",
    "ObjectiveText",
    "array_text",
    "face_text",
    "fields",
    "fixed_sizes",
    "looked_up",
    "objective_text",
]
