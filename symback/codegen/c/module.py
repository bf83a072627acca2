"""Circuit → the texts of its C module: functions, header and loader.

A number is an array without axes. Where a circuit has nothing else, functions need neither sizes
nor working memory, parameters are members by value, and each function has a twin that takes float.
Of arrays training has one, which computes in float.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sympy import Add, Expr, S

from symback.autodiff.function import Port
from symback.autodiff.lower import lower, optimised, plain
from symback.circuits.circuit import Circuit
from symback.codegen.c.body import BLOCK, FunctionBody
from symback.codegen.c.derivatives import c_derivative_text, in_c
from symback.codegen.c.files import (
    REALS,
    CFiles,
    CFunction,
    Real,
    Variant,
    heads_of,
)
from symback.codegen.c.functions import (
    PARAMS,
    SAMPLES,
    CArgument,
    CFunctionWriter,
    signature,
)
from symback.codegen.c.kernels import pasted
from symback.codegen.c.loader import contiguous, loader_function, passing, slots, wholes
from symback.codegen.c.names import CNames, Member
from symback.codegen.c.printer import c_prefix, kernel_sources
from symback.codegen.c.signature import Signature
from symback.codegen.c.statements import StatementPrinter, compiler_level
from symback.codegen.c.tiles import PRODUCT
from symback.codegen.lines import columns_of
from symback.codegen.loops.evaluator import refuse_unknown
from symback.codegen.loops.tree import Declare, For, walk
from symback.codegen.numpy.module import ModuleText, module_text

ROWS_OF_ONE_CALL = 2**17
"""Samples that C takes at a time, of numbers: so many that a thread is worth its time."""
SENTENCES = {
    "work": "How many numbers each function works in.",
    "value_and_grad": "The mean {word} over all samples; grad takes its gradient.",
    "sgd": """\
Mini-batch gradient descent over all samples, in the order they come, as often as epochs says:
   params <- params - rates[step]*gradient of the mean over a batch. losses takes the mean
   {word} before every step. Returns the number of steps done; a step whose {word} is not finite is
   not done and is the last. There are epochs*ceil(count/batch_size) rates and losses.""",
}
ABOUT_NUMBERS = """\
Arrays have one value a sample; count is the number of samples. Functions hold no state, so
threads may call them at the same time. Those that end in _f32 take and give float; they
compute in double."""
ABOUT_ARRAYS = """\
Arrays are of type double, matrices row by row, samples one behind the other; count is the
number of samples. Functions hold no state and allocate nothing: they work in the memory that
the caller passes as work, {prefix}_work numbers for each thread. Arrays that are passed must
not overlap. Functions that end in _f32, for training, have float in place of double: what arrays
hold is computed in float, numbers in double."""
IN_DOUBLE = ["Values of type float32 are computed in double."]
IN_FLOAT = [
    "Values of type float32 are computed in double, but for sgd, which makes products of matrices",
    "in float and rounds to float what it keeps in arrays.",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class CText(CFiles):
    """What the templates of a circuit's module fill in besides."""

    python: ModuleText
    by_value: bool  # numbers only: no sizes, no working memory, parameters as members
    sizes: Sequence[str]
    size_names: Sequence[str]  # in Python
    params: Sequence[Member]
    structures: Sequence[tuple[str, Sequence[Member], str, str, str]]  # of arrays
    param_sizes: Sequence[str]  # those that the parameters have, and the samples, as statements
    used_sizes: Sequence[str]
    trained: Sequence[Member]  # columns that training reads
    passing: Mapping[str, str]  # how the loader passes numbers or arrays
    contiguous: Sequence[str]  # makes columns as C's sgd reads them
    slots: str  # of these
    output_shape: str  # as code, of one sample
    wholes: Mapping[str, str]  # functions that the extension computes, and what they read


def c_text(circuit: Circuit, version: str, stem: str = "", on_request: Sequence[str] = ()) -> CText:
    """All texts of a circuit's C module, with the functions that were asked for.

    `stem` is the name of its files without what follows it.

    Raises Unsupported for an operation that C has no lines for.
    """
    stem = stem or circuit.output.name
    always = plain(circuit)
    asked = [*always, *in_c(circuit, on_request)]
    lowered = optimised(lower(circuit, asked, in_turn=True, keep_loops=True))
    refuse_unknown((f.program for f in lowered.functions.values()), "the C target")
    names = CNames(lowered, c_prefix(stem))
    called = [loader_function(names, name) for name in always]
    python = module_text(circuit, lowered, called, version)
    if on_request:
        python = replace(python, derivatives=c_derivative_text(names, on_request))
    if names.by_value:
        python = replace(python, block_rows=ROWS_OF_ONE_CALL)
    return _text(names, python, stem, on_request)


