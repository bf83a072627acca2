"""Jacobians and Hessians as SymPy matrices over node names.

A row of a Jacobian is what the reverse pass leaves of one node. A column of a Hessian is the
tangent of the gradient's lines along one leaf, written out: forward over reverse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from sympy import Eq, Expr, ImmutableMatrix, Piecewise, S, Symbol

from symback.autodiff.closed_forms import (
    LARGEST_CLOSED_FORM,
    Gradient,
    inner_nodes,
    over_leaves,
)
from symback.autodiff.lower import lower
from symback.autodiff.passes.drop_dead import drop_dead
from symback.autodiff.tangents import tangent_program
from symback.circuits.circuit import Circuit, Node, computed, refuse_constant
from symback.circuits.names import fresh_name
from symback.circuits.program import Program
from symback.errors import CircuitError, TooLarge, Unsupported
from symback.operations.arrays import concat, has_arrays, shape_of
from symback.operations.elementwise import expand_slopes
from symback.operations.shapes import shown
from symback.operations.simplify import simplified, weight

LARGEST_AS_TYPED = 4 * LARGEST_CLOSED_FORM  # operations of an entry before it is simplified

Asked = str | Node | Iterable[str | Node] | None


def jacobian(
    circuit: Circuit, of: Asked = None, wrt: Asked = None, *, expand: bool = False
) -> ImmutableMatrix:
    """∂of/∂wrt: a row for each node of `of`, a column for each of `wrt`.

    Without `of` the rows are those of the outputs; without `wrt` the columns are the parameters,
    or the inputs of a circuit that has none.

    >>> import symback as sb
    >>> jacobian(sb.circuit("u = w*x, f = x**2 - u"), of=["u", "f"], wrt=["w", "x"])
    Matrix([
    [ x,        w],
    [-x, -w + 2*x]])

    A vector that is written as its entries has a row for each of them.

    >>> jacobian(sb.circuit("f = [w*x, sin(w)]"))
    Matrix([
    [     x],
    [cos(w)]])
    """
    circuit, rows, columns = jacobian_of(circuit, of, wrt)
    gradients = [Gradient.of_node(circuit, row.name, expand=expand) for row in rows]
    return ImmutableMatrix([[g[column.name] for column in columns] for g in gradients])


def hessian(
    circuit: Circuit, of: str | Node | None = None, wrt: Asked = None, *, expand: bool = False
) -> ImmutableMatrix:
    """∂²of/∂wrt∂wrt, symmetric: a row and a column for each leaf of `wrt`.

    Without `of` it is the output's, or the loss's where the output is an array; without `wrt` it is
    by the parameters, or by the inputs of a circuit that has none. Where the stable form is too
    large, it is that of the formulas as typed.

    >>> import symback as sb
    >>> hessian(sb.circuit("f = exp(w*x) + w*b**2"))
    Matrix([
    [x**2*exp(w*x), 2*b],
    [          2*b, 2*w]])
    """
    node, columns = hessian_of(circuit, of, wrt)
    try:
        return HessianLines(circuit, node, expand).by(columns)
    except TooLarge:  # in the stable form, whose branches are long; as typed it may be short
        typed = replace(circuit, is_literal=True)
        return HessianLines(typed, node, expand, LARGEST_AS_TYPED).by(columns)


def hessian_of(circuit: Circuit, of: str | Node | None, wrt: Asked) -> tuple[Node, list[Node]]:
    """The node that a Hessian is asked of, and the leaves that it is by; refuses arrays."""
    first = circuit.objective if circuit.output.shape else circuit.output
    node = first if of is None else circuit[of]
    columns = columns_of(circuit, wrt)
    _refuse_array_of_hessian(circuit, node)
    _refuse_arrays(columns, "hessian")
    for column in columns:
        if not column.is_leaf:
            raise Unsupported(
                f"'{column}' is computed; a Hessian is by inputs, targets and parameters"
            )
    return node, columns


def second_partials(
    circuit: Circuit, of: Node, columns: Sequence[Node]
) -> dict[tuple[str, ...], Expr]:
    """The entries of a Hessian by (of, row, column), each pair once; those that are too large to
    be written out are left out.
    """
    found: dict[tuple[str, ...], Expr] = {}
    whole = HessianLines(circuit, of, False)
    for i, j, entry in whole.entries(columns):
        with suppress(TooLarge):
            found[of.name, columns[j].name, columns[i].name] = entry()
    return found


def jacobian_of(circuit: Circuit, of: Asked, wrt: Asked) -> tuple[Circuit, list[Node], list[Node]]:
    """The circuit with a node for each row of a Jacobian, the rows and the columns."""
    asked = [*circuit.outputs] if of is None else nodes_of(circuit, of)
    columns = columns_of(circuit, wrt)
    circuit, rows = _entry_by_entry(circuit, asked)
    _refuse_arrays([*rows, *columns], "jacobian")
    return circuit, rows, columns


class HessianLines:
    """The second partials of one node, from the lines of its gradient."""

    def __init__(
        self, circuit: Circuit, of: Node, expand: bool, largest: int = LARGEST_CLOSED_FORM
    ) -> None:
        self._of, self._expand, self._largest = of, expand, largest
        alone = Circuit(
            tuple(replace(n, role="param") if n.is_leaf else n for n in circuit.nodes),
            of,
            is_literal=circuit.is_literal,
        )
        self._lowered = lower(alone)
        gates = self._lowered.circuit
        written = set() if expand else inner_nodes(gates, of.name).keys()
        self._kept = {n.symbol for n in gates.nodes} - written

    def by(self, columns: Sequence[Node]) -> ImmutableMatrix:
        found: dict[tuple[int, int], Expr] = {}
        for i, j, entry in self.entries(columns):
            found[i, j] = found[j, i] = entry()
        size = len(columns)
        return ImmutableMatrix(size, size, lambda i, j: found[i, j])

    def entries(self, columns: Sequence[Node]) -> Iterator[tuple[int, int, Callable[[], Expr]]]:
        """Row, column and what gives the entry, on and below the diagonal."""
        for j, column in enumerate(columns):
            for i, entry in enumerate(self._column(column, columns[j:]), start=j):
                yield i, j, entry

    def _column(self, column: Node, rows: Sequence[Node]) -> list[Callable[[], Expr]]:
        """What gives ∂²of/∂row∂column for each of the rows."""
        program, targets = self.program(column, rows, plain=True)
        lines = {line.target: line.expr for line in program.lines}
        return [partial(self._closed, target, lines) for target in targets]

    def program(
        self, column: Node, rows: Sequence[Node], *, plain: bool = False
    ) -> tuple[Program, list[Symbol]]:
        """The lines of ∂²of/∂row∂column, and the name of each; one without a line is 0."""
        found, names = self._lowered, self._lowered.names
        program = found.program("objective")
        adjoints = [names.adjoint(row.name) for row in rows]
        moved = tangent_program(
            program,
            names,
            {s: S.One for s in program.arguments if s == column.symbol},
            least=found.circuit.least,
            results=[a for a in adjoints if a in program.returned],
            plain=plain,
        )
        return drop_dead(moved, names), [names.tangent(a.name) for a in adjoints]

    def _closed(self, name: Symbol, lines: dict[Symbol, Expr]) -> Expr:
        """The closed form of what a line computes."""
        expr = lines.get(name, S.Zero)
        for target, formula in reversed(lines.items()):
            if target in expr.free_symbols and target not in self._kept:
                expr = self._bounded(expr.xreplace({target: self._for_people(formula)}))
        expr = expand_slopes(self._for_people(expr))
        if self._expand:
            expr = over_leaves(self._lowered.circuit, expr)
        if has_arrays(expr):
            raise Unsupported(
                f"second partials of '{self._of}' pass through arrays; hessian() is of numbers, so "
                "generate a module with functions=('hessian',)"
            )
        return simplified(expr)

    def _for_people(self, expr: Expr) -> Expr:
        """Without what guards a product from infinite factors where nothing is read or moves."""
        return expr.replace(self._is_guarded, lambda guarded: guarded.args[1].expr)

    def _is_guarded(self, expr: Expr) -> bool:
        if not isinstance(expr, Piecewise) or expr.args[0].expr != 0:
            return False
        condition = expr.args[0].cond
        return (
            isinstance(condition, Eq)
            and condition.rhs == 0
            and condition.lhs.is_Symbol
            and condition.lhs.name not in self._lowered.circuit
        )

    def _bounded(self, expr: Expr) -> Expr:
        if weight(expr) > self._largest:
            raise TooLarge(
                f"a second partial of {self._of} has more than {self._largest} operations; "
                "ask for fewer or name inner parts of the circuit"
            )
        return expr


def _entry_by_entry(circuit: Circuit, asked: Sequence[Node]) -> tuple[Circuit, list[Node]]:
    """The nodes, each entry of [a, b, …] one of its own, and a circuit that has them all."""
    rows: list[Node] = []
    made: list[Node] = []
    taken = {n.name for n in circuit.nodes}
    for node in asked:
        entries = node.formula.operands if isinstance(node.formula, concat) else ()
        if not entries or any(shape_of(e, circuit.shapes) for e in entries):
            rows.append(node)
            continue
        for number, entry in enumerate(entries):
            if entry.is_Symbol:
                rows.append(circuit[entry.name])
                continue
            name = fresh_name([f"{node}_{number}"], taken)
            taken.add(name)
            made.append(computed(name, entry, node.operands, shapes=circuit.shapes))
            rows.append(made[-1])
    return (replace(circuit, nodes=(*circuit.nodes, *made)) if made else circuit), rows


def nodes_of(circuit: Circuit, names: str | Node | Iterable[str | Node]) -> list[Node]:
    """The nodes of some names, at least one."""
    given = [names] if isinstance(names, str | Node) else list(names)
    if not given:
        raise CircuitError("no names were given; name at least one node")
    return [circuit[name] for name in given]


def columns_of(circuit: Circuit, wrt: Asked) -> list[Node]:
    """What a matrix is by: where nothing is named the parameters, or the inputs without any."""
    if wrt is not None:
        asked = nodes_of(circuit, wrt)
        for node in asked:
            refuse_constant(node)
        return asked
    found = circuit.params or circuit.inputs
    if not found:
        raise CircuitError("the circuit has neither parameters nor inputs to differentiate by")
    return list(found)


def _refuse_array_of_hessian(circuit: Circuit, node: Node) -> None:
    if not node.shape:
        return
    outputs = [str(n) for n in circuit.outputs]
    if node == circuit.output and len(outputs) > 1:
        raise Unsupported(
            f"the circuit has the outputs {', '.join(outputs)}; a Hessian is that of one number, "
            "so name one (of=…, --of …)"
        )
    raise Unsupported(
        f"'{node}' is an array {shown(node.shape)}; a Hessian is that of one number, so name one "
        "(of=…, --of …), or declare a loss"
    )


def _refuse_arrays(nodes: Iterable[Node], what: str) -> None:
    for node in nodes:
        if node.shape:
            raise Unsupported(
                f"'{node}' is an array {shown(node.shape)}; {what}() is of numbers by numbers, "
                f"so write its entries as nodes of their own; modules have a {what} of arrays"
            )


__all__ = [
    "Asked",
    "HessianLines",
    "columns_of",
    "hessian",
    "hessian_of",
    "jacobian",
    "jacobian_of",
    "nodes_of",
    "second_partials",
]
