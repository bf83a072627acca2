"""GradBench's protocol: what the tool answers to each kind of message."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from symback.errors import SymbackError
from tools.gradbench.modules import MODULES, REFUSED
from tools.gradbench.work import Work

NAME = "symback"


@dataclass(frozen=True, slots=True)
class Tool:
    """The tool with the target of its modules.

    >>> Tool("numpy").response({"id": 1, "kind": "define", "module": "hello"})
    {'id': 1, 'success': True}
    """

    target: str

    def response(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to one message; its id alone where the kind asks for nothing."""
        return {"id": message["id"]} | self._answer(message)

    def _answer(self, message: Mapping[str, Any]) -> dict[str, Any]:
        kind = message["kind"]
        if kind == "start":
            return {"tool": NAME, "config": {"target": self.target}}
        if kind == "define":
            return _defined(message["module"])
        if kind == "evaluate":
            return self._evaluated(message)
        return {}

    def _evaluated(self, message: Mapping[str, Any]) -> dict[str, Any]:
        defined = _defined(message["module"])
        if not defined["success"]:
            return defined
        functions, name = MODULES[message["module"]], message["function"]
        if name not in functions:
            return _failure(f"{message['module']} has no function {name!r}: {', '.join(functions)}")
        given = message["input"]
        start = time.perf_counter_ns()
        try:
            work = functions[name](given, self.target)
        except (SymbackError, OSError) as error:
            return _failure(str(error))
        timings = [_timing("prepare", time.perf_counter_ns() - start)]
        asked = given if isinstance(given, dict) else {}
        found, spent = repeated(work, asked.get("min_runs", 1), asked.get("min_seconds", 0))
        timings += [_timing("evaluate", nanoseconds) for nanoseconds in spent]
        return {"success": True, "output": work.read(found), "timings": timings}


def repeated(work: Work, min_runs: int, min_seconds: float) -> tuple[Any, list[int]]:
    """What the last run gave, and the nanoseconds of each: at least so many, at least so long."""
    spent: list[int] = []
    while len(spent) < max(1, min_runs) or sum(spent) < min_seconds * 1e9:
        start = time.perf_counter_ns()
        found = work.run()
        spent.append(time.perf_counter_ns() - start)
    return found, spent


def _defined(module: str) -> dict[str, Any]:
    if module in MODULES:
        return {"success": True}
    why = REFUSED.get(module, f"this tool has {', '.join(MODULES)}")
    return _failure(f"{module} is not a module of {NAME}: {why}")


def _failure(error: str) -> dict[str, Any]:
    return {"success": False, "error": error}


def _timing(name: str, nanoseconds: int) -> dict[str, Any]:
    return {"name": name, "nanoseconds": nanoseconds}
