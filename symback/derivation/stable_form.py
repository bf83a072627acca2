"""The last section of a derivation: the stable form, and how it follows from what was typed.

Which formulas are computed otherwise than typed, and each result in that form, which must equal
the result as typed. Names of parts that only the stable form has are defined first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sympy import Expr

from symback.autodiff.closed_forms import inline_generated, inner_nodes
from symback.circuits.circuit import Circuit, Node, Rewrite
from symback.circuits.program import symbols
from symback.derivation.numbers.links import below
from symback.derivation.record import Derivation
from symback.derivation.writer import StepWriter

COMPUTED = "what modules compute"
STABLE = "it keeps its digits"


def write_stable_form(writer: StepWriter, form: Derivation) -> None:
    """Write the rewritten formulas and the results of a derivation of the stable form.

    `writer` has written the same results along the formulas as typed. Formulas that only results
    by inner nodes would read, and no result shows, are left out.
    """
    typed = writer.walk.circuit
    last = {left: (writer.last_of(left), form.last_step_about(left)) for left in form.asked}
    written = {n: s for n, s in last.items() if isinstance(s[1].right, Expr)}  # else over names
    changed = {n: (one, two.right) for n, (one, two) in written.items() if one.right != two.right}
    if form.walk.opaque and not changed:
        return
    rewrites = []
    for rewrite in _rewrites(form):
        name = rewrite.node
        before, after = _as_typed(typed, form, name), inlined(form.walk.circuit, name)
        if before == after:  # SymPy has undone the root itself: n² is said of n, as typed
            before = inlined(typed, name)
        because: tuple[int, ...] = (writer.last_of(name).id,)
        rewrites.append(writer.add("rewrite", name, after, rewrite.why, because, before))
    rule = STABLE if form.walk.opaque else COMPUTED
    for left, (as_typed, stable) in changed.items():
        because = (as_typed.id, *rewrites)
        before = as_typed.right if isinstance(as_typed.right, Expr) else None
        writer.add("stable", left, stable, rule, because, before)
        if last[left][1].is_product:
            writer.steps[-1] = replace(writer.steps[-1], by_differential=True)


def parts_named(typed: Circuit, forms: Sequence[Derivation]) -> list[Node]:
    """The parts of the stable form that its formulas and results name and the typed one lacks."""
    found: dict[str, Node] = {}
    for form in forms:
        circuit = form.walk.circuit
        exprs = [inlined(circuit, r.node) for r in _rewrites(form)]
        results = [form.last_step_about(left).right for left in form.asked]
        exprs += [right for right in results if isinstance(right, Expr)]
        for name in _named(exprs, circuit):
            if name not in typed:
                found[name] = circuit[name]
    return list(found.values())


def _named(exprs: Sequence[Expr], circuit: Circuit) -> Iterator[str]:
    """The computed nodes that expressions name, or whose adjoint, each after what it reads."""
    found: set[str] = set()
    waiting = list(exprs)
    while waiting:
        names = {s.name for s in symbols(waiting.pop())}
        names |= {name.removesuffix("_bar") for name in names}
        new = {n for n in names - found if n in circuit and circuit[n].generated}
        found |= new
        waiting += [circuit[name].formula for name in new]
    return (n.name for n in circuit.computed if n.name in found)


def _rewrites(form: Derivation) -> list[Rewrite]:
    """The rewritings that the results depend on."""
    computed = {n.name for n in below(form.walk.circuit, form.of)}
    return [r for r in form.walk.circuit.rewrites if r.node in computed]


def _as_typed(typed: Circuit, form: Derivation, name: str) -> Expr:
    """The formula as typed; a node that the stable form passes by stands as its formula."""
    kept = {n.name for n in below(form.walk.circuit, form.of)}
    passed_by = [n for n in typed.computed if not n.generated and n.name not in kept]
    formulas = {n.symbol: inlined(typed, n.name) for n in passed_by}
    before = inlined(typed, name)
    while named := symbols(before) & formulas.keys():
        before = before.xreplace({s: formulas[s] for s in named})
    return before


def inlined(circuit: Circuit, name: str) -> Expr:
    """The formula of a node over names, its inner parts written out but for net inputs."""
    return inline_generated(circuit[name].formula, inner_nodes(circuit, name), slopes=True)


__all__ = ["parts_named", "write_stable_form"]
