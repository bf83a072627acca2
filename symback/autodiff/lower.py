"""Circuit → the functions of its module by name: forward, backward, and the objective with its
gradient.

Each is a program, a list of single assignments: node by node forward, adjoint by adjoint backward.
Where a parameter, shared by all samples, gets a contribution from a node that varies by sample, the
contributions are summed over the batch; that is the only place where samples meet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sympy import Expr, S, Symbol

from symback.autodiff import derivatives, per_sample
from symback.autodiff.function import Function, FunctionBuilder, Lowering, Port
from symback.autodiff.gates import Gates, gates
from symback.autodiff.names import Names
from symback.autodiff.passes import FUSED_PASSES, optimise
from symback.autodiff.passes.distribute_loops import distribute_loops
from symback.circuits.circuit import Circuit
from symback.circuits.loops import unrolled
from symback.circuits.program import Assign, Program, batch_sum


@dataclass(frozen=True, slots=True)
class Lowered:
    """The functions of one module by name, and the names they share."""

    circuit: Gates
    names: Names
    functions: Mapping[str, Function]
    has_guards: bool  # a line may compute what is not read, outside of a domain
    has_conventions: bool = False  # second partials at kinks in turns of loops are conventions

    def program(self, name: str) -> Program:
        """The program of a function."""
        return self.functions[name].program

    @property
    def seed(self) -> Symbol:
        """The adjoint of the output."""
        return self.names.adjoint(self.circuit.output.name)


def _forward(lowering: Lowering) -> Function:
    """Leaves → the output, and the cache: what backward needs of the lines."""
    output = lowering.circuit.output
    backward = lowering.adjoints(output, lowering.names.adjoint(output.name))
    needed = {s for line in backward for s in line.reads}
    lines = lowering.values(output)
    kept = {line.target.name: line.target for line in lines if line.target in needed}
    results = {Port.OUTPUT: {output.name: output.symbol}, Port.CACHE: kept}
    return Function(
        summary="{of}, and the cache for backward.",
        of=output,
        varies=output.symbol in lowering.varying,
        program=lowering.program(lowering.leaves(output), lines, results, lowering.varying),
        given={},
        results=results,
    )


def _backward(lowering: Lowering) -> Function:
    """Leaves, cache and seed → the adjoints of the parameters and of the inputs."""
    circuit, forward = lowering.circuit, lowering.function("forward")
    output, leaves = forward.of, lowering.leaves(forward.of)
    cache, seed = forward.results[Port.CACHE], lowering.names.adjoint(output.name)
    lines, read = lowering.adjoints(output, seed), {*leaves}
    results = {
        Port.PARAM_BARS: lowering.bars(circuit.params),
        Port.INPUT_BARS: lowering.bars(n for n in circuit.inputs if n.symbol in read),
    }
    varying = forward.program.varying() | ({seed} if forward.varies else set())
    return Function(
        summary="Adjoints of the parameters, summed over samples, and of the inputs, for that of "
        f"{output.name}.",
        of=output,
        varies=forward.varies,
        program=lowering.program([*leaves, *cache.values(), seed], lines, results, varying),
        given={Port.CACHE: cache, Port.SEED: {output.name: seed}},
        results=results,
    )


def _objective(lowering: Lowering) -> Function:
    """Leaves → Σ loss, then Σ of its partial by each parameter."""
    objective = lowering.circuit.objective
    varies = objective.symbol in lowering.varying
    total = lowering.names.total(objective.name)
    summed: Expr = batch_sum(objective.symbol) if varies else objective.symbol
    lines = [
        *lowering.values(objective),
        *lowering.adjoints(objective, S.One),
        Assign(total, summed),
    ]
    results = {
        Port.TOTAL: {objective.name: total},
        Port.PARAM_BARS: lowering.bars(lowering.circuit.params),
    }
    return Function(
        summary=f"Sums over the rows of {objective.name} and of its partial by each parameter.",
        of=objective,
        varies=varies,
        program=lowering.program(lowering.leaves(objective), lines, results, lowering.varying),
        given={},
        results=results,
        passes=FUSED_PASSES,
        in_blocks=True,
    )


FUNCTIONS: Mapping[str, FunctionBuilder] = {
    "forward": _forward,
    "backward": _backward,
    "objective": _objective,
    "jvp": derivatives.jvp,
    "params_jvp": derivatives.params_jvp,
    "hessp": derivatives.hessp,
    "hessian": derivatives.hessian,
    "residuals": derivatives.residuals,
    "jacobian": derivatives.jacobian,
}
"""What a module can contain, by name; a further function is one more row.

