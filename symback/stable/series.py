"""Formulas of one number whose terms cancel as it nears 0: a polynomial near 0, themselves beyond.

(x - sin(x))/x³ and 1/x - 1/sin(x) lose all digits of value or slope near 0, and are 0/0 there.
Which formulas do is found by what rounding does to them close to 0. The polynomial interpolates the
formula, known to many digits, at Chebyshev's points, and is proven to be as near to it as floats
distinguish.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import sympy as sp
from flint import arb, fmpq
from sympy import Expr, Piecewise, Rational, S
from sympy.codegen.cfunctions import log1p

from symback.errors import Unsupported
from symback.operations.balls.functions import Undecided, is_zero
from symback.operations.balls.scalars import evaluate, nearest_float, precision
from symback.operations.edges import plainly
from symback.operations.elementwise import BY_HEAD, elementary
from symback.operations.expressions import postorder, real_symbol
from symback.operations.polynomials import horner
from symback.stable.common_argument import is_analytic, over_common_argument
from symback.stable.scaling import scaled, value_at

RADII = tuple(Rational(n, 8) for n in (24, 16, 12, 8, 6, 4, 3, 2, 1))
"""Up to which the polynomial may be used, the largest first."""
LARGEST_DEGREE = 24
LARGEST = 40  # parts of a formula
BITS = 1200
CLOSE = arb(2) ** -20
LOST = 2**10  # units, close to 0, above which digits are lost
NEAR = arb(2) ** -57  # of the polynomial to the formula, relative
HIGHEST_ORDER = 6
_U = real_symbol("argument")


class Series(NamedTuple):
    """uᵐ·(c₀ + c₁·v + c₂·v² + …) for |u| < r, with v = u, or v = u² for an even series."""

    order: int
    is_even: bool
    radius: Rational
    coefficients: tuple[Rational, ...]

    def of(self, u: Expr, factor: Expr = S.One) -> Expr:
        inside = u**2 if self.is_even else u
        return factor * u**self.order * horner(inside, *self.coefficients)

    def of_square(self, v: Expr) -> Expr:
        """The same of v = u², where both the series and its order are even."""
        return v ** (self.order // 2) * horner(v, *self.coefficients)


KEPT = Series(0, False, S.Zero, ())
"""That of a form which keeps its digits."""


def with_series(expr: Expr, scales: bool = False) -> Expr:
    """The expression with a series near 0 for each of its largest parts that need one.

    Parts of several numbers without a common argument are looked at if `scales` is given.
    """
    symbols = expr.free_symbols
    if not symbols or not expr.args or isinstance(expr, Piecewise):
        return expr
    if may_cancel(expr) and may_cancel_anywhere(expr):
        found = _chosen(expr, scales)
        if found is not None:
            return found
    if not (expr.is_Mul or expr.is_Add) or len(symbols) == 1:
        return _rebuilt(expr, [with_series(a, scales) for a in expr.args])
    groups: dict[Any, list[Expr]] = {}
    made = []
    for operand in expr.args:
        own = operand.free_symbols
        if len(own) == 1:
            groups.setdefault(next(iter(own)), []).append(operand)
        else:
            made.append(with_series(operand, scales))
    for of in groups.values():
        made.append(with_series(expr.func(*of), scales))
    return _rebuilt(expr, made)


def _rebuilt(expr: Expr, args: Sequence[Expr]) -> Expr:
    same = len(args) == len(expr.args) and set(args) == set(expr.args)
    return expr if same else expr.func(*args)


def _chosen(part: Expr, scales: bool) -> Expr | None:
    """The series near 0 and the part itself elsewhere, or the part where it needs none.

    None where that is not known, as the part is not analytic at 0.
    """
    factor, u, form = S.One, next(iter(part.free_symbols)), part
    if len(part.free_symbols) > 1:
        found = over_common_argument(part, _U)
        if found is None:
            return _scaled(part) if scales else None
        factor, u, form = found
    series = _series(form.xreplace({s: _U for s in form.free_symbols}))
    if series is None or series is KEPT:
        return None if series is None else part
    closer = sp.Abs(u) < series.radius
    return Piecewise((series.of(u, factor), closer), (part, True), evaluate=False)


def _scaled(part: Expr) -> Expr | None:
    """The same of a part that is powers of several numbers times a function of one quotient."""
    for factor, u, form, positive in scaled(part, _U):
        series = _series(form)
        if series is None or series is KEPT:
            continue
        closer = sp.And(sp.Abs(u) < series.radius, *(s > 0 for s in positive))
        return Piecewise((series.of(u, factor), closer), (part, True), evaluate=False)
    return None


def series_near_zero(form: Expr, u: Expr) -> Series | None:
    """The series of a formula of one number that loses digits near 0, None of any other."""
    found = _series(form.xreplace({u: _U}))
    return None if found is KEPT else found


def may_cancel(part: Expr) -> bool:
    """Whether it is an analytic function that divides, takes a logarithm, or adds up."""
    met = list(postorder(part))
    return (
        len(met) <= LARGEST
        and all(p.is_Symbol or p.is_number or p.is_Add or p.is_Mul or is_analytic(p) for p in met)
        and any(_is_worth_a_look(p) for p in met)
    )


def may_cancel_anywhere(expr: Expr) -> bool:
    """Whether any part is worth a look, and the whole is not a polynomial or quotient of these."""
    met = [p for p in postorder(expr) if isinstance(p, Expr)]
    if not any(is_analytic(p) and not (p.is_Pow and p.exp.is_Integer) for p in met):
        return False
    return any(_is_worth_a_look(p) for p in met)


def may_be_scaled(formula: Expr) -> bool:
    """Whether a sum has functions in its terms, or operands of a function a name in common."""
    with_functions = set[Any]()
    for part in postorder(formula):
        found = not with_functions.isdisjoint(part.args)
        if (found and part.is_Add) or _has_shared(part):
            return len(formula.free_symbols) > 1
        if found or part.is_Function or (part.is_Pow and not part.exp.is_Integer):
            with_functions.add(part)
    return False


def _is_worth_a_look(part: Expr) -> bool:
    """Whether it divides, takes a logarithm, or adds up what is not a polynomial."""
    if part.is_Add:
        return any(is_analytic(p) and not (p.is_Pow and p.exp.is_positive) for p in part.args) or (
            any(is_analytic(p) and not p.is_Pow for p in postorder(part))
        )
    divides = part.is_Pow and part.exp.is_negative and part.free_symbols
    return bool(divides) or isinstance(part, sp.log | log1p) or _has_shared(part)


def _has_shared(part: Expr) -> bool:
    """Whether operands of a function have a name in common."""
    if len(part.args) < 2 or part.is_Pow or part.func not in BY_HEAD:
        return False
    names = [a.free_symbols for a in part.args]
    return len(set().union(*names)) < sum(map(len, names))


@lru_cache(maxsize=2**10)
def _series(form: Expr) -> Series | None:
    """The series of a form that loses digits near 0.

    Kept, as many parts of a large circuit have one form.
    """
    u, meaning = _U, elementary(form)
    with precision(BITS):
        order = _order_at_zero(meaning, u)
        if order is None:
            return None
        if not _loses_digits(form, u):
            return KEPT
        is_even = _is_even(meaning, u, order)
        for radius in RADII:
            found = _fitted(meaning, u, order, is_even, radius)
            if found is not None:
                return found
    return None


def _order_at_zero(form: Expr, u: Expr) -> int | None:
    """m where the formula is c·uᵐ at 0 from both sides; None where it is something else."""
    orders = []
    for sign in (1, -1):
        near = [value_at(form, {u: sign * arb(2) ** -k}) for k in (60, 61)]
        if any(not v.is_finite() or v.contains(0) for v in near):
            return None
        growth = float((near[0] / near[1]).log() / arb(2).log())
        orders.append(round(growth))
        if abs(growth - orders[-1]) > 1e-9 or not 0 <= orders[-1] <= HIGHEST_ORDER:
            return None
    same = orders[0] == orders[1]
    return orders[0] if same else None


def _is_even(form: Expr, u: Expr, order: int) -> bool:
    """Whether the formula over uᵐ is an even function."""
    for at in (arb(fmpq(3, 16)), arb(fmpq(1, 9))):
        right, left = value_at(form, {u: at}), (-1) ** order * value_at(form, {u: -at})
        if not right.is_finite() or not abs(right - left) < abs(right) * arb(2) ** -200:
            return False
    return True


# -- the polynomial --------------------------------------------------------------------------------


def _fitted(form: Expr, u: Expr, order: int, is_even: bool, radius: Rational) -> Series | None:
    """The polynomial up to a radius, None where none of a small degree is near enough."""
    r = arb(fmpq(int(radius.p), int(radius.q)))
    low, high = (arb(0), r * r) if is_even else (-r, r)

    def over_power(v: arb) -> arb:
        at = v.sqrt() if is_even else v
        return value_at(form, {u: at}) / at**order

    count = LARGEST_DEGREE + 8
    angles = [arb.pi() * (2 * k + 1) / (2 * count) for k in range(count)]
    middle, half = (low + high) / 2, (high - low) / 2
    values = [over_power(middle + half * a.cos()) for a in angles]
    if any(not v.is_finite() for v in values):
        return None
    smallest = min(values, key=lambda v: float(abs(v)))
    if any(not v * smallest > 0 for v in values):
        return None
    weights = [
        2 * sum((v * (j * a).cos() for v, a in zip(values, angles, strict=True)), arb(0)) / count
        for j in range(count)
    ]
    weights[0] /= 2
    enough = abs(smallest) * NEAR / 16
    degree = next(
        (j for j in range(count) if all(abs(w) < enough for w in weights[j + 1 :])), count
    )
    if degree > LARGEST_DEGREE:
        return None
    coefficients = _monomials(weights[: degree + 1], middle, half)
    if sum(
        (abs(c) * max(abs(low), abs(high), key=float) ** k for k, c in enumerate(coefficients)),
        arb(0),
    ) > 4 * abs(smallest):
        return None
    rounded = tuple(_nearest(c) for c in coefficients)
    found = Series(order, is_even, radius, rounded)
    return found if _is_near(found, coefficients, over_power, low, high) else None


def _monomials(weights: list[arb], middle: arb, half: arb) -> list[arb]:
    """Σ w·T((v - middle)/half) in powers of v."""
    scaled = [-middle / half, 1 / half]
    before, now = [arb(1)], scaled
    total = [weights[0]]
    for weight in weights[1:]:
        total = _sum(total, [weight * c for c in now])
        after = _sum([2 * c for c in _product(scaled, now)], [-c for c in before])
        before, now = now, after
    return total


def _sum(a: list[arb], b: list[arb]) -> list[arb]:
    longer = max(len(a), len(b))
    a, b = (x + [arb(0)] * (longer - len(x)) for x in (a, b))
    return [x + y for x, y in zip(a, b, strict=True)]


def _product(a: list[arb], b: list[arb]) -> list[arb]:
    found = [arb(0)] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            found[i + j] += x * y
    return found


def _nearest(coefficient: arb) -> Rational:
    numerator, denominator = nearest_float(coefficient).as_integer_ratio()
    return Rational(numerator, denominator)


def _is_near(found: Series, coefficients: list[arb], over_power: Any, low: arb, high: arb) -> bool:
    """Whether the polynomial is proven near to the formula between Chebyshev's points."""
    for k in range(1, 16):
        v = low + (high - low) * arb(fmpq(2 * k - 1, 31))
        exact = over_power(v)
        value = sum((c * v**j for j, c in enumerate(coefficients)), arb(0))
        if not abs(value - exact) < abs(exact) * NEAR:
            return False
    return True


