"""The signs of the lecture and what each stands for in ASCII: the one table of the notation.

| sign            | stands for                | sign       | stands for          |
|-----------------|---------------------------|------------|---------------------|
| − (minus)       | -                         | · × ⋅      | *                   |
| ½               | 1/2                       | ≤ ≥        | <= >=               |
| x² x³ x⁻¹       | x**2 x**3 x**-1           | x₁ w₂      | x1 w2               |
| α β … ω         | alpha beta … omega        | Γ Δ … Ω    | Gamma Delta … Omega |
| σ(u)            | sigma(u)                  | π          | pi                  |
| λ               | lambda_ (a Python word)   | w3x3       | w3*x3               |

A product by juxtaposition is read where every factor is letters with digits behind them and no
node has the whole name.
"""

from __future__ import annotations

import re

_GREEK_LOWER = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda_ mu nu xi omicron pi rho "
    "sigma_final sigma tau upsilon phi chi psi omega"
).split()
_GREEK_UPPER = (
    "Alpha Beta Gamma Delta Epsilon Zeta Eta Theta Iota Kappa Lambda Mu Nu Xi Omicron Pi Rho "
    "unassigned Sigma Tau Upsilon Phi Chi Psi Omega"
).split()

GREEK: dict[str, str] = {
    **{chr(0x03B1 + i): name for i, name in enumerate(_GREEK_LOWER) if name != "sigma_final"},
    **{chr(0x0391 + i): name for i, name in enumerate(_GREEK_UPPER) if name != "unassigned"},
    "ϑ": "theta",
    "ϕ": "phi",
    "ϵ": "epsilon",
    "µ": "mu",  # the micro sign of keyboards
}
SUPERSCRIPTS = {"⁻": "-", **dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True))}
SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))
COMPARISONS = {"≤": "<=", "≥": ">="}

_NAME_SIGNS = str.maketrans({**GREEK, **SUBSCRIPTS})
_SUPERSCRIPTS = str.maketrans(SUPERSCRIPTS)
_SUBSCRIPTED = re.compile(r"[A-Za-z]+[0-9]+")
_ALL_SUBSCRIPTED = re.compile(r"(?:[A-Za-z]++[0-9]++){2,}+")  # never looks back: linear time


def ascii_name(text: str) -> str:
    """A name with Greek letters spelled out and subscript digits on the line."""
    return text.translate(_NAME_SIGNS)


def exponent(text: str) -> int:
    """The number that superscript digits write."""
    return int(text.translate(_SUPERSCRIPTS))


def juxtaposed(name: str) -> list[str] | None:
    """The factors of a product such as w3x3, or None where the name is not one."""
    return _SUBSCRIPTED.findall(name) if _ALL_SUBSCRIPTED.fullmatch(name) else None
