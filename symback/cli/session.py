"""The interactive session, with symback imported and the circuit bound to `c`."""

from __future__ import annotations

import code
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symback.api import Circuit


def names(circuit: Circuit | None) -> dict[str, Any]:
    """Names bound at the start: sb, circuit, Circuit, sympy, np, and c for the circuit."""
    import numpy
    import sympy

    import symback as sb

    found: dict[str, Any] = {
        "sb": sb,
        "circuit": sb.circuit,
        "Circuit": sb.Circuit,
        "sympy": sympy,
        "np": numpy,
    }
    if circuit is not None:
        found["c"] = circuit
    return found


def banner(circuit: Circuit | None) -> str:
    lines = ["symback session: sb, circuit(text), Circuit, sympy, np"]
    if circuit is None:
        lines.append('Try  c = circuit("f = x1 - sigma(w3*x3 + w4*x4)")')
    else:
        lines.append("c is the circuit:")
        lines += [f"    {line}" for line in circuit.source.splitlines()]
    lines.append('Then print(c.partial("…")), c.gradient(), c.compile(), c.check()')
    return "\n".join(lines)


def interact(circuit: Circuit | None) -> None:
    """Open IPython where it is installed, else Python's own console."""
    found = names(circuit)
    try:
        from IPython import start_ipython  # an extra
    except ModuleNotFoundError:
        code.interact(banner(circuit), local=found, exitmsg="")
        return
    from traitlets.config import Config  # comes with IPython

    config = Config()
    config.TerminalInteractiveShell.banner1 = banner(circuit) + "\n"
    config.InteractiveShellApp.extensions = ["symback"]  # %circuit and %%circuit
    start_ipython(argv=[], user_ns=found, config=config)
