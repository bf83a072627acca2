"""Numbers as people write them where a value is asked for: 1/3, pi, -sqrt(2), 2e-3."""

from __future__ import annotations

import re
from math import isfinite

from symback.errors import CircuitSyntaxError, SymbackError
from symback.language.scalars import Builder
from symback.language.syntax import Equation, SourceText, statements

LONGEST_NUMBER = 200  # characters
_PLAIN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?").fullmatch


def number_in(text: str) -> float:
    """The number that a formula without names stands for; SymbackError for what is not one.

    >>> number_in("1/4"), round(number_in("-pi/2"), 4), number_in("2^3")
    (0.25, -1.5708, 8.0)
    """
    refused = CircuitSyntaxError("write a number, such as 0.5, 1/3 or pi")
    if len(text) > LONGEST_NUMBER:
        raise refused
    if _PLAIN(text.strip()) and isfinite(float(text)):
        return float(text)
    source = SourceText(text)
    try:
        found = statements(source)
        if len(found) != 1 or not isinstance(found[0], Equation) or found[0].right is not None:
            raise refused
        builder = Builder(source, lambda name: False)
        value = builder.build(found[0].left)
        if builder.used or not value.is_number:
            raise refused
        return float(value)
    except (SymbackError, RecursionError, OverflowError, TypeError):
        raise refused from None


__all__ = ["number_in"]
