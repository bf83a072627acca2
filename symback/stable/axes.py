"""Functions of a length times what was divided by it before: sin(θ)·(r/θ), r/θ behind names.

Rodrigues' formula turns a vector about the axis k = r/θ, θ = ‖r‖, by k × p times sin(θ) and
k·(k·p) times 1 - cos(θ). Both are smooth at r = 0, where k is 0/0.
"""

from __future__ import annotations

from collections.abc import Sequence

from sympy import Expr, Mul, S

from symback.operations import arrays as a
from symback.operations.special import hypotshare
from symback.stable.matching import See, argument, base_and_power, others_of
from symback.stable.ratios import OVER_ARGUMENT

_DEEPEST = 8  # parts inside parts, and names
_LINEAR = (a.slice_, a.reduce_sum, a.expand_dims, a.transpose)
"""Operations that a factor of all entries passes."""


def function_times_axis(see: See, product: Expr) -> Expr | None:
    """h(u)·v/u, where the division by u is behind names and operations that are linear."""
    factors = _opened(see, Mul.make_args(product))
    for factor in factors:
        base, times = base_and_power(factor)
        inner = see(base)
        if inner.func not in OVER_ARGUMENT or not (times.is_Integer and times > 0):
            continue
        number, length = argument(inner).as_coeff_Mul()
        for other in factors:
            power, whole = _without(see, other, length, _DEEPEST)
            if other is not factor and 0 < power <= times:
                part = number * OVER_ARGUMENT[inner.func](argument(inner), S.One)
                left = base ** (times - power) * part**power
                return others_of(factors, factor, other) * left * whole
    return None


def _opened(see: See, factors: Sequence[Expr]) -> list[Expr]:
    """The factors, those of a named product with a function of a length among them."""
    found: list[Expr] = []
    for factor in factors:
        inner = Mul.make_args(see(factor)) if factor.is_Symbol else ()
        of_length = any(see(base_and_power(f)[0]).func in OVER_ARGUMENT for f in inner)
        found += inner if len(inner) > 1 and of_length else [factor]
    return found


def _without(see: See, expr: Expr, length: Expr, depth: int) -> tuple[int, Expr]:
    """(n, w) of w/lengthⁿ; n = 0 where no division by the length is seen."""
    below, power = base_and_power(expr)
    if below in (length, see(length)) and power.is_Integer and power < 0:
        return -int(power), S.One
    if isinstance(expr, hypotshare) and set(expr.args) == set(see(length).args):
        return 1, expr.args[0]
    if not depth or expr == length or expr.is_number:
        return 0, expr
    seen = see(expr)
    if seen is not expr and expr.is_Symbol:
        power, whole = _without(see, seen, length, depth - 1)
        return (power, whole) if power else (0, expr)
    if expr.is_Mul:
        parts = [_without(see, part, length, depth - 1) for part in expr.args]
        return sum(n for n, _ in parts), Mul(*(whole for _, whole in parts))
    if isinstance(expr, a.dot | a.matvec | a.matmul | a.outer):
        parts = [_without(see, part, length, depth - 1) for part in expr.args]
        return sum(n for n, _ in parts), expr.func(*(whole for _, whole in parts))
    if isinstance(expr, _LINEAR):
        power, whole = _without(see, expr.args[0], length, depth - 1)
        return power, expr.func(whole, *expr.args[1:])
    if expr.is_Add or isinstance(expr, a.concat):
        return _of_all(see, expr, length, depth)
    return 0, expr


def _of_all(see: See, expr: Expr, length: Expr, depth: int) -> tuple[int, Expr]:
    """Of a sum, or of arrays behind their axis, what all are divided by."""
    axis, terms = ((), expr.args) if expr.is_Add else (expr.args[:1], expr.args[1:])
    parts = [_without(see, term, length, depth - 1) for term in terms]
    powers = {n for n, whole in parts if whole != 0}
    if len(powers) != 1:
        return 0, expr
    return powers.pop(), expr.func(*axis, *(whole for _, whole in parts))


__all__ = ["function_times_axis"]
