"""Mutants that mean the same as the original, and why: the rows of `equivalents.txt`.

A row names the place, the line of the file, what is replaced and what by; `‖` stands between
several. Where several in a place read alike, `#2` behind what is replaced says that the second is
meant. The command shows that no others survive; a test, that each row has one mutant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.mutation.planting import Mutant

TABLE = Path(__file__).with_suffix(".txt")


@dataclass(frozen=True)
class Equivalent:
    """One mutant that means the same."""

    file: str
    place: str
    line: str
    old: str
    new: str
    nth: int = 0  # of those that read alike, 0 where it is the only one

    @classmethod
    def of(cls, mutant: Mutant) -> Equivalent:
        return cls(mutant.file, *mutant.alike, mutant.nth)


def rows(text: str) -> Iterator[tuple[Equivalent, str]]:
    """Each row with its reason, the last line before it that begins with #."""
    file = reason = ""
    for line in text.splitlines():
        if line.startswith("## "):
            file = line[3:]
        elif line.startswith("# "):
            reason = line[2:]
        elif file and line:
            place, where, old, news = line.split(" ¦ ")
            numbered = re.fullmatch(r"(.*) #(\d+)", old)
            old, nth = (numbered[1], int(numbered[2])) if numbered else (old, 0)
            for new in news.split(" ‖ "):
                yield Equivalent(file, place, where, old, new, nth), reason


EQUIVALENTS = dict(rows(TABLE.read_text(encoding="utf-8")))
"""Each, with the reason."""
