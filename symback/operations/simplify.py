"""Simplification within a bound that is fixed by size before it starts.

The result depends on the expression alone, never on a clock; beyond the bound an expression is
returned as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import lru_cache

import sympy as sp
from sympy import Expr, Piecewise

from symback.operations.expressions import postorder
from symback.operations.forms import Numbering, form_of, place

LARGEST_SIMPLIFIED = 120  # operations of an expression that is rewritten at all
MOST_FOLDED = 3  # choices that are folded into one
LARGEST_CANCELLED = 40  # of one of several names that is brought to a common denominator
LARGEST_SPELLED = 1000  # operations of one that is distinguished from others by its text
LARGEST_ALIKE = 60  # of one of very many, which are simplified form by form


def simplified(expr: Expr) -> Expr:
    """The shortest of a few equal forms; the expression itself where none is shorter."""
    size = weight(expr)
    if size > LARGEST_SIMPLIFIED:
        return expr
    if expr.has(Piecewise):
        few = len(expr.atoms(Piecewise)) <= MOST_FOLDED
        folded = sp.piecewise_fold(expr) if few else expr
        is_shorter = weight(folded) < size and not folded.has(sp.ITE)  # a condition of conditions
        return folded if is_shorter else expr
    candidates: list[Callable[[Expr], Expr]] = [sp.powsimp, _over_functions(sp.factor_terms)]
    if _is_quotient(expr) and (size <= LARGEST_CANCELLED or _is_of_one_name(expr)):
        candidates += [_cancelled, _over_functions(_cancel_factored)]
    if size <= LARGEST_CANCELLED and expr.has(sp.sin, sp.cos, sp.sinh, sp.cosh):
        candidates.append(sp.trigsimp)
    best = expr
    for rewrite in candidates:
        found = rewrite(expr)
        if weight(found) < weight(best):
            best = found
    return best


def _over_functions(rewrite: Callable[[Expr], Expr]) -> Callable[[Expr], Expr]:
    """The rewriting of an expression whose functions are unknowns, which stay as they are."""

    def rewritten(expr: Expr) -> Expr:
        unknowns = {part: sp.Dummy() for part in expr.atoms(sp.Function)}
        back = {unknown: part for part, unknown in unknowns.items()}
        return rewrite(expr.xreplace(unknowns)).xreplace(back)

    return rewritten


@lru_cache(maxsize=2)  # what has no functions is cancelled over its names and factored after
def _cancelled(expr: Expr) -> Expr:
    return sp.cancel(expr)


def _cancel_factored(expr: Expr) -> Expr:
    """Cancelled, the denominator as a product where it is shorter: (x − 3)²."""
    above, below = sp.fraction(_cancelled(expr))
    return above / min(below, sp.factor(below), key=weight)


class Alike:
    """Simplifies very many expressions, those that differ in their names only once."""

    def __init__(self, largest: int = LARGEST_ALIKE) -> None:
        self._largest = largest
        self._kept: dict[Hashable, tuple[Expr, Expr]] = {}

    def __call__(self, expr: Expr) -> Expr:
        if weight(expr) > self._largest:
            return expr
        numbers: Numbering = {}
        form = form_of(expr, numbers)
        if form not in self._kept:
            alike = expr.xreplace({s: place(i) for s, i in numbers.items()})
            self._kept[form] = alike, simplified(alike)
        alike, found = self._kept[form]
        return expr if found == alike else found.xreplace({place(i): s for s, i in numbers.items()})


def _is_quotient(expr: Expr) -> bool:
    return any(p.is_Pow and p.exp.is_negative and not p.base.is_number for p in postorder(expr))


def _is_of_one_name(expr: Expr) -> bool:
    """Whether it is a quotient of polynomials of one name, which is soon cancelled."""
    return len(expr.free_symbols) == 1 and bool(expr.is_rational_function())


@dataclass(frozen=True, slots=True)
class Spelling:
    """An expression, ordered by its text, which is made only where all else is equal.

    A text grows with the tree, not with the shared graph; SymPy's order serves the largest.
    """

    expr: Expr

    def __lt__(self, other: Spelling) -> bool:
        return self._text() < other._text()

    def _text(self) -> str:
        return str(self.expr) if weight(self.expr) <= LARGEST_SPELLED else ""


@lru_cache(maxsize=2**10)  # a formula is weighed several times while it is made
def weight(expr: Expr) -> int:
    """Operations of the expanded tree, up to the point where it is too large anyway."""
    sizes: dict[Expr, int] = {}
    for part in postorder(expr):
        args = part.args
        if not args:
            sizes[part] = 1
            continue
        operands = len(args) - (part.is_Mul and args[0] == -1)  # a sign costs nothing
        sizes[part] = min(10**9, max(1, operands) + sum([sizes[a] for a in args]))
    return sizes[expr]
