"""The code for sizes of arrays, and for counts of their elements."""

from __future__ import annotations

from collections.abc import Callable

from sympy import Add, Expr, Mul

from symback.operations.shapes import Shape, Size

Named = Callable[[Size], str]
"""The code for a size that is a name or a number."""


def length(size: Size, named: Named) -> str:
    """The code for a size, a sum in brackets."""
    if size.is_Integer or size.is_Symbol:
        return named(size)
    negative = [t for t in Add.make_args(size) if t.could_extract_minus_sign()]
    positive = [t for t in Add.make_args(size) if t not in negative]
    terms = " + ".join(_multiple(t, named) for t in sorted(positive, key=str))
    terms += "".join(f" - {_multiple(-t, named)}" for t in sorted(negative, key=str))
    return f"({terms})"


def _multiple(term: Size, named: Named) -> str:
    texts: list[str] = []
    for factor in Mul.make_args(term):
        base, times = factor.as_base_exp()
        texts += [str(base) if base.is_Integer else length(base, named)] * int(times)
    return " * ".join(texts)


def numbers(count: Expr, named: Named) -> str:
    """The code for a number of elements, as an operand by itself."""
    if count.is_Add:
        return length(count, named)[1:-1]
    return _multiple(count, named)


def count_of(shape: Shape, named: Named) -> str:
    """The code for how many elements an array has."""
    return " * ".join(length(size, named) for size in shape if size != 1) or "1"


__all__ = ["Named", "count_of", "length", "numbers"]
