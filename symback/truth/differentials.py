"""Differentials of values and of adjoints along a direction, by SymPy's own `diff`.

A circuit of numbers is carried forward, then back: each node by its first partials, and by its
second ones where these move. Nothing here knows of tangents or of the reverse pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from flint import arb
from sympy import Piecewise

from symback.circuits.circuit import Circuit, Node
from symback.operations.balls.scalars import counting_symbols, evaluate
from symback.operations.expressions import real_symbol
from symback.truth.second import curvatures, meaning, slopes

BallsByName = dict[str, arb]
"""Of entries, by their names; what is missing is 0."""


@dataclass(frozen=True, slots=True)
class Carried:
    """At a point: values, partials of one node by each, and how both move."""

    values: Mapping[Any, arb]  # by symbol
    adjoints: BallsByName
    moved: BallsByName
    moved_adjoints: BallsByName


class DifferentialReference:
    """SymPy's differentials of all nodes, and of the partials of one node by them."""

    def __init__(self, circuit: Circuit) -> None:
        self._circuit = circuit
        self._slopes, self._curvatures = cache(slopes), cache(curvatures)

    def at(self, leaves: Mapping[str, arb], along: Mapping[str, arb], of: str = "") -> Carried:
        """Where leaves have those values and move so; raises Undecided. Without `of` only forward.

        Call it inside `precision`.
        """
        values: dict[Any, arb] = {real_symbol(name): ball for name, ball in leaves.items()}
        moved: BallsByName = dict(along)
        counting: dict[str, Sequence[str]] = {}
        for node in self._circuit.computed:
            form = meaning(node.formula)
            values[node.symbol] = evaluate(form, values)
            counting[node.name] = self._counting(node, values)
            parts = [o for o in counting[node.name] if o in moved]
            if parts:
                rates = self._slopes(node)
                products = [evaluate(rates[o], values) * moved[o] for o in parts]
                moved[node.name] = sum(products[1:], products[0])
        adjoints: BallsByName = {of: arb(1)} if of else {}
        moved_adjoints: BallsByName = {}
        for node in reversed(self._circuit.computed):
            if node.name in adjoints:
                self._back(node, counting[node.name], values, moved, adjoints, moved_adjoints)
        return Carried(values, adjoints, moved, moved_adjoints)

    def _counting(self, node: Node, values: dict[Any, arb]) -> Sequence[str]:
        """The operands that the branch which is taken reads."""
        form = meaning(node.formula)
        if not form.has(Piecewise):
            return node.operands
        names = {s.name for s in counting_symbols(form, values)}
        return [o for o in node.operands if o in names]

    def _back(
        self,
        node: Node,
        operands: Sequence[str],
        values: dict[Any, arb],
        moved: BallsByName,
        adjoints: BallsByName,
        moved_adjoints: BallsByName,
    ) -> None:
        bar, bar_moved = adjoints[node.name], moved_adjoints.get(node.name, arb(0))
        rates, bends = self._slopes(node), self._curvatures(node)
        for o in operands:
            rate = evaluate(rates[o], values)
            adjoints[o] = adjoints.get(o, arb(0)) + rate * bar
            change = rate * bar_moved
            for q in (q for q in operands if q in moved):
                bend = bends.get((o, q), bends.get((q, o)))
                if bend is not None and bend != 0:
                    change += evaluate(bend, values) * moved[q] * bar
            moved_adjoints[o] = moved_adjoints.get(o, arb(0)) + change


__all__ = ["Carried", "DifferentialReference"]
