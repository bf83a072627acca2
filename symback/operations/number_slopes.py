"""Partials of functions of numbers as tangents need them: second slopes that keep digits.

`slopes` and `careful_tangent` say for functions of numbers what `symback.operations.jvp` says for
operations on arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import sympy as sp
from sympy import Expr, Piecewise, S

from symback.errors import Unsupported
from symback.operations import edges
from symback.operations.edges import Careful
from symback.operations.elementwise import BY_HEAD
from symback.operations.functions import Slope
from symback.operations.special import (
    acosc,
    acosc_prime,
    bateman_prime,
    boxcox_prime,
    expdivdiff2,
    exprel_prime,
    inv_expm1,
    inv_exprel_prime,
    langevin_prime,
    log1prel,
    log1prel_prime,
    log_sinhc,
    overexpm1_prime,
    pow1p,
    pow1prel_prime,
    powshare,
    powshare_prime,
)

Tangent: TypeAlias = Expr | None  # None: it does not move


def slopes(expr: Expr, value: Expr, *, plain: bool = False) -> tuple[Expr, ...]:
    """The partial of a function by each operand, over these and the function's own value.

    As code has it, to keep digits; with `plain`, that of a slope such as σ′ as books have it.
    """
    if expr.func in SECOND_SLOPES and not plain:
        return SECOND_SLOPES[expr.func](value, *expr.args)
    op = BY_HEAD.get(expr.func)
    if isinstance(expr, Slope) and (plain or op is None):
        return tuple(expr.fdiff(i + 1) for i in range(len(expr.args)))
    if op is not None:
        return op.local_partials(value, *expr.args)
    raise Unsupported(f"internal: no tangent of '{expr.func.__name__}'")


def _series(u: Expr, coefficients: list[Expr], whole: Expr, reach: Expr = S.One) -> Expr:
    """Σ cₙ·uⁿ for |u| below the reach, where the whole formula loses its digits."""
    near: Expr = S.Zero
    for coefficient in reversed(coefficients):
        near = coefficient + u * near
    return Piecewise((near, sp.Abs(u) < reach), (whole, True))


def _exprel_second(u: Expr, slope: Expr) -> Expr:
    """exprel″(u) = (exp(u) − 2·exprel′(u))/u = Σ uⁿ/(n!·(n + 3))."""
    near = [1 / (sp.factorial(n) * (n + 3)) for n in range(18)]
    return _series(u, near, (sp.exp(u) - 2 * slope) / u)


def _inv_exprel_second(u: Expr, slope: Expr) -> Expr:
    """(u/(exp(u) − 1))″ = Σ B₂ₙ·u²ⁿ⁻²/(2n − 2)!, Bₙ being Bernoulli's numbers."""
    near = [sp.bernoulli(n + 2) / sp.factorial(n) for n in range(23)]
    return _series(u, near, inv_expm1(-u) * (u * inv_expm1(u) + 2 * slope))


def _langevin_second(u: Expr) -> Expr:
    """(coth(u) − 1/u)″ = 2·coth(u)/sinh(u)² − 2/u³, by powers Σ 2ⁿ⁺³·Bₙ₊₃·uⁿ/((n + 3)·n!)."""
    near = [2 ** (n + 3) * sp.bernoulli(n + 3) / ((n + 3) * sp.factorial(n)) for n in range(34)]
    return _series(u, near, 2 * (sp.exp(-2 * log_sinhc(u)) / sp.tanh(u) - 1 / u) / u**2)


def _log1prel_second(u: Expr, slope: Expr) -> Expr:
    """(log(1 + u)/u)″ = Σ (−1)ⁿ·(n + 1)·(n + 2)·uⁿ/(n + 3)."""
    near = [S.NegativeOne**n * (n + 1) * (n + 2) / S(n + 3) for n in range(18)]
    return _series(u, near, -(2 * slope + (1 + u) ** -2) / u, S.One / 8)


