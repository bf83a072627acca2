"""symback's modules, by target."""

from __future__ import annotations

import inspect
import os
import shutil
from functools import cache
from types import ModuleType

import symback as sb
from benchmarks.contest import Skip


def compiler() -> str | None:
    """The one that a module of target "c" calls when it is first used."""
    return os.environ.get("CC") or next(filter(shutil.which, ("cc", "gcc", "clang")), None)


@cache
def module(circuit: str, target: str = "numpy") -> ModuleType | Skip:
    """The compiled module of a circuit's text; Skip where this symback or machine can't."""
    made = sb.circuit(circuit)
    if target == "numpy":
        return made.compile()
    if "target" not in inspect.signature(made.compile).parameters:
        return Skip(f"this symback has no target {target!r}")
    if target == "c" and not compiler():
        return Skip("there is no C compiler")
    try:
        return made.compile(target=target)  # type: ignore[call-arg]
    except sb.SymbackError as error:
        return Skip(str(error).splitlines()[0])
