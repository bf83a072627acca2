"""Writes the steps of a Hessian: the second chain rule along the gates of one walk.

For each gate v and each pair of names a, b

    ∂²v/∂a∂b = Σ ∂²v/∂p∂q · ∂p/∂a · ∂q/∂b  +  Σ ∂v/∂p · ∂²p/∂a∂b

over its operands p, q: the curvature of v times the slopes of its operands, and the slope of v
times the curvature of each operand. All is over names: no step writes out what another has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement
from typing import Any

from sympy import ITE, Expr, S

from symback.autodiff.closed_forms import inline_generated, inner_nodes
from symback.autodiff.curvatures import curvatures
from symback.autodiff.partials import times
from symback.autodiff.reverse import Edge, ReversePass
from symback.circuits.program import Link, Whole
from symback.derivation.steps import Left, Products
from symback.derivation.verify.second import SecondVerifier
from symback.derivation.writer import StepWriter
from symback.operations.edges import plainly
from symback.operations.elementwise import expand_slopes
from symback.operations.simplify import simplified, weight

LARGEST_WRITTEN = 60
"""Operations up to which a partial is written out; beyond, later steps have it by its name."""

CURVED = "curvature of {} times slopes"
SLOPED = "slope of {} times curvature of {}"
SECOND_RULE = "second chain rule"
FLAT = "every term of the second chain rule is 0"


class HessianWriter:
    """Writes curvatures, slopes of inner nodes and second partials, each once."""

    def __init__(self, writer: StepWriter, wrt: Sequence[str], closed: Mapping[Left, Expr]) -> None:
        self._writer = writer
        self._wrt = tuple(wrt)
        self._verifier = SecondVerifier(writer.walk, wrt, writer.verifier)
        self._walk: ReversePass = writer.walk
        self._closed = closed
        self.closed: dict[Left, Expr] = {}
        self._inner = inner_nodes(self._walk.circuit, self._walk.of)
        self._curved: dict[str, dict[tuple[str, str], Expr]] = {}
        self._local: dict[Left, Expr] = {}  # local partials, first and second
        self._whole: dict[Left, Expr | None] = {}  # whole partials; None where not written out
        self._out: dict[str, list[Edge]] = {}
        self._reach: dict[str, set[str]] = {}
        self._number: dict[Left, int] = {}  # the last step about each partial

    def write(self) -> None:
        """All steps behind the edges, for the pairs of names in their order."""
        wrt = self._wrt
        self._find(wrt)
        for name in self._order():
            for (p, q), partial in self._curved.get(name, {}).items():
                left = (name, p, q)
                self._local[left] = partial
                self._verifier.curvature(left, partial)
                rule = "derivative of the local partial"
                because = (self._writer.edge_step((name, p)),)
                self._number[left] = self._writer.add("curvature", left, partial, rule, because)
        for name, by in self._needed(wrt):
            self._slope(name, by)
        for a, b in combinations_with_replacement(wrt, 2):
            self._entry(a, b)

    @property
    def verified(self) -> bool:
        """Whether every step was proven to hold."""
        return self._verifier.verified

    # -- what there is --------------------------------------------------------------------------

    def _find(self, wrt: Sequence[str]) -> None:
        walk = self._walk
        for edge in walk.edges:
            self._out.setdefault(edge.node, []).append(edge)
            self._local[edge.node, edge.operand] = edge.partial
        for name in reversed(walk.order):
            self._reach[name] = {name} & {*wrt}
            for edge in self._out.get(name, ()):
                self._reach[name] |= self._reach[edge.operand]
        place = {name: number for number, name in enumerate(wrt)}
        for name, of_gate in curvatures(walk).items():
            for pair, partial in of_gate.items():
                if all(self._reach[o] for o in pair):
                    p, q = sorted(pair, key=lambda o: place.get(o, len(place)))
                    self._curved.setdefault(name, {})[p, q] = partial

    def _order(self) -> list[str]:
        """The computed nodes of the walk, each after its operands."""
        return [n.name for n in self._walk.circuit.computed if n.name in self._out]

    def _needed(self, wrt: Sequence[str]) -> list[Left]:
        """The slopes of inner nodes that curvatures are multiplied by, and those they need."""
        wanted: set[Left] = set()
        for of_gate in self._curved.values():
            wanted |= {(p, a) for pair in of_gate for p in pair for a in self._reach[p]}
        for name in reversed(self._order()):
            for a in wrt:
                if (name, a) in wanted:
                    edges = self._towards(name, a)
                    wanted |= {(e.operand, a) for e in edges}
        return [(n, a) for n in self._order() for a in wrt if (n, a) in wanted and n != a]

    def _towards(self, name: str, by: str) -> list[Edge]:
        return [e for e in self._out.get(name, ()) if by in self._reach[e.operand]]

    # -- one partial ----------------------------------------------------------------------------

    def _slope(self, name: str, by: str) -> None:
        """∂name/∂by, where it is more than one edge."""
        edges = self._towards(name, by)
        if [e.operand for e in edges] == [by]:
            return
        chains = [((e.node, e.operand), *self._link(e.operand, by)) for e in edges]
        over = "multiply and add over all operands" if len(chains) > 1 else "multiply"
        self._total((name, by), tuple(chains), f"chain rule: {over}")

    def _entry(self, a: str, b: str) -> None:
        of = self._walk.of
        for name in self._order():
            chains, rule = self.terms(name, a, b)
            left = (name, a, b)
            if chains and (chains != [(left,)] or name == of):
                self._total(left, tuple(chains), rule)
            if name == of and not chains:
                self._whole[left] = self.closed[left] = S.Zero
                self._writer.add("simplify", left, S.Zero, FLAT)
            if name == of:
                return

    def terms(self, name: str, a: str, b: str) -> tuple[list[Any], str]:
        """The products of the second chain rule for one gate, and the rule that names them."""
        bent: list[Any] = []
        for p, q in self._curved.get(name, {}):
            ways = [(p, q)] if p == q else [(p, q), (q, p)]
            found = [
                ((name, p, q), *self._link(one, a), *self._link(other, b))
                for one, other in ways
                if a in self._reach[one] and b in self._reach[other]
            ]
            twice = len(found) == 2 and a == b
            bent += [(S(2), *found[0])] if twice else found
        moved = [
            (e, self._second(e.operand, a, b))
            for e in self._out.get(name, ())
            if self._is_curved(e.operand, a, b)
        ]
        chains = [*bent, *(((e.node, e.operand), link) for e, link in moved)]
        operands = ", ".join(e.operand for e, _ in moved)
        kinds = [CURVED.format(name)] if bent else []
        kinds += [SLOPED.format(name, operands)] if moved else []
        return chains, f"{SECOND_RULE}: {', and '.join(kinds)}"

    def _link(self, name: str, by: str) -> tuple[Left, ...]:
        """∂name/∂by in a product: nothing where it is 1, an edge where it is one alone."""
        if name == by:
            return ()
        left = (name, by)
        return (Whole(left),) if left in self._whole else (left,)

    def _second(self, name: str, a: str, b: str) -> Left:
        left = (name, a, b)
        return Whole(left) if left in self._whole else left

    def _is_curved(self, name: str, a: str, b: str) -> bool:
        left = (name, a, b)
        return left in self._whole or left in self._local

    def _total(self, left: Left, chains: tuple[Sequence[Link], ...], rule: str) -> None:
        """The sum of products, the same with what they stand for, and the simplified form."""
        add = self._writer.add
        links = [link for chain in chains for link in chain if isinstance(link, tuple)]
        used = tuple(sorted({self._step_of(link) for link in links}))
        self._verifier.sum(left, chains, self._local)
        number = add("sum", left, chains, rule, used)
        self._whole[left], self._number[left] = None, number
        if any(self._value(link) is None for chain in chains for link in chain):
            self._close(left, number, None)
            return
        products: Products = tuple(tuple(self._value(k) for k in chain) for chain in chains)
        total = simplified(plainly(_sum_of(products)))
        if weight(total) > LARGEST_WRITTEN or not _is_readable(total):
            self._close(left, number, None)
            return
        number = add("substitute", left, products, "partials", (number, *used), chains)
        self._verifier.whole(left, total)
        number = add("simplify", left, total, "simplified", (number,), products)
        self._whole[left], self._number[left] = total, number
        self._close(left, number, total)

    def _close(self, left: Left, number: int, kept: Expr | None) -> None:
        """The closed form of an entry that was asked for, where it is another."""
        if left[0] != self._walk.of or len(left) < 3:
            return
        forms = [] if kept is None else [self._over_names(kept)]
        forms += [self._closed[left]] if left in self._closed else []
        forms = [form for form in forms if _is_readable(form)]
        if not forms:
            return
        closed = self.closed[left] = min(reversed(forms), key=weight)
        if closed != kept:
            self._verifier.whole(left, closed)
            rule = "substitute back the intermediate names"
            self._writer.add("expand", left, closed, rule, (number,), kept)

    def _over_names(self, kept: Expr) -> Expr:
        return simplified(expand_slopes(inline_generated(kept, self._inner)))

    def _step_of(self, link: Left) -> int:
        return self._number[link] if link in self._number else self._writer.edge_step(link)

    def _value(self, link: Any) -> Expr | None:
        if not isinstance(link, tuple):
            return link
        return self._whole[tuple(link)] if isinstance(link, Whole) else self._local[link]


def _is_readable(form: Expr) -> bool:
    """Whether no condition chooses between conditions, as that of a branch in a condition does."""
    return not form.has(ITE)


def kind_of_term(chain: Sequence[Link]) -> tuple[str, tuple[str, ...]]:
    """Which of the two kinds of terms a product of the second chain rule is, and of what nodes.

    >>> kind_of_term((("f", "p", "p"), ("p", "x"), ("p", "x")))
    ('curvature of {} times slopes', ('f',))
    >>> kind_of_term((("f", "p"), ("p", "x", "x")))
    ('slope of {} times curvature of {}', ('f', 'p'))
    """
    first: Left = next(link for link in chain if isinstance(link, tuple))
    return (CURVED, first[:1]) if len(first) > 2 else (SLOPED, first)


def _sum_of(products: Products) -> Expr:
    total: Expr = S.Zero
    for factors in products:
        value: Expr = S.One
        for factor in factors:
            value = times(value, factor)
        total = total + value
    return total


__all__ = ["LARGEST_WRITTEN", "HessianWriter", "kind_of_term"]
