"""SymPy expressions in ball arithmetic: every value comes with a proven error bound.

A ball is a midpoint and a radius; each operation widens the radius so that the true value stays
inside (Johansson 2017, "Arb: efficient arbitrary-precision midpoint-radius interval arithmetic").
So a precision is known to suffice, or known not to, and never guessed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, TypeVar

import sympy as sp
from flint import arb, ctx, fmpq, fmpz
from sympy import Eq, Expr, Heaviside, Mul, Piecewise, S, Symbol
from sympy.core.relational import Relational
from sympy.functions.special.delta_functions import DiracDelta
from sympy.logic.boolalg import ITE, And, Not, Or

from symback.errors import Unsupported
from symback.operations import edges
from symback.operations.balls import functions
from symback.operations.balls.functions import MISSING, NOT_A_NUMBER, Undecided, is_zero, sign, step
from symback.operations.elementwise import OPS, elementary
from symback.operations.expressions import postorder

LARGEST_FLOAT = arb(fmpz(2**1024 - 2**970))


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Evaluate with so many bits inside the block."""
    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before


def rational(number: Any) -> arb:
    return arb(fmpq(int(number.p), int(number.q)))


_Rule = Callable[[list[arb], MutableMapping[Expr, arb]], arb]
AnyRule = TypeVar("AnyRule")
Steps = tuple[tuple[Expr, AnyRule, tuple[int, ...]], ...]
"""The parts of an expression, operands first, with what computes each and its operands' places."""

_FUNCTIONS: dict[Any, Callable[..., arb]] = {
    **{op.head: op.enclosure for op in OPS.values() if op.enclosure is not None},
    sp.erfc: functions.erfc,  # what an operation of ours means
    sp.cot: arb.cot,  # in SymPy's derivative of log(sin(u))
    # Derivatives of kinks in SymPy's diff, by the conventions of `symback.operations.elementwise`.
    Heaviside: lambda x, *half: step(x),
    DiracDelta: lambda x, *order: arb(0),
    edges.power_slope: functions.power_slope,
    edges.root_slope: functions.root_slope,
    edges.power_log: functions.power_log,
    edges.exp_share: functions.exp_share,
    edges.nonzero: functions.nonzero,
    edges.over_root: lambda v: arb("inf") if is_zero(v) else 1 / v,
    edges.nonvanishing: functions.nonvanishing,
    edges.zero_over: functions.zero_over,
    edges.zero_or_nan: lambda v: functions.unless_nan(arb(0), v),
    edges.unless_nan: functions.unless_nan,
}

_CONSTANTS: dict[Any, Callable[[], arb]] = {
    S.Pi: arb.pi,
    S.Exp1: arb.const_e,
    **{
        outside: lambda: NOT_A_NUMBER  # a constant left the real numbers
        for outside in (
            S.ImaginaryUnit,
            S.ComplexInfinity,
            S.Infinity,
            S.NegativeInfinity,
            S.NaN,
        )
    },
}


def ball_of(number: float) -> arb:
    """The exact ball of a float, and what is missing where it is NaN."""
    return MISSING if number != number else arb(number)


def evaluate(expr: Expr, values: MutableMapping[Expr, arb]) -> arb:
    """The value of an expression in SymPy's own functions; `values` holds the symbols' balls.

    Subexpressions are added to `values`, so a second expression over the same ones is cheap.
    What is NaN for certain is MISSING. Raises Undecided where a branch can't be chosen at
    this precision.
    """
    found: list[arb] = []
    for part, rule, places in steps_of(expr):
        value = values.get(part)
        if value is None:
            value = rule([found[i] for i in places], values)
            value = MISSING if value.is_nan() and _is_missing(part, values) else value
            values[part] = value
        found.append(value)
    return found[-1]


def _is_missing(part: Expr, values: Mapping[Expr, arb]) -> bool:
    """Whether it is computed from what is missing, or lies outside a domain for certain."""
    if isinstance(part, Piecewise):
        return values.get(taken(part, values)) is MISSING
    args = [values[a] for a in part.args]
    if any(a is MISSING for a in args):
        return True
    if part.is_Mul:  # 0/0
        below = any(a.is_Pow and a.exp.is_negative and is_zero(values[a.base]) for a in part.args)
        return below and any(map(is_zero, args))
    if part.is_Pow:
        return bool(args[0] < 0) and not part.exp.is_integer
    outside = _OUTSIDE.get(part.func)
    return outside is not None and bool(outside(args[0]))


