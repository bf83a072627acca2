"""Python's search for reference cycles, put off while expressions are made by the million."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_search_for_cycles() -> Iterator[None]:
    """Expressions hold no cycles and live to the end: looking for some takes a fifth of the time.

    What nothing refers to any more is freed as ever, by its count of references.
    """
    searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searching:
            gc.enable()


__all__ = ["no_search_for_cycles"]
