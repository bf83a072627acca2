"""The primitive operations: what each means in SymPy and what its local partials are.

`OPS` is the one table, whose rows stand in a module a family: all that is true of an operation
stands in its row. Partials are written over the operands and the operation's own value v, so that
a derivative reuses what forward has computed: exp'(u) = v. Where no partial is given, SymPy's own
`fdiff` supplies it.

NaN gives NaN, and its partial is NaN; a comparison with NaN does not hold, but ≠ does.

Conventions at kinks: relu'(0) = 0, abs'(0) = sign(0) = 0, sign'(0) = 0; where the arguments of
min or max are equal, each gets half; where(c, a, b) has the derivative of the branch taken.
A circuit may state another number where a row has `at_kink`: for relu, abs, min and max.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sympy import Expr
from sympy.logic.boolalg import Boolean

from symback.operations.edges import over_square, plainly
from symback.operations.elementwise import (
    activations,
    choices,
    entropies,
    exponentials,
    gammas,
    hyperbolic,
    integrals,
    inverses,
    normal,
    powers,
    quotients,
    remainders,
    shares,
    stated,
    trigonometric,
)
from symback.operations.elementwise.powers import POWER
from symback.operations.elementwise.row import Op
from symback.operations.expressions import postorder
from symback.operations.functions import Slope, erfc

_TABLE: tuple[Op, ...] = (
    *exponentials.ROWS,
    *powers.ROWS,
    *trigonometric.ROWS,
    *hyperbolic.ROWS,
    *normal.ROWS,
    *gammas.ROWS,
    *inverses.ROWS,
    *integrals.ROWS,
    *quotients.ROWS,
    *entropies.ROWS,
    *choices.ROWS,
    *activations.ROWS,
    *shares.ROWS,
    *remainders.ROWS,
    *stated.ROWS,
)

OPS: dict[str, Op] = {op.name: op for op in _TABLE}
"""Every operation by the name that circuit text gives it."""

SPELLINGS: dict[str, Op] = {spelling: op for op in _TABLE for spelling in (op.name, *op.aliases)}
"""Every accepted spelling of an operation."""

BY_HEAD: dict[Any, Op] = {op.head: op for op in _TABLE if op.name != "sqrt"}
"""Operations by SymPy class; sqrt has none of its own, being a power."""

AT_KINK: dict[str, Op] = {op.name: BY_HEAD[op.at_kink] for op in _TABLE if op.at_kink}
"""What stands for an operation in a circuit that states its derivative at the kink.

At a tie the first operand's partial is stated.
"""

EXACT: tuple[Any, ...] = tuple(op.head for op in _TABLE if op.exact)
"""The heads of operations that never round."""

SLOPES: dict[type[Slope], Op] = {op.slope: op for op in _TABLE if op.slope is not None}

_MEANINGS: dict[Any, Callable[..., Expr]] = {
    **{op.head: op.meaning for op in _TABLE if op.meaning is not None},
    **{slope: slope.elementary for slope in SLOPES},
    over_square: over_square.plain,
}


def elementary(expr: Expr) -> Expr:
    """The expression in SymPy's own functions only, by each operation's definition.

    Conditions stay as they are: SymPy would solve a choice inside a comparison.
    """
    done: dict[Expr, Expr] = {}
    for part in postorder(expr):
        if isinstance(part, Boolean):
            done[part] = part
            continue
        args = [done[a] for a in part.args]
        meaning = _MEANINGS.get(part.func)
        if meaning is None and all(a is b for a, b in zip(args, part.args, strict=True)):
            done[part] = part  # to make it anew would ask SymPy for simpler forms again
        else:
            done[part] = meaning(*args) if meaning else part.func(*args)
    return done[expr]


def expand_slopes(expr: Expr) -> Expr:
    """The expression with every kept slope, sigma'(u), written out: sigma(u)*(1 - sigma(u))."""
    found = {p: p.written for p in postorder(expr) if isinstance(p, Slope)}
    return plainly(expr.xreplace(found) if found else expr)


__all__ = [
    "AT_KINK",
    "BY_HEAD",
    "EXACT",
    "OPS",
    "POWER",
    "SLOPES",
    "SPELLINGS",
    "Op",
    "elementary",
    "erfc",
    "expand_slopes",
]
