"""Every step of a derivation, verified when it is made: both sides evaluated, SymPy's way.

At a point inside the domain all nodes are evaluated in ball arithmetic. A local partial must then
equal SymPy's own derivative of the gate, a simplified form the form before it. A step that is
proven not to hold raises; it is never printed. Gates of one form are verified once.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Hashable, Mapping, MutableMapping
from functools import lru_cache
from random import Random
from typing import Any

import sympy as sp
from flint import arb
from sympy import Add, Expr, StrictLessThan

from symback.circuits.circuit import Circuit, Node
from symback.errors import SymbackError, Unsupported
from symback.operations.balls.comparison import BITS, SEED, draw_point, equal
from symback.operations.balls.functions import Undecided
from symback.operations.balls.scalars import evaluate, precision
from symback.operations.elementwise import elementary
from symback.operations.forms import Numbering, expression_of, form_of, place
from symback.operations.polynomials import horner

POINTS = 80  # tried until one lies inside the domain
CALM_POINTS = 24  # tried before, until all values at one are calm
CALM = arb(64)  # far out, differences such as 1 − tanh² have no digits

Values = MutableMapping[Any, arb]


class StepRefused(SymbackError):
    """A step of a derivation that does not hold: a fault of symback, not of the input."""


class Verifier:
    """Knows the values of all nodes at one point of a circuit of numbers.

    `point` is None where no point inside the domain was found; then nothing can be verified.
    """

    def __init__(self, circuit: Circuit) -> None:
        self._circuit = circuit
        self._slopes: dict[Hashable, Expr] = {}  # SymPy's derivative of each form of gate
        self._held: set[Hashable] = set()  # forms of gate and partial that hold
        self._terms: dict[Any, list[Expr]] = {}  # of the gate verified last, by name
        self._last: Node | None = None
        self.point = self._find(CALM_POINTS, calm=True) or self._find(POINTS, calm=False)

    def _find(self, most: int, *, calm: bool) -> Values | None:
        rng = Random(SEED)
        names = [leaf.name for leaf in self._circuit.leaves]
        for number in range(most):
            values = self._evaluated(draw_point(names, rng, number), calm)
            if values is not None:
                return values
        return None

    def _evaluated(self, point: Mapping[str, float], calm: bool) -> Values | None:
        with precision(BITS):
            values: Values = {}
            for leaf in self._circuit.leaves:
                values[leaf.symbol] = arb(point[leaf.name])
            try:
                for node in self._circuit.computed:
                    value = value_of(node.formula, values)
                    if not value.is_finite() or (calm and not abs(value) < CALM):
                        return None
                    values[node.symbol] = value
            except (Undecided, Unsupported):
                return None
        return values

    def partial(self, node: Node, operand: str, partial: Expr) -> None:
        """Refuse a local partial that is not SymPy's derivative of the gate."""
        if self.point is None:
            return
        symbol = self._circuit[operand].symbol
        formula = self._part_with(node, symbol)
        numbers: Numbering = {symbol: 0, node.symbol: 1}
        gate = form_of(formula, numbers)
        whole = (gate, form_of(partial, numbers))
        if whole in self._held:
            return
        if gate not in self._slopes:
            self._slopes[gate] = sp.diff(elementary(expression_of(gate)), place(0))
        values = {place(i): self.point[s] for s, i in numbers.items()}
        what = f"∂{node.name}/∂{operand}"
        if self._holds(self._slopes[gate], values, partial, what):
            self._held.add(whole)

    def curvature(self, node: Node, pair: tuple[str, str], partial: Expr) -> None:
        """Refuse a second local partial that is not SymPy's second derivative of the gate."""
        if self.point is None:
            return
        one, other = (self._circuit[name].symbol for name in pair)
        numbers: Numbering = {one: 0}
        numbers.setdefault(other, len(numbers))
        numbers.setdefault(node.symbol, len(numbers))
        gate = form_of(self._part_with(node, one), numbers)
        slope = sp.diff(elementary(expression_of(gate)), place(0))
        expected = sp.diff(slope, place(numbers[other]))
        values = {place(i): self.point[s] for s, i in numbers.items()}
        self._holds(expected, values, partial, f"∂²{node.name}/∂{one}∂{other}")

    def _part_with(self, node: Node, symbol: Expr) -> Expr:
        """The terms of a sum that its derivative by one operand needs; any other gate whole."""
        if not node.formula.is_Add:
            return node.formula
        if self._last is not node:
            self._last, self._terms = node, {}
            for term in node.formula.args:
                for name in term.free_symbols:
                    self._terms.setdefault(name, []).append(term)
        return Add(*self._terms.get(symbol, ()))

    def equal(self, before: Any, after: Any, what: str) -> None:
        """Refuse two forms that differ at the point."""
        point = self.point
        if isinstance(after, Expr) and after.has(horner):
            point = self._beyond_series(after)
        if point is None or before is after:
            return
        numbers: Numbering = {}
        forms = form_of_sum(before, numbers), form_of_sum(after, numbers)
        if forms not in self._held and self._holds(before, point, after, what, point):
            self._held.add(forms)

    def _beyond_series(self, form: Expr) -> Values | None:
        """A point beyond the radius of each series, which is near to the formula, not equal."""
        rng = Random(SEED)
        names = [leaf.name for leaf in self._circuit.leaves]
        radii = [c for c in form.atoms(StrictLessThan) if isinstance(c.lhs, sp.Abs)]
        for number in range(POINTS):
            values = self._evaluated(draw_point(names, rng, number), calm=False)
            if values is None:
                continue
            with precision(BITS):
                sizes = [value_of(c.lhs - c.rhs, values) for c in radii]
            if all(size > 0 for size in sizes):
                return values
        return None

    def _holds(
        self,
        before: Any,
        values: Mapping[Any, arb],
        after: Any,
        what: str,
        point: Values | None = None,
    ) -> bool:
        """Whether two forms are proven equal at the point; raises where they are proven not to be.

        Neither on a kink, or where a derivative of SymPy's is a distribution.
        """
        point = self.point if point is None else point
        assert point is not None
        with precision(BITS):
            try:
                one, two = _value(before, values), _value(after, point)
            except (Undecided, Unsupported):
                return False
            return held(equal(one, two), what)


