"""Numbers that a float64 can hold, and forms that SymPy can simplify in reasonable time."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache

from sympy import Add, Expr, Mul, Rational, S, acos, acosh, asin, atanh, log
from sympy.codegen.cfunctions import log1p

from symback.operations.balls.scalars import LARGEST_FLOAT, constant, rational
from symback.operations.expressions import postorder

MOST_BITS = 8192  # of an exact rational constant

LARGEST_EXPANDED_POWER = 2048

LARGEST_SIMPLIFIED = 64  # parts of an operand for which SymPy looks for a simpler form
LARGEST_ASKED = 16  # different parts of a root or logarithm that is to be real
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


def undefined_power(base: Expr, power: Expr) -> str | None:
    """Why a power has no real value or no derivative: 1/0, 0**x, (-2)**x."""
    # Asked of constants only: for large expressions SymPy would think for minutes.
    if not base.is_number or not base.is_nonpositive:
        return None
    if power.is_number:
        return _BY_ZERO if base.is_zero and power.is_negative else None
    if base.is_zero:
        return _BY_ZERO if power.is_nonpositive else _ZERO_TO_A_VARIABLE
    return _NEGATIVE_TO_A_VARIABLE


_BY_ZERO = "division by zero"
_ZERO_TO_A_VARIABLE = (
    "a number that is not positive, raised to a variable; write where(x == 0, 1, 0) for 0**x"
)
_NEGATIVE_TO_A_VARIABLE = (
    "a number that is not positive, raised to a variable; write cos(pi*n) for (-1)**n"
)


def not_a_float(expr: Expr) -> str | None:
    """Why an expression that was just made from others can't be in a circuit.

    SymPy makes the imaginary unit of sqrt(-x**2), and infinities where it finds a pole.
    """
    if expr.is_Symbol:
        return None
    if expr.is_number and not expr.is_Rational:
        value = value_of_constant(expr)
        if not value.is_finite():
            return _NOT_REAL
        return _BEYOND_FLOAT if abs(value) > LARGEST_FLOAT else None
    if _is_never_real(expr):
        return _NEVER_REAL
    return next(filter(None, map(_not_a_float_product, Add.make_args(expr))), None)


_NOT_REAL = "not a real number; every value of a circuit is one"
_NEVER_REAL = "not a real number for any values; is a sign wrong?"
_BEYOND_FLOAT = "a constant beyond float64"
_WITH_DOMAIN = (log, log1p, asin, acos, acosh, atanh)


def _is_never_real(expr: Expr) -> bool:
    """Whether SymPy proves that a root or a logarithm has no real value, as sqrt(-1 - x**2)."""
    root = expr.is_Pow and not expr.exp.is_Integer
    if not (root or expr.func in _WITH_DOMAIN) or len(postorder(expr)) > LARGEST_ASKED:
        return False
    return expr.is_extended_real is False or (expr.is_Pow and bool(expr.base.is_negative))


def _not_a_float_product(product: Expr) -> str | None:
    """Why the numbers in a product make none that a float64 is near to."""
    if product.is_Symbol or (product.is_Mul and all(f.is_Symbol for f in product.args)):
        return None
    if product.is_Rational:
        return None if is_float64(product) else _BEYOND_FLOAT
    number, others = product.as_coeff_Mul()
    numbers = [f for f in Mul.make_args(others) if f.is_number]
    if numbers:
        value = abs(value_of_constant(Mul(number, *numbers)))
        if not value.is_finite():
            return _NEVER_REAL
        return _BEYOND_FLOAT if value > LARGEST_FLOAT or 0 < value < SMALLEST_FLOAT else None
    fits = number is S.One or number is S.NegativeOne or is_float64(number)
    return None if fits else _BEYOND_FLOAT


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
    "is_float64",
    "is_large",
    "is_wide",
    "not_a_float",
    "undefined_power",
    "value_of_constant",
]
