"""The numbers of a Hessian's derivation: those of its steps, and those that modules compute."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sympy import S

from symback.autodiff.matrices import HessianLines
from symback.autodiff.partials import is_choice
from symback.derivation.numbers.links import KINK, below
from symback.derivation.numbers.scalars import (
    PRECISIONS,
    ball_of,
    float_of,
    is_sharp,
    numbers_at,
)
from symback.derivation.record import Derivation
from symback.derivation.steps import Left
from symback.errors import CircuitError
from symback.operations.balls.functions import Undecided, infinite_poles, is_zero
from symback.operations.balls.scalars import precision
from symback.operations.edges import with_poles
from symback.operations.expressions import real_symbol

Balls = dict[Any, Any]


def numbers_along(
    derivation: Derivation, given: Mapping[str, float]
) -> tuple[Mapping[str, float], dict[Left, float], dict[int, float]]:
    """Values of the nodes, numbers of all partials, and of the typed steps by their formulas."""
    values = numbers_at(derivation.walk, given).values
    partials = until_sharp(lambda: _partials(derivation, given))
    steps = {}
    for step in derivation.typed_steps:
        number = values.get(step.left) if isinstance(step.left, str) else partials.get(step.left)
        if number is not None:
            steps[step.id] = number
    return values, partials, steps


def computed_numbers(derivation: Derivation, given: Mapping[str, float]) -> dict[Left, float]:
    """The entries as modules compute them: the tangents of the gradient's lines."""
    circuit, of = derivation.circuit, derivation.of
    lines = HessianLines(circuit, circuit[of], False)
    columns = [circuit[name] for name in derivation.wrt]
    programs = [lines.program(c, columns[j:]) for j, c in enumerate(columns)]

    def balls() -> Balls:
        found: Balls = {}
        for j, (program, targets) in enumerate(programs):
            known = given_balls(given)
            for line in program.lines:
                ball_of(line.expr, known, into=line.target)
            assigned = {line.target for line in program.lines}
            for row, target in zip(columns[j:], targets, strict=True):
                ball = known.get(target) if target in assigned else ball_of(S.Zero, known)
                if ball is not None:
                    found[of, columns[j].name, row.name] = ball
        return found

    return until_sharp(balls)


def until_sharp(evaluate: Callable[[], Balls]) -> dict[Any, float]:
    """The floats of balls, at the first precision that gives them all their digits."""
    for bits in PRECISIONS:
        with precision(bits), infinite_poles():
            try:
                balls = evaluate()
            except Undecided:
                if bits == PRECISIONS[-1]:
                    raise CircuitError(KINK) from None
                continue
            if bits == PRECISIONS[-1] or all(map(is_sharp, balls.values())):
                return {name: float_of(ball) for name, ball in balls.items()}
    raise AssertionError("there is a last precision")


def given_balls(given: Mapping[str, float]) -> Balls:
    """Exact balls of numbers, by the symbols of their names."""
    from flint import arb  # kept out of start-up

    return {real_symbol(name): arb(float(number)) for name, number in given.items()}


def _partials(derivation: Derivation, given: Mapping[str, float]) -> Balls:
    """The balls of local partials, and of the sums over these, in the order of the steps."""
    walk = derivation.walk
    values = given_balls(given)
    for node in below(walk.circuit, walk.of):
        ball_of(node.formula, values, into=node.symbol)
    found: Balls = {(walk.of, walk.of): ball_of(S.One, values)}
    choices = set()
    for step in derivation.typed_steps:
        if step.kind in ("edge", "curvature"):
            gate = walk.node(step.node)
            ball = ball_of(with_poles(step.right, gate.formula, gate.symbol), values)
            if is_choice(step.right):
                choices.add(step.left)
        elif step.kind == "sum":
            ball = _sum(step.right, found, choices)
        elif step.kind == "simplify" and step.left not in found:  # 0 along every path
            ball = ball_of(step.right, values)
        else:
            continue
        if ball is not None:
            found[step.left] = ball
    return found


def _sum(chains: Any, found: Balls, choices: set[Any]) -> Any:
    """A sum of products; where a branch is not taken, it is chosen to be 0, not multiplied."""
    total: Any = 0
    for chain in chains:
        product: Any = 1
        for link in chain:
            factor = found.get(tuple(link)) if isinstance(link, tuple) else int(link)
            if factor is None:
                return None
            product = factor if _is_off(link, factor, choices) else product * factor
            if _is_off(link, factor, choices):
                break
        total = total + product
    return total


def _is_off(link: Any, factor: Any, choices: set[Any]) -> bool:
    return link in choices and bool(is_zero(factor))


__all__ = ["computed_numbers", "given_balls", "numbers_along", "until_sharp"]
