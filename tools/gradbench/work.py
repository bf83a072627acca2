"""One evaluation that an eval asks for, and the circuits that it runs."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

import symback as sb

# once an array of this size was freed, glibc keeps the memory of freed arrays for the next ones
np.empty(4_000_000)


class Work(NamedTuple):
    """What is timed, and how its result becomes JSON."""

    run: Callable[[], Any]
    read: Callable[[Any], Any]


Prepare = Callable[[Any, str], Work]
"""The input of a message and a target → the work."""


@cache
def compiled(
    text: str, target: str, functions: tuple[str, ...] = (), stable: bool = True
) -> ModuleType:
    """The module of a circuit, made once."""
    return sb.circuit(text).compile(target=target, functions=functions, stable=stable)


def as_list(found: Any) -> Any:
    """An array as lists of numbers."""
    return found.tolist()
