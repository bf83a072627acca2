"""Circuits: named nodes in topological order, each defined by one SymPy expression.

A `Circuit` is structure only and frozen. What can be done with one (derive, generate, check) are
functions of the packages above; `symback.api` offers them as methods.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, TypeVar

from sympy import Expr, Symbol

from symback.errors import Place, UnknownName, Unsupported, clip, nearest
from symback.operations.arrays import has_arrays
from symback.operations.expressions import postorder, real_symbol
from symback.operations.matrix_view import as_matrix
from symback.operations.shapes import Shape, is_size, size_symbol

Kept = TypeVar("Kept")

Role = Literal["input", "target", "param", "const", "samples", "size", "computed"]
LEAF_ROLES: tuple[Role, ...] = ("input", "target", "param", "const", "samples")
ROLE_NAMES: dict[Role, str] = {
    "input": "input",
    "target": "target",
    "param": "parameter",
    "const": "constant",
    "samples": "number of samples",
    "size": "size",
    "computed": "node",
}
"""What people call the roles."""
SHARED_DATA: tuple[Role, ...] = ("const", "samples")  # given once for all samples, never moved


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One named node of a circuit.

    A leaf (input, target, param, const, samples) has its own symbol as formula; a computed node
    has a formula over earlier nodes. In a formula the symbol of an array stands for its element;
    `expr` is the same as SymPy's matrix expression. `shape` is () for a number, (n,) or (m, n) for
    an array.
    A name of a size that a formula uses as a number is a node with the role size. Nodes are
    equal where all is that code depends on: neither places nor the order in which operands were
    typed, as gates sort them.
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
        if not self.has_arrays and not has_arrays(self.formula):
            return self.formula
        return as_matrix(self.formula, self.shapes, self.shape)

    @property
    def is_leaf(self) -> bool:
        return self.role != "computed"

    def __str__(self) -> str:
        return self.name

    def __hash__(self) -> int:
        return hash(self._content)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Node):
            return NotImplemented
        return self is other or self._content == other._content

    @property
    def _content(self) -> tuple[object, ...]:
        return (
            self.name,
            self.role,
            self.formula,
            frozenset((name, shape) for name, shape in self.shapes.items() if shape),
            repr(self.initial),  # 0.0 equals -0.0, but modules print them apart
            self.generated,
        )


class Nodes(tuple[Node, ...]):
    """Nodes in order; a node is found by its name, and all of them equal the tuple of their names.

    >>> import symback as sb
    >>> params = sb.circuit("f = w*x + b").params
    >>> "w" in params, params == ("w", "b")
    (True, True)
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, tuple) and other and all(isinstance(name, str) for name in other):
            return tuple(n.name for n in self) == other
        return super().__eq__(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(tuple(n.name for n in self))

    def __contains__(self, item: object) -> bool:
        if isinstance(item, str):
            return any(n.name == item for n in self)
        return super().__contains__(item)


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

    `shapes` has those of the operands; without it all are numbers.
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

    `rule` says what the formula became, `why` what is wrong with computing it as typed. One that
    `smooths` has found that the kinks of the parts cancel: the slopes there are those of `after`.
    """

    node: str
    before: Expr
    after: Expr
    rule: str
    why: str
    smooths: bool = False


@dataclass(frozen=True, eq=False)
class Circuit:
    """Named nodes in topological order; one is the output, one may be the loss.

    A circuit with several outputs has one node more, which stacks them: it is `output`, and
    `stacked` names the outputs in their order.

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
    warnings: tuple[str, ...] = ()  # what was likely meant otherwise, such as wx for w*x
    stacked: tuple[str, ...] = ()  # the outputs that `output` stacks, where there are several
    sums: Mapping[Expr, tuple[Expr, ...]] = field(default_factory=dict, repr=False)  # as typed
    _by_name: Mapping[str, Node] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "nodes", Nodes(self.nodes))
        object.__setattr__(self, "_by_name", {n.name: n for n in self.nodes})

    def __getitem__(self, name: str | Node) -> Node:
        key = name if type(name) is str else str(name)
        found = self._by_name.get(key)
        if found is not None:
            return found
        if key in map(str, self.size_names):
            return size(key)
        raise UnknownName(f"the circuit has no node '{clip(key, 40)}'{self._hint(key)}")

    def _hint(self, name: str) -> str:
        node = name.removesuffix("_bar")
        if node != name and node in self._by_name:
            return f"; it is the adjoint of '{node}', gradient()['{node}']"
        return nearest(name, [*self._by_name, *map(str, self.size_names)])

    def __contains__(self, name: object) -> bool:
        return str(name) in self._by_name

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __len__(self) -> int:
        return len(self.nodes)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Circuit):
            return NotImplemented
        return self is other or self._content == other._content

    def __hash__(self) -> int:
        return hash(self._content)

    @cached_property
    def _found(self) -> dict[Hashable, Any]:
        return {}

    def once(self, find: Callable[..., Kept], *arguments: Hashable) -> Kept:
        """find(circuit, *arguments), found once and kept beside the circuit, not as part of it."""
        key = (find, *arguments)
        if key not in self._found:
            self._found[key] = find(self, *arguments)
        found: Kept = self._found[key]
        return found

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_found"}

    @property
    def _content(self) -> tuple[object, ...]:
        """All that changes what is derived or generated; not how roles came to be known."""
        return self.nodes, self.output, self.stacked, self.loss, self.rewrites, self.is_literal

    @property
    def outputs(self) -> Nodes:
        """The output, or the outputs in their order where several are declared.

        >>> import symback as sb
        >>> c = sb.circuit("f: output = w*x; g: output = f**2")
        >>> print(*c.outputs, "|", c.output, "=", c.output.formula)
        f g | outputs = concat(0, f, g)
        """
        return Nodes(self._by_name[name] for name in self.stacked or (self.output.name,))

    @property
    def stack(self) -> Node | None:
        """The node that stacks the outputs, where there are several."""
        return self.output if self.stacked else None

    def of_numbers(self, start: str) -> Circuit:
        """The circuit below a node, without an output that alone makes it one of arrays.

        So what leads to one of several numbers is derived and drawn as if it were the only one.
        """
        rest = tuple(node for node in self.nodes if node != self.output)
        is_read = any(self.output.name in node.operands for node in rest)
        if start == self.output.name or not self.output.shape or is_read:
            return self
        found = replace(self, nodes=rest, output=self._by_name.get(start, rest[-1]), stacked=())
        return self if found.has_arrays else found

    @cached_property
    def params(self) -> Nodes:
        return self._with_role("param")

    @cached_property
    def inputs(self) -> Nodes:
        return self._with_role("input")

    @cached_property
    def targets(self) -> Nodes:
        return self._with_role("target")

    @cached_property
    def constants(self) -> Nodes:
        """What is given once for all samples: the leaves const and samples."""
        return Nodes(n for n in self.nodes if n.role in SHARED_DATA)

    @property
    def columns(self) -> Nodes:
        """What a module takes as Inputs: inputs, targets, then what is given once."""
        return Nodes((*self.inputs, *self.targets, *self.constants))

    @cached_property
    def leaves(self) -> Nodes:
        return Nodes(n for n in self.nodes if n.role in LEAF_ROLES)

    @cached_property
    def sizes(self) -> Nodes:
        """The sizes that formulas use as numbers."""
        return self._with_role("size")

    @cached_property
    def size_names(self) -> tuple[Symbol, ...]:
        """The sizes with a name, in the order in which shapes mention them."""
        found = (size for n in self.leaves for size in n.shape if size.is_Symbol)
        return tuple(dict.fromkeys(found))

    @cached_property
    def has_arrays(self) -> bool:
        return any(n.shape for n in self.nodes) or any(has_arrays(n.formula) for n in self.computed)

    @property
    def shapes(self) -> dict[str, Shape]:
        """The shapes of all arrays, by name."""
        return {n.name: n.shape for n in self.nodes if n.shape}

    @cached_property
    def computed(self) -> Nodes:
        return Nodes(n for n in self.nodes if not n.is_leaf)

    def _with_role(self, role: Role) -> Nodes:
        return Nodes(n for n in self.nodes if n.role == role)

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

    def as_typed(self) -> Circuit:
        """The same circuit, whose derivation and code keep to the typed formulas.

        Otherwise formulas that lose digits, such as 1/(1 + exp(-x)) far from 0, are rewritten.

        >>> import symback as sb
        >>> c = sb.circuit("f = log(1 + x)")
        >>> print(c.gradient()["x"], c.as_typed().gradient()["x"])
        1/(x + 1) 1/(x + 1)
        """
        return replace(self, is_literal=True)


