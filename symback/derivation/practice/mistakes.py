"""What is wrong with an answer, tried edge by edge: each likely mistake is computed and compared.

An answer is right where it has the value that was asked for at each point of its derivation; it is
a known mistake where it has the value that the mistake gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flint import arb
from sympy import Expr, Function, Mul, S

from symback.autodiff.reverse import Edge, ReversePass
from symback.derivation.numbers.links import Link
from symback.derivation.paths import direct_edges
from symback.derivation.practice.flow import BallOrNone, Flow, agrees, counted
from symback.operations.elementwise import BY_HEAD

MOST_EDGES = 400  # of a derivation whose edges are tried one by one


@dataclass(frozen=True, slots=True)
class Mistake:
    """A likely mistake: where it is, what it is, how to go on, and the value that it gives."""

    edge: Link | None
    message: str
    hint: str
    value: Callable[[Flow], BallOrNone]


def find_mistake(
    walk: ReversePass,
    at: Sequence[Flow],
    given: Callable[[Flow], BallOrNone],
    candidates: Iterator[Mistake],
) -> Mistake | None:
    """The first candidate that gives what was given."""
    for mistake in candidates:
        if agrees(given, counted(mistake.value), at):
            return mistake
    return None


# -- on one edge -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Slip:
    """A wrong partial on an edge; `rank` orders slips by how often they happen."""

    rank: int
    message: str
    hint: str
    value: Callable[[Flow], BallOrNone]


def slips(walk: ReversePass, edge: Edge) -> list[Slip]:
    """The wrong partials that an edge is often given."""
    node = walk.node(edge.node)
    link = (edge.node, edge.operand)
    sign_hint = f"does {edge.node} grow or fall when {edge.operand} grows?"
    found = [Slip(1, "the sign is wrong", sign_hint, lambda f: -f.partials[link])]
    found += _of_functions(walk, edge)
    for other in node.operands:
        if other != edge.operand and (edge.node, other) in {
            (e.node, e.operand) for e in walk.edges
        }:
            message = f"that is ∂{edge.node}/∂{other}, the partial by another operand"
            hint = f"hold all but {edge.operand} fixed"
            found.append(Slip(4, message, hint, lambda f, o=other: f.partials[edge.node, o]))  # type: ignore[misc]
    one = "a factor of its partial is missing"
    for factor in _factors(edge):
        hint = f"write ∂{edge.node}/∂{edge.operand} out, factor by factor"
        found.append(Slip(6, one, hint, lambda f, g=factor: _over(f.partials[link], f.value(g))))  # type: ignore[misc]
    for term in edge.partial.args if edge.partial.is_Add else ():
        hint = f"count the places where {edge.operand} stands"
        found.append(
            Slip(
                6,
                "a term of its partial is missing",
                hint,
                lambda f, t=term: f.value(edge.partial - t),  # type: ignore[misc]
            )
        )
    hint = f"use the rule for {edge.node}: {_gate(edge, walk)}"
    found += [
        Slip(7, "a constant factor is wrong", hint, lambda f, c=c: f.partials[link] * c)  # type: ignore[misc]
        for c in (2, arb(1) / 2)
    ]
    symbol = walk.circuit[edge.operand].symbol
    raised = "the power was not lowered"
    if node.formula.is_Mul or node.formula.is_Pow or node.formula.is_Add:
        found.append(Slip(7, raised, hint, lambda f: f.partials[link] * f.values[symbol]))
    found.append(Slip(8, "it is upside down", hint, lambda f: _over(arb(1), f.partials[link])))
    return found


def _gate(edge: Edge, walk: ReversePass) -> str:
    """What kind of operation a node is, in words that don't give its derivative away."""
    formula = walk.node(edge.node).formula
    if formula.func in BY_HEAD:
        return f"it is {BY_HEAD[formula.func].name} of its operands"
    kind = "a sum" if formula.is_Add else "a product" if formula.is_Mul else "a power"
    return f"it is {kind}"


def _over(above: arb, below: BallOrNone) -> BallOrNone:
    return None if below is None else above / below


def _factors(edge: Edge) -> list[Expr]:
    """The factors that a partial of several has."""
    for form in (edge.partial, edge.local.expanded):
        factors = [f for f in Mul.make_args(form) if f is not S.NegativeOne]
        if len(factors) > 1:
            return factors
    return []


def _of_functions(walk: ReversePass, edge: Edge) -> list[Slip]:
    """σ for σ′, tanh′ for σ′, a sign inside σ·(1 − σ)."""
    node = walk.node(edge.node)
    if not isinstance(node.formula, Function) or len(node.operands) != 1:
        return []
    name = BY_HEAD[node.formula.func].sign or BY_HEAD[node.formula.func].name
    v = node.symbol
    hint = f"differentiate {name}"
    itself = Slip(2, f"that is {name} itself, not its derivative", hint, lambda f: f.values[v])
    rule = "that is the derivative of another function"
    found = [itself, Slip(5, rule, hint, lambda f: 1 - f.values[v] ** 2)]
    found.append(Slip(5, rule, hint, lambda f: f.values[v] * (1 - f.values[v])))
    inside = "a sign inside the derivative is wrong"
    found.append(Slip(5, inside, hint, lambda f: f.values[v] * (1 + f.values[v])))
    found.append(Slip(5, inside, hint, lambda f: 1 + f.values[v] ** 2))
    found.append(Slip(6, "a factor is missing", hint, lambda f: 1 - f.values[v]))
    return found


