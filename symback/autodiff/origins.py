"""Second partials at the origin of an absolute value or a norm, where the whole may be smooth.

The slope of n = norm(u) at u = 0 is 0 by convention, and so nothing moves n. Yet f(n) is smooth
where its slope by n is 0 as well: cos(n) has the second partials -1 there. H·v is the limit of
H(t·v)·v for t > 0: as n(t·v) is t·n(v), n moves by n(v), and its contribution f_n·u/n by the change
of f_n times v/n(v), each the formula itself with tangents in place of values.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sympy import Abs, Expr, S, Symbol
from sympy.codegen.cfunctions import hypot

from symback.autodiff.gates import Gates
from symback.autodiff.names import Names
from symback.autodiff.partials import times
from symback.autodiff.reverse import ReversePass
from symback.circuits.program import Program
from symback.operations.arrays import norm
from symback.operations.vjp import At

HOMOGENEOUS = (Abs, hypot, norm)
"""Functions h with h(t·u) = t·h(u) for t > 0, whose slope at 0 is 0 by convention."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Such a function, and where its slope is 0 by convention but need not be: both are 0.

    What it contributes has the shape of its operand, and so have the two there.
    """

    formula: Expr
    value: Expr
    adjoint: Expr


@dataclass(frozen=True, slots=True)
class Origins:
    """Those of a reverse pass, by name and by what they contribute to each operand."""

    nodes: dict[Symbol, Origin] = field(default_factory=dict)
    contributions: dict[Expr, Origin] = field(default_factory=dict)


def origins(record: ReversePass, names: Names) -> Origins:
    """The nodes on the way back whose slope may be 0 where they are.

    >>> import symback as sb
    >>> from symback.autodiff.reverse import reverse_pass
    >>> record = reverse_pass(sb.circuit("n = abs(x); f = cos(n)", loss=None))
    >>> origins(record, Names(record.circuit)).contributions
    {n_bar*sign(x): Origin(formula=Abs(x), value=n, adjoint=n_bar)}
    """
    circuit, found = record.circuit, Origins()
    for edge in record.edges:
        gate, local = circuit[edge.node], edge.local
        if not _has_origin(gate.formula) or gate.name == record.of:
            continue
        value, adjoint = gate.symbol, names.adjoint(gate.name)
        found.nodes[value] = Origin(gate.formula, value, adjoint)
        if local.elementwise != 0:
            product = times(adjoint, local.elementwise)
            found.contributions[product] = found.nodes[value]
        for _, op in local.terms:
            spread = At(op, value, gate.shapes).expand_reduced
            product = local.moved(op, adjoint)
            found.contributions[product] = Origin(gate.formula, spread(value), spread(adjoint))
    return found


def _has_origin(formula: Expr) -> bool:
    if isinstance(formula, hypot):  # but √(1 + x²) is never 0
        return not any(leg.is_number and leg != 0 for leg in formula.args)
    return isinstance(formula, HOMOGENEOUS)


def shared_origins(circuit: Gates, varying: Collection[Symbol]) -> frozenset[Symbol]:
    """Those nodes, and what is made of them, that all samples share and some sample reads."""
    found: set[Symbol] = set()
    for node in circuit.computed:
        if node.symbol not in varying and (
            _has_origin(node.formula) or any(circuit[o].symbol in found for o in node.operands)
        ):
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


def along(dots: Mapping[Symbol, Expr], expr: Expr) -> Expr:
    """A formula at tangents in place of values."""
    return expr.xreplace({s: dots.get(s, S.Zero) for s in expr.free_symbols})


__all__ = ["Origin", "Origins", "along", "origins", "reached", "shared_origins"]
