"""The registry of targets: one row a target; nothing outside this table asks which target it is.

A module's files are a Python module, which alone is imported, and what that module compiles.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from symback._version import __version__
from symback.codegen.functions import ON_REQUEST, WITHOUT_LOOPS
from symback.errors import Unsupported, clip, nearest

if TYPE_CHECKING:
    from symback.autodiff.updates import Update
    from symback.circuits.circuit import Circuit
    from symback.codegen.calls import Calls

ALWAYS = frozenset({"jvp", "hessp"})
"""Functions on request that modules in JavaScript and Rust have anyway."""
MATRICES = frozenset({"jacobian", "hessian"})
"""Those that these modules have where they are asked for."""
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
    extra: str = ""  # the package that its modules compute with, and the extra of that name
    calls: Callable[[ModuleType], Calls] | None = None
    """What its modules' functions give for NumPy's arrays, where they are not NumPy's own."""
    on_request: frozenset[str] = frozenset()  # the functions that its modules can have besides
    keeps_loops: bool = False  # whether its modules have loops of turns
    written_out: frozenset[str] = frozenset()  # functions on request for which these have none
    templates: Path | None = None  # the folder of its templates, where it is not symback's own

    @property
    def trains(self) -> bool:
        """Whether its modules have `sgd` and what else training calls."""
        return self.calls is None

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


def _jax_circuit(circuit: Circuit, stem: str) -> Mapping[str, Any]:
    from symback.codegen.jax.module import jax_text  # the registry itself imports fast

    return {"m": jax_text(circuit, __version__)}


def _torch_circuit(circuit: Circuit, stem: str) -> Mapping[str, Any]:
    from symback.codegen.torch.module import torch_text  # the registry itself imports fast

    return {"m": torch_text(circuit, __version__)}


def _torch_calls(module: ModuleType) -> Calls:
    from symback.codegen.torch.runtime import torch_calls  # an extra

    return torch_calls(module)


def _jax_calls(module: ModuleType) -> Calls:
    from symback.codegen.jax.runtime import jax_calls  # an extra

    return jax_calls(module)


def _javascript_circuit(
    circuit: Circuit, stem: str, on_request: Sequence[str] = ()
) -> Mapping[str, Any]:
    from symback.codegen.javascript.module import javascript_text  # the registry imports fast

    return {"m": javascript_text(circuit, __version__, stem, on_request)}


def _javascript_calls(module: ModuleType) -> Calls:
    from symback.codegen.javascript.runtime import javascript_calls  # which needs NumPy

    return javascript_calls(module)


def _rust_circuit(circuit: Circuit, stem: str, on_request: Sequence[str] = ()) -> Mapping[str, Any]:
    from symback.codegen.rust.module import rust_text  # the registry itself imports fast

    return {"m": rust_text(circuit, __version__, stem, on_request)}


def _rust_calls(module: ModuleType) -> Calls:
    from symback.codegen.rust.runtime import rust_calls  # which needs NumPy

    return rust_calls(module)


_ROWS = (
    Target(
        name="numpy",
        main=PYTHON,
        circuits=Renderer({PYTHON: "numpy/module.py.jinja"}, _numpy_circuit),
        updates=Renderer({PYTHON: "numpy/update.py.jinja"}, _numpy_update),
        on_request=frozenset(ON_REQUEST),
        keeps_loops=True,
        written_out=WITHOUT_LOOPS,
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
        keeps_loops=True,
        written_out=WITHOUT_LOOPS,
    ),
    Target(
        name="jax",
        main=PYTHON,
        circuits=Renderer({PYTHON: "jax/module.py.jinja"}, _jax_circuit),
        updates=None,
        extra="jax",
        calls=_jax_calls,
        keeps_loops=True,
    ),
    Target(
        name="torch",
        main=PYTHON,
        circuits=Renderer({PYTHON: "torch/module.py.jinja"}, _torch_circuit),
        updates=None,
        extra="torch",
        calls=_torch_calls,
        keeps_loops=True,
    ),
    Target(
        name="javascript",
        main=".mjs",
        circuits=Renderer(
            {".mjs": "javascript/module.mjs.jinja", PYTHON: "javascript/check.py.jinja"},
            _javascript_circuit,
        ),
        updates=None,
        calls=_javascript_calls,
        on_request=ALWAYS | MATRICES,
        keeps_loops=True,
    ),
    Target(
        name="rust",
        main=".rs",
        circuits=Renderer(
            {".rs": "rust/module.rs.jinja", PYTHON: "rust/check.py.jinja"}, _rust_circuit
        ),
        updates=None,
        calls=_rust_calls,
        on_request=ALWAYS | MATRICES,
        keeps_loops=True,
    ),
)

TARGETS = {row.name: row for row in _ROWS}
"""The targets by name."""
TRAINING = [row.name for row in _ROWS if row.trains]
"""Those whose modules train."""


def target_named(name: str) -> Target:
    """The target of that name; Unsupported where there is none.

    >>> target_named("c").main
    '.c'
    """
    if name not in TARGETS:
        hint = nearest(name, TARGETS) or f"; choose from {', '.join(TARGETS)}"
        raise Unsupported(f"no target '{clip(name, 40)}'{hint}")
    return TARGETS[name]


def trained(name: str) -> str:
    """The name of a target whose modules train; Unsupported for another one."""
    if not target_named(name).trains:
        raise Unsupported(
            f"modules of the target '{name}' are not trained by symback; "
            f"choose from {', '.join(TRAINING)}"
        )
    return name


def endings() -> tuple[str, ...]:
    """What files of modules end with, that of the imported one first."""
    return tuple(dict.fromkeys([PYTHON, *(end for t in TARGETS.values() for end in t.endings)]))


def missing_package(name: str) -> Unsupported | None:
    """What to raise for a Python package that a module imports, where a row names its extra."""
    row = next((r for r in TARGETS.values() if r.extra and r.extra == name), None)
    if row is None:
        return None
    return Unsupported(
        f"modules of the target '{row.name}' need the package {name}; "
        f"pip install 'symback[{row.extra}]'"
    )


__all__ = [
    "PYTHON",
    "TARGETS",
    "TRAINING",
    "Renderer",
    "Target",
    "endings",
    "missing_package",
    "target_named",
    "trained",
]
