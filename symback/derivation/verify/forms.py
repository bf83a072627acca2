"""Values of gates: many gates of a large circuit differ in their names only.

The meaning of such a form in SymPy's own functions is found once, so a large circuit costs little
more than its few forms.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from flint import arb
from sympy import Expr

from symback.operations.balls.scalars import evaluate
from symback.operations.elementwise import elementary
from symback.operations.forms import Numbering, form_of, place

_MEANINGS: dict[Hashable, Expr] = {}
_MOST_KEPT = 2**12


def value_of(expr: Expr, values: Mapping[Any, arb]) -> arb:
    """The ball of a gate or of a local partial; `values` holds its names' balls.

    Raises what `evaluate` raises.
    """
    if expr.is_Symbol:
        return values[expr]
    numbers: Numbering = {}
    form = form_of(expr, numbers)
    if form not in _MEANINGS:
        if len(_MEANINGS) >= _MOST_KEPT:
            _MEANINGS.clear()
        _MEANINGS[form] = elementary(expr.xreplace({s: place(i) for s, i in numbers.items()}))
    return evaluate(_MEANINGS[form], {place(i): values[s] for s, i in numbers.items()})


__all__ = ["value_of"]
