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
from symback.codegen.c.files import REALS, CFiles, CFunction, Real, Variant, heads_of
from symback.codegen.c.printer import CPrinter, c_names, c_prefix, kernel_sources
from symback.codegen.c.signature import Signature
from symback.codegen.c.statements import StatementPrinter, compiler_level
from symback.codegen.loops.tree import Declare, For, Storage, Store, Tree, Unused
from symback.codegen.numpy.update import UpdateText, printer_of, update_text
from symback.errors import Unsupported
from symback.printing.printer import ATOM, MUL

LOCAL = frozenset({"settings", "state", "state_next", "next"})
"""Names that the printed function has beside those of all."""


NEXT = """\
theta_next takes theta after one step against the gradient g, state_next the state after it;
   each may be the array that it is the next of."""
ABOUT = """\
Arrays have one value a parameter; count is the number of parameters. The function holds no
state, so threads may call it at the same time. That which ends in _f32 takes and gives float;
what parameters share is computed in double."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CUpdateText(CFiles):
    """What the templates of an update's module fill in."""

    python: UpdateText
    settings: Sequence[tuple[str, str]]  # C's names, and what they are
    state: Sequence[tuple[str, str]]


def c_update_text(update: Update, version: str, stem: str = "") -> CUpdateText:
    """All texts of an update's C module; `stem` is the name of its files."""
    stem = stem or update.name
    prefix = c_prefix(stem)
    python = update_text(update, version)
    program = update.program
    found = [*program.arguments, *(line.target for line in program.lines)]
    names = c_names([s.name for s in found], prefix, LOCAL)
    code = _step(update, names, CPrinter, "double")
    code_f32 = _step(update, names, FloatPrinter, "float")
    source = python.head.remarks
    return CUpdateText(
        python=python,
        stem=stem,
        prefix=prefix,
        heads=heads_of(python.header, stem, ", in C.", [*source, *ABOUT.splitlines()], source),
        structure_template="c/update_structures.h.jinja",
        settings=[(names.get(a.name, a.name), a.sentence) for a in python.arguments],
        state=[(names.get(name, name), meaning) for name, meaning in python.state],
        variants=[
            Variant(REALS[0], [CFunction(_signature(prefix, REALS[0]), NEXT, code)]),
            Variant(REALS[1], [CFunction(_signature(prefix, REALS[1]), NEXT, code_f32)]),
        ],
        kernels=kernel_sources(code),
        level=compiler_level(len(code)),
    )


def _signature(prefix: str, real: Real) -> Signature:
    number, state = real.name, f"const {prefix}_state{real.suffix} *"
    return Signature(
        "void",
        f"{prefix}_update{real.suffix}",
        (
            *((f"const {prefix}_settings *", "settings"), ("size_t ", "count")),
            *((f"const {number} *", f"{name}_at") for name in (THETA, GRADIENT)),
            *((state, "state"), (f"{number} *", f"{THETA}_next_to"), (state, "state_next")),
        ),
    )


def _step(update: Update, names: dict[str, str], printer: type[CPrinter], real: str) -> list[str]:
    """The function's body: lines sorted by whether they belong to one parameter."""
    program = update.program
    varying = program.varying()
    called: Callable[[Symbol], str] = lambda s: names.get(s.name, s.name)  # noqa: E731
    whole, own = printer_of(CPrinter, update), printer_of(printer, update)
    whole.signs = names
    shared = {a for line in program.lines for a in line.reads} - varying
    own.signs = {**names, **{s.name: own.of_shared(called(s)) for s in shared}}
    pointers: Tree = []
    before: Tree = []
    each: Tree = []
    for argument in program.arguments:
        name = called(argument)
        if argument not in varying:
            before.append(Declare(Storage.NUMBER, name, f"settings->{name}"))
            continue
        if argument.name not in (THETA, GRADIENT):
            pointers.append(Declare(Storage.READ, f"{name}_at", f"state->{name}"))
        each.append(Declare(Storage.NUMBER, name, f"{name}_at[row]"))
    for line in program.lines:
        tree, lines = (each, own) if line.target in varying else (before, whole)
        tree.append(Declare(Storage.NUMBER, called(line.target), lines.print(line.expr)))
    results = [called(s) for s in program.results]
    state = [names.get(name, name) for name in update.rule.state]
    for name, member in zip(results[1:], state, strict=True):
        pointers.append(Declare(Storage.WRITE, f"{name}_to", f"state_next->{member}"))
    unread = [] if state else [Unused("state"), Unused("state_next")]
    each += [Store(f"{name}_to[row]", name) for name in results]
    head = StatementPrinter(real, real).lines([*pointers, *before, *unread])
    loop = For("row", "0", "count", tuple(each), simd=True)
    return [*head, *StatementPrinter(real, real, number=real).lines([loop])]


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
