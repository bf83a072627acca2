"""Functions of a root whose own slope is 0 where the root's is infinite, as cos(√v) at v = 0.

There the slope as typed is 0·∞, and the limit is another number. Near a branch point of its root,
acos or acosh the formula is c₀ + c₁·σ + c₂·σ² + … with σ = √v; where c₁ = 0 that is a polynomial in
v, with a term v^1.5 where c₃ ≠ 0, and stands where v is 0 alone.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from math import factorial
from random import Random
from typing import Any

import sympy as sp
from flint import arb, arb_mat, fmpq
from sympy import Add, Eq, Expr, Mul, Piecewise, Pow, Rational, S

from symback.errors import Unsupported
from symback.operations import arrays
from symback.operations.balls.functions import Undecided
from symback.operations.balls.scalars import evaluate, nearest_float, precision
from symback.operations.elementwise import BY_HEAD, elementary
from symback.operations.expressions import postorder, real_symbol, written_size
from symback.operations.forms import Numbering, expression_of, form_of, place
from symback.operations.polynomials import horner
from symback.stable.matching import See, others_of
from symback.stable.named_parts import (
    may_have_wanted,
    parts_outside_choices,
    slopes_of,
    with_wanted,
    without_choices,
)
from symback.stable.proof import beyond_series
from symback.stable.series import Series, series_near_zero

ORDERS = 5  # of σ, up to the square of v
TERMS = ORDERS + 2  # of parts, a quotient of which by σ² is looked at
LARGEST = 40  # written parts of a coefficient
BITS = 1600
STEP = arb(2) ** -90
NODES = tuple(k for k in range(-6, 7) if k)  # where a function is known, in steps
RADIUS = arb(2) ** -45  # within which a series is one
TINY = arb(2) ** -300
SIMPLE = 10**4  # the largest denominator of a number that is not rounded
CLOSE = arb(2) ** -48  # of a coefficient with rounded numbers to its value
POINTS = 3  # of the other names
SLOPES_OF_KINKS = (sp.Heaviside, sp.DiracDelta, sp.Derivative, sp.Subs)  # SymPy's
_ROOT = real_symbol("root")
_ARGUMENT = real_symbol("argument")


def regular_at_branch_point(see: See, expr: Expr) -> Expr | None:
    """A function of a root with c₁ = 0: its polynomial where the root is 0."""
    if isinstance(expr, arrays.dot):
        inner = regular_at_branch_point(see, Mul(*expr.args))
        return None if inner is None else arrays.reduce_sum(inner)
    if not may_have_wanted(see, expr, has_branch_point):
        return None
    whole = with_wanted(see, expr, has_branch_point)
    if whole is None or has_branch_point(whole):
        return None
    if not _branching(whole) and whole != expr:
        return whole  # as cos(t) of a t = acos(x)
    if expr.is_Mul and any(f.is_Pow and f.exp.is_negative for f in expr.args):
        whole = without_choices(whole)  # a factor may be 0 where another is infinite
    if not _branching(whole):
        return None
    fixed, part = S.One, beyond_series(whole)
    if whole.is_Mul:
        moving = [f for f in part.args if _branching(f) or _divides_by_one_of(f, part)]
        fixed, part = others_of(part.args, *moving), Mul(*moving)
    for v, inside in _in_roots(part):
        found, where = _polynomial(inside, v), Eq(v, 0)
        series = None if found is None else _near(inside)
        if series is not None:
            found, where = series.of_square(v), sp.And(v >= 0, v < series.radius**2)
        if found is not None:
            return Piecewise((fixed * found, where), (expr, True), evaluate=False)
    return None


def _divides_by_one_of(factor: Expr, whole: Expr) -> bool:
    """Whether it is one over something with a name that a root or an inverse has."""
    names = set().union(*(p.free_symbols for p in _branching(whole)))
    return bool(factor.is_Pow and factor.exp.is_negative and factor.free_symbols & names)


def has_branch_point(part: Any) -> bool:
    """Whether it is a root, one over it, acos, asin or acosh, of what is not a number."""
    is_root = part.is_Pow and _is_half_odd(part.exp) and part.exp < 1
    return bool((is_root or part.func in _INVERSES) and part.free_symbols)


def _is_half_odd(power: Expr) -> bool:
    return bool(power.is_Rational and power.q == 2)


# -- the root in a formula -------------------------------------------------------------------------


def _branching(whole: Expr) -> list[Expr]:
    return [p for p in parts_outside_choices(whole) if has_branch_point(p)]


_INVERSES: dict[Any, Sequence[tuple[Any, Any]]] = {
    sp.acos: (
        (lambda u: 1 - u, lambda s: 2 * sp.asin(s / sp.sqrt(2))),
        (lambda u: 1 + u, lambda s: sp.pi - 2 * sp.asin(s / sp.sqrt(2))),
    ),
    sp.asin: (
        (lambda u: 1 - u, lambda s: sp.pi / 2 - 2 * sp.asin(s / sp.sqrt(2))),
        (lambda u: 1 + u, lambda s: 2 * sp.asin(s / sp.sqrt(2)) - sp.pi / 2),
    ),
    sp.acosh: ((lambda u: u - 1, lambda s: 2 * sp.asinh(s / sp.sqrt(2))),),
}
"""Where v = σ² is 0, and the function in σ: acos(1 - σ²) = 2·asin(σ/√2)."""


def _in_roots(part: Expr) -> Iterator[tuple[Expr, Expr]]:
    """The ways to write the formula in σ = √v, with v, those of inverse functions first."""
    branching = dict.fromkeys(_branching(part))
    powers = [
        p for p in parts_outside_choices(part) if p.is_Pow and p.exp.is_Rational and p.exp.q == 2
    ]
    places: dict[Expr, dict[Expr, Expr]] = {}
    for p in branching:
        for v, form in _INVERSES.get(p.func, ()):
            places.setdefault(v(p.args[0]), {})[p] = form(_ROOT)
    for p in branching:
        if p.is_Pow:
            places.setdefault(p.base, {})
    for v, changed in places.items():
        for p in powers:
            ratio = S.One if p.base == v else _quotient(p.base, v)
            if ratio is not None:
                changed[p] = (_ROOT * sp.sqrt(ratio)) ** int(2 * p.exp)
        if v.is_Add:
            changed[v] = _ROOT**2  # as s² of s = √(1 - x²)
        inside = part.xreplace(changed)
        yield v, inside
        for name, slope in slopes_of(v, inside):
            if not slope.has(name) and not _vanishes(part, v):
                yield v, inside.xreplace({name: (_ROOT**2 - v + slope * name) / slope})


def _vanishes(part: Expr, v: Expr) -> bool:
    """Whether v is a factor of each term with a branch point, whose slope needs no other form."""
    terms = [t for t in Add.make_args(part) if _branching(t)]
    return all(v in Mul.make_args(t) for t in terms)


def _quotient(base: Expr, v: Expr) -> Expr | None:
    """base/v where that is a polynomial, as (1 - x²)/(1 - x)."""
    names = sorted(base.free_symbols & v.free_symbols, key=str)
    if not names or not (base.is_polynomial(*names) and v.is_polynomial(*names)):
        return None
    ratio, rest = sp.div(base, v, *names)
    return ratio if rest == 0 else None


# -- its polynomial --------------------------------------------------------------------------------


def _polynomial(inside: Expr, v: Expr) -> Expr | None:
    """c₀ + c₂·v + …; None where c₁ is not 0, or the formula is not analytic in σ."""
    numbers: Numbering = {_ROOT: 0}
    expanded = _expansion(form_of(inside, numbers))
    names = {place(number): s for s, number in numbers.items()}
    c = [a.xreplace(names) for a in expanded or ()]
    if not c or any(_is_unfit(a, v) for a in c):
        return None
    if c[3] != 0:
        return horner(v, c[0], c[2]) + c[3] * Pow(v, Rational(3, 2))
    return horner(v, *(c[:3:2] if c[4] == 0 else c[::2]))


@lru_cache(maxsize=2**12)
def _expansion(form: Hashable) -> tuple[Expr, ...] | None:
    """The coefficients of 1, σ, σ², …, of which the second is 0 and others are not; None of others.

    Of forms: many formulas differ in their names only.
    """
    inside = expression_of(form).xreplace({place(0): _ROOT})
    names = sorted(inside.free_symbols - {_ROOT}, key=str)
    meaning = elementary(inside)
    with precision(BITS):
        points, values = list(_points(names)), []
        for at in points:
            values.append(_taylor(meaning, _ROOT, arb(0), at))
            if not abs(values[-1][1]) < TINY:
                return None
        is_zero = [all(abs(known[k]) < TINY for known in values) for k in range(ORDERS)]
        found = _coefficients(inside) if names else [_number(x) for x in values[0][:ORDERS]]
        if found is None or all(is_zero[2:]):
            return None
        c = tuple(S.Zero if zero else a for a, zero in zip(found, is_zero, strict=True))
        for at, known in zip(points, values, strict=True):
            pairs = zip((_value(elementary(a), at) for a in c), known[:ORDERS], strict=True)
            if not all(abs(a - x) <= CLOSE * abs(x) + TINY for a, x in pairs):
                return None
    return c


def _is_unfit(coefficient: Expr, v: Expr) -> bool:
    """Whether it is long, divides by a name of v, which may be what is 0, or has a kink's slope."""
    if coefficient.has(*SLOPES_OF_KINKS):
        return True
    below = (p.base for p in postorder(coefficient) if p.is_Pow and p.exp.is_negative)
    divided = any(not v.free_symbols.isdisjoint(base.free_symbols) for base in below)
    return divided or written_size(coefficient) > LARGEST


