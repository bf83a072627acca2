"""Notebooks: the magics of `%load_ext symback`.

    %%circuit neuron --params w3,w4
    f = x1 − σ(w3x3 + w4x4)

binds `neuron`, and `%circuit f = w*x` binds `c`. IPython is imported only by `load_ext` itself.
"""

from __future__ import annotations

import keyword
import re
import warnings
from typing import TYPE_CHECKING, Any

from symback.errors import LikelyMeantOtherwise, SymbackError, clip

if TYPE_CHECKING:
    from symback.api import Circuit

DEFAULT_NAME = "c"
MOST_NAMES = 12  # in a list of what was inferred

_OPTION = re.compile(
    r"(?<!\S)--(?:(?P<flag>no-loss)|(?P<key>params|inputs|loss)(?:\s*=\s*|\s+)"
    r"""(?:"(?P<text>[^"]*)"|'(?P<other>[^']*)'|(?P<value>[^\s"']\S*)))(?!\S)"""
)
_LATEX = re.compile(r"(?<!\S)--latex(?!\S)")
_LEFT_OVER = re.compile(r"(?<!\S)--[A-Za-z][\w-]*")


# -- magics ----------------------------------------------------------------------------------


class WrongCell(Exception):
    """A wrong circuit or option in a cell: IPython shows the message without a traceback."""

    def _render_traceback_(self) -> list[str]:
        """The lines that IPython shows instead of a traceback."""
        return [f"symback: {self}"]


def load_ipython_extension(shell: Any) -> None:
    """Register `%circuit` and `%%circuit`; `%load_ext symback` calls this."""
    from IPython.core.magic import no_var_expand  # an extra, and here because it called us

    def circuit(line: str, cell: str | None = None) -> Circuit:
        """A circuit from its text, bound to a name and shown.

        %%circuit [NAME] [options]       the cell is the circuit's text; NAME is c by default
        %circuit [options] f = w*x       the line is the text; the circuit is bound to c

        Options, as on the command line:
          --params NAMES    names of the parameters, separated by commas
          --inputs NAMES    names of the inputs
          --loss LOSS       the loss: the name of a node, or a formula in quotes
          --no-loss         do not add a loss
        """
        name, found = _read(line, cell)
        shell.push({name: found})
        return found

    shell.register_magic_function(no_var_expand(circuit), "line_cell", "circuit")


def unload_ipython_extension(shell: Any) -> None:
    """Remove the magics; `%unload_ext symback` calls this."""
    for magics in shell.magics_manager.magics.values():
        magics.pop("circuit", None)


def _read(line: str, cell: str | None) -> tuple[str, Circuit]:
    """The name to bind and the circuit; prints the roles that were inferred from names."""
    from symback.api import circuit as parse  # kept out of start-up, as everything heavy is

    rest, options = _split(line)
    if cell is None and not rest:
        raise WrongCell("the circuit is missing; write one such as %circuit f = w*x")
    name, text = (DEFAULT_NAME, rest) if cell is None else (_name(rest), cell)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LikelyMeantOtherwise)  # printed below
            found = parse(text, **options)
    except SymbackError as error:
        raise WrongCell(str(error)) from None
    except (RecursionError, MemoryError):
        raise WrongCell("the circuit is too large or nested too deep") from None
    for sentence in found.warnings:
        print(f"warning: {sentence}")
    if found.inferred:
        print(_inferred(found))
    return name, found


def _split(line: str) -> tuple[str, dict[str, Any]]:
    """The text beside the options, and the options as `symback.circuit` takes them.

    >>> _split('neuron --params a,b --no-loss')
    ('neuron', {'params': 'a,b', 'loss': None})
    """
    options: dict[str, Any] = {}
    if _LATEX.search(line):
        line, options["notation"] = _LATEX.sub("", line), "latex"
    for match in _OPTION.finditer(line):
        key = match["key"] or "loss"
        if key in options:
            raise WrongCell(f"give --{key} once; --loss and --no-loss exclude each other")
        given = (match["text"], match["other"], match["value"])
        options[key] = next((value for value in given if value is not None), None)
    rest = _OPTION.sub("", line).strip()
    wrong = _LEFT_OVER.search(rest)
    if wrong:
        raise WrongCell(
            f"'{clip(wrong[0], 40)}' is not an option, or its value is missing; "
            "the options are --params NAMES, --inputs NAMES, --loss LOSS, --no-loss, --latex"
        )
    return rest, options


def _name(text: str) -> str:
    """The Python name that a cell's circuit gets."""
    name = text or DEFAULT_NAME
    if not name.isidentifier() or keyword.iskeyword(name):
        raise WrongCell(
            f"'{clip(name, 60)}' is not a Python name; write %%circuit NAME, text below it"
        )
    return name


def _inferred(circuit: Circuit) -> str:
    parts = []
    for title, role in (("parameters", "param"), ("inputs", "input"), ("targets", "target")):
        names = [n.name for n in circuit.leaves if n.role == role and n.name in circuit.inferred]
        shown = ", ".join([*names[:MOST_NAMES], "…"] if len(names) > MOST_NAMES else names)
        parts += [f"{title} {shown}"] if names else []
    return f"inferred from names: {'; '.join(parts)} (--params and --inputs override)"


__all__ = ["WrongCell", "load_ipython_extension", "unload_ipython_extension"]
