"""A circuit's value and gradient at a point by every road: modules, JavaScript, the derivation."""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import cache
from typing import Any

import numpy as np

import symback as sb
from symback.codegen.javascript.printer import module as javascript
from symback.codegen.runtimes import in_numpys_terms
from symback.derivation.page.live import programs

NODE = shutil.which("node")
_RUN = """
const names = new Map(Object.entries({at}));
function run(rows) {{
  for (const row of rows) names.set(row.name, row.value(...row.from.map((n) => names.get(n))));
}}
run(FORWARD); names.set("{seed}", 1); run(BACKWARD);
console.log(JSON.stringify([...names].map(([n, x]) => [n, String(x)])));
"""


def circuit_at(text: str, at: dict[str, Any]) -> sb.Circuit:
    """The circuit, its leaves being inputs where it declares none."""
    return _circuit(text, tuple(at))


@cache
def _circuit(text: str, names: tuple[str, ...]) -> sb.Circuit:
    if ": input" in text or ": param" in text:
        return sb.circuit(text, loss=None)
    return sb.circuit(text, inputs=names, loss=None)


@cache
def _module(circuit: sb.Circuit, target: str):
    return in_numpys_terms(circuit.compile(target=target))


def by_module(circuit: sb.Circuit, at: dict[str, Any], target: str, dtype: Any, rows: int = 0):
    """Value and partials by name, of one sample or, with `rows`, of a batch of equal ones."""
    module = _module(circuit, target)
    known = {n: np.asarray(v, dtype) for n, v in at.items()}
    inputs = {n: v for n, v in known.items() if n in module.Inputs._fields}
    if rows:
        inputs = {n: np.stack([v] * rows) for n, v in inputs.items()}
    inputs = module.Inputs(**{n: v[()] for n, v in inputs.items()})
    params = module.Params(**{n: v[()] for n, v in known.items() if n in module.Params._fields})
    with np.errstate(all="ignore"):
        value, cache = module.forward(params, inputs)
        bars = module.backward(params, inputs, cache)
    found = {circuit.output.name: value}
    for part in bars:
        found.update({f"∂{n}": b for n, b in part._asdict().items() if b is not None})
    return found


def by_javascript(circuit: sb.Circuit, at: dict[str, Any]) -> dict[str, float]:
    printed = programs(circuit.derive())
    given = ", ".join(f'"{n}": {_number(v)}' for n, v in at.items())
    script = _RUN.format(at=f"{{{given}}}", seed=printed.seed)
    code = "\n".join([*javascript(printed.tables), script])
    ran = subprocess.run([NODE, "-e", code], capture_output=True, text=True, check=True)
    found = {n: float(x.replace("Infinity", "inf")) for n, x in json.loads(ran.stdout)}
    bars = printed.adjoints
    partials = {f"∂{n}": found[bars[n]] for n in at if n in bars}
    return {circuit.output.name: found[circuit.output.name], **partials}


def _number(value: float) -> str:
    return {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}.get(repr(value), repr(value))


def by_derivation(circuit: sb.Circuit, at: dict[str, Any]) -> dict[str, Any]:
    values, partials = circuit.derive().at(**at).evaluated()
    found = {f"∂{name}": partial for name, partial in partials.items()}
    return {circuit.output.name: values[circuit.output.name], **found}


def assert_gives(found: dict[str, Any], right: dict[str, Any], digits: float, what: str) -> None:
    assert right
    for name, value in right.items():
        np.testing.assert_allclose(
            found[name], value, rtol=digits, atol=0, err_msg=f"{what}: {name}"
        )
