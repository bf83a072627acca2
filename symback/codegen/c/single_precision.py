"""The C target: what becomes of functions on arrays of doubles where these are of type float.

Products of matrices are made of floats, in registers that hold twice as many of them, and so are
the functions of ELEMENTWISE, of which loops over elements apply one to each. Other functions take
and give numbers of type double, which are rounded where an array takes them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

SUFFIX = "_f32"
"""How the names of functions over floats end."""
ELEMENTWISE = ("symback_sigma", "symback_sigma_slope", "symback_tanh", "symback_tanh_slope")
"""Kernels of numbers that floats have as well, by the same formulas."""
_PRODUCTS = ("dots", "block", "narrow_block", "blocks", "panel", "product")
_OF_FLOATS = frozenset({*(f"symback_{name}" for name in _PRODUCTS), *ELEMENTWISE})
"""Those that compute in float."""
_STORED = re.compile(r"(\bto\[i\]) = (.+);")
_CALLED = re.compile(r"\b(fabs|copysign|symback_(?:fma|exp_low|expm1_low))\(")
_OF_ELEMENT = re.compile(rf"\b({'|'.join(ELEMENTWISE)})\((-?\w+\[[^\[\]]+\])\)")


def kernel(text: str, of_arrays: Collection[str]) -> str:
    """A kernel over floats.

    >>> row = "static inline void symback_half(const double *z, double *to) { to[i] = z[i]; }"
    >>> kernel(row, {"symback_half"})
    'static inline void symback_half_f32(const float *z, float *to) { to[i] = (float)(z[i]); }'
    """
    head = re.search(r"inline \w+ (\w+)\(", text)
    if head and head[1] in _OF_FLOATS:
        code = text[head.start() - len("static ") :]
        code = re.sub(r"\bdouble\b", "float", code)
        code = re.sub(r"\b(\d+\.\d+)\b", r"\1F", code)
        code = code.replace("SYMBACK_COLUMNS", "(2 * SYMBACK_COLUMNS)")
        about = "within 4 ULP" if head[1] in ELEMENTWISE else "with twice as many in a register"
        code = _CALLED.sub(lambda name: f"{_in_float(name[1])}(", code)
        text = f"/* {head[1]} of floats, {about}. */\n{code}"
    else:
        text = _STORED.sub(r"\1 = (float)(\2);", text.replace("double *", "float *"))
    names = {*of_arrays, head[1]} if head else of_arrays
    return "\n".join(_renamed(text.split("\n"), names))


def _in_float(name: str) -> str:
    return f"{name}{SUFFIX}" if name.startswith("symback_") else f"{name}f"


def called(lines: Iterable[str], of_arrays: Collection[str]) -> list[str]:
    """Lines of a function on arrays of floats, with the kernels that it calls over these."""
    of_elements = [_OF_ELEMENT.sub(rf"\1{SUFFIX}(\2)", line) for line in lines]
    return _renamed(of_elements, of_arrays)


def _renamed(lines: Iterable[str], names: Collection[str]) -> list[str]:
    def name(found: re.Match[str]) -> str:
        return f"{found[1]}{SUFFIX}(" if found[1] in names else found[0]

    return [re.sub(r"\b(symback_\w+)\(", name, line) for line in lines]


__all__ = ["ELEMENTWISE", "SUFFIX", "called", "kernel"]
