"""Floats: their unit in the last place, and points for runtimes that take 0 for subnormal ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from flint import arb

from symback.operations.balls.scalars import nearest_float
from symback.truth.oracle import Truths
from symback.truth.points import PointBatch

SMALLEST_NORMAL = 2.0**-1022

_Found = Sequence[tuple[PointBatch, Sequence[Truths]]]


def without_subnormals(
    found: _Found,
) -> tuple[list[tuple[PointBatch, list[Truths]]], int, list[str]]:
    """The points that have no such number, how many have one, and a remark where some have."""
    kept = [part for pair in found if (part := _normal(*pair)) is not None]
    left = sum(len(t) for _, t in found) - sum(len(t) for _, t in kept)
    remark = f"{left} points left out, as the runtime takes 0 for numbers below 2.2e-308"
    return kept, left, [remark] if left else []


def _normal(batch: PointBatch, truths: Sequence[Truths]) -> tuple[PointBatch, list[Truths]] | None:
    def is_normal(values: Iterable[float]) -> bool:
        return not any(0.0 < abs(v) < SMALLEST_NORMAL for v in values)

    if not is_normal(batch.shared.values()):
        return None
    kept = [pair for pair in zip(batch.points, truths, strict=True) if is_normal(pair[0].values())]
    if not kept:
        return None
    return batch.with_points([point for point, _ in kept]), [truth for _, truth in kept]


def ulp_of(truth: arb) -> arb:
    """The unit in the last place of float64 at the truth."""
    nearest = abs(nearest_float(truth))
    return arb(float(np.spacing(min(nearest, 1e308))))


__all__ = ["SMALLEST_NORMAL", "ulp_of", "without_subnormals"]
