"""Circuit → the texts of its C module: functions, header and loader, line by line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sympy import Add, Expr, Mul, Symbol

from symback.autodiff.lower import Lowered, lower
from symback.autodiff.passes import programs
from symback.circuits.circuit import Circuit
from symback.circuits.names import fresh_name
from symback.circuits.program import Assign, Program, batch_sum, symbols, varies
from symback.codegen.c.printer import CPrinter, c_names, c_prefix, kernel_sources
from symback.codegen.lines import chain_comment, columns_of, print_order, wrapped
from symback.codegen.numpy.module import ModuleText, module_text
from symback.printing.circuit_text import rewrite_notes

LEVELS = ((800, "-O3"), (3000, "-O1"))
"""How far a compiler is to optimise so many lines: its time grows with their square."""
INDENT = 8
ROWS_OF_ONE_CALL = 2**20


@dataclass(frozen=True, slots=True)
class Function:
    """The body of a C function: what comes before the loop over samples, in it, and behind it."""

    columns: Sequence[tuple[str, str]]  # pointers that it reads, as C has them, and their source
    memory: Sequence[tuple[str, str]]  # those that it writes to
    before: Sequence[str]
    each: Sequence[str]
    sums: Sequence[tuple[str, str, str]]  # total, its part in a block, what a sample adds to it
    after: Sequence[str]
    results_each: Sequence[tuple[str, str]]  # where a sample's value goes, and the value
    results: Sequence[tuple[str, str]]
    unread: Sequence[str]  # arguments of the function

    @property
    def has_loop(self) -> bool:
        return bool(self.sums or self.results_each)

    @property
    def blocks(self) -> str:
        """What the loop adds up, for OpenMP."""
        return ", ".join(block for _, block, _ in self.sums)


@dataclass(frozen=True, slots=True)
class CText:
    """What the three templates fill in; `python` is what the loader shares with a NumPy module."""

    python: ModuleText
    stem: str
    prefix: str
    header: str
    title: str
    params: Sequence[str]  # C's names
    columns: Sequence[str]
    cache: Sequence[str]
    output: str
    forward: Function
    backward: Function
    sums: Function
    total: str
    kernels: Sequence[str]
    level: str  # how far the compiler is to optimise
    output_varies: bool
    cache_varies: Sequence[bool]
    seed_like: str
    trained: Sequence[str]  # columns that training reads
    targets: Sequence[str]
    input_bar_names: Sequence[str]
    objective_varies: bool
    forward_columns: str
    forward_slots: str
    fused_slots: str
    train_slots: str
    input_bar_slots: str
    input_bars: str
    interface: str = ""


def c_text(circuit: Circuit, version: str, stem: str = "") -> CText:
    """All texts of a circuit's C module; `stem` is the name of its files without what follows it.

    For a circuit of arrays there is `c_array_text`.
    """
    stem = stem or circuit.output.name
    prefix = c_prefix(stem)
    lowered = lower(circuit)
    found = programs(lowered)
    writer = _Writer(lowered, found, prefix)
    functions = writer.functions(found)
    forward = found[0]
    python = module_text(circuit, version)
    read = columns_of(lowered, lowered.forward)
    trained = columns_of(lowered, lowered.objective)
    varying = forward.varying()
    kept = forward.results[1:]
    every = [n.name for n in (*circuit.inputs, *circuit.targets)]
    return CText(
        python=replace(python, block_rows=ROWS_OF_ONE_CALL),
        stem=stem,
        prefix=prefix,
        header=f"{stem}.h",
        title=python.title.removesuffix(" Needs NumPy ≥ 2 only."),
        params=[writer.name(p.name) for p in circuit.params],
        columns=[writer.name(name) for name in every],
        cache=[writer.name(s.name) for s in kept],
        output=circuit.output.name,
        forward=functions[0],
        backward=functions[1],
        sums=functions[2],
        total=writer.name(lowered.total.name),
        kernels=kernel_sources(_code(functions)),
        level=_level(functions),
        output_varies=lowered.per_sample_output,
        cache_varies=[s in varying for s in kept],
        seed_like="columns[0]" if read and lowered.per_sample_output else "np.zeros((), dtype)",
        trained=[writer.name(name) for name in trained],
        targets=[writer.name(n.name) for n in circuit.targets],
        input_bar_names=[writer.name(n.name) for n in circuit.inputs],
        objective_varies=bool(trained) and lowered.per_sample_objective,
        forward_columns=_columns(read),
        forward_slots=_slots(every, read, "columns"),
        fused_slots=_slots(every, trained, "columns"),
        train_slots=_slots(every, trained, "part"),
        input_bar_slots=_slots([n.name for n in circuit.inputs], read, "x_bars"),
        input_bars=_input_bars(circuit, read),
    )


def _code(functions: Iterable[Function]) -> list[str]:
    """All lines that may call kernels."""
    found = []
    for function in functions:
        found += [*function.before, *function.each, *function.after]
        found += [f"symback_add({text});" for _, _, text in function.sums]
    return found


def _level(functions: Iterable[Function]) -> str:
    return compiler_level(sum(len(f.before) + len(f.each) + len(f.after) for f in functions))


def compiler_level(count: int) -> str:
    """How far a compiler is to optimise so many lines."""
    return next((level for most, level in LEVELS if count <= most), "-O0")


def _columns(names: Sequence[str]) -> str:
    """How the loader reads the columns."""
    named = "".join(f', "{name}"' for name in names)
    return f"_contiguous(_columns(inputs{named}))" if names else "[]"


def _slots(every: Sequence[str], read: Sequence[str], values: str) -> str:
    """The columns in the order of the structure, None for those that nobody reads."""
    if list(every[: len(read)]) == list(read):
        return ", ".join([f"*{values}", *["None"] * (len(every) - len(read))])
    return ", ".join(f"{values}[{read.index(n)}]" if n in read else "None" for n in every)


def _input_bars(circuit: Circuit, read: Sequence[str]) -> str:
    """The adjoints of the inputs, exactly zero where no path leads to one."""
    return ", ".join(
        f"x_bars[{read.index(n.name)}][()]"
        if n.name in read
        else f'np.zeros_like(_columns(inputs, "{n.name}")[0])'
        for n in circuit.inputs
    )


Programs = tuple[Program, Program, Program]


class _Writer:
    """The lines of programs as C, with one name for every symbol of all programs."""

    def __init__(self, lowered: Lowered, programs: Programs, prefix: str) -> None:
        self._lowered = lowered
        self._kept_varying = programs[0].varying()  # of the cache as well
        self._circuit = lowered.circuit
        self._notes = rewrite_notes(lowered.circuit)
        found = [n.name for n in self._circuit.nodes]
        for program in programs:
            found += [s.name for s in program.arguments]
            found += [line.target.name for line in program.lines]
        self._names = c_names(dict.fromkeys(found), prefix)
        self._taken = {*found, *self._names.values()}

    def name(self, name: str) -> str:
        return self._names.get(name, name)

    def functions(self, programs: Programs) -> tuple[Function, Function, Function]:
        """forward, backward and sums."""
        forward, backward, fused = programs
        params, inputs = self._circuit.params, self._circuit.inputs
        adjoint = self._lowered.names.adjoint
        read = columns_of(self._lowered, self._lowered.forward)
        output, *kept = forward.results
        return (
            self._function(
                forward,
                [(output, "output"), *((s, f"cache->{self.name(s.name)}") for s in kept)],
                ("params", "inputs", "count", "cache"),
            ),
            self._function(
                backward,
                [
                    *((adjoint(p.name), f"param_bars->{self.name(p.name)}") for p in params),
                    *(
                        (adjoint(n.name), f"input_bars->{self.name(n.name)}")
                        for n in inputs
                        if n.name in read  # the loader makes the other zeros
                    ),
                ],
                ("params", "inputs", "cache", "count", "output_bar", "param_bars", "input_bars"),
            ),
            self._function(
                fused,
                [(adjoint(p.name), f"bars->{self.name(p.name)}") for p in params],
                ("params", "inputs", "count", "bars"),
            ),
        )

    def _function(
        self, program: Program, places: Sequence[tuple[Symbol, str]], given: Sequence[str]
    ) -> Function:
        """The program, its lines sorted by whether they belong to a sample, and its results."""
        kept = frozenset(s for s in program.arguments if s in self._kept_varying)
        varying = replace(program, per_sample=program.per_sample | kept).varying()
        printer = self._printer(program)
        taken = set(self._taken)
        needed = {s for line in program.lines for s in symbols(line.expr)}
        columns, before, each = self._reads(
            [a for a in program.arguments if a in needed], varying, taken
        )
        after: list[str] = []
        behind: set[Symbol] = set()
        sums: list[tuple[str, str, str]] = []
        for line in program.lines:
            if line.target in varying:
                each += self._lines(line, line.expr, printer)
            elif line.expr.has(batch_sum) or symbols(line.expr) & behind:
                behind.add(line.target)
                expr = self._without_sums(line, varying, printer, sums, taken)
                after += self._lines(line, expr, printer)
            else:
                before += self._lines(line, line.expr, printer)
        memory, results_each, results = [], [], []
        for symbol, place in places:
            value = self.name(symbol.name)
            if symbol in varying or place.startswith("input_bars->"):
                memory.append((_fresh(f"{value}_to", taken), place))
                results_each.append((f"{memory[-1][0]}[row]", value))
            else:
                results.append((place if "bars->" in place else f"{place}[0]", value))
        sources = [source for _, source in (*columns, *memory)]
        texts = [*sources, *before, *each, *after, *(place for place, _ in results)]
        used = set(re.findall(r"\w+", "\n".join(texts)))
        if results_each or sums:
            used.add("count")
        return Function(
            columns,
            memory,
            before,
            each,
            sums,
            after,
            results_each,
            results,
            [name for name in given if name not in used],
        )

    def _reads(
        self, arguments: Sequence[Symbol], varying: set[Symbol], taken: set[str]
    ) -> tuple[list[tuple[str, str]], list[str], list[str]]:
        """Pointers to columns, and the lines that read arguments, once and for each sample."""
        columns, before, each = [], [], []
        for argument in arguments:
            name = self.name(argument.name)
            if argument == self._lowered.seed:
                source = "output_bar"
            elif argument in self._lowered.cache:
                source = f"cache->{name}"
            elif self._circuit[argument.name].role == "param":
                before.append(f"const double {name} = params->{name};")
                continue
            else:
                source = f"inputs->{name}"
            if argument in varying:
                columns.append((_fresh(f"{name}_at", taken), source))
                each.append(f"const double {name} = {columns[-1][0]}[row];")
            else:
                before.append(f"const double {name} = {source}[0];")
        return columns, before, each

    def _printer(self, program: Program) -> CPrinter:
        params = {p.name for p in self._circuit.params}
        printer = CPrinter(print_order(self._lowered, program), params)
        printer.signs = {**self._names, _ROWS.name: "(double)count"}
        return printer

    def _lines(self, line: Assign, expr: Expr, printer: CPrinter) -> list[str]:
        """The assignment as C, its terms or a remark above it."""
        lines = []
        if line.chains and line.of:
            lines += remark(chain_comment(line.of, line.chains))
        elif line.target.name in self._notes:
            lines += remark([self._notes[line.target.name]])
        text = wrapped(f"const double {self.name(line.target.name)} =", printer.print(expr), INDENT)
        return [*lines, *text[:-1], f"{text[-1]};"]

    def _without_sums(
        self,
        line: Assign,
        varying: set[Symbol],
        printer: CPrinter,
        sums: list[tuple[str, str, str]],
        taken: set[str],
    ) -> Expr:
        """The expression over totals, which the loop adds up and `sums` is given."""
        expr = joined_sums(line.expr)
        totals: dict[Expr, Expr] = {}
        for part in sorted(expr.atoms(batch_sum), key=printer.term_key):
            factors = Mul.make_args(part.args[0])
            shared = Mul(*(f for f in factors if not varies(f, varying)))
            rest = Mul(*(f for f in factors if varies(f, varying)))
            if rest == 1:
                totals[part] = shared * _ROWS
                continue
            total, block = (_fresh(f"{line.target.name}_{kind}", taken) for kind in KINDS)
            sums.append((total, block, printer.print(rest)))
            totals[part] = shared * Symbol(total, real=True)
            printer.signs = {**printer.signs, total: f"symback_sum({total})"}
        return expr.xreplace(totals)


def _fresh(name: str, taken: set[str]) -> str:
    found = fresh_name([name, f"{name}_"], taken)
    taken.add(found)
    return found


KINDS = ("total", "block")
"""What a sum over samples is called behind the name of the line: all of it, and that of a block."""

_ROWS = Symbol("symback_rows", real=True)
"""Stands for the number of samples."""


def joined_sums(expr: Expr) -> Expr:
    """The same with one sum over the batch where several are added."""
    parts = [t for t in Add.make_args(expr) if isinstance(t, batch_sum)]
    if len(parts) < 2:
        return expr
    others = [t for t in Add.make_args(expr) if t not in parts]
    return Add(batch_sum(Add(*(p.args[0] for p in parts))), *others)


def remark(lines: Sequence[str]) -> list[str]:
    """`# …` lines as one comment of C."""
    texts = [line.removeprefix("#").replace("*/", "* /").replace("/*", "/ *") for line in lines]
    texts[0], texts[1:] = f"/*{texts[0]}", [f"  {text}" for text in texts[1:]]
    return [*texts[:-1], f"{texts[-1]} */"]


__all__ = ["CText", "Function", "c_text", "compiler_level", "joined_sums", "remark"]
