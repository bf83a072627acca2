"""Circuit → the texts of its C module: functions, header and loader.

A number is an array without axes. Where a circuit has nothing else, functions need neither sizes
nor working memory, parameters are members by value, and each function has a twin that takes float.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from sympy import Add, Expr

from symback.autodiff.function import Function, Port
from symback.autodiff.lower import lower, optimised
from symback.circuits.circuit import Circuit
from symback.codegen.c.body import BLOCK, Body, FunctionBody, FunctionResult
from symback.codegen.c.loops import refuse_unknown
from symback.codegen.c.names import CNames, Member
from symback.codegen.c.printer import c_prefix, kernel_sources
from symback.codegen.c.signature import Signature
from symback.codegen.c.statements import StatementPrinter, compiler_level
from symback.codegen.lines import columns_of
from symback.codegen.loop_tree import Declare, For, walk
from symback.codegen.numpy.module import ModuleText, module_text
from symback.operations.arrays import ArrayFunction
from symback.operations.expressions import postorder

ROWS_OF_ONE_CALL = 2**20
"""Samples that C takes at a time, of numbers."""


@dataclass(frozen=True, slots=True)
class CFunction:
    signature: Signature
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Variant:
    """The functions for one type of the caller's numbers."""

    real: str
    suffix: str  # of the names
    forward: CFunction
    backward: CFunction
    sums: CFunction | None
    value_and_grad: Signature
    sgd: Signature

    @property
    def loaded(self) -> list[str]:
        """What the loader calls."""
        found = [self.forward.signature, self.backward.signature]
        found += [self.sums.signature, self.sgd] if self.sums else []
        return [signature.loaded for signature in found]


@dataclass(frozen=True, slots=True)
class LoaderText:
    """How the loader hands arrays to C and takes them back."""

    read: Sequence[str]  # columns that forward reads
    fused: Sequence[str]  # and those that training reads
    output_shape: str
    cache_shapes: str  # a list
    forward_slots: str
    fused_slots: str
    train_slots: str
    input_bar_slots: str
    returned_input_bars: str


@dataclass(frozen=True, slots=True)
class CText:
    """What the three templates fill in; `python` is what the loader shares with a NumPy module."""

    python: ModuleText
    stem: str
    prefix: str
    header: str
    title: str
    by_value: bool  # numbers only: no sizes, no working memory, parameters as members
    sizes: Sequence[str]
    size_names: Sequence[str]  # in Python
    fixed: Sequence[tuple[str, int, str, int]]  # macro, value, a leaf and its axis
    params: Sequence[Member]
    columns: Sequence[Member]
    cache: Sequence[Member]
    input_bars: Sequence[Member]
    output: Member
    variants: Sequence[Variant]
    blocks: str  # the macro of their size, where a function sums in blocks
    work_function: Signature
    param_sizes: Sequence[str]  # those that the parameters have, and the samples, as statements
    used_sizes: Sequence[str]
    work: Sequence[str]  # the code for what each function needs
    work_sizes: Sequence[str]  # as statements
    kernels: Sequence[str]
    level: str  # how far the compiler is to optimise
    trained: Sequence[Member]  # columns that training reads
    objective_varies: bool
    loader: LoaderText

    @property
    def loaded(self) -> list[str]:
        """The functions that the loader calls, as it lists them."""
        work = [] if self.by_value else [self.work_function.loaded]
        return [*work, *(line for variant in self.variants for line in variant.loaded)]


def c_text(circuit: Circuit, version: str, stem: str = "") -> CText:
    """All texts of a circuit's C module; `stem` is the name of its files without what follows it.

    Raises Unsupported for an operation that C has no lines for.
    """
    stem = stem or circuit.output.name
    lowered = optimised(lower(circuit, in_turn=True))
    lines = [line.expr for f in lowered.functions.values() for line in f.program.lines]
    refuse_unknown(
        part for expr in lines for part in postorder(expr) if isinstance(part, ArrayFunction)
    )
    python = module_text(circuit, lowered, version)
    writer = _Writer(lowered, c_prefix(stem))
    if writer.by_value:
        python = replace(python, block_rows=ROWS_OF_ONE_CALL)
    return writer.text(python, stem)


