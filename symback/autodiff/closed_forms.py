"""Closed forms of partials: the reverse pass written out over node names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from heapq import heapify, heappop, heappush
from typing import Self

from sympy import Add, Expr, S

from symback.autodiff.partials import is_choice, times
from symback.autodiff.reads import wild
from symback.autodiff.reverse import Edge, ReversePass, reverse_pass, seen_from
from symback.autodiff.steep import may_be_infinite
from symback.circuits.circuit import Circuit, Node, refuse_constant
from symback.circuits.paused_gc import no_search_for_cycles
from symback.errors import TooLarge, UnknownName, Unsupported, nearest
from symback.operations.arrays import broadcast_like, shape_of
from symback.operations.elementwise import expand_slopes
from symback.operations.expressions import real_symbol
from symback.operations.matrix_view import as_matrix
from symback.operations.shapes import shown
from symback.operations.simplify import LARGEST_SIMPLIFIED, Alike, simplified, weight

LARGEST_CLOSED_FORM = 500  # operations of one closed form
MOST_BY_ITSELF = 100  # leaves of a circuit whose closed forms are each simplified by itself
MOST_NAMES = 6  # of outputs that a message lists
LARGEST_EXPANDED = 20_000  # operations over leaves only


class Gradient(Mapping[str, Expr]):
    """The partials of one node by all nodes that it depends on, as SymPy expressions.

    By an array it is a matrix expression of the array's shape, a vector being a column.

    Over node names; inner parts without a name of their own stand as they were typed, a net
    input excepted. A partial too large to write out keeps adjoints by name, such as net2_bar
    for ∂f/∂net2, which is g["net2"].

    >>> import symback as sb
    >>> g = sb.circuit("f = x1 - sigma(w3*x3 + w4*x4)").gradient()
    >>> g["w3"]
    -x3*(1 - sigma(net))*sigma(net)
    """

    def __init__(
        self,
        circuit: Circuit,
        walk: ReversePass,
        expand: bool,
        largest: int = LARGEST_CLOSED_FORM,
    ) -> None:
        self.of = walk.of
        self._named = circuit
        self._walk = walk
        self._expand = expand
        self._largest = largest
        self.alike = None if largest == LARGEST_CLOSED_FORM else Alike()
        many = len(circuit.leaves) > MOST_BY_ITSELF
        self._simplified = self.alike or (Alike(LARGEST_SIMPLIFIED) if many else simplified)
        self._has_arrays = circuit.has_arrays
        shapes = walk.circuit.shapes
        self._shapes = {**{f"{n}_bar": shape for n, shape in shapes.items()}, **shapes}
        self._inner = inner_nodes(walk.circuit, walk.of)
        self._adjoints: dict[str, Expr] = {walk.of: S.One}
        self._weights: dict[str, int] = {walk.of: 1}
        self._closed: dict[str, Expr] = {}
        self._upstream: dict[str, Expr] = {}

    @classmethod
    def of_node(cls, circuit: Circuit, of: str | None = None, *, expand: bool = False) -> Self:
        """All partials of a node (of the output where none is named)."""
        with no_search_for_cycles():
            circuit, start = seen_from(circuit, of)
            walk = reverse_pass(circuit, start)
            refuse_array(walk)
            return cls(circuit, walk, expand)

    @property
    def walk(self) -> ReversePass:
        """The reverse pass that the closed forms are read from."""
        return self._walk

    def __getitem__(self, name: str) -> Expr:
        key = str(name)
        node = key.removesuffix("_bar")
        if key not in self._walk.circuit and node in self._walk.circuit:  # net2_bar is ∂f/∂net2
            key = node
        if key not in self._closed:
            if key not in self._walk.circuit:
                known = [n.name for n in self._walk.circuit.nodes]
                raise UnknownName(f"the circuit has no node '{key}'{nearest(key, known)}")
            refuse_constant(self._walk.node(key))
            self._closed[key] = self._past(key) or self._close(key)
        return self._closed[key]

    def _past(self, name: str) -> Expr | None:
        """The partial by a node that rewritten formulas may pass by, from a walk that does not."""
        walk = self._walk
        node = walk.node(name)
        if not walk.circuit.rewrites or node.is_leaf or node.generated or name in walk.opaque:
            return None
        kept = reverse_pass(self._named, self.of, opaque={*walk.opaque, name})
        return Gradient(self._named, kept, self._expand, self._largest)._close(name)

    def __iter__(self) -> Iterator[str]:
        return iter([n.name for n in self._named.leaves if n.name in self._walk.into])

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __repr__(self) -> str:
        return "\n".join(f"∂{self.of}/∂{name} = {self[name]}" for name in self)

    def _close(self, name: str) -> Expr:
        return self._shown(name, self.formula(name))

    def formula(self, name: str) -> Expr:
        """The closed form over elements, as formulas inside a circuit are."""
        if name != self.of and name not in self._walk.into:
            return S.Zero  # no path leads from it to the node: exactly zero
        self._accumulate(name)
        expr = inline_generated(self._adjoints[name], self._inner, largest=self._largest)
        if self._expand:
            expr = over_leaves(self._walk.circuit, expr)
        if self._has_arrays:
            from symback.autodiff.factors import factors_in_front  # arrays only: import stays fast

            return factors_in_front(expr, self._shapes)
        return self._simplified(expr)

    def _shown(self, name: str, formula: Expr) -> Expr:
        if not self._has_arrays:
            return formula
        return as_matrix(formula, self._shapes, self._walk.node(name).shape)

    def upstream(self, name: str, edges: int) -> Expr:
        """The closed form of an adjoint that so many edges pass on, or its name where it is long.

        Only among large circuits is any named here: those that ask for short closed forms.
        """
        if self.alike is not None and edges > self._largest and name != self.of:
            return real_symbol(f"{name}_bar")
        if name not in self._upstream:  # along this walk, which may pass by the node elsewhere
            self._upstream[name] = self._close(name)
        closed = self._upstream[name]
        if self.alike is None or weight(closed) <= self._longest(edges):
            return closed
        return real_symbol(f"{name}_bar")

    def _longest(self, edges: int) -> int:
        """The operations that an adjoint may have where so many are added up."""
        if self.alike is None:
            return self._largest
        return max(2, self._largest // edges)

    def _accumulate(self, name: str) -> None:
        """Adjoints of the nodes between `of` and the name, each after those that it needs."""
        waiting = [name]
        while waiting:
            node = waiting[-1]
            edges = self._walk.into[node]
            missing = [e.node for e in edges if e.node not in self._adjoints]
            if not missing and node not in self._adjoints:
                longest = self._longest(len(edges))
                terms = [self._contribution(edge, longest) for edge in edges]
                self._adjoints[node] = self._whole(node, Add(*terms))
                self._weights[node] = weight(self._adjoints[node])
            if missing:
                waiting += missing
            else:
                waiting.pop()

    def _whole(self, name: str, total: Expr) -> Expr:
        """An adjoint that has the shape of its array."""
        node = self._walk.node(name)
        if not node.shape or shape_of(total, self._shapes) == node.shape:
            return total
        return broadcast_like(total, node.symbol)

    def _contribution(self, edge: Edge, longest: int) -> Expr:
        upstream = self._adjoints[edge.node]
        if self._weights[edge.node] > longest:
            if self._expand:
                raise TooLarge(
                    f"∂{self.of}/∂{edge.node} has more than {LARGEST_CLOSED_FORM} operations; "
                    "generate a module instead of expanding it"
                )
            upstream = real_symbol(f"{edge.node}_bar")
        local = edge.local
        if (
            self._has_arrays
            or is_choice(local.partial)
            or not self._may_be_infinite(local.expanded)
        ):
            return local.contribution(upstream, expanded=True)
        return times(local.expanded, upstream)  # into the branches: 1/u has no value where u is 0

    def _may_be_infinite(self, partial: Expr) -> bool:
        return may_be_infinite(partial) or bool(
            self._wild and any(symbol.name in self._wild for symbol in partial.free_symbols)
        )

    @cached_property
    def _wild(self) -> frozenset[str]:
        return wild(self._walk.circuit)


def refuse_array(walk: ReversePass) -> None:
    """Refuse an array: its partials would have more axes than a vector or matrix."""
    shape, stacked = walk.node(walk.of).shape, walk.circuit.stacked
    if shape and walk.node(walk.of) == walk.circuit.stack:
        names = ", ".join(stacked[:MOST_NAMES]) + (", …" if len(stacked) > MOST_NAMES else "")
        raise Unsupported(
            f"the circuit has {len(stacked)} outputs, {names}; name the one to differentiate: "
            f'gradient("{stacked[0]}"), --of {stacked[0]}; derive(jacobian=True) and --jacobian '
            "have all of them"
        )
    if shape:
        raise Unsupported(
            f"'{walk.of}' is an array {shown(shape)}; differentiate a number that depends on it, "
            'such as the loss: gradient("…"), --of …'
        )


Inner = Mapping[Expr, tuple[int, Node]]
"""Nodes that a closed form writes out, by their symbols, with their places in the circuit."""


def inner_nodes(circuit: Circuit, of: str) -> Inner:
    """`of` and the generated nodes, net inputs excepted."""
    return {
        node.symbol: (place, node)
        for place, node in enumerate(circuit.nodes)
        if not node.is_leaf
        and (node.name == of or (node.generated and not node.name.startswith("net")))
    }


def inline_generated(
    expr: Expr, inner: Inner, *, slopes: bool = False, largest: int = LARGEST_CLOSED_FORM
) -> Expr:
    """The expression with inner nodes written out, those that stand last first.

    Slopes such as σ′ are written out as well, unless `slopes` keeps them.
    """
    written: Callable[[Expr], Expr] = (lambda e: e) if slopes else expand_slopes
    nodes = {inner[s][0]: inner[s][1] for s in expr.free_symbols if s in inner}
    places = [-place for place in nodes]
    heapify(places)
    while places:
        node = nodes[-heappop(places)]
        longer = expr.xreplace({node.symbol: node.formula})
        if weight(longer) > largest:
            return written(expr)
        expr = longer
        for symbol in node.formula.free_symbols & inner.keys():
            place, found = inner[symbol]
            if place not in nodes:
                nodes[place] = found
                heappush(places, -place)
    return written(expr)


def over_leaves(circuit: Circuit, expr: Expr) -> Expr:
    """The expression with every computed node written out."""
    for node in reversed(circuit.computed):
        if node.symbol in expr.free_symbols:
            expr = expr.xreplace({node.symbol: node.formula})
            if weight(expr) > LARGEST_EXPANDED:
                raise TooLarge(
                    f"more than {LARGEST_EXPANDED} operations over leaves; use the form over names"
                )
    return expr
