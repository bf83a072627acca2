"""The outputs that the README and the pages of docs show.

Each block behind `<!-- output: NAME -->` is made here; one behind `<!-- prints -->` is what the
Python before it prints, where the Python of a page runs from top to bottom as one program. A block
behind `<!-- needs: LIBRARY -->` is left out where that is not installed.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import re
from collections.abc import Callable, Collection
from importlib.util import find_spec
from pathlib import Path

import click

import symback as sb
from symback.autodiff.cost import operation_counts
from symback.cli.main import cli

ROOT = Path(__file__).resolve().parent.parent
NEURON = "f = x1 − σ(w3x3 + w4x4)"
_CONTEXT = click.Context(cli)
MISTAKE = "net2 = w3*x3 + w4*x4\nf = x1 - sigma(net2"


NETWORK = ROOT / "examples" / "digits_network" / "network.circuit"


def network() -> str:
    """The derivation of the digits network by its first matrix, from the backward pass on."""
    circuit = sb.circuit(NETWORK.read_text(encoding="utf-8"))
    return str(circuit.partial("E", "W1"))


def arrays() -> str:
    """The fused function of the network's module."""
    text = sb.circuit(NETWORK.read_text(encoding="utf-8")).generate()
    found = re.search(r"^def _loss_and_bars\(.*?(?=^def )", text, re.MULTILINE | re.DOTALL)
    return (found.group(0).rstrip() if found else "") + "\n"


def derivation() -> str:
    return str(sb.circuit(NEURON).partial("f", "w3"))


def backward() -> str:
    """The fused function and backward of the neuron's module."""
    text = sb.circuit(NEURON).generate()
    parts = [
        re.search(rf"^def {name}\(.*?(?=^def |\Z)", text, re.MULTILINE | re.DOTALL)
        for name in ("forward", "backward")
    ]
    return "\n\n".join(part.group(0).rstrip() for part in parts if part) + "\n"


def bare() -> str:
    """The gradient of the neuron by its weights alone, in JavaScript."""
    return sb.circuit(NEURON).code("javascript", only="gradient", wrt=["w3", "w4"])


def error() -> str:
    try:
        sb.circuit(MISTAKE)
    except sb.SymbackError as found:
        return f"symback: {found}\n"
    raise AssertionError("the mistaken text was accepted")


def check() -> str:
    return f"{sb.circuit(NEURON).check()}\n"


def stats() -> str:
    return "".join(f"{count}\n" for count in operation_counts(sb.circuit(NEURON)))


OUTPUTS: dict[str, Callable[[], str]] = {
    "derive": derivation,
    "module": backward,
    "bare": bare,
    "error": error,
    "check": check,
    "stats": stats,
    "network": network,
    "arrays": arrays,
}

CIRCUIT_OPTIONS = ("params", "inputs", "loss", "no_loss", "latex")
"""What every command that reads a circuit takes."""


def commands() -> str:
    """Every command with its examples and options, as `--help` has them."""
    found = [cli.commands[name] for name in sorted(cli.commands)]
    shared = [o for o in cli.commands["derive"].params if o.name in CIRCUIT_OPTIONS]
    parts = ["## Options of every CIRCUIT", _options(shared)]
    for command in found:
        arguments = [p for p in command.params if isinstance(p, click.Argument)]
        taken = "".join(f" {argument.make_metavar(_CONTEXT)}" for argument in arguments)
        what, *more = inspect.cleandoc(command.help or "").split("\n\n")
        parts += [f"## symback {command.name}{taken}", " ".join(what.split())]
        for text in more:
            is_literal = text.startswith("\b\n")
            parts.append(f"```text\n{text[2:].rstrip()}\n```" if is_literal else text)
        options = [p for p in command.params if isinstance(p, click.Option)]
        parts.append(_options([p for p in options if p.name not in CIRCUIT_OPTIONS]))
    return "\n\n".join(filter(None, parts)) + "\n"


def _options(of: list[click.Parameter]) -> str:
    """A table of options with their meanings."""
    records = [option.get_help_record(_CONTEXT) or ("", "") for option in of]
    rows = [f"| `{name}` | {what} |" for name, what in _escaped(records)]
    return "\n".join(["| option | meaning |", "|---|---|", *rows]) if rows else ""


def _escaped(records: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name.replace("|", "\\|"), what.replace("|", "\\|")) for name, what in records]


_BLOCK = re.compile(r"(<!-- output: (\w+) -->\n```\w+\n)(.*?)(```\n)", re.DOTALL)


_COMMANDS = re.compile(r"(?<=<!-- commands -->\n).*?(?=<!-- end of commands -->)", re.DOTALL)


def updated(text: str) -> str:
    """A page with every output made anew."""
    text = _COMMANDS.sub(lambda m: f"\n{commands()}\n", text)
    return _BLOCK.sub(lambda m: f"{m.group(1)}{OUTPUTS[m.group(2)]()}{m.group(4)}", text)


PYTHON = re.compile(
    r"(?P<output><!-- output: \w+ -->\n)?(?:<!-- needs: (?P<needs>\w+) -->\n)?"
    r"```python\n(?P<code>.*?)```\n"
    r"(?P<head>\n<!-- prints -->\n```text\n)?(?P<shown>(?(head).*?(?=```\n)|))",
    re.DOTALL,
)


def is_circuit(code: str) -> bool:
    """Whether a block of Python is circuit text, which is coloured well as Python."""
    try:
        sb.circuit(code)
    except sb.SymbackError:
        return False
    return True


def programs(text: str) -> list[re.Match[str]]:
    """The blocks of Python that are programs: neither outputs nor circuit text."""
    found = PYTHON.finditer(text)
    return [m for m in found if not m["output"] and not is_circuit(m["code"])]


def needed(text: str) -> list[str]:
    """The libraries that programs of a page need, beside those of all tests."""
    return [*dict.fromkeys(block["needs"] for block in programs(text) if block["needs"])]


def printed(text: str, libraries: Collection[str] = ()) -> list[str | None]:
    """What the programs of a page print, run in order in the root of the repository.

    None for one that needs a library which is not among these.
    """
    known: dict[str, object] = {}
    outputs: list[str | None] = []
    with contextlib.chdir(ROOT):
        for number, block in enumerate(programs(text), 1):
            if block["needs"] and block["needs"] not in libraries:
                outputs.append(None)
                continue
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                exec(compile(block["code"], f"program {number}", "exec"), known)
            lines = said.getvalue().splitlines()
            outputs.append("".join(f"{line.rstrip()}\n" for line in lines))
    return outputs


def with_prints(text: str) -> str:
    """The page with what its programs print made anew."""
    parts, end = [], 0
    here = [library for library in needed(text) if find_spec(library)]
    for block, output in zip(programs(text), printed(text, here), strict=True):
        if block["head"] and output is not None:
            start, stop = block.span("shown")
            parts += [text[end:start], output]
            end = stop
    return "".join([*parts, text[end:]])


def page() -> str:
    """The page that the README links: two paths lead from x3 to f."""
    file = ROOT / "examples" / "lecture" / "l6b_multiple_paths.circuit"
    point = {"x3": 0.5, "x5": 0.3, "x4": -1.5, "w3": 2.0, "w4": 0.8}
    return sb.circuit(file.read_text(encoding="utf-8")).derive().at(**point).to_html()


PAGE = ROOT / "docs" / "l6b.html"
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
"""The pages whose Python runs."""


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        path.write_text(with_prints(updated(text)), encoding="utf-8")


if __name__ == "__main__":
    main()
