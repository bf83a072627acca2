"""The functions of a lowered circuit in C, for each type of the caller's numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sympy import Symbol

from symback.autodiff.function import Port
from symback.codegen.c import kernels
from symback.codegen.c.body import Body, FunctionResult
from symback.codegen.c.files import CFunction, Real
from symback.codegen.c.names import C_NAMES, CNames, Member
from symback.codegen.c.signature import Signature
from symback.codegen.c.single_precision import called

CArgument = tuple[str, str]
"""Type and name; {p}, {f} and {real} in a type stand for the prefix, the suffix and the type of the
caller's numbers, {sums} for the suffix of sums over the batch, {out} for the const of a structure
whose members are pointers."""
GIVEN: Mapping[Port, CArgument] = {
    Port.CACHE: ("const {p}_cache{f} *", "cache"),
    Port.SEED: ("const {real} *", "output_bar"),
    Port.PARAM_DOTS: ("const {p}_params{f} *", "params_dot"),
    Port.INPUT_DOTS: ("const {p}_inputs{f} *", "inputs_dot"),
}
"""What functions are given beside parameters and samples."""
PLACES: Mapping[Port, CArgument] = {
    Port.OUTPUT: ("{real} *", "output"),
    Port.CACHE: GIVEN[Port.CACHE],
    Port.PARAM_BARS: ("{out}{p}_params{f} *", "param_bars"),
    Port.INPUT_BARS: ("const {p}_input_bars{f} *", "input_bars"),
    Port.OUTPUT_DOT: ("{real} *", "output_dot"),
    Port.RESIDUALS: ("{real} *", "residuals"),
    Port.ROWS: ("const {p}_rows{f} *", "rows"),
    Port.COLUMNS: ("const {p}_columns{f} *", "columns"),
}
"""Where functions put their results, but for the total, which they return."""
SUMS: Mapping[Port, CArgument] = {
    Port.PARAM_BARS: ("{out}{p}_params{sums} *", "bars"),
    Port.PARAM_BAR_DOTS: ("{out}{p}_params{sums} *", "bar_dots"),
}
"""Where they put sums over the batch: numbers of type double, whatever the caller has."""
OF_EACH_SAMPLE = frozenset({Port.INPUT_BARS, Port.RESIDUALS, Port.ROWS})
BY_VALUE = frozenset({Port.PARAM_BARS, Port.PARAM_BAR_DOTS})
"""Members of a structure of parameters, which are numbers where a circuit has nothing else."""
PARAMS: CArgument = ("const {p}_params{f} *", "params")
SAMPLES: tuple[CArgument, ...] = (("const {p}_inputs{f} *", "inputs"), ("size_t ", "count"))


class CFunctionWriter:
    """Writes one function: its statements once, its signature for each type."""

    def __init__(self, names: CNames, name: str) -> None:
        function = names.lowered.functions[name]
        self._names, self._name, self._function = names, C_NAMES.get(name, name), function
        self._places: dict[Port, CArgument] = {
            port: SUMS[port] if function.in_blocks else PLACES[port]
            for port in function.results
            if port is not Port.TOTAL
        }
        given = {
            symbol: self._place(GIVEN[port], name)
            for port, values in function.given.items()
            for name, symbol in values.items()
        }
        own = () if names.by_value else ("work", "sizes")
        beside = [*(GIVEN[port] for port in function.given), *self._places.values()]
        arguments = ["params", "inputs", "count", *own, *dict.fromkeys(n for _, n in beside)]
        self._total = next(iter(function.results.get(Port.TOTAL, {}).values()), None)
        self.body = Body(names, function.program, given).text(
            [result for port in self._places for result in self._results(port)],
            arguments,
            self._total,
        )

    def _place(self, argument: CArgument, name: str) -> str:
        """The code for a value: a member of a structure, or what a pointer to numbers leads to."""
        kind, place = argument
        return f"{place}->{self._names.name(name)}" if "{p}" in kind else place

    def _results(self, port: Port) -> list[FunctionResult]:
        names = self._names
        return [
            FunctionResult(
                symbol,
                self._place(self._places[port], name),
                per_sample=self._is_of_each_sample(port, symbol),
                by_value=names.by_value and port in BY_VALUE,
            )
            for name, symbol in self._function.results[port].items()
        ]

    def _is_of_each_sample(self, port: Port, symbol: Symbol) -> bool:
        if port in (Port.OUTPUT_DOT, Port.COLUMNS):
            return self._function.varies
        return port in OF_EACH_SAMPLE or symbol in self._names.kept_varying

    def of(self, real: Real, output: Member) -> CFunction:
        """The function whose caller has numbers of that type."""
        function, given = self._function, self._function.given
        cached = [GIVEN[port] for port in given if port is Port.CACHE]
        others = [GIVEN[port] for port in given if port is not Port.CACHE]
        inputs, count = SAMPLES
        return CFunction(
            signature(
                self._names,
                real,
                ("void" if self._total is None else "double", self._name),
                (PARAMS, inputs, *cached, count, *others, *self._places.values()),
            ),
            function.summary.format(of=f"{output.name}, {output.meaning}"),
            self._lines(real),
        )

    def _lines(self, real: Real) -> list[str]:
        """Arrays are of that type wherever they stand, numbers are computed in double."""
        if self._names.by_value:
            written = "double" if self._function.in_blocks else real.name
            return self.body.lines(real.name, written, "double")
        lines = self.body.lines(real.name, real.name, real.name)
        return called(lines, kernels.of_arrays()) if real.suffix else lines


def signature(
    names: CNames, real: Real, called: tuple[str, str], arguments: Sequence[CArgument]
) -> Signature:
    """The signature of a function by the type of its result, its name and its own arguments."""
    result, name = called
    values = {
        "p": names.prefix,
        "f": real.suffix,
        "real": real.name,
        "sums": "" if names.by_value else real.suffix,
        "out": "" if names.by_value else "const ",  # members by value are written to
    }
    if not names.by_value:
        arguments = (("const {p}_sizes *", "sizes"), *arguments, ("{real} *", "work"))
    return Signature(
        result,
        f"{names.prefix}_{name}{real.suffix}",
        tuple((kind.format(**values), argument) for kind, argument in arguments),
    )


__all__ = ["PARAMS", "SAMPLES", "CFunctionWriter", "signature"]
