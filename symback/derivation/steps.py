"""One step of a derivation, and why a step of each kind holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sympy import Expr

StepKind = Literal[
    "forward",
    "seed",
    "edge",
    "sum",
    "substitute",
    "simplify",
    "expand",
    "define",
    "rewrite",
    "stable",
    "curvature",
    "differential",
    "product",
    "block",
]
ABOUT_NODES = ("forward", "define", "rewrite")
"""Kinds of steps that say what a node is."""
NOT_RESULTS = (*ABOUT_NODES, "seed", "edge", "curvature", "differential", "block")
"""Kinds of steps that are no part of how a partial follows from others."""
STABLE_FORM = ("define", "rewrite", "stable")
"""Kinds of steps of the last section: names that it needs, formulas rewritten, results."""

View = Literal["paths", "accumulation", "matrices"]

Products = tuple[tuple[Expr, ...], ...]

Left = tuple[str, ...]
"""A partial: of what, then by what; by two names it is a second one."""

WHY: Mapping[str, str] = {
    "forward": "by definition of the circuit",
    "seed": "the derivative of {node} with respect to itself",
    "edge": "{rule}",
    "curvature": "{rule}",
    "differential": "{rule}",
    "product": "{rule}",
    "block": "{rule}",
    "sum": "{rule}",
    "substitute": "substitute the {rule}",
    "simplify": "{rule}",
    "expand": "{rule}",
    "define": "by definition of the stable form",
    "rewrite": "equal, and numerically stable: {rule}",
    "stable": "equal to the result as typed: {rule}",
}
"""Why a step of each kind holds; {rule} and {node} stand for those of the step."""

RULES: Mapping[str, str] = {
    "sum": "sum rule: differentiate term by term",
    "constant multiple": "constant multiple rule: a constant factor stays",
    "product": "product rule: the other factors are constants",
    "quotient": "quotient rule: numerator or denominator is a constant",
    "power": "power rule: the derivative of u^n is n·u^(n − 1)",
    "copy": "identity: the same value under another name",
    "the branch taken": "only the branch taken contributes",
}
"""The rule of an edge in words, where its name alone does not say it."""


def rule_names(rule: str) -> tuple[str, ...]:
    """The names in a rule: sum and product in "sum and product"; of an operation its rule."""
    names = tuple(rule.replace(" and ", ", ").split(", "))
    return names if all(name in RULES for name in names) else (rule,)


def in_words(rule: str) -> str:
    """What a rule says."""
    return "; ".join(RULES.get(name, name) for name in rule_names(rule))


def partial_text(left: Left) -> str:
    """A partial in messages.

    >>> print(*map(partial_text, (("f", "x"), ("f", "x", "y"), ("f", "x", "x"))))
    ∂f/∂x ∂²f/∂x∂y ∂²f/∂x²
    """
    of, *by = left
    if len(by) == 2 and by[0] == by[1]:
        return f"∂²{of}/∂{by[0]}²"
    return f"∂{'²' if len(by) > 1 else ''}{of}/{''.join(f'∂{name}' for name in by)}"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `left` = `right`, because of `rule`.

    `left` is a node's name or a partial, (of, wrt) or (of, wrt, wrt). `right` is an expression, a
    sum of chains of partials, or a sum of products of what these stand for, in the chain's order.
    Among arrays an edge's `right` is what the operand's adjoint gets, over the name of the node's
    adjoint. A differential is about the name of one; a product is that of a partial which no
    product of matrices writes, with a differential; a block is about the parts W[:, k] and W[:, l]
    of its leaf.
    """

    id: int
    kind: StepKind
    left: str | Left
    right: Any  # Expr, tuple[Chain, ...] or Products
    rule: str
    depends: tuple[int, ...] = ()
    before: Any = None  # what `right` was made from, where the step rewrites
    by_differential: bool = False  # of a stable form: `right` is that of a product

    @property
    def is_product(self) -> bool:
        """Whether `right` is a partial times a differential."""
        return self.kind == "product" or self.by_differential

    @property
    def node(self) -> str:
        return self.left if isinstance(self.left, str) else self.left[0]

    @property
    def edge(self) -> tuple[str, str] | None:
        """(node, operand) of an edge step."""
        if self.kind != "edge" or isinstance(self.left, str):
            return None
        return self.left[0], self.left[1]

    @property
    def why(self) -> str:
        """Why the step holds, in words."""
        rule = in_words(self.rule) if self.kind == "edge" else self.rule
        return WHY.get(self.kind, "{rule}").format(rule=rule, node=self.node)


def is_chains(form: Any) -> bool:
    """Whether the right side of a step is a sum of chains of partials, not of expressions."""
    return isinstance(form, tuple) and any(isinstance(k, tuple) for row in form for k in row)


__all__ = [
    "ABOUT_NODES",
    "NOT_RESULTS",
    "STABLE_FORM",
    "WHY",
    "Left",
    "Products",
    "Step",
    "StepKind",
    "View",
    "is_chains",
    "partial_text",
]
