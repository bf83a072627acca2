"""What bare functions of all languages have in common as text."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from symback.codegen.bare.body import WORK, BareBody
from symback.codegen.bare.functions import BareFunction
from symback.codegen.lines import WIDTH
from symback.errors import Unsupported, clip


def in_lines(
    start: str, items: Sequence[str], end: str, indent: str = "    ", depth: int = 0
) -> list[str]:
    """What is in brackets, in lines of its own where it is long; `depth` blanks stand before."""
    line, room = f"{start}{', '.join(items)}{end}", WIDTH - depth
    if len(line) <= room:
        return [line]
    whole = [item.replace(" ", "\N{NO-BREAK SPACE}") for item in items]
    inner = wrap(", ".join(whole), room - len(indent), break_long_words=False)
    return [start, *(f"{indent}{part}".replace("\N{NO-BREAK SPACE}", " ") for part in inner), end]


def said(function: BareFunction, start: str = "") -> list[str]:
    """What a comment on the function says, behind a start where it returns several numbers."""
    start = start if function.out else ""
    first = [f"{start}{function.returns}, where", ""] if function.returns else []
    lines = [_filled(line) for line in (*first, *function.about)]
    return [part for parts in lines for part in parts]


def takes(function: BareFunction, body: BareBody) -> str:
    """What stands before the words for the results."""
    if not any(result.count for result in body.results):
        return f"{function.out} takes "
    names = [result.name for result in body.results]
    return f"{', '.join(names)} {'take' if len(names) > 1 else 'takes'} "


def about_arrays(body: BareBody) -> list[str]:
    """What a comment says of arrays and memory, behind their shapes."""
    values = [*body.arguments, *body.results]
    if not any(value.count for value in values):
        return []
    text = "Arrays are passed row by row, one number behind the other."
    if body.work:
        text += f" {WORK} is memory for {body.work} numbers."
    return ["", *wrap(text, WIDTH - 8)]


def _filled(line: str) -> list[str]:
    """The line, broken at blanks where it is long."""
    return wrap(line, WIDTH - 8, subsequent_indent="    ", break_long_words=False) or [""]


def refuse_name(name: str, language: str, taken: frozenset[str]) -> None:
    """Unsupported for a name that no function of the language can have."""
    if not (name.isascii() and name.isidentifier()) or name.startswith("_") or name in taken:
        raise Unsupported(
            f"'{clip(name, 40)}' can't be a function of {language}; name it with --name (name=…)"
        )


__all__ = ["about_arrays", "in_lines", "refuse_name", "said", "takes"]
