"""Where an adjoint vanishes with what a power below 1 is taken of, or without it: 0·∞ is 0.

The adjoint of x**n in x/(1 + x**n) has the factor x, and x·x**(n - 1) is 0 at 0. That of sqrt(x)
in w*sqrt(x) does not know of x: where w is 0 the whole is 0 for every x.
"""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp
from sympy import Expr, S, Symbol

from symback.autodiff.entries_read import is_product
from symback.autodiff.gates import Gates
from symback.autodiff.reverse import Edge, ReversePass
from symback.operations.arrays import mean, reduce_sum
from symback.operations.special import powshare, sumshare

Multiples = dict[Symbol, frozenset[Symbol]]
"""By name of which names it is a multiple, itself included."""


def vanishing(record: ReversePass, steep: Iterable[Edge]) -> dict[tuple[str, str], Multiples]:
    """The steep edges whose adjoint has the base as a factor, with what its factors divide.

    As that of x**n in x/(1 + x**n), whose slope at 0 is 1: as x·x**(n - 1) it vanishes there.
    """
    circuit = record.circuit
    bases = {(e.node, e.operand): _factors_of(circuit, e.operand) for e in steep}
    if not bases:
        return {}
    wanted = frozenset[Symbol]().union(*bases.values(), (circuit[b].symbol for _, b in bases))
    factors: dict[str, frozenset[Symbol]] = {record.of: frozenset()}
    multiples = _multiples(circuit, wanted)
    for name in record.order[1:]:
        into = [factors[e.node] | factors_in(record, e, multiples) for e in record.into[name]]
        factors[name] = frozenset.intersection(*into) if into else frozenset()
    return {
        (node, base): _multiples(circuit, of | {circuit[base].symbol})
        for (node, base), of in bases.items()
        if circuit[base].symbol in factors[node] or of <= factors[node]
    }


def independent(record: ReversePass, steep: Iterable[Edge]) -> frozenset[tuple[str, str]]:
    """The steep edges whose adjoint reads names, and none that moves with the base.

    An adjoint of numbers alone is never 0.
    """
    found: set[tuple[str, str]] = set()
    known: dict[frozenset[str], dict[str, bool]] = {}
    for edge in steep:
        leaves = _leaves(record.circuit, edge.operand)
        if leaves not in known:
            known[leaves] = _apart(record, _moved(record.circuit, leaves))
        if known[leaves].get(edge.node, False):
            found.add((edge.node, edge.operand))
    return frozenset(found)


def _leaves(circuit: Gates, name: str) -> frozenset[str]:
    below, found = {name}, set()
    for node in reversed(circuit.nodes):
        if node.name in below:
            below.update(node.operands)
            if node.is_leaf:
                found.add(node.name)
    return frozenset(found)


def _moved(circuit: Gates, leaves: frozenset[str]) -> frozenset[str]:
    found = set(leaves)
    for node in circuit.computed:
        if not found.isdisjoint(node.operands):
            found.add(node.name)
    return frozenset(found)


def _apart(record: ReversePass, moved: frozenset[str]) -> dict[str, bool]:
    """The nodes whose adjoint reads nothing that is moved, and whether it reads anything."""
    found = {record.of: False}
    for name in record.order[1:]:
        edges = record.into[name]
        read = [_reads(record.circuit, edge) for edge in edges]
        if all(
            edge.node in found and names is not None and moved.isdisjoint(names)
            for edge, names in zip(edges, read, strict=True)
        ):
            found[name] = any(read) or any(found[edge.node] for edge in edges)
    return found


def _reads(circuit: Gates, edge: Edge) -> set[str] | None:
    """The names in an edge's partial; None where that is not known."""
    names = set(edge.local.elementwise.free_symbols)
    for _, op in edge.local.terms:
        if not (op.moves or is_product(op) or isinstance(op, reduce_sum | mean)):
            return None
        names |= op.free_symbols - {circuit[edge.operand].symbol}
    return {symbol.name for symbol in names}


def _factors_of(circuit: Gates, name: str) -> frozenset[Symbol]:
    """The names that a product vanishes with; of what is not a product its own name."""
    args = sp.Mul.make_args(circuit[name].formula)
    if circuit[name].is_leaf or not all(a.is_number or a.is_Symbol or _divides(a) for a in args):
        return frozenset({circuit[name].symbol})
    return frozenset(a for a in args if a.is_Symbol)


def _divides(factor: Expr) -> bool:
    return bool(factor.is_Pow and factor.exp.could_extract_minus_sign())


def _multiples(circuit: Gates, wanted: frozenset[Symbol]) -> Multiples:
    """Names that are multiples of wanted ones."""
    found: Multiples = {symbol: frozenset({symbol}) for symbol in wanted}
    for node in circuit.computed:
        of = found.get(node.symbol, frozenset()) | _of_product(node.formula, found)
        if of:
            found[node.symbol] = frozenset(
                s for s in of if s == node.symbol or circuit[s.name].shape in ((), node.shape)
            )
    return found


def _of_product(expr: Expr, multiples: Multiples) -> frozenset[Symbol]:
    """The names that a product is a multiple of."""
    factors = map(_small_as, sp.Mul.make_args(expr))
    return frozenset[Symbol]().union(*(multiples.get(f, ()) for f in factors))


def _small_as(factor: Expr) -> Expr:
    """What a factor is at least as small as: of a power from 1 on, and a share, the base."""
    base, power = factor, S.One
    if factor.is_Pow:
        base, power = factor.base, factor.exp
    elif isinstance(factor, powshare | sumshare):
        base, power = factor.args[0], factor.args[2] if isinstance(factor, powshare) else S.One
    return base if power.is_number and power >= 1 else factor


def factors_in(record: ReversePass, edge: Edge, multiples: Multiples) -> frozenset[Symbol]:
    """The names that are factors of an edge's partial, entry by entry."""
    circuit, local = record.circuit, edge.local
    node, operand = circuit[edge.node], circuit[edge.operand]
    if local.terms:
        return frozenset()
    names = _of_product(local.elementwise, multiples)
    if node.shape == operand.shape:
        return names
    return frozenset(s for s in names if not circuit[s.name].shape)  # others are summed over


__all__ = ["Multiples", "factors_in", "independent", "vanishing"]
