"""Recurrences of a turn that is kept, and what they compute that none of their turns before has.

In a recurrence lines read each other from turn to turn. What stands in it beside these, such as
W·x[t] + b in W·x[t] + b + U·h[t - 1], gets a line of its own, which leaves the loop. A turn
backwards is linear in adjoints: there the factors of one along several lines are one factor, as
tanh′·o·i of δc[t], where at most one of them is larger than 1 and can overflow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import sympy as sp
from sympy import Add, Expr, Mul, Symbol

from symback.autodiff.names import Names
from symback.operations.arrays.loops import Turn
from symback.operations.elementwise import SLOPES
from symback.operations.functions import sigma
from symback.operations.shapes import is_size

SMALL = (sigma, sp.tanh, sp.sin, sp.cos, sp.erf)
"""Functions whose values and slopes are no larger than about 1."""


def is_small(line: Expr) -> bool:
    """Whether the value of a line is no larger than about 1."""
    of = SLOPES.get(line.func)
    return isinstance(line, SMALL) or (of is not None and of.head in (sigma, sp.tanh))


def recurrences(
    reads: Mapping[Symbol, Sequence[Symbol]], carried: Iterable[Symbol]
) -> dict[Symbol, Symbol]:
    """For what depends on itself one carried name that it shares this with."""
    readers: dict[Symbol, list[Symbol]] = {}
    for name, read in reads.items():
        for s in read:
            readers.setdefault(s, []).append(name)
    found: dict[Symbol, Symbol] = {}
    for b in carried:
        if b not in found:
            circle = _reached(b, reads) & _reached(b, readers)
            found |= dict.fromkeys(circle, b)
    return found


def _reached(start: Symbol, next_of: Mapping[Symbol, Sequence[Symbol]]) -> set[Symbol]:
    """What is reached from a name, which counts where a way leads back to it."""
    found: set[Symbol] = set()
    waiting = [*next_of.get(start, ())]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += next_of.get(name, ())
    return found


def read_by(line: Expr) -> list[Symbol]:
    """The names that a line of a turn reads, sizes not among them."""
    return sorted((s for s in line.free_symbols if not is_size(s)), key=str)


def with_parts(turn: Turn, names: Names) -> Turn:
    """The turn whose recurrences have lines of their own for what is not part of them."""
    reads = {name: read_by(line) for name, line in turn.lines}
    reads |= {before: [after] for before, after in turn.carried}
    found = recurrences(reads, [before for before, _ in turn.carried])
    parts = _Parts(turn, names, found)
    lines = [new for name, line in turn.lines for new in parts.lines(name, line)]
    if len(lines) == len(turn.lines):
        return turn
    new = {name.name for name, _ in lines}
    shapes = dict(turn.shapes) | {n: names.shapes[n] for n in new if names.shapes.get(n)}
    return replace(turn, lines=tuple(lines), shapes=tuple(sorted(shapes.items())))


class _Parts:
    def __init__(self, turn: Turn, names: Names, of: Mapping[Symbol, Symbol]) -> None:
        self._turn, self._names, self._of = turn, names, of
        self._multiples: dict[Symbol, tuple[tuple[Expr, ...], Symbol]] = {}  # factors and adjoint
        self._new: list[tuple[Symbol, Expr]] = []

    def lines(self, name: Symbol, line: Expr) -> list[tuple[Symbol, Expr]]:
        """Those for parts of a line, then the line over them."""
        self._new = []
        made = self._over_parts(name, line) if name in self._of else line
        return [*self._new, (name, made)] if self._new else [(name, line)]

    def _over_parts(self, name: Symbol, line: Expr) -> Expr:
        circle = {s for s, b in self._of.items() if b == self._of[name]}
        others: list[Expr] = []
        products: list[Expr] = []
        multiples: dict[Symbol, list[tuple[Expr, ...]]] = {}
        for term in Add.make_args(line):
            if circle.isdisjoint(term.free_symbols):
                others.append(term)
                continue
            factors, adjoint = self._multiple(term, circle)
            if adjoint is None:
                products.append(term)
            else:
                multiples.setdefault(adjoint, []).append(factors)
        for adjoint, terms in multiples.items():
            if len(multiples) == 1 and len(terms) == 1 and not others and not products:
                self._multiples[name] = terms[0], adjoint
            products.append(self._part(name, Add(*(Mul(*f) for f in terms))) * adjoint)
        return Add(*products, self._part(name, Add(*others)))

    def _multiple(self, term: Expr, circle: set[Symbol]) -> tuple[tuple[Expr, ...], Symbol | None]:
        """The factors of an adjoint of the recurrence, and this; None for any other term."""
        own = [f for f in Mul.make_args(term) if not circle.isdisjoint(f.free_symbols)]
        if not self._turn.is_backwards or len(own) != 1 or not own[0].is_Symbol:
            return (), None
        factors = tuple(f for f in Mul.make_args(term) if f is not own[0])
        if not self._are_safe(factors):
            return (), None
        more, adjoint = self._multiples.get(own[0], ((), own[0]))
        if adjoint in circle and self._are_safe((*factors, *more)):
            return (*factors, *more), adjoint
        return factors, own[0]

    def _are_safe(self, factors: Sequence[Expr]) -> bool:
        """Whether a product of factors is infinite or lost only where one of them is."""
        large = [f for f in factors if not f.is_number and f not in self._turn.small]
        return len(large) <= 1 and not any(f.is_Pow for f in factors)

    def _part(self, name: Symbol, part: Expr) -> Expr:
        """A name for a part, unless it is one or a multiple of one."""
        _, rest = part.as_coeff_Mul()
        if rest.is_Symbol or rest.is_number:
            return part
        symbol = self._names.part(name.name, part)
        self._new.append((symbol, part))
        return symbol


__all__ = ["is_small", "read_by", "recurrences", "with_parts"]
