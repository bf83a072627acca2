"""What the rules look for in a formula, so that most formulas need not be shown to them."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy import Expr
from sympy.codegen.cfunctions import expm1, log1p

from symback.operations.arrays import logsumexp
from symback.operations.expressions import postorder
from symback.operations.functions import erfc, sigma
from symback.operations.special import (
    expshare,
    inv_add_exp,
    inv_expm1,
    log_ratio,
    pow1pm1,
    powm1,
    quadroot,
    rel_entr,
    sqrtsub,
    xlogx,
)
from symback.stable.bases import BASES
from symback.stable.branch_points import has_branch_point
from symback.stable.compound import LEAST_POWER

FUNCTIONS = frozenset(
    (
        *(sp.exp, expm1, sp.log, *BASES, sp.sinh, sp.cosh, sp.tanh, sp.sin, sp.cos, sp.tan),
        *(sp.asin, sp.acos, sp.atan, sp.asinh, sp.acosh, sp.atanh, sp.erf, erfc, sigma),
    )
)
"""What rules look for behind the names of several nodes."""
_LOOKED_FOR_LAST = (
    sp.cosh,
    sp.sinh,
    sigma,
    rel_entr,
    xlogx,
    sp.log,
    *BASES,
    log1p,
    sp.atan,
    log_ratio,
    logsumexp,
    pow1pm1,
    powm1,
    sqrtsub,
    quadroot,
    inv_expm1,
    inv_add_exp,
    expshare,
)


def is_looked_for(part: Any) -> bool:
    return part.func in FUNCTIONS or (part.is_Pow and not part.exp.is_Integer)


def is_looked_for_last(formula: Expr) -> bool:
    """Whether it divides by something, or has a function or power that the last rules look for."""
    return any(
        isinstance(part, _LOOKED_FOR_LAST)
        or has_branch_point(part)
        or (part.is_Pow and (part.exp.could_extract_minus_sign() or not _is_small(part.exp)))
        for part in postorder(formula)
    )


def _is_small(power: Expr) -> bool:
    return bool(power.is_number and power <= LEAST_POWER)


__all__ = ["FUNCTIONS", "is_looked_for", "is_looked_for_last"]
