"""Small sizes for the arrays of a circuit, so that its entries can be written out one by one.

Names of sizes, and large sizes given as numbers, get small values that all differ: so no
transposed axis can hide.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import count
from typing import Any

from sympy import Expr, Integer

from symback.circuits.circuit import Circuit
from symback.circuits.requirements import least_sizes, uses_of
from symback.operations import arrays as a
from symback.operations.arrays import NAMING_SIZES, shape_of
from symback.operations.definitions import MOST_ROOTS

LARGEST_KEPT = 4  # a size given as a number that is left as it is
LEAST_ALONG = 3  # of two elements a normalisation leaves signs only
NORMALISING = tuple(head for head in a.ARRAY_FUNCTIONS if head.normalises)
SPECTRAL = (a.eigvalsh, a.eigenvectors)
SQUARE = tuple(head for head in a.ARRAY_FUNCTIONS if head.grows_factorially)


@dataclass(frozen=True, slots=True)
class SmallSizes:
    """What stands for each size."""

    named: dict[str, int]
    shrunk: dict[Any, int]  # a large size given as a number → a small one

    def length(self, size: Expr) -> int:
        size = size.xreplace({s: Integer(self.named[str(s)]) for s in size.free_symbols})
        return self.shrunk.get(size, int(size))


def small_sizes(circuit: Circuit) -> SmallSizes:
    """Values for all sizes: the more arrays have a size, the smaller it becomes."""
    numbers = {s for n in circuit.leaves for s in n.shape if s.is_Integer}
    shrinkable = _shrinkable(circuit, numbers)
    uses = Counter(s for n in circuit.leaves for size in n.shape for s in _atoms(size))
    least = _least(circuit)
    square = {s for op in uses_of(circuit, *SQUARE) for s in shape_of(op.args[0], circuit.shapes)}
    wanted = [*circuit.size_names, *sorted(shrinkable)]
    taken = {int(s) for s in numbers - shrinkable}
    chosen: dict[Any, int] = {}
    for size in sorted(wanted, key=lambda s: (s not in square, -uses[s])):  # stable
        chosen[size] = next(n for n in count(least.get(size, 2)) if n not in taken)
        taken.add(chosen[size])
    named = {str(s): chosen[s] for s in circuit.size_names}
    return SmallSizes(named, {s: chosen[s] for s in shrinkable if chosen[s] < s})


def _atoms(size: Expr) -> set[Any]:
    return {size} if size.is_Integer else set(size.free_symbols)


def _shrinkable(circuit: Circuit, numbers: set[Any]) -> set[Any]:
    """Large sizes given as numbers, where no formula names a part or a number of elements.

    The module knows the shape of its output as numbers, so that keeps its size.
    """
    if uses_of(circuit, *NAMING_SIZES):
        return set()
    with_roots = {shape_of(op.args[0], circuit.shapes)[0] for op in uses_of(circuit, *SPECTRAL)}
    return {
        s
        for s in numbers
        if s > (MOST_ROOTS if s in with_roots else LARGEST_KEPT) and s not in circuit.output.shape
    }


def _least(circuit: Circuit) -> dict[Any, int]:
    """The smallest value that each size may have."""
    by_index = least_sizes(circuit)
    least = {s: by_index[str(s)] for s in circuit.size_names if str(s) in by_index}
    for size in {size for node in circuit.nodes for size in node.shape}:
        names = size.free_symbols
        if len(names) == 1 and (size - (name := next(iter(names)))).is_Integer:  # of a part, n - 2
            least[name] = max(least.get(name, 2), 2 - int(size - name))
    for op in uses_of(circuit, *NORMALISING):
        axis = int(op.options[0]) if op.options else -1
        size = shape_of(op.args[0], circuit.shapes)[axis]
        least[size] = max(least.get(size, LEAST_ALONG), LEAST_ALONG)
    return least


__all__ = ["SPECTRAL", "SQUARE", "SmallSizes", "small_sizes"]