Under `per_sample` it has several, each with a name of its own.
"""
NAMES = frozenset({*FUNCTIONS, per_sample.NAME})
"""What `lower` is asked for."""


def plain(circuit: Circuit) -> tuple[str, ...]:
    """What every module contains: the objective only where it is one number to make small."""
    always = ("forward", "backward")
    return always if circuit.objective.shape else (*always, "objective")


def lower(
    circuit: Circuit,
    functions: Sequence[str] = (),
    *,
    in_turn: bool = False,
    others: Mapping[str, FunctionBuilder] | None = None,
    keep_loops: bool = False,
) -> Lowered:
    """The functions of a circuit's module by name, their programs not yet optimised.

    Without `functions`, those of every module. `in_turn` says that samples are computed one after
    the other, so that no line that varies by sample may wait for all of them. `others` are builders
    of functions that only one target has, by their names. Loops are written out unless they are
    kept.

    >>> import symback as sb
    >>> print(lower(sb.circuit("f = w*x", loss=None)).functions["backward"].program)
    (w, x, f_bar):
        w_bar = batch_sum(f_bar*x)
        x_bar = f_bar*w
        return w_bar, x_bar
    """
    split = circuit if isinstance(circuit, Gates) else gates(circuit, keep_loops=keep_loops)
    builders = {**FUNCTIONS, **(others or {})}
    asked = functions
    if per_sample.NAME in functions:
        partials = dict(per_sample.builders(split))
        functions = [*(name for name in functions if name != per_sample.NAME), *partials]
        builders |= partials
    functions = functions or plain(split)
    lowering = _with_one_shape_a_name(split, functions, builders, in_turn)
    if not isinstance(circuit, Gates) and lowering.unrolls(circuit):
        return lower(unrolled(circuit), asked, in_turn=in_turn, others=others)
    found = {name: lowering.function(name) for name in functions}
    return Lowered(split, lowering.names, found, lowering.has_guards, lowering.has_conventions)


def _with_one_shape_a_name(
    circuit: Gates,
    functions: Sequence[str],
    builders: Mapping[str, FunctionBuilder],
    in_turn: bool,
) -> Lowering:
    """The functions made anew until each adjoint has the same shape in all of them."""
    full_shape: frozenset[str] = frozenset()
    while True:
        lowering = Lowering(circuit, builders, full_shape, in_turn)
        for name in functions:
            lowering.function(name)
        if not lowering.of_two_shapes:
            return lowering
        full_shape |= lowering.of_two_shapes


def optimised(lowered: Lowered) -> Lowered:
    """The same functions after all passes, the cache no more than is read."""
    functions = dict(lowered.functions)
    read: set[Symbol] = set()
    cache: dict[str, Symbol] = {}
    # those that read the cache come before the one that keeps it
    for name in sorted(functions, key=lambda name: Port.CACHE not in functions[name].given):
        function = functions[name]
        if Port.CACHE in function.results:
            cache = {n: s for n, s in function.results[Port.CACHE].items() if s in read}
            function = function.with_results({**function.results, Port.CACHE: cache})
        program = optimise(function.program, lowered.names, function.passes)
        if Port.CACHE in function.given:
            read |= {s for line in program.lines for s in line.reads}
        functions[name] = replace(function, program=program)
    for name, function in functions.items():
        if Port.CACHE in function.given:
            functions[name] = replace(function, given={**function.given, Port.CACHE: cache})
    return replace(lowered, functions=functions)


def distributed(lowered: Lowered) -> Lowered:
    """The same functions, whose loops are over recurrences alone."""
    return replace(
        lowered,
        functions={
            name: replace(function, program=distribute_loops(function.program, lowered.names))
            for name, function in lowered.functions.items()
        },
    )


__all__ = ["FUNCTIONS", "NAMES", "Lowered", "distributed", "lower", "optimised", "plain"]
