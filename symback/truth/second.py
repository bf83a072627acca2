"""Second partials by SymPy's own `diff`, apart from any walk over the circuit that code comes from.

Each typed node is differentiated twice by `sympy.diff` in SymPy's own functions; first and second
partials by the leaves are carried forward through the nodes, in balls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from functools import cache
from itertools import combinations_with_replacement
from typing import Any, TypeAlias

import sympy as sp
from flint import arb
from sympy import Expr, Piecewise

from symback.circuits.circuit import Circuit, Node
from symback.operations.balls.functions import Undecided
from symback.operations.balls.scalars import counting_symbols, evaluate, precision
from symback.operations.elementwise import elementary
from symback.operations.expressions import postorder, real_symbol
from symback.truth.reference import PRECISIONS, suffices

Pair: TypeAlias = tuple[str, str]
"""Two leaves, or two operands, in the order in which they were given."""

First: TypeAlias = dict[str, arb]
Second: TypeAlias = dict[Pair, arb]


class SecondReference:
    """SymPy's second partials of one node by some leaves, at any point.

    >>> import symback as sb
    >>> found = SecondReference(sb.circuit("f = x**3*w"), "f", ["w", "x"]).at({"w": 2.0, "x": 3.0})
    >>> {pair: float(ball) for pair, ball in found.items()}
    {('w', 'w'): 0.0, ('w', 'x'): 27.0, ('x', 'x'): 36.0}

    Of many leaves there are those along directions, each with the weight of every leaf.

    >>> found = SecondReference(sb.circuit("f = x**3*w"), "f", {"v": {"w": 1.0, "x": -2.0}})
    >>> float(found.at({"w": 2.0, "x": 3.0})["v", "v"])
    36.0
    """

    def __init__(
        self,
        circuit: Circuit,
        of: str,
        directions: Sequence[str] | Mapping[str, Mapping[str, float]],
    ) -> None:
        needed = {of}
        for node in reversed(circuit.nodes):
            if node.name in needed:
                needed.update(node.operands)
        self._of = of
        self._directions = _weights(directions)
        self._nodes = [n for n in circuit.computed if n.name in needed]
        self._given = [n.name for n in circuit.leaves if n.name in needed]
        self._slopes = cache(slopes)
        self._curvatures = cache(curvatures)

    def along(self, directions: Mapping[str, Mapping[str, float]]) -> SecondReference:
        """The same along other directions; what was differentiated is kept."""
        found = copy(self)
        found._directions = directions
        return found

    def at(self, point: Mapping[str, float]) -> Second | None:
        """The second partials by pair of directions; None where one is not known to exist."""
        for bits in PRECISIONS:
            with precision(bits):
                try:
                    found = self._evaluate(point)
                except Undecided:
                    continue
                if any(not ball.is_finite() for ball in found.values()):
                    return None
                if all(map(suffices, found.values())):
                    return found
        return None

    def _evaluate(self, point: Mapping[str, float]) -> Second:
        values: dict[Any, arb] = {real_symbol(n): arb(point[n]) for n in self._given}
        second = self.carry(values)[1]
        pairs = combinations_with_replacement(self._directions, 2)
        return {pair: second[self._of].get(pair, arb(0)) for pair in pairs}

    def carry(self, values: dict[Any, arb]) -> tuple[dict[str, First], dict[str, Second]]:
        """First and second partials of every node, where `values` has the balls of the leaves.

        Those of the nodes are entered. What is missing is 0. Raises Undecided.
        """
        first: dict[str, First] = {
            n: {d: arb(w[n]) for d, w in self._directions.items() if n in w} for n in self._given
        }
        second: dict[str, Second] = {n: {} for n in self._given}
        for node in self._nodes:
            form = meaning(node.formula)
            value = evaluate(form, values)
            counting = None
            if form.has(Piecewise):
                counting = {s.name for s in counting_symbols(form, values)}
            moving = [o for o in node.operands if first[o] and (counting is None or o in counting)]
            if moving and any(values.get(s.args[0], 1) == 0 for s in _sizes(form)):
                raise Undecided  # smooth functions of |u| have second partials at 0, others don't
            first[node.name], second[node.name] = self._carried(node, moving, first, second, values)
            values[node.symbol] = value
        return first, second

    def _carried(
        self,
        node: Node,
        moving: Sequence[str],
        first: Mapping[str, First],
        second: Mapping[str, Second],
        values: dict[Any, arb],
    ) -> tuple[First, Second]:
        """Σ f_o·ȯ, and Σ f_o·ö + Σ f_oq·ȯ·q̇ over the operands of a node."""
        rates = {o: evaluate(e, values) for o, e in self._slopes(node).items() if o in moving}
        made: First = {}
        for o, slope in rates.items():
            for leaf, speed in first[o].items():
                made[leaf] = made.get(leaf, arb(0)) + slope * speed
        curved: Second = {}
        for o, slope in rates.items():
            for pair, bend in second[o].items():
                curved[pair] = curved.get(pair, arb(0)) + slope * bend
        for (o, q), expr in self._curvatures(node).items():
            if o in moving and q in moving and expr != 0:
                self._add(curved, evaluate(expr, values), first[o], first[q], o == q)
        return made, curved

    def _add(self, curved: Second, bend: arb, one: First, other: First, same: bool) -> None:
        for pair in combinations_with_replacement(self._directions, 2):
            a, b = pair
            part = arb(0)
            if a in one and b in other:
                part += one[a] * other[b]
            if not same and b in one and a in other:
                part += one[b] * other[a]
            if not (part.is_exact() and part == 0):
                curved[pair] = curved.get(pair, arb(0)) + bend * part


def _weights(
    directions: Sequence[str] | Mapping[str, Mapping[str, float]],
) -> Mapping[str, Mapping[str, float]]:
    if isinstance(directions, Mapping):
        return directions
    return {name: {name: 1.0} for name in directions}


@cache
def _sizes(form: Expr) -> tuple[Expr, ...]:
    """The absolute values in a formula."""
    return tuple(part for part in postorder(form) if isinstance(part, sp.Abs))


@cache
def meaning(formula: Expr) -> Expr:
    """A formula in SymPy's own functions."""
    return elementary(formula)


def slopes(node: Node) -> dict[str, Expr]:
    """SymPy's partials of a node by its operands."""
    form = meaning(node.formula)
    return {o: sp.diff(form, real_symbol(o)) for o in node.operands}


def curvatures(node: Node) -> dict[Pair, Expr]:
    """SymPy's second partials of a node by its operands, each pair once."""
    rates = slopes(node)
    return {
        (o, q): sp.diff(rates[o], real_symbol(q))
        for o, q in combinations_with_replacement(node.operands, 2)
    }


__all__ = ["SecondReference", "curvatures", "meaning", "slopes"]