def refuse_constant(node: Node) -> None:
    """Unsupported for what is given once for all samples, by which nothing is differentiated."""
    if node.role in SHARED_DATA:
        raise Unsupported(
            f"'{node}' is a {ROLE_NAMES[node.role]}, by which nothing is differentiated; "
            "declare it as an input or a param"
        )


def carriers(nodes: Sequence[Node], needed: Collection[str]) -> set[str]:
    """Names of the leaves of which the needed nodes read a size alone, as ones(n) reads n.

    They are those that have a size which no needed leaf has.
    """
    leaves = [node for node in nodes if node.is_leaf]
    if not any(size.is_Symbol for node in leaves for size in node.shape):
        return set()
    known = {size for node in leaves if node.name in needed for size in node.shape}
    formulas = [n.formula for n in nodes if n.name in needed and n.role in ("computed", "size")]
    read = {p for f in formulas for p in postorder(f) if p.is_Symbol and is_size(p)}
    found = (next((n.name for n in leaves if size in n.shape), None) for size in read - known)
    return {name for name in found if name is not None}


__all__ = [
    "LEAF_ROLES",
    "ROLE_NAMES",
    "SHARED_DATA",
    "Circuit",
    "Node",
    "Nodes",
    "Rewrite",
    "Role",
    "carriers",
    "computed",
    "leaf",
    "refuse_constant",
    "size",
]
