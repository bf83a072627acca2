"""The JavaScript target: programs as tables of small functions, for one sample.

A page recomputes a derivation with it. Each line of a program becomes one row: the name it
gives, the names it reads and the function between them, so that a row whose names have no
number yet is left out instead of computing nonsense. Numbers print with `repr`, so no digit is
lost; functions that JavaScript lacks or computes badly are kernels (`kernels.py` says where these
come from).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any, ClassVar

import sympy as sp
from sympy import Expr, S, Symbol
from sympy.codegen.cfunctions import expm1, hypot, log1p, log2, log10

from symback.circuits.program import Program, batch_sum, symbols
from symback.codegen.javascript import kernels
from symback.errors import Unsupported, clip
from symback.operations import edges, special, steps
from symback.operations import functions as ops
from symback.operations.elementwise import OPS, SPELLINGS
from symback.operations.expressions import real_symbol
from symback.operations.polynomials import horner
from symback.operations.stated import stated, stop_gradient
from symback.printing.code import CodePrinter, called_kernels, with_kernels
from symback.printing.printer import ATOM

_OF_MATH: dict[Any, str] = {
    sp.exp: "Math.exp",
    sp.log: "Math.log",
    log1p: "Math.log1p",
    expm1: "Math.expm1",
    log10: "Math.log10",
    log2: "Math.log2",
    ops.cbrt: "Math.cbrt",
    steps.floor: "Math.floor",
    steps.ceil: "Math.ceil",
    sp.sin: "Math.sin",
    sp.cos: "Math.cos",
    sp.tan: "Math.tan",
    sp.asin: "Math.asin",
    sp.acos: "Math.acos",
    sp.atan: "Math.atan",
    sp.atan2: "Math.atan2",
    sp.sinh: "Math.sinh",
    sp.cosh: "Math.cosh",
    sp.tanh: "Math.tanh",
    sp.asinh: "Math.asinh",
    sp.acosh: "Math.acosh",
    sp.atanh: "Math.atanh",
    sp.Abs: "Math.abs",
    sp.sign: "Math.sign",
    sp.Min: "Math.min",
    sp.Max: "Math.max",
    hypot: "Math.hypot",
    edges.zero_or_nan: "{0}",
    edges.unless_nan: "(({1}) === ({1}) ? {0} : {1})",
    ops.logaddexp: (
        "(({0}) === ({1}) ? ({0}) + Math.LN2"
        " : Math.max({0}, {1}) + Math.log1p(Math.exp(-Math.abs(({0}) - ({1})))))"
    ),
    stop_gradient: "({0})",
    stated: "({0})",
    ops.relu_at: "(_relu({0}))",
    ops.abs_at: "(Math.abs({0}))",
    ops.max_at: "(Math.max({0}, {1}))",
    ops.min_at: "(Math.min({0}, {1}))",
}
"""What the language has, or a template says; braces mark the place of an operand."""

LONGEST_KERNELS = 360
"""Characters of the kernels of an operation that a page has in case an answer calls it."""
PUT_IN_PLACE = frozenset(
    {
        *(ops.log1mexp, ops.log1psq, ops.binary_cross_entropy),
        *(ops.relu_at, ops.abs_at, ops.max_at, ops.min_at),
    }
)
"""What stands in place of a typed form, besides `symback.operations.special`: answers have that."""

RESERVED = frozenset(
    """
    arguments await break case catch class const continue debugger default delete do else enum
    eval export extends false finally for function if implements import in instanceof interface
    let new null package private protected public return static super switch this throw true try
    typeof undefined var void while with yield Infinity Math NaN
    """.split()
)
"""Words that a parameter of a function can't be, or that the printed code needs."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")

FUNCTIONS = with_kernels(_OF_MATH, kernels.names(), "_")
"""What each operation is called in JavaScript; a leading underscore marks a kernel, braces the
place of an operand."""


