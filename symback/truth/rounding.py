"""How far a float64 evaluation of a program may be from the truth: running error bounds.

Each line is evaluated in ball arithmetic, and each operation widens its ball by what rounding
may add: so the last balls enclose every result that correct code can give (Wilkinson's running
error analysis, with the nonlinear terms kept). An error outside them is not rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from flint import arb
from sympy import Expr, Piecewise, Symbol

from symback.circuits.program import Assign, Program, batch_sum
from symback.operations.balls.functions import NOT_A_NUMBER, is_zero, power
from symback.operations.balls.scalars import (
    Steps,
    choose,
    counting_symbols,
    evaluate,
    product,
    steps,
)
from symback.operations.edges import (
    nonvanishing,
    nonzero,
    over_square,
    power_slope,
    root_slope,
    unless_nan,
    zero_or_nan,
)
from symback.operations.elementwise import EXACT, elementary
from symback.operations.forms import place

SymbolRows = Sequence[Sequence[Symbol]]

UNIT = 2.0**-53
SUBNORMAL = 2.0**-1074
ARITHMETIC = 2.0  # units that a sum, product or quotient may be off by
FUNCTION = 8.0  # units for a function: 4 ULP
_EXACT = (*EXACT, nonzero, nonvanishing, zero_or_nan, unless_nan)


@dataclass(frozen=True, slots=True)
class Range:
    """The magnitudes that numbers have."""

    smallest: float
    largest: arb


FLOAT64 = Range(SUBNORMAL, arb(10) ** 305)
UNLIMITED = Range(0.0, arb("inf"))
"""Code that shifts the operand of exp keeps within float64 where a definition does not."""


class OutOfRange(ArithmeticError):
    """A value on the way is beyond float64, so no float64 code can follow."""


@dataclass(slots=True)
class Undefined:
    """Lines without a finite ball: for certain, whatever rounding does, or beyond float64."""

    certain: set[Symbol] = field(default_factory=set)
    beyond: set[Symbol] = field(default_factory=set)
    of_adjoints: bool = False  # 0 times what is beyond float64 must be 0, as it is of a dead branch


def widened(value: arb, units: float, smallest: float) -> arb:
    """The ball with room for rounding and underflow; an exact zero stays exact."""
    if is_zero(value):
        return value
    room = units * UNIT * abs(value).abs_upper()
    if smallest:
        room = room + units * smallest
    return value + arb(0, room)


def enclosures(
    program: Program,
    point: Mapping[Symbol, float | arb],
    unlimited: Collection[Symbol] = (),
    factorised: Sequence[SymbolRows] = (),
    undefined: Undefined | None = None,
    norms: Mapping[Symbol, Symbol] | None = None,
    enclosed: Mapping[Symbol, arb] | None = None,
) -> dict[Symbol, arb]:
    """A ball for every symbol of a program at a point, the batch being one sample.

    Raises OutOfRange where float64 overflows, Undecided where rounding may change a branch. With
    `undefined`, which is added to, what overflows has no finite ball instead. Lines
    in `unlimited` have no range. An entry of a matrix in `factorised` may be off by some units of
    the largest entry in its row and column: a factorisation with pivots is exact for such a matrix
    (Higham 2002, "Accuracy and Stability of Numerical Algorithms", theorem 9.3). `norms` has the
    adjoints of sums of squares and those of their roots: code has x/‖x‖, which may be subnormal,
    times the latter. `enclosed` has balls of lines that are known from a call before.
    """
    values: dict[Symbol, arb] = {s: arb(point[s]) for s in program.arguments}
    if undefined is not None:
        given = {s for s, v in point.items() if not isinstance(v, arb) and math.isnan(v)}
        undefined.certain.update(given)
    order_of = {line.target: number for number, line in enumerate(program.lines)}
    complete: dict[Symbol, list[SymbolRows]] = {}
    for matrix in factorised:
        if known := [s for row in matrix for s in row if s in order_of]:
            complete.setdefault(max(known, key=lambda s: order_of[s]), []).append(matrix)
    for line in program.lines:
        if enclosed and line.target in enclosed:
            values[line.target] = enclosed[line.target]
            continue
        limits = UNLIMITED if line.target in unlimited else FLOAT64
        if undefined is None:
            values[line.target] = _line(line.expr, values, limits, {})
        else:
            values[line.target] = _line_if_any(line, values, limits, undefined)
        for root in [norms[s] for s in line.reads if norms and s in norms]:
            lost = ARITHMETIC * FLOAT64.smallest * abs(values[root]).abs_upper()
            values[line.target] = values[line.target] + arb(0, lost)
        for matrix in complete.get(line.target, ()):
            values.update(_perturbed(matrix, values))
    return values


@lru_cache(maxsize=2**14)
def meaning_of_line(expr: Expr) -> Expr:
    """The line in SymPy's own functions, the batch being one sample."""
    return elementary(expr.replace(batch_sum, lambda value: value))


