"""The costs of products with Jacobians and Hessians, by count of operations."""

from __future__ import annotations

from dataclasses import replace

from symback.autodiff.lower import optimised
from symback.autodiff.passes.drop_dead import drop_dead
from symback.circuits.circuit import Circuit
from symback.circuits.program import operations
from tests.cases.program_balls import lowered


def as_typed(circuit: Circuit, node: str) -> int:
    """The operations of a node as typed: one function of a rewriting stands for several of them."""
    needed, count = {node}, 0
    for found in reversed(circuit.nodes):
        if found.name in needed and not found.is_leaf:
            count += operations(found.formula)
            needed |= {symbol.name for symbol in found.formula.free_symbols}
    return count


def assert_cheap(circuit: Circuit) -> None:
    """Beside the value, J·v takes at most three times its operations, and H·v ten times."""
    found = optimised(lowered(circuit))

    def value(function: str, node: str) -> int:
        program = found.program(function)
        alone = replace(program, results=program.results[:1])
        return max(drop_dead(alone, found.names).operations, as_typed(circuit, node))

    forward = value("forward", circuit.output.name)
    assert found.program("jvp").operations - forward <= 3 * forward
    if "hessp" in found.functions:
        objective = value("objective", circuit.objective.name)
        assert found.program("hessp").operations - objective <= 10 * objective
