"""Pages that show what a lecture draws: a tangent and its error, activations, gradients by layer.

Each computes with the bare JavaScript code that symback writes, of values, slopes and H·v.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from symback.codegen.render import render_page
from symback.errors import SymbackError, clip, nearest

if TYPE_CHECKING:
    from symback.api import Circuit

MOST_ENTRIES = 60
ACTIVATIONS: Mapping[str, str] = {
    "sigma": "sigma(x)",
    "tanh": "tanh(x)",
    "relu": "relu(x)",
    "leaky_relu": "where(x > 0, x, 0.1*x)",
    "elu": "where(x > 0, x, exp(x) - 1)",
    "softplus": "softplus(x)",
    "silu": "silu(x)",
    "gelu": "gelu(x)",
}
"""Activations by name, as formulas."""
LAYERS = ("sigma", "tanh", "relu")


@dataclass(frozen=True, slots=True)
class SeeingText:
    """What the page's template fills in."""

    view: str
    title: str
    code: Markup
    data: Markup


def tangent_page(circuit: Circuit | None) -> str:
    """f(θ + εv) beside its tangent and its parabola, and the errors of both over ε."""
    if circuit is None:
        raise SymbackError("the tangent is that of a circuit; give one, such as f = sigma(w*x)")
    from symback.codegen.bare.functions import bare_functions  # start-up stays fast
    from symback.derivation.starts import array_start, by_entry, entries_of

    of = circuit.objective if circuit.output.shape else circuit.output
    if of.shape or of.is_leaf:
        raise SymbackError(f"'{of.name}' is not a computed number; define one, such as l = sum(y)")
    derivation = circuit.derive(of.name)
    leaves = list(bare_functions(circuit, ["value"], of=of.name)[0].leaves)
    if any(not size.is_Integer for leaf in leaves for size in leaf.shape):
        raise SymbackError("a size has a name; the tangent needs numbers, such as x: input[2]")
    wrt = [leaf for leaf in leaves if leaf.name in derivation.wrt]
    if sum(len(entries_of(leaf)) for leaf in leaves) > MOST_ENTRIES:
        raise SymbackError(f"the tangent is drawn for at most {MOST_ENTRIES} entries of leaves")
    names = [leaf.name for leaf in wrt]
    code = circuit.code("javascript", only=("value", "gradient", "hessp"), of=of.name, wrt=names,
                        name="f")  # fmt: skip
    start = array_start(derivation)
    data = {
        "arguments": [[n.name, n.shape != (), entries_of(n)] for n in leaves],
        "moved": [name for leaf in wrt for name in entries_of(leaf)],
        "at": by_entry(start.values, leaves),
        "of": of.name,
    }
    functions = "return { value: f, gradient: f_gradient, hessp: f_hessp };"
    return _page("tangent", f"The tangent of {of.name}", f"{code}\n{functions}", data)


def activations_page(circuit: Circuit | None = None) -> str:
    """Activation functions and their slopes, side by side."""
    data = {"functions": [[name, _in_math(name)] for name in ACTIVATIONS]}
    return _page("activations", "Activations and their slopes", _functions(ACTIVATIONS), data)


def layers_page(circuit: Circuit | None = None) -> str:
    """The norms of the adjoints of a chain of layers, a bar each, for σ, tanh and relu."""
    data = {"functions": LAYERS}
    return _page("layers", "Gradients layer by layer", _functions(LAYERS), data)


PAGES: Mapping[str, tuple[str, Callable[[Circuit | None], str]]] = {
    "tangent": ("tangent, curvature, error over ε", tangent_page),
    "activations": ("activations and slopes", activations_page),
    "layers": ("vanishing gradients by layer", layers_page),
}
"""What can be seen: in words, and the page of a circuit."""


def seeing_page(what: str, circuit: Circuit | None = None) -> str:
    """The page of a name; SymbackError for another."""
    if what not in PAGES:
        hint = nearest(what, PAGES) or f"; choose from {', '.join(PAGES)}"
        raise SymbackError(f"no picture '{clip(what, 40)}'{hint}")
    return PAGES[what][1](circuit)


def _in_math(name: str) -> str:
    """φ(x) = …, and the name before it that the formula has not."""
    from symback.api import circuit  # start-up stays fast
    from symback.derivation.page.steps import in_math
    from symback.printing.latex import LatexPrinter

    text = ACTIVATIONS[name]
    y = circuit(f"y = {text}")
    formula = LatexPrinter.of(y).print(y.output.formula)
    called = "" if text == f"{name}(x)" else f"{name.replace('_', ' ')}: "
    return called + in_math(rf"\varphi(x) = {formula}")


def _functions(names: Iterable[str]) -> str:
    """Values and slopes of activations, in a table by name; their kernels stand once each."""
    from symback.api import circuit  # start-up stays fast

    codes = []
    for name in names:
        code = circuit(f"y = {ACTIVATIONS[name]}").code("javascript", name=f"see_{name}")
        rows = f"return {{ value: see_{name}, slope: see_{name}_gradient }};"
        codes.append(f"{name}: (() => {{\n{code}{rows}\n}})(),")
    return "return {\n" + "\n".join(codes) + "\n};"


def _page(view: str, title: str, code: str, data: Mapping[str, Any]) -> str:
    text = SeeingText(
        view,
        title,
        Markup(code.replace("</", "<\\/")),
        Markup(json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("</", "<\\/")),
    )
    return render_page("html/seeing.html.jinja", text)


__all__ = ["PAGES", "activations_page", "layers_page", "seeing_page", "tangent_page"]
