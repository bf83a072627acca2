"""The form of an expression: what it shares with all that differ from it in their names only."""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from typing import Any

from sympy import Expr

from symback.operations.expressions import real_symbol

Numbering = dict[Any, int]


def form_of(expr: Any, numbers: Numbering) -> Hashable:
    """The expression with numbers for names, those not in `numbers` yet in order of appearance."""
    if expr.is_Symbol:
        return (numbers.setdefault(expr, len(numbers)),)
    if not expr.args:
        return expr  # type: ignore[no-any-return]
    return (expr.func, *(form_of(a, numbers) for a in expr.args))


def expression_of(form: Any) -> Any:
    """The expression of a form, with `place(i)` for the name with the number i."""
    if not isinstance(form, tuple):
        return form
    if len(form) == 1:
        return place(form[0])
    head, *parts = form
    return head(*map(expression_of, parts))


@lru_cache(maxsize=2**10)
def place(number: int) -> Expr:
    """The symbol that stands for the name with a number in a form."""
    return real_symbol(f"name_{number}")


__all__ = ["Numbering", "expression_of", "form_of", "place"]
