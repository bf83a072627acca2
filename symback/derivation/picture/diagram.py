"""What a picture of a circuit shows: boxes and the wires between them, in two views.

The gate view has one box a gate. In the neuron view a weighted sum and the activation that
follows it are one neuron, and parameters that multiply an operand stand on its wire. Pictures
beyond `MOST_BOXES` boxes or `MOST_WIRES` wires are collapsed, group by group, until they fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sympy import Expr, Mul

from symback.autodiff.gates import split_number
from symback.autodiff.reverse import ReversePass
from symback.circuits.circuit import Node, Role
from symback.derivation.numbers.links import Link, reaching
from symback.operations import arrays
from symback.operations.arrays import ArrayFunction
from symback.operations.elementwise import BY_HEAD

PictureView = Literal["gates", "neurons"]
MOST_BOXES = 60
MOST_WIRES = 150
_BANDS = 8  # boxes that a picture too large for every other way of collapsing is cut into


@dataclass(frozen=True, slots=True)
class Box:
    """One circle or pill. `members` are the gates inside, the one that gives the value last.

    `count` says how many boxes were collapsed to this one.
    """

    name: str
    role: Role
    members: tuple[str, ...]
    generated: bool = False
    count: int = 1

    @property
    def is_collapsed(self) -> bool:
        return self.count > 1


@dataclass(frozen=True, slots=True)
class Wire:
    """One wire from box to box, the edges that run along it and the parameters that stand on it."""

    tail: str
    head: str
    edges: tuple[Link, ...]
    weights: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagram:
    """Boxes in topological order, and wires; `results` are the nodes that they lead to."""

    results: tuple[str, ...]
    boxes: tuple[Box, ...]
    wires: tuple[Wire, ...]
    view: PictureView
    nodes: int  # before anything was collapsed

    @property
    def is_collapsed(self) -> bool:
        return any(b.is_collapsed for b in self.boxes)

    @property
    def fits(self) -> bool:
        return len(self.boxes) <= MOST_BOXES and len(self.wires) <= MOST_WIRES

    def ends(self) -> dict[str, list[str]]:
        """The boxes that give results, each with those that it gives."""
        box_of = {member: box.name for box in self.boxes for member in box.members}
        found: dict[str, list[str]] = {}
        for name in self.results:
            found.setdefault(box_of[name], []).append(name)
        return found

    def heads(self) -> dict[str, list[str]]:
        """The boxes that each box's wires lead to."""
        found: dict[str, list[str]] = {b.name: [] for b in self.boxes}
        for wire in self.wires:
            found[wire.tail].append(wire.head)
        return found


def diagram(walk: ReversePass, view: PictureView, results: Sequence[str] = ()) -> Diagram:
    """The boxes and wires of a view, collapsed where there are too many.

    They lead to the results, or to the node of the walk where none are named.
    """
    results = tuple(results) or (walk.of,)
    nodes = reaching(walk.circuit, *results)
    folding = _Folding(nodes, results) if view == "neurons" else None
    boxes = [_box(n, folding) for n in nodes if folding is None or n.name not in folding.hidden]
    wires = _wires(nodes, folding)
    drawn = Diagram(results, tuple(boxes), tuple(wires), view, len(boxes))
    for collapse in (_equal_leaves, _generated_parts, _equal_leaves, _bands):
        if drawn.fits:
            break
        drawn = collapse(drawn)
    return drawn


def _box(node: Node, folding: _Folding | None) -> Box:
    inner = folding.net_of.get(node.name) if folding else None
    members = (inner, node.name) if inner else (node.name,)
    return Box(node.name, node.role, members, node.generated)


def _wires(nodes: Sequence[Node], folding: _Folding | None) -> list[Wire]:
    """Wires in the order of their heads and, within one, of its operands."""
    wires = []
    for node in nodes:
        if folding is None:
            wires += [Wire(o, node.name, ((node.name, o),)) for o in node.operands]
        elif node.name not in folding.hidden:
            gate = folding.circuit[folding.net_of.get(node.name, node.name)]
            for operand in folding.drawn_from(gate):
                weights = folding.weights[gate.name].get(operand, ())
                links = tuple((gate.name, w) for w in weights)
                wires.append(Wire(operand, node.name, ((gate.name, operand),), links))
    return wires


