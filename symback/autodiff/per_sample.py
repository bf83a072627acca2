"""Partials of computed nodes by the leaves, of each sample: what a module has under `per_sample`.

A function gives those of one node by all parameters, or by all inputs, in reverse: for a seed in
each row where the node is an array.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from sympy import S

from symback.autodiff.function import Function, FunctionBuilder, Lowering, Port
from symback.autodiff.gates import Gates
from symback.autodiff.passes import JACOBIAN_PASSES
from symback.circuits.circuit import Circuit
from symback.errors import Unsupported

NAME = "per_sample"
MOST_NODES = 24  # each of which has functions of its own, of all lines below it


@dataclass(frozen=True, slots=True)
class PartialsOf:
    """A node, the leaves below it, and the functions that give its partials by these."""

    node: str
    params: tuple[str, ...]
    inputs: tuple[str, ...]

    @property
    def by_params(self) -> str:
        """The name of a function; "" where no parameter is below the node."""
        return f"{self.node}_by_params" if self.params else ""

    @property
    def by_inputs(self) -> str:
        """The name of a function; "" where no input is below the node."""
        return f"{self.node}_by_inputs" if self.inputs else ""


def differentiated(circuit: Circuit) -> list[PartialsOf]:
    """The nodes that `per_sample` is of: all that are named, or, of many, the outputs and the loss.

    >>> import symback as sb
    >>> for found in differentiated(sb.circuit("u = w*x, f = tanh(u)*b")):
    ...     print(found.node, found.params, found.inputs)
    u ('w',) ('x',)
    f ('w', 'b') ('x',)
    l ('w', 'b') ('x',)
    """
    named = [n for n in circuit.computed if not n.generated]
    if len(named) > MOST_NODES:
        ends = {n.name for n in (*circuit.outputs, circuit.output, circuit.objective)}
        named = [n for n in named if n.name in ends]
    below: dict[str, frozenset[str]] = {}
    for node in circuit.nodes:
        below[node.name] = frozenset({node.name}).union(*(below[o] for o in node.operands))
    return [
        PartialsOf(
            n.name,
            tuple(p.name for p in circuit.params if p.name in below[n.name]),
            tuple(i.name for i in circuit.inputs if i.name in below[n.name]),
        )
        for n in named
    ]


def builders(circuit: Gates) -> Iterator[tuple[str, FunctionBuilder]]:
    """The functions by their names."""
    if not (circuit.params or circuit.inputs):
        raise Unsupported("per_sample is by parameters or inputs, but the circuit has neither")
    for found in differentiated(circuit):
        if found.by_params:
            yield found.by_params, partial(partials_of, of=found.node, by=found.params)
        if found.by_inputs:
            yield found.by_inputs, partial(partials_of, of=found.node, by=found.inputs)


def partials_of(lowering: Lowering, of: str, by: Sequence[str]) -> Function:
    """Leaves and, of an array, a seed for each row → the adjoints of parameters or of inputs.

    >>> import symback as sb
    >>> from symback.autodiff.lower import lower
    >>> found = lower(sb.circuit("u = w*x, f = tanh(u)"), ["per_sample"])
    >>> print(found.program("u_by_inputs"))
    (w, x):
        u = w*x
        w_bar = x
        x_bar = w
        return x_bar
    """
    node, leaves = lowering.circuit[of], [lowering.circuit[name] for name in by]
    seed = lowering.names.seed(of) if node.shape else S.One
    given = {Port.SEED: {of: seed}} if node.shape else {}
    lines = [*lowering.values(node), *lowering.adjoints(node, seed, summed=False)]
    of_params = leaves[0].role == "param"
    results = {Port.ROWS if of_params else Port.INPUT_BARS: lowering.bars(leaves)}
    arguments = [*lowering.leaves(node), *(s for values in given.values() for s in values.values())]
    varying = lowering.varying | ({seed} if node.shape else set())
    program = lowering.program(arguments, lines, results, varying)
    what = "parameters" if of_params else "inputs"
    rows = "a seed in each row" if node.shape else "every sample"
    summary = f"The partials of {of} by the {what}, for {rows}."
    return Function(summary, node, True, program, given, results, JACOBIAN_PASSES)


__all__ = ["NAME", "PartialsOf", "builders", "differentiated", "partials_of"]
