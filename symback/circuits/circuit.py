"""Circuits: named nodes in topological order, each defined by one SymPy expression.

A `Circuit` is structure only and frozen. What can be done with one (derive, generate, check)
stands in rooms above; the methods here are their faces and import them when called.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from sympy import Expr, Symbol

from symback.circuits.names import check_name, fresh_name
from symback.errors import CircuitError, Place, UnknownName, nearest
from symback.operations.arrays import has_arrays
from symback.operations.expressions import postorder, real_symbol
from symback.operations.shapes import Shape, shown, size_symbol

if TYPE_CHECKING:
    from symback.autodiff.closed_forms import Gradient
    from symback.check.check import Report
    from symback.derivation.record import Derivation

Role = Literal["input", "target", "param", "size", "computed"]
LEAF_ROLES: tuple[Role, ...] = ("input", "target", "param")

_LOSS_NAMES = ("l", "loss", "loss_l")
_TARGET_NAMES = ("y", "target", "target_y")


class _Automatic:
    """Stands for 'let symback choose' where None means 'none'."""

    def __repr__(self) -> str:
        return "AUTOMATIC"


AUTOMATIC = _Automatic()


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One named node of a circuit.

    A leaf (input, target, param) has its own symbol as formula; a computed node has a formula
    over earlier nodes. In a formula the symbol of an array stands for its element; `expr` is the
    same as SymPy's matrix expression. `shape` is () for a number, (n,) or (m, n) for an array.
    A name of a size that a formula uses as a number is a node with the role size. A node equals
    its name, so that `"w3" in c.params` reads as it should.
    """

    name: str
    role: Role
    formula: Expr
    operands: tuple[str, ...] = ()
    shape: Shape = ()
    initial: float | None = None
    generated: bool = False
    place: Place | None = field(default=None, repr=False)
    operand_shapes: tuple[Shape, ...] = field(default=(), repr=False)  # empty: all are numbers

    @property
    def symbol(self) -> Symbol:
        return size_symbol(self.name) if self.role == "size" else real_symbol(self.name)

    @property
    def shapes(self) -> dict[str, Shape]:
        """The shapes of the operands and of the node itself, by name."""
        found = dict(zip(self.operands, self.operand_shapes, strict=bool(self.operand_shapes)))
        return {**found, self.name: self.shape}

    @property
    def has_arrays(self) -> bool:
        """Whether the node or an operand of it is an array."""
        return bool(self.shape) or any(self.operand_shapes)

    @property
    def expr(self) -> Expr:
        """The formula in SymPy: an Expr for a number, a MatrixExpr for an array."""
        if not self.has_arrays:
            return self.formula
        from symback.sympy_io.matrix_view import as_matrix  # arrays only: a room above

        return as_matrix(self.formula, self.shapes, self.shape)

    @property
    def is_leaf(self) -> bool:
        return self.role != "computed"

    def __str__(self) -> str:
        return self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Node):
            return self._content() == other._content()
        if isinstance(other, str):
            return self.name == other
        return NotImplemented

    def _content(self) -> tuple[Any, ...]:
        return self.name, self.role, self.formula, self.shape, self.initial


def leaf(
    name: str,
    role: Role,
    initial: float | None = None,
    place: Place | None = None,
    shape: Shape = (),
) -> Node:
    return Node(name, role, real_symbol(name), shape=shape, initial=initial, place=place)


def size(name: str, place: Place | None = None) -> Node:
    """The node of a size that a formula uses as a number."""
    return Node(name, "size", size_symbol(name), place=place)


