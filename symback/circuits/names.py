"""Which names a node may have, and names that symback makes itself."""

from __future__ import annotations

import keyword
import re
from collections.abc import Container, Iterable

from symback.errors import NameRefused, Place, clip
from symback.operations.elementwise import SPELLINGS

LONGEST_NAME = 64
OUTPUT_NAMES = ("f", "g", "out", "output_f")
"""What an expression without a name is called: the first that is free."""

MODULE_NAMES = frozenset(
    "np math Any Array NamedTuple annotations Params Inputs Cache SOURCE BLOCK_ROWS "
    "init_params forward backward value_and_grad sgd ravel unravel objective check_gradients "
    "params inputs cache output_bar columns len float".split()
)
"""Names that a generated module needs for itself."""

SIZE_ARGUMENTS = frozenset({"rng", "vector", "threads"})
"""Names of arguments of the functions that take sizes by name."""

NOT_NAMES = frozenset({"pi", "where"})
NOT_FINITE = frozenset({"nan", "NaN", "inf", "oo"})
FOR_INFINITY = "can't stand in a formula: write a large number, such as -1e30, or give it as data"
VARIABLE_TOO = frozenset("sigma gamma Gamma beta psi probit factorial binomial".split())
"""Operations whose name may also be a node's: sigma is a length scale in half of physics."""


def other_spelling(name: str) -> str:
    """What else an operation is called whose name a node may have; nothing for other names."""
    op = SPELLINGS[name] if name in VARIABLE_TOO else None
    others = [s for s in (op.name, *op.aliases) if s not in VARIABLE_TOO] if op else []
    return others[0] if others else ""


_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")


def check_name(name: str, place: Place | None = None) -> str:
    """The name, if a node may have it; else NameRefused says why not."""
    shown = clip(ascii(name)[1:-1], 40)
    if len(name) > LONGEST_NAME:
        why = f"is longer than {LONGEST_NAME} letters"
    elif not _IDENTIFIER.match(name):
        why = "is not a name: write ASCII letters, digits and underscores, a letter first"
    elif keyword.iskeyword(name):
        why = f"is a word of Python; write {name}_ instead"
    elif name in MODULE_NAMES:
        why = "is a name that the generated module needs; choose another"
    elif name in NOT_FINITE:
        why = FOR_INFINITY
    elif name in NOT_NAMES or (name in SPELLINGS and name not in VARIABLE_TOO):
        why = "is an operation or constant and can't name a node; choose another"
    else:
        return name
    raise NameRefused(f"'{shown}' {why}", place)


def check_size_name(name: str, place: Place | None = None) -> str:
    """The name, if a size may have it; else NameRefused says why not."""
    if check_name(name, place) in SIZE_ARGUMENTS:
        raise NameRefused(f"'{name}' is a name that the generated module needs; rename it", place)
    return name


def fresh_name(wanted: Iterable[str], taken: Container[str]) -> str:
    """The first wanted name that is free, else the last one with a number behind it."""
    last = ""
    for last in wanted:
        if last not in taken:
            return last
    number = 2
    while f"{last}_{number}" in taken:
        number += 1
    return f"{last}_{number}"
