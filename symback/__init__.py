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
    from symback.api import (
        Circuit,
        Derivation,
        Node,
        Program,
        SymbackError,
        Update,
        circuit,
        update,
    )
    from symback.training.fit import fit

__all__ = [
    "Circuit",
    "Derivation",
    "Node",
    "Program",
    "SymbackError",
    "Update",
    "__version__",
    "circuit",
    "fit",
    "update",
]


_HOMES = {
    "Array": "symback.language.tracing",
    "fit": "symback.training.fit",
    # what IPython calls at %load_ext symback and %unload_ext symback
    "load_ipython_extension": "symback.cli.notebook",
    "unload_ipython_extension": "symback.cli.notebook",
}
"""Where a name comes from that is not the facade's."""


def __getattr__(name: str) -> Any:
    if name not in (*__all__, *_HOMES):
        word = None if name.startswith("_") else _word(name)
        if word is not None:
            return word
        raise AttributeError(f"module 'symback' has no attribute '{name}'")
    value = getattr(importlib.import_module(_HOMES.get(name, "symback.api")), name)
    globals()[name] = value
    return value


def _word(name: str) -> Any:
    """A function of circuit text, such as sigma, for functions under @circuit."""
    traced = importlib.import_module("symback.language.traced")
    return traced.function(name) if traced.is_word(name) else None


def __dir__() -> list[str]:
    return sorted(__all__)
