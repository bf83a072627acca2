"""Logarithms of sums and products of powers of e, and of what is close to 1."""

from __future__ import annotations

import sympy as sp
from sympy import Add, Expr, Mul

from symback import arrays
from symback.ops import (
    expm1,
    hypot,
    log1mexp,
    log1p,
    log1psq,
    logcosh,
    logsigmoid,
    sigma,
)
from symback.stable.patterns import (
    See,
    constant_and_terms,
    exponent,
    half,
    of_powers,
    powers_of_e,
    root_of_square,
    split,
    summed_powers,
)


def _inside_log(see: See, expr: Expr) -> Expr:
    """What the logarithm is taken of: 1 + u for log1p(u)."""
    inside = see(expr.args[0])
    return 1 + inside if isinstance(expr, log1p) else inside


def log_of_powers(see: See, expr: Expr) -> Expr | None:
    powers = powers_of_e(see, _inside_log(see, expr))
    return None if powers is None else of_powers(powers)


def log_of_product(see: See, expr: Expr) -> Expr | None:
    """log(exp(u)·σ(v)·r) = u + log σ(v) + log(r): both factors are positive."""
    inside = _inside_log(see, expr)
    logs, rest = [], []
    for factor in Mul.make_args(inside):
        u, seen = exponent(see, factor), see(factor)
        if u is not None:
            logs.append(u)
        elif isinstance(seen, sigma):
            logs.append(logsigmoid(*seen.args))
        elif isinstance(seen, arrays.softmax):
            logs.append(arrays.log_softmax(*seen.args))
        else:
            rest.append(factor)
    if not logs:
        return None
    return Add(*logs, sp.log(Mul(*rest)))


def log_of_one_minus_sigma(see: See, expr: Expr) -> Expr | None:
    """log1p(-σ(u)) = log σ(-u)."""
    coefficient, rest = split(expr.args[0])
    inner = see(rest)
    if coefficient == -1 and isinstance(inner, sigma):
        return logsigmoid(-inner.args[0])
    return None


def log_of_expm1(see: See, expr: Expr) -> Expr | None:
    """log(1 - exp(u)), and log(exp(u) - 1) = u + log(1 - exp(-u))."""
    coefficient, rest = split(see(expr.args[0]))
    inner = see(rest)
    if isinstance(expr, log1p):
        u = exponent(see, inner)
        return log1mexp(u) if coefficient == -1 and u is not None else None
    if not isinstance(inner, expm1) or coefficient == 0:
        return None
    u = inner.args[0]
    found = log1mexp(u) if coefficient < 0 else u + log1mexp(-u)
    return found + sp.log(abs(coefficient))


def log_of_cosh(see: See, expr: Expr) -> Expr | None:
    coefficient, rest = split(see(expr.args[0]))
    inner = see(rest)
    if isinstance(inner, sp.cosh) and coefficient > 0:
        return logcosh(*inner.args) + sp.log(coefficient)
    return None


def log_of_one_plus_square(see: See, expr: Expr) -> Expr | None:
    inside = see(expr.args[0])
    if isinstance(expr, log1p):
        root = root_of_square(inside)
        return None if root is None else log1psq(root)
    if isinstance(inside, hypot) and inside.args[1] == 1:
        return half(log1psq(inside.args[0]))
    number, terms = constant_and_terms(inside)
    if number == 1 and len(terms) == 1 and (root := root_of_square(see(terms[0]))) is not None:
        return log1psq(root)
    return None


def log_of_one_plus(see: See, expr: Expr) -> Expr | None:
    inside = see(expr.args[0])
    number, terms = constant_and_terms(inside)
    return log1p(Add(*terms)) if number == 1 else None


def log_of_sum_of_exp(see: See, expr: Expr) -> Expr | None:
    """log(sum(exp(z))) over the last axis of an array: logsumexp(z)."""
    inside = see(expr.args[0])
    z = summed_powers(see, inside)
    return None if z is None else arrays.logsumexp(z)
