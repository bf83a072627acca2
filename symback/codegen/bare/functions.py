"""Circuit → its bare functions: what they take, compute and return, whatever the language."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from sympy import S, Symbol

from symback.autodiff.function import Lowering, Port
from symback.autodiff.gates import gates
from symback.autodiff.lower import Lowered
from symback.autodiff.passes import PASSES, TANGENT_PASSES, Pass, optimise
from symback.autodiff.tangents import tangent_program
from symback.circuits.circuit import Circuit, Node, refuse_constant
from symback.circuits.loops import has_loops, unrolled
from symback.circuits.program import Assign, Program
from symback.circuits.requirements import index_bounds, index_leaves
from symback.errors import Unsupported, clip, nearest
from symback.operations.shapes import is_size, shown
from symback.printing.circuit_text import definitions
from symback.printing.text import TextPrinter

MOST_FORMULAS = 40  # nodes that a comment lists


@dataclass(frozen=True, slots=True)
class BareFunction:
    """A function of one sample; nothing in its program varies by sample."""

    name: str
    returns: str  # in words; empty for the value itself
    out: str  # what several results are together; empty where there is one
    about: Sequence[str]  # the formulas, and the shapes of arrays
    leaves: Sequence[Node]  # its arguments
    vectors: Sequence[Symbol]  # and behind them what it multiplies with: tangents, an adjoint
    program: Program
    lowered: Lowered

    @property
    def arguments(self) -> list[str]:
        """The names of all arguments."""
        return [*(leaf.name for leaf in self.leaves), *(symbol.name for symbol in self.vectors)]

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


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the functions are of."""

    lowering: Lowering
    of: Node
    leaves: Sequence[Node]  # that it depends on
    wrt: Sequence[str]

    def program(
        self, lines: Sequence[Assign], results: Sequence[Symbol], given: Sequence[Symbol] = ()
    ) -> Program:
        ports = {Port.OUTPUT: {symbol.name: symbol for symbol in results}}
        arguments = [*(n.symbol for n in self.leaves), *given]
        return self.lowering.program(arguments, lines, ports, ())

    @property
    def seed(self) -> Symbol:
        """The adjoint of the node, where the caller gives it."""
        return self.lowering.names.adjoint(self.of.name)

    @property
    def bars(self) -> list[Symbol]:
        """The adjoints of the leaves that move."""
        return [self.lowering.names.adjoint(name) for name in self.wrt]

    @property
    def dots(self) -> dict[Symbol, Symbol]:
        """The tangents of the leaves that move."""
        names, circuit = self.lowering.names, self.lowering.circuit
        return {circuit[name].symbol: names.tangent(name) for name in self.wrt}

    def moved(self, program: Program) -> Program:
        """The program of the tangents of its results."""
        lowering = self.lowering
        return tangent_program(
            program,
            lowering.names,
            self.dots,
            least=lowering.circuit.least,
            still=lowering.still(self.of),
            origins=lowering.origins,
        )


def _value(asked: _Asked) -> Program:
    return asked.program(asked.lowering.values(asked.of), [asked.of.symbol])


def _value_and_gradient(asked: _Asked) -> Program:
    of, lowering = asked.of, asked.lowering
    if of.shape:
        raise Unsupported(
            f"the gradient is that of a number, and {of.name} is an array {shown(of.shape)}; "
            "name a number with --of (of=…), or ask for the value, jvp or vjp"
        )
    lines = [*lowering.values(of), *lowering.adjoints(of, S.One, summed=False)]
    return asked.program(lines, [of.symbol, *asked.bars])


def _gradient(asked: _Asked) -> Program:
    whole = _value_and_gradient(asked)
    return replace(whole, results=whole.results[1:])


def _vjp(asked: _Asked) -> Program:
    lowering, seed = asked.lowering, asked.seed
    lines = [*lowering.values(asked.of), *lowering.adjoints(asked.of, seed, summed=False)]
    return asked.program(lines, asked.bars, [seed])


def _jvp(asked: _Asked) -> Program:
    return asked.moved(_value(asked))


def _hessp(asked: _Asked) -> Program:
    return asked.moved(_gradient(asked))


@dataclass(frozen=True, slots=True)
class _Row:
    """A function: its program, what it returns, and how."""

    build: Callable[[_Asked], Program]
    returns: str = ""  # {of} stands for a name, {dots} and {partials} for some
    out: str = ""
    takes: str = ""  # what it multiplies with: "tangents" of the leaves, or the "adjoint"
    passes: Sequence[Pass] = PASSES


FUNCTIONS: Mapping[str, _Row] = {
    "value": _Row(_value),
    "gradient": _Row(_gradient, "{partials}", "gradient"),
    "value_and_gradient": _Row(_value_and_gradient, "{of} and {partials}", "results"),
    "vjp": _Row(_vjp, "{partials}, each times v = {seed}: Jᵀ·v", "product", "adjoint"),
    "jvp": _Row(_jvp, "J·v, the tangent of {of}, for v = {dots}", "", "tangents", TANGENT_PASSES),
    "hessp": _Row(
        _hessp,
        "H·v, the tangents of {partials}, for v = {dots}",
        "product",
        "tangents",
        TANGENT_PASSES,
    ),
}
"""What bare code can consist of."""
DEFAULT = ("value", "gradient")


