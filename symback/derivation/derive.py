"""Circuit → derivation: the reverse pass is run, and its steps are written and verified."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from symback.autodiff.closed_forms import Gradient, refuse_array
from symback.autodiff.reverse import reverse_pass, seen_from
from symback.circuits.circuit import Circuit, Node
from symback.circuits.paused_gc import no_search_for_cycles
from symback.derivation.record import Derivation
from symback.derivation.steps import View
from symback.derivation.writer import StepWriter
from symback.errors import UnknownName, nearest

MANY_EDGES = 1000
LARGEST_OF_MANY = 40
"""Operations of a closed form where a circuit has many edges: longer adjoints keep their names."""


@no_search_for_cycles()
def derive(
    circuit: Circuit,
    of: str | None,
    wrt: str | Iterable[str] | None,
    *,
    view: View = "paths",
) -> Derivation:
    """The derivation of ∂of/∂wrt; of the output where `of` is None, by all leaves where `wrt` is.

    `view` is "paths", the products of all paths added up, or "accumulation", adjoint by adjoint as
    the code computes them; arrays have the latter only. Raises UnknownName for a name that the
    circuit has not.
    """
    named = () if wrt is None else (wrt,) if isinstance(wrt, str | Node) else tuple(wrt)
    inner = [n for n in map(str, named) if n in circuit and not circuit[n].is_leaf]
    seen, start = seen_from(circuit, of)
    walk = reverse_pass(seen, start, opaque=inner)
    refuse_array(walk)
    brief = len(walk.edges) > MANY_EDGES
    gradient = Gradient(seen, walk, False, *([LARGEST_OF_MANY] if brief else []))
    asked = tuple(gradient) if wrt is None else tuple(map(str, named))
    for name in asked:
        if name not in walk.circuit:
            known = [n.name for n in walk.circuit.nodes]
            raise UnknownName(f"the circuit has no node '{name}'{nearest(name, known)}")
    view = "accumulation" if seen.has_arrays else view
    writer = StepWriter(walk, gradient, view)
    writer.write(asked)
    closed = {n: gradient[n] for n in asked}
    return Derivation(
        circuit, walk, asked, tuple(writer.steps), closed, view=view, verified=writer.verified
    )


def by_adjoints(derivation: Derivation) -> Derivation:
    """The same derivation in the view "accumulation"."""
    found = derive(derivation.circuit, derivation.of, derivation.wrt, view="accumulation")
    return replace(found, values=derivation.values)


__all__ = ["LARGEST_OF_MANY", "MANY_EDGES", "by_adjoints", "derive"]
