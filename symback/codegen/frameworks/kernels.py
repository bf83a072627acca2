"""Kernels as functions of arrays without branches: both sides of a choice are computed.

They are translated from those for NumPy, as those of other languages are; what only NumPy's arrays
need, blocks of memory and tests of all elements, is gone.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import ClassVar

from symback.codegen.kernels.language import AND, ATOM, MUL, OR, TERNARY, UNARY, KernelLanguage
from symback.codegen.kernels.printer import ScalarPrinter
from symback.codegen.kernels.reader import Kernel, read, translatable
from symback.codegen.kernels.scalars import Scalar, is_number, steps_of
from symback.codegen.lines import wrapped

SMALLEST, LARGEST = 1e-37, 1e37
"""Numbers beyond are not float32: their exponents are scaled to those of the arrays' dtype."""


class ArrayLanguage(KernelLanguage):
    """A language of arrays; `module` is what its functions begin with."""

    module: ClassVar[str]
    taken: ClassVar = frozenset({"math", "np", "jnp", "jax", "torch"})
    prefix: ClassVar = "_"
    constant: ClassVar = ""
    variable: ClassVar = ""
    counter: ClassVar = ""
    signs: ClassVar = {"and": "&", "or": "|"}
    indent: ClassVar = "    "
    converted: ClassVar[str] = ""  # a function that makes arrays of all arguments, where needed

    def number(self, value: float) -> str:
        if math.isfinite(value):
            return repr(float(value))
        return "math.nan" if math.isnan(value) else f"{'-' * (value < 0)}math.inf"

    def as_float(self, text: str) -> str:
        return text

    def power(self, base: str, exponent: str | None) -> tuple[str, int]:
        if exponent is None:
            return f"({base}) ** 2", UNARY
        return f"({base}) ** ({exponent})", UNARY

    def ternary(self, condition: str, yes: str, no: str) -> str:
        return f"{self.module}.where({condition}, {yes}, {no})"

    def table(self, name: str, values: list[str]) -> list[str]:
        rows = (", ".join(values[k : k + 3]) for k in range(0, len(values), 3))
        return [f"{name} = (", *(f"    {row}," for row in rows), ")"]

    def polynomial(self, table: str, at: str) -> str:
        return f"_polynomial({table}, {at})"

    def repeated(
        self, counter: str, steps: range, carried: Sequence[str], lines: Sequence[str]
    ) -> list[str]:
        """The lines for each value of a counter; they change what is carried."""
        return [f"for {counter} in range({steps.start}, {steps.stop}, {steps.step}):", *lines]

    def function(self, kernel: Kernel, body: list[str]) -> str:
        arguments = ", ".join(kernel.arguments)
        typed = ", ".join(f"{name}: Array" for name in kernel.arguments)
        comment = kernel.comment.replace("\\", "\\\\")
        if self.converted and len(kernel.arguments) > 1:
            body = [f"{arguments} = {self.converted}({arguments})", *body]
        return "\n".join(
            [
                f"def {kernel.name}({typed}) -> Array:",
                f'    """{self.comment_of(comment)}"""',
                *(f"    {line}" for line in body),
            ]
        )

    def comment_of(self, text: str) -> str:
        """The first sentence, without accuracies, which are those of NumPy's functions."""
        first = text.partition(", within")[0].partition(": ")[0]
        return first if first.endswith(".") else f"{first}."


def array_kernel(language: ArrayLanguage, name: str) -> str:
    """The text of the kernel of that name."""
    kernel = read(name, translatable()[name])
    return language.function(kernel, _ArrayWriter(language, kernel.arguments).lines(kernel.value))


