"""Terms: the pieces of an expression as it was typed, each with its place, bounded as they grow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from symback.errors import SymbackError, TooLarge

DEEPEST = 100
LARGEST = 20_000


@dataclass(slots=True)
class Term:
    """A piece of an expression as it was typed. `args` are terms; `text` is a name or number."""

    kind: str
    place: tuple[int, int]
    args: list[Term]
    text: str = ""
    depth: int = 1
    size: int = 1


@dataclass(frozen=True, slots=True)
class UserFunction:
    """A one-line function of circuit text: swish(u) = u*sigma(u)."""

    name: str
    arguments: tuple[str, ...]
    body: Term
    slopes: Mapping[str, Term] = field(default_factory=dict)  # by argument, where they are stated
    place: tuple[int, int] = field(default=(1, 1), compare=False)


class Refused(Exception):
    """What the reader refuses while the parser runs; the text's lines are not at hand there."""

    def __init__(
        self, at: tuple[int, int], message: str, kind: type[SymbackError] = TooLarge
    ) -> None:
        super().__init__(message)
        self.at = at
        self.message = message
        self.kind = kind


def make_term(kind: str, at: tuple[int, int], args: list[Term], text: str = "") -> Term:
    if not args:  # a name or a number, as most terms are
        return Term(kind, at, args, text)
    depth = 1 + max([a.depth for a in args])
    size = 1 + sum([a.size for a in args])
    return bounded(Term(kind, at, args, text, depth, size))


def bounded(term: Term) -> Term:
    if term.depth > DEEPEST:
        raise Refused(term.place, f"nested more than {DEEPEST} levels deep; name inner parts")
    if term.size > LARGEST:
        raise Refused(term.place, f"more than {LARGEST:,} operations; name parts of it")
    return term


def extended(kind: str, left: Term, right: Term) -> Term:
    """left ⊕ right, where a chain a + b + c is one term with three operands."""
    if left.kind != kind:
        return make_term(kind, left.place, [left, right])
    left.args.append(right)
    left.depth = max(left.depth, right.depth + 1)
    left.size += right.size
    return bounded(left)


def terms_in(term: Term) -> list[Term]:
    """A term and all terms that it consists of."""
    stack, found = [term], []
    while stack:
        last = stack.pop()
        found.append(last)
        stack.extend(last.args)
    return found


__all__ = [
    "DEEPEST",
    "LARGEST",
    "Refused",
    "Term",
    "UserFunction",
    "bounded",
    "extended",
    "make_term",
    "terms_in",
]
