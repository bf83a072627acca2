"""Update of an optimiser → the texts that the templates of its module print."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any, TypeVar

from symback.autodiff.updates import DECAY, DECAYED, GRADIENT, THETA, Update, UpdateSetting
from symback.circuits.program import Assign
from symback.codegen.header import NUMPY_ONLY, Head, Header
from symback.codegen.lines import wrapped
from symback.codegen.numpy.printer import NumpyPrinter, kernel_sources
from symback.codegen.numpy.statements import statements
from symback.printing.printer import ATOM, Printer
from symback.printing.text import TextPrinter

LAST = (GRADIENT, DECAYED, DECAY.name, THETA)
"""Names whose terms come last in a sum: new gradients behind old ones, then the weight decay."""


@dataclass(frozen=True, slots=True)
class Argument:
    """A setting as the module reads it: its default and its range, as code and as words."""

    name: str
    meaning: str
    default: str
    least: str
    bound: str
    range: str

    @property
    def sentence(self) -> str:
        default = f"; {self.default} by default" if self.default else ""
        return f"{self.meaning}; {self.range}{default}"


@dataclass(frozen=True, slots=True)
class UpdateText:
    """What the templates fill in. Lines are without indentation; names are checked names."""

    header: Header
    head: Head
    rule: str
    state: Sequence[tuple[str, str]]  # names with what they are
    arguments: Sequence[Argument]
    lines: Sequence[str]
    kernels: Sequence[str]


def update_text(update: Update, version: str) -> UpdateText:
    """All texts of an update's NumPy module."""
    lines = _lines(update)
    header = Header(
        f"{update.rule.title}: one step of an optimiser",
        formulas(update, printer_of(TextPrinter, update)),
        update.text,
        version,
        "rule",
    )
    source = wrap(f"{update.rule.source}. {update.rule.form}", 96, break_on_hyphens=False)
    return UpdateText(
        header=header,
        head=header.head(NUMPY_ONLY, [*source, ""]),
        rule=update.name,
        state=list(update.rule.state.items()),
        arguments=[_argument(s) for s in ordered(update)],
        lines=lines,
        kernels=kernel_sources(lines),
    )


def ordered(update: Update) -> list[UpdateSetting]:
    """The settings as a call names them: those without a default first."""
    known = {s.name: s for s in update.rule.settings}
    return [known[p.name] for p in update.circuit.params]


def _argument(setting: UpdateSetting) -> Argument:
    default = "" if setting.default is None else repr(setting.default)
    bound = "math.inf" if setting.bound == float("inf") else repr(setting.bound)
    return Argument(
        setting.name, setting.meaning, default, repr(setting.least), bound, setting.range
    )


AnyPrinter = TypeVar("AnyPrinter", bound=Printer)


class UpdatePrinter(NumpyPrinter):
    """Prints squares as products: of one number NumPy's `**` takes pow, which rounds otherwise."""

    def square(self, name: str) -> tuple[str, int]:
        return f"np.square({name})", ATOM


def printer_of(printer: type[AnyPrinter], update: Update, **options: Any) -> AnyPrinter:
    """A printer that writes formulas as the rule does, what is shared first in a product."""
    program = update.program
    shared = {a.name for a in program.arguments if a not in program.per_sample}
    made = printer(print_order(update), shared, **options)
    varying = program.varying()
    found = {line.target.name for line in program.lines if line.target not in varying}
    made.shared = shared | found
    return made


def print_order(update: Update) -> dict[str, tuple[int, ...]]:
    """Ranks of the names: where each first appears in the rule's equations, some at the end."""
    words = re.findall(r"[A-Za-z]\w*", update.rule.equations)
    parts = [line.target.name for line in update.program.lines]
    found = [*(w for w in words if w not in LAST), *LAST, *parts]
    return {name: (rank,) for rank, name in enumerate(dict.fromkeys(found))}


def formulas(update: Update, printer: Printer) -> list[str]:
    """The rule's lines, printed."""
    return [f"{node.name} = {printer.print(node.formula)}" for node in update.nodes]


def _lines(update: Update) -> list[str]:
    """The body of update: what parameters share as numbers, the rest as arrays."""
    program = update.program
    varying = program.varying()
    printer = printer_of(UpdatePrinter, update, varying=varying, in_place=True)
    found = [f"{', '.join(update.per_element)} = _arrays(theta, g, state)"]
    for line in program.lines:
        if line.target in varying:
            found += statements(program.with_lines([line]), printer, copies=True)
        else:
            found += wrapped(f"{line.target} =", _as_number(printer, line))
    theta_next, *state_next = map(str, program.results)
    return [*found, f"return {theta_next}, State({', '.join(state_next)})"]


def _as_number(printer: NumpyPrinter, line: Assign) -> str:
    """A line that all parameters share, as a Python float: one of NumPy would widen float32."""
    text = printer.print(line.expr)
    return f"float({text})" if "np." in text else text


__all__ = ["UpdateText", "formulas", "printer_of", "update_text"]
