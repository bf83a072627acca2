"""Lines of an explicit circuit whose range is not that of the code: it shifts exp, scales norms."""

from __future__ import annotations

from sympy import Symbol

from symback.autodiff.lower import Lowered


def unlimited_lines(lowered: Lowered, starts: tuple[str, ...]) -> frozenset[Symbol]:
    """Lines inside operations whose code shifts exp, and adjoints that such lines enter."""
    if not starts:
        return frozenset()
    adjoints = {lowered.names.adjoint(n.name) for n in lowered.circuit.nodes}
    return frozenset(
        line.target
        for function in lowered.functions.values()
        for line in function.program.lines
        if line.target.name.startswith(starts)
        or (line.target in adjoints and any(s.name.startswith(starts) for s in line.reads))
    )


def norm_adjoints(lowered: Lowered, roots: set[Symbol]) -> dict[Symbol, Symbol]:
    """The adjoint of each sum of squares whose root is a norm, and that of the norm."""
    adjoint = lowered.names.adjoint
    lines = lowered.program("forward").lines
    return {
        adjoint(squares.name): adjoint(line.target.name)
        for line in lines
        if line.target in roots
        for squares in line.reads
    }


__all__ = ["norm_adjoints", "unlimited_lines"]
