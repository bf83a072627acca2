"""Circuit → the texts that the templates of a framework print, whatever the framework."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sympy import Expr, Symbol

from symback.autodiff.function import Port
from symback.autodiff.reads import wild
from symback.circuits.circuit import Circuit, Node
from symback.circuits.program import loop_lines, loop_of
from symback.circuits.requirements import index_leaves
from symback.codegen.frameworks.linear import moving_with_tangents
from symback.codegen.frameworks.loops import framework_loop
from symback.codegen.frameworks.programs import OF_PARTIALS, FrameworkProgram, framework_programs
from symback.codegen.frameworks.words import Words
from symback.codegen.header import Head, Header
from symback.codegen.lines import chain_comment, names_in, print_order, tuple_of, wrapped
from symback.codegen.numpy.arrays import VIEWS, ArrayPrinter
from symback.codegen.numpy.module import formulas, title
from symback.codegen.numpy.shapes import FaceText, array_text, face_text
from symback.codegen.numpy.statements import is_constant
from symback.errors import NameRefused, Unsupported
from symback.operations.shapes import is_size
from symback.printing.circuit_text import circuit_text, rewrite_notes


@dataclass(frozen=True, slots=True)
class FrameworkBody:
    """The body of a function: lines without indentation, and the names around it."""

    lines: Sequence[str]
    leaves: Sequence[str]  # what it takes, parameters first
    moving: Sequence[str]  # of these what it has partials by
    dots: Sequence[str]
    results: Sequence[str]
    seed: str
    trained: str = ""  # the code of a tuple: which leaves are parameters that it has partials by

    @property
    def taken(self) -> str:
        """The names of the leaves as a tuple is taken apart."""
        return ", ".join(self.leaves) + "," * (len(self.leaves) == 1)

    @property
    def signature(self) -> str:
        """The leaves as arguments."""
        return _arguments(self.leaves)

    @property
    def signature_with_asked(self) -> str:
        """The leaves and which partials are asked for as arguments."""
        return _arguments(self.leaves) + self._asked

    @property
    def signature_with_seed_and_asked(self) -> str:
        """The leaves, the adjoint of the output, and which partials are asked for as arguments."""
        return self.signature_with_seed + self._asked

    @property
    def _asked(self) -> str:
        return f", *, _asked: Any = {_tuple_of_truths(True for _ in self.leaves)}"

    @property
    def signature_with_dots(self) -> str:
        """The leaves and the tangents of those that move as arguments."""
        return _arguments([*self.leaves, *self.dots])

    @property
    def signature_with_seed(self) -> str:
        """The leaves and the adjoint of the output as arguments."""
        return _arguments([*self.leaves, self.seed])

    @property
    def signature_with_seed_and_dots(self) -> str:
        """These, and the tangents of all."""
        return _arguments([*self.leaves, self.seed, *self.dots])

    @property
    def moving_places(self) -> str:
        """The places of the leaves that move, as the code of a tuple."""
        return _tuple(self.leaves.index(name) for name in self.moving)

    @property
    def moving_places_and_seed(self) -> str:
        """These, and that of the adjoint of the output behind all leaves."""
        return _tuple([*map(self.leaves.index, self.moving), len(self.leaves)])

    @property
    def dots_taken(self) -> str:
        """The tangents, by the places of their leaves; the others as `_`."""
        known = dict(zip(self.moving, self.dots, strict=False))
        names = [known.get(name, "_") for name in self.leaves]
        return ", ".join(names) + "," * (len(names) == 1)

    @property
    def dots_given(self) -> str:
        """The tangents as the inside of a tuple."""
        return ", ".join(self.dots) + "," * (len(self.dots) == 1)

    @property
    def bars_placed(self) -> str:
        """The results by the places of the leaves that they are adjoints of."""
        places = {name: i for i, name in enumerate(self.leaves)}
        pairs = zip(self.moving, self.results, strict=True)
        return f"{{{', '.join(f'{places[name]}: {bar}' for name, bar in pairs)}}}"

    @property
    def given(self) -> str:
        """The results as the inside of a tuple."""
        return ", ".join(self.results) + "," * (len(self.results) == 1)


def _arguments(names: Iterable[str]) -> str:
    return ", ".join(f"{name}: Array" for name in names)


def _tuple(places: Iterable[int]) -> str:
    found = [str(place) for place in places]
    return tuple_of(found) if found else "()"


@dataclass(frozen=True, slots=True)
class LeafText:
    """A leaf as the reader of arguments knows it."""

    name: str
    role: str
    shape: str  # the code of a tuple


class Quoted(tuple[str, ...]):
    """Names, which print as the code of a tuple of texts."""

    __slots__ = ()

    def __str__(self) -> str:
        return tuple_of([f'"{name}"' for name in self]) if self else "()"


@dataclass(frozen=True, slots=True)
class FrameworkText:
    """What the templates of a module fill in."""

    header: Header
    head: Head
    face: FaceText
    output: str
    output_of: Quoted  # the leaves that it reads
    output_varies: bool
    has_arrays: bool
    shapes: Sequence[str]
    leaves: Sequence[LeafText]
    blocks: Mapping[str, FrameworkBody]
    kernels: Sequence[str]
    uses_math: bool
    carries: bool  # products with tangents that may be 0 where the other factor is infinite
    targets: Quoted
    indices: Quoted
    shared: Quoted  # what is given once for all samples
    init_signature: str
    init_sentence: str
    initial: Sequence[str]
    loss: str = ""  # the name of the objective, where that is a number
    noun: str = ""
    loss_of: Quoted | None = None
    loss_varies: bool = False

    @property
    def loss_moving(self) -> Quoted:
        """The leaves that move the loss."""
        return Quoted(self.blocks["total"].moving)

    @property
    def loss_place(self) -> int:
        """Where the samples are among the leaves of the loss."""
        known = {leaf.name: leaf.role for leaf in self.leaves}
        roles = [known[name] for name in self.loss_of or ()]
        return next(i for i, role in enumerate(roles) if role != "param")


@dataclass(frozen=True, slots=True)
class Framework:
    """What a framework says in its own way."""

    words: Words
    kernels: Callable[[Iterable[str]], list[str]]
    remark: str  # behind the title
    stream: str  # the argument of init_params that random numbers come from
    streams: str  # what that is, in words
    initial: Callable[[int, Node], str]  # the code of a parameter, by its place


def framework_text(
    circuit: Circuit, version: str, names: Sequence[str], framework: Framework
) -> FrameworkText:
    """The texts of a module with the programs of these names."""
    words = framework.words
    for node in circuit.nodes:
        if node.name in words.reserved:
            raise NameRefused(f"'{node.name}' is a name that the module needs; choose another")
    asked = framework_programs(circuit, names)
    blocks = {name: block(program, words) for name, program in asked.items()}
    lines = [line for b in blocks.values() for line in b.lines]
    sources = framework.kernels(lines)
    split = next(iter(asked.values())).lowered.circuit
    header = Header(title(circuit), formulas(circuit), circuit_text(circuit), version, "circuit")
    indices = index_leaves(split)
    face = face_text(split)
    found = FrameworkText(
        header,
        header.head(framework.remark, ()),
        face,
        circuit.output.name,
        *_reads(asked, "output"),
        circuit.has_arrays,
        array_text(split).shapes if circuit.has_arrays else (),
        [_leaf(n) for n in split.leaves],
        blocks,
        sources,
        any("math." in line for line in (*lines, *sources)),
        words.carries and (bool(wild(split)) or any("_carried(" in line for line in lines)),
        Quoted(n.name for n in split.targets),
        Quoted(n.name for n in split.leaves if n.name in indices),
        Quoted(face.shared),
        _init_signature(circuit, framework.stream),
        face.init_sentence.replace("a NumPy Generator", framework.streams),
        [framework.initial(place, p) for place, p in enumerate(circuit.params)],
    )
    if circuit.objective.shape:
        return found
    word = "loss" if circuit.loss else circuit.output.name
    reads, varies = _reads(asked, "value")
    return replace(found, loss=circuit.objective.name, noun=word, loss_of=reads, loss_varies=varies)


def _init_signature(circuit: Circuit, stream: str) -> str:
    sizes = dict.fromkeys(str(s) for p in circuit.params for n in p.shape for s in n.free_symbols)
    named = f", *, {', '.join(f'{s}: int' for s in sizes)}" if sizes else ""
    return f"def init_params({stream}{named}) -> Params:"


def _reads(asked: Mapping[str, FrameworkProgram], name: str) -> tuple[Quoted, bool]:
    """The leaves that a program reads, and whether it has one result a sample."""
    program = asked[name]
    function = program.lowered.functions[name]
    return Quoted(leaf.name for leaf in program.leaves), function.varies


def _leaf(node: Node) -> LeafText:
    shape = tuple_of([f'"{s}"' if not s.is_Integer else str(s) for s in node.shape] or [])
    return LeafText(node.name, node.role, shape if node.shape else "()")


def block(asked: FrameworkProgram, words: Words) -> FrameworkBody:
    """The lines of a program, each chain-rule line with its terms above it."""
    program, lowered = asked.program, asked.lowered
    tangents = {s.name for s in moving_with_tangents(asked)}
    words = words.beside((s.name for s in lowered.circuit.size_names), tangents)
    columns = [n.name for n in asked.leaves if n.role != "param"]
    like = next((n.name for n in asked.moving), asked.leaves[0].name if asked.leaves else "")
    printer = ArrayPrinter(
        print_order(lowered, program),
        {p.name for p in lowered.circuit.params},
        varying=program.varying(),
        rows=f"{columns[0]}.dtype.type(len({columns[0]}))" if columns else "1",
        shapes=lowered.names.shapes,
        like=like,
        has_guards=lowered.has_guards,
    )
    notes = rewrite_notes(lowered.circuit)
    used = {s for line in program.lines for s in line.reads if is_size(s)}
    sizes = [f"{s} = {_size(asked, s)}" for s in sorted(used, key=str)]
    found: list[tuple[set[str], list[str]]] = []  # what lines define, and their text with comments
    needs = _needs(asked) if words.asked else {}
    ranks, known = _ranks(asked), dict[str, str]()
    loops = loop_lines(program)
    behind = {line.target for of in loops.values() for line in of[1:]}
    for line in program.lines:
        if line.target in loops:
            made = {x.target.name for x in loops[line.target]}
            found.append((made, framework_loop(loops[line.target], printer, words)))
        if line.target in loops or line.target in behind:
            continue
        above: list[str] = []
        if line.chains and line.of:
            above = chain_comment(line.of, line.chains)
        elif line.target.name in notes:
            above = [notes[line.target.name]]
        text = printer.print(line.expr)
        if is_constant(line.expr):
            text = printer.constant(line.expr) if like else text
        text = words.fused(words.expression(text), ranks, known)
        known.setdefault(text, line.target.name)
        if isinstance(line.expr, VIEWS) and line.target in program.returned:
            text += words.copy
        if asks := _asks(asked, needs.get(line.target, frozenset()), words):
            text = f"{text} if {asks} else _LEFT_OUT"
        found.append(({line.target.name}, [*above, *wrapped(f"{line.target.name} =", text)]))
    return FrameworkBody(
        [*sizes, *_read_lines(found, {s.name for s in program.results}), *_spread(asked, words)],
        [n.name for n in asked.leaves],
        [n.name for n in asked.moving],
        [d.name for d in asked.dots],
        [s.name for s in program.results],
        "" if asked.seed is None else asked.seed.name,
        _tuple_of_truths(n.role == "param" and n in asked.moving for n in asked.leaves),
    )


def _read_lines(found: Sequence[tuple[set[str], list[str]]], results: set[str]) -> list[str]:
    """The lines without those that no other reads, as that of a derivative which is stated."""
    read, kept = set(results), list[list[str]]()
    for names, lines in reversed(found):
        if not names.isdisjoint(read):
            kept.append(lines)
            read |= names_in(lines)
    return [line for lines in reversed(kept) for line in lines]


def _ranks(asked: FrameworkProgram) -> dict[str, int]:
    """The ranks of leaves and lines without a batch axis, and -1 for those with one."""
    varying, shapes = asked.program.varying(), asked.lowered.names.shapes
    symbols = [*asked.program.arguments, *(line.target for line in asked.program.lines)]
    return {s.name: -1 if s in varying else len(shapes.get(s.name, ())) for s in symbols}


def _tuple_of_truths(values: Iterable[bool]) -> str:
    found = [str(value) for value in values]
    return tuple_of(found) if found else "()"


_ALWAYS = Symbol("always")
"""What is computed whatever is asked for: a loop, whose turns give several partials."""


def _needs(asked: FrameworkProgram) -> dict[Symbol, frozenset[Symbol]]:
    """For each line of partials the results that read it."""
    program, function = asked.program, asked.lowered.functions[asked.name]
    bars = function.results.get(Port.PARAM_BARS, {}).values() if asked.name in OF_PARTIALS else ()
    if not bars:
        return {}
    needs: dict[Symbol, set[Symbol]] = {result: {result} for result in program.results}
    for line in reversed(program.lines):
        always = {line.target, _ALWAYS} if loop_of(line) is not None else set()
        for symbol in line.reads:
            needs.setdefault(symbol, set()).update(needs.get(line.target, ()), always)
    return {symbol: frozenset(found) for symbol, found in needs.items()}


def _asks(asked: FrameworkProgram, needs: frozenset[Symbol], words: Words) -> str:
    """The condition that a partial is asked for; empty for what several parameters need."""
    function, leaves = asked.lowered.functions[asked.name], [n.name for n in asked.leaves]
    bars = function.results.get(Port.PARAM_BARS, {})
    names = [name for name, bar in bars.items() if bar in needs]
    of_inputs = all(asked.lowered.circuit[name].role != "param" for name in names)
    if not needs or not needs <= {*bars.values()} or not (of_inputs or len(names) == 1):
        return ""
    return " or ".join(f"{words.asked}[{leaves.index(name)}]" for name in names)


def _spread(asked: FrameworkProgram, words: Words) -> list[str]:
    """Lines that give each sample the adjoint of an input which is the same for all."""
    program, function = asked.program, asked.lowered.functions[asked.name]
    varying, found = program.varying(), []
    needs = _needs(asked) if words.asked else {}
    for name, bar in function.results.get(Port.PARAM_BARS, {}).items():
        varies = asked.lowered.circuit[name].role != "param"
        if varies and bar not in varying:
            asks = _asks(asked, needs.get(bar, frozenset()), words)
            text = words.spread(str(bar), name) + (f" if {asks} else _LEFT_OUT" if asks else "")
            found.append(f"{bar} = {text}")
    return found


def _size(asked: FrameworkProgram, size: Expr) -> str:
    """The code for a size: an axis of an array at hand."""
    if size.is_Integer:
        return str(size)
    if not size.is_Symbol:
        return str(size.xreplace({s: Symbol(_size(asked, s)) for s in size.free_symbols}))
    for node in asked.leaves:
        if size in node.shape:
            return f"{node.name}.shape[{node.shape.index(size) - len(node.shape)}]"
    raise Unsupported(f"the size {size} can't be inferred from what the output depends on")


__all__ = [
    "Framework",
    "FrameworkBody",
    "FrameworkText",
    "block",
    "framework_text",
]
