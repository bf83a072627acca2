"""A function of a module as Python: its signature, and the lines that read, compute and return.

A number is an array of rank 0. Where all are numbers, calls cost no more than they must: `_numbers`
names the few lines that differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sympy import Expr, Symbol

from symback.autodiff.function import Port
from symback.autodiff.lower import Lowered
from symback.circuits.program import Program, loop_lines, loop_of
from symback.codegen.lines import WIDTH, columns_of, names_in, print_order, quoted, taken, tuple_of
from symback.codegen.numpy.arrays import ArrayPrinter
from symback.codegen.numpy.statements import statements
from symback.errors import Unsupported
from symback.operations import arrays
from symback.operations.arrays import ArrayFunction
from symback.operations.expressions import compounds
from symback.operations.shapes import is_size
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
GUARDED = '@np.errstate(all="ignore")  # of branches that are not taken'
ARGUMENTS: Mapping[Port, str] = {
    Port.CACHE: "cache: Cache",
    Port.SEED: "output_bar: Array = 1.0",
}
"""The arguments of functions beside parameters and inputs."""
RESULTS: Mapping[Port, str] = {
    Port.OUTPUT: "Array",
    Port.CACHE: "Cache",
    Port.TOTAL: "Array",
    Port.PARAM_BARS: "Params",
    Port.INPUT_BARS: "Inputs",
}
"""The types of what functions return."""
BLOCK_RESULT = "tuple[Array, tuple[Array, ...]]"
"""The type of what functions return that sum over a block of samples."""


@dataclass(frozen=True, slots=True)
class FunctionText:
    """A function as templates print it; its lines are without indentation."""

    name: str
    signature: Sequence[str]
    sentence: str
    lines: Sequence[str]
    columns: Sequence[str]  # that it reads
    in_blocks: bool = False  # the module calls it block by block

    @property
    def text(self) -> str:
        """Its definition."""
        body = [f'"""{self.sentence}"""', *self.lines]
        return "\n".join([*self.signature, *(f"    {line}" for line in body)])

    @property
    def names_listed(self) -> str:
        """The names of the columns as the inside of a tuple."""
        return ", ".join(f'"{name}"' for name in self.columns) + "," * bool(self.columns)

    @property
    def names_quoted(self) -> str:
        """The names of the columns as further arguments."""
        return quoted(self.columns)


def signature(name: str, arguments: Sequence[str], result: str, *, one_a_line: bool) -> list[str]:
    """The line of a function's def, or lines where it is long."""
    line = f"def {name}({', '.join(arguments)}) -> {result}:"
    if len(line) <= WIDTH:
        return [line]
    inner = [f"{a}," for a in arguments] if one_a_line else [", ".join(arguments)]
    return [f"def {name}(", *(f"    {a}" for a in inner), f") -> {result}:"]