def value_of(expr: Expr, values: Mapping[Any, arb]) -> arb:
    """The ball of a gate or of a local partial; `values` holds its names' balls.

    Raises what `evaluate` raises.
    """
    if expr.is_Symbol:
        return values[expr]
    numbers: Numbering = {}
    meaning = _meaning(form_of(expr, numbers))
    return evaluate(meaning, {place(i): values[s] for s, i in numbers.items()})


@lru_cache(maxsize=2**12)
def _meaning(form: Hashable) -> Expr:
    """A form in SymPy's own functions: many gates of a large circuit have the same."""
    return elementary(expression_of(form))


def held(is_equal: bool | None, what: str) -> bool:
    """Whether a step is proven to hold; raises StepRefused where it is proven not to."""
    if is_equal is False:
        raise StepRefused(f"internal: the step for {what} does not hold")
    return bool(is_equal)


def form_of_sum(form: Any, numbers: Numbering) -> Hashable:
    """The form of an expression, or of a sum of products of expressions."""
    if isinstance(form, Expr):
        return form_of(form, numbers)
    return tuple(tuple(form_of(factor, numbers) for factor in product) for product in form)


def _value(form: Any, point: Mapping[Any, arb]) -> arb:
    """The value of an expression, or of a sum of products of expressions."""
    values: Values = ChainMap({}, point)  # type: ignore[arg-type]  # the point stays as it is
    if isinstance(form, Expr):
        return evaluate(elementary(form), values)
    total = arb(0)
    for factors in form:
        product = arb(1)
        for factor in factors:
            product = product * evaluate(elementary(factor), values)
        total = total + product
    return total


__all__ = ["CALM", "StepRefused", "Verifier", "held", "value_of"]
