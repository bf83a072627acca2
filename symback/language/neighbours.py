"""Products without a sign and powers by ^: what is clear, and what has two readings.

Clear are 2x, 2(x + y), w x, (a + b)(c + d) and x^2: each operand of a product without a sign is a
number at its front, a bracket, a call, or a letter with digits or a subscript behind it. What could
mean something else is refused with the spellings of its readings.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from symback.circuits.names import VARIABLE_TOO
from symback.language.explain import INFIX, INVERSES, WORDS
from symback.language.terms import Term
from symback.operations.elementwise import SPELLINGS
from symback.operations.signs import GREEK, juxtaposed
from symback.operations.signs import exponent as whole_exponent

_GREEK = "|".join(sorted({*GREEK.values()}, key=len, reverse=True))
is_letter = re.compile(rf"(?:{_GREEK}|[A-Za-z])[0-9]*(?:_[A-Za-z0-9]+)?").fullmatch
"""A letter, Latin or Greek, with digits or a subscript: what a product without a sign may have."""

FUNCTIONS = frozenset({*SPELLINGS, "where", "sum", "mean", "norm", "dot"}) - VARIABLE_TOO
LONGEST_SHOWN = 20
_BY_GREEK_NAME = frozenset({"sigma"})
"""Names that are a number's as often as the function's: sigma x has two readings."""
_OF_A_BASE = ("power", "caret", "superscript", "transpose")


def refusal_of_neighbours(left: Term, right: Term, first: Term | None = None) -> str:
    """Why two terms side by side are not a product; nothing where they are, or may be.

    `first` is what stands before them, as x in x mod 2.
    """
    for term in (left, right):
        if term.kind == "name" and term.text in WORDS:
            return f"'{term.text}' is not part of the language; {WORDS[term.text]}"
    missing = f"an operator is missing before '{shown(right)}'; "
    is_refused = left.text in FUNCTIONS or right.kind == "number"  # rem may be the circuit's own
    if first is not None and left.kind == "name" and left.text in INFIX and is_refused:
        a, b = (shown(t) if t.kind in ("name", "number") else "" for t in (first, right))
        a, b = (a, b) if a and b else ("a", "b")
        return f"{missing}write {INFIX[left.text].format(a, b)} for {a} {left.text} {b}"
    if left.kind == "name" and left.text in FUNCTIONS:
        operand = "…" if left.text == "where" or right.kind == "number" else shown(right)
        return f"{missing}write {left.text}({operand}) to call {left.text}"
    if left.kind == "superscript" and (name := left.args[0].text) in FUNCTIONS:
        return _power_of_function(name, str(whole_exponent(left.text)), f"{name}{left.text}(u)")
    if base_of(right).kind in ("number", "vector") or _is_called(left, right):
        return f"{missing}write * for a product"
    if left.kind == "reciprocal":
        a, b = shown(left.args[0]), shown(right)
        return f"does / divide by {a} or by {a}*{b}? Write brackets and *"
    exponent = _exponent(left)
    if exponent and exponent.place == (right.place[0], right.place[1] - len(exponent.text)):
        a, b = exponent.text, shown(right)
        return f"is the exponent {a} or {a}*{b}? Write brackets and *, as in x**2*y"
    return ""


def _power_of_function(name: str, exponent: str, typed: str) -> str:
    """What to write for sin²(x), tan⁻¹(x) and sin^-1(x)."""
    if exponent == "-1":
        inverse = f"{INVERSES[name]}(u)" if name in INVERSES else f"1/{name}(u)"
        return f"write {inverse} for {typed}"
    return f"write {name}(u)**{exponent} for {typed}"


def words_side_by_side(term: Term, is_own: Callable[[str], bool]) -> str:
    """Why names side by side are not a product: each is a letter, or a name of the circuit."""
    left, right = term.args
    last = left.args[-1] if left.kind in ("product", "beside") else left
    if last.kind == "name" and last.text in _BY_GREEK_NAME and not is_own(last.text):
        name, other = last.text, shown(right)
        return f"is {name} a number or the function? Write {name}*{other} or {name}({other})"
    for part in (left.args[-1] if left.kind in ("product", "beside") else left, right):
        part = base_of(part)
        name = part.text
        known = is_own(name) or name == "pi" or is_letter(name) or juxtaposed(name)
        if part.kind == "name" and not known:
            return f"an operator is missing before '{shown(right)}'; write * for a product"
    return ""


def refusal_of_caret(base: Term, exponent: Term) -> str:
    """Why base^exponent has no clear meaning; nothing where it is a power."""
    plain = exponent.args[0] if exponent.kind == "negative" else exponent
    if base.kind == "name" and base.text in FUNCTIONS:
        if base.text == "exp":
            return f"write exp({shown(exponent)}) for the exponential"
        inner = exponent.args[0] if exponent.kind == "bracketed" else exponent
        minus, inner = ("-", inner.args[0]) if inner.kind == "negative" else ("", inner)
        power = minus + inner.text if inner.kind == "number" else "(…)"
        return _power_of_function(base.text, power, f"{base.text}^{power}(u)")
    if plain.kind == "number" or exponent.kind == "bracketed":
        return ""
    if exponent.kind == "name" and exponent.text == "T":
        return "write x.T for the transpose"
    if base.kind == "name" and base.text == "e":
        return f"write exp({shown(exponent)}) for the exponential"
    if exponent.kind == "negative":
        power = f"(-{shown(plain)})"
    else:
        power = "(…)" if exponent.kind in ("caret", "power") else shown(exponent)
    return f"use ** for this power, as in {shown(base)}**{power}; ^ takes a number or a bracket"


def shown(term: Term) -> str:
    """A term as messages name it: its first word, with its power."""
    text = term.text
    if term.kind == "call":
        return f"{text[:LONGEST_SHOWN]}(…)"
    if term.kind in _OF_A_BASE:
        return f"{shown(term.args[0])}{text}{''.join(map(shown, term.args[1:]))}"
    while not text and term.args:
        if term.kind == "bracketed":
            return "(…)"
        term = term.args[0]
        text = term.text
    return text[:LONGEST_SHOWN] or "…"


def _is_called(left: Term, right: Term) -> bool:
    """Whether a result is called, as in sin(x)(y)."""
    return left.kind in ("call", "index") and base_of(right).kind == "bracketed"


def base_of(term: Term) -> Term:
    """The first operand of powers and the like."""
    while term.kind in (*_OF_A_BASE, "index"):
        term = term.args[0]
    return term


def _exponent(term: Term) -> Term | None:
    """The number that a power ends in."""
    if term.kind != "power":
        return None
    last = term.args[1]
    while last.kind in ("negative", "power"):
        last = last.args[-1]
    return last if last.kind == "number" else None


__all__ = ["base_of", "refusal_of_caret", "refusal_of_neighbours", "words_side_by_side"]