def _near(inside: Expr) -> Series | None:
    """The series of a formula in σ alone that loses digits near 0 as typed, in even powers."""
    if inside.free_symbols != {_ROOT}:
        return None
    found = series_near_zero(inside, _ROOT)
    return found if found is not None and found.is_even and found.order % 2 == 0 else None


def _points(names: Sequence[Any]) -> Iterator[dict[Any, arb]]:
    rng = Random(POINTS)
    for _ in range(POINTS if names else 1):
        yield {s: arb(fmpq(rng.randint(30, 300), 100)) for s in names}


def _taylor(form: Expr, u: Expr, centre: arb, at: Mapping[Any, arb]) -> list[arb]:
    """The coefficients of a function's series, by its values around the place; NaN where it has
    none."""
    values = [_value(form, {**at, u: centre + k * STEP}) for k in NODES]
    if any(not v.is_finite() for v in values):
        return [arb("nan")] * TERMS
    powers = arb_mat([[arb(k) ** j for j in range(len(NODES))] for k in NODES])
    solved = powers.solve(arb_mat([[v] for v in values]))
    found = [solved[j, 0] / STEP**j for j in range(len(NODES))]
    sizes = [abs(c) * RADIUS**j for j, c in enumerate(found)]
    if not max(sizes[ORDERS:], key=float) <= max(sizes[:ORDERS], key=float):
        return [arb("nan")] * TERMS
    return found[:TERMS]


