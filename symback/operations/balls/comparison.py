"""Formulas compared at random points in balls: proven equal, proven to differ, or neither."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from random import Random
from typing import TypeVar

from flint import arb

BITS = 400
SEED = 1729
CLOSE = arb(2) ** -60  # relative: values that overlap and differ by less are equal
TINY = arb(2) ** -200  # what stands for 0
RANGES = (
    (0.1, 10.0),
    (1e-3, 1e3),
    (0.3, 3.0),
    (1e-8, 80.0),
    (1e-20, 1e20),
    (0.01, 1.0),
    (1.0, 80.0),
)
"""Magnitudes, in turn; numbers on both sides of 1 keep narrow domains within reach."""


Name = TypeVar("Name")


def draw_point(
    names: Iterable[Name],
    rng: Random,
    number: int,
    ranges: Sequence[tuple[float, float]] = RANGES,
) -> dict[Name, float]:
    """The point with a number: all of one magnitude or, at every fourth point, each of its own; of
    both signs at two points, then all positive."""
    usual = [ranges[number % len(ranges)]]
    point = {}
    for name in names:
        low, high = rng.choice(ranges if number % 4 == 1 else usual)
        size = math.exp(rng.uniform(math.log(low), math.log(high)))
        point[name] = size if number % 3 == 2 else rng.choice((-1, 1)) * size
    return point


def equal(one: arb, two: arb, size: arb | None = None) -> bool | None:
    """True for values that are proven equal up to CLOSE, False for values that differ.

    None where the balls are too wide, or not finite. `size` is what they are close in relation
    to, where it is not their own.
    """
    if not one.is_finite() or not two.is_finite():
        return None
    if not one.overlaps(two):
        return False
    size = abs(one) + abs(two) if size is None else size
    return True if abs(one - two) <= CLOSE * size + TINY else None


__all__ = ["BITS", "CLOSE", "RANGES", "SEED", "TINY", "draw_point", "equal"]
