"""Points on the edges of formulas, and on both sides of them.

An edge is where a number of a formula passes 0 and something changes: a condition, the sign under
abs or relu, a tie of max, the base of a power, the end of the domain of a root or a logarithm. The
numbers are read from the formulas, each over nodes of the circuit; a leaf is then moved to where
the number is 0, and beyond.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import sympy as sp
from flint import arb
from sympy import Expr, Piecewise
from sympy.core.relational import Relational

from symback.circuits.circuit import Circuit, Node
from symback.operations import steps
from symback.operations.balls.functions import Undecided, is_zero
from symback.operations.balls.scalars import evaluate, precision
from symback.operations.elementwise import elementary
from symback.operations.expressions import postorder, real_symbol
from symback.truth.packing import NUMBERS, ModuleEntries
from symback.truth.points import SHORT, Point, PointBatch

MOST_EDGES = 6
MOST_TIES = 2  # beside these
MOST_EVALUATIONS = 4_000  # of nodes, to find one edge
TRIED = (0.0, 1.0, -1.0, 3.0, -8.0, 64.0, -512.0)  # of a leaf, to find both signs
BISECTIONS = 24
BITS = 120
CLOSE = 2.0**-20  # to where a difference is 0, in widths: there it has lost 20 bits
POOL = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0)

_DOMAINS: dict[Any, Any] = {
    sp.log: lambda u: (u,),
    sp.asin: lambda u: (1 - u, 1 + u),
    sp.acos: lambda u: (1 - u, 1 + u),
    sp.atanh: lambda u: (1 - u, 1 + u),
    sp.acosh: lambda u: (u - 1,),
    sp.atan2: lambda y, x: (y, x),
}
"""Of SymPy's own functions: numbers that are 0 where the domain ends."""

_KINKS: dict[Any, Any] = {
    sp.Abs: lambda u: (u,),
    sp.sign: lambda u: (u,),
    steps.floor: lambda u: (u,),
    steps.ceil: lambda u: (u,),
    steps.round: lambda u: (u - sp.S.Half,),
    steps.mod: lambda u, v: (u,),
    sp.Max: lambda *u: tuple(a - b for a, b in pairwise(u)),
    sp.Min: lambda *u: tuple(a - b for a, b in pairwise(u)),
}


@dataclass(frozen=True, slots=True)
class Edges:
    """The numbers whose zeros are edges: where a slope jumps, where a domain ends, and where terms
    that are added up are equal or opposite.
    """

    kinks: tuple[Expr, ...]
    domains: tuple[Expr, ...]
    ties: tuple[Expr, ...]
    has_conditions: bool


def edges_of(circuit: Circuit) -> Edges:
    """The edges of all formulas, over the circuit's nodes; none that SymPy knows to be no 0."""
    kinks: dict[Expr, None] = {}
    domains: dict[Expr, None] = {}
    ties: dict[Expr, None] = {}
    conditions = False
    for node in circuit.computed:
        if not node.operands:
            continue
        for part in postorder(node.formula):
            for number in ties_of(part) if part.is_Add else ():
                ties.setdefault(number)
        for part in postorder(elementary(node.formula)):
            if isinstance(part, Piecewise):
                conditions = True
            for number in _numbers(part):
                if number.free_symbols and not number.is_nonzero:
                    into = domains if part.is_Pow or part.func in _DOMAINS else kinks
                    into.setdefault(number)
    ends, equal = (tuple(n for n in of if n not in kinks) for of in (domains, ties))
    return Edges(tuple(kinks), ends, equal, conditions)


def ties_of(total: Expr) -> Iterator[Expr]:
    """u - v, and u + v for an even n, for terms uⁿ and -vⁿ of a sum."""
    powers: list[tuple[Any, Any]] = [t.as_coeff_Mul() for t in total.args]
    roots = [(c, *p.args) for c, p in powers if p.is_Pow and p.exp.is_Integer and p.exp > 1]
    for (c, u, n), (d, v, m) in combinations(roots[: MOST_TIES + 2], 2):
        if n == m and c == -d:
            yield u - v
            if n.is_even:
                yield u + v