def _value(form: Expr, at: Mapping[Any, arb]) -> arb:
    try:
        return evaluate(form, dict(at))
    except (Undecided, Unsupported, ZeroDivisionError):
        return arb("nan")


def _number(value: arb) -> Rational:
    """A quotient of small numbers where it is one, else the nearest float."""
    if not value.is_finite():
        return S.NaN
    close = nearest_float(value)
    simple = Fraction(close).limit_denominator(SIMPLE)
    if abs(value - arb(fmpq(simple.numerator, simple.denominator))) < TINY:
        return Rational(simple.numerator, simple.denominator)
    return Rational(*close.as_integer_ratio())


def _coefficients(inside: Expr) -> list[Expr] | None:
    """Those of 1, σ, σ², … of a formula in σ with other names; None where a part has none."""
    done: dict[Any, list[Expr]] = {_ROOT: [S.Zero, S.One, *[S.Zero] * (TERMS - 2)]}
    for part in postorder(inside):
        if part == _ROOT:
            continue
        if not part.has(_ROOT):
            done[part] = [part, *[S.Zero] * (TERMS - 1)]
            continue
        if part.is_Mul:
            found = _quotient_of(part, done)
            if found is None:
                return None
            done[part] = found
            continue
        of = [done.get(a, [S.NaN]) for a in part.args]
        if any(c[0] is S.NaN for c in of):
            return None
        if part.is_Add:
            done[part] = [Add(*terms) for terms in zip(*of, strict=True)]
        elif part.is_Pow and part.exp.is_Integer and part.exp > 0:
            done[part] = _product([of[0]] * int(part.exp))
        elif part.is_Pow and part.exp.is_Integer and of[0][0] == 0:
            done[part] = [S.NaN] * TERMS  # it is looked at with what it divides
        else:
            found = _of_function(part, of)
            if found is None:
                return None
            done[part] = found
    found = [min(c, sp.expand(c), key=written_size) for c in done[inside][:ORDERS]]
    return None if S.NaN in found else found


