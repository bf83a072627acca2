"""Update of an optimiser → the texts of its C module: a loop over the parameters, and its loader.

Each line rounds as NumPy's: what parameters share is computed in double, the rest in the type of
the arrays, in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sympy import Expr, Symbol

from symback.autodiff.updates import GRADIENT, THETA, Update
from symback.circuits.program import Assign
from symback.codegen.c.number_module import INDENT, Function, compiler_level
from symback.codegen.c.printer import CPrinter, c_names, c_prefix, kernel_sources
from symback.codegen.lines import wrapped
from symback.codegen.numpy.update import UpdateText, printer_of, update_text
from symback.errors import Unsupported
from symback.printing.printer import ATOM, MUL

LOCAL = frozenset({"settings", "state", "state_next", "next"})
"""Names that the printed function has beside those of all."""


@dataclass(frozen=True, slots=True)
class CUpdateText:
    """What the three templates fill in; `python` is what the loader shares with a NumPy module."""

    python: UpdateText
    stem: str
    prefix: str
    header: str
    settings: Sequence[tuple[str, str]]  # C's names, and what they are
    state: Sequence[tuple[str, str]]
    step: Function  # for double
    step_f32: Function
    kernels: Sequence[str]
    level: str  # how far the compiler is to optimise
    interface: str = ""


def c_update_text(update: Update, version: str, stem: str = "") -> CUpdateText:
    """All texts of an update's C module; `stem` is the name of its files."""
    stem = stem or update.name
    prefix = c_prefix(stem)
    python = update_text(update, version)
    program = update.program
    found = [*program.arguments, *(line.target for line in program.lines)]
    names = c_names([s.name for s in found], prefix, LOCAL)
    step = _step(update, names, CPrinter, "double")
    code = [*step.before, *step.each]
    return CUpdateText(
        python=python,
        stem=stem,
        prefix=prefix,
        header=f"{stem}.h",
        settings=[(names.get(a.name, a.name), a.sentence) for a in python.arguments],
        state=[(names.get(name, name), meaning) for name, meaning in python.state],
        step=step,
        step_f32=_step(update, names, FloatPrinter, "float"),
        kernels=kernel_sources(code),
        level=compiler_level(len(code)),
    )


def _step(update: Update, names: dict[str, str], printer: type[CPrinter], real: str) -> Function:
    """The program, its lines sorted by whether they belong to one parameter, and its results."""
    program = update.program
    varying = program.varying()
    called: Callable[[Symbol], str] = lambda s: names.get(s.name, s.name)  # noqa: E731
    whole, own = printer_of(CPrinter, update), printer_of(printer, update)
    whole.signs = names
    shared = {a for line in program.lines for a in line.reads} - varying
    own.signs = {**names, **{s.name: own.of_shared(called(s)) for s in shared}}
    before, each, columns = [], [], []
    for argument in program.arguments:
        name = called(argument)
        if argument not in varying:
            before.append(f"const double {name} = settings->{name};")
            continue
        if argument.name not in (THETA, GRADIENT):
            columns.append((f"{name}_at", f"state->{name}"))
        each.append(f"const {real} {name} = {name}_at[row];")
    for line in program.lines:
        if line.target in varying:
            each += _assignment(line, own, f"const {real} {called(line.target)} =")
        else:
            before += _assignment(line, whole, f"const double {called(line.target)} =")
    theta_next, *state_next = (called(s) for s in program.results)
    state = [names.get(name, name) for name in update.rule.state]
    memory = [(f"{n}_to", f"state_next->{s}") for n, s in zip(state_next, state, strict=True)]
    return Function(
        columns=columns,
        memory=memory,
        before=before,
        each=each,
        sums=[],
        after=[],
        results_each=[(f"{n}_to[row]", n) for n in (theta_next, *state_next)],
        results=[],
        unread=[] if state else ["state", "state_next"],
    )


def _assignment(line: Assign, printer: CPrinter, start: str) -> list[str]:
    text = wrapped(start, printer.print(line.expr), INDENT)
    return [*text[:-1], f"{text[-1]};"]


class FloatPrinter(CPrinter):
    """Prints what is computed in float; its few operations round once, as NumPy's do."""

    functions: ClassVar[dict[Any, str]] = {}

    def of_shared(self, name: str) -> str:
        return f"(float){name}"

    def integer(self, number: int) -> str:
        return f"{number}.0f"

    def decimal(self, text: str) -> str:
        return f"(float){text}"

    def root(self, base: Expr) -> tuple[str, int]:
        return f"sqrtf({self.print(base)})", ATOM

    def power(self, base: Expr, exponent: Expr) -> tuple[str, int]:
        if exponent == 2 and base.is_Symbol:
            text = self.print(base)
            return f"{text} * {text}", MUL
        raise Unsupported(f"no power but the square of a name in float, not {base}**{exponent}")


__all__ = ["CUpdateText", "c_update_text"]
