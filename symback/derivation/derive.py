"""Circuit → derivation: the reverse pass is run, and its steps are written and verified."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from symback.autodiff.closed_forms import Gradient, refuse_array
from symback.autodiff.reverse import ReversePass, seen_from
from symback.circuits.circuit import Circuit, Node, refuse_constant
from symback.circuits.loops import refuse_all_turns, unrolled
from symback.circuits.paused_gc import no_search_for_cycles
from symback.derivation.record import Derivation
from symback.derivation.stable_form import parts_named, write_stable_form
from symback.derivation.steps import View
from symback.derivation.turns import in_the_middle, in_turns
from symback.derivation.walks import stable_walk, typed_walk
from symback.derivation.writer import StepWriter
from symback.errors import UnknownName, Unsupported, nearest

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
    names = () if wrt is None else (wrt,) if isinstance(wrt, str | Node) else tuple(wrt)
    asked = tuple(dict.fromkeys(map(str, names)))
    for name in (*asked, *([str(of)] if of else [])):
        refuse_all_turns(circuit, name)
    shown = (
        in_turns(circuit) if all(n in circuit for n in (*asked, *([of] if of else []))) else None
    )
    if shown is not None:
        start = seen_from(circuit, of)[1]
        return in_the_middle(circuit, shown, start, None if wrt is None else asked, derive)
    return _derive(unrolled(circuit), of, wrt, asked, view)


def _derive(
    circuit: Circuit,
    of: str | None,
    wrt: str | Iterable[str] | None,
    asked: tuple[str, ...],
    view: View,
) -> Derivation:
    inner = [n for n in asked if n in circuit and not circuit[n].is_leaf]
    seen, start = seen_from(circuit, of)
    typed = typed_walk(seen, start)
    refuse_array(typed)
    if wrt is None:
        asked = tuple(n.name for n in seen.leaves if n.name in typed.into)
    for name in asked:
        if name not in typed.circuit:
            known = [n.name for n in typed.circuit.nodes]
            raise UnknownName(f"the circuit has no node '{name}'{nearest(name, known)}")
        refuse_constant(typed.node(name))
    view = "accumulation" if seen.has_arrays else view
    leaves = [n for n in asked if typed.node(n).is_leaf]
    forms = []
    for wanted, opaque in ((leaves, ()), (inner, inner)):
        walk = stable_walk(seen, start, opaque) if wanted else None
        if walk is not None:
            forms.append(_written(seen, walk, wanted, view))
    named = parts_named(typed.circuit, forms)
    typed = replace(typed, circuit=replace(typed.circuit, nodes=(*typed.circuit.nodes, *named)))
    return replace(_written(seen, typed, asked, view, forms, named), circuit=circuit)


def _written(
    circuit: Circuit,
    walk: ReversePass,
    asked: Sequence[str],
    view: View,
    forms: Sequence[Derivation] = (),
    named: Sequence[Node] = (),
) -> Derivation:
    """The derivation along one walk, then the stable forms, with the parts that these name."""
    brief = len(walk.edges) > MANY_EDGES
    gradient = Gradient(circuit, walk, False, *([LARGEST_OF_MANY] if brief else []))
    writer = StepWriter(walk, gradient, view, folds=bool(forms))
    writer.write(asked)
    for node in named:
        writer.add("define", node.name, node.formula, "definition")
    for form in forms:
        write_stable_form(writer, form)
    closed = {n: gradient[n] for n in asked}
    for form in forms:
        closed |= form.closed
    return Derivation(
        circuit,
        walk,
        tuple(asked),
        tuple(writer.steps),
        closed,
        view=view,
        verified=writer.verified and all(form.verified for form in forms),
        stable=tuple(forms),
    )


def by_adjoints(derivation: Derivation) -> Derivation:
    """The same derivation in the view "accumulation"."""
    if derivation.is_matrix:
        raise Unsupported(
            f"a {derivation.matrix_name} is derived along paths; adjoints are those of one node: "
            f'derive("{derivation.of}").accumulation()'
        )
    found = derive(derivation.circuit, derivation.of, derivation.wrt, view="accumulation")
    return replace(found, values=derivation.values)


def of_all_turns(derivation: Derivation) -> Derivation:
    """The derivation of a circuit with loops, these written out: each turn has its own numbers."""
    return derive(unrolled(derivation.circuit), derivation.of, derivation.wrt)


__all__ = ["LARGEST_OF_MANY", "MANY_EDGES", "by_adjoints", "derive", "of_all_turns"]
