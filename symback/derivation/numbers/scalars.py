"""The numbers of a reverse pass at a point: values, adjoints, and what each edge contributes.

The record of the reverse pass is read and evaluated in balls; nothing is differentiated here.
What depends on a leaf without a number is left out: not computed, which is not the same as 0.
Arrays have their numbers from `symback.derivation.numbers.arrays`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sympy import Expr, Symbol

from symback.autodiff.names import Names
from symback.autodiff.partials import is_choice
from symback.autodiff.reads import Reads
from symback.autodiff.reverse import ReversePass
from symback.circuits.program import symbols
from symback.derivation.numbers.links import KINK, Link, below
from symback.derivation.verify.scalars import value_of
from symback.errors import CircuitError, UnknownName, Unsupported, nearest
from symback.operations.balls.functions import Undecided, infinite_poles, is_zero
from symback.operations.balls.scalars import ball_of as ball_of_number
from symback.operations.balls.scalars import nearest_float, precision
from symback.operations.edges import with_poles

PRECISIONS = (200, 800, 3200)  # bits, until each number has its digits
ENOUGH_BITS = 60  # of a number
PRODUCT, UPSTREAM = Symbol("product"), Symbol("upstream")  # what is passed through a guard


@dataclass(frozen=True)
class Numbers:
    """What is known at a point: `contributions` holds upstream × local partial, edge by edge,
    `partials` the local partials alone, `forms` what was asked for beside them.

    `tangents` are those of nodes, where a direction of the leaves is given. Where
    `has_stable_form`, values and the gradients of leaves are those of the stable form.
    """

    values: Mapping[str, Any] = field(default_factory=dict)  # of arrays: their entries
    adjoints: Mapping[str, Any] = field(default_factory=dict)
    contributions: Mapping[Link, Any] = field(default_factory=dict)
    partials: Mapping[Link, float] = field(default_factory=dict)
    forms: Mapping[int, float] = field(default_factory=dict)
    has_stable_form: bool = False
    tangents: Mapping[str, float] | None = None


def numbers_at(
    walk: ReversePass, given: Mapping[str, float], forms: Mapping[int, Expr] | None = None
) -> Numbers:
    """Values and gradients at the point, and those of `forms`, as far as its numbers reach.

    Raises UnknownName for a name that is not a leaf, CircuitError where a branch can't be chosen,
    Unsupported for a circuit of arrays.
    """
    if walk.circuit.has_arrays:
        raise Unsupported(
            "these are the numbers of circuits without arrays; circuit.derive().at(…) has both"
        )
    refuse_unknown(walk, given)
    for bits in PRECISIONS:
        try:
            with precision(bits), infinite_poles():
                numbers, are_sharp = _numbers(walk, given, forms or {})
        except Undecided:
            if bits == PRECISIONS[-1]:
                raise CircuitError(KINK) from None
            continue
        if are_sharp:
            break
    return numbers


def given_numbers(
    walk: ReversePass, stable: ReversePass | None, given: Mapping[str, float]
) -> Numbers:
    """The numbers along the typed formulas, with values and the gradients of leaves as the stable
    form has them, where there is one.
    """
    if stable is None:
        return numbers_at(walk, given)
    refuse_unknown(walk, given)
    right = numbers_at(stable, given)
    try:
        typed = numbers_at(walk, given)
    except CircuitError:  # on a kink that the stable form has not
        typed = Numbers()
    adjoints, contributions = dict(typed.adjoints), dict(typed.contributions)
    for leaf in walk.circuit.leaves:
        unreached = 0.0 if walk.of in right.values and leaf.name not in stable.into else None
        adjoint = right.adjoints.get(leaf.name, unreached)
        edges = walk.into.get(leaf.name, ())
        if adjoint is not None and edges:
            adjoints[leaf.name] = adjoint
            if len(edges) == 1:
                contributions[edges[0].node, leaf.name] = adjoint
    return Numbers(
        {**typed.values, **right.values},
        adjoints,
        contributions,
        typed.partials,
        has_stable_form=True,
    )


def all_numbers(found: Sequence[Numbers]) -> Numbers:
    """Those of one walk, or the values and local partials of several, which share no gradient."""
    if len(found) == 1:
        return found[0]
    moved = [one.tangents for one in found if one.tangents is not None]
    return Numbers(
        values={name: x for one in found for name, x in one.values.items()},
        partials={link: x for one in found for link, x in one.partials.items()},
        has_stable_form=any(one.has_stable_form for one in found),
        tangents={name: x for one in moved for name, x in one.items()} if moved else None,
    )


def refuse_unknown(walk: ReversePass, given: Mapping[str, Any]) -> None:
    """Raise UnknownName for a name that is not a leaf."""
    leaves = [n.name for n in walk.circuit.leaves]
    for name in given:
        if name not in leaves:
            raise UnknownName(f"'{name}' is not an input or parameter{nearest(name, leaves)}")


def _numbers(
    walk: ReversePass, given: Mapping[str, float], forms: Mapping[int, Expr]
) -> tuple[Numbers, bool]:
    """The numbers, and whether each is known to all its digits."""
    from flint import arb  # kept out of start-up

    balls: dict[Any, Any] = {}
    for name, number in given.items():
        balls[walk.circuit[name].symbol] = ball_of_number(float(number))
    for node in below(walk.circuit, walk.of):
        ball_of(node.formula, balls, into=node.symbol)
    adjoints, contributions, partials = _backward(walk, balls, arb(1))
    of_forms = {key: ball_of(form, balls) for key, form in forms.items()}
    found = (balls, adjoints, contributions, partials)
    are_sharp = all(map(is_sharp, (ball for of in found for ball in of.values())))
    numbers = Numbers(
        {n.name: float_of(balls[n.symbol]) for n in walk.circuit if n.symbol in balls},
        {name: float_of(ball) for name, ball in adjoints.items()},
        {link: float_of(ball) for link, ball in contributions.items()},
        {link: float_of(ball) for link, ball in partials.items()},
        {key: float_of(ball) for key, ball in of_forms.items() if ball is not None},
    )
    return numbers, are_sharp


def is_sharp(ball: Any) -> bool:
    """Whether a number is known to all its digits."""
    return bool(ball.rel_accuracy_bits() >= ENOUGH_BITS)


def float_of(ball: Any) -> float:
    """The nearest float; the least one of the ball's sign, not 0, where it is not exactly 0."""
    is_zero = ball.is_exact() and ball == 0
    near = not is_zero and ball.is_finite() and ball.contains(0)
    found = 0.0 if near else nearest_float(ball)
    return found if found or is_zero else math.copysign(math.ulp(0.0), -1 if ball < 0 else 1)


