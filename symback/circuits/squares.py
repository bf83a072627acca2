"""Whether a loss is a sum of squared residuals, so that least squares fits it."""

from __future__ import annotations

from sympy import Expr, Pow

from symback.circuits.circuit import Circuit, Node
from symback.operations.arrays import dot, mean, reduce_sum


def squared_target(circuit: Circuit) -> Node | None:
    """The target y where the loss is c·Σ(f − y)² with f the output and a number c > 0; else None.

    >>> import symback as sb
    >>> print(squared_target(sb.circuit("f = w*x + b")))
    y
    >>> print(squared_target(sb.circuit("w: param; x: input; y: target; L: loss = abs(w*x - y)")))
    None
    """
    if circuit.loss is None:
        return None
    factor, rest = circuit.loss.formula.as_coeff_Mul()
    if not factor > 0:
        return None
    residual = _squared(rest)
    output = circuit.output.symbol
    for target in circuit.targets:
        difference = output - target.symbol
        if target.shape == circuit.output.shape and residual in (difference, -difference):
            return target
    return None


def _squared(expr: Expr) -> Expr | None:
    """The r of r², of Σr² and of the mean of r²; None for other formulas."""
    if isinstance(expr, dot):
        left, right = expr.args
        return left if left == right else None
    square = expr.args[0] if isinstance(expr, reduce_sum | mean) else expr
    return square.base if isinstance(square, Pow) and square.exp == 2 else None


__all__ = ["squared_target"]
