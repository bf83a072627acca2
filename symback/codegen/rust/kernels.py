"""The Rust target: kernels, translated from those for NumPy.

By hand are those of `kernels.rs`: what the language has no word for, or computes with fewer digits,
what takes any number of operands, and functions of whole rows.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import ClassVar

from symback.codegen.kernels import writer
from symback.codegen.kernels.language import ATOM, KernelLanguage
from symback.codegen.kernels.reader import Kernel, translatable
from symback.codegen.kernels.scalars import is_condition
from symback.codegen.lines import freed

_KERNEL = re.compile(r"(?:^//[^\n]*\n)*^fn (_\w+)\(.*?^\}\n", re.M | re.S)
_SAME = "exp sqrt sin cos tan sinh cosh tanh hypot abs copysign"


class Rust(KernelLanguage):
    """How Rust writes kernels."""

    prefix: ClassVar = "_"
    functions: ClassVar = {
        **{name: f"f64::{name}" for name in _SAME.split()},
        **{f"arc{name}": f"f64::a{name}" for name in ("sin", "cos", "tan")},
        "arcsinh": "_asinh",
        "arctanh": "_atanh",
        "log": "f64::ln",
        "log1p": "f64::ln_1p",
        "expm1": "f64::exp_m1",
        "sign": "_sign",
        "minimum": "_min",
        "maximum": "_max",
        "rint": "f64::round_ties_even",
        "isinf": "f64::is_infinite",
        "isnan": "f64::is_nan",
        "isfinite": "f64::is_finite",
    }
    taken: ClassVar = frozenset({"f64", "fn", "let", "if", "else", "return", "for", "in"})
    constant: ClassVar = "let"
    variable: ClassVar = "let mut"
    undefined: ClassVar = "let"
    counter: ClassVar = ""
    signs: ClassVar = {"and": "&&", "or": "||"}
    indent: ClassVar = "    "

    def number(self, value: float) -> str:
        if math.isfinite(value):
            return repr(float(value))
        return "f64::NAN" if math.isnan(value) else f"{'-' * (value < 0)}f64::INFINITY"

    def as_float(self, text: str) -> str:
        return f"f64::from({text.removeprefix('(').removesuffix(')')})"

    def power(self, base: str, exponent: str | None) -> tuple[str, int]:
        return f"f64::powf({base}, {'2.0' if exponent is None else exponent})", ATOM

    def ternary(self, condition: str, yes: str, no: str) -> str:
        return choice(condition, yes, no)

    def branch(self, condition: str) -> str:
        return f"if {condition} {{"

    def loop(self, counter: str, steps: range) -> str:
        span = f"{min(steps)}..{max(steps) + 1}"
        if steps.step < 0:
            span = f"({span}).rev()"
        if abs(steps.step) > 1:
            span = f"({span}).step_by({abs(steps.step)})"
        return f"for {counter} in {span} {{"

    def not_nan(self, operand: str) -> tuple[str, int]:
        return f"!f64::is_nan({operand})", ATOM

    def table(self, name: str, values: list[str]) -> list[str]:
        rows = (", ".join(values[k : k + 3]) for k in range(0, len(values), 3))
        return [f"let {name} = [", *(f"{self.indent}{row}," for row in rows), "];"]

    def polynomial(self, table: str, at: str) -> str:
        return f"_polynomial({at}, &{table})"

    def function(self, kernel: Kernel, body: list[str]) -> str:
        comment = textwrap.wrap(f"// {self.comment(kernel)}", 98, subsequent_indent="// ")
        given = ", ".join(f"{name}: f64" for name in kernel.arguments)
        result = "bool" if is_condition(kernel.value) else "f64"
        head = f"fn {kernel.name}({given}) -> {result} {{"
        lines = [f"    {line}" for line in without_return(body)]
        return "\n".join([*comment, head, *lines, "}", ""])


def choice(condition: str, yes: str, no: str) -> str:
    """One of two values."""
    return f"if {freed(condition)} {{ {freed(yes)} }} else {{ {freed(no)} }}"


def without_return(body: Sequence[str]) -> list[str]:
    """The lines with a value at their end in place of a statement that returns it."""
    place = max(k for k, line in enumerate(body) if not line.startswith((" ", "}")))
    if not body[place].startswith("return "):
        return list(body)
    last = [body[place].removeprefix("return "), *body[place + 1 :]]
    return [*body[:place], *last[:-1], last[-1].removesuffix(";")]


@cache
def _by_hand() -> dict[str, str]:
    """The kernels that are written in Rust, by name, each with the comment above it."""
    text = Path(__file__).with_name("kernels.rs").read_text(encoding="utf-8")
    return {found[1]: found[0].rstrip() for found in _KERNEL.finditer(text)}


@cache
def names() -> frozenset[str]:
    """The names of all kernels."""
    return frozenset({*_by_hand(), *translatable()})


@cache
def source(name: str) -> str:
    """The text of a kernel."""
    return _by_hand()[name] if name in _by_hand() else writer.source(Rust(), name).rstrip()


__all__ = ["Rust", "choice", "names", "source", "without_return"]
