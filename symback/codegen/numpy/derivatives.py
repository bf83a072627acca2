"""The lines of Jacobians, Hessians and products with them, where a module has these functions.

Each public function reads its arguments and calls one that computes over a block of samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sympy import Piecewise

from symback.autodiff.function import Port
from symback.autodiff.lower import Lowered
from symback.autodiff.per_sample import NAME as PER_SAMPLE
from symback.codegen.functions import PATTERNS
from symback.codegen.lines import names_in, taken, tuple_of
from symback.codegen.numpy.bound import BoundText, bound_text
from symback.codegen.numpy.columns import by_entries
from symback.codegen.numpy.functions import GUARDED, FunctionText, FunctionWriter, signature
from symback.codegen.numpy.per_sample import PartialsText, partials_text
from symback.codegen.numpy.sparsity import PatternText, pattern_text


@dataclass(frozen=True, slots=True)
class DerivativeText:
    """What the templates need of the functions that were asked for; None where one was not."""

    names: frozenset[str]
    output: str
    params: int  # how many there are
    of_numbers: bool  # whether these are
    jvp: FunctionText | None = None
    jvp_per_sample: bool = False
    hessp: FunctionText | None = None  # also where the Hessian is made column by column
    hessian: FunctionText | None = None  # where its entries have lines of their own
    residuals: FunctionText | None = None
    jacobian: FunctionText | None = None
    jacobian_in_rows: bool = False  # a row a sample, or a row for each seed
    seeded: bool = False
    output_shape: Sequence[str] = ()  # the body of a function that gives that of one sample
    bound: BoundText | None = None
    partials: Sequence[PartialsText] = ()  # of each sample, node by node
    many: bool = False  # hessp takes many vectors at once
    outputs_dot: FunctionText | None = None  # J·v by the parameters
    jacobian_pattern: PatternText | None = None
    hessian_pattern: PatternText | None = None

    @property
    def triangle(self) -> list[list[int]]:
        """Where each entry of the Hessian stands in the columns of its lower triangle."""
        size = self.params
        firsts = [j * size - j * (j - 1) // 2 for j in range(size)]
        return [[firsts[min(i, j)] + abs(i - j) for j in range(size)] for i in range(size)]

    @property
    def takes_vectors(self) -> bool:
        """Whether a function takes the parameters as a vector."""
        return bool(self.names - {"jvp", PER_SAMPLE})

    @property
    def patterns(self) -> list[PatternText]:
        """Those that there are."""
        return [p for p in (self.jacobian_pattern, self.hessian_pattern) if p is not None]

    @property
    def sparse_jacobian(self) -> bool:
        """Whether it may be sparse: that of a number has one row a sample, a reverse pass."""
        return self.jacobian_pattern is not None and bool(self.output_shape)

    @property
    def computed(self) -> list[FunctionText]:
        found = [
            self.jvp,
            self.hessp,
            self.hessian,
            self.residuals,
            self.jacobian,
            self.outputs_dot,
        ]
        found += [function for node in self.partials for function in node.functions]
        return [c for c in found if c is not None]


def derivative_text(lowered: Lowered, names: Sequence[str]) -> DerivativeText:
    """The functions on request."""
    functions, output = lowered.functions, lowered.circuit.output
    second, jacobian = functions.get("hessian"), functions.get("jacobian")
    unrolled = second is not None and Port.SECOND in second.results
    by_column = "hessian" if second and not unrolled else None
    hessp = "hessp" if "hessp" in functions else by_column
    in_rows = jacobian is not None and Port.ROWS in jacobian.results
    forward = FunctionWriter(lowered, "forward")
    return DerivativeText(
        frozenset(names),
        output.name,
        len(lowered.circuit.params),
        not any(param.shape for param in lowered.circuit.params),
        jvp=_jvp(lowered) if "jvp" in functions else None,
        jvp_per_sample="jvp" in functions and forward.per_sample,
        hessp=_hessp(lowered, hessp) if hessp else None,
        hessian=_returned(lowered, "hessian", "_second_partials") if unrolled else None,
        residuals=_returned(lowered, "residuals", "_residuals")
        if "residuals" in functions
        else None,
        jacobian=_jacobian(lowered, in_rows) if jacobian else None,
        jacobian_in_rows=in_rows,
        seeded=jacobian is not None and Port.SEED in jacobian.given,
        output_shape=output_shape(forward) if output.shape else (),
        bound=bound_text(lowered, names) if "bind" in names else None,
        partials=partials_text(lowered, _partials) if PER_SAMPLE in names else (),
        many=hessp is not None and Port.ROWS in functions[hessp].results,
        outputs_dot=_outputs_dot(lowered) if "params_jvp" in functions and output.shape else None,
        jacobian_pattern=pattern(lowered, names, "jacobian"),
        hessian_pattern=pattern(lowered, names, "hessian"),
    )


def pattern(lowered: Lowered, names: Sequence[str], of: str) -> PatternText | None:
    """The pattern of a Jacobian or Hessian, where `sparsity` was asked for."""
    if "sparsity" not in names or of not in names:
        return None
    output, objective = lowered.circuit.output, lowered.circuit.objective
    words = {"jacobian": f"∂{output}/∂θ of one sample", "hessian": f"∂²{objective}/∂θ∂θ"}
    sentence = f"Which entries of {words[of]} can be other than 0."
    return pattern_text(lowered, PATTERNS[of], of, sentence)


def _jvp(lowered: Lowered) -> FunctionText:
    writer = FunctionWriter(lowered, "jvp")
    (dot,) = writer.program.results
    value = str(dot)
    if writer.per_sample and dot not in writer.program.varying():  # nothing that moves it varies
        value = f"np.broadcast_to({dot}, (len(columns[0]), *np.shape({dot}))).copy()"
    lines = [*_dots(writer), *writer.sizes(), *writer.computed(copies=True), f"return {value}"]
    used = names_in(lines)
    read = [*taken(writer.params, "params", used), *taken(writer.columns, "columns", used)]
    arguments = ["params: Params", "columns: Any", "_param_dots: Any", "_column_dots: Any"]
    return _computed(writer, "_output_dot", arguments, [*read, *lines], spread=False)


def _dots(writer: FunctionWriter) -> list[str]:
    """The tangents taken from those of all parameters and columns."""
    given, program = writer.function.given, writer.program
    read = {s.name for line in program.lines for s in line.reads}
    read |= {s.name for s in program.results}
    dots = {**given[Port.PARAM_DOTS], **given.get(Port.INPUT_DOTS, {})}
    params, columns = (
        [dots[name].name if name in dots else "_" for name in names]
        for names in (writer.params, writer.columns)
    )
    return [*taken(params, "_param_dots", read), *taken(columns, "_column_dots", read)]


def _hessp(lowered: Lowered, name: str) -> FunctionText:
    writer = FunctionWriter(lowered, name)
    lines = [*_dots(writer), *writer.sizes(), *writer.computed(copies=True)]
    results = tuple_of([s.name for s in writer.program.results])
    lines = _with_params(writer, [*lines, f"return {results}"])
    return _computed(writer, "_bar_dots", ["params: Params", "_param_dots: Any"], lines)


def _outputs_dot(lowered: Lowered) -> FunctionText:
    writer = FunctionWriter(lowered, "params_jvp")
    lines = [*_dots(writer), *writer.sizes(), *writer.computed(copies=True)]
    lines = _with_params(writer, [*lines, f"return {writer.program.results[0]}"])
    return _computed(writer, "_outputs_dot", ["params: Params", "_param_dots: Any"], lines)


def _returned(lowered: Lowered, name: str, called: str) -> FunctionText:
    """A function that returns its results as they are."""
    writer = FunctionWriter(lowered, name)
    names = [s.name for s in writer.program.results]
    results = tuple_of(names) if writer.function.in_blocks else names[0]
    lines = [*writer.sizes(), *writer.computed(), f"return {results}"]
    return _computed(writer, called, ["params: Params"], _with_params(writer, lines))


def _jacobian(lowered: Lowered, in_rows: bool) -> FunctionText:
    """Adjoints of the parameters put into the rows of an array, or tangents into its columns."""
    function = lowered.functions["jacobian"]
    entries = None if in_rows else by_entries(lowered, function)
    if entries is not None:
        functions = {**lowered.functions, "jacobian": entries[0]}
        lowered = replace(lowered, functions=functions)
    writer = FunctionWriter(lowered, "jacobian")
    results = [s.name for s in writer.program.results]
    seeds = writer.function.given.get(Port.SEED, {}).values()
    if entries is not None:
        put = entries[1]
    elif in_rows and lowered.circuit.has_arrays:
        put = [f"_put(_rows, params, {tuple_of(results)})"]
    else:
        place = "_rows[:, {}] = {}" if in_rows else "_rows[..., {}] = {}"
        put = [place.format(j, name) for j, name in enumerate(results)]
    lines = _with_params(writer, [*writer.sizes(), *writer.computed(), *put])
    arguments = ["_rows: Array", "params: Params", *(f"{seed}: Array" for seed in seeds)]
    return _computed(writer, "_put_rows", arguments, lines)


def _partials(writer: FunctionWriter, name: str, arguments: Sequence[str]) -> FunctionText:
    """The partials of a node, an array for each leaf."""
    results = tuple_of([s.name for s in writer.program.results])
    lines = [*writer.sizes(), *writer.computed(), f"return {results}"]
    return _computed(writer, name, arguments, _with_params(writer, lines))


def _with_params(writer: FunctionWriter, lines: Sequence[str]) -> list[str]:
    return [*taken(writer.params, "params", names_in(lines)), *lines]


def _computed(
    writer: FunctionWriter,
    name: str,
    arguments: Sequence[str],
    lines: Sequence[str],
    spread: bool = True,
) -> FunctionText:
    """A function of a block; unless `spread`, one argument has all columns."""
    columns = [f"{column}: Array" for column in writer.columns] if spread else []
    head = signature(name, [*arguments, *columns], "Any", one_a_line=True)
    is_guarded = any(line.expr.has(Piecewise) for line in writer.program.lines)
    head = [*([GUARDED] if is_guarded else []), *head]
    return FunctionText(name, head, writer.function.summary, lines, writer.columns)


def output_shape(forward: FunctionWriter) -> list[str]:
    """The body of the function that gives the shape of the output, less the batch axis."""
    shape = [forward.size(size) for size in forward.function.of.shape]
    used = names_in(shape)
    read = [*taken(forward.params, "params", used), *taken(forward.columns, "columns", used)]
    return [*read, f"return {tuple_of(shape)}"]


__all__ = ["DerivativeText", "derivative_text", "output_shape"]
