"""Logarithms of sums and products of powers of e, and of what is close to 1."""

from __future__ import annotations

import sympy as sp
from sympy import Add, Expr, Mul
from sympy.codegen.cfunctions import expm1, hypot, log1p

from symback.operations import arrays
from symback.operations.functions import log1mexp, log1psq, logcosh, logsigmoid, sigma
from symback.stable.matching import (
    See,
    argument,
    constant_and_terms,
    exponent,
    half,
    inside_log,
    of_powers,
    powers_of_e,
    root_of_square,
    split,
    summed_powers,
)


def log_of_powers(see: See, expr: Expr) -> Expr | None:
    powers = powers_of_e(see, inside_log(see, expr))
    return None if powers is None else of_powers(powers)


def log_of_product(see: See, expr: Expr) -> Expr | None:
    """log(exp(u)·σ(v)·r) = u + log σ(v) + log(r): both factors are positive."""
    inside = inside_log(see, expr)
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


def log_of_cosh(see: See, expr: Expr) -> Expr | None:
    coefficient, rest = split(see(argument(expr)))
    inner = see(rest)
    if isinstance(inner, sp.cosh) and coefficient.is_positive:
        return logcosh(argument(inner)) + sp.log(coefficient)
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


def log_of_one_plus(see: See, expr: Expr) -> Expr | None:
    inside = see(argument(expr))
    number, terms = constant_and_terms(inside)
    return log1p(Add(*terms)) if number == 1 else None


def log_of_sum_of_exp(see: See, expr: Expr) -> Expr | None:
    """log(sum(exp(z))) over the last axis of an array: logsumexp(z)."""
    inside = see(argument(expr))
    z = summed_powers(see, inside)
    return None if z is None else arrays.logsumexp(z)