# -- what rounding does near 0 ---------------------------------------------------------------------


def _loses_digits(form: Expr, u: Expr) -> bool:
    """Whether the formula or its slope, as computed, has no value at 0 or no digits close to it."""
    if not value_at(elementary(form), {u: arb(0)}).is_finite():
        return True
    slope = _slope(form, u)
    if not value_at(elementary(slope), {u: arb(0)}).is_finite():
        return True
    value = abs(value_at(elementary(form), {u: CLOSE}))
    if _rounding(form, u, CLOSE) > LOST * value:
        return True
    size = max(value, abs(value_at(elementary(slope), {u: CLOSE})), key=float)
    return bool(slope.has(u) and _rounding(slope, u, CLOSE) > LOST * size)


def _slope(form: Expr, u: Expr) -> Expr:
    """The derivative by the rules that modules follow, not simplified."""
    slopes: dict[Expr, Expr] = {u: S.One}
    for part in postorder(form):
        if not isinstance(part, Expr) or part == u or not part.has(u):
            continue
        row = BY_HEAD.get(part.func)
        if part.is_Add:
            slopes[part] = sp.Add(*(slopes[a] for a in part.args if a in slopes))
        elif part.is_Mul:
            others = [(i, a) for i, a in enumerate(part.args) if a in slopes]
            slopes[part] = sp.Add(
                *(sp.Mul(slopes[a], *part.args[:i], *part.args[i + 1 :]) for i, a in others)
            )
        elif part.is_Pow:
            base, power = part.args
            if base not in slopes or power in slopes:
                return S.NaN
            slopes[part] = power * base ** (power - 1) * slopes[base]
        elif row is None:
            return part.diff(u) if part == form else S.NaN
        else:
            partials = row.local_partials(part, *part.args)
            pairs = zip(partials, part.args, strict=True)
            slopes[part] = sp.Add(*(d * slopes[a] for d, a in pairs if a in slopes))
    return plainly(slopes[form])


