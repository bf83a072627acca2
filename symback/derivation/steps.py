"""One step of a derivation, and why a step of each kind holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sympy import Expr

Kind = Literal["forward", "rewrite", "seed", "edge", "sum", "substitute", "simplify", "expand"]
ABOUT_NODES = ("forward", "rewrite")
"""Kinds of steps that say what a node is."""

View = Literal["paths", "accumulation"]

Products = tuple[tuple[Expr, ...], ...]

WHY: Mapping[str, str] = {
    "forward": "so the circuit defines it",
    "rewrite": "equal, and it keeps the digits: {rule}",
    "seed": "a node changes by 1 where it changes by 1",
    "edge": "{rule}",
    "sum": "along a path partials multiply, and where paths meet their products add up",
    "substitute": "{rule} put in for their names",
    "simplify": "{rule}",
    "expand": "{rule}, by the definition of each",
}
"""Why a step of each kind holds; {rule} stands for the step's own rule."""

RULES: Mapping[str, str] = {
    "sum": "a term of a sum counts with its factor",
    "product": "in a product the other factors stay as they are",
    "power": "u^n changes by n·u^(n − 1)",
    "copy": "it is the same value under another name",
    "the branch taken": "only the branch that is taken counts",
}
"""What a rule of an edge says, where its name alone does not say it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `left` = `right`, because of `rule`.

    `left` is a node's name or a partial (of, wrt). `right` is an expression, a sum of chains of
    partials, or a sum of products of local partials in the chain's order. Among arrays an edge's
    `right` is what the operand's adjoint gets, over the name of the node's adjoint.
    """

    id: int
    kind: Kind
    left: str | tuple[str, str]
    right: Any  # Expr, tuple[Chain, ...] or Products
    rule: str
    depends: tuple[int, ...] = ()
    before: Any = None  # what `right` was made from, where the step rewrites

    @property
    def node(self) -> str:
        return self.left if isinstance(self.left, str) else self.left[0]

    @property
    def edge(self) -> tuple[str, str] | None:
        """(node, operand) of an edge step."""
        return self.left if self.kind == "edge" and isinstance(self.left, tuple) else None

    @property
    def why(self) -> str:
        """Why the step holds, in words."""
        rule = RULES.get(self.rule, self.rule) if self.kind == "edge" else self.rule
        return WHY.get(self.kind, "{rule}").format(rule=rule)


__all__ = ["ABOUT_NODES", "WHY", "Kind", "Products", "Step", "View"]
