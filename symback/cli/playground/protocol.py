"""The playground's protocol: JSON in, JSON out, one function that answers for both engines.

A request is an object: `ask` is a name of `ASKS`, `text` the circuit, and the rest are options of
that name. The answer is an object too, with `error` where the library refuses: its own sentence,
with line, column and caret. Nothing here knows who asks, a server's worker or a browser's.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from symback._version import __version__
from symback.cli.playground.examples import EXAMPLES
from symback.errors import SymbackError, clip

if TYPE_CHECKING:
    from symback.api import Circuit, Derivation

LONGEST_TEXT = 20_000  # characters of a circuit
LONGEST_DATA = 500_000  # characters of a table
MOST_NODES = 400  # of a circuit that the playground shows
VIEWS = {"picture": ("gates", "neurons")}
VIEWS |= dict.fromkeys(("derive", "page"), ("paths", "accumulation"))
_KEPT = 32  # circuits and derivations that are kept for the next request

Reply = dict[str, Any]


class RequestRefused(SymbackError):
    """A request that is not one of the protocol."""


@dataclass(frozen=True, slots=True)
class Handler:
    """How one kind of request is answered, and the options that it takes beside the circuit."""

    answer: Callable[..., Reply]
    options: Mapping[str, type]

    @property
    def needs(self) -> Sequence[str]:
        """The options that have no default."""
        if "what" in self.options:
            return ["what"]
        return [key for key in ("text", "data") if key in self.options]


def answer(request: object) -> Reply:
    """The answer to a request; whatever an input causes is an answer with `error`.

    >>> answer({"ask": "derive", "text": "f = w*x", "wrt": "w"})["text"].splitlines()[-1]
    '  ∂f/∂w = x'
    >>> print(answer({"ask": "derive", "text": "f = w*"})["error"]["message"])
    line 1, column 7: the expression is incomplete
    f = w*
          ^
    """
    try:
        found, options = _read(request)
        return found.answer(**options)
    except SymbackError as error:
        return _refusal(error)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", "symback"):
            raise
        what = f"this needs {package}, which a browser lacks; run symback serve on your machine"
        return _refusal(RequestRefused(what))
    except (RecursionError, MemoryError):
        return _refusal(RequestRefused("the circuit is too large or nested too deep"))


def _refusal(error: SymbackError) -> Reply:
    return {"error": {"message": str(error), "line": error.line, "column": error.column}}


def _read(request: object) -> tuple[Handler, dict[str, Any]]:
    """What is asked for, and its options; RequestRefused unless every name and type is known."""
    if not isinstance(request, dict):
        raise RequestRefused("a request is a JSON object")
    name = request.get("ask")
    if not isinstance(name, str) or name not in ASKS:
        raise RequestRefused(f"'ask' is one of {', '.join(ASKS)}")
    found = ASKS[name]
    options = {key: value for key, value in request.items() if key != "ask"}
    for key, value in options.items():
        if key not in found.options:
            raise RequestRefused(f"'{name}' takes no '{clip(key, 40)}'")
        if not isinstance(value, found.options[key]):
            raise RequestRefused(f"'{key}' is not a {found.options[key].__name__}")
        if value and key == "view" and value not in VIEWS[name]:
            raise RequestRefused(f"'view' is one of {', '.join(VIEWS[name])}")
        longest = LONGEST_DATA if key == "data" else LONGEST_TEXT
        if isinstance(value, str) and len(value) > longest:
            raise RequestRefused(f"'{key}' has more than {longest} characters; shorten it")
    for key in found.needs:
        if key not in options:
            raise RequestRefused(f"'{name}' needs '{key}'")
    return found, options


# -- circuits and derivations ----------------------------------------------------------------------


@lru_cache(_KEPT)
def _circuit(text: str) -> Circuit:
    from symback.api import circuit  # SymPy: imported when needed

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the answer has them
        found = circuit(text, notation=_notation(text))
    if len(found.nodes) > MOST_NODES:
        sentence = f"the circuit has {len(found.nodes)} nodes; the playground shows {MOST_NODES}"
        raise RequestRefused(f"{sentence}; use symback derive")
    return found


def _notation(text: str) -> Literal["text", "latex"]:
    """LaTeX where there is a backslash, which circuit text never has."""
    return "latex" if "\\" in text else "text"


@lru_cache(_KEPT)
def _derivation(text: str, of: str, wrt: str, view: str) -> Derivation:
    circuit = _circuit(text)
    of = of or _default(circuit)
    names = [name for name in wrt.replace(",", " ").split() if name]
    shown: Any = view or "paths"
    return circuit.derive(of, names or None, view=shown)


def _default(circuit: Circuit) -> str:
    """The node that is differentiated where none is named: what training minimises, of arrays."""
    output = circuit.output
    return circuit.objective.name if output.shape != () else output.name


# -- the kinds of requests -------------------------------------------------------------------------


def _hello() -> Reply:
    """What the page offers before anything is typed."""
    from symback.codegen.bare.languages import LANGUAGES  # start-up stays fast

    return {"version": __version__, "languages": list(LANGUAGES), "examples": dict(EXAMPLES)}


def _derive(
    text: str, of: str = "", wrt: str = "", view: str = "", at: Mapping[str, Any] | None = None
) -> Reply:
    """The derivation as text, what was inferred from names, what is likely meant otherwise."""
    derivation = _derivation(text, of, wrt, view)
    circuit = _circuit(text)
    shown = derivation.at(**at) if at else derivation
    return {
        "text": shown.to_text(),
        "verified": derivation.verified,
        "of": derivation.of,
        "nodes": [node.name for node in circuit.nodes if not node.is_leaf and node.shape == ()],
        "leaves": [node.name for node in circuit.leaves],
        "arrays": circuit.has_arrays,
        "inferred": {n.name: n.role for n in circuit.leaves if n.name in circuit.inferred},
        "warnings": list(circuit.warnings),
        "notation": _notation(text),
    }


def _page(text: str, of: str = "", wrt: str = "", view: str = "") -> Reply:
    """The page of the derivation: picture, sliders, steps, practice."""
    return {"html": _derivation(text, of, wrt, view).to_html()}


def _picture(text: str, of: str = "", view: str = "") -> Reply:
    return {"svg": str(_circuit(text).draw(view=view or "gates", of=of or None))}


def _code(text: str, of: str = "", language: str = "numpy") -> Reply:
    """Value and gradient as bare code in one of the languages."""
    circuit = _circuit(text)
    return {"code": circuit.code(language, of=of or _default(circuit))}


def _module(text: str, target: str = "numpy") -> Reply:
    """The generated module, as `symback generate` writes it."""
    return {"code": _circuit(text).generate(target=target)}


def _check(text: str) -> Reply:
    """The generated module beside SymPy's derivatives."""
    report = _circuit(text).check()
    return {"passed": report.passed, "report": str(report)}


