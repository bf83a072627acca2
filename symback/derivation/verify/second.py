"""Steps of second derivatives, verified when they are made.

At the point of the first-order steps, first and second partials of every node are carried forward
by SymPy's own second derivatives of each gate (`symback.truth.second`). Every sum, simplified form
and closed form must have that value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flint import arb
from sympy import Expr

from symback.autodiff.reverse import ReversePass
from symback.circuits.program import Whole
from symback.derivation.steps import Left, partial_text
from symback.derivation.verify.scalars import Verifier, held
from symback.errors import Unsupported
from symback.operations.balls.comparison import BITS, equal
from symback.operations.balls.functions import Undecided
from symback.operations.balls.scalars import evaluate, precision
from symback.operations.elementwise import elementary
from symback.truth.second import First, Second, SecondReference


class SecondVerifier:
    """Knows the first and second partials of all nodes at the point of a verifier."""

    def __init__(self, walk: ReversePass, wrt: Sequence[str], verifier: Verifier | None) -> None:
        self._walk, self._verifier = walk, verifier
        self._first: Mapping[str, First] = {}
        self._second: Mapping[str, Second] = {}
        self.point = verifier.point if verifier is not None else None
        self._all_held = True
        if self.point is not None:
            self._carry(wrt)

    def _carry(self, wrt: Sequence[str]) -> None:
        assert self.point is not None
        leaves = {n.symbol: self.point[n.symbol] for n in self._walk.circuit.leaves}
        try:
            with precision(BITS):
                reference = SecondReference(self._walk.circuit, self._walk.of, wrt)
                self._first, self._second = reference.carry(leaves)
        except (Undecided, Unsupported):  # SymPy's second derivative is a distribution there
            self.point = None

    @property
    def verified(self) -> bool:
        """Whether every step was proven to hold."""
        return self.point is not None and self._all_held

    def curvature(self, left: Left, partial: Expr) -> None:
        """Refuse a second local partial that is not SymPy's."""
        if self._verifier is not None:
            node, p, q = left
            self._verifier.curvature(self._walk.node(node), (p, q), partial)

    def whole(self, left: Left, right: Expr) -> None:
        """Refuse a form of a whole partial that is not its value."""
        if self.point is not None:
            self._holds(left, lambda: self._value(right))

    def sum(self, left: Left, chains: Sequence[Any], local: Mapping[Left, Expr]) -> None:
        """Refuse a sum of products of partials that is not the value of the whole one."""
        if self.point is not None:
            self._holds(left, lambda: self._sum(chains, local))

    def _sum(self, chains: Sequence[Any], local: Mapping[Left, Expr]) -> arb:
        total = arb(0)
        for chain in chains:
            product = arb(1)
            for link in chain:
                if isinstance(link, Whole):
                    product *= self._truth(link)
                else:
                    product *= self._value(local[link] if isinstance(link, tuple) else link)
            total += product
        return total

    def _holds(self, left: Left, found: Any) -> None:
        what = partial_text(left)
        with precision(BITS):
            try:
                self._all_held &= held(equal(self._truth(left), found()), what)
            except (Undecided, Unsupported):
                self._all_held = False

    def _truth(self, left: Left) -> arb:
        node, *by = left
        if len(by) == 1:
            return self._first[node].get(by[0], arb(0))
        return self._second[node].get((by[0], by[1]), arb(0))

    def _value(self, expr: Expr) -> arb:
        return evaluate(elementary(expr), dict(self.point or {}))


__all__ = ["SecondVerifier"]
