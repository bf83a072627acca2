"""The registry of targets: one row a target; nothing outside this table asks which target it is.

A module's files are a Python module, which alone is imported, and what that module compiles.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from symback._version import __version__
from symback.codegen.functions import ON_REQUEST
from symback.errors import Unsupported, clip, nearest

if TYPE_CHECKING:
    from symback.autodiff.updates import Update
    from symback.circuits.circuit import Circuit

PYTHON = ".py"
"""Ends the file that Python imports: every module has one."""

Subject = TypeVar("Subject", contravariant=True)


@dataclass(frozen=True, slots=True)
class Renderer(Generic[Subject]):
    """How a target prints one kind of module."""

    templates: Mapping[str, str]
    """By what the files end with, in the order they are made; `hashes` are of those before."""
    variables: Callable[..., Mapping[str, Any]]
    """What the templates fill in, of a subject and the name of the files without their ends; where
    functions were asked for, of these as well."""


@dataclass(frozen=True, slots=True)
class Target:
    """A language of modules."""

    name: str
    main: str  # ends the file that is asked for; the others are written beside it
    circuits: Renderer[Circuit]
    updates: Renderer[Update] | None  # None where the target has no modules of updates
    compiler: str = ""  # the language of the compiler that its modules call
    on_request: frozenset[str] = frozenset()  # the functions that its modules can have besides
    templates: Path | None = None  # the folder of its templates, where it is not symback's own

    @property
    def endings(self) -> tuple[str, ...]:
        """What files of its modules end with."""
        return tuple(self.circuits.templates)


def _numpy_circuit(
    circuit: Circuit, stem: str, on_request: Sequence[str] = ()
) -> Mapping[str, Any]:
    from symback.codegen.numpy.module import numpy_text  # the registry itself imports fast

    return {"m": circuit.once(numpy_text, __version__, tuple(on_request))}


def _numpy_update(update: Update, stem: str) -> Mapping[str, Any]:
    from symback.codegen.numpy.update import update_text  # the registry itself imports fast

    return {"m": update_text(update, __version__)}


def _c_circuit(circuit: Circuit, stem: str, on_request: Sequence[str] = ()) -> Mapping[str, Any]:
    from symback.codegen.c.module import c_text  # the registry itself imports fast

    text = c_text(circuit, __version__, stem, on_request)
    return {"m": text.python, "c": text}


def _c_update(update: Update, stem: str) -> Mapping[str, Any]:
    from symback.codegen.c.update import c_update_text  # the registry itself imports fast

    text = c_update_text(update, __version__, stem)
    return {"m": text.python, "c": text}


_ROWS = (
    Target(
        name="numpy",
        main=PYTHON,
        circuits=Renderer({PYTHON: "numpy/module.py.jinja"}, _numpy_circuit),
        updates=Renderer({PYTHON: "numpy/update.py.jinja"}, _numpy_update),
        on_request=frozenset(ON_REQUEST),
    ),
    Target(
        name="c",
        main=".c",
        circuits=Renderer(
            {".h": "c/header.h.jinja", ".c": "c/module.c.jinja", PYTHON: "c/loader.py.jinja"},
            _c_circuit,
        ),
        updates=Renderer(
            {
                ".h": "c/header.h.jinja",
                ".c": "c/module.c.jinja",
                PYTHON: "c/update_loader.py.jinja",
            },
            _c_update,
        ),
        compiler="C",
        on_request=frozenset(ON_REQUEST),
    ),
)

TARGETS = {row.name: row for row in _ROWS}
"""The targets by name."""


def target_named(name: str) -> Target:
    """The target of that name; Unsupported where there is none.

    >>> target_named("c").main
    '.c'
    """
    if name not in TARGETS:
        hint = nearest(name, TARGETS) or f"; choose from {', '.join(TARGETS)}"
        raise Unsupported(f"no target '{clip(name, 40)}'{hint}")
    return TARGETS[name]


def endings() -> tuple[str, ...]:
    """What files of modules end with, that of the imported one first."""
    return tuple(dict.fromkeys([PYTHON, *(end for t in TARGETS.values() for end in t.endings)]))


__all__ = ["PYTHON", "TARGETS", "Renderer", "Target", "endings", "target_named"]
