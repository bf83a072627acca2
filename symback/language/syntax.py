"""Text → statements: the grammar, the terms it builds, and the places of its errors.

Lark's LALR parser calls the reader below as it reduces, so nothing here recurses, and the
bounds on depth and size hold before anything is built.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from lark import Lark, Token
from lark.exceptions import UnexpectedInput

from symback.errors import CircuitSyntaxError, Place, TooLarge
from symback.language.explain import explain, strange_character
from symback.language.neighbours import base_of, refusal_of_caret, refusal_of_neighbours
from symback.language.parser import parser
from symback.language.terms import Refused, Term, extended, make_term
from symback.operations.signs import ascii_name

LONGEST_TEXT = 2_000_000
LONGEST_LINE = 100_000
MOST_TOKENS = 50_000  # of one statement
MOST_ARGUMENTS = 1_000
LONGEST_NUMBER = 400  # the largest float64 has 309 digits


@dataclass(frozen=True, slots=True)
class Declaration:
    name: Term
    role: Term
    shape: Term | None
    value: Term | None


@dataclass(frozen=True, slots=True)
class Equation:
    left: Term
    right: Term | None


@dataclass(frozen=True, slots=True)
class Loop:
    """for variable in range(start, stop): body."""

    variable: Term
    start: Term | None
    stop: Term
    body: list[Declaration | Equation | Kink | Loop]


@dataclass(slots=True)
class Kink:
    """function'(0) = value, or function'(tie) = value."""

    function: Term
    at: Term
    value: Term


Statement = Declaration | Equation | Kink | Loop


class SourceText:
    """A text and its lines, to say places in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._lines = text.split("\n")

    def place(self, at: tuple[int, int]) -> Place:
        line = min(max(at[0], 1), len(self._lines))
        return Place(line, max(at[1], 1), self._lines[line - 1].rstrip("\r"))


def statements(source: SourceText) -> list[Statement]:
    """The statements of a text; CircuitSyntaxError says where and why it is not a circuit."""
    _refuse_size(source)
    _refuse_unseen(source)
    try:
        found: Any = _parser().parse(source.text)  # the transformer makes a list of it
        return list(found)
    except Refused as error:
        raise error.kind(error.message, source.place(error.at)) from None
    except UnexpectedInput as error:
        message, at = explain(source.text, error)
        raise CircuitSyntaxError(message, source.place(at)) from None


_UNSEEN = re.compile(
    "[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff]"
)
"""Characters that hide or turn round what stands beside them; not even comments may have them."""


def _refuse_unseen(source: SourceText) -> None:
    found = _UNSEEN.search(source.text)
    if found is None:
        return
    before = source.text[: found.start()]
    place = source.place((before.count("\n") + 1, found.start() - before.rfind("\n")))
    raise CircuitSyntaxError(strange_character(found.group()), place)


def _refuse_size(source: SourceText) -> None:
    if len(source.text) > LONGEST_TEXT:
        raise TooLarge(f"the text is longer than {LONGEST_TEXT:,} characters")
    for number, line in enumerate(source.text.split("\n"), 1):
        if len(line) > LONGEST_LINE:
            raise TooLarge(
                f"the line is longer than {LONGEST_LINE:,} characters; name parts of it on "
                "lines of their own",
                source.place((number, 1)),
            )


def _at(token: Token) -> tuple[int, int]:
    return token.line or 1, token.column or 1


