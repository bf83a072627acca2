"""Tangents at kinks and origins, as `symback.autodiff.origins` says: of what is there along v.

Each holds where the slopes of a gate are conventions and its adjoint is 0; elsewhere the tangent is
that of the rules.
"""

from __future__ import annotations

from typing import Any

from sympy import Abs, And, Eq, Expr, Ne, Piecewise, S, Symbol, preorder_traversal, sqrt

from symback.autodiff.origins import EXTREMES, LENGTHS, Origin, Origins
from symback.circuits.program import Assign
from symback.operations.arrays import ArrayFunction, broadcast_like, reduce_max, reduce_min
from symback.operations.edges import nonzero
from symback.operations.number_slopes import Tangent

Branch = tuple[Expr, Any]
"""What holds under a condition."""


class OriginTangents:
    """What `lines`, a `TangentLines` that has all values and adjoints, asks for its tangents."""

    def __init__(self, origins: Origins, lines: Any) -> None:
        self._origins, self._lines = origins, lines
        self._start = len(lines.lines)
        self._read: dict[Symbol, dict[Expr, Expr]] = {}  # of kinks, for what stands for it
        self._limits: dict[Symbol, Symbol] = {}  # of adjoints, along v
        self._seconds: dict[Symbol, Expr] = {}  # of bases of roots, along v

    # -- of kinks ----------------------------------------------------------------------------------

    def moved_line(self, line: Assign) -> tuple[Expr, Symbol]:
        """What is moved in place of a line, and its value: kinks read what is there along v."""
        origin = self._origins.nodes.get(line.target)
        if origin is not None and not origin.is_root:
            read = self._read_by(origin)
            return origin.at_places().xreplace(read), read[origin.places[-1]]
        kinks = self._origins.kinks
        found = {p: kinks[p] for p in preorder_traversal(line.expr) if p in kinks}
        moved = {part: turned.xreplace(self._read_by(of)) for part, (of, turned) in found.items()}
        return line.expr.xreplace(moved), line.target

    def _read_by(self, origin: Origin) -> dict[Expr, Expr]:
        """The legs and the value of a kink, for what stands for them."""
        value = origin.gate.symbol
        if value not in self._read:
            dots = [self._lines.tangent_of(leg) for leg in origin.legs]
            moves = any(dot is not None for dot in dots)
            read = self._along(origin, dots) if moves else [*origin.legs, value]
            self._read[value] = dict(zip(origin.places, read, strict=True))
        return self._read[value]

    def _along(self, origin: Origin, dots: list[Tangent]) -> list[Expr]:
        """The same, which are tangents where the slopes of the kink are those along v."""
        lines, formula, value = self._lines, origin.gate.formula, origin.gate.symbol
        ahead = self._ahead(origin, dots)
        there = origin.there(of_legs=True)
        legs: list[Expr] = []
        for leg, then, dot in zip(origin.legs, ahead, dots, strict=True):
            here = leg if then == leg else lines.named(Piecewise((then, there), (leg, True)))
            legs.append(here)
            if dot is not None:
                lines.dots[here] = dot
            if leg.is_Symbol and here.is_Symbol:
                lines.stand_in[here] = leg
        if not isinstance(formula, (*LENGTHS, *EXTREMES)):
            return [*legs, value]
        whole = _over(formula, ahead)
        return [*legs, lines.named(Piecewise((whole, origin.there()), (value, True)))]

    def _ahead(self, origin: Origin, dots: list[Tangent]) -> list[Expr]:
        """The legs along v; of an array with an extreme entry those that are as large."""
        lines, formula = self._lines, origin.gate.formula
        ahead = [S.Zero if dot is None else dot for dot in dots]
        if not isinstance(formula, ArrayFunction):
            return ahead
        (array,), (dot,) = origin.legs, ahead
        if lines.names.shape_of(dot) != lines.names.shape_of(array):
            dot = broadcast_like(dot, array)
        if isinstance(formula, EXTREMES):
            tie = Eq(array, origin.spread(origin.gate.symbol))
            dot = Piecewise((dot, tie), (self._beyond(formula, lines.briefly(dot)), True))
        return [lines.briefly(dot)]

    def _beyond(self, formula: Expr, dot: Expr) -> Expr:
        """What is less than all entries, for the largest; more than all, for the smallest."""
        other = reduce_min if isinstance(formula, reduce_max) else reduce_max
        end = self._lines.named(other(dot))
        return end - Abs(end) - 1 if other is reduce_min else end + Abs(end) + 1

    # -- of roots n = sᵖ, p between 0 and 1 --------------------------------------------------------

    def of_line(self, line: Assign, tangent: Tangent, place: int) -> Tangent:
        """The tangent of a line, whose parts are the lines from a place on."""
        lines, limits = self._lines.lines, self._limits
        origin = self._origins.nodes.get(line.target)
        if tangent is not None and origin is not None and origin.is_root:
            tangent = self._chosen(origin, self._of_root(origin), tangent)
        if tangent is not None and limits:
            lines[place:] = [Assign(x.target, x.expr.xreplace(limits)) for x in lines[place:]]
            tangent = tangent.xreplace(limits)
        found = self._origins.roots
        parts = (p for p in preorder_traversal(line.expr) if p in found)
        made = {part: self._limit(found[part], part) for part in parts}
        if made or not limits.keys().isdisjoint(line.expr.free_symbols):
            whole = line.expr.xreplace({**made, **limits})
            limits[line.target] = self._lines.names.part(line.target.name, whole)
            lines.append(Assign(limits[line.target], whole))
        return tangent

    def of_contribution(self, expr: Expr, tangent: Tangent) -> Tangent:
        """That of what a root gives: the change of its adjoint times the slope along v."""
        origin = self._origins.roots.get(expr)
        if origin is None or tangent is None:
            return tangent
        return self._chosen(origin, self._of_base(origin), tangent)

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
        there = origin.there()
        found = [(value, And(there, condition)) for value, condition in branches]
        found = [(value, condition) for value, condition in found if condition is not S.false]
        return Piecewise(*found, (elsewhere, True), evaluate=False) if found else elsewhere


def _over(formula: Expr, operands: list[Expr]) -> Expr:
    found: Expr
    if isinstance(formula, ArrayFunction):
        found = formula.with_operands(operands)
    else:
        found = formula.func(*operands)
    return found


__all__ = ["OriginTangents"]
