"""Choices and their conditions: where(c, a, b), and SymPy's Piecewise((a, c), (b, True))."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import sympy as sp
from sympy import Basic, Expr, S

from symback.errors import CircuitSyntaxError, DomainError, Place, Unsupported
from symback.language import words
from symback.language.foreign import CONDITIONS
from symback.language.limits import is_large
from symback.language.terms import Term
from symback.operations.signs import COMPARISONS

_COMPARE: Mapping[str, Callable[..., Basic]] = {
    "<": sp.Lt,
    "<=": sp.Le,
    ">": sp.Gt,
    ">=": sp.Ge,
    "==": sp.Eq,
    "!=": sp.Ne,
}


class BuildsOperands(Protocol):
    """Builds the operands of a choice."""

    def build(self, term: Term) -> Expr: ...
    def place_of(self, term: Term) -> Place: ...
    def refuse_arity(self, term: Term, least: int, most: int | None) -> None: ...


_AS_IN = "as in Piecewise((x, x > 0), (0, True))"


def where(builder: BuildsOperands, term: Term) -> Expr:
    builder.refuse_arity(term, 3, 3)
    condition, yes, no = term.args
    holds = _condition(builder, condition)
    first, rest = builder.build(yes), builder.build(no)
    return _chosen(holds, first, rest)


def piecewise(builder: BuildsOperands, term: Term) -> Expr:
    """Pairs of a value and its condition, the last True."""
    for part in term.args:
        if part.kind != "pair":
            raise CircuitSyntaxError(
                f"Piecewise takes pairs of a value and a condition, {_AS_IN}",
                builder.place_of(part),
            )
    last = term.args[-1]
    if last.args[1].text != "True":
        raise CircuitSyntaxError(
            f"a Piecewise needs a last branch (…, True), {_AS_IN}", builder.place_of(last)
        )
    built = [
        (_condition(builder, c), builder.build(a)) for a, c in (p.args for p in term.args[:-1])
    ]
    value = builder.build(last.args[0])
    for holds, first in reversed(built):
        value = _chosen(holds, first, value)
    return value


def _chosen(holds: Basic, first: Expr, rest: Expr) -> Expr:
    others = rest.args if isinstance(rest, sp.Piecewise) else ((rest, True),)
    return sp.Piecewise((first, holds), *others, evaluate=holds in (S.true, S.false))


def _condition(builder: BuildsOperands, term: Term) -> Basic:
    holds = _holds(builder, term)
    if holds.has(sp.Piecewise):  # SymPy would solve such a condition for its symbols
        raise Unsupported(
            "where(…) inside a condition; give it a name on a line of its own",
            builder.place_of(term),
        )
    return holds


def _holds(builder: BuildsOperands, term: Term) -> Basic:
    while term.kind == "bracketed":
        term = term.args[0]
    if term.kind == "call" and term.text in words.CONNECTIVES and term.args:
        term = Term(words.CONNECTIVES[term.text], term.place, term.args)
    if term.kind == "call" and term.text in words.COMPARISONS and len(term.args) == 2:
        term = Term("compare", term.place, term.args, words.COMPARISONS[term.text])
    if term.kind == "both":
        return sp.And(*(_holds(builder, a) for a in term.args))
    if term.kind == "either":
        return sp.Or(*(_holds(builder, a) for a in term.args))
    if term.kind != "compare":
        raise _no_condition(builder, term)
    left, right = (builder.build(a) for a in term.args)
    compare = _COMPARE[COMPARISONS.get(term.text, term.text)]
    try:
        return compare(left, right, evaluate=not is_large((left, right)))
    except TypeError:  # SymPy proves that an operand is never real, as in log(min(x, 0))
        raise DomainError("not a real number", builder.place_of(term)) from None


def _no_condition(builder: BuildsOperands, term: Term) -> CircuitSyntaxError:
    called = CONDITIONS.get(term.text.lower(), "")
    advice = "== to compare" if term.kind == "keyword" else called
    hint = f"; write {advice}" if advice else ""
    return CircuitSyntaxError(
        f"where needs a comparison first, as in where(x > 0, a, b){hint}",
        builder.place_of(term),
    )


def outside(builder: BuildsOperands, term: Term) -> Expr:
    """A comparison where a number stands."""
    raise CircuitSyntaxError(
        "comparisons stand only inside where(condition, a, b)", builder.place_of(term)
    )


__all__ = ["outside", "piecewise", "where"]