class _Writer(CNames):
    """The functions of a module, and the texts around them."""

    # -- functions ----------------------------------------------------------------------------

    def bodies(self) -> list[FunctionBody]:
        """forward, backward and, where there is one number to make small, sums."""
        functions = self.lowered.functions
        forward, backward = functions["forward"], functions["backward"]
        params = self.circuit.params
        adjoint = self.lowered.names.adjoint
        output, *kept = forward.program.results
        own = () if self.by_value else ("work", "sizes")
        common = ("params", "inputs", "count", *own)

        def gradient(place: str) -> list[FunctionResult]:
            return [
                FunctionResult(
                    adjoint(p.name), f"{place}->{self.name(p.name)}", by_value=self.by_value
                )
                for p in params
            ]

        results = [
            FunctionResult(s, f"cache->{self.name(s.name)}", s in self.kept_varying) for s in kept
        ]
        input_bars = [
            FunctionResult(bar, f"input_bars->{self.name(name)}", per_sample=True)
            for name, bar in backward.results[Port.INPUT_BARS].items()
        ]
        found = [
            Body(self, forward.program).text(
                [FunctionResult(output, "output", output in self.kept_varying), *results],
                (*common, "cache", "output"),
            ),
            Body(self, backward.program).text(
                [*gradient("param_bars"), *input_bars],
                (*common, "cache", "output_bar", "param_bars", "input_bars"),
            ),
        ]
        if "objective" in functions:
            fused = functions["objective"].program
            body = Body(self, fused)
            found.append(body.text(gradient("bars"), (*common, "bars"), fused.results[0]))
        return found

    def variant(self, bodies: Sequence[FunctionBody], real: str, suffix: str) -> Variant:
        """The functions whose caller has values of type `real`."""
        p, f = self.prefix, suffix
        out = "" if self.by_value else "const "  # members by value are written to
        sizes = () if self.by_value else ((f"const {p}_sizes *", "sizes"),)
        work = () if self.by_value else (("double *", "work"),)
        params = (f"const {p}_params{f} *", "params")
        inputs = (f"const {p}_inputs{f} *", "inputs")
        cache, count = (f"const {p}_cache{f} *", "cache"), ("size_t ", "count")

        def signature(result: str, name: str, *arguments: tuple[str, str]) -> Signature:
            return Signature(result, f"{p}_{name}{f}", (*sizes, *arguments, *work))

        heads = [
            signature("void", "forward", params, inputs, count, (f"{real} *", "output"), cache),
            signature(
                "void",
                "backward",
                *(params, inputs, cache, count, (f"const {real} *", "output_bar")),
                (f"{out}{p}_params{f} *", "param_bars"),
                (f"const {p}_input_bars{f} *", "input_bars"),
            ),
            signature("double", "sums", params, inputs, count, (f"{out}{p}_params *", "bars")),
        ]
        written = [real, real, "double"]
        functions = [
            CFunction(head, body.lines(real, to))
            for head, body, to in zip(heads, bodies, written, strict=False)
        ]
        return Variant(
            real,
            suffix,
            functions[0],
            functions[1],
            functions[2] if len(functions) > 2 else None,
            signature(
                "double", "value_and_grad", params, inputs, count, (f"{out}{p}_params *", "grad")
            ),
            signature(
                "size_t",
                "sgd",
                *((f"{out}{p}_params{f} *", "params"), inputs, count),
                *(("size_t ", "batch_size"), ("size_t ", "epochs")),
                *(("const double *", "rates"), (f"{real} *", "losses")),
            ),
        )

    def text(self, python: ModuleText, stem: str) -> CText:
        circuit, lowered = self.circuit, self.lowered
        forward, objective = lowered.functions["forward"], lowered.functions.get("objective")
        bodies = self.bodies()
        real = (("double", ""), ("float", "_f32")) if self.by_value else (("double", ""),)
        variants = [self.variant(bodies, *each) for each in real]
        own = variants[0]
        functions = [own.forward, own.backward, *([own.sums] if own.sums else [])]
        lines = [line for function in functions for line in function.lines]
        nodes = [node for body in bodies for node in walk(body.tree)]
        blocks = any(isinstance(node, For) and node.step == BLOCK for node in nodes)
        trained = columns_of(lowered, objective.program) if objective else []
        kept = forward.results[Port.CACHE].values()
        parameters: Expr = Add(*(self.elements(p.shape) for p in circuit.params))
        needs = [body.work for body in bodies]
        if objective:
            needs[-1] = needs[-1] + parameters  # of the gradient in sgd
        work = list(dict.fromkeys(self.numbers(need) for need in needs if need != 0))
        counts = [self.count(p.shape) for p in circuit.params]
        return CText(
            python=python,
            stem=stem,
            prefix=self.prefix,
            header=f"{stem}.h",
            title=python.header.title.removesuffix(" Needs NumPy ≥ 2 only."),
            by_value=self.by_value,
            sizes=[self.name(str(s)) for s in circuit.size_names],
            size_names=[str(s) for s in circuit.size_names],
            fixed=list(self.fixed.values()),
            params=[self.leaf(p) for p in circuit.params],
            columns=[self.leaf(n) for n in (*circuit.inputs, *circuit.targets)],
            cache=[
                self.member(s.name, self.shapes.get(s.name, ()), s in self.kept_varying)
                for s in kept
            ],
            input_bars=[self.leaf(n) for n in circuit.inputs],
            output=self.member(circuit.output.name, circuit.output.shape, forward.varies),
            variants=variants,
            blocks=BLOCK if blocks else "",
            work_function=Signature(
                "size_t", f"{self.prefix}_work", ((f"const {self.prefix}_sizes *", "sizes"),)
            ),
            param_sizes=_statements(self.read_sizes(counts, [])),
            used_sizes=_statements(self.read_sizes(counts, trained)),
            work=work,
            work_sizes=_statements(self.read_sizes(work, [])),
            kernels=kernel_sources(lines),
            level=compiler_level(len(nodes)),
            trained=[self.leaf(circuit[name]) for name in trained],
            objective_varies=objective is not None and bool(trained) and objective.varies,
            loader=self.loader(forward, trained),
        )

    def loader(self, forward: Function, fused: Sequence[str]) -> LoaderText:
        circuit, varying = self.circuit, self.kept_varying
        read = columns_of(self.lowered, forward.program)
        every = [n.name for n in (*circuit.inputs, *circuit.targets)]
        return LoaderText(
            read=read,
            fused=fused,
            output_shape=self.python_shape(circuit.output.shape, forward.varies),
            cache_shapes=_list(
                [
                    self.python_shape(self.shapes.get(s.name, ()), s in varying)
                    for s in forward.results[Port.CACHE].values()
                ]
            ),
            forward_slots=_slots(every, read, "columns"),
            fused_slots=_slots(every, fused, "columns"),
            train_slots=_slots(every, fused, "part"),
            input_bar_slots=_slots([n.name for n in circuit.inputs], read, "found"),
            returned_input_bars=_made(
                _runs(
                    [n.name for n in circuit.inputs],
                    read,
                    "input_bars",
                    "np.zeros(np.shape(inputs.{}), dtype)",  # no path leads to that input
                )
            ),
        )


