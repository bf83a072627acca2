"""Circuit → what a framework needs of it to differentiate it in both modes and twice.

A framework is given values together with their partials, and how those move: everything is linear
in the tangents that it brings, so that it can be transposed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sympy import Expr, Piecewise, S, Symbol

from symback.autodiff.function import Function, FunctionBuilder, Lowering, Port
from symback.autodiff.lower import Lowered, lower, optimised
from symback.autodiff.passes import FUSED_PASSES, TANGENT_PASSES, Pass
from symback.autodiff.tangents import tangent_program
from symback.circuits.circuit import Circuit, Node
from symback.circuits.program import Assign, Program, batch_sum, loop_of
from symback.circuits.requirements import index_leaves
from symback.operations.arrays.loops import TurnOf, loop

OUTPUT, OUTPUT_DOT = "output", "output_dot"
PARTIALS, PARTIALS_DOT = "partials", "partials_dot"  # of the output, for each sample
PULLED, PULLED_DOT = "pulled", "pulled_dot"  # back from an adjoint of the output
TOTAL, TOTAL_DOT = "total", "total_dot"  # of the objective, with its partials
VALUE = "value"  # of the objective, summed over the samples
OF_PARTIALS = (PULLED, TOTAL)  # whose results are adjoints of leaves, each of which may be left out


@dataclass(frozen=True, slots=True)
class FrameworkProgram:
    """A program, the leaves that it reads, and those of them that have a derivative."""

    name: str
    program: Program
    lowered: Lowered
    leaves: Sequence[Node]
    moving: Sequence[Node]
    seed: Symbol | None = None

    @property
    def dots(self) -> list[Symbol]:
        """The tangents of the leaves that move, and that of the seed."""
        names = self.lowered.names
        seed = [] if self.seed is None else [names.tangent(self.seed.name)]
        return [*(names.tangent(leaf.name) for leaf in self.moving), *seed]


def framework_programs(circuit: Circuit, names: Sequence[str]) -> dict[str, FrameworkProgram]:
    """The programs of these names, after all passes.

    >>> import symback as sb
    >>> found = framework_programs(sb.circuit("f = w*x", loss=None), [PARTIALS])
    >>> print(found[PARTIALS].program)
    (w, x):
        f = w*x
        w_bar = x
        x_bar = w
        return f, w_bar, x_bar
    """
    lowered = optimised(lower(circuit, names, others=_BUILDERS, keep_loops=True))
    return {name: _asked(lowered, name) for name in names}


def _asked(lowered: Lowered, name: str) -> FrameworkProgram:
    function = lowered.functions[name]
    arguments = {*function.program.arguments}
    seed = lowered.names.adjoint(function.of.name)
    return FrameworkProgram(
        name,
        function.program,
        lowered,
        [n for n in lowered.circuit.leaves if n.symbol in arguments],
        [lowered.circuit[leaf] for leaf in function.given[Port.PARAM_DOTS]],
        seed if seed in arguments else None,
    )


def _moving(lowering: Lowering, of: Node) -> list[Node]:
    """The parameters and inputs that move a node; an index doesn't, nor does a target."""
    indices = index_leaves(lowering.circuit)
    seed = lowering.names.adjoint(of.name) if of.shape else S.One
    reached = {line.target for line in lowering.adjoints(of, seed) if line.expr is not S.Zero}
    return [
        leaf
        for leaf in lowering.circuit.leaves
        if leaf.role != "target"
        and leaf.name not in indices
        and lowering.names.adjoint(leaf.name) in reached
    ]


def _function(
    lowering: Lowering,
    of: Node,
    lines: Sequence[Assign],
    results: Mapping[Port, Mapping[str, Symbol]],
    seed: Symbol | None = None,
) -> Function:
    varies = of.symbol in lowering.varying
    symbols, varying = lowering.leaves(of), lowering.varying
    if seed is not None:
        symbols, varying = [*symbols, seed], varying | ({seed} if varies else set())
    program = lowering.program(symbols, lines, results, varying)
    return _of_program(lowering, of, program, results, FUSED_PASSES)


def _of_program(
    lowering: Lowering,
    of: Node,
    program: Program,
    results: Mapping[Port, Mapping[str, Symbol]],
    passes: Sequence[Pass],
) -> Function:
    dots = {n.name: lowering.names.tangent(n.name) for n in _moving(lowering, of)}
    varies = of.symbol in lowering.varying
    return Function("", of, varies, program, {Port.PARAM_DOTS: dots}, results, passes)


def _output(lowering: Lowering) -> Function:
    of = lowering.circuit.output
    return _function(lowering, of, lowering.values(of), {Port.OUTPUT: {of.name: of.symbol}})


def _value(lowering: Lowering) -> Function:
    of = lowering.circuit.objective
    total, last = _summed(lowering, of)
    lines = [*lowering.values(of), last]
    return _function(lowering, of, lines, {Port.TOTAL: {of.name: total}})


