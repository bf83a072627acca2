"""Expressions whose parts are shared so often that no text should repeat them: these get names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from typing import Any

from sympy import Expr, ImmutableDenseMatrix, MatrixExpr, Tuple

from symback.operations.expressions import postorder, real_symbol
from symback.operations.shapes import is_size

LONGEST_TYPED = 400  # operations and names of a text that is kept as one formula
SHORTEST_NAMED = 5


def shared(parts: list[Any]) -> set[Any]:
    """The parts, of all in postorder, that get names: the text would repeat them too often."""
    sizes: dict[Any, int] = {}
    for part in parts:
        sizes[part] = 1 + sum(sizes[a] for a in part.args)
    if sizes[parts[-1]] < max(LONGEST_TYPED, 4 * len(parts)):
        return set()
    uses = Counter(a for part in parts for a in part.args)
    named: set[Any] = set()
    for part in parts:
        size = 1 + sum(1 if a in named else sizes[a] for a in part.args)
        sizes[part] = size
        if uses[part] > 1 and size >= SHORTEST_NAMED and isinstance(part, Expr):
            named.add(part)
    return named


def depth(parts: Iterable[Any], named: Collection[Any]) -> int:
    """Levels of an expression, from its parts in postorder; a part with a name begins anew."""
    levels: dict[Any, int] = {}
    deepest = 0
    for part in parts:
        level = 1 + max((levels[a] for a in part.args), default=0)
        deepest = max(deepest, level)
        levels[part] = 0 if part in named else level
    return deepest


def entries_with_names(
    pairs: Iterable[tuple[str, Any]], part_name: Callable[[str], str]
) -> list[tuple[str, Any]]:
    """Named expressions, before an explicit matrix those of the parts that its entries share."""
    found: list[tuple[str, Any]] = []
    for name, expr in pairs:
        parts = postorder(Tuple(*expr.flat())) if isinstance(expr, ImmutableDenseMatrix) else []
        has_matrix = any(isinstance(p, MatrixExpr) for p in parts)
        named = set() if has_matrix or not parts else shared(parts)
        if not named:
            found.append((name, expr))
            continue
        done: dict[Any, Any] = {}
        for part in parts:
            args = [done[a] for a in part.args]
            done[part] = part.func(*args) if args else part
            if part in named:
                own = part_name(name)
                found.append((own, done[part]))
                done[part] = real_symbol(own)
        found.append((name, ImmutableDenseMatrix(*expr.shape, [done[e] for e in expr.flat()])))
    return found


def split(formula: Expr, new_name: Callable[[Expr], str]) -> list[tuple[str, Expr]]:
    """The named parts of a formula over arrays, in order, and last the rest under no name.

    `new_name` gives a part its name.
    """
    parts = postorder(formula)
    of_sizes: dict[Any, bool] = {}
    for part in parts:
        of_sizes[part] = is_size(part) if part.is_Symbol else all(of_sizes[a] for a in part.args)
    named = {p for p in shared(parts) if not of_sizes[p]}
    done: dict[Any, Any] = {}
    found: list[tuple[str, Expr]] = []
    for part in parts:
        args = [done[a] for a in part.args]
        same = all(a is b for a, b in zip(args, part.args, strict=True))
        done[part] = part if same else part.func(*args)
        if part in named:
            name = new_name(part)
            found.append((name, done[part]))
            done[part] = real_symbol(name)
    return [*found, ("", done[formula])]


__all__ = ["depth", "entries_with_names", "shared", "split"]
