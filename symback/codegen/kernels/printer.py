"""Scalars as expressions of a language."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, count

from symback.codegen.kernels.language import (
    ADD,
    AND,
    ATOM,
    EQUAL,
    MUL,
    OR,
    ORDER,
    TERNARY,
    UNARY,
    KernelLanguage,
)
from symback.codegen.kernels.scalars import Scalar, is_condition, is_number, is_whole

_LEVELS: Mapping[str, int] = {
    "or": OR,
    "and": AND,
    **dict.fromkeys(("==", "!="), EQUAL),
    **dict.fromkeys(("<", "<=", ">", ">="), ORDER),
    **dict.fromkeys("+-", ADD),
    **dict.fromkeys("*/", MUL),
}


class ScalarPrinter:
    """Prints what one function computes; `names` has the definitions that are statements."""

    def __init__(self, language: KernelLanguage, arguments: tuple[str, ...]) -> None:
        self.language = language
        self.arguments = frozenset(arguments)
        self.tables: dict[tuple[float, ...], str] = {}

    def fresh(self, base: str, names: Mapping[int, str]) -> str:
        """A name that nothing has here, such as that of the source."""
        base = f"{base}_" if base in self.language.taken else base
        used = {*self.arguments, *names.values(), *self.tables.values()}
        return next(n for n in chain([base], (f"{base}{n}" for n in count(2))) if n not in used)

    def text(self, scalar: Scalar, names: Mapping[int, str], *, is_float: bool = True) -> str:
        """The scalar as text of the language."""
        return self.at(scalar, TERNARY, names, is_float=is_float)

    def at(
        self, scalar: Scalar, level: int, names: Mapping[int, str], *, is_float: bool = True
    ) -> str:
        """The text as an operand of what binds that strongly."""
        text, own = self.printed(scalar, names)
        if is_float and is_whole(scalar):
            if scalar.head == "number":
                return self.language.number(float(scalar.operands[0]))
            cast = self.language.as_float(text if own == ATOM else f"({text})")
            if cast != f"({text})":
                return cast
        return f"({text})" if own < level else text

    def printed(self, scalar: Scalar, names: Mapping[int, str]) -> tuple[str, int]:
        language, head = self.language, scalar.head
        if head == "number":
            value = scalar.operands[0]
            text = str(value) if isinstance(value, int) else language.number(value)
            return text, UNARY if text.startswith("-") else ATOM
        if head == "name":
            return scalar.operands[0], ATOM
        if head == "carried":
            return names[scalar.operands[0]], ATOM
        if head == "let":
            name = names.get(scalar.operands[1])
            return (name, ATOM) if name else self.printed(scalar.parts[0], names)
        if head == "call":
            return self.called(scalar, names)
        if head == "polynomial":
            table = self.tables.setdefault(scalar.operands[0], "")
            if not table:
                table = self.tables[scalar.operands[0]] = self.fresh("c", names)
            return language.polynomial(table, self.text(scalar.parts[0], names)), ATOM
        if head == "where":
            return self.choice(scalar, names), TERNARY
        if head == "**":
            return self.power(scalar, names)
        if head == "neg":
            return f"-{self.at(scalar.parts[0], UNARY + 1, names, is_float=False)}", UNARY
        if head == "not":
            return self.negated(scalar.parts[0], names)
        return self.binary(scalar, names)

    def binary(self, scalar: Scalar, names: Mapping[int, str]) -> tuple[str, int]:
        left, right = scalar.parts
        level = _LEVELS[scalar.head]
        # a quotient is a float, also that of integers
        is_float = scalar.head == "/" or not is_whole(scalar)
        if scalar.head in ("and", "or"):
            is_float = False
        # compilers warn of what reads in two ways
        least = {OR: AND + 1, EQUAL: ADD}.get(level, level)
        first = self.at(left, least, names, is_float=is_float)
        second = self.at(right, max(least, level + 1), names, is_float=is_float)
        return f"{first} {self.language.signs.get(scalar.head, scalar.head)} {second}", level

    def power(self, scalar: Scalar, names: Mapping[int, str]) -> tuple[str, int]:
        base, exponent = scalar.parts
        if not is_number(exponent, 2):
            return self.language.power(self.text(base, names), self.text(exponent, names))
        inner = self.at(base, MUL + 1, names, is_float=not is_whole(base))
        if inner.isidentifier() or is_whole(base):
            return f"{inner} * {inner}", MUL
        return self.language.power(self.at(base, TERNARY, names), None)

    def called(self, scalar: Scalar, names: Mapping[int, str]) -> tuple[str, int]:
        name = scalar.operands[0]
        texts = [self.text(operand, names) for operand in scalar.parts]
        function = self.language.called(name)
        if "{" not in function:
            return f"{function}({', '.join(texts)})", ATOM
        level = TERNARY if "({" in function else UNARY + 1
        bound = [self.at(operand, level, names) for operand in scalar.parts]
        own = EQUAL if is_condition(scalar) else MUL if " * " in function else ATOM
        return function.format(*bound), own

    def negated(self, inner: Scalar, names: Mapping[int, str]) -> tuple[str, int]:
        if inner.head == "call" and inner.operands[0] == "isnan":
            operand = self.at(inner.parts[0], EQUAL + 1, names)
            return self.language.not_nan(operand)
        return f"!{self.at(inner, UNARY + 1, names)}", UNARY

    def choice(self, scalar: Scalar, names: Mapping[int, str]) -> str:
        condition, yes, no = scalar.parts
        return self.language.ternary(
            self.text(condition, names, is_float=False),
            self.at(yes, TERNARY + 1, names),
            self.text(no, names),
        )


__all__ = ["ScalarPrinter"]