def bare_functions(
    circuit: Circuit,
    only: Sequence[str] = (),
    *,
    of: str | None = None,
    wrt: Sequence[str] = (),
    name: str | None = None,
    keep_loops: bool = False,
) -> list[BareFunction]:
    """The functions of a node, by default of the output: NAME, NAME_gradient and so on.

    Loops are written out unless they are kept.

    Raises Unsupported for a function that is not among FUNCTIONS, and UnknownName for a node or
    leaf that the circuit has not.
    """
    for kind in only:
        if kind not in FUNCTIONS:
            hint = nearest(kind, FUNCTIONS) or f"; choose from {', '.join(FUNCTIONS)}"
            raise Unsupported(f"no function '{clip(kind, 40)}' of bare code{hint}")
    if not keep_loops:
        circuit = unrolled(circuit)  # one line a turn, in its formulas too
    split = gates(circuit, keep_loops=keep_loops)
    node = split[circuit[of or circuit.output.name].name]
    if node.is_leaf:
        raise Unsupported(f"{node.name} is not a formula but a {node.role}; name another node")
    lowering = Lowering(split, {}, frozenset(), in_turn=False)
    read = {s for s in lowering.leaves(node) if not is_size(s)}
    leaves = [n for n in split.leaves if n.symbol in read]
    names = _moving(circuit, node, leaves, wrt)
    if not names and any(kind != "value" for kind in only or DEFAULT):
        raise Unsupported(f"{node.name} depends on no parameter or input, so it has no derivative")
    seed = lowering.names.adjoint(node.name) if node.shape else S.One
    lowering.adjoints(node, seed, summed=False)  # which find what branches guard
    lowering.is_moved = "hessp" in (only or DEFAULT)
    if keep_loops and lowering.unrolls(circuit):
        return bare_functions(circuit, only, of=of, wrt=wrt, name=name)
    asked = _Asked(lowering, node, leaves, names)
    kinds = [kind for kind in FUNCTIONS if kind in (only or DEFAULT)]
    programs = {kind: FUNCTIONS[kind].build(asked) for kind in kinds}
    lowered = Lowered(split, lowering.names, {}, lowering.has_guards)
    return [
        BareFunction(
            (name or node.name) + (f"_{kind}" if kind != "value" else ""),
            _words(asked, FUNCTIONS[kind].returns),
            FUNCTIONS[kind].out,
            _about(circuit, node, leaves),
            leaves,
            _vectors(asked, FUNCTIONS[kind].takes),
            optimise(program, lowering.names, FUNCTIONS[kind].passes),
            lowered,
        )
        for kind, program in programs.items()
    ]


def _moving(circuit: Circuit, node: Node, leaves: Sequence[Node], wrt: Sequence[str]) -> list[str]:
    """The leaves that were named, or all parameters and inputs below; nothing moves an index."""
    indices = index_leaves(circuit)
    moving = [circuit[leaf] for leaf in wrt]
    for leaf in moving:
        if leaf not in leaves:
            raise Unsupported(f"{node.name} does not depend on a leaf {leaf.name}")
        if leaf.name in indices:
            raise Unsupported(f"'{leaf.name}' is an index, and nothing has a derivative by it")
        refuse_constant(leaf)
    others = [n for n in leaves if n.role in ("param", "input") and n.name not in indices]
    return [leaf.name for leaf in moving or others]


def _vectors(asked: _Asked, takes: str) -> list[Symbol]:
    if takes == "tangents":
        return [*asked.dots.values()]
    return [asked.seed] if takes else []


def _words(asked: _Asked, returns: str) -> str:
    of, wrt = asked.of.name, asked.wrt
    dots = ", ".join(dot.name for dot in asked.dots.values())
    partials = ", ".join(f"∂{of}/∂{name}" for name in wrt)
    return returns.format(of=of, partials=partials, dots=dots, seed=f"{of}_bar")


def _about(circuit: Circuit, node: Node, leaves: Sequence[Node]) -> list[str]:
    """The formulas of a node and of all below it, the shapes of arrays, the range of indices."""
    below = {node.name}
    for each in reversed(circuit.nodes):
        if each.name in below:
            below.update(each.operands)
    formulas = _formulas(circuit, below)
    if len(formulas) > MOST_FORMULAS:
        formulas[MOST_FORMULAS:] = [f"… and {len(formulas) - MOST_FORMULAS} more"]
    shapes = [f"{n.name}: array {shown(n.shape)}" for n in leaves if n.shape]
    contract = [*shapes, *_ranges(circuit, leaves)]
    return [*formulas, *(["", *contract] if contract else [])]


def _ranges(circuit: Circuit, leaves: Sequence[Node]) -> list[str]:
    """Which whole numbers choose rows or classes; code of one sample reads there unchecked."""
    known = index_bounds(circuit)
    return [
        f"{n.name}: {'whole numbers' if n.shape else 'a whole number'} from 0 to "
        f"{str(known[n.name] - 1).replace('Min', 'min')}, which the caller checks"
        for n in leaves
        if n.name in known
    ]


def _formulas(circuit: Circuit, names: Collection[str]) -> list[str]:
    printer = TextPrinter.of(circuit, as_typed=False)
    if has_loops(circuit):
        return definitions(circuit, printer, names)
    return [f"{n.name} = {printer.print(n.formula)}" for n in circuit.computed if n.name in names]


__all__ = ["DEFAULT", "FUNCTIONS", "BareFunction", "bare_functions"]
