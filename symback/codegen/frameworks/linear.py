"""What is linear in tangents, so that a framework can carry it back as well as ahead."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sympy import Eq, Expr, Mul, Piecewise, Symbol

from symback.circuits.program import Assign, loop_of
from symback.codegen.frameworks.programs import FrameworkProgram
from symback.codegen.frameworks.words import Words
from symback.operations.edges import Careful


def asks_of_tangents(asked: FrameworkProgram, words: Words) -> bool:
    """Whether a condition reads a tangent, which makes the program other than linear in them.

    Not where a framework's words carry a product that is 0 with a tangent.
    """
    return _asks_of(asked.program.lines, {*asked.dots}, words)


def _asks_of(lines: Iterable[Assign], dots: set[Symbol], words: Words) -> bool:
    """Whether a condition of the lines reads a tangent; those that move join the tangents."""
    for line in lines:
        of = loop_of(line)
        if of is not None and _asks_of_turn(of, dots, words):
            return True
        if any(part.free_symbols & dots for part in line.expr.atoms(Careful)):
            return True
        for choice in line.expr.atoms(Piecewise):
            asked_of = set().union(*(c.free_symbols for _, c in choice.args))
            if asked_of & dots and not (words.carries and _is_product_with(choice, dots)):
                return True
        if line.reads & dots:
            dots.add(line.target)
    return False


def _asks_of_turn(of: Any, dots: set[Symbol], words: Words) -> bool:
    return _asks_of([Assign(*pair) for pair in of.turn.lines], of.moving(dots), words)


def _is_product_with(choice: Piecewise, dots: Collection[Symbol]) -> bool:
    """Whether a choice is 0 where a tangent is, and else a product with it."""
    (first, condition), *others = choice.args
    if first != 0 or len(others) != 1 or not isinstance(condition, Eq) or condition.rhs != 0:
        return False
    dot = condition.lhs
    return dot in dots and _is_linear(others[0][0], dot)


def _is_linear(expr: Expr, dot: Symbol) -> bool:
    if isinstance(expr, Piecewise):
        return all(v == 0 or _is_linear(v, dot) for v, _ in expr.args)
    factors = Mul.make_args(expr)
    return dot in factors and sum(f.has(dot) for f in factors) == 1


def moving_with_tangents(asked: FrameworkProgram) -> set[Symbol]:
    """The tangents that a program is given, and what is made of them, in turns of loops as well."""
    dots: set[Symbol] = {*asked.dots}
    in_turns: set[Symbol] = set()
    for line in asked.program.lines:
        of = loop_of(line)
        if of is not None:
            in_turns |= of.moving(dots)
        if line.reads & dots:
            dots.add(line.target)
    return dots | in_turns


__all__ = ["asks_of_tangents", "moving_with_tangents"]