_OUTSIDE: dict[Any, Callable[[arb], bool]] = {
    sp.log: lambda u: u < 0,
    sp.asin: lambda u: abs(u) > 1,
    sp.acos: lambda u: abs(u) > 1,
    sp.acosh: lambda u: u < 1,
    sp.atanh: lambda u: abs(u) > 1,
}
"""Where functions of real numbers have no value, poles aside."""


@lru_cache(maxsize=2**15)
def order(expr: Expr) -> tuple[Expr, ...]:
    """The parts that have a value, operands first: kept, as a check evaluates at many points."""
    return tuple(part for part in postorder(expr) if isinstance(part, Expr))


def steps(expr: Expr, rule_of: Callable[[Expr], AnyRule]) -> Steps[AnyRule]:
    """The parts in order, what computes each, and the places of its operands among them.

    To be kept, as `order` is: it asks SymPy but once what a part is.
    """
    places = {part: place for place, part in enumerate(order(expr))}
    return tuple(
        (part, rule_of(part), tuple(places[a] for a in part.args if a in places)) for part in places
    )


@lru_cache(maxsize=2**15)
def steps_of(expr: Expr) -> Steps[_Rule]:
    return steps(expr, _rule)


def _rule(part: Expr) -> _Rule:
    """What computes a part from the balls of its operands, and from those of all parts so far."""
    if part.is_Rational:
        return lambda args, values: rational(part)
    constant = _CONSTANTS.get(part)
    if constant is not None:
        return lambda args, values: constant()
    if isinstance(part, Piecewise):
        return lambda args, values: choose(part, values)
    if part.is_Add:
        return _sum_rule(part)
    if part.is_Mul:
        return _product_rule(part)
    if part.is_Pow and part.exp == S.Half:
        return lambda args, values: args[0].sqrt()
    function = functions.power if part.is_Pow else _FUNCTIONS.get(part.func)
    if function is not None:
        return lambda args, values: function(*args)
    return lambda args, values: _by_meaning(part, values)


def _sum_rule(part: Expr) -> _Rule:
    """Over one denominator if numbers are exact, so that x/3 - 2/3 is 0 at x = 2."""
    weighed = [term.as_coeff_Mul() for term in part.args]
    below = math.lcm(*(int(weight.q) for weight, _ in weighed if weight.is_Rational))
    if below == 1:
        return lambda args, values: sum(args[1:], args[0])
    if not all(weight.is_Rational for weight, _ in weighed):
        return lambda args, values: sum(args[1:], args[0])
    above = [rational(weight * below) for weight, _ in weighed]
    factors = [() if rest is S.One else Mul.make_args(rest) for _, rest in weighed]

    def rule(args: list[arb], values: MutableMapping[Expr, arb]) -> arb:
        balls = [[values[f] for f in of] for of in factors]
        if not all(ball.is_exact() for of in balls for ball in of):
            return sum(args[1:], args[0])
        terms = [product([w, *of]) for w, of in zip(above, balls, strict=True)]
        return sum(terms[1:], terms[0]) / below

    return rule


def _product_rule(part: Expr) -> _Rule:
    """With a division at last, so that x/10 is exact where it can be."""
    weight, rest = part.as_coeff_Mul()
    if not weight.is_Rational or weight.q == 1 or len(rest.args) + 1 != len(part.args):
        return lambda args, values: product(args)
    return lambda args, values: product(args[1:]) * int(weight.p) / int(weight.q)


def _by_meaning(part: Expr, values: MutableMapping[Expr, arb]) -> arb:
    """The value of an operation inside a condition."""
    meaning = elementary(part)
    if meaning == part:
        raise Unsupported(f"no numeric evaluation for '{part.func.__name__}'")
    return evaluate(meaning, values)


def product(factors: Sequence[arb]) -> arb:
    found = factors[0]
    for factor in factors[1:]:
        found = found * factor
    return found


def choose(part: Piecewise, values: Mapping[Expr, arb]) -> arb:
    """The value of the branch that is taken; NaN where a condition compares NaN.

    Of 0 where an adjoint is 0, and its product elsewhere, the product, if both may be 0: the terms
    of an adjoint can cancel at every precision, as in Black and Scholes's formula.
    """
    try:
        branch = taken(part, values)
    except Undecided:
        (least, condition), *others = part.args
        product = values[others[0].expr] if len(others) == 1 else NOT_A_NUMBER
        is_around_zero = product.is_finite() and product.contains(0)
        if least != 0 or not isinstance(condition, Eq) or not is_around_zero:
            raise
        return product
    return NOT_A_NUMBER if branch is None else values[branch]