def _total(lowering: Lowering) -> Function:
    of = lowering.circuit.objective
    total, last = _summed(lowering, of)
    lines = [*lowering.values(of), *lowering.adjoints(of, S.One), last]
    bars = lowering.bars(_moving(lowering, of))
    results = {Port.TOTAL: {of.name: total}, Port.PARAM_BARS: bars}
    return _function(lowering, of, lines, results)


def _summed(lowering: Lowering, of: Node) -> tuple[Symbol, Assign]:
    total = lowering.names.total(of.name)
    varies = of.symbol in lowering.varying
    return total, Assign(total, batch_sum(of.symbol) if varies else of.symbol)


def _partials(lowering: Lowering) -> Function:
    """The output of a circuit of numbers, and its partials for each sample."""
    of = lowering.circuit.output
    lines = [*lowering.values(of), *lowering.adjoints(of, S.One, summed=False)]
    bars = lowering.bars(_moving(lowering, of))
    results = {Port.OUTPUT: {of.name: of.symbol}, Port.PARAM_BARS: bars}
    return _function(lowering, of, lines, results)


def _pulled(lowering: Lowering) -> Function:
    """What an adjoint of the output gives the leaves."""
    of = lowering.circuit.output
    seed = lowering.names.adjoint(of.name)
    lines = [*lowering.values(of), *lowering.adjoints(of, seed)]
    bars = lowering.bars(_moving(lowering, of))
    return _function(lowering, of, lines, {Port.PARAM_BARS: bars}, seed)


def _moved(name: str, seeded: bool = False) -> FunctionBuilder:
    """The tangents of the results of another function."""

    def build(lowering: Lowering) -> Function:
        function, names = lowering.function(name), lowering.names
        dots = {n.symbol: names.tangent(n.name) for n in _moving(lowering, function.of)}
        if seeded:
            seed = names.adjoint(function.of.name)
            dots[seed] = names.tangent(seed.name)
        still = lowering.still(function.of)
        moved = tangent_program(
            function.program, names, dots, least=lowering.circuit.least, still=still
        )
        program = moved.with_lines(_linear(moved.lines, set(dots.values())))
        results = {
            port: dict(zip(values, program.results[start:], strict=False))
            for start, port, values in _places(function)
        }
        return _of_program(lowering, function.of, program, results, TANGENT_PASSES)

    return build


def _linear(lines: Iterable[Assign], moving: set[Symbol]) -> Iterator[Assign]:
    """The lines with a factor that moves in each branch of a choice that has one in another.

    A branch that is 0, or NaN where what it stands for is, would be lost by a transposition.
    """
    for line in lines:
        if loop_of(line) is not None:
            line = replace(line, expr=_linear_loop(line, moving))
        if not moving.isdisjoint(line.expr.free_symbols):
            moving.add(line.target)
        choices = line.expr.atoms(Piecewise)
        found = {choice: _with_factor(choice, moving) for choice in choices}
        yield replace(line, expr=line.expr.xreplace(found)) if found else line


def _linear_loop(line: Assign, moving: set[Symbol]) -> Expr:
    """The same of the lines of a loop's turn."""
    of = loop_of(line)
    turn = [Assign(*pair) for pair in of.turn.lines]
    lines = tuple((x.target, x.expr) for x in _linear(turn, of.moving(moving)))
    made = loop(*of.operands, TurnOf(replace(of.turn, lines=lines)), *of.args[-2:])
    return batch_sum(made) if isinstance(line.expr, batch_sum) else made


def _with_factor(choice: Piecewise, moving: set[Symbol]) -> Expr:
    moves = [not moving.isdisjoint(value.free_symbols) for value, _ in choice.args]
    factor = next((v for (v, _), does in zip(choice.args, moves, strict=True) if does), S.One)
    branches = [
        (v if does else v * factor, condition)
        for (v, condition), does in zip(choice.args, moves, strict=True)
    ]
    return Piecewise(*branches, evaluate=False)


def _places(function: Function) -> list[tuple[int, Port, Mapping[str, Symbol]]]:
    """The ports of results, each with the place of its first one among all."""
    found, start = [], 0
    for port, values in function.results.items():
        found.append((start, port, values))
        start += len(values)
    return found


_BUILDERS: Mapping[str, FunctionBuilder] = {
    OUTPUT: _output,
    OUTPUT_DOT: _moved(OUTPUT),
    PARTIALS: _partials,
    PARTIALS_DOT: _moved(PARTIALS),
    PULLED: _pulled,
    PULLED_DOT: _moved(PULLED, seeded=True),
    VALUE: _value,
    TOTAL: _total,
    TOTAL_DOT: _moved(TOTAL),
}

__all__ = [
    "OF_PARTIALS",
    "OUTPUT",
    "OUTPUT_DOT",
    "PARTIALS",
    "PARTIALS_DOT",
    "PULLED",
    "PULLED_DOT",
    "TOTAL",
    "TOTAL_DOT",
    "VALUE",
    "FrameworkProgram",
    "framework_programs",
]
