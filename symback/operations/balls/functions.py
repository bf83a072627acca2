"""Functions of balls that arb lacks, or that have a value at a kink by convention."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from flint import arb

NOT_A_NUMBER = arb("nan")
MISSING = arb("nan")
"""The one ball of what is NaN for certain; another NaN may be a number at higher precision."""
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


def floor(x: arb) -> arb:
    """The whole number below, where the ball decides it."""
    if not x.is_finite():
        return NOT_A_NUMBER
    below = x.floor()
    if not below.is_exact():
        raise Undecided
    return below


def ceil(x: arb) -> arb:
    return -floor(-x)


def nearest(x: arb) -> arb:
    """The nearest whole number, of two that are as near the even one."""
    lower, upper = ceil(x - 0.5), floor(x + 0.5)
    return lower if is_zero(floor(lower / 2) * 2 - lower) else upper


def mod(u: arb, v: arb) -> arb:
    return NOT_A_NUMBER if is_zero(v) else u - v * floor(u / v)


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


_INFINITE_POLES: ContextVar[bool] = ContextVar("infinite poles", default=False)


@contextmanager
def infinite_poles() -> Iterator[None]:
    """Inside the block 1/0 is ∞, as in floats, whose 0 has a sign."""
    before = _INFINITE_POLES.set(True)
    try:
        yield
    finally:
        _INFINITE_POLES.reset(before)


def power(base: arb, exponent: arb) -> arb:
    if not base.is_finite():  # arb itself may crash there
        return _power_of_infinity(base, exponent)
    if exponent.is_exact() and exponent.is_integer():
        whole: Any = exponent.unique_fmpz()
        if whole < 0 and is_zero(base) and _INFINITE_POLES.get():
            return arb("inf")
        result: arb = base ** int(whole)
        return result
    if is_zero(base):
        if exponent < 0 and _INFINITE_POLES.get():
            return arb("inf")
        return arb(0) if exponent > 0 else NOT_A_NUMBER
    return base**exponent


def _power_of_infinity(base: arb, exponent: arb) -> arb:
    if not _is_infinite(base):
        return NOT_A_NUMBER
    if base < 0 and not (exponent.is_exact() and exponent.is_integer()):
        return NOT_A_NUMBER
    if exponent < 0:
        return arb(0)
    if not exponent > 0:
        return NOT_A_NUMBER
    whole: Any = exponent.unique_fmpz() if base < 0 else 0
    return arb("-inf") if whole % 2 else arb("inf")


def power_slope(a: arb, b: arb) -> arb:
    """b·a^(b−1), and 0 where b is 0."""
    return arb(0) if is_zero(b) else b * power(a, b - 1)


def root_slope(a: arb, b: arb) -> arb:
    """The same, and 0 where a is 0 and 0 < b < 1."""
    return arb(0) if is_zero(a) and 0 < b < 1 else power_slope(a, b)


def power_log(v: arb, a: arb) -> arb:
    """v·log(a), and 0 where v is 0."""
    return arb(0) if is_zero(v) else v * log(a)


def exp_share(a: arb, b: arb) -> arb:
    """exp(a)/(exp(a) + exp(b)), 1/2 where both are one infinity."""
    if not (a.is_finite() or b.is_finite()) and (a > 0) == (b > 0):
        return unless_nan(unless_nan(arb(1) / 2, a), b)
    return 1 / (1 + (b - a).exp())


def nonzero(v: arb) -> arb:
    """v, and infinity where v is 0."""
    return arb("inf") if is_zero(v) else v


def nonvanishing(v: arb) -> arb:
    """v, and 1 where v is 0."""
    return arb(1) if is_zero(v) else v


def zero_over(a: arb, b: arb) -> arb:
    """a/b, and 0 where a is 0."""
    return arb(0) if is_zero(a) else a / b


def unless_nan(a: arb, u: arb) -> arb:
    """a, and NaN where u is."""
    return u if u.is_nan() else a


def _undecided_or_nan(x: arb) -> arb:
    if x.is_nan():
        return NOT_A_NUMBER
    raise Undecided


def log(x: arb) -> arb:
    """The logarithm; −∞ at 0, so that a condition on it is decided."""
    return MINUS_INFINITY if is_zero(x) else x.log()


def erf(x: arb) -> arb:
    """The error function; ±1 at infinity, which arb leaves open."""
    return sign(x) if _is_infinite(x) else x.erf()


def erfc(x: arb) -> arb:
    """1 - erf(x)."""
    return 1 - sign(x) if _is_infinite(x) else x.erfc()


def _is_infinite(x: arb) -> bool:
    return bool(x.is_exact() and not x.is_finite() and not x.is_nan())


def atan2(y: arb, x: arb) -> arb:
    """The angle; NaN on the cut, where floats distinguish -0 from 0 and numbers don't."""
    if is_zero(y) and not x > 0:
        return NOT_A_NUMBER
    return arb.atan2(y, x)


__all__ = [
    "MISSING",
    "NOT_A_NUMBER",
    "Undecided",
    "atan2",
    "ceil",
    "exp_share",
    "floor",
    "is_zero",
    "larger",
    "log",
    "mod",
    "nearest",
    "nonvanishing",
    "nonzero",
    "power",
    "power_log",
    "power_slope",
    "root_slope",
    "sign",
    "smaller",
    "step",
    "unless_nan",
    "zero_over",
]