def taken(part: Piecewise, values: Mapping[Expr, arb]) -> Expr | None:
    """The branch that is taken; None where none is, or a condition compares what may be a number.

    A comparison with what is NaN for certain does not hold, except for ≠.
    """
    for expr, condition in part.args:
        holds = _holds(condition, values)
        if holds is None:
            return None
        if holds:
            branch: Expr = expr
            return branch
    return None


def counting_symbols(
    expr: Expr, values: Mapping[Any, arb], conditions: bool = False
) -> set[Symbol]:
    """The symbols outside branches that are not taken.

    Those of conditions only if asked for, or where a condition has no answer.
    """
    found: set[Symbol] = set()
    for part in counting_parts(expr, values):
        if part.is_Symbol:
            found.add(part)
        elif isinstance(part, Piecewise) and (conditions or taken(part, values) is None):
            found |= {s for _, condition in part.args for s in condition.free_symbols}
    return found


def counting_parts(expr: Expr, values: Mapping[Any, arb], beaten: bool = True) -> Iterator[Any]:
    """The parts outside conditions and branches that are not taken, the expression itself first.

    Those of arguments that a larger one of max beats, or a smaller one of min, only with `beaten`.
    """
    seen: set[Any] = set()
    open_parts: list[Any] = [expr]
    while open_parts:
        part = open_parts.pop()
        if part in seen:
            continue
        seen.add(part)
        yield part
        if isinstance(part, Piecewise):
            branch = taken(part, values)
            open_parts += [] if branch is None else [branch]
        elif isinstance(part, (sp.Max, sp.Min)) and not beaten:
            open_parts += [a for a in part.args if (values[a] - values[part]).contains(0)]
        else:
            open_parts += part.args


def _holds(condition: Any, values: Mapping[Expr, arb]) -> bool | None:
    """Whether the condition holds; None where an operand is not a number."""
    if condition in (True, False, S.true, S.false):
        return bool(condition)
    if isinstance(condition, Not):
        inner = _holds(condition.args[0], values)
        return None if inner is None else not inner
    if isinstance(condition, And | Or):
        inner_values = [_holds(c, values) for c in condition.args]
        decisive = isinstance(condition, Or)
        if decisive in inner_values:  # whatever the others are
            return decisive
        return None if None in inner_values else not decisive
    if isinstance(condition, ITE):  # what SymPy makes of a choice inside a comparison
        first, yes, no = condition.args
        chosen = _holds(first, values)
        return None if chosen is None else _holds(yes if chosen else no, values)
    if isinstance(condition, Relational):
        left, right = values[condition.lhs], values[condition.rhs]
        if left is MISSING or right is MISSING:
            return bool(condition.rel_op == "!=")
        difference = left - right
        if left is right and left.is_finite():  # max(a, b) is a, where a is larger
            difference = arb(0)
        if difference.is_nan():
            return None
        if condition.rel_op in ("==", "!="):
            equal = is_zero(difference)
            if not equal and difference.contains(0):
                raise Undecided
            return equal is bool(condition.rel_op == "==")
        # sign() raises Undecided where the ball straddles zero
        at = sign(difference)
        return {">": at > 0, ">=": at >= 0, "<": at < 0, "<=": at <= 0}[condition.rel_op]
    raise Unsupported(f"no numeric evaluation for the condition '{condition}'")


def constant(expr: Expr, bits: int = 80) -> arb:
    """A constant expression's value with at least `bits` correct bits, or a NaN ball."""
    meaning = elementary(expr)
    for prec in (bits + 40, 4 * bits, 16 * bits, 64 * bits):
        with precision(prec):
            try:
                value = evaluate(meaning, {})
            except Undecided:
                continue
            if not value.is_finite() or value.rel_accuracy_bits() >= bits or is_zero(value):
                return value
    return NOT_A_NUMBER


def nearest_float(value: arb) -> float:
    """The float64 nearest to the ball's midpoint; infinite beyond the largest."""
    if not value.is_finite():
        at = float(value.mid())
        return at if value.rad().is_finite() else float("nan")  # ∞ by a wide factor is ∞
    mantissa, exponent = value.mid().man_exp()
    if int(mantissa) == 0:
        return 0.0
    m, e = int(mantissa), int(exponent)
    if m.bit_length() + e > 1024:
        return float("inf") if m > 0 else float("-inf")
    if m.bit_length() + e < -1080:
        return 0.0
    return _round(m, e)


def _round(m: int, e: int) -> float:
    """m*2**e rounded to nearest even, subnormal results included (int/int division rounds so)."""
    try:
        return m * (1 << e) / 1 if e >= 0 else m / (1 << -e)
    except OverflowError:
        return float("inf") if m > 0 else float("-inf")
