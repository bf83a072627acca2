"""Local partials of a gate: ∂node/∂operand for each operand, one rule an operation.

Sums, products and powers go by structure, which is linear in their operands; functions by
their row in `symback.ops`. Partials are written over names, the gate's own included, so that a
derivative reuses the value: for v = x/y, ∂v/∂y = -v/y.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Expr, Mul, Piecewise, S, Symbol

from symback.gates import is_square, split_number
from symback.ops import BY_HEAD, POWER, Slope
from symback.structure import Node


@dataclass(frozen=True, slots=True)
class Local:
    """One local partial. `expanded` writes a kept slope out: σ′ as v·(1 − v)."""

    partial: Expr
    rule: str
    expanded: Expr


def local_partials(gate: Node) -> dict[str, Local]:
    """∂gate/∂operand by operand, in the operands' order."""
    expr, value = gate.expr, gate.symbol
    if not gate.operands:  # a named constant, such as g = 9.81
        return {}
    if expr.is_Symbol:
        found, rule = {expr: S.One}, "copy"
    elif expr.is_Add:
        found, rule = _of_sum(expr), "sum"
    elif isinstance(expr, Piecewise):
        found, rule = _of_choice(expr), "the branch taken"
    elif is_square(expr):
        found, rule = _of_square(expr), "∂u² = 2u·∂u"
    elif expr.is_Mul:
        found, rule = _of_product(expr, value), "product"
    elif expr.is_Pow:
        found, rule = _of_power(expr, value)
    else:
        found, rule = _of_function(expr, value)
    by_name = {s.name: partial for s, partial in found.items()}
    return {
        name: Local(by_name[name], rule, _expanded(by_name[name], value)) for name in gate.operands
    }


def _expanded(partial: Expr, value: Symbol) -> Expr:
    if isinstance(partial, Slope):
        return partial.expanded(partial.args[0], value)
    return partial


def _add(found: dict[Symbol, Expr], symbol: Symbol, partial: Expr) -> None:
    found[symbol] = found[symbol] + partial if symbol in found else partial


def _of_sum(expr: Expr) -> dict[Symbol, Expr]:
    found: dict[Symbol, Expr] = {}
    for term in expr.args:
        if term.is_number:
            continue
        partials = _of_square(term) if is_square(term) else _of_monomial(term)
        for symbol, partial in partials.items():
            _add(found, symbol, partial)
    return found


def _of_square(expr: Expr) -> dict[Symbol, Expr]:
    coefficient, square = split_number(expr)
    total = square.base
    found: dict[Symbol, Expr] = {}
    for term in total.args:
        if not term.is_number:
            inner, symbol = split_number(term)
            found[symbol] = 2 * coefficient * inner * total
    return found


def _of_monomial(term: Expr) -> dict[Symbol, Expr]:
    """c·x^n·…: each partial is the product of the other factors times n·x^(n-1)."""
    factors = list(Mul.make_args(term))
    found: dict[Symbol, Expr] = {}
    for i, factor in enumerate(factors):
        if factor.is_number:
            continue
        base, power = factor.as_base_exp() if factor.is_Pow else (factor, S.One)
        others = Mul(*factors[:i], *factors[i + 1 :])
        found[base] = others * power * base ** (power - 1)
    return found


def _of_product(expr: Expr, value: Symbol) -> dict[Symbol, Expr]:
    found = _of_monomial(expr)
    for factor in Mul.make_args(expr):
        if factor.is_Pow and factor.base.is_Symbol and factor.exp.is_negative:
            found[factor.base] = factor.exp * value / factor.base
    return found


def _of_power(expr: Expr, value: Symbol) -> tuple[dict[Symbol, Expr], str]:
    base, power = expr.base, expr.exp
    if power == S.Half:
        return {base: 1 / (2 * value)}, "√′(u) = 1/(2√u)"
    if power.is_number:
        rule = "power"
        if power.is_Rational and power < 1:
            return {base: power * value / base}, rule
        return {base: power * base ** (power - 1)}, rule
    found: dict[Symbol, Expr] = {}
    by_base, by_power = POWER.local_partials(value, base, power)
    for operand, partial in ((base, by_base), (power, by_power)):
        if operand.is_Symbol:
            _add(found, operand, partial)
    return found, POWER.rule


def _of_function(expr: Expr, value: Symbol) -> tuple[dict[Symbol, Expr], str]:
    op = BY_HEAD[expr.func]
    found: dict[Symbol, Expr] = {}
    for operand, partial in zip(expr.args, op.local_partials(value, *expr.args), strict=True):
        if operand.is_Symbol:
            _add(found, operand, partial)
    return found, op.rule


def _of_choice(expr: Piecewise) -> dict[Symbol, Expr]:
    """Where a branch is taken, its value's partial is 1; a condition has none."""
    found: dict[Symbol, Expr] = {s: S.Zero for s in expr.free_symbols}
    for branch in dict.fromkeys(e for e, _ in expr.args if e.is_Symbol):
        found[branch] = Piecewise(*((S.One if e == branch else S.Zero, c) for e, c in expr.args))
    return found


__all__ = ["Local", "local_partials"]
