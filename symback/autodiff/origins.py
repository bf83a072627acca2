"""Second partials where a slope is a convention and the whole may be smooth: kinks and origins.

The slope of n = norm(u) at u = 0 is 0 by convention, and so nothing moves n. Yet f(n) is smooth
where its slope by n is 0 as well: cos(n) has the second partials -1 there. H·v is the limit of
H(t·v)·v for t > 0, in which a gate h that is singular at u has the slopes that it has at u + t·v.

- Of an absolute value, a norm, relu, max and min, h(u + t·v) is h(u) + t·h(v): h moves by h(v), and
  its contribution by the change of its adjoint times the slopes at v, each the formula itself with
  tangents in place of values. Of the largest entry only the entries that are as large count.
- Of a root n = sᵖ of a sum of squares, s is t²·s₂ with s₂ half the second derivative of s along v:
  √s moves by √s₂. The adjoint of s is n_bar·n/(2·s), which is 0 by convention at s = 0 and has the
  limit n_bar_dot/(2·n_dot): along v, it is this that the squares below are multiplied by. Of other
  powers it is 0, or infinite, where n_bar_dot isn't 0.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sympy import Abs, Expr, Max, Min, S, Symbol
from sympy.codegen.cfunctions import hypot
from sympy.core.relational import Relational

from symback.autodiff.gates import Gates
from symback.autodiff.partials import Guard, Local, times
from symback.circuits.circuit import Node
from symback.circuits.program import Program
from symback.operations.arrays import broadcast_like, norm, reduce_max, reduce_min
from symback.operations.functions import abs_at, max_at, min_at, relu, relu_at
from symback.operations.vjp import At

AT_ZERO = (Abs, hypot, norm)
"""Functions h with h(t·u) = t·h(u) for t > 0 that are singular where they are 0."""
BY_SIGN = (abs_at, relu, relu_at)
"""The same, singular where their first operand is 0."""
TIES = (Max, Min, max_at, min_at)
"""The same, singular where their first two operands are equal."""
EXTREMES = (reduce_max, reduce_min)
"""The same of an array, singular where several entries are as large as the value."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A gate whose slopes may be conventions where they are, but need not be: its adjoint is 0.

    What it contributes to an array has the shape of this operand, and so has the value there.
    """

    gate: Node
    adjoint: Expr  # a name, or a number of what is differentiated
    spread: At | None = None

    @property
    def is_root(self) -> bool:
        return bool(self.gate.formula.is_Pow)

    def places(self) -> list[tuple[Expr, Expr]]:
        """What is equal where the slopes of the gate are conventions and its adjoint is 0."""
        formula = self.gate.formula
        found = [(self._whole(self.adjoint), S.Zero)]
        if isinstance(formula, AT_ZERO):
            found.append((self._whole(self.gate.symbol), S.Zero))
        elif isinstance(formula, BY_SIGN):
            found.append((formula.args[0], S.Zero))
        elif isinstance(formula, TIES):
            found.append((formula.args[0], formula.args[1]))
        elif self.is_root:
            found.append((formula.base, S.Zero))
        return found  # of an extreme entry the slopes along v are right wherever it is

    def _whole(self, symbol: Expr) -> Expr:
        return symbol if self.spread is None else self.spread.expand_reduced(symbol)

    def along(self, dots: Mapping[Symbol, Expr], expr: Expr) -> Expr:
        """A formula over the operands, value and adjoint of the gate at their tangents."""
        formula = self.gate.formula
        names = (s for s in formula.free_symbols if s.name in self.gate.operands)
        moved = {s: dots.get(s, S.Zero) for s in (*names, self.gate.symbol, self.adjoint)}
        if isinstance(formula, TIES):  # a number there does not move
            legs = {leg: S.Zero for leg in formula.args[:2] if leg.is_number}
            if expr == formula:
                return formula.func(*(legs.get(a, a) for a in formula.args)).xreplace(moved)
            conditions = {
                r: r.func(*(legs.get(a, a) for a in r.args)) for r in expr.atoms(Relational)
            }
            expr = expr.xreplace(conditions) if legs else expr
        return expr.xreplace(moved)


@dataclass(slots=True)
class Origins:
    """Those of reverse passes, by name and by what they contribute to each operand."""

    nodes: dict[Symbol, Origin] = field(default_factory=dict)
    contributions: dict[Expr, Origin] = field(default_factory=dict)

    def add(
        self, gate: Node, local: Local, upstream: Expr, guard: Guard | None, least: bool
    ) -> None:
        """Note what a gate contributes to an operand, where its slopes may be conventions."""
        if not _is_singular(gate.formula, least):
            return
        if upstream.is_number and not (gate.formula.is_Pow and gate.formula.exp > S.Half):
            return  # a kink or an origin of the whole
        adjoint = upstream.args[0] if isinstance(upstream, broadcast_like) else upstream
        origin = Origin(gate, adjoint)
        self.nodes[gate.symbol] = origin
        if local.elementwise != 0:
            product = times(upstream, local.elementwise)
            product = product if guard is None else guard.product(product, upstream)
            self.contributions[product] = origin
        for coefficient, op in local.terms:
            part = local.moved(op, coefficient * upstream, guard)
            part = part if guard is None else guard.product(part, upstream, op)
            self.contributions[part] = Origin(gate, adjoint, At(op, gate.symbol, gate.shapes))

    @property
    def may_be_smooth(self) -> bool:
        """Whether a whole may be smooth where a gate is not: not of one relu alone."""
        formulas = [origin.gate.formula for origin in self.nodes.values()]
        return len(formulas) > 1 or any(not isinstance(f, relu | relu_at) for f in formulas)

    def within(self, program: Program) -> Origins:
        """Those whose adjoints a program has."""
        known = {line.target for line in program.lines} | {*program.arguments, S.One}
        nodes = {s: o for s, o in self.nodes.items() if o.adjoint in known and s in known}
        return Origins(nodes, {p: o for p, o in self.contributions.items() if o.adjoint in known})


def _is_singular(formula: Expr, least: bool) -> bool:
    if formula.is_Pow:
        return least and bool(formula.exp.is_number and 0 < formula.exp < 1)
    if isinstance(formula, hypot):  # but √(1 + x²) is never 0
        return not any(leg.is_number and leg != 0 for leg in formula.args)
    return isinstance(formula, (*AT_ZERO, *BY_SIGN, *TIES, *EXTREMES))


def shared_origins(circuit: Gates, varying: Collection[Symbol]) -> frozenset[Symbol]:
    """Those nodes, and what is made of them, that all samples share and some sample reads."""
    found: set[Symbol] = set()
    for node in circuit.computed:
        inside = any(circuit[o].symbol in found for o in node.operands)
        singular = _is_singular(node.formula, node.symbol in circuit.least)
        if node.symbol not in varying and (inside or singular):
            found.add(node.symbol)
    read: set[Symbol] = set()
    for node in reversed(circuit.computed) if found else ():
        if node.symbol in varying or node.symbol in read:
            read.update(circuit[o].symbol for o in node.operands)
    return frozenset(found & read)


def reached(found: Origins, program: Program, moving: Collection[Symbol]) -> bool:
    """Whether any such node moves with these names."""
    moved = set(moving)
    for line in program.lines if found.nodes else ():
        if not moved.isdisjoint(line.reads):
            moved.add(line.target)
    return not moved.isdisjoint(found.nodes)


__all__ = ["Origin", "Origins", "reached", "shared_origins"]
