"""Writes the steps of a derivation: what the reverse pass did, in a fixed order.

One forward step a node, the seed, one edge step a local partial, then for each asked partial the
sum over its paths, the local partials put in place of the chain, the simplified product, and the
same with derivatives such as σ′ expanded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sympy import Add, Expr, S, collect, expand

from symback.autodiff.closed_forms import Gradient, inline_generated, inner_nodes
from symback.autodiff.partials import times
from symback.autodiff.reverse import ReversePass
from symback.circuits.program import Link, Whole
from symback.derivation.accumulation import EXPAND_SLOPES, Accumulation
from symback.derivation.paths import MANY, MOST_PATHS, count_paths, paths
from symback.derivation.steps import STABLE_FORM, Left, Products, Step, StepKind, View, partial_text
from symback.derivation.verify.arrays import ArrayVerifier
from symback.derivation.verify.scalars import Verifier
from symback.operations.edges import plainly
from symback.operations.functions import Slope
from symback.operations.simplify import simplified, weight

LARGEST_FOLDED = 100  # operations of a result in which quotients are looked for


class StepWriter:
    """Writes the steps of a walk in their fixed order.

    `folds`: results speak of named nodes where that is shorter, as of p for exp(z)/s.

    A stable form follows, which is over leaves.
    """

    def __init__(
        self, walk: ReversePass, gradient: Gradient, view: View, *, folds: bool = False
    ) -> None:
        self.walk = self._walk = walk
        self._gradient = gradient
        self._folds = folds
        self._view = view
        self.verifier = None if walk.circuit.has_arrays else Verifier(walk.circuit)
        self._array_verifier = ArrayVerifier(walk) if walk.circuit.has_arrays else None
        self._count = count_paths(walk)
        self.steps: list[Step] = []
        self._forward: dict[str, int] = {}
        self._edges: dict[tuple[str, str], int] = {}

    def write(self, asked: Sequence[str]) -> None:
        """All steps of the partials by the asked names."""
        self.write_edges(asked)
        if self._view == "paths":
            for name in asked:
                self._partial(name)

    def write_forward(self) -> Mapping[str, int]:
        """The forward steps where they are not there yet, and their numbers."""
        if self._forward:
            return self._forward
        for name in self._below():
            node = self._walk.circuit[name]
            depends = tuple(self._forward[o] for o in node.operands if o in self._forward)
            self._forward[name] = self.add("forward", name, node.formula, "definition", depends)
        return self._forward

    def write_edges(self, asked: Sequence[str]) -> None:
        """The forward steps, the seed, and the edges that lead to the asked names."""
        self.write_forward()
        self.add("seed", (self._walk.of, self._walk.of), S.One, "seed")
        useful = self._leading_to(asked)
        self._verify_edges(useful)
        if self._view == "accumulation":
            Accumulation(self._walk, self._gradient, self.add).write(useful, asked, self._forward)
            return
        for edge in self._walk.edges:
            if edge.operand in useful:
                key = (edge.node, edge.operand)
                because = (self._forward[edge.node],)
                rule = edge.local.rule
                self._edges[key] = self.add("edge", key, edge.partial, rule, because)

    def edge_step(self, link: Left) -> int:
        """The number of the step of an edge."""
        return self._edges[link[0], link[1]]

    def _with_names(self, closed: Expr, name: str) -> Expr:
        """The result with quotients that have a name, such as softmax typed out, by their name."""
        circuit = self.walk.circuit
        inner = inner_nodes(circuit, self.walk.of)
        for node in circuit.computed:
            formula = inline_generated(node.formula, inner, slopes=True)
            if node.generated or node.name == name or not _is_quotient(formula):
                continue
            put = closed.subs(formula, node.symbol)
            forms = (closed, simplified(put), collect(expand(put), node.symbol))
            closed = min(forms, key=weight)
        return closed

    def last_of(self, left: str | Left) -> Step:
        """The last step along the walk about a node or a partial."""
        found = (s for s in reversed(self.steps) if s.kind not in STABLE_FORM)
        return next(s for s in found if s.left == left)

    @property
    def verified(self) -> bool:
        """Whether steps were verified: where a point in the domain was found."""
        if self._array_verifier is not None:
            return self._array_verifier.verified
        return self.verifier is not None and self.verifier.point is not None

    def _verify_edges(self, useful: set[str]) -> None:
        if self.verifier is None:
            return
        for edge in self._walk.edges:
            if edge.operand in useful:
                node = self._walk.node(edge.node)
                self.verifier.partial(node, edge.operand, edge.partial)
                self.verifier.partial(node, edge.operand, edge.local.expanded)

    def _verify(self, before: Any, after: Any, left: Left) -> None:
        if self.verifier is not None:
            self.verifier.equal(before, after, partial_text(left))

    def add(
        self,
        kind: StepKind,
        left: str | Left,
        right: Any,
        rule: str,
        depends: tuple[int, ...] = (),
        before: Any = None,
    ) -> int:
        """Enter a step, and give its number; one that is proven not to hold is refused."""
        if isinstance(before, Expr | tuple) and isinstance(left, tuple) and kind != "substitute":
            self._verify(before, right, left)
        number = self.enter(kind, left, right, rule, depends, before)
        if self._array_verifier is not None:
            self._array_verifier.step(self.steps[-1])
        return number

    def enter(
        self,
        kind: StepKind,
        left: str | Left,
        right: Any,
        rule: str,
        depends: tuple[int, ...] = (),
        before: Any = None,
    ) -> int:
        """Enter a step that another verifies, and give its number."""
        number = len(self.steps) + 1
        self.steps.append(Step(number, kind, left, right, rule, depends, before))
        return number

    def _below(self) -> list[str]:
        """The computed nodes that the value of `of` depends on."""
        needed = {self._walk.of}
        for node in reversed(self._walk.circuit.nodes):
            if node.name in needed:
                needed.update(node.operands)
        return [n.name for n in self._walk.circuit.computed if n.name in needed]

    def _leading_to(self, asked: Sequence[str]) -> set[str]:
        """Names from which an edge leads on to an asked one, those included."""
        useful = set(asked)
        for edge in reversed(self._walk.edges):
            if edge.operand in useful:
                useful.add(edge.node)
        return useful

    def _partial(self, name: str) -> None:
        left = (self._walk.of, name)
        found = paths(self._walk, name, self._count)
        if not found:
            same = name == self._walk.of
            rule = "seed" if same else "no path leads from it to the node"
            self.add("simplify", left, S.One if same else S.Zero, rule)
            return
        chains: tuple[tuple[Link, ...], ...]
        if found is MANY:
            last = self._walk.into[name]
            chains = tuple((Whole((self._walk.of, e.node)), (e.node, name)) for e in last)
            many = len(last)
            products = tuple((self._gradient.upstream(e.node, many), e.partial) for e in last)
            used = tuple(self._edges[(e.node, name)] for e in last)
        else:
            chains = tuple(tuple((e.node, e.operand) for e in p) for p in found)
            products = tuple(tuple(e.partial for e in path) for path in found)
            used = tuple(sorted({self._edges[link] for chain in chains for link in chain}))
        over_all = "multiply along each path and add over all paths"
        rule = f"chain rule: {over_all if len(chains) > 1 else 'multiply along the path'}"
        number = self.add("sum", left, chains, rule, used)
        needed = (number, *used)
        number = self.add("substitute", left, products, "local partials", needed, chains)
        total = plainly(_sum([_product_of(p) for p in products]))
        alike = self._gradient.alike
        kept = alike(total) if alike else simplified(total)
        number = self.add("simplify", left, kept, "simplified", (number,), products)
        closed = self._gradient[name]
        if self._folds and weight(closed) <= LARGEST_FOLDED:
            closed = self._with_names(closed, name)
        if closed != kept and not alike:  # among many edges, that of the slope says what it is
            slopes = _slopes(products)
            rule = EXPAND_SLOPES if slopes else "substitute back the intermediate names"
            self.add("expand", left, closed, rule, (number,), kept)


def _is_quotient(expr: Expr) -> bool:
    return bool(expr.is_Mul and any(f.is_Pow and f.exp.is_negative for f in expr.args))


def _sum(terms: Sequence[Expr]) -> Expr:
    if len(terms) > MOST_PATHS:  # one by one takes the square of their number
        return Add(*terms)
    return sum(terms, S.Zero)


def _product_of(factors: Sequence[Expr]) -> Expr:
    result: Expr = S.One
    for factor in factors:
        result = times(result, factor)
    return result


def _slopes(products: Products) -> list[Slope]:
    found = [s for product in products for factor in product for s in factor.atoms(Slope)]
    return list(dict.fromkeys(found))


__all__ = ["StepWriter"]