def _perturbed(matrix: SymbolRows, values: Mapping[Symbol, arb]) -> dict[Symbol, arb]:
    """The entries of a matrix, as far off as those that its factorisation is exact for."""
    sizes = [[abs(values.get(s, arb(0))).abs_upper() for s in row] for row in matrix]
    largest_of_columns = [max(column) for column in zip(*sizes, strict=True)]
    wide = {}
    for row, own in zip(matrix, sizes, strict=True):
        for entry, largest in zip(row, largest_of_columns, strict=True):
            if entry in values:
                room = ARITHMETIC * UNIT * len(matrix) * max(largest, *own)
                wide[entry] = values[entry] + arb(0, room)
    return wide


def _line(expr: Expr, symbols: Mapping[Symbol, arb], limits: Range, done: dict[Any, arb]) -> arb:
    found: list[arb] = []
    for part, rule, places in _steps(expr):
        if rule is None:
            value = symbols[part]
        else:
            value = _in_range(rule([found[i] for i in places], done, limits), limits)
        found.append(value)
        done[part] = value
    return found[-1]


def _line_if_any(
    line: Assign, symbols: Mapping[Symbol, arb], limits: Range, undefined: Undefined
) -> arb:
    """The ball of a line, with a note in `undefined` where it has none that is finite."""
    done: dict[Any, arb] = {}
    beyond = False
    found: list[arb] = []
    for part, rule, places in _steps(line.expr):
        try:
            if rule is None:
                value = symbols[part]
            else:
                value = _in_range(rule([found[i] for i in places], done, limits), limits)
        except OutOfRange:
            value, beyond = NOT_A_NUMBER, True
        found.append(value)
        done[part] = value
    if not value.is_finite():
        counting = counting_symbols(line.expr, done)
        lost = {s for s in counting if not done[s].is_finite()}
        if lost & undefined.certain or (
            undefined.of_adjoints
            and not beyond
            and lost
            and lost <= undefined.beyond
            and _is_zero_times(line.expr, lost, symbols)
        ):
            undefined.certain.add(line.target)
        elif beyond or lost & undefined.beyond:
            undefined.beyond.add(line.target)
        elif not lost and _is_undefined_everywhere(line.expr, counting, symbols):
            undefined.certain.add(line.target)
    return value


def _is_undefined_everywhere(
    expr: Expr, counting: Collection[Symbol], symbols: Mapping[Symbol, arb]
) -> bool:
    """Whether the line has no value in the middle of its operands' balls and at their ends."""
    ends = (lambda b: b.mid(), lambda b: arb(b.lower()), lambda b: arb(b.upper()))
    for end in ends:
        values: dict[Any, arb] = {s: end(symbols[s]) for s in counting}
        values.update((s, symbols[s]) for s in expr.free_symbols if s not in values)
        if evaluate(meaning_of_line(expr), values).is_finite():
            return False
    return True


def _is_zero_times(expr: Expr, lost: Collection[Symbol], symbols: Mapping[Symbol, arb]) -> bool:
    """Whether the line would be the same whatever its operands beyond float64 are: 0·∞."""
    values = []
    for exponent in (2000, 2500):
        at: dict[Any, arb] = {s: symbols[s] for s in expr.free_symbols}
        at.update(dict.fromkeys(lost, arb(2) ** exponent))
        values.append(evaluate(meaning_of_line(expr), at))
    return bool(values[0].is_finite() and values[0] == values[1])


def _in_range(value: arb, limits: Range) -> arb:
    if value.is_finite() and abs(value).abs_upper() > limits.largest:
        raise OutOfRange
    return value


_Rule = Callable[[list[arb], Mapping[Any, arb], Range], arb]


@lru_cache(maxsize=2**14)
def _steps(expr: Expr) -> Steps[_Rule | None]:
    return steps(expr, _rule)


def _rule(part: Expr) -> _Rule | None:
    """What computes a part with its rounding; None of a symbol."""
    if part.is_Symbol:
        return None
    if isinstance(part, batch_sum):
        return lambda args, done, limits: args[0]
    if part.is_number:
        meaning = part if part.is_Rational else elementary(part)
        if _is_float(part):
            number = evaluate(meaning, {})  # the same at every precision
            return lambda args, done, limits: number
        return lambda args, done, limits: _number(meaning, limits)
    if isinstance(part, Piecewise):
        return lambda args, done, limits: choose(part, done)
    if isinstance(part, over_square):
        return lambda args, done, limits: _over_square(args, limits)
    if part.is_Add:
        return lambda args, done, limits: _sum(args)
    if part.is_Mul:
        return lambda args, done, limits: _rounded_product(args, limits)
    return lambda args, done, limits: _operation(part, args, limits)


def _number(meaning: Expr, limits: Range) -> arb:
    return widened(evaluate(meaning, {}), ARITHMETIC, limits.smallest)


