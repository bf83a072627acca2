"""Whether a loss is a sum of squared residuals, so that least squares fits it."""

from __future__ import annotations

from collections.abc import Mapping

from sympy import Expr, Pow, S, Symbol

from symback.circuits.circuit import Circuit, Node
from symback.operations.arrays import dot, mean, reduce_sum


def squared_target(circuit: Circuit) -> Node | None:
    """The target y where the loss is c·Σ(f − y)² with f the output and a number c > 0; else None.

    The residual, its square and their sum may be nodes with names of their own.

    >>> import symback as sb
    >>> print(squared_target(sb.circuit("f = w*x + b")))
    y
    >>> print(squared_target(sb.circuit("w: param; x: input; y: target; L: loss = abs(w*x - y)")))
    None
    """
    if circuit.loss is None:
        return None
    output = circuit.output.symbol
    named = {n.symbol: n.formula for n in circuit.nodes if not n.is_leaf and n.symbol != output}
    factor, rest = _written(circuit.loss.symbol, named)
    if not factor > 0:
        return None
    square = rest.args[0] if isinstance(rest, reduce_sum | mean) else rest
    inner, square = _written(square, named)
    if not inner > 0:
        return None
    _, residual = _written(_root(square), named)
    slope = residual.coeff(output)
    if not slope.is_number or slope.is_zero:
        return None
    for target in circuit.targets:
        rest = (residual - slope * (output - target.symbol)).expand()
        if target.shape == circuit.output.shape and rest.is_zero:
            return target
    return None


def _written(expr: Expr, named: Mapping[Symbol, Expr]) -> tuple[Expr, Expr]:
    """The number and the rest of a product; for a rest that is a node, the formula of that node."""
    factor, rest = expr.as_coeff_Mul()
    while rest in named:
        more, rest = named[rest].as_coeff_Mul()
        factor *= more
    return factor, rest


def _root(expr: Expr) -> Expr:
    """The r of r² and of r·r; 0 for other formulas."""
    if isinstance(expr, dot) and expr.args[0] == expr.args[1]:
        found: Expr = expr.args[0]
        return found
    return expr.base if isinstance(expr, Pow) and expr.exp == 2 else S.Zero


__all__ = ["squared_target"]
