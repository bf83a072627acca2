"""Formulas with the names looked through whose formulas have what a rule looks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sympy import Expr, Piecewise

from symback.operations.arrays import ArrayFunction
from symback.operations.expressions import postorder, real_symbol, written_size
from symback.stable.matching import See

LARGEST = 40  # written parts of a formula
DEEPEST = 6  # names behind names that are looked through

Wanted = Callable[[Any], bool]


def with_wanted(see: See, expr: Expr, is_wanted: Wanted) -> Expr | None:
    """The formula with such names looked through; None where it gets too large."""
    whole = expr
    for _ in range(DEEPEST):
        if written_size(without_choices(whole)) > LARGEST:
            return None
        names = {s: see(s) for s in whole.free_symbols}
        names = {s: f for s, f in names.items() if f is not s and has_wanted(see, f, is_wanted)}
        if not names:
            break
        whole = whole.xreplace(names)
    return whole


def may_have_wanted(see: See, expr: Expr, is_wanted: Wanted) -> bool:
    """Whether `with_wanted` can find such a part, inside choices too: the same for less."""
    return any(
        has_wanted(see, see(part), is_wanted) if part.is_Symbol else is_wanted(part)
        for part in postorder(expr)
    )


def has_wanted(see: See, formula: Expr, is_wanted: Wanted) -> bool:
    """Whether it has such a part, or a name has a few names deep."""
    return _depth(see, formula, is_wanted, DEEPEST) is not None


def _depth(see: See, formula: Expr, is_wanted: Wanted, deep: int) -> int | None:
    """How many names deep the first such part is; None where it is deeper."""
    searched, found = see.searched.get((is_wanted, formula), (-1, None))
    if found is None and searched < deep:
        found = _searched(see, formula, is_wanted, deep)
        see.searched[is_wanted, formula] = deep, found
    return None if found is None or found > deep else found


def _searched(see: See, formula: Expr, is_wanted: Wanted, deep: int) -> int | None:
    if isinstance(formula, Piecewise) or written_size(formula) > LARGEST:
        return None
    parts = list(parts_outside_choices(formula))
    if any(map(is_wanted, parts)):
        return 0
    below = {see(p) for p in parts if p.is_Symbol} if deep else set()
    depths = (_depth(see, f, is_wanted, deep - 1) for f in below if not f.is_Symbol)
    return min((1 + d for d in depths if d is not None), default=None)


def parts_outside_choices(expr: Expr) -> Iterator[Expr]:
    stack = [expr]
    while stack:
        part = stack.pop()
        if not isinstance(part, Piecewise):
            yield part
            stack.extend(a for a in part.args if isinstance(a, Expr))


def without_choices(expr: Expr) -> Expr:
    """Each choice replaced by its last branch, which is the typed form where a rule made it.

    Whether a rule did, the proof of what is made of this sees.
    """
    done: dict[Any, Any] = {}
    for part in postorder(expr):
        args = [done.get(a, a) for a in part.args]
        if isinstance(part, Piecewise):
            done[part] = args[-1].args[0]
        elif args != list(part.args):
            done[part] = part.func(*args)
    return done.get(expr, expr)


def entries_of(*formulas: Expr) -> dict[Expr, Expr]:
    """A name for each entry and reduction of arrays in formulas, which SymPy takes no slope by."""
    found: dict[Expr, Expr] = {}
    stack: list[Any] = list(reversed(formulas))
    while stack:
        part = stack.pop()
        if isinstance(part, ArrayFunction):
            found.setdefault(part, real_symbol(f"entry {len(found)}"))
        else:
            stack.extend(reversed(part.args))
    return found


def slopes_of(formula: Expr, others: Expr | None = None) -> Iterator[tuple[Expr, Expr]]:
    """The names and entries of arrays in a formula, and in another one, with its slopes by them."""
    named = entries_of(formula)
    back = {s: part for part, s in named.items()}
    inside = formula.xreplace(named)
    beside = inside.free_symbols if others is None else others.xreplace(named).free_symbols
    for s in sorted(inside.free_symbols & beside, key=str):
        yield back.get(s, s), inside.diff(s).xreplace(back)


__all__ = [
    "Wanted",
    "entries_of",
    "has_wanted",
    "may_have_wanted",
    "parts_outside_choices",
    "slopes_of",
    "with_wanted",
    "without_choices",
]
