"""What is known of numbers on one way through a kernel, and scalars without what it makes needless.

NumPy computes both sides of each `np.where`, whose operands are held where neither side fails:
`np.minimum(x, 3.0)` where the values beyond 3 are not used. A branch of a target computes one side,
where such an operand is x.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from symback.codegen.kernels.scalars import (
    COMPARISONS,
    Scalar,
    bare,
    is_condition,
    is_number,
    is_plain,
    number,
    where,
)

_AT_ZERO: Mapping[str, float] = {
    **dict.fromkeys(("expm1", "log1p", "sin", "tan", "sinh", "tanh", "_erf", "sqrt", "abs"), 0.0),
    "exp": 1.0,
    "_erfc": 1.0,
}
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a number lies; an end that is open is not among the values."""

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False
    may_be_nan: bool = True

    def above(self, low: float, is_open: bool) -> Interval:
        if (low, is_open) > (self.low, self.low_open):
            return replace(self, low=low, low_open=is_open)
        return self

    def below(self, high: float, is_open: bool) -> Interval:
        if (-high, is_open) > (-self.high, self.high_open):
            return replace(self, high=high, high_open=is_open)
        return self

    def decides(self, sign: str, limit: float) -> bool | None:
        """Whether `value sign limit` holds for all values or for none; None where it depends."""
        if sign in ("==", "!="):
            known = replace(self, may_be_nan=False)  # NaN is apart from all numbers
            apart = known.decides("<", limit) or known.decides(">", limit)
            return (sign == "!=") if apart else None
        if sign in (">", ">="):
            mirrored = Interval(
                -self.high, -self.low, self.high_open, self.low_open, self.may_be_nan
            )
            return mirrored.decides("<" if sign == ">" else "<=", -limit)
        strict = sign == "<"
        if self.high < limit or (self.high == limit and (self.high_open or not strict)):
            return None if self.may_be_nan else True
        if self.low > limit or (self.low == limit and (self.low_open or strict)):
            return False
        return None


@dataclass(frozen=True)
class Facts:
    """Conditions that hold or don't, and the ranges of scalars that follow."""

    known: Mapping[Scalar, bool] = field(default_factory=dict)
    ranges: Mapping[Scalar, Interval] = field(default_factory=dict)

    def and_that(self, condition: Scalar, holds: bool) -> Facts:
        """These and that a condition holds, or does not."""
        condition = bare(condition)
        if condition.head == "not":
            return self.and_that(condition.parts[0], not holds)
        found = Facts({**self.known, condition: holds}, self.ranges)
        if condition.head == ("and" if holds else "or"):
            for part in condition.parts:
                found = found.and_that(part, holds)
        elif condition.head in COMPARISONS and is_number(condition.parts[1]):
            found = found._compared(condition, holds)
        return found

    def _compared(self, condition: Scalar, holds: bool) -> Facts:
        scalar, limit = condition.parts
        value, sign = float(limit.operands[0]), condition.head
        if sign in ("==", "!="):
            return self
        known = self.range_of(scalar)
        if holds:
            known = replace(known, may_be_nan=False)
        else:
            sign = _OPPOSITE[sign]
        is_open = sign in ("<", ">")
        known = known.below(value, is_open) if "<" in sign else known.above(value, is_open)
        ranges = {**self.ranges, scalar: known}
        if scalar.operands[0] == "abs" and holds and "<" in sign:
            inner = scalar.parts[0]
            both = self.range_of(inner).below(value, is_open).above(-value, is_open)
            ranges[inner] = replace(both, may_be_nan=False)
        return Facts(self.known, ranges)

    def range_of(self, scalar: Scalar) -> Interval:
        """Where a scalar lies, its size at least as far from 0 as the number is."""
        known = self.ranges.get(scalar, Interval())
        if scalar.head == "call" and scalar.operands[0] == "abs":
            inner = self.ranges.get(scalar.parts[0], Interval())
            known = known.above(0.0, False)
            if inner.low > 0:
                known = known.above(inner.low, inner.low_open)
            if inner.high < 0:
                known = known.above(-inner.high, inner.high_open)
            return replace(known, may_be_nan=known.may_be_nan and inner.may_be_nan)
        if is_number(scalar):
            value = float(scalar.operands[0])
            return Interval(value, value, may_be_nan=math.isnan(value))
        return known

    # -- conditions -------------------------------------------------------------------------

    def decided(self, condition: Scalar) -> bool | None:
        """Whether the condition holds here; None where that depends."""
        condition = bare(condition)
        if condition in self.known:
            return self.known[condition]
        if condition.head == "not":
            inner = self.decided(condition.parts[0])
            return None if inner is None else not inner
        if condition.head in ("and", "or"):
            parts = {self.decided(part) for part in condition.parts}
            deciding = condition.head == "or"
            if deciding in parts:
                return deciding
            return None if None in parts else not deciding
        if condition.head in COMPARISONS and is_number(condition.parts[1]):
            scalar, limit = condition.parts
            return self.range_of(scalar).decides(condition.head, float(limit.operands[0]))
        return None

    def condition(self, scalar: Scalar, kept: Collection[int]) -> Scalar:
        """A condition without the parts that are known."""
        return _Simplification(self, kept).condition(scalar)

    def simplified(self, scalar: Scalar, kept: Collection[int] = ()) -> Scalar:
        """The scalar as it is needed here; definitions with the numbers `kept` stay as they are."""
        return _Simplification(self, kept).of(scalar)


