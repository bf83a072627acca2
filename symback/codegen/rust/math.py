"""Functions of f64 that Rust has in its std alone, and the crate libm without it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_SAME = "exp sqrt sin cos tan asin acos atan sinh cosh tanh cbrt floor ceil log10 log2"
_OTHER = "abs=fabs ln=log ln_1p=log1p exp_m1=expm1 round_ties_even=rint powf=pow mul_add=fma"
_OF_LIBM = {
    **{name: name for name in f"{_SAME} atan2 hypot copysign".split()},
    **dict(pair.split("=") for pair in _OTHER.split()),
}
_MORE = {
    **dict.fromkeys(("atan2", "hypot", "copysign", "powf"), ("other",)),
    "mul_add": ("factor", "term"),
}
"""Operands beside the first."""
_CALL = re.compile(r"(?:f64::|\.)(\w+)\(")


@dataclass(frozen=True, slots=True)
class LibmCall:
    """A method of f64, and the function of libm that stands for it."""

    method: str
    declared: str  # its operands beside the first, behind a comma
    given: str
    function: str


def math_of(texts: Iterable[str]) -> list[LibmCall]:
    """What the texts call of it."""
    found = {name for text in texts for name in _CALL.findall(text)}
    return [
        LibmCall(
            name,
            "".join(f", {operand}: f64" for operand in _MORE.get(name, ())),
            "".join(f", {operand}" for operand in _MORE.get(name, ())),
            _OF_LIBM[name],
        )
        for name in sorted(found & _OF_LIBM.keys())
    ]


__all__ = ["LibmCall", "math_of"]
