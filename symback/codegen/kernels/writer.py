"""Kernels as functions of a language with statements: each definition stands where it is needed.

A choice whose sides need definitions of their own becomes a branch, so that one side is computed;
what both sides need stands in front of it, once.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from symback.codegen.kernels.facts import Facts
from symback.codegen.kernels.language import KernelLanguage
from symback.codegen.kernels.printer import ScalarPrinter
from symback.codegen.kernels.reader import Kernel, read, translatable
from symback.codegen.kernels.scalars import Scalar, bare, is_condition, steps_of

_LONGEST_PART = 40  # characters of a definition that is used once and stands where it is used
_LONGEST_LINE = 88  # without its indentation
_SIGNS = (" : ", r" \? ", ", ", r" \|\| ", " && ", " (?:[<>]=?|[=!]==?) ", " [-+] ", " [*/] ")
_BREAKS = tuple(re.compile(sign) for sign in _SIGNS)
"""Where a line may be broken, best places first."""
_CONTINUED = "    "


def source(language: KernelLanguage, name: str) -> str:
    """The text of the kernel that has this name among those for NumPy."""
    return written(language, read(name, translatable()[name]))


def written(language: KernelLanguage, kernel: Kernel) -> str:
    """The kernel as a function of the language."""
    return language.function(kernel, _Writer(language, kernel.arguments).function(kernel.value))


class _Writer(ScalarPrinter):
    """Writes the body of one function."""

    def function(self, value: Scalar) -> list[str]:
        lines = self.statements(value, None, Facts(), {})
        for coefficients, name in reversed(self.tables.items()):
            lines[:0] = self.language.table(name, [self.language.number(c) for c in coefficients])
        return lines

    # -- statements -------------------------------------------------------------------------

    def statements(
        self, scalar: Scalar, target: str | None, facts: Facts, defined: Mapping[int, str]
    ) -> list[str]:
        """Lines that return the scalar, or give it to the target."""
        names: dict[int, str] = dict(defined)
        lines: list[str] = []
        while True:
            scalar = _unnamed(facts.simplified(scalar, names), names)
            found = next(self.to_define(scalar, names), None)
            if found is None:
                break
            lines += self.definition(found, facts, names)
        choice = self.branching(scalar, names)
        if choice is None:
            give = "return" if target is None else f"{target} ="
            room = 0 if target is None else len(self.language.constant)
            return [*lines, *_wrapped(f"{give} {self.text(scalar, names)};", room)]
        condition = choice.parts[0]
        condition = condition.parts[0] if condition.head == "not" else condition
        yes, no = (
            self.statements(scalar, target, facts.and_that(condition, holds), names)
            for holds in (True, False)
        )
        shown = self.text(facts.condition(condition, names), names)
        lines += [*_wrapped(self.language.branch(shown)), *self.indented(yes), "}"]
        if target is None:
            return [*lines, *no]
        return [*lines[:-1], "} else {", *self.indented(no), "}"]

    def indented(self, lines: list[str]) -> list[str]:
        return [f"{self.language.indent}{line}" for line in lines]

    def definition(self, let: Scalar, facts: Facts, names: dict[int, str]) -> list[str]:
        """Lines that define a name; `names` gets it."""
        base, identity, inner = let.operands
        if inner.head == "loop":
            return self.loop(inner, names)
        name, language = self.fresh(base, names), self.language
        names[identity] = name
        body = self.statements(inner, name, facts, names)
        if body[0].startswith(f"{name} = "):
            return [f"{language.constant} {body[0]}", *body[1:]]
        return [f"{language.undefined} {name};", *body]

    def loop(self, loop: Scalar, names: dict[int, str]) -> list[str]:
        """Lines that define what a loop carries along; `names` gets it."""
        carried, identities, counter, steps, _ = loop.operands[:5]
        initial, following = steps_of(loop)
        lines = []
        for base, identity, start in zip(carried, identities, initial, strict=True):
            text = self.text(start, names, is_float=True)
            names[identity] = self.fresh(base, names)
            lines += _wrapped(f"{self.language.variable} {names[identity]} = {text};")
        lines.append(self.language.loop(counter, steps))
        for place, value in following:
            step = f"{names[identities[place]]} = {self.text(value, names)};"
            lines += self.indented(_wrapped(step))
        return [*lines, "}"]

    # -- what becomes a statement -----------------------------------------------------------

    def to_define(self, scalar: Scalar, names: Mapping[int, str]) -> Iterator[Scalar]:
        """Definitions that are needed in any case and do not stand where they are used."""
        uses, choice = _uses(scalar, names), self.forced(scalar, names)
        chosen = None if choice is None else bare(choice.parts[0])
        for let in _always(scalar, names):
            inner = let.parts[0]
            if inner.head == "loop" or not any(
                bare(c.parts[0]) == chosen for c in _choices(inner, names)
            ):
                is_often = inner.head == "loop" or uses[let.operands[1]] > 1
                if is_often or len(self.text(inner, names)) > _LONGEST_PART:
                    yield let

    def branching(self, scalar: Scalar, names: Mapping[int, str]) -> Scalar | None:
        """The choice that becomes a branch, also where all of it would be a long line."""
        forced, choices = self.forced(scalar, names), _choices(scalar, names)
        if forced or not choices or not any(map(_is_work, choices[0].parts[1:])):
            return forced
        is_long = len(self.text(scalar, names)) > _LONGEST_LINE - len("return ;")
        return choices[0] if is_long else None

    def forced(self, scalar: Scalar, names: Mapping[int, str]) -> Scalar | None:
        """The choice that has to be a branch: made twice, or with a side that needs statements."""
        choices, uses = _choices(scalar, names), _uses(scalar, names)
        conditions = Counter(bare(choice.parts[0]) for choice in choices)
        for choice in choices:
            if conditions[bare(choice.parts[0])] > 1:
                return choice
            for side in choice.parts[1:]:
                inside = _uses(side, names)
                for let in _lets(side, names):
                    times = inside[let.operands[1]]
                    if let.parts[0].head == "loop" or 1 < times == uses[let.operands[1]]:
                        return choice
        return None


def _wrapped(line: str, room: int = 0) -> list[str]:
    """The line, where it is too long broken at the outermost signs that bind least."""
    lines, longest = [], _LONGEST_LINE - room
    while len(line) > longest:
        depth, places = 0, list[tuple[int, int, int]]()
        for place, sign in enumerate(line[:longest]):
            depth += (sign in "([") - (sign in ")]")
            for rank, pattern in enumerate(_BREAKS):
                if place > len(_CONTINUED) and pattern.match(line, place):
                    places.append((-depth, -rank, place + (sign == ",")))
        if not places:
            break
        place = max(places)[2]
        lines.append(line[:place])
        line = f"{_CONTINUED}{line[place + 1 :]}"
    return [*lines, line]


# -- what a scalar consists of --------------------------------------------------------------------


def _unnamed(scalar: Scalar, names: Mapping[int, str]) -> Scalar:
    """What is returned needs no name of its own."""
    if scalar.head == "let" and scalar.operands[1] not in names:
        (inner,) = scalar.parts
        return scalar if inner.head == "loop" else _unnamed(inner, names)
    return scalar


def _lets(scalar: Scalar, names: Mapping[int, str]) -> Iterator[Scalar]:
    """The definitions inside that have no name yet, each once."""
    seen, found = set(names), [scalar]
    while found:
        part = found.pop()
        if part.head == "let":
            if part.operands[1] in seen:
                continue
            seen.add(part.operands[1])
            yield part
        found += part.parts


def _always(scalar: Scalar, names: Mapping[int, str]) -> list[Scalar]:
    """Those that are needed whatever the choices inside are."""
    if scalar.head == "let" and scalar.operands[1] in names:
        return []
    if scalar.head == "where":
        condition, yes, no = (_always(part, names) for part in scalar.parts)
        return [*condition, *(let for let in yes if let in no)]
    found = [let for part in scalar.parts for let in _always(part, names)]
    return [*found, scalar] if scalar.head == "let" else found


def _choices(scalar: Scalar, names: Mapping[int, str]) -> list[Scalar]:
    """The choices, outer ones first, but for those inside conditions and loops."""
    found, seen = list[Scalar](), set(names)

    def walk(part: Scalar) -> None:
        if is_condition(part) or part.head == "loop":
            return
        if part.head == "let":
            if part.operands[1] in seen:
                return
            seen.add(part.operands[1])
        if part.head == "where":
            found.append(part)
        for inner in part.parts:
            walk(inner)

    walk(scalar)
    return found


def _uses(scalar: Scalar, names: Mapping[int, str]) -> Counter[int]:
    """How often the text has each definition without a name; twice what a loop repeats."""
    found: Counter[int] = Counter()
    seen: set[int] = set()

    def walk(part: Scalar, weight: int) -> None:
        if part.head == "let":
            identity = part.operands[1]
            if identity in names:
                return
            found[identity] += weight
            if identity in seen:
                return
            seen.add(identity)
        for place, inner in enumerate(part.parts):
            is_repeated = part.head == "loop" and place >= len(part.operands[0])
            walk(inner, 2 if is_repeated else weight)

    walk(scalar, 1)
    return found


def _is_work(scalar: Scalar) -> bool:
    """Whether it calls, divides or repeats: more than a choice or a sum."""
    return scalar.head in ("call", "/", "loop", "**", "polynomial") or any(
        map(_is_work, scalar.parts)
    )


__all__ = ["source", "written"]
