"""The names of what a reverse pass adds to a circuit: adjoints, slopes, masks and parts."""

from __future__ import annotations

from sympy import Expr, Symbol

from symback.circuits.circuit import Circuit
from symback.circuits.names import fresh_name
from symback.operations.arrays import ArrayFunction, shape_of
from symback.operations.expressions import real_symbol
from symback.operations.shapes import Shape


class Names:
    """The names of adjoints and slopes, each made once and free of the user's names.

    `shapes` has those of all arrays, the user's and the ones named here.
    """

    def __init__(self, circuit: Circuit) -> None:
        self._taken = {n.name for n in circuit.nodes} | {str(s) for s in circuit.size_names}
        self._made: dict[tuple[str, str], Symbol] = {}
        self.shapes: dict[str, Shape] = circuit.shapes

    def _name(self, kind: str, node: str, shape: Shape | None = None) -> Symbol:
        """The one name of a kind that a node has, of the node's shape where none is given."""
        made = self._made.get((kind, node))
        if made is None:
            name = fresh_name([f"{node}_{kind}", f"{node}_{kind}_"], self._taken)
            made = self._new(name, self.shapes.get(node, ()) if shape is None else shape)
            self._made[kind, node] = made
        return made

    def _new(self, name: str, shape: Shape) -> Symbol:
        self._taken.add(name)
        if shape:
            self.shapes[name] = shape
        return real_symbol(name)

    def adjoint(self, node: str) -> Symbol:
        return self._name("bar", node)

    def seed(self, node: str) -> Symbol:
        """The adjoint of a node in functions of it alone, where it has the full shape."""
        return self._name("seed", node)

    def tangent(self, name: str, along: str = "") -> Symbol:
        """How fast a value moves: of a node, or of what another line computes.

        The direction is any, or `along` one parameter.
        """
        return self._name(f"by_{along}" if along else "dot", name)

    def residual(self, output: str) -> Symbol:
        """The output less its target."""
        return self._name("residual", output)

    def slope(self, node: str, slope: Expr | None = None) -> Symbol:
        """The name of what forward computes beside the node's value."""
        shape = self.shape_of(slope) if isinstance(slope, ArrayFunction) else None
        return self._name("slope", node, shape)

    def set_shape(self, symbol: Symbol, shape: Shape) -> None:
        self.shapes[symbol.name] = shape

    def total(self, node: str) -> Symbol:
        return self._name("sum", node, ())

    def mask(self, node: str, expr: Expr) -> Symbol:
        """A new name for where the node is read."""
        return self._new(fresh_name([f"{node}_read"], self._taken), self.shape_of(expr))

    def part(self, node: str, expr: Expr) -> Symbol:
        """A new name for a part of the line that computes `node`."""
        return self._new(fresh_name([f"{node}_part"], self._taken), self.shape_of(expr))

    def local(self, name: str) -> Symbol:
        """A new name for one of a loop's turn."""
        return self._new(fresh_name([name, f"{name}_t"], self._taken), ())

    def kept(self, name: Symbol, count: Expr) -> Symbol:
        """The name of the values that one of a turn has in all turns of a loop."""
        return self._name("kept", name.name, (count, *self.shapes.get(name.name, ())))

    def shape_of(self, expr: Expr) -> Shape:
        return shape_of(expr, self.shapes) if self.shapes else ()


__all__ = ["Names"]
