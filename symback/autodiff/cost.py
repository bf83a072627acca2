"""What a gradient costs: operations of the value, of the value with its partials, values held."""

from __future__ import annotations

from dataclasses import dataclass, replace

from symback.autodiff.lower import Lowered, lower, optimised
from symback.autodiff.passes.drop_dead import drop_dead
from symback.circuits.circuit import Circuit
from symback.circuits.program import Program


@dataclass(frozen=True, slots=True)
class OperationCount:
    """Operations of a value, and of the value together with its partials, a sample."""

    of: str
    by: str  # what the partials are by
    value: int
    gradient: int
    live: int  # values held at one time, at most

    @property
    def ratio(self) -> float:
        return self.gradient / max(1, self.value)

    def __str__(self) -> str:
        return (
            f"{self.of}: {counted(self.value, 'operation')}; with its partials by {self.by} "
            f"{self.gradient}, {self.ratio:.1f} times as many; live values: {self.live}"
        )


def operation_counts(circuit: Circuit) -> tuple[OperationCount, ...]:
    """What the output's partials by all leaves cost, and those that training needs.

    >>> import symback as sb
    >>> for count in operation_counts(sb.circuit("f = x1 - sigma(w3*x3 + w4*x4)")):
    ...     print(count)
    f: 5 operations; with its partials by all leaves 12, 2.4 times as many; live values: 9
    l: 8 operations; with its partials by parameters 12, 1.5 times as many; live values: 7
    """
    return operation_counts_of(optimised(lower(circuit)))


def operation_counts_of(lowered: Lowered) -> tuple[OperationCount, ...]:
    """The same, from a circuit's functions after all passes."""
    circuit, functions = lowered.circuit, lowered.functions
    forward, backward = functions["forward"].program, functions["backward"].program
    both = replace(
        forward,
        arguments=(*forward.arguments, lowered.seed),
        lines=(*forward.lines, *backward.lines),
        results=(*forward.results[:1], *backward.results),
    )
    found = [_operation_count(lowered, circuit.output.name, "all leaves", forward, both)]
    if "objective" in functions and circuit.params:
        fused = functions["objective"].program
        found.append(_operation_count(lowered, circuit.objective.name, "parameters", fused, fused))
    return tuple(found)


def _operation_count(
    lowered: Lowered, of: str, by: str, value: Program, gradient: Program
) -> OperationCount:
    alone = drop_dead(replace(value, results=value.results[:1]), lowered.names)
    names = {*gradient.arguments, *(line.target for line in gradient.lines)}
    return OperationCount(of, by, alone.operations, gradient.operations, gradient.live(names))


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


__all__ = ["OperationCount", "counted", "operation_counts", "operation_counts_of"]
