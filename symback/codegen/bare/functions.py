"""Circuit → its bare functions: what they take, compute and return, whatever the language."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sympy import S, Symbol

from symback.autodiff.function import Lowering, Port
from symback.autodiff.gates import gates
from symback.autodiff.lower import Lowered
from symback.autodiff.passes import optimise
from symback.circuits.circuit import Circuit, Node
from symback.circuits.program import Assign, Program
from symback.errors import Unsupported, clip, nearest
from symback.operations.shapes import is_size, shown
from symback.printing.text import TextPrinter

MOST_FORMULAS = 40  # nodes that a comment lists


@dataclass(frozen=True, slots=True)
class BareFunction:
    """A function of one sample; nothing in its program varies by sample."""

    name: str
    partials: str  # that it returns, in order; empty where it returns the value
    about: Sequence[str]  # the formulas, and the shapes of arrays
    arguments: Sequence[Node]
    program: Program
    results: Sequence[Symbol]
    lowered: Lowered

    @property
    def has_arrays(self) -> bool:
        """Whether it takes or computes one."""
        found = [*self.program.arguments, *(line.target for line in self.program.lines)]
        return any(self.lowered.names.shapes.get(symbol.name) for symbol in found)

    @property
    def sizes(self) -> list[Symbol]:
        """The sizes that its lines use as numbers."""
        found = {s for line in self.program.lines for s in line.reads if is_size(s)}
        return sorted(found, key=str)


def _value(lowering: Lowering, of: Node, wrt: Sequence[str]) -> tuple[list[Assign], list[Symbol]]:
    return lowering.values(of), [of.symbol]


def _gradient(
    lowering: Lowering, of: Node, wrt: Sequence[str]
) -> tuple[list[Assign], list[Symbol]]:
    if of.shape:
        raise Unsupported(
            f"the gradient is that of a number, and {of.name} is an array {shown(of.shape)}; "
            "name a number with --of (of=…), or ask for the value only"
        )
    if not wrt:
        raise Unsupported(f"{of.name} depends on no leaf, so it has no gradient")
    lines = [*lowering.values(of), *lowering.adjoints(of, S.One, summed=False)]
    return lines, [lowering.names.adjoint(name) for name in wrt]


_Builder = Callable[[Lowering, Node, Sequence[str]], tuple[list[Assign], list[Symbol]]]
FUNCTIONS: Mapping[str, _Builder] = {"value": _value, "gradient": _gradient}
"""What bare code can consist of."""


def bare_functions(
    circuit: Circuit,
    only: Sequence[str] = (),
    *,
    of: str | None = None,
    wrt: Sequence[str] = (),
    name: str | None = None,
) -> list[BareFunction]:
    """The functions of a node, by default of the output: NAME and NAME_gradient.

    Raises Unsupported for a function that is not among FUNCTIONS, and UnknownName for a node or
    leaf that the circuit has not.
    """
    for asked in only:
        if asked not in FUNCTIONS:
            hint = nearest(asked, FUNCTIONS) or f"; choose from {', '.join(FUNCTIONS)}"
            raise Unsupported(f"no function '{clip(asked, 40)}' of bare code{hint}")
    split = gates(circuit)
    node = split[circuit[of or circuit.output.name].name]
    if node.is_leaf:
        raise Unsupported(f"{node.name} is no formula but a {node.role}; name another node")
    lowering = Lowering(split, {}, frozenset(), in_turn=False)
    read = {s for s in lowering.leaves(node) if not is_size(s)}
    arguments = [n for n in split.leaves if n.symbol in read]
    asked_for = [circuit[leaf] for leaf in wrt]
    for leaf in asked_for:
        if leaf not in arguments:
            raise Unsupported(f"{node.name} does not depend on a leaf {leaf.name}")
    wanted = [n.name for n in asked_for or [n for n in arguments if n.role != "target"]]
    seed = lowering.names.adjoint(node.name) if node.shape else S.One
    lowering.adjoints(node, seed, summed=False)  # which find what branches guard
    made = []
    for kind, builder in FUNCTIONS.items():
        if only and kind not in only:
            continue
        lines, results = builder(lowering, node, wanted)
        ports = {Port.OUTPUT: {symbol.name: symbol for symbol in results}}
        program = lowering.program([n.symbol for n in arguments], lines, ports, ())
        lowered = Lowered(split, lowering.names, {}, lowering.has_guards)
        partials = ", ".join(f"∂{node.name}/∂{leaf}" for leaf in wanted if kind == "gradient")
        made.append(
            BareFunction(
                f"{name or node.name}{'_gradient' if partials else ''}",
                partials,
                _about(circuit, node, arguments),
                arguments,
                optimise(program, lowering.names),
                results,
                lowered,
            )
        )
    return made


def _about(circuit: Circuit, node: Node, arguments: Sequence[Node]) -> list[str]:
    """The formulas of a node and of all below it, and the shapes of arrays."""
    printer = TextPrinter.of(circuit)
    below = {node.name}
    for each in reversed(circuit.nodes):
        if each.name in below:
            below.update(each.operands)
    computed = [n for n in circuit.computed if n.name in below]
    formulas = [f"{n.name} = {printer.print(n.formula)}" for n in computed[:MOST_FORMULAS]]
    if len(computed) > MOST_FORMULAS:
        formulas.append(f"… and {len(computed) - MOST_FORMULAS} more")
    shapes = [f"{n.name}: array {shown(n.shape)}" for n in arguments if n.shape]
    return [*formulas, *(["", *shapes] if shapes else [])]


__all__ = ["FUNCTIONS", "BareFunction", "bare_functions"]
