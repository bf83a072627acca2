"""What doesn't belong to one sample: constants with a value in the text, terms counted once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sympy import Expr, Integer, S, Symbol

from symback.circuits.circuit import Node, leaf
from symback.circuits.names import fresh_name
from symback.errors import CircuitError, CircuitSyntaxError, Place
from symback.language.terms import Term
from symback.operations.arrays import full
from symback.operations.expressions import real_symbol
from symback.operations.shapes import Shape, ShapeError, shown

ONCE = "once"
NAMES_OF_COUNT = ("n", "n_samples", "samples_n")
WITHOUT_DATA = ("param", "const", "samples", "size")
"""Roles of the leaves that a term counted once may read."""


@dataclass(slots=True)
class CountedOnce:
    """The terms once(…) of a loss: each is its share of one sample, the term over their number."""

    name: str  # of the number of samples
    is_declared: bool
    reads: dict[str, Place] = field(default_factory=dict)  # what the terms depend on
    places: list[Place] = field(default_factory=list)

    @classmethod
    def among(
        cls, leaves: Mapping[str, tuple[str, Term | None, Place]], taken: Iterable[str]
    ) -> CountedOnce:
        """For a text with these leaves and names."""
        declared = next((name for name, (role, *_) in leaves.items() if role == "samples"), "")
        return cls(declared or fresh_name(NAMES_OF_COUNT, set(taken)), bool(declared))

    @property
    def count(self) -> Symbol:
        """The number of samples."""
        return real_symbol(self.name)

    def leaves(self) -> list[Node]:
        """The leaf of the number of samples, where it is used and not declared."""
        used = self.places and not self.is_declared
        return [leaf(self.name, "samples", place=self.places[0])] if used else []

    def refuse_data(self, nodes: Mapping[str, Node]) -> None:
        """CircuitError where a term depends on what each sample has of its own."""
        for name, place in self.reads.items():
            below, waiting = set[str](), [name]
            while waiting:
                one = waiting.pop()
                if one not in below and one in nodes:
                    below.add(one)
                    waiting += nodes[one].operands
            for one in sorted(below):
                if nodes[one].is_leaf and nodes[one].role not in WITHOUT_DATA:
                    role = nodes[one].role
                    raise CircuitError(
                        f"once(…) is counted once for all samples, but depends on the {role} "
                        f"'{one}', which each sample has; leave once away, or take it out",
                        place,
                    )


def inner_once(term: Term) -> Term | None:
    """A call of once that is not a term of the formula, perhaps with a factor before it."""
    terms, others = [term], list[Term]()
    while terms:
        one = terms.pop()
        if one.kind in ("sum", "negative", "bracketed", "product"):
            terms += one.args
        else:
            others += one.args if one.kind == "call" and one.text == ONCE else [one]
    while others:
        one = others.pop()
        if one.kind == "call" and one.text == ONCE:
            return one
        others += one.args
    return None


def counted_once(builder: Any, term: Term) -> Expr:
    """once(u) in one sample: u over the number of samples."""
    if builder.once is None:
        raise CircuitSyntaxError(NOT_IN_LOSS, builder.place_of(term))
    builder.refuse_arity(term, 1, 1)
    outside, builder.used = builder.used, {}
    value = builder.build(term.args[0])
    builder.once.reads |= builder.used
    builder.once.places.append(builder.place_of(term))
    builder.used = {**outside, **builder.used}
    builder.used.setdefault(builder.once.name, builder.place_of(term))
    share: Expr = value / builder.once.count
    return share


NOT_IN_LOSS = (
    "once(…) is a term of the loss, as in l: loss = (f - y)**2 + once(lam*norm(w)**2); "
    "it is counted once for all samples"
)


def constant_of(
    name: str, formula: Expr, shape: Shape, declared: Shape | None, place: Place
) -> tuple[Expr, Shape]:
    """The value of a constant in its declared shape; a number fills an array."""
    if declared is None or declared == shape:
        return formula, shape
    if not shape and all(size.is_Integer for size in declared):
        return formula * full(S.One, *map(Integer, declared)), declared
    given = shown(shape) if shape else "a number"
    raise ShapeError(f"'{name}' is declared {shown(declared)}, but its value is {given}", place)


def refuse_reads(name: str, used: Mapping[str, Place], constants: Collection[str]) -> None:
    """CircuitError where the value of a constant reads what is none."""
    for other, place in used.items():
        if other not in constants:
            raise CircuitError(
                f"the value of the const '{name}' reads '{other}', which is not a const with a "
                "value; write a number, or drop ': const'",
                place,
            )


__all__ = [
    "NOT_IN_LOSS",
    "ONCE",
    "CountedOnce",
    "constant_of",
    "counted_once",
    "inner_once",
    "refuse_reads",
]
