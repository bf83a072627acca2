"""What a circuit cannot have of SymPy: why, and what to write or do instead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy as sp
from sympy import S, Symbol
from sympy.core.function import AppliedUndef
from sympy.functions.special.polynomials import OrthogonalPolynomial

from symback.errors import clip
from symback.language.foreign import NO_SUCH_FUNCTION, elsewhere
from symback.operations.arrays.base import ArrayFunction
from symback.operations.expressions import postorder
from symback.operations.simplify import weight

LONGEST_SHOWN = 30
MOST_SHOWN = 40  # operations of a part that is shown


def refusal(name: str, part: Any, within: Iterable[Any] = ()) -> str:
    """The sentence that refuses a part of a node; `within` are parts of the node around it."""
    kind = clip(type(part).__name__, 40)
    shown = shown_part(part) if not part.args or isinstance(part, AppliedUndef) else ""
    user = None if part.args else next((p for p in within if part in p.args), None)
    where = place_in(name, user) + ("," if user is not None and shown_part(user) else "")
    if isinstance(part, Symbol):
        return f"{where} has the Symbol {shown}, {_symbol_advice(part)}"
    if part in _NUMBERS:
        return f"{where} has {kind} ({shown}), which is not a real number; {_NUMBERS[part]}"
    what = kind if not shown or shown == kind else f"{shown} ({kind})"
    if isinstance(part, AppliedUndef):
        return f"{where} has {shown or kind}, a function without a formula; {_by_symbol(part)}"
    if isinstance(part, ArrayFunction):
        return (
            f"{where} has the operation '{kind}' on arrays, and a Symbol has no shape; give the "
            "circuit's text, or MatrixSymbols"
        )
    hint = _advice(part, kind)
    return f"{where} has the operation '{what}', which symback doesn't know{hint}"


def place_in(name: str, part: Any) -> str:
    """The place of a part of a node: "node 'f', in 0**x"."""
    shown = "" if part is None else shown_part(part)
    return f"node '{name}'" + (f", in {shown}" if shown else "")


def shown_part(part: Any) -> str:
    """A part as a message shows it; nothing where it is long, for shared parts are repeated."""
    if isinstance(part, sp.Basic) and weight(part) > MOST_SHOWN:
        return ""
    try:
        return clip(ascii(str(part))[1:-1], LONGEST_SHOWN)
    except Exception:  # whatever a class of somebody else may raise
        return ""


_NUMBERS = {
    S.ComplexInfinity: "it comes from a division by 0",
    S.Infinity: "leave out what has no finite value",
    S.NegativeInfinity: "leave out what has no finite value",
    S.NaN: "give a number for every case, as in Piecewise((x, x > 0), (0, True))",
    S.ImaginaryUnit: "take the parts by expr.as_real_imag() of symbols with real=True",
}


def _symbol_advice(symbol: Symbol) -> str:
    why = "whose values don't commute" if not symbol.is_commutative else "which is not real"
    return f"{why}; write Symbol('{clip(symbol.name, 20)}', real=True)"


def _advice(part: Any, kind: str) -> str:
    """The next step behind ';', where there is one."""
    if part.is_Order:
        return "; leave it out by expr.removeO()"
    if isinstance(part, sp.NumberSymbol):
        return f"; put its value: expr.subs({part}, {part}.n())"
    if isinstance(part, sp.re | sp.im | sp.arg | sp.conjugate):
        return "; make the symbols by Symbol(…, real=True)"
    if isinstance(part, sp.Derivative):
        return f"; {_by_symbol(part)}" if _is_undefined(part) else _EVALUATED
    if isinstance(part, sp.Sum | sp.Product):
        return "; its bounds are whole numbers, or evaluate it by expr.doit()"
    if isinstance(part, _UNEVALUATED):
        return _EVALUATED
    if isinstance(part, sp.Indexed):
        return f"; {_by_symbol(part)}"
    if kind == "Quantity":  # of sympy.physics.units, which takes long to import
        return f"; put a number in place of the unit: expr.subs({shown_part(part) or '…'}, 1)"
    if isinstance(part, sp.hyper | sp.meijerg):
        return "; write it in other functions by sympy.hyperexpand(expr)"
    if isinstance(part, OrthogonalPolynomial):
        return "; put a whole number in place of its degree"
    if isinstance(part, sp.LeviCivita):
        return "; put whole numbers in place of its indices"
    if isinstance(part, sp.elliptic_k):
        return _MEAN_OF_GAUSS
    hint = elsewhere(kind)
    if isinstance(part, sp.Function) and hint in ("", NO_SUCH_FUNCTION):
        has_values = not isinstance(part, sp.DiracDelta)
        return f"; {_by_symbol(part)}, and chain its derivative by hand" if has_values else hint
    return hint


_MEAN_OF_GAUSS = (
    "; it is pi/(a + b) where a loop ends: a[t] = (a[t-1] + b[t-1])/2, "
    "b[t] = sqrt(a[t-1]*b[t-1]), from 1 and sqrt(1 - m)"
)


def _is_undefined(part: Any) -> bool:
    return any(isinstance(p, AppliedUndef) for p in postorder(part))


_UNEVALUATED = (sp.Integral, sp.Limit, sp.Subs, sp.UnevaluatedExpr)
_EVALUATED = "; evaluate it by expr.doit()"


def _by_symbol(part: Any) -> str:
    """How to put a symbol in the place of a function or an entry that has no formula."""
    name = "".join(c if c.isascii() and c.isalnum() else "_" for c in shown_part(part))
    while "__" in name:
        name = name.replace("__", "_")
    name = name.strip("_") or "u"
    return f"put a symbol there: expr.subs({shown_part(part) or '…'}, Symbol('{name}'))"


__all__ = ["place_in", "refusal", "shown_part"]