def _acosc_second(w: Expr, slope: Expr) -> Expr:
    """Of Σ n!/(3/2)ₙ·xⁿ with x = (1 − w)/2."""
    near = [
        (n + 2) * (n + 1) * sp.factorial(n + 2) / (4 * sp.rf(sp.Rational(3, 2), n + 2))
        for n in range(16)
    ]
    whole = (acosc(w) + 3 * w * slope) / (1 - w**2)
    return _series((1 - w) / 2, near, whole, S.One / 16)


def _pow1prel_second(v: Expr, r: Expr, n: Expr) -> tuple[Expr, ...]:
    """By r it is Σ (k − 1)·(k − 2)·C(n, k)·rᵏ⁻³; by n the slope of (1 + r)ⁿ·log(1 + r)/r."""
    near: Expr = S.Zero
    for k in range(16, 2, -1):  # C(n, k + 1) = C(n, k)·(n − k)/(k + 1)
        near = (k - 1) * (k - 2) + r * (n - k) / (k + 1) * near
    near = n * (n - 1) * (n - 2) / 6 * near
    whole = (n * (n - 1) * pow1p(r, n - 2) - 2 * v) / r
    is_near = sp.Abs(r) * (sp.Abs(n) + 8) < S.Half
    by_n = n * log1prel(r) + (1 + r) * log1prel_prime(r)
    return Piecewise((near, is_near), (whole, True)), pow1p(r, n - 1) * by_n


def _bateman_second(v: Expr, k: Expr, m: Expr, t: Expr) -> tuple[Expr, ...]:
    """Of D + k·∂D/∂k by k, m and t, where k·D(k, m, t) is the function: D is symmetric in k, m."""
    a, b = -m * t, -k * t
    by_b_twice, _ = _expdivdiff2_slopes(v, b, a)
    _, by_both = _expdivdiff2_slopes(v, a, b)
    by_k = t**2 * (k * t * by_b_twice - 2 * expdivdiff2(b, a))
    by_m = t**2 * (k * t * by_both - expdivdiff2(a, b))
    return by_k, by_m, sp.exp(b) * (1 - k * t) - m * v


def _overexpm1_second(v: Expr, x: Expr, r: Expr) -> tuple[Expr, ...]:
    second = _inv_exprel_second(r * x, v)
    return r * second, x * second


def _boxcox_second(v: Expr, x: Expr, k: Expr) -> tuple[Expr, ...]:
    """boxcox(x, k) is log(x)·exprel(k·log(x))."""
    power = k * sp.log(x)
    second = _exprel_second(power, exprel_prime(power))
    return x ** (k - 1) * sp.log(x), sp.log(x) ** 3 * second


def _expdivdiff2_slopes(v: Expr, a: Expr, b: Expr) -> tuple[Expr, ...]:
    """expdivdiff2(a, b) is exp(b)·exprel′(a − b); by b it is symmetric in a and b."""
    d, far = a - b, -sp.Abs(a - b)
    by_a = sp.exp(b) * _exprel_second(d, exprel_prime(d))
    slope = exprel_prime(far)
    return by_a, sp.exp(sp.Max(a, b)) * (slope - _exprel_second(far, slope))


def _powshare_second(v: Expr, x: Expr, k: Expr, n: Expr) -> tuple[Expr, ...]:
    """Where x or k is 0 by the first powers of x and k; both are even in n but for a sign.

    There it is f = ±(r − r²) with r = (x/k)^|n| for small x, and 1 − f is the same of k/x.
    """
    by_x, by_k, _ = (
        powshare_prime(x, k, n).fdiff(i).xreplace({powshare_prime(x, k, n): v}) for i in (1, 2, 3)
    )
    size = sp.Abs(n)
    bent = edges.power_slope(x, size - 1) - 2 * size * x ** (2 * size - 2)
    at_x = n * bent / k**2
    at_k = n * size * k ** (size - 1) / x**2
    still = (S.Zero, sp.Eq(n, 0))
    apart = powshare(k, x, n) - powshare(x, k, n)
    by_n = Piecewise((1 / (4 * x), sp.Eq(n, 0)), (v / n, True))
    return (
        Piecewise(still, (at_x, sp.Eq(x, 0)), (by_x, True)),
        Piecewise(still, (at_k, sp.Eq(k, 0)), (by_k, True)),
        by_n + edges.power_log(v * apart, x / k),
    )


