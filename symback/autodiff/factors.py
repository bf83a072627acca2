"""Closed forms of arrays as people write them: factors that are numbers stand in front."""

from __future__ import annotations

from collections.abc import Mapping

from sympy import Add, Expr, Mul, S, exp

from symback.operations.arrays import (
    ArrayFunction,
    broadcast_like,
    expand_dims,
    eye,
    eye_like,
    log_softmax,
    matmul,
    matvec,
    shape_of,
    softmax,
)
from symback.operations.expressions import postorder
from symback.operations.jvp import linear_operands
from symback.operations.shapes import Shape
from symback.operations.simplify import weight


def factors_in_front(expr: Expr, shapes: Mapping[str, Shape]) -> Expr:
    """An equal formula: Xᵀ·r/b for Xᵀ·(2·r ∘ (1/(2·b))), the last factor being a number spread.

    A number that a product spreads over its entries stands as a number, and linear operations
    have the numbers of their operands in front. Identities in products of matrices, and a quotient
    times its denominator, cancel.
    """
    found: dict[Expr, Expr] = {}
    for part in postorder(expr):
        args = [found[arg] for arg in part.args]
        new = part if tuple(args) == part.args else part.func(*args)
        if new.is_Mul:
            new = _multiplied_out(_as_numbers(new, shapes), shapes)
        elif new.func is exp and isinstance(new.args[0], log_softmax):
            new = softmax(*new.args[0].args)
        elif isinstance(new, ArrayFunction) and linear_operands(new):
            new = _in_front(new, shapes)
        found[part] = new
    return found[expr]


def _as_numbers(product: Expr, shapes: Mapping[str, Shape]) -> Expr:
    """The product, numbers that it spreads over entries which another factor has as they are."""
    shape = shape_of(product, shapes)
    factors = list(product.args)
    for i, factor in enumerate(factors):
        number = _spread_number(factor)
        if number is not None and shape_of(number, shapes) == ():
            others = Mul(*factors[:i], *factors[i + 1 :])
            if shape_of(others, shapes) == shape:
                factors[i] = number
    return Mul(*factors)


def _spread_number(factor: Expr) -> Expr | None:
    """What an array repeats, along axes of any length."""
    inner = factor
    while isinstance(inner, broadcast_like | expand_dims):
        inner = inner.args[0]
    return None if inner is factor else inner


def _multiplied_out(product: Expr, shapes: Mapping[str, Shape]) -> Expr:
    """The product over the terms of its sum, where factors cancel: p·Σt − t for p ∘ (Σt − t/p)."""
    factors = Mul.make_args(product)
    total = next((factor for factor in factors if factor.is_Add), None)
    if total is None:
        return product
    rest = Mul(*(factor for factor in factors if factor is not total))
    terms = Add(*(rest * term for term in total.args))
    is_shorter = weight(terms) < weight(product)
    return terms if is_shorter and shape_of(terms, shapes) == shape_of(product, shapes) else product


def _in_front(op: ArrayFunction, shapes: Mapping[str, Shape]) -> Expr:
    """The operation with the numbers of its operands before it, and no identity in a product."""
    number: Expr = S.One
    operands = list(op.operands)
    for i in range(linear_operands(op)):
        factors = Mul.make_args(operands[i])
        numbers = [f for f in factors if shape_of(f, shapes) == ()]
        if len(numbers) < len(factors):
            number *= Mul(*numbers)
            operands[i] = Mul(*(f for f in factors if f not in numbers))
    if isinstance(op, (matmul, matvec)) and any(isinstance(a, (eye, eye_like)) for a in operands):
        kept = [a for a in operands if not isinstance(a, (eye, eye_like))] or operands[:1]
        return number * kept[0]
    return op if number is S.One else number * op.with_operands(operands)


__all__ = ["factors_in_front"]