class _Simplification:
    """Simplifies scalars that share parts, each part once."""

    def __init__(self, facts: Facts, kept: Collection[int]) -> None:
        self.facts, self.kept = facts, kept
        self._found: dict[int, tuple[Scalar, Scalar]] = {}  # by the identity of what was simplified

    def of(self, scalar: Scalar) -> Scalar:
        if id(scalar) not in self._found:
            self._found[id(scalar)] = scalar, self._of(scalar)
        return self._found[id(scalar)][1]

    def _of(self, scalar: Scalar) -> Scalar:
        if scalar.head == "let":
            name, identity, inner = scalar.operands
            simple = inner if identity in self.kept else self.of(inner)
            if simple is inner:
                return scalar
            plain = is_plain(simple) or simple.head == "let"
            return simple if plain else Scalar("let", (name, identity, simple))
        if scalar.head == "where":
            return self._chosen(scalar)
        if is_condition(scalar):
            return self.condition(scalar)
        scalar = scalar.with_parts(self.of)
        if scalar.head == "call" and scalar.operands[0] in ("minimum", "maximum"):
            return self._held(scalar)
        return _folded(scalar)

    def condition(self, scalar: Scalar) -> Scalar:
        """A condition without the parts that are known."""
        if scalar.head in ("and", "or"):
            left, right = scalar.parts
            if self.facts.decided(left) is not None:
                return self.condition(right)
            if self.facts.decided(right) is not None:
                return self.condition(left)
        return scalar.with_parts(self.of)

    def _chosen(self, scalar: Scalar) -> Scalar:
        condition, yes, no = scalar.parts
        holds = self.facts.decided(condition)
        if holds is not None:
            return self.of(yes if holds else no)
        first = self.facts.and_that(condition, True).simplified(yes, self.kept)
        second = self.facts.and_that(condition, False).simplified(no, self.kept)
        if first == second:
            return first
        simple = self.condition(condition)
        if (simple, first, second) == scalar.parts:
            return scalar
        return where(simple, first, second)

    def _held(self, scalar: Scalar) -> Scalar:
        """`np.minimum` or `np.maximum` without the operand that is never taken; NaN stays NaN."""
        for one, other in (scalar.parts, scalar.parts[::-1]):
            if not is_number(other):
                continue
            known, limit = self.facts.range_of(bare(one)), float(other.operands[0])
            is_least = scalar.operands[0] == "minimum"
            if (known.high <= limit) if is_least else (known.low >= limit):
                return one
            if not known.may_be_nan and (known.low >= limit if is_least else known.high <= limit):
                return other
        return scalar


def _folded(scalar: Scalar) -> Scalar:
    """The scalar without operations on 0 and 1 whose value is known."""
    if scalar.head == "neg" and scalar.parts[0].head == "neg":
        return scalar.parts[0].parts[0]
    if scalar.head == "neg" and is_number(scalar.parts[0]):
        return number(-scalar.parts[0].operands[0])
    if scalar.head == "call" and len(scalar.parts) == 1 and is_number(scalar.parts[0], 0.0):
        name = scalar.operands[0]
        return number(_AT_ZERO[name]) if name in _AT_ZERO else scalar
    if scalar.head not in ("+", "-", "*", "/"):
        return scalar
    left, right = scalar.parts
    if scalar.head == "-" and left == right and _is_constant(left):
        return number(0.0)
    if scalar.head == "*" and is_number(right, 0.0) and _is_constant(left):
        return number(0.0)
    if scalar.head in ("*", "/") and is_number(right, 1.0):
        return left
    if scalar.head in ("+", "-") and is_number(right, 0.0):
        return left
    if (scalar.head, left) in (("*", number(1.0)), ("+", number(0.0))):
        return right
    return scalar


def _is_constant(scalar: Scalar) -> bool:
    """Whether no argument is read, but for choices between constants."""
    parts = scalar.parts[1:] if scalar.head == "where" else scalar.parts
    return scalar.head not in ("name", "carried") and all(map(_is_constant, parts))


__all__ = ["Facts", "Interval"]
