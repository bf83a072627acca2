"""The NumPy target: expressions and programs as vectorised Python.

Numbers print as Python literals (`repr`, so no digit is lost), which leave float32 arrays float32;
functions that NumPy lacks or computes badly are kernels of `symback.codegen.numpy.kernels`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar

import sympy as sp
from sympy import Expr, Mul, Piecewise, Symbol
from sympy.codegen.cfunctions import expm1, hypot, log1p, log2, log10

from symback.circuits.program import Assign, Program, batch_sum, symbols, varies
from symback.codegen.kernels.sources import OF_ARRAYS, OF_NUMBERS, functions
from symback.operations import edges, steps
from symback.operations import functions as ops
from symback.operations.elementwise import SLOPES
from symback.operations.functions import Slope
from symback.operations.shapes import is_size
from symback.operations.stated import stated, stop_gradient
from symback.printing.code import CodePrinter, called_kernels, with_kernels
from symback.printing.printer import ADD, ATOM, MUL, NEG, POW, is_negative

KERNELS: dict[str, str] = {
    name: source.text for name, source in functions((*OF_NUMBERS, *OF_ARRAYS)).items()
}
"""The source of every function that may be pasted into a module, by name."""

FUNCTIONS = with_kernels(
    {
        sp.exp: "np.exp",
        sp.log: "np.log",
        log1p: "np.log1p",
        expm1: "np.expm1",
        log10: "np.log10",
        log2: "np.log2",
        ops.cbrt: "np.cbrt",
        steps.floor: "np.floor",
        steps.ceil: "np.ceil",
        steps.round: "np.rint",
        steps.mod: "np.mod",
        sp.sin: "np.sin",
        sp.cos: "np.cos",
        sp.tan: "np.tan",
        sp.asin: "np.arcsin",
        sp.acos: "np.arccos",
        sp.atan: "np.arctan",
        sp.atan2: "np.arctan2",
        sp.sinh: "np.sinh",
        sp.cosh: "np.cosh",
        sp.tanh: "np.tanh",
        sp.asinh: "np.arcsinh",
        sp.acosh: "np.arccosh",
        sp.atanh: "np.arctanh",
        sp.Abs: "np.abs",
        sp.sign: "np.sign",
        sp.Min: "np.minimum",
        sp.Max: "np.maximum",
        hypot: "np.hypot",
        ops.logaddexp: "np.logaddexp",
        edges.zero_or_nan: "{0}",
        edges.unless_nan: "np.where(np.isnan({1}), {1}, {0})",
        stop_gradient: "+{0}",  # of its own memory
        stated: "+{0}",
        ops.relu: "np.maximum({0}, 0.0)",
        ops.relu_at: "np.maximum({0}, 0.0)",
        ops.abs_at: "np.abs({0})",
        ops.max_at: "np.maximum({0}, {1})",
        ops.min_at: "np.minimum({0}, {1})",
    },
    KERNELS,
    prefix="_",
)
"""What each operation is called in the module; a leading underscore marks a kernel, braces the
place of an operand."""

VALUE_AND_SLOPE: dict[type[Slope], str] = {
    slope: name for slope, op in SLOPES.items() if (name := f"_{op.name}_and_slope") in KERNELS
}
"""Kernels that compute an operation and its slope together."""

_LONGEST_FRACTION = 10**6


class NumpyPrinter(CodePrinter):
    """Prints expressions as NumPy code; `varying` are the symbols with one value a sample."""

    both: ClassVar[str] = " & "
    either: ClassVar[str] = " | "
    functions: ClassVar = FUNCTIONS
    longest_fraction: ClassVar[int] = _LONGEST_FRACTION

    def __init__(
        self,
        order: Any,
        leading: Any = (),
        *,
        varying: Iterable[Symbol] = (),
        rows: str = "1",
        in_place: bool = False,
    ) -> None:
        super().__init__(order, leading)
        self._varying = set(varying)
        self._rows = rows  # the code for the number of samples
        self._in_place = in_place  # what varies by sample is an array

    def _print(self, expr: Expr) -> tuple[str, int]:
        if isinstance(expr, batch_sum):
            return self._batch_sum(expr.args[0])
        return super()._print(expr)

    # -- numbers ----------------------------------------------------------------------------

    def literal(self, number: Expr) -> tuple[str, int]:
        multiple = number / sp.pi
        if multiple.is_Rational and max(abs(multiple.p), multiple.q) <= _LONGEST_FRACTION:
            return self._multiple_of_pi(multiple)
        return super().literal(number)

    def _multiple_of_pi(self, multiple: Expr) -> tuple[str, int]:
        if multiple < 0:
            text, _ = self._multiple_of_pi(-multiple)
            return f"-{text}", NEG
        if multiple == 1:
            return "math.pi", ATOM
        text = "math.pi" if multiple.p == 1 else f"{multiple.p} * math.pi"
        return (text if multiple.q == 1 else f"{text} / {multiple.q}"), MUL

    # -- powers -----------------------------------------------------------------------------

    def root(self, base: Expr) -> tuple[str, int]:
        return f"np.sqrt({self.print(base)})", ATOM

    def square(self, name: str) -> tuple[str, int]:
        return f"{name}**2", POW

    def general_power(self, base: Expr, exponent: Expr) -> tuple[str, int]:
        text = self.at(base, ATOM)
        if exponent == 3:  # NumPy's general power takes ten times as long as a product
            return f"{text} * {text}**2", MUL
        if exponent == 4:
            return f"({text}**2)**2", POW
        if exponent.is_Integer and exponent > 2**31:
            return f"{text}**{float(exponent)!r}", POW
        if base.is_Integer:  # an integer base would make integer powers
            text = f"{int(base)}.0"
        return f"{text}**{self.at(exponent, ATOM)}", POW

    # -- choices ----------------------------------------------------------------------------

    def where(self, expr: Piecewise) -> str:
        """Of two numbers one has the dtype of the data, which the choice has then."""
        *pieces, last = expr.args
        text, is_number = self.print(last.expr), _is_number(last.expr)
        for piece in reversed(pieces):
            value = self.print(piece.expr)
            if is_number and _is_number(piece.expr):
                value = self.cast(value)
            is_number = False
            text = self.branch(self.condition(piece.cond), value, text)
        return text

    def cast(self, text: str) -> str:
        """A number in the dtype to compute in."""
        return f"np.float64({text})"

    def branch(self, condition: str, yes: str, no: str) -> str:
        return f"np.where({condition}, {_as_float(yes)}, {_as_float(no)})"

    def arguments(self, expr: Expr) -> str:
        """The inside of the call of a function."""
        return ", ".join(self.print(operand) for operand in expr.args)

    def constant(self, expr: Expr) -> str:
        """The code of a constant in the dtype of the data."""
        return self.print(expr)

    def is_free(self, operand: Expr, line: Assign, program: Program) -> bool:
        """Whether the line may put its value in the memory of an operand."""
        return False

    def steps(self, target: Symbol, expr: Expr) -> list[tuple[str, str]]:
        """The assignments that compute a line in place, each with its left side; none if one does.

        A sum whose first term is a new array takes the others into its memory.
        """
        terms = self.sorted_terms(expr) if self._in_place and expr.is_Add else []
        if len(terms) < 2 or terms[0].is_Symbol or not varies(terms[0], self._varying):
            return []
        found = [(f"{target.name} =", self.at(terms[0], ADD))]
        for term in terms[1:]:
            sign, term = ("-", -term) if is_negative(term) else ("+", term)
            found.append((f"{target.name} {sign}=", self.at(term, ADD)))
        return found

    # -- sums over the batch ----------------------------------------------------------------

    def _batch_sum(self, expr: Expr) -> tuple[str, int]:
        """A dot product where two values that vary are multiplied, else a sum."""
        factors = Mul.make_args(expr)
        same = [f for f in factors if not varies(f, self._varying)]
        if not same:  # as most sums of a large circuit
            return self._sum_of(expr)
        shared = Mul(*same)
        rest = Mul(*(f for f in factors if f not in same))
        if rest == 1:
            text, level = self._rows, ATOM
        else:
            text, level = self._sum_of(rest)
        if shared == 1:
            return text, level
        if is_negative(shared):
            positive = self._times_shared(-shared, text)
            return f"-{positive}", NEG
        return self._times_shared(shared, text), MUL

    def _times_shared(self, shared: Expr, text: str) -> str:
        if shared == 1:
            return text
        if shared.is_Rational and shared.p == 1:
            return f"{text} / {shared.q}"
        return f"{self.at(shared, MUL)} * {text}"

    def _sum_of(self, expr: Expr) -> tuple[str, int]:
        if expr.is_Pow and expr.exp == 2:
            return self._dot(expr.base, self.print(expr.base)), ATOM
        above, below = self.fraction(expr)
        if len(above) > 1:
            return self._dot(above[0], self.quotient(above[1:], below)[0]), ATOM
        return f"{self.at(expr, ATOM)}.sum()", ATOM

    def _dot(self, first: Expr, other: str) -> str:
        """The function takes numbers too; for short arrays the method takes half its time."""
        if self._in_place and first.is_Symbol:
            return f"{self.print(first)}.dot({other})"
        return f"np.dot({self.print(first)}, {other})"


def _is_number(expr: Expr) -> bool:
    return all(map(is_size, symbols(expr)))


def _as_float(text: str) -> str:
    return f"{text}.0" if re.fullmatch(r"-?\d+", text) else text


def kernel_sources(lines: Iterable[str]) -> list[str]:
    """The source of every kernel that the lines call, and of those that the kernels call."""
    found = called_kernels(lines, KERNELS, KERNELS.__getitem__)
    return [found[name] for name in sorted(found)]
