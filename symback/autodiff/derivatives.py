"""Functions of a module beyond value and gradient: Jacobians, Hessians, and products with them.

Each is made of the lines that forward and the objective have, carried along tangents or back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sympy import S, Symbol

from symback.autodiff.closed_forms import inline_generated, inner_nodes
from symback.autodiff.function import Function, Lowering, Port
from symback.autodiff.gates import Gates
from symback.autodiff.passes import JACOBIAN_PASSES, TANGENT_PASSES
from symback.autodiff.tangents import tangent_program
from symback.circuits.circuit import Circuit, Node
from symback.circuits.program import Assign, Program
from symback.circuits.squares import squared_targets, targets_together
from symback.errors import Unsupported

NO_PARAMETERS = "is by the parameters, but the circuit has none; declare what it is by as a param"
MOST_UNROLLED = 12  # parameters along each of which tangents have lines of their own


def jvp(lowering: Lowering) -> Function:
    """Leaves and their tangents → J·v, the tangent of the output.

    >>> import symback as sb
    >>> from symback.autodiff.lower import lower
    >>> print(lower(sb.circuit("f = w*x", loss=None), ["jvp"]).program("jvp"))
    (w, x, w_dot, x_dot):
        f = w*x
        f_dot = w*x_dot + w_dot*x
        return f_dot
    """
    circuit, names, output = lowering.circuit, lowering.names, lowering.circuit.output
    lines, result = lowering.values(output), {Port.OUTPUT: {output.name: output.symbol}}
    value = lowering.program(lowering.leaves(output), lines, result, lowering.varying)
    given = {
        Port.PARAM_DOTS: _dots(lowering, circuit.params, value.arguments),
        Port.INPUT_DOTS: _dots(lowering, circuit.inputs, value.arguments),
    }
    dots = {circuit[n].symbol: dot for port in given.values() for n, dot in port.items()}
    still = lowering.still(output)
    program = tangent_program(value, names, dots, least=circuit.least, still=still)
    results = {Port.OUTPUT_DOT: {output.name: program.results[0]}}
    summary = f"The tangent of {output.name} for every sample."
    return Function(
        summary, output, _varies(lowering, output), program, given, results, TANGENT_PASSES
    )


def params_jvp(lowering: Lowering) -> Function:
    """Leaves and tangents of the parameters → J·v by these alone, the tangent of the output."""
    circuit, names, output = lowering.circuit, lowering.names, lowering.circuit.output
    lines, result = lowering.values(output), {Port.OUTPUT: {output.name: output.symbol}}
    value = lowering.program(lowering.leaves(output), lines, result, lowering.varying)
    dots = _dots(lowering, circuit.params, value.arguments)
    moved = {circuit[name].symbol: dot for name, dot in dots.items()}
    still = lowering.still(output)
    program = tangent_program(value, names, moved, least=circuit.least, still=still)
    varies = _varies(lowering, output)
    summary = f"The tangent of {output.name} by the parameters, for every sample."
    if takes_many(circuit, program):
        program = replace(program, per_sample=frozenset(dots.values()))
        varies, summary = True, f"The tangent of {output.name}, a row for each direction."
    results = {Port.OUTPUT_DOT: {output.name: program.results[0]}}
    given = {Port.PARAM_DOTS: dots}
    return Function(summary, output, varies, program, given, results, TANGENT_PASSES)


def hessp(lowering: Lowering) -> Function:
    """Leaves and tangents of the parameters → Σ over the samples of H·v, the tangent of the
    objective's gradient.

    >>> import symback as sb
    >>> from symback.autodiff.lower import lower
    >>> circuit = sb.circuit("w: param; x: input; l: loss = sin(w*x)")
    >>> print(lower(circuit, ["hessp"]).program("hessp"))
    (w, x, w_dot):
        l_1 = w*x
        l_1_dot = w_dot*x
        l = sin(l_1)
        l_dot = l_1_dot*cos(l_1)
        l_1_bar = cos(l_1)
        l_1_bar_dot = -l_1_dot*sin(l_1)
        w_bar = batch_sum(l_1_bar*x)
        w_bar_dot = batch_sum(l_1_bar_dot*x)
        x_bar = l_1_bar*w
        x_bar_dot = l_1_bar*w_dot + l_1_bar_dot*w
        l_sum = batch_sum(l)
        l_sum_dot = batch_sum(l_dot)
        return w_bar_dot
    """
    circuit, names = lowering.circuit, lowering.names
    need_objective(circuit, "hessp")
    gradient = _gradient(lowering)
    bars = gradient.results[Port.PARAM_BARS]
    dots = _dots(lowering, circuit.params, gradient.program.arguments)
    program = tangent_program(
        gradient.program,
        names,
        {circuit[name].symbol: dot for name, dot in dots.items()},
        least=circuit.least,
        results=list(bars.values()),
        still=lowering.still(gradient.of),
        origins=lowering.origins,
    )
    given = {Port.PARAM_DOTS: dots}
    results = {name: names.tangent(bar.name) for name, bar in bars.items()}
    if takes_many(lowering.circuit, program):
        program = replace(program, per_sample=frozenset(dots.values()))
        summary = "H·v, a row for each v."
        ports = {Port.ROWS: results}
        return Function(summary, gradient.of, True, program, given, ports, TANGENT_PASSES)
    summary = "Sums over the rows of H·v, a value for each parameter."
    return Function(
        summary,
        gradient.of,
        gradient.varies,
        program,
        given,
        {Port.PARAM_BAR_DOTS: results},
        TANGENT_PASSES,
        in_blocks=True,
    )


def takes_many(circuit: Circuit, program: Program) -> bool:
    """Whether a program of tangents takes many directions, a row each, as nothing else has rows."""
    return circuit.has_arrays and not program.per_sample


def hessian(lowering: Lowering) -> Function:
    """Leaves → Σ over the samples of the second partials, those on and below the diagonal.

    That is where the parameters are a few numbers; otherwise it is the function of H·v, for one
    column at a time.
    """
    circuit, names = lowering.circuit, lowering.names
    need_objective(circuit, "hessian")
    if not _are_few_numbers(circuit.params):
        return hessp(lowering)
    gradient = _gradient(lowering)
    bars = gradient.results[Port.PARAM_BARS]
    order = [p.name for p in circuit.params]
    asked = {p: [bars[other] for other in order[i:]] for i, p in enumerate(order)}
    program = _along_each(lowering, gradient.of, gradient.program, asked)
    entries = {
        f"{row} {column}": names.tangent(bars[row].name, column)
        for i, column in enumerate(order)
        for row in order[i:]
    }
    results = {Port.SECOND: entries}
    summary = "Sums over the rows of the second partials, column by column from the diagonal."
    return Function(
        summary, gradient.of, gradient.varies, program, {}, results, TANGENT_PASSES, in_blocks=True
    )


def residuals(lowering: Lowering) -> Function:
    """Leaves → the output less its target, where the loss is a sum of squares of these."""
    circuit, output = lowering.circuit, lowering.circuit.output
    targets = squared_targets(_as_typed(circuit))
    if not targets and any(n.role == "samples" for n in circuit.constants):
        raise Unsupported(
            "residuals are one for each row, and the loss has terms that are counted once for all; "
            "leave these out of the loss, or minimise it by its gradient and Hessian"
        )
    if not targets:
        raise Unsupported(
            f"residuals are those of a squared loss, such as ({output} − y)**2/2 with a target y; "
            "the circuit has none"
        )
    residual = lowering.names.residual(output.name)
    difference = output.symbol - targets_together(circuit, targets)
    lines = [*lowering.values(output), Assign(residual, difference)]
    arguments = lowering.leaves(output)
    arguments += [y.symbol for y in dict.fromkeys(targets) if y.symbol not in arguments]
    results = {Port.RESIDUALS: {output.name: residual}}
    program = lowering.program(arguments, lines, results, lowering.varying)
    summary = f"{output.name} less its target, for every row."
    return Function(summary, output, True, program, {}, results, JACOBIAN_PASSES)


def jacobian(lowering: Lowering) -> Function:
    """Leaves → ∂output/∂parameters of each sample, in the cheaper mode.

    Of a number it is a row, its adjoints; of an array by a few numbers the columns, tangents.
    Otherwise the adjoints are those for a seed in each row.
    """
    circuit, output = lowering.circuit, lowering.circuit.output
    if not circuit.params:
        raise Unsupported(f"jacobian {NO_PARAMETERS}, or take per_sample, which is by inputs too")
    values, leaves = lowering.values(output), lowering.leaves(output)
    varies = _varies(lowering, output)
    summary = f"Put the partials of {output.name} by the parameters into {{}}."
    own = {node.symbol for node in (*circuit.inputs, *circuit.targets)}
    is_for_all = not varies or own.isdisjoint(leaves)  # data given once has no rows
    if is_for_all and (targets := squared_targets(_as_typed(circuit))):
        shared = {node.symbol for node in circuit.constants}
        place = next((i for i, leaf in enumerate(leaves) if leaf in shared), len(leaves))
        leaves[place:place] = [y.symbol for y in targets]  # they say how many rows there are
    if output.shape and _are_few_numbers(circuit.params):
        value = lowering.program(
            leaves, values, {Port.OUTPUT: {output.name: output.symbol}}, lowering.varying
        )
        asked = {p.name: [output.symbol] for p in circuit.params}
        program = _along_each(lowering, output, value, asked)
        columns = {p: lowering.names.tangent(output.name, p) for p in asked}
        results = {Port.COLUMNS: columns}
        return Function(
            summary.format("columns"), output, varies, program, {}, results, TANGENT_PASSES
        )
    seed = lowering.names.seed(output.name) if output.shape else S.One
    lines = [*values, *lowering.adjoints(output, seed, summed=False)]
    given = {Port.SEED: {output.name: seed}} if output.shape else {}
    arguments = [*leaves, *(s for port in given.values() for s in port.values())]
    results = {Port.ROWS: lowering.bars(circuit.params)}
    varying = lowering.varying | ({seed} if output.shape else set())
    program = lowering.program(arguments, lines, results, varying)
    return Function(summary.format("rows"), output, True, program, given, results, JACOBIAN_PASSES)


def _along_each(
    lowering: Lowering, of: Node, program: Program, asked: Mapping[str, Sequence[Symbol]]
) -> Program:
    """The program with the tangents of some of its results along each of the parameters."""
    still = lowering.still(of)
    lines = dict.fromkeys(program.lines)
    results: list[Symbol] = []
    sizes: dict[Symbol, None] = {}
    for name, symbols in asked.items():
        moved = tangent_program(
            program,
            lowering.names,
            {lowering.circuit[name].symbol: S.One},
            least=lowering.circuit.least,
            results=symbols,
            along=name,
            still=still,
            origins=lowering.origins,
        )
        lines |= dict.fromkeys(moved.lines)
        results += moved.results
        sizes |= dict.fromkeys(a for a in moved.arguments if a not in program.arguments)
    return replace(
        program,
        arguments=(*sizes, *program.arguments),
        lines=tuple(lines),
        results=tuple(results),
    ).check()


def _gradient(lowering: Lowering) -> Function:
    """The objective with its gradient, to be moved."""
    found = lowering.function("objective")
    lines = [*lowering.values(found.of), *lowering.adjoints_to_move(found.of)]
    program = replace(found.program, lines=(*lines, found.program.lines[-1]))
    return replace(found, program=program.check())


def _as_typed(circuit: Gates) -> Circuit:
    """The circuit whose loss is written out over the nodes that were typed."""
    if circuit.loss is None:
        return circuit
    inner = inner_nodes(circuit, circuit.loss.name)
    formula = inline_generated(circuit.loss.formula, inner)
    return replace(circuit, loss=replace(circuit.loss, formula=formula))


def _are_few_numbers(params: Sequence[Node]) -> bool:
    return len(params) <= MOST_UNROLLED and not any(p.shape for p in params)


def need_objective(circuit: Circuit, function: str) -> None:
    """Raise Unsupported unless the objective is a number and the circuit has parameters."""
    if circuit.objective.shape:
        what = f"the output '{circuit.output}' is an array"
        if circuit.stacked:
            what = f"the circuit has the outputs {', '.join(circuit.stacked)}"
        raise Unsupported(f"{function} is of one number, but {what}; declare a loss")
    if not circuit.params:
        raise Unsupported(f"{function} {NO_PARAMETERS}")


def _dots(
    lowering: Lowering, nodes: tuple[Node, ...], arguments: tuple[Symbol, ...]
) -> dict[str, Symbol]:
    """The tangents of those nodes that a program reads, by their names."""
    return {n.name: lowering.names.tangent(n.name) for n in nodes if n.symbol in arguments}


def _varies(lowering: Lowering, node: Node) -> bool:
    return node.symbol in lowering.varying


__all__ = [
    "hessian",
    "hessp",
    "jacobian",
    "jvp",
    "need_objective",
    "params_jvp",
    "residuals",
    "takes_many",
]