SECOND_SLOPES: dict[Any, Callable[..., tuple[Expr, ...]]] = {
    # v = f(u, …):         v, u, … → the partials of v by these
    acosc_prime: lambda v, w: (_acosc_second(w, v),),
    bateman_prime: _bateman_second,
    exprel_prime: lambda v, u: (_exprel_second(u, v),),
    log1prel_prime: lambda v, u: (_log1prel_second(u, v),),
    pow1prel_prime: _pow1prel_second,
    inv_exprel_prime: lambda v, u: (_inv_exprel_second(u, v),),
    overexpm1_prime: _overexpm1_second,
    boxcox_prime: _boxcox_second,
    expdivdiff2: _expdivdiff2_slopes,
    langevin_prime: lambda v, u: (_langevin_second(u),),
    powshare_prime: _powshare_second,
}
"""Partials of slopes that would lose digits beside a removable singularity, as code has them."""

CAREFUL_JVP: dict[type[Careful], Callable[..., Expr]] = {
    # v = f(a, b):         v, a, b and the tangents of a, b, 0 for one that does not move
    edges.over_square: lambda v, a, b, da, db: _if_moved(edges.over_square, da, b) - 2 * v * db / b,
    edges.nonzero: lambda v, a, da: da,
    edges.nonvanishing: lambda v, a, da: da,
    edges.zero_over: lambda v, a, b, da, db: (
        _if_moved(edges.zero_over, da, b) - edges.zero_over(v, b) * db
    ),
    edges.power_slope: lambda v, a, b, da, db: _power_slope(edges.power_slope, v, a, b, da, db),
    edges.root_slope: lambda v, a, b, da, db: _power_slope(edges.root_slope, v, a, b, da, db),
    edges.power_log: lambda v, p, a, dp, da: (
        _if_moved(edges.power_log, dp, a) + p * _relative(a, da)
    ),
    edges.exp_share: lambda v, a, b, da, db: v * edges.exp_share(b, a) * (da - db),
    edges.zero_or_nan: lambda v, a, da: S.Zero,
    edges.unless_nan: lambda v, a, u, da, du: _if_moved(edges.unless_nan, da, u),
}
"""Tangents of the functions that stand in partials, right at the edges that these care for."""


def _relative(a: Expr, da: Expr) -> Expr:
    """ȧ/a, of a quotient without its denominator, which may be 0 where a is infinite."""
    above, below = sp.fraction(a)
    return sp.expand(da * below) / edges.nonzero(above)


def _if_moved(head: Any, moved: Expr, other: Expr) -> Expr:
    return head(moved, other) if moved != 0 else S.Zero


def _power_slope(head: Any, v: Expr, a: Expr, b: Expr, da: Expr, db: Expr) -> Expr:
    """Of b·aᵇ⁻¹: b·(b − 1)·aᵇ⁻²·ȧ + (aᵇ⁻¹ + b·aᵇ⁻¹·log a)·ḃ, each 0 where b or ḃ is."""
    by_base = _unless_zero(b, b * head(a, b - 1) * da)
    return by_base + _unless_zero(db, (a ** (b - 1) + edges.power_log(v, a)) * db)


def _unless_zero(factor: Expr, product: Expr) -> Expr:
    """A product, and 0 where a factor is 0, be the other infinite."""
    if factor.is_number or product == 0:
        return product if factor != 0 else S.Zero
    return Piecewise((S.Zero, sp.Eq(factor, 0)), (product, True), evaluate=False)


def careful_tangent(expr: Careful, value: Expr, dots: list[Tangent]) -> Tangent:
    """The tangent of a function that stands in partials."""
    moved = [S.Zero if d is None else d for d in dots]
    found = CAREFUL_JVP[type(expr)](value, *expr.args, *moved)
    return found if found != 0 else None


__all__ = ["CAREFUL_JVP", "SECOND_SLOPES", "Tangent", "careful_tangent", "slopes"]