class _Folding:
    """Which nodes of a circuit vanish in the neuron view: net inputs, and weights on wires."""

    def __init__(self, nodes: Sequence[Node], results: Sequence[str]) -> None:
        self.circuit: Mapping[str, Node] = {n.name: n for n in nodes}
        self.weights = {n.name: self._weights_of(n) for n in nodes}
        users: dict[str, list[Node]] = {n.name: [] for n in nodes}
        for node in nodes:
            for operand in node.operands:
                users[operand].append(node)
        self.net_of: dict[str, str] = {}
        for node in nodes:
            op = BY_HEAD.get(node.formula.func)
            if op is not None and op.activation and len(node.operands) == 1:
                net = self.circuit[node.operands[0]]
                summed = net.formula.is_Add or self.weights[net.name]
                is_inner = net.name not in results and not net.is_leaf
                if is_inner and summed and len(users[net.name]) == 1:
                    self.net_of[node.name] = net.name
        on_wires = {w for n in nodes for ws in self.weights[n.name].values() for w in ws}
        drawn = {o for n in nodes for o in self.drawn_from(n)}
        self.hidden = set(self.net_of.values()) | (on_wires - drawn)

    def _weights_of(self, node: Node) -> dict[str, tuple[str, ...]]:
        """The parameters that multiply each operand of a sum of terms c·w·x, c·x and c·w.

        Nothing for a gate of any other form, and for a parameter that also stands alone in it.
        """
        found: dict[str, tuple[str, ...]] = {}
        alone: set[str] = set()
        for term in node.formula.args if node.formula.is_Add else (node.formula,):
            factors = Mul.make_args(split_number(term)[1])
            if term.is_number:
                continue
            if not all(f.is_Symbol for f in factors) or len(factors) > 2:
                return {}
            names = [f.name for f in factors]
            params = [n for n in names if self.circuit[n].role == "param"]
            if len(names) == 1:
                alone.update(names)
            elif len(params) == 1:
                (operand,) = (n for n in names if n not in params)
                found[operand] = tuple(sorted({*found.get(operand, ()), *params}))
            else:
                return {}
        weights = [w for ws in found.values() for w in ws]
        return found if len(set(weights)) == len(weights) and not alone & set(weights) else {}

    def drawn_from(self, node: Node) -> list[str]:
        """The operands of a gate that have a wire of their own."""
        on_wires = {w for ws in self.weights[node.name].values() for w in ws}
        return [o for o in node.operands if o not in on_wires]


# -- collapse ------------------------------------------------------------------------------------


def _contract(drawn: Diagram, root: Mapping[str, str]) -> Diagram:
    """Each box merged into the one that `root` names for it, and parallel wires into one."""
    members: dict[str, list[Box]] = {}
    for box in drawn.boxes:
        members.setdefault(root[box.name], []).append(box)
    boxes = []
    for box in drawn.boxes:
        inside = members.get(box.name, [])
        if len(inside) > 1:
            every = tuple(m for b in inside for m in b.members)
            boxes.append(replace(box, members=every, count=sum(b.count for b in inside)))
        elif inside:
            boxes.append(box)
    return replace(drawn, boxes=tuple(boxes), wires=_merged(drawn.wires, root))


def _merged(wires: Iterable[Wire], root: Mapping[str, str]) -> tuple[Wire, ...]:
    found: dict[Link, list[Wire]] = {}
    for wire in wires:
        ends = (root[wire.tail], root[wire.head])
        if ends[0] != ends[1]:
            found.setdefault(ends, []).append(wire)
    return tuple(
        Wire(tail, head, same[0].edges, same[0].weights)
        if len(same) == 1
        else Wire(tail, head, tuple(e for w in same for e in w.edges))
        for (tail, head), same in found.items()
    )


def _generated_parts(drawn: Diagram) -> Diagram:
    """Generated nodes whose wires all lead into one box join it: so no wire can lead back."""
    heads = drawn.heads()
    root: dict[str, str] = {}
    for box in reversed(drawn.boxes):
        roots = {root[h] for h in heads[box.name]}
        root[box.name] = roots.pop() if box.generated and len(roots) == 1 else box.name
    return _contract(drawn, root)


def _equal_leaves(drawn: Diagram) -> Diagram:
    """Leaves of one role with wires to the same boxes become one box."""
    heads = drawn.heads()
    first: dict[tuple[object, ...], str] = {}
    root = {}
    for box in drawn.boxes:
        if box.role == "computed":
            root[box.name] = box.name
        else:
            root[box.name] = first.setdefault((box.role, *sorted(set(heads[box.name]))), box.name)
    return _contract(drawn, root)