def _over_square(args: list[arb], limits: Range) -> arb:
    return _rounded(_rounded(args[0] / args[1], limits) / args[1], limits)


def _operation(part: Expr, args: list[arb], limits: Range) -> arb:
    if part.is_Pow and part.exp == 2 and args[0].is_finite():
        return _rounded(args[0] ** 2, limits)
    if isinstance(part, power_slope | root_slope) and not is_zero(args[0]):
        return _power_slope(args[0], args[1], limits)
    value = _apply(part, args)
    if part.func in _EXACT:
        return value
    value = widened(value, FUNCTION, limits.smallest)
    return value + arb(0, _room_by_size(part, args)) if hasattr(part, "terms_size") else value


def _power_slope(base: arb, exponent: arb, limits: Range) -> arb:
    """b·a^(b − 1): what b − 1 rounds counts log(a) times."""
    less = _sum([exponent, arb(-1)])
    return _rounded(exponent * widened(power(base, less), FUNCTION, limits.smallest), limits)


def _room_by_size(part: Expr, args: list[arb]) -> arb:
    """What a difference of larger parts may be off by where they nearly cancel, being finite."""
    if not all(a.is_finite() for a in args):
        return arb(0)
    places = tuple(place(i) for i in range(len(args)))
    values: dict[Any, arb] = dict(zip(places, args, strict=True))
    size = evaluate(elementary(part.func.terms_size(*places)), values)
    return FUNCTION * UNIT * abs(size).abs_upper()


def _rounded_product(args: list[arb], limits: Range) -> arb:
    """Two factors round once; of more, the order is not known: any part may be the first."""
    whole = product(args)
    if len(args) == 2:
        return _rounded(whole, limits)
    if any(is_zero(a) for a in args):
        return whole
    largest = arb(1)  # what the other factors may make of a part that underflows
    for factor in args:
        largest = largest * abs(factor).abs_upper().max(arb(1))
    _in_range(largest, limits)
    underflow = limits.smallest * largest
    room = ARITHMETIC * len(args) * (UNIT * abs(whole).abs_upper() + underflow)
    return whole + arb(0, room)


def _rounded(value: arb, limits: Range) -> arb:
    """The result of one product: what a float64 holds exactly is not rounded."""
    return value if _fits(value) else widened(value, ARITHMETIC, limits.smallest)


def _fits(value: arb) -> bool:
    if not (value.is_exact() and value.is_finite()):
        return False
    mantissa, exponent = (int(part) for part in value.mid().man_exp())
    bits = mantissa.bit_length()
    return bits <= 53 and exponent >= -1074 and bits + exponent <= 1024


def _is_float(number: Expr) -> bool:
    """Whether the constant is a float64: a whole number of 53 bits over a power of two."""
    if not number.is_Rational:
        return False
    return number.q & (number.q - 1) == 0 and int(abs(number.p)).bit_length() <= 53


def _sum(args: list[arb]) -> arb:
    """Two terms round once; of more, the order is not known, so each partial sum counts."""
    total = sum(args[1:], args[0])
    if all(a.is_exact() and a.is_finite() for a in args) and _fit_in_any_order(args):
        return total
    if len(args) == 2:
        return widened(total, ARITHMETIC, 0.0)
    size = sum((abs(a).abs_upper() for a in args), arb(0))
    return total + arb(0, ARITHMETIC * UNIT * len(args) * size)


def _fit_in_any_order(args: list[arb]) -> bool:
    """Whether every partial sum is a float64: all terms are multiples of one 2^k and add up below
    2^(k + 53)."""
    parts = [tuple(map(int, a.mid().man_exp())) for a in args if a != 0]
    if not parts:
        return True
    lowest = min(exponent for _, exponent in parts)
    if lowest < -1074 or max(exponent for _, exponent in parts) - lowest > 53:
        return False
    return sum(abs(mantissa) << (exponent - lowest) for mantissa, exponent in parts) <= 2**53


def _apply(part: Expr, args: list[arb]) -> arb:
    """The function of the operands' balls, by its definition in SymPy's own functions."""
    if not args:
        return NOT_A_NUMBER
    kept = tuple(o if _is_float(o) else None for o in part.args)
    meaning, places = _definition(part.func, kept)
    values: dict[Any, arb] = dict(zip(places, args, strict=True))
    return evaluate(meaning, values)


@lru_cache(maxsize=2**10)
def _definition(func: Any, kept: tuple[Expr | None, ...]) -> tuple[Expr, tuple[Symbol, ...]]:
    """The function in SymPy's own functions over symbols, and these.

    Operands that are given stay: an exact exponent, as in x**2, must.
    """
    places = tuple(Symbol(f"operand_{i}", real=True) for i in range(len(kept)))
    meaning = elementary(func(*places))
    exact = {p: operand for p, operand in zip(places, kept, strict=True) if operand is not None}
    return meaning.xreplace(exact), places