def _descent(text: str, data: str) -> Reply:
    """A page on which the parameters descend on the rows of a table."""
    from symback.cli.playground.descent import descent_page

    return {"html": descent_page(_circuit(text), data)}


def _see(what: str, text: str = "") -> Reply:
    """A page of what a lecture draws: a tangent, activations, gradients by layer."""
    from symback.cli.playground.seeing import seeing_page

    return {"html": seeing_page(what, _circuit(text) if text.strip() else None)}


def _table(text: str) -> Reply:
    """A table of example data for the circuit."""
    from symback.cli.playground.descent import example_table

    return {"data": example_table(_circuit(text))}


ASKS: Mapping[str, Handler] = {
    "hello": Handler(_hello, {}),
    "derive": Handler(_derive, {"text": str, "of": str, "wrt": str, "view": str, "at": dict}),
    "page": Handler(_page, {"text": str, "of": str, "wrt": str, "view": str}),
    "picture": Handler(_picture, {"text": str, "of": str, "view": str}),
    "code": Handler(_code, {"text": str, "of": str, "language": str}),
    "module": Handler(_module, {"text": str, "target": str}),
    "check": Handler(_check, {"text": str}),
    "descent": Handler(_descent, {"text": str, "data": str}),
    "see": Handler(_see, {"what": str, "text": str}),
    "table": Handler(_table, {"text": str}),
}
"""Every kind of request: what answers it, and the options that it takes."""

__all__ = ["ASKS", "EXAMPLES", "answer"]
