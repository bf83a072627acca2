"""Imports of optional packages, those of the extras."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from symback.errors import NotInstalled, SymbackError


@contextmanager
def imports_of_extra(sentence: str, kind: type[SymbackError] = NotInstalled) -> Iterator[None]:
    """Imports of packages of an extra: `kind` with that sentence where one cannot be imported.

    An interrupt waits for the end of the imports. One that comes in the middle leaves packages
    half imported, and compiled ones report it as an ImportError, as if they were not installed.
    """
    with _uninterrupted():
        try:
            yield
        except ImportError:
            raise kind(sentence) from None


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Signals that Python code handles wait for the end of the block."""
    came: list[tuple[int, FrameType | None]] = []
    before: dict[int, Callable[[int, FrameType | None], object]] = {}
    if threading.current_thread() is threading.main_thread():  # no other one gets signals
        for number in (int(signal.SIGINT), int(signal.SIGTERM)):
            handler = signal.getsignal(number)
            if callable(handler):
                before[number] = handler
                signal.signal(number, lambda *signalled: came.append(signalled))
    try:
        yield
    finally:
        for handled, handler in before.items():
            signal.signal(handled, handler)
        for number, frame in came:
            before[number](number, frame)


__all__ = ["imports_of_extra"]
