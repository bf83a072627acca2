"""Tangents at kinks and origins, as `symback.autodiff.origins` says: of what is there along v.

Each holds where the slopes of a gate are conventions and its adjoint is 0; elsewhere the tangent is
that of the rules.
"""

from __future__ import annotations

from typing import Any

from sympy import And, Eq, Expr, Ne, Piecewise, S, Symbol, preorder_traversal, sqrt

from symback.autodiff.origins import EXTREMES, Origin, Origins
from symback.circuits.program import Assign
from symback.operations.arrays import reduce_max, reduce_min
from symback.operations.edges import nonzero
from symback.operations.number_slopes import Tangent
from symback.operations.vjp import At

Branch = tuple[Expr, Any]
"""What holds under a condition."""


class OriginTangents:
    """What `lines`, a `TangentLines` that has all values and adjoints, asks for its tangents."""

    def __init__(self, origins: Origins, lines: Any) -> None:
        self._origins, self._lines = origins, lines
        self._start = len(lines.lines)
        self._limits: dict[Symbol, Symbol] = {}  # of adjoints, along v
        self._seconds: dict[Symbol, Expr] = {}  # of bases of roots, along v

    def of_line(self, line: Assign, tangent: Tangent, place: int) -> Tangent:
        """The tangent of a line, whose parts are the lines from a place on."""
        lines, limits = self._lines.lines, self._limits
        if tangent is not None and line.target in self._origins.nodes:
            tangent = self._of_value(self._origins.nodes[line.target], tangent)
        if tangent is not None and limits:
            lines[place:] = [Assign(x.target, x.expr.xreplace(limits)) for x in lines[place:]]
            tangent = tangent.xreplace(limits)
        found = self._origins.contributions
        parts = (p for p in preorder_traversal(line.expr) if p in found and found[p].is_root)
        made = {part: self._limit(found[part], part) for part in parts}
        if made or not limits.keys().isdisjoint(line.expr.free_symbols):
            whole = line.expr.xreplace({**made, **limits})
            limits[line.target] = self._lines.names.part(line.target.name, whole)
            lines.append(Assign(limits[line.target], whole))
        return tangent

    def of_contribution(self, expr: Expr, tangent: Tangent) -> Tangent:
        """That of what a gate gives: the change of its adjoint times the slope along v."""
        origin = self._origins.contributions.get(expr)
        if origin is None or tangent is None:
            return tangent
        if origin.is_root:
            return self._chosen(origin, self._of_base(origin), tangent)
        dot = self._dot(origin.adjoint)
        there = dot if dot == 0 else origin.along(self._dots_along(origin), expr)
        return self._chosen(origin, [(there, True)], tangent)

    def _of_value(self, origin: Origin, tangent: Expr) -> Expr:
        if origin.is_root:
            return self._chosen(origin, self._of_root(origin), tangent)
        there = origin.along(self._dots_along(origin), origin.gate.formula)
        return self._chosen(origin, [(there, True)], tangent)

    def _dots_along(self, origin: Origin) -> dict[Symbol, Expr]:
        """The tangents; of an array with an extreme entry those of entries that are as large."""
        formula = origin.gate.formula
        dots: dict[Symbol, Expr] = self._lines.dots
        if not isinstance(formula, EXTREMES):
            return dots
        (array,) = formula.operands
        dot = self._lines.briefly(self._dot(array))
        least = reduce_min if isinstance(formula, reduce_max) else reduce_max
        at = At(formula, origin.gate.symbol, origin.gate.shapes)
        tie = Eq(array, at.expand_reduced(origin.gate.symbol))
        other = at.expand_reduced(self._lines.named(least(dot, *formula.options)))
        return {**dots, array: self._lines.named(Piecewise((dot, tie), (other, True)))}

    # -- of roots n = sᵖ, p between 0 and 1 --------------------------------------------------------

    def _of_root(self, origin: Origin) -> list[Branch]:
        """How fast it moves at s = 0 along v, where s is t²·s₂; or t·s₁, of absolute values."""
        power, still = origin.gate.formula.exp, self._still(origin)
        curved = self._curved(origin)
        if power == S.Half:
            return [(sqrt(curved), still)]
        none = [(S.Zero, And(still, Eq(curved, 0) if power < S.Half else S.true))]
        return [*none, (1 / origin.gate.formula.base, True)]  # infinite

    def _of_base(self, origin: Origin) -> list[Branch]:
        """How the adjoint of s changes, which is multiplied by slopes of s: these are 0 there."""
        still = (S.Zero, self._still(origin))
        if origin.gate.formula.exp == S.Half:
            return [still]
        return [still, (self._dot(origin.adjoint), True)]

    def _limit(self, origin: Origin, product: Expr) -> Expr:
        """The limit of n_bar·p·n/s along v, by which second derivatives of s are multiplied."""
        power, still = origin.gate.formula.exp, self._still(origin)
        limit = self._dot(origin.adjoint)
        if power == S.Half:
            speed = sqrt(self._curved(origin))
            limit = limit / (2 * nonzero(self._lines.briefly(speed)))
        found = self._chosen(origin, [(limit, still)], product)
        if power <= S.Half or still is S.false:
            return found
        curved, base = self._curved(origin), origin.gate.formula.base
        steep = And(still, Eq(base, 0), curved > 0, Ne(origin.adjoint, 0))
        return Piecewise((origin.adjoint / base, steep), (found, True), evaluate=False)

    def _still(self, origin: Origin) -> Any:
        return Eq(self._lines.briefly(self._dot(origin.gate.formula.base)), 0)

    def _curved(self, origin: Origin) -> Expr:
        """Half the second derivative of s along v: the tangent of its tangent."""
        base = origin.gate.formula.base
        if base not in self._seconds:
            found = self._second(self._dot(base))
            self._seconds[base] = S.Zero if found is None else self._lines.briefly(found / 2)
        return self._seconds[base]

    def _second(self, dot: Expr) -> Tangent:
        lines = self._lines
        wanted, chain = set(dot.free_symbols), []
        for line in reversed(lines.lines[self._start :]):
            if line.target in wanted:
                chain.append(line)
                wanted |= line.reads
        twice = lines.inside(dict(lines.dots))
        for line in reversed(chain):
            twice.add(line)
        found: Tangent = twice.tangent_of(dot)
        known = {line.target for line in lines.lines}
        lines.lines += [line for line in twice.lines if line.target not in known]
        return found

    def _dot(self, symbol: Symbol) -> Expr:
        found: Expr = self._lines.dots.get(symbol, S.Zero)
        return found

    def _chosen(self, origin: Origin, branches: list[Branch], elsewhere: Expr) -> Expr:
        there = [Eq(self._lines.briefly(expr), other) for expr, other in origin.places()]
        found = [(value, And(*there, condition)) for value, condition in branches]
        found = [(value, condition) for value, condition in found if condition is not S.false]
        return Piecewise(*found, (elsewhere, True), evaluate=False) if found else elsewhere


__all__ = ["OriginTangents"]
