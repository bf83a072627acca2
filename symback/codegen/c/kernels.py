"""The C target: kernels, translated from those for NumPy or written by hand.

By hand are:

- in `kernels.c`, the operations that networks apply to every element, such as sigma and gelu. They
  call no library and have no branches, so that compilers make vector code of loops over them;
- also there, `logwsumexp`, which takes any number of operands, and a few whose translation would
  take a tenth to a half more time (`expdiff`, `inv_expm1`, `sigmadiff`, `erfdiff`, `invdiff`,
  `log_ratio`, `rel_entr`, `logit`, `powlog`): NumPy's form reckons with signs and with operands
  that it holds, where a branch is cheaper;
- also there, `powshare`, whose translation branches, and keeps its loops from vector code;
- also there, `mod`, which NumPy has;
- in `library_kernels.c`, functions of <math.h>, for loops of which compilers make vector code;
- in `array_kernels.c`, functions of whole rows;
- in `single_kernels.c`, what these operations are made of where they take and give float.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import ClassVar

from symback.codegen.c import single_precision
from symback.codegen.c.single_precision import ELEMENTWISE, SUFFIX
from symback.codegen.kernels import writer
from symback.codegen.kernels.language import ATOM, KernelLanguage
from symback.codegen.kernels.reader import Kernel, translatable
from symback.codegen.kernels.scalars import is_condition

PREFIX = "symback_"
"""How the names of kernels and of the module's own variables begin."""

_KERNEL = re.compile(
    r"(?:^/\*(?:[^*]|\*(?!/))*\*/\n)?^static inline \w+ (\w+)\(.*?^\}\n", re.M | re.S
)
PASTED = "SYMBACK_PASTED"
"""The macro of kernels that compilers paste wherever they are called."""
MOST_PASTED = 500  # calls: where there are more, the code would become too long
_LONGEST_PASTED = 24  # lines
_FOR_VECTORS = "#ifdef __AVX512F__"  # in kernels that are there for the sake of such loops
_BRANCH = re.compile(rf"^{_FOR_VECTORS}\n.*?^#else\n(.*?)^#endif\n", re.M | re.S)
_ACCURACY = re.compile(r", within (?:[^*]|\*(?!/))*\*/")  # and the method, of a branch for vectors
_CALL = re.compile(rf"\b{PREFIX}\w+\(")
_LOGWSUMEXP = f"{PREFIX}logwsumexp"
OF_PAIRS = re.compile(rf"\b{_LOGWSUMEXP}_\d+\b")
"""`logwsumexp` of a number of pairs, which takes their operands one by one."""
_SAME = "exp log log1p expm1 sqrt sin cos tan sinh cosh tanh hypot rint copysign isinf isfinite"
_POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹ⁿᵏᵇ⁻⁺₁₂", "0123456789nkb-+12")
_ASCII = {
    "√(": "sqrt(",
    "Φ": "Phi",
    "φ": "phi",
    "σ": "sigma",
    "Σ": "sum of",
    "π": "pi",
    "∞": "infinity",
    "∫₀ᶻ": "integral from 0 to z of",
    "·": "*",
    "≤": "<=",
    "≥": ">=",
    "−": "-",
    "…": "...",
    "±": "+-",
    "‖": "|",
    "ä": "ae",
}


class C(KernelLanguage):
    """How C writes kernels."""

    prefix: ClassVar = PREFIX
    functions: ClassVar = {
        **{name: name for name in _SAME.split()},
        **{f"arc{name}": f"a{name}" for name in ("sin", "cos", "tan", "sinh", "tanh")},
        "abs": "fabs",
        "sign": f"{PREFIX}sign",
        "minimum": f"{PREFIX}min",
        "maximum": f"{PREFIX}max",
        "isnan": "{0} != {0}",
        "_erf": "erf",
        "_erfc": "erfc",
    }
    taken: ClassVar = frozenset({*_SAME.split(), "pow", "fabs", "erf", "erfc", "double", "int"})
    constant: ClassVar = "const double"
    variable: ClassVar = "double"
    undefined: ClassVar = "double"
    counter: ClassVar = "int"
    signs: ClassVar = {"and": "&&", "or": "||"}
    indent: ClassVar = "    "

    def number(self, value: float) -> str:
        if math.isfinite(value):
            return repr(value)
        return "(double)NAN" if math.isnan(value) else f"{'-' * (value < 0)}(double)INFINITY"

    def as_float(self, text: str) -> str:
        return f"(double){text}"

    def power(self, base: str, exponent: str | None) -> tuple[str, int]:
        return f"{PREFIX}square({base})" if exponent is None else f"pow({base}, {exponent})", ATOM

    def ternary(self, condition: str, yes: str, no: str) -> str:
        return f"({condition}) ? {yes} : {no}"

    def table(self, name: str, values: list[str]) -> list[str]:
        rows = (", ".join(values[k : k + 3]) for k in range(0, len(values), 3))
        body = ",\n".join(f"{self.indent}{row}" for row in rows).splitlines()
        return [f"static const double {name}[{len(values)}] = {{", *body, "};"]

    def polynomial(self, table: str, at: str) -> str:
        return f"{PREFIX}polynomial({table}, {at})"

    def function(self, kernel: Kernel, body: list[str]) -> str:
        arguments = ", ".join(f"double {name}" for name in kernel.arguments)
        result = "int" if is_condition(kernel.value) else "double"
        head = f"static inline {result} {PREFIX}{kernel.name[1:]}({arguments})"
        text = f"/* {_ascii(self.comment(kernel))}\N{NO-BREAK SPACE}*/"
        comment = [
            line.replace("\N{NO-BREAK SPACE}", " ")
            for line in textwrap.wrap(text, 98, subsequent_indent="   ")
        ]
        return "\n".join([*comment, head, "{", *(f"    {line}" for line in body), "}", ""])


