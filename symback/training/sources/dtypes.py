"""What counts as a number in data, and its conversion to the type that a circuit computes in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
FloatArray = npt.NDArray[np.float64]

# kind of a dtype → what it holds, what to do
REFUSED: Mapping[str, tuple[str, str]] = {
    "c": ("complex numbers", "store real and imaginary parts as two columns"),
    "O": ("Python objects", "store them as numbers of one type"),
    "S": ("bytes", "store numbers, or leave the column out"),
    "U": ("text", "store numbers, or leave the column out"),
    "T": ("text", "store numbers, or leave the column out"),
    "M": ("dates", "store the time since a start as a number"),
    "m": ("durations", "store them as numbers of one unit"),
    "V": ("records", "store each field as a column of its own"),
}
EXACT = 1 << 53  # up to here float64 has every whole number
DTYPES = ("float64", "float32")


def refusal(dtype: np.dtype[Any]) -> str:
    """Why a column of this type cannot feed a circuit, and what to do; or nothing."""
    if dtype.kind in "biuf":
        return ""
    what, remedy = REFUSED.get(dtype.kind, (f"{dtype}", "store numbers"))
    return f"holds {what}, not real numbers; {remedy}"


def first_inexact(block: Array) -> int | None:
    """Flat index of the first whole number that float64 does not have, such as 2⁵³ + 1."""
    if block.dtype.kind not in "iu" or block.dtype.itemsize < 8 or block.size == 0:
        return None
    if int(block.max()) <= EXACT and int(block.min()) >= -EXACT:
        return None
    flat = block.reshape(-1)
    rounded = flat.astype(np.float64)
    bits = 8 * block.dtype.itemsize - (block.dtype.kind == "i")
    beyond = rounded >= 2.0**bits  # rounded up, out of the type: it cannot be converted back
    back = np.where(beyond, 0, rounded).astype(block.dtype)
    bad = beyond | (back != flat)
    return int(np.argmax(bad)) if bad.any() else None


def first_not_finite(block: Array) -> int | None:
    """Flat index of the first number that is not finite."""
    with np.errstate(all="ignore"):  # a sum is one pass without a temporary array
        if np.isfinite(block.sum()):
            return None
    bad = ~np.isfinite(block.reshape(-1))
    return int(np.argmax(bad)) if bad.any() else None
