"""What the formulas of a circuit demand of the arrays that it is given."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy import Expr, S, Tuple

from symback.circuits.circuit import Circuit, Node
from symback.circuits.loops import has_loops, loops_written_out
from symback.errors import Unsupported
from symback.operations.arrays import (
    ARRAY_FUNCTIONS,
    cross_entropy,
    one_hot,
    segment_sum,
    shape_of,
    slice_,
    sparse_cross_entropy,
    take,
    windows,
)
from symback.operations.construction import index_leaf
from symback.operations.expressions import compounds, postorder
from symback.operations.shapes import Size
from symback.operations.stated import Stated

EXPONENTIAL = tuple(head for head in ARRAY_FUNCTIONS if head.exponential)
"""Operations that take exp of their operand, which code shifts so that none overflows."""


def stated_in(circuit: Circuit) -> list[tuple[Node, Expr]]:
    """The uses of a derivative that is stated, not derived, each with its node."""
    return circuit.once(_stated_in)


def _stated_in(circuit: Circuit) -> list[tuple[Node, Expr]]:
    nodes = [
        n for n in circuit.computed if any(isinstance(p, Stated) for p in compounds(n.formula))
    ]
    found = ((n, part) for n in nodes for part in postorder(n.formula))
    return [(node, part) for node, part in found if isinstance(part, Stated)]


def uses_of(circuit: Circuit, *heads: Any) -> list[Expr]:
    """All uses of some operations, loops written out."""
    circuit = loops_written_out(circuit)
    parts = (part for n in circuit.computed for part in postorder(n.formula))
    return [part for part in parts if isinstance(part, heads)]


def distributions(circuit: Circuit) -> list[str]:
    """The targets that must add up to 1 along their last axis."""
    return sorted({op.args[1].name for op in uses_of(circuit, cross_entropy)})


def classes(circuit: Circuit) -> dict[str, Size]:
    """The targets that are the index of a class, each with the number of classes."""
    shapes = loops_written_out(circuit).shapes
    uses = {op.args[1].name: op.args[0] for op in uses_of(circuit, sparse_cross_entropy)}
    return {name: shape_of(z, shapes)[-1] for name, z in sorted(uses.items())}


def indices(circuit: Circuit) -> dict[str, Size]:
    """The leaves at whose whole numbers rows are taken or added up, each with the least number of
    rows.
    """
    shapes = loops_written_out(circuit).shapes
    found: dict[str, Size] = {}
    leaves = {node.name for node in circuit.leaves}
    formulas = {node.name: node.formula for node in loops_written_out(circuit).computed}
    for op in uses_of(circuit, take, segment_sum):
        array, index = op.operands if isinstance(op, take) else op.operands[:0:-1]
        index = index_leaf(index, formulas)
        if index.is_Symbol and index.name in leaves:
            size = shape_of(array, shapes)[int(op.options[0]) if op.options else 0]
            known = found.get(index.name, size)
            smaller = sp.Min(known, size) if known != size else size
            found[index.name] = smaller
    return dict(sorted(found.items()))


def index_bounds(circuit: Circuit) -> dict[str, Size]:
    """The leaves that name a row or a class, each with the size below which it must be."""
    return {**classes(circuit), **indices(circuit)}


def index_leaves(circuit: Circuit) -> dict[str, Size]:
    """The leaves that are read as an index, each with the number of classes; others are allowed."""
    shapes = loops_written_out(circuit).shapes
    uses = {op.args[0].name: op.args[1] for op in uses_of(circuit, one_hot) if op.args[0].is_Symbol}
    leaves = {node.name for node in circuit.leaves}
    found = {name: shape_of(z, shapes)[-1] for name, z in sorted(uses.items()) if name in leaves}
    return {**found, **index_bounds(circuit)}


def least_sizes(circuit: Circuit) -> dict[str, int]:
    """The smallest value of each size with a name that constant indices allow."""
    least = _least_sizes(circuit)
    if has_loops(circuit):
        turns = _least_sizes(loops_written_out(circuit))
        least |= {name: max(size, least.get(name, 1)) for name, size in turns.items()}
    return least


def _least_sizes(circuit: Circuit) -> dict[str, int]:
    least: dict[str, int] = {}
    parts = [part for n in circuit.computed for part in postorder(n.formula)]
    for op in (part for part in parts if isinstance(part, slice_)):
        shape = shape_of(op.args[0], circuit.shapes)
        for size, part in zip(shape, op.args[1], strict=False):
            if size.is_Integer:
                continue
            name, more = _named_part(size)
            least[name] = max(least.get(name, 1), _reached(part) - more)
    for op in (part for part in parts if isinstance(part, windows)):
        shape, (sizes, _) = shape_of(op.args[0], circuit.shapes), op.options
        for size, window in zip(shape[-len(sizes) :], sizes, strict=True):
            if not size.is_Integer:
                name, more = _named_part(size)
                least[name] = max(least.get(name, 1), int(window) - more)
    return {name: size for name, size in least.items() if size > 1}


def _named_part(size: Size) -> tuple[str, int]:
    """The name in a size, and the number added to it."""
    name = next(iter(size.free_symbols))
    if not (size - name).is_Integer:
        raise Unsupported(f"an index into an axis of {size}; name its parts instead")
    return str(name), int(size - name)


def _reached(part: Expr) -> int:
    """How long an axis must be for an index, or for a part to have an element."""
    if not isinstance(part, Tuple):
        return int(part) + 1 if part >= 0 else -int(part)
    start, stop, *step = part
    if step:
        return _reached_by_steps(start, stop, int(step[0]))
    first = int(start)
    if stop is S.Infinity:
        return first + 1 if first >= 0 else -first
    last = int(stop)
    if (first >= 0) == (last >= 0):
        return last if last >= 0 else -first
    return first - last + 1 if first >= 0 else max(-first, last)


def _reached_by_steps(start: Expr, stop: Expr, step: int) -> int:
    """The same for start:stop:step, whose bounds may be left out."""
    first, last = (None if bound.is_infinite else int(bound) for bound in (start, stop))
    far = max(b + 1 if b >= 0 else -b for b in (first, last, 0) if b is not None)

    def is_there(size: int) -> bool:
        """Whether the first place is inside, and the last one."""
        places = range(size)[first:last:step]
        return bool(places) and (first is None or -size <= first < size)

    return next(size for size in range(1, 2 * far + 2) if is_there(size))


__all__ = [
    "EXPONENTIAL",
    "classes",
    "distributions",
    "index_leaves",
    "indices",
    "least_sizes",
    "stated_in",
    "uses_of",
]
