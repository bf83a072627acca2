"""symback: from a formula to a derivation you can read and a gradient module you can ship.

>>> import symback as sb
>>> c = sb.circuit("f = x1 - sigma(w3*x3 + w4*x4)")
>>> c.gradient()["w3"]
-x3*(1 - sigma(net))*sigma(net)

Everything is imported when it is first used: SymPy alone takes longer to import than
`symback --help` may take to answer.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from symback._version import __version__

if TYPE_CHECKING:
    from symback.autodiff.updates import Update, update
    from symback.circuits.circuit import Circuit, Node
    from symback.circuits.program import Program
    from symback.derivation.record import Derivation
    from symback.errors import SymbackError
    from symback.language.parse import circuit

_HOME = {
    "Circuit": "symback.circuits.circuit",
    "Derivation": "symback.derivation.record",
    "Node": "symback.circuits.circuit",
    "Program": "symback.circuits.program",
    "SymbackError": "symback.errors",
    "Update": "symback.autodiff.updates",
    "circuit": "symback.language.parse",
    # what IPython calls at %load_ext symback and %unload_ext symback
    "load_ipython_extension": "symback.cli.notebook",
    "unload_ipython_extension": "symback.cli.notebook",
    "update": "symback.autodiff.updates",
}

__all__ = [
    "Circuit",
    "Derivation",
    "Node",
    "Program",
    "SymbackError",
    "Update",
    "__version__",
    "circuit",
    "update",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'symback' has no attribute '{name}'")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
