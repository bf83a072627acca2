"""What a language has to say of itself so that kernels can be written in it."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from symback.codegen.kernels.reader import Kernel

TERNARY, OR, AND, EQUAL, ORDER, ADD, MUL, UNARY, ATOM = range(9)
"""How strongly an operator binds."""
_FUNCTION = re.compile(r"`?\b(_[a-z]\w*)`?")


class KernelLanguage(ABC):
    """How a language writes a function of numbers."""

    prefix: ClassVar[str]
    functions: ClassVar[Mapping[str, str]]  # NumPy's name → the language's, or a template
    taken: ClassVar[frozenset[str]]  # words that no definition can have as its name
    constant: ClassVar[str]  # what stands before a name that is defined once
    variable: ClassVar[str]
    undefined: ClassVar[str]  # before one that gets its value in the branches of a choice
    counter: ClassVar[str]
    signs: ClassVar[Mapping[str, str]]
    indent: ClassVar[str]

    @abstractmethod
    def number(self, value: float) -> str:
        """A float."""

    @abstractmethod
    def as_float(self, text: str) -> str:
        """An integer, which is not the text of one number, in a float's place."""

    @abstractmethod
    def power(self, base: str, exponent: str | None) -> tuple[str, int]:
        """The base, as an operand of a power, to the exponent; None stands for 2."""

    @abstractmethod
    def ternary(self, condition: str, yes: str, no: str) -> str:
        """One of two values."""

    def branch(self, condition: str) -> str:
        """What begins a branch."""
        return f"if ({condition}) {{"

    def loop(self, counter: str, steps: range) -> str:
        """What begins a loop over a range."""
        start = f"for ({self.counter} {counter} = {steps.start}; {counter}"
        if steps.step < 0:
            step = f"{counter}--" if steps.step == -1 else f"{counter} -= {-steps.step}"
            return f"{start} >= {steps.stop + 1}; {step}) {{"
        step = f"{counter}++" if steps.step == 1 else f"{counter} += {steps.step}"
        return f"{start} < {steps.stop}; {step}) {{"

    def not_nan(self, operand: str) -> tuple[str, int]:
        """Whether a number is one."""
        return f"{operand} {self.signs.get('==', '==')} {operand}", EQUAL

    @abstractmethod
    def table(self, name: str, values: list[str]) -> list[str]:
        """The coefficients of a polynomial."""

    @abstractmethod
    def polynomial(self, table: str, at: str) -> str:
        """A call of the language's own function."""

    @abstractmethod
    def function(self, kernel: Kernel, body: list[str]) -> str:
        """The whole function with its comment."""

    def called(self, name: str) -> str:
        """What a function is called."""
        if name.startswith("_"):
            return self.functions.get(name, f"{self.prefix}{name[1:]}")
        return self.functions[name]

    def comment(self, kernel: Kernel) -> str:
        """What the function is; the accuracy is that of NumPy's, which has other functions."""
        text = re.sub(r",? within \d[^:;]*?(?=[:;]|\.\s|\.$)", "", kernel.comment)
        return _FUNCTION.sub(lambda match: self.called(match[1]), text)


__all__ = [
    "ADD",
    "AND",
    "ATOM",
    "EQUAL",
    "MUL",
    "OR",
    "ORDER",
    "TERNARY",
    "UNARY",
    "KernelLanguage",
]
