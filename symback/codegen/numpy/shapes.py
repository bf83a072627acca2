"""The lines by which a module reads its arguments and gives its results, and its tables of shapes.

A number is an array of rank 0. Where all are numbers, calls cost no more than they must: `_numbers`
names the few lines that differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sympy import Expr, Symbol

from symback.autodiff.lower import Lowered
from symback.circuits.circuit import Circuit, Node
from symback.circuits.program import Program
from symback.circuits.requirements import classes, distributions, least_sizes
from symback.codegen.lines import WIDTH, columns_of, names_in, print_order, taken, tuple_of
from symback.codegen.numpy.arrays import ArrayPrinter
from symback.codegen.numpy.statements import statements
from symback.errors import Unsupported
from symback.operations import arrays
from symback.operations.arrays import ArrayFunction
from symback.operations.expressions import compounds
from symback.operations.shapes import Shape, is_size
from symback.printing.circuit_text import rewrite_notes

BLOCK_BYTES = 2**20  # of all values of a block that are needed at one time: they fit a core's cache
MOST_ROWS = 16384  # of a block: beyond, calling NumPy less often wins nothing
LEAST_ROWS = 512  # of a block: below, calling NumPy takes longer than its work
BLOCK_ROWS = 1024
ROWS_SIDE_BY_SIDE = 2048  # of a block where a sample has few entries
ELEMENTWISE = frozenset(
    {
        *(arrays.reduce_sum, arrays.mean, arrays.reduce_max, arrays.reduce_min, arrays.argmax_mask),
        *(arrays.softmax, arrays.log_softmax, arrays.logsumexp, arrays.norm, arrays.normalized),
        *(arrays.expand_dims, arrays.slice_, arrays.broadcast_like, arrays.size),
    }
)
"""Operations whose result lies in memory as their operand does, and sums over it."""
SMALL_SIZES = (3, 4, 2, 5, 6, 7)
"""Sizes that the self-check draws: different, so that no transposed axis can hide."""


@dataclass(frozen=True, slots=True)
class ArrayText:
    """What the templates need beside the lines of a module of numbers."""

    shapes: Sequence[str]
    distributions: Sequence[str]
    classes: Sequence[tuple[str, str]]  # target, the code for the number of classes
    drawn_classes: Sequence[tuple[str, str]]
    least: Sequence[tuple[str, int]]  # sizes that indices bound from below
    drawn_sizes: str


@dataclass(frozen=True, slots=True)
class FaceText:
    """The arguments of the functions, by kind, and init_params."""

    params: Sequence[str]
    inputs: Sequence[str]
    targets: Sequence[str]
    params_sentence: str
    inputs_sentence: str
    init_signature: str
    init_sentence: str
    random_params: bool
    initial_values: str


@dataclass(frozen=True, slots=True)
class ObjectiveText:
    """The number that training makes small: its names, and the function that sums it."""

    name: str
    word: str
    noun: str
    names_listed: str  # of the columns that it reads
    targets: str  # among them
    read: str
    dtype: str
    per_sample: bool
    function: str
    signature: str


def array_text(lowered: Lowered) -> ArrayText:
    """The tables of a circuit's arrays."""
    circuit = lowered.circuit
    counts, least = classes(circuit), least_sizes(circuit)
    return ArrayText(
        shapes=[f'"{n.name}": {_literal(n.shape)},' for n in circuit.leaves],
        distributions=distributions(circuit),
        classes=[
            (name, _looked_up(size, 'sizes.get("{}", np.inf)'))  # unknown where z is not read
            for name, size in counts.items()
        ],
        drawn_classes=[(name, _looked_up(size, 'sizes["{}"]')) for name, size in counts.items()],
        least=sorted(least.items()),
        drawn_sizes=", ".join(
            f'"{s}": {max(SMALL_SIZES[i % len(SMALL_SIZES)], least.get(str(s), 1))}'
            for i, s in enumerate(circuit.size_names)
        ),
    )


def _looked_up(size: Expr, code: str) -> str:
    """The code for a size where names are looked up, by the code for one name."""
    return str(size.xreplace({s: Symbol(code.format(s)) for s in size.free_symbols}))


