"""Circuit of arrays → the texts of its C module: functions, header and loader, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sympy import Add, Expr

from symback.autodiff.lower import lower
from symback.autodiff.passes import programs
from symback.circuits.circuit import Circuit
from symback.circuits.program import Program
from symback.codegen.c.body import ArrayFunctionText, Body
from symback.codegen.c.loops import refuse_unknown
from symback.codegen.c.names import ArrayNames, Leaf
from symback.codegen.c.number_module import compiler_level
from symback.codegen.c.printer import c_prefix, kernel_sources
from symback.codegen.lines import columns_of
from symback.codegen.numpy.module import ModuleText, module_text
from symback.operations.arrays import ArrayFunction
from symback.operations.expressions import postorder


@dataclass(frozen=True, slots=True)
class CArrayText:
    """What the three templates fill in; `python` is what the loader shares with a NumPy module."""

    python: ModuleText
    stem: str
    prefix: str
    header: str
    title: str
    sizes: Sequence[str]
    size_names: Sequence[str]  # in Python
    fixed: Sequence[tuple[str, int, str, int]]  # macro, value, a leaf and its axis
    params: Sequence[Leaf]
    columns: Sequence[Leaf]
    cache: Sequence[Leaf]
    input_bars: Sequence[Leaf]
    output: Leaf
    forward: ArrayFunctionText
    backward: ArrayFunctionText
    sums: ArrayFunctionText | None
    total: str
    param_sizes: Sequence[str]  # those that the parameters have, and the samples, as statements
    used_sizes: Sequence[str]
    work: Sequence[str]  # the code for what each function needs
    work_sizes: Sequence[str]  # as statements
    kernels: Sequence[str]
    level: str
    trained: Sequence[Leaf]
    objective_varies: bool
    read: Sequence[str]
    fused: Sequence[str]
    output_shape: str
    cache_shapes: Sequence[tuple[str, str]]
    forward_slots: str
    fused_slots: str
    train_slots: str
    input_bar_slots: str
    returned_input_bars: str
    interface: str = ""


def c_array_text(circuit: Circuit, version: str, stem: str = "") -> CArrayText:
    """All texts of the C module of a circuit of arrays.

    Raises Unsupported for an operation that C has no lines for.
    """
    stem = stem or circuit.output.name
    lowered = lower(circuit)
    found = programs(lowered)
    lines = [line.expr for program in found for line in program.lines]
    refuse_unknown(part for expr in lines for part in postorder(expr) if _is_head(part))
    writer = _Writer(lowered, found, c_prefix(stem))
    return writer.text(found, module_text(circuit, version), stem)


def _is_head(part: Expr) -> bool:
    return isinstance(part, ArrayFunction)


Programs = tuple[Program, Program, Program]


class _Writer(ArrayNames):
    """The functions of a module, and the texts around them."""

    # -- functions ----------------------------------------------------------------------------

    def functions(self, programs: Programs) -> list[ArrayFunctionText]:
        """forward, backward and, where there is one number to make small, sums."""
        forward, backward, fused = programs
        params, inputs = self.circuit.params, self.circuit.inputs
        adjoint = self.lowered.names.adjoint
        read = columns_of(self.lowered, self.lowered.forward)
        output, *kept = forward.results
        bars = [(adjoint(p.name), f"param_bars->{self.name(p.name)}") for p in params]
        input_bars = [
            (adjoint(n.name), f"input_bars->{self.name(n.name)}") for n in inputs if n.name in read
        ]
        cache = [(s, f"cache->{self.name(s.name)}") for s in kept]
        common = ("params", "inputs", "count", "work", "sizes")
        found = [
            Body(self, forward).text([(output, "output"), *cache], (*common, "cache", "output")),
            Body(self, backward).text(
                [*bars, *input_bars],
                (*common, "cache", "output_bar", "param_bars", "input_bars"),
            ),
        ]
        if self.lowered.has_objective:
            bars = [(adjoint(p.name), f"bars->{self.name(p.name)}") for p in params]
            found.append(Body(self, fused).text(bars, (*common, "bars")))
        return found

    def text(self, programs: Programs, python: ModuleText, stem: str) -> CArrayText:
        circuit, lowered = self.circuit, self.lowered
        functions = self.functions(programs)
        read = columns_of(lowered, lowered.forward)
        trained = columns_of(lowered, lowered.objective) if lowered.has_objective else []
        every = [n.name for n in (*circuit.inputs, *circuit.targets)]
        varying = programs[0].varying()
        kept = programs[0].results[1:]
        parameters: Expr = Add(*(self.elements(p.shape) for p in circuit.params))
        needs = [f.work for f in functions]
        if lowered.has_objective:
            needs[-1] = needs[-1] + parameters  # of the gradient in sgd
        work = list(dict.fromkeys(self.numbers(need) for need in needs if need != 0))
        return CArrayText(
            python=python,
            stem=stem,
            prefix=self.prefix,
            header=f"{stem}.h",
            title=python.title.removesuffix(" Needs NumPy ≥ 2 only."),
            sizes=[self.name(str(s)) for s in circuit.size_names],
            size_names=[str(s) for s in circuit.size_names],
            fixed=list(self.fixed.values()),
            params=[self.leaf(p) for p in circuit.params],
            columns=[self.leaf(circuit[name]) for name in every],
            cache=[self.member(s.name, self.shapes.get(s.name, ()), s in varying) for s in kept],
            input_bars=[self.leaf(n) for n in circuit.inputs],
            output=self.member(
                circuit.output.name, circuit.output.shape, lowered.per_sample_output
            ),
            forward=functions[0],
            backward=functions[1],
            sums=functions[2] if lowered.has_objective else None,
            total=self.name(lowered.total.name),
            param_sizes=self.read_sizes([self.count(p.shape) for p in circuit.params], []),
            used_sizes=self.read_sizes([self.count(p.shape) for p in circuit.params], trained),
            work=work,
            work_sizes=self.read_sizes(work, []),
            kernels=kernel_sources(
                [line for f in functions for line in (*f.before, *f.each, *f.after)]
            ),
            level=compiler_level(sum(len(f.each) + len(f.after) for f in functions)),
            trained=[self.leaf(circuit[name]) for name in trained],
            objective_varies=bool(trained) and lowered.per_sample_objective,
            read=read,
            fused=trained,
            output_shape=self.python_shape(circuit.output.shape, lowered.per_sample_output),
            cache_shapes=[
                (s.name, self.python_shape(self.shapes.get(s.name, ()), s in varying)) for s in kept
            ],
            forward_slots=_slots(every, read, "_columns"),
            fused_slots=_slots(every, trained, "columns"),
            train_slots=_slots(every, trained, "part"),
            input_bar_slots=_slots([n.name for n in circuit.inputs], read, "_bars"),
            returned_input_bars=", ".join(
                f"_returned(_bars[{read.index(n.name)}], _dtype, _single)"
                if n.name in read
                else f"np.zeros(np.shape(inputs.{n.name}))"
                for n in circuit.inputs
            ),
        )


def _slots(every: Sequence[str], read: Sequence[str], values: str) -> str:
    """The columns in the order of the structure, None for those that nobody reads."""
    return ", ".join(f"{values}[{read.index(n)}]" if n in read else "None" for n in every)


__all__ = ["ArrayFunctionText", "CArrayText", "c_array_text"]
