"""The interactive session, with symback imported and the circuit bound to `c`."""

from __future__ import annotations

import builtins
import code
import sys
from typing import TYPE_CHECKING, Any

from symback.errors import SymbackError

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
    if not _has_ipython():
        _open_console(banner(circuit), found)
        return
    from IPython import start_ipython
    from traitlets.config import Config  # comes with IPython

    config = Config()
    config.TerminalInteractiveShell.banner1 = banner(circuit) + "\n"
    config.InteractiveShellApp.extensions = ["symback"]  # %circuit and %%circuit
    start_ipython(argv=[], user_ns=found, config=config)


def _has_ipython() -> bool:
    """Whether the extra is there; asked before the session, whose errors would repeat this one."""
    try:
        import IPython  # noqa: F401
    except ModuleNotFoundError:
        return False
    return True


def _open_console(head: str, found: dict[str, Any]) -> None:
    """Python's console, which shows circuits and derivations as IPython does, as text."""
    plain = sys.displayhook
    sys.displayhook = _display
    try:
        _Console(found).interact(head, exitmsg="")
    finally:
        sys.displayhook = plain


class _Console(code.InteractiveConsole):
    """Python's console, whose errors of symback are their message, as in IPython."""

    def showtraceback(self) -> None:
        error = sys.exc_info()[1]
        if isinstance(error, SymbackError):
            self.write("".join(f"{line}\n" for line in error._render_traceback_()))
        else:
            super().showtraceback()


class _Text:
    """What an object writes for IPython."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def text(self, text: str) -> None:
        self.parts.append(text)


def _display(value: Any) -> None:
    if value is None or not hasattr(type(value), "_repr_pretty_"):
        sys.__displayhook__(value)
        return
    builtins._ = value  # type: ignore[attr-defined]  # as Python's own
    written = _Text()
    value._repr_pretty_(written, False)
    print("".join(written.parts))


__all__ = ["banner", "interact", "names"]
