"""The C target: expressions and programs as plain C99 over numbers of type double.

Constants print with `repr`, so no digit is lost; functions that C lacks, computes badly or that
compilers do not vectorise are kernels (`kernels.py` says where these come from), all others come
from <math.h>.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar

import sympy as sp
from sympy import Expr, Symbol
from sympy.codegen.cfunctions import expm1, hypot, log1p, log2, log10

from symback.circuits.names import fresh_name
from symback.codegen.c import kernels, vectors
from symback.operations import edges, steps
from symback.operations import functions as ops
from symback.operations.special import logwsumexp
from symback.operations.stated import stated, stop_gradient
from symback.printing.code import CodePrinter, called_kernels, with_kernels
from symback.printing.printer import ATOM

_OF_MATH_H: dict[Any, str] = {
    sp.log: "log",
    log1p: "log1p",
    expm1: "expm1",
    log10: "log10",
    log2: "log2",
    ops.cbrt: "cbrt",
    steps.floor: "floor",
    steps.ceil: "ceil",
    steps.round: "rint",
    sp.sin: "sin",
    sp.cos: "cos",
    sp.tan: "tan",
    sp.asin: "asin",
    sp.acos: "acos",
    sp.atan: "atan",
    sp.atan2: "atan2",
    sp.sinh: "sinh",
    sp.cosh: "cosh",
    sp.asinh: "asinh",
    sp.acosh: "acosh",
    sp.atanh: "atanh",
    sp.Abs: "fabs",
    hypot: "hypot",
    sp.erf: "erf",
    ops.erfc: "erfc",
    edges.zero_or_nan: "{0}",
    edges.unless_nan: "(({1} == {1}) ? {0} : {1})",
    stop_gradient: "({0})",
    stated: "({0})",
    ops.relu: "symback_max({0}, 0.0)",
    ops.relu_at: "symback_max({0}, 0.0)",
    ops.abs_at: "fabs({0})",
    ops.max_at: "symback_max({0}, {1})",
    ops.min_at: "symback_min({0}, {1})",
}
"""What the language has, or a template says; braces mark the place of an operand."""

POWERS = {2: "symback_square", 3: "symback_cube", 4: "symback_fourth"}
"""Kernels of powers with these exponents; the others are pow's."""

RESERVED = frozenset(
    """
    asm auto bool break case catch char class const constexpr continue default delete do double
    else enum explicit export extern false float for friend goto if inline int long mutable
    namespace new noexcept nullptr operator private protected public register restrict return
    short signed sizeof static struct switch template this throw true try typedef typeid typename
    typeof union unsigned using virtual void volatile wchar_t while and or not xor bitand bitor
    compl alignas alignof decltype thread_local static_assert char16_t char32_t
    size_t ptrdiff_t uint64_t int64_t memcpy pow sqrt fabs fma copysign isfinite
    NULL NAN INFINITY HUGE_VAL linux unix i386 near far small interface
    params inputs cache count row output output_bar param_bars input_bars bars start stop
    params_dot inputs_dot output_dot bar_dots residuals rows columns
    """.split()
)
"""Words of C and C++, macros that compilers define, and names of the printed functions."""

FUNCTIONS = with_kernels(_OF_MATH_H, kernels.names(), kernels.PREFIX)
"""What each operation is called in C; `symback_` marks a kernel, braces the place of an operand."""


class CPrinter(CodePrinter):
    """Prints expressions as C; `signs` has what symbols are called there, if not by their names."""

    functions: ClassVar = FUNCTIONS

    def of_shared(self, name: str) -> str:
        """A name of type double that all elements share, as lines of the printer's type read it."""
        return name

    def integer(self, number: int) -> str:
        return f"{number}.0"

    def general_power(self, base: Expr, exponent: Expr) -> tuple[str, int]:
        if exponent.is_Integer and int(exponent) in POWERS:
            return f"{POWERS[int(exponent)]}({self.print(base)})", ATOM
        return f"pow({self.print(base)}, {self.print(exponent)})", ATOM

    def function(self, expr: Expr) -> tuple[str, int]:
        if isinstance(expr, sp.Min | sp.Max) and len(expr.args) > 2:
            return self.nested(expr), ATOM
        if isinstance(expr, logwsumexp):
            name = f"{self.functions[expr.func]}_{len(expr.args) // 2}"
            return self.call(name, list(map(self.print, expr.args))), ATOM
        return super().function(expr)

    def branch(self, condition: str, yes: str, no: str) -> str:
        return f"(({condition}) ? {yes} : {no})"


def c_names(
    names: Iterable[str], prefix: str, local: frozenset[str] = frozenset()
) -> dict[str, str]:
    """The names that C has for those of a circuit, where they are not the same.

    `local` are names that the printed functions have beside RESERVED.
    """
    known, reserved = list(names), RESERVED | local
    taken = {*known, *reserved}
    # of kernels, functions and macros
    starts = (kernels.PREFIX, f"{prefix}_", f"{prefix.upper()}_")
    found = {}
    for name in known:
        if name in reserved or name.startswith(starts) or name == prefix:
            found[name] = fresh_name([f"v_{name}", f"v_{name}_"], taken)
            taken.add(found[name])
    return found


def c_prefix(stem: str) -> str:
    """What the names of a file's functions begin with: its name, as far as C can have it."""
    text = re.sub(r"[^A-Za-z0-9_]", "_", stem).strip("_")[:40]
    if not text or text[0].isdigit() or text in RESERVED or text.startswith("symback"):
        text = f"c_{text}"
    return text


def kernel_sources(lines: Iterable[str], *, vectors_too: bool = True) -> list[str]:
    """The source of every kernel that the lines call, each after those that it calls itself.

    Without branches for vectors every one is called, whatever processor the code is made for.
    """
    lines = list(lines)
    of_many = {f"{name}{vectors.SUFFIX}" for name in kernels.names()}
    of_pairs = {found for line in lines for found in kernels.OF_PAIRS.findall(line)}

    def source(name: str) -> str:
        text = vectors.source(name) if name in of_many else kernels.source(name)
        return text if vectors_too else kernels.without_vectors(text)

    return [*called_kernels(lines, kernels.names() | of_many | of_pairs, source).values()]


__all__ = ["FUNCTIONS", "CPrinter", "Symbol", "c_names", "c_prefix", "kernel_sources"]
