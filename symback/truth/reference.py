"""The reference that generated modules are checked against: SymPy's own derivatives.

It takes another road than the reverse pass: the nodes as they were typed, each differentiated
by `sympy.diff` in SymPy's own functions, carried forward as tangents, one leaf at a time.
Values are balls, and precision is doubled until it is proven to suffice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp
from flint import arb
from sympy import Derivative, Expr, Subs, Symbol

from symback.circuits.circuit import Circuit, Node
from symback.errors import Unsupported
from symback.operations.balls.functions import Undecided
from symback.operations.balls.scalars import evaluate, precision
from symback.operations.elementwise import elementary
from symback.operations.expressions import real_symbol
from symback.operations.nonnegative import Nonnegative, with_edges

ENOUGH_BITS = 80  # of a value, where float64 has 53
NEGLIGIBLE = arb(2) ** -1140  # far below the smallest float64
PRECISIONS = (160, 640, 1280, 2560, 5120, 10240)


@dataclass(frozen=True, slots=True)
class Truth:
    """The value of a node and its partials by leaf, as balls that pin down every float64."""

    value: arb
    partials: Mapping[str, arb]


class Reference:
    """SymPy's value and partials of one node of a circuit, or of several, at any point.

    >>> import symback as sb
    >>> truth = Reference(sb.circuit("f = x**2"), "f").at({"x": 3.0})
    >>> float(truth.partials["x"].mid())
    6.0
    """

    def __init__(self, circuit: Circuit, of: str, *more: str) -> None:
        self._of = tuple(circuit[name] for name in (of, *more))
        needed = {of, *more}
        for node in reversed(circuit.nodes):
            if node.name in needed:
                needed.update(node.operands)
        self._nodes = [n for n in circuit.computed if n.name in needed]
        self.leaves = [n.name for n in circuit.leaves if n.name in needed]
        self._symbols = {name: real_symbol(name) for name in self.leaves}
        self._meaning = _meanings(self._nodes)
        self._extremes = {
            name: [e for e in meaning.atoms(sp.Max, sp.Min) if len(e.args) > 2]
            for name, meaning in self._meaning.items()
        }
        self._slopes = {
            n.name: {o: self._slope(n, circuit[o].symbol) for o in n.operands} for n in self._nodes
        }

    def _slope(self, node: Node, operand: Symbol) -> Expr:
        found = sp.diff(self._meaning[node.name], operand)
        if found.has(Derivative, Subs):
            raise Unsupported(f"SymPy does not differentiate node '{node.name}' by '{operand}'")
        return found

    def at(self, point: Mapping[str, float]) -> Truth | None:
        """Value and partials at a point; None outside the domain, or on an undecidable kink."""
        found = self.all_at(point)
        return None if found is None else found[0]

    def all_at(self, point: Mapping[str, float]) -> list[Truth] | None:
        """The truths of all nodes, in the order in which they were given."""
        for bits in PRECISIONS:
            with precision(bits):
                try:
                    truths = self._evaluate(point)
                except Undecided:
                    continue
                balls = [b for t in truths for b in (t.value, *t.partials.values())]
                if any(b.is_nan() for b in balls):
                    return None
                if all(_suffices(b) for b in balls):
                    return truths
        return None

    def _evaluate(self, point: Mapping[str, float]) -> list[Truth]:
        """One sweep: the value of each node, and its tangent for every leaf that it depends on."""
        values: dict[Any, arb] = {self._symbols[leaf]: arb(point[leaf]) for leaf in self.leaves}
        tangents: dict[str, dict[str, arb]] = {leaf: {leaf: arb(1)} for leaf in self.leaves}
        for node in self._nodes:
            value = evaluate(self._meaning[node.name], values)
            if any(_is_tie_of_three(part, values) for part in self._extremes[node.name]):
                raise Undecided
            slopes = {o: evaluate(s, values) for o, s in self._slopes[node.name].items()}
            values[node.symbol] = value
            tangents[node.name] = _combined([(slopes[o], tangents[o]) for o in node.operands])
        return [
            Truth(
                values[node.symbol],
                {leaf: tangents[node.name].get(leaf, arb(0)) for leaf in self.leaves},
            )
            for node in self._of
        ]


def _meanings(nodes: Iterable[Node]) -> dict[str, Expr]:
    """The formulas in SymPy's own functions, and in powers that are smooth at their edges."""
    known = Nonnegative()
    found = {}
    for node in nodes:
        found[node.name] = elementary(with_edges(node.formula, known))
        known.add(node.symbol, node.formula)
    return found


def _combined(parts: list[tuple[arb, dict[str, arb]]]) -> dict[str, arb]:
    """The tangent of a node, the sum of slope times tangent over its operands."""
    made: dict[str, arb] = {}
    for slope, tangent in parts:
        for leaf, speed in tangent.items():
            part = slope * speed
            made[leaf] = made[leaf] + part if leaf in made else part
    return made


def _is_tie_of_three(part: Expr, values: Mapping[Any, arb]) -> bool:
    """Whether more than two arguments of min or max are equal: no rule says who gets how much."""
    equal = [a for a in part.args if (values[a] - values[part]).contains(0)]
    return len(equal) > 2


def _suffices(ball: arb) -> bool:
    if not ball.is_finite():
        return False
    radius = ball.rad()
    return bool(radius < NEGLIGIBLE or radius * arb(2) ** ENOUGH_BITS < abs(ball.mid()))
