"""The JavaScript target: kernels, translated from those for NumPy.

By hand are those of `kernels.js` (the language has no polynomial, `logwsumexp` takes any number
of operands, `round` and `mod` are NumPy's own), and functions of whole rows in `array_kernels.js`.
"""

from __future__ import annotations

import math
import re
import textwrap
from functools import cache
from pathlib import Path
from typing import ClassVar

from symback.codegen.kernels import writer
from symback.codegen.kernels.language import ATOM, UNARY, KernelLanguage
from symback.codegen.kernels.reader import Kernel, translatable

_KERNEL = re.compile(r"(?:^//[^\n]*\n)*^function (_\w+)\(.*?^\}\n", re.M | re.S)
_SAME = "exp log log1p expm1 sqrt sin cos tan sinh cosh tanh hypot abs sign"


class JavaScript(KernelLanguage):
    """How JavaScript writes kernels."""

    prefix: ClassVar = "_"
    functions: ClassVar = {
        **{name: f"Math.{name}" for name in _SAME.split()},
        **{f"arc{name}": f"Math.a{name}" for name in ("sin", "cos", "tan", "sinh", "tanh")},
        "minimum": "Math.min",
        "maximum": "Math.max",
        "rint": "Math.round",
        "copysign": "Math.sign({1}) * Math.abs({0})",
        "isinf": "Math.abs({0}) === Infinity",
        "isnan": "Number.isNaN",
        "isfinite": "Number.isFinite",
    }
    taken: ClassVar = frozenset({"Math", "Number", "Infinity", "NaN"})
    constant: ClassVar = "const"
    variable: ClassVar = "let"
    undefined: ClassVar = "let"
    counter: ClassVar = "let"
    signs: ClassVar = {"and": "&&", "or": "||", "==": "===", "!=": "!=="}
    indent: ClassVar = "  "

    def number(self, value: float) -> str:
        if math.isfinite(value):
            return repr(int(value)) if value.is_integer() and abs(value) < 1e6 else repr(value)
        return "NaN" if math.isnan(value) else f"{'-' * (value < 0)}Infinity"

    def as_float(self, text: str) -> str:
        return text

    def power(self, base: str, exponent: str | None) -> tuple[str, int]:
        return (
            (f"({base}) ** 2", UNARY)
            if exponent is None
            else (f"Math.pow({base}, {exponent})", ATOM)
        )

    def ternary(self, condition: str, yes: str, no: str) -> str:
        return f"{condition} ? {yes} : {no}"

    def table(self, name: str, values: list[str]) -> list[str]:
        rows = (", ".join(values[k : k + 3]) for k in range(0, len(values), 3))
        return [f"const {name} = [", *(f"{self.indent}{row}," for row in rows), "];"]

    def polynomial(self, table: str, at: str) -> str:
        return f"_polynomial({at}, {table})"

    def function(self, kernel: Kernel, body: list[str]) -> str:
        comment = textwrap.wrap(f"// {self.comment(kernel)}", 98, subsequent_indent="// ")
        head = f"function {kernel.name}({', '.join(kernel.arguments)}) {{"
        return "\n".join([*comment, head, *(f"  {line}" for line in body), "}", ""])


@cache
def _by_hand() -> dict[str, str]:
    """The kernels that are written in JavaScript, by name, each with the comment above it."""
    files = ("kernels.js", "array_kernels.js")
    text = "\n".join((Path(__file__).parent / f).read_text(encoding="utf-8") for f in files)
    return {found[1]: found[0].rstrip() for found in _KERNEL.finditer(text)}


@cache
def names() -> frozenset[str]:
    """The names of all kernels."""
    return frozenset({*_by_hand(), *translatable()})


@cache
def source(name: str) -> str:
    """The text of a kernel."""
    return _by_hand()[name] if name in _by_hand() else writer.source(JavaScript(), name).rstrip()


__all__ = ["JavaScript", "names", "source"]
