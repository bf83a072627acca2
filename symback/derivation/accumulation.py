"""The steps of a derivation where nodes are arrays: adjoints, accumulated from the output back.

The partial of an array by an array has three axes and more, so the chain is not written with
partials but with adjoints: each edge turns the adjoint δ of a node into a contribution to that of
its operand, such as Wᵀ·δ, and the contributions of all edges are added.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sympy import Add, Expr, S, Symbol

from symback.autodiff.closed_forms import Gradient, inline_generated, inner_nodes
from symback.autodiff.names import Names
from symback.autodiff.partials import ArrayLocal
from symback.autodiff.reverse import Edge, ReversePass
from symback.operations.arrays import broadcast_like, cross_entropy, reduce_sum, shape_of, softmax
from symback.operations.construction import expand_reduced, reduce_last_axis
from symback.operations.functions import Slope
from symback.operations.shapes import Shape
from symback.operations.simplify import weight

LARGEST_WRITTEN = 100  # operations of a partial that is written out over names of values
ALL_EDGES = "sum of all contributions"
EXPAND_SLOPES = "expand the derivatives of the activations"
ONE = "the rows of t add up to 1"
ANY_SUM = "∂(−Σ t∘log softmax(z))"  # the rule before that is used


class Accumulation:
    """Writes the edges, sums and results of one walk; `add` enters a step and gives its number."""

    def __init__(
        self,
        walk: ReversePass,
        gradient: Gradient,
        add: Callable[..., int],
        names: Names | None = None,
    ) -> None:
        self.walk, self.gradient, self.add = walk, gradient, add
        self._names = names or Names(walk.circuit)
        self._edges: dict[str, list[int]] = {}
        self._inner = inner_nodes(walk.circuit, walk.of)
        self._over_values: dict[str, Expr] = {walk.of: S.One}

    def write(self, useful: set[str], asked: Sequence[str], forward: Mapping[str, int]) -> None:
        """The edges that lead to what is asked, in the order of the walk, then each result."""
        for name in self.walk.order[1:]:
            if name in useful:
                self._write_edges(name, forward)
        for name in asked:
            self._write_result(name)

    def total(self, name: str) -> Expr:
        """What all edges give to the adjoint of a node."""
        parts = [self._contribution(e, self._upstream(e)) for e in self.walk.into[name]]
        return self._spread(name, Add(*parts))

    def adjoint(self, name: str) -> Expr:
        """The name of an adjoint; that of the output is 1."""
        return S.One if name == self.walk.of else self._names.adjoint(name)

    def _write_edges(self, name: str, forward: Mapping[str, int]) -> None:
        found = []
        for edge in self.walk.into[name]:
            because = (forward[edge.node], *self._edges.get(edge.node, ()))
            number = self._write_edge(edge, because)
            found.append(number)
        if len(found) > 1:
            parts = [self._contribution(e, self._upstream(e)) for e in self.walk.into[name]]
            left = (self.walk.of, name)
            found = [self.add("sum", left, Add(*parts), ALL_EDGES, tuple(found))]
        self._edges[name] = found

    def _write_edge(self, edge: Edge, because: tuple[int, ...]) -> int:
        left = (edge.node, edge.operand)
        value = self._contribution(edge, self._upstream(edge))
        before = self._before(edge, self._upstream(edge))
        if before is None:
            return self.add("edge", left, value, edge.local.rule, because)
        number = self.add("edge", left, before, ANY_SUM, because)
        return self.add("simplify", left, value, ONE, (number,), before)

    def _before(self, edge: Edge, upstream: Expr) -> Expr | None:
        """The adjoint of a cross entropy before it is used that each row of t adds up to 1."""
        local = edge.local
        if not isinstance(local, ArrayLocal) or not local.terms:
            return None
        op = local.terms[0][1]
        if not isinstance(op, cross_entropy) or str(op.args[0]) != edge.operand:
            return None
        z, t = op.args
        shape = shape_of(z, self._names.shapes)
        upstream = expand_reduced(upstream, shape, [len(shape) - 1])
        return upstream * (softmax(z) * reduce_last_axis(reduce_sum, t, shape) - t)

    def _upstream(self, edge: Edge) -> Expr:
        return self._spread(edge.node, self.adjoint(edge.node))

    def _spread(self, name: str, value: Expr) -> Expr:
        node = self.walk.node(name)
        if node.shape and shape_of(value, self._names.shapes) != node.shape:
            return broadcast_like(value, node.symbol)
        return value

    @staticmethod
    def _contribution(edge: Edge, upstream: Expr) -> Expr:
        return edge.local.contribution(upstream)

    def _write_result(self, name: str) -> None:
        left = (self.walk.of, name)
        if name not in self.walk.into or name == self.walk.of:
            same = name == self.walk.of
            rule = "seed" if same else "no path leads from it to the node"
            self.add("simplify", left, S.One if same else S.Zero, rule)
            return
        last = self._edges[name][-1]
        over_values = self._written(name)
        written = self._inlined(over_values)
        if weight(written) > LARGEST_WRITTEN:
            parts = [self._contribution(e, self._upstream(e)) for e in self.walk.into[name]]
            self.add("simplify", left, self._spread(name, Add(*parts)), ALL_EDGES, (last,))
            return
        number = self.add("substitute", left, written, "adjoints", (last,))
        edges = self.walk.edges
        slopes = {
            e.local.slope: e.local.expanded for e in edges if isinstance(e.local.slope, Slope)
        }
        closed = self._inlined(over_values.xreplace(slopes))
        if closed != written:
            self.add("expand", left, closed, EXPAND_SLOPES, (number,), written)

    def _written(self, name: str) -> Expr:
        """The adjoint over names of values, slopes such as σ′ kept; large adjoints stay names."""
        adjoints, waiting = self._over_values, [name]
        while waiting:
            node = waiting[-1]
            missing = [e.node for e in self.walk.into[node] if e.node not in adjoints]
            if not missing and node not in adjoints:
                parts = []
                for edge in self.walk.into[node]:
                    upstream = adjoints[edge.node]
                    if weight(upstream) > LARGEST_WRITTEN // 2:
                        upstream = self.adjoint(edge.node)
                    parts.append(self._contribution(edge, self._spread(edge.node, upstream)))
                adjoints[node] = self._spread(node, Add(*parts))
            if missing:
                waiting += missing
            else:
                waiting.pop()
        return adjoints[name]

    def _inlined(self, expr: Expr) -> Expr:
        from symback.autodiff.factors import factors_in_front  # arrays only: import stays fast

        inlined = inline_generated(expr, self._inner, slopes=True)
        return factors_in_front(inlined, self._names.shapes)


def adjoint_names(walk: ReversePass) -> tuple[dict[Symbol, str], dict[str, Shape]]:
    """The symbol of each adjoint with the node it belongs to, and the shapes of all names."""
    names = Names(walk.circuit)
    found = {names.adjoint(name): name for name in walk.order}
    return found, names.shapes


def differential_names(walk: ReversePass) -> tuple[dict[Symbol, tuple[str, bool]], Names]:
    """The symbol of each differential, with its node and whether it is that of the adjoint; and all
    names."""
    names = Names(walk.circuit)
    bars = {names.adjoint(name): name for name in walk.order}
    found = {names.tangent(node.name): (node.name, False) for node in walk.circuit}
    found |= {names.tangent(bar.name): (name, True) for bar, name in bars.items()}
    return found, names


__all__ = ["ANY_SUM", "ONE", "Accumulation", "adjoint_names", "differential_names"]
