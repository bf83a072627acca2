"""SymPy's forms that stand for plain formulas: functions of time, sums, entries by index.

`q(t)` is a leaf q, its derivatives by t are leaves q_t and q_tt, as sympy.physics.mechanics has
them; `A[1, 2]` is a leaf A_1_2; a Sum or Product over whole numbers is written out; a Piecewise
whose conditions leave nothing out has a last branch. What is none of these is refused by name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import sympy as sp
from sympy import Basic, Derivative, Expr, Integer, Piecewise, S, Symbol
from sympy.core.function import AppliedUndef

from symback.errors import TooLarge
from symback.language.terms import LARGEST
from symback.operations.expressions import postorder

MOST_CONDITIONS = 8


def plain(pairs: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """The named expressions with these forms written out."""
    found = [p for _, e in pairs for p in _parts(e)]
    if any(isinstance(p, sp.UnevaluatedExpr) for p in found):
        pairs = [(name, _evaluated(e)) for name, e in pairs]
        found = [p for _, e in pairs for p in _parts(e)]
    if any(isinstance(p, sp.Sum | sp.Product) for p in found):
        pairs = [(name, _written_out(name, e)) for name, e in pairs]
        found = [p for _, e in pairs for p in _parts(e)]
    names = {**_entries(found), **_functions(found), **_choices(found), **_conditions(found)}
    return [(name, _replaced(e, names)) for name, e in pairs] if names else pairs


def _parts(expr: Any) -> list[Any]:
    return postorder(expr) if isinstance(expr, Basic) and not isinstance(expr, sp.Set) else []


def _replaced(expr: Any, names: Mapping[Any, Any]) -> Any:
    return expr.xreplace(names) if isinstance(expr, Basic) else expr


# -- functions of time -------------------------------------------------------------------------


def _functions(parts: Iterable[Any]) -> dict[Any, Symbol]:
    """A leaf for each applied function, and for each of its derivatives."""
    parts = list(parts)
    bound = {v for p in parts if isinstance(p, sp.Lambda) for v in p.variables}
    applied = [
        p
        for p in parts
        if isinstance(p, AppliedUndef) and _of_symbols(p) and bound.isdisjoint(p.args)
    ]
    by_name: dict[str, dict[Any, None]] = defaultdict(dict)
    for part in applied:
        by_name[part.func.__name__].setdefault(part)
    found: dict[Any, Symbol] = {}
    for name, several in by_name.items():
        for part in several:
            own = name if len(several) == 1 else "_".join([name, *map(str, part.args)])
            found[part] = Symbol(own, real=True)
    for part in parts:
        if isinstance(part, Derivative) and part.expr in found:
            order = "".join(str(v) * int(n) for v, n in part.variable_count if n.is_Integer)
            if order:
                found[part] = Symbol(f"{found[part.expr].name}_{order}", real=True)
    return found


def _of_symbols(part: AppliedUndef) -> bool:
    return all(isinstance(a, Symbol) or a.is_Integer for a in part.args)


# -- entries -----------------------------------------------------------------------------------


def _entries(parts: Iterable[Any]) -> dict[Any, Symbol]:
    found = {}
    for part in parts:
        if isinstance(part, sp.Indexed) and all(i.is_Integer and i >= 0 for i in part.indices):
            name = "_".join([str(part.base.label), *map(str, part.indices)])
            found[part] = Symbol(name, real=True)
    return found


# -- sums and products -------------------------------------------------------------------------


def _written_out(node: str, expr: Any) -> Any:
    """The expression with its sums and products over whole numbers as sums and products."""
    left = [LARGEST]
    done: dict[Any, Any] = {}
    for part in _parts(expr):
        args = [done.get(a, a) for a in part.args]
        same = all(a is b for a, b in zip(args, part.args, strict=True))
        if isinstance(part, sp.Sum | sp.Product):
            done[part] = _terms(node, type(part), args[0], part.limits, left)
        elif not same:
            done[part] = part.func(*args)
    return done.get(expr, expr)


def _terms(node: str, kind: Any, body: Expr, limits: Any, left: list[int]) -> Expr:
    """The terms for each value of the last limit, which the limits before it may read."""
    *inner, last = limits
    if len(last) != 3 or not (last[1].is_Integer and last[2].is_Integer):
        return kind(body, *limits)
    index, first, end = last
    parts = []
    for value in range(int(first), int(end) + 1):
        left[0] -= 1
        if left[0] < 0:
            raise TooLarge(f"the sums of node '{node}' have more than {LARGEST:,} terms")
        at = {index: Integer(value)}
        term = body.xreplace(at)
        if inner:
            own = [sp.Tuple(*(b.xreplace(at) for b in limit)) for limit in inner]
            term = _terms(node, kind, term, own, left)
        parts.append(term)
    return sp.Add(*parts) if kind is sp.Sum else sp.Mul(*parts)


def _evaluated(expr: Any) -> Any:
    """Without the marks that keep SymPy from evaluating."""
    done: dict[Any, Any] = {}
    for part in _parts(expr):
        args = [done.get(a, a) for a in part.args]
        if isinstance(part, sp.UnevaluatedExpr):
            done[part] = args[0]
        elif any(a is not b for a, b in zip(args, part.args, strict=True)):
            done[part] = part.func(*args)
    return done.get(expr, expr)


# -- choices -----------------------------------------------------------------------------------


def _choices(parts: Iterable[Any]) -> dict[Any, Piecewise]:
    """A last branch for choices whose conditions leave nothing out: x >= 0, and x < 0."""
    found = {}
    for part in parts:
        if not isinstance(part, Piecewise) or part.args[-1].cond == S.true:
            continue
        conditions = [p.cond for p in part.args]
        if len(conditions) <= MOST_CONDITIONS and sp.Or(*conditions) == S.true:
            last = (part.args[-1].expr, S.true)
            found[part] = Piecewise(*part.args[:-1], last, evaluate=False)
    return found


def _conditions(parts: Iterable[Any]) -> dict[Any, Any]:
    """Connectives of SymPy other than And and Or, by these; a Not by the opposite comparisons."""
    found = (p for p in parts if isinstance(p, _CONNECTIVES))
    return {p: p.to_nnf(simplify=False) for p in found}


_CONNECTIVES = (sp.Xor, sp.ITE, sp.Implies, sp.Equivalent, sp.Not)

__all__ = ["plain"]
