"""The JavaScript target: programs as tables of small functions, for one sample.

A page recomputes a derivation with it. Each line of a program becomes one row: the name it
gives, the names it reads and the function between them, so that a row whose names have no
number yet is left out instead of computing nonsense. Numbers print with `repr`, so no digit is
lost; functions that JavaScript lacks or computes badly are kernels of `kernels.js`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import sympy as sp
from sympy import Expr, Mul, Symbol
from sympy.codegen.cfunctions import expm1, hypot, log1p
from sympy.logic.boolalg import And, Or

from symback.circuits.program import Program, batch_sum, symbols
from symback.errors import DomainError, Unsupported, clip
from symback.operations import functions as ops
from symback.operations.balls.scalars import constant, nearest_float
from symback.operations.elementwise import OPS, SPELLINGS
from symback.operations.expressions import real_symbol
from symback.printing.printer import ATOM, MUL, NEG, Printer

FUNCTIONS: dict[Any, str] = {
    sp.exp: "Math.exp",
    sp.log: "Math.log",
    log1p: "Math.log1p",
    expm1: "Math.expm1",
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
    sp.erf: "_erf",
    sp.erfc: "_erfc",
    sp.sinc: "_sinc",
    ops.sinc_prime: "_sinc_slope",
    ops.log1psq: "_log1psq",
    ops.log1psq_prime: "_log1psq_slope",
    ops.log1mexp: (
        "(({0}) > -0.6931471805599453 ? Math.log(-Math.expm1({0})) : Math.log1p(-Math.exp({0})))"
    ),
    ops.logcosh: "_logcosh",
    ops.binary_cross_entropy: (
        "(Math.log1p(Math.exp(-Math.abs({0})))"
        " + (({0}) > 0 ? ({0}) * (1 - ({1})) : -({0}) * ({1})))"
    ),
    ops.binary_cross_entropy_prime: (
        "(({0}) > 0 ? 1 - ({1}) - _sigma(-({0})) : _sigma({0}) - ({1}))"
    ),
    ops.logaddexp: ("(Math.max({0}, {1}) + Math.log1p(Math.exp(-Math.abs(({0}) - ({1})))))"),
    ops.sigma: "_sigma",
    ops.sigma_prime: "_sigma_slope",
    ops.tanh_prime: "_tanh_slope",
    ops.softplus: "_softplus",
    ops.relu: "_relu",
    ops.relu_at: "_relu",  # which leaves the second operand alone
    ops.abs_at: "Math.abs",
    ops.max_at: "(Math.max({0}, {1}))",
    ops.min_at: "(Math.min({0}, {1}))",
    ops.silu: "_silu",
    ops.silu_prime: "_silu_slope",
    ops.gelu: "_gelu",
    ops.gelu_prime: "_gelu_slope",
    ops.logsigmoid: "_logsigmoid",
}
"""What each operation is called in JavaScript; a leading underscore marks a kernel, braces the
place of an operand."""

LONGEST_KERNELS = 300
"""Characters of the kernels of an operation that a page has in case an answer calls it."""

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
_LARGEST_EXACT = 2**53
_KERNEL = re.compile(r"(?:^//[^\n]*\n)*^function (_\w+)\(.*?^\}\n", re.M | re.S)


class JavaScriptPrinter(Printer):
    """Prints expressions as JavaScript."""

    times: ClassVar[str] = " * "
    over: ClassVar[str] = " / "
    functions: ClassVar = FUNCTIONS
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
        if expr.is_number and not expr.is_Rational:
            return self._literal(expr)
        return super()._print(expr)

    def symbol(self, symbol: Symbol) -> str:
        return identifier(symbol.name)

    # -- numbers ----------------------------------------------------------------------------

    def _literal(self, number: Expr) -> tuple[str, int]:
        if number == sp.pi:
            return "Math.PI", ATOM
        value = nearest_float(constant(number))
        if value - value != 0:
            raise DomainError(f"the constant {clip(str(number), 60)} is no float64")
        return repr(value), NEG if value < 0 else ATOM

    def rational(self, number: Expr) -> tuple[str, int]:
        if max(abs(number.p), number.q) > _LARGEST_EXACT:
            text = repr(int(number.p) / int(number.q))
            return text, NEG if number < 0 else ATOM
        return super().rational(number)

    def fraction(self, expr: Expr) -> tuple[list[Expr], list[Expr]]:
        """Factors above and below the line; numbers beyond 2⁵³ as one factor, rounded once."""
        numbers = [f for f in Mul.make_args(expr) if f.is_Rational]
        if all(max(abs(n.p), n.q) <= _LARGEST_EXACT for n in numbers):
            return super().fraction(expr)
        above, below = super().fraction(Mul(*(f for f in Mul.make_args(expr) if not f.is_Rational)))
        return [Mul(*numbers), *above], below

    # -- operations -------------------------------------------------------------------------

    def root(self, base: Expr) -> tuple[str, int]:
        return f"Math.sqrt({self.print(base)})", ATOM

    def power(self, base: Expr, exponent: Expr) -> tuple[str, int]:
        """A call: JavaScript refuses -x**2 as ambiguous. A name is squared by one product."""
        if exponent == 2 and base.is_Symbol:
            text = self.print(base)
            return f"{text} * {text}", MUL
        return f"Math.pow({self.print(base)}, {self.print(exponent)})", ATOM

    def call(self, name: str, args: Sequence[str]) -> str:
        return name.format(*args) if "{" in name else super().call(name, args)

    def branch(self, condition: str, yes: str, no: str) -> str:
        return f"({condition} ? {yes} : {no})"

    def connective(self, condition: Any) -> str:
        if isinstance(condition, And | Or):
            sign = " && " if isinstance(condition, And) else " || "
            return sign.join(sorted(f"({self.condition(part)})" for part in condition.args))
        return super().connective(condition)


def identifier(name: str) -> str:
    """The JavaScript name of a node; no circuit has a name with $, so none is taken twice."""
    if not _NAME.match(name):
        raise Unsupported(f"'{clip(ascii(name)[1:-1], 40)}' is no name; JavaScript can't have it")
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
    wanted = _called("\n".join(lines))
    found: dict[str, str] = {}
    while wanted:
        name = wanted.pop()
        if name not in found:
            found[name] = kernels()[name]
            wanted |= _called(found[name]) - {name}
    return [found[name] for name in sorted(found)]


def _called(text: str) -> set[str]:
    names = set(re.findall(r"(?<![\w.])_[a-z]\w*(?=\()", text))
    return names & kernels().keys()


@cache
def kernels() -> dict[str, str]:
    """The functions of `kernels.js` by name, each with the comment above it."""
    text = (Path(__file__).parent / "kernels.js").read_text(encoding="utf-8")
    return {found[1]: found[0].rstrip() for found in _KERNEL.finditer(text)}


def operations(used: Collection[Any]) -> list[str]:
    """Rows by the name of an operation: the fewest and most operands, 0 for any, and the function.

    Behind a function of one number stands its derivative. Operations with long kernels are left
    out, unless they are among the `used` heads.
    """
    printer = JavaScriptPrinter({})
    names = [real_symbol(name) for name in ("u", "v", "w")]
    found = []
    for op in OPS.values():
        least, most = op.arity
        function = FUNCTIONS.get(op.head, "")
        if not function.startswith("Math."):
            function = _arrow(op.head(*names[:least]), names[:least], printer)
        row = f'["{op.name}", {least}, {most or 0}, {function}'
        if op.arity == (1, 1):
            (slope,) = op.local_partials(op.head(names[0]), names[0])
            row += f", {_arrow(slope, names[:1], printer)}"
        if op.head in used or sum(map(len, kernel_sources([row]))) <= LONGEST_KERNELS:
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
