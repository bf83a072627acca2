"""The tangents of a circuit's nodes at a point: forward mode along the edges of a walk."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from sympy import S

from symback.autodiff.reverse import ReversePass
from symback.derivation.numbers.links import reaching
from symback.derivation.numbers.scalars import ball_of, refuse_unknown
from symback.derivation.numbers.second import given_balls, until_sharp
from symback.operations.balls.functions import is_zero
from symback.operations.edges import with_poles


def tangents_at(
    walk: ReversePass,
    stable: ReversePass | None,
    given: Mapping[str, float],
    direction: Mapping[str, float],
) -> dict[str, float]:
    """How fast each node moves where the leaves of a direction do, as far as the numbers reach.

    Leaves without one do not move. A node of the stable form has the tangent that it has there.
    """
    refuse_unknown(walk, direction)
    found: dict[str, float] = {}
    for along in (walk, stable):
        if along is not None:
            found |= until_sharp(partial(_tangents, along, given, direction))
    return found


def _tangents(
    walk: ReversePass, given: Mapping[str, float], direction: Mapping[str, float]
) -> dict[str, Any]:
    values, speeds = given_balls(given), given_balls(direction)
    still = ball_of(S.Zero, values)
    edges: dict[str, list[Any]] = {}
    for edge in walk.edges:
        edges.setdefault(edge.node, []).append(edge)
    found: dict[str, Any] = {}
    for node in reaching(walk.circuit, walk.of):
        if node.is_leaf:
            found[node.name] = speeds.get(node.symbol, still)
            continue
        ball_of(node.formula, values, into=node.symbol)
        total = still
        for edge in edges.get(node.name, []):
            local = ball_of(with_poles(edge.partial, node.formula, node.symbol), values)
            speed = found.get(edge.operand)
            if speed is None or (local is None and not is_zero(speed)):
                break
            # what stays still, or is not chosen, does not move the node
            part = speed if is_zero(speed) else local if is_zero(local) else local * speed
            total = total + part
        else:
            found[node.name] = total
    return found


__all__ = ["tangents_at"]
