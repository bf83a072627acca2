"""Contributions that are 0 where the product of adjoint and partial would be 0·∞.

Powers below 1 are infinitely steep at 0: where a partial of the base is 0 the operand does not
move the power, as b does not move (a*x + b*y)**n at x = y = 0. Entries of -∞ have no weight in
softmax: where the adjoint of (z + mask)/T is 0 the entry passes nothing on to T.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import sympy as sp
from sympy import Eq, Expr, Piecewise, S, Symbol
from sympy.codegen.cfunctions import expm1

from symback.autodiff.entries_read import is_product
from symback.autodiff.gates import Gates
from symback.autodiff.names import Names
from symback.autodiff.reverse import Edge, ReversePass
from symback.autodiff.vanishing import Multiples, independent, vanishing
from symback.circuits.requirements import EXPONENTIAL
from symback.operations.arrays import ArrayFunction, dot, matvec, outer, reduce_sum
from symback.operations.elementwise import BY_HEAD
from symback.operations.expressions import compounds
from symback.operations.functions import cbrt, erfc, logsigmoid, relu, sigma, softplus
from symback.operations.nonnegative import Nonnegative
from symback.operations.special import (
    boxcox,
    expexp,
    expm1exp,
    expshare,
    inv_add_exp,
    inv_expm1,
    kl_div,
    log_ndtr,
    log_ratio,
    powlog,
    powm1,
    powshare,
    rel_entr,
    xlogx,
)

ENDING = (sp.asin, sp.acos, sp.acosh)
"""Functions that end where their slope is infinite."""
STEEP_AT_ZERO: dict[Any, int] = {
    boxcox: 1,
    cbrt: 1,
    kl_div: 1,
    powm1: 1,
    powlog: 1,
    rel_entr: 1,
    xlogx: 1,
    powshare: 2,
}
"""By how many of its operands a function may be."""


def steep_bases(record: ReversePass) -> frozenset[str]:
    """The nodes that are bases of powers below 1, or perhaps below, and what they are made of.

    Squares as well, but for their roots, which are absolute values.
    """
    circuit = record.circuit
    steep = steep_edges(record)
    found: set[str] = set()
    for edge in record.edges if steep else ():
        inside = edge.node in found
        if inside or (edge.node, edge.operand) in steep:
            of_roots = not inside and circuit[edge.node].formula.is_Pow
            formula = circuit[edge.operand].formula
            is_square = formula.is_Pow and formula.exp.is_integer
            if _is_base(formula) or (is_square and not of_roots):
                found.add(edge.operand)
    return frozenset(found)


def logits(record: ReversePass) -> frozenset[str]:
    """The arrays that softmax and its like are taken of, and the sums and products in them."""
    circuit = record.circuit
    found: set[str] = set()
    for edge in record.edges if circuit.has_arrays else ():
        operand, local = circuit[edge.operand], edge.local
        inside = edge.node in found and local.elementwise != 0
        is_logit = inside or any(isinstance(op, EXPONENTIAL) for _, op in local.terms)
        formula = operand.formula
        if is_logit and operand.shape and (formula.is_Mul or formula.is_Add):
            found.add(operand.name)
    return frozenset(found)


LOGARITHMS = (sp.log, log_ratio)
FADING: dict[Any, bool] = {
    sp.exp: False,
    expm1: False,
    sigma: False,
    sp.tanh: False,
    softplus: False,
    logsigmoid: False,
    inv_expm1: False,
    inv_add_exp: False,
    expm1exp: False,
    expexp: False,
    expshare: False,
    sp.erf: True,
    erfc: True,
    log_ndtr: True,
}
"""Functions whose slope is 0 sooner than that of any power of their operand; faster than any
exponential where it is a square."""


def fading(record: ReversePass) -> frozenset[str]:
    """The nodes that a function fades by where they are infinite, as exp(-a/x) does at x = 0.

    Below a square, as of a logarithm, the function fades faster; squares of others are left out,
    as a normal density is never divided by a width of 0.
    """
    circuit = record.circuit
    logs: set[str] = set()
    for node in circuit.computed:
        if isinstance(node.formula, LOGARITHMS) or not logs.isdisjoint(node.operands):
            logs.add(node.name)
    functions = {n.name for n in circuit.computed if n.formula.func in FADING}
    found: dict[str, bool] = {}
    for edge in record.edges if functions else ():
        inside = edge.node in found
        if not inside and edge.node not in functions:
            continue
        operand = circuit[edge.operand]
        if operand.is_leaf:
            continue
        gate = circuit[edge.node].formula
        faster = found[edge.node] if inside else FADING[gate.func]
        faster = faster or is_even_power(gate)
        formula = operand.formula
        if formula.is_Mul or formula.is_Add or formula.is_Pow:
            found[operand.name] = found.get(operand.name, True) and faster
        elif isinstance(formula, LOGARITHMS) and faster:
            found.setdefault(operand.name, True)
    squares = {n for n, faster in found.items() if faster or is_even_power(circuit[n].formula)}
    return frozenset(found.keys() - (squares - logs))


def positive(circuit: Gates) -> frozenset[Symbol]:
    """The nodes that are positive by their form: a positive number and what is never negative.

    Found once for each circuit.
    """
    return circuit.once(_positive)


def _positive(circuit: Gates) -> frozenset[Symbol]:
    terms_of = {n.symbol: sp.Add.make_args(n.formula) for n in circuit.computed}
    raised = {s for s, of in terms_of.items() if any(t.is_number and t.is_positive for t in of)}
    known, found = Nonnegative(), set()
    for node in circuit.computed if raised else ():
        if node.symbol in raised and all(map(known, terms_of[node.symbol])):
            found.add(node.symbol)
        known.add(node.symbol, node.formula)
    return frozenset(found)


def poles(circuit: Gates) -> frozenset[str]:
    """The nodes that are infinite where a number is 0: quotients, logarithms, sums of these.

    Found once for each circuit.
    """
    return circuit.once(_poles)


def _poles(circuit: Gates) -> frozenset[str]:
    found: set[str] = set()
    safe = positive(circuit)
    for node in circuit.computed:
        formula = node.formula
        mixed = formula.is_Mul or formula.is_Add or formula.is_Pow
        if (
            isinstance(formula, sp.log)
            or divides(formula, safe)
            or (mixed and not found.isdisjoint(node.operands))
        ):
            found.add(node.name)
    return frozenset(found)


def may_be_infinite(expr: Expr) -> bool:
    """Whether an expression or its slope may be infinite where its operands are finite."""
    for part in compounds(expr):
        if part.is_Pow and not (part.exp.is_Integer and part.exp.is_positive):
            return True
        row = BY_HEAD.get(part.func)
        if row is not None and row.singular:
            return True
        if isinstance(part, ArrayFunction) and part.singular:
            return True
    return False


def divides(expr: Expr, safe: frozenset[Symbol]) -> bool:
    """Whether it divides by a name, those apart that are never 0."""
    return any(
        p.is_Pow and p.exp.could_extract_minus_sign() and p.free_symbols - safe
        for p in compounds(expr)
    )


def is_even_power(gate: Expr) -> bool:
    """Whether a gate is a square, or another even power, perhaps times a number."""
    return any(f.is_Pow and f.exp.is_even and f.exp.is_positive for f in sp.Mul.make_args(gate))


def is_steep(record: ReversePass, edge: Edge) -> bool:
    """Whether a gate may have an infinite slope by an operand that is 0, but is finite."""
    gate = record.circuit[edge.node]
    power = gate.formula
    if power.is_Add or power.is_Mul:  # as most gates of a large circuit are
        return False
    operand = record.circuit[edge.operand]
    if power.func in STEEP_AT_ZERO:
        return operand.symbol in power.args[: STEEP_AT_ZERO[power.func]]
    if not power.is_Pow or power.base != operand.symbol or power.exp.is_integer:
        return False
    below_one = not power.exp.is_number or 0 < power.exp < 1
    return bool(below_one and gate.symbol not in record.circuit.least)


def steep_edges(record: ReversePass) -> dict[tuple[str, str], Edge]:
    """The edges by which a gate may have an infinite slope, but is finite, by their nodes."""
    return {(e.node, e.operand): e for e in record.curved if is_steep(record, e)}


def _is_base(formula: Expr) -> bool:
    """Whether it is a product, a sum or a function, whose partials may be 0 where it is."""
    if isinstance(formula, ArrayFunction):
        return formula.moves or is_product(formula)
    return bool(formula.is_Mul or formula.is_Add or formula.func in BY_HEAD)


def switched(record: ReversePass) -> frozenset[str]:
    """The nodes that may be infinitely steep, and whose adjoint is 0 wherever some choice is.

    As √x in √x·where(…, …, 0).
    """
    circuit, zero = record.circuit, chosen_zero(record.circuit)
    found: set[str] = set()
    for edge in record.edges if zero else ():
        gate = circuit[edge.node]
        others = {*gate.operands} - {edge.operand}
        if gate.name in found or (gate.formula.is_Mul and not zero.isdisjoint(others)):
            found.add(edge.operand)
    if not found:
        return frozenset()
    steep = (node for node, _ in steep_edges(record))
    ending = (n for n in found if isinstance(circuit[n].formula, ENDING))
    return frozenset(found.intersection(steep)) | frozenset(ending)


def chosen_zero(circuit: Gates) -> frozenset[str]:
    """The choices that may choose 0, and products with these. Found once for each circuit."""
    return circuit.once(_chosen_zero)


def _chosen_zero(circuit: Gates) -> frozenset[str]:
    found: set[str] = set()
    for node in circuit.computed:
        formula = node.formula
        if _may_choose_zero(formula) or (formula.is_Mul and not found.isdisjoint(node.operands)):
            found.add(node.name)
    return frozenset(found)


def _may_choose_zero(formula: Expr) -> bool:
    """Whether it is a choice, and 0 is among what it chooses from."""
    if isinstance(formula, Piecewise):
        return any(value == 0 for value, _ in formula.args)
    return isinstance(formula, relu) or (isinstance(formula, sp.Max | sp.Min) and 0 in formula.args)


class Weightless:
    """The edges whose partial is infinite where an entry has no weight, or a function has faded."""

    def __init__(self, record: ReversePass, names: Names) -> None:
        self._record, self._circuit, self._names = record, record.circuit, names

    def is_so(self, edge: Edge) -> bool:
        partial = edge.local.elementwise
        if edge.node not in self.nodes or isinstance(partial, Piecewise):
            return False
        pair = edge.node, edge.operand
        if edge.node in self.switched or pair in self.vanishing or pair in self.independent:
            return True
        if pair in self._steep and edge.node not in self._beyond_poles:
            return False  # the adjoint may be 0 because the base is
        if edge.node not in self._logits:
            if partial.is_Symbol:  # as most of a large circuit are
                return partial.name in self._poles
            infinite = any(s.name in self._poles for s in partial.free_symbols)
            return infinite or divides(partial, self._positive)
        operand = self._circuit[edge.operand]
        if operand.operands and all(self._circuit[o].role == "size" for o in operand.operands):
            return False  # 1/√d, which nothing differentiates by
        return any(self._names.shape_of(symbol) for symbol in partial.free_symbols)

    @cached_property
    def nodes(self) -> frozenset[str]:
        """Those that such edges may leave."""
        steep = {node for pairs in (self.vanishing, self.independent) for node, _ in pairs}
        return self._logits | fading(self._record) | self.switched | steep

    @cached_property
    def switched(self) -> frozenset[str]:
        return switched(self._record)

    @cached_property
    def _steep(self) -> dict[tuple[str, str], Edge]:
        return steep_edges(self._record)

    @cached_property
    def vanishing(self) -> dict[tuple[str, str], Multiples]:
        return vanishing(self._record, self._steep.values())

    @cached_property
    def independent(self) -> frozenset[tuple[str, str]]:
        circuit = self._circuit
        ends = (e for e in self._record.curved if isinstance(circuit[e.node].formula, ENDING))
        return independent(self._record, [*self._steep.values(), *ends])

    @cached_property
    def _beyond_poles(self) -> frozenset[str]:
        """The nodes that only what is infinite where they are 0 reads."""
        found: set[str] = set()
        for name in self._record.order[1:]:
            if all(e.node in found or e.node in self._poles for e in self._record.into[name]):
                found.add(name)
        return frozenset(found)

    @cached_property
    def _positive(self) -> frozenset[Symbol]:
        return positive(self._circuit)

    @cached_property
    def _poles(self) -> frozenset[str]:
        return poles(self._circuit)

    @cached_property
    def _logits(self) -> frozenset[str]:
        return logits(self._record)


def unless_zero(factor: Expr, product: Expr) -> Expr:
    """upstream × partial, and 0 where one is 0, be the other infinite or NaN."""
    return Piecewise((S.Zero, Eq(factor, 0)), (product, True), evaluate=False)


def factor_of_guard(choice: Piecewise) -> Expr | None:
    """What is 0 where a product is chosen to be, as `unless_zero` has it; in gates, as
    people write them, branches are names.
    """
    (first, condition), *others = choice.args
    if first != 0 or len(others) != 1 or not isinstance(condition, Eq) or condition.rhs != 0:
        return None
    factor, product = condition.lhs, others[0][0]
    if product.is_Symbol or (factor.is_Symbol and _divides(factor, product)):
        return None
    return factor


def _divides(symbol: Symbol, product: Expr) -> bool:
    """Whether a product is divided by a name, as one that is not read where that is 0."""
    return any(f.is_Pow and f.exp.is_negative and f.has(symbol) for f in sp.Mul.make_args(product))


def entry_by_entry(op: ArrayFunction, operand: Symbol, part: Expr) -> Expr:
    """What an operand of a product of arrays gets, with 0 for each 0 of the other operand.

    >>> from symback.operations.expressions import real_symbol
    >>> a, x, g = map(real_symbol, ["a", "x", "g"])
    >>> entry_by_entry(dot(a, x), x, g * a)
    Piecewise((0, Eq(a, 0)), (a*g, True))
    """
    for product in part.atoms(matvec, outer):
        left, right = product.args
        if isinstance(product, matvec):
            terms = unless_zero(left, left * right)
            part = part.xreplace({product: reduce_sum(terms, S.One)})
        elif isinstance(op, matvec):
            return unless_zero(op.args[1], part)
    if isinstance(op, dot):
        others = [o for o in op.operands if o != operand]
        return unless_zero(others[0], part) if len(others) == 1 else part
    return part


__all__ = [
    "FADING",
    "STEEP_AT_ZERO",
    "Weightless",
    "chosen_zero",
    "divides",
    "entry_by_entry",
    "factor_of_guard",
    "fading",
    "is_steep",
    "logits",
    "may_be_infinite",
    "poles",
    "positive",
    "steep_bases",
    "switched",
    "unless_zero",
]