class FunctionWriter:
    """Prints one function of a lowered circuit."""

    def __init__(self, lowered: Lowered, name: str) -> None:
        self._lowered, self._circuit = lowered, lowered.circuit
        self._key, self.function = name, lowered.functions[name]
        self.program: Program = self.function.program
        self.params = [p.name for p in lowered.circuit.params]
        self.columns = columns_of(lowered, self.program)
        self.per_sample = self.function.varies and bool(self.columns)
        self._numbers = not lowered.circuit.has_arrays  # all shapes are ()
        self._leaves = [
            n for n in self._circuit.leaves if n.role == "param" or n.name in self.columns
        ]

    def text(self) -> FunctionText:
        """All lines of the function, those of its body from what it reads to what it returns."""
        head = self.head()
        return replace(
            head,
            signature=[*([GUARDED] if self._lowered.has_guards else []), *head.signature],
            lines=self._of_a_block() if head.in_blocks else self._of_a_call(),
        )

    def head(self) -> FunctionText:
        """The function without its body."""
        function = self.function
        sentence = function.summary.format(of=f"{function.of.name} for every sample")
        text = FunctionText(self.name, self._signature(), sentence, (), self.columns)
        return replace(text, in_blocks=function.in_blocks)

    @property
    def name(self) -> str:
        """What the module calls it."""
        word = "loss" if self._circuit.loss else "value"
        return f"_{word}_and_bars" if self.function.in_blocks else self._key

    @property
    def reading(self) -> str:
        """The call that reads the arguments."""
        return f"_read(params, inputs{quoted(self.columns)})"

    @property
    def dtype(self) -> str:
        """The dtype that it computes in."""
        like = self.columns or self.params
        return f"{like[0]}.dtype" if like else "np.float32"

    def _signature(self) -> list[str]:
        if self.function.in_blocks:
            arguments = ["params: Params", *(f"{name}: Array" for name in self.columns)]
            result = BLOCK_RESULT
        else:
            given = [ARGUMENTS[port] for port in self.function.given]
            arguments = ["params: Params", "inputs: Inputs", *given]
            kinds = [RESULTS[port] for port in self.function.results]
            result = kinds[0] if len(kinds) == 1 else f"tuple[{', '.join(kinds)}]"
        return signature(self.name, arguments, result, one_a_line=self.function.in_blocks)

    # -- what users call -------------------------------------------------------------------------

    def _of_a_call(self) -> list[str]:
        """The body of a function that reads its arguments as users have them."""
        function = self.function
        lines = [
            *self.sizes(),
            *([f"{self._lowered.seed} = {self._seed()}"] if Port.SEED in function.given else []),
            *self.computed(copies=True),
            *self._unbatched(),
            f"return {', '.join(self._result(port) for port in function.results)}",
        ]
        used = names_in(lines)
        read = [
            *taken(self.params, "params", used),
            *taken(self.columns, "columns", used),
            *taken([*function.given.get(Port.CACHE, ())], "_cached(cache)", used),
        ]
        used = {"_single"}.union(used, (line.rpartition(" = ")[2] for line in read))
        return [*taken(["params", "columns", "_single"], self.reading, used), *read, *lines]

    def _result(self, port: Port) -> str:
        """The code for what is returned at a port."""
        values = self.function.results[port]
        names = [symbol.name for symbol in values.values()]
        if port is Port.OUTPUT:
            return f"{names[0]}[0] if _single else {names[0]}" if self.per_sample else names[0]
        if port is Port.INPUT_BARS:  # exactly zero where no path leads to one
            zeros = f"np.zeros(np.shape(inputs.{{}}), {self.dtype})"
            inputs = [n.name for n in self._circuit.inputs]
            names = [str(values.get(name, zeros.format(name))) for name in inputs]
        return f"{RESULTS[port]}({', '.join(names)})"

    def _unbatched(self) -> list[str]:
        """The statements that take the batch axis from the adjoints of one sample."""
        bars = [symbol.name for symbol in self.function.results.get(Port.INPUT_BARS, {}).values()]
        if not bars:
            return []
        line = f"{', '.join(bars)} = {', '.join(f'{bar}[0]' for bar in bars)}"
        lines = [line] if len(line) <= WIDTH - 8 else [f"{bar} = {bar}[0]" for bar in bars]
        return ["if _single:", *(f"    {line}" for line in lines)]

    def _seed(self) -> str:
        shape = [self.size(s) for s in self.function.of.shape]
        lead = ["len(columns[0])"] if self.per_sample else []
        single = "_single" if self.per_sample else "False"
        sizes = tuple_of([*lead, *shape]) if lead or shape else "()"
        return f"_seed(output_bar, {sizes}, {single}, {self.dtype})"

    # -- what the module calls block by block ----------------------------------------------------

    def _of_a_block(self) -> list[str]:
        """The body of a function that sums over samples, given as columns."""
        total, *bars = (symbol.name for symbol in self.program.results)
        fast = "map(np.asarray, params)  # NumPy multiplies faster by these than by numbers"
        given = tuple_of(bars)
        if self._side_by_side:  # their layout must not depend on that of the samples
            given = f"_row_by_row({', '.join(bars)})"
        lines = [
            *self.sizes(),
            *(f"{name} = _side_by_side({name})" for name in self._side_by_side),
            # sgd moves arrays in the memory of their gradients, which must be theirs alone
            *self.computed(copies=not self._numbers, in_place=self._numbers),
            f"return {total}, {given}",
        ]
        return [*taken(self.params, fast if self._numbers else "params", names_in(lines)), *lines]

    @property
    def block_rows(self) -> int:
        """Samples whose values fit the cache; of numbers whole thousands, by the live ones."""
        if not self._numbers:
            return ROWS_SIDE_BY_SIDE if self._side_by_side else BLOCK_ROWS
        fitting = BLOCK_BYTES // (8 * max(1, self.program.live(self.program.varying())))
        return max(LEAST_ROWS, min(MOST_ROWS, fitting // BLOCK_ROWS * BLOCK_ROWS))

    @property
    def _side_by_side(self) -> list[str]:
        """The columns of arrays of a program without products of matrices.

        Those want the entries of a sample together, and give them so.
        """
        if self._numbers:
            return []
        parts = (part for line in self.program.lines for part in compounds(line.expr))
        if any(isinstance(p, ArrayFunction) and p.func not in ELEMENTWISE for p in parts):
            return []
        return [name for name in self.columns if self._circuit[name].shape]

    # -- lines -----------------------------------------------------------------------------------

    def computed(self, copies: bool = False, in_place: bool = False) -> list[str]:
        """The lines of the program."""
        program = self.program
        arguments = set(program.arguments)
        read = [n.name for n in self._circuit.leaves if n.symbol in arguments]
        columns = self.columns
        printer = ArrayPrinter(
            print_order(self._lowered, program),
            set(self.params),
            varying=program.varying(),
            rows=f"{columns[0]}.dtype.type(len({columns[0]}))" if columns else "1",
            in_place=in_place,
            shapes=self._lowered.names.shapes,
            like=read[0] if read else "",
            has_guards=self._lowered.has_guards,
        )
        notes = rewrite_notes(self._circuit)
        return statements(program, printer, copies=copies, notes=notes)

    def sizes(self) -> list[str]:
        """The sizes that the lines use as numbers, from the arrays at hand."""
        used = {s for line in self.program.lines for s in line.reads if is_size(s)}
        for lines in loop_lines(self.program).values():
            used |= loop_of(lines[0]).turn.count.free_symbols
        return [f"{s} = {self.size(s)}" for s in sorted(used, key=str)]

    def size(self, size: Expr) -> str:
        """The code for a size: an axis of an array at hand."""
        if size.is_Integer:
            return str(size)
        if not size.is_Symbol:
            numbers = {s: Symbol(self.size(s)) for s in size.free_symbols}
            return str(size.xreplace(numbers))
        for node in self._leaves:
            if size in node.shape:
                return f"{node.name}.shape[{node.shape.index(size) - len(node.shape)}]"
        raise Unsupported(f"the size {size} can't be inferred from what the output depends on")


__all__ = ["BLOCK_RESULT", "BLOCK_ROWS", "GUARDED", "FunctionText", "FunctionWriter", "signature"]
