"""Second partials where a slope is a convention and the whole may be smooth: kinks and origins.

The slope of n = norm(u) at u = 0 is 0 by convention, and so nothing moves n. Yet f(n) is smooth
where its slope by n is 0 as well: cos(n) has the second partials -1 there. H·v is the limit of
H(t·v)·v for t > 0, in which a gate h that is singular at u has the slopes that it has at u + t·v.

- Of an absolute value, a norm, relu, max and min, h(u + t·v) is h(u) + t·h(v): its slopes are those
  at v, both where they say how h moves and where they say what it contributes. So there they are
  taken at other operands, which are v where h is singular and its adjoint is 0, and u elsewhere. Of
  the largest entry only the entries that are as large count.
- Of a root n = sᵖ of a sum of squares, s is t²·s₂ with s₂ half the second derivative of s along v:
  √s moves by √s₂. The adjoint of s is n_bar·n/(2·s), which is 0 by convention at s = 0 and has the
  limit n_bar_dot/(2·n_dot): along v, it is this that the squares below are multiplied by. Of other
  powers it is 0, or infinite, where n_bar_dot isn't 0.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sympy import Abs, Add, And, Eq, Expr, Max, Min, S, Symbol
from sympy.codegen.cfunctions import hypot

from symback.autodiff.gates import Gates
from symback.autodiff.partials import Guard, Local, times
from symback.circuits.circuit import Node
from symback.circuits.program import Program
from symback.operations.arrays import ArrayFunction, broadcast_like, norm, reduce_max, reduce_min
from symback.operations.elementwise import BY_HEAD
from symback.operations.expressions import real_symbol
from symback.operations.functions import abs_at, max_at, min_at, relu, relu_at
from symback.operations.vjp import At

LENGTHS = (hypot, norm)
"""Functions h with h(t·u) = t·h(u) for t > 0 that are singular where they are 0."""
BY_SIGN = (Abs, abs_at, relu, relu_at)
"""The same, singular where their first operand is 0."""
TIES = (Max, Min, max_at, min_at)
"""The same, singular where their first two operands are equal."""
EXTREMES = (reduce_max, reduce_min)
"""The same of an array, singular where several entries are as large as the value."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A gate whose slopes may be conventions where they are, but need not be: its adjoint is 0."""

    gate: Node
    adjoint: Expr  # a name, or a number of what is differentiated

    @property
    def is_root(self) -> bool:
        return bool(self.gate.formula.is_Pow)

    @property
    def legs(self) -> tuple[Expr, ...]:
        """The operands that the slopes of a kink depend on."""
        formula = self.gate.formula
        if isinstance(formula, ArrayFunction):
            return tuple(formula.operands[:1])
        found: tuple[Expr, ...] = formula.args
        return found[:1] if isinstance(formula, BY_SIGN) else found[:2]

    @property
    def places(self) -> list[Symbol]:
        """What stands for the legs, and last for the value, where others are to be read."""
        names = [*map(str, range(len(self.legs))), ""]
        return [real_symbol(f"{self.gate.name}'{name}") for name in names]  # no node is named so

    def there(self, *, of_legs: bool = False) -> Any:
        """Where the slopes of the gate are conventions and its adjoint is 0; in the shape of the
        value, or in that `of_legs`.
        """
        formula = self.gate.formula
        spread = self.spread if of_legs else lambda reduced: reduced
        found = [Eq(spread(self.adjoint), 0)]
        if isinstance(formula, LENGTHS):
            found.append(Eq(spread(self.gate.symbol), 0))
        elif isinstance(formula, TIES):
            found.append(Eq(*self.legs))
        elif not isinstance(formula, EXTREMES):  # whose slopes along v are right everywhere
            found.append(Eq(formula.base if self.is_root else self.legs[0], 0))
        return And(*found)

    def spread(self, reduced: Expr) -> Expr:
        """What has the shape of the value, in that of the legs."""
        formula = self.gate.formula
        if not isinstance(formula, ArrayFunction):
            return reduced
        return At(formula, self.gate.symbol, self.gate.shapes).expand_reduced(reduced)

    def at_places(self) -> Expr:
        """The formula over what stands for its legs."""
        formula, (*places, _) = self.gate.formula, self.places
        if isinstance(formula, ArrayFunction):
            return formula.with_operands(places)
        found: Expr = formula.func(*places, *formula.args[len(places) :])
        return found

    def slope(self, operand: Symbol) -> Expr:
        """The elementwise partial by an operand, over what stands for legs and value."""
        formula, (*places, value) = self.gate.formula, self.places
        rest = formula.args[len(places) :]
        partials = BY_HEAD[formula.func].local_partials(value, *places, *rest)
        found = (p for leg, p in zip(self.legs, partials, strict=False) if leg == operand)
        return Add(*found)


@dataclass(slots=True)
class Origins:
    """Those of reverse passes, by name and by what they contribute to each operand."""

    nodes: dict[Symbol, Origin] = field(default_factory=dict)
    roots: dict[Expr, Origin] = field(default_factory=dict)
    kinks: dict[Expr, tuple[Origin, Expr]] = field(default_factory=dict)
    """By contribution, with the same over what stands for legs and value."""

    def add(
        self, gate: Node, local: Local, upstream: Expr, guard: Guard | None, least: bool
    ) -> None:
        """Note what a gate contributes to an operand, where its slopes may be conventions."""
        if not _is_singular(gate.formula, least):
            return
        if upstream.is_number and not (gate.formula.is_Pow and gate.formula.exp > S.Half):
            return  # a kink or an origin of the whole
        adjoint = upstream.args[0] if isinstance(upstream, broadcast_like) else upstream
        origin = self.nodes[gate.symbol] = Origin(gate, adjoint)
        if local.elementwise != 0:
            product = times(upstream, local.elementwise)
            product = product if guard is None else guard.product(product, upstream)
            if origin.is_root:
                self.roots[product] = origin
                return
            slope = origin.slope(local.operand)
            turned = times(upstream, slope)
            if guard is not None:
                turned = guard.product(turned, upstream).xreplace({local.elementwise: slope})
            self.kinks[product] = origin, turned
        for coefficient, op in local.terms:
            part = local.moved(op, coefficient * upstream, guard)
            *places, value = origin.places
            turned = part.xreplace(
                {**dict(zip(origin.legs, places, strict=True)), gate.symbol: value}
            )
            if guard is not None:
                part, turned = (guard.product(p, upstream, op) for p in (part, turned))
            self.kinks[part] = origin, turned

    @property
    def may_be_smooth(self) -> bool:
        """Whether a whole may be smooth where a gate is not: not of one relu alone."""
        formulas = [origin.gate.formula for origin in self.nodes.values()]
        return len(formulas) > 1 or any(not isinstance(f, relu | relu_at) for f in formulas)

    def within(self, program: Program) -> Origins:
        """Those whose adjoints a program has."""
        known = {line.target for line in program.lines} | {*program.arguments, S.One}
        return Origins(
            {s: o for s, o in self.nodes.items() if o.adjoint in known and s in known},
            {p: o for p, o in self.roots.items() if o.adjoint in known},
            {p: found for p, found in self.kinks.items() if found[0].adjoint in known},
        )


def _is_singular(formula: Expr, least: bool) -> bool:
    if formula.is_Pow:
        return least and bool(formula.exp.is_number and 0 < formula.exp < 1)
    if isinstance(formula, hypot):  # but √(1 + x²) is never 0
        return not any(leg.is_number and leg != 0 for leg in formula.args)
    return isinstance(formula, (*LENGTHS, *BY_SIGN, *TIES, *EXTREMES))


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
