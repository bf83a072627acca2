"""The step record: what the reverse pass did, as data that every rendering reads.

Order: one forward step a node, the seed, one edge step a local partial, then for each asked
partial the sum over its paths, the local partials put in place of the chain, the simplified
product, and the same with slopes such as σ′ written out. All of these are about the formulas as
typed. Where they are computed by equal formulas that keep their digits, the stable form is the
last section: the formulas that change, and each result in that form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from sympy import Expr

from symback.autodiff.reverse import ReversePass
from symback.circuits.circuit import Circuit
from symback.derivation.paths import direct_edges
from symback.derivation.steps import STABLE_FORM, WHY, Step, View
from symback.operations.expressions import postorder
from symback.operations.functions import Slope

Detail = Literal["brief", "normal", "full"]


@dataclass(frozen=True)
class Derivation:
    """The derivation of one partial, or of all partials of a node: its steps and closed forms.

    `walk` is that of the typed formulas; `stable` has the derivations of the stable form, whose
    results the closed forms are: that of leaves, which modules compute, and that of inner nodes.
    """

    circuit: Circuit
    walk: ReversePass = field(repr=False)
    wrt: tuple[str, ...]
    steps: tuple[Step, ...]
    closed: Mapping[str, Expr] = field(repr=False)
    values: Mapping[str, Any] = field(default_factory=dict)
    view: View = "paths"
    verified: bool = True  # False: no point inside the domain was found to verify all steps at
    stable: tuple[Derivation, ...] = field(default=(), repr=False)

    def __hash__(self) -> int:
        """The record has mappings, which have no hash; these few determine it."""
        return hash((self.circuit, self.of, self.wrt, self.view))

    @property
    def of(self) -> str:
        return self.walk.of

    @cached_property
    def slopes(self) -> dict[Slope, Expr]:
        """The slopes that the derivation keeps, in order, each with its written-out form."""
        asked = {s.left for s in self.steps if s.kind == "edge"}
        return {
            edge.local.slope: edge.local.expanded
            for edge in self.walk.edges
            if (edge.node, edge.operand) in asked and isinstance(edge.local.slope, Slope)
        }

    @property
    def result(self) -> Expr:
        """The closed form of the partial (of the first, where several are derived)."""
        return self.closed[self.wrt[0]]

    @cached_property
    def direct(self) -> frozenset[tuple[str, str]]:
        """The edges of its steps whose partial is only a part of the whole one of these names."""
        if self.view != "paths":  # adjoints have names of their own
            return frozenset()
        return direct_edges(self.walk) & {s.edge for s in self.steps if s.edge is not None}

    @property
    def typed_steps(self) -> tuple[Step, ...]:
        """The steps about the formulas as typed."""
        return tuple(s for s in self.steps if s.kind not in STABLE_FORM)

    @property
    def stable_steps(self) -> tuple[Step, ...]:
        """The steps of the stable form; none where no formula below the node is rewritten."""
        return tuple(s for s in self.steps if s.kind in STABLE_FORM)

    def last_step(self, name: str) -> Step:
        """The last step along the typed formulas about the partial by a name."""
        about = (self.of, name)
        return next(s for s in reversed(self.typed_steps) if s.left == about)

    @property
    def stable_title(self) -> str:
        """What the section of the stable form is called."""
        title = "Rewritten for numerical stability"
        return f"{title}, as modules compute it" if self.stable_of_leaves else title

    @property
    def stable_of_leaves(self) -> Derivation | None:
        """The derivation of what modules compute, where it differs from what was typed."""
        return next((form for form in self.stable if not form.walk.opaque), None)


def slopes_of(derivation: Derivation, *within: Expr) -> list[tuple[Slope, Expr]]:
    """The slopes that the derivation keeps, in order, each with its written-out form.

    Where expressions are given, only the slopes in them.
    """
    if not within:
        return list(derivation.slopes.items())
    used = {part for expr in within for part in postorder(expr)}
    return [(slope, written) for slope, written in derivation.slopes.items() if slope in used]


__all__ = ["WHY", "Derivation", "Detail", "Step", "slopes_of"]
