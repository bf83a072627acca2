"""The line of a module at which a number is lost: the first whose result is NaN or infinite.

A value may be NaN where only a branch reads it that is not taken, an adjoint never.
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType, ModuleType
from typing import Any

import numpy as np

from symback.check.watched_c import WatchedC


def first_lost(
    module: ModuleType,
    call: Callable[[ModuleType], Any],
    of_adjoint: bool,
    fitted: Callable[[ModuleType], AbstractContextManager[None]],
) -> str:
    """The first line of `call` in a module's functions after which a variable is not finite.

    Lines of arguments don't count, and those of kernels neither; of an adjoint that is lost only
    lines of adjoints, if there is one. Empty where there is none. `fitted` gives a module the sizes
    of the call.
    """
    in_c = WatchedC.of(module)
    if in_c is not None:
        with fitted(in_c.module), np.errstate(all="ignore"):
            call(in_c.module)
            return in_c.first_lost(of_adjoint)
    watch = _Watch(module)
    with watch.tracing(), np.errstate(all="ignore"):
        call(module)
    of_bars = [place for place, names in watch.found if any("_bar" in name for name in names)]
    places = of_bars if of_adjoint and of_bars else [place for place, _ in watch.found]
    if not places:
        return ""
    file, number = places[0]
    return f"line {number}: {linecache.getline(file, number).strip()}"


class _Watch:
    def __init__(self, module: ModuleType) -> None:
        self._globals = module.__dict__
        self._given = {*module.Params._fields, *module.Inputs._fields}
        self._lost: dict[int, set[str]] = {}  # by frame: variables that are known to be lost
        self._line: dict[int, int] = {}
        self.found: list[tuple[tuple[str, int], set[str]]] = []  # lines, and what each loses

    @contextmanager
    def tracing(self) -> Iterator[None]:
        before = sys.gettrace()
        sys.settrace(self._entered)
        try:
            yield
        finally:
            sys.settrace(before)

    def _entered(self, frame: FrameType, event: str, argument: Any) -> Any:
        """Follow the frames of the module in which nodes have variables."""
        if frame.f_globals is not self._globals or not _computes_nodes(frame.f_code.co_name):
            return None
        self._lost[id(frame)] = set(self._not_finite(frame))
        self._line[id(frame)] = frame.f_lineno
        return self._stepped

    def _stepped(self, frame: FrameType, event: str, argument: Any) -> Any:
        fresh = set(self._not_finite(frame)) - self._lost[id(frame)]
        if fresh:
            self.found.append(((frame.f_code.co_filename, self._line[id(frame)]), fresh))
            self._lost[id(frame)] |= fresh
        self._line[id(frame)] = frame.f_lineno
        return self._stepped

    def _not_finite(self, frame: FrameType) -> Iterator[str]:
        for name, value in frame.f_locals.items():
            number = isinstance(value, float | np.ndarray | np.floating)
            if number and name not in self._given and not np.all(np.isfinite(value)):
                yield name


def _computes_nodes(name: str) -> bool:
    return name in ("forward", "backward", "value_and_grad") or name.endswith("_and_bars")


__all__ = ["first_lost"]
