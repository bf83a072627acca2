"""Numbers that a float64 can hold, and forms that SymPy can simplify in reasonable time."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache

from sympy import Expr, Mul, Rational, S

from symback.operations.balls.scalars import LARGEST_FLOAT, constant, rational
from symback.operations.expressions import postorder

MOST_BITS = 8192  # of an exact rational constant

LARGEST_EXPANDED_POWER = 2048

LARGEST_SIMPLIFIED = 64  # parts of an operand for which SymPy looks for a simpler form
LARGEST_COMPARED = 8  # different parts of an operand of min, max or a comparison

value_of_constant = lru_cache(maxsize=2**14)(constant)

LARGEST = 2**1024 - 2**970

SMALLEST = Fraction(1, 2**1075)

SMALLEST_FLOAT = rational(Rational(1, 2**1075))


def huge_power(base: Expr, power: Expr) -> str | None:
    """Why a power is too large to compute; SymPy would go on for minutes."""
    if not power.is_Rational:
        return None
    size = abs(Fraction(int(power.p), int(power.q)))
    numbers = [f for f in Mul.make_args(base) if f.is_number and f not in (S.One, -S.One)]
    if base.is_Rational:
        bits = max(int(base.p).bit_length(), int(base.q).bit_length())
        return "a constant power beyond float64" if bits > 1 and size * bits > MOST_BITS else None
    if numbers and base.is_Mul and size > LARGEST_EXPANDED_POWER:
        return f"a power above {LARGEST_EXPANDED_POWER} of a product with a number in it"
    return None


def is_float64(number: Rational) -> bool:
    """Whether a float64 is near to an exact number: neither too large nor too small for one."""
    if max(int(number.p).bit_length(), int(number.q).bit_length()) > MOST_BITS:
        return False
    size = abs(Fraction(int(number.p), int(number.q)))
    return size == 0 or SMALLEST <= size <= LARGEST


def is_large(operands: Iterable[Expr]) -> bool:
    """Whether SymPy is not to look for simpler forms of min, max and comparisons of these."""
    several = tuple(operands)
    return len(several) > LARGEST_COMPARED or any(
        len(postorder(operand)) > LARGEST_COMPARED for operand in several
    )


def is_beyond_float(product: Expr) -> bool:
    """Whether the numbers in a product make one that no float64 is near to."""
    if product.is_Symbol or (product.is_Mul and all(f.is_Symbol for f in product.args)):
        return False
    if product.is_Rational:
        return not is_float64(product)
    number, others = product.as_coeff_Mul()
    numbers = [f for f in Mul.make_args(others) if f.is_number]
    if numbers:
        value = abs(value_of_constant(Mul(number, *numbers)))
        return bool(value > LARGEST_FLOAT or 0 < value < SMALLEST_FLOAT)
    return not (number is S.One or number is S.NegativeOne or is_float64(number))


def is_wide(expr: Expr) -> bool:
    """Whether there are too many parts to look for a simpler form; shared ones count again."""
    stack, count = [expr], 0
    while stack and count <= LARGEST_SIMPLIFIED:
        operands = stack.pop().args
        count += 1 + len(operands)
        stack += operands[:LARGEST_SIMPLIFIED]
    return count > LARGEST_SIMPLIFIED


__all__ = [
    "LARGEST",
    "MOST_BITS",
    "SMALLEST",
    "huge_power",
    "is_beyond_float",
    "is_float64",
    "is_large",
    "is_wide",
    "value_of_constant",
]
