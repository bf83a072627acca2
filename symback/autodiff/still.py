"""The edges along which a tangent is chosen, not multiplied: slope × tangent would be 0·∞.

They are the spots of `symback.autodiff.steep`, met on the way from the leaves: √(a*x) stays where
a*x does not move, also at 0, and exp(-a/x) where it has faded, however fast -a/x moves.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any

import sympy as sp

from symback.autodiff.gates import Gates
from symback.autodiff.names import Names
from symback.autodiff.reverse import Edge, ReversePass
from symback.autodiff.steep import (
    FADING,
    STEEP_AT_ZERO,
    Weightless,
    chosen_zero,
    is_steep,
)
from symback.autodiff.vanishing import Multiples, factors_in
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
    switched: Collection[str] = ()  # nodes that are steep, or made of these: in products with
    zero: Collection[str] = ()  # choices, where these are 0

    def joined(self, *others: Still) -> Still:
        """These edges and nodes with those of others."""
        if not others:
            return self
        parts = ([getattr(s, f.name) for s in (self, *others)] for f in fields(Still))
        return Still(*(frozenset(entry for part in of for entry in part) for of in parts))

    def renamed(self, names: Mapping[str, str]) -> Still:
        """The same where some nodes have other names."""
        steep, weightless = (
            frozenset((names.get(a, a), names.get(b, b)) for a, b in pairs)
            for pairs in (self.steep, self.weightless)
        )
        switched, zero = (
            frozenset(names.get(a, a) for a in nodes) for nodes in (self.switched, self.zero)
        )
        return Still(steep, weightless, switched, zero)


NOWHERE = Still()


def still(record: ReversePass, names: Names) -> Still:
    """The edges of a reverse pass along which tangents are chosen.

    >>> import symback as sb
    >>> from symback.autodiff.reverse import reverse_pass
    >>> record = reverse_pass(sb.circuit("u = sqrt(a*x); f = exp(-u/x)", loss=None))
    >>> found = still(record, Names(record.circuit))
    >>> sorted(found.steep), sorted(found.weightless)
    ([('u', 'u_1'), ('u_1_bar', 'u'), ('u_1_bar', 'u_1')], [('f', 'f_1'), ('f_1_bar', 'f_1')])
    """
    edges_steep = [e for e in record.edges if _is_steep(record, e)]
    steep = {(e.node, e.operand) for e in edges_steep}
    powers = [e for e in record.edges if _is_steep_twice(record, e)]
    steep |= _in_adjoints(record, names, {e.node for e in (*edges_steep, *powers)})
    weightless = Weightless(record, names)
    faded = _faded(record, weightless) if weightless.nodes else []
    of_slopes = [(e, e.local.slope) for e in faded]
    edges = {(e.node, e.operand) for e in faded}
    edges |= {(names.adjoint(e.operand).name, e.operand) for e in faded}
    edges |= {(names.slope(e.node, s).name, e.operand) for e, s in of_slopes if s is not None}
    switched = {*weightless.switched}
    for edge in reversed(record.edges) if switched else ():
        if edge.operand in switched:
            switched.add(edge.node)
    zero = chosen_zero(record.circuit) if switched else frozenset()
    for gate in (of for of, _ in weightless.independent):
        fast, read = _independent(record, gate)
        switched, zero = switched | fast, zero | read
    for (gate, _), multiples in weightless.vanishing.items():
        fast, still_there = _vanishing(record, gate, multiples)
        switched, edges = switched | fast, edges | still_there
        zero |= {symbol.name for symbol in multiples}
    return Still(frozenset(steep), frozenset(edges), frozenset(switched), zero)


def _is_steep(record: ReversePass, edge: Edge) -> bool:
    gate, operand = record.circuit[edge.node].formula, record.circuit[edge.operand].symbol
    if gate.func in _STEEP:
        return operand in gate.args[: _STEEP[gate.func]]
    to_unknown = gate.is_Pow and gate.exp == operand  # log(0), where the power is 0
    return bool(to_unknown) or is_steep(record, edge)


def _in_adjoints(record: ReversePass, names: Names, steep: Collection[str]) -> set[tuple[str, str]]:
    """The operands that move the partials of gates that are steep, with what has these partials."""
    found: set[tuple[str, str]] = set()
    for edge in record.edges:
        if edge.node in steep:
            lines = [names.adjoint(edge.operand).name]
            if edge.local.slope is not None:
                lines.append(names.slope(edge.node, edge.local.slope).name)
            moving = (edge.node, *record.circuit[edge.node].operands)
            found |= {(line, name) for line in lines for name in moving}
    return found


def _is_steep_twice(record: ReversePass, edge: Edge) -> bool:
    """Whether it is a power whose slope is one below 1, by its base."""
    power = record.circuit[edge.node].formula
    symbol = record.circuit[edge.operand].symbol
    if not power.is_Pow or power.base != symbol or not power.exp.is_number:
        return False
    return bool(1 < power.exp < 2)


def _faded(record: ReversePass, weightless: Weightless) -> list[Edge]:
    """The edges of functions that fade by what may move infinitely fast."""
    leading = {e.node for e in record.edges if weightless.is_so(e)}
    for edge in reversed(record.edges):
        if edge.node in weightless.nodes and edge.operand in leading:
            leading.add(edge.node)
    return [e for e in record.edges if e.operand in leading and _fades(record.circuit, e)]


def _vanishing(
    record: ReversePass, gate: str, multiples: Multiples
) -> tuple[set[str], set[tuple[str, str]]]:
    """What may move infinitely fast with a power, and the edges whose partial is 0 there."""
    fast, edges = {gate}, set()
    for edge in reversed(record.edges):
        if edge.operand in fast:
            if factors_in(record, edge, multiples):
                edges.add((edge.node, edge.operand))
            else:
                fast.add(edge.node)
    return fast, edges


def _independent(record: ReversePass, gate: str) -> tuple[set[str], set[str]]:
    """What may move infinitely fast with a gate, and the names that it is multiplied with."""
    fast, read = {gate}, set()
    for edge in reversed(record.edges):
        if edge.operand in fast:
            fast.add(edge.node)
            read |= {s.name for s in edge.local.elementwise.free_symbols}
    return fast, read


def _fades(circuit: Gates, edge: Edge) -> bool:
    terms = edge.local.terms
    return circuit[edge.node].formula.func in FADING or any(
        isinstance(op, EXPONENTIAL) for _, op in terms
    )


__all__ = ["NOWHERE", "Pairs", "Still", "still"]
