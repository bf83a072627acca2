"""Functions of a module beyond value and gradient: products with the Jacobian and the Hessian.

Each is made of the lines that forward and the objective have, carried along tangents.
"""

from __future__ import annotations

from sympy import Symbol

from symback.autodiff.function import Function, Lowering, Port
from symback.autodiff.passes import TANGENT_PASSES
from symback.autodiff.tangents import tangent_program
from symback.circuits.circuit import Node
from symback.errors import Unsupported


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
    program = tangent_program(value, names, dots, least=circuit.least)
    results = {Port.OUTPUT_DOT: {output.name: program.results[0]}}
    return Function(output, _varies(lowering, output), program, given, results, TANGENT_PASSES)


def hessp(lowering: Lowering) -> Function:
    """Leaves and tangents of the parameters → Σ over the samples of H·v, the tangent of the
    objective's gradient.

    >>> import symback as sb
    >>> from symback.autodiff.lower import lower
    >>> circuit = sb.circuit("w: param; x: input; l: loss = (w*x)**2")
    >>> print(lower(circuit, ["hessp"]).program("hessp"))
    (w, x, w_dot):
        l_1 = w*x
        l_1_dot = w_dot*x
        l = l_1**2
        l_dot = 2*l_1*l_1_dot
        l_1_bar = 2*l_1
        l_1_bar_dot = 2*l_1_dot
        w_bar = batch_sum(l_1_bar*x)
        w_bar_dot = batch_sum(l_1_bar_dot*x)
        l_sum = batch_sum(l)
        l_sum_dot = batch_sum(l_dot)
        return w_bar_dot
    """
    circuit, names = lowering.circuit, lowering.names
    need_objective(lowering, "hessp")
    gradient = lowering.function("objective")
    bars = gradient.results[Port.PARAM_BARS]
    dots = _dots(lowering, circuit.params, gradient.program.arguments)
    program = tangent_program(
        gradient.program,
        names,
        {circuit[name].symbol: dot for name, dot in dots.items()},
        least=circuit.least,
        results=list(bars.values()),
    )
    given = {Port.PARAM_DOTS: dots}
    results = {Port.PARAM_BAR_DOTS: {name: names.tangent(bar.name) for name, bar in bars.items()}}
    return Function(
        gradient.of, gradient.varies, program, given, results, TANGENT_PASSES, in_blocks=True
    )


def need_objective(lowering: Lowering, function: str) -> None:
    """Unsupported where there is no number to make small, or nothing to make it small by."""
    circuit = lowering.circuit
    if circuit.objective.shape:
        raise Unsupported(
            f"{function} is of one number, but the output '{circuit.output}' is an array; "
            "declare a loss"
        )
    if not circuit.params:
        raise Unsupported(f"{function} is by the parameters, but the circuit has none")


def _dots(
    lowering: Lowering, nodes: tuple[Node, ...], arguments: tuple[Symbol, ...]
) -> dict[str, Symbol]:
    """The tangents of those nodes that a program reads, by their names."""
    return {n.name: lowering.names.tangent(n.name) for n in nodes if n.symbol in arguments}


def _varies(lowering: Lowering, node: Node) -> bool:
    return node.symbol in lowering.varying


__all__ = ["hessp", "jvp", "need_objective"]
