"""The page of conventions: its own column is what every target and the derivation give."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.cases.compilers import compiles
from tests.cases.one_in import one_in
from tests.cases.roads import NODE, by_derivation, by_javascript, by_module, circuit_at
from tools.conventions import CASES, END, LIBRARIES, START, at_point, written

PAGE = (Path(__file__).parents[2] / "docs" / "conventions.md").read_text(encoding="utf-8")
TABLE = PAGE.partition(START)[2].partition(END)[0]
ROWS = [[c.strip() for c in line[1:-1].split("|")] for line in TABLE.splitlines()[2:]]
ROADS = {
    "NumPy": lambda c, at: by_module(c, at, "numpy", np.float64),
    "NumPy, float32": lambda c, at: by_module(c, at, "numpy", np.float32),
    "C": lambda c, at: by_module(c, at, "c", np.float64),
    "JavaScript": by_javascript,
    "derivation": by_derivation,
    "JavaScript's module": lambda c, at: by_module(c, at, "javascript", np.float64),
    "Rust": lambda c, at: by_module(c, at, "rust", np.float64),
}
needs_node = pytest.mark.skipif(NODE is None, reason="node is not installed")
needs_rustc = pytest.mark.skipif(shutil.which("rustc") is None, reason="rustc is not installed")
MARKS = {
    "C": compiles,
    "JavaScript": needs_node,
    "JavaScript's module": [pytest.mark.slow, needs_node],
    "Rust": [pytest.mark.slow, needs_rustc],
}


def test_the_page_has_every_case():
    assert [row[:2] for row in ROWS] == [[f"`{case.circuit}`", at_point(case)] for case in CASES]
    assert all(len(row) == 3 + len(LIBRARIES) for row in ROWS)


@pytest.mark.parametrize(
    "road", one_in(4, [pytest.param(r, marks=MARKS.get(r, ())) for r in ROADS])
)
@pytest.mark.parametrize(("case", "row"), list(zip(CASES, ROWS, strict=True)))
def test_the_own_column_is_what_is_given(case, row, road):
    circuit = circuit_at(case.circuit.replace("; ", "\n"), case.at)
    if road == "JavaScript" and circuit.has_arrays:
        pytest.skip("the page's programs are of numbers")
    found = ROADS[road](circuit, case.at)
    assert written(found["f"], [found.get(f"∂{n}", 0.0) for n in case.at]) == row[2]
