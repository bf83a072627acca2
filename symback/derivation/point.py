"""The numbers of a reverse pass at a point: values, adjoints, and what each edge contributes.

The record of the reverse pass is read and evaluated in balls; nothing is differentiated here.
What depends on a leaf without a number is left out: not computed, which is not the same as 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sympy import Expr

from symback.balls import Undecided, nearest_float, precision
from symback.derivation.forms import value_of
from symback.errors import CircuitError, UnknownName, nearest
from symback.program import symbols
from symback.reverse import ReversePass
from symback.structure import Circuit, Node

BITS = 200
Link = tuple[str, str]  # (node, operand): an edge by its names


@dataclass(frozen=True)
class Numbers:
    """What is known at a point: `contributions` holds upstream × local partial, edge by edge,
    `partials` the local partials alone."""

    values: Mapping[str, float] = field(default_factory=dict)
    adjoints: Mapping[str, float] = field(default_factory=dict)
    contributions: Mapping[Link, float] = field(default_factory=dict)
    partials: Mapping[Link, float] = field(default_factory=dict)


def numbers_at(walk: ReversePass, given: Mapping[str, float]) -> Numbers:
    """Values and gradients at the point, as far as its numbers reach.

    Raises UnknownName for a name that is no leaf, CircuitError where a branch can't be chosen.
    """
    leaves = [n.name for n in walk.circuit.leaves]
    for name in given:
        if name not in leaves:
            raise UnknownName(f"'{name}' is no input or parameter{nearest(name, leaves)}")
    try:
        with precision(BITS):
            return _numbers(walk, given)
    except Undecided:
        raise CircuitError("the point lies on a kink too close to call; move it a little") from None


def _numbers(walk: ReversePass, given: Mapping[str, float]) -> Numbers:
    from flint import arb  # kept out of start-up

    balls: dict[Any, Any] = {}
    for name, number in given.items():
        balls[walk.circuit[name].symbol] = arb(float(number))
    for node in below(walk.circuit, walk.of):
        _evaluate(node.formula, balls, into=node)
    adjoints, contributions, partials = _backward(walk, balls, arb(1))
    return Numbers(
        {n.name: _float(balls[n.symbol]) for n in walk.circuit if n.symbol in balls},
        {name: _float(ball) for name, ball in adjoints.items()},
        {link: _float(ball) for link, ball in contributions.items()},
        {link: _float(ball) for link, ball in partials.items()},
    )


def _float(ball: Any) -> float:
    """The nearest float; the least one above 0, not 0, where the ball is not exactly 0."""
    is_zero = ball.is_exact() and ball == 0
    near = not is_zero and ball.is_finite() and ball.contains(0)
    found = 0.0 if near else nearest_float(ball)
    return found if found or is_zero else math.ulp(0.0)


def _backward(
    walk: ReversePass, balls: MutableMapping[Any, Any], seed: Any
) -> tuple[dict[str, Any], dict[Link, Any], dict[Link, Any]]:
    """Adjoints, contributions and local partials, in the order in which edges were visited."""
    adjoints: dict[str, Any] = {walk.of: seed}
    contributions: dict[Link, Any] = {}
    partials: dict[Link, Any] = {}
    for name in walk.order[1:]:
        parts = []
        for edge in walk.into[name]:
            local = _evaluate(edge.partial, balls)
            if local is not None:
                partials[edge.node, name] = local
            if local is not None and edge.node in adjoints:
                parts.append(adjoints[edge.node] * local)
                contributions[edge.node, name] = parts[-1]
        if len(parts) == len(walk.into[name]):
            adjoints[name] = sum(parts[1:], parts[0])
    return adjoints, contributions, partials


def _evaluate(expr: Expr, balls: MutableMapping[Any, Any], into: Node | None = None) -> Any:
    """The ball of an expression, or None where one of its names has no number."""
    if not symbols(expr) <= balls.keys():
        return None
    found = value_of(expr, balls)
    if into is not None:
        balls[into.symbol] = found
    return found


def below(circuit: Circuit, of: str) -> Sequence[Node]:
    """The computed nodes that the value of `of` depends on, in topological order."""
    return [n for n in reaching(circuit, of) if not n.is_leaf]


def reaching(circuit: Circuit, of: str) -> Sequence[Node]:
    """All nodes that the value of `of` depends on, leaves and `of` included, in order."""
    needed = {of}
    for node in reversed(circuit.nodes):
        if node.name in needed:
            needed.update(node.operands)
    return [n for n in circuit.nodes if n.name in needed]


__all__ = ["Link", "Numbers", "below", "numbers_at", "reaching"]
