"""A page on which the parameters of a circuit descend, step by step, on a table.

The page computes with the bare JavaScript code of the loss, of its gradient, and of the
optimisers' update rules.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

from markupsafe import Markup

from symback.autodiff.updates import NEXT, RULES, THETA, update
from symback.cli.playground.table import read_table
from symback.codegen.render import render_page
from symback.errors import TrainingError

if TYPE_CHECKING:
    from symback.api import Circuit
    from symback.circuits.circuit import Node

MOST_PARAMETERS = 50
_NAME = "loss"
_OTHERS = [name for name in RULES if name != "sgd"]  # over all rows
_ROWS = 12  # of an example table


@dataclass(frozen=True, slots=True)
class DescentText:
    """What the page's template fills in."""

    title: str
    loss: str
    rows: int
    parameters: Sequence[str]
    methods: Sequence[tuple[str, str]]  # name and title of each
    code: Markup
    rules: Markup
    data: Markup


def descent_page(circuit: Circuit, table: str) -> str:
    """The page as text; DataError where the table does not fit the circuit."""
    of, leaves, parameters = _parts(circuit)
    columns = read_table(table, [name for n in leaves if n.role != "param" for name in _entries(n)])
    rows = len(next(iter(columns.values()), [0.0]))
    code = circuit.code("javascript", of=of.name, wrt=[p.name for p in parameters], name=_NAME)
    start = dict(pair for p in parameters for pair in _start(p))
    data = {
        "arguments": [[n.name, n.shape != (), _entries(n)] for n in leaves],
        "columns": columns,
        "start": start,
        "rows": rows,
    }
    text = DescentText(
        title=f"Descent of {of.name}",
        loss=of.name,
        rows=rows,
        parameters=list(start),
        methods=methods(),
        code=Markup(code.replace("</", "<\\/")),
        rules=Markup(rules_code()),
        data=Markup(json.dumps(data, separators=(",", ":")).replace("</", "<\\/")),
    )
    return render_page("html/descent.html.jinja", text)


def methods() -> list[tuple[str, str]]:
    """Name and title of each choice: gradient descent by three sizes of batches, then the rules."""
    titles = {"gd": "gradient descent, b = n", "minibatch": "mini-batch, b = 8"}
    return [*titles.items(), ("sgd", "stochastic, b = 1"), *map(_titled, _OTHERS)]


def _titled(name: str) -> tuple[str, str]:
    """As in Adam, β1 = 0.9, β2 = 0.999: a rule and the shares that it keeps."""
    from symback.derivation.text.updates import sign_in_text  # start-up stays fast

    rule = RULES[name]
    kept = [f"{sign_in_text(s.name)} = {s.default:g}" for s in rule.settings if s.bound == 1]
    return name, ", ".join([rule.title.partition(",")[0], *kept])


@cache
def rules_code() -> str:
    """An object of JavaScript: by name what a rule keeps, its settings, its lines and functions.

    The functions are bare code of theta and of each state after the step, with the names of their
    arguments.
    """
    return "{\n" + ",\n".join(_rule_code(name) for name in ("sgd", *_OTHERS)) + "\n}"


def _rule_code(name: str) -> str:
    from symback.api import Circuit  # start-up stays fast
    from symback.codegen.bare.functions import bare_functions
    from symback.derivation.text.updates import step_in_text

    rule = update(name)
    circuit, kept = Circuit.of(rule.circuit), [THETA, *rule.rule.state]
    codes, entries = [], []
    for state in kept:
        of = f"{state}{NEXT}"
        arguments = [n.name for n in bare_functions(circuit, ["value"], of=of)[0].leaves]
        codes.append(circuit.code("javascript", of=of, only="value", name=f"{state}_after"))
        entries.append(f"{state}: [{state}_after, {json.dumps(arguments)}]")
    settings = {s.name: s.default for s in rule.rule.settings if s.default is not None}
    shown = {"keeps": [*rule.rule.state], "settings": settings, "lines": step_in_text(rule)}
    given = json.dumps(shown, ensure_ascii=False)
    after = ", ".join(entries)
    code = "".join(codes)
    return f"{name}: (() => {{\n{code}return {{ ...{given}, after: {{ {after} }} }};\n}})()"


def example_table(circuit: Circuit) -> str:
    """A small table for a circuit: inputs on lines, and targets of 0 and 1."""
    _, leaves, _ = _parts(circuit)
    of_data = [n for n in leaves if n.role != "param"]
    lines = [",".join(name for n in of_data for name in _entries(n))]
    for row in range(_ROWS):
        place = 4 * row / (_ROWS - 1) - 2
        cells: list[str] = []
        for i, node in enumerate(of_data):
            noise = ((37 * row + 11 * i) % 13 - 6) / 12
            chosen = int(place + noise <= 0)  # among several targets the one that is 1
            for j, _ in enumerate(_entries(node)):
                value = (
                    float(j == chosen) if node.role == "target" else place * (-1) ** j + noise * j
                )
                cells.append(f"{value:.4g}")
        lines.append(",".join(cells))
    return "\n".join(lines) + "\n"


def _entries(leaf: Node) -> list[str]:
    """A number's own name; of an array x_1, x_2, … or x_1_1, …, row by row."""
    places = product(*(range(1, int(size) + 1) for size in leaf.shape))
    return ["_".join([leaf.name, *map(str, place)]) for place in places]


def _start(leaf: Node) -> list[tuple[str, float]]:
    """Initial values by entry: those of the circuit, else 0; of a matrix spread numbers, as
    equal neurons would stay equal.
    """
    names = _entries(leaf)
    if leaf.initial is not None:
        return [(name, float(leaf.initial)) for name in names]
    if len(leaf.shape) < 2:
        return [(name, 0.0) for name in names]
    return [(name, round((0.6180339887 * (i + 1)) % 1 - 0.5, 3)) for i, name in enumerate(names)]


def _parts(circuit: Circuit) -> tuple[Node, list[Node], list[Node]]:
    """The loss, the leaves that it depends on in the order of its code, and the parameters."""
    from symback.codegen.bare.functions import bare_functions  # start-up stays fast

    of = circuit.objective
    if of.shape != ():
        raise TrainingError(f"'{of.name}' is an array; descent needs a loss, such as l: loss = …")
    leaves = list(bare_functions(circuit, ["value"], of=of.name)[0].leaves)
    if any(not size.is_Integer for leaf in leaves for size in leaf.shape):
        raise TrainingError("a size has a name; descent needs numbers, such as x: input[2]")
    parameters = [leaf for leaf in leaves if leaf.role == "param"]
    if not parameters:
        raise TrainingError(f"'{of.name}' has no parameters; declare one, such as w: param = 0")
    if sum(len(_entries(leaf)) for leaf in parameters) > MOST_PARAMETERS:
        raise TrainingError(f"descent is drawn for at most {MOST_PARAMETERS} parameters")
    return of, leaves, parameters


__all__ = ["descent_page", "example_table"]
