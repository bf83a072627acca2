"""Options and arguments that commands share: circuit, points, columns, output."""

from __future__ import annotations

import os
import re
import stat
import sys
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from symback.errors import FileRefused, LikelyMeantOtherwise, SymbackError, clip

if TYPE_CHECKING:
    from symback.api import Circuit, Update
    from symback.codegen.files import Output

LONGEST_PATH = 1024
LONGEST_FILE = 50_000_000  # characters; far beyond what a circuit may have
MOST_NAMES = 12  # of a role that are listed
_NOT_FINITE = re.compile(r"[+-]?inf|nan", re.IGNORECASE).fullmatch
_LIKE_A_PATH = re.compile(r"[\w./\\~:-]*").fullmatch
_BETWEEN_PAIRS = re.compile(r",(?=[^,\[\]=]+=)")  # a comma before the next NAME=

_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _all_of(*decorators: _Decorator) -> _Decorator:
    """The decorators as one, the first of them outermost."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


circuit_overrides = _all_of(
    click.option("--params", help="Names of the parameters, separated by commas."),
    click.option("--inputs", help="Names of the inputs, separated by commas."),
    click.option("--loss", help="The loss: the name of a node, or a formula."),
    click.option("--no-loss", is_flag=True, help="Do not add a loss to the circuit."),
    click.option("--latex", is_flag=True, help="CIRCUIT is LaTeX, as files that end in .tex are."),
)
"""The options that override what is inferred from names."""

circuit_options = _all_of(click.argument("circuit"), circuit_overrides)
"""The argument CIRCUIT, and the options that override what is inferred from names."""

circuit_or_update = _all_of(
    click.argument("circuit", required=False),
    circuit_overrides,
    click.option(
        "--update",
        metavar="NAME",
        help="An optimiser's update instead of a CIRCUIT: sgd, momentum, nesterov, adagrad, "
        "rmsprop, adam, adamw.",
    ),
    click.option("--decay", is_flag=True, help="With --update: add weight decay (L2)."),
)
"""The same, or an update rule in place of CIRCUIT."""

of_option = click.option("--of", "of", help="The node to differentiate; default: the output.")
"""The node whose partial derivatives are derived."""

_SEVERAL = re.compile(r"\s*\w+(\s*,\s*\w+)+\s*")


def names_of(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> Any:
    """The names that an option was given one by one, or with commas between them."""
    parts = (v.split(",") if _SEVERAL.fullmatch(v) else [v] for v in values)
    return tuple(name.strip() for part in parts for name in part)


wrt_option = click.option(
    "--wrt",
    multiple=True,
    callback=names_of,
    help="Differentiate with respect to this name, or a,b; default: all leaves.",
)
"""The names of the partial derivatives to derive."""

_DATA: Any = {
    "multiple": True,
    "type": click.Path(),
    "help": "A file: .csv, .npy, .npz, .parquet or .arrow; repeat it for files side by side.",
}
_COLUMNS = (
    click.option(
        "--map",
        "mapping",
        multiple=True,
        metavar="NAME=COLUMN",
        help="The column of an input or target, or a family of columns: x=pixel_*.",
    ),
    click.option(
        "--delimiter", default=",", show_default=True, help="Separator of the fields of a CSV file."
    ),
)
data_options = _all_of(click.option("--data", required=True, **_DATA), *_COLUMNS)
"""The data files, and the columns of inputs and targets in them."""

optional_data_options = _all_of(click.option("--data", **_DATA), *_COLUMNS)
"""The same for what may need none."""

given_options = _all_of(
    click.option(
        "--size",
        "sizes",
        multiple=True,
        metavar="NAME=N",
        help="A dimension that the data do not determine.",
    ),
    click.option(
        "--const",
        "constants",
        multiple=True,
        metavar="NAME=VALUE|FILE",
        callback=lambda _, option, given: read_constants(given),
        help="The value of a const that the circuit declares without one; a file is of kind .npy.",
    ),
)
"""Sizes and constants that are not in the data."""

force_option = click.option(
    "--force", is_flag=True, help="Replace a file that was edited, or not made by this command."
)


def read_circuit(
    circuit: str,
    params: str | None = None,
    inputs: str | None = None,
    loss: str | None = None,
    no_loss: bool = False,
    latex: bool = False,
) -> Circuit:
    """The circuit in the file or text of the argument; inferred roles and warnings go to stderr."""
    from symback.api import circuit as parse
    from symback.circuits.assembly import AUTOMATIC

    if loss is not None and no_loss:
        raise click.UsageError("--loss and --no-loss exclude each other")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LikelyMeantOtherwise)  # said below, in one line each
        parsed = parse(
            text_of(circuit),
            params=_names(params),
            inputs=_names(inputs),
            loss=None if no_loss else AUTOMATIC if loss is None else loss,
            notation="latex" if latex or circuit.endswith(".tex") else "text",
        )
    for sentence in parsed.warnings:
        click.echo(f"warning: {sentence}", err=True)
    if parsed.inferred:
        _echo_inferred(parsed)
    return parsed


def read_update(
    update: str | None, decay: bool, takes: Collection[str], **circuit: Any
) -> Update | None:
    """The update that --update names, None where CIRCUIT is given instead.

    `takes` are the command's other options that an update takes.
    """
    if update is None:
        if decay:
            raise click.UsageError("--decay changes the update of an optimiser; add --update NAME")
        if circuit["circuit"] is None:
            raise click.UsageError("Missing argument 'CIRCUIT', or --update NAME.")
        return None
    if circuit["circuit"] is not None:
        raise click.UsageError("CIRCUIT and --update exclude each other; give one of them")
    takes = {"update", "decay", *takes}
    refuse_beside(takes, "needs a circuit; --update takes no circuit")
    from symback.api import update as update_named  # SymPy: imported when needed

    return update_named(update, decay=decay)


def refuse_beside(takes: Collection[str], why: str) -> None:
    """A usage error where another option is given than those that are taken."""
    context = click.get_current_context()
    for known in context.command.params:
        source = context.get_parameter_source(str(known.name))
        if source is ParameterSource.COMMANDLINE and known.name not in takes:
            raise click.UsageError(f"{known.opts[0]} {why}")


def _names(text: str | None) -> list[str] | None:
    return None if text is None else text.replace(",", " ").split()


def _echo_inferred(circuit: Circuit) -> None:
    parts = []
    for title, role in (("parameters", "param"), ("inputs", "input"), ("targets", "target")):
        names = [n.name for n in circuit.leaves if n.role == role and n.name in circuit.inferred]
        if names:
            more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
            parts.append(f"{title} {', '.join(names[:MOST_NAMES])}{more}")
    roles = "; ".join(parts)
    click.echo(f"inferred from names: {roles} (--params and --inputs override)", err=True)


def text_of(argument: str) -> str:
    if argument == "-":
        try:
            return sys.stdin.read(LONGEST_FILE)
        except UnicodeDecodeError:
            raise FileRefused("standard input is not UTF-8 text") from None
    if not _is_path(argument):
        if "\n" in argument and len(argument) <= LONGEST_PATH and os.path.exists(argument):
            raise FileRefused(f"'{_shown(argument)}' has a line break in its name; rename the file")
        return argument
    try:
        return _read_text(argument)
    except UnicodeDecodeError:
        raise FileRefused(f"{argument} is not UTF-8 text") from None
    except OSError as error:
        raise FileRefused(f"{clip(argument, 80)} can't be read: {error.strerror}") from None


def _read_text(path: str) -> str:
    """The text of a file; a device or a pipe with a name might never end."""
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode) and not path.startswith(("/dev/fd/", "/dev/stdin")):
        why = "it is a folder" if stat.S_ISDIR(mode) else "it is not a regular file"
        raise FileRefused(f"{clip(path, 80)} can't be read: {why}; name a file")
    with open(path, encoding="utf-8") as file:
        return file.read(LONGEST_FILE)


def _is_path(argument: str) -> bool:
    if len(argument) > LONGEST_PATH or "\n" in argument or "\0" in argument:
        return False
    return argument.endswith((".circuit", ".txt", ".tex", ".py")) or os.path.exists(argument)


def is_circuit(argument: str) -> bool:
    """Whether an argument is a circuit rather than a generated module: a file of one, or its text.

    A text of nothing but what paths have is a file, for which x is a name too.
    """
    if argument == "-" or argument.endswith((".circuit", ".txt", ".tex")):
        return True
    return not (_is_path(argument) or _LIKE_A_PATH(argument))


def read_numbers(
    pairs: Iterable[str], option: str = "--at", finite: bool = True
) -> dict[str, float]:
    """NAME=VALUE pairs, commas between, as numbers; inf and nan where they need not be `finite`.

    A value is a formula without names, such as 1/3 or pi.
    """
    found: dict[str, float] = {}
    for name, text, pair in _pairs(pairs, option):
        outside = not finite and _NOT_FINITE(text.strip())
        number = float(text) if outside else _number(text.strip())
        if not (outside or isfinite(number)):
            raise _not_a_pair(pair, option, "NAME=NUMBER")
        found[name] = number
    return found


def _number(text: str) -> float:
    """The number that a text stands for; NaN for none."""
    from symback.language.constants import number_in

    try:
        return number_in(text)
    except SymbackError:
        return float("nan")


def read_point_options(pairs: Iterable[str], finite: bool = False) -> dict[str, Any]:
    """NAME=VALUE pairs as numbers and nested lists of them, such as W=[[1, 2], [3, 4]]; inf and
    nan where they need not be `finite`."""
    from symback.derivation.numbers.point import read_text

    pairs = list(pairs)
    if not any("[" in pair for pair in pairs):
        return read_numbers(pairs, finite=finite)
    found: dict[str, Any] = {}
    for name, text, pair in _pairs(pairs, "--at"):
        try:
            found[name] = read_text(text, finite=finite)
        except ValueError:
            raise _not_a_pair(pair, "--at", "NAME=NUMBER or NAME=[[1, 2], [3, 4]]") from None
    return found


def read_initial(given: Iterable[str]) -> Any:
    """A file, or NAME=VALUE pairs with commas between, whose values are numbers or lists."""
    from symback.derivation.numbers.point import read_text

    given, option = list(given), "--initial"
    if not given or (len(given) == 1 and (os.path.exists(given[0]) or "=" not in given[0])):
        return given[0] if given else None
    found: dict[str, Any] = {}
    for name, text, pair in _pairs(given, option):
        try:
            found[name] = read_text(text, finite=True)
        except ValueError:
            raise _not_a_pair(pair, option, "NAME=NUMBER or NAME=[[1, 2], [3, 4]]") from None
    return found


def read_constants(given: Iterable[str]) -> dict[str, Any]:
    """NAME=VALUE pairs, whose values are numbers, lists, or files of kind .npy."""
    from symback.derivation.numbers.point import read_text

    found: dict[str, Any] = {}
    for name, text, pair in _pairs(given, "--const"):
        if text.strip().endswith(".npy"):
            found[name] = _array_of(text.strip())
            continue
        try:
            found[name] = read_text(text, finite=True)
        except ValueError:
            wanted = "NAME=NUMBER, NAME=[[1, 2], [3, 4]] or NAME=FILE.npy"
            raise _not_a_pair(pair, "--const", wanted) from None
    return found


def _array_of(path: str) -> Any:
    import numpy as np  # not needed by most commands

    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is not an array of NumPy"
        raise FileRefused(f"{clip(os.path.basename(path), 40)} can't be read: {why}") from None


def _pairs(pairs: Iterable[str], option: str) -> Iterable[tuple[str, str, str]]:
    seen: set[str] = set()
    for pair in (pair for text in pairs for pair in _BETWEEN_PAIRS.split(text)):
        name, sign, text = pair.partition("=")
        if not (sign and name.strip()):
            raise _not_a_pair(pair, option, "NAME=NUMBER")
        if name.strip() in seen:
            raise click.BadParameter(f"'{_shown(name)}' is given twice", param_hint=option)
        seen.add(name.strip())
        yield name.strip(), text, pair


def _shown(text: str) -> str:
    """A text that was typed, printable and short."""
    return clip("".join(c if c.isprintable() else "?" for c in text[:80]), 60)


def _not_a_pair(pair: str, option: str, wanted: str) -> click.BadParameter:
    return click.BadParameter(f"'{_shown(pair)}' is not {wanted}", param_hint=option)


def put(
    content: str | bytes,
    output: str | None,
    kind: str,
    form: str,
    circuit: str | None,
    force: bool,
) -> None:
    """The text on stdout, or in a file with the mark of its kind in the comments of its format."""
    content = content.encode() if isinstance(content, str) else content
    if output is None:
        text = content.decode()
        click.echo(text, nl=not text.endswith("\n"))
        return
    from symback.codegen.files import Output
    from symback.codegen.marks import marked

    found = {Output(Path(output), kind): marked(content, kind, form)}
    deliver(found, files_read(circuit), force)


def deliver(
    contents: Mapping[Output, bytes], inputs: Iterable[str | Path | int], force: bool
) -> None:
    """Write the files, all or none, and say so, also of folders that are made for them."""
    from symback.codegen.files import remove_stale, write_outputs

    folders = {output.path.parent for output in contents}
    missing = [folder for folder in sorted(folders) if not os.path.exists(folder)]
    written = write_outputs(contents, inputs=inputs, force=force)
    remove_stale(written)
    for folder in missing:
        click.echo(f"made the folder {folder}", err=True)
    for output in contents:
        state = "wrote {}" if output.path in written else "{} is up to date"
        click.echo(state.format(output.path), err=True)


def files_read(*arguments: str | None) -> list[str | int]:
    """The files among the arguments of a command, and standard input."""
    return [0, *(a for a in arguments if a is not None and a != "-" and _is_path(a))]


def read_mapping(mapping: Iterable[str]) -> dict[str, str]:
    """NAME=COLUMN pairs, one column a name."""
    pairs: dict[str, str] = {}
    for item in mapping:
        name, sign, column = item.partition("=")
        if not (name and sign and column):
            raise click.BadParameter(f"'{_shown(item)}' is not NAME=COLUMN", param_hint="--map")
        if pairs.setdefault(name, column) != column:
            raise click.BadParameter(f"'{_shown(name)}' has two columns", param_hint="--map")
    return pairs


def text_of_file(path: str) -> str:
    if not os.path.exists(path):
        raise FileRefused(f"there is no file {clip(path, 80)}")
    return text_of(path)


__all__ = [
    "circuit_options",
    "circuit_or_update",
    "circuit_overrides",
    "data_options",
    "deliver",
    "files_read",
    "force_option",
    "given_options",
    "is_circuit",
    "names_of",
    "of_option",
    "optional_data_options",
    "put",
    "read_circuit",
    "read_initial",
    "read_mapping",
    "read_numbers",
    "read_point_options",
    "read_update",
    "refuse_beside",
    "text_of",
    "text_of_file",
    "wrt_option",
]
