"""Second local partials of gates: the derivative of each local partial by each operand.

They are what the rules of tangents give of the local partials that the reverse pass has: not a
second table of rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sympy import Expr, S

from symback.autodiff.names import Names
from symback.autodiff.partials import Local
from symback.autodiff.reverse import ReversePass
from symback.autodiff.tangents import TangentLines
from symback.circuits.circuit import Node
from symback.circuits.program import Assign
from symback.errors import Unsupported
from symback.operations.edges import plainly
from symback.operations.expressions import postorder, real_symbol
from symback.operations.simplify import simplified
from symback.operations.stated import stated

Curvatures = Mapping[tuple[str, str], Expr]
"""∂²v/∂p∂q of a gate v by its operands p and q, p not after q; those that are 0 are left out."""


def curvatures(walk: ReversePass) -> dict[str, Curvatures]:
    """The second local partials of each gate of a walk that has one.

    >>> import symback as sb
    >>> from symback.derivation.walks import typed_walk
    >>> found = curvatures(typed_walk(sb.circuit("f = w*sigma(x)"), "f"))
    >>> for name, by_pair in found.items():
    ...     print(name, by_pair)
    f {('w', 'f_1'): 1}
    f_1 {('x', 'x'): (1 - 2*sigma(x))*sigma_prime(x)}
    """
    by_node: dict[str, dict[str, Local]] = {}
    for edge in walk.edges:
        by_node.setdefault(edge.node, {})[edge.operand] = edge.local
    found = {}
    for name, locals_ in by_node.items():
        of_gate = _of_gate(walk, walk.node(name), locals_)
        if of_gate:
            found[name] = of_gate
    return found


def _of_gate(walk: ReversePass, node: Node, locals_: Mapping[str, Local]) -> Curvatures:
    _refuse_stated(node)
    place = {name: number for number, name in enumerate(node.operands)}
    found: dict[tuple[str, str], Expr] = {}
    for p, local in locals_.items():
        for q in _read_by(local.partial, node, locals_):
            if place[q] < place[p]:  # of the other's partial already
                continue
            partial = _tangent(walk, node, local.partial, q, locals_[q].partial)
            if partial != 0:
                found[p, q] = partial
    return {pair: found[pair] for pair in sorted(found, key=lambda pair: [place[n] for n in pair])}


def _refuse_stated(node: Node) -> None:
    """Unsupported where a derivative that is stated moves along no edge of the walk."""
    for part in postorder(node.formula):
        if isinstance(part, stated) and not part.args[2].is_number:
            raise Unsupported(
                f"the derivative of '{node}' is stated, not derived, so that its second derivative "
                "has no derivation step by step; c.hessian() and modules have it"
            )


def _read_by(partial: Expr, node: Node, operands: Iterable[str]) -> list[str]:
    """The operands by which a local partial has a derivative: all where it reads the gate."""
    free = partial.free_symbols
    if node.symbol in free:
        return list(operands)
    return [name for name in operands if real_symbol(name) in free]


def _tangent(walk: ReversePass, node: Node, partial: Expr, by: str, speed: Expr) -> Expr:
    """The derivative of a local partial by an operand, which moves the gate's own value too."""
    names = Names(walk.circuit)
    dots = {node.symbol: speed, real_symbol(by): S.One}
    lines = TangentLines(names, dots, frozenset(walk.circuit.least), "", True)
    target = names.part(node.name, partial)
    lines.add(Assign(target, partial))
    expr = lines.dots.get(target, S.Zero)
    for line in reversed(lines.lines):
        if line.target in expr.free_symbols:
            expr = expr.xreplace({line.target: line.expr})
    return simplified(plainly(expr))


__all__ = ["Curvatures", "curvatures"]
