"""The Rust target: expressions over numbers of type f64.

Constants print with `repr`, so no digit is lost; functions that Rust lacks or computes badly are
kernels (`kernels.py` says where these come from), all others are methods of f64.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import sympy as sp
from sympy import Expr, S
from sympy.codegen.cfunctions import expm1, hypot, log1p, log2, log10

from symback.circuits.names import fresh_name
from symback.codegen.lines import freed
from symback.codegen.rust import kernels
from symback.operations import edges, steps
from symback.operations import functions as ops
from symback.operations.special import logwsumexp
from symback.operations.stated import stated, stop_gradient
from symback.printing.code import CodePrinter, called_kernels, with_kernels
from symback.printing.printer import ATOM

_OF_F64: dict[Any, str] = {
    sp.exp: "f64::exp",
    sp.log: "f64::ln",
    log1p: "f64::ln_1p",
    expm1: "f64::exp_m1",
    log10: "f64::log10",
    log2: "f64::log2",
    ops.cbrt: "f64::cbrt",
    steps.floor: "f64::floor",
    steps.ceil: "f64::ceil",
    steps.round: "f64::round_ties_even",
    sp.sin: "f64::sin",
    sp.cos: "f64::cos",
    sp.tan: "f64::tan",
    sp.asin: "f64::asin",
    sp.acos: "f64::acos",
    sp.atan: "f64::atan",
    sp.atan2: "f64::atan2",
    sp.sinh: "f64::sinh",
    sp.cosh: "f64::cosh",
    sp.tanh: "_tanh",
    sp.asinh: "_asinh",
    sp.acosh: "_acosh",
    sp.atanh: "_atanh",
    sp.Abs: "f64::abs",
    sp.sign: "_sign",
    sp.Min: "_min",
    sp.Max: "_max",
    hypot: "f64::hypot",
    edges.zero_or_nan: "{0}",
    edges.unless_nan: "(if f64::is_nan({1}) {{ {1} }} else {{ {0} }})",
    stop_gradient: "({0})",
    stated: "({0})",
    ops.relu_at: "_relu({0})",
    ops.abs_at: "f64::abs({0})",
    ops.max_at: "_max({0}, {1})",
    ops.min_at: "_min({0}, {1})",
}
"""What the language has, or a template says; braces mark the place of an operand."""

RESERVED = frozenset(
    """
    Err None Ok Self Some abstract as async await become box break const continue crate do
    dyn else enum extern false final fn for gen if impl in let loop macro match mod move mut
    override priv pub ref return self static struct super trait true try type typeof unsafe
    unsized use virtual where while yield core f64 usize vec
    """.split()
)
"""Words that a name can't be."""

FUNCTIONS = with_kernels(_OF_F64, kernels.names(), "_")
"""What each operation is called in Rust; a leading underscore marks a kernel, braces the place of
an operand."""


CONSTANTS = "#[allow(clippy::all)]"
"""Kernels have their constants as numbers, and loops by index."""


class RustPrinter(CodePrinter):
    """Prints expressions as Rust."""

    functions: ClassVar = FUNCTIONS
    constants: ClassVar = {S.Pi: "core::f64::consts::PI"}

    def integer(self, number: int) -> str:
        return f"{number}.0"

    def root(self, base: Expr) -> tuple[str, int]:
        return f"f64::sqrt({freed(self.print(base))})", ATOM

    def general_power(self, base: Expr, exponent: Expr) -> tuple[str, int]:
        return self.call("f64::powf", [self.print(base), self.print(exponent)]), ATOM

    def function(self, expr: Expr) -> tuple[str, int]:
        if isinstance(expr, sp.Min | sp.Max) and len(expr.args) > 2:
            return self.nested(expr), ATOM
        if isinstance(expr, logwsumexp):
            return f"_logwsumexp(&[{', '.join(map(self.print, expr.args))}])", ATOM
        return super().function(expr)

    def branch(self, condition: str, yes: str, no: str) -> str:
        return f"({kernels.choice(condition, yes, no)})"

    def call(self, name: str, args: Sequence[str]) -> str:
        return super().call(name, args if "{" in name else [freed(text) for text in args])


def rust_names(names: Iterable[str], local: frozenset[str]) -> dict[str, str]:
    """The names that Rust has for those of a circuit, where they are not the same."""
    known, reserved = list(names), RESERVED | local
    taken = {*known, *reserved}
    found = {}
    for name in known:
        if name in reserved:
            found[name] = fresh_name([f"v_{name}", f"v_{name}_"], taken)
            taken.add(found[name])
    return found


def kernel_sources(lines: Iterable[str], alone: bool = True) -> list[str]:
    """The source of every kernel that the lines call, and of those that the kernels call.

    Where they stand `alone`, each keeps linters from words on its style.
    """
    found = called_kernels(lines, kernels.names(), kernels.source)
    allowed = f"\n{CONSTANTS}" if alone else ""
    return [found[name].replace("\nfn ", f"{allowed}\nfn ") for name in sorted(found)]


__all__ = ["FUNCTIONS", "RESERVED", "RustPrinter", "kernel_sources", "rust_names"]
