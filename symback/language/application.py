"""An operation applied to operands, as far simplified as SymPy does in reasonable time."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp
from sympy import Add, Expr, Mul, S

from symback.language.limits import is_large, is_wide
from symback.operations.elementwise import AT_KINK, Op
from symback.operations.expressions import applied
from symback.operations.stated import stated


def apply(op: Op, args: Sequence[Expr]) -> Expr:
    is_kept = op.head in _NEVER_SIMPLER and args[0].is_Rational and args[0].is_positive
    if is_kept or any(is_wide(a) for a in args) or (op.name in ("min", "max") and is_large(args)):
        return op.head(*args, evaluate=False)
    value = applied(op.head, *args)
    if op.name == "abs" and value.is_Mul:  # abs(y²/x) gives y²·abs(1/x), and that y²/abs(x)
        value = Mul(*(sp.Abs(*f.args) if isinstance(f, sp.Abs) else f for f in value.args))
    if op.head is sp.tan and value.func is not sp.tan:  # SymPy turns tan(u + pi/2) into -cot(u)
        value = value.replace(sp.cot, lambda u: 1 / sp.tan(u))
    return value


def apply_stated(op: Op, args: Sequence[Expr], at_kink: Expr) -> Expr:
    """With the stated derivative at the kink; max(a, b, c) is max(max(a, b), c)."""
    op, width = AT_KINK[op.name], op.arity[0]
    made = apply(op, [*args[:width], at_kink])
    for arg in args[width:]:
        made = apply(op, [made, arg, at_kink])
    return made


def with_slopes(value: Expr, operands: Sequence[Expr], slopes: Sequence[Expr]) -> Expr:
    """A value whose derivative by each operand is stated; the others' parts are 0."""
    if all(operand.is_number for operand in operands):
        return value
    pairs = [(u, d) for u, d in zip(operands, slopes, strict=True) if not u.is_number]
    values = [value, *([S.Zero] * (len(pairs) - 1))]
    return Add(*(stated(v, u, d) for v, (u, d) in zip(values, pairs, strict=True)))


_NEVER_SIMPLER = (sp.sin, sp.cos, sp.tan, sp.sinh, sp.cosh, sp.tanh, sp.erf)
"""Functions that have no simpler value at any positive rational number."""


__all__ = ["apply", "apply_stated", "with_slopes"]