def computed(
    name: str,
    formula: Expr,
    operands: Sequence[str],
    place: Place | None = None,
    generated: bool = False,
    shapes: Mapping[str, Shape] | None = None,
    shape: Shape = (),
) -> Node:
    """A computed node; `operands` gives the order in which its operands first appear.

    `shapes` tells those of the operands; without it all are numbers.
    """
    present = {s.name for s in postorder(formula) if s.is_Symbol}
    kept = tuple(name for name in dict.fromkeys(operands) if name in present)
    of_operands = () if shapes is None else tuple(shapes.get(o, ()) for o in kept)
    return Node(
        name,
        "computed",
        formula,
        kept,
        shape,
        place=place,
        generated=generated,
        operand_shapes=of_operands,
    )


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A node's formula as it was typed, and the equal one that keeps its digits.

    `rule` says what the formula became, `why` what is wrong with computing it as typed.
    """

    node: str
    before: Expr
    after: Expr
    rule: str
    why: str


@dataclass(frozen=True, eq=False)
class Circuit:
    """Named nodes in topological order; one is the output, one may be the loss.

    >>> import symback as sb
    >>> c = sb.circuit("f = x1 - sigma(w3*x3 + w4*x4)")
    >>> print(*c.params, "|", *c.inputs, "|", c.output, "|", c.loss)
    w3 w4 | x1 x3 x4 | f | l
    """

    nodes: tuple[Node, ...]
    output: Node
    loss: Node | None = None
    inferred: tuple[str, ...] = ()  # leaves whose role was inferred from their name
    rewrites: tuple[Rewrite, ...] = ()  # of formulas that were typed otherwise
    is_literal: bool = False  # compute formulas as they are typed, whatever digits that costs
    _by_name: Mapping[str, Node] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {n.name: n for n in self.nodes})

    @classmethod
    def from_sympy(
        cls,
        expr: Expr | Mapping[str, Expr] | Iterable[tuple[str, Expr]],
        name: str = "f",
        *,
        params: Iterable[str] | None = None,
        inputs: Iterable[str] | None = None,
        loss: str | _Automatic | None = AUTOMATIC,
    ) -> Circuit:
        """A circuit from a SymPy expression, or from names with their expressions.

        >>> import symback as sb, sympy
        >>> x, w = sympy.symbols("x w")
        >>> sb.Circuit.from_sympy(sympy.exp(w*x)).output.expr
        exp(w*x)
        """
        from symback.sympy_io.from_sympy import read  # a room above: imported when called

        return read(expr, name, params=params, inputs=inputs, loss=loss)

    def __getitem__(self, name: str | Node) -> Node:
        key = str(name)
        if key not in self._by_name:
            raise UnknownName(f"the circuit has no node '{key}'{nearest(key, self._by_name)}")
        return self._by_name[key]

    def __contains__(self, name: object) -> bool:
        return str(name) in self._by_name

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __len__(self) -> int:
        return len(self.nodes)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Circuit):
            return NotImplemented
        return (self.nodes, self.output, self.loss) == (other.nodes, other.output, other.loss)

    def __hash__(self) -> int:
        return hash((self.nodes, self.output, self.loss))

    def __str__(self) -> str:
        return self.source

    @cached_property
    def params(self) -> tuple[Node, ...]:
        return self._with_role("param")

    @cached_property
    def inputs(self) -> tuple[Node, ...]:
        return self._with_role("input")

    @cached_property
    def targets(self) -> tuple[Node, ...]:
        return self._with_role("target")

    @cached_property
    def leaves(self) -> tuple[Node, ...]:
        return tuple(n for n in self.nodes if n.role in LEAF_ROLES)

    @cached_property
    def sizes(self) -> tuple[Node, ...]:
        """The sizes that formulas use as numbers."""
        return self._with_role("size")

    @cached_property
    def size_names(self) -> tuple[Symbol, ...]:
        """The sizes with a name, in the order in which shapes mention them."""
        found = (size for n in self.leaves for size in n.shape if size.is_Symbol)
        return tuple(dict.fromkeys(found))

    @cached_property
    def has_arrays(self) -> bool:
        return any(n.shape or has_arrays(n.formula) for n in self.nodes)

    @property
    def shapes(self) -> dict[str, Shape]:
        """The shapes of all arrays, by name."""
        return {n.name: n.shape for n in self.nodes if n.shape}

    @cached_property
    def computed(self) -> tuple[Node, ...]:
        return tuple(n for n in self.nodes if not n.is_leaf)

    def _with_role(self, role: Role) -> tuple[Node, ...]:
        return tuple(n for n in self.nodes if n.role == role)

    @property
    def objective(self) -> Node:
        """What training makes small: the loss, or the output where there is no loss."""
        return self.loss or self.output

    @property
    def ranks(self) -> dict[str, tuple[int, ...]]:
        """The place of each name in print.

        Leaves and named nodes come as they were typed, a generated node where its expression
        stood, so that sums and products keep their order.
        """
        ranks: dict[str, tuple[int, ...]] = {}
        for number, node in enumerate(self.nodes):
            if node.generated and node.operands:
                ranks[node.name] = (min(ranks[o] for o in node.operands)[0], 1, number)
            else:
                ranks[node.name] = (number, 0, 0)
        return ranks

    @property
    def source(self) -> str:
        """The circuit as text, every role declared; `symback.circuit` reads it back equal."""
        from symback.printing.circuit_text import circuit_text  # rooms above, imported when called

        return circuit_text(self)

    def gradient(self, of: str | None = None, *, expand: bool = False) -> Gradient:
        """Closed forms of all partials of a node (of the output where none is named).

        >>> import symback as sb
        >>> sb.circuit("f = w*x").gradient()["w"]
        x
        """
        from symback.autodiff.closed_forms import gradient

        return gradient(self, of, expand=expand)

    def partial(self, of: str, wrt: str | None = None) -> Derivation:
        """The derivation of one partial; `c.partial("w3")` is the partial of the output."""
        from symback.derivation.record import derive

        return derive(self, of, wrt) if wrt is not None else derive(self, None, of)

    def derive(self, of: str | None = None) -> Derivation:
        """The derivation of all partials of a node."""
        from symback.derivation.record import derive

        return derive(self, of, None)

    def draw(
        self,
        at: Mapping[str, float] | None = None,
        view: str = "gates",
        *,
        of: str | None = None,
    ) -> str:
        """The circuit as SVG, inputs on the left, in the view "gates" or "neurons".

        `at` gives numbers for leaves: wires then show values above and gradients below. What
        leads to the output is drawn, or to the node `of`, such as the loss.

        >>> import symback as sb
        >>> sb.circuit("f = x1 - sigma(w3*x3 + w4*x4)").draw(view="neurons")[:4]
        '<svg'
        """
        from symback.derivation.picture.svg import draw

        return draw(self, at, view, of)

    def to_dot(
        self,
        at: Mapping[str, float] | None = None,
        view: str = "gates",
        of: str | None = None,
    ) -> str:
        """The picture that `draw` makes, as text in Graphviz's language.

        >>> import symback as sb
        >>> print(sb.circuit("f = w*x").to_dot().splitlines()[0])
        digraph "f" {
        """
        from symback.derivation.picture.dot import to_dot

        return to_dot(self, at, view, of)

    def _repr_svg_(self) -> str | None:
        from symback.cli.notebook import svg_of_circuit  # a face: imported when shown

        return svg_of_circuit(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        from symback.cli.notebook import text_of_circuit

        printer.text(text_of_circuit(self))

    def generate(
        self, path: str | None = None, *, target: str = "numpy", force: bool = False, **options: Any
    ) -> str:
        """The text of a standalone module; with a path it is written there safely as well.

        The target "c" gives C99; its header and a loader for Python are written beside it.
        """
        from symback.codegen.render import generate

        return generate(self, path, target=target, force=force, **options)

    def compile(self, *, stable: bool = True, target: str = "numpy") -> ModuleType:
        """The generated module, imported from memory; debuggers can step into its source.

        With `stable=False` it computes formulas as they are typed, as `as_typed` says. The target
        "c" needs a C compiler.
        """
        from symback.codegen.render import compile_circuit

        return compile_circuit(self if stable else self.as_typed(), target)

    def as_typed(self) -> Circuit:
        """The same circuit, whose derivation and code keep to the typed formulas.

        Otherwise formulas that lose digits, such as 1/(1 + exp(-x)) far from 0, are rewritten.

        >>> import symback as sb
        >>> c = sb.circuit("f = log(1 + x)")
        >>> print(c.gradient()["x"], c.as_typed().gradient()["x"])
        1/(x + 1) 1/(x + 1)
        """
        return replace(self, is_literal=True)

    def check(self, *, points: int = 24, seed: int = 0) -> Report:
        """The generated module against SymPy's numeric evaluation, partial by partial."""
        from symback.check.check import check_circuit

        return check_circuit(self, points=points, seed=seed)


def assemble(
    nodes: Sequence[Node],
    *,
    output: str | None = None,
    loss: str | _Automatic | None = AUTOMATIC,
    inferred: Iterable[str] = (),
) -> Circuit:
    """A circuit from its nodes in order of first appearance.

    Orders them topologically, finds cycles, undefined and unused nodes, chooses the output and
    adds the lecture's loss l = (f - y)**2/2 where a circuit with parameters declares none and
    its output reads no target.
    """
    table = {n.name: n for n in nodes}
    _refuse_undefined(table)
    ordered = _topological(table)
    if not any(n.role in LEAF_ROLES for n in ordered):
        raise CircuitError("the circuit has no inputs and no parameters: it is a constant")
    if not any(n.role == "computed" for n in ordered):
        raise CircuitError("the circuit computes nothing; add a line such as f = w*x")
    loss_node = table[loss] if isinstance(loss, str) else None
    if loss_node is not None and loss_node.shape:
        raise CircuitError(
            f"the loss '{loss_node.name}' is an array {shown(loss_node.shape)}; a loss is one "
            "number, such as its sum or mean",
            loss_node.place,
        )
    output_node = _choose_output(ordered, table, output, loss_node)
    _refuse_unused(ordered, output_node, loss_node, set(inferred))
    trainable = any(n.role in ("param", "target") for n in ordered)
    compares = _reads_all_targets(ordered, output_node)
    if loss is AUTOMATIC and trainable and not output_node.shape and not compares:
        ordered, loss_node = _with_squared_loss(ordered, output_node)
    return Circuit(tuple(ordered), output_node, loss_node, tuple(inferred))


def _refuse_undefined(table: Mapping[str, Node]) -> None:
    for node in table.values():
        for operand in node.operands:
            if operand not in table:
                hint = nearest(operand, table)
                raise UnknownName(f"'{operand}' is not defined{hint}", node.place)


def _topological(table: Mapping[str, Node]) -> list[Node]:
    """Leaves first, then computed nodes, each in order of first appearance where possible."""
    ordered = [n for n in table.values() if n.is_leaf]
    done = {n.name for n in ordered}
    for start in table.values():
        path: list[tuple[Node, Iterator[str]]] = []
        if start.name not in done:
            path.append((start, iter(start.operands)))
        open_names = {start.name}
        while path:
            node, rest = path[-1]
            following = next((o for o in rest if o not in done), None)
            if following is None:
                path.pop()
                open_names.discard(node.name)
                done.add(node.name)
                ordered.append(node)
            elif following in open_names:
                names = [n.name for n, _ in path]
                cycle = " → ".join([*names[names.index(following) :], following])
                raise CircuitError(
                    f"a cycle: {cycle}; a node may use earlier nodes only", node.place
                )
            else:
                open_names.add(following)
                path.append((table[following], iter(table[following].operands)))
    return ordered


def _choose_output(
    ordered: Sequence[Node], table: Mapping[str, Node], output: str | None, loss: Node | None
) -> Node:
    """The declared output, or the one node that no other uses (the loss left aside)."""
    if output is not None:
        return table[output]
    candidates = [n for n in ordered if n.role == "computed" and n is not loss]
    used = {o for n in candidates for o in n.operands}
    sinks = [n for n in candidates if n.name not in used]
    if loss is not None:
        if not sinks:
            return loss
        depends = _dependence_on(ordered, "input")
        sinks = [n for n in sinks if n.name in depends] or sinks
    if len(sinks) > 1:
        names = ", ".join(f"'{n.name}'" for n in sinks[:4])
        raise CircuitError(
            f"no other node uses {names}: which is the output? Declare it, "
            f"as in {sinks[-1].name}: output = …, or remove what is unused",
            sinks[0].place,
        )
    return sinks[0]


def _dependence_on(ordered: Sequence[Node], role: Role) -> set[str]:
    """Names of the nodes that depend on a leaf of that role."""
    found: set[str] = set()
    for node in ordered:
        if node.role == role or any(o in found for o in node.operands):
            found.add(node.name)
    return found


def _reads_all_targets(ordered: Sequence[Node], output: Node) -> bool:
    """Whether the output compares with every target itself: then it is what training minimises."""
    needed = {output.name}
    for node in reversed(ordered):
        if node.name in needed:
            needed.update(node.operands)
    targets = [n.name for n in ordered if n.role == "target"]
    return bool(targets) and needed.issuperset(targets)


def _refuse_unused(
    ordered: Sequence[Node], output: Node, loss: Node | None, inferred: set[str]
) -> None:
    needed = {output.name} | ({loss.name} if loss else set())
    for node in reversed(ordered):
        if node.name in needed:
            needed.update(node.operands)
    for node in ordered:
        if node.name in needed or (node.role == "target" and loss is None):
            continue
        if node.name in inferred:
            raise CircuitError(f"'{node.name}' cancels out; remove it", node.place)
        made = "declared" if node.is_leaf else "computed"
        raise CircuitError(
            f"'{node.name}' is {made} but never used; use it or remove the line", node.place
        )


def _with_squared_loss(ordered: Sequence[Node], output: Node) -> tuple[list[Node], Node]:
    """The lecture's loss, l = (f - y)**2/2, with the declared target or a new one."""
    taken = {n.name for n in ordered}
    targets = [n for n in ordered if n.role == "target"]
    nodes = list(ordered)
    if len(targets) > 1:
        raise CircuitError(
            f"'{targets[0].name}' and '{targets[1].name}' are targets, but no loss uses them; "
            "declare one, as in l: loss = …"
        )
    if targets:
        target = targets[0]
        if target.shape:
            raise CircuitError(
                f"the target '{target.name}' is an array {shown(target.shape)}, the output "
                f"'{output.name}' a number; declare a loss",
                target.place,
            )
    else:
        target = leaf(fresh_name(_TARGET_NAMES, taken), "target")
        position = sum(n.is_leaf for n in nodes)
        nodes.insert(position, target)
    name = fresh_name(_LOSS_NAMES, taken | {target.name})
    expr = (output.symbol - target.symbol) ** 2 / 2
    loss = computed(name, expr, [output.name, target.name])
    return [*nodes, loss], loss


__all__ = [
    "AUTOMATIC",
    "LEAF_ROLES",
    "Circuit",
    "Node",
    "Rewrite",
    "Role",
    "assemble",
    "check_name",
    "computed",
    "leaf",
]
