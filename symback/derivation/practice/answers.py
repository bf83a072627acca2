"""Answers to the questions of a quiz, read by the circuit's own parser: text is data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import sympy as sp
from sympy import Expr, Function

from symback.circuits.circuit import Circuit
from symback.circuits.names import fresh_name
from symback.errors import (
    CircuitError,
    CircuitSyntaxError,
    TooLarge,
    UnknownName,
    Unsupported,
    clip,
    nearest,
)
from symback.language.scalars import Builder
from symback.language.syntax import Equation, SourceText, statements
from symback.language.terms import Term
from symback.operations.elementwise import SLOPES, SPELLINGS
from symback.operations.expressions import postorder, real_symbol
from symback.sympy_io.from_sympy import read as read_sympy

LONGEST_ANSWER = 2_000  # characters
LARGEST_ANSWER = 2_000  # parts of a SymPy expression
_PRIMED = re.compile(r"([A-Za-zσ][A-Za-z0-9]*)['′’]")  # σ′, tanh'
_PRIME = "_prime"
_OPERAND = real_symbol("u")

AnswerValue = str | Expr | int | float


@dataclass(slots=True)
class AnswerBuilder(Builder):
    """Knows derivatives beside the operations of circuits: sigma_prime(u), log_prime(u).

    Names count as the page typesets them: w_3 is w3, and x2(1 - x2) is a product. `short` holds
    what σ and σ′ stand for without an operand, where a circuit has one σ only.
    """

    short: Mapping[str, Expr] = field(default_factory=dict)

    def _factors(self, term: Term) -> list[Expr]:
        name = term.text
        if self.is_known(name):
            return Builder._factors(self, term)
        if name in self.short:
            return [self.short[name]]
        plain = name.replace("_", "")
        return Builder._factors(self, replace(term, text=plain) if self.is_known(plain) else term)

    def _call(self, term: Term) -> Expr:
        name = term.text
        if self.is_known(name) and len(term.args) == 1:
            return self._symbol(name, term) * self.build(term.args[0])
        if name in self.short and any(_names(a, name) for a in term.args):
            return self.short[name] * self.build(term.args[0])  # σ(1 − σ) is a product
        base = SPELLINGS.get(name.removesuffix(_PRIME)) if name.endswith(_PRIME) else None
        if base is None or (base.arity != (1, 1) and base.slope is None):
            return Builder._call(self, term)
        self.refuse_arity(term, *base.arity)
        if base.slope is not None:
            return base.slope(*map(self.build, term.args))
        (slope,) = base.local_partials(base.head(_OPERAND), _OPERAND)
        return slope.xreplace({_OPERAND: self.build(term.args[0])})


def _names(term: Term, name: str) -> bool:
    """Whether the term holds the bare name."""
    return (term.kind == "name" and term.text == name) or any(_names(a, name) for a in term.args)


def read_answer(given: Any, circuit: Circuit) -> Expr:
    """The expression of an answer, over names of the circuit's nodes.

    Raises the parser's error with its place, or UnknownName for a name that is not a node.
    """
    if isinstance(given, str):
        return _read_text(given, circuit)
    if isinstance(given, bool) or not isinstance(given, int | float | Fraction | Expr):
        kind = type(given).__name__
        raise CircuitError(f"an answer is circuit text or a SymPy expression, not {kind}")
    return _read_expression(given, circuit)


def _read_text(given: str, circuit: Circuit) -> Expr:
    if len(given) > LONGEST_ANSWER:
        raise TooLarge(f"an answer has at most {LONGEST_ANSWER:,} characters")
    if not given.strip():
        raise CircuitSyntaxError("the answer is empty; write an expression, such as -x3")
    source = SourceText(_PRIMED.sub(_spelled, given.strip()))
    found = statements(source)
    if len(found) != 1 or not isinstance(found[0], Equation) or found[0].right is not None:
        raise CircuitSyntaxError("an answer is one expression, without '=', ':' and commas")
    builder = AnswerBuilder(source, circuit.__contains__, short=short_forms(circuit))
    try:
        expr = builder.build(found[0].left)
    except RecursionError:
        raise TooLarge("the answer is nested too deep") from None
    for name, place in builder.used.items():
        if name in circuit:
            continue
        if name in SPELLINGS:
            raise CircuitSyntaxError(f"'{name}' needs an argument: {name}(u)", place)
        known = [n.name for n in circuit.nodes]
        raise UnknownName(
            f"the circuit has no node '{clip(name, 40)}'{nearest(name, known)}", place
        )
    return expr


def _spelled(found: re.Match[str]) -> str:
    name = found[1].replace("σ", "sigma")
    if name not in SPELLINGS:
        return found[0]
    factor = found.string[: found.start()][-1:].isalnum()  # w3σ′ is a product
    return f"{'*' if factor else ''}{name}{_PRIME}"


def _read_expression(given: Any, circuit: Circuit) -> Expr:
    if isinstance(given, Fraction):
        given = sp.Rational(given.numerator, given.denominator)
    if isinstance(given, Expr) and len(postorder(given)) > LARGEST_ANSWER:
        raise TooLarge(f"an answer has at most {LARGEST_ANSWER:,} parts")
    names = {s.name for s in given.free_symbols} if isinstance(given, Expr) else set()
    for name in sorted(names):
        if name not in circuit:
            hint = nearest(name, [n.name for n in circuit.nodes])
            raise UnknownName(f"the circuit has no node '{clip(ascii(name)[1:-1], 40)}'{hint}")
    constant = not names  # no circuit by itself: read beside an operand
    answer = read_sympy(
        _OPERAND + given if constant else given, fresh_name(["answer"], names), loss=None
    )
    for leaf in answer.leaves:  # a function that SymPy knows nothing of is a leaf
        if leaf.name not in circuit and leaf.symbol != _OPERAND:
            raise UnknownName(f"the circuit has no node '{clip(leaf.name, 40)}'")
    if answer.has_arrays:
        raise Unsupported("an answer is a number, not a matrix")
    formula = answer.output.formula
    return formula.xreplace({_OPERAND: sp.S.Zero}) if constant else formula


def short_forms(circuit: Circuit) -> dict[str, Expr]:
    """What σ, σ′, tanh, … stand for alone: the value and the slope of the only one there is."""
    found: dict[str, Expr] = {}
    for slope, op in SLOPES.items():
        applied = [
            n
            for n in circuit.computed
            if isinstance(n.formula, Function) and n.formula.func is op.head
        ]
        if len(applied) == 1:
            found[op.name] = applied[0].symbol
            found[op.name + _PRIME] = slope(*applied[0].formula.args)
    return found


__all__ = ["AnswerValue", "read_answer", "short_forms"]