def _text(names: CNames, python: ModuleText, stem: str, on_request: Sequence[str]) -> CText:
    circuit, functions = names.circuit, names.lowered.functions
    writers = {name: CFunctionWriter(names, name) for name in functions}
    reals = REALS if names.by_value or "objective" in functions else REALS[:1]
    variants = [_variant(names, writers, real, python) for real in reals]
    nodes = [node for writer in writers.values() for node in walk(writer.body.tree)]
    lines = [line for v in variants for f in v.functions for line in f.lines]
    blocks = any(isinstance(node, For) and node.step == BLOCK for node in nodes)
    objective = functions.get("objective")
    trained = columns_of(names.lowered, objective.program) if objective else []
    counts = [names.count(p.shape) for p in circuit.params]
    about = ABOUT_NUMBERS if names.by_value else ABOUT_ARRAYS.format(prefix=names.prefix)
    of_arrays = IN_FLOAT if "objective" in functions else IN_DOUBLE
    remarks = [python.rows_sentence, *([] if names.by_value else of_arrays)]
    return CText(
        python=python,
        stem=stem,
        prefix=names.prefix,
        heads=heads_of(python.header, stem, ".", about.splitlines(), remarks),
        by_value=names.by_value,
        structure_template="c/structures.h.jinja",
        sizes=[names.name(str(s)) for s in circuit.size_names],
        size_names=[str(s) for s in circuit.size_names],
        fixed=list(names.fixed.values()),
        params=[names.leaf(p) for p in circuit.params],
        structures=_structures(names),
        variants=variants,
        includes=("math.h", "stdint.h", "string.h"),
        blocks=BLOCK if blocks else "",
        param_sizes=_statements(names.read_sizes(counts, [])),
        used_sizes=_statements(names.read_sizes(counts, trained)),
        kernels=pasted(kernel_sources(lines), lines),
        products=any(PRODUCT in line for line in lines),
        level=compiler_level(len(nodes)),
        trained=[names.leaf(circuit[name]) for name in trained],
        passing=passing(names),
        contiguous=contiguous(names, trained, "columns", "dtype"),
        slots=", ".join(slots([n.name for n in names.columns], trained, "part")),
        output_shape=names.python_shape(circuit.output.shape, False),
        wholes=wholes(names, on_request),
    )


def _variant(
    names: CNames, writers: Mapping[str, CFunctionWriter], real: Real, python: ModuleText
) -> Variant:
    """The structures and functions whose caller has values of type `real`."""
    output = names.circuit.output
    member = names.member(output.name, output.shape, names.lowered.functions["forward"].varies)
    of_training = bool(real.suffix) and not names.by_value
    chosen = [writers["objective"]] if of_training else writers.values()
    functions = [writer.of(real, member) for writer in chosen]
    if not names.by_value and not of_training:
        functions.insert(0, _work(names, writers))
    if python.objective is None:
        return Variant(real, functions)
    word = python.objective.word

    def of_mean(name: str, result: str, *arguments: CArgument) -> CFunction:
        head = signature(names, real, (result, name), arguments)
        return CFunction(head, SENTENCES[name].format(word=word))

    steps = (("size_t ", "batch_size"), ("size_t ", "epochs"), ("const double *", "rates"))
    changed = ("{out}{p}_params{f} *", "params")
    sgd = of_mean("sgd", "size_t", changed, *SAMPLES, *steps, ("{real} *", "losses"))
    if of_training:
        return Variant(real, functions, sgd=sgd)
    grad = ("{out}{p}_params *", "grad")
    mean = of_mean("value_and_grad", "double", PARAMS, *SAMPLES, grad)
    return Variant(real, functions, mean, sgd)


def _structures(names: CNames) -> list[tuple[str, Sequence[Member], str, str, str]]:
    """How names end, members, comment, what stands before the type, what is said without any."""
    samples = "The samples; what a function does not read may be NULL."
    bars = "Adjoints of the inputs; those of inputs that the output does not read are not written."
    cache = names.lowered.functions["forward"].results[Port.CACHE].values()
    inputs = [names.leaf(n) for n in names.circuit.inputs]
    kept = [names.value(symbol) for symbol in cache]
    found: list[tuple[str, Sequence[Member], str, str, str]] = [
        ("inputs", [names.leaf(n) for n in names.columns], samples, "const ", "there are none"),
        ("input_bars", inputs, bars, "", "there are none"),
        ("cache", kept, "What backward needs from forward.", "", "nothing"),
    ]
    ports = {port for f in names.lowered.functions.values() for port in f.results}
    if Port.ROWS in ports:
        comment = "Partials by the parameters, for each sample."
        found.append(("rows", [names.leaf(p) for p in names.circuit.params], comment, "", ""))
    if Port.COLUMNS in ports:
        output = names.circuit.output
        comment = f"Partials of {output.name} by the parameters, one after the other."
        members = [names.member(p.name, output.shape) for p in names.circuit.params]
        found.append(("columns", members, comment, "", ""))
    return found


def _work(names: CNames, writers: Mapping[str, CFunctionWriter]) -> CFunction:
    """The function that says how much memory the others work in, and sgd for its gradient."""
    gradient: Expr = Add(*(names.elements(p.shape) for p in names.circuit.params))
    needs = [
        (writer.body, gradient if name == "objective" else S.Zero)
        for name, writer in writers.items()
    ]
    texts = list(
        dict.fromkeys(
            _numbers(names, body, beside)
            for body, beside in needs
            if body.work + body.tile_work + beside != 0
        )
    )
    head = Signature(
        "size_t", f"{names.prefix}_work", ((f"const {names.prefix}_sizes *", "sizes"),)
    )
    lines = [
        "size_t most = 1;",
        *(_statements(names.read_sizes(texts, [])) or ["(void)sizes;"]),
        *(f"most = ({text} > most) ? {text} : most;" for text in texts),
        "return most;",
    ]
    return CFunction(head, SENTENCES["work"], lines)


def _numbers(names: CNames, body: FunctionBody, beside: Expr) -> str:
    """The code for the numbers that a function works in, and those beside them."""
    rest = body.work + beside
    if body.tile_work == 0:
        return names.numbers(rest)
    numbers = names.numbers(body.tile_work)
    factor = f"({numbers})" if " " in numbers else numbers
    tile = f"symback_largest_tile({numbers}) * {factor}"
    return f"{tile} + {names.numbers(rest)}" if rest != 0 else tile


def _statements(sizes: Sequence[Declare]) -> list[str]:
    return StatementPrinter().lines(sizes)


__all__ = ["CText", "c_text"]