def _statements(sizes: Sequence[Declare]) -> list[str]:
    return StatementPrinter().lines(sizes)


def _list(items: Sequence[str]) -> str:
    if len(items) > 1 and len({*items}) == 1:
        return f"[{items[0]}] * {len(items)}"
    return f"[{_arguments(items)}]"


def _arguments(items: Sequence[str]) -> str:
    """The items between the brackets of a call or list, one a line where a line is too short."""
    text = ", ".join(items)
    if len(text) <= 60:
        return text
    return "".join(f"\n        {item}," for item in items) + "\n    "


def _made(items: Sequence[str]) -> str:
    """What makes a named tuple of the items, with the brackets."""
    if items and items[0].startswith("*") and len(items) > 1:  # no checker knows how many
        return f"._make([{_arguments(items)}])"
    return f"({_arguments(items)})"


def _slots(every: Sequence[str], read: Sequence[str], values: str) -> str:
    """The columns in the order of the structure, None for those that nobody reads."""
    return ", ".join(_runs(every, read, values, "None"))


def _runs(every: Sequence[str], read: Sequence[str], values: str, missing: str) -> list[str]:
    """The values of `read`, which has the order of `every`, with `missing` for the other names.

    >>> _runs("abcde", "abd", "columns", "None")
    ['*columns[0:2]', 'None', 'columns[2]', 'None']
    """
    items: list[str] = []
    start = 0
    for known, group in groupby(every, read.__contains__):
        names = list(group)
        if not known:
            items += [missing.format(name) for name in names]
            continue
        stop = start + len(names)
        if len(names) == len(read):
            items.append(f"*{values}")
        else:
            items.append(f"{values}[{start}]" if len(names) == 1 else f"*{values}[{start}:{stop}]")
        start = stop
    return items


__all__ = ["CText", "c_text"]