class CircuitReader:
    """Builds terms as the parser reduces: a method a rule, of what the rule found."""

    def start(self, *found: Any) -> list[Statement]:
        return [s for s in found if isinstance(s, Declaration | Equation | Kink | Loop)]

    block = start

    def loop(
        self, variable: Token, first: Term, second: Term | None, body: list[Statement]
    ) -> Loop:
        start, stop = (None, first) if second is None else (first, second)
        return Loop(self.name(variable), start, stop, body)

    def separator(self, *signs: Token) -> None:
        return None

    def declaration(
        self, name: Token, role: Token, shape: Term | None, value: Term | None
    ) -> Declaration:
        return Declaration(self.name(name), self.name(role), shape, value)

    def equation(self, left: Term, right: Term | None) -> Equation:
        return Equation(left, right)

    def kink(self, function: Token, at: Token, value: Term) -> Kink:
        place = self.number(at) if at.type == "NUMBER" else self.name(at)
        return Kink(self.name(function), place, value)

    def shape(self, *sizes: Term) -> Term:
        return make_term("shape", sizes[0].place, list(sizes))

    def number(self, token: Token) -> Term:
        if len(token) > LONGEST_NUMBER:
            raise Refused(_at(token), f"a number of more than {LONGEST_NUMBER} characters")
        return make_term("number", _at(token), [], str(token))

    def name(self, token: Token) -> Term:
        if "π" in token and token != "π":
            raise Refused(
                _at(token), "π is a number; write * beside it, as in π*r²", CircuitSyntaxError
            )
        return make_term("name", _at(token), [], ascii_name(str(token)))

    def call(self, name: Token, arguments: list[Term]) -> Term:
        return make_term("call", _at(name), arguments, ascii_name(str(name)))

    def arguments(self, *terms: Term) -> list[Term]:
        if len(terms) > MOST_ARGUMENTS:
            place = terms[MOST_ARGUMENTS].place
            raise Refused(place, f"more than {MOST_ARGUMENTS:,} arguments; name parts of it")
        return list(terms)

    def bracketed(self, term: Term) -> Term:
        return make_term("bracketed", term.place, [term])

    def vector(self, *entries: Term) -> Term:
        return make_term("vector", entries[0].place, self.arguments(*entries))

    def add(self, left: Term, right: Term) -> Term:
        return extended("sum", left, right)

    def subtract(self, left: Term, right: Term) -> Term:
        return extended("sum", left, make_term("negative", right.place, [right]))

    def multiply(self, left: Term, right: Term) -> Term:
        return extended("product", left, right)

    def divide(self, left: Term, right: Term) -> Term:
        return extended("product", left, make_term("reciprocal", right.place, [right]))

    def beside(self, left: Term, right: Term) -> Term:
        last = left.args[-1] if left.kind in ("product", "beside") else left
        why = refusal_of_neighbours(last, right, left.args[0] if left.kind == "beside" else None)
        if why:
            raise Refused(base_of(right).place, why, CircuitSyntaxError)
        return make_term("beside", left.place, [left, right])

    def bars(self, start: Token, inner: Term, end: Token, *power: Any) -> Term:
        """|u|; two bars at a side would be a norm."""
        if inner.kind == "bars" and inner.place == (_at(start)[0], _at(start)[1] + 1):
            why = "write norm(x) for ‖x‖, the length of an array, and abs(u) for |u|"
            raise Refused(_at(start), why, CircuitSyntaxError)
        made = make_term("bars", _at(start), [inner])
        if not power:
            return made
        sign, *exponent = power
        return self.raised(made, sign, *exponent) if exponent else self.superscript(made, sign)

    def pair(self, value: Term, condition: Term) -> Term:
        return make_term("pair", value.place, [value, condition])

    def tuple(self, *entries: Term) -> Term:
        return make_term("tuple", entries[0].place, list(entries))

    def matrix_product(self, left: Term, sign: Token, right: Term) -> Term:
        return make_term("matrix_product", _at(sign), [left, right])

    def index(self, array: Term, *subscripts: Term) -> Term:
        return make_term("index", array.place, [array, *subscripts])

    def slice(self, start: Term | None, stop: Term | None, step: Term | None = None) -> Term:
        bounds = [make_term("end", (1, 1), []) if b is None else b for b in (start, stop)]
        return make_term("slice", (1, 1), bounds if step is None else [*bounds, step])

    def dots(self, sign: Token) -> Term:
        return make_term("dots", _at(sign), [])

    def string(self, token: Token) -> Term:
        return make_term("string", _at(token), [], str(token)[1:-1])

    def keyword(self, name: Token, value: Term) -> Term:
        return make_term("keyword", _at(name), [value], str(name))

    def transpose(self, array: Term, sign: Token) -> Term:
        return make_term("transpose", _at(sign), [array], str(sign))

    def negative(self, term: Term) -> Term:
        return make_term("negative", term.place, [term])

    def positive(self, term: Term) -> Term:
        return make_term("bracketed", term.place, [term])

    def raised(self, base: Term, sign: Token, exponent: Term) -> Term:
        if sign == "^" and (why := refusal_of_caret(base, exponent)):
            raise Refused(_at(sign), why, CircuitSyntaxError)
        return make_term("power", _at(sign), [base, exponent], str(sign))

    def superscript(self, base: Term, sign: Token) -> Term:
        return make_term("superscript", _at(sign), [base], str(sign))

    def half(self, sign: Token) -> Term:
        return make_term("half", _at(sign), [])

    def half_of(self, sign: Token, term: Term) -> Term:
        return make_term("product", _at(sign), [make_term("half", _at(sign), []), term])

    def compare(self, left: Term, sign: Token, right: Term) -> Term:
        return make_term("compare", _at(sign), [left, right], str(sign))

    def both(self, left: Term, right: Term) -> Term:
        return make_term("both", left.place, [left, right])

    def either(self, left: Term, sign: Token, right: Term) -> Term:
        return make_term("either", left.place, [left, right])


class CircuitLayout:
    """Drops the new lines inside brackets, and marks the block that a loop's line opens.

    Indentation means something below a loop only; elsewhere lines may begin where they like.
    """

    always_accept = ("_NEWLINE",)

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        brackets = 0
        blocks: list[int] = []  # how far the lines of each open block are indented
        opening = False  # whether this line opens a block
        length = 0  # of the statement, in tokens
        for token in stream:
            length = 0 if token.type == "_NEWLINE" and brackets <= 0 else length + 1
            if length > MOST_TOKENS:
                raise Refused(_at(token), f"more than {MOST_TOKENS:,} words; name parts of it")
            brackets += (token.type in ("LPAR", "LSQB")) - (token.type in ("RPAR", "RSQB"))
            if token.type != "_NEWLINE":
                opening = opening or token.type == "FOR"
                yield token
                continue
            if brackets > 0:
                continue
            yield token  # before the next token is read: what it may be depends on this one
            indentation = len(token.rpartition("\n")[2])
            if opening:
                if indentation <= (blocks[-1] if blocks else 0):
                    raise Refused((token.end_line or 1, 1), _NO_BLOCK, CircuitSyntaxError)
                yield Token("_INDENT", "")
                blocks.append(indentation)
                opening = False
            while blocks and indentation < blocks[-1]:
                blocks.pop()
                yield Token("_DEDENT", "")
                yield token
        yield from (Token(kind, "") for _ in blocks for kind in ("_NEWLINE", "_DEDENT"))


_NO_BLOCK = "below a loop's line stands its block, indented"


@cache
def _parser() -> Lark:
    return parser(CircuitReader(), CircuitLayout())
