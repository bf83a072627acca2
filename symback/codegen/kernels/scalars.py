"""What a kernel computes for one number: scalars, which name their parts as the source does."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Scalar:
    """An operation and its operands.

    | head | operands |
    |---|---|
    | number | an int or a float |
    | name | an argument, or the counter of a loop |
    | let | the name and the number of a definition, and what it stands for |
    | loop | the names and the numbers of what it carries along, the name of the counter, its |
    | | range, which of these each step changes; the initial values, and what the steps give, |
    | | one after the other, in which `carried` is the last one |
    | + - * / ** neg, < <= > >= == !=, and or not | scalars |
    | where | a condition, and the values where it holds and where it does not |
    | call | the name of a function, and scalars |
    | polynomial | the coefficients, lowest first, and a scalar |
    """

    head: str
    operands: tuple[Any, ...]
    parts: tuple[Scalar, ...] = field(init=False, compare=False, repr=False)
    """The operands that are scalars."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(o for o in self.operands if isinstance(o, Scalar)))

    def with_parts(self, change: Callable[[Scalar], Scalar]) -> Scalar:
        """The same operation on what the parts are changed to."""
        operands = [change(o) if isinstance(o, Scalar) else o for o in self.operands]
        if all(map(operator.is_, operands, self.operands)):
            return self
        return Scalar(self.head, tuple(operands))


COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
CONDITIONS = frozenset({*COMPARISONS, "and", "or", "not"})
TESTS = frozenset({"isinf", "isnan", "isfinite", "_is_whole"})
"""Functions whose value is a condition."""


def number(value: float) -> Scalar:
    return Scalar("number", (value,))


def call(name: str, *scalars: Scalar) -> Scalar:
    return Scalar("call", (name, *scalars))


def where(condition: Scalar, yes: Scalar, no: Scalar) -> Scalar:
    return Scalar("where", (condition, yes, no))


def is_condition(scalar: Scalar) -> bool:
    return scalar.head in CONDITIONS or (scalar.head == "call" and scalar.operands[0] in TESTS)


def is_number(scalar: Scalar, value: float | None = None) -> bool:
    return scalar.head == "number" and (value is None or bool(scalar.operands[0] == value))


def is_plain(scalar: Scalar) -> bool:
    """Whether it is as short as a name for it: a name, a number, one of these with a sign."""
    return scalar.head in ("number", "name", "carried") or (
        scalar.head == "neg" and is_plain(scalar.parts[0])
    )


def is_whole(scalar: Scalar) -> bool:
    """Whether the numbers are integers, as those made of a loop's counter are."""
    if scalar.head == "number":
        return isinstance(scalar.operands[0], int)
    if scalar.head == "name":
        return bool(scalar.operands[1:])  # a counter
    return scalar.head in ("+", "-", "*", "**", "neg") and all(map(is_whole, scalar.parts))


def steps_of(loop: Scalar) -> tuple[tuple[Scalar, ...], list[tuple[int, Scalar]]]:
    """The initial values of what a loop carries along, and each step with its place among these."""
    count = len(loop.operands[0])
    return loop.parts[:count], list(zip(loop.operands[4], loop.parts[count:], strict=True))


def bare(scalar: Scalar) -> Scalar:
    """The scalar without the names of its parts: equal where the values are."""
    if scalar.head == "let":
        return bare(scalar.parts[0])
    return scalar.with_parts(bare) if scalar.parts else scalar


__all__ = [
    "COMPARISONS",
    "CONDITIONS",
    "TESTS",
    "Scalar",
    "bare",
    "call",
    "is_condition",
    "is_number",
    "is_plain",
    "is_whole",
    "number",
    "steps_of",
    "where",
]
