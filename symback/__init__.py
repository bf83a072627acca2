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
    from symback.derivation.record import Derivation
    from symback.errors import SymbackError
    from symback.parse import circuit
    from symback.program import Program
    from symback.structure import Circuit, Node
    from symback.updates import Update, update

_HOME = {
    "Circuit": "symback.structure",
    "Derivation": "symback.derivation.record",
    "Node": "symback.structure",
    "Program": "symback.program",
    "SymbackError": "symback.errors",
    "Update": "symback.updates",
    "circuit": "symback.parse",
    # what IPython calls at %load_ext symback and %unload_ext symback
    "load_ipython_extension": "symback.notebook",
    "unload_ipython_extension": "symback.notebook",
    "update": "symback.updates",
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
