"""What public functions take: a value of another kind ends in a sentence that names the argument.

The kind of an argument is what its annotation says, a row of KINDS. Names are read as text,
whether they come as texts, nodes or symbols of SymPy, and those of a set in the order of the
alphabet, since it has none of its own.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterable, Mapping, Set
from numbers import Integral
from typing import Any, ParamSpec, TypeVar

from sympy import Symbol

from symback.circuits.circuit import Circuit, Node
from symback.errors import CircuitError, SymbackError, clip

P = ParamSpec("P")
R = TypeVar("R")
ReadValue = Callable[[Any], Any]
"""Gives the value that a function goes on with; raises TypeError for one of another kind."""


def _name(value: Any) -> str:
    if isinstance(value, str | Node | Symbol):
        return str(value)
    raise TypeError


def names_read(value: Any) -> tuple[str, ...]:
    """The names in a list or the like; TypeError where it has others."""
    if isinstance(value, bytes) or not isinstance(value, Iterable):
        raise TypeError
    names = map(_name, value)
    return tuple(sorted(names) if isinstance(value, Set) else names)


def _names(value: Any) -> str | tuple[str, ...]:
    return str(value) if isinstance(value, str | Node | Symbol) else names_read(value)


def _flag(value: Any) -> bool:
    if type(value).__name__ in ("bool", "bool_", "int") and value in (0, 1):  # NumPy's as well
        return bool(value)
    raise TypeError


def _whole(value: Any) -> int:
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    raise TypeError


def _path(value: Any) -> str:
    found = os.fspath(value)
    if isinstance(found, str):
        return found
    raise TypeError


def _mapping(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return {_name(key): each for key, each in value.items()}
    raise TypeError


def _circuit(value: Any) -> Circuit:
    if isinstance(value, Circuit):
        return value
    raise TypeError


def _having(attribute: str) -> ReadValue:
    def read(value: Any) -> Any:
        if hasattr(value, attribute):
            return value
        raise TypeError

    return read


def _callable(value: Any) -> Any:
    if callable(value):
        return value
    raise TypeError


ONE_NAME = (_name, "it must be a name")
NAMES = (_names, "it must be a name or a list of names")
TEXT = (_name, "it must be a text")
FLAG = (_flag, "it must be True or False")
WHOLE = (_whole, "it must be a whole number")
FILE = (_path, "it must be the name of a file")
KINDS: Mapping[str, tuple[ReadValue, str]] = {
    "str": TEXT,
    "View": TEXT,
    "Detail": TEXT,
    "Style": TEXT,
    "Literal['partials', 'rules', 'steps']": TEXT,
    "str | None": ONE_NAME,
    "str | Iterable[str]": NAMES,
    "str | Iterable[str] | None": NAMES,
    "bool": FLAG,
    "int": WHOLE,
    "int | None": WHOLE,
    "str | os.PathLike[str]": FILE,
    "str | os.PathLike[str] | None": FILE,
    "Mapping[str, Any] | None": (_mapping, "it must be a mapping of names to values"),
    "Mapping[str, float] | None": (_mapping, "it must be a mapping of names to numbers"),
    "Mapping[str, int] | None": (_mapping, "it must be a mapping of sizes to whole numbers"),
    "Mapping[str, str] | None": (_mapping, "it must be a mapping of names to columns"),
    "Mapping[str, Sequence[float]] | None": (
        _mapping,
        "it must be a mapping of names to pairs of numbers",
    ),
    "Circuit": (_circuit, "read a text with sb.circuit(…) first"),
    "ModuleType": (_having("Params"), "it must be a generated module"),
    "Result": (_having("history"), "it must be what train_from_file returned"),
    "EngineMaker | None": (_callable, "it must be an engine, such as on_processes(2) gives"),
}
"""By annotation: what reads a value, and what a message asks for."""
WORDS = {
    "output": "it must be the name of a folder",
    "target": "it must be the name of a language, such as 'numpy'",
    "language": "it must be the name of a language, such as 'numpy'",
    "points": "it must be a whole number ≥ 0",
    "seed": "it must be a whole number ≥ 0",
    "weights": "put the weights into a column of the data and give its name",
}
"""By argument, where the words of its annotation would say too little."""
ELSEWHERE = frozenset(
    {
        "Any",
        "Expr | Iterable[Expr] | Mapping[str, Expr] | Iterable[tuple[str, Expr]]",
        "Iterable[str] | None",
        "str | Automatic | None",
        "Mapping[str, Any] | str | os.PathLike[str] | None",
        "Oracle | None",
        "float",
        "float | None",
    }
)
"""Annotations of what the function itself reads, with sentences of its own."""


def checked(error: type[SymbackError] = CircuitError) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """The function, whose arguments are of the kinds that its annotations say, or an error.

    >>> @checked()
    ... def double(number: int) -> int:
    ...     return 2 * number
    >>> double("a")
    Traceback (most recent call last):
    ...
    symback.errors.CircuitError: number is 'a'; it must be a whole number
    """

    def with_checks(function: Callable[P, R]) -> Callable[P, R]:
        @functools.cache
        def signature() -> inspect.Signature:
            return inspect.signature(function)

        @functools.wraps(function)
        def call(*args: P.args, **given: P.kwargs) -> R:
            found = signature().bind(*args, **given)
            for name, value in found.arguments.items():
                kind = kind_of(signature().parameters[name])
                if kind is None or value is signature().parameters[name].default:
                    continue
                if signature().parameters[name].kind is inspect.Parameter.VAR_POSITIONAL:
                    found.arguments[name] = tuple(_read(name, v, *kind, error) for v in value)
                else:
                    found.arguments[name] = _read(name, value, *kind, error)
            return function(*found.args, **found.kwargs)

        return call

    return with_checks


def kind_of(parameter: inspect.Parameter) -> tuple[ReadValue, str] | None:
    """What reads an argument, and its words; None where the function does."""
    annotation = parameter.annotation
    if annotation is parameter.empty or parameter.kind is parameter.VAR_KEYWORD:
        return None  # self and cls, options of other functions
    if annotation in ELSEWHERE:
        return None
    read, words = KINDS[annotation]
    return read, WORDS.get(parameter.name, words)


def _read(name: str, value: Any, read: ReadValue, words: str, error: type[SymbackError]) -> Any:
    try:
        return read(value)
    except (TypeError, ValueError):
        the = "the " * (name == "circuit")
        raise error(f"{the}{name} is {shown(value)}; {words}") from None


def refuse_other_kind(name: str, value: Any, annotation: str, error: type[SymbackError]) -> None:
    """An error that names the argument, unless the value is of the kind of an annotation."""
    if value is not None or "None" not in annotation:
        _read(name, value, *KINDS[annotation], error)


def shown(value: Any) -> str:
    """A value in a message: what is short as Python writes it, else its kind.

    >>> shown("a"), shown(object())
    ("'a'", 'of the type object')
    """
    if value is None or isinstance(
        value, str | bytes | int | float | complex | list | tuple | dict
    ):
        try:
            text = repr(value)
        except Exception:  # what a stranger's class does in a list
            text = " at 0x"
        if " at 0x" not in text:  # an address says nothing, and another one each time
            return clip(text, 30)
    return f"of the type {type(value).__name__:.30}"


__all__ = ["ELSEWHERE", "KINDS", "checked", "kind_of", "names_read", "refuse_other_kind", "shown"]