def on_edge(walk: ReversePass, edge: Edge) -> Iterator[Mistake]:
    """The mistakes in an answer to ∂node/∂operand of one edge."""
    link = (edge.node, edge.operand)
    found = sorted(slips(walk, edge), key=lambda s: s.rank)
    for slip in found:
        yield Mistake(link, slip.message, slip.hint, slip.value)
    if link in direct_edges(walk):
        total = f"that is ∂{walk.of}/∂{edge.operand}, the sum over all paths"
        yield Mistake(link, total, "asked is this edge alone", lambda f: f.adjoints[edge.operand])
    whole = f"that is ∂{walk.of}/∂{edge.operand} along this edge, all the way from {walk.of}"
    hint = f"asked is one edge: how {edge.node} changes with {edge.operand}"
    yield Mistake(link, whole, hint, lambda f: f.adjoints[edge.node] * f.partials[link])
    for slip in found[1:]:
        message = f"{slip.message}, and the sign is wrong too"
        yield Mistake(link, message, slip.hint, lambda f, s=slip: _negative(s.value(f)))  # type: ignore[misc]


def _negative(value: BallOrNone) -> BallOrNone:
    return None if value is None else -value


# -- on a whole partial ------------------------------------------------------------------------


def on_partial(
    walk: ReversePass, name: str, paths: Sequence[Sequence[Edge]] | None
) -> Iterator[Mistake]:
    """The mistakes in an answer to ∂of/∂name: a path forgotten, or a slip on one of the edges."""
    yield from _of_paths(walk, name, paths or ())
    edges = _useful(walk, name)
    found: list[tuple[int, int, Edge, Slip]] = []
    for i, edge in enumerate(edges[:MOST_EDGES]):
        for slip in slips(walk, edge):
            negative = slip.rank == 1 and not _is_negative(edge)  # a sign is lost where one is
            found.append((slip.rank, negative * len(edges) + i, edge, slip))
        if edge.partial not in (S.One, S.NegativeOne):
            message, hint = "its factor is missing", "each edge of a path gives one factor"
            found.append((3, i, edge, Slip(3, message, hint, lambda f: arb(1))))
    found.sort(key=lambda entry: entry[:2])
    for _, _, edge, slip in found:
        value = _instead(name, edge, slip.value)
        yield Mistake((edge.node, edge.operand), slip.message, slip.hint, value)
    for rank, _, edge, slip in found:
        if rank > 1:
            value = _instead(name, edge, slip.value)
            message = f"{slip.message}, and the sign is wrong too"
            negated = lambda f, v=value: _negative(v(f))  # noqa: E731
            yield Mistake((edge.node, edge.operand), message, slip.hint, negated)


def _useful(walk: ReversePass, name: str) -> list[Edge]:
    """The edges over which paths lead to a name, in the order of the walk."""
    leading = {name}
    for edge in reversed(walk.edges):
        if edge.operand in leading:
            leading.add(edge.node)
    return [e for e in walk.edges if e.operand in leading]


def _is_negative(edge: Edge) -> bool:
    return bool(edge.partial.could_extract_minus_sign())


def _instead(
    name: str, edge: Edge, wrong: Callable[[Flow], BallOrNone]
) -> Callable[[Flow], BallOrNone]:
    """The whole partial where one edge has another value: it is linear in each edge."""

    def value(flow: Flow) -> BallOrNone:
        local = wrong(flow)
        if local is None:
            return None
        change = (local - flow.of(edge)) * flow.adjoints[edge.node]
        return flow.adjoints[name] + change * flow.down(name)[edge.operand]

    return value


def _of_paths(walk: ReversePass, name: str, paths: Sequence[Sequence[Edge]]) -> Iterator[Mistake]:
    if len(paths) < 2:
        return
    hint = f"follow every way from {name} to {walk.of} and add the products"
    for sign, wrong in ((1, ""), (-1, ", and the sign is wrong too")):
        for path in paths:
            missing: Any = lambda f, p=path, s=sign: s * (f.adjoints[name] - _product_along(f, p))  # noqa: E731
            message = f"the path {_route(path)} is missing{wrong}"
            yield Mistake(_own_edge(path, paths, first=True), message, hint, missing)
    for path in paths:
        message = f"only the path {_route(path)} is there, the others are missing"
        yield Mistake(None, message, hint, lambda f, p=path: _product_along(f, p))  # type: ignore[misc]
    for path in paths:
        value: Any = lambda f, p=path: f.adjoints[name] - 2 * _product_along(f, p)  # noqa: E731
        link = _own_edge(path, paths, first=False)
        yield Mistake(link, f"the sign of the path {_route(path)} is wrong", hint, value)
    message = "the products of the paths are multiplied, not added"
    yield Mistake(None, message, hint, lambda f: _all(f, paths))


def _route(path: Sequence[Edge]) -> str:
    return " → ".join([path[0].node, *(e.operand for e in path)])


def _own_edge(path: Sequence[Edge], paths: Sequence[Sequence[Edge]], *, first: bool) -> Link | None:
    """An edge that no other path goes over: the first, or that which a sign most likely is of."""
    others = {(e.node, e.operand) for p in paths if p is not path for e in p}
    own = [e for e in path if (e.node, e.operand) not in others]
    if not first:
        own.sort(key=lambda e: not _is_negative(e))
    return (own[0].node, own[0].operand) if own else None


def _product_along(flow: Flow, path: Sequence[Edge]) -> arb:
    product = arb(1)
    for edge in path:
        product = product * flow.of(edge)
    return product


def _all(flow: Flow, paths: Sequence[Sequence[Edge]]) -> arb:
    product = arb(1)
    for path in paths:
        product = product * _product_along(flow, path)
    return product


__all__ = ["Mistake", "find_mistake", "on_edge", "on_partial"]
