"""The values, local partials and adjoints of a walk at points: what answers are compared with.

At some points inside the domain all of them are known in ball arithmetic.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from random import Random
from typing import Any

from flint import arb
from sympy import Expr

from symback.autodiff.reverse import Edge, ReversePass
from symback.circuits.circuit import Circuit
from symback.derivation.numbers.links import Link
from symback.errors import Unsupported
from symback.operations.balls.comparison import BITS, SEED, draw_point, equal
from symback.operations.balls.functions import Undecided
from symback.operations.balls.scalars import evaluate, precision
from symback.operations.elementwise import elementary

BallOrNone = arb | None

PointValues = MutableMapping[Any, arb]

POINTS = 12
MOST_TRIED = 300
RANGES = ((0.3, 3.0), (0.05, 0.95), (1.0, 5.0), (0.01, 1.0))


def points(circuit: Circuit) -> Iterator[PointValues]:
    """The values of all nodes at several points inside the domain, none of them at 0 or a tie."""
    rng = Random(SEED)
    count = 0
    for number in range(MOST_TRIED):
        point = draw_point([leaf.symbol for leaf in circuit.leaves], rng, number, RANGES)
        values: PointValues = {symbol: arb(value) for symbol, value in point.items()}
        if _computed(circuit, values):
            yield values
            count += 1
        if count == POINTS:
            return


def _computed(circuit: Circuit, values: PointValues) -> bool:
    """Enter the values of the computed nodes; False where one has none."""
    with precision(BITS):
        for node in circuit.computed:
            try:
                value = evaluate(elementary(node.formula), values)
            except (Undecided, Unsupported):
                return False
            if not value.is_finite():
                return False
            values[node.symbol] = value
    return True


class Flow:
    """Local partials and adjoints of a walk at one point."""

    def __init__(self, walk: ReversePass, values: PointValues) -> None:
        self._walk = walk
        self.values = values
        self._down: dict[str, dict[str, arb]] = {}
        self.partials: dict[Link, arb] = {}
        for edge in walk.edges:
            found = self.value(edge.partial)
            if found is None:
                raise Undecided
            self.partials[edge.node, edge.operand] = found
        with precision(BITS):
            self.adjoints = {walk.of: arb(1)}
            for name in walk.order[1:]:
                parts = [self.adjoints[e.node] * self.of(e) for e in walk.into[name]]
                self.adjoints[name] = sum(parts[1:], parts[0])

    def of(self, edge: Edge) -> arb:
        return self.partials[edge.node, edge.operand]

    def value(self, expr: Expr) -> BallOrNone:
        """The value of an expression over nodes; None where it has none."""
        values: PointValues = ChainMap({}, self.values)
        with precision(BITS):
            try:
                found = evaluate(elementary(expr), values)
            except (Undecided, Unsupported, ZeroDivisionError, OverflowError):
                return None
        return found if found.is_finite() else None

    def down(self, name: str) -> dict[str, arb]:
        """∂node/∂name of every node that depends on it."""
        if name not in self._down:
            found = {name: arb(1)}
            for node in reversed(self._walk.order):
                for edge in self._walk.into[node]:
                    if node in found:
                        part = found[node] * self.of(edge)
                        found[edge.node] = found.get(edge.node, arb(0)) + part
            self._down[name] = found
        return self._down[name]


def flows(walk: ReversePass) -> list[Flow]:
    """The points at which all of a walk is known."""
    found = []
    for values in points(walk.circuit):
        try:
            found.append(Flow(walk, values))
        except Undecided:
            continue
    return found


def same(one: BallOrNone, two: BallOrNone) -> bool | None:
    """Whether two values are equal; None where the balls are too wide to decide."""
    if one is None or two is None:
        return one is two
    with precision(BITS):
        return equal(one, two)


def agrees(
    one: Callable[[Flow], BallOrNone], two: Callable[[Flow], BallOrNone], at: Sequence[Flow]
) -> bool | None:
    """Whether two values are equal at all points; None where no point decides."""
    equal = [False]
    for flow in at:
        verdict = same(one(flow), two(flow))
        if verdict is False:
            return False
        equal.append(verdict is True)
    return True if any(equal) else None


def counted(value: Callable[[Flow], BallOrNone]) -> Callable[[Flow], BallOrNone]:
    def counted(flow: Flow) -> BallOrNone:
        with precision(BITS):
            found = value(flow)
        return found if found is not None and found.is_finite() else None

    return counted


__all__ = ["BallOrNone", "Flow", "agrees", "counted", "flows"]
