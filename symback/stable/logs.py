"""Logarithms of sums and products of powers of e, and of what is close to 1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp
from sympy import Add, Expr, Mul, Piecewise, S
from sympy.codegen.cfunctions import expm1, hypot, log1p

from symback.operations import arrays
from symback.operations.construction import along, expand_reduced
from symback.operations.functions import (
    erfc,
    log1mexp,
    log1psq,
    logcosh,
    logsigmoid,
    sigma,
    sigma_prime,
    tanh_prime,
)
from symback.operations.special import (
    expdiff,
    exprel,
    hypotsub,
    inv_exprel,
    log_erfc,
    log_ndtr,
    log_sinhc,
    logwsumexp,
    sigmadiff,
    sqrtsub,
)
from symback.stable.entropies import ratio_of_leaves
from symback.stable.matching import (
    SHORT,
    See,
    argument,
    base_and_power,
    constant_and_terms,
    exponent,
    half,
    inside_log,
    of_powers,
    powers_of_e,
    root_of_square,
    see_product,
    shorter_difference,
    split,
    sum_of,
    terms_looked_at,
    terms_of,
    through_names,
    weighted_power,
)
from symback.stable.quotients import root_of


def log_of_powers(see: See, expr: Expr) -> Expr | None:
    powers = powers_of_e(see, inside_log(see, expr))
    return None if powers is None else of_powers(powers)


def log_of_product(see: See, expr: Expr) -> Expr | None:
    """log(exp(u)·σ(v)·r) = u + log σ(v) + log(r): both factors are positive; so is erfc."""
    inside = inside_log(see, expr)
    logs, rest, tails = [], [], []
    for factor in Mul.make_args(inside):
        u, seen = exponent(see, factor), see(factor)
        if u is not None:
            logs.append(u)
        elif isinstance(seen, sigma):
            logs.append(logsigmoid(*seen.args))
        elif isinstance(seen, erfc):
            tails.append(argument(seen))
        elif isinstance(seen, arrays.softmax):
            logs.append(arrays.log_softmax(*seen.args))
        elif (
            isinstance(seen, arrays.slice_ | arrays.take)
            and (log := _log_of_part(see, seen)) is not None
        ):
            logs.append(log)
        else:
            rest.append(factor)
    if not logs and not tails:
        return None
    number, left = Mul(*rest).as_content_primitive()
    if tails and number <= S.Half:  # a normal distribution, whose log is 0 at its upper end
        logs += [log_ndtr(-sp.sqrt(2) * u) for u in tails]
        return Add(*logs, sp.log(number * 2 ** len(tails) * left))
    return Add(*logs, *map(log_erfc, tails), sp.log(Mul(*rest)))


_LOG_OF: dict[Any, Callable[..., Expr]] = {
    arrays.softmax: arrays.log_softmax,
    sigma: logsigmoid,
    sp.exp: lambda u: u,
}
"""log(h(u)) of positive functions."""


def _log_of_part(see: See, part: Expr) -> Expr | None:
    """log(softmax(z)[0]) = log_softmax(z)[0], and the same of σ and exp."""
    inner = see(part.args[0])
    log = _LOG_OF.get(inner.func)
    return None if log is None else part.func(log(*inner.args), *part.args[1:])


def log_of_one_minus_sigma(see: See, expr: Expr) -> Expr | None:
    """log1p(-σ(u)) = log σ(-u)."""
    coefficient, rest = split(argument(expr))
    inner = see(rest)
    if coefficient == -1 and isinstance(inner, sigma):
        return logsigmoid(-argument(inner))
    return None


def log_of_expm1(see: See, expr: Expr) -> Expr | None:
    """log(1 - exp(u)), and log(exp(u) - 1) = u + log(1 - exp(-u))."""
    coefficient, rest = split(see(argument(expr)))
    if isinstance(expr, log1p):
        u = exponent(see, rest)
        return log1mexp(u) if coefficient == -1 and u is not None else None
    inner = see(rest)
    if not isinstance(inner, expm1):
        return None
    u = argument(inner)
    found = u + log1mexp(-u) if coefficient.is_positive else log1mexp(u)
    return found + sp.log(abs(coefficient))


def log_of_difference(see: See, expr: Expr) -> Expr | None:
    """log(exp(a) - exp(b)) = a + log(1 - exp(b - a))."""
    coefficient, rest = split(see(argument(expr)))
    inner = see(rest)
    if not isinstance(inner, expdiff):
        return None
    a, b = inner.args if coefficient.is_positive else inner.args[::-1]
    return a + log1mexp(b - a) + sp.log(abs(coefficient))


def log_of_sigma_difference(see: See, expr: Expr) -> Expr | None:
    """log(σ(a) - σ(b)) = log σ(a) + log σ(-b) + log(1 - exp(b - a))."""
    coefficient, rest = split(see(argument(expr)))
    inner = see(rest)
    if not isinstance(inner, sigmadiff):
        return None
    a, b = inner.args if coefficient.is_positive else inner.args[::-1]
    apart = through_names(see, b) - through_names(see, a)
    apart = apart if terms_of(apart) <= terms_of(b - a) else b - a
    return logsigmoid(a) + logsigmoid(-b) + log1mexp(apart) + sp.log(abs(coefficient))


def log_of_slope(see: See, expr: Expr) -> Expr | None:
    """log(1 - tanh(u)²) = -2·log(cosh(u)), and log(σ′(u)), which is log((1 - tanh(u/2)²)/4)."""
    inside = inside_log(see, expr)
    if isinstance(expr, log1p):
        square = through_names(see, -argument(expr))
        inner = see(root_of_square(square) or S.Zero)
        inside = tanh_prime(*inner.args) if isinstance(inner, sp.tanh) else S.Zero
    coefficient, rest = split(inside)
    inner = see(rest)
    if isinstance(inner, sigma_prime):
        coefficient, inner = coefficient / 4, tanh_prime(half(argument(inner)))
    if isinstance(inner, tanh_prime) and coefficient.is_positive:
        return sp.log(coefficient) - 2 * logcosh(argument(inner))
    return None


def log_of_exprel(see: See, expr: Expr) -> Expr | None:
    """log((exp(u) - 1)/u) = u/2 + log(sinh(u/2)/(u/2)), whose terms cancel for a large -u."""
    coefficient, rest = split(see(argument(expr)))
    inner = see(rest)
    if not isinstance(inner, exprel | inv_exprel) or not coefficient.is_positive:
        return None
    u = argument(inner)
    there = half(u) + log_sinhc(half(u))
    found = Piecewise((there, u > -1), (sp.log(exprel(u)), True), evaluate=False)
    return sp.log(coefficient) + (found if isinstance(inner, exprel) else -found)


def log_of_cosh(see: See, expr: Expr) -> Expr | None:
    coefficient, rest = split(see(argument(expr)))
    base, power = base_and_power(see(rest))
    inner = see(base)
    if isinstance(inner, sp.cosh) and coefficient.is_positive and power.is_real:
        return power * logcosh(argument(inner)) + sp.log(coefficient)
    return None


def log_of_one_plus_square(see: See, expr: Expr) -> Expr | None:
    """log1p(u²), which log(1 + u²) has become, and log(√(u² + 1))."""
    inside = see(argument(expr))
    if isinstance(expr, log1p):
        root = root_of_square(inside)
        return None if root is None else log1psq(root)
    if isinstance(inside, hypot) and inside.args[1] == 1:
        return half(log1psq(inside.args[0]))
    return None


def log_of_squares(see: See, expr: Expr) -> Expr | None:
    """log(u² + v²) and log(Σu²), whose squares overflow or are lost: twice the log of the root."""
    inside = see(argument(expr))
    root = None if constant_and_terms(inside)[0] else root_of(see, inside)
    return None if root is None else 2 * sp.log(root)


def log_of_one_plus(see: See, expr: Expr) -> Expr | None:
    inside = see(argument(expr))
    number, terms = constant_and_terms(inside)
    return log1p(Add(*terms)) if number == 1 else None


_ARRAY_SUMS = (arrays.reduce_sum, arrays.mean, arrays.dot)


def log_of_sum_of_exp(see: See, expr: Expr) -> Expr | None:
    """log(c·sum(exp(z))) and log(mean(exp(z))) of an array, or along axes of it."""
    coefficient, rest = see(argument(expr)).as_independent(*_ARRAY_SUMS, as_Add=False)
    total = sum_of(see, see(rest))
    if total is None or not total.rank or coefficient.has(sp.Function):
        return None
    z = exponent(see, total.summed)
    if z is None and total.rank == 1:
        z = _powers_by_shares(see, total.summed)
    return None if z is None else total.log_sum_exp(z) + sp.log(coefficient)


def _powers_by_shares(see: See, summed: Expr) -> Expr | None:
    """u + log(p) of p·exp(u), p positive by what it is."""
    found = S.Zero
    met = False
    for factor in Mul.make_args(see_product(see, summed)):
        u, seen = exponent(see, factor), see(factor)
        if u is not None:
            found += u
            met = True
        elif isinstance(seen, arrays.softmax):
            found += arrays.log_softmax(*seen.args)
        elif isinstance(seen, sigma):
            found += logsigmoid(*seen.args)
        elif factor.is_number and factor.is_positive:
            found += sp.log(factor)
        else:
            return None
    return found if met and len(see.shape_of(found)) == 1 else None


def log_of_weighted_sum(see: See, expr: Expr) -> Expr | None:
    """log(sum(w*exp(u))): logsumexp(u + log(w)) where all w are positive; for others the largest u
    is taken out of the sum.
    """
    inside = see(argument(expr))
    if isinstance(inside, arrays.matvec):
        return _log_of_product_with_powers(see, inside)
    total = sum_of(see, inside)
    if total is None or not total.rank:
        return None
    weight, u = weighted_power(see, total.summed)
    if u == 0 or weight.is_number or u.has(arrays.reduce_max):
        return None
    shape = see.shape_of(u)
    if not see.shape_of(weight) and len(shape) == total.rank:
        return sp.log(weight) + total.log_sum_exp(u)
    if not shape:
        return u + sp.log(along(arrays.reduce_sum, weight, total.rank, total.axes) / total.count)
    if shape == see.shape_of(total.summed):
        largest = along(arrays.reduce_max, u, total.rank, total.axes)
        below = u - expand_reduced(largest, shape, total.axes)
    else:
        largest = arrays.reduce_max(u)
        below = u - largest
    shifted = along(arrays.reduce_sum, weight * sp.exp(below), total.rank, total.axes)
    whole = largest + sp.log(shifted) - sp.log(total.count)
    positive_weights = total.log_sum_exp(u + sp.log(weight))
    return Piecewise((positive_weights, arrays.reduce_min(weight) > 0), (whole, True))


def _log_of_product_with_powers(see: See, product: Expr) -> Expr | None:
    """log(A·exp(x)) and log(exp(X)·w), from which the largest exponent is taken out."""
    a, x = product.args
    u = exponent(see, x)
    if u is not None and not u.has(arrays.reduce_max):
        largest = arrays.reduce_max(u)
        return largest + sp.log(arrays.matvec(a, sp.exp(u - largest)))
    u = exponent(see, a)
    if u is None or u.has(arrays.reduce_max) or len(see.shape_of(u)) != 2:
        return None
    largest = arrays.reduce_max(u, S.One)
    below = sp.exp(u - arrays.expand_dims(largest))
    return largest + sp.log(arrays.matvec(below, x))


def log_of_weighted_powers(see: See, expr: Expr) -> Expr | None:
    """log(w·exp(u) + v·exp(x) + …) with weights that have names, of any sign."""
    weights: dict[Expr, Expr] = {}
    for term in terms_looked_at(see(inside_log(see, expr))):
        weight, u = weighted_power(see, term)
        weights[u] = weights.get(u, S.Zero) + weight
    if len(weights) < 2:
        return None
    return logwsumexp(*(part for u, w in weights.items() for part in (w, u)))


def log_of_root_sum(see: See, expr: Expr) -> Expr | None:
    """log(x + √(x² + c²)) = asinh(x/c) + log(c), and log(x + √(x² - c²)) = acosh(x/c) + log(c)."""
    coefficient, rest = split(see(argument(expr)))
    inner = see(rest)
    if not isinstance(inner, hypotsub | sqrtsub):
        return None
    a, other = inner.args
    size = abs(other) if isinstance(inner, hypotsub) else sp.sqrt(-other)
    if not (size.is_number and size.is_positive and coefficient.is_positive):
        return None
    inverse = sp.asinh if isinstance(inner, hypotsub) else sp.acosh
    return inverse(-a / size) + sp.log(size * coefficient)


def log_of_quotient(see: See, expr: Expr) -> Expr | None:
    """log(a/b) where a and b are close: the log of 1 + (a - b)/b, or 2·atanh((a - b)/(a + b))."""
    inside = see(argument(expr))
    above, below = _over(inside) if inside.is_Mul else (S.One, S.One)
    if below == 1 or terms_of(above) + terms_of(below) > SHORT:
        return None
    found = log_of_ratio(see(above), see(below)) or ratio_of_leaves(see, above, below)
    return _with_power(see, found, see(above), see(below))


def _with_power(see: See, near: Expr | None, above: Expr, below: Expr) -> Expr | None:
    """log((p + q·exp(v))/r), near what it is for v < 1: beyond that exp(v) may overflow."""
    weighted = [weighted_power(see, t) for t in terms_looked_at(above)]
    powers = [(w, v) for w, v in weighted if v != 0]
    if len(powers) != 1 or any(exponent(see, f) for f in Mul.make_args(below)):
        return near
    ((q, v),) = powers
    p = Add(*(w for w, u in weighted if u == 0))
    whole = logwsumexp(p / below, S.Zero, q / below, v)
    if near is None:
        return whole
    if sp.expand(p + q - below) == 0:
        near = log1p(q * expm1(v) / below)
    return Piecewise((near, v < 1), (whole, True), evaluate=False)


def _over(product: Expr) -> tuple[Expr, Expr]:
    """Numerator and denominator; exp(-u) in a sum stays there."""
    above, below = sp.fraction(product)
    return (above, below) if above.has(sp.exp) else product.as_numer_denom()


def log_of_ratio(a: Expr, b: Expr) -> Expr | None:
    """log(a/b) without the logs of two close numbers; None where a - b is no shorter."""
    difference = shorter_difference(a, b)
    if difference is None:
        return None
    total = a + b
    if terms_of(total) < max(terms_of(a), terms_of(b)):
        return 2 * sp.atanh(sp.cancel(difference / total))
    shorter = terms_of(a) < terms_of(b)
    if difference.is_negative or (shorter and not difference.is_positive):
        return -log1p(-difference / a)
    return log1p(difference / b)


def log_of_one_minus_erf(see: See, expr: Expr) -> Expr | None:
    """log1p(-erf(u)) and log1p(erf(u)), and log1p(-erfc(u)/2) of a normal distribution."""
    coefficient, rest = split(see(argument(expr)))
    inner = see(rest)
    if isinstance(inner, sp.erf) and abs(coefficient) == 1:
        return log_erfc(-coefficient * argument(inner))
    if isinstance(inner, erfc) and coefficient == -S.Half:
        return log_ndtr(sp.sqrt(2) * argument(inner))
    return None