def _literal(shape: Shape) -> str:
    parts = [f'"{s}"' if s.is_Symbol else str(s) for s in shape]
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"


class FunctionLines:
    """The functions of a module: how they read their arguments, compute and give results."""

    def __init__(self, lowered: Lowered) -> None:
        self._lowered = lowered
        self._forward = lowered.program("forward")
        self._circuit = lowered.circuit
        self._params = [p.name for p in lowered.circuit.params]
        self._bars = [lowered.names.adjoint(name).name for name in self._params]
        self._numbers = not lowered.circuit.has_arrays  # all shapes are ()

    # -- what users call ----------------------------------------------------------------------

    def face(self) -> FaceText:
        """The types of the arguments, and the initial values."""
        circuit, params = self._circuit, self._circuit.params
        shapes = ", one number each" if self._numbers else ", of the shapes that SHAPES gives"
        samples = (
            "one value each: arrays of shape (n,), or numbers"
            if self._numbers
            else "along the first axis; one sample may come without that axis"
        )
        return FaceText(
            params=self._params,
            inputs=[n.name for n in circuit.inputs],
            targets=[n.name for n in circuit.targets],
            params_sentence=f"The parameters{shapes}.",
            inputs_sentence=f"The samples, {samples}.",
            init_signature=self._init_signature(),
            init_sentence=_init_sentence(circuit),
            random_params=any(p.initial is None for p in params),
            initial_values=self._initial_values(),
        )

    def forward(self, program: Program) -> list[str]:
        """The body of forward."""
        output = self._circuit.output.name
        output = f"{output}[0] if _single else {output}" if self._per_sample else output
        return self.reading(
            program,
            [
                *self._lines(program, copies=True),
                f"return {output}, Cache({', '.join(s.name for s in program.results[1:])})",
            ],
        )

    def backward(self, program: Program, kept: Sequence[str]) -> list[str]:
        """The body of backward, which takes the values that forward kept."""
        single = [f"    {line}" for line in self._unbatched()]
        returned = ", ".join(self._bars), ", ".join(self._input_bars())
        lines = [
            f"{self._lowered.seed} = {self.seed()}",
            *self._lines(program, copies=True),
            *(["if _single:", *single] if single else []),
            "return Params({}), Inputs({})".format(*returned),
        ]
        return self.reading(program, lines, kept)

    def sums(self, program: Program) -> list[str]:
        """The body of the function that sums the objective and its gradient over a block."""
        fast = "map(np.asarray, params)  # NumPy multiplies faster by these than by numbers"
        known = fast if self._numbers else "params"
        bars = tuple_of(self._bars)
        if self._elementwise(program):  # their layout must not depend on that of the samples
            bars = f"_row_by_row({', '.join(self._bars)})"
        lines = [
            *self._size_lines(program),
            # sgd moves arrays in the memory of their gradients, which must be theirs alone
            *self._lines(program, copies=not self._numbers, rows=True),
            f"return {program.results[0]}, {bars}",
        ]
        return [*taken(self._params, known, names_in(lines)), *lines]

    def objective(self) -> ObjectiveText:
        """Value, gradient and training of the number that training makes small."""
        circuit, function = self._circuit, self._lowered.functions["objective"]
        columns = columns_of(self._lowered, function.program)
        word = "loss" if circuit.loss else circuit.output.name
        name = f"_{'loss' if circuit.loss else 'value'}_and_bars"
        like = [*(["columns[0]"] if columns else []), *(["params[0]"] if self._params else [])]
        return ObjectiveText(
            name=circuit.objective.name,
            word=word,
            noun=f"the {word}" if circuit.loss else word,
            names_listed="".join(f'"{name}", ' for name in columns).rstrip(),
            targets=" ".join(f'"{t.name}",' for t in circuit.targets if t.name in columns),
            read=f"params, columns, _ = _read(params, inputs{quoted(columns)})",
            dtype=f"{like[0]}.dtype" if like else "np.float32",
            per_sample=bool(columns) and function.varies,
            function=name,
            signature=_signature(name, columns),
        )

    # -- lines --------------------------------------------------------------------------------

    def block_rows(self) -> int:
        """Samples whose values fit the cache; of numbers a power of two, by the live ones."""
        functions = self._lowered.functions
        program = functions.get("objective", functions["forward"]).program
        if not self._numbers:
            return ROWS_SIDE_BY_SIDE if self._elementwise(program) else BLOCK_ROWS
        fitting = BLOCK_BYTES // (8 * max(1, program.live(program.varying())))
        return max(LEAST_ROWS, min(MOST_ROWS, 1 << (fitting.bit_length() - 1)))

    def _elementwise(self, program: Program) -> list[str]:
        """The columns of arrays of a program without products of matrices.

        Those want the entries of a sample together, and give them so.
        """
        if self._numbers:
            return []
        parts = (part for line in program.lines for part in compounds(line.expr))
        if any(isinstance(p, ArrayFunction) and p.func not in ELEMENTWISE for p in parts):
            return []
        found = [self._circuit[name] for name in columns_of(self._lowered, program)]
        return [n.name for n in found if n.shape]

    def _lines(self, program: Program, copies: bool = False, rows: bool = False) -> list[str]:
        columns = columns_of(self._lowered, program)
        arguments = set(program.arguments)
        read = [n for n in self._circuit.leaves if n.symbol in arguments]
        printer = ArrayPrinter(
            print_order(self._lowered, program),
            set(self._params),
            varying=program.varying(),
            rows=f"{columns[0]}.dtype.type(len({columns[0]}))" if columns else "1",
            in_place=rows and self._numbers,
            shapes=self._lowered.names.shapes,
            like=read[0].name if read else "",
            has_guards=self._lowered.has_guards,
        )
        notes = rewrite_notes(self._lowered.circuit)
        printed = statements(program, printer, copies=copies, notes=notes)
        first = [f"{name} = _side_by_side({name})" for name in self._elementwise(program) if rows]
        return [*first, *printed]

    def _init_signature(self) -> str:
        sizes = self._param_sizes()
        start = "def init_params(rng: np.random.Generator | int | None = None"
        named = f", *, {', '.join(f'{s}: int' for s in sizes)}" if sizes else ""
        return f"{start}{named}) -> Params:"

    def _param_sizes(self) -> list[str]:
        found = (s for n in self._circuit.params for size in n.shape for s in size.free_symbols)
        return [str(s) for s in dict.fromkeys(found)]

    def _initial_values(self) -> str:
        values = [self._initial(p) for p in self._circuit.params]
        line = f"    return Params({', '.join(values)})"
        if len(line) <= WIDTH:
            return line
        return "\n".join(["    return Params(", *(f"        {v}," for v in values), "    )"])

    @staticmethod
    def _initial(node: Node) -> str:
        """Matrices are scaled by 1/√n for n columns, so that products keep their magnitude."""
        shape = ", ".join(map(str, node.shape))
        shape = f"({shape},)" if len(node.shape) == 1 else f"({shape})"
        if node.initial is not None:
            return f"np.full({shape}, {node.initial!r})" if node.shape else repr(node.initial)
        if not node.shape:
            return "rng.normal(scale=0.1)"
        scale = f"{node.shape[-1]}**-0.5" if len(node.shape) == 2 else "0.1"
        return f"rng.normal(scale={scale}, size={shape})"

    def reading(
        self, program: Program, lines: Sequence[str], kept: Sequence[str] = ()
    ) -> list[str]:
        """The body of forward or backward: what it reads of the arguments, and its lines."""
        columns = columns_of(self._lowered, self._forward)
        lines = [*self._size_lines(program, self._forward), *lines]
        used = names_in(lines)
        read = [
            *taken(self._params, "params", used),
            *taken(columns, "columns", used),
            *taken(kept, "cache", used),
        ]
        first = ["params", "columns", "_single"]
        used = {"_single"}.union(used, (line.rpartition(" = ")[2] for line in read))
        arguments = f"_read(params, inputs{quoted(columns)})"
        return [*taken(first, arguments, used), *read, *lines]

    def _size_lines(self, program: Program, of: Program | None = None) -> list[str]:
        """The sizes that the lines use as numbers, from the arrays that `of` has for arguments."""
        used = {s for line in program.lines for s in line.reads if is_size(s)}
        known = self._known(of or program) if used else ()
        return [f"{s} = {self._size(s, known)}" for s in sorted(used, key=str)]

    def _known(self, program: Program) -> list[Node]:
        """The leaves at hand where a program runs: its arguments, and all parameters."""
        symbols = {*program.arguments, *(p.symbol for p in self._circuit.params)}
        return [n for n in self._circuit.leaves if n.symbol in symbols]

    def _size(self, size: Expr, known: Sequence[Node]) -> str:
        """The code for a size: an axis of an array at hand."""
        if size.is_Integer:
            return str(size)
        if not size.is_Symbol:
            numbers = {s: Symbol(self._size(s, known)) for s in size.free_symbols}
            return str(size.xreplace(numbers))
        for node in known:
            if size in node.shape:
                return f"{node.name}.shape[{node.shape.index(size) - len(node.shape)}]"
        raise Unsupported(f"the size {size} can't be inferred from what the output depends on")

    def _at_hand(self) -> list[Node]:
        return self._known(self._forward)

    @property
    def _per_sample(self) -> bool:
        columns = columns_of(self._lowered, self._forward)
        return self._lowered.functions["forward"].varies and bool(columns)

    def seed(self) -> str:
        shape = [self._size(s, self._at_hand()) for s in self._circuit.output.shape]
        lead = ["len(columns[0])"] if self._per_sample else []
        sizes = ", ".join([*lead, *shape])
        sizes = f"({sizes},)" if len(lead) + len(shape) == 1 else f"({sizes})"
        single = "_single" if self._per_sample else "False"
        return f"_seed(output_bar, {sizes}, {single}, {self._dtype()})"

    def _dtype(self) -> str:
        """The dtype that forward computes in."""
        like = columns_of(self._lowered, self._forward) or self._params
        return f"{like[0]}.dtype" if like else "np.float32"

    def _read_bars(self) -> dict[str, str]:
        """The adjoints of the inputs that forward reads."""
        columns = columns_of(self._lowered, self._forward)
        found = [n.name for n in self._circuit.inputs if n.name in columns]
        return {name: self._lowered.names.adjoint(name).name for name in found}

    def _input_bars(self) -> list[str]:
        """The adjoints of the inputs, exactly zero where no path leads to one."""
        bars = self._read_bars()
        zeros = f"np.zeros(np.shape(inputs.{{}}), {self._dtype()})"
        return [bars.get(n.name, zeros.format(n.name)) for n in self._circuit.inputs]

    def _unbatched(self) -> list[str]:
        """The statements that take the batch axis from the adjoints of one sample."""
        bars = [*self._read_bars().values()]
        line = f"{', '.join(bars)} = {', '.join(f'{bar}[0]' for bar in bars)}"
        return [line] if bars and len(line) <= WIDTH - 8 else [f"{bar} = {bar}[0]" for bar in bars]


def quoted(names: Sequence[str]) -> str:
    return "".join(f', "{name}"' for name in names)


def _signature(name: str, columns: Sequence[str]) -> str:
    arguments = ", ".join(["params: Params", *(f"{c}: Array" for c in columns)])
    line = f"def {name}({arguments}) -> tuple[Array, tuple[Array, ...]]:"
    if len(line) <= 100:
        return line
    inner = "".join(f"    {a},\n" for a in arguments.split(", "))
    return f"def {name}(\n{inner}) -> tuple[Array, tuple[Array, ...]]:"


def _init_sentence(circuit: Circuit) -> str:
    if not circuit.params:
        return "There are no parameters."
    given = [p for p in circuit.params if p.initial is not None]
    if len(given) == len(circuit.params):
        return "The initial values that the circuit gives."
    if given:
        return "The circuit's initial values, else small random numbers from rng."
    return "Small random numbers; pass a NumPy Generator to choose the stream."


__all__ = ["ArrayText", "FaceText", "FunctionLines", "ObjectiveText", "array_text"]
