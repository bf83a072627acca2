"""Every step of a derivation, verified when it is made: both sides evaluated, SymPy's way.

At a point inside the domain all nodes are evaluated in ball arithmetic. A local partial must then
equal SymPy's own derivative of the gate, a simplified form the form before it. A step that does
not hold raises; it is never printed.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, MutableMapping
from typing import Any

import numpy as np
import sympy as sp
from flint import arb
from sympy import Add, Expr

from symback.balls import Undecided, evaluate, precision
from symback.errors import SymbackError, Unsupported
from symback.ops import elementary
from symback.points import scenes
from symback.structure import Circuit, Node

BITS = 400
CLOSE = arb(2) ** -300  # relative: what remains of BITS after cancellation
SEED = 1729
POINTS = 40  # tried until one lies inside the domain
LARGEST_DIFFERENTIATED = 40  # operands of a gate that SymPy differentiates as a whole

Values = MutableMapping[Any, arb]


class StepRefused(SymbackError):
    """A step of a derivation that does not hold: a fault of symback, not of the input."""


class Verifier:
    """Knows the values of all nodes at one point of a circuit of numbers.

    `point` is None where no point inside the domain was found; then nothing can be verified.
    """

    def __init__(self, circuit: Circuit) -> None:
        self._circuit = circuit
        self._slopes: dict[tuple[Expr, Expr], Expr] = {}  # many gates have one form
        self.point = self._find()

    def _find(self) -> Values | None:
        rng = np.random.default_rng(SEED)
        for number, scene in enumerate(scenes(self._circuit, rng, POINTS)):
            for sample in scene.points[:2]:
                values = self._evaluated(scene.merged(sample))
                if values is not None:
                    return values
            if number >= POINTS:
                break
        return None

    def _evaluated(self, point: Mapping[str, float]) -> Values | None:
        with precision(BITS):
            values: Values = {}
            for leaf in self._circuit.leaves:
                values[leaf.symbol] = arb(point[leaf.name])
            try:
                for node in self._circuit.computed:
                    value = evaluate(elementary(node.formula), values)
                    if not value.is_finite():
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
        formula = _part_with(node.formula, symbol)
        names = sorted(formula.free_symbols, key=lambda s: (s != symbol, str(s)))
        places = [sp.Symbol(f"operand_{i}", real=True) for i in range(len(names))]
        form = formula.xreplace(dict(zip(names, places, strict=True)))
        if (form, places[0]) not in self._slopes:
            self._slopes[form, places[0]] = sp.diff(elementary(form), places[0])
        slope = self._slopes[form, places[0]]
        values = {p: self.point[n] for p, n in zip(places, names, strict=True)}
        self._refuse_unless_equal(slope, values, partial, f"∂{node.name}/∂{operand}")

    def equal(self, before: Any, after: Any, what: str) -> None:
        """Refuse two forms that differ at the point."""
        if self.point is not None and before is not after:
            self._refuse_unless_equal(before, self.point, after, what)

    def _refuse_unless_equal(
        self, before: Any, values: Mapping[Any, arb], after: Any, what: str
    ) -> None:
        assert self.point is not None
        with precision(BITS):
            try:
                one, two = _value(before, values), _value(after, self.point)
            except (Undecided, Unsupported):
                return  # on a kink, or a distribution in SymPy's derivative: no value to compare
            if not one.is_finite() or not two.is_finite():
                return
            scale = abs(one) + abs(two) + arb(2) ** -200
            if not abs(one - two) < CLOSE * scale:
                raise StepRefused(f"internal: the step for {what} does not hold")


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


def _part_with(expr: Expr, symbol: Expr) -> Expr:
    """The terms or factors that a wide gate's derivative by one operand needs."""
    if not expr.is_Add or len(expr.args) <= LARGEST_DIFFERENTIATED:
        return expr
    return Add(*(term for term in expr.args if term.has(symbol)))


__all__ = ["StepRefused", "Verifier"]
