"""One error tree. Every error that an input can cause is a `SymbackError`.

A message names the place, the cause and the next step, in at most 200 characters. Where the
place is a text, the line with a caret under the place follows the sentence.
"""

from __future__ import annotations

import difflib
import re
import traceback
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST_MESSAGE = 200
_LONGEST_SENTENCE = 160
_LONGEST_EXCERPT = 60
_NOT_IN_NAMES = re.compile(r"\W+")
_MOST_COMPARED = 1000
_SESSIONS = frozenset({"IPython", "ipykernel", "code"})  # packages that run what a reader types


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a text: line and column count from 1."""

    line: int
    column: int
    text: str  # the whole line

    def excerpt(self, width: int) -> str:
        """The line, cut to `width` characters around the place, and a caret under the place."""
        start = max(0, min(self.column - 1 - width // 2, len(self.text) - width))
        shown = self.text[start : start + width].replace("\t", " ")
        printable = "".join(c if c.isprintable() else "?" for c in shown)
        caret = " " * (self.column - 1 - start) + "^"
        return f"{printable}\n{caret}"


class SymbackError(Exception):
    """Something is wrong with an input; the message says where, why and what to do next."""

    def __init__(self, message: str, place: Place | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.place = place

    @property
    def line(self) -> int | None:
        return self.place.line if self.place else None

    @property
    def column(self) -> int | None:
        return self.place.column if self.place else None

    def __str__(self) -> str:
        sentence = "".join(c if c.isprintable() else "?" for c in self.message)
        if self.place is None:
            return clip(sentence, LONGEST_MESSAGE)
        sentence = clip(
            f"line {self.place.line}, column {self.place.column}: {sentence}", _LONGEST_SENTENCE
        )
        width = min(_LONGEST_EXCERPT, (LONGEST_MESSAGE - len(sentence) - 3) // 2)
        return f"{sentence}\n{self.place.excerpt(width)}"

    def _render_traceback_(self) -> list[str]:
        """The lines that IPython and `symback repl` show in place of a traceback.

        Above the message are the calls of the reader's own functions, and none of symback's.
        """
        own = []
        for frame, line in traceback.walk_tb(self.__traceback__):
            package = frame.f_globals.get("__name__", "").partition(".")[0]
            if package == __package__:
                break
            if package not in _SESSIONS:
                own.append((frame, line))
        calls = [str(line).rstrip() for line in traceback.StackSummary.extract(own[1:]).format()]
        return [*calls, f"symback: {self}"]


class CircuitError(SymbackError):
    """The circuit is not well formed."""


class CircuitSyntaxError(CircuitError):
    """The text is not in the language of circuits."""


class UnknownName(CircuitError):
    """A name that nothing defines."""


class NameRefused(CircuitError):
    """A name that cannot be a node's."""


class DomainError(CircuitError):
    """A constant outside the domain of its operation, such as 1/0 or log(0)."""


class Unsupported(SymbackError):
    """Something that symback cannot express, differentiate or print."""


class NotInstalled(SymbackError, ImportError):
    """A module needs a package of an extra that is not there."""


class TooLarge(SymbackError):
    """Something beyond a stated bound of size."""


class FileRefused(SymbackError):
    """A file that cannot be read, or that must not be overwritten."""


class DataError(SymbackError):
    """A data file or its mapping to inputs is not usable."""


class TrainingError(SymbackError):
    """A setting that cannot be trained with."""


class LikelyMeantOtherwise(UserWarning):
    """Something that is right as it stands, but is likely meant as something else."""


class CheckFailed(SymbackError):
    """A generated module disagrees with SymPy."""


def clip(text: str, length: int) -> str:
    """The text, cut to `length` characters with an ellipsis."""
    return text if len(text) <= length else text[: length - 1] + "…"


def nearest(name: str, known: Iterable[str]) -> str:
    """'; did you mean …?' with the known name most like `name`, or nothing where none is.

    What has numbers, as the turns h_1, h_2 of a loop over h[t], is meant by h and by h[1], too.
    """
    names = sorted(set(known))
    if (plain := _NOT_IN_NAMES.sub("_", name).rstrip("_")) != name and plain in names:
        return f"; did you mean '{plain}'?"
    numbered = [k for k in names if k.startswith(f"{name}_") and k[len(name) + 1 :].isdecimal()]
    if numbered:
        first, *_, last = sorted([*numbered, numbered[-1]], key=lambda k: (len(k), k))
        return f"; did you mean '{first}'" + (f", … or '{last}'?" if last != first else "?")
    if len(names) > _MOST_COMPARED:  # a comparison takes some 10 µs
        names = [k for k in names if k[:1] == name[:1]][:_MOST_COMPARED]
    found = difflib.get_close_matches(name[:64], names, n=1, cutoff=0.6)
    found = found or [k for k in names if k.lower() == name.lower()]
    return f"; did you mean '{found[0]}'?" if found else ""
