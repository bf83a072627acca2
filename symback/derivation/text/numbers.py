"""Numbers in print: a number, a vector or a matrix, as text and as LaTeX."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

DIGITS = 6
FEWER_DIGITS = 4  # of arrays that are too wide with all
MOST_IN_LATEX = 6  # rows and columns of a matrix that is written whole
MOST_FIRST = 6  # entries of an array that is cut short


ALMOST_ZERO = "≈ 0"  # what is too small for a float, but not zero


def number_text(value: float, digits: int = DIGITS) -> str:
    return ALMOST_ZERO if 0 < abs(value) < sys.float_info.min else f"{value:.{digits}g}"


def value_text(value: Any, width: int, dots: str = "…") -> str:
    """A number, [0.1, -0.25], [[1, 2], [3, 4]], or shape and first entries of what is wider.

    >>> value_text([[1.0, 2.0], [3.0, 4.0]], 40)
    '[[1, 2], [3, 4]]'
    >>> value_text([[0.0] * 128] * 64, 40)
    '[64, 128]: 0, 0, 0, 0, 0, 0, …'
    """
    value = _plain(value)
    if isinstance(value, float):
        return number_text(value)
    shape = _shape(value)
    for digits in (DIGITS, FEWER_DIGITS):
        if math.prod(shape) <= width:  # an entry takes a letter and more
            text = _rows_text(value, digits)
            if len(text) <= width:
                return text
    return _cut_text(value, shape, width, dots)


def is_whole(text: str) -> bool:
    """Whether no entry was left out of the text of a value."""
    return not text.endswith(("…", "..."))


def _plain(value: Any) -> Any:
    """A float, or a list or tuple of rows, of a number or an array of any kind."""
    listed = value.tolist() if hasattr(value, "tolist") else value
    return listed if isinstance(listed, list | tuple) else float(listed)


def _shape(value: Any) -> list[int]:
    shape = []
    while isinstance(value, list | tuple):
        shape.append(len(value))
        value = value[0]
    return shape


def _flat(value: Any) -> Iterator[float]:
    """The entries, row by row."""
    if not isinstance(value, list | tuple):
        yield value
        return
    for part in value:
        yield from _flat(part)


def _rows_text(value: Any, digits: int) -> str:
    if not isinstance(value, list | tuple):
        return number_text(value, digits)
    return f"[{', '.join(_rows_text(part, digits) for part in value)}]"


def _cut_text(value: Any, shape: list[int], width: int, dots: str) -> str:
    """The shape, and as many of the first entries as fit."""
    text = f"[{', '.join(map(str, shape))}]: "
    for entry in islice(_flat(value), MOST_FIRST):
        longer = f"{text}{number_text(entry, FEWER_DIGITS)}, "
        if len(longer) + len(dots) > width and not text.endswith(": "):
            break
        text = longer
    return text + dots


def value_latex(value: Any) -> str:
    """A number, or a matrix; a vector is a column, and what has more axes a column of those.

    Rows and columns of large ones are left out.
    """
    value = _plain(value)
    if isinstance(value, float):
        return number_latex(value)
    rank = len(_shape(value))
    if rank > 2:
        parts = [r"\vdots" if i is None else value_latex(value[i]) for i in _kept(len(value))]
        joined = r" \\ ".join(parts)
        return rf"\begin{{pmatrix}} {joined} \end{{pmatrix}}"
    rows = value if rank == 2 else [[entry] for entry in value]
    down, across = _kept(len(rows)), _kept(len(rows[0]))
    lines = []
    for i in down:
        if i is None:
            lines.append([r"\vdots" if j is not None else r"\ddots" for j in across])
        else:
            lines.append([_entry(rows, i, j) for j in across])
    body = r" \\ ".join(" & ".join(line) for line in lines)
    return rf"\begin{{pmatrix}} {body} \end{{pmatrix}}"


def _entry(rows: Any, i: int, j: int | None) -> str:
    return r"\cdots" if j is None else number_latex(rows[i][j], FEWER_DIGITS)


def _kept(length: int) -> list[int | None]:
    """The rows that are shown; None stands for those that are left out."""
    if length <= MOST_IN_LATEX:
        return list(range(length))
    return [0, 1, 2, None, length - 1]


_IN_LATEX = {
    ALMOST_ZERO: r"\approx 0",
    "inf": r"\infty",
    "-inf": r"-\infty",
    "nan": r"\mathrm{NaN}",
}


def number_latex(value: float, digits: int = DIGITS) -> str:
    text = number_text(value, digits)
    if text in _IN_LATEX:
        return _IN_LATEX[text]
    mantissa, sign, power = text.partition("e")
    return rf"{mantissa} \cdot 10^{{{int(power)}}}" if sign else mantissa


__all__ = ["ALMOST_ZERO", "is_whole", "number_latex", "number_text", "value_latex", "value_text"]
