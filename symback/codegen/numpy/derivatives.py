"""The lines of Jacobians, Hessians and products with them, where a module has these functions.

Each public function reads its arguments and calls one that computes over a block of samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sympy import Piecewise, Symbol

from symback.autodiff.function import Function, Port
from symback.autodiff.lower import Lowered
from symback.circuits.program import Program
from symback.codegen.lines import columns_of, names_in, taken, tuple_of
from symback.codegen.numpy.shapes import FunctionLines, quoted


@dataclass(frozen=True, slots=True)
class Computed:
    """A function that computes over a block: its arguments and lines."""

    name: str
    arguments: Sequence[str]  # beside the columns
    columns: Sequence[str]
    lines: Sequence[str]
    is_guarded: bool  # it computes branches that are not taken
    summary: str
    spread: bool = True  # each column is an argument

    @property
    def signature(self) -> str:
        """The line of its def, or lines where it is long."""
        columns = self.columns if self.spread else ()
        found = [*self.arguments, *(f"{c}: Array" for c in columns)]
        line = f"def {self.name}({', '.join(found)}) -> Any:"
        if len(line) <= 100:
            return line
        return "\n".join([f"def {self.name}(", *(f"    {a}," for a in found), ") -> Any:"])

    @property
    def names_quoted(self) -> str:
        """The names of the columns as further arguments."""
        return quoted(self.columns)


@dataclass(frozen=True, slots=True)
class DerivativeText:
    """What the templates need of the functions that were asked for; None where one was not."""

    names: frozenset[str]
    output: str
    jvp: Computed | None = None
    jvp_per_sample: bool = False
    hessp: Computed | None = None  # also where the Hessian is made column by column
    hessian: Computed | None = None  # where its entries have lines of their own
    residuals: Computed | None = None
    jacobian: Computed | None = None
    jacobian_in_rows: bool = False  # a row a sample, or a row for each seed
    seeded: bool = False
    varies: bool = True  # the output has one value a sample
    output_shape: Sequence[str] = ()  # the body of a function that gives that of one sample

    @property
    def takes_vectors(self) -> bool:
        """Whether a function takes the parameters as a vector."""
        return bool(self.names - {"jvp"})

    @property
    def computed(self) -> list[Computed]:
        found = (self.jvp, self.hessp, self.hessian, self.residuals, self.jacobian)
        return [c for c in found if c is not None]


class DerivativeLines(FunctionLines):
    """The functions on request, as lines."""

    def __init__(self, lowered: Lowered, names: Sequence[str]) -> None:
        super().__init__(lowered)
        self._names = names

    def text(self) -> DerivativeText:
        functions = self._lowered.functions
        asked = frozenset(self._names)
        jvp = functions.get("jvp")
        second = functions.get("hessian")
        unrolled = second is not None and Port.SECOND in second.results
        hessp = functions.get("hessp") or (None if unrolled else second)
        jacobian, residuals = functions.get("jacobian"), functions.get("residuals")
        in_rows = jacobian is not None and Port.ROWS in jacobian.results
        put = self._rows if in_rows else self._columns
        return DerivativeText(
            asked,
            self._circuit.output.name,
            jvp=self._jvp(jvp) if jvp else None,
            jvp_per_sample=jvp is not None and self._per_sample,
            hessp=self._hessp(hessp) if hessp else None,
            hessian=self._hessian(second) if second and unrolled else None,
            residuals=self._residuals(residuals) if residuals else None,
            jacobian=put(jacobian) if jacobian else None,
            jacobian_in_rows=in_rows,
            seeded=jacobian is not None and Port.SEED in jacobian.given,
            varies=jacobian is not None and jacobian.varies,
            output_shape=self._output_shape() if self._circuit.output.shape else (),
        )

    # -- one function each ----------------------------------------------------------------------

    def _jvp(self, function: Function) -> Computed:
        program, (dot,) = function.program, function.program.results
        value = str(dot)
        if self._per_sample and dot not in program.varying():  # nothing that moves it varies
            value = f"np.broadcast_to({dot}, (len(columns[0]), *np.shape({dot}))).copy()"
        arguments = ["params: Params", "columns: Any", "_param_dots: Any", "_column_dots: Any"]
        lines = [
            *self._taken_dots(function.given, program),
            *self._body(program, copies=True),
            f"return {value}",
        ]
        first = [
            *taken(self._params, "params", names_in(lines)),
            *taken(columns_of(self._lowered, program), "columns", names_in(lines)),
        ]
        summary = f"The tangent of {self._circuit.output} for every sample."
        found = self._computed("_output_dot", arguments, program, [*first, *lines], summary)
        return replace(found, spread=False)

    def _taken_dots(self, given: Mapping[Port, Mapping[str, Symbol]], of: Program) -> list[str]:
        read = {s.name for line in of.lines for s in line.reads} | {s.name for s in of.results}
        dots = {**given[Port.PARAM_DOTS], **given.get(Port.INPUT_DOTS, {})}
        shown = {name: dot.name for name, dot in dots.items()}
        params = [shown.get(n, "_") for n in self._params]
        columns = [shown.get(n, "_") for n in columns_of(self._lowered, of)]
        return [*taken(params, "_param_dots", read), *taken(columns, "_column_dots", read)]

    def _hessp(self, function: Function) -> Computed:
        program = function.program
        lines = [
            *self._taken_dots(function.given, program),
            *self._body(program, copies=True),
            f"return {tuple_of([str(s) for s in program.results])}",
        ]
        arguments = ["params: Params", "_param_dots: Any"]
        summary = "Sums over the rows of H·v, a value for each parameter."
        return self._computed("_bar_dots", arguments, program, self._with_params(lines), summary)

    def _hessian(self, function: Function) -> Computed:
        program = function.program
        entries = tuple_of([str(s) for s in program.results])
        lines = self._with_params([*self._body(program), f"return {entries}"])
        summary = "Sums over the rows of the second partials, column by column from the diagonal."
        return self._computed("_second_partials", ["params: Params"], program, lines, summary)

    def _residuals(self, function: Function) -> Computed:
        program = function.program
        lines = self._with_params([*self._body(program), f"return {program.results[0]}"])
        summary = f"{self._circuit.output} less its target, for every row."
        return self._computed("_residuals", ["params: Params"], program, lines, summary)

    def _rows(self, function: Function) -> Computed:
        """Adjoints of the parameters put into the rows of an array."""
        program = function.program
        bars = list(function.results[Port.ROWS].values())
        seed = [f"{s.name}: Array" for s in function.given.get(Port.SEED, {}).values()]
        if self._numbers:
            put = [f"_rows[:, {j}] = {bar}" for j, bar in enumerate(bars)]
        else:
            put = [f"_put(_rows, params, {tuple_of([str(b) for b in bars])})"]
        lines = self._with_params([*self._body(program), *put])
        arguments = ["_rows: Array", "params: Params", *seed]
        summary = f"Put the partials of {self._circuit.output} by the parameters into rows."
        return self._computed("_put_rows", arguments, program, lines, summary)

    def _columns(self, function: Function) -> Computed:
        """Tangents of the output, along one parameter each, put into the columns of an array."""
        program = function.program
        put = [f"_rows[..., {j}] = {dot}" for j, dot in enumerate(program.results)]
        lines = self._with_params([*self._body(program), *put])
        summary = f"Put the partials of {self._circuit.output} by the parameters into columns."
        arguments = ["_rows: Array", "params: Params"]
        return self._computed("_put_rows", arguments, program, lines, summary)

    # -- lines ----------------------------------------------------------------------------------

    def _body(self, program: Program, copies: bool = False) -> list[str]:
        return [*self._size_lines(program), *self._lines(program, copies=copies)]

    def _with_params(self, lines: Sequence[str]) -> list[str]:
        return [*taken(self._params, "params", names_in(lines)), *lines]

    def _computed(
        self,
        name: str,
        arguments: Sequence[str],
        program: Program,
        lines: Sequence[str],
        summary: str,
    ) -> Computed:
        columns = columns_of(self._lowered, program)
        is_guarded = any(line.expr.has(Piecewise) for line in program.lines)
        return Computed(name, arguments, columns, lines, is_guarded, summary)

    def _output_shape(self) -> list[str]:
        """The body of the function that gives the shape of the output, less the batch axis."""
        shape = [self._size(s, self._at_hand()) for s in self._circuit.output.shape]
        columns = columns_of(self._lowered, self._forward)
        used = names_in(shape)
        read = [*taken(self._params, "params", used), *taken(columns, "columns", used)]
        return [*read, f"return {tuple_of(shape)}"]


__all__ = ["Computed", "DerivativeLines", "DerivativeText"]
