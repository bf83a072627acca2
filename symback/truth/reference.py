"""The reference that generated modules are checked against: SymPy's own derivatives.

It takes another road than the reverse pass: the nodes as they were typed, each differentiated
by `sympy.diff` in SymPy's own functions, carried forward as tangents, one leaf at a time.
Values are balls, and precision is doubled until it is proven to suffice. What only a branch reads
that is not taken has no part in a derivative; where `diff` leaves 0·∞ or 0/0, the slope is that of
both sides (`symback.truth.sides`).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import Any

import sympy as sp
from flint import arb
from sympy import Derivative, Expr, Piecewise, Subs, Symbol

from symback.circuits.circuit import Circuit, Node
from symback.errors import Unsupported
from symback.operations.balls.functions import MISSING, NOT_A_NUMBER, Undecided, is_zero
from symback.operations.balls.scalars import (
    ball_of,
    counting_parts,
    counting_symbols,
    evaluate,
    order,
    precision,
)
from symback.operations.elementwise import BY_HEAD, elementary
from symback.operations.expressions import postorder, real_symbol
from symback.operations.forms import Numbering, expression_of, form_of, place
from symback.operations.nonnegative import Nonnegative
from symback.operations.stated import derived_parts
from symback.truth.sides import slope_by_operations, slope_from_sides

ENOUGH_BITS = 80  # of a value, where float64 has 53
NEGLIGIBLE = arb(2) ** -1140  # far below the smallest float64
PRECISIONS = (160, 640, 1280, 2560, 5120, 10240)
MOST_FROM_SIDES = 2_000  # nodes that slopes from both sides may evaluate at a point


@dataclass(frozen=True, slots=True)
class Truth:
    """The value of a node and its partials by leaf, as balls that pin down every float64."""

    value: arb
    partials: Mapping[str, arb]
    undefined: frozenset[str] = frozenset()  # leaves by which there is no partial


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
        self._meaning = {n.name: elementary(n.formula) for n in self._nodes}
        self._extremes = {
            name: [e for e in meaning.atoms(sp.Max, sp.Min) if len(e.args) > 2]
            for name, meaning in self._meaning.items()
        }
        self._slopes = {n.name: self._slopes_of(n) for n in self._nodes}
        self._open_roots = _open_roots(self._nodes)
        self._branching = {name for name, m in self._meaning.items() if m.has(Piecewise)}
        self._with_powers = {
            name
            for name, meaning in self._meaning.items()
            if any(map(_is_power_of_product, order(meaning)))
        }

    def _slopes_of(self, node: Node) -> dict[str, Expr]:
        """The slopes by the operands, found once for formulas that differ in their names."""
        numbers: Numbering = {}
        meaning = self._meaning[node.name]
        form = form_of(meaning, numbers)
        symbols = {place(i): symbol for symbol, i in numbers.items()}
        is_made_again = expression_of(form).xreplace(symbols) == meaning
        found: dict[str, Expr] = {}
        for operand in node.operands:
            symbol = real_symbol(operand)
            if is_made_again and symbol in numbers:
                slope = _slope_of_form(form, numbers[symbol])
            else:
                slope = sp.diff(meaning, symbol)
            if slope.has(Derivative, Subs):
                raise Unsupported(f"SymPy does not differentiate node '{node.name}' by '{operand}'")
            found[operand] = slope.xreplace(symbols)
        return found

    def at(self, point: Mapping[str, float]) -> Truth | None:
        """Value and partials at a point; None outside the domain, or on an undecidable kink."""
        found = self.all_at(point)
        return None if found is None else found[0]

    def all_at(self, point: Mapping[str, float], partly: bool = False) -> list[Truth] | None:
        """The truths of all nodes, in the order in which they were given.

        None where a value or a partial has none; with `partly` such partials are left out.
        """
        for bits in PRECISIONS:
            with precision(bits):
                try:
                    truths = self._evaluate(point)
                except Undecided:
                    continue
                if any(t.value.is_nan() for t in truths):
                    return None
                if any(b.is_nan() for t in truths for b in t.partials.values()):
                    if not partly:
                        return None
                    truths = [_defined(t) for t in truths]
                balls = [b for t in truths for b in (t.value, *t.partials.values())]
                if all(suffices(b) for b in balls):
                    return truths
        return None

    def _evaluate(self, point: Mapping[str, float]) -> list[Truth]:
        """One sweep: the value of each node, and its tangent for every leaf that it depends on."""
        values: dict[Any, arb] = {self._symbols[leaf]: ball_of(point[leaf]) for leaf in self.leaves}
        tangents: dict[str, dict[str, arb]] = {leaf: {leaf: arb(1)} for leaf in self.leaves}
        outputs = {node.name for node in self._of}
        finite = not any(math.isinf(point[leaf]) for leaf in self.leaves)
        for node in self._nodes:
            value = evaluate(self._meaning[node.name], values)
            if any(_is_tie_of_three(part, values) for part in self._extremes[node.name]):
                raise Undecided
            slopes = self._local(node, values, finite)
            values[node.symbol] = value
            made = _combined([(slope, tangents[o]) for o, slope in slopes.items()])
            undefined = [leaf for leaf, speed in made.items() if speed.is_nan()]
            if undefined and finite and value.is_finite():
                fresh = not any(t.is_nan() for o in slopes for t in tangents[o].values())
                others = all(made[leaf].is_finite() for leaf in made.keys() - {*undefined})
                if others and (fresh or node.name in outputs):
                    made.update(self._from_sides(node, undefined, values))
            tangents[node.name] = made
        return [
            Truth(
                values[node.symbol],
                {leaf: tangents[node.name].get(leaf, arb(0)) for leaf in self.leaves},
            )
            for node in self._of
        ]

    def _local(self, node: Node, values: dict[Any, arb], sides: bool) -> dict[str, arb]:
        """The slopes by the operands that count at a point, each by `diff` or from both sides."""
        meaning = self._meaning[node.name]
        counting = counting_symbols(meaning, values) if node.name in self._branching else None
        slopes = {
            operand: evaluate(expr, values)
            for operand, expr in self._slopes[node.name].items()
            if counting is None or real_symbol(operand) in counting
        }
        undefined = [operand for operand, slope in slopes.items() if slope.is_nan()]
        if not values[meaning].is_finite():
            return slopes
        if node.name in self._with_powers:
            slopes.update(_without_powers_at_zero(meaning, slopes, values))
        if not (sides and undefined):
            return slopes
        for operand in undefined:
            slopes[operand] = slope_by_operations(meaning, real_symbol(operand), values)
        undefined = [operand for operand in undefined if slopes[operand].is_nan()]
        start = {real_symbol(o): values[real_symbol(o)] for o in node.operands}

        def value_at(symbol: Symbol, at: arb) -> arb:
            return evaluate(meaning, {**start, symbol: at})

        even = not self._is_open([node], values)
        found = {
            operand: slope_from_sides(partial(value_at, s), values[s], inside=True, even=even)
            for operand, s in zip(undefined, map(real_symbol, undefined), strict=True)
        }
        if meaning.is_Pow or not any(slope.is_nan() for slope in found.values()):
            slopes.update(found)
        return slopes

    def _from_sides(
        self, node: Node, leaves: Sequence[str], values: Mapping[Any, arb]
    ) -> dict[str, arb]:
        """The node's slopes by leaves where none follows from its operands'.

        All or none: sqrt(a*x) has no slope by x at x = 0, and so none that counts by a.
        """
        needed = self._ancestors[node.name]
        if len(needed) * len(leaves) > MOST_FROM_SIDES:
            return {}
        start = {self._symbols[leaf]: values[self._symbols[leaf]] for leaf in self.leaves}

        def value_at(symbol: Symbol, at: arb) -> arb:
            found: dict[Any, arb] = {**start, symbol: at}
            for each in needed:
                found[each.symbol] = evaluate(self._meaning[each.name], found)
            return found[node.symbol]

        even = not self._is_open(needed, values)
        found = {
            leaf: slope_from_sides(partial(value_at, symbol), start[symbol], even=even)
            for leaf in leaves
            for symbol in [self._symbols[leaf]]
        }
        return {} if any(slope.is_nan() for slope in found.values()) else found

    def _is_open(self, nodes: Sequence[Node], values: Mapping[Any, arb]) -> bool:
        """Whether a root in the nodes is taken of a 0 that is not the least by its form."""
        return any(
            is_zero(evaluate(base, dict(values)))
            for node in nodes
            for base in self._open_roots.get(node.name, ())
        )

    @cached_property
    def _ancestors(self) -> dict[str, list[Node]]:
        """The computed nodes that each one needs, itself last."""
        needed: dict[str, dict[str, Node]] = {leaf: {} for leaf in self.leaves}
        for node in self._nodes:
            found = {name: n for o in node.operands for name, n in needed[o].items()}
            needed[node.name] = {**found, node.name: node}
        order = {n.name: i for i, n in enumerate(self._nodes)}
        return {
            name: sorted(found.values(), key=lambda n: order[n.name])
            for name, found in needed.items()
        }

    @property
    def nodes(self) -> frozenset[str]:
        """The computed nodes that the truth needs; an entry that nothing reads is none of them."""
        return frozenset(node.name for node in self._nodes)

    @property
    def has_branches(self) -> bool:
        """Whether a formula chooses by a condition."""
        return bool(self._branching)

    def unread(self, point: Mapping[str, float]) -> frozenset[str]:
        """The leaves that no value and no condition reads on the way that is taken at a point; none
        where no precision decides which way that is.
        """
        for bits in PRECISIONS:
            with precision(bits):
                try:
                    return frozenset(self.leaves) - self._read(point)
                except Undecided:
                    continue
        return frozenset()

    def lost(self, point: Mapping[str, float]) -> list[frozenset[str] | None]:
        """Of each node whose value is missing with leaves at a point, the leaves by which the
        partial is missing as well: at NaN the slope of max and abs is NaN, but where another one
        is stated.
        """
        values = self._values(point)
        return [self._lost(node, values) for node in self._of]

    def _lost(self, of: Node, values: Mapping[Any, arb]) -> frozenset[str] | None:
        if values[of.symbol] is not MISSING:
            return None
        nodes = {node.name: node for node in self._nodes}
        found: set[str] = set()
        reached = {(of.name, False)}  # and whether behind a kink
        ways = [*reached]
        while ways:
            name, behind = ways.pop()
            if name not in nodes:
                found |= {name} if behind else set()
                continue
            node = nodes[name]
            inside = {real_symbol(o): values[real_symbol(o)] for o in node.operands}
            evaluate(node.formula, inside)
            parts = set(counting_parts(node.formula, inside)) & set(derived_parts(node.formula))
            kinks = {s for part in parts if _has_slope_of_sign(part) for s in derived_parts(part)}
            for symbol in {part for part in parts if part.is_Symbol}:
                way = (symbol.name, behind or symbol in kinks)
                if values[symbol] is MISSING and way not in reached:
                    reached.add(way)
                    ways.append(way)
        return frozenset(found)

    def _values(self, point: Mapping[str, float]) -> dict[Any, arb]:
        values: dict[Any, arb] = {self._symbols[leaf]: ball_of(point[leaf]) for leaf in self.leaves}
        for node in self._nodes:
            values[node.symbol] = evaluate(self._meaning[node.name], values)
        return values

    def _read(self, point: Mapping[str, float]) -> set[str]:
        values = self._values(point)
        reads = {node.name for node in self._of}
        for node in reversed(self._nodes):
            if node.name not in reads:
                continue
            if node.name in self._branching:
                counting = counting_symbols(self._meaning[node.name], values, conditions=True)
                reads.update(o for o in node.operands if real_symbol(o) in counting)
            else:
                reads.update(node.operands)
        return reads


@lru_cache(maxsize=2**10)
def _slope_of_form(form: Hashable, number: int) -> Expr:
    return sp.diff(expression_of(form), place(number))


def _open_roots(nodes: Sequence[Node]) -> dict[str, list[Expr]]:
    """By node, what roots are taken of that may be negative by its form: their slope at 0 is ∞."""
    roots = {n.name: [p for p in postorder(n.formula) if _is_root(p)] for n in nodes}
    if not any(roots.values()):
        return {}
    known = Nonnegative()
    found: dict[str, list[Expr]] = {}
    for node in nodes:
        found[node.name] = [elementary(p.base) for p in roots[node.name] if not known(p.base)]
        known.add(node.symbol, node.formula)
    return found


def _is_root(part: Any) -> bool:
    return bool(part.is_Pow and part.exp.is_number and 0 < part.exp < 1)


def _is_power_of_product(part: Any) -> bool:
    return bool(part.is_Pow and (part.base.is_Mul or part.base.is_Pow))


def _has_slope_of_sign(part: Any) -> bool:
    """Whether it is max, abs or the like, whose slope is chosen by a comparison."""
    row = BY_HEAD.get(part.func)
    return row is not None and bool(row.kink) and part.func is not sp.sign


def _defined(truth: Truth) -> Truth:
    """The partials that exist, and the names of the others."""
    undefined = frozenset(leaf for leaf, ball in truth.partials.items() if ball.is_nan())
    partials = {leaf: b for leaf, b in truth.partials.items() if leaf not in undefined}
    return Truth(truth.value, partials, undefined)


def _combined(parts: list[tuple[arb, dict[str, arb]]]) -> dict[str, arb]:
    """The tangent of a node, the sum of slope times tangent over its operands."""
    made: dict[str, arb] = {}
    for slope, tangent in parts:
        for leaf, speed in tangent.items():
            part = slope * speed
            made[leaf] = made[leaf] + part if leaf in made else part
    return made


def _without_powers_at_zero(
    meaning: Expr, slopes: Mapping[str, arb], values: Mapping[Any, arb]
) -> dict[str, arb]:
    """No slope by what moves the base of a power from 0, where it is infinitely steep; nor at
    infinity, where SymPy gives sqrt(a/x) slopes that are 0, which is 0·∞ by the chain rule.
    """
    lost: dict[str, arb] = {}
    for power in counting_parts(meaning, values, beaten=False):
        if not _is_power_of_product(power):
            continue
        base, exponent = power.args
        if is_zero(values[base]) and values[exponent] > 0 and values[exponent] < 1:
            counting = counting_symbols(base, values)
            finite = all(values[symbol].is_finite() for symbol in counting)
            for name in {symbol.name for symbol in counting} & slopes.keys():
                moved = slope_by_operations(base, real_symbol(name), values)
                if moved.is_nan() or (is_zero(moved) and not finite):
                    lost[name] = NOT_A_NUMBER
    return lost


def _is_tie_of_three(part: Expr, values: Mapping[Any, arb]) -> bool:
    """Whether more than two arguments of min or max are equal: no rule says who gets how much."""
    equal = [a for a in part.args if (values[a] - values[part]).contains(0)]
    return len(equal) > 2


def suffices(ball: arb) -> bool:
    if not ball.is_finite():
        return False
    radius = ball.rad()
    return bool(radius < NEGLIGIBLE or radius * arb(2) ** ENOUGH_BITS < abs(ball.mid()))
