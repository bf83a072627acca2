"""Circuit → the texts of its JavaScript module: functions that loop over the samples.

The lines of a sample are those of bare functions; arrays on the way are made once, before the loop.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sympy import Min

from symback.circuits.circuit import SHARED_DATA, Circuit, Node
from symback.circuits.requirements import index_bounds
from symback.codegen.bare.body import BareLanguage, BareValue, bare_body
from symback.codegen.bare.functions import BareFunction
from symback.codegen.bare.modules import (
    OfSample,
    fixed_names,
    given_by,
    module_functions,
    taken_by,
)
from symback.codegen.header import Head, Header
from symback.codegen.javascript.bare import javascript_names
from symback.codegen.javascript.elements import JavaScriptElementPrinter
from symback.codegen.javascript.printer import kernel_sources
from symback.codegen.javascript.statements import JavaScriptStatements
from symback.codegen.lines import freed, quoted
from symback.codegen.loops.sizes import count_of, length
from symback.codegen.loops.tree import Declare, Storage
from symback.codegen.numpy.module import formulas, title
from symback.codegen.numpy.shapes import FaceText, face_text
from symback.operations.shapes import Size, shown
from symback.printing.circuit_text import circuit_text

TAKEN = frozenset(
    """
    at row given total sums results start stop read zeros totals tangents addAll summed sumOf BLOCK
    params inputs sizes entry entries place width lengths
    paramsDot inputsDot outputBar Float64Array Math
    """.split()
)
"""Names that the functions of a module have around the lines of a sample."""
OF_ARRAYS = {
    "_add": ("total",),
    "_polynomial": ("coefficients",),
    "_dots": ("rows", "v", "to"),
    "_largest": ("z",),
    "_sum_of_exp": ("z",),
    "_softmax": ("z", "to"),
    "_log_softmax": ("z", "to"),
    "_logsumexp": ("z",),
    "_cross_entropy": ("z", "t"),
    "_sparse_cross_entropy": ("z",),
    "_mean": ("z",),
    "_rsqrt_variance": ("z",),
    "_layer_norm": ("z", "to"),
}
"""Operands of kernels that are arrays; all others are numbers."""
LANGUAGE = BareLanguage(
    "the JavaScript target",
    JavaScriptElementPrinter,
    lambda names, local: javascript_names(names, local | TAKEN),
    makes_arrays=True,
    taken=TAKEN,
)


@dataclass(frozen=True, slots=True)
class JavaScriptLeaf:
    """A leaf as the reader of arguments and the types know it."""

    name: str
    role: str
    shape: str  # the code of a list: numbers, names of sizes, functions of these
    type: str
    remark: str
    below: str  # the code for the size below which an index is, if it is one


@dataclass(frozen=True, slots=True)
class JavaScriptFunction:
    """The lines of one function, without indentation."""

    reads: str  # names of leaves as arguments
    once: Sequence[str]  # before the loop
    each: Sequence[str]  # for a sample
    sums: Sequence[tuple[str, str]]  # over the samples, and the numbers that are added to them
    unit: str  # the adjoint of an output whose entries are taken one after the other


@dataclass(frozen=True, slots=True)
class JavaScriptText:
    """What the templates fill in."""

    header: Header
    head: Head
    python: Head
    face: FaceText
    source: str  # as a JavaScript literal
    sizes: Sequence[tuple[str, int]]  # that have a value unless the caller says another
    leaves: Sequence[JavaScriptLeaf]
    output: str
    output_size: str
    output_type: str
    noun: str
    functions: dict[str, JavaScriptFunction]
    on_request: Sequence[str]
    kernels: Sequence[str]
    initial: Sequence[tuple[str, str]]

    @property
    def has_indices(self) -> bool:
        """Whether data names rows or classes."""
        return any(leaf.below for leaf in self.leaves)


def javascript_text(
    circuit: Circuit, version: str, stem: str, on_request: Sequence[str] = ()
) -> JavaScriptText:
    """All texts of a circuit's JavaScript module.

    Raises Unsupported for an operation without loops.
    """
    output, objective = circuit.output, circuit.objective
    fixed, bounds = fixed_names(circuit), index_bounds(circuit)
    functions = {
        kind: _function(kind, function, fixed)
        for kind, function in module_functions(circuit, on_request).items()
    }
    lines = [line for f in functions.values() for line in (*f.once, *f.each)]
    header = Header(title(circuit), formulas(circuit), circuit_text(circuit), version, "circuit")
    about = (
        f"How symback check finds {stem}.mjs, which is the module; nothing else needs this file."
    )
    return JavaScriptText(
        header=header,
        head=Head(header, ". Needs no other file.", header.formulas, [], "   "),
        python=Head(header, ".", [], [about]),
        face=face_text(circuit),
        source=_literal(header.source),
        sizes=[(name, int(size)) for size, name in fixed.items()],
        leaves=[_leaf(n, fixed, bounds.get(n.name)) for n in circuit.leaves],
        output=output.name,
        output_size=_factor(count_of(output.shape, _named("at.sizes", fixed))),
        output_type=shown(output.shape) if output.shape else "a number",
        noun="loss" if circuit.loss else objective.name,
        functions=functions,
        on_request=on_request,
        kernels=[typed(kernel) for kernel in kernel_sources([*lines, "_add("])],
        initial=[_initial(p, fixed) for p in circuit.params],
    )


def _function(kind: str, function: BareFunction, fixed: Mapping[Size, str]) -> JavaScriptFunction:
    body = bare_body(function, LANGUAGE, fixed)
    printer = JavaScriptStatements()
    named = zip(body.sizes, body.size_names, strict=True)
    sizes = [f"const {size} = at.sizes.{name};" for size, name in named]
    once, each, unit = [], [], ""
    for taken in taken_by(function, body):
        leaf, value = taken.leaf, taken.value
        source = f"{'given' if taken.moves else 'at.values'}.{leaf.name}" if leaf else "given"
        if leaf and leaf.role == "param":
            once.append(f"const {value.name} = {source};")
        elif leaf and leaf.role in SHARED_DATA:
            once += [
                f"const {value.name}$at = {source};",
                f"const {value.name}$step = at.steps.{leaf.name};",
            ]
            each.append(f"const {value.name} = {_stepped(value.name, value.count)};")
        elif kind == "jacobian" and leaf is None:
            once.append(f"const {value.name} = new Float64Array({value.count});")
            unit = value.name
        else:
            once.append(f"const {value.name}$at = {source};")
            each.append(f"const {value.name} = {_sample(f'{value.name}$at', value.count)};")
    own = [n for n in body.tree if isinstance(n, Declare) and n.kind is Storage.OWN]
    rest = [n for n in body.tree if n not in own]
    sums, stores = [], []
    given = [*given_by(function, body)]
    if kind == "jacobian":
        stores = _in_row(function, given)
    for result in given if kind != "jacobian" else ():
        leaf, value = result.leaf, result.value
        if leaf and leaf.role == "param":
            if value.count:
                stores.append(f"addAll(sums.{leaf.name}, {value.name});")
            else:
                sums.append((f"sums.{leaf.name}", value.name))
        elif leaf is None and kind == "value_and_gradient":
            sums.append(("total", value.name))
        else:
            stores.append(_stored(f"results.inputs.{leaf.name}" if leaf else "results", value))
    return JavaScriptFunction(
        quoted([n.name for n in function.leaves]).removeprefix(", "),
        [*sizes, *once, *printer.lines(own)],
        [*each, *printer.lines(rest, depth=2), *stores],
        sums,
        unit,
    )


def _in_row(function: BareFunction, given: Sequence[OfSample]) -> list[str]:
    """The statements that put adjoints of the parameters side by side, zeros where none is."""
    found = {result.leaf.name: result.value for result in given if result.leaf is not None}
    lines = ["let place = (row * entries + entry) * width;"]
    for leaf in function.lowered.circuit.params:
        value = found.get(leaf.name)
        if value is None:
            lines.append(f"place += lengths.{leaf.name};")
        elif value.count:
            lines += [f"results.set({value.name}, place);", f"place += {value.name}.length;"]
        else:
            lines.append(f"results[place++] = {value.name};")
    return lines


def _stored(to: str, value: BareValue) -> str:
    """The statement that puts what a sample has to that of the others."""
    if not value.count:
        return f"{to}[row] = {value.name};"
    return f"{to}.set({value.name}, row * {_factor(value.count)});"


def _sample(column: str, count: str) -> str:
    """What a column has for a sample: a number, or some side by side."""
    if not count:
        return f"{column}[row]"
    return f"{column}.subarray(row * {_factor(count)}, (row + 1) * {_factor(count)})"


def _stepped(name: str, count: str) -> str:
    """What data for all samples has for one: the same, unless each has its own."""
    start = f"row * {name}$step"
    return f"{name}$at.subarray({start}, {start} + {count})" if count else f"{name}$at[{start}]"


def _factor(count: str) -> str:
    return f"({count})" if " " in count else count


def _named(sizes: str, fixed: Mapping[Size, str]) -> Callable[[Size], str]:
    """The code for a size among those that an object has."""

    def code(size: Size) -> str:
        if size in fixed:
            return f"{sizes}.{fixed[size]}"
        return str(size) if size.is_Integer else f"{sizes}.{size}"

    return code


def _leaf(node: Node, fixed: Mapping[Size, str], bound: Size | None) -> JavaScriptLeaf:
    column = node.role in ("input", "target")
    kind = "number" if node.role == "param" else "Float64Array | number"
    kind = "Float64Array" if node.shape else kind
    shape = shown(node.shape) if node.shape else "a number"
    sizes = ", ".join(_size(size, fixed) for size in node.shape)
    remark = f"{shape} for each sample" if column else shape
    if node.role in SHARED_DATA:
        remark = f"{shape} for all samples" if node.role == "const" else "the number of samples"
    below = "" if bound is None else _bound(bound, fixed)
    return JavaScriptLeaf(node.name, node.role, f"[{sizes}]", kind, remark, below)


def _bound(size: Size, fixed: Mapping[Size, str]) -> str:
    """The code for a size, infinite where no argument of the call has it."""
    named = _named("sizes", fixed)

    def known(part: Size) -> str:
        is_given = part.is_Integer and part not in fixed
        return named(part) if is_given else f"({named(part)} ?? Infinity)"

    parts = size.args if isinstance(size, Min) else (size,)
    texts = [freed(length(part, known)) for part in parts]
    text = f"Math.min({', '.join(texts)})" if len(texts) > 1 else texts[0]
    return text if size.is_Integer and size not in fixed else f"(sizes) => {text}"


def _size(size: Size, fixed: Mapping[Size, str]) -> str:
    if size in fixed or size.is_Symbol:
        return f'"{fixed.get(size, size)}"'
    if size.is_Integer:
        return str(size)
    return f"(sizes) => {length(size, _named('sizes', fixed))}"


def _initial(node: Node, fixed: Mapping[Size, str]) -> tuple[str, str]:
    """The code for one number of a parameter's initial value."""
    if node.initial is not None:
        return node.name, repr(float(node.initial))
    columns = count_of(node.shape[-1:], _named("sizes", fixed))
    scale = f"Math.sqrt({columns})" if len(node.shape) == 2 else "10"
    return node.name, f"normal(random) / {scale}"


def typed(kernel: str) -> str:
    """The kernel with the types of its operands above it."""
    found = re.search(r"^function (\w+)\((.*?)\)", kernel, re.M)
    assert found is not None
    arrays = OF_ARRAYS.get(found[1], ())
    names = [name.strip() for name in found[2].split(",")]
    types = (f"{n}: {'ArrayLike<number>' if n in arrays else 'number'}" for n in names)
    types = (t.replace("to: ArrayLike<number>", "to: Float64Array") for t in types)
    types = (t.replace("total: ArrayLike<number>", "total: number[]") for t in types)
    types = ("...operands: number[]" if t.startswith("...") else t for t in types)
    comment = f"/** @type {{({', '.join(types)}) => any}} */\n"
    return f"{kernel[: found.start()]}{comment}{kernel[found.start() :]}"


def _literal(text: str) -> str:
    """The text as a template literal."""
    return text.replace("\\", "\\\\").replace("`", "\\`").replace("${", "\\${")


__all__ = ["JavaScriptText", "javascript_text"]