def _bands(drawn: Diagram) -> Diagram:
    """Neighbouring layers become one box, the last excepted: never more than a few boxes."""
    layer = layers(drawn)
    deepest = max(layer.values())
    width = -(-deepest // _BANDS)
    first: dict[tuple[object, ...], str] = {}
    root = {}
    for box in reversed(drawn.boxes):  # the last of a band names it: it stands after all of it
        band = -(-layer[box.name] // width)
        root[box.name] = first.setdefault((box.role, band), box.name)
    return _ordered(_contract(drawn, root))


def _ordered(drawn: Diagram) -> Diagram:
    layer = layers(drawn)
    return replace(drawn, boxes=tuple(sorted(drawn.boxes, key=lambda b: -layer[b.name])))


def layers(drawn: Diagram) -> dict[str, int]:
    """How many wires lead from each box to the output on the longest path.

    So every box stands as late as possible, inputs among them.
    """
    heads = drawn.heads()
    found: dict[str, int] = {}
    waiting = {b.name: len(set(heads[b.name])) for b in drawn.boxes}
    tails: dict[str, set[str]] = {b.name: set() for b in drawn.boxes}
    for wire in drawn.wires:
        tails[wire.head].add(wire.tail)
    ready = [b.name for b in drawn.boxes if not waiting[b.name]]
    while ready:
        name = ready.pop()
        found[name] = max((found[h] + 1 for h in heads[name]), default=0)
        for tail in sorted(tails[name]):
            waiting[tail] -= 1
            if not waiting[tail]:
                ready.append(tail)
    return found


def sign(expr: Expr, functions: Mapping[object, str]) -> str:
    """The sign of a gate: + − × ÷ Σ √ u² or the function's name."""
    if expr.is_Symbol or expr.is_number:
        return "="
    if isinstance(expr, ArrayFunction):
        return _ARRAY_SIGNS.get(expr.func, expr.func.__name__.replace("_", " "))
    if expr.is_Add:
        return _sign_of_sum(expr)
    if expr.is_Mul:
        return _sign_of_product(expr)
    if expr.is_Pow:
        return _sign_of_power(expr)
    if expr.is_Piecewise:
        return "where"
    return functions[expr.func]


def _sign_of_sum(expr: Expr) -> str:
    if any(isinstance(t, ArrayFunction) for t in expr.args):
        return "A·x+b"
    rests = [split_number(t) for t in expr.args]
    if any(not (rest.is_Symbol or rest == 1) for _, rest in rests):
        return "Σ"
    negative = [c for c, _ in rests if c.is_negative]
    if not negative:
        return "+"
    return "−" if len(rests) == 2 else "Σ"


def _sign_of_product(expr: Expr) -> str:
    number, rest = split_number(expr)
    if number == -1 and rest.is_Symbol:
        return "−"
    if rest.is_Pow and not rest.exp.is_negative:
        return _sign_of_power(rest)
    divided = any(f.is_Pow and f.exp.is_negative for f in Mul.make_args(rest))
    return "÷" if divided or (rest.is_Symbol and number.is_Rational and number.p == 1) else "×"


def _sign_of_power(expr: Expr) -> str:
    if expr.exp.is_Rational and (expr.exp.q, expr.exp.p) in _POWERS:
        return _POWERS[expr.exp.q, expr.exp.p]
    return "uⁿ" if expr.exp.is_number else "uᵛ"


_ARRAY_SIGNS: Mapping[object, str] = {
    arrays.matmul: "A·B",
    arrays.matvec: "A·x",
    arrays.outer: "u·vᵀ",
    arrays.dot: "uᵀ·v",
    arrays.transpose: "Aᵀ",
    arrays.reduce_sum: "sum",
    arrays.reduce_max: "max",
    arrays.reduce_min: "min",
    arrays.inv: "A⁻¹",
    arrays.cholesky: "chol",
    arrays.eigvalsh: "λ(A)",
    arrays.eigenvectors: "Q(A)",
    arrays.solve: "A⁻¹·b",
    arrays.sparse_cross_entropy: "cross entropy",
    arrays.one_hot: "one-hot",
    arrays.slice_: "part",
    arrays.take: "rows",
    arrays.segment_sum: "sums",
    arrays.full: "const",
}

_POWERS = {(2, 1): "√", (1, 2): "u²", (1, 3): "u³", (1, 4): "u⁴", (1, -1): "1/u"}


__all__ = ["Box", "Diagram", "PictureView", "Wire", "diagram", "layers", "sign"]