def _quotient_of(product: Expr, done: Mapping[Any, list[Expr]]) -> list[Expr] | None:
    """Those of a product, of which factors may be one over a power of what is 0 with σ."""
    above, below = [], []
    for factor in product.args:
        if factor in done and done[factor][0] is not S.NaN:
            above.append(done[factor])
        else:
            below += [done[factor.base]] * int(-factor.exp)
    total = _product(above)
    for of in below:
        zeros = next((k for k, c in enumerate(of) if c != 0), TERMS)
        if zeros > TERMS - ORDERS or any(c != 0 for c in total[:zeros]):
            return None
        unknown = [S.NaN] * zeros
        total = _over([*total[zeros:], *unknown], [*of[zeros:], *unknown])
    return total


def _over(above: Sequence[Expr], below: Sequence[Expr]) -> list[Expr]:
    found: list[Expr] = []
    for k, c in enumerate(above):
        taken = (found[j] * below[k - j] for j in range(k))
        found.append((c - Add(*taken)) / below[0])
    return found


def _product(of: Sequence[list[Expr]]) -> list[Expr]:
    total = of[0]
    for other in of[1:]:
        total = [Add(*(total[j] * other[k - j] for j in range(k + 1))) for k in range(TERMS)]
    return total


def _of_function(part: Expr, of: Sequence[list[Expr]]) -> list[Expr] | None:
    """Those of h(u): h's own at u₀, of u - u₀; with several arguments in σ, h's of σ."""
    if not (part.is_Pow or part.func in BY_HEAD):
        return None
    moving = [i for i, c in enumerate(of) if any(c[1:])]
    inside, start, rest = [c[0] for c in of], S.Zero, [S.One, *[S.Zero] * (TERMS - 2)]
    if len(moving) == 1:
        start, *rest = of[moving[0]]
        inside[moving[0]] = _ARGUMENT
    else:
        inside = [Add(*(a * _ARGUMENT**k for k, a in enumerate(c))) for c in of]
    total = [S.Zero] * TERMS
    power = [S.One, *[S.Zero] * (TERMS - 1)]
    for c in _series(part.func(*inside), start):
        total = [t + c * p for t, p in zip(total, power, strict=True)]
        power = _product([power, [S.Zero, *rest]])
    return total


def _series(form: Expr, start: Expr) -> list[Expr]:
    meaning = elementary(form)
    is_root = form.is_Pow and start.is_Rational
    if form.free_symbols == {_ARGUMENT} and start.is_number and not is_root:
        return [_number(x) for x in _taylor(meaning, _ARGUMENT, _value(start, {}), {})]
    found = []
    for k in range(TERMS):
        found.append(meaning.xreplace({_ARGUMENT: start}) / factorial(k))
        meaning = meaning.diff(_ARGUMENT)
    return found


__all__ = ["has_branch_point", "regular_at_branch_point"]
