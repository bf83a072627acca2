"""Names that are likely products typed without their sign, such as wx for w*x.

`wx` is a name like any other, so the circuit has another meaning than the one who typed it had in
mind. A warning is right where the factors are names of the circuit, and likely where a coefficient
stands before a variable and the circuit's names are letters; names such as dx, kB, tau, or the
components vx and vy, are meant as they stand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

from symback.circuits.circuit import Node
from symback.language.foreign import elsewhere
from symback.operations.elementwise import SPELLINGS
from symback.operations.expressions import postorder
from symback.operations.signs import GREEK

LONGEST = 16  # letters of a name that is split
_GREEK = sorted({*GREEK.values()}, key=len, reverse=True)
_LETTER_ALONE = rf"(?:{'|'.join(_GREEK)}|[A-Za-z])"
_LETTER = rf"{_LETTER_ALONE}[0-9]*"
_IS_LETTER = re.compile(_LETTER).fullmatch
_FACTOR = re.compile(rf"(?:{'|'.join(_GREEK)}|[abckmvwW])[0-9]*")
_VARIABLE = re.compile(r"[xyzt][0-9]*")
_VELOCITY = re.compile(r"v[0-9]*[xyz]").fullmatch  # a component
_OF_WEIGHT = re.compile(rf"(?:[wW][0-9]*|(?:{'|'.join(_GREEK)})[0-9]+)x[0-9]*").fullmatch
"""w or θ₁ before x: a product, whatever the other names are."""


def products_meant(nodes: Sequence[Node], inferred: Collection[str]) -> dict[str, str]:
    """The names without a declaration that are likely products, each with the product.

    >>> from symback.language.parse import circuit
    >>> products_meant(circuit("f = wx + b", loss=None).nodes, ["wx", "b"])
    {'wx': 'w*x'}
    """
    names = {n.name for n in nodes}
    found = {}
    for name in inferred:
        factors = factors_among(name, names.__contains__) or _subscripted(name)
        factors = factors or _letters(name, inferred)
        if factors and not _are_multiplied(name, factors[-1], nodes):
            found[name] = "*".join(factors)
    return found


def calls_meant(inferred: Collection[str]) -> dict[str, str]:
    """Undeclared names that are a function and its operand, such as sinx; each with the call.

    >>> calls_meant(["sinx", "tanhx1", "cost", "logp"])
    {'sinx': 'sin(x)', 'tanhx1': 'tanh(x1)'}
    """
    found = {}
    for name in inferred:
        if called := _CALL(name):
            found[name] = f"{called[1]}({called[2]})"
    return found


_CALL = re.compile(
    r"(exp|log|ln|sqrt|a?sin|a?cos|a?tan|sinh|cosh|tanh|arcsin|arccos|arctan|abs|erf|relu|softplus|sigmoid)"
    r"([xyz][0-9]*)"
).fullmatch


def spelled_twice(inferred: Collection[str]) -> dict[str, str]:
    """Names of which the circuit has another spelling, as w_3 and w3; each with that."""
    plain = {name for name in inferred if "_" not in name}
    return {n: n.replace("_", "") for n in inferred if "_" in n and n.replace("_", "") in plain}


def powers_of_e(nodes: Sequence[Node], inferred: Collection[str]) -> dict[str, str]:
    """Undeclared names e and E that are raised to what varies, each with the exponential."""
    found = {}
    for base in {"e", "E"} & set(inferred):
        for node in (n for n in nodes if base in n.operands):
            for part in postorder(node.formula):
                if part.is_Pow and str(part.base) == base and part.exp.free_symbols:
                    exponent = str(part.exp)
                    found[base] = f"exp({exponent if len(exponent) < LONGEST else '…'})"
    return found


def factors_among(name: str, is_known: Callable[[str], bool]) -> list[str]:
    """The names that a name is made of, as few as possible; empty where it is not."""
    if len(name) > LONGEST or name in SPELLINGS or name in _GREEK:
        return []
    best: list[list[str] | None] = [[]] + [None] * len(name)
    for end in range(1, len(name) + 1):
        for start in range(end):
            before, part = best[start], name[start:end]
            if before is None or part == name or not is_known(part):
                continue
            if best[end] is None or len(before) + 1 < len(best[end] or []):
                best[end] = [*before, part]
    return best[len(name)] or []


def called_product(name: str, arguments: int) -> str:
    """How to write w*(x + b) or x*sin(y) where w(x + b) or xsin(y) is typed, behind ';'."""
    letter, digits, rest = _CALLED(name).groups()  # type: ignore[union-attr]
    if not rest and letter and arguments == 1:
        return f"; write {name}*(…) for a product"
    is_doubled = rest[:1] == letter  # ssin is a slip
    if letter and rest in SPELLINGS and not is_doubled and not elsewhere(name):
        return f"; write {letter}{digits}*{rest}(…) for a product"
    return ""


_CALLED = re.compile(r"([A-Za-z]?)([0-9]*)(\w*)\Z", re.ASCII).match


def _subscripted(name: str) -> list[str]:
    """Letters with numbers behind them, such as w_3 and x_3 of w_3x_3."""
    found = re.findall(rf"({_LETTER_ALONE}_[0-9]+)", name)
    return found if len(found) > 1 and "".join(found) == name else []


def _letters(name: str, inferred: Collection[str]) -> list[str]:
    """A coefficient and a variable, such as w1 and x, where the other names are letters, too."""
    coefficient = _FACTOR.match(name)
    if coefficient is None or name in _GREEK or name in SPELLINGS or _VELOCITY(name):
        return []
    first, rest = coefficient[0], name[coefficient.end() :]
    if not _VARIABLE.fullmatch(rest):
        return []
    siblings = {first + letter for letter in "xyzt"} - {name}
    if not siblings.isdisjoint(inferred):  # components of a vector: ax, ay
        return []
    others = (o for o in inferred if o != name)
    fits = _OF_WEIGHT(name) or all(_IS_LETTER(o) or _looks_like_product(o) for o in others)
    return [first, rest] if fits else []


def _looks_like_product(name: str) -> bool:
    coefficient = _FACTOR.match(name)
    return coefficient is not None and bool(_VARIABLE.fullmatch(name[coefficient.end() :]))


def _are_multiplied(name: str, factor: str, nodes: Sequence[Node]) -> bool:
    """Whether a name is multiplied by its last factor, as in kx*x: then it's a name of its own."""
    for node in nodes:
        if name not in node.operands:
            continue
        for part in postorder(node.formula):
            if part.is_Mul and {name, factor} <= {str(f.as_base_exp()[0]) for f in part.args}:
                return True
    return False


__all__ = ["called_product", "factors_among", "powers_of_e", "products_meant", "spelled_twice"]
