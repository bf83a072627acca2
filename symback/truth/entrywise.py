"""Jacobians and Hessians of small arrays, entry by entry: the circuit written out as numbers.

What is asked of an array is asked of its entries, row by row, by the names that they have in the
circuit that is written out: x_0, W_0_1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from symback.autodiff.matrices import Asked, columns_of, nodes_of
from symback.circuits.circuit import Circuit, Node
from symback.circuits.loops import turns_of, unrolled
from symback.errors import TooLarge, Unsupported
from symback.operations.arrays import concat, shape_of
from symback.operations.shapes import shown
from symback.truth.explicit import written_out

MOST_ENTRIES = 500  # of all arrays together
MOST_WRITTEN = 2_500  # entries of a matrix


def entries_of_jacobian(circuit: Circuit, of: Asked, wrt: Asked) -> tuple[Circuit, Asked, Asked]:
    """The circuit, rows and columns of a Jacobian, arrays as their entries; lists of numbers are
    taken apart elsewhere.

    >>> import symback as sb
    >>> circuit = sb.circuit("x: param[2]; f: output = x**2*sum(x); loss: none")
    >>> _, rows, columns = entries_of_jacobian(circuit, None, None)
    >>> rows, columns
    (['f_0', 'f_1'], ['x_0', 'x_1'])
    """
    rows = [*circuit.outputs] if of is None else nodes_of(circuit, of)
    columns = columns_of(circuit, wrt)
    arrays = [n for n in (*rows, *columns) if n.shape and not _is_list(circuit, n)]
    if not arrays and not any(_is_list(circuit, n) and _meets_arrays(circuit, n) for n in rows):
        return circuit, of, wrt
    return _written(circuit, rows, columns, "jacobian")


def entries_of_hessian(
    circuit: Circuit, of: str | Node | None, wrt: Asked
) -> tuple[Circuit, str | Node | None, Asked]:
    """The circuit, node and columns of a Hessian, arrays as their entries."""
    first = circuit.objective if circuit.output.shape else circuit.output
    (node,) = [first] if of is None else nodes_of(circuit, of)
    columns = columns_of(circuit, wrt)
    if node.shape or not (any(n.shape for n in columns) or _meets_arrays(circuit, node)):
        return circuit, of, wrt
    found, (row,), names = _written(circuit, [node], columns, "hessian")
    return found, row, names


def _is_list(circuit: Circuit, node: Node) -> bool:
    """Whether it is [a, b, …], numbers one beside the other."""
    if not isinstance(node.formula, concat):
        return False
    return not any(shape_of(entry, circuit.shapes) for entry in node.formula.operands)


def _meets_arrays(circuit: Circuit, node: Node) -> bool:
    """Whether an array is computed or read on the way to a node, which itself may be a list."""
    below = {node.name}
    for other in reversed(circuit.nodes):
        if other.name in below:
            below.update(other.operands)
    return any(circuit[name].has_arrays and not _is_list(circuit, circuit[name]) for name in below)


def _written(
    circuit: Circuit, rows: Sequence[Node], columns: Sequence[Node], what: str
) -> tuple[Circuit, list[str], list[str]]:
    instead = f"generate a module with functions=('{what}',)"
    for node in (*rows, *columns, *circuit.nodes):
        named = sorted({str(s) for size in node.shape for s in size.free_symbols})
        if named:
            raise Unsupported(
                f"'{node}' is an array {shown(node.shape)}; {what}() writes arrays out by their "
                f"entries, so give {named[0]} as a number, or {instead}"
            )
    typed, circuit = circuit, unrolled(circuit)
    rows, columns = (
        [circuit[turn] for node in nodes for turn in turns_of(typed, node.name)]
        for nodes in (rows, columns)
    )
    counts = {n.name: math.prod(map(int, n.shape)) for n in circuit.nodes}
    tall, wide = (sum(counts[n.name] for n in nodes) for nodes in (rows, columns))
    size = (wide if what == "hessian" else tall) * wide
    if sum(counts.values()) > MOST_ENTRIES or size > MOST_WRITTEN:
        raise TooLarge(
            f"{what}() writes out circuits of up to {MOST_ENTRIES} entries of arrays and matrices "
            f"of up to {MOST_WRITTEN}; this one has {sum(counts.values()):,}, its {what} {size:,}; "
            f"{instead}"
        )
    try:
        made, names = written_out(circuit)
    except Unsupported:  # such as a determinant of many terms
        raise TooLarge(f"the formulas are too large for {what}() to write out; {instead}") from None
    found, below = ([e for n in nodes for e in names[n.name]] for nodes in (rows, columns))
    return made, found, below


__all__ = ["entries_of_hessian", "entries_of_jacobian"]
