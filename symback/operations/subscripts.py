"""Subscripts of sums of products: which axes of two arrays and of the result are the same one."""

from __future__ import annotations

import string
from collections.abc import Sequence

from sympy import Integer, Tuple

LETTERS = string.ascii_lowercase + string.ascii_uppercase
"""The names of axes; inside they are numbers."""


def subscripts(*names: Sequence[int]) -> Tuple:
    return Tuple(*(Tuple(*map(Integer, of_array)) for of_array in names))


def matrix_subscripts(left: int, right: int) -> Tuple:
    """Those of the product of arrays of these ranks, as NumPy's @ has it.

    >>> matrix_subscripts(3, 2)
    ((0, 1, 2), (2, 3), (0, 1, 3))
    """
    lead = max(left, right) - 2
    rows, inner, columns = lead, lead + 1, lead + 2
    of_left = [*range(max(lead - left + 2, 0), lead), rows, inner] if left > 1 else [inner]
    of_right = [*range(max(lead - right + 2, 0), lead), inner, columns] if right > 1 else [inner]
    result = [*range(lead), *([rows] if left > 1 else []), *([columns] if right > 1 else [])]
    return subscripts(of_left, of_right, result)


def flips(named: Sequence[Sequence[object]]) -> tuple[bool, bool, bool] | None:
    """How a sum of products is a product of matrices in the last two axes; None where it is none.

    The second array may be the left factor, and each of them transposed: three answers.

    >>> flips(subscripts([0, 1, 2], [0, 3, 2], [0, 1, 3]))
    (False, False, True)
    """
    first, second, result = (list(names) for names in named)
    inner = [i for i in first if i in second and i not in result]
    rows = [i for i in first if i not in second]
    columns = [i for i in second if i not in first]
    if not (len(inner) == len(rows) == len(columns) == 1):
        return None
    lead = result[:-2]
    swapped = result[-2:] == [*columns, *rows]
    if not swapped and result[-2:] != [*rows, *columns]:
        return None
    flipped = []
    for own, of_array in ((rows, first), (columns, second)):
        batch = of_array[:-2]
        if set(of_array[-2:]) != {*own, *inner} or batch != lead[len(lead) - len(batch) :]:
            return None
        is_left = (own == rows) != swapped
        flipped.append(of_array[-2:] != ([*own, *inner] if is_left else [*inner, *own]))
    return swapped, flipped[0], flipped[1]


__all__ = ["LETTERS", "flips", "matrix_subscripts", "subscripts"]
