"""A page on which the parameters of a circuit of numbers descend, step by step, on a table.

The page computes with the bare JavaScript code of the loss and its gradient.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from symback.codegen.render import render_page
from symback.errors import TrainingError
from symback.playground.table import read_table

if TYPE_CHECKING:
    from symback.api import Circuit
    from symback.circuits.circuit import Node

MOST_PARAMETERS = 50
_NAME = "loss"
_ROWS = 12  # of an example table


@dataclass(frozen=True, slots=True)
class DescentText:
    """What the page's template fills in."""

    title: str
    loss: str
    rows: int
    parameters: Sequence[str]
    code: Markup
    data: Markup


def descent_page(circuit: Circuit, table: str) -> str:
    """The page as text; DataError where the table does not fit the circuit."""
    of, leaves, parameters = _parts(circuit)
    columns = read_table(table, [n.name for n in leaves if n.role != "param"])
    rows = len(next(iter(columns.values()), [0.0]))
    code = circuit.code("javascript", of=of.name, wrt=[p.name for p in parameters], name=_NAME)
    start = {p.name: 0.0 if p.initial is None else float(p.initial) for p in parameters}
    data = {"arguments": [n.name for n in leaves], "columns": columns, "start": start, "rows": rows}
    text = DescentText(
        title=f"Descent of {of.name}",
        loss=of.name,
        rows=rows,
        parameters=[p.name for p in parameters],
        code=Markup(code.replace("</", "<\\/")),
        data=Markup(json.dumps(data, separators=(",", ":")).replace("</", "<\\/")),
    )
    return render_page("html/descent.html.jinja", text)


def example_table(circuit: Circuit) -> str:
    """A small table for a circuit of numbers: inputs on a line, targets that a model gives."""
    _, leaves, _ = _parts(circuit)
    names = [n.name for n in leaves if n.role != "param"]
    targets = {n.name for n in leaves if n.role == "target"}
    lines = [",".join(names)]
    for row in range(_ROWS):
        place = 4 * row / (_ROWS - 1) - 2
        cells = []
        for i, name in enumerate(names):
            noise = ((37 * row + 11 * i) % 13 - 6) / 12
            value = (1.0 if place + noise > 0 else 0.0) if name in targets else place + noise * i
            cells.append(f"{value:.4g}")
        lines.append(",".join(cells))
    return "\n".join(lines) + "\n"


def _parts(circuit: Circuit) -> tuple[Node, list[Node], list[Node]]:
    """The loss, the leaves that it depends on in the order of its code, and the parameters."""
    from symback.codegen.bare.functions import bare_functions  # start-up stays fast

    of = circuit.objective
    if of.shape != () or circuit.has_arrays:
        raise TrainingError(
            "descent is drawn for circuits of numbers; use symback train for arrays"
        )
    leaves = list(bare_functions(circuit, ["value"], of=of.name)[0].leaves)
    parameters = [leaf for leaf in leaves if leaf.role == "param"]
    if not parameters:
        raise TrainingError(f"'{of.name}' has no parameters; declare one, such as w: param = 0")
    if len(parameters) > MOST_PARAMETERS:
        raise TrainingError(f"descent is drawn for at most {MOST_PARAMETERS} parameters")
    return of, leaves, parameters


__all__ = ["descent_page", "example_table"]