class JavaScriptPrinter(CodePrinter):
    """Prints expressions as JavaScript."""

    functions: ClassVar = FUNCTIONS
    constants: ClassVar = {S.Pi: "Math.PI"}
    relations: ClassVar = {
        "<": "<",
        "<=": "<=",
        ">": ">",
        ">=": ">=",
        "==": "===",
        "!=": "!==",
    }

    def _print(self, expr: Expr) -> tuple[str, int]:
        if isinstance(expr, batch_sum):  # one sample: a sum of one term
            return self._print(expr.args[0])
        return super()._print(expr)

    def symbol(self, symbol: Symbol) -> str:
        return self.signs.get(symbol.name) or identifier(symbol.name)

    def root(self, base: Expr) -> tuple[str, int]:
        return f"Math.sqrt({self.print(base)})", ATOM

    def general_power(self, base: Expr, exponent: Expr) -> tuple[str, int]:
        """A call: JavaScript refuses -x**2 as ambiguous."""
        return f"Math.pow({self.print(base)}, {self.print(exponent)})", ATOM

    def branch(self, condition: str, yes: str, no: str) -> str:
        return f"({condition} ? {yes} : {no})"


def identifier(name: str) -> str:
    """The JavaScript name of a node; no circuit has a name with $, so none is taken twice."""
    if not _NAME.match(name):
        raise Unsupported(f"'{clip(ascii(name)[1:-1], 40)}' is not a name that JavaScript can have")
    return f"{name}$" if name in RESERVED else name


def table(program: Program, printer: JavaScriptPrinter) -> list[str]:
    """The rows of a program, in order; each may read the arguments and the rows before it."""
    return [row([line.target.name], line.expr, printer) for line in program.lines]


def row(names: Sequence[str], expr: Expr, printer: JavaScriptPrinter) -> str:
    """`{name: "net2", from: ["w3", "x3"], value: (w3, x3) => w3 * x3},`"""
    read = sorted(symbols(expr), key=lambda s: (printer.rank(s), s.name))
    given = " ".join(name for name in names if identifier(name))
    operands = ", ".join(f'"{s.name}"' for s in read)
    arguments = ", ".join(printer.symbol(s) for s in read)
    return (
        f'{{name: "{given}", from: [{operands}], value: ({arguments}) => {printer.print(expr)}}},'
    )


def kernel_sources(lines: Iterable[str]) -> list[str]:
    """The source of every kernel that the lines call, and of those that the kernels call."""
    found = called_kernels(lines, kernels.names(), kernels.source)
    return [found[name] for name in sorted(found)]


def operations(used: Collection[Any]) -> list[str]:
    """Rows by the name of an operation: the fewest and most operands, 0 for any, and the function.

    Behind a function of one number stands its derivative. Operations with long kernels, and those
    that rewritings put in place, are left out, unless they are among the `used` heads.
    """
    printer = JavaScriptPrinter({})
    names = [real_symbol(name) for name in ("u", "v", "w", "z")]
    found = []
    for op in OPS.values():
        least, most = op.arity
        function = FUNCTIONS.get(op.head, "")
        if op.head is horner:
            function = "(u, ...by) => by.reduceRight((sum, next) => next + u * sum)"
        elif not function.startswith("Math."):
            function = _arrow(op.head(*names[:least]), names[:least], printer)
        row = f'["{op.name}", {least}, {most or 0}, {function}'
        if op.arity == (1, 1):
            (slope,) = op.local_partials(op.head(names[0]), names[0])
            row += f", {_arrow(slope, names[:1], printer)}"
        if op.head in used or not (
            op.head.__module__.startswith(special.__name__)
            or op.head in PUT_IN_PLACE
            or sum(map(len, kernel_sources([row]))) > LONGEST_KERNELS
        ):
            found.append(f"{row}],")
    return found


def _arrow(expr: Expr, names: Sequence[Symbol], printer: JavaScriptPrinter) -> str:
    given = ", ".join(name.name for name in names)
    return f"{given if len(names) == 1 else f'({given})'} => {printer.print(expr)}"


def spellings(rows: Iterable[str]) -> dict[str, str]:
    """The other names of the operations in the rows, with the name that each stands for."""
    kept = "\n".join(rows)
    found = {s: op.name for s, op in SPELLINGS.items() if f'["{op.name}",' in kept}
    return {spelling: name for spelling, name in found.items() if spelling != name}


def module(tables: Sequence[tuple[str, Sequence[str]]]) -> list[str]:
    """Lines of code: the kernels that the tables call, then each table as a constant."""
    lines = [line for _, rows in tables for line in rows]
    code = [line for kernel in kernel_sources(lines) for line in [*kernel.splitlines(), ""]]
    for name, rows in tables:
        code += [f"const {name} = [", *(f"  {text}" for text in rows), "];"]
    return code


__all__ = [
    "FUNCTIONS",
    "JavaScriptPrinter",
    "identifier",
    "kernel_sources",
    "module",
    "operations",
    "row",
    "spellings",
    "table",
]