def _numbers(part: Any) -> tuple[Expr, ...]:
    if isinstance(part, Relational):
        return (part.lhs - part.rhs,)
    if not isinstance(part, Expr):
        return ()
    if part.is_Pow:
        base, exponent = part.args
        if exponent.is_Integer and exponent > 0:
            return ()
        return (base,) if exponent.is_number else (base, exponent)
    found = _KINKS.get(part.func) or _DOMAINS.get(part.func)
    return tuple(found(*part.args)) if found else ()


class EdgeFinder:
    """Finds points of a circuit on its edges and beside them."""

    def __init__(self, circuit: Circuit, layout: ModuleEntries = NUMBERS) -> None:
        self._circuit = circuit
        self._layout = layout
        self._params = [n.name for n in circuit.params]
        self._inputs = [n.name for n in circuit.inputs]
        self._targets = [n.name for n in (*circuit.targets, *circuit.constants)]
        self._edges = edges_of(circuit)
        self._meaning = {n.name: elementary(n.formula) for n in circuit.computed}

    def point_batches(
        self, rng: np.random.Generator, most: int = MOST_EDGES
    ) -> Iterator[PointBatch]:
        """Point batches with a point on an edge and points on both sides."""
        for number in self._chosen(rng, most):
            lines = self._lines_to(number)
            start = self._start(rng)
            leaves = self._leaves_of(lines, number)
            order = [*rng.permutation([n for n in leaves if n not in self._params]),
                     *rng.permutation([n for n in leaves if n in self._params])]  # fmt: skip
            beside = (0.0, -1.0, 1.0, *([CLOSE] if self._cancels(number) else []))
            found = _Edge(number, lines, start, beside).found(list(map(str, order)), rng)
            if found is not None:
                yield from self._as_batches(*found)

    def _chosen(self, rng: np.random.Generator, most: int) -> list[Expr]:
        """Some of the edges: as many of kinks as of domains, if there are so many."""
        kinks, domains = (
            [numbers[i] for i in rng.permutation(len(numbers))]
            for numbers in (self._edges.kinks, self._edges.domains)
        )
        of_domains = min(len(domains), max(most // 2, most - len(kinks)))
        ties = self._edges.ties
        chosen = [ties[i] for i in rng.permutation(len(ties))[:MOST_TIES]]
        return [*kinks[: most - of_domains], *domains[:of_domains], *chosen]

    def _cancels(self, number: Expr) -> bool:
        """Whether it is a sum, or the name of one, that a formula divides by or has a root of."""
        name = number.name if number.is_Symbol else ""
        return number in self._edges.domains and bool(self._meaning.get(name, number).is_Add)

    def _start(self, rng: np.random.Generator) -> dict[str, float]:
        """Short numbers for all leaves, that sums and products of them are exact."""
        names = [n.name for n in self._circuit.leaves]
        values = rng.choice(POOL, len(names)) * rng.choice([1.0, 1.0, -1.0], len(names))
        point = dict(zip(names, values.tolist(), strict=True))
        self._layout.constrain(point, lambda n: int(rng.integers(n)))
        return point

    def _lines_to(self, number: Expr) -> list[Node]:
        """The nodes that a number needs, in order."""
        needed = {s.name for s in number.free_symbols}
        lines = []
        for node in reversed(self._circuit.nodes):
            if node.name in needed and node.name in self._meaning:
                needed.update(node.operands)
                lines.append(node)
        return lines[::-1]

    def _leaves_of(self, lines: Sequence[Node], number: Expr) -> list[str]:
        read = {s.name for s in number.free_symbols}.union(*(n.operands for n in lines))
        fixed = {n for name in self._layout.classes for n in self._layout.entries[name].flat}
        return [n for n in (*self._inputs, *self._params) if n in read and n not in fixed]

    def _as_batches(self, leaf: str, points: Sequence[Mapping[str, float]]) -> Iterator[PointBatch]:
        """One batch with all points as samples; where a parameter was moved, one batch each."""
        groups = [[p] for p in points] if leaf in self._params else [list(points)]
        for group in groups:
            shared = {n: group[0][n] for n in self._params}
            samples = tuple({n: p[n] for n in (*self._inputs, *self._targets)} for p in group)
            yield PointBatch(shared, samples, self._layout, at_edge=True)


class _Edge:
    """One number over the nodes of a circuit, and the search for its zeros."""

    def __init__(
        self,
        number: Expr,
        lines: Sequence[Node],
        start: Mapping[str, float],
        beside: Sequence[float],
    ) -> None:
        self._number = elementary(number)
        self._beside = beside  # how far from it points are looked at, in widths
        self._lines = [(n.symbol, elementary(n.formula)) for n in lines]
        self._start = dict(start)
        self._left = MOST_EVALUATIONS

    def found(
        self, leaves: Sequence[str], rng: np.random.Generator
    ) -> tuple[str, list[Point]] | None:
        """The leaf that was moved, and points on the edge and on both sides of it."""
        width = float(rng.choice(POOL))
        for leaf in leaves:
            zero = self._crossing(leaf)
            if zero is not None:
                return leaf, self._around(leaf, zero, width)
        return self._bottom(leaves, width)

    def _around(self, leaf: str, zero: float, width: float) -> list[Point]:
        places = [zero + width * far for far in self._beside]
        return [{**self._start, leaf: at} for at in [*places, *([-0.0] if zero == 0 else [])]]

    def _crossing(self, leaf: str) -> float | None:
        """Where the number changes its sign along a leaf, as a short number if it is one."""
        seen = {at: self._at(leaf, at) for at in (*TRIED, self._start[leaf])}
        known = sorted((at, v) for at, v in seen.items() if v is not None)
        if not known or all(v == known[0][1] for _, v in known):
            return None
        zeros = [at for at, value in known if value == 0]
        if zeros:
            return min(zeros, key=abs)
        for (a, of_a), (b, of_b) in pairwise(known):
            if (of_a > 0) != (of_b > 0):
                return self._between(leaf, (a, float(of_a)), (b, float(of_b)))
        return None

    def _between(self, leaf: str, low: tuple[float, float], high: tuple[float, float]) -> float:
        """Bisection, at short numbers first: there the number may be 0 exactly."""
        (a, of_a), (b, of_b) = low, high
        for step in range(BISECTIONS):
            secant = a - of_a * (b - a) / (of_b - of_a) if of_a != of_b else a
            middle = secant if step % 2 == 0 and a < secant < b else (a + b) / 2
            middle = round(middle * SHORT) / SHORT if step < BISECTIONS // 2 else middle
            value = self._at(leaf, middle)
            if value is None or not a < middle < b:
                break
            if value == 0:
                return middle
            if (value > 0) == (of_a > 0):
                a, of_a = middle, float(value)
            else:
                b, of_b = middle, float(value)
        return b

    def _bottom(self, leaves: Sequence[str], width: float) -> tuple[str, list[Point]] | None:
        """Where a number that changes no sign is 0 nevertheless: a sum of squares.

        Leaf by leaf it goes to the vertex of the parabola through three points.
        """
        for leaf in leaves:
            low, middle, high = (self._at(leaf, at) for at in (-1.0, 0.0, 1.0))
            if low is None or middle is None or high is None:
                continue
            bend = low - 2 * middle + high
            if bend != 0:
                vertex = float(((low - high) / (2 * bend)).mid())
                self._start[leaf] = round(vertex * SHORT) / SHORT
        value = self._at(leaves[0], self._start[leaves[0]]) if leaves else None
        if value is None or not is_zero(value):
            return None
        return leaves[0], self._around(leaves[0], self._start[leaves[0]], width)

    def _at(self, leaf: str, at: float) -> arb | None:
        """The number at a place of a leaf; None where it has no value, or the search is long."""
        self._left -= len(self._lines) + 1
        if self._left < 0:
            return None
        values: dict[Any, arb] = {real_symbol(n): arb(v) for n, v in self._start.items()}
        values[real_symbol(leaf)] = arb(at)
        with precision(BITS):
            try:
                for symbol, meaning in self._lines:
                    values[symbol] = evaluate(meaning, values)
                value = evaluate(self._number, values)
            except Undecided:
                return None
        return value if value.is_finite() else None


__all__ = ["EdgeFinder", "Edges", "edges_of"]