class _ArrayWriter(ScalarPrinter):
    """Writes the body of one function: each definition is a line."""

    language: ArrayLanguage
    _uses: Counter[int]

    def lines(self, value: Scalar) -> list[str]:
        names: dict[int, str] = {}
        found: list[str] = []
        self._uses = _uses(value)
        self._define(value, names, found)
        result = wrapped("return", self.text(value, names))
        tables = [
            line
            for coefficients, name in self.tables.items()
            for line in self.language.table(name, [self.language.number(c) for c in coefficients])
        ]
        body = [*tables, *found, *result]
        if any("_scaled(" in line for line in body):
            like = self.first
            body = [line.replace("_scaled(", f"_scaled({like}, ") for line in body]
        return body

    @property
    def first(self) -> str:
        return self._order[0]

    def __init__(self, language: ArrayLanguage, arguments: tuple[str, ...]) -> None:
        super().__init__(language, arguments)
        self._order = arguments

    def _define(self, scalar: Scalar, names: dict[int, str], found: list[str]) -> None:
        """Lines of the definitions below, each in front of what reads it."""
        if scalar.head == "let":
            base, identity, inner = scalar.operands
            if identity in names:
                return
            if inner.head == "loop":
                self._loop(inner, names, found)
                return
            self._define(inner, names, found)
            if self._uses[identity] > 1 or len(self.text(inner, names)) > 40:
                name = self.fresh(base, names)
                found += wrapped(f"{name} =", self.text(inner, names))
                names[identity] = name
            return
        for part in scalar.parts:
            self._define(part, names, found)

    def _loop(self, loop: Scalar, names: dict[int, str], found: list[str]) -> None:
        carried, identities, counter, steps, _ = loop.operands[:5]
        initial, following = steps_of(loop)
        starts: list[str] = []
        for base, identity, start in zip(carried, identities, initial, strict=True):
            self._define(start, names, found)
            text = self.text(start, names)
            names[identity] = self.fresh(base, names)
            starts.append(f"{names[identity]} = {text}")
        for _, value in following:
            for inner in _outside(value, identities, counter):
                self._define(inner, names, found)
        found += starts
        lines = [
            f"    {names[identities[place]]} = {self.text(value, names)}"
            for place, value in following
        ]
        found += self.language.repeated(counter, steps, [names[i] for i in identities], lines)

    # -- expressions ------------------------------------------------------------------------

    def printed(self, scalar: Scalar, names: Mapping[int, str]) -> tuple[str, int]:
        if scalar.head == "number":
            value = float(scalar.operands[0])
            if math.isfinite(value) and value and not SMALLEST < abs(value) < LARGEST:
                return f"_scaled({scalar.operands[0]!r})", ATOM
        if scalar.head == "where":
            return self.choice(scalar, names), ATOM
        return super().printed(scalar, names)

    def binary(self, scalar: Scalar, names: Mapping[int, str]) -> tuple[str, int]:
        if scalar.head not in ("and", "or"):
            return super().binary(scalar, names)
        sign = self.language.signs[scalar.head]
        texts = [self._bracketed(part, names) for part in scalar.parts]
        return f" {sign} ".join(texts), OR if scalar.head == "or" else AND

    def _bracketed(self, part: Scalar, names: Mapping[int, str]) -> str:
        """Python's & and | bind more strongly than comparisons."""
        text, level = self.printed(part, names)
        return text if level == ATOM else f"({text})"

    def negated(self, inner: Scalar, names: Mapping[int, str]) -> tuple[str, int]:
        return f"~{self._bracketed(inner, names)}", UNARY

    def power(self, scalar: Scalar, names: Mapping[int, str]) -> tuple[str, int]:
        base, exponent = scalar.parts
        inner = self.text(base, names)
        if is_number(exponent, 2):
            return (f"{inner} * {inner}", MUL) if inner.isidentifier() else (f"({inner}) ** 2", MUL)
        return self.language.power(inner, self.text(exponent, names))

    def called(self, scalar: Scalar, names: Mapping[int, str]) -> tuple[str, int]:
        held = self.language.functions.get(f"{scalar.operands[0]} number", "")
        numbers = [part for part in scalar.parts if is_number(part)]
        if held and len(numbers) == 1:
            (other,) = (part for part in scalar.parts if part is not numbers[0])
            texts = [self.at(part, TERNARY, names) for part in (other, numbers[0])]
            return held.format(*texts), ATOM
        return super().called(scalar, names)


def _outside(scalar: Scalar, carried: tuple[int, ...], counter: str) -> list[Scalar]:
    """The definitions inside a loop that are the same in all its steps."""
    if scalar.head == "let" and not _changes(scalar, carried, counter):
        return [scalar]
    return [inner for part in scalar.parts for inner in _outside(part, carried, counter)]


def _changes(scalar: Scalar, carried: tuple[int, ...], counter: str) -> bool:
    if scalar.head == "carried":
        return scalar.operands[0] in carried
    if scalar.head == "name":
        return bool(scalar.operands[0] == counter and scalar.operands[1:])
    return any(_changes(part, carried, counter) for part in scalar.parts)


def _uses(value: Scalar) -> Counter[int]:
    """How often each definition is read, more than once in loops."""
    found: Counter[int] = Counter()
    seen: set[int] = set()

    def walk(part: Scalar, weight: int) -> None:
        if part.head == "let":
            found[part.operands[1]] += weight
            if part.operands[1] in seen:
                return
            seen.add(part.operands[1])
        for inner in part.parts:
            walk(inner, 2 if part.head == "loop" else weight)

    walk(value, 1)
    return found


__all__ = ["ArrayLanguage", "array_kernel"]