def _rounding(form: Expr, u: Expr, at: arb) -> arb:
    """By how much a formula may be wrong at a number, where each operation is by a unit."""
    values: dict[Any, arb] = {}
    errors: dict[Any, arb] = {}
    for part in postorder(form):
        if not isinstance(part, Expr):  # a condition
            continue
        values[part] = value_at(elementary(part), {u: at})
        if part.is_number or part == u:
            errors[part] = arb(0)
            continue
        if isinstance(part, Piecewise):
            errors[part] = max((errors[branch] for branch, _ in part.args), key=float)
            continue
        own = [errors[a] for a in part.args]
        if not part.is_Add:
            places = [real_symbol(f"place {i}") for i in range(len(own))]
            known = {p: values[a] for p, a in zip(places, part.args, strict=True)}
            applied = part.func(*places)
            own = [
                arb(0) if is_zero(e) else abs(_at(applied.diff(p), known)) * e
                for p, e in zip(places, own, strict=True)
            ]
        errors[part] = sum(own, abs(values[part]))
    found = errors[form]
    return found if found.is_finite() else arb("inf")


def _at(form: Expr, known: Mapping[Any, arb]) -> arb:
    try:
        return evaluate(elementary(form), dict(known))
    except (Undecided, Unsupported):
        return arb("nan")


__all__ = ["Series", "may_be_scaled", "may_cancel_anywhere", "series_near_zero", "with_series"]
