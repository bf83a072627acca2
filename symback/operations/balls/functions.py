"""Functions of balls that arb lacks, or that have a value at a kink by convention."""

from __future__ import annotations

from flint import arb

NOT_A_NUMBER = arb("nan")
MINUS_INFINITY = arb("-inf")


class Undecided(ArithmeticError):
    """A comparison that the balls are too wide to decide; more precision may decide it."""


def sign(x: arb) -> arb:
    if x > 0:
        return arb(1)
    if x < 0:
        return arb(-1)
    return arb(0) if is_zero(x) else _undecided_or_nan(x)


def step(x: arb) -> arb:
    """Heaviside's function with the value 1/2 at 0, as SymPy has it."""
    return (sign(x) + 1) / 2


def larger(*values: arb) -> arb:
    if any(v.is_nan() for v in values):
        return NOT_A_NUMBER
    result = values[0]
    for value in values[1:]:
        if value > result:
            result = value  # the very ball, so that it is known to be equal to the operand
        elif not result > value and value is not result:
            result = result.max(value)
    return result


def smaller(*values: arb) -> arb:
    if any(v.is_nan() for v in values):
        return NOT_A_NUMBER
    result = values[0]
    for value in values[1:]:
        if value < result:
            result = value
        elif not result < value and value is not result:
            result = result.min(value)
    return result


def is_zero(x: arb) -> bool:
    return bool(x.is_exact() and x == 0)


def _undecided_or_nan(x: arb) -> arb:
    if x.is_nan():
        return NOT_A_NUMBER
    raise Undecided


def log(x: arb) -> arb:
    """The logarithm; −∞ at 0, so that a condition on it is decided."""
    return MINUS_INFINITY if is_zero(x) else x.log()


def atan2(y: arb, x: arb) -> arb:
    """The angle; NaN on the cut, where floats distinguish -0 from 0 and numbers don't."""
    if is_zero(y) and not x > 0:
        return NOT_A_NUMBER
    return arb.atan2(y, x)


__all__ = [
    "NOT_A_NUMBER",
    "Undecided",
    "atan2",
    "is_zero",
    "larger",
    "log",
    "sign",
    "smaller",
    "step",
]
