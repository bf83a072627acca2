"""Where an adjoint vanishes with what a power below 1 is taken of, so that 0·∞ is 0.

The adjoint of x**n in x/(1 + x**n) has the factor x, and x·x**(n - 1) is 0 at 0.
"""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp
from sympy import Expr, S, Symbol

from symback.autodiff.gates import Gates
from symback.autodiff.reverse import Edge, ReversePass
from symback.operations.special import powshare, sumshare

Multiples = dict[Symbol, frozenset[Symbol]]
"""By name of which names it is a multiple, itself included."""


def vanishing(record: ReversePass, steep: Iterable[Edge]) -> dict[tuple[str, str], Multiples]:
    """The steep edges whose adjoint has the base as a factor, with what its factors divide.

    As that of x**n in x/(1 + x**n), whose slope at 0 is 1: as x·x**(n - 1) it vanishes there.
    """
    circuit = record.circuit
    bases = {(e.node, e.operand): _factors_of(circuit, e.operand) for e in steep}
    wanted = frozenset[Symbol]().union(*bases.values(), (circuit[b].symbol for _, b in bases))
    factors: dict[str, frozenset[Symbol]] = {record.of: frozenset()}
    multiples = _multiples(circuit, wanted) if wanted else {}
    for name in record.order[1:] if wanted else ():
        into = [factors[e.node] | factors_in(record, e, multiples) for e in record.into[name]]
        factors[name] = frozenset.intersection(*into) if into else frozenset()
    return {
        (node, base): _multiples(circuit, of | {circuit[base].symbol})
        for (node, base), of in bases.items()
        if circuit[base].symbol in factors[node] or of <= factors[node]
    }


def _factors_of(circuit: Gates, name: str) -> frozenset[Symbol]:
    """The names that a product vanishes with; of what is no product its own name."""
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


__all__ = ["Multiples", "factors_in", "vanishing"]
