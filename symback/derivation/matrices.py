"""Circuit → derivation of a Jacobian, row by row, or of a Hessian, each pair of names once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

from symback.autodiff.closed_forms import Gradient
from symback.autodiff.matrices import Asked, columns_of, hessian_of, jacobian_of, second_partials
from symback.autodiff.reverse import ReversePass, seen_from
from symback.circuits.circuit import Circuit, Node
from symback.circuits.loops import turns_of, unrolled
from symback.circuits.paused_gc import no_search_for_cycles
from symback.circuits.requirements import index_leaves
from symback.derivation.derive import MANY_EDGES, derive
from symback.derivation.differentials import DifferentialWriter
from symback.derivation.hessian import HessianWriter
from symback.derivation.record import Derivation
from symback.derivation.rows import in_turn
from symback.derivation.stable_form import parts_named, write_stable_form
from symback.derivation.steps import View
from symback.derivation.walks import stable_walk, typed_walk
from symback.derivation.writer import StepWriter
from symback.errors import CircuitError, TooLarge, Unsupported, nearest
from symback.truth.explicit import written_out

MOST_COLUMNS = 20  # of a Hessian
MOST_ENTRIES = 400  # of a Jacobian
MOST_WRITTEN = 200  # entries of all arrays that are written out

EntryNames = dict[str, tuple[str, ...]]
"""The names of the entries of each array that is written out."""


def derivation_of(
    circuit: Circuit, of: Asked, wrt: Asked, *, view: View, order: int, jacobian: bool
) -> Derivation:
    """The derivation that was asked for: of partials, of a Jacobian, or of a Hessian."""
    if order not in (1, 2):
        raise CircuitError(f"order is 1 or 2, not {order!r}")
    known = get_args(View)
    if view not in known:
        raise CircuitError(f"no view '{view}'{nearest(str(view), known)}; {', '.join(known)}")
    if order == 2 or jacobian or not isinstance(of, str | Node | None):
        typed, circuit = circuit, unrolled(circuit)
    if order == 2:
        if jacobian or not isinstance(of, str | Node | None):
            raise CircuitError("order=2 is the Hessian of one node; name that one")
        return derive_hessian(circuit, of, wrt, view=view)
    if jacobian or not isinstance(of, str | Node | None):
        of, wrt = _with_all_turns(typed, of), _with_all_turns(typed, wrt)
        return derive_jacobian(circuit, of, wrt, view=view)
    if view == "matrices":
        raise Unsupported(
            "matrices are Jacobians and Hessians: add jacobian=True or order=2, --jacobian or "
            "--hessian"
        )
    names = None if wrt is None else [str(wrt)] if isinstance(wrt, str | Node) else map(str, wrt)
    return derive(circuit, None if of is None else str(of), names, view=view)


def _with_all_turns(circuit: Circuit, asked: Asked) -> Asked:
    """What is asked for, each turn of a loop in place of the node that has all their values."""
    if asked is None:
        return None
    names = map(str, [asked] if isinstance(asked, str | Node) else asked)
    return [turn for name in names for turn in turns_of(circuit, name)]


@no_search_for_cycles()
def derive_jacobian(circuit: Circuit, of: Asked, wrt: Asked, *, view: View = "paths") -> Derivation:
    """The derivation of ∂of/∂wrt, a row for each node of `of`, a column for each name of `wrt`.

    Without `of` the rows are those of the outputs; without `wrt` the columns are the parameters,
    or the inputs of a circuit that has none. A vector that is written as its entries has a row for
    each of them.

    >>> import symback as sb
    >>> derive_jacobian(sb.circuit("f = [w*x, w**2]", loss=None), None, None).matrix
    Matrix([
    [  x],
    [2*w]])
    """
    if circuit.has_arrays and not _is_of_numbers(circuit, of, wrt):
        if circuit.size_names or view == "matrices":
            return _jacobian_of_arrays(circuit, of, wrt, view)
        asked = [*circuit.outputs] if of is None else of
        numbers, (rows_of, wrt), entries = _over_entries(circuit, asked, wrt)
        return replace(derive_jacobian(numbers, rows_of, wrt, view=view), entries=entries)
    whole, nodes, columns = jacobian_of(circuit, of, wrt)
    names = tuple(dict.fromkeys(column.name for column in columns))
    rows = tuple(dict.fromkeys(node.name for node in nodes))
    if view != "paths":
        raise Unsupported(
            "a Jacobian of numbers is derived along paths; leave out the view (that of arrays also "
            "as matrices: view='matrices', --view matrices)"
        )
    if len(rows) * len(names) > MOST_ENTRIES:
        raise TooLarge(
            f"a Jacobian of {len(rows)} × {len(names)} has more than {MOST_ENTRIES} entries; name "
            "fewer rows (of=…, --of …) or columns (wrt=…, --wrt …), or generate a module with "
            "functions=('jacobian',)"
        )
    found = [derive(whole, row, names) for row in rows]
    closed = {(row.of, name): row.closed[name] for row in found for name in names}
    return Derivation(
        circuit,
        _with_all_nodes(found),
        names,
        in_turn(found).steps,
        closed,
        verified=all(row.verified for row in found),
        rows=tuple(found),
    )


def _is_of_numbers(circuit: Circuit, of: Asked, wrt: Asked) -> bool:
    """Whether no row or column is an array, and none is on the way between."""
    try:
        whole, rows, _ = jacobian_of(circuit, of, wrt)
    except Unsupported:
        return False
    return not any(seen_from(whole, row.name)[0].has_arrays for row in rows)


def _over_entries(circuit: Circuit, *asked: Asked) -> tuple[Circuit, list[Asked], EntryNames]:
    """The circuit over the entries of its arrays, what is asked for there, and their names."""
    count = sum(math.prod(map(int, node.shape)) for node in circuit.nodes)
    if count > MOST_WRITTEN:
        raise TooLarge(
            f"a derivation writes out at most {MOST_WRITTEN} entries of arrays, not {count}; "
            "take smaller shapes, or generate a module with functions=('jacobian', 'hessian')"
        )
    numbers, names = written_out(circuit)
    entries = {name: tuple(of) for name, of in names.items() if circuit[name].shape}
    found: list[Asked] = []
    for these in asked:
        listed = [these] if isinstance(these, str | Node) else [*(these or ())]
        every = [n for name in map(str, listed) for n in entries.get(name, (name,))]
        found.append(None if these is None else every)
    return numbers, found, entries


def _with_all_nodes(rows: Sequence[Derivation]) -> ReversePass:
    """The walk of the first row, in a circuit that has what the steps of the others name."""
    walk = rows[0].walk
    nodes = {node.name: node for row in rows for node in row.walk.circuit.nodes}
    return replace(walk, circuit=replace(walk.circuit, nodes=tuple(nodes.values())))


@no_search_for_cycles()
def derive_hessian(
    circuit: Circuit, of: str | Node | None, wrt: Asked, *, view: View = "paths"
) -> Derivation:
    """The derivation of all second partials of a node by leaves, each pair once.

    Without `of` it is the output's, or the loss's where the output is an array; without `wrt` it is
    by the parameters, or by the inputs of a circuit that has none.

    >>> import symback as sb
    >>> derive_hessian(sb.circuit("f = w*x**2", loss=None), None, ["w", "x"]).matrix
    Matrix([
    [  0, 2*x],
    [2*x, 2*w]])
    """
    first = circuit.objective if circuit.output.shape else circuit.output
    start = circuit[first.name if of is None else of]
    has_arrays = not start.shape and seen_from(circuit, start.name)[0].has_arrays
    if has_arrays and (circuit.size_names or view == "matrices"):
        return _hessian_of_arrays(circuit, start, wrt, view)
    if view != "paths" and not start.shape:
        raise Unsupported(
            "a Hessian of numbers is derived along paths; leave out the view (that of arrays also "
            "as matrices: view='matrices', --view matrices)"
        )
    if has_arrays:
        numbers, (_, wrt), entries = _over_entries(circuit, start, wrt)
        return replace(derive_hessian(numbers, start.name, wrt), entries=entries)
    node, columns = hessian_of(circuit, of, wrt)
    columns = list(dict.fromkeys(columns))
    if len(columns) > MOST_COLUMNS:
        raise TooLarge(
            f"a derivation has the Hessian by at most {MOST_COLUMNS} names, not {len(columns)}; "
            "name some (wrt=…, --wrt …), or generate a module with functions=('hessian',)"
        )
    seen, name = seen_from(circuit, node.name)
    typed = typed_walk(seen, name)
    _refuse_large(typed)
    found = stable_walk(seen, name)
    forms = [] if found is None else [_hessian_along(found, seen, node, columns)]
    named = parts_named(typed.circuit, forms)
    typed = replace(typed, circuit=replace(typed.circuit, nodes=(*typed.circuit.nodes, *named)))
    literal = replace(seen, is_literal=True)
    return replace(_hessian_along(typed, literal, node, columns, forms, named), circuit=circuit)


def _hessian_of_arrays(circuit: Circuit, node: Node, wrt: Asked, view: View) -> Derivation:
    """By differentials, as matrices."""
    columns = _leaves_asked(circuit, wrt, "Hessian", view)
    seen, name = seen_from(circuit, node.name)
    typed = typed_walk(seen, name)
    _refuse_large(typed)
    found = stable_walk(seen, name)
    forms = [] if found is None else [_matrices_along(found, seen, columns, order=2)]
    named = parts_named(typed.circuit, forms)
    typed = replace(typed, circuit=replace(typed.circuit, nodes=(*typed.circuit.nodes, *named)))
    literal = replace(seen, is_literal=True)
    made = _matrices_along(typed, literal, columns, order=2, forms=forms, named=named)
    return replace(made, circuit=circuit)


def _leaves_asked(circuit: Circuit, wrt: Asked, what: str, view: View) -> list[str]:
    """The leaves that a matrix of arrays is by, each once."""
    if view == "accumulation":
        raise Unsupported(f"a {what} of arrays is derived as matrices; leave out the view")
    names = list(dict.fromkeys(column.name for column in columns_of(circuit, wrt)))
    for name in names:
        if not circuit[name].is_leaf:
            raise Unsupported(
                f"'{name}' is computed; a {what} of arrays is by inputs, targets and parameters"
            )
        if name in index_leaves(circuit):
            raise Unsupported(f"'{name}' is the index of a class, which nothing moves along")
    return names


def _jacobian_of_arrays(circuit: Circuit, of: Asked, wrt: Asked, view: View) -> Derivation:
    """By differentials, a row of blocks for each node."""
    columns = _leaves_asked(circuit, wrt, "Jacobian", view)
    if of is None:
        of = [*circuit.outputs]
    nodes = [of] if isinstance(of, str | Node) else [*of]
    rows = []
    for node in dict.fromkeys(circuit[node].name for node in nodes):
        if circuit[node].is_leaf:
            raise Unsupported(f"'{node}' is not a computed node; a Jacobian has rows of such")
        seen, name = seen_from(circuit, node)
        typed = typed_walk(seen, name)
        _refuse_large(typed)
        rows.append(_matrices_along(typed, seen, columns, order=1))
    return Derivation(
        circuit,
        _with_all_nodes(rows),
        tuple(columns),
        in_turn(rows).steps,
        {left: form for row in rows for left, form in row.closed.items()},
        view="matrices",
        verified=all(row.verified for row in rows),
        rows=tuple(rows),
    )


def _matrices_along(
    walk: ReversePass,
    computed: Circuit,
    asked: Sequence[str],
    *,
    order: int,
    forms: Sequence[Derivation] = (),
    named: Sequence[Node] = (),
) -> Derivation:
    """The matrices of arrays along one walk, then stable forms."""
    gradient = Gradient(computed, walk, False)
    writer = StepWriter(walk, gradient, "accumulation")
    if order > 1:
        writer.write([name for name in asked if name in walk.into])
    matrices = DifferentialWriter(writer, gradient, asked, second=order > 1)
    matrices.write(writer.write_forward())
    closed = matrices.closed
    for part in named:
        writer.add("define", part.name, part.formula, "definition")
    for form in forms:
        write_stable_form(writer, form)
        matrices.verify_stable(writer.steps)
        closed = {left: form.closed[left] for left in closed if left in form.closed}
    return Derivation(
        computed,
        walk,
        tuple(asked),
        tuple(writer.steps),
        closed,
        view="matrices",
        verified=matrices.verified
        and (order == 1 or writer.verified)
        and all(form.verified for form in forms),
        stable=tuple(forms),
        order=order,
    )


def _hessian_along(
    walk: ReversePass,
    computed: Circuit,
    node: Node,
    columns: Sequence[Node],
    forms: Sequence[Derivation] = (),
    named: Sequence[Node] = (),
) -> Derivation:
    """The Hessian along one walk, whose closed forms are those of a circuit, then stable forms."""
    asked = tuple(column.name for column in columns)
    writer = StepWriter(walk, Gradient(computed, walk, False), "paths")
    writer.write_edges(asked)
    second = HessianWriter(writer, asked, second_partials(computed, node, columns))
    second.write()
    closed = second.closed
    for part in named:
        writer.add("define", part.name, part.formula, "definition")
    for form in forms:
        write_stable_form(writer, form)
        closed = {left: form.closed[left] for left in closed if left in form.closed}
    return Derivation(
        computed,
        walk,
        asked,
        tuple(writer.steps),
        closed,
        verified=writer.verified and second.verified and all(form.verified for form in forms),
        stable=tuple(forms),
        order=2,
    )


def _refuse_large(walk: ReversePass) -> None:
    if len(walk.edges) > MANY_EDGES:
        raise TooLarge(
            f"second partials of '{walk.of}' pass {len(walk.edges)} edges, of which a derivation "
            f"shows at most {MANY_EDGES}; name a node nearer to its leaves (of=…, --of …), or "
            "generate a module with functions=('hessian',)"
        )


__all__ = ["derivation_of", "derive_hessian", "derive_jacobian"]
