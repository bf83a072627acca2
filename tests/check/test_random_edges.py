"""Random circuits at their edges: NumPy, C, JavaScript and the derivation give what SymPy says.

300 circuits in chunks; EDGES=5000 takes as many:
`EDGES=5000 pytest -m slow tests/check/test_random_edges.py`.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from flint import arb

import symback as sb
from symback.check.check import check_module
from symback.codegen.javascript import printer as javascript
from symback.codegen.runtimes import in_numpys_terms
from symback.derivation.page.live import programs
from symback.errors import CircuitError
from symback.operations.balls.scalars import precision
from symback.truth.oracle import BITS, Oracle, Truths
from symback.truth.points import Point, PointBatch
from tests.cases.compilers import COMPILER
from tests.cases.random_edges import KINDS, awkward

NODE = shutil.which("node")
MANY = int(os.environ.get("EDGES", "300"))
CHUNK = 5
POINTS = 4  # drawn from a pool, beside those that the check finds
DERIVED = 4  # of them, for the derivation
SLACK = 8.0  # other code rounds in another order
DIGITS = 1e-11  # of JavaScript, whose functions are another library's
CASES = [(kind, first) for kind in KINDS for first in range(0, MANY // 2, CHUNK)]


@dataclass(frozen=True)
class Case:
    """A circuit, and points with what must come out there."""

    text: str
    circuit: sb.Circuit
    oracle: Oracle
    points: tuple[tuple[PointBatch, Point, Truths], ...]


def case_of(kind: str, number: int) -> Case:
    rng = np.random.default_rng([number, len(kind)])
    text = KINDS[kind](rng)
    circuit = sb.circuit(text)
    oracle = Oracle(circuit)
    points = [
        (batch, point, truth)
        for batch, truths in oracle.point_batches(20, number)
        if batch.at_edge
        for point, truth in zip(batch.points, truths, strict=True)
    ]
    made = oracle.circuit
    for _ in range(POINTS):
        numbers = awkward([n.name for n in made.leaves], rng)
        shared = {n.name: numbers[n.name] for n in made.params}
        sample = {n: v for n, v in numbers.items() if n not in shared}
        truth = oracle.expected(numbers, at_edge=True)
        if truth is not None:
            scene = PointBatch(shared, (sample,), oracle.layout, at_edge=True)
            points.append((scene, sample, truth))
    return Case(text, circuit, oracle, tuple(points))


def wrong_of(
    road: str, case: Case, point: str, got: Mapping[str, Any], truth: Truths, digits: float = 0.0
) -> Iterator[str]:
    """What a road gives other than the truth, by the name of each number."""
    of = case.oracle.circuit.output.name
    for key, expected in truth.items():
        name = key.removeprefix(f"∂{of}/∂") if key != of else of
        if name.endswith(".") or name.startswith("∂") or name not in got:
            continue
        value = float(got[name])
        with precision(BITS):
            room = expected.allowed * SLACK + digits * (1 + abs(expected.truth))
            right = math.isfinite(value) and abs(arb(value) - expected.truth) <= room
        if expected.truth.is_nan():  # what is read is no number
            right = math.isnan(value)
        if not right:
            wanted = float(expected.truth.mid())
            yield f"{road}: {name} is {value!r}, not {wanted!r}, at {point}\n{case.text}"


def given_by(module: Any, case: Case, scene: PointBatch, point: Point) -> dict[str, Any]:
    """Output and partials of one sample, by the names of the numbers."""
    layout, circuit = case.oracle.layout, case.oracle.circuit
    params, inputs = scene.params(module), scene.inputs(module, point)
    value, cache = module.forward(params, inputs)
    of_params, of_inputs = module.backward(params, inputs, cache, layout.seed(1.0))
    found = {n.name: layout.entry(of_params, n.name) for n in circuit.params}
    found |= {n.name: layout.entry(of_inputs, n.name) for n in circuit.inputs}
    return {**found, circuit.output.name: layout.output(value)}


def by_derivation(case: Case) -> Iterator[str]:
    module = case.circuit.compile()
    finite = [(s, p, t) for s, p, t in case.points if np.all(np.isfinite([*s.merged(p).values()]))]
    for scene, point, truth in finite[::-1][:DERIVED]:
        arrays = {**scene.params(module)._asdict(), **scene.inputs(module, point)._asdict()}
        given = {name: value for name, value in arrays.items() if value is not None}
        try:
            values, partials = case.circuit.derive().at(**given).evaluated()
        except CircuitError as error:
            assert "kink" in str(error), case.text
            continue
        found = {case.oracle.circuit.output.name: values[case.circuit.output.name]}
        for name, partial in partials.items():
            names = case.oracle.layout.entries.get(name)
            flat = [name] if names is None else list(names.flat)
            found.update(zip(flat, np.ravel(partial).tolist(), strict=True))
        yield from wrong_of("derivation", case, scene.describe(point), found, truth, 1e-14)


RUNNER = """
const out = [];
function run(rows, names) {
  for (const row of rows) names.set(row.name, row.value(...row.from.map((n) => names.get(n))));
  return names;
}
"""


def by_javascript(cases: list[Case], folder: Any) -> Iterator[str]:
    """The rows of the page, run by Node."""
    lines, jobs = [RUNNER], []
    for case in cases:
        printed = programs(case.circuit.derive())
        lines += ["{", *javascript.module(printed.tables)]
        for scene, point, truth in case.points:
            numbers = {k: str(v).replace("inf", "Infinity") for k, v in scene.merged(point).items()}
            entries = ", ".join(f'["{k}", {v.replace("nan", "NaN")}]' for k, v in numbers.items())
            lines.append(
                f"{{ const v = run(FORWARD, new Map([{entries}]));"
                f' v.set("{printed.seed}", 1); run(BACKWARD, v);'
                " out.push([...v].map(([n, x]) => [n, String(x)])); }"
            )
            jobs.append((case, printed, scene.describe(point), truth))
        lines.append("}")
    lines.append("console.log(JSON.stringify(out));")
    script = folder / "edges.js"
    script.write_text("\n".join(lines), encoding="utf-8")
    done = subprocess.run([NODE, str(script)], capture_output=True, text=True, check=True)
    for found, (case, printed, point, truth) in zip(json.loads(done.stdout), jobs, strict=True):
        got = {n: float(x.replace("Infinity", "inf")) for n, x in found}
        of = case.circuit.output.name
        bars = printed.adjoints
        named = {n.name: got[bars[n.name]] for n in case.circuit.leaves if n.name in bars}
        yield from wrong_of("JavaScript", case, point, {**named, of: got[of]}, truth, DIGITS)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "first"), CASES)
def test_every_road_gives_what_sympy_says(kind, first, tmp_path):
    cases = [case_of(kind, number) for number in range(first, first + CHUNK)]
    assert sum(len(case.points) for case in cases) > 4 * CHUNK
    wrong: list[str] = []
    for number, case in enumerate(cases, first):
        module = case.circuit.compile()
        report = check_module(case.circuit, module, points=20, seed=number, oracle=case.oracle)
        if not report.passed:
            bad = [row for row in report.rows if not row.passed]
            wrong.append(f"check: {bad[0].quantity} WRONG at {bad[0].at}\n{case.text}")
        roads = {"NumPy": module}
        if COMPILER:
            roads["C"] = case.circuit.compile(target="c")
        for road, made in roads.items():
            with case.oracle.layout.fitted(made), np.errstate(all="ignore"):
                for scene, point, truth in case.points:
                    got = given_by(made, case, scene, point)
                    wrong += wrong_of(road, case, scene.describe(point), got, truth)
        wrong += by_derivation(case)
    if kind == "numbers" and NODE is not None:
        wrong += by_javascript(cases, tmp_path)
    assert not wrong, f"{len(wrong)} wrong\n" + "\n\n".join(wrong[:10])


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("target", "program"), [("javascript", "node"), ("rust", "rustc")])
def test_modules_in_runtimes_of_their_own_give_what_sympy_says(kind, target, program):
    if shutil.which(program) is None:
        pytest.skip(f"needs {program}")
    wrong: list[str] = []
    for number in range(CHUNK):
        case = case_of(kind, number)
        made = in_numpys_terms(case.circuit.compile(target=target))
        with case.oracle.layout.fitted(made):
            for scene, point, truth in case.points:
                got = given_by(made, case, scene, point)
                digits = DIGITS if target == "javascript" else 0.0
                wrong += wrong_of(target, case, scene.describe(point), got, truth, digits)
    assert not wrong, f"{len(wrong)} wrong\n" + "\n\n".join(wrong[:10])
