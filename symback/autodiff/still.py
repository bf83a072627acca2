"""The edges along which a tangent is chosen, not multiplied: slope × tangent would be 0·∞.

They are the spots of `symback.autodiff.steep`, met on the way from the leaves: √(a*x) stays where
a*x does not move, also at 0, and exp(-a/x) where it has faded, however fast -a/x moves.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sympy as sp

from symback.autodiff.gates import Gates
from symback.autodiff.names import Names
from symback.autodiff.reverse import Edge, ReversePass
from symback.autodiff.steep import FADING, STEEP_AT_ZERO, Weightless, chosen_zero, is_steep
from symback.circuits.requirements import EXPONENTIAL
from symback.operations.special import weighed, xlog1py, xlogx1p, xlogy

_STEEP: dict[Any, int] = {
    sp.asin: 1,
    sp.acos: 1,
    sp.acosh: 1,
    weighed: 1,
    xlogy: 1,
    xlog1py: 1,
    xlogx1p: 1,
    **STEEP_AT_ZERO,
}
"""By how many of its operands a function that is finite may be infinitely steep."""

Pairs = Collection[tuple[str, str]]
"""Edges, each by the names of its node and operand."""


@dataclass(frozen=True, slots=True)
class Still:
    """Where a node stays still, whatever the other factor is."""

    steep: Pairs = ()  # where the tangent of the operand is 0
    weightless: Pairs = ()  # where the partial by the operand is 0


NOWHERE = Still()


def still(record: ReversePass, names: Names) -> Still:
    """The edges of a reverse pass along which tangents are chosen.

    >>> import symback as sb
    >>> from symback.autodiff.reverse import reverse_pass
    >>> record = reverse_pass(sb.circuit("u = sqrt(a*x); f = exp(-u/x)", loss=None))
    >>> found = still(record, Names(record.circuit))
    >>> sorted(found.steep), sorted(found.weightless)
    ([('u', 'u_1')], [('f', 'f_1')])
    """
    steep = {(e.node, e.operand) for e in record.edges if _is_steep(record, e)}
    return Still(frozenset(steep), frozenset(_weightless(record, names)))


def _is_steep(record: ReversePass, edge: Edge) -> bool:
    gate, operand = record.circuit[edge.node].formula, record.circuit[edge.operand].symbol
    if gate.func in _STEEP:
        return operand in gate.args[: _STEEP[gate.func]]
    to_unknown = gate.is_Pow and gate.exp == operand  # log(0), where the power is 0
    return bool(to_unknown) or is_steep(record, edge)


def _weightless(record: ReversePass, names: Names) -> Pairs:
    weightless, circuit = Weightless(record, names), record.circuit
    if not weightless.nodes:
        return ()
    leading = {e.node for e in record.edges if weightless.is_so(e)}
    switched = {*weightless.switched}
    for edge in reversed(record.edges):
        if edge.node in weightless.nodes and edge.operand in leading:
            leading.add(edge.node)
        if edge.operand in switched:
            switched.add(edge.node)
    zero = chosen_zero(circuit)
    return {
        (e.node, e.operand)
        for e in record.edges
        if (e.operand in leading and _fades(circuit, e))
        or (e.operand in switched and _is_switch(circuit, e, zero))
    }


def _fades(circuit: Gates, edge: Edge) -> bool:
    terms = edge.local.terms
    return circuit[edge.node].formula.func in FADING or any(
        isinstance(op, EXPONENTIAL) for _, op in terms
    )


def _is_switch(circuit: Gates, edge: Edge, zero: Collection[str]) -> bool:
    gate = circuit[edge.node]
    others = {*gate.operands} - {edge.operand}
    return bool(gate.formula.is_Mul and not others.isdisjoint(zero))


__all__ = ["NOWHERE", "Pairs", "Still", "still"]
