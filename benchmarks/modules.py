"""symback's modules, by target."""

from __future__ import annotations

import os
import shutil
from functools import cache
from types import ModuleType

import symback as sb
from benchmarks.contest import Skip
from symback.codegen.targets import target_named


def lacks_compiler(target: str) -> Skip | None:
    """Why modules of that target can't be built here, where they can't."""
    language = target_named(target).compiler
    if not language or os.environ.get("CC") or any(map(shutil.which, ("cc", "gcc", "clang"))):
        return None
    return Skip(f"there is no {language} compiler")


@cache
def module(
    circuit: str, target: str = "numpy", functions: tuple[str, ...] = ()
) -> ModuleType | Skip:
    """The compiled module of a circuit's text; Skip where this symback or machine can't."""
    try:
        made = sb.circuit(circuit)
        return lacks_compiler(target) or made.compile(target=target, functions=functions)
    except sb.SymbackError as error:
        return Skip(str(error).splitlines()[0])