def _ascii(text: str) -> str:
    """The text of a comment in ASCII."""
    text = re.sub("√(\\w+)", r"sqrt(\1)", text)
    for sign, word in _ASCII.items():
        text = text.replace(sign, word)
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹ⁿᵏᵇ⁻⁺]+", lambda power: _raised(power[0]), text)
    return text.translate(_POWERS)


def _raised(power: str) -> str:
    text = power.translate(_POWERS)
    return f"^{text}" if text.isalnum() else f"^({text})"


@cache
def _by_hand() -> dict[str, str]:
    """The kernels that are written in C, by name, each with the comment above it."""
    files = ("kernels.c", "library_kernels.c", "single_kernels.c", "array_kernels.c")
    text = "\n".join((Path(__file__).parent / f).read_text(encoding="utf-8") for f in files)
    return {found[1]: found[0] for found in _KERNEL.finditer(text)}


@cache
def of_arrays() -> frozenset[str]:
    """The names of kernels on arrays, of which there is one for each type of theirs."""
    text = (Path(__file__).parent / "array_kernels.c").read_text(encoding="utf-8")
    return frozenset(n for n, head in re.findall(r"inline \w+ (\w+)\(([^)]*)", text) if "*" in head)


@cache
def names() -> frozenset[str]:
    """The names of all kernels."""
    native = {name for name in C.functions if name.startswith("_")}
    single = {f"{name}{SUFFIX}" for name in (*of_arrays(), *ELEMENTWISE)}
    translated = (f"{PREFIX}{n[1:]}" for n in {*translatable()} - native)
    return frozenset({*_by_hand(), *single, *translated})


@cache
def source(name: str) -> str:
    """The text of a kernel."""
    if name in _by_hand():
        return _by_hand()[name]
    if OF_PAIRS.fullmatch(name):
        return _of_pairs(name)
    if name.endswith(SUFFIX):
        return single_precision.kernel(_by_hand()[name.removesuffix(SUFFIX)], of_arrays())
    return writer.source(C(), f"_{name.removeprefix(PREFIX)}")


def without_vectors(text: str) -> str:
    """A kernel without its branch for loops over vectors, and without what is said of that."""
    if _FOR_VECTORS not in text:
        return text
    return _BRANCH.sub(r"\1", _ACCURACY.sub(" */", text, count=1))


def _of_pairs(name: str) -> str:
    """`logwsumexp` of operands one by one: only C has arrays that are written in a call."""
    pairs = int(name.removeprefix(f"{_LOGWSUMEXP}_"))
    operands = [f"{letter}{k}" for k in range(1, pairs + 1) for letter in "wu"]
    taken = ", ".join(f"double {operand}" for operand in operands)
    head = textwrap.wrap(f"static inline double {name}({taken})", 98, subsequent_indent="    ")
    array = f"const double operands[{len(operands)}] = {{{', '.join(operands)}}};"
    body = [
        *textwrap.wrap(array, 94, subsequent_indent="    "),
        f"return {_LOGWSUMEXP}({pairs}, operands);",
    ]
    comment = "/* The same of operands one by one. */"
    return "\n".join([comment, *head, "{", *(f"    {line}" for line in body), "}", ""])


def pasted(kernels: Sequence[str], lines: Iterable[str]) -> list[str]:
    """The kernels that lines call, the short ones pasted there.

    A compiler that has pasted much into one function stops doing so, and computes element by
    element in a loop that calls a function: three times the time of a loop over vectors.
    """
    if sum(len(_CALL.findall(line)) for line in lines) > MOST_PASTED:
        return [*kernels]
    return [
        re.sub(r"^static inline (?=double|float)", f"{PASTED} ", text, count=1, flags=re.M)
        if text.count("\n") <= _LONGEST_PASTED or _FOR_VECTORS in text
        else text
        for text in kernels
    ]


__all__ = ["PREFIX", "C", "names", "of_arrays", "pasted", "source", "without_vectors"]