def _backward(
    walk: ReversePass, balls: MutableMapping[Any, Any], seed: Any
) -> tuple[dict[str, Any], dict[Link, Any], dict[Link, Any]]:
    """Adjoints, contributions and local partials, in the order in which edges were visited."""
    names = Names(walk.circuit)
    reads = Reads(walk, names)
    for mask, expr in reads.lines.items():
        ball_of(expr, balls, into=mask)
    adjoints: dict[str, Any] = {walk.of: seed}
    contributions: dict[Link, Any] = {}
    partials: dict[Link, Any] = {}
    for name in walk.order[1:]:
        parts = []
        for edge in walk.into[name]:
            gate = walk.circuit[edge.node]
            local = ball_of(with_poles(edge.partial, gate.formula, gate.symbol), balls)
            if local is not None:
                partials[edge.node, name] = local
            if local is not None and edge.node in adjoints:
                part = adjoints[edge.node] * local
                if is_zero(local) and is_choice(edge.partial):  # chosen, not multiplied
                    part = local
                if guard := reads.guard(edge):
                    known = {**balls, PRODUCT: part, UPSTREAM: adjoints[edge.node]}
                    part = value_of(guard.product(PRODUCT, UPSTREAM), known)
                parts.append(part)
                contributions[edge.node, name] = parts[-1]
        if len(parts) == len(walk.into[name]):
            adjoints[name] = sum(parts[1:], parts[0])
    return adjoints, contributions, partials


def ball_of(expr: Expr, balls: MutableMapping[Any, Any], into: Symbol | None = None) -> Any:
    """The ball of an expression, or None where one of its names has no number."""
    if not symbols(expr) <= balls.keys():
        return None
    found = value_of(expr, balls)
    if into is not None:
        balls[into] = found
    return found


__all__ = [
    "PRECISIONS",
    "Numbers",
    "all_numbers",
    "ball_of",
    "float_of",
    "given_numbers",
    "is_sharp",
    "numbers_at",
    "refuse_unknown",
]
