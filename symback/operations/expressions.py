"""Work on SymPy expressions that keeps shared parts shared: walks, symbols, products, numbers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from operator import attrgetter
from types import MappingProxyType
from typing import Any

import sympy as sp
from sympy import Expr, Float, Rational, Symbol


def is_shallow(expr: Expr) -> bool:
    """Whether no operand has operands, as in most expressions of a large circuit: w*x."""
    for operand in expr.args:  # noqa: SIM110  # any() takes twice as long, and there are many
        if operand.args:
            return False
    return True


def postorder(expr: Expr) -> list[Expr]:
    """The distinct subexpressions, operands first: linear in the shared graph, no recursion."""
    above: list[Expr] = []  # what has one operand, as Σ over samples of a product
    inner = expr
    while len(inner.args) == 1:
        above.append(inner)
        inner = inner.args[0]
    if is_shallow(inner):
        return [*dict.fromkeys(inner.args), inner, *reversed(above)]
    seen: set[Expr] = set()
    ordered: list[Expr] = []
    open_parts = [(expr, iter(expr.args))]
    while open_parts:
        part, operands = open_parts[-1]
        for operand in operands:
            if operand in seen:
                continue
            seen.add(operand)
            if operand.args:
                open_parts.append((operand, iter(operand.args)))
                break
            ordered.append(operand)
        else:
            ordered.append(part)
            open_parts.pop()
    return ordered


def written_size(expr: Expr, known: Mapping[Expr, int] = MappingProxyType({})) -> int:
    """How many parts the expression has where shared ones are written out; linear in the graph.

    A part in `known`, such as a name that stands for a formula, counts as many as are said there.
    """
    return _written_size(expr, known) if known else _own_written_size(expr)


def _written_size(expr: Expr, known: Mapping[Expr, int]) -> int:
    sizes: dict[Any, int] = dict(known)
    for part in postorder(expr):
        if part not in sizes:
            sizes[part] = 1 + sum(sizes[a] for a in part.args)
    return sizes[expr]


@lru_cache(maxsize=2**10)  # a formula is measured by several rules
def _own_written_size(expr: Expr) -> int:
    return _written_size(expr, {})


def compounds(expr: Expr) -> set[Expr]:
    """The distinct subexpressions that have operands, in no order."""
    found: set[Expr] = set()
    while len(expr.args) == 1:  # as Σ over samples of a product
        found.add(expr)
        expr = expr.args[0]
    if is_shallow(expr):
        return found | {expr} if expr.args else found
    open_parts = [expr]
    while open_parts:
        part = open_parts.pop()
        if part.args and part not in found:
            found.add(part)
            open_parts.extend(part.args)
    return found


@lru_cache(maxsize=1 << 18)
def real_symbol(name: str) -> Symbol:
    """The symbol of a node: real, so that abs and sqrt differentiate to printable results.

    One object a name: SymPy's own cache forgets, and two equal symbols take long to compare.
    """
    return Symbol(name, real=True)


def product(*factors: Expr) -> Expr:
    """The product; that of different names is made at once.

    SymPy would look for numbers, powers and infinities among them, which takes 30 times as long.
    """
    if len(factors) == 1:
        return factors[0]
    names = {f.name for f in factors if f.is_Symbol and f is real_symbol(f.name)}
    if len(names) < len(factors) or not factors:
        return sp.Mul(*factors)
    # Symbols with the same assumptions stand in the order of their names.
    return sp.Mul._from_args(sorted(factors, key=attrgetter("name")), is_commutative=True)


def applied(head: Any, *operands: Expr) -> Expr:
    """head(*operands), SymPy not asked for a simpler form where names, plain products and sums of
    them have none.

    It would look for signs and multiples of π: tanh of a sum of 100 products takes it 50 ms.
    """
    return head(*operands, evaluate=not all(map(_is_plain, operands)))


def _is_plain(expr: Expr) -> bool:
    """Whether it is the name of a node, or a sum of products of such names without a number."""
    factors = [f for t in sp.Add.make_args(expr) for f in sp.Mul.make_args(t)]
    return all(f.is_Symbol and f is real_symbol(f.name) for f in factors)


def exact(number: Float) -> Rational:
    """The decimal number that a float was typed as: 0.1 becomes 1/10, not its binary neighbour.

    A float of more than double precision keeps its exact binary value.
    """
    if number._prec <= 53:
        return Rational(repr(float(number)))
    return Rational(number)


__all__ = [
    "applied",
    "compounds",
    "exact",
    "is_shallow",
    "postorder",
    "product",
    "real_symbol",
    "written_size",
]
