"""Inverse functions in balls; outside their domain there is no number."""

from __future__ import annotations

from flint import arb

from symback.operations.balls.functions import NOT_A_NUMBER


def ndtri(p: arb) -> arb:
    return -arb(2).sqrt() * arb.erfcinv(2 * p)


def lambertw(u: arb) -> arb:
    return arb.lambertw(u) if u.is_finite() else NOT_A_NUMBER


def lambertwm1(u: arb) -> arb:
    return arb.lambertw(u, -1) if u.is_finite() else NOT_A_NUMBER


__all__ = ["lambertw", "lambertwm1", "ndtri"]
